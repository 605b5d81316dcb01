"""SAC and the rarer waveform formats, through ObsPy's readers.

Left out on purpose: PICKLE (reading it runs what the file says), WIN (takes WIN32 for its own and reads it
wrongly), GSE1 and GSE2 (its decoder writes beyond its buffer on damaged files), SEG-Y and SU (shot records,
weak marks), WAV, and CSS (its samples are in other files).
"""

import importlib
import struct
import warnings
from collections.abc import Callable, Collection
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.segments import Reading, Scan, SegmentSpan, Skip, cut_segment, is_plausible
from tremorflow.records import NANOSECONDS, Segment, Station

OTHER_FORMATS = (
    "SEISAN",
    "SH_ASC",
    "SLIST",
    "TSPAIR",
    "KINEMETRICS_EVT",
    "KNET",
    "REFTEK130",
)

# What ObsPy's readers are seen to raise on damaged files; each becomes a DataError that names the file.
READER_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)

OWN_ERRORS = (
    ("obspy.core.util.obspy_types", "ObsPyException"),
    ("obspy.io.kinemetrics.evt_base", "EvtBaseError"),
    ("obspy.io.nied.knet", "KNETException"),
    ("obspy.io.sac.util", "SacError"),
)


def is_sac(path: Path, head: bytes) -> bool:
    """Whether the file is binary SAC, of either byte order and of header version 6 or 7."""
    if len(head) < 308:
        return False
    # NVHDR, the 77th word, is the version; DELTA, the first, the sampling interval.
    for order in "<>":
        delta, version = (
            struct.unpack_from(order + "f", head)[0],
            struct.unpack_from(order + "i", head, 304)[0],
        )
        if version in (6, 7) and 1e-6 <= delta <= 1e4:
            return path.stat().st_size >= 632
    return False


def is_other(path: Path, head: bytes) -> bool:
    """Whether one of ``OTHER_FORMATS`` takes the file for its own."""
    return bool(head) and find_format(path) is not None


def scan_sac(path: Path) -> Scan:
    """Span of a SAC file from its header."""
    return _scan(path, "SAC")


def read_sac(
    path: Path,
    start_time: np.datetime64 | None = None,
    end_time: np.datetime64 | None = None,
    channels: Collection[str] | None = None,
) -> Reading:
    """Read the float32 samples of a SAC file; see ``read_miniseed``."""
    return _read(path, "SAC", start_time, end_time, channels)


def read_sac_station(path: Path) -> Station | None:
    """Station as the header of a SAC file places it (STLA, STLO, STEL); None if it does not."""
    try:
        trace = _traces(path, "SAC", headonly=True)[0]
    except (DataError, IndexError):
        return None
    header = trace.stats.sac
    if "stla" not in header or "stlo" not in header:
        return None
    place = (float(header.stla), float(header.stlo), float(header.get("stel", 0.0)))
    try:
        return Station(trace.stats.network, trace.stats.station, *place)
    except DataError:
        return None


def scan_other(path: Path) -> Scan:
    """Spans of a file in one of ``OTHER_FORMATS``; ObsPy decodes some of them for it."""
    return _scan(path, _format_of(path))


def read_other(
    path: Path,
    start_time: np.datetime64 | None = None,
    end_time: np.datetime64 | None = None,
    channels: Collection[str] | None = None,
) -> Reading:
    """Read the samples of a file in one of ``OTHER_FORMATS``; see ``read_miniseed``."""
    return _read(path, _format_of(path), start_time, end_time, channels)


