"""Preprocessing against SciPy, ObsPy and levels known beforehand."""

import warnings

import numpy as np
import pytest
from scipy import signal

from tremorflow.preprocess import (
    PreprocessSettings,
    bandpass,
    compute_envelopes,
    context_s,
    remove_response,
    remove_sensitivity,
    resample,
)
from tremorflow.records import Channel, Network, Station, Waveforms, utc

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of ObsPy's own import
    from obspy import Trace, UTCDateTime
    from obspy.core.inventory.response import Response

SETTINGS = PreprocessSettings()
RATES_HZ = [20.0, 25.0, 40.0, 50.0, 62.5, 100.0, 200.0]


def recording(samples, rate_hz, start="2020-05-24T02:00:00Z", components=("E", "N", "Z"), unit="count"):
    samples = np.asarray(samples)
    samples = samples.reshape(-1, len(components), samples.shape[-1])
    network = Network(tuple(Station("XX", f"S{i}", 48.0, -123.0 + i, 0.0) for i in range(len(samples))))
    return Waveforms(network, components, samples, utc(start), rate_hz, unit)


def band_limited_peak(envelope):
    """Time in samples of the maximum of the squared envelope, by Fourier interpolation."""
    power = np.nan_to_num(envelope) ** 2
    fine = signal.resample(power, 1000 * len(power))
    return np.argmax(fine) / 1000


@pytest.mark.parametrize("rate_hz", [25.0, 40.0, 100.0])
def test_band_pass_is_scipys_butterworth_passed_forth_and_back(rate_hz):
    noise = np.random.default_rng(1).standard_normal(round(120 * rate_hz))
    ours = bandpass(recording(noise, rate_hz, components=("E",)), SETTINGS).samples[0, 0]
    t = np.arange(len(noise)) / rate_hz
    for frequency, passed in [(0.2, 0.0), (1.0, 0.0), (2.0, 0.5), (4.0, 1.0), (8.0, 0.5)]:
        tone = np.sin(2 * np.pi * frequency * t)
        out = bandpass(recording(tone, rate_hz, components=("E",)), SETTINGS).samples[0, 0]
        inside = np.isfinite(out)
        gain = 2 * np.mean(out[inside] * tone[inside])
        assert gain == pytest.approx(passed, abs=0.01), frequency
    # The bilinear transform of SciPy bends frequencies near half the rate: the same filter only well below.
    if rate_hz == 100.0:
        sos = signal.butter(4, SETTINGS.band_hz, "bandpass", fs=rate_hz, output="sos")
        theirs = signal.sosfiltfilt(sos, noise)
        inside = np.isfinite(ours)
        assert np.std(ours[inside] - theirs[inside]) < 0.02 * np.std(theirs)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("component_setting", ["horizontal", "all"])
def test_envelope_of_stationary_noise_is_its_standard_deviation(rate_hz, component_setting):
    """Mean power of the envelope = variance per component, known from the spectrum of white noise."""
    settings = PreprocessSettings(components=component_setting)
    scale = 3e-7
    noise = scale * np.random.default_rng(2).standard_normal((3, round(1800 * rate_hz)))
    envelopes = compute_envelopes(recording(noise, rate_hz, unit="m/s"), settings)
    frequencies = np.linspace(1e-3, rate_hz / 2, 100_001)
    w = (frequencies**2 - 16) / (6 * frequencies)
    share = np.mean((1 / (1 + w**8)) ** 2)  # of the variance that passes the band
    n_independent = 1800 * 6 * (2 if component_setting == "horizontal" else 3)
    assert envelopes.components == (("H1", "H2") if component_setting == "horizontal" else ("H1", "H2", "V"))
    level = np.sqrt(np.nanmean(envelopes.values**2))
    assert level == pytest.approx(scale * np.sqrt(share), rel=4 / np.sqrt(n_independent))
    assert envelopes.unit == "m/s"


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("start_s", [0.0, 0.0123, 0.5, 0.987654321])
@pytest.mark.parametrize(("width_s", "error_s"), [(0.3, 0.05), (3.0, 0.005)])
def test_pulse_keeps_its_absolute_time(rate_hz, start_s, width_s, error_s):
    """A burst of 4 Hz at a time T has its envelope's maximum at T whatever the start and the rate.

    One much shorter than the smoothing is held less well by samples of 1 s.
    """
    start = utc("2020-05-24T02:00:00Z") + np.timedelta64(round(start_s * 1e9), "ns")
    pulse_s = 60.337  # after 02:00:00
    t = start_s + np.arange(round(120 * rate_hz)) / rate_hz - pulse_s
    pulse = np.exp(-0.5 * (t / width_s) ** 2) * np.cos(2 * np.pi * 4 * t)
    envelopes = compute_envelopes(recording(pulse, rate_hz, str(start), ("E",)), SETTINGS)
    assert envelopes.start_time.astype("datetime64[ns]").astype(int) % 1_000_000_000 == 0
    offset_s = (envelopes.start_time - utc("2020-05-24T02:00:00Z")) / np.timedelta64(1, "s")
    peak_s = offset_s + band_limited_peak(envelopes.values[0, 0])
    assert peak_s == pytest.approx(pulse_s, abs=error_s)
    power = np.nan_to_num(envelopes.values[0, 0]) ** 2
    centroid_s = offset_s + np.sum(power * np.arange(len(power))) / np.sum(power)
    assert centroid_s == pytest.approx(pulse_s, abs=error_s)


