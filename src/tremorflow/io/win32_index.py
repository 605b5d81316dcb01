"""The channel parts of a WIN32 file by channel and time, each second once; what is doubtful is left out."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.segments import Skip
from tremorflow.io.win32_blocks import (
    BLOCK_HEADER_BYTES,
    FILE_HEADER,
    FRAME_UNIT_NS,
    BoolArray,
    ByteArray,
    IntArray,
    Walk,
    decode_samples,
    decode_times,
    encode_times,
    rows,
    walk_blocks,
)
from tremorflow.records import NANOSECONDS

PartArray = NDArray[np.void]  # with these fields:
PART = np.dtype(
    [
        ("key", "i8"),  # organisation, network and channel, the first four bytes
        ("start", "i8"),  # ns since 1970, UTC
        ("span", "i8"),  # ns
        ("n", "i8"),  # samples
        ("width", "i8"),
        ("byte", "i8"),  # where the part begins
        ("block", "i8"),  # index of its block
    ]
)

ONE_SECOND_FRAMES = NANOSECONDS // FRAME_UNIT_NS
TICK_NS = 10_000_000  # resolution of the time stamps
NO_TIME = int(np.datetime64("NaT", "ns").astype(np.int64))


class Losses:
    """What was left out of one file: count, time span and first byte by reason."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = str(path)
        self._by_reason: dict[str, tuple[int, int, int, int]] = {}

    def add(self, reason: str, count: int, span_ns: tuple[int, int], byte: int) -> None:
        """Note ``count`` blocks or parts that lie in this time span, the first at this byte."""
        known, start, end, first = self._by_reason.get(reason, (0, *span_ns, byte))
        start, end = min(start, span_ns[0]), max(end, span_ns[1])
        self._by_reason[reason] = (known + count, start, end, min(first, byte))

    def add_parts(self, reason: str, parts: PartArray) -> None:
        """Note channel parts."""
        if len(parts):
            span_ns = (int(parts["start"].min()), int((parts["start"] + parts["span"]).max()))
            self.add(reason, len(parts), span_ns, int(parts["byte"].min()))

    def skips(self) -> list[Skip]:
        """One record per reason."""
        return [
            Skip(
                self.path,
                "",
                np.datetime64(start, "ns"),
                np.datetime64(end, "ns"),
                f"{reason} (first at byte {byte})",
                count,
            )
            for reason, (count, start, end, byte) in self._by_reason.items()
        ]

    def raise_if(self, strict: bool) -> None:
        """Raise ``DataError`` about the first loss if there was one and the caller is strict."""
        if strict and self._by_reason:
            skip = self.skips()[0]
            raise DataError(
                f"{self.path}: {skip.reason}, between {skip.start_time} and {skip.end_time}; "
                "fetch the file again, or set strict to false to keep the rest"
            )


