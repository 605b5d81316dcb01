"""Simulated envelopes: repeatable, of known power, and as the physics of moveout and amplitude wants them."""

from dataclasses import replace

import numpy as np
import pytest

from tremorflow.geodesy import distances_km
from tremorflow.records import Network, Station
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)
from tremorflow.traveltime import read_velocity_model, station_travel_times

SETTINGS = EnvelopeSimulationSettings()
SPAN_S = 600.0
SOURCE = (38.1, 142.2, 30.0)


@pytest.fixture(scope="module")
def network() -> Network:
    places = np.random.default_rng(1).uniform((37.5, 141.5), (38.5, 142.5), (20, 2)).tolist()
    return Network(tuple(Station("SY", f"{k:02d}", *place, 0.0) for k, place in enumerate(places)))


@pytest.fixture(scope="module")
def s_times(network) -> np.ndarray:
    travel_times = station_travel_times(
        read_velocity_model("jma2001"), network, np.arange(0, 41, 10.0), 300.0
    )
    return travel_times.times(*SOURCE)


def simulate(network, bursts, seed, settings=SETTINGS):
    return simulate_envelopes(network, bursts, SPAN_S, settings, np.random.default_rng(seed))


def burst_of(s_times, amplitude, seed=2) -> TremorBurst:
    power = draw_burst_power(SPAN_S, 200.0, 100.0, np.random.default_rng(seed))
    return TremorBurst(power, s_times, np.full(len(s_times), amplitude))


def power_of(envelopes) -> np.ndarray:
    return envelopes.values[:, 0] ** 2


