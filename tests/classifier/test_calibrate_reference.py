"""Calibration against known answers: temperatures that were put in come out, thresholds hold their target."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from tremorflow.classifier.calibrate import (
    Calibration,
    expected_calibration_error,
    fit_calibration,
    single_station_threshold,
)

NONE = np.zeros(6000, dtype=bool)


def drawn(count, seed, factor=1.0):
    """Logits of which softmax(logits) is the truth, given multiplied by ``factor``; labels drawn from it."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    logits = rng.normal(0, 1.0, (count, 3)) + 2.0 * np.eye(3)[labels]
    probabilities = softmax(logits, axis=1)
    drawn_labels = np.array([rng.choice(3, p=p) for p in probabilities])
    return factor * logits, drawn_labels


@pytest.mark.parametrize("factor", [0.5, 2.0, 4.0])
def test_a_temperature_that_was_put_in_is_taken_out(factor):
    logits, labels = drawn(6000, 1, factor)
    found = fit_calibration(logits, labels, NONE)
    np.testing.assert_allclose(np.array(found.factors) * factor, 1.0, atol=0.2)
    before = expected_calibration_error(softmax(logits, axis=1), labels)
    after = expected_calibration_error(found.probabilities(logits), labels)
    assert after < 0.03
    assert after < before / 2


def test_calibration_keeps_an_even_judge_even():
    logits, labels = drawn(6000, 2)
    found = fit_calibration(logits, labels, NONE)
    np.testing.assert_allclose(found.factors, 1.0, atol=0.15)
    np.testing.assert_allclose(found.offsets, 0.0, atol=0.15)


def test_probabilities_add_up_and_missing_ones_stay_missing():
    found = Calibration((1.0, 2.0, 0.5), (0.1, -0.2, 0.1)).probabilities(
        np.array([[1.0, 2, 3], [np.nan] * 3])
    )
    assert found.dtype == np.float32
    assert found[0].sum() == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(found[1]).all()


def test_calibration_error_of_known_cases():
    sure = np.tile([0.9, 0.05, 0.05], (100, 1))
    assert expected_calibration_error(sure, np.repeat([0, 1], [90, 10])) == pytest.approx(0.0, abs=1e-6)
    assert expected_calibration_error(sure, np.repeat([0, 1], [50, 50])) == pytest.approx(0.4, abs=1e-6)
    halves = np.concatenate([sure, np.tile([0.6, 0.3, 0.1], (100, 1))])
    labels = np.repeat([0, 1, 0, 1], [100, 0, 60, 40])
    assert expected_calibration_error(halves, labels) == pytest.approx(0.05, abs=1e-6)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0.005, 0.02, 0.1]), st.sampled_from([100, 300, 3000]))
def test_no_more_than_the_target_passes_and_the_threshold_is_no_higher_than_it_must(seed, target, count):
    p = np.random.default_rng(seed).beta(2, 1, count).astype(np.float32)
    limit = single_station_threshold(p, target)
    assert (p >= limit).mean() <= target
    assert limit in (0.5, 0.999) or (p >= limit).sum() > target * count - 1


def test_the_threshold_is_set_by_the_chosen_noise_alone():
    logits, labels = drawn(6000, 3)
    some = (labels == 0) & (np.arange(6000) % 2 == 0)
    found = fit_calibration(logits, labels, some, 0.1)
    p = found.probabilities(logits)[some, 1]
    assert (p >= found.threshold).mean() <= 0.1


def test_the_threshold_is_never_below_a_half_and_has_a_default():
    assert single_station_threshold(np.zeros(500, np.float32), 0.005) == 0.5
    assert single_station_threshold(np.ones(500, np.float32), 0.005) == 0.999
    assert single_station_threshold(np.ones(0, np.float32), 0.005) == 0.9
