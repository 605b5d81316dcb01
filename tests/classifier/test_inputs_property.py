"""Windows and their background: causal, robust against bursts, and missing where nothing was recorded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.classifier.inputs import cut_windows, minute_levels, quantile, window_starts
from tremorflow.records import Network, Spectrograms, Station, timedelta, utc
from tremorflow.spectrogram import SpectrogramSettings, context_s

SETTINGS = SpectrogramSettings()
START = utc("2020-05-24T00:00:00Z")
NETWORK = Network((Station("XX", "AAA", 48.0, -123.0, 0.0),))
N_BINS = len(SETTINGS.frequencies_hz)


def spectrograms(hours, seed=1, level=-3.0):
    rng = np.random.default_rng(seed)
    values = (level + 0.2 * rng.standard_normal((1, 3, N_BINS, round(3600 * hours)))).astype(np.float32)
    return Spectrograms(NETWORK, values, SETTINGS.frequencies_hz, START, 4.0, 1.0, "m/s")


def with_values(whole, values):
    return Spectrograms(NETWORK, values, whole.frequencies_hz, whole.start_time, 4.0, 1.0, "m/s")


def at(minute):
    return np.array([START + timedelta(60.0 * minute)])


def test_windows_start_at_whole_steps_and_lie_within_the_span():
    starts = window_starts(START + timedelta(1.0), START + timedelta(600.0), SETTINGS)
    assert starts[0] == START + timedelta(60.0)
    assert starts[-1] + timedelta(120.0) == START + timedelta(600.0)
    assert not len(window_starts(START, START + timedelta(119.0), SETTINGS))


def test_a_window_holds_its_frames():
    whole = spectrograms(0.5)
    found = cut_windows(whole, at(7), SETTINGS)
    np.testing.assert_array_equal(found.log_power[0], whole.log_power[0, ..., 421:536])
    assert found.completeness[0] == 1.0


@settings(max_examples=15)
@given(st.integers(60, 110), st.integers(0, 10**6))
def test_the_background_knows_nothing_of_the_future(minute, seed):
    """A live network sees what an archive sees: what comes after a window must not change it."""
    whole = spectrograms(2.0)
    later = whole.log_power.copy()
    after = 60 * (minute + 2)
    later[..., after:] = np.random.default_rng(seed).uniform(-9, 9, later[..., after:].shape)
    one, other = (cut_windows(with_values(whole, v), at(minute), SETTINGS) for v in (whole.log_power, later))
    np.testing.assert_array_equal(one.background, other.background)
    np.testing.assert_array_equal(one.log_power, other.log_power)


@settings(max_examples=15)
@given(st.integers(70, 110))
def test_the_background_needs_the_context_that_is_stated_and_no_more(minute):
    whole = spectrograms(2.0)
    first = round(60 * minute - context_s(SETTINGS))
    cut = with_values(whole, whole.log_power.copy())
    cut.log_power[..., :first] = 7.0
    one, other = (cut_windows(v, at(minute), SETTINGS) for v in (whole, cut))
    np.testing.assert_array_equal(one.background, other.background)


def test_tremor_for_half_of_the_hour_does_not_pass_for_background():
    quiet = spectrograms(2.0)
    busy = quiet.log_power.copy()
    busy[..., 3600:5400] += 2.0
    one, other = (cut_windows(with_values(quiet, v), at(95), SETTINGS) for v in (quiet.log_power, busy))
    assert np.abs(one.background - other.background).max() < 0.1
    assert np.abs(one.background - (-3.0)).max() < 0.15


def test_less_than_five_minutes_before_a_window_are_no_background():
    whole = spectrograms(1.0)
    for minute, known in ((0, False), (4, False), (5, True)):
        found = cut_windows(whole, at(minute), SETTINGS)
        assert np.isfinite(found.background).all() == known
        assert (found.context[0] > 0) == known
    assert cut_windows(spectrograms(2.0), at(60), SETTINGS).context[0] == pytest.approx(1.0)
    assert 0.4 < cut_windows(whole, at(29), SETTINGS).context[0] < 0.6


def test_what_was_not_recorded_is_missing_and_counted():
    whole = spectrograms(1.0)
    whole.log_power[0, 0] = np.nan
    whole.log_power[0, 1:, :, 1860:1920] = np.nan
    found = cut_windows(whole, at(30), SETTINGS)
    assert np.isnan(found.log_power[0, 0]).all()
    assert found.completeness[0] == pytest.approx(1 - 55 / 115, abs=0.05)
    beyond = cut_windows(whole, at(200), SETTINGS)
    assert np.isnan(beyond.log_power).all()
    assert beyond.completeness[0] == 0


def test_a_minute_with_few_frames_has_no_level():
    whole = spectrograms(0.1)
    whole.log_power[..., 60:110] = np.nan  # 10 of 60 frames are left
    levels, first = minute_levels(whole.log_power[0], int(START.astype(np.int64)), SETTINGS)
    assert first == int(START.astype("datetime64[m]").astype(np.int64))
    assert np.isnan(levels[..., 1]).all()
    assert np.isfinite(np.delete(levels, 1, axis=-1)).all()


@settings(max_examples=50)
@given(
    st.lists(st.floats(-50, 50, width=32) | st.just(float("nan")), min_size=1, max_size=30),
    st.floats(0.05, 0.95),
)
def test_the_quantile_is_that_of_what_is_there(values, share):
    found = float(quantile(np.array(values, dtype=np.float32), share))
    known = np.array([v for v in values if not np.isnan(v)], dtype=np.float32)
    if not len(known):
        assert np.isnan(found)
    else:
        assert found in known
        assert (known < found).sum() <= share * len(known)
        assert (known <= found).sum() >= share * (len(known) - 1)
