"""WIN32 bytes made the slow way, straight from NIED's format note; shares nothing with the package."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

FILE_HEADER = b"\x00\x00\x00\x00"
BITS = {0: 4, 1: 8, 2: 16, 3: 24, 4: 32}


def part(owner: int, channel: int, width: int, samples: Sequence[int]) -> bytes:
    """One channel part; ``owner`` is organisation and network as one 16-bit number."""
    header = owner.to_bytes(2, "big") + channel.to_bytes(2, "big")
    header += (width * 4096 + len(samples)).to_bytes(2, "big") + samples[0].to_bytes(4, "big", signed=True)
    if width == 5:
        return header + b"".join(sample.to_bytes(4, "big", signed=True) for sample in samples[1:])
    bits = BITS[width]
    text = ""
    for before, sample in pairwise(samples):
        step = sample - before
        assert -(2 ** (bits - 1)) <= step < 2 ** (bits - 1)
        text += f"{step % 2**bits:0{bits // 4}x}"
    return header + bytes.fromhex(text + "0" * (len(text) % 2))


def block(clock: datetime, parts: Sequence[bytes], frame: int = 10, size: int | None = None) -> bytes:
    """One block; ``clock`` is what the recorder's clock shows, ``size`` what the header claims."""
    content = b"".join(parts)
    stamp = bytes.fromhex(clock.strftime("%Y%m%d%H%M%S") + f"{clock.microsecond // 10_000:02d}")
    claimed = len(content) if size is None else size
    return stamp + frame.to_bytes(4, "big") + claimed.to_bytes(4, "big") + content


def seconds_after(clock: datetime, n: float) -> datetime:
    return clock + timedelta(seconds=n)