@pytest.mark.parametrize("old_hz", [20.0, 40.0, 62.5, 100.0, 125.0, 200.0])
def test_resampled_tone_is_the_tone_at_the_new_times(old_hz):
    t = np.arange(round(60 * old_hz)) / old_hz
    tones = np.array([1e4 + np.cos(2 * np.pi * f * t + f) for f in (0.05, 2.0, 7.9)])
    slow = resample(recording(tones, old_hz), 25.0)
    new = np.arange(slow.samples.shape[-1]) / 25.0
    assert slow.sampling_rate_hz == 25.0
    for samples, frequency in zip(slow.samples[0], (0.05, 2.0, 7.9), strict=True):
        inside = np.isfinite(samples)
        assert inside[20:-20].all()
        expected = 1e4 + np.cos(2 * np.pi * frequency * new + frequency)
        assert np.abs(samples - expected)[inside].max() < 1e-3


def test_resampling_stops_what_would_fold_into_the_band():
    t = np.arange(6000) / 100.0
    slow = resample(recording(np.cos(2 * np.pi * 20.0 * t), 100.0, components=("E",)), 25.0)  # folds to 5 Hz
    assert np.nanmax(np.abs(slow.samples)) < 2e-4


def test_single_precision_serves_beside_an_offset_and_microseism():
    """Noise of one unit beside a microseism 1000 times larger and an offset of 10,000."""
    t = np.arange(60_000) / 100.0
    generator = np.random.default_rng(3)
    double = generator.standard_normal((2, len(t))) + 1e3 * np.sin(2 * np.pi * 0.2 * t) + 1e4
    exact = compute_envelopes(recording(double, 100.0, components=("E", "N")), SETTINGS)
    single = compute_envelopes(recording(double.astype(np.float32), 100.0, components=("E", "N")), SETTINGS)
    quiet = double - 1e3 * np.sin(2 * np.pi * 0.2 * t) - 1e4
    alone = compute_envelopes(recording(quiet, 100.0, components=("E", "N")), SETTINGS)
    np.testing.assert_allclose(single.values, exact.values, rtol=1e-3)
    np.testing.assert_allclose(exact.values, alone.values, rtol=0.05)


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_offset_in_single_precision_costs_no_more_than_its_rounding(rate_hz):
    noise = 10 * np.random.default_rng(7).standard_normal(round(600 * rate_hz))
    alone = compute_envelopes(recording(noise, rate_hz, components=("E",)), SETTINGS).values
    shifted = (noise + 1e6).astype(np.float32)  # in steps of 1/16
    got = compute_envelopes(recording(shifted, rate_hz, components=("E",)), SETTINGS).values
    np.testing.assert_allclose(got, alone, rtol=0.005)


def test_tides_and_tilt_do_not_pass():
    t = np.arange(60_000) / 100.0
    noise = np.random.default_rng(8).standard_normal(len(t))
    alone = compute_envelopes(recording(noise, 100.0, components=("E",)), SETTINGS).values
    tilted = noise + 1e5 * np.sin(2 * np.pi * t / 2000)
    np.testing.assert_allclose(
        compute_envelopes(recording(tilted, 100.0, components=("E",)), SETTINGS).values, alone, rtol=1e-3
    )


def test_envelope_of_a_steady_tone_is_its_rms_up_to_a_gap():
    t = np.arange(12_000) / 100.0
    tone = 5.0 * np.sin(2 * np.pi * 4 * t)
    tone[6000:6100] = np.nan
    values = compute_envelopes(recording(tone, 100.0, components=("E",)), SETTINGS).values[0, 0]
    assert 8 <= np.isnan(values[20:-20]).sum() <= 14
    assert np.isfinite(values).sum() > 95
    np.testing.assert_allclose(values[np.isfinite(values)], 5 / np.sqrt(2), rtol=2e-3)


