"""How much energy tremor radiated where: sums of ``energy_j`` over the cells of a regular grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import CatalogError
from tremorflow.geodesy import longitudes_together

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CELL_DEG = 0.1
TRUSTED = ("A", "B")  # qualities whose energies are summed: of C the place is not known to a cell
ROUNDING = 1e-9  # of a cell: 39.3 / 0.1 is 392.99999999999994, but 39.3 lies on an edge


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of ``cell_deg`` north and east of a corner (deg); each holds its south and west edges.

    Longitudes may pass 180, and are the same after a turn of 360 degrees.
    """

    south: float
    west: float
    rows: int
    columns: int
    cell_deg: float = CELL_DEG

    def __post_init__(self) -> None:
        is_grid = np.isfinite([self.south, self.west]).all() and min(self.rows, self.columns) >= 1
        if not (is_grid and 0 < self.cell_deg * self.columns <= 360 + self.cell_deg * ROUNDING):
            raise CatalogError(
                f"{self.rows} x {self.columns} cells of {self.cell_deg} deg at {self.south}, {self.west} are "
                "no grid; give at least one cell and at most one turn of 360 degrees"
            )

    @property
    def latitude_edges(self) -> FloatArray:
        """(row + 1,) degrees, from the south."""
        return np.asarray(self.south + self.cell_deg * np.arange(self.rows + 1), dtype=np.float64)

    @property
    def longitude_edges(self) -> FloatArray:
        """(column + 1,) degrees, from the west."""
        return np.asarray(self.west + self.cell_deg * np.arange(self.columns + 1), dtype=np.float64)

    @property
    def latitudes(self) -> FloatArray:
        """(row,) degrees of the middles."""
        return self.latitude_edges[:-1] + self.cell_deg / 2

    @property
    def longitudes(self) -> FloatArray:
        """(column,) degrees of the middles."""
        return self.longitude_edges[:-1] + self.cell_deg / 2

    def find(self, latitudes: ArrayLike, longitudes: ArrayLike) -> NDArray[np.intp]:
        """(point,) number of the cell, ``row * columns + column``; -1 outside of all, or without a place."""
        slack = ROUNDING * self.cell_deg
        north = np.asarray(latitudes, dtype=np.float64) - self.south + slack
        east = (np.asarray(longitudes, dtype=np.float64) - self.west + slack) % 360
        row, column = np.floor(north / self.cell_deg), np.floor(east / self.cell_deg)
        inside = (row >= 0) & (row < self.rows) & (column < self.columns)  # NaN is in none
        return np.where(inside, row * self.columns + column, -1).astype(np.intp)


@dataclass(frozen=True, slots=True)
class EnergyGrid:
    """Energy radiated in each cell.

    Attributes
    ----------
    cells
        Where the cells are.
    energy_j : (row, column), J
        Sum over the events with an energy; 0 where there is none.
    counts : (row, column)
        Events summed.
    is_relative
        Whether any of the energies is comparable with the others only, not absolute.
    outside
        Events with an energy that are in no cell.
    without_energy
        Events of these qualities that have no energy.
    qualities
        Of the events summed.
    seen : (row, column)
        Cells in which the network would have seen tremor; None if nobody has asked.
    """

    cells: Cells
    energy_j: FloatArray
    counts: NDArray[np.intp]
    is_relative: bool
    outside: int
    without_energy: int
    qualities: tuple[str, ...]
    seen: BoolArray | None = None

    def __post_init__(self) -> None:
        shape = (self.cells.rows, self.cells.columns)
        for name in ("energy_j", "counts", "seen"):
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise CatalogError(f"{name} of shape {array.shape} does not fit the cells, {shape}")


def cells_around(latitudes: ArrayLike, longitudes: ArrayLike, cell_deg: float = CELL_DEG) -> Cells:
    """Fewest cells that hold all points (deg), with edges at multiples of their size.

    Raises
    ------
    CatalogError
        No point has coordinates, or the size is not positive.
    """
    latitude, longitude = np.ravel(latitudes).astype(np.float64), np.ravel(longitudes).astype(np.float64)
    known = np.isfinite(latitude) & np.isfinite(longitude)
    if not known.any() or not cell_deg > 0:
        raise CatalogError(
            f"cells of {cell_deg} deg around {known.sum()} points are no grid; give stations or events"
        )
    steps = [
        np.floor(values / cell_deg + ROUNDING).astype(int)
        for values in (latitude[known], longitudes_together(longitude[known]))
    ]
    (south, west), (north, east) = (step.min() for step in steps), (step.max() for step in steps)
    return Cells(
        float(south * cell_deg),
        float(west * cell_deg),
        int(north - south) + 1,
        int(east - west) + 1,
        cell_deg,
    )


def sum_energy(
    events: pd.DataFrame, cells: Cells, *, qualities: Sequence[str] = TRUSTED, seen: BoolArray | None = None
) -> EnergyGrid:
    """Radiated energy of the events in each cell.

    Parameters
    ----------
    events
        Event table; without ``energy_j`` no event has an energy.
    cells
        Where to sum; ``cells_around`` the stations and the events, for one.
    qualities
        Of the events to sum.
    seen : (row, column)
        Cells in which the network would have seen tremor, kept with the sums.

    Notes
    -----
    The sum over the cells and the events outside is the energy of all: an event is in one cell.
    """
    chosen = events[events["quality"].isin(list(qualities))]
    energies = known_energies(chosen)
    has_energy = np.isfinite(energies)
    place = cells.find(chosen["latitude"], chosen["longitude"])
    within = has_energy & (place >= 0)
    shape, length = (cells.rows, cells.columns), cells.rows * cells.columns
    energy_j = np.bincount(place[within], weights=energies[within], minlength=length).astype(np.float64)
    return EnergyGrid(
        cells,
        energy_j.reshape(shape),
        np.bincount(place[within], minlength=length).reshape(shape),
        energies_are_relative(chosen),
        outside=int((has_energy & (place < 0)).sum()),
        without_energy=int((~has_energy).sum()),
        qualities=tuple(qualities),
        seen=seen,
    )


def known_energies(events: pd.DataFrame) -> FloatArray:
    """(event,) radiated energy (J); NaN where the table has none that is positive."""
    if "energy_j" not in events:
        return np.full(len(events), np.nan)
    energies = events["energy_j"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(energies) & (energies > 0), energies, np.nan)


def typical_log10_energy(events: pd.DataFrame) -> float:
    """Median log10 energy of the events of quality A and B; NaN without any."""
    energies = known_energies(events[events["quality"].isin(list(TRUSTED))])
    known = energies[np.isfinite(energies)]
    return float(np.log10(np.median(known))) if known.size else float("nan")


def energies_are_relative(events: pd.DataFrame) -> bool:
    """Whether any energy of the table is relative; one of which nothing is said is taken to be."""
    has_energy = np.isfinite(known_energies(events))
    if "energy_is_relative" not in events:
        return bool(has_energy.any())
    return bool(events["energy_is_relative"].fillna(True).astype(bool).to_numpy()[has_energy].any())
