"""The formats behind one plain dictionary: tell them apart by content, scan without decoding, read."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from tremorflow.errors import DataError
from tremorflow.io.miniseed import is_miniseed, read_miniseed, scan_miniseed
from tremorflow.io.obspy_formats import is_other, is_sac, read_other, read_sac, scan_other, scan_sac
from tremorflow.io.segments import Reading, Scan

HEAD_BYTES = 1024


class ReadFile(Protocol):
    """A format's reader: the samples of the wanted channels of a file between two times."""

    def __call__(  # noqa: D102
        self,
        path: Path,
        start_time: np.datetime64 | None = None,
        end_time: np.datetime64 | None = None,
        channels: Collection[str] | None = None,
    ) -> Reading: ...


class Format(NamedTuple):
    """How files of one format are known, scanned and read."""

    is_format: Callable[[Path, bytes], bool]  # path and the first HEAD_BYTES of the file
    scan: Callable[[Path], Scan]
    read: ReadFile


FORMATS: dict[str, Format] = {
    "miniseed": Format(lambda _, head: is_miniseed(head), scan_miniseed, read_miniseed),
    "sac": Format(is_sac, scan_sac, read_sac),
    # Last, because ObsPy tries several formats in turn.
    "obspy": Format(is_other, scan_other, read_other),
}


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


def scan_file(path: Path, format_name: str | None = None) -> Scan:
    """Spans of a file in any of ``FORMATS``, without decoding where the format allows.

    Raises
    ------
    DataError
        The file cannot be opened, is in no known format, or is damaged beyond use.
    """
    try:
        return FORMATS[format_name or _known_format(path)].scan(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_file(
    path: Path,
    start_time: np.datetime64 | None = None,
    end_time: np.datetime64 | None = None,
    channels: Collection[str] | None = None,
    format_name: str | None = None,
) -> Reading:
    """Read the samples of a file in any of ``FORMATS`` from ``start_time`` up to ``end_time``.

    Parameters
    ----------
    path
        File to read.
    start_time, end_time
        Span that is wanted, the end not included; None for all.
    channels
        Codes ``NETWORK.STATION.LOCATION.CHANNEL`` that are wanted; None for all.
    format_name
        Key of ``FORMATS`` if it is known already.

    Raises
    ------
    DataError
        As for ``scan_file``, or the end is before the start.
    """
    check_span(start_time, end_time)
    try:
        return FORMATS[format_name or _known_format(path)].read(path, start_time, end_time, channels)
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
