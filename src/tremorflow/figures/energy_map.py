"""Map of the energy that tremor radiated, by cells; empty, scarce and unseen cells are told apart."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray

from tremorflow.catalog.energy_grid import Cells, EnergyGrid
from tremorflow.figures import style
from tremorflow.figures.event_colours import (
    COLOUR_MAPS,
    EventColours,
    draw_colour_bar,
    energy_label,
    energy_limits,
)
from tremorflow.figures.geography import MapExtent, draw_geography, extent_around
from tremorflow.figures.map import draw_legend, draw_scale_bar, style_map_axes
from tremorflow.records import Network

FloatArray = NDArray[np.float64]

FEWEST = 3  # events of a cell that has a colour; one or two are a chance find, not a place of tremor
FEW, UNSEEN = "#666666", "#b9b9b9"
VEIL = 0.75  # opacity of what could not be seen: the coast remains


def draw_energy_map(
    axes: Axes, energies: EnergyGrid, network: Network, *, extent: MapExtent | None = None
) -> None:
    """Sum of the radiated energy in each cell, on a logarithmic scale.

    Parameters
    ----------
    axes
        Empty axes.
    energies
        Sums and counts, and perhaps the cells in which the network would have seen tremor
        (``catalog.energy_grid.sum_energy``).
    network
        Stations to draw.
    extent
        Rectangle to show; by default all stations and all cells with an event.

    Notes
    -----
    Cells with fewer than ``FEWEST`` events have a dot and no colour. Cells that the network could not see
    are grey, but for those in which there is an event all the same.
    """
    cells, counts = energies.cells, energies.counts
    rows, columns = np.nonzero(counts)
    shown = extent or extent_around(
        np.concatenate([network.latitudes, cells.latitudes[rows]]),
        np.concatenate([network.longitudes, cells.longitudes[columns]]),
    )
    draw_geography(axes, shown)
    style_map_axes(axes, shown)
    turn = turn_onto(cells, shown)
    edges = (cells.longitude_edges + turn, cells.latitude_edges)
    if energies.seen is not None:  # where an event was found all the same, it was seen
        paint_unseen(axes, edges, ~energies.seen & (counts == 0), "could not see", VEIL)
    _draw_sums(axes, energies, edges)
    few_rows, few_columns = np.nonzero((counts > 0) & (counts < FEWEST))
    if few_rows.size:
        axes.scatter(
            cells.longitudes[few_columns] + turn, cells.latitudes[few_rows], s=2.5, color=FEW,
            linewidths=0, zorder=3.2, gid="few", label=f"fewer than {FEWEST} events (cells: {few_rows.size})",
        )  # fmt: skip
    axes.scatter(
        shown.near(network.longitudes), network.latitudes, marker="^", s=12, facecolors="none", zorder=4,
        edgecolors=style.STATION, linewidths=0.6, label=f"station ({len(network)})", gid="stations",
    )  # fmt: skip
    _name_left_out(axes, energies)
    axes.set_xlim(shown.west, shown.east)
    axes.set_ylim(shown.south, shown.north)
    draw_scale_bar(axes, shown)
    draw_legend(axes)


def _draw_sums(axes: Axes, energies: EnergyGrid, edges: tuple[FloatArray, FloatArray]) -> None:
    """Colour the cells that have events enough; say so if none has."""
    enough = energies.counts >= FEWEST
    if not enough.any():
        few = energies.counts.any()
        text = f"no cell has {FEWEST} events with an energy" if few else "no event has an energy"
        axes.set_title(text, fontsize=style.TEXT_PT, color=style.INK)
        return
    log_sums = np.full(enough.shape, np.nan)
    log_sums[enough] = np.log10(energies.energy_j[enough])
    label = energy_label(energies.is_relative, f"energy per {energies.cells.cell_deg:g}° cell")
    colours = EventColours("energy", log_sums.ravel(), energy_limits(log_sums), label)
    paint_cells(axes, edges, colours, "energy", 2.0)
    draw_colour_bar(axes, colours)


def turn_onto(cells: Cells, shown: MapExtent) -> float:
    """Degrees, a whole number of turns, that bring the longitudes of cells onto a map."""
    return 360.0 * round((shown.longitude - float(cells.longitudes.mean())) / 360)


def paint_cells(
    axes: Axes,
    edges: tuple[FloatArray, FloatArray],
    colours: EventColours,
    name: str,
    zorder: float,
    alpha: float | None = None,
) -> None:
    """Colour the cells (row, column) whose value is known; ``name`` is for those who look for them."""
    values = colours.values.reshape(len(edges[1]) - 1, len(edges[0]) - 1)
    low, high = colours.limits
    axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), cmap=COLOUR_MAPS[colours.by], vmin=low,
        vmax=high, alpha=alpha, zorder=zorder, rasterized=True, gid=name,
    )  # fmt: skip


def paint_unseen(
    axes: Axes,
    edges: tuple[FloatArray, FloatArray],
    unseen: NDArray[np.bool_],
    label: str,
    alpha: float | None = None,
) -> None:
    """Paint cells (row, column) grey in which tremor would not have been seen, and say so in the legend."""
    if unseen.any():
        axes.pcolormesh(
            *edges, np.ma.masked_equal(unseen, False), cmap=ListedColormap([UNSEEN]), alpha=alpha, zorder=1.8,
            rasterized=True, gid="unseen",
        )  # fmt: skip
        axes.scatter([], [], marker="s", s=60, color=UNSEEN, alpha=alpha, label=label)


def _name_left_out(axes: Axes, energies: EnergyGrid) -> None:
    """Say in the legend how many events are in no sum."""
    if energies.without_energy:
        axes.plot([], [], " ", label=f"(no energy: {energies.without_energy} events)")
    if energies.outside:
        axes.plot([], [], " ", label=f"(outside the cells: {energies.outside} events)")
