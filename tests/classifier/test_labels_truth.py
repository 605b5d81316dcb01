"""Labels from catalogues: the windows in which an event is seen, and no noise near any."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.classifier.labels import (
    BOTH,
    UNSURE,
    Arrivals,
    LabelSettings,
    choose_windows,
    empty_labels,
    is_seen,
    mark_busy,
    mark_event,
    split_of_days,
)

STARTS = np.arange(0, 7200.0, 60.0)
WINDOW_S = 120.0


def arrivals(first, last, stations=2):
    return Arrivals(np.full(stations, first), np.full(stations, last), np.full(stations, 20.0))


@settings(max_examples=50)
@given(st.floats(0, 6800), st.floats(1, 400), st.floats(5, 60))
def test_tremor_windows_are_those_that_tremor_covers_enough(first, length, cover):
    labels = empty_labels(2, len(STARTS))
    mark_event(labels, STARTS, WINDOW_S, arrivals(first, first + length), "tremor", 3, cover)
    covered = np.minimum(STARTS + WINDOW_S, first + length) - np.maximum(STARTS, first)
    np.testing.assert_array_equal(labels.values[1] == 1, covered >= cover)
    assert (labels.events[0][labels.values[0] == 1] == 3).all()
    assert (labels.events[0][labels.values[0] == 0] == -1).all()


@settings(max_examples=50)
@given(st.floats(0, 7000), st.floats(1, 60))
def test_earthquake_windows_hold_p_or_s(p, s_minus_p):
    labels = empty_labels(1, len(STARTS))
    mark_event(labels, STARTS, WINDOW_S, arrivals(p, p + s_minus_p, 1), "earthquake", 0, 0.0)
    holds = [any(start <= t < start + WINDOW_S for t in (p, p + s_minus_p)) for start in STARTS]
    np.testing.assert_array_equal(labels.values[0] == 2, holds)


def test_tremor_and_earthquake_together_are_both_in_either_order():
    for kinds in (("tremor", "earthquake"), ("earthquake", "tremor")):
        labels = empty_labels(1, len(STARTS))
        for kind in kinds:
            span = (1000.0, 1100.0) if kind == "tremor" else (1030.0, 1040.0)
            mark_event(
                labels, STARTS, WINDOW_S, arrivals(*span, 1), kind, 0, 30.0 if kind == "tremor" else 0.0
            )
        assert BOTH in labels.values[0]
        holds = (STARTS <= 1040) & (STARTS + WINDOW_S > 1030)
        assert (labels.values[0][holds & (labels.values[0] != 2)] == BOTH).all()


def test_noise_is_far_from_any_event_in_time_where_it_is_near_in_space():
    labels = empty_labels(2, len(STARTS))
    mark_busy(labels, STARTS, WINDOW_S, (3000.0, 3100.0), np.array([True, False]), 600.0)
    quiet = (STARTS + WINDOW_S <= 2400) | (STARTS > 3700)
    np.testing.assert_array_equal(labels.values[0] == 0, quiet)
    np.testing.assert_array_equal(labels.values[0] == UNSURE, ~quiet)
    assert (labels.values[1] == 0).all()


def test_stations_that_do_not_see_an_event_have_no_label():
    labels = empty_labels(2, len(STARTS))
    seen = Arrivals(np.array([100.0, np.nan]), np.array([400.0, np.nan]), np.array([10.0, 90.0]))
    mark_event(labels, STARTS, WINDOW_S, seen, "tremor", 0, 30.0)
    assert (labels.values[0] == 1).any()
    assert not labels.values[1].any()


def test_larger_earthquakes_are_seen_farther():
    distances = np.array([5.0, 30.0, 100.0, 300.0])
    reach = [int(is_seen(np.full(4, magnitude), distances).sum()) for magnitude in (0.0, 1.0, 2.0, 3.0, 5.0)]
    assert reach == [1, 2, 3, 4, 4]


def test_choices_respect_caps_and_balance():
    labels = empty_labels(1, 3000)
    labels.values[0, :200] = 1
    labels.values[0, 200:900] = 2
    labels.events[0, 200:900] = np.arange(700)
    magnitudes = np.repeat([1.0, 2.0, 3.0], [600, 90, 10])
    chosen = choose_windows(labels, magnitudes, LabelSettings(cap=150), np.random.default_rng(1))
    counts = chosen.groupby("label").size()
    assert counts.to_dict() == {0: 150, 1: 150, 2: 150}
    bins = np.unique(magnitudes[chosen["event"][chosen["label"] == 2]], return_counts=True)
    assert dict(zip(*bins, strict=True)) == {1.0: 70, 2.0: 70, 3.0: 10}
    assert not chosen.duplicated(["station", "window"]).any()


def test_days_are_in_one_split_and_some_always_train():
    days = np.repeat(np.arange(20), 5)
    found = split_of_days(days, LabelSettings(), np.random.default_rng(2))
    assert sorted(found.values()).count("dev") == 3
    assert sorted(found.values()).count("test") == 3
    assert split_of_days(np.array([7]), LabelSettings(), np.random.default_rng(2)) == {7: "train"}
