"""What is where in an archive: an SQLite file that is built once and refreshed where files changed.

A file's spans are kept with the set of channels that share them, so a minute of WIN32 with 450 channels
is one row, as is a day of miniSEED with one.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.channel_table import ChannelTable
from tremorflow.io.formats import detect_format, scan_file
from tremorflow.io.segments import SegmentSpan, Skip

INDEX_NAME = ".tremorflow-index.sqlite"
LOCK_TIMEOUT_S = 60
LAYOUT = 1  # raised when the tables or the meaning of their columns change

ChannelName = tuple[str, str, str, str]
Progress = Callable[[int, int], None]  # files done, files in all
FindTable = Callable[[Path], tuple[str, ChannelTable | None]]  # of a file: name of the version, table

_SCHEMA = """
CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT UNIQUE, size INTEGER, mtime_ns INTEGER,
                    format TEXT, table_version TEXT);
CREATE TABLE channel_sets (id INTEGER PRIMARY KEY, channels TEXT UNIQUE);
CREATE TABLE spans (file_id INTEGER, set_id INTEGER, start_ns INTEGER, end_ns INTEGER,
                    sampling_rate_hz REAL, n_samples INTEGER);
CREATE TABLE skips (file_id INTEGER, station TEXT, start_ns INTEGER, end_ns INTEGER, reason TEXT,
                    count INTEGER);
