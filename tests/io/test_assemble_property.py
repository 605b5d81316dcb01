"""Segments on one grid: nothing moves by more than half a sample, and what is in doubt is NaN and counted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waveform_files import START, make_segment

from tremorflow.errors import DataError
from tremorflow.io.assemble import assemble
from tremorflow.io.segments import cut_segment
from tremorflow.records import Segment, Station, timedelta

STATION = Station("XX", "AAA", 48.0, -123.0, 10.0)
END = START + timedelta(60.0)
WHOLE = make_segment()


def piece(first: int, last: int, segment: Segment = WHOLE) -> Segment:
    start = segment.start_time + timedelta(first / segment.sampling_rate_hz)
    return replace(segment, start_time=start, samples=segment.samples[first:last])


def trace(*segments: Segment) -> np.ndarray:
    waveforms = assemble(segments, STATION, START, END).waveforms
    assert waveforms is not None
    assert waveforms.samples.shape[:2] == (1, 1)
    return waveforms.samples[0, 0]


@given(
    cuts=st.lists(st.integers(0, 6000), min_size=2, max_size=12, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_any_pieces_in_any_order_make_the_whole_but_for_the_gaps(cuts: list[int], order) -> None:
    cuts = sorted(cuts)
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    pieces = [piece(first, last) for first, last in spans]
    order.shuffle(pieces)
    expected = np.full(6000, np.nan)
    for first, last in spans:
        expected[first:last] = WHOLE.samples[first:last]
    np.testing.assert_array_equal(trace(*pieces), expected)


@given(a=st.integers(1, 5999), b=st.integers(1, 5999))
def test_overlaps_that_agree_are_one(a: int, b: int) -> None:
    first, last = sorted((a, b))
    assembly = assemble([piece(0, last), piece(first, 6000)], STATION, START, END)
    np.testing.assert_array_equal(assembly.waveforms.samples[0, 0], WHOLE.samples)
    assert assembly.skips == []


def test_overlaps_that_disagree_are_missing_and_counted() -> None:
    other = piece(2000, 4000)
    samples = other.samples.copy()
    samples[500:600] += 1
    assembly = assemble([WHOLE, replace(other, samples=samples)], STATION, START, END)
    expected = WHOLE.samples.astype(float)
    expected[2500:2600] = np.nan
    np.testing.assert_array_equal(assembly.waveforms.samples[0, 0], expected)
    (skip,) = assembly.skips
    assert skip.count == 100
    assert skip.station == "XX.AAA"
    assert "disagree" in skip.reason


@given(offset=st.floats(-0.499, 0.499))
def test_offset_below_half_a_sample_goes_to_the_nearest_grid_point(offset: float) -> None:
    moved = replace(piece(100, 5900), start_time=START + timedelta((100 + offset) / 100))
    expected = np.full(6000, np.nan)
    expected[100:5900] = WHOLE.samples[100:5900]
    np.testing.assert_array_equal(trace(moved), expected)


@settings(max_examples=30)
@given(offset=st.floats(-0.5, 0.5), n_pieces=st.integers(2, 6))
def test_pieces_of_the_span_equal_the_whole_span(offset: float, n_pieces: int) -> None:
    moved = replace(WHOLE, start_time=START + timedelta(offset / 100))
    whole = trace(moved)
    edges = np.linspace(0, 6000, n_pieces + 1).astype(int)
    margin = timedelta(0.01)
    parts = []
    for first, last in pairwise(edges):
        start, end = START + timedelta(first / 100), START + timedelta(last / 100)
        segment = cut_segment(moved, start - margin, end + margin)
        parts.append(assemble([segment], STATION, start, end).waveforms.samples[0, 0])
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_samples_missing_in_one_of_two_are_taken_from_the_other() -> None:
    floats = replace(WHOLE, samples=WHOLE.samples.astype(np.float64))
    holed = replace(floats, samples=np.where(np.arange(6000) % 7 == 0, np.nan, floats.samples))
    for order in ([floats, holed], [holed, floats]):
        np.testing.assert_array_equal(trace(*order), WHOLE.samples)


def test_clock_that_is_not_quite_the_stated_rate_slips_a_sample_at_a_time() -> None:
    # 100.008 Hz on a grid of 100 Hz (that of most samples): over 150 s, 1.2 samples too many.
    later = replace(WHOLE, start_time=START + timedelta(200), samples=np.zeros(20_000, dtype=np.int32))
    fast = replace(WHOLE, sampling_rate_hz=100.008, samples=np.arange(15_001, dtype=np.int32))
    assembly = assemble([fast, later], STATION, START, START + timedelta(400))
    assert assembly.waveforms.sampling_rate_hz == 100.0
    found = assembly.waveforms.samples[0, 0, :14_999]
    # The sample taken for each time is never more than half an interval away.
    assert np.abs(found / 100.008 - np.arange(14_999) / 100).max() <= 0.5 / 100


@pytest.mark.parametrize("slip", [0.3, -0.3])
def test_records_that_drift_leave_no_hole_and_no_conflict(slip: float) -> None:
    # Each run starts 0.3 samples later (earlier) than the one before says: a clock off by 3 in 10,000.
    pieces = [
        replace(piece(k * 1000, (k + 1) * 1000), start_time=START + timedelta((k * 1000 + slip * k) / 100))
        for k in range(6)
    ]
    assembly = assemble(pieces, STATION, START, START + timedelta(59.9))
    assert assembly.skips == []
    assert not np.isnan(assembly.waveforms.samples).any()


def test_rate_that_covers_most_time_is_kept_and_the_rest_counted() -> None:
    slow = make_segment(rate_hz=50.0, length_s=20.0)
    fast = cut_segment(WHOLE, START + timedelta(20.0), None)
    assembly = assemble([slow, fast], STATION, START, END)
    assert assembly.waveforms.sampling_rate_hz == 100.0
    assert np.isnan(assembly.waveforms.samples[0, 0, :2000]).all()
    np.testing.assert_array_equal(assembly.waveforms.samples[0, 0, 2000:], WHOLE.samples[2000:])
    (skip,) = assembly.skips
    assert (skip.count, skip.start_time, skip.end_time) == (1, START, START + timedelta(20.0))
    assert "50 Hz" in skip.reason


@pytest.mark.parametrize(
    ("segments", "chosen"),
    [
        # Broadband before short period and accelerometer.
        ([("", "EHZ"), ("", "HHZ"), ("", "HNZ")], ("", "HHZ")),
        ([("", "BHZ"), ("", "EHZ")], ("", "BHZ")),
        # First location where the instruments are alike.
        ([("10", "HHZ"), ("00", "HHZ")], ("00", "HHZ")),
    ],
)
def test_one_instrument_by_the_stated_order(segments, chosen) -> None:
    made = [make_segment(location=location, channel=channel) for location, channel in segments]
    assembly = assemble(made, STATION, START, END)
    assert assembly.channels == (("XX", "AAA", *chosen),)
    assert sum(skip.count for skip in assembly.skips) == len(segments) - 1


def test_much_fuller_instrument_wins_over_the_better_one() -> None:
    short = piece(0, 1000, make_segment(channel="HHZ"))
    assembly = assemble([short, make_segment(channel="EHZ")], STATION, START, END)
    assert assembly.channels == (("XX", "AAA", "", "EHZ"),)


def test_components_stand_in_their_order_with_their_aliases() -> None:
    made = [make_segment(channel=channel, seed=seed) for seed, channel in enumerate(("U", "N", "E"))]
    assembly = assemble(made, STATION, START, END)
    assert assembly.waveforms.components == ("E", "N", "Z")
    assert [name[3] for name in assembly.channels] == ["E", "N", "U"]
    np.testing.assert_array_equal(assembly.waveforms.samples[0, 2], made[0].samples)


def test_counts_of_32_bits_stay_exact() -> None:
    samples = np.array([2**31 - 1, -(2**31), 2**24 + 1], dtype=np.int32)
    found = trace(replace(WHOLE, samples=samples))
    np.testing.assert_array_equal(found[:3], samples.astype(np.int64))


def test_other_stations_pressure_and_other_times_are_no_waveforms() -> None:
    others = [
        make_segment(station="BBB"),
        make_segment(channel="HDH"),
        make_segment(start=END),
        make_segment(start=START - timedelta(60.0)),
    ]
    assert assemble(others, STATION, START, END).waveforms is None
    with pytest.raises(DataError, match="not after its start"):
        assemble([WHOLE], STATION, END, START)
