"""Picture of the station graph of one window: what every station says, and which ones are a group."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tremorflow.associate import Groups, StationGraph, group_edges
from tremorflow.figures import style
from tremorflow.figures.geography import MapExtent, draw_geography, extent_around
from tremorflow.figures.map import label_stations, style_map_axes

LABEL_SHARE = 0.06  # of the width, for the names of the easternmost stations
GROUP_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito (2008)


def draw_station_graph(
    p_tremor: NDArray[np.floating], groups: Groups, window: int, graph: StationGraph, title: str
) -> Figure:
    """Map of one window: stations by p_tremor, the edges of each group, and where it points to.

    Parameters
    ----------
    p_tremor : (station, window)
        NaN where a station has nothing to say: it is drawn as a cross.
    groups
        Of all windows.
    window
        Which one.
    graph
        Of the network.
    title
        What is shown, and of what kind the data are.
    """
    extent = extent_around(graph.network.latitudes, graph.network.longitudes)
    tall = (extent.north - extent.south) / (extent.east - extent.west) / np.cos(np.radians(extent.latitude))
    figure = style.new_figure(7.5, float(np.clip(6.0 * tall, 4.5, 10.0)))
    draw_graph_axes(figure.add_subplot(), p_tremor, groups, window, graph)
    figure.axes[0].set_title(title, fontsize=style.TEXT_PT, color=style.INK)
    return figure


def draw_graph_axes(
    axes: Axes,
    p_tremor: NDArray[np.floating],
    groups: Groups,
    window: int,
    graph: StationGraph,
    places: Sequence[tuple[float, float]] = (),
) -> MapExtent:
    """Draw one window as ``draw_station_graph`` does into axes of one's own; the extent of the map.

    The map reaches as far as ``places`` (latitude, longitude in deg), and as far as the groups point to.
    """
    network, mine = graph.network, groups.windows == window
    extent = extent_around(
        np.concatenate([network.latitudes, groups.latitudes[mine], [place[0] for place in places]]),
        np.concatenate([network.longitudes, groups.longitudes[mine], [place[1] for place in places]]),
    )
    extent = replace(extent, east=extent.east + LABEL_SHARE * (extent.east - extent.west))
    draw_geography(axes, extent)
    says = p_tremor[:, window].astype(np.float64)
    x = extent.near(network.longitudes)
    _draw_edges(axes, groups, window, says, graph, x)
    known = np.isfinite(says)
    axes.scatter(x[~known], network.latitudes[~known], marker="x", s=22, c=style.PALE, zorder=3)
    order = np.flatnonzero(known)[np.argsort(says[known])]
    dots = axes.scatter(
        *(x[order], network.latitudes[order]), c=says[order], cmap="cividis_r", vmin=0, vmax=1,
        s=18 + 60 * says[order], edgecolors=style.INK, linewidths=0.6, zorder=4,
    )  # fmt: skip
    axes.figure.colorbar(dots, ax=axes, shrink=0.6, label="p_tremor; crosses: no data")
    _draw_places(axes, groups, window, extent)
    label_stations(axes, network, extent)
    style_map_axes(axes, extent)
    return extent


def _colour(groups: Groups, window: int, group: int) -> str:
    """Colour of a group, by its place among those of the window."""
    first = int(np.searchsorted(groups.windows, window))
    return GROUP_COLOURS[(group - first) % len(GROUP_COLOURS)]


def _draw_edges(
    axes: Axes,
    groups: Groups,
    window: int,
    says: NDArray[np.float64],
    graph: StationGraph,
    x: NDArray[np.float64],
) -> None:
    """Draw the edges within groups, the wider the surer and nearer their stations."""
    labels = groups.labels[:, window]
    edges, weights = group_edges(labels, says, graph)
    lines = np.stack([x[edges], graph.network.latitudes[edges]], axis=-1)
    colours = [_colour(groups, window, int(labels[k])) for k in edges[:, 0]]
    axes.add_collection(LineCollection(list(lines), colors=colours, linewidths=0.4 + 3 * weights, zorder=2.8))


def _draw_places(axes: Axes, groups: Groups, window: int, extent: MapExtent) -> None:
    """Mark where the stations of each group point to."""
    for group in np.flatnonzero(groups.windows == window):
        axes.scatter(
            extent.near(groups.longitudes[group]), groups.latitudes[group], marker="*", s=220,
            c=_colour(groups, window, int(group)), edgecolors="white", linewidths=1.0, zorder=6,
        )  # fmt: skip
