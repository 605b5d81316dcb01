"""miniSEED, versions 2 and 3, through libmseed: one decode in C, and a careful walk where a file is damaged.

libmseed only warns when a Steim record fails its own checksum, and stops at the first bytes that are no
record. Here the first costs that record and the second the damaged stretch, both counted; the rest is kept.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymseed
from numpy.typing import NDArray

from tremorflow.io.miniseed_headers import RecordSpans, record_spans, records_near
from tremorflow.io.segments import Reading, Scan, SegmentSpan, Skip, cut_segment, is_plausible
from tremorflow.records import NANOSECONDS, Segment

# Sequence number, quality letter and reserved byte of version 2; volume headers of full SEED; version 3.
_FIRST_RECORD = re.compile(rb"[0-9 \x00]{6}[DRQMVAST][ \x00*]|MS\x03")
_DATA_RECORD = re.compile(rb"[0-9 \x00]{6}[DRQM][ \x00]|MS\x03")
_SMALLEST_RECORD = 40
FILES_KEPT = 6  # the components of a station at the turn of a day
LARGEST_KEPT = 20_000_000  # bytes: a day of one component at 100 Hz takes 5 to 15 MB


class _Record(NamedTuple):
    """Header of one data record and, once decoded, its samples."""

    codes: tuple[str, str, str, str]
    start_ns: int
    sampling_rate_hz: float
    n_samples: int
    samples: NDArray[np.generic] | None


def is_miniseed(head: bytes) -> bool:
    """Whether a file that starts with these bytes is miniSEED (2 or 3) or full SEED."""
    return len(head) >= _SMALLEST_RECORD and _FIRST_RECORD.match(head) is not None


def scan_miniseed(path: Path) -> Scan:
    """Spans of a file from its record headers; no sample is decoded.

    Returns
    -------
    Scan with one span per unbroken run, and a skip for bytes that are no record (a truncated end among them).
    """
    buffer = path.read_bytes()
    runs = _fast_runs(buffer, None, None, None, decode=False)
    skips: list[Skip] = []
    if runs is None or not _ends_with_record(buffer):
        runs, skips = _careful_runs(buffer, path, None, decode=False)
    spans = []
    for run in runs:
        span = run_span(run)
        if is_plausible(span):
            spans.append(span)
        else:
            skips.append(_implausible(path, run))
    return Scan(spans, skips)


def read_miniseed(
    path: Path,
    start_time: np.datetime64 | None = None,
    end_time: np.datetime64 | None = None,
    channels: Collection[str] | None = None,
) -> Reading:
    """Read the samples of a file from ``start_time`` up to, not including, ``end_time``.

    Parameters
    ----------
    path
        miniSEED 2 or 3.
    start_time, end_time
        Span that is wanted; None for all.
    channels
        Codes ``NETWORK.STATION.LOCATION.CHANNEL`` that are wanted; None for all.

    Returns
    -------
    Reading with int32, float32 or float64 segments in counts, and a skip for each kind of damage.

    Notes
    -----
    Records join while each starts within half a sample of where the run before it says; a run whose records
    drift by more than that in sum (a sampling rate that is not quite the stated one) is cut into runs that
    do not.
    """
    buffer, record_times = _recorded(path)
    near = records_near(buffer, record_times, start_time, end_time)
    runs = _fast_runs(near, start_time, end_time, channels, decode=True)
    skips: list[Skip] = []
    if runs is None or not _ends_with_record(buffer):
        runs, skips = _careful_runs(buffer, path, channels, decode=True)
    segments = []
    for run in runs:
        if channels is not None and ".".join(run.codes) not in channels:
            continue
        if not is_plausible(run_span(run)):
            skips.append(_implausible(path, run))
            continue
        segment = _segment(run)
        cut = cut_segment(segment, start_time, end_time)
        if cut is not None:
            segments.append(cut)
    return Reading(segments, skips)


def _recorded(path: Path) -> tuple[bytes, RecordSpans | None]:
    """Bytes of a file and the spans of its records; those of the last few files are kept, if not large.

    A day is read hour by hour: without this its files would be read and their headers looked at 24 times.
    """
    state = path.stat()
    if state.st_size > LARGEST_KEPT:
        return _read_recorded(path)
    return _kept(path, state.st_mtime_ns, state.st_size)


def _read_recorded(path: Path) -> tuple[bytes, RecordSpans | None]:
    buffer = path.read_bytes()
    return buffer, record_spans(buffer)


@lru_cache(maxsize=FILES_KEPT)
def _kept(path: Path, modified_ns: int, size: int) -> tuple[bytes, RecordSpans | None]:
    """As ``_read_recorded``; time and size tell whether the file is still the same."""
    return _read_recorded(path)


def forget_files() -> None:
    """Forget the files that are kept, as a measurement of reading must."""
    _kept.cache_clear()


def run_span(run: _Record) -> SegmentSpan:
    """Span of a run of records; one that never ends in time (rate 0) ends where it starts."""
    start = np.datetime64(run.start_ns, "ns")
    length_s = run.n_samples / run.sampling_rate_hz if run.sampling_rate_hz > 0 else 0.0
    length_ns = round(min(length_s, 1e9) * NANOSECONDS)
    return SegmentSpan(
        *run.codes, start, start + np.timedelta64(length_ns, "ns"), run.sampling_rate_hz, run.n_samples
    )


def _segment(run: _Record) -> Segment:
    assert run.samples is not None
    return Segment(*run.codes, np.datetime64(run.start_ns, "ns"), run.sampling_rate_hz, run.samples)


def _implausible(path: Path, run: _Record) -> Skip:
    start = np.datetime64(run.start_ns, "ns")
    station = f"{run.codes[0]}.{run.codes[1]}"
    reason = f"record of {run.sampling_rate_hz:g} Hz at {start} is not a recording"
    return Skip(str(path), station, start, start, reason)


def _fast_runs(
    buffer: bytes | memoryview,
    start_time: np.datetime64 | None,
    end_time: np.datetime64 | None,
    channels: Collection[str] | None,
    *,
    decode: bool,
) -> list[_Record] | None:
    """Give the runs as libmseed joins them; None where anything is amiss and records must be seen singly."""
    try:
        traces = pymseed.MS3TraceList.from_buffer(
            buffer,
            unpack_data=decode,
            sourceid=_pattern(channels),
            starttime=None if start_time is None else f"{start_time.astype('datetime64[ns]')}Z",
            endtime=None if end_time is None else f"{end_time.astype('datetime64[ns]')}Z",
        )
    except pymseed.MiniSEEDError:
        return None
    if any("integrity" in message for message in pymseed.get_error_messages()):
        return None
    runs = []
    for trace in traces:
        codes = _codes(trace)
        for part in trace:
            if codes is None or part.samprate <= 0 or part.samplecnt <= 0:
                continue
            if _drifts(part.starttime, part.endtime, part.samplecnt, part.samprate):
                return None
            if decode and part.sampletype not in {"i", "f", "d"}:
                continue
            samples = part.take_np_datasamples() if decode else None
            if samples is not None and len(samples) != part.samplecnt:
                return None
            runs.append(_Record(codes, part.starttime, part.samprate, part.samplecnt, samples))
    return runs


def _careful_runs(
    buffer: bytes, path: Path, channels: Collection[str] | None, *, decode: bool
) -> tuple[list[_Record], list[Skip]]:
    """Give the runs, one record at a time; records that do not decode or fail their checksum are counted."""
    bad: dict[tuple[str, str], list[int]] = {}
    good = []
    for record, start_ns, station, reason in _walk(buffer, decode=decode):
        if record is None:
            bad.setdefault((station, reason), []).append(start_ns)
        elif channels is None or ".".join(record.codes) in channels:
            good.append(record)
    skips = []
    for (station, reason), times in bad.items():
        # A stretch that is no record has no time.
        first = np.datetime64(min(times), "ns") if station else np.datetime64("NaT", "ns")
        last = np.datetime64(max(times), "ns") if station else first
        skips.append(Skip(str(path), station, first, last, reason, len(times)))
    return list(_join(good)), skips


def _walk(buffer: bytes, *, decode: bool) -> Iterator[tuple[_Record | None, int, str, str]]:
    """Each record (or None, its start, its station and what is wrong with it), through damage to the end."""
    view = memoryview(buffer)
    offset = 0
    while offset < len(buffer):
        try:
            header = pymseed.MS3Record.parse(view[offset:])
        except pymseed.MiniSEEDError:
            match = _DATA_RECORD.search(buffer, offset + 1)
            if _DATA_RECORD.match(buffer, offset):
                yield None, 0, "", "record that is cut off or damaged"
            elif not _FIRST_RECORD.match(buffer, offset):
                yield None, 0, "", "stretch of bytes that is no miniSEED record"
            offset = match.start() if match else len(buffer)
            continue
        end = offset + header.reclen
        codes = _codes(header)
        if codes is not None and header.samplecnt > 0 and header.samprate > 0:
            yield _decode(header, view[offset:end], codes, decode=decode)
        offset = end


def _decode(
    header: pymseed.MS3Record, record: memoryview, codes: tuple[str, str, str, str], *, decode: bool
) -> tuple[_Record | None, int, str, str]:
    station = f"{codes[0]}.{codes[1]}"
    samples = None
    if decode:
        try:
            decoded = pymseed.MS3Record.parse(record, unpack_data=True)
        except pymseed.MiniSEEDError:
            return None, header.starttime, station, "record whose samples do not decode"
        if any("integrity" in message for message in pymseed.get_error_messages()):
            return None, header.starttime, station, "record that fails its own checksum"
        if decoded.numsamples != header.samplecnt or decoded.sampletype not in {"i", "f", "d"}:
            return None, header.starttime, station, "record whose samples do not decode"
        samples = decoded.np_datasamples.copy()
    found = _Record(codes, header.starttime, header.samprate, header.samplecnt, samples)
    return found, header.starttime, station, ""


def _join(records: Iterable[_Record]) -> Iterator[_Record]:
    """Join records of one channel that follow each other within half a sample of the run's own clock."""
    by_channel: dict[tuple[str, str, str, str], list[_Record]] = {}
    for record in records:
        by_channel.setdefault(record.codes, []).append(record)
    for same_channel in by_channel.values():
        run: list[_Record] = []
        n_samples = 0
        for record in sorted(same_channel, key=lambda r: r.start_ns):
            if run and not _follows(run[0], n_samples, record):
                yield _merged(run)
                run, n_samples = [], 0
            run.append(record)
            n_samples += record.n_samples
        yield _merged(run)


