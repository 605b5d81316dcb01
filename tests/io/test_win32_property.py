"""Damaged WIN32 files: what is still there is read, what is not is counted, and nothing false comes out."""

import random
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from win32_bytes import FILE_HEADER, block, part, seconds_after

from tremorflow.errors import DataError
from tremorflow.io.segments import Reading, Scan
from tremorflow.io.win32 import Win32Settings, is_win32, read_win32, scan_win32
from tremorflow.records import utc

NOON = datetime(
    2017, 1, 1, 12, 34, 50
)  # minutes that could pass for a sample count; tens of seconds turn over
START = utc("2017-01-01T03:34:50")
N_BLOCKS = 14
CHANNELS = (0x3E83, 0x3E84, 0x3E85)
RATE = 20
Seconds = dict[tuple[int, int], list[int]]  # channel and second -> samples


def recording() -> tuple[list[bytes], Seconds]:
    """Blocks of three channels in the widths that Hi-net uses, and every second of theirs."""
    random_ = random.Random(20170101)
    truth: Seconds = {}
    blocks = []
    for second in range(N_BLOCKS):
        parts = []
        for channel in CHANNELS:
            width = random_.choice([1, 1, 2, 3])
            limit = 2 ** (8 * width - 2)
            truth[channel, second] = [random_.randrange(-limit, limit) // 2 for _ in range(RATE)]
            parts.append(part(0x0101, channel, width, truth[channel, second]))
        blocks.append(block(seconds_after(NOON, second), parts))
    return blocks, truth


BLOCKS, TRUTH = recording()
WHOLE = FILE_HEADER + b"".join(BLOCKS)
OFFSETS = np.cumsum([4, *map(len, BLOCKS)]).tolist()  # where each block begins, and the end


def read_bytes(content: bytes, strict: bool = False) -> tuple[Reading, Scan]:
    """Reading and scan of a file with this content; they must tell the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.cnt"
        path.write_bytes(content)
        is_win32(path)
        chosen = Win32Settings(strict=strict)
        reading, scan = read_win32(path, settings=chosen), scan_win32(path, settings=chosen)
    lost_samples = [skip for skip in reading.skips if "32 bits" in skip.reason]  # seen in decoding only
    if not lost_samples:
        assert str(reading.skips) == str(scan.skips)  # as text, because NaT differs from itself
        spans = sorted(span[:6] for span in scan.spans)
        codes = [(one.network, one.station, one.location, one.channel) for one in reading.segments]
        assert spans == sorted(
            (*code, one.start_time, one.end_time) for code, one in zip(codes, reading.segments, strict=True)
        )
    return reading, scan


def seconds_of(reading: Reading) -> Seconds:
    found: Seconds = {}
    for one in reading.segments:
        rate = int(one.sampling_rate_hz)
        first = int((one.start_time - START) / np.timedelta64(1, "s"))
        for i, samples in enumerate(one.samples.reshape(-1, rate).tolist()):
            found[int(one.station, 16), first + i] = samples
    return found


def assert_only_lost(reading: Reading, lost_blocks: set[int]) -> None:
    """Every second is as recorded or absent, absent only in these blocks, and if absent then counted."""
    found = seconds_of(reading)
    for place, samples in found.items():
        assert TRUTH.get(place) == samples
    missing = {second for channel, second in TRUTH if (channel, second) not in found}
    assert missing <= lost_blocks
    if missing:
        assert reading.skips


def flip(content: bytes, byte: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def test_the_undamaged_file_is_whole() -> None:
    reading, _ = read_bytes(WHOLE, strict=True)
    assert seconds_of(reading) == TRUTH
    assert len(reading.segments) == len(CHANNELS)


@given(length=st.integers(0, len(WHOLE) - 1))
@settings(max_examples=60)
def test_a_truncated_file_keeps_its_whole_blocks(length: int) -> None:
    whole_blocks = sum(end <= length for end in OFFSETS[1:])
    if whole_blocks == 0:
        with pytest.raises(DataError, match=r"damaged\.cnt"):
            read_bytes(WHOLE[:length])
        return
    reading, _ = read_bytes(WHOLE[:length])
    assert seconds_of(reading) == {place: one for place, one in TRUTH.items() if place[1] < whole_blocks}
    assert len(reading.skips) == (length not in OFFSETS)


HEADER_BITS = [(byte, bit) for byte in range(16) for bit in range(8)]


@pytest.mark.parametrize("index", [1, 6, N_BLOCKS - 2])
def test_any_flipped_bit_of_a_block_header_costs_that_block(index: int) -> None:
    """All 128 bits of time, length in time and size, each by itself."""
    for byte, bit in HEADER_BITS:
        reading, _ = read_bytes(flip(WHOLE, OFFSETS[index] + byte, bit))
        assert_only_lost(reading, {index})
        assert reading.skips, (byte, bit)


@pytest.mark.parametrize("index", [0, N_BLOCKS - 1])
def test_a_flipped_size_costs_the_first_or_last_block_only(index: int) -> None:
    for byte, bit in HEADER_BITS[12 * 8 :]:
        reading, _ = read_bytes(flip(WHOLE, OFFSETS[index] + byte, bit))
        assert_only_lost(reading, {index})
        assert reading.skips, (byte, bit)


@given(index=st.integers(0, N_BLOCKS - 1), size=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_a_block_may_claim_any_size(index: int, size: int) -> None:
    at = OFFSETS[index] + 12
    reading, _ = read_bytes(WHOLE[:at] + size.to_bytes(4, "big") + WHOLE[at + 4 :])
    assert_only_lost(reading, {index})


@pytest.mark.parametrize("swallowed", [1, 2, N_BLOCKS - 4])
def test_a_size_that_swallows_whole_blocks_is_seen_through(swallowed: int) -> None:
    size = OFFSETS[3 + swallowed] - OFFSETS[2] - 16
    content = WHOLE[: OFFSETS[2] + 12] + size.to_bytes(4, "big") + WHOLE[OFFSETS[2] + 16 :]
    reading, _ = read_bytes(content)
    assert_only_lost(reading, {2})
    assert reading.skips


def test_a_swallowed_header_that_would_pass_for_a_channel_is_seen_through() -> None:
    """At 10:20 a header reads as 32 samples of 8 bits: 41 bytes, here those of the whole next block."""
    clock = datetime(2017, 1, 1, 10, 20)
    parts = [part(0x0101, 1, 1, list(range(i, i + 16))) for i in range(4)]
    blocks = [block(seconds_after(clock, i), [one]) for i, one in enumerate(parts)]
    blocks[1] = block(seconds_after(clock, 1), [parts[1]], size=25 + 41)
    reading, _ = read_bytes(FILE_HEADER + b"".join(blocks))
    assert [one.samples[0] for one in reading.segments] == [0, 2]
    assert {one.station for one in reading.segments} == {"0001"}
    assert [skip.count for skip in reading.skips] == [1]


def test_any_flipped_bit_of_a_part_header_never_gives_false_samples() -> None:
    """Width and count of the second channel of a block; the channel number itself has no check."""
    at = BLOCKS[5].index(bytes.fromhex("0101 3E84")) + OFFSETS[5]
    for byte in (4, 5):
        for bit in range(8):
            reading, _ = read_bytes(flip(WHOLE, at + byte, bit))
            assert_only_lost(reading, {5})
            assert reading.skips, (byte, bit)


@given(first=st.integers(4, len(WHOLE) - 1), length=st.integers(1, 400), seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_cut_out_and_foreign_stretches_cost_the_blocks_they_touch(first: int, length: int, seed: int) -> None:
    last = min(first + length, len(WHOLE))
    touched = {i for i in range(N_BLOCKS) if OFFSETS[i] < last and OFFSETS[i + 1] > first}
    if first < OFFSETS[min(touched)] + 12:
        touched.add(min(touched) - 1)  # nothing tells its end from its samples any more
    random_ = random.Random(seed)
    for foreign in (b"", random_.randbytes(random_.randrange(1, 300)), bytes(length), b"\xff" * length):
        content = WHOLE[:first] + foreign + WHOLE[last:]
        if len(touched) >= N_BLOCKS:
            continue
        reading, _ = read_bytes(content)
        found = seconds_of(reading)
        for place, samples in TRUTH.items():
            if place[1] not in touched:
                assert found.get(place) == samples
        if len(foreign) != last - first and (any(foreign) or not foreign):  # zeros may be space set aside
            assert {place: found[place] for place in found.keys() & TRUTH.keys()}.items() <= TRUTH.items()
        # A stretch of the same length can be other samples, or the time of the first block: no skip then.
        assert reading.skips or len(foreign) in {0, last - first}
        assert len(found.keys() - TRUTH.keys()) <= len(touched) * len(CHANNELS)


@given(content=st.binary(max_size=600), header=st.booleans())
@settings(max_examples=60)
def test_random_bytes_are_refused(content: bytes, header: bool) -> None:
    with pytest.raises(DataError, match=r"damaged\.cnt"):
        read_bytes(FILE_HEADER + BLOCKS[0][:16] + content if header else content)


@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=60))
@settings(max_examples=120)
def test_no_damage_raises_anything_but_a_data_error(changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for byte, value in changes:
        content[byte] = value
    for strict in (False, True):
        try:
            read_bytes(bytes(content), strict)
        except DataError as error:
            assert "damaged.cnt" in str(error)  # noqa: PT017 - most damage raises nothing


@given(
    parts=st.lists(
        st.tuples(st.integers(0, 15), st.integers(0, 30), st.integers(0, 3), st.binary(max_size=200)),
        max_size=8,
    ),
    frame=st.sampled_from([0, 1, 7, 10, 11, 20, 600, 36_000, 36_001, 2**32 - 1]),
    stamp=st.binary(min_size=8, max_size=8) | st.just(BLOCKS[0][:8]),
)
@settings(max_examples=120)
def test_well_sized_nonsense_raises_nothing_but_a_data_error(
    parts: list[tuple[int, int, int, bytes]], frame: int, stamp: bytes
) -> None:
    body = b"".join(
        bytes([1, 1, 0, channel]) + (width << 12 | n).to_bytes(2, "big") + content
        for width, n, channel, content in parts
    )
    nonsense = stamp + frame.to_bytes(4, "big") + len(body).to_bytes(4, "big") + body
    try:
        read_bytes(FILE_HEADER + nonsense + nonsense + BLOCKS[0])
    except DataError as error:
        assert "damaged.cnt" in str(error)  # noqa: PT017 - most nonsense raises nothing


def test_impossible_times_are_counted_and_the_rest_is_kept() -> None:
    for wrong in (
        "2017013212345600",
        "2017022912345600",
        "201701011234500a",
        "2017010124000000",
        "0000000000000000",
    ):
        content = WHOLE[: OFFSETS[4]] + bytes.fromhex(wrong) + WHOLE[OFFSETS[4] + 8 :]
        reading, _ = read_bytes(content)
        assert_only_lost(reading, {4})
        (skip,) = reading.skips
        assert (skip.count, skip.start_time) == (1, START + np.timedelta64(4, "s"))
        assert f"byte {OFFSETS[4]}" in skip.reason


@pytest.mark.parametrize(("width", "n"), [(6, 3), (15, 3), (0, 0), (1, 0), (5, 0)])
def test_impossible_widths_and_counts_cost_their_block(width: int, n: int) -> None:
    body = bytes(4) + bytes(min(width, 4) * max(n - 1, 0))
    wrong = (0x01013E83).to_bytes(4, "big") + (width << 12 | n).to_bytes(2, "big") + body
    content = WHOLE[: OFFSETS[4]] + block(seconds_after(NOON, 4), [wrong]) + WHOLE[OFFSETS[5] :]
    reading, _ = read_bytes(content)
    assert_only_lost(reading, {4})
    assert {place[1] for place in seconds_of(reading)} == set(range(N_BLOCKS)) - {4}
    assert [skip.count for skip in reading.skips] == [1]


def test_samples_beyond_32_bits_are_left_out() -> None:
    rising = (0x01010001).to_bytes(4, "big") + (4 << 12 | 3).to_bytes(2, "big") + b"\x7f\xff\xff\xff" * 3
    content = FILE_HEADER + block(NOON, [rising, part(0x0101, 2, 1, [1, 2, 3])])
    reading, _ = read_bytes(content)
    assert [one.station for one in reading.segments] == ["0002"]
    assert [skip.count for skip in reading.skips] == [1]


def test_strict_reading_names_file_place_and_cure() -> None:
    broken = flip(WHOLE, OFFSETS[7] + 13, 0)
    with pytest.raises(DataError, match=rf"damaged\.cnt.*byte {OFFSETS[7]}.*2017-01-01T03:34:57.*fetch"):
        read_bytes(broken, strict=True)


@pytest.mark.parametrize("size", [26 * 10_000, 26 * 10_000 - 7])
def test_a_file_made_to_waste_time_is_given_up(size: int) -> None:
    """Each of 20,000 parts hides a header with 10,000 parts behind it, which fill its size or just not."""
    header = bytes.fromhex("2017010112000000 0000000A") + size.to_bytes(4, "big")
    trap = bytes.fromhex("0101 0001 1011 00000000") + header
    before = time.process_time()
    with pytest.raises(DataError, match="no whole WIN32 block"):
        read_bytes(FILE_HEADER + trap * 20_000)
    assert time.process_time() - before < 5  # it takes 0.1 s; trying every header takes 20 s


def test_missing_and_empty_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.cnt").write_bytes(b"")
    for name in ("empty.cnt", "absent.cnt"):
        with pytest.raises(DataError, match=name):
            scan_win32(tmp_path / name)
