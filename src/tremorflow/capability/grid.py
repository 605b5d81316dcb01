"""The smallest burst that a network finds, cell by cell and hour by hour."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.capability.settings import CapabilitySettings, ChainRules
from tremorflow.capability.smallest import Bursts, smallest_energy
from tremorflow.catalog.energy_grid import Cells, cells_around
from tremorflow.energy.noise import HourNoise
from tremorflow.energy.propagation import site_terms
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km, km_per_degree
from tremorflow.records import FloatArray, Network

Hour = tuple[np.datetime64, HourNoise | None]


@dataclass(frozen=True, slots=True)
class Capability:
    """Energy of the smallest burst that is found in each cell and hour.

    Attributes
    ----------
    cells
        Where the cells are.
    starts : (hour,)
        When each hour begins.
    log10_energy : (hour, row, column)
        log10 of the energy in J; infinite where nothing would have been found, NaN where nobody has asked:
        cells that are farther from every station than trial sources are.
    alive : (hour,)
        Stations that recorded half of the hour or more.
    is_relative
        Whether the energies are comparable with each other only, for want of absolute site terms.
    settings
        Which burst was asked for.
    """

    cells: Cells
    starts: NDArray[np.datetime64]
    log10_energy: FloatArray
    alive: NDArray[np.intp]
    is_relative: bool
    settings: CapabilitySettings

    def __post_init__(self) -> None:
        expected = (len(self.starts), self.cells.rows, self.cells.columns)
        if self.log10_energy.shape != expected or self.alive.shape != expected[:1]:
            raise DataError(f"log10_energy of shape {self.log10_energy.shape} does not fit {expected}")

    @property
    def is_asked(self) -> NDArray[np.bool_]:
        """(row, column) cells that are near enough to a station."""
        return np.asarray(~np.isnan(self.log10_energy).all(axis=0))

    def typical(self, share: float = 0.5) -> FloatArray:
        """Smallest log10 energy (row, column) that is found in at least this share of the hours."""
        if not len(self.starts):
            return np.full(self.log10_energy.shape[1:], np.nan)
        rank = int(np.ceil(share * len(self.starts))) - 1
        return np.asarray(np.sort(self.log10_energy, axis=0)[max(rank, 0)])

    def seen(self, cells: Cells, log10_energy: float, share: float = 0.5) -> NDArray[np.bool_]:
        """Cells (row, column) of another grid in which such a burst is found in that share of the hours.

        The middle of a cell decides; where nobody has asked it is not seen.
        """
        enough = (self.typical(share) <= log10_energy).ravel()
        latitudes, longitudes = np.meshgrid(cells.latitudes, cells.longitudes, indexing="ij")
        place = self.cells.find(latitudes, longitudes)
        return np.asarray(np.where(place >= 0, enough[np.maximum(place, 0)], False))

    def by_hour(self) -> pd.DataFrame:
        """Row per hour: stations alive, and the smallest log10 energy in best, median and worst cell."""
        asked = self.log10_energy[:, self.is_asked]
        if not asked.size:
            asked = np.full((len(self.starts), 1), np.nan)
        ordered = np.sort(asked, axis=1)
        return pd.DataFrame(
            {
                "start_time": self.starts,
                "n_alive": self.alive,
                "best": ordered[:, 0],
                "median": ordered[:, (ordered.shape[1] - 1) // 2],
                "worst": ordered[:, -1],
            }
        )

    def by_cell(self) -> pd.DataFrame:
        """Row per cell: its middle, and the smallest log10 energy in half and in 90 % of the hours."""
        rows, columns = np.nonzero(self.is_asked)
        finite = np.isfinite(self.log10_energy[:, rows, columns])
        return pd.DataFrame(
            {
                "latitude": self.cells.latitudes[rows],
                "longitude": self.cells.longitudes[columns],
                "log10_energy_half": self.typical(0.5)[rows, columns],
                "log10_energy_90": self.typical(0.9)[rows, columns],
                "hours_seeing": finite.sum(axis=0),
            }
        )


def map_capability(
    network: Network, hours: Iterable[Hour], settings: CapabilitySettings, rules: ChainRules
) -> Capability:
    """Smallest burst that the chain finds in each cell around a network, hour by hour.

    Parameters
    ----------
    network
        Stations, with their site terms.
    hours
        When each hour begins, and its noise; None where nothing is recorded.
    settings, rules
        Which burst, and what the chain needs.
    """
    cells = _cells_of(network, settings, rules)
    latitudes, longitudes = (x.ravel() for x in np.meshgrid(cells.latitudes, cells.longitudes, indexing="ij"))
    away = distances_km(latitudes[:, None], longitudes[:, None], network.latitudes, network.longitudes)
    asked = away.min(axis=1) <= rules.association.margin_km
    count = int(asked.sum())
    bursts = Bursts(
        latitudes[asked],
        longitudes[asked],
        np.full(count, rules.location.fixed_depth_km),
        np.full(count, settings.duration_s),
    )
    starts: list[np.datetime64] = []
    alive: list[int] = []
    layers: list[FloatArray] = []
    for start, noise in hours:
        layer = np.where(asked, np.inf, np.nan)
        if noise is not None:
            layer[asked] = smallest_energy(noise, bursts, settings, rules)
        starts.append(start)
        alive.append(0 if noise is None else int((noise.alive >= 0.5).sum()))
        layers.append(layer.reshape(cells.rows, cells.columns))
    return Capability(
        cells,
        np.array(starts, dtype="datetime64[ns]"),
        np.array(layers).reshape(len(starts), cells.rows, cells.columns),
        np.array(alive, dtype=np.intp),
        not site_terms(network, 1.0)[1].all(),
        settings,
    )


def _cells_of(network: Network, settings: CapabilitySettings, rules: ChainRules) -> Cells:
    """Cells that hold the network and the margin in which trial sources lie."""
    margin = rules.association.margin_km
    points = []
    for latitude, longitude in zip(network.latitudes, network.longitudes, strict=True):
        north, east = km_per_degree(float(latitude))
        for up, right in ((margin / north, margin / east), (-margin / north, -margin / east)):
            points.append((latitude + up, longitude + right))
    south_north, west_east = np.array(points).T
    return cells_around(south_north, west_east, settings.cell_deg)
