"""Augmentation changes what stations differ in, leaves something to see, and follows from the seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.classifier.augment import AugmentSettings, Spectra, augment, mix, response

SETTINGS = AugmentSettings()
STILL = AugmentSettings(
    tilt=0, resonance=0, component=0, share_cut=0, level=0, level_shape=0, share_sullied=0,
    share_no_context=0, share_components=0, share_turned=0, share_swapped=0,
    share_gaps=0, share_short=0, share_mixed=0,
)  # fmt: skip


def batch(seed=1, count=64):
    rng = np.random.default_rng(seed)
    log_power = rng.normal(-4, 0.5, (count, 3, 27, 115)).astype(np.float32)
    return Spectra(
        log_power, rng.normal(-4, 0.1, (count, 3, 27)).astype(np.float32), np.ones(count, np.float32)
    )


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_every_window_keeps_a_component_and_its_shape(seed):
    found = augment(batch(), SETTINGS, np.random.default_rng(seed))
    assert found.log_power.shape == (64, 3, 27, 115)
    assert np.isfinite(found.log_power).any(axis=(1, 2, 3)).all()
    assert found.log_power.dtype == found.background.dtype == found.context.dtype == np.float32
    unknown = np.isnan(found.background).any(axis=(1, 2))
    assert (found.context[unknown] == 0).all()
    assert np.isnan(found.background[unknown]).all()


def test_the_seed_decides_and_the_given_batch_stays():
    given_batch = batch()
    before = [part.copy() for part in given_batch]
    one, same = (augment(given_batch, SETTINGS, np.random.default_rng(5)) for _ in range(2))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    for part, old in zip(given_batch, before, strict=True):
        np.testing.assert_array_equal(part, old)


def test_what_changes_a_window_changes_its_background_too():
    """A station's response is in both, so the excess over the background stays."""
    shaped = AugmentSettings(
        **{**vars(STILL), "tilt": 0.5, "resonance": 0.3, "component": 0.2, "share_cut": 0.5}
    )
    given_batch = batch()
    found = augment(given_batch, shaped, np.random.default_rng(6))
    horizontals = [
        sorted(np.round((one.log_power - one.background[..., None])[k, :2].mean(axis=(1, 2)), 3))
        for one in (given_batch, found)
        for k in range(64)
    ]
    np.testing.assert_allclose(horizontals[:64], horizontals[64:], atol=2e-3)
    assert np.abs(found.log_power - given_batch.log_power).mean() > 0.1


def test_shares_are_kept():
    found = augment(batch(count=2000), SETTINGS, np.random.default_rng(7))
    without = np.isnan(found.background).all(axis=(1, 2)).mean()
    assert abs(without - SETTINGS.share_no_context) < 0.04
    lost = np.isnan(found.log_power).all(axis=(2, 3)).any(axis=1).mean()
    assert abs(lost - SETTINGS.share_components) < 0.04


def test_responses_scatter_as_stated():
    found = response(4000, 27, AugmentSettings(**{**vars(STILL), "tilt": 0.4}), np.random.default_rng(8))
    ends = (found[:, 0, -1] - found[:, 0, 0]) / 2
    assert abs(ends.std() - 0.4) < 0.03
    assert abs(ends.mean()) < 0.03


@pytest.mark.parametrize("other", [0.0, 1.0, 5.0])
def test_mixing_lowers_no_snr_below_the_limit_and_only_adds(other):
    """Power of signal and noise add: SNR of the sum from the noise power that came in."""
    given_batch, others = batch(1, 500), batch(2, 500)
    snr = np.random.default_rng(9).uniform(0.5, 10, 500)
    always = AugmentSettings(share_mixed=1.0)
    found = mix(given_batch, snr, others, np.full(500, other), always, np.random.default_rng(10))
    assert (found.log_power >= given_batch.log_power - 1e-5).all()
    ratio = np.maximum(10 ** (found.background - given_batch.background).mean(axis=(1, 2)) - 1, 0)
    assert (ratio > 0.3).mean() > 0.3
    left = np.sqrt((snr**2 + ratio * other**2) / (1 + ratio))
    assert left[snr > 1.6].min() > 1.4
    untouched = snr < 1.5
    np.testing.assert_array_equal(found.log_power[untouched], given_batch.log_power[untouched])


def test_mixing_leaves_what_the_other_lacks():
    given_batch, noise = batch(1, 8), batch(2, 8)
    noise.log_power[:, 1] = np.nan
    noise.background[:, 1] = np.nan
    always = AugmentSettings(share_mixed=1.0)
    found = mix(given_batch, np.full(8, np.inf), noise, np.zeros(8), always, np.random.default_rng(1))
    np.testing.assert_array_equal(found.log_power[:, 1], given_batch.log_power[:, 1])
    assert np.isfinite(found.log_power).all()


def test_turned_horizontals_keep_their_power_together_and_the_vertical_its_own():
    only_turned = AugmentSettings(**{**vars(STILL), "share_turned": 1.0})
    before = batch(3, 200)
    found = augment(before, only_turned, np.random.default_rng(11))
    sums = [(10 ** one.log_power[:, :2]).sum(axis=1) for one in (before, found)]
    np.testing.assert_allclose(sums[1], sums[0], rtol=1e-4)
    np.testing.assert_array_equal(found.log_power[:, 2], before.log_power[:, 2])
    exchanged = (found.log_power[:, 0] == before.log_power[:, 1]).all(axis=(1, 2))
    assert 0.35 < exchanged.mean() < 0.65
