"""Envelopes of a network, span by span, from an archive or from memory; what was left out is counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.archive import Archive, StationReading, open_archive
from tremorflow.io.index import Progress
from tremorflow.io.orientation import Orientation, known_orientations, read_orientations, rotate
from tremorflow.io.segments import Skip
from tremorflow.io.stations import read_stations, with_site_terms
from tremorflow.preprocess import (
    PreprocessSettings,
    compute_envelopes,
    context_s,
    find_bad_samples,
    mask_samples,
    remove_response,
    remove_sensitivity,
)
from tremorflow.records import ROLES as COMPONENT_ROLES
from tremorflow.records import Envelopes, Network, Waveforms, iso, seconds, timedelta, utc
from tremorflow.settings import ArchiveSettings, Settings

ROLES = tuple(COMPONENT_ROLES)
SKIP_COLUMNS = ("station", "reason", "count", "seconds", "example")


class EnvelopeSource(Protocol):
    """Something that gives the envelopes of a network for any span."""

    @property
    def network(self) -> Network:
        """Stations, in the order of the envelopes."""

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """Start and end of what there is to analyse."""

    @property
    def skips(self) -> pd.DataFrame:
        """What was left out so far, with ``SKIP_COLUMNS``."""

    @property
    def counts(self) -> dict[str, int | float | str]:
        """What was read so far, by name."""

    @property
    def contents(self) -> list[bytes]:
        """Bytes of what changes the result besides the settings: stations, orientations."""

    def has_recordings(self, start_time: np.datetime64, end_time: np.datetime64) -> bool:
        """Whether any station recorded anything between start and end."""

    def read(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Envelopes (station, component, time) from start up to end, NaN where there are none."""


@dataclass(slots=True)
class Tally:
    """Counter of what was left out: by station and reason, how often, how many seconds, and one example."""

    rows: dict[tuple[str, str], list[float | str]] = field(default_factory=dict)

    def add(
        self, station: str, reason: str, count: int = 1, duration_s: float = 0.0, example: str = ""
    ) -> None:
        """Count ``count`` more of a reason at a station (empty: no station of its own)."""
        row = self.rows.setdefault((station, reason), [0, 0.0, example])
        row[0] = int(row[0]) + count
        row[1] = float(row[1]) + duration_s

    def add_skips(self, skips: Iterable[Skip]) -> None:
        """Count what a reader left out."""
        for skip in skips:
            known = not (np.isnat(skip.start_time) or np.isnat(skip.end_time))
            duration_s = seconds(skip.end_time - skip.start_time) if known else 0.0
            when = f" {np.datetime_as_string(skip.start_time, unit='s')}" if known else ""
            self.add(skip.station, skip.reason, skip.count, duration_s, f"{skip.file}{when}".strip())

    def merge(self, rows: dict[tuple[str, str], list[float | str]]) -> None:
        """Add the rows of another tally."""
        for (station, reason), (count, duration_s, example) in rows.items():
            self.add(station, reason, int(count), float(duration_s), str(example))

    def table(self) -> pd.DataFrame:
        """Rows with ``SKIP_COLUMNS``, the most seconds first."""
        rows = [(station, reason, *row) for (station, reason), row in self.rows.items()]
        table = pd.DataFrame(rows, columns=list(SKIP_COLUMNS))
        order = ["seconds", "count", "station", "reason"]
        return table.sort_values(order, ascending=[False, False, True, True], ignore_index=True)