CREATE INDEX spans_by_channels ON spans (set_id, start_ns);
CREATE INDEX spans_by_file ON spans (file_id);
CREATE INDEX skips_by_file ON skips (file_id);
"""


class FileSpan(NamedTuple):
    """Channels that a file holds from one time to another."""

    file: str
    format: str
    channels: tuple[ChannelName, ...]
    start_ns: int
    end_ns: int
    sampling_rate_hz: float
    n_samples: int


class _Stat(NamedTuple):
    size: int
    mtime_ns: int


def open_index(place: Path | None) -> sqlite3.Connection:
    """Open the index at ``place`` (in memory for None), anew if it is of another layout or damaged."""
    if place is not None:
        try:
            connection = sqlite3.connect(place, timeout=LOCK_TIMEOUT_S)
            if _layout(connection) == LAYOUT:
                return connection
            connection.close()
        except sqlite3.DatabaseError:
            pass
        place.unlink(missing_ok=True)
    connection = sqlite3.connect(":memory:" if place is None else place, timeout=LOCK_TIMEOUT_S)
    connection.executescript(_SCHEMA + f"PRAGMA user_version = {LAYOUT};")
    return connection


def index_file(connection: sqlite3.Connection) -> str:
    """File that a connection is to; empty if the index is in memory."""
    return str(connection.execute("PRAGMA database_list").fetchone()[2] or "")


def reopen_index(file: str, inherited: sqlite3.Connection) -> sqlite3.Connection:
    """Open an index once more, in a process that inherited a connection; one in memory was copied with it."""
    return sqlite3.connect(file, timeout=LOCK_TIMEOUT_S) if file else inherited


def index_place(root: Path, index_folder: str | os.PathLike[str] | None) -> Path | None:
    """Where the index of an archive lies: in the given folder, in the archive, or in the user's cache.

    None (in memory) if no folder was given and no place can be written to.
    """
    if index_folder is None and os.access(root, os.W_OK):
        return root / INDEX_NAME
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache, "tremorflow") if index_folder is None else Path(index_folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if writable:
        name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
        return folder / f"{name}{INDEX_NAME}"
    if index_folder is None:
        return None
    raise DataError(f"index folder {folder} cannot be made or written to; choose another")


def refresh_index(
    connection: sqlite3.Connection,
    root: Path,
    files: Sequence[Path],
    find_table: FindTable,
    progress: Progress | None = None,
) -> int:
    """Scan files that are new or changed in size, time or channel table; forget those that are gone.

    Returns
    -------
    Number of files that were scanned.

    Raises
    ------
    DataError
        The index cannot be written, or another process holds it for over a minute.
    """
    try:
        stale, gone = _compare(connection, root, files, find_table)
        if not stale and not gone:
            return 0
        with connection:  # one transaction, so an interrupted build leaves the index as it was
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have done it while this one waited.
            stale, gone = _compare(connection, root, files, find_table)
            for number in gone:
                _forget(connection, number)
            rows = connection.execute("SELECT id, channels FROM channel_sets")
            sets = {text: number for number, text in rows}
            for done, (path, stat) in enumerate(stale, start=1):
                _index_file(connection, path, str(path.relative_to(root)), stat, find_table, sets)
                if progress is not None:
                    progress(done, len(stale))
    except sqlite3.OperationalError as error:
        raise DataError(
            f"the index of {root} cannot be written ({error}); give another index folder, or wait until the "
            "process that builds it is done"
        ) from error
    return len(stale)


def _compare(
    connection: sqlite3.Connection, root: Path, files: Iterable[Path], find_table: FindTable
) -> tuple[list[tuple[Path, _Stat]], list[int]]:
    """Files that must be scanned, and the numbers of indexed files that are gone."""
    known = {
        path: (number, _Stat(size, mtime_ns), name, version)
        for number, path, size, mtime_ns, name, version in connection.execute(
            "SELECT id, path, size, mtime_ns, format, table_version FROM files"
        )
    }
    stale = []
    for path in files:
        try:
            status = path.stat()
        except OSError:
            continue  # gone since it was listed
        stat = _Stat(status.st_size, status.st_mtime_ns)
        before = known.pop(str(path.relative_to(root)), None)
        same = before is not None and before[1] == stat
        if not same or (before is not None and before[2] == "win32" and before[3] != find_table(path)[0]):
            stale.append((path, stat))
    return stale, [entry[0] for entry in known.values()]


def list_files(root: Path) -> Iterator[Path]:
    """Files below a folder in order of name; hidden ones and links that lead round in circles left out."""
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file():
                yield path


def find_spans(
    connection: sqlite3.Connection,
    set_ids: Iterable[int],
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> Iterator[FileSpan]:
    """Spans of these channel sets that overlap a time span, by file and time."""
    sets = channel_sets(connection)
    marks = ",".join(str(int(number)) for number in set_ids)
    (longest,) = connection.execute("SELECT COALESCE(MAX(end_ns - start_ns), 0) FROM spans").fetchone()
    earliest = -(2**63) if start_ns is None else start_ns
    latest = 2**63 - 1 if end_ns is None else end_ns
    rows = connection.execute(
        "SELECT path, format, set_id, start_ns, end_ns, sampling_rate_hz, n_samples "
        "FROM spans JOIN files ON files.id = file_id "
        f"WHERE set_id IN ({marks}) AND start_ns < ? AND start_ns > ? AND end_ns > ? "
        "ORDER BY start_ns, path",
        (latest, max(earliest - longest - 1, -(2**63)), earliest),
    )
    for path, name, number, *rest in rows:
        yield FileSpan(path, name, sets[number], *rest)


def channel_sets(connection: sqlite3.Connection) -> dict[int, tuple[ChannelName, ...]]:
    """Channels of every set that a span of the archive uses."""
    rows = connection.execute(
        "SELECT id, channels FROM channel_sets WHERE id IN (SELECT DISTINCT set_id FROM spans)"
    )
    return {number: tuple((n, s, l, c) for n, s, l, c in json.loads(text)) for number, text in rows}  # noqa: E741


def runs_by_set(connection: sqlite3.Connection) -> Iterator[tuple[int, float, NDArray[np.int64]]]:
    """Set, sampling rate, and (run, 2) start and end in ns, in order of start, of all spans."""
    for number, rate_hz in connection.execute(
        "SELECT DISTINCT set_id, sampling_rate_hz FROM spans ORDER BY set_id, sampling_rate_hz"
    ).fetchall():
        rows = connection.execute(
            "SELECT start_ns, end_ns FROM spans WHERE set_id = ? AND sampling_rate_hz = ? ORDER BY start_ns",
            (number, rate_hz),
        ).fetchall()
        yield number, rate_hz, np.array(rows, dtype=np.int64)


def count_formats(connection: sqlite3.Connection) -> dict[str, int]:
    """Count the files with recordings, by format."""
    rows = connection.execute(
        "SELECT format, COUNT(*) FROM files WHERE id IN (SELECT file_id FROM spans) "
        "GROUP BY format ORDER BY format"
    )
    return dict(rows.fetchall())


def find_skips(connection: sqlite3.Connection) -> list[Skip]:
    """Files and parts of files that could not be used, with the reason."""
    return [
        Skip(path, station, np.datetime64(start, "ns"), np.datetime64(end, "ns"), reason, count)
        for path, station, start, end, reason, count in connection.execute(
            "SELECT path, station, start_ns, end_ns, reason, count FROM skips "
            "JOIN files ON files.id = file_id ORDER BY path"
        )
    ]


def _index_file(
    connection: sqlite3.Connection,
    path: Path,
    name: str,
    stat: _Stat,
    find_table: FindTable,
    sets: dict[str, int],
) -> None:
    for (number,) in connection.execute("SELECT id FROM files WHERE path = ?", (name,)).fetchall():
        _forget(connection, number)
    never = np.datetime64("NaT", "ns")
    spans: list[SegmentSpan] = []
    version, format_name = "", None
    try:
        format_name = detect_format(path) if stat.size else None
        if format_name is None:
            reason = "not a recording in any known format" if stat.size else "empty file"
            skips = [Skip(name, "", never, never, reason)]
        else:
            version, table = find_table(path) if format_name == "win32" else ("", None)
            spans, skips = scan_file(path, table, format_name)
    except DataError as error:
        skips = [Skip(name, "", never, never, str(error))]
    number = connection.execute(
        "INSERT INTO files (path, size, mtime_ns, format, table_version) VALUES (?, ?, ?, ?, ?)",
        (name, *stat, format_name, version),
    ).lastrowid
    for (start, end, rate_hz, n_samples), channels in _by_span(spans).items():
        text = json.dumps(sorted(channels))
        if text not in sets:
            made = connection.execute("INSERT INTO channel_sets (channels) VALUES (?)", (text,))
            sets[text] = made.lastrowid or 0
        row = (number, sets[text], start, end, rate_hz, n_samples)
        connection.execute("INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.executemany(
        "INSERT INTO skips VALUES (?, ?, ?, ?, ?, ?)",
        [(number, s.station, _ns(s.start_time), _ns(s.end_time), s.reason, s.count) for s in skips],
    )


def _by_span(spans: Iterable[SegmentSpan]) -> dict[tuple[int, int, float, int], list[ChannelName]]:
    shared: dict[tuple[int, int, float, int], list[ChannelName]] = {}
    for span in spans:
        key = (_ns(span.start_time), _ns(span.end_time), span.sampling_rate_hz, span.n_samples)
        shared.setdefault(key, []).append(span[:4])
    return shared


def _forget(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM spans WHERE file_id = ?", (number,))
    connection.execute("DELETE FROM skips WHERE file_id = ?", (number,))
    connection.execute("DELETE FROM files WHERE id = ?", (number,))


def _layout(connection: sqlite3.Connection) -> int:
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    return int(layout)


def _ns(time: np.datetime64) -> int:
    return int(time.astype("datetime64[ns]").astype(np.int64))
