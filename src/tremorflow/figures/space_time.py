"""Events in time and latitude: where the tremor was, and how it moved."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from tremorflow.figures import style
from tremorflow.figures.geography import extent_around
from tremorflow.figures.map import degree_formatter, latitude_name, longitude_name
from tremorflow.geodesy import km_per_degree

FloatArray = NDArray[np.float64]


def draw_time_latitude(
    axes: Axes, events: pd.DataFrame, *, span: tuple[np.datetime64, np.datetime64] | None = None
) -> None:
    """Latitude of the events against time, coloured by longitude.

    Parameters
    ----------
    axes
        Empty axes.
    events
        Event table (``records.EVENT_COLUMNS``).
    span
        Start and end of what was analysed, to be shown even where nothing was found.

    Notes
    -----
    The upright bar is the north-south reach of the 68 % error ellipse, the level one the duration.
    An event without an error estimate has no upright bar.
    """
    style.style_axes(axes, "time (UTC)", "latitude")
    style.style_time_axis(axes.xaxis)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(degree_formatter(latitude_name)))
    axes.grid(color=style.GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    if span is not None:
        edge = (span[1] - span[0]) / 60  # so that an event at the very end is not cut
        axes.set_xlim(span[0] - edge, span[1] + edge)  # type: ignore[arg-type]
    if events.empty:
        axes.yaxis.set_major_locator(MaxNLocator(1))
        axes.tick_params(left=False, labelleft=False)
        style.say_in_axes(axes, "no event was located")
        return
    times, latitudes = events["time"].to_numpy(), events["latitude"].to_numpy(dtype=np.float64)
    longitudes = events["longitude"].to_numpy(dtype=np.float64)
    longitudes = extent_around(latitudes, longitudes).near(longitudes)  # no jump at the antimeridian
    reach = latitude_reach_deg(events)
    axes.errorbar(
        times, latitudes, yerr=reach, fmt="none", ecolor="#777777", elinewidth=0.9, capsize=0, zorder=2
    )
    axes.hlines(
        latitudes, events["start_time"].fillna(events["time"]), events["end_time"].fillna(events["time"]),
        colors="#777777", linewidths=0.9, zorder=2,
    )  # fmt: skip
    scale = ScalarMappable(Normalize(*np.nanpercentile(longitudes, (0, 100)).tolist()), "cividis")
    axes.scatter(
        times, latitudes, c=np.asarray(scale.to_rgba(longitudes)), s=26, edgecolors=style.INK, linewidths=0.6,
        zorder=3, gid="events",
    )  # fmt: skip
    if scale.norm.vmin != scale.norm.vmax:
        bar = axes.figure.colorbar(scale, cax=axes.inset_axes((1.02, 0.0, 0.025, 1.0)))
        bar.ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(degree_formatter(longitude_name)))
        bar.ax.tick_params(labelsize=style.SMALL_PT)
        bar.set_label("longitude", fontsize=style.TEXT_PT)


def latitude_reach_deg(events: pd.DataFrame) -> FloatArray:
    """(event,) half of the north-south reach of the error ellipses, in degrees; NaN without an estimate."""
    km_per_degree_north, _ = km_per_degree(events["latitude"].to_numpy(dtype=np.float64))
    return np.asarray(ellipse_reach_km(events, 0.0) / km_per_degree_north)


def ellipse_reach_km(events: pd.DataFrame, azimuth_deg: float) -> FloatArray:
    """(event,) half of the reach of the error ellipses in a direction (km); NaN without an estimate."""
    turned = np.radians(events["azimuth_deg"].to_numpy(dtype=np.float64) - azimuth_deg)
    major = events["semi_major_km"].to_numpy(dtype=np.float64)
    minor = events["semi_minor_km"].to_numpy(dtype=np.float64)
    return np.asarray(np.hypot(major * np.cos(turned), minor * np.sin(turned)))
