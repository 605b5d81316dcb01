"""What is written as WIN32 is read back to the bit, in any width, rate, order and gap."""

import random
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from win32_bytes import FILE_HEADER, block, part, seconds_after

from tremorflow.errors import DataError
from tremorflow.io.channel_table import ChannelRow, ChannelTable
from tremorflow.io.win32 import Win32Settings, read_win32, scan_win32, write_win32
from tremorflow.records import Segment, utc

NOON = datetime(2017, 1, 1, 12)
START = utc("2017-01-01T03:00:00")  # noon on the recorders' clock
RATES = st.sampled_from([1, 2, 3, 20, 99, 100, 101, 200, 255, 256, 257, 1000, 4095])


def counts(seed: int, n_samples: int, step_bits: int) -> NDArray[np.int32]:
    """Counts whose steps need about this many bits; 33 stands for jumps over the whole range."""
    rng = np.random.default_rng(seed)
    limits = np.iinfo(np.int32)
    if step_bits > 32:
        return rng.integers(limits.min, limits.max, size=n_samples, endpoint=True).astype(np.int32)
    half = 1 << (step_bits - 1)
    steps = rng.integers(-half, half, size=n_samples)
    walk, value = [], int(rng.integers(-half, half))
    for step in steps.tolist():
        value = value + step if limits.min <= value + step <= limits.max else value
        walk.append(value)
    return np.array(walk, dtype=np.int32)


def segment(number: int, samples: NDArray[np.integer], rate: int, second: float = 0.0) -> Segment:
    start = START + np.timedelta64(round(second * 100) * 10, "ms")
    return Segment("WIN32", f"{number:04X}", "0101", "", start, float(rate), samples)


def assert_same(expected: list[Segment], path: Path) -> None:
    """File and segments agree to the bit, and the scan says the same without decoding."""
    reading, scan = read_win32(path), scan_win32(path)
    assert reading.skips == scan.skips == []
    ordered = sorted(expected, key=lambda one: (one.code, one.start_time))
    found = sorted(reading.segments, key=lambda one: (one.code, one.start_time))
    assert [one.code for one in found] == [one.code for one in ordered]
    for one, other in zip(found, ordered, strict=True):
        assert (one.start_time, one.sampling_rate_hz) == (other.start_time, other.sampling_rate_hz)
        assert one.samples.dtype == np.int32
        np.testing.assert_array_equal(one.samples, other.samples)
    spans = sorted(scan.spans, key=lambda span: (span[:4], span.start_time))
    assert [(span.start_time, span.end_time, span.n_samples) for span in spans] == [
        (one.start_time, one.end_time, len(one.samples)) for one in ordered
    ]


