"""A simulation as a source of envelopes, without a file in between; stations in parallel."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd

from tremorflow.batch.recordings import ROLES, SKIP_COLUMNS, Tally, ground_motion, lay_roles
from tremorflow.batch.simulated_archive import (
    count_samples,
    cut_tiles,
    list_channels,
    list_orientations,
    sample_time,
)
from tremorflow.batch.workers import Workers
from tremorflow.errors import DataError
from tremorflow.io.archive import StationReading
from tremorflow.preprocess import PreprocessSettings, compute_envelopes, context_s
from tremorflow.records import Envelopes, FloatArray, Network, Station, Waveforms, seconds, timedelta

if TYPE_CHECKING:
    from tremorflow.simulate.instrument import Recorded
    from tremorflow.simulate.synthesis import Simulation

CHUNK_S = 3600.0  # at a time, as from an archive: what counts as clipped is seen in the same hours
KEPT_TILES = 3  # of a station: what the chunk or the read before had and the next begins with


class Part(NamedTuple):
    """Envelopes (3 roles, time) of one station over the whole read, and what was left out."""

    station: int
    values: FloatArray
    unit: str
    left_out: dict[tuple[str, str], list[float | str]]


class SimulatedWaveforms:
    """What the stations of a simulation record, as an archive gives it; the last tiles of each are kept.

    Spans are best asked for in order of time.
    """

    def __init__(self, simulation: "Simulation") -> None:
        self.network = without_site_terms(simulation.network)
        self.orientations = list_orientations(simulation)
        self._simulation = simulation
        self._channels = tuple(list_channels(simulation))
        self._tiles: dict[int, OrderedDict[int, Recorded]] = {}

    def read(
        self, stations: Sequence[int], begin: np.datetime64, end: np.datetime64
    ) -> Iterator[StationReading]:
        """Give the counts of stations (rows of the network), one after the other; None for one without."""
        for station in stations:
            channels = self._channels[3 * station : 3 * station + 3]
            yield StationReading(self._record(station, begin, end), channels, [])

    def _record(self, station: int, begin: np.datetime64, end: np.datetime64) -> Waveforms | None:
        """Take the counts of one station on the samples from ``begin`` to ``end``; None if it has none."""
        simulation = self._simulation
        grid = simulation.grid
        first, last = (
            int(np.ceil(seconds(time - grid.start_time) * grid.rate_hz - 1e-6)) for time in (begin, end)
        )
        first, last = max(first, 0), min(last, count_samples(grid))
        if first >= last:
            return None
        samples = np.full((1, 3, last - first), np.nan)
        for cut in cut_tiles(grid, first, last):
            recorded = self._tile(station, cut.tile)
            part = slice(cut.first, cut.last)
            at = cut.tile * grid.tile_samples + cut.first - first
            counts, present = recorded.counts[:, part], recorded.present[:, part]
            samples[0, :, at : at + counts.shape[1]] = np.where(present, counts, np.nan)
        if not np.isfinite(samples).any():
            return None
        network = self.network.subset([station])
        components, start_time = simulation.instrument.components(station), sample_time(grid, first)
        return Waveforms(network, components, samples, start_time, grid.rate_hz, "count")

    def _tile(self, station: int, tile: int) -> "Recorded":
        kept = self._tiles.setdefault(station, OrderedDict())
        if tile not in kept:
            kept[tile] = self._simulation.record(station, tile)
            while len(kept) > KEPT_TILES:
                kept.popitem(last=False)
        return kept[tile]


class StationEnvelopes:
    """Envelopes of the stations of a simulation, one after the other."""

    def __init__(self, simulation: "Simulation", settings: PreprocessSettings) -> None:
        self._waveforms = SimulatedWaveforms(simulation)
        self._settings = settings

    def read(self, station: int, start_time: np.datetime64, end_time: np.datetime64) -> Part:
        """Envelopes of one station from start up to end."""
        settings, tally = self._settings, Tally()
        rate, code = settings.envelope_rate_hz, self._waveforms.network.codes[station]
        count, step = round(seconds(end_time - start_time) * rate), round(CHUNK_S * rate)
        values, unit = np.full((len(ROLES), count), np.nan), ""
        for first in range(0, count, step):
            last = min(first + step, count)
            begin, end = start_time + timedelta(first / rate), start_time + timedelta(last / rate)
            try:
                part = self._envelopes(station, begin, end, tally)
            except DataError as error:
                tally.add(code, str(error), 1, seconds(end - begin), f"{begin}")
                continue
            if part is None:
                tally.add(code, "no recording", 1, seconds(end - begin), f"{begin}")
                continue
            lay_roles(values, part, start_time, (first, last))
            unit = part.unit
        return Part(station, values, unit, tally.rows)

    def _envelopes(
        self, station: int, begin: np.datetime64, end: np.datetime64, tally: Tally
    ) -> Envelopes | None:
        """Envelopes of a span, computed with the context that they need."""
        settings = self._settings
        margin = timedelta(context_s(settings) + 1.0)
        (reading,) = self._waveforms.read([station], begin - margin, end + margin)
        if reading.waveforms is None:
            return None
        motion = ground_motion(reading, self._waveforms.orientations, tally, settings)
        return compute_envelopes(motion, settings)


class SimulatedRecordings:
    """Recordings of a simulation as the analysis reads an archive's: a source of envelopes.

    Parameters
    ----------
    simulation
        What ``prepare_simulation`` gives.
    settings
        Preprocessing.
    processes
        Each renders its own share of the stations; 1 works in this process. Close it (or use ``with``) to end
        them.
    true_sites
        Give the analysis the true site amplifications and delays, which no one knows of a real network.
    """

    def __init__(
        self,
        simulation: "Simulation",
        settings: PreprocessSettings | None = None,
        processes: int = 1,
        *,
        true_sites: bool = False,
    ) -> None:
        self._settings = settings or PreprocessSettings()
        self.network = simulation.network if true_sites else without_site_terms(simulation.network)
        grid = simulation.grid
        end = (grid.start_time + timedelta(grid.duration_s)).astype("datetime64[s]")
        self.span = (grid.start_time.astype("datetime64[s]").astype("datetime64[ns]"), end.astype("M8[ns]"))
        self._orientations = list_orientations(simulation)
        self._tally = Tally()
        self._recorded_s: dict[str, float] = {}
        count = max(1, min(processes, len(self.network)))
        self._workers = Workers(StationEnvelopes(simulation, self._settings), count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker processes."""
        self._workers.close()

    @property
    def skips(self) -> pd.DataFrame:
        """What was left out so far, with ``SKIP_COLUMNS``."""
        table = self._tally.table()
        assert tuple(table.columns) == SKIP_COLUMNS
        return table

    @property
    def counts(self) -> dict[str, int | float | str]:
        """Stations with recordings, and hours of them that became envelopes."""
        hours = round(sum(self._recorded_s.values()) / 3600, 2)
        return {"simulated": "yes", "stations": len(self._recorded_s), "station_hours": hours}

    @property
    def contents(self) -> list[bytes]:
        """Bytes of the station table and the orientations."""
        turned = "".join(f"{code}{found}" for code, found in sorted(self._orientations.items()))
        return [repr(self.network).encode(), turned.encode()]

    def has_recordings(self, start_time: np.datetime64, end_time: np.datetime64) -> bool:
        """Whether the scenario reaches into the span."""
        return bool(start_time < self.span[1] and end_time > self.span[0])

    def read(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Envelopes (station, component, time) from start up to end, NaN where nothing was recorded."""
        rate = self._settings.envelope_rate_hz
        count = round(seconds(end_time - start_time) * rate)
        values = np.full((len(self.network), len(ROLES), count), np.nan)
        n_workers, units = self._workers.count, set()
        shares = [
            [(station, start_time, end_time) for station in range(worker, len(self.network), n_workers)]
            for worker in range(n_workers)
        ]
        for part in self._workers.run(StationEnvelopes.read, shares):
            values[part.station] = part.values
            units.add(part.unit)
            self._tally.merge(part.left_out)
        self._count_recorded(values, rate)
        units.discard("")
        live = [k for k in range(len(ROLES)) if np.isfinite(values[:, k]).any()] or [0]
        roles = tuple(ROLES[k] for k in live)
        unit = units.pop() if len(units) == 1 else "count"
        band_hz = self._settings.band_hz
        return Envelopes(self.network, roles, values[:, live], start_time, rate, band_hz, unit)

    def _count_recorded(self, values: FloatArray, rate: float) -> None:
        for code, series in zip(self.network.codes, values, strict=True):
            recorded_s = float(np.isfinite(series).any(axis=0).sum() / rate)
            if recorded_s:
                self._recorded_s[code] = self._recorded_s.get(code, 0.0) + recorded_s


def without_site_terms(network: Network) -> Network:
    """Network as its users know it: where the stations are, not what lies under them."""
    stations: Sequence[Station] = network.stations
    return Network(
        tuple(Station(s.network, s.station, s.latitude, s.longitude, s.elevation_m) for s in stations)
    )
