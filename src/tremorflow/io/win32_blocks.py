"""The bytes of WIN32: blocks, channel parts, time stamps and samples.

    file     4 zero bytes, then blocks
    block    8 bytes time in BCD (YYYYMMDDhhmmss and 1/100 s)
             4 bytes length in time, in 0.1 s (10 in every file of NIED)
             4 bytes size of the channel parts that follow
    part     1 byte organisation, 1 byte network, 2 bytes channel
             4 bits sample width, 12 bits number of samples
             4 bytes first sample, then the others

Everything is big-endian and signed. Widths 0 to 4 store the difference to the sample before in 4, 8, 16,
24 and 32 bits, width 5 stores the samples themselves in 32 bits. With 4 bits the high half byte comes first,
and an odd number of them is filled up with 0. Source: "WIN32 data file format" of NIED, checked on files.
"""

import struct
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FILE_HEADER = bytes(4)
BLOCK_HEADER_BYTES = 16
PART_HEADER_BYTES = 6
FRAME_UNIT_NS = 100_000_000
MAX_FRAME = 36_000  # an hour: longer would be less than two samples a second
MAX_SAMPLES = 4095
MAX_EFFORT = (
    16  # times the file that is searched for blocks: only a file made to waste time needs more than 1
)
ABSOLUTE = 5
SAMPLE_BITS = (4, 8, 16, 24, 32, 32)

NO_HEADER = "no block header"
CUT_SHORT = "block runs past the end of the file"
BAD_PARTS = "channel parts do not fill the block"
NOT_FOLLOWED = "block that the next one does not follow"
TOO_DAMAGED = "rest of the file too damaged to search"

ByteArray = NDArray[np.uint8]
IntArray = NDArray[np.int64]
CountArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

_FRAME_AND_SIZE = struct.Struct(">II")
_SEARCH_CHUNK = 1 << 20


