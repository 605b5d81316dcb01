"""Envelopes of simulated tremor, with the truth known: seed + network + bursts -> envelopes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, sosfiltfilt

from tremorflow.options import option, settings_class
from tremorflow.records import Envelopes, FloatArray, Network, utc


@settings_class
class EnvelopeSimulationSettings:
    """How envelopes of tremor in noise are drawn."""

    sampling_rate_hz: float = option(
        1.0, unit="Hz", reason="rate of the envelopes that the location works on", gt=0, le=5
    )
    band_low_hz: float = option(2.0, unit="Hz", reason="tremor band (Obara 2002)", gt=0)
    band_high_hz: float = option(8.0, unit="Hz", reason="tremor band (Obara 2002)", gt=0)
    lowpass_hz: float = option(0.2, unit="Hz", reason="smoothing of Mizuno & Ide (2019)", gt=0)
    components: int = option(2, unit="-", reason="horizontals, which carry the S waves", ge=1)
    coda_s: float = option(
        3.0,
        unit="s",
        reason="scattering makes an impulse last seconds in this band: stacks of real LFEs do so",
        ge=0,
    )
    noise_drift: float = option(
        0.2,
        unit="-",
        reason="natural log rms of the noise power drift: wind and swell rise within minutes",
        ge=0,
    )
    noise_drift_s: float = option(60.0, unit="s", reason="correlation time of that drift", gt=0)
    quality_factor: float = option(200.0, unit="-", reason="METHOD.md 7.1: Q of the test bench", gt=0)
    s_velocity_km_s: float = option(3.5, unit="km/s", reason="crustal mean, for attenuation only", gt=0)


@dataclass(frozen=True, slots=True)
class TremorBurst:
    """One burst as the stations receive it.

    ``power`` (time,) is the mean squared amplitude radiated, on 5 samples a second from the start of the
    simulated span, on average 1 while the burst lasts; ``s_times_s`` and ``amplitudes`` are (station,).
    """

    power: FloatArray
    s_times_s: FloatArray
    amplitudes: FloatArray


SIMULATION_RATE_HZ = 5.0  # samples a second before smoothing to 0.2 Hz: 25 times the corner


def draw_burst_power(span_s: float, start_s: float, duration_s: float, rng: Generator) -> FloatArray:
    """Power against time of a burst made of low-frequency earthquakes.

    Parameters
    ----------
    span_s, start_s, duration_s
        Length of the simulated span, and where in it the burst starts and how long it lasts (s).
    rng
        Source of randomness.

    Returns
    -------
    (time,), 5 Hz, of mean 1 over the burst. Events come at a mean rate of one in 3 s, with energies drawn
    from an exponential law (sizes of tremor are exponential, not a power law: Watanabe et al. 2007).
    """
    power = np.zeros(round(span_s * SIMULATION_RATE_HZ))
    count = max(2, rng.poisson(duration_s / 3.0))
    samples = np.round((start_s + rng.uniform(0, duration_s, count)) * SIMULATION_RATE_HZ).astype(int)
    inside = samples[(samples >= 0) & (samples < len(power))]
    np.add.at(power, inside, rng.exponential(1.0, len(inside)))
    total = power.sum()
    return power * (duration_s * SIMULATION_RATE_HZ / total) if total > 0 else power


def expected_amplitudes(distances_km: FloatArray, settings: EnvelopeSimulationSettings) -> FloatArray:
    """Decay of S amplitude with hypocentral distance: exp(-pi f r / (Q beta)) / r, f the band's centre."""
    frequency_hz = np.sqrt(settings.band_low_hz * settings.band_high_hz)
    path = np.pi * frequency_hz * distances_km / (settings.quality_factor * settings.s_velocity_km_s)
    amplitudes: FloatArray = np.exp(-path) / distances_km
    return amplitudes


def simulate_envelopes(
    network: Network,
    bursts: Sequence[TremorBurst],
    span_s: float,
    settings: EnvelopeSimulationSettings,
    rng: Generator,
) -> Envelopes:
    """Envelopes of tremor bursts in noise of rms 1 at every station.

    Parameters
    ----------
    network
        Stations; they only name the rows.
    bursts
        What arrives; amplitudes are in units of the noise rms while the burst lasts (not the SNR of
        DEFINITIONS.md, which is taken over 120 s).
    span_s
        Length (s).
    settings
        Band, smoothing, drift of the noise.
    rng
        Source of randomness; the same generator state gives the same samples.

    Returns
    -------
    Envelopes (station, time) in units of the noise rms, smoothed as the preprocessing does it: squared,
    low-passed, square root.

    Notes
    -----
    A band-limited Gaussian signal of bandwidth B observed for dt on n components has 2 B dt n degrees of
    freedom, so its squared amplitude is drawn from a gamma law of shape B dt n around its expectation.
    """
    n_samples = round(span_s * SIMULATION_RATE_HZ)
    expected = _noise_power(len(network), n_samples, settings, rng)
    lags_hz = np.fft.rfftfreq(2 * n_samples, 1 / SIMULATION_RATE_HZ)
    coda = 1 / (1 + 2j * np.pi * lags_hz * settings.coda_s)  # exponential decay of unit area
    for burst in bursts:
        spectrum = np.fft.rfft(burst.power, 2 * n_samples) * coda
        shifted = spectrum * np.exp(-2j * np.pi * lags_hz * burst.s_times_s[:, None])
        arriving = np.fft.irfft(shifted, 2 * n_samples)[:, :n_samples]
        expected += burst.amplitudes[:, None] ** 2 * np.maximum(arriving, 0)
    bandwidth_hz = settings.band_high_hz - settings.band_low_hz
    shape = bandwidth_hz * settings.components / SIMULATION_RATE_HZ
    squared = rng.gamma(shape, expected / shape)
    sos = butter(2, settings.lowpass_hz, fs=SIMULATION_RATE_HZ, output="sos")
    smooth = np.maximum(sosfiltfilt(sos, squared, axis=-1), 0)
    step = round(SIMULATION_RATE_HZ / settings.sampling_rate_hz)
    return Envelopes(
        network,
        ("H",),
        np.sqrt(smooth[:, None, ::step]),
        utc("2000-01-01T00:00:00Z"),
        SIMULATION_RATE_HZ / step,
        (settings.band_low_hz, settings.band_high_hz),
        "noise rms",
    )


def _noise_power(
    n_stations: int, n_samples: int, settings: EnvelopeSimulationSettings, rng: Generator
) -> FloatArray:
    """(station, time) mean noise power: 1, with a slow log-normal drift, smooth over ``noise_drift_s``."""
    step = 1 / (settings.noise_drift_s * SIMULATION_RATE_HZ)
    drift = rng.standard_normal((n_stations, n_samples))
    sos = butter(1, min(step / np.pi, 0.4), fs=1.0, output="sos")  # corner of an exponential memory
    smooth = sosfiltfilt(sos, drift, axis=-1)
    scale = np.std(smooth, axis=-1, keepdims=True)
    log_power: FloatArray = settings.noise_drift * smooth / np.where(scale > 0, scale, 1)
    return np.exp(log_power - settings.noise_drift**2 / 2)
