"""WIN32, the format of NIED's networks (Hi-net, S-net, DONET, V-net): scan, read and write.

What a damaged file cannot tell, because WIN32 has no checksum: a changed sample (it shifts the rest of its
second), a changed channel number, a width of 4 turned into 5 or back, an even count of 4-bit samples turned
into the odd one after it (one second at another rate), and a changed time or length in the first or last
block. Everything else that is amiss costs the blocks that it touches, and is counted.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.channel_table import ChannelName, ChannelTable, channel_names
from tremorflow.io.segments import Reading, Scan, SegmentSpan, cut_segment
from tremorflow.io.win32_blocks import (
    ABSOLUTE,
    BLOCK_HEADER_BYTES,
    FILE_HEADER,
    MAX_FRAME,
    MAX_SAMPLES,
    ByteArray,
    CountArray,
    decode_samples,
    decode_times,
    encode_samples,
    encode_times,
    smallest_widths,
)
from tremorflow.io.win32_index import (
    ONE_SECOND_FRAMES,
    TICK_NS,
    Losses,
    PartArray,
    index_parts,
    unbroken_runs,
)
from tremorflow.options import option, settings_class
from tremorflow.records import NANOSECONDS, Segment
from tremorflow.whole_files import whole_file

UNNAMED_NETWORK = "WIN32"
HEAD_BYTES = len(FILE_HEADER) + BLOCK_HEADER_BYTES


@settings_class
class Win32Settings:
    """How WIN32 files are understood and written."""

    utc_offset_h: float = option(
        9.0, unit="h", reason="NIED stamps its blocks in Japan Standard Time, UTC+9", ge=-14, le=14
    )
    strict: bool = option(
        False, unit="-", reason="a lost second must not cost a day: damage is counted, not raised"
    )
    organisation: int = option(
        1, unit="-", reason="written for channels of a table; 1 is NIED in its format note", ge=0, le=255
    )
    subnetwork: int = option(
        1, unit="-", reason="written for channels of a table; 1 of organisation 1 is Hi-net", ge=0, le=255
    )


def is_win32(path: str | os.PathLike[str], head: bytes | None = None) -> bool:
    """Whether a file begins as WIN32 does.

    Parameters
    ----------
    path
        Opened only if ``head`` is not given.
    head
        The first 20 bytes of the file, or more.
    """
    if head is None:
        with Path(path).open("rb") as file:
            head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES or head[:4] != FILE_HEADER:
        return False
    _, possible = decode_times(np.frombuffer(head[4:12], dtype=np.uint8)[None])
    return bool(possible[0]) and 1 <= int.from_bytes(head[12:16], "big") <= MAX_FRAME


def scan_win32(
    path: str | os.PathLike[str],
    table: ChannelTable | None = None,
    settings: Win32Settings | None = None,
) -> Scan:
    """Spans of a WIN32 file from its headers; samples are decoded only where two parts claim one second.

    Returns
    -------
    Scan with one span per channel and unbroken run at one rate, named as ``read_win32`` names segments, and a
    skip for each reason for which blocks or channel parts do not count.

    Raises
    ------
    DataError
        The file cannot be opened or has not one whole block; with ``strict``, any damage.
    """
    settings = settings or Win32Settings()
    losses = Losses(path)
    _, parts = index_parts(path, settings.utc_offset_h, losses)
    losses.raise_if(settings.strict)
    names = _names(parts, table)
    spans = []
    for first, beyond in unbroken_runs(parts):
        part, n_parts = parts[first], beyond - first
        n, span, start = int(part["n"]), int(part["span"]), int(part["start"])
        times = np.datetime64(start, "ns"), np.datetime64(start + n_parts * span, "ns")
        spans.append(SegmentSpan(*names[int(part["key"])], *times, n * NANOSECONDS / span, n_parts * n))
    return Scan(spans, losses.skips())


def read_win32(
    path: str | os.PathLike[str],
    start_time: np.datetime64 | None = None,
    end_time: np.datetime64 | None = None,
    channels: Collection[str] | None = None,
    table: ChannelTable | None = None,
    settings: Win32Settings | None = None,
) -> Reading:
    """Read the samples of a WIN32 file from ``start_time`` up to, not including, ``end_time``.

    Parameters
    ----------
    path
        WIN32 file, of any number of channels.
    start_time, end_time
        Span that is wanted (UTC); None for all.
    channels
        Codes ``NETWORK.STATION.LOCATION.CHANNEL`` that are wanted; None for all.
    table
        Names the channels. What it does not list is called ``WIN32.3E83.0101.``: the channel number as
        station, organisation and network as location.

    Returns
    -------
    Reading with int32 segments in counts, one per unbroken run at one rate, and a skip for each reason for
    which blocks or channel parts were left out.

    Raises
    ------
    DataError
        The file cannot be opened or has not one whole block, or the span ends before it starts; with
        ``strict``, any damage.

    Notes
    -----
    Blocks may come in any order. Of parts that say the same about a second one is kept, of parts that
    disagree none. A block longer than a second holds either one part per channel, over its whole length, or
    one for each second.
    """
    settings = settings or Win32Settings()
    if start_time is not None and end_time is not None and not start_time < end_time:
        raise DataError(f"{path}: the span ends at {end_time}, not after its start {start_time}; swap them")
    losses = Losses(path)
    buffer, parts = index_parts(path, settings.utc_offset_h, losses)
    names = _names(parts, table)
    wanted = np.ones(len(parts), dtype=np.bool_)
    if channels is not None:
        wanted &= np.isin(parts["key"], [key for key, name in names.items() if ".".join(name) in channels])
    if start_time is not None:
        wanted &= parts["start"] + parts["span"] > _nanoseconds(start_time)
    if end_time is not None:
        wanted &= parts["start"] < _nanoseconds(end_time)
    segments = [
        cut
        for segment in _decode_segments(buffer, parts[wanted], names, losses)
        if (cut := cut_segment(segment, start_time, end_time)) is not None
    ]
    losses.raise_if(settings.strict)
    return Reading(segments, losses.skips())


def write_win32(
    path: str | os.PathLike[str],
    segments: Sequence[Segment],
    table: ChannelTable | None = None,
    width: int | None = None,
    settings: Win32Settings | None = None,
) -> None:
    """Write segments as WIN32 in one-second blocks, whole or not at all.

    Parameters
    ----------
    path
        Replaced at once when the new file is complete.
    segments
        Integer counts within 32 bits, at 1 to 4095 whole samples a second, from a hundredth of a second on,
        whole seconds long; no second of a channel twice.
    table
        Gives the channel numbers. Without it, only names as ``read_win32`` makes up (``WIN32.3E83.0101.``).
    width
        Sample width for every part (0 to 5); None for the smallest that holds each.

    Raises
    ------
    DataError
        A segment that WIN32 cannot hold, a channel without number, or a folder that cannot be written.
    """
    settings = settings or Win32Settings()
    keys = (
        {name: _table_key(number, settings) for number, name in channel_names(table).items()} if table else {}
    )
    blocks: dict[int, dict[int, bytes]] = {}
    for segment in segments:
        name = (segment.network, segment.station, segment.location, segment.channel)
        key = keys[name] if name in keys else _unnamed_key(segment)
        start = _writable_start(segment) + round(settings.utc_offset_h * 3600) * NANOSECONDS
        for second, part in enumerate(_encode_segment(segment, key, width)):
            block = blocks.setdefault(start + second * NANOSECONDS, {})
            if key in block:
                raise DataError(
                    f"{segment.code}: second {second} from {segment.start_time} is given twice; merge it"
                )
            block[key] = part
    _write_blocks(Path(path), blocks)


def _decode_segments(
    buffer: ByteArray, parts: PartArray, names: dict[int, ChannelName], losses: Losses
) -> Iterator[Segment]:
    """Decode parts (sorted by channel and time); all of one channel and number of samples at once."""
    keys = parts["key"].copy()  # in one piece, for the search
    for key in np.unique(keys).tolist():
        of_channel = parts[slice(*np.searchsorted(keys, (key, key + 1)))]
        for n in np.unique(of_channel["n"]).tolist():
            chosen = of_channel[of_channel["n"] == n]
            samples = np.empty((len(chosen), n), dtype=np.int32)
            fits = np.ones(len(chosen), dtype=np.bool_)
            for width in np.unique(chosen["width"]).tolist():
                at = np.flatnonzero(chosen["width"] == width)
                samples[at], fits[at] = decode_samples(buffer, chosen["byte"][at], width, n)
            if not fits.all():
                losses.add_parts("parts whose samples leave 32 bits", chosen[~fits])
                chosen, samples = chosen[fits], samples[fits]
            for first, beyond in unbroken_runs(chosen):
                start, rate_hz = int(chosen["start"][first]), n * NANOSECONDS / int(chosen["span"][first])
                run = samples[first:beyond].reshape(-1)
                yield Segment(*names[key], np.datetime64(start, "ns"), rate_hz, run)


def _names(parts: PartArray, table: ChannelTable | None) -> dict[int, ChannelName]:
    """Name of every channel; two that share a number are told apart by organisation and network."""
    listed = channel_names(table) if table is not None else {}
    keys = np.unique(parts["key"])
    numbers, counts = np.unique(keys & 0xFFFF, return_counts=True)
    shared = set(numbers[counts > 1].tolist())
    names = {}
    for key in keys.tolist():
        number, owner = key & 0xFFFF, f"{key >> 16:04X}"
        network, station, location, channel = listed.get(
            number, (UNNAMED_NETWORK, f"{number:04X}", owner, "")
        )
        if number in listed and number in shared:
            location += owner
        names[key] = (network, station, location, channel)
    return names


def _table_key(number: int, settings: Win32Settings) -> int:
    return settings.organisation << 24 | settings.subnetwork << 16 | number


def _unnamed_key(segment: Segment) -> int:
    """Key from a made-up name; ``DataError`` for any other."""
    hexadecimal = segment.location + segment.station
    made_up = segment.network == UNNAMED_NETWORK and segment.channel == "" and len(hexadecimal) == 8
    if not made_up or not set(hexadecimal) <= set("0123456789ABCDEF"):
        raise DataError(f"{segment.code} is not in the channel table; add a row that gives it a number")
    return int(hexadecimal, 16)


def _writable_start(segment: Segment) -> int:
    """Start in nanoseconds; ``DataError`` if the segment does not fit into one-second blocks."""
    rate, start = segment.sampling_rate_hz, _nanoseconds(segment.start_time)
    if rate != int(rate) or not 1 <= rate <= MAX_SAMPLES:
        raise DataError(
            f"{segment.code}: WIN32 holds 1 to {MAX_SAMPLES} whole Hz, not {rate} Hz; resample it"
        )
    if len(segment.samples) % int(rate):
        raise DataError(
            f"{segment.code}: {len(segment.samples)} samples at {rate} Hz end within a second; cut it"
        )
    if start % TICK_NS:
        raise DataError(
            f"{segment.code}: {segment.start_time} is not a hundredth of a second; shift or resample"
        )
    return start


def _encode_segment(segment: Segment, key: int, forced_width: int | None) -> list[bytes]:
    """Parts of a segment, one per second."""
    limits = np.iinfo(np.int32)
    samples: NDArray[np.generic] = segment.samples
    if not np.issubdtype(samples.dtype, np.integer):
        raise DataError(f"{segment.code}: samples are {samples.dtype}, not counts; scale and round them")
    if samples.size and (int(samples.min()) < limits.min or int(samples.max()) > limits.max):
        raise DataError(f"{segment.code}: samples leave 32 bits; scale them down")
    n = int(segment.sampling_rate_hz)
    by_second: CountArray = samples.astype(np.int32).reshape(-1, n)
    widths = smallest_widths(by_second)
    if forced_width is not None:
        too_wide = (widths > forced_width).any() and forced_width != ABSOLUTE
        if too_wide or not 0 <= forced_width <= ABSOLUTE:
            raise DataError(
                f"{segment.code}: sample width {forced_width} does not hold it; leave the width open"
            )
        widths[:] = forced_width
    parts = [b""] * len(by_second)
    for width in np.unique(widths).tolist():
        header = key.to_bytes(4, "big") + (width << 12 | n).to_bytes(2, "big")
        at = np.flatnonzero(widths == width)
        for second, body in zip(at.tolist(), encode_samples(by_second[at], width), strict=True):
            parts[second] = header + body.tobytes()
    return parts


def _write_blocks(path: Path, blocks: dict[int, dict[int, bytes]]) -> None:
    starts = sorted(blocks)
    stamps = encode_times(np.array(starts, dtype=np.int64))
    try:
        with whole_file(path) as partial, partial.open("wb") as file:
            file.write(FILE_HEADER)
            for start, stamp in zip(starts, stamps, strict=True):
                _refuse_years(path, blocks[start], int.from_bytes(stamp[:2].tobytes(), "big"))
                content = b"".join(part for _, part in sorted(blocks[start].items()))
                file.write(stamp.tobytes() + ONE_SECOND_FRAMES.to_bytes(4, "big"))
                file.write(len(content).to_bytes(4, "big") + content)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); choose another folder") from error


def _refuse_years(path: Path, block: dict[int, bytes], year: int) -> None:
    """Raise ``DataError`` for owners that look like the year, by which readers know the next block."""
    if any(key >> 16 == year for key in block):
        raise DataError(
            f"{path}: organisation and network {year:04X} cannot be told from the year; choose others"
        )


def _nanoseconds(time: np.datetime64) -> int:
    return int(time.astype("M8[ns]").astype(np.int64))