def _sizes_by_word() -> list[int]:
    word = np.arange(1 << 16)
    width, n = word >> 12, word & 0xFFF
    differences = np.where(width == 0, n // 2, np.minimum(width, 4) * (n - 1))
    return [int(size) for size in np.where((n == 0) | (width > ABSOLUTE), 0, 10 + differences)]


PART_BYTES = _sizes_by_word()  # bytes of a part by its 16 bits of width and count; 0 where impossible


@dataclass(slots=True)
class Walk:
    """Where the blocks and the parts of a file begin, and what stood in the way."""

    blocks: list[int] = field(default_factory=list)  # byte of each block
    n_parts: list[int] = field(default_factory=list)  # parts of each block
    parts: list[int] = field(default_factory=list)  # byte of each part
    damage: list[tuple[str, int]] = field(default_factory=list)  # reason and byte
    end: int = 0  # of the last block

    def forget_last(self) -> None:
        """Turn the last block into damage."""
        self.damage.append((NOT_FOLLOWED, self.blocks.pop()))
        del self.parts[len(self.parts) - self.n_parts.pop() :]


def walk_blocks(buffer: bytes) -> Walk:
    """Byte positions of all blocks and parts; damaged stretches are noted and jumped over.

    Notes
    -----
    A block counts only if its parts fill its size exactly and what follows looks like a header, if only in
    the year or the length in time: bytes that went missing or came in shift the samples and the next header.
    After a bad block, the next place takes over where a time stamp and a length in time are possible *and*
    the parts fill the block. Files that were joined end to end keep their file headers between the blocks;
    these are passed silently.
    """
    walk = Walk()
    headers: list[int] | None = None
    position, effort = len(FILE_HEADER), 0
    while position < len(buffer):
        parts = block_parts(buffer, position)
        if isinstance(parts, str) and buffer[position : position + 4] == FILE_HEADER:
            parts = block_parts(buffer, position + 4)
            position += 0 if isinstance(parts, str) else 4
        if not isinstance(parts, str):
            walk.blocks.append(position)
            position = parts.pop()
            walk.n_parts.append(len(parts))
            walk.parts += parts
            walk.end = position
            continue
        walk.damage.append((parts, position))
        headers = possible_headers(buffer) if headers is None else headers
        before = walk.blocks[-1] if walk.blocks and walk.end == position else position
        following, cost = _next_block(buffer, headers, before)
        if before < position and (following < position or not _looks_like_header(buffer, position, before)):
            walk.forget_last()
            cost += position - before
        position, effort = following, effort + cost
        if effort > MAX_EFFORT * len(buffer):
            walk.damage.append((TOO_DAMAGED, position))
            break
    return walk


def _looks_like_header(buffer: bytes, position: int, block: int) -> bool:
    """Whether the year or the length in time of ``block``, or a file header, stands where one should."""
    there, header = buffer[position : position + 12], buffer[block : block + 12]
    return there[:2] == header[: min(2, len(there))] or there[8:] == header[8:] or there[:4] == FILE_HEADER


def block_parts(buffer: bytes, position: int) -> list[int] | str:
    """Bytes at which the parts of the block at ``position`` begin and, last, its end; or what is wrong."""
    if position + BLOCK_HEADER_BYTES > len(buffer):
        return CUT_SHORT
    frame, size = _FRAME_AND_SIZE.unpack_from(buffer, position + 8)
    if not 1 <= frame <= MAX_FRAME:
        return NO_HEADER
    at = position + BLOCK_HEADER_BYTES
    end = at + size
    if end > len(buffer):
        return CUT_SHORT
    # Organisation and network that read like the year are the next block: the size of this one lies.
    year = buffer[position : position + 2]
    last = end - 10
    parts = []
    while at <= last:
        part_bytes = PART_BYTES[buffer[at + 4] << 8 | buffer[at + 5]]
        if not part_bytes or buffer[at : at + 2] == year:
            return BAD_PARTS
        parts.append(at)
        at += part_bytes
    if at != end:
        return BAD_PARTS
    parts.append(end)
    return parts


def possible_headers(buffer: bytes) -> list[int]:
    """Every byte at which a time stamp and a length in time could stand."""
    found: list[int] = []
    bytes_ = np.frombuffer(buffer, dtype=np.uint8)
    beyond = len(bytes_) - BLOCK_HEADER_BYTES + 1
    for first in range(0, beyond, _SEARCH_CHUNK):
        chunk = bytes_[first : min(first + _SEARCH_CHUNK, beyond)]
        century = first + np.flatnonzero((chunk == 0x19) | (chunk == 0x20))
        headers = rows(bytes_, century, BLOCK_HEADER_BYTES)
        frames = headers[:, 8:12].view(">u4")[:, 0]
        possible = decode_times(headers[:, :8])[1] & (frames >= 1) & (frames <= MAX_FRAME)
        found += century[possible].tolist()
    return found


def _next_block(buffer: bytes, headers: list[int], position: int) -> tuple[int, int]:
    """Where reading goes on after a bad block at ``position``, and how many bytes were tried."""
    effort = 0
    for i in range(bisect_right(headers, position), len(headers)):
        header = headers[i]
        if not isinstance(block_parts(buffer, header), str):
            return header, effort
        size = _FRAME_AND_SIZE.unpack_from(buffer, header + 8)[1]
        effort += size if header + size <= len(buffer) else BLOCK_HEADER_BYTES
        if effort > MAX_EFFORT * len(buffer):
            return header, effort
    return len(buffer), effort


def rows(bytes_: ByteArray, positions: IntArray, length: int) -> ByteArray:
    """(position, length) bytes that begin at each position; copied."""
    if not len(positions):
        return np.empty((0, length), dtype=np.uint8)
    # NumPy copies the rows of this view as whole pieces, several times faster than an index for every byte.
    return np.lib.stride_tricks.sliding_window_view(bytes_, length)[positions]


def decode_times(stamps: ByteArray) -> tuple[IntArray, BoolArray]:
    """Nanoseconds since 1970 on the file's clock of (block, 8) BCD stamps, and whether each is possible.

    Years 1970 to 2099. A leap second (second 60) has no place in ``datetime64`` and counts as impossible.
    """
    high, low = stamps >> 4, stamps & 0xF
    possible: BoolArray = np.all((high <= 9) & (low <= 9), axis=1)
    pairs = (high * np.uint8(10) + low).astype(np.int64)
    year = pairs[:, 0] * 100 + pairs[:, 1]
    month, day, hour, minute, second, hundredths = pairs[:, 2:].T
    possible &= (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1)
    possible &= (hour < 24) & (minute < 60) & (second < 60)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("M8[M]")
    days = months.astype("M8[D]") + np.where(possible, day - 1, 0)
    possible &= days.astype("M8[M]") == months
    seconds = ((days.astype(np.int64) * 24 + hour) * 60 + minute) * 60 + second
    return np.where(possible, seconds * 1_000_000_000 + hundredths * 10_000_000, 0), possible


def encode_times(times_ns: IntArray) -> ByteArray:
    """(block, 8) BCD stamps of times in nanoseconds since 1970 on the file's clock."""
    text = np.datetime_as_string(times_ns.astype("M8[ns]"), unit="ms")
    digits = np.array([stamp.translate(_ONLY_DIGITS)[:16] for stamp in text.tolist()], dtype="S16")
    figures = digits.view(np.uint8).reshape(-1, 8, 2) & 0xF
    return (figures[..., 0] << 4 | figures[..., 1]).astype(np.uint8)


_ONLY_DIGITS = str.maketrans("", "", "-T:.")


def decode_samples(
    bytes_: ByteArray, positions: IntArray, width: int, n_samples: int
) -> tuple[CountArray, BoolArray]:
    """(part, sample) counts of the parts at ``positions``, and whether each part stays within 32 bits."""
    raw = rows(bytes_, positions, PART_BYTES[width << 12 | n_samples])
    samples = np.empty((len(raw), n_samples), dtype=np.int32)
    samples[:, 0] = raw[:, 6:10].view(">i4")[:, 0]
    samples[:, 1:] = _decode_bodies(raw[:, 10:], width, n_samples - 1)
    fits = np.ones(len(raw), dtype=np.bool_)
    if width == ABSOLUTE:
        return samples, fits
    # Only parts that could leave 32 bits are summed in 64: few, because differences are small.
    reach = np.abs(samples[:, 0].astype(np.int64)) + ((n_samples - 1) << (SAMPLE_BITS[width] - 1))
    doubtful = np.flatnonzero(reach > np.iinfo(np.int32).max)
    exact = np.cumsum(samples[doubtful], axis=1, dtype=np.int64)
    fits[doubtful] = (exact == exact.astype(np.int32)).all(axis=1)
    np.cumsum(samples, axis=1, dtype=np.int32, out=samples)
    return samples, fits


def _decode_bodies(bodies: ByteArray, width: int, n: int) -> NDArray[np.integer]:
    """(part, n) differences, or samples for width 5, of what follows the first samples."""
    if width == 0:
        halves = np.empty((*bodies.shape, 2), dtype=np.int8)
        halves[..., 0] = bodies.view(np.int8) >> 4
        halves[..., 1] = (bodies << 4).view(np.int8) >> 4
        return halves.reshape(len(bodies), 2 * bodies.shape[1])[:, :n]
    if width == 3:
        padded = np.zeros((len(bodies), n, 4), dtype=np.uint8)
        padded[..., :3] = bodies.reshape(len(bodies), n, 3)
        return padded.view(">i4")[..., 0] >> 8
    kind = {1: "i1", 2: ">i2", 4: ">i4", ABSOLUTE: ">i4"}[width]
    return np.ascontiguousarray(bodies).view(kind).reshape(len(bodies), n)


def smallest_widths(samples: CountArray) -> NDArray[np.int64]:
    """Smallest sample width that holds each row of (part, sample)."""
    steps = np.diff(samples.astype(np.int64), axis=1)
    low, high = steps.min(axis=1, initial=0), steps.max(axis=1, initial=0)
    widths = np.full(len(samples), ABSOLUTE)
    for width in (4, 3, 2, 1, 0):
        limit = 1 << (SAMPLE_BITS[width] - 1)
        widths[(low >= -limit) & (high < limit)] = width
    return widths


def encode_samples(samples: CountArray, width: int) -> ByteArray:
    """(part, byte) first sample and body of each row of (part, sample) in one width that holds them."""
    n_parts, n = samples.shape
    first = samples[:, :1].astype(">i4").view(np.uint8)
    if width == ABSOLUTE:
        body = np.ascontiguousarray(samples[:, 1:].astype(">i4")).view(np.uint8)
        return np.hstack([first, body.reshape(n_parts, 4 * (n - 1))])
    wide = samples.astype(np.int64)
    steps = wide[:, 1:] - wide[:, :-1]
    if width == 0:
        filled = np.zeros((n_parts, n // 2 * 2), dtype=np.uint8)
        filled[:, : n - 1] = steps & 0xF
        return np.hstack([first, filled[:, 0::2] << 4 | filled[:, 1::2]])
    body = np.ascontiguousarray(steps.astype(">i4")).view(np.uint8).reshape(n_parts, n - 1, 4)
    return np.hstack([first, body[..., 4 - width :].reshape(n_parts, width * (n - 1))])
