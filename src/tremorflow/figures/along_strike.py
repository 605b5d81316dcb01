"""Events in time and distance along a network's long axis: where the tremor was, and how it moved."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tremorflow.catalog.activity import Span, find_gaps
from tremorflow.figures import style
from tremorflow.figures.event_colours import colour_events, draw_colour_bar, name_unknown
from tremorflow.figures.gaps import draw_gaps
from tremorflow.figures.map import CROWD_SIZE, NEUTRAL_HANDLES, QUALITY_MARKERS
from tremorflow.figures.space_time import ellipse_reach_km
from tremorflow.geodesy import distances_along_km, long_axis_deg, longitudes_together
from tremorflow.records import Network

FloatArray = NDArray[np.float64]

MOST_BARS = 500  # more error bars than this are a blot
MARGIN = 0.04  # of the length of the network, above and below


def draw_along_strike(
    axes: Axes,
    events: pd.DataFrame,
    network: Network,
    *,
    azimuth_deg: float | None = None,
    span: Span | None = None,
    recorded: Sequence[Span] | None = None,
) -> None:
    """Distance of the events along a direction against time, coloured by energy if any is known.

    Parameters
    ----------
    axes
        Empty axes.
    events
        Event table.
    network
        Its stations are ticks on the right; the one farthest back is the zero of the distance.
    azimuth_deg
        Direction, clockwise from north; by default the long axis of the network (``long_axis_deg``).
    span
        Start and end of what was analysed, to be shown even where nothing was found.
    recorded
        Times in which the network recorded; the others inside the span are hatched. By default all.

    Notes
    -----
    Markers are by quality as on the map. Upright bars are the reach of the 68 % error ellipse in that
    direction, level ones the duration; there are none if more than ``MOST_BARS`` events would have them.
    """
    azimuth = long_axis_deg(network.latitudes, network.longitudes) if azimuth_deg is None else azimuth_deg
    style.style_axes(axes, "time (UTC)", f"distance along {direction_name(azimuth)} (km)")
    style.style_time_axis(axes.xaxis)
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.grid(color=style.GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    if span is not None:
        edge = (span[1] - span[0]) / 60  # so that an event at the very end is not cut
        axes.set_xlim(span[0] - edge, span[1] + edge)  # type: ignore[arg-type]
        draw_gaps(axes, () if recorded is None else find_gaps(span, recorded))
    along, stations = _distances(events, network, azimuth)
    _mark_stations(axes, stations)
    known = np.isfinite(along) & events["time"].notna().to_numpy()
    reach = np.concatenate([stations, along[known]])
    if reach.size:
        pad = max(MARGIN * float(np.ptp(reach)), 5.0)
        axes.set_ylim(reach.min() - pad, reach.max() + pad)
    if known.any():
        _draw_events(axes, events[known], along[known], azimuth)
    else:
        style.say_in_axes(axes, "no event was located")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        [NEUTRAL_HANDLES.get(str(handle.get_gid()), handle) for handle in handles], labels,
        loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=4, fontsize=style.SMALL_PT, frameon=False,
        handletextpad=0.2, columnspacing=1.2,
    )  # fmt: skip


def direction_name(azimuth_deg: float) -> str:
    """Azimuth as geologists say it, as in ``N20°E``."""
    azimuth = (azimuth_deg + 180) % 360 - 180
    pole, angle = ("N", abs(azimuth)) if abs(azimuth) <= 90 else ("S", 180 - abs(azimuth))
    return f"{pole}{angle:.0f}°{'E' if azimuth >= 0 else 'W'}"


def _distances(events: pd.DataFrame, network: Network, azimuth: float) -> tuple[FloatArray, FloatArray]:
    """Distances (km) of events and stations from the farthest station (without any, event) behind."""
    latitudes = np.concatenate([network.latitudes, events["latitude"].to_numpy(dtype=np.float64)])
    longitudes = np.concatenate([network.longitudes, events["longitude"].to_numpy(dtype=np.float64)])
    placed = np.isfinite(latitudes) & np.isfinite(longitudes)
    zone = slice(len(network)) if len(network) else placed
    if not placed[zone].any():
        return np.full(len(events), np.nan), np.empty(0)
    origin = (float(latitudes[zone].mean()), float(longitudes_together(longitudes[zone]).mean()))
    along = distances_along_km(origin, azimuth, latitudes, longitudes)
    along -= np.min(along[zone])
    return along[len(network) :], along[: len(network)]


def _mark_stations(axes: Axes, distances_km: FloatArray) -> None:
    """Mark where the stations are, by ticks outside the right edge."""
    axes.plot(
        np.full(len(distances_km), 1.012), distances_km, transform=axes.get_yaxis_transform(), clip_on=False,
        marker="_", markersize=7, markeredgewidth=0.8, color="#666666", linestyle="none", zorder=1.5,
        gid="stations", label=f"stations ({len(distances_km)}), at the right edge",
    )  # fmt: skip


def _draw_events(axes: Axes, events: pd.DataFrame, along: FloatArray, azimuth: float) -> None:
    """Markers by quality over their bars, the largest energy on top."""
    times = events["time"].to_numpy()
    is_crowd = len(events) > MOST_BARS
    if not is_crowd:
        reach = ellipse_reach_km(events, azimuth)
        axes.errorbar(
            times, along, yerr=reach, fmt="none", ecolor="#777777", elinewidth=0.9, capsize=0, zorder=2
        )
        start, end = (events[name].fillna(events["time"]) for name in ("start_time", "end_time"))
        axes.hlines(along, start, end, colors="#777777", linewidths=0.9, zorder=2)
    colours = colour_events(events, "energy")
    has_energy = colours.has_contrast
    faces = colours.rgba if has_energy else np.tile(to_rgba(style.EVENT), (len(events), 1))
    order = np.argsort(np.nan_to_num(colours.values, nan=-np.inf), kind="stable")
    quality = events["quality"].fillna("").to_numpy()[order]
    crowd = CROWD_SIZE if is_crowd else 1.0
    for rank, (grade, (marker, size)) in enumerate(QUALITY_MARKERS.items()):
        chosen = order[quality == grade]
        if chosen.size:
            axes.scatter(
                times[chosen], along[chosen], c=faces[chosen], marker=marker, s=0.8 * crowd * size,
                edgecolors=style.INK, linewidths=0.6 * crowd, zorder=4 - 0.1 * rank, gid=f"events {grade}",
                label=f"quality {grade} ({chosen.size})" if grade else f"events ({chosen.size})",
            )  # fmt: skip
    if has_energy:
        name_unknown(axes, colours)
        draw_colour_bar(axes, colours)
