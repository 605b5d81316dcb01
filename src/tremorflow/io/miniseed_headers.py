"""Fixed headers of miniSEED 2, all of a file at once: which records are near a span, before any is parsed.

libmseed parses every record of a file to find those of an hour; a day file read hour by hour would be
parsed 24 times.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FIXED_HEADER = np.dtype(  # SEED manual, chapter 8, then the head of the first blockette; big-endian
    {
        "names": ["quality", "reserved", "year", "day", "hour", "minute", "second", "fraction", "n_samples",
                  "factor", "multiplier", "blockette_at", "blockette", "order", "length"],
        "formats": ["S1", "u1", ">u2", ">u2", "u1", "u1", "u1", ">u2", ">u2",
                    ">i2", ">i2", ">u2", ">u2", "u1", "u1"],
        "offsets": [6, 7, 20, 22, 24, 25, 26, 28, 30, 32, 34, 46, 48, 53, 54],
        "itemsize": 64,
    }
)  # fmt: skip
BLOCKETTE_1000, FIRST_BLOCKETTE = 1000, 48
SPARE_S = 60.0  # clocks are corrected by less, and records may be said to begin a little late


class RecordSpans(NamedTuple):
    """First and last second since 1970 of each record (record,), and the bytes that a record takes."""

    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    length: int


def record_spans(buffer: bytes) -> RecordSpans | None:
    """Spans of the records of a file; None where they cannot be told cheaply.

    Cheaply: big-endian records of version 2, of one length throughout, each with the blockette that says so.
    """
    headers = read_headers(buffer)
    return None if headers is None else RecordSpans(*_spans_s(headers), headers.strides[0])


def records_near(
    buffer: bytes, spans: RecordSpans | None, start_time: np.datetime64 | None, end_time: np.datetime64 | None
) -> bytes | memoryview:
    """Those records of a file that may hold samples of a span; all of it where none is known."""
    if start_time is None or end_time is None or spans is None:
        return buffer
    begin_s, end_s, length = spans
    wanted = [(time - np.datetime64(0, "s")) / np.timedelta64(1, "s") for time in (start_time, end_time)]
    rows = np.flatnonzero((end_s >= wanted[0] - SPARE_S) & (begin_s <= wanted[1] + SPARE_S))
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return memoryview(buffer)[rows[0] * length : (rows[-1] + 1) * length]
    return b"".join(buffer[row * length : (row + 1) * length] for row in rows)


def read_headers(buffer: bytes) -> NDArray[np.void] | None:
    """(record,) headers of a file, with the length of a record as stride; None where they are not alike."""
    if len(buffer) < FIXED_HEADER.itemsize:
        return None
    first = np.frombuffer(buffer, FIXED_HEADER, count=1)[0]
    length = int(first["length"])
    if first["blockette"] != BLOCKETTE_1000 or not 6 <= length <= 16 or len(buffer) % (1 << length):
        return None
    headers = np.ndarray((len(buffer) >> length,), FIXED_HEADER, buffer, strides=(1 << length,))
    return headers if _are_alike(headers, length) else None


def _are_alike(headers: NDArray[np.void], length: int) -> bool:
    """Whether all are headers of data records of this length (log2) in this byte order."""
    return bool(
        np.isin(headers["quality"], [b"D", b"R", b"Q", b"M"]).all()
        and np.isin(headers["reserved"], [0, 32]).all()
        and (headers["blockette"] == BLOCKETTE_1000).all()
        and (headers["blockette_at"] == FIRST_BLOCKETTE).all()
        and (headers["length"] == length).all()
        and (headers["order"] == 1).all()
        and ((headers["year"] >= 1900) & (headers["year"] <= 2200)).all()
        and ((headers["day"] >= 1) & (headers["day"] <= 366)).all()
    )


def _spans_s(headers: NDArray[np.void]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last second since 1970 of the samples of each record; endless without a sampling rate."""
    years = (headers["year"].astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    days = years.astype(np.int64) + headers["day"] - 1
    clock = (
        headers["hour"] * 3600.0 + headers["minute"] * 60.0 + headers["second"] + headers["fraction"] * 1e-4
    )
    begin = days * 86400.0 + clock
    factor, multiplier = headers["factor"].astype(np.float64), headers["multiplier"].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(factor > 0, factor, -1 / factor) * np.where(
            multiplier > 0, multiplier, -1 / multiplier
        )
        length = headers["n_samples"] / rate
    known = np.isfinite(length) & (rate > 0)
    return begin, begin + np.where(known, length, np.inf)
