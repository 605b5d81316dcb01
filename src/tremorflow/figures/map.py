"""Map of a network and its events, with error ellipses to scale."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from tremorflow.figures import style
from tremorflow.figures.event_colours import colour_events, draw_colour_bar, name_unknown
from tremorflow.figures.geography import MapExtent, draw_geography, extent_around
from tremorflow.geodesy import LocalFrame, km_per_degree
from tremorflow.records import Network

FloatArray = NDArray[np.float64]

MOST_LABELS = 32  # more station codes than this cover the map
RIGHT_RIM = 0.12  # of the width: stations in it have their codes to the left, where there is room
MOST_ELLIPSES = 500  # more ellipses than this are a blot; the legend then says that they are left out
OUTLINE_POINTS = 73  # a polygon of 72 sides is 0.1 % smaller than its ellipse
CROWD_SIZE = 0.35  # of the area of the markers and the width of their edges, when there are so many
QUALITY_MARKERS = {"A": ("o", 38.0), "B": ("s", 24.0), "C": ("D", 12.0), "": ("o", 18.0)}
NEUTRAL_HANDLES = {
    f"events {grade}": Line2D(
        [], [], linestyle="none", marker=marker, markersize=size**0.5, markerfacecolor="#999999",
        markeredgecolor=style.INK, markeredgewidth=0.6,
    )
    for grade, (marker, size) in QUALITY_MARKERS.items()
}  # fmt: skip
NEUTRAL_HANDLES["ellipses"] = Line2D(
    [], [], linestyle="none", marker="o", markersize=9, markerfacecolor="none", markeredgecolor="#777777"
)
NEUTRAL_HANDLES["ellipse"] = Line2D(
    [], [], linestyle="none", marker="$\\bigcirc$", markersize=11, color=style.EVENT
)


class ErrorEllipse(NamedTuple):
    """Epicentre (deg), half axes (km) and azimuth of the major one, clockwise from north (deg)."""

    latitude: float
    longitude: float
    semi_major_km: float
    semi_minor_km: float
    azimuth_deg: float


def draw_map(
    axes: Axes,
    events: pd.DataFrame,
    network: Network,
    *,
    extent: MapExtent | None = None,
    colour_by: str | None = None,
) -> None:
    """Coast, trench, stations, and events with their 68 % error ellipses to scale.

    Parameters
    ----------
    axes
        Empty axes; their proportions become those of the ground at the middle latitude.
    events
        Event table (``records.EVENT_COLUMNS``). An event without an error estimate has no ellipse.
    network
        Stations to draw; their codes are written if they are few.
    extent
        Rectangle to show; by default all stations and events.
    colour_by
        ``"energy"``, ``"time"`` or ``"depth"``; by default the energy if any event has one, else the time.
        An event without the value is pale grey, and the legend says so.

    Raises
    ------
    CatalogError
        ``colour_by`` is something else.
    """
    shown = extent or extent_around(
        np.concatenate([network.latitudes, events["latitude"].to_numpy(dtype=np.float64)]),
        np.concatenate([network.longitudes, events["longitude"].to_numpy(dtype=np.float64)]),
    )
    draw_geography(axes, shown)
    style_map_axes(axes, shown)
    draw_stations(axes, network, shown)
    draw_events(axes, events, shown, colour_by)
    draw_scale_bar(axes, shown)
    draw_legend(axes)


def draw_stations(axes: Axes, network: Network, extent: MapExtent) -> None:
    """Triangles at the stations, with their codes."""
    longitudes = extent.near(network.longitudes)
    inside = extent.holds(network.latitudes, network.longitudes)
    size, edge = (42, 1.1) if inside.sum() <= MOST_LABELS else (18, 0.8)
    axes.scatter(
        longitudes, network.latitudes, marker="^", s=size, facecolors="white", edgecolors=style.STATION,
        linewidths=edge, zorder=4, label=f"station ({inside.sum()})", gid="stations",
    )  # fmt: skip
    label_stations(axes, network, extent)


def label_stations(axes: Axes, network: Network, extent: MapExtent) -> None:
    """Codes of the stations, if few of them are inside the extent."""
    longitudes, inside = extent.near(network.longitudes), extent.holds(network.latitudes, network.longitudes)
    if inside.sum() > MOST_LABELS:
        return
    turn = extent.east - RIGHT_RIM * (extent.east - extent.west)
    for i in np.flatnonzero(inside):
        side, aside_pt = ("right", -4) if longitudes[i] > turn else ("left", 4)
        axes.annotate(
            network.stations[i].station, (longitudes[i], network.latitudes[i]), xytext=(aside_pt, 4),
            textcoords="offset points", ha=side, fontsize=style.SMALL_PT - 1, color=style.INK, zorder=6,
            path_effects=[withStroke(linewidth=2, foreground="white")], annotation_clip=True,
            clip_on=True, parse_math=False,
        )  # fmt: skip


def draw_events(axes: Axes, events: pd.DataFrame, extent: MapExtent, colour_by: str | None) -> None:
    """Markers by quality, coloured by energy, time or depth, over the error ellipses."""
    colours = colour_events(events, colour_by)
    if events.empty:
        return
    draw_ellipses(axes, events, extent, colours.rgba)
    longitudes = extent.near(events["longitude"].to_numpy(dtype=np.float64))
    latitudes = events["latitude"].to_numpy(dtype=np.float64)
    order = np.argsort(np.nan_to_num(colours.values, nan=-np.inf), kind="stable")  # the largest on top
    quality = events["quality"].fillna("").to_numpy()[order]
    crowd = CROWD_SIZE if len(events) > MOST_ELLIPSES else 1.0
    for rank, (grade, (marker, size)) in enumerate(QUALITY_MARKERS.items()):
        chosen = order[quality == grade]
        if chosen.size:
            name = f"event, quality {grade}" if grade else "event"
            axes.scatter(
                longitudes[chosen], latitudes[chosen], c=colours.rgba[chosen], marker=marker, s=crowd * size,
                edgecolors=style.INK, linewidths=0.6 * crowd, zorder=5 - 0.1 * rank,
                label=f"{name} ({chosen.size})", gid=f"events {grade}",
            )  # fmt: skip
    name_unknown(axes, colours)
    if colours.has_contrast:
        draw_colour_bar(axes, colours)


def draw_ellipses(axes: Axes, events: pd.DataFrame, extent: MapExtent, colours: FloatArray) -> None:
    """68 % error ellipses to scale; an event with no error estimate gets none."""
    numbers = events[list(ErrorEllipse._fields)].to_numpy(dtype=np.float64)
    known = np.isfinite(numbers).all(axis=1)
    if known.sum() > MOST_ELLIPSES:
        axes.plot([], [], " ", label=f"(error ellipses left out: more than {MOST_ELLIPSES})")
        return
    if not known.any():
        return
    outlines = [ellipse_outline(ErrorEllipse(*row), extent) for row in numbers[known].tolist()]
    ellipses = PolyCollection(
        outlines,
        facecolors="none",
        edgecolors=colours[known],
        linewidths=1.0,
        zorder=4.5,
        gid="ellipses",
        label="68 % error ellipse",
    )
    axes.add_collection(ellipses, autolim=False)


def ellipse_outline(ellipse: ErrorEllipse, extent: MapExtent) -> FloatArray:
    """(point, 2) longitude and latitude of an error ellipse, turned to where the map is."""
    angle = np.linspace(0, 2 * np.pi, OUTLINE_POINTS)
    azimuth = np.radians(ellipse.azimuth_deg)
    along, across = ellipse.semi_major_km * np.cos(angle), ellipse.semi_minor_km * np.sin(angle)
    east = along * np.sin(azimuth) + across * np.cos(azimuth)
    north = along * np.cos(azimuth) - across * np.sin(azimuth)
    latitudes, longitudes = LocalFrame(ellipse.latitude, ellipse.longitude).to_degrees(east, north)
    return np.column_stack([extent.near(longitudes), latitudes])


def style_map_axes(axes: Axes, extent: MapExtent) -> None:
    """Degrees with their hemisphere on the edges of a map."""
    style.style_axes(axes, "", "")
    width = (extent.east - extent.west) * np.cos(np.radians(extent.latitude)) / (extent.north - extent.south)
    ticks_x = round(np.clip(5 * width, 2, 5))  # fewer on a narrow map, where the labels would touch
    ticks_y = round(np.clip(5 / width, 2, 6))
    for axis, name, ticks in ((axes.xaxis, longitude_name, ticks_x), (axes.yaxis, latitude_name, ticks_y)):
        axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(degree_formatter(name)))
    axes.grid(color=style.GRID, linewidth=0.5, zorder=1)
    axes.set_axisbelow(True)


def degree_formatter(name: Callable[[float], str]) -> Callable[[float, int], str]:
    """Form of a tick label that matplotlib calls with the value and the number of the tick."""
    return lambda value, _position: name(value)


def longitude_name(longitude: float) -> str:
    """Longitude as on a map, as in ``123.5°W``; turns of 360 degrees are taken off."""
    value = round((longitude + 180) % 360 - 180, 6)
    if abs(value) in {0.0, 180.0}:
        return f"{abs(value):g}°"
    return f"{abs(value):g}°{'E' if value > 0 else 'W'}"


def latitude_name(latitude: float) -> str:
    """Latitude as on a map, as in ``47.5°N``."""
    value = round(latitude, 6)
    return f"{abs(value):g}°{'' if value == 0 else 'N' if value > 0 else 'S'}"


def draw_scale_bar(axes: Axes, extent: MapExtent) -> None:
    """Bar of a round number of km in the lower left corner, true at the latitude where it lies."""
    latitude = extent.south + 0.045 * (extent.north - extent.south)
    km_per_degree_east = float(km_per_degree(latitude)[1])
    length_km = round_length((extent.east - extent.west) * km_per_degree_east / 4)
    start = extent.west + 0.05 * (extent.east - extent.west)
    end = start + length_km / km_per_degree_east
    halo = [withStroke(linewidth=4, foreground="white")]
    axes.plot(
        [start, end], [latitude, latitude], color=style.INK, linewidth=2.4, solid_capstyle="butt", zorder=7,
        path_effects=halo, gid="scale bar",
    )  # fmt: skip
    axes.annotate(
        f"{length_km:g} km", ((start + end) / 2, latitude), xytext=(0, 4), textcoords="offset points",
        ha="center", fontsize=style.SMALL_PT, color=style.INK, zorder=7, path_effects=halo,
    )  # fmt: skip


def round_length(longest: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is not longer than this."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest))


def draw_legend(axes: Axes) -> None:
    """Legend under the map, where it hides nothing; what has a colour of its own is grey in it."""
    handles, labels = axes.get_legend_handles_labels()
    if any(artist.get_gid() == "trench" for artist in axes.collections):
        handles.append(Line2D([], [], color=style.TRENCH, linewidth=1.4, marker="^", markersize=5))
        labels.append("trench, teeth on the upper plate")
    axes.legend(
        [NEUTRAL_HANDLES.get(str(handle.get_gid()), handle) for handle in handles], labels,
        loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=3, fontsize=style.SMALL_PT, frameon=False,
        handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip
