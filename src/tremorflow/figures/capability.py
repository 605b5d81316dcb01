"""What a network could have seen: a map of the smallest burst, and how it changes with the hours."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tremorflow.capability import Capability
from tremorflow.figures import style
from tremorflow.figures.energy_map import paint_cells, paint_unseen, turn_onto
from tremorflow.figures.event_colours import EventColours, draw_colour_bar, energy_label, energy_limits
from tremorflow.figures.geography import draw_geography, extent_around
from tremorflow.figures.map import draw_legend, draw_scale_bar, draw_stations, style_map_axes
from tremorflow.records import Network

MAP_INCHES, HOURS_INCHES = (6.2, 7.4), (8.0, 4.2)
BAND, LINE = "#9ecae1", "#08519c"


def draw_capability(
    found: Capability, network: Network, span_text: str, *, simulated: bool = False
) -> Figure:
    """Map of the smallest burst that is found in half of the hours.

    Parameters
    ----------
    found
        Cells and hours.
    network
        Stations to draw.
    span_text
        Which hours, for the title.
    simulated
        Whether the recordings are simulated, which the title then says.
    """
    figure = style.new_figure(*MAP_INCHES)
    axes = figure.add_subplot()
    _draw_cells(axes, found, network)
    asked = found.settings
    axes.set_title(
        f"smallest burst of {asked.duration_s:g} s found with probability {asked.probability:g}\n"
        f"in half of the hours, {span_text}{' (simulated)' * simulated}",
        fontsize=style.TEXT_PT,
        color=style.INK,
    )
    return figure


def _draw_cells(axes: Axes, found: Capability, network: Network) -> None:
    """Colour the cells, grey where no burst of any size would have been found."""
    cells, values, asked = found.cells, found.typical(), found.is_asked
    rows, columns = np.nonzero(asked)
    shown = extent_around(
        np.concatenate([network.latitudes, cells.latitudes[rows]]),
        np.concatenate([network.longitudes, cells.longitudes[columns]]),
    )
    draw_geography(axes, shown)
    style_map_axes(axes, shown)
    edges = (cells.longitude_edges + turn_onto(cells, shown), cells.latitude_edges)
    finite = np.where(np.isfinite(values), values, np.nan)
    label = energy_label(found.is_relative, "smallest energy")
    colours = EventColours("energy", finite.ravel(), energy_limits(finite), label)
    paint_unseen(axes, edges, asked & np.isinf(values), "no burst of any size")
    if np.isfinite(finite).any():
        paint_cells(axes, edges, colours, "capability", 1.9, 0.85)
        draw_colour_bar(axes, colours)
    draw_stations(axes, network, shown)
    axes.set_xlim(shown.west, shown.east)
    axes.set_ylim(shown.south, shown.north)
    draw_scale_bar(axes, shown)
    draw_legend(axes)


def draw_capability_hours(found: Capability, *, simulated: bool = False) -> Figure:
    """Smallest burst in the median, best and worst cell against time, and how many stations are alive."""
    figure = style.new_figure(*HOURS_INCHES)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1.0])
    table = found.by_hour()
    edges = np.append(
        table["start_time"].to_numpy(), table["start_time"].to_numpy()[-1:] + np.timedelta64(1, "h")
    )
    times = style.dates_of(edges)
    middles = times[:-1] + 1 / 48
    best, median, worst = (
        np.where(np.isinf(table[n]), np.nan, table[n]) for n in ("best", "median", "worst")
    )
    style.style_axes(above, "", energy_label(found.is_relative, "smallest energy"))
    above.bar(
        middles, worst - best, 0.5 / 24, best, color=BAND, label="best to worst cell", gid="range"
    )  # fmt: skip
    above.plot(
        middles, median, ".-", color=LINE, markersize=5, linewidth=1.2, label="median cell", gid="median"
    )
    title = f"burst of {found.settings.duration_s:g} s, probability {found.settings.probability:g}"
    above.set_title(title + " (simulated)" * simulated, fontsize=style.TEXT_PT, color=style.INK)
    blind = np.isnan(median)
    if blind.any():
        above.plot(
            middles[blind], np.full(blind.sum(), 0.03), "x", color=style.EVENT, clip_on=False,
            transform=above.get_xaxis_transform(), label="half of the cells see nothing", gid="blind",
        )  # fmt: skip
    above.legend(fontsize=style.SMALL_PT, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    style.style_axes(below, "", "stations alive")
    below.bar(middles, table["n_alive"], width=0.9 / 24, color=style.PALE, gid="alive")
    below.set_xlim(times[0], times[-1])
    style.style_time_axis(below.xaxis)
    return figure
