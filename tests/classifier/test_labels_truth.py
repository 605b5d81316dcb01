"""Labels from catalogues: the windows in which an event is seen, and no noise near any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.classifier.dataset import SPLITS
from tremorflow.classifier.labels import (
    BOTH,
    UNSURE,
    Labels,
    LabelSettings,
    StationEvents,
    choose_noise,
    choose_signals,
    coda_length_s,
    covered_s,
    is_seen,
    label_windows,
    split_of_days,
)

STARTS = np.arange(0, 7200.0, 60.0)
STILL = np.zeros(len(STARTS))
WINDOW_S = 120.0
NOWHERE = np.empty((0, 2))


def events(tremor=NOWHERE, onsets=(), shaken=NOWHERE, busy=NOWHERE, distant=NOWHERE):
    spans = [np.asarray(one, dtype=float).reshape(-1, 2) for one in (tremor, distant, shaken, busy)]
    rows = np.arange(len(spans[0])), np.arange(len(onsets))
    onsets = np.sort(np.asarray(onsets, dtype=float))
    return StationEvents(spans[0], rows[0], spans[1], onsets, rows[1], *spans[2:])


def labelled(seen, margins=STILL, **changes):
    return label_windows(STARTS, margins, WINDOW_S, seen, LabelSettings(**changes))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 6000), st.floats(0, 900)), max_size=6), st.floats(0, 7000))
def test_covered_time_is_that_of_the_union(spans, start):
    spans = np.array([(begin, begin + length) for begin, length in spans]).reshape(-1, 2)
    ticks = start + (np.arange(12000) + 0.5) / 100
    inside = np.zeros(len(ticks), dtype=bool)
    for begin, end in spans:
        inside |= (ticks >= begin) & (ticks < end)
    assert abs(float(covered_s(spans, np.array(start), WINDOW_S)) - inside.mean() * WINDOW_S) < 0.2


@settings(max_examples=50)
@given(st.floats(0, 6800), st.floats(1, 400), st.floats(5, 60))
def test_tremor_windows_are_those_that_tremor_covers_enough(first, length, cover):
    values, rows = labelled(events([(first, first + length)]), cover_s=cover)
    covered = np.minimum(STARTS + WINDOW_S, first + length) - np.maximum(STARTS, first)
    clear = np.abs(covered - cover) > 1e-6
    np.testing.assert_array_equal((values == 1)[clear], (covered >= cover)[clear])
    assert (rows[values == 1] == 0).all()
    assert (rows[values == 0] == -1).all()
    assert not (values[covered > 1e-6] == 0).any()  # a little tremor is no noise


def test_bursts_in_a_row_cover_a_window_together():
    values, rows = labelled(events([(1000.0, 1080.0), (1080.0, 1200.0)]), cover_s=100.0)
    assert values[17] == 1  # 1020 to 1140 s
    assert list(rows[17:19]) == [0, 1]  # the burst that is nearest
    alone, _ = labelled(events([(1000.0, 1080.0), (1500.0, 1600.0)]), cover_s=100.0)
    assert alone[17] == UNSURE


@settings(max_examples=50)
@given(st.floats(0, 7000), st.floats(1, 60))
def test_earthquake_windows_hold_p_or_s(p, s_minus_p):
    values, _ = labelled(events(onsets=(p, p + s_minus_p)))
    holds = [any(start <= t < start + WINDOW_S for t in (p, p + s_minus_p)) for start in STARTS]
    np.testing.assert_array_equal(values == 2, holds)


@settings(max_examples=50)
@given(st.floats(0, 6800), st.floats(31, 300), st.floats(0, 7000), st.floats(-30, 30))
def test_labels_are_true_of_every_shift_that_training_may_make(first, length, p, shift):
    """What is labelled with a margin has the same label, without one, wherever it is cut."""
    seen = events([(first, first + length)], (p,), [(p, p + 80)], [(p - 600, p + 680)])
    values, _ = labelled(seen, np.full(len(STARTS), 30.0))
    shifted, _ = label_windows(STARTS + shift, STILL, WINDOW_S, seen, LabelSettings())
    sure = values != UNSURE
    np.testing.assert_array_equal(shifted[sure], values[sure])


def test_tremor_and_earthquake_together_are_both():
    values, _ = labelled(events([(1000.0, 1100.0)], (1030.0, 1040.0), [(1020.0, 1100.0)]))
    holds = (STARTS <= 1040) & (STARTS + WINDOW_S > 1040)
    assert set(values[holds]) == {BOTH}


def test_an_earthquake_in_tremor_too_far_to_label_is_not_learnt_as_earthquake():
    quake = {"onsets": (1030.0, 1040.0), "shaken": [(1020.0, 1100.0)]}
    alone, _ = labelled(events(**quake))
    during, _ = labelled(events(**quake, distant=[(800.0, 1500.0)]))
    holds = (STARTS <= 1030) & (STARTS + WINDOW_S > 1040)
    assert set(alone[holds]) == {2}
    assert set(during[holds]) == {UNSURE}


def test_tremor_in_the_coda_of_an_earthquake_is_not_learnt_as_tremor():
    coda = events([(2000.0, 2300.0)], (1700.0, 1720.0), [(1680.0, 2600.0)])
    values, _ = labelled(coda)
    assert not (values == 1).any()
    without, _ = labelled(events([(2000.0, 2300.0)], (1700.0, 1720.0), [(1680.0, 1760.0)]))
    assert (without == 1).any()


def test_noise_is_where_nothing_is_busy():
    values, _ = labelled(events(busy=[(2400.0, 3700.0)]))
    quiet = (STARTS + WINDOW_S <= 2400) | (STARTS >= 3700)
    np.testing.assert_array_equal(values == 0, quiet)
    assert set(values[~quiet]) == {UNSURE}


def test_the_coda_lasts_longer_the_larger_the_earthquake():
    lengths = coda_length_s(np.array([1.0, 3.0, 5.0, 7.0]))
    np.testing.assert_allclose(lengths, [8.6, 86.1, 861.0, 8610.0], rtol=0.01)


def test_larger_earthquakes_are_seen_farther():
    distances = np.array([5.0, 30.0, 100.0, 300.0])
    reach = [int(is_seen(np.full(4, magnitude), distances).sum()) for magnitude in (0.0, 1.0, 2.0, 3.0, 5.0)]
    assert reach == [1, 2, 3, 4, 4]


def made_labels():
    values, rows = np.zeros((1, 3000), dtype=np.int8), np.full((1, 3000), -1, dtype=np.int32)
    values[0, :200], values[0, 200:900] = 1, 2
    rows[0, 200:900] = np.arange(700)
    return Labels(values, rows)


def test_candidates_are_three_times_the_cap_and_of_all_magnitudes():
    magnitudes = np.repeat([1.0, 2.0, 3.0], [600, 90, 10])
    chosen = choose_signals(made_labels(), magnitudes, LabelSettings(cap=50), np.random.default_rng(1))
    assert chosen.groupby("label").size().to_dict() == {1: 150, 2: 150}
    bins = np.unique(magnitudes[chosen["event"][chosen["label"] == 2]], return_counts=True)
    assert dict(zip(*bins, strict=True)) == {1.0: 70, 2.0: 70, 3.0: 10}
    assert not chosen.duplicated(["station", "window"]).any()


def test_noise_is_drawn_in_each_split_as_much_as_asked_for():
    splits = np.array([[SPLITS.index("train")] * 2000 + [SPLITS.index("dev")] * 1000], dtype=np.int8)
    rng = np.random.default_rng(1)
    chosen = choose_noise(made_labels(), {(0, "train"): 30, (0, "dev"): 5000}, splits, rng)
    found = splits[0][chosen["window"]]
    assert (found == SPLITS.index("train")).sum() == 30
    assert (found == SPLITS.index("dev")).sum() == 1000
    assert not len(choose_noise(made_labels(), {}, splits, rng))


def test_days_are_in_one_split_and_some_always_train():
    days = np.repeat(np.arange(20), 5)
    found = split_of_days(days, days[:0], LabelSettings(), np.random.default_rng(2))
    assert sorted(found.values()).count("dev") == 3
    assert sorted(found.values()).count("test") == 3


@given(st.integers(0, 1000), st.integers(3, 12))
def test_every_split_has_days_with_tremor(seed, n_tremor):
    days, rng = np.arange(40), np.random.default_rng(seed)
    with_tremor = rng.choice(days, n_tremor, replace=False)
    found = split_of_days(days, with_tremor, LabelSettings(), rng)
    assert len(found) == 40
    assert {found[int(day)] for day in with_tremor} == {"train", "dev", "test"}


@pytest.mark.parametrize(
    ("n_days", "splits"),
    [(1, ["train"]), (2, ["dev", "train"]), (3, ["dev", "test", "train"])],
)
def test_few_days_still_calibrate_and_always_train(n_days, splits):
    none = np.arange(0)
    found = split_of_days(np.arange(n_days), none, LabelSettings(), np.random.default_rng(2))
    assert sorted(found.values()) == splits
    half = split_of_days(np.arange(2), none, LabelSettings(day_shares=(0.5, 0.49)), np.random.default_rng(2))
    assert sorted(half.values()) == ["dev", "train"]
