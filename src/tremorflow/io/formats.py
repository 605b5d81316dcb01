"""The formats behind one plain dictionary: tell them apart by content, scan without decoding, read."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tremorflow.errors import DataError
from tremorflow.io.channel_table import ChannelTable
from tremorflow.io.miniseed import is_miniseed, read_miniseed, scan_miniseed
from tremorflow.io.obspy_formats import is_other, is_sac, read_other, read_sac, scan_other, scan_sac
from tremorflow.io.segments import Reading, Scan
from tremorflow.io.win32 import is_win32, read_win32, scan_win32

HEAD_BYTES = 1024


class Selection(NamedTuple):
    """What of a file is wanted: samples from a time up to another, of some channels (None for all)."""

    start_time: np.datetime64 | None = None
    end_time: np.datetime64 | None = None
    channels: Collection[str] | None = None  # NETWORK.STATION.LOCATION.CHANNEL


class Format(NamedTuple):
    """How files of one format are known (path and first ``HEAD_BYTES``), scanned and read.

    The channel table is for formats that only number their channels.
    """

    is_format: Callable[[Path, bytes], bool]
    scan: Callable[[Path, ChannelTable | None], Scan]
    read: Callable[[Path, Selection, ChannelTable | None], Reading]


FORMATS: dict[str, Format] = {
    "miniseed": Format(
        lambda _, head: is_miniseed(head),
        lambda path, _: scan_miniseed(path),
        lambda path, wanted, _: read_miniseed(path, *wanted),
    ),
    "win32": Format(
        is_win32,
        scan_win32,
        lambda path, wanted, table: read_win32(path, *wanted, table=table),
    ),
    "sac": Format(is_sac, lambda path, _: scan_sac(path), lambda path, wanted, _: read_sac(path, *wanted)),
    # Last, because ObsPy tries several formats in turn.
    "obspy": Format(
        is_other, lambda path, _: scan_other(path), lambda path, wanted, _: read_other(path, *wanted)
    ),
}
EVERYTHING = Selection()


def detect_format(path: Path) -> str | None:
    """Name in ``FORMATS`` of the file's format, from its content; None if it is no recording."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        for name, file_format in FORMATS.items():
            if file_format.is_format(path, head):
                return name
    except OSError as error:
        raise _unreadable(path, error) from error
    return None


def scan_file(path: Path, table: ChannelTable | None = None, format_name: str | None = None) -> Scan:
    """Spans of a file in any of ``FORMATS``, without decoding where the format allows.

    Raises
    ------
    DataError
        The file cannot be opened, is in no known format, or is damaged beyond use.
    """
    try:
        return FORMATS[format_name or _known_format(path)].scan(path, table)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_file(
    path: Path,
    wanted: Selection = EVERYTHING,
    table: ChannelTable | None = None,
    format_name: str | None = None,
) -> Reading:
    """Read the wanted samples of a file in any of ``FORMATS``.

    Parameters
    ----------
    path
        File to read.
    wanted
        Span and channels; everything if not given.
    table
        Names of the channels that a WIN32 file numbers.
    format_name
        Key of ``FORMATS`` if it is known already.

    Raises
    ------
    DataError
        As for ``scan_file``, or the end is before the start.
    """
    check_span(wanted.start_time, wanted.end_time)
    try:
        return FORMATS[format_name or _known_format(path)].read(path, wanted, table)
    except OSError as error:
        raise _unreadable(path, error) from error


def check_span(start_time: np.datetime64 | None, end_time: np.datetime64 | None) -> None:
    """Raise ``DataError`` unless the span has a positive length (None is open)."""
    if start_time is not None and end_time is not None and not start_time < end_time:
        raise DataError(
            f"the span ends at {end_time}, not after its start {start_time}; swap or correct them"
        )


def _known_format(path: Path) -> str:
    name = detect_format(path)
    if name is None:
        raise DataError(f"{path} is in no waveform format that is known; convert it to miniSEED or SAC")
    return name


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be opened ({error.strerror or error}); check that it exists and its rights"
    )
