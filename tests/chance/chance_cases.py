"""A network of simulated probabilities and envelopes whose stations know nothing of each other, or do."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tremorflow.analysis import Association, associate_windows
from tremorflow.associate import AssociationSettings
from tremorflow.batch.recordings import Tally
from tremorflow.catalog.quality import CatalogSettings
from tremorflow.chance import Locating
from tremorflow.geodesy import LocalFrame
from tremorflow.locate import LocationSettings, search_grid
from tremorflow.records import Envelopes, Network, Probabilities, Station, timedelta, utc
from tremorflow.traveltime import read_velocity_model, station_travel_times

START = utc("2024-03-01T00:00:00Z")
CENTRE = (38.0, 142.0)
SOURCE = (38.05, 142.1, 30.0)
LOCATION = LocationSettings(depth="fixed", fixed_depth_km=30.0)
BURSTS_S = (3600.0, 9000.0, 16200.0, 21600.0, 30000.0)


def square_network(side: int, spacing_km: float = 25.0) -> Network:
    east, north = (axis.ravel() for axis in np.meshgrid(*[spacing_km * np.arange(side)] * 2))
    latitudes, longitudes = LocalFrame(*CENTRE).to_degrees(east - east.mean(), north - north.mean())
    return Network(
        tuple(
            Station("SY", f"{k:03d}", float(latitudes[k]), float(longitudes[k]), 0.0) for k in range(side**2)
        )
    )


def probabilities_of(network: Network, p_tremor: np.ndarray, gap_after: int = -1) -> Probabilities:
    """Probabilities every 60 s; an hour without a window after one of them if asked for."""
    values = np.stack([1 - p_tremor, p_tremor, 0 * p_tremor], axis=1).astype(np.float32)
    minutes = np.arange(p_tremor.shape[1])
    minutes = minutes + 60 * (minutes > gap_after) if gap_after >= 0 else minutes
    times = START + minutes * timedelta(60.0)
    instruments = (("", "HH"),) * len(network)
    completeness = np.isfinite(p_tremor).astype(np.float32)
    return Probabilities(network, values, completeness, times, 120.0, instruments, "simulated", 0.9)


def independent(network: Network, windows: int, rate: float, seed: int) -> np.ndarray:
    """(station, window) p_tremor of false alarms of single stations, each as likely as ``rate``."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((len(network), windows)) < rate, 0.98, 0.001)


def association_settings() -> AssociationSettings:
    """Connected components of stations: as simple as it can be."""
    return AssociationSettings(method="components", min_stations=4, radius_km=80.0)


def associate(probabilities: Probabilities, *, all_usable: bool = True) -> Association:
    """Groups of the windows; if none is usable, none is left out before shifting."""
    settings = association_settings()
    found = associate_windows(probabilities, settings)
    if all_usable:
        return found
    nothing = np.zeros(len(found.groups), dtype=bool)
    return replace(found, usable=nothing)


def bursts(network: Network, hours: float, at_s: Sequence[float], seed: int) -> Envelopes:
    """Envelopes (1 Hz) of a simulated source that is heard everywhere at these times, in noise."""
    rng = np.random.default_rng(seed)
    times = station_travel_times(read_velocity_model("jma2001"), network, [0.0, 30.0, 60.0], 300.0)
    samples = np.arange(round(hours * 3600))
    values = 1 + 0.1 * np.abs(np.random.default_rng(seed + 1).standard_normal((len(network), len(samples))))
    for start in at_s:
        centres, heights = start + rng.uniform(0, 80, 30), rng.exponential(1.0, 30)
        for station, delay in enumerate(times.times(*SOURCE)):
            near = slice(max(int(start) - 60, 0), int(start) + 240)
            late = samples[near, None] - delay - centres
            values[station, near] += 5 * (heights * np.exp(-0.5 * (late / 3.0) ** 2)).sum(axis=1)
    return Envelopes(network, ("H1",), values[:, None], START, 1.0, (2.0, 8.0), "m/s")


def locating(
    network: Network, envelopes: Envelopes | None, location: LocationSettings = LOCATION
) -> Locating:
    """What locates on this network, reading from memory; None where nothing is kept."""
    times = station_travel_times(read_velocity_model("jma2001"), network, np.arange(0, 61, 5.0), 300.0)

    def read(begin: np.datetime64, end: np.datetime64) -> Envelopes | None:
        if envelopes is None:
            return None
        begin, end = max(begin, envelopes.start_time), min(end, envelopes.end_time)
        return envelopes.window(begin, float((end - begin) / np.timedelta64(1, "s")))

    return Locating(read, search_grid(network, times, location), location, CatalogSettings())


def bumps(network: Network, p_tremor: np.ndarray, seed: int) -> Envelopes:
    """Envelopes (1 Hz) with a bump of half a minute, its own, in each window taken for tremor."""
    rng = np.random.default_rng(seed)
    found = bursts(network, p_tremor.shape[1] / 60, [], seed)
    samples = np.arange(120)
    for station, window in zip(*np.nonzero(p_tremor > 0.5), strict=True):
        bump = 3 * np.exp(-0.5 * ((samples - 60 - rng.uniform(-8, 8)) / 12) ** 2)
        part = found.values[station, 0, 60 * window : 60 * window + 120]
        part += bump[: len(part)]
    return found


def five_bursts() -> tuple[Probabilities, Envelopes]:
    """Twelve hours of sixteen stations on which five bursts are heard, by their envelopes too; simulated."""
    network = square_network(4)
    p_tremor = np.full((16, 720), 0.001)
    for start in BURSTS_S:
        p_tremor[:, int(start // 60) : int(start // 60) + 2] = 0.98
    return probabilities_of(network, p_tremor), bursts(network, 12.0, BURSTS_S, seed=5)


class StoredSignals:
    """Signals that are in memory, as a source."""

    def __init__(self, probabilities: Probabilities, envelopes: Envelopes) -> None:
        self._probabilities, self.envelopes = probabilities, envelopes
        self.network = probabilities.network
        self.span = envelopes.start_time, envelopes.end_time
        self.counts: dict[str, int | float | str] = {"stations": len(self.network), "station_hours": 1.0}
        self.contents = [b"simulated"]

    @property
    def recordings(self) -> "StoredSignals":
        """These: nothing of them depends on a classifier."""
        return self

    def make(self, *_: object) -> None:
        """Make nothing: all is there."""

    @property
    def skips(self) -> pd.DataFrame:
        """Nothing was left out."""
        return Tally().table()

    def has_recordings(self, begin: np.datetime64, end: np.datetime64) -> bool:
        """Whether the envelopes reach into the span."""
        return bool(begin < self.span[1] and end > self.span[0])

    def read(self, begin: np.datetime64, end: np.datetime64) -> Envelopes:
        """Envelopes from begin up to end."""
        begin, end = max(begin, self.span[0]), min(end, self.span[1])
        return self.envelopes.window(begin, float((end - begin) / np.timedelta64(1, "s")))

    read_all = read

    def spectrograms(self, *_: object) -> None:
        """None: there are no recordings."""

    def probabilities(self) -> Probabilities:
        """Probabilities of all windows."""
        return self._probabilities