def short_period_response():
    """1-Hz geophone, damping 0.7, 1e9 counts per m/s."""
    omega = 2 * np.pi
    pole = omega * (-0.7 + 1j * np.sqrt(1 - 0.49))
    return Response.from_paz(
        zeros=[0j, 0j], poles=[pole, pole.conjugate()], stage_gain=1e9, stage_gain_frequency=5.0,
        input_units="M/S", output_units="COUNTS", pz_transfer_function_type="LAPLACE (RADIANS/SECOND)",
        normalization_factor=1.02,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_response_removal_is_obspys():
    generator = np.random.default_rng(4)
    counts = np.cumsum(generator.standard_normal(20_000)) * 50
    channel = Channel("XX", "S0", "", "EHE", "E", sensitivity=1e9, response=short_period_response())
    ours = remove_response(recording(counts, 100.0, components=("E",)), [channel], SETTINGS)
    trace = Trace(counts.copy(), {"sampling_rate": 100.0, "starttime": UTCDateTime(0)})
    trace.stats.response = channel.response
    trace.remove_response(output="VEL", pre_filt=(0.5, 1.0, 10.0, 12.0), water_level=60, taper_fraction=0.05)
    theirs = bandpass(recording(trace.data, 100.0, components=("E",), unit="m/s"), SETTINGS).samples[0, 0]
    passed = bandpass(ours, SETTINGS).samples[0, 0]
    middle = slice(3000, 17_000)
    assert ours.unit == "m/s"
    assert np.abs(passed - theirs)[middle].max() < 2e-3 * np.abs(theirs[middle]).max()


@pytest.mark.parametrize(("unit", "power"), [("m/s", 0), ("m", -1), ("m/s**2", 1)])
def test_sensitivity_gives_ground_velocity_from_any_motion(unit, power):
    t = np.arange(6000) / 100.0
    velocity = 1e-6 * np.sin(2 * np.pi * 4 * t)
    motion = {
        0: velocity,
        -1: -1e-6 / (8 * np.pi) * np.cos(8 * np.pi * t),
        1: 8e-6 * np.pi * np.cos(8 * np.pi * t),
    }
    channel = Channel("XX", "S0", "", "HHE", "E", sensitivity=-4e8, unit=unit)
    got = remove_sensitivity(recording(-4e8 * motion[power], 100.0, components=("E",)), [channel])
    inside = np.isfinite(got.samples[0, 0])
    assert got.unit == "m/s"
    assert inside[850:-850].all()
    np.testing.assert_allclose(got.samples[0, 0][inside], velocity[inside], atol=2e-9)


def test_context_covers_what_an_envelope_sample_depends_on():
    """The envelope of a single spike is rounding further away than the context."""
    spike = np.zeros(20_000)
    spike[10_000] = 1.0
    values = compute_envelopes(recording(spike, 100.0, components=("E",)), SETTINGS).values[0, 0]
    reached = np.flatnonzero(values > 1e-7 * np.nanmax(values))
    assert max(100 - reached.min(), reached.max() - 100) <= context_s(SETTINGS)
    assert context_s(SETTINGS) < 15


def test_envelope_of_a_real_hour_is_that_of_scipys_recursive_filters(shared_data):
    """Puerto Rico, noise and a local earthquake, 100 Hz: Mizuno & Ide's steps with SciPy alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from obspy import read

        stream = read(str(shared_data / "noise" / "puertorico" / "PR.20170909_060000.mseed"))
    horizontals = [stream.select(station="PR15", component=name)[0] for name in "EN"]
    power = 0.0
    for trace in horizontals:
        band = signal.butter(4, (2, 8), "bandpass", fs=100.0, output="sos")
        power = power + signal.sosfiltfilt(band, signal.detrend(trace.data.astype(float))) ** 2 / 2
    smooth = signal.sosfiltfilt(signal.butter(2, 0.2, fs=100.0, output="sos"), power)
    expected = np.sqrt(np.maximum(smooth, 0.0))
    start = str(horizontals[0].stats.starttime)
    counts = np.stack([trace.data for trace in horizontals]).astype(np.float32)
    envelopes = compute_envelopes(recording(counts, 100.0, start, ("E", "N")), SETTINGS)
    first_s = (envelopes.start_time - utc(start)) / np.timedelta64(1, "s")
    at = np.round((first_s + np.arange(envelopes.values.shape[-1])) * 100).astype(int)
    ours, expected = envelopes.by_station()[0][20:-20], expected[at][20:-20]
    # The low-pass undershoots to zero beside the earthquake, where the ratio says nothing.
    louder = expected > 0.2 * np.median(expected)
    assert louder.mean() > 0.97
    difference = np.abs(ours[louder] / expected[louder] - 1)
    assert np.median(difference) < 0.01
    assert np.mean(difference < 0.05) > 0.95
