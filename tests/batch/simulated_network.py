"""A stand-in for a rendered simulation: noise whose counts depend on seed, station and tile alone."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.records import Network, Station, utc
from tremorflow.simulate.scene import SampleGrid
from tremorflow.truth import Truth, truth_table

TURNED = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])  # E, N, up from X, Y, Z


@dataclass(frozen=True)
class Recorded:
    counts: NDArray[np.int32]
    present: NDArray[np.bool_]


class Sensitivity:
    sensitivity = 1.0e9


class TwoFrames:
    """Even stations record E, N, Z, odd ones X, Y, Z."""

    settings = Sensitivity()

    def components(self, station: int) -> tuple[str, ...]:
        return ("E", "N", "Z") if station % 2 == 0 else ("X", "Y", "Z")

    def nominal_rotation(self, station: int) -> NDArray[np.float64]:
        return np.eye(3) if station % 2 == 0 else TURNED

    def clipping_rows(self, recorded: object, station: int, tile: int) -> list[dict[str, Any]]:
        del recorded, station, tile  # the stand-in's noise is far below any limit
        return []


@dataclass(frozen=True)
class FakeSimulation:
    n_stations: int = 4
    start: str = "2024-02-28T23:48:00Z"  # the day changes within a tile, and 2024 is a leap year
    duration_s: float = 1800.0
    rate_hz: float = 25.0
    seed: int = 1
    instrument: TwoFrames = field(default_factory=TwoFrames)

    @cached_property
    def network(self) -> Network:
        return Network(
            tuple(
                Station("N", f"S{k:03d}", 38 + 0.1 * k, 142 - 0.1 * k, -1500.0 - k, 8.0 + k, 0.5)
                for k in range(self.n_stations)
            )
        )

    @cached_property
    def grid(self) -> SampleGrid:
        return SampleGrid(utc(self.start), self.duration_s, self.rate_hz)

    @cached_property
    def truth(self) -> Truth:
        burst = {"burst_id": "b1", "episode_id": "e1", "time": utc(self.start), "energy_j": 1e6}
        return Truth(tremor=truth_table("tremor", [burst]))

    def snr_table(self) -> pd.DataFrame:
        return truth_table("snr", [{"burst_id": "b1", "station": "N.S000", "snr": 3.0}])

    def record(self, station: int, tile: int) -> Recorded:
        """Noise of 300 counts; station 1 loses two stretches, station 2 all of its first component."""
        rng = np.random.default_rng([self.seed, station, tile])
        noise = rng.standard_normal((3, self.grid.tile_samples), dtype=np.float32)
        counts = np.cumsum(300 * noise - 60 * np.sin(noise), axis=1).astype(np.int32) // 50
        present = np.ones(counts.shape, dtype=np.bool_)
        if station == 1:
            present[:, 1000:1375] = False  # 15 s, whole seconds
            present[2, 4001] = False  # one sample of one component
        if station == 2:
            present[0] = False
        return Recorded(counts, present)

    def truth_of(self, station: int) -> NDArray[np.float64]:
        """(3, time) counts of the whole scenario, NaN where there are none."""
        tiles = [self.record(station, tile) for tile in range(self.grid.n_tiles)]
        whole = np.concatenate([np.where(t.present, t.counts, np.nan) for t in tiles], axis=1)
        return whole[:, : round(self.duration_s * self.rate_hz)]