def find_format(path: Path) -> str | None:
    """First of ``OTHER_FORMATS`` that takes the file for its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in OTHER_FORMATS:
            try:
                if _plugin(name, "isFormat")(str(path)):
                    return name
            except obspy_errors():
                continue
    return None


def load_obspy() -> ModuleType:
    """ObsPy, imported on first use (it takes a second and warns of Python's own changes)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("obspy")


@cache
def obspy_errors() -> tuple[type[Exception], ...]:
    """Exceptions that stand for a damaged file when an ObsPy reader raises them."""
    load_obspy()
    own = [getattr(importlib.import_module(module), name) for module, name in OWN_ERRORS]
    return (*READER_ERRORS, *own)


@cache
def _plugin(format_name: str, part: str) -> Callable[..., Any]:
    """ObsPy's own ``isFormat`` or ``readFormat`` of a format."""
    load_obspy()
    (point,) = entry_points(group=f"obspy.plugin.waveform.{format_name}", name=part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function: Callable[..., Any] = point.load()
    return function


def _format_of(path: Path) -> str:
    name = find_format(path)
    if name is None:
        raise DataError(f"{path}: no waveform format that is known; convert it to miniSEED or SAC")
    return name


def _traces(path: Path, name: str, *, headonly: bool) -> list[Any]:
    """Traces of the file as ObsPy gives them."""
    with warnings.catch_warnings():
        # Remarks on rounding and headers; what matters is checked on the result.
        warnings.simplefilter("ignore")
        try:
            # Not obspy.read, which guesses, unpacks archives and raises a bare Exception.
            traces = list(_plugin(name, "readFormat")(str(path), headonly=headonly))
        except obspy_errors() as error:
            raise DataError(
                f"{path}: {name} file cannot be read ({type(error).__name__}: {error}); "
                "replace it or take it out of the archive"
            ) from error
    if not traces:
        raise DataError(f"{path}: {name} file holds no trace; take it out of the archive")
    return traces


def _scan(path: Path, name: str) -> Scan:
    spans, skips = [], []
    for trace in _traces(path, name, headonly=True):
        span = _span(path, trace)
        if is_plausible(span):
            spans.append(span)
        else:
            skips.append(_implausible(path, span))
    return Scan(spans, skips)


def _read(
    path: Path,
    name: str,
    start_time: np.datetime64 | None,
    end_time: np.datetime64 | None,
    channels: Collection[str] | None,
) -> Reading:
    segments, skips = [], []
    for trace in _traces(path, name, headonly=False):
        span = _span(path, trace)
        if channels is not None and ".".join(span[:4]) not in channels:
            continue
        samples = _plain(np.asarray(trace.data))
        if samples.shape != (span.n_samples,) or samples.dtype.kind not in "if" or not is_plausible(span):
            skips.append(_implausible(path, span))
            continue
        segment = Segment(*span[:4], span.start_time, span.sampling_rate_hz, samples)
        cut = cut_segment(segment, start_time, end_time)
        if cut is not None:
            segments.append(cut)
    return Reading(segments, skips)


def _plain(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    """Give samples in one of the three types that every stage takes: int32, float32 or float64."""
    if samples.dtype.kind in "iu":
        limits = np.iinfo(np.int32)
        fits = samples.size == 0 or (samples.min() >= limits.min and samples.max() <= limits.max)
        return samples.astype(np.int32 if fits else np.float64)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32 if samples.dtype.itemsize == 4 else np.float64)
    return samples


def _span(path: Path, trace: Any) -> SegmentSpan:
    """Span that the header of a trace states; a time that cannot be becomes the year 1677."""
    stats = trace.stats
    codes = (stats.network, stats.station, stats.location, stats.channel)
    if not all(isinstance(code, str) and code.isprintable() for code in codes):
        raise DataError(f"{path}: station code {codes} is not text; replace the file")
    network, station, location, channel = (code.strip() for code in codes)
    rate_hz, n_samples = float(stats.sampling_rate), int(stats.npts)
    start_ns = int(stats.starttime.ns)
    length_ns = round(min(n_samples / rate_hz, 1e9) * NANOSECONDS) if rate_hz > 0 else 0
    if not abs(start_ns) < 8e18:
        start_ns, length_ns = -(2**63 - 1), 0
    start = np.datetime64(start_ns, "ns")
    end = start + np.timedelta64(length_ns, "ns")
    return SegmentSpan(network, station, location, channel, start, end, rate_hz, n_samples)


def _implausible(path: Path, span: SegmentSpan) -> Skip:
    reason = f"trace of {span.sampling_rate_hz:g} Hz at {span.start_time} that is not a recording"
    return Skip(str(path), f"{span.network}.{span.station}", span.start_time, span.end_time, reason)
