"""Signals in noise: SNR as asked for, nothing else changed, events seen by the screen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt
from windows import RATE_HZ, SETTINGS

from tremorflow.classifier.mixing import (
    NoiseRecording,
    band_rms,
    banded_noise,
    complete,
    gliding_lines,
    noise_amplitudes,
    noise_bursts,
    put_into_noise,
    quiet_starts,
    stationary_noise,
    swelling,
)

RNG = np.random.default_rng(11)
NOISE = RNG.standard_normal((3, 3000)).astype(np.float32)
SIGNAL = (RNG.standard_normal((3, 3000)) * np.hanning(3000) ** 4).astype(np.float32)


def rms_2_to_8_hz(samples):
    sos = butter(8, (2.0, 8.0), "bandpass", fs=RATE_HZ, output="sos")
    return np.sqrt((sosfiltfilt(sos, samples.astype(float), axis=-1) ** 2).mean(axis=-1).sum())


@settings(max_examples=20)
@given(st.floats(0.5, 20), st.floats(-6, 6))
def test_the_snr_is_that_of_the_definition_whatever_the_units(snr, exponent):
    mixed = put_into_noise(NOISE, (10**exponent * SIGNAL).astype(np.float32), snr, RATE_HZ)
    assert rms_2_to_8_hz(mixed - NOISE) / rms_2_to_8_hz(NOISE) == pytest.approx(snr, rel=0.05)


def test_the_microseism_does_not_count_as_noise_of_the_band():
    swell = 1000 * np.sin(2 * np.pi * 0.2 * np.arange(3000) / RATE_HZ)
    assert band_rms(NOISE + swell, RATE_HZ) == pytest.approx(band_rms(NOISE, RATE_HZ), rel=0.05)


def test_components_that_either_lacks_are_missing():
    noise, signal = NOISE.copy(), SIGNAL.copy()
    noise[0], signal[1] = np.nan, np.nan
    mixed = put_into_noise(noise, signal, 3.0, RATE_HZ)
    assert np.isnan(mixed[:2]).all()
    assert np.isfinite(mixed[2]).all()
    signal[2] = np.nan
    assert put_into_noise(noise, signal, 3.0, RATE_HZ) is None
    assert put_into_noise(NOISE, 0 * SIGNAL, 3.0, RATE_HZ) is None


def test_made_noise_has_the_spectrum_of_the_real():
    sos = butter(2, 3.0, fs=RATE_HZ, output="sos")
    real = sosfiltfilt(sos, RNG.standard_normal((3, 3000)))
    made = stationary_noise(noise_amplitudes(real), 3000, np.random.default_rng(1))
    for low, high in ((0.5, 2), (2, 4), (4, 8)):
        band = butter(4, (low, high), "bandpass", fs=RATE_HZ, output="sos")
        powers = [(sosfiltfilt(band, one, axis=-1) ** 2).mean() for one in (real, made)]
        assert powers[1] / powers[0] == pytest.approx(1.0, abs=0.35)


def test_completion_keeps_the_record_and_has_no_step():
    amplitudes = noise_amplitudes(NOISE)
    filled = complete(NOISE, 40.0, 80.0, amplitudes, RATE_HZ, np.random.default_rng(2))
    kept = slice(round(42 * RATE_HZ), round(78 * RATE_HZ))
    np.testing.assert_allclose(filled[:, kept], NOISE[:, kept], rtol=1e-6)
    assert np.abs(filled - NOISE)[:, : round(40 * RATE_HZ)].max() > 0.1
    level = [band_rms(filled[:, a:b], RATE_HZ) for a, b in ((0, 1000), (1050, 1950), (2000, 3000))]
    np.testing.assert_allclose(level, band_rms(NOISE, RATE_HZ), rtol=0.15)


def test_completion_leaves_missing_components_missing():
    noise, amplitudes = NOISE.copy(), noise_amplitudes(NOISE)
    noise[1], amplitudes[1] = np.nan, np.nan
    filled = complete(noise, 40.0, 80.0, amplitudes, RATE_HZ, np.random.default_rng(2))
    assert np.isnan(filled[1]).all()
    assert np.isfinite(filled[[0, 2]]).all()


def test_the_screen_sees_a_bang_and_not_a_swell():
    rng = np.random.default_rng(3)
    long = rng.standard_normal((3, round(900 * RATE_HZ)))
    times = np.arange(long.shape[1]) / RATE_HZ
    swell = long * (1 + 4 * np.exp(-(((times - 450) / 40) ** 2)))
    assert len(quiet_starts(swell, RATE_HZ, 120.0)) == 75  # 40 to 780 s
    bang = long + 60 * rng.standard_normal(long.shape) * np.exp(-np.abs(times - 450) / 2) * (times > 450)
    starts = quiet_starts(bang, RATE_HZ, 120.0)
    assert not ((starts <= 450) & (starts + 120 > 452)).any()
    assert {40.0, 100.0, 780.0} <= set(starts)
    assert starts.min() == 40, "nothing tells whether the first seconds hold a rise"


def test_the_screen_leaves_out_windows_with_gaps():
    long = np.random.default_rng(4).standard_normal((3, round(600 * RATE_HZ)))
    long[0] = np.nan  # a component that is missing is no gap
    long[1, 7500:7600] = np.nan
    starts = quiet_starts(long, RATE_HZ, 120.0)
    assert len(starts)
    assert not ((starts <= 300) & (starts + 120 > 304)).any()
    assert not len(quiet_starts(np.full((3, 9000), np.nan), RATE_HZ, 120.0))


def test_a_recording_gives_windows_with_the_background_of_the_time_before():
    long = np.random.default_rng(5).standard_normal((3, round(1500 * RATE_HZ)))
    recording = NoiseRecording("XX.AAA", long, RATE_HZ, SETTINGS)
    early, late = recording.window(0.0), recording.window(1200.0)
    assert np.isnan(early.background).all()
    assert early.context == 0
    np.testing.assert_allclose(late.background, np.log10(2 / RATE_HZ) - 0.25, atol=0.2)
    assert 0.2 < late.context < 0.5
    np.testing.assert_array_equal(late.samples, long[:, 30000:33000].astype(np.float32))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_is_made_up_is_finite_varies_and_follows_from_the_seed(seed):
    for make in (banded_noise, gliding_lines, noise_bursts):
        noise = NOISE.copy()
        noise[1] = np.nan
        made = [make(noise, RATE_HZ, np.random.default_rng(seed)) for _ in range(2)]
        np.testing.assert_array_equal(*made)
        assert np.isnan(made[0][1]).all()
        assert np.isfinite(made[0][[0, 2]]).all()
        assert made[0][[0, 2]].std(axis=-1).min() > 0
    gain = swelling(3000, RATE_HZ, np.random.default_rng(seed))
    assert gain.min() > 0
    assert gain.max() / gain.min() > 10 ** (1 / 20)
