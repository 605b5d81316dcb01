"""What every part of the simulator shares: the grid of samples, the scene, and how motion is handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.records import NANOSECONDS, FloatArray, Network, timedelta

TILE_S = 600.0
"""Everything is rendered in whole tiles of this length, whatever span is asked for: so the samples do not
depend on how the work is cut. 600 s are 60,000 samples at 100 Hz, a fast length for the FFT."""

OCEAN_BOTTOM_M = -50.0
"""A station below this elevation stands on the sea floor: no cables are laid shallower."""

Motion = NDArray[np.float32]
"""(3, time) ground velocity east, north, up in m/s."""


def seconds_since(times: Sequence[Any] | pd.Series, start_time: np.datetime64) -> FloatArray:
    """(time,) seconds of times after ``start_time``."""
    lags = np.asarray(times, dtype="datetime64[ns]") - start_time
    return np.asarray(lags / np.timedelta64(1, "ns")) / NANOSECONDS


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """Times of the samples of a scenario: tile ``k`` starts with sample ``k * tile_samples``."""

    start_time: np.datetime64
    duration_s: float
    rate_hz: float

    @property
    def tile_samples(self) -> int:
        """Samples of a tile."""
        return round(TILE_S * self.rate_hz)

    @property
    def n_tiles(self) -> int:
        """Tiles of the scenario; the last one may reach beyond its end."""
        return int(np.ceil(self.duration_s / TILE_S))

    def times_s(self, tile: int) -> FloatArray:
        """(time,) seconds since the start of the scenario of the samples of a tile."""
        return (np.arange(self.tile_samples) + tile * self.tile_samples) / self.rate_hz

    def utc(self, time_s: float) -> np.datetime64:
        """Time of so many seconds after the start of the scenario."""
        return self.start_time + timedelta(time_s)


@dataclass(frozen=True, slots=True)
class Scene:
    """Network, grid and seed of one simulation; ``noise_rms`` says what is too weak to be rendered.

    ``noise_rms`` (station,) is the median rms of the background in 2-8 Hz, the three components together
    (m/s). Motion that stays below a twentieth of it may be left out.
    """

    network: Network
    grid: SampleGrid
    seed: int
    noise_rms: FloatArray


class Transient(NamedTuple):
    """Motion of one station by one event: ``motion`` (3, n), of which the first sample has this number."""

    first_sample: int
    motion: Motion


class Transients(Protocol):
    """Events each of which shakes a station for a while: earthquakes, bursts of tremor, shots, calls."""

    def spans_s(self, station: int) -> FloatArray:
        """(event, 2) first and last second at which each event moves the station; NaN if it never does."""

    def motion(self, event: int, station: int) -> Transient:
        """Motion of the station by the event, always the same, all of it (not cut to the scenario)."""


class Stream(Protocol):
    """Motion without beginning and end: background noise, currents, passing ships."""

    def add_to(self, motion: Motion, station: int, tile: int) -> None:
        """Add the stream's motion of one tile to ``motion`` (3, ``tile_samples``), in place."""
