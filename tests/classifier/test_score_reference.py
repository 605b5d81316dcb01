"""Scores against counts by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.classifier.score import score_json, score_model, score_table

# (noise, tremor, earthquake) of seven windows: one tremor missed, one noise called tremor
P = np.array(
    [
        [0.9, 0.05, 0.05],
        [0.3, 0.6, 0.1],
        [0.1, 0.8, 0.1],
        [0.5, 0.4, 0.1],
        [0.05, 0.9, 0.05],
        [0.1, 0.1, 0.8],
        [0.2, 0.2, 0.6],
    ]
)
LABELS = np.array([0, 0, 1, 1, 1, 2, 2])
SNR = np.array([np.nan, np.nan, 4.0, 1.2, 12.0, np.nan, np.nan])


def test_counts_are_those_by_hand():
    score = score_model(P, LABELS, 0.75, snr=SNR, distances_km=SNR * 5, stations=["XX.A"] * 7)
    assert score.confusion.tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 2]]
    assert [score.recall[n].value for n in ("noise", "tremor", "earthquake")] == pytest.approx(
        [1 / 2, 2 / 3, 1]
    )
    assert [score.precision[n].value for n in ("noise", "tremor", "earthquake")] == pytest.approx(
        [1 / 2, 2 / 3, 1]
    )
    assert score.balanced_accuracy == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    assert (score.threshold_recall.hits, score.threshold_recall.of) == (2, 3)
    assert (score.threshold_false.hits, score.threshold_false.of) == (0, 2)
    # of 3 x 4 pairs of tremor and other windows two are in the wrong order: 0.4 below 0.6
    assert score.auc == pytest.approx(11 / 12)
    assert [(one.low, one.count, one.right.hits) for one in score.by_snr] == [
        (1.0, 1, 0),
        (3.0, 1, 1),
        (10.0, 1, 1),
    ]
    assert [one.low for one in score.by_distance] == [0.0, 20.0, 60.0]
    assert score.by_station == {}  # fewer than twenty windows


def test_windows_without_a_label_or_a_judgement_are_left_out():
    p = np.concatenate([P, [[np.nan] * 3, [0.1, 0.8, 0.1]]])
    labels = np.concatenate([LABELS, [1, 3]])
    assert score_model(p, labels, 0.75).n_windows == 7


def test_stations_are_told_apart_the_worst_first():
    p, labels = np.tile(P, (40, 1)), np.tile(LABELS, 40)
    stations = np.where(np.arange(280) % 2, "XX.A", "XX.B")
    p[np.arange(280) % 2 == 0] = [1 / 3 + 0.02, 1 / 3, 1 / 3 - 0.02]
    score = score_model(p, labels, 0.5, stations=list(stations))
    assert list(score.by_station) == ["XX.B", "XX.A"]
    assert score.by_station["XX.B"].value == pytest.approx(2 / 7, abs=0.02)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(10, 200))
def test_the_roc_rises_and_its_area_is_the_share_of_pairs_in_order(seed, count):
    rng = np.random.default_rng(seed)
    p, labels = rng.dirichlet([1, 1, 1], count).round(2), rng.integers(0, 3, count)
    labels[:3] = 0, 1, 2
    score = score_model(p, labels, 0.5)
    assert (np.diff(score.roc, axis=1) >= 0).all()
    tremor, other = p[labels == 1, 1], p[labels != 1, 1]
    pairs = (tremor[:, None] > other).mean() + 0.5 * (tremor[:, None] == other).mean()
    assert score.auc == pytest.approx(pairs)


def test_json_and_text_hold_the_numbers():
    score = score_model(P, LABELS, 0.75, snr=SNR)
    tree = json.loads(json.dumps(score_json(score), allow_nan=False))
    assert tree["confusion"]["tremor"] == {"noise": 1, "tremor": 2, "earthquake": 0}
    assert tree["by_snr"][-1]["high"] is None
    text = score_table(score)
    assert "balanced accuracy 0.722" in text
    assert "0.667" in text


def test_nothing_to_score_is_no_error():
    score = score_model(np.empty((0, 3)), np.empty(0, dtype=int), 0.5)
    assert score.n_windows == 0
    assert np.isnan(score.balanced_accuracy)
    json.dumps(score_json(score), allow_nan=False)
