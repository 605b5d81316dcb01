"""What holds for any recording: scale, order, gaps, names of components, and that pieces equal the whole."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tremorflow.errors import DataError
from tremorflow.records import Network, Station, Waveforms, timedelta, utc
from tremorflow.spectrogram import SpectrogramSettings, compute_spectrograms, window_log_power

SETTINGS = SpectrogramSettings()
START = utc("2020-05-24T02:00:00Z")
NOISE = np.random.default_rng(7).standard_normal((3, 3, 6000))


def recording(samples, rate_hz=50.0, start=START, components=("E", "N", "Z")):
    network = Network(tuple(Station("XX", f"S{i}", 48.0, -123.0, 0.0) for i in range(len(samples))))
    return Waveforms(network, components, np.asarray(samples), start, rate_hz, "m/s")


def log_power(samples, **names):
    return compute_spectrograms(recording(samples, **names), SETTINGS).log_power


@settings(max_examples=20)
@given(st.floats(-9, 9))
def test_power_goes_as_the_square_of_the_amplitude(exponent):
    scaled = log_power(-(10**exponent) * NOISE)
    np.testing.assert_allclose(scaled, log_power(NOISE) + 2 * exponent, atol=3e-3)


@settings(max_examples=10)
@given(st.floats(-1e6, 1e6), st.floats(-10, 10))
def test_offset_and_trend_are_not_seen(offset, slope):
    line = offset + slope * np.arange(6000)
    np.testing.assert_allclose(log_power(NOISE + line), log_power(NOISE), atol=1e-3)


@settings(max_examples=6)
@given(st.permutations(range(3)))
def test_the_order_of_stations_does_not_matter(order):
    np.testing.assert_array_equal(log_power(NOISE[list(order)]), log_power(NOISE)[list(order)])


@settings(max_examples=30)
@given(
    st.sampled_from([20.0, 40.0, 62.5, 100.0, 250.0]),
    st.integers(0, 2000),
    st.integers(700, 3000),
)
def test_pieces_equal_the_whole_to_the_last_bit(rate_hz, first, length):
    """Whatever is read, a frame depends on its own samples alone: hours, days and a live feed agree."""
    trace = np.cumsum(np.random.default_rng(8).standard_normal((1, 3, 6000)), axis=-1).round()
    length = max(length, round(6 * rate_hz))
    whole = compute_spectrograms(recording(trace, rate_hz), SETTINGS)
    start = START + timedelta(first / rate_hz)
    piece = compute_spectrograms(recording(trace[..., first : first + length], rate_hz, start), SETTINGS)
    at = round((piece.start_time - whole.start_time) / np.timedelta64(1, "s"))
    there = whole.log_power[..., at : at + piece.log_power.shape[-1]]
    np.testing.assert_array_equal(piece.log_power, there)


@settings(max_examples=20)
@given(st.integers(300, 5600), st.integers(1, 60))
def test_a_gap_takes_out_the_frames_that_it_touches_and_changes_no_other(first, length):
    samples = NOISE[:1].copy()
    samples[0, 1, first : first + length] = np.nan
    whole, gappy = log_power(NOISE[:1]), log_power(samples)
    begins = 1.0 + np.arange(whole.shape[-1])  # of frames, seconds after the first sample
    inside = (begins < (first + length) / 50) & (begins + 4 > first / 50 + 0.01)
    near = (begins < (first + length) / 50 + 0.05) & (begins + 4 > first / 50 - 0.05)  # differences reach on
    missing = np.isnan(gappy[0, 1]).all(axis=0)
    assert missing[inside].all()
    assert not missing[~near].any()
    np.testing.assert_array_equal(gappy[0, 1][:, ~missing], whole[0, 1][:, ~missing])
    np.testing.assert_array_equal(gappy[0, [0, 2]], whole[0, [0, 2]])


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (("E", "N", "Z"), (0, 1, 2)),
        (("Z", "E", "N"), (1, 2, 0)),
        (("1", "2", "Z"), (0, 1, 2)),
        (("X", "Y", "Z"), (0, 1, 2)),
        (("N", "E", "U"), (1, 0, 2)),
        (("R", "T", "Z"), (0, 1, 2)),
    ],
)
def test_components_play_their_roles_under_any_name(names, rows):
    found = log_power(NOISE[:1], components=names)
    for role, row in enumerate(rows):
        np.testing.assert_array_equal(found[0, role], log_power(NOISE[:1])[0, row])


def test_a_missing_component_is_missing_and_the_others_are_there():
    found = log_power(NOISE[:1, :1], components=("Z",))
    assert np.isnan(found[0, :2]).all()
    assert np.isfinite(found[0, 2]).all()


def test_a_recording_without_motion_is_missing():
    samples = NOISE[:1].copy()
    samples[0, 0] = 7.0
    found = log_power(samples)
    assert np.isnan(found[0, 0]).all()
    assert np.isfinite(found[0, 1:]).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_single_precision_serves(kind):
    np.testing.assert_allclose(log_power(NOISE.astype(kind)), log_power(NOISE), atol=2e-3)


def test_what_cannot_be_used_is_refused_with_the_cure():
    with pytest.raises(DataError, match=r"XX.S0.*10 Hz.*leave the station out"):
        log_power(NOISE[:1], rate_hz=10.0)
    with pytest.raises(DataError, match="too short for a frame of 4 s"):
        log_power(NOISE[:1, :, :200])
    with pytest.raises(DataError, match="10 Hz"):
        window_log_power(NOISE, 10.0, SETTINGS)


def test_settings_refuse_what_contradicts_itself():
    with pytest.raises(ValidationError, match="low < high"):
        SpectrogramSettings(band_hz=(8.0, 2.0))
    with pytest.raises(ValidationError, match="must fit"):
        replace(SETTINGS, frame_s=4.0, window_s=4.5)
