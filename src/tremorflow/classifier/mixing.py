"""Signals put into other noise, so that no noise tells a class: for training, never for catalogues."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from tremorflow.classifier.inputs import cut_windows
from tremorflow.records import FloatArray, Network, Spectrograms, Station, Waveforms, timedelta, utc
from tremorflow.spectrogram import SpectrogramSettings, compute_spectrograms, window_log_power

BAND_HZ = (2.0, 8.0)  # in which SNR is told (DEFINITIONS.md)
RISE_RATIO = 40.0  # of 1 s over the 30 s before, in power: impulsive, so no noise window
SCREEN_STEP_S = 10.0
SCREEN_FROM_S = 40.0  # of a recording on: a rise needs 31 s before it to be told
SHARE_WORKING = 0.3  # of hums and bursts that come in strokes: digging, loading, one car after the other
SPECTRUM_SAMPLES = 4096  # of spectra that noise is made from: 0.006 Hz at 25 Hz

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NoiseWindow:
    """Samples (3, time), NaN where missing, with the background (3, frequency) of the time before.

    ``context`` is the share of that time that was recorded; ``origin`` names the recording, ``unit`` is that
    of the samples.
    """

    samples: Samples
    background: NDArray[np.float32]
    context: float
    origin: str
    unit: str = "m/s"


class NoiseRecording:
    """An unbroken recording of one station, of which windows without events are drawn."""

    def __init__(
        self,
        origin: str,
        samples: NDArray[np.floating],
        rate_hz: float,
        settings: SpectrogramSettings,
        unit: str = "m/s",
    ) -> None:
        self.origin, self.samples, self.rate_hz = origin, np.asarray(samples, dtype=np.float32), rate_hz
        self.settings, self.unit = settings, unit
        self._spectrograms = spectrograms_of(samples, rate_hz, settings)
        self.quiet_starts_s = quiet_starts(samples, rate_hz, settings.window_s)

    def draw(self, rng: Generator) -> NoiseWindow:
        """Draw a window of those that start at ``quiet_starts_s``; there must be some."""
        return self.window(float(rng.choice(self.quiet_starts_s)))

    def window(self, start_s: float) -> NoiseWindow:
        """Window from a whole number of seconds after the first sample on."""
        first = round(start_s * self.rate_hz)
        count = round(self.settings.window_s * self.rate_hz)
        start = np.array([START + timedelta(start_s)])
        spectra = cut_windows(self._spectrograms, start, self.settings)
        part = self.samples[:, first : first + count].copy()
        return NoiseWindow(part, spectra.background[0], float(spectra.context[0]), self.origin, self.unit)


START = utc("2020-01-01T00:00:00Z")  # of recordings whose time does not matter
_NOWHERE = Network((Station("XX", "NONE", 0.0, 0.0, 0.0),))


def spectrograms_of(
    samples: NDArray[np.floating], rate_hz: float, settings: SpectrogramSettings
) -> Spectrograms:
    """Spectrograms of (3, time) samples, east, north, up, as if they began at ``START``."""
    waveforms = Waveforms(_NOWHERE, ("E", "N", "Z"), np.asarray(samples)[None], START, rate_hz, "m/s")
    return compute_spectrograms(waveforms, settings)


def quiet_starts(samples: NDArray[np.floating], rate_hz: float, window_s: float) -> FloatArray:
    """Find starts (s), every 10 s, of complete windows without a sharp rise: P or S, a spike.

    Notes
    -----
    STA/LTA in 2-8 Hz: 1 s against the 30 s before, over all components that were recorded throughout. The
    first 40 s of a recording, with too little before them, are in no window.
    """
    live = samples[np.isfinite(samples).mean(axis=1) > 0.5]
    if not len(live):
        return np.empty(0)
    present = np.isfinite(live).all(axis=0)
    power = (band_passed(np.where(np.isfinite(live), live, 0), rate_hz) ** 2).sum(axis=0)
    short = uniform_filter1d(power, round(rate_hz), mode="constant")
    lag = round(15.5 * rate_hz)
    long = np.roll(uniform_filter1d(power, round(30 * rate_hz), mode="nearest"), lag)
    ratio = short / np.maximum(long, power.mean() * 1e-6 + 1e-60)
    ratio[: 2 * lag] = 0  # nothing before to compare with
    sharp = np.concatenate([[0], np.cumsum((ratio > RISE_RATIO) | ~present)])
    count = round(window_s * rate_hz)
    starts_s = np.arange(SCREEN_FROM_S, (samples.shape[1] - count) / rate_hz + 1e-6, SCREEN_STEP_S)
    firsts = np.round(starts_s * rate_hz).astype(int)
    return np.asarray(starts_s[sharp[firsts + count] == sharp[firsts]])


def band_passed(samples: NDArray[np.floating], rate_hz: float) -> FloatArray:
    """Pass samples (..., time) in 2-8 Hz, by differences and a Fourier integral: no microseism leaks in."""
    return np.asarray(fft.irfft(_band_spectrum(samples, rate_hz), samples.shape[-1]))


def band_rms(samples: NDArray[np.floating], rate_hz: float) -> float:
    """Root-sum-square over components of the rms in 2-8 Hz, of (component, time) samples."""
    return float(np.sqrt((band_passed(samples, rate_hz) ** 2).mean(axis=-1).sum()))


def _band_spectrum(samples: NDArray[np.floating], rate_hz: float) -> NDArray[np.complex128]:
    curvature = np.diff(samples.astype(np.float64), n=2, axis=-1, prepend=0, append=0)[
        ..., : samples.shape[-1]
    ]
    curvature[..., :2], curvature[..., -2:] = 0, 0
    frequencies = fft.rfftfreq(samples.shape[-1], 1 / rate_hz)
    inside = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    gain = np.where(inside, 1 / np.maximum(4 * np.sin(np.pi * frequencies / rate_hz) ** 2, 1e-12), 0)
    return np.asarray(fft.rfft(curvature) * gain)


def put_into_noise(noise: Samples, signal: Samples, snr: float, rate_hz: float) -> Samples | None:
    """Noise with a signal of this SNR; components that either lacks are NaN. None if none is left.

    Parameters
    ----------
    noise, signal : (3, time)
        NaN in whole components that are missing.
    snr
        Of DEFINITIONS.md: root-sum-square of the components in 2-8 Hz over the window.
    """
    live = np.isfinite(noise).all(axis=1) & np.isfinite(signal).all(axis=1)
    size = band_rms(signal[live], rate_hz) if live.any() else 0.0
    if size <= 0:
        return None
    gain = np.float32(snr * band_rms(noise[live], rate_hz) / size)
    mixed = noise + gain * signal
    mixed[~live] = np.nan
    return mixed


def noise_amplitudes(samples: NDArray[np.floating]) -> FloatArray:
    """(component, frequency) smooth amplitude spectrum of a stretch of noise, for ``stationary_noise``."""
    count = samples.shape[-1]
    window = np.hanning(count)
    centred = (samples - samples.mean(axis=-1, keepdims=True)) * window / np.sqrt((window**2).sum())
    power = np.abs(fft.rfft(centred, SPECTRUM_SAMPLES, axis=-1)) ** 2
    return np.sqrt(gaussian_filter1d(power, max(SPECTRUM_SAMPLES / count, 1.0), axis=-1))


def stationary_noise(amplitudes: FloatArray, n_samples: int, rng: Generator) -> Samples:
    """(component, time) Gaussian noise with the spectrum of ``noise_amplitudes``."""
    white = rng.standard_normal((len(amplitudes), SPECTRUM_SAMPLES))
    return fft.irfft(fft.rfft(white) * amplitudes, SPECTRUM_SAMPLES)[:, :n_samples].astype(np.float32)


def swelling(n_samples: int, rate_hz: float, rng: Generator) -> FloatArray:
    """(time,) gain that swells and falls within 5 to 40 s by 1 to 7 dB (sd), as wind and traffic do."""
    length_s = n_samples / rate_hz
    knots = round(length_s / rng.uniform(5, 40)) + 4
    curve = gaussian_filter1d(rng.standard_normal(10 * knots), 5)
    curve = np.interp(np.arange(n_samples), np.linspace(0, n_samples, len(curve)), curve)
    return np.asarray(10 ** ((curve - curve.mean()) / (curve.std() + 1e-9) * rng.uniform(1, 7) / 20))


def working(n_samples: int, rate_hz: float, rng: Generator) -> FloatArray:
    """(time,) gain of something that works with breaks: strokes of 2 to 15 s, each of its own strength."""
    edges_s = np.cumsum(rng.uniform(2, 15, int(n_samples / rate_hz)))
    stroke = np.searchsorted(edges_s, np.arange(n_samples) / rate_hz)
    strengths = np.where(
        rng.random(len(edges_s) + 1) < 0.5, 0.1, 10 ** rng.uniform(-0.5, 0, len(edges_s) + 1)
    )
    return np.asarray(gaussian_filter1d(strengths[stroke], rng.uniform(0.2, 1.0) * rate_hz))


def banded_noise(noise: Samples, rate_hz: float, rng: Generator) -> Samples:
    """Hum of two to five bands 0.1 to 0.6 Hz wide that comes or goes, or swells: trains, pumps, works.

    The components of ``noise`` (3, time) that are there hum, alike in frequency and each at a strength of its
    own.
    """
    n_samples = noise.shape[-1]
    frequencies = fft.rfftfreq(n_samples, 1 / rate_hz)
    shape = np.zeros((3, len(frequencies)))
    for _ in range(rng.integers(2, 6)):
        centre, width = rng.uniform(1.5, 8.5), 10 ** rng.uniform(-1.0, -0.2)
        peak = np.exp(-0.5 * ((frequencies - centre) / width) ** 2)
        shape += 10 ** rng.uniform(-1, 0) * rng.uniform(0.3, 1, (3, 1)) * peak
    hum = fft.irfft(fft.rfft(rng.standard_normal((3, n_samples))) * shape, n_samples)
    times_s = np.arange(n_samples) / rate_hz
    rise, change_s = rng.uniform(3, 40), rng.uniform(-60, n_samples / rate_hz + 60)
    gain = 1 / (1 + np.exp(np.clip(rng.choice([-1, 1]) * (times_s - change_s) / rise, -50, 50)))
    hum *= gain * swelling(n_samples, rate_hz, rng) ** rng.uniform(0, 1)
    if rng.random() < SHARE_WORKING:
        hum *= working(n_samples, rate_hz, rng)
    return np.where(np.isfinite(noise), hum, np.nan).astype(np.float32)


def gliding_lines(noise: Samples, rate_hz: float, rng: Generator) -> Samples:
    """Engine that passes: lines at one to three multiples of a speed that rises and falls, in a broad rumble.

    The components of ``noise`` (3, time) that are there move, each at a strength of its own.
    """
    n_samples = noise.shape[-1]
    times_s = np.arange(n_samples) / rate_hz
    knots = int(rng.integers(3, 8))
    curve = gaussian_filter1d(rng.standard_normal(10 * knots), rng.uniform(3, 10))
    curve = np.interp(times_s, np.linspace(0, times_s[-1], len(curve)), curve / (np.abs(curve).max() + 1e-9))
    speed_hz = 10 ** rng.uniform(0.1, 0.8) * 10 ** (rng.uniform(0, 0.25) * curve)
    turns = 2 * np.pi * np.cumsum(speed_hz) / rate_hz
    motion = np.zeros((3, n_samples))
    for multiple in range(1, int(rng.integers(2, 5))):
        wander = gaussian_filter1d(rng.standard_normal((2, n_samples)), rng.uniform(1, 8) * rate_hz)
        wander /= np.sqrt((wander**2).mean() + 1e-30)
        line = wander[0] * np.cos(multiple * turns) + wander[1] * np.sin(multiple * turns)
        motion += 10 ** rng.uniform(-1, 0) * rng.uniform(0.3, 1, (3, 1)) * line
    length_s, middle_s = 10 ** rng.uniform(1.3, 2.1), rng.uniform(0, times_s[-1])
    motion *= np.exp(-0.5 * np.abs((times_s - middle_s) / (length_s / 2)) ** rng.uniform(1.5, 6))
    rumble = np.nan_to_num(noise_bursts(noise, rate_hz, rng))
    sizes = [np.sqrt((part**2).mean()) + 1e-30 for part in (motion, rumble)]
    motion = motion / sizes[0] + 10 ** rng.uniform(-1.0, 0.3) * rumble / sizes[1]
    return np.where(np.isfinite(noise), motion, np.nan).astype(np.float32)


def noise_bursts(noise: Samples, rate_hz: float, rng: Generator) -> Samples:
    """One to three bursts of Gaussian noise of any smooth spectrum that rise and fall: traffic, wind, works.

    Each lasts 10 to 150 s. Unlike tremor they have no pulses in them and no P before S. The components of
    ``noise`` (3, time) that are there move, each at a strength of its own.
    """
    n_samples = noise.shape[-1]
    frequencies = fft.rfftfreq(n_samples, 1 / rate_hz)
    decades = np.clip(np.log10(np.maximum(frequencies, 0.1) / 4), -0.6, 0.5)
    times_s = np.arange(n_samples) / rate_hz
    motion = np.zeros((3, n_samples))
    for _ in range(rng.integers(1, 4)):
        shape_db = rng.normal(0, 15) * decades + rng.normal(0, 4) * np.cos(
            rng.uniform(3, 12) * decades + rng.uniform(0, 6)
        )
        shape = 10 ** (shape_db / 20) * rng.uniform(0.4, 1, (3, 1))
        length_s, middle_s = 10 ** rng.uniform(1.0, 2.2), rng.uniform(0, n_samples / rate_hz)
        rise_s, fall_s = length_s * rng.uniform(0.05, 0.4, 2)
        gain = 1 / (1 + np.exp(np.clip(-(times_s - middle_s + length_s / 2) * 4 / rise_s, -50, 50)))
        gain /= 1 + np.exp(np.clip((times_s - middle_s - length_s / 2) * 4 / fall_s, -50, 50))
        white = rng.standard_normal((3, n_samples))
        motion += 10 ** rng.uniform(-0.5, 0) * gain * fft.irfft(fft.rfft(white) * shape, n_samples)
    motion *= swelling(n_samples, rate_hz, rng) ** rng.uniform(0, 1)
    if rng.random() < SHARE_WORKING:
        motion *= working(n_samples, rate_hz, rng)
    return np.where(np.isfinite(noise), motion, np.nan).astype(np.float32)


def complete(
    samples: Samples, first_s: float, last_s: float, amplitudes: FloatArray, rate_hz: float, rng: Generator
) -> Samples:
    """Window of which only ``first_s`` to ``last_s`` is kept, the rest stationary noise, 2 s of each joined.

    The filling of DEFINITIONS.md for records that are shorter than a window. ``amplitudes`` (3, frequency)
    are of the noise of the record itself, NaN for missing components.
    """
    times_s = np.arange(samples.shape[-1]) / rate_hz
    kept = np.clip((times_s - first_s) / 2, 0, 1) * np.clip((last_s - times_s) / 2, 0, 1)
    live = np.isfinite(samples).any(axis=1) & np.isfinite(amplitudes).all(axis=1)
    filled = np.full_like(samples, np.nan)
    fill = stationary_noise(amplitudes[live], samples.shape[-1], rng)
    filled[live] = np.nan_to_num(samples[live]) * kept + fill * np.sqrt(1 - kept**2)
    return filled


def mean_level(samples: Samples, rate_hz: float, settings: SpectrogramSettings) -> NDArray[np.float32]:
    """(3, frequency) mean log power of a window of noise: its background if nothing is known of before."""
    log_power = window_log_power(samples[None], rate_hz, settings)[0]
    count = np.isfinite(log_power).sum(axis=-1)
    total = np.where(np.isfinite(log_power), log_power, 0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
