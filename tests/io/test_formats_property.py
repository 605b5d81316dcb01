"""Damaged files of every format: a DataError or counted skips, no crash, no silently wrong samples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waveform_files import START, WRITTEN, Written, make_segment

from tremorflow.errors import DataError
from tremorflow.io.formats import Selection, detect_format, read_file, scan_file
from tremorflow.io.miniseed import read_miniseed
from tremorflow.io.segments import Reading
from tremorflow.records import Segment, timedelta

FUZZ = settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
CHECKED = [how for how in WRITTEN if how.detects_damage]
STEIM = [how for how in CHECKED if how.name != "miniseed-3"]
V2_HEADER_BYTES = 64  # fixed header and blockette 1000; damage there may name another station or time


def read_damaged(path: Path, content: bytes, how: Written) -> Reading | None:
    """What the readers make of a damaged file; None for a refusal. Anything but DataError fails the test."""
    path.write_bytes(content)
    try:
        name = detect_format(path)
        scan_file(path, how.table)
        reading = read_file(path, table=how.table)
        middle = Selection(START + timedelta(3.0), START + timedelta(7.0), None)
        read_file(path, middle, how.table, name)
    except DataError as error:
        named = str(path) in str(error)
        assert named
        return None
    return reading


def written(path: Path, how: Written) -> tuple[bytes, list[Segment]]:
    segments = [make_segment(channel=how.channels[-1], dtype=how.dtype, length_s=20.0)]
    how.write(path, segments)
    return path.read_bytes(), segments


def assert_no_wrong_sample(found: Sequence[Segment], truth: Segment) -> None:
    for segment in found:
        assert segment.code == truth.code
        shift = (segment.start_time - truth.start_time) / np.timedelta64(10, "ms")
        assert shift == round(shift)
        expected = truth.samples[round(shift) : round(shift) + len(segment.samples)]
        np.testing.assert_array_equal(segment.samples, expected)


@pytest.mark.parametrize("how", WRITTEN, ids=[how.name for how in WRITTEN])
@FUZZ
@given(flips=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), min_size=1, max_size=8))
def test_flipped_bytes_never_crash(how: Written, flips, tmp_path: Path) -> None:
    content, _ = written(tmp_path / "whole", how)
    damaged = bytearray(content)
    for place, mask in flips:
        damaged[int(place * len(damaged))] ^= mask
    read_damaged(tmp_path / "damaged", bytes(damaged), how)


@pytest.mark.parametrize("how", WRITTEN, ids=[how.name for how in WRITTEN])
@FUZZ
@given(place=st.floats(0, 0.05), junk=st.binary(min_size=1, max_size=40))
def test_damaged_headers_never_crash(how: Written, place: float, junk: bytes, tmp_path: Path) -> None:
    content, _ = written(tmp_path / "whole", how)
    first = int(place * len(content))
    damaged = content[:first] + junk + content[first + len(junk) :]
    read_damaged(tmp_path / "damaged", damaged, how)


@pytest.mark.parametrize("how", WRITTEN, ids=[how.name for how in WRITTEN])
@FUZZ
@given(part=st.floats(0, 0.9999))
def test_truncated_files_keep_what_is_whole(how: Written, part: float, tmp_path: Path) -> None:
    content, (truth,) = written(tmp_path / "whole", how)
    reading = read_damaged(tmp_path / "damaged", content[: int(part * len(content))], how)
    if reading is not None and how.format != "obspy":
        assert_no_wrong_sample(reading.segments, truth)
        # What is missing is either beyond the end of a shorter but whole file, or counted.
        whole = int(part * len(content)) % 512 == 0 or how.format == "win32" or how.name == "miniseed-3"
        assert whole or reading.skips
        assert whole or scan_file(tmp_path / "damaged", how.table).skips


@pytest.mark.parametrize("how", STEIM, ids=[how.name for how in STEIM])
@settings(FUZZ, max_examples=60)
@given(place=st.floats(0, 0.9999), within=st.integers(V2_HEADER_BYTES, 511), bit=st.integers(0, 7))
def test_flipped_samples_cost_their_record_and_are_counted(
    how: Written, place: float, within: int, bit: int, tmp_path: Path
) -> None:
    content, (truth,) = written(tmp_path / "whole", how)
    record = int(place * (len(content) // 512))
    damaged = bytearray(content)
    damaged[record * 512 + within] ^= 1 << bit
    reading = read_damaged(tmp_path / "damaged", bytes(damaged), how)
    assert reading is not None
    assert_no_wrong_sample(reading.segments, truth)
    n_missing = len(truth.samples) - sum(len(segment.samples) for segment in reading.segments)
    assert sum(skip.count for skip in reading.skips) == (n_missing > 0)


@settings(FUZZ, max_examples=60)
@given(place=st.floats(0, 0.9999), mask=st.integers(1, 255))
def test_any_flip_in_miniseed_3_is_found_by_its_checksum(place: float, mask: int, tmp_path: Path) -> None:
    how = next(how for how in WRITTEN if how.name == "miniseed-3")
    content, (truth,) = written(tmp_path / "whole", how)
    damaged = bytearray(content)
    damaged[int(place * len(damaged))] ^= mask
    path = tmp_path / "damaged"
    path.write_bytes(damaged)
    reading = read_miniseed(path)
    assert_no_wrong_sample(reading.segments, truth)
    assert reading.skips


@FUZZ
@given(content=st.binary(max_size=2000))
def test_noise_is_no_recording(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(content)
    assert detect_format(path) is None


def test_stretch_of_junk_costs_only_itself(tmp_path: Path) -> None:
    how = STEIM[0]
    content, (truth,) = written(tmp_path / "whole", how)
    middle = len(content) // 1024 * 512
    junk = np.random.default_rng(1).integers(0, 256, 1000).astype(np.uint8).tobytes()
    reading = read_damaged(tmp_path / "damaged", content[:middle] + junk + content[middle:], how)
    assert_no_wrong_sample(reading.segments, truth)
    assert sum(len(segment.samples) for segment in reading.segments) == len(truth.samples)
    assert "no miniSEED record" in reading.skips[0].reason


def test_rate_that_changes_in_mid_file_makes_two_segments(tmp_path: Path) -> None:
    fast = make_segment(length_s=20.0)
    slow = make_segment(length_s=20.0, rate_hz=50.0, start=START + timedelta(20.0), seed=1)
    for how in WRITTEN:
        if how.with_gaps and how.channels[-1] == "HHZ" and how.dtype == "int32":
            how.write(tmp_path / how.name, [fast, slow])
            segments = sorted(read_file(tmp_path / how.name).segments, key=lambda s: s.start_time)
            assert [segment.sampling_rate_hz for segment in segments] == [100.0, 50.0]
            np.testing.assert_array_equal(segments[0].samples, fast.samples)
            np.testing.assert_array_equal(segments[1].samples, slow.samples)


def test_records_that_drift_are_not_stretched_over_wrong_times(tmp_path: Path) -> None:
    # Stated 100 Hz, true 100.02 Hz: libmseed alone would join these runs into one with wrong times.
    how = STEIM[0]
    whole = make_segment(length_s=400.0)
    content = b""
    for k in range(100):
        first = k * 400
        start = START + np.timedelta64(round(first / 100.02 * 1e9) // 100_000 * 100_000, "ns")
        run = Segment("XX", "AAA", "", "HHZ", start, 100.0, whole.samples[first : first + 400])
        how.write(tmp_path / "run", [run])
        content += (tmp_path / "run").read_bytes()
    (tmp_path / "drift").write_bytes(content)
    segments = sorted(read_file(tmp_path / "drift").segments, key=lambda s: s.start_time)
    assert sum(len(segment.samples) for segment in segments) == len(whole.samples)
    first = 0
    for segment in segments:
        # Stated times of the first and last samples of each run, against the true ones.
        for index in (0, len(segment.samples) - 1):
            stated_s = (segment.start_time - START) / np.timedelta64(1, "s") + index / 100
            assert abs(stated_s - (first + index) / 100.02) < 0.6 / 100
        np.testing.assert_array_equal(segment.samples, whole.samples[first : first + len(segment.samples)])
        first += len(segment.samples)