def index_parts(
    path: str | os.PathLike[str], utc_offset_h: float, losses: Losses
) -> tuple[ByteArray, PartArray]:
    """Bytes of a file and its usable parts, sorted by channel and time and free of overlap.

    Raises
    ------
    DataError
        The file cannot be opened, or has not one whole block with a channel in it.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be opened ({error.strerror}); check that it exists and its rights"
        ) from error
    walk = walk_blocks(content)
    if not walk.parts:
        why, byte = walk.damage[0] if walk.damage else ("it ends", len(content))
        raise DataError(f"{path} has no whole WIN32 block ({why} at byte {byte}); is it of another format?")
    if content[:4] != FILE_HEADER:
        walk.damage.insert(0, ("file header that is not zero", 0))
    buffer = np.frombuffer(content, dtype=np.uint8)
    starts, frames, usable = _believable_blocks(buffer, walk, utc_offset_h, losses)
    parts = _part_array(buffer, walk, starts, frames)
    parts = _spread_long_blocks(parts[usable[parts["block"]]], frames, losses)
    parts = parts[np.lexsort((parts["byte"], parts["start"], parts["key"]))]
    return buffer, _drop_overlaps(_drop_duplicates(buffer, parts, losses), losses)


def unbroken_runs(parts: PartArray) -> list[tuple[int, int]]:
    """First part, and one beyond the last, of each unbroken run at one rate (parts sorted)."""
    joined = _same(parts, "key", "n", "span")
    joined &= parts["start"][:-1] + parts["span"][:-1] == parts["start"][1:]
    breaks = [0, *(1 + np.flatnonzero(~joined)).tolist(), len(parts)]
    return [(first, beyond) for first, beyond in pairwise(breaks) if first < beyond]


def _believable_blocks(
    buffer: ByteArray, walk: Walk, utc_offset_h: float, losses: Losses
) -> tuple[IntArray, IntArray, BoolArray]:
    """Start (ns, UTC) and length (0.1 s) of every block, and whether to believe them."""
    blocks = np.array(walk.blocks, dtype=np.int64)
    headers = rows(buffer, blocks, BLOCK_HEADER_BYTES)
    frames = headers[:, 8:12].view(">u4")[:, 0].astype(np.int64)
    starts, possible = decode_times(headers[:, :8])
    starts -= round(utc_offset_h * 3600) * NANOSECONDS
    odd_frames = possible & _odd_frames(starts, frames)
    odd_times = possible & _odd_times(starts, frames * FRAME_UNIT_NS, headers, utc_offset_h)
    usable: BoolArray = possible & ~odd_frames & ~odd_times
    doubts = [
        (~possible, "blocks with an impossible time"),
        (odd_frames, "blocks with a length in time that the next block denies"),
        (odd_times & ~odd_frames, "blocks with a time that both neighbours deny"),
    ]
    lost = [(reason, int(blocks[i])) for bad, reason in doubts for i in np.flatnonzero(bad)]
    kept = blocks[usable]
    ends = (starts + frames * FRAME_UNIT_NS)[usable]
    for reason, byte in lost + walk.damage:
        after = int(np.searchsorted(kept, byte))
        losses.add(reason, 1, _span_between(ends[:after], starts[usable][after:]), byte)
    return starts, frames, usable


def _span_between(ends_before: IntArray, starts_after: IntArray) -> tuple[int, int]:
    """Time between the usable blocks on both sides, or that of the one side that there is."""
    if not len(ends_before) and not len(starts_after):
        return NO_TIME, NO_TIME
    first = int(ends_before[-1]) if len(ends_before) else int(starts_after[0])
    last = int(starts_after[0]) if len(starts_after) else first
    return min(first, last), max(first, last)


def _odd_frames(starts: IntArray, frames: IntArray) -> BoolArray:
    """Blocks of another length than most, after which the next block does not follow."""
    lengths, counts = np.unique(frames, return_counts=True)
    odd: BoolArray = frames != lengths[counts.argmax()]
    odd[:-1] &= starts[:-1] + frames[:-1] * FRAME_UNIT_NS != starts[1:]
    return odd


def _odd_times(starts: IntArray, spans: IntArray, headers: ByteArray, utc_offset_h: float) -> BoolArray:
    """Blocks one bit away from the time that would close the gap between their neighbours in the file."""
    odd = np.zeros(len(starts), dtype=np.bool_)
    expected = starts[:-2] + spans[:-2]
    closes = (expected != starts[1:-1]) & (expected + spans[1:-1] == starts[2:])
    middle = 1 + np.flatnonzero(closes & ~np.isin(expected, starts))
    if len(middle):
        clock = expected[middle - 1] + round(utc_offset_h * 3600) * NANOSECONDS
        flipped = np.bitwise_count(encode_times(clock) ^ headers[middle, :8])
        odd[middle] = flipped.sum(axis=1) == 1
    return odd


def _part_array(buffer: ByteArray, walk: Walk, starts: IntArray, frames: IntArray) -> PartArray:
    parts = np.empty(len(walk.parts), dtype=PART)
    parts["byte"] = walk.parts
    parts["block"] = np.repeat(np.arange(len(walk.n_parts)), walk.n_parts)
    headers = rows(buffer, parts["byte"], 6)
    words = headers[:, 4:6].view(">u2")[:, 0]
    parts["key"] = headers[:, :4].view(">u4")[:, 0]
    parts["width"], parts["n"] = words >> 12, words & 0xFFF
    parts["start"] = starts[parts["block"]]
    parts["span"] = frames[parts["block"]] * FRAME_UNIT_NS
    return parts


def _spread_long_blocks(parts: PartArray, frames: IntArray, losses: Losses) -> PartArray:
    """Give the parts of one channel in a block of several seconds one second each."""
    long = np.flatnonzero(parts["span"] > NANOSECONDS)
    if not len(long):
        return parts
    order = long[np.lexsort((parts["byte"][long], parts["key"][long], parts["block"][long]))]
    first, count = _groups(_same(parts[order], "block", "key"))
    rank = np.arange(len(order)) - np.repeat(first, count)
    count = np.repeat(count, count)
    in_seconds = (count > 1) & (count * ONE_SECOND_FRAMES == frames[parts["block"][order]])
    spread = order[in_seconds]
    parts["start"][spread] += rank[in_seconds] * NANOSECONDS
    parts["span"][spread] = NANOSECONDS
    unclear = order[(count > 1) & ~in_seconds]
    losses.add_parts("parts that are neither one for the block nor one for each second", parts[unclear])
    return np.delete(parts, unclear)


def _drop_duplicates(buffer: ByteArray, parts: PartArray, losses: Losses) -> PartArray:
    """Keep one of several parts that say the same about a second, and none of those that disagree."""
    same = _same(parts, "key", "start")
    if not same.any():
        return parts
    first, count = _groups(same)
    keep = np.ones(len(parts), dtype=np.bool_)
    disagree = np.zeros(len(parts), dtype=np.bool_)
    for start, n in zip(first[count > 1], count[count > 1], strict=True):
        group = slice(start, start + n)
        keep[group] = False
        keep[start] = all(_agree(buffer, parts[start], other) for other in parts[start + 1 : start + n])
        disagree[group] = not keep[start]
    losses.add_parts("parts that repeat another one", parts[~keep & ~disagree])
    losses.add_parts("parts that disagree about the same second", parts[disagree])
    return parts[keep]


def _agree(buffer: ByteArray, one: Any, other: Any) -> bool:
    if one["n"] != other["n"] or one["span"] != other["span"]:
        return False
    decoded = [
        decode_samples(buffer, np.array([part["byte"]]), int(part["width"]), int(part["n"]))[0]
        for part in (one, other)
    ]
    return bool((decoded[0] == decoded[1]).all())


def _drop_overlaps(parts: PartArray, losses: Losses) -> PartArray:
    """Leave out parts that begin before an earlier one of their channel has ended, and that earlier one."""
    if len(parts) < 2:
        return parts
    channel = np.cumsum(np.concatenate([[False], ~_same(parts, "key")]))
    starts = (parts["start"] - parts["start"].min()) // TICK_NS
    ends = starts + parts["span"] // TICK_NS
    apart = channel * (int(ends.max()) + 1)  # puts the channels one after the other on one time axis
    latest = np.maximum.accumulate(ends + apart)
    late = 1 + np.flatnonzero(starts[1:] + apart[1:] < latest[:-1])
    if not len(late):
        return parts
    longest = np.searchsorted(latest, latest[late - 1])  # the earlier part that lasts until then
    both = np.union1d(late, longest)
    losses.add_parts("parts that overlap in time", parts[both])
    return np.delete(parts, both)


def _groups(same: BoolArray) -> tuple[IntArray, IntArray]:
    """First index and size of the groups of neighbours that are the same."""
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    return first, np.diff(np.append(first, len(same) + 1))


def _same(parts: PartArray, *fields: str) -> BoolArray:
    """Whether each part but the first equals the one before in these fields."""
    same = np.ones(max(len(parts) - 1, 0), dtype=np.bool_)
    for name in fields:
        same &= parts[name][1:] == parts[name][:-1]
    return same
