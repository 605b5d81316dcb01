"""Small cases worked by hand, brute force, and published intervals."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.catalog.closeness import pairs_overlapping
from tremorflow.catalog.compare import compare_catalogs, comparison_summary, comparison_table
from tremorflow.catalog.matching import LARGEST_DENSE, find_candidates, match_one_to_one
from tremorflow.counting import fraction
from tremorflow.errors import CatalogError
from tremorflow.geodesy import LocalFrame
from tremorflow.records import event_table

ORIGIN = pd.Timestamp("2020-05-24T02:00:00")
FRAME = LocalFrame(39.0, 143.0)


def events(*rows: tuple[float, float, float], burst_s: float | None = None) -> pd.DataFrame:
    """Events of (seconds after the origin, km east, km north), named a, b, c..."""
    made = []
    for name, (second, east, north) in zip("abcdefgh", rows, strict=False):
        latitude, longitude = FRAME.to_degrees(east, north)
        time = ORIGIN + pd.Timedelta(second, "s")
        row = {"event_id": name, "time": time, "latitude": float(latitude), "longitude": float(longitude)}
        if burst_s is not None:
            row |= {"start_time": time, "end_time": time + pd.Timedelta(burst_s, "s")}
        made.append(row)
    return event_table(made)


def matched(a: pd.DataFrame, b: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = compare_catalogs(a, b).pairs
    return list(zip(pairs["event_id_a"], pairs["event_id_b"], strict=True))


def test_two_of_three_match_and_the_third_is_a_duplicate() -> None:
    tested = events((0, 0, 0), (60, 3, 4), (1000, 0, 0), (5000, 200, 0))
    reference = events((10, 0, 0), (1100, 0, 30), (9000, 0, 0), (5000, 0, 0))
    result = compare_catalogs(tested, reference)
    assert matched(tested, reference) == [("a", "a"), ("c", "b")]
    assert result.events_a["state"].tolist() == ["matched", "duplicate", "matched", "alone"]
    assert result.events_b["state"].tolist() == ["matched", "matched", "alone", "alone"]
    assert (result.recall.value, result.precision.value) == (0.5, 0.5)
    assert result.precision_without_duplicates.value == pytest.approx(2 / 3)
    assert result.multiple == 1.0
    assert result.pairs["time_s"].tolist() == [-10.0, -100.0]
    np.testing.assert_allclose(result.pairs["north_km"], [0, -30], atol=0.01)
    np.testing.assert_allclose(result.pairs["east_km"], [0, 0], atol=0.01)
    # (10 / 150)^2 and (100 / 150)^2 + (30 / 50)^2
    np.testing.assert_allclose(result.pairs["cost"], [0.004444, 0.804444], atol=1e-4)


def test_the_total_cost_decides_not_the_first_come() -> None:
    # a is nearest to b's first, but taking it would leave a far pair: 0-100 and 90-10 s (2.2 %) lose
    tested, reference = events((0, 0, 0), (90, 0, 0)), events((100, 0, 0), (10, 0, 0))
    assert sorted(matched(tested, reference)) == [("a", "b"), ("b", "a")]


def test_one_more_pair_is_worth_any_cost() -> None:
    # b2 matches a1 perfectly, but only a1 can take b1
    tested, reference = events((0, 0, 0), (140, 0, 0)), events((-140, 0, 0), (0, 0, 0))
    assert matched(tested, reference) == [("a", "a"), ("b", "b")]


def test_the_gate_is_sharp_in_time_and_space() -> None:
    reference = events((0, 0, 0))
    assert matched(events((150, 0, 0)), reference) == [("a", "a")]
    assert matched(events((-150, 0, 0)), reference) == [("a", "a")]
    assert matched(events((150.001, 0, 0)), reference) == []
    assert matched(events((0, 49.9, 0)), reference) == [("a", "a")]
    assert matched(events((0, 50.1, 0)), reference) == []


def test_overlapping_bursts_match_however_far_their_times_are() -> None:
    long, late = events((0, 0, 0), burst_s=400), events((390, 0, 0), burst_s=60)
    assert matched(long, late) == [("a", "a")]
    assert matched(long, events((390, 0, 0))) == [("a", "a")]  # an instant inside of the burst
    assert matched(long, events((400, 0, 0), burst_s=60)) == []  # they touch, they do not overlap
    assert matched(events((0, 0, 0)), late) == []


def test_chance_is_what_the_catalogue_finds_six_hours_on() -> None:
    tested = events((0, 0, 0), (21600, 0, 0))
    result = compare_catalogs(tested, tested)
    assert (result.recall.hits, result.chance_recall.hits) == (2, 1)
    assert result.recall_above_chance == 0.5


def test_the_wide_gate_shows_what_the_narrow_one_hides() -> None:
    result = compare_catalogs(events((0, 0, 0), (1000, 80, 0)), events((0, 0, 0), (1000, 0, 0)))
    assert (result.offsets.n, result.wide.n) == (1, 2)
    assert result.wide.east_km.percentiles["95"] > 70


def test_events_without_place_or_time_are_counted_not_matched() -> None:
    tested = events((0, 0, 0), (10, 0, 0))
    tested.loc[1, "latitude"] = np.nan
    result = compare_catalogs(tested, tested)
    assert (result.matches, result.unlocated_a, len(result.events_a)) == (1, 1, 1)


def test_empty_catalogues_have_no_recall_but_a_table() -> None:
    nothing = event_table()
    result = compare_catalogs(nothing, nothing)
    assert np.isnan(result.recall.value)
    assert np.isnan(result.multiple)
    assert "recall" in comparison_table(result)
    assert json.loads(json.dumps(comparison_summary(result), allow_nan=False))["recall"]["value"] is None
    assert compare_catalogs(events((0, 0, 0)), nothing).precision.value == 0.0


def test_impossible_input_is_refused() -> None:
    one = events((0, 0, 0))
    with pytest.raises(CatalogError, match="must be positive"):
        compare_catalogs(one, one, max_time_s=0)
    with pytest.raises(CatalogError, match=r"event a .*end_time is before start_time"):
        compare_catalogs(events((0, 0, 0), burst_s=-5), one)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Newcombe (1998, Statistics in Medicine 17, 857-872), table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe(hits: int, of: int, low: float, high: float) -> None:
    share = fraction(hits, of)
    assert (share.low, share.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_summary_has_plain_types_only_and_says_the_rules() -> None:
    result = compare_catalogs(events((0, 0, 0)), events((1, 0, 0)), names=("ours", "theirs"))
    summary = json.loads(json.dumps(comparison_summary(result), allow_nan=False))
    assert summary["gate"]["max_time_s"] == 150.0
    assert summary["offsets_a_minus_b"]["time_s"]["median"] == -1.0
    assert summary["offsets_a_minus_b"]["depth_km"]["median"] is None
    assert "ours" in comparison_table(result)


INTERVALS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=6)


@given(INTERVALS, INTERVALS)
def test_overlap_is_what_two_inequalities_say(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    spans = [np.array([[start, start + length] for start, length in one]).reshape(-1, 2) for one in (a, b)]
    found = pairs_overlapping(spans[0][:, 0], spans[0][:, 1], spans[1][:, 0], spans[1][:, 1])
    expected = [
        (i, j)
        for i, (start, end) in enumerate(spans[0])
        for j, (other_start, other_end) in enumerate(spans[1])
        if start < other_end and other_start < end
    ]
    assert sorted(zip(*(one.tolist() for one in found), strict=True)) == expected


POINTS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 90), st.integers(0, 20)), max_size=5, unique=True
)


@settings(max_examples=25)
@given(POINTS.filter(lambda rows: len(rows) < 4), POINTS)
def test_no_assignment_has_more_pairs_or_costs_less(
    a: list[tuple[int, int, int]], b: list[tuple[int, int, int]]
) -> None:
    found = find_candidates(events(*a, burst_s=30), events(*b, burst_s=30), 150, 50)
    chosen = match_one_to_one(found, len(a), len(b))
    candidates = list(zip(found.a.tolist(), found.b.tolist(), strict=True))
    costs = dict(zip(candidates, found.cost.tolist(), strict=True))
    tried = []
    for order in itertools.permutations(range(-len(a), len(b)), len(a)):  # negative: left unmatched
        pairs = [pair for pair in enumerate(order) if pair in costs]
        tried.append((-len(pairs), sum(costs[pair] for pair in pairs)))
    used = list(zip(found.a[chosen].tolist(), found.b[chosen].tolist(), strict=True))
    assert len({i for i, _ in used}) == len({j for _, j in used}) == len(used)
    fewest, cheapest = min(tried)
    assert -len(used) == fewest
    assert sum(costs[pair] for pair in used) == pytest.approx(cheapest)


@settings(max_examples=15)
@given(POINTS, POINTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_plays_no_part(
    a: list[tuple[int, int, int]], b: list[tuple[int, int, int]], shuffler: "np.random.Generator"
) -> None:
    tested, reference = events(*a), events(*b)
    rows = list(range(len(a)))
    shuffler.shuffle(rows)
    first = compare_catalogs(tested, reference)
    second = compare_catalogs(tested.iloc[rows], reference)
    pd.testing.assert_frame_equal(first.pairs, second.pairs)


def test_long_chains_are_solved_alike_sparsely_and_densely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(20200524)
    times = np.sort(rng.uniform(0, 40_000, 500))
    tested = event_table(
        {
            "event_id": f"{row}",
            "time": ORIGIN + pd.Timedelta(float(second), "s"),
            "latitude": 39 + rng.normal(0, 0.1),
            "longitude": 143.0,
        }
        for row, second in enumerate(times)
    )
    reference = tested.assign(time=tested["time"] + pd.to_timedelta(rng.normal(0, 60, 500), "s")).iloc[::2]
    candidates = find_candidates(tested, reference, 150, 50)
    dense = match_one_to_one(candidates, 500, 250)
    assert LARGEST_DENSE > 500 * 250
    monkeypatch.setattr("tremorflow.catalog.matching.LARGEST_DENSE", 0)
    sparse = match_one_to_one(candidates, 500, 250)
    assert len(dense) == len(sparse) == 250
    assert candidates.cost[dense].sum() == pytest.approx(candidates.cost[sparse].sum())