@dataclass(frozen=True, slots=True)
class StoredEnvelopes:
    """Envelopes that are in memory, as a source."""

    envelopes: Envelopes

    @property
    def network(self) -> Network:
        """Stations of the envelopes."""
        return self.envelopes.network

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """Start and end of the envelopes."""
        return self.envelopes.start_time, self.envelopes.end_time

    @property
    def skips(self) -> pd.DataFrame:
        """Nothing: gaps are in the envelopes."""
        return Tally().table()

    @property
    def counts(self) -> dict[str, int | float | str]:
        """Number of stations and hours of recording."""
        recorded_s = float(np.isfinite(self.envelopes.by_station()).sum() / self.envelopes.sampling_rate_hz)
        return {"stations": len(self.network), "station_hours": round(recorded_s / 3600, 2)}

    @property
    def contents(self) -> list[bytes]:
        """Bytes of the station table."""
        return [repr(self.network).encode()]

    def has_recordings(self, start_time: np.datetime64, end_time: np.datetime64) -> bool:
        """Whether the envelopes reach into the span."""
        return bool(start_time < self.span[1] and end_time > self.span[0])

    def read(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Cut of the envelopes; beyond their ends there is nothing."""
        start_time, end_time = max(start_time, self.span[0]), min(end_time, self.span[1])
        return self.envelopes.window(start_time, seconds(end_time - start_time))


class RecordedEnvelopes:
    """Envelopes computed from an archive as they are asked for; keeps count of what it left out."""

    def __init__(self, archive: Archive, settings: Settings) -> None:
        self.archive = archive
        self._settings = settings
        self.tally = Tally()
        self._recorded_s: dict[str, float] = {}
        network = choose_stations(archive, settings.archive, self.tally)
        terms = settings.archive.site_terms
        self.network = with_site_terms(network, read_stations(terms).network) if terms else network
        place = settings.archive.orientations
        self.orientations = read_orientations(place) if place else {}
        self.runs = runs_of(archive, self.network)
        self.span = choose_span(self.runs, settings.archive)

    @property
    def skips(self) -> pd.DataFrame:
        """What was left out so far."""
        return self.tally.table()

    @property
    def counts(self) -> dict[str, int | float | str]:
        """Files by format, stations with recordings, and hours that became envelopes."""
        files = {f"files_{name}": count for name, count in self.archive.count_formats().items()}
        hours = round(sum(self._recorded_s.values()) / 3600, 2)
        return {**files, "stations": len(self._recorded_s), "station_hours": hours}

    @property
    def contents(self) -> list[bytes]:
        """Bytes of the station table and the orientations."""
        turned = "".join(f"{code}{found}" for code, found in sorted(self.orientations.items()))
        return [repr(self.network).encode(), turned.encode()]

    def has_recordings(self, start_time: np.datetime64, end_time: np.datetime64) -> bool:
        """Whether any of the stations recorded anything between start and end."""
        start, end = (time.astype("datetime64[ns]").astype(np.int64) for time in (start_time, end_time))
        return bool(((self.runs[:, 0] < end) & (self.runs[:, 1] > start)).any())

    def read(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Envelopes of all stations; read in chunks of ``archive.chunk_s``, which changes nothing."""
        settings = self._settings.preprocess
        rate = settings.envelope_rate_hz
        count = round(seconds(end_time - start_time) * rate)
        values = np.full((len(self.network), len(ROLES), count), np.nan)
        unit = ""
        step = round(self._settings.archive.chunk_s * rate)
        for first in range(0, count, step):
            last = min(first + step, count)
            begin, end = start_time + timedelta(first / rate), start_time + timedelta(last / rate)
            for row, part in self._read_chunk(begin, end):
                lay_roles(values[row], part, start_time, (first, last))
                unit = part.unit if unit in ("", part.unit) else "mixed"
        for code, series in zip(self.network.codes, values, strict=True):
            recorded = float(np.isfinite(series).any(axis=0).sum() / rate)
            if recorded:
                self._recorded_s[code] = self._recorded_s.get(code, 0.0) + recorded
        live = [k for k in range(len(ROLES)) if np.isfinite(values[:, k]).any()] or [0]
        roles = tuple(ROLES[k] for k in live)
        return Envelopes(
            self.network, roles, values[:, live], start_time, rate, settings.band_hz, unit or "count"
        )

    def _read_chunk(self, begin: np.datetime64, end: np.datetime64) -> list[tuple[int, Envelopes]]:
        """Row and envelopes of every station that has some between ``begin`` and ``end``."""
        remove = self._settings.archive.remove_response
        # whole seconds, so that the common sampling starts on a sample of recorders with whole rates
        margin = timedelta(np.ceil(context_s(self._settings.preprocess, with_response=remove)) + 1.0)
        parts = []
        readings = self.archive.read_stations(self.network.codes, begin - margin, end + margin)
        for row, reading in enumerate(readings):
            code = self.network.codes[row]
            self.tally.add_skips(reading.skips)
            if reading.waveforms is None:
                self.tally.add(code, "no recording", 1, seconds(end - begin), iso(begin))
                continue
            try:
                parts.append((row, self._to_envelopes(reading)))
            except DataError as error:
                self.tally.add(code, str(error), 1, seconds(end - begin), iso(begin))
        return parts

    def _to_envelopes(self, reading: StationReading) -> Envelopes:
        """Envelopes of one station's recording: bad samples out, units, orientation, band, smoothing."""
        settings, full = self._settings.preprocess, self._settings.archive.remove_response
        motion = ground_motion(reading, self.orientations, self.tally, settings, full_response=full)
        return compute_envelopes(motion, settings)


def lay_roles(
    values: NDArray[np.float64], part: Envelopes, start_time: np.datetime64, samples: tuple[int, int]
) -> None:
    """Write a station's envelopes into ``values`` (role, time) from that start, within some samples alone."""
    at = round(seconds(part.start_time - start_time) * part.sampling_rate_hz)
    low, high = max(at, samples[0]), min(at + part.values.shape[-1], samples[1])
    for k, role in enumerate(part.components):
        values[ROLES.index(role), low:high] = part.values[0, k, low - at : high - at]


def ground_motion(
    reading: StationReading,
    orientations: dict[str, Orientation],
    tally: Tally,
    settings: PreprocessSettings,
    *,
    full_response: bool = False,
) -> Waveforms:
    """Ground motion: without bad samples, in m/s if the sensitivity is known, in true directions if they are.

    Parameters
    ----------
    reading
        With waveforms.
    orientations
        By station code, of sensors whose channels have no azimuths.
    tally
        Counts the bad samples.
    settings
        Of preprocessing.
    full_response
        Take out the full response, not the sensitivity alone.
    """
    waveforms = reading.waveforms
    assert waveforms is not None
    bad = find_bad_samples(waveforms, settings)
    columns = [bad.table[name] for name in ("station", "component", "reason", "n_runs", "duration_s")]
    for code, component, what, n_runs, duration_s in zip(*columns, strict=True):
        reason = f"{what} samples of component {component}"
        tally.add(str(code), reason, int(n_runs), float(duration_s), iso(waveforms.start_time))
    waveforms = mask_samples(waveforms, bad.mask)
    remove = remove_response if full_response else remove_sensitivity
    waveforms = remove(waveforms, reading.channels, settings)
    known = known_orientations(orientations, reading.channels, waveforms)
    return rotate(waveforms, known) if known else waveforms


def open_recordings(settings: Settings, progress: Progress | None = None) -> RecordedEnvelopes:
    """Archive that the settings name, as a source of envelopes; its index is made or refreshed.

    Raises
    ------
    DataError
        No path given, no archive there, no station with coordinates, or nothing in the span.
    """
    return RecordedEnvelopes(open_settings_archive(settings.archive, progress), settings)


def open_settings_archive(where: ArchiveSettings, progress: Progress | None = None) -> Archive:
    """Archive that settings name; ``DataError`` if they name none or there is none."""
    if not where.path:
        raise DataError("archive.path is empty: write the folder of the recordings into the settings file")
    return open_archive(
        where.path,
        stations=where.stations or None,
        channel_table=where.channel_table or None,
        index_folder=Path(where.index_folder) if where.index_folder else None,
        progress=progress,
    )


def choose_stations(archive: Archive, settings: ArchiveSettings, tally: Tally) -> Network:
    """Stations with coordinates that the settings do not leave out; all that is left out is counted."""
    tally.add_skips(archive.skips)
    for code in archive.without_coordinates:
        tally.add(code, "no coordinates: add the station to the station table")
    chosen = []
    for station in archive.network.stations:
        if station.code in settings.exclude_stations or (
            settings.networks and station.network not in settings.networks
        ):
            tally.add(station.code, "excluded in the settings")
        else:
            chosen.append(station)
    if not chosen:
        if archive.network.stations:
            networks = sorted({station.network for station in archive.network.stations})
            raise DataError(
                f"archive.networks = {list(settings.networks)} and archive.exclude_stations leave no station "
                f"of {archive.root}, which has the networks {networks}; correct these keys"
            )
        raise DataError(
            f"{archive.root} has {len(archive.station_codes)} stations with recordings "
            f"({', '.join(archive.station_codes[:5])} ...), but none of them can be used: give their "
            "coordinates with archive.stations (StationXML, channel table or CSV), and check archive.networks"
        )
    return Network(tuple(chosen))


def runs_of(archive: Archive, network: Network) -> NDArray[np.int64]:
    """(run, 2) start and end, in ns since 1970, of all recordings of these stations."""
    codes = set(network.codes)
    runs = [found for (name, _), found in archive.runs().items() if f"{name[0]}.{name[1]}" in codes]
    # a station of the network may have another code in the files (no network code): then all runs count
    return np.concatenate(runs or list(archive.runs().values()))


def choose_span(runs: NDArray[np.int64], settings: ArchiveSettings) -> tuple[np.datetime64, np.datetime64]:
    """Span that was asked for, as far as there are recordings, on whole seconds."""
    first, last = (np.datetime64(int(value), "ns") for value in (runs[:, 0].min(), runs[:, 1].max()))
    start = max(utc(settings.start), first) if settings.start else first
    end = min(utc(settings.end), last) if settings.end else last
    start, end = start.astype("datetime64[s]"), end.astype("datetime64[s]")
    if start >= end:
        raise DataError(
            f"no recording between archive.start = {settings.start or 'first'} and archive.end = "
            f"{settings.end or 'last'}: the stations recorded from {iso(first)} to {iso(last)}; correct "
            "these keys"
        )
    return start.astype("datetime64[ns]"), end.astype("datetime64[ns]")