@given(
    seed=st.integers(0, 2**32 - 1),
    rate=RATES,
    step_bits=st.lists(st.integers(1, 33), min_size=1, max_size=5),
)
@settings(max_examples=60)
def test_every_second_chooses_its_width(seed: int, rate: int, step_bits: list[int]) -> None:
    pieces = [counts(seed + i, rate, bits) for i, bits in enumerate(step_bits)]
    expected = [segment(1, np.concatenate(pieces), rate)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.cnt"
        write_win32(path, expected)
        assert_same(expected, path)


@given(seed=st.integers(0, 2**32 - 1), rate=RATES, width=st.integers(0, 5))
@settings(max_examples=60)
def test_every_width_holds_what_is_small_enough(seed: int, rate: int, width: int) -> None:
    bits = [4, 8, 16, 24, 31, 33][width]
    expected = [segment(0xFFFF, counts(seed, 2 * rate, bits), rate)]
    if width < 5:  # the step between the two seconds is not stored, all others are
        assert np.abs(np.diff(expected[0].samples.astype(np.int64))).max(initial=0) <= 1 << (bits - 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.cnt"
        write_win32(path, expected, width=width)
        assert_same(expected, path)


@given(
    seed=st.integers(0, 2**32 - 1),
    rates=st.lists(RATES.filter(lambda rate: rate <= 256), min_size=1, max_size=4),
    present=st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=4, max_size=4),
)
@settings(max_examples=40)
def test_channels_keep_their_own_gaps_and_rates(
    seed: int, rates: list[int], present: list[list[bool]]
) -> None:
    expected = []
    for number, (rate, seconds) in enumerate(zip(rates, present, strict=False)):
        first = 0
        for i, here in enumerate([*seconds, False]):
            if not here:
                if i > first:
                    samples = counts(seed + 10 * number + i, rate * (i - first), 9)
                    expected.append(segment(number, samples, rate, first))
                first = i + 1
    if not expected:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.cnt"
        write_win32(path, expected)
        assert_same(expected, path)


@given(seed=st.integers(0, 2**32 - 1), repeats=st.lists(st.integers(0, 7), max_size=4))
@settings(max_examples=40)
def test_order_of_blocks_and_repeats_do_not_matter(seed: int, repeats: list[int]) -> None:
    samples = counts(seed, 8 * 20, 7).reshape(8, 20).tolist()
    blocks = [block(seconds_after(NOON, i), [part(0x0101, 1, 1, one)]) for i, one in enumerate(samples)]
    # A repeat in another width is the same recording all the same.
    again = [
        block(seconds_after(NOON, i), [part(0x0101, 1, 2 + k, samples[i])]) for k, i in enumerate(repeats)
    ]
    shuffled = blocks + again
    random.Random(seed).shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.cnt"
        path.write_bytes(FILE_HEADER + b"".join(shuffled))
        reading = read_win32(path)
        (span,) = scan_win32(path).spans
    (found,) = reading.segments
    assert found.samples.reshape(8, 20).tolist() == samples
    assert span.n_samples == 160
    assert sum(skip.count for skip in reading.skips) == len(repeats)


@given(second=st.integers(0, 5), other=st.integers(-9, 9).filter(lambda value: value != 0))
@settings(max_examples=15)
def test_a_second_told_in_two_ways_is_a_gap(second: int, other: int) -> None:
    blocks = [block(seconds_after(NOON, i), [part(0x0101, 1, 1, [i, i, i])]) for i in range(6)]
    blocks.insert(
        0, block(seconds_after(NOON, second), [part(0x0101, 1, 1, [second, second, second + other])])
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.cnt"
        path.write_bytes(FILE_HEADER + b"".join(blocks))
        segments, (skip,) = read_win32(path)
        scan = scan_win32(path)
    kept = [i for one in segments for i in one.samples[::3].tolist()]
    assert kept == [i for i in range(6) if i != second]
    assert skip.count == 2
    assert "disagree" in skip.reason
    assert (skip.start_time, skip.end_time) == (
        START + np.timedelta64(second, "s"),
        START + np.timedelta64(second + 1, "s"),
    )
    assert scan.skips == [skip]
    assert sum(span.n_samples for span in scan.spans) == 15


def test_blocks_that_overlap_in_part_are_left_out(tmp_path: Path) -> None:
    times = [0, 1, 2.5, 3, 4]
    blocks = [block(seconds_after(NOON, t), [part(0x0101, 1, 1, [i, i])]) for i, t in enumerate(times)]
    path = tmp_path / "file.cnt"
    path.write_bytes(FILE_HEADER + b"".join(blocks))
    segments, (skip,) = read_win32(path)
    assert [one.samples.tolist() for one in segments] == [[0, 0, 1, 1], [4, 4]]
    assert skip.count == 2


@given(
    seed=st.integers(0, 2**32 - 1),
    first=st.integers(-10_000, 70_000),
    length=st.integers(1, 80_000),
)
@settings(max_examples=40)
def test_a_cut_is_the_same_as_cutting_the_whole(seed: int, first: int, length: int) -> None:
    whole = segment(1, counts(seed, 600, 12), 100)
    start = START + np.timedelta64(100 * first, "us")
    end = start + np.timedelta64(100 * length, "us")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.cnt"
        write_win32(path, [whole, segment(2, counts(seed, 600, 3), 100)])
        cut = read_win32(path, start, end, channels={whole.code}).segments
    times = START + np.arange(600) * np.timedelta64(10, "ms")
    inside = (times >= start) & (times < end)
    assert len(cut) == int(inside.any())
    for one in cut:
        assert one.code == whole.code
        assert one.start_time == times[inside][0]
        np.testing.assert_array_equal(one.samples, whole.samples[inside])


def test_channels_of_a_table_keep_their_names(tmp_path: Path) -> None:
    rows = [ChannelRow(0x3E83 + i, 1, 0, "N.NNMH", component) for i, component in enumerate("UNE")]
    table = ChannelTable(tuple(rows))
    expected = [
        Segment("N", "NNMH", "", component, START, 100.0, counts(i, 300, 8))
        for i, component in enumerate("UNE")
    ]
    path = tmp_path / "file.cnt"
    write_win32(path, expected, table, settings=Win32Settings(organisation=1, subnetwork=0x20))
    found = read_win32(path, table=table).segments
    assert [one.code for one in found] == ["N.NNMH..U", "N.NNMH..N", "N.NNMH..E"]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
    assert read_win32(path).segments[0].code == "WIN32.3E83.0120."


@pytest.mark.parametrize("offset_h", [-9.5, 0.0, 9.0])
def test_the_clock_of_the_file_is_a_setting(tmp_path: Path, offset_h: float) -> None:
    path = tmp_path / "file.cnt"
    clock = Win32Settings(utc_offset_h=offset_h)
    write_win32(path, [segment(1, counts(1, 100, 8), 100)], settings=clock)
    (found,) = read_win32(path, settings=clock).segments
    (shifted,) = read_win32(path, settings=Win32Settings(utc_offset_h=0)).segments
    assert found.start_time == START
    assert shifted.start_time - START == np.timedelta64(round(3600 * offset_h), "s")


UNWRITABLE = {
    "rate": (segment(1, np.zeros(5000, np.int32), 5000), "5000"),
    "fraction of a hertz": (
        Segment("WIN32", "0001", "0101", "", START, 12.5, np.zeros(25, np.int32)),
        "12.5",
    ),
    "part of a second": (segment(1, np.zeros(150, np.int32), 100), "150 samples"),
    "start": (
        Segment("WIN32", "0001", "0101", "", START + np.timedelta64(1, "ms"), 1.0, np.zeros(1, np.int32)),
        "hundredth",
    ),
    "real numbers": (segment(1, np.zeros(100), 100), "float64"),  # type: ignore[arg-type]
    "large numbers": (segment(1, np.full(100, 2**31), 100), "32 bits"),
    "name": (Segment("N", "NNMH", "", "U", START, 1.0, np.zeros(1, np.int32)), "N.NNMH..U"),
    "owner": (Segment("WIN32", "0001", "2017", "", START, 1.0, np.zeros(1, np.int32)), "2017"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_what_win32_cannot_hold_is_refused_and_no_file_is_left(tmp_path: Path, case: str) -> None:
    impossible, words = UNWRITABLE[case]
    with pytest.raises(DataError, match=words):
        write_win32(tmp_path / "file.cnt", [impossible])
    assert list(tmp_path.iterdir()) == []


def test_a_width_that_is_too_small_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="width 1"):
        write_win32(tmp_path / "file.cnt", [segment(1, np.array([0, 128], np.int32), 2)], width=1)


def test_a_second_given_twice_is_refused(tmp_path: Path) -> None:
    one = segment(1, np.zeros(2, np.int32), 1)
    with pytest.raises(DataError, match="twice"):
        write_win32(tmp_path / "file.cnt", [one, one])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        write_win32(tmp_path / "nowhere/file.cnt", [segment(1, np.zeros(1, np.int32), 1)])
    with pytest.raises(DataError, match="nowhere"):
        read_win32(tmp_path / "nowhere/file.cnt")


def test_an_end_before_the_start_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.cnt"
    write_win32(path, [segment(1, np.zeros(1, np.int32), 1)])
    with pytest.raises(DataError, match="not after its start"):
        read_win32(path, START, START)
