"""An archive of recordings: SDS tree, folders of WIN32 files, any folder of mixed files, or one file."""

import os
import sqlite3
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.assemble import assemble
from tremorflow.io.folder_tables import TABLE_SUFFIXES, FolderTables
from tremorflow.io.formats import Selection, check_span, read_file
from tremorflow.io.index import (
    ChannelName,
    FileSpan,
    Progress,
    channel_sets,
    count_formats,
    find_skips,
    find_spans,
    index_file,
    index_place,
    list_files,
    open_index,
    refresh_index,
    reopen_index,
    runs_by_set,
)
from tremorflow.io.obspy_formats import read_sac_station
from tremorflow.io.orientation import component_of
from tremorflow.io.segments import Reading, Skip
from tremorflow.io.stations import StationMetadata, read_stations
from tremorflow.records import Channel, Network, Segment, Station, Waveforms, timedelta

SPAN_COLUMNS = (
    "network",
    "station",
    "location",
    "channel",
    "start_time",
    "end_time",
    "sampling_rate_hz",
    "n_samples",
    "format",
    "file",
)


NEVER = np.datetime64("NaT", "ns")


class StationReading(NamedTuple):
    """Waveforms of one station in counts (None if there are none), its channels in their order, the skips.

    A channel that the station metadata do not list has a sensitivity of NaN.
    """

    waveforms: Waveforms | None
    channels: tuple[Channel, ...]
    skips: list[Skip]