def _follows(first: _Record, n_samples: int, record: _Record) -> bool:
    if record.sampling_rate_hz != first.sampling_rate_hz or (
        record.samples is not None
        and first.samples is not None
        and record.samples.dtype != first.samples.dtype
    ):
        return False
    expected_ns = first.start_ns + n_samples / first.sampling_rate_hz * NANOSECONDS
    return abs(record.start_ns - expected_ns) <= 0.5 * NANOSECONDS / first.sampling_rate_hz


def _merged(run: list[_Record]) -> _Record:
    parts = [record.samples for record in run if record.samples is not None]
    samples = np.concatenate(parts) if parts else None
    return run[0]._replace(n_samples=sum(record.n_samples for record in run), samples=samples)


def _drifts(start_ns: int, last_ns: int, n_samples: int, rate_hz: float) -> bool:
    """Whether records that libmseed joined one by one are off by over half a sample in sum."""
    return abs((last_ns - start_ns) - (n_samples - 1) / rate_hz * NANOSECONDS) > 0.5 * NANOSECONDS / rate_hz


def _ends_with_record(buffer: bytes) -> bool:
    """Whether the last record is whole; libmseed drops a cut one without a word.

    Records of version 2 are powers of two long and, in practice, all as long as the first (a mixture only
    costs the careful walk); those of version 3 state their lengths in their headers.
    """
    if not buffer.startswith(b"MS\x03"):
        try:
            return len(buffer) % pymseed.MS3Record.parse(buffer).reclen == 0
        except pymseed.MiniSEEDError:
            return False
    offset = 0
    while offset + _SMALLEST_RECORD <= len(buffer):
        extra = int.from_bytes(buffer[offset + 34 : offset + 36], "little")
        payload = int.from_bytes(buffer[offset + 36 : offset + 40], "little")
        offset += _SMALLEST_RECORD + buffer[offset + 33] + extra + payload
    return offset == len(buffer)


def _codes(source: Any) -> tuple[str, str, str, str] | None:
    """Network, station, location and channel of an FDSN source identifier, None for any other."""
    try:
        network, station, location, channel = pymseed.sourceid2nslc(source.sourceid)
    except ValueError:  # letters that are no text among them
        return None
    return network.strip(), station.strip(), location.strip(), channel.strip()


def _pattern(channels: Collection[str] | None) -> str | None:
    """Pattern that lets libmseed pass over other stations, where all wanted channels are of one."""
    if channels is None:
        return None
    stations = {code.rsplit(".", 2)[0] for code in channels}
    if len(stations) != 1:
        return None
    network, _, station = stations.pop().partition(".")
    if not re.fullmatch(r"\w+", network) or not re.fullmatch(r"\w+", station):
        return None
    return f"FDSN:{network}_{station}_*"