def test_the_same_seed_gives_the_same_samples_and_another_seed_others(network, s_times):
    bursts = [burst_of(s_times, 2.0)]
    once, again, other = (simulate(network, bursts, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(once.values, again.values)
    assert not np.isclose(once.values, other.values).mean() > 0.1


def test_shape_rate_and_names(network):
    envelopes = simulate(network, [], 5)
    assert envelopes.values.shape == (20, 1, 600)
    assert envelopes.sampling_rate_hz == 1.0
    assert envelopes.network is network
    assert np.isfinite(envelopes.values).all()
    assert (envelopes.values >= 0).all()


def test_noise_has_a_mean_power_of_one(network):
    steady = power_of(simulate(network, [], 6, replace(SETTINGS, noise_drift=0.0)))
    assert np.abs(steady.mean(axis=1) - 1).max() < 0.08  # at every station
    many = [power_of(simulate(network, [], seed)).mean() for seed in range(20)]
    assert np.mean(many) == pytest.approx(1.0, abs=0.02)


def test_the_drift_of_the_noise_is_as_large_and_as_slow_as_set(network):
    drifting = replace(SETTINGS, noise_drift=0.5, components=40)  # so many that little else is left
    rows = np.log(np.concatenate([power_of(simulate(network, [], seed, drifting)) for seed in range(10)]))
    assert rows.std(axis=1).mean() == pytest.approx(0.5, abs=0.05)
    rows -= rows.mean(axis=1, keepdims=True)
    memory = [(rows[:, lag:] * rows[:, : 600 - lag]).mean() / (rows**2).mean() for lag in (10, 30, 150)]
    assert memory[0] > 0.65 > memory[1] > 0.2 > memory[2]


def test_noise_of_two_stations_has_nothing_in_common(network):
    """Slow drifts are alike now and then by chance, for better and for worse; on average they are not."""
    upper = np.triu_indices(len(network), 1)
    drifting = [np.corrcoef(power_of(simulate(network, [], seed)))[upper].mean() for seed in range(10)]
    assert abs(np.mean(drifting)) < 0.03
    steady = np.corrcoef(power_of(simulate(network, [], 7, replace(SETTINGS, noise_drift=0.0))))[upper]
    assert np.abs(steady).max() < 0.3


def test_more_components_or_bandwidth_make_a_steadier_envelope(network):
    """The relative scatter of a chi-square law falls with the root of its degrees of freedom."""
    calm = replace(SETTINGS, noise_drift=0.0)
    scatter = [
        power_of(simulate(network, [], 8, replace(calm, components=count))).std() for count in (1, 2, 8)
    ]
    assert scatter[0] / scatter[1] == pytest.approx(np.sqrt(2), rel=0.05)
    assert scatter[0] / scatter[2] == pytest.approx(np.sqrt(8), rel=0.05)


def test_the_burst_arrives_after_its_s_time(network, s_times):
    """Strong, so that noise plays no part: the centroid is that of the source, the path and the coda."""
    burst = burst_of(s_times, 300.0)
    power = power_of(simulate(network, [burst], 9))
    centroid = (power * np.arange(600.0)).sum(axis=1) / power.sum(axis=1)
    at_source = (burst.power * np.arange(len(burst.power)) / 5.0).sum() / burst.power.sum()
    delay = centroid - at_source
    assert np.abs(delay - s_times - SETTINGS.coda_s).max() < 2.5
    assert (delay - s_times).mean() == pytest.approx(SETTINGS.coda_s, abs=0.2)
    assert np.polyfit(s_times, delay, 1)[0] == pytest.approx(1.0, abs=0.08)


def test_nothing_arrives_before_the_burst(network, s_times):
    power = power_of(simulate(network, [burst_of(s_times, 300.0)], 10))
    during = power[:, 220:300].mean()
    assert during > 1e4
    # a shift by parts of a sample rings, and the smoothing at 0.2 Hz looks some seconds ahead
    assert power[:, :195].mean() < 1e-3 * during


@pytest.mark.parametrize("amplitude", [1.0, 3.0, 30.0])
def test_energy_grows_with_the_square_of_the_amplitude(network, s_times, amplitude):
    """Power 1 for 100 s at the source is the amplitude squared times 100 s at a station, over the noise."""
    power = power_of(simulate(network, [burst_of(s_times, amplitude)], 11))
    quiet = power_of(simulate(network, [], 11))
    energy = (power - quiet).sum(axis=1).mean()  # 1 Hz: the sum is the integral
    assert energy == pytest.approx(amplitude**2 * 100.0, rel=0.1)


def test_two_bursts_add_their_power(network, s_times):
    settings = replace(SETTINGS, noise_drift=0.0)
    first, second = burst_of(s_times, 10.0, seed=2), burst_of(s_times + 30.0, 20.0, seed=3)
    both = power_of(simulate(network, [first, second], 12, settings)).sum()
    alone = [power_of(simulate(network, [burst], 12, settings)).sum() for burst in (first, second)]
    assert both == pytest.approx(sum(alone), rel=0.03)


def test_burst_power_has_mean_one_while_it_lasts_and_is_zero_else():
    for seed in range(20):
        power = draw_burst_power(SPAN_S, 150.0, 60.0, np.random.default_rng(seed))
        time_s = np.arange(len(power)) / 5.0
        assert power.sum() / 5.0 == pytest.approx(60.0)
        assert not power[(time_s < 149.9) | (time_s > 210.1)].any()
        assert (power >= 0).all()


def test_a_short_burst_has_at_least_an_earthquake():
    power = draw_burst_power(100.0, 50.0, 0.4, np.random.default_rng(13))
    assert power.sum() > 0


def test_amplitudes_fall_as_spreading_and_attenuation_say():
    """Q 200 at 4 Hz and 3.5 km/s: 1/e in 55.7 km on top of 1/r."""
    near, twice, far = expected_amplitudes(np.array([30.0, 60.0, 30.0 + 55.7]), SETTINGS)
    assert near / far == pytest.approx(np.e * 85.7 / 30.0, rel=0.001)
    lossless = replace(SETTINGS, quality_factor=1e9)
    ratio = np.divide(*expected_amplitudes(np.array([30.0, 60.0]), lossless))
    assert ratio == pytest.approx(2.0)
    assert near > 2 * twice


def test_the_far_station_is_later_and_weaker(network, s_times):
    """Both follow the distance; nothing else in the scene does."""
    distances = np.hypot(distances_km(SOURCE[0], SOURCE[1], network.latitudes, network.longitudes), SOURCE[2])
    amplitudes = expected_amplitudes(distances, SETTINGS)
    burst = TremorBurst(burst_of(s_times, 1.0).power, s_times, 300 * amplitudes / amplitudes.max())
    power = power_of(simulate(network, [burst], 14))
    centroid = (power * np.arange(600.0)).sum(axis=1) / power.sum(axis=1)
    assert np.corrcoef(distances, centroid)[0, 1] > 0.9
    assert np.corrcoef(distances, np.log(power.sum(axis=1)))[0, 1] < -0.95