def open_archive(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    stations: StationMetadata | str | os.PathLike[str] | None = None,
    channel_table: str | os.PathLike[str] | None = None,
    index_folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> "Archive":
    """Archive of the recordings below a folder (or of some files), its index made or brought up to date.

    Parameters
    ----------
    path
        SDS tree, folders of WIN32 files, any folder of mixed files, or one file; or several of these, which
        are then one archive whose index is not kept.
    stations
        Station metadata, or a file that ``read_stations`` takes. Without it, channel tables place stations.
    channel_table
        Names the channels of WIN32 files; without it, the ``.ch`` and ``.euc`` files of their folders do.
    index_folder
        Where to keep the index; by default in the archive, or in the user's cache if that is not writable.
    progress
        Called with the number of files that were scanned so far, and that will be.

    Raises
    ------
    DataError
        The path does not exist, or nothing below it is a recording.
    """
    paths = [Path(path)] if isinstance(path, str | os.PathLike) else [Path(one) for one in path]
    for one in paths:
        if not one.exists():
            raise DataError(f"{one} does not exist; give the folder or file of the recordings")
    paths = [one.resolve() for one in paths] if len(paths) > 1 else paths
    root = _root(paths)
    files = {file: None for one in paths for file in (list_files(one) if one.is_dir() else [one])}
    tables = FolderTables(root, None if channel_table is None else Path(channel_table))
    metadata = stations if isinstance(stations, StationMetadata | None) else read_stations(stations)
    index = open_index(index_place(root, index_folder) if paths == [root] else None)
    refresh_index(index, root, list(files), tables.find, progress)
    archive = Archive(root, index, tables.complete(metadata), tables)
    if not archive.station_codes:
        reasons = Counter(skip.reason for skip in archive.skips).most_common(3)
        why = "; ".join(f"{count} x {reason}" for reason, count in reasons) or "no file at all"
        archive.close()
        where = ", ".join(str(one) for one in paths[:3])
        raise DataError(
            f"{where} holds no recording that can be read ({why}); check the path and the formats"
        )
    return archive


def _root(paths: Sequence[Path]) -> Path:
    """Folder that holds all of the paths; a single folder is its own."""
    if not paths:
        raise DataError("no path given; give the folder or files of the recordings")
    folders = [path if path.is_dir() else path.parent for path in paths]
    return folders[0] if len(folders) == 1 else Path(os.path.commonpath(folders))


class Archive:
    """Recordings below a folder, found through an index; made by ``open_archive``.

    The index is closed by ``close()``, or when the archive is no longer used.
    """

    def __init__(
        self, root: Path, index: sqlite3.Connection, metadata: StationMetadata, tables: FolderTables
    ) -> None:
        self.root = root
        self.metadata = metadata
        self._connection, self._process = index, os.getpid()
        self._tables = tables
        self._sets = channel_sets(index)
        self._place = index_file(index)
        self.close = weakref.finalize(self, index.close)

    @property
    def _index(self) -> sqlite3.Connection:
        """Connection to the index; a forked process opens its own, since SQLite forbids sharing one."""
        if self._process != os.getpid():
            self._connection, self._process = reopen_index(self._place, self._connection), os.getpid()
        return self._connection

    @cached_property
    def station_codes(self) -> tuple[str, ...]:
        """Codes ``NETWORK.STATION`` of all stations that have recordings, with coordinates or without."""
        names = {(name[0], name[1]) for channels in self._sets.values() for name in channels}
        return tuple(f"{network}.{station}" for network, station in sorted(names))

    @cached_property
    def network(self) -> Network:
        """Stations that have recordings and coordinates."""
        found: dict[str, Station] = {}
        for code in self.station_codes:
            station = self._find_station(code)
            if station is not None:
                found.setdefault(station.code, station)
        return Network(tuple(found.values()))

    @property
    def without_coordinates(self) -> tuple[str, ...]:
        """Codes of stations that have recordings but no coordinates."""
        return tuple(code for code in self.station_codes if self._find_station(code) is None)

    @property
    def skips(self) -> list[Skip]:
        """Files and parts of files that could not be used, with the reason; not the channel tables."""
        skips = find_skips(self._index)
        return [skip for skip in skips if Path(skip.file).suffix.lower() not in TABLE_SUFFIXES]

    def time_span(self) -> tuple[np.datetime64, np.datetime64]:
        """Start of the first and end of the last recording."""
        start, end = self._index.execute("SELECT MIN(start_ns), MAX(end_ns) FROM spans").fetchone()
        return np.datetime64(start, "ns"), np.datetime64(end, "ns")

    def count_formats(self) -> dict[str, int]:
        """Count the files with recordings, by format."""
        return count_formats(self._index)

    def runs(self) -> dict[tuple[ChannelName, float], NDArray[np.int64]]:
        """(run, 2) start and end, in ns since 1970 and order of start, by channel and sampling rate."""
        pieces: dict[tuple[ChannelName, float], list[NDArray[np.int64]]] = {}
        for number, rate_hz, runs in runs_by_set(self._index):
            for name in self._sets[number]:
                pieces.setdefault((name, rate_hz), []).append(runs)
        merged = {}
        for key, parts in pieces.items():
            runs = np.concatenate(parts) if len(parts) > 1 else parts[0]
            merged[key] = runs[np.argsort(runs[:, 0], kind="stable")] if len(parts) > 1 else runs
        return merged

    def spans(
        self,
        codes: Iterable[str] | None = None,
        start_time: np.datetime64 | None = None,
        end_time: np.datetime64 | None = None,
    ) -> pd.DataFrame:
        """Table of unbroken runs per file and channel that overlap a span, with ``SPAN_COLUMNS``."""
        check_span(start_time, end_time)
        wanted = set(self.station_codes if codes is None else codes)
        rows = [
            (*name, found.start_ns, found.end_ns, found.sampling_rate_hz, found.n_samples, *found[1::-1])
            for found in self._find(wanted, start_time, end_time)
            for name in found.channels
            if f"{name[0]}.{name[1]}" in wanted
        ]
        table = pd.DataFrame(rows, columns=list(SPAN_COLUMNS))
        for name in ("start_time", "end_time"):
            table[name] = table[name].astype("int64").astype("datetime64[ns]")
        order = ["network", "station", "location", "channel", "start_time", "file"]
        return table.sort_values(order, ignore_index=True)

    def read_station(self, code: str, start_time: np.datetime64, end_time: np.datetime64) -> StationReading:
        """Read one station from ``start_time`` up to ``end_time``; see ``read_stations``."""
        return next(iter(self.read_stations([code], start_time, end_time)))

    def read_stations(
        self, codes: Sequence[str], start_time: np.datetime64, end_time: np.datetime64
    ) -> Iterator[StationReading]:
        """Read stations, one after the other, from ``start_time`` up to ``end_time``.

        Parameters
        ----------
        codes
            ``NETWORK.STATION`` as in ``network`` or ``station_codes``.
        start_time, end_time
            Span; only files that overlap it are opened. A file of many stations is opened once, so its
            samples of all ``codes`` are in memory until the last of them was given: keep the span short
            (an hour, say) for large networks.

        Yields
        ------
        StationReading for each code in turn.

        Raises
        ------
        DataError
            A station that the archive does not have, or an end that is not after the start.
        """
        check_span(start_time, end_time)
        names = {code: self._data_code(code) for code in codes}
        wanted = set(names.values())
        files: dict[str, tuple[str, set[ChannelName]]] = {}
        by_station: dict[str, dict[str, None]] = {code: {} for code in wanted}
        slowest_hz = np.inf
        for found in self._find(wanted, start_time, end_time):
            slowest_hz = min(slowest_hz, found.sampling_rate_hz)
            _, channels = files.setdefault(found.file, (found.format, set()))
            for name in found.channels:
                code = f"{name[0]}.{name[1]}"
                if code in wanted and component_of(name[3]) is not None:
                    channels.add(name)
                    by_station[code][found.file] = None
        # One sample more on each side: it may be the one that is nearest to the first or last of the grid.
        margin = timedelta(1 / slowest_hz)
        opened = _OpenedFiles(self, files, Selection(start_time - margin, end_time + margin), by_station)
        for code in codes:
            yield self._read_one(names[code], opened, start_time, end_time)

    def read_indexed(self, file: str, format_name: str, wanted: Selection) -> Reading:
        """Read from a file of the index; one that went bad since gives a skip."""
        path = self.root / file
        try:
            table = self._tables.find(path)[1] if format_name == "win32" else None
            return read_file(path, wanted, table, format_name)
        except DataError as error:
            return Reading([], [Skip(file, "", NEVER, NEVER, str(error))])

    def _read_one(
        self, code: str, opened: "_OpenedFiles", start_time: np.datetime64, end_time: np.datetime64
    ) -> StationReading:
        segments, skips = opened.take(code)
        station = self._find_station(code)
        if station is None:
            reason = "station without coordinates; add a row for it to the station table"
            return StationReading(None, (), [*skips, Skip("", code, start_time, end_time, reason)])
        if station.code != code:
            segments = [replace(segment, network=station.network) for segment in segments]
        assembly = assemble(segments, station, start_time, end_time)
        middle = start_time + (end_time - start_time) // 2
        channels = tuple(self._channel(name, middle) for name in assembly.channels)
        return StationReading(assembly.waveforms, channels, [*skips, *assembly.skips])

    def _channel(self, name: ChannelName, time: np.datetime64) -> Channel:
        component = component_of(name[3]) or ""
        found = self.metadata.find_channel(".".join(name), time)
        return Channel(*name, component) if found is None else replace(found, component=component)

    def _find(
        self, codes: set[str], start_time: np.datetime64 | None, end_time: np.datetime64 | None
    ) -> Iterator[FileSpan]:
        sets = [
            number
            for number, channels in self._sets.items()
            if any(f"{name[0]}.{name[1]}" in codes for name in channels)
        ]
        return find_spans(self._index, sets, _ns(start_time), _ns(end_time))

    def _find_station(self, code: str) -> Station | None:
        network, _, station = code.rpartition(".")
        return self.metadata.find_station(network, station) or self._placed_by_headers.get(code)

    @cached_property
    def _placed_by_headers(self) -> dict[str, Station]:
        """Stations that no metadata place, but the headers of their SAC files do."""
        if "sac" not in self.count_formats():
            return {}
        missing = {code for code in self.station_codes if not self.metadata.find_station(*code.split(".", 1))}
        placed: dict[str, Station] = {}
        for found in self._find(missing, None, None) if missing else ():
            codes = {f"{name[0]}.{name[1]}" for name in found.channels} & missing - placed.keys()
            station = read_sac_station(self.root / found.file) if codes and found.format == "sac" else None
            if station is not None:
                placed.update(dict.fromkeys(codes, station))
        return placed

    def _data_code(self, code: str) -> str:
        """Code under which the recordings of a station of ``network`` or ``station_codes`` are indexed."""
        if code in self.station_codes:
            return code
        for known in self.station_codes:
            station = self._find_station(known)
            if station is not None and station.code == code:
                return known
        raise DataError(
            f"{self.root} has no recordings of station {code}; "
            f"it has those of {', '.join(self.station_codes[:20])}"
        )


class _OpenedFiles:
    """Files of a query, each read when its first station is asked for and dropped after its last."""

    def __init__(
        self,
        archive: Archive,
        files: dict[str, tuple[str, set[ChannelName]]],
        span: Selection,
        by_station: dict[str, dict[str, None]],
    ) -> None:
        self._archive = archive
        self._files = files
        self._span = span
        self._by_station = by_station
        self._pending = Counter(file for of_station in by_station.values() for file in of_station)
        self._open: dict[str, dict[str, list[Segment]]] = {}  # by file and station

    def take(self, code: str) -> tuple[list[Segment], list[Skip]]:
        """Segments of a station from all its files, and the skips of those that were opened for it."""
        segments: list[Segment] = []
        skips: list[Skip] = []
        for file in self._by_station[code]:
            if file not in self._open:
                format_name, channels = self._files[file]
                wanted = self._span._replace(channels={".".join(name) for name in channels})
                reading = self._archive.read_indexed(file, format_name, wanted)
                skips += reading.skips
                of_station = self._open.setdefault(file, {})
                for segment in reading.segments:
                    of_station.setdefault(f"{segment.network}.{segment.station}", []).append(segment)
            segments += self._open[file].get(code, [])
            self._pending[file] -= 1
            if self._pending[file] <= 0:
                del self._open[file]
        return segments, skips


def _ns(time: np.datetime64 | None) -> int | None:
    return None if time is None else int(time.astype("datetime64[ns]").astype(np.int64))
