"""Power densities of signals whose spectra are known, at any sampling rate."""

import numpy as np
import pytest

from tremorflow.records import Network, Station, Waveforms, utc
from tremorflow.spectrogram import (
    SpectrogramSettings,
    compute_spectrograms,
    frames_of_window,
    window_log_power,
)

SETTINGS = SpectrogramSettings()
START = utc("2020-05-24T02:00:00Z")
NETWORK = Network((Station("XX", "AAA", 48.0, -123.0, 0.0),))
RATES = (20.0, 25.0, 40.0, 50.0, 62.5, 100.0, 125.0, 200.0, 250.0)


def spectrograms(samples, rate_hz, components=("E", "N", "Z")):
    return compute_spectrograms(
        Waveforms(NETWORK, components, samples[None], START, rate_hz, "m/s"), SETTINGS
    )


def mean_power(samples, rate_hz):
    return (10 ** spectrograms(samples, rate_hz).log_power[0].astype(float)).mean(axis=(0, 2))


def test_bins_are_the_band_and_frames_are_seconds_since_1970():
    found = spectrograms(np.random.default_rng(1).standard_normal((3, 3000)), 25.0)
    np.testing.assert_allclose(found.frequencies_hz, np.arange(1.5, 8.01, 0.25))
    assert found.frame_times[0] == utc("2020-05-24T02:00:01Z")
    assert (np.diff(found.frame_times) == np.timedelta64(1, "s")).all()
    assert found.log_power.shape == (1, 3, 27, 115)
    assert len(frames_of_window(SETTINGS)) == 115


@pytest.mark.parametrize("rate_hz", RATES)
def test_white_noise_has_its_power_density_at_any_rate(rate_hz):
    """Variance over half of the sampling rate, per Hz; mean over 600 s is known to 2 %."""
    sigma = 3e-8
    samples = sigma * np.random.default_rng(2).standard_normal((3, round(3600 * rate_hz)))
    power = 10 ** spectrograms(samples, rate_hz).log_power.astype(float)
    density = sigma**2 / (rate_hz / 2)
    np.testing.assert_allclose(power.mean(axis=(0, 1, 3)) / density, 1.0, atol=0.08)
    # below 2 Hz the Hann window sees the slope that differencing leaves: 6 % at 1.5 Hz


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("frequency_hz", [2.0, 4.25, 7.5])
def test_a_sine_keeps_its_power_and_place(rate_hz, frequency_hz):
    """A sine of amplitude a has power a^2 / 2, all of it within 1 Hz of its frequency."""
    times = np.arange(round(60 * rate_hz)) / rate_hz
    samples = np.tile(1e-6 * np.sin(2 * np.pi * frequency_hz * times), (3, 1))
    found = spectrograms(samples, rate_hz)
    power = 10 ** found.log_power[0, 0].astype(float)
    near = np.abs(found.frequencies_hz - frequency_hz) <= 1.0
    total = power[near].sum(axis=0) * 0.25
    np.testing.assert_allclose(total, 0.5e-12, rtol=0.07)  # bins are corrected at their centres
    assert (found.frequencies_hz[power.argmax(axis=0)] == frequency_hz).all()
    assert power[~near].max() < 1e-4 * power.max()


def test_microseism_and_offset_a_thousand_times_stronger_do_not_leak():
    rate_hz = 50.0
    rng = np.random.default_rng(3)
    quiet = 1e-9 * rng.standard_normal((3, round(600 * rate_hz)))
    times = np.arange(quiet.shape[1]) / rate_hz
    swell = 1e-6 * np.sin(2 * np.pi * 0.2 * times) + 1e-3
    found, alone = (mean_power(one, rate_hz) for one in (quiet + swell, quiet))
    np.testing.assert_allclose(found, alone, rtol=0.04)


def test_recorders_of_100_and_20_hz_see_the_same_ground():
    """What is above 8 Hz at 100 Hz must not fold into the band: it is 40 dB stronger here."""
    rng = np.random.default_rng(4)
    fast = rng.standard_normal((3, 60000))
    spectrum = np.fft.rfft(fast)
    frequencies = np.fft.rfftfreq(60000, 0.01)
    low = np.fft.irfft(spectrum * (frequencies < 9.0), 60000)
    high = 100 * np.fft.irfft(spectrum * ((frequencies > 12) & (frequencies < 40)), 60000)
    whole, alone = mean_power(low + high, 100.0), mean_power(low[:, ::5], 20.0)
    np.testing.assert_allclose(whole, alone, rtol=0.02)


def test_above_four_fifths_of_nyquist_nothing_is_known():
    settings = SpectrogramSettings(band_hz=(1.5, 12.0))
    waveforms = Waveforms(
        NETWORK, ("Z",), np.random.default_rng(5).standard_normal((1, 1, 2400)), START, 20.0, "m/s"
    )
    found = compute_spectrograms(waveforms, settings)
    known = np.isfinite(found.log_power[0, 2]).all(axis=-1)
    np.testing.assert_array_equal(known, found.frequencies_hz <= 8.0)


def test_windows_alone_have_the_spectra_of_the_recording():
    samples = np.random.default_rng(6).standard_normal((3, 3000))
    alone = window_log_power(samples[None], 25.0, SETTINGS)[0]
    np.testing.assert_array_equal(alone, spectrograms(samples, 25.0).log_power[0])
