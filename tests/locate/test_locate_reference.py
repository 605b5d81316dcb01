"""Parts of the location against direct sums, brute force and closed forms."""

import numpy as np
import pytest
from location_scenes import CENTRE, FIXED, FREE, pure_envelopes, scattered_network, source_at, travel_times_of

from tremorflow.geodesy import distances_km
from tremorflow.locate import StationPairs, error_ellipse, search_grid, station_pairs
from tremorflow.locate.correlation import (
    correlate_pairs,
    interpolate_gains,
    normalise_envelopes,
    stack_gains,
)
from tremorflow.locate.hypocentre import climb, place_at
from tremorflow.records import Envelopes, Network, utc

RATE_HZ = 1.0


def series(rows: int, components: int, samples: int, seed: int) -> np.ndarray:
    """Positive, smooth random series, (station, component, time)."""
    noise = np.random.default_rng(seed).standard_normal((rows, components, samples + 40))
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2.5) ** 2)
    smooth = np.apply_along_axis(np.convolve, -1, noise, kernel, mode="same")[..., 20:-20]
    return 5 + smooth


def envelopes_of(values: np.ndarray) -> Envelopes:
    components = tuple("ENZ"[: values.shape[1]])
    network = scattered_network(len(values), 0)
    return Envelopes(network, components, values, utc("2020-01-01T00:00:00Z"), RATE_HZ, (2.0, 8.0), "-")


def all_pairs(count: int, max_lag_s: float) -> StationPairs:
    first, second = np.triu_indices(count, 1)
    return StationPairs(first, second, np.full(len(first), max_lag_s))


def test_correlation_at_whole_lags_is_the_direct_sum():
    values = series(4, 1, 200, seed=1)
    correlations = correlate_pairs(
        normalise_envelopes(envelopes_of(values), 0.5), RATE_HZ, all_pairs(4, 30.0), 0.0
    )
    per_lag = round(correlations.lag_rate_hz / RATE_HZ)
    for pair, (i, j) in enumerate(zip(correlations.pairs.first, correlations.pairs.second, strict=True)):
        a, b = (values[k, 0] - values[k, 0].mean() for k in (i, j))
        full = np.correlate(b, a, "full") / np.sqrt(
            (a @ a) * (b @ b)
        )  # at index n - 1 + lag: sum a(t) b(t + lag)
        expected = full[len(a) - 1 - 30 : len(a) + 30]
        found = correlations.values[pair, correlations.zero_lag % per_lag :: per_lag]
        middle = correlations.zero_lag // per_lag
        # zero padding counts the Nyquist frequency twice, where envelopes have next to nothing
        np.testing.assert_allclose(found[middle - 30 : middle + 31], np.maximum(expected, 0), atol=2e-4)


def test_of_several_components_the_best_correlation_counts():
    values = series(2, 2, 200, seed=2)
    values[1, 1] = values[0, 0]  # north of the one is east of the other
    correlations = correlate_pairs(
        normalise_envelopes(envelopes_of(values), 0.5), RATE_HZ, all_pairs(2, 20.0), 0.0
    )
    assert correlations.values[0].argmax() == correlations.zero_lag
    assert correlations.values[0].max() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("delay_s", [-17.0, -3.5, 0.0, 0.5, 8.0])
def test_the_lag_is_positive_if_the_second_station_is_later(delay_s):
    network = scattered_network(2, 0)
    time_s = np.arange(300.0)
    pulses = [np.exp(-0.5 * ((time_s - 150 - shift) / 4) ** 2) for shift in (0.0, delay_s)]
    window = Envelopes(
        network, ("H",), np.array(pulses)[:, None], utc("2020-01-01T00:00:00Z"), RATE_HZ, (2, 8), "-"
    )
    correlations = correlate_pairs(
        normalise_envelopes(window, 0.5), RATE_HZ, all_pairs(2, 20.0), smoothing_s=0.7
    )
    for curve in (correlations.values[0], correlations.gains[0]):
        assert (curve.argmax() - correlations.zero_lag) / correlations.lag_rate_hz == delay_s
    assert correlations.at(np.array([0]), np.array([delay_s]))[0] == correlations.values[0].max()


def test_gain_is_the_information_that_two_gaussian_series_share():
    """Half the logarithm of the determinant of their correlation matrix, with the sign turned.

    Of 0.98 of the correlation, so that copies of one series do not give infinity.
    """
    correlations = correlate_pairs(
        normalise_envelopes(envelopes_of(series(3, 1, 150, seed=3)), 0.5), RATE_HZ, all_pairs(3, 20.0), 0.0
    )
    inner = slice(1, -1)  # the ends are set to 0
    c = 0.98 * correlations.values[:, inner].astype(float)
    matrices = np.stack([np.stack([np.ones_like(c), c], -1), np.stack([c, np.ones_like(c)], -1)], -2)
    np.testing.assert_allclose(
        correlations.gains[:, inner], -0.5 * np.linalg.slogdet(matrices).logabsdet, atol=2e-5
    )


def test_beyond_its_largest_lag_a_pair_says_nothing():
    pairs = StationPairs(np.array([0, 0]), np.array([1, 2]), np.array([5.0, 20.0]))
    normalised = normalise_envelopes(envelopes_of(series(3, 1, 150, seed=4)), 0.5)
    correlations = correlate_pairs(normalised, RATE_HZ, pairs, 0.7)
    lags = (np.arange(correlations.values.shape[1]) - correlations.zero_lag) / correlations.lag_rate_hz
    assert not correlations.values[0, np.abs(lags) > 5].any()
    assert not correlations.gains[0, np.abs(lags) > 5].any()
    assert correlations.values[1, np.abs(lags) > 5].any()
    assert correlations.at(np.array([1, 1]), np.array([300.0, -300.0])).tolist() == [0, 0]


def test_normalised_envelopes_have_no_mean_and_unit_energy_and_useless_ones_are_zero():
    values = series(6, 1, 100, seed=5)
    values[1, 0, 20:50] = np.nan
    values[2, 0, :60] = np.nan  # less than half is left
    values[3] = 0.7  # its mean is not quite 0.7 in binary
    values[4] = np.nan
    values[5] = 0.0
    normalised = normalise_envelopes(envelopes_of(values), 0.5)
    assert not normalised[2:].any()
    assert not normalised[1, 0, 20:50].any()
    np.testing.assert_allclose(normalised[:2].sum(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose((normalised[:2] ** 2).sum(axis=-1), 1, rtol=1e-12)


@pytest.fixture(scope="module")
def scene():
    """Grid, correlations and active pairs of a burst without noise, depth fixed."""
    network = scattered_network(9, seed=6)
    window = pure_envelopes(network, [source_at(12.3, -7.7, 30.0)])
    grid = search_grid(network, travel_times_of(network), FIXED)
    pairs = station_pairs(grid, FIXED)
    correlations = correlate_pairs(normalise_envelopes(window, 0.5), RATE_HZ, pairs, 0.7)
    return grid, correlations, np.flatnonzero(correlations.values.max(axis=1) > 0.6)


def test_stack_is_the_sum_over_pairs_at_the_lags_of_a_node(scene):
    grid, correlations, active = scene
    active = active[::2]
    times = grid.s_times_s[:, ::40].copy()
    times[3, :5] = np.nan  # a station out of reach has no part
    expected = np.zeros(times.shape[1])
    for node in range(times.shape[1]):
        for pair in active:
            i, j = correlations.pairs.first[pair], correlations.pairs.second[pair]
            lag = float(times[j, node]) - float(times[i, node])
            if np.isfinite(lag):
                column = int(np.floor(lag * correlations.lag_rate_hz + 0.5)) + correlations.zero_lag
                if 0 <= column < correlations.gains.shape[1]:
                    expected[node] += correlations.gains[pair, column]
    found = stack_gains(correlations, active, times)
    assert expected.max() > 1
    # a lag that falls between two samples may go to the other one in single precision
    close = np.isclose(found, expected, rtol=1e-5, atol=1e-4)
    assert close.mean() > 0.98


def test_between_lags_gains_are_interpolated_and_on_lags_both_ways_agree(scene):
    grid, correlations, active = scene
    rng = np.random.default_rng(8)
    times = rng.integers(10, 60, (len(grid.network), 30)) / correlations.lag_rate_hz
    np.testing.assert_allclose(
        interpolate_gains(correlations, active, times),
        stack_gains(correlations, active, times.astype(np.float32)),
        rtol=1e-5,
        atol=1e-5,
    )
    later = times.copy()
    later[0] += 1 / correlations.lag_rate_hz
    halfway = (times + later) / 2
    mean = (
        interpolate_gains(correlations, active, times) + interpolate_gains(correlations, active, later)
    ) / 2
    np.testing.assert_allclose(interpolate_gains(correlations, active, halfway), mean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("start_km", [(15.0, -5.0), (5.0, -14.0)])
def test_climb_reaches_what_a_search_of_a_fine_grid_finds(scene, start_km):
    grid, correlations, active = scene
    found = place_at(*climb(source_at(*start_km, 30.0), active, correlations, grid, FIXED), grid)
    east, north = (axis.ravel() for axis in np.meshgrid(np.arange(-4, 30, 0.5), np.arange(-25, 10, 0.5)))
    places = np.array([source_at(x, y, 30.0) for x, y in zip(east, north, strict=True)])
    gains = interpolate_gains(correlations, active, travel_times_of(grid.network).times(*places.T))
    best = places[gains.argmax()]
    reached = interpolate_gains(correlations, active, found.s_times_s[:, None])[0]
    assert reached >= 0.9995 * gains.max()
    assert distances_km(found.latitude, found.longitude, best[0], best[1]) < 0.8


def test_climb_reaches_the_best_depth_too(scene):
    grid, correlations, active = scene
    free = search_grid(grid.network, travel_times_of(grid.network), FREE)
    latitude, longitude, _ = source_at(15.0, -5.0, 30.0)
    found = place_at(*climb((latitude, longitude, 20.0), active, correlations, free, FREE), free)
    axes = np.meshgrid(np.arange(8.3, 16.4, 1.0), np.arange(-11.7, -3.6, 1.0), np.arange(22, 39, 1.0))
    places = np.array([source_at(x, y, z) for x, y, z in zip(*(axis.ravel() for axis in axes), strict=True)])
    gains = interpolate_gains(correlations, active, travel_times_of(grid.network).times(*places.T))
    reached = interpolate_gains(correlations, active, found.s_times_s[:, None])[0]
    assert reached >= 0.999 * gains.max()


@pytest.mark.parametrize("azimuth_deg", [0.0, 30.0, 90.0, 145.0])
def test_ellipse_of_a_known_covariance(azimuth_deg):
    azimuth = np.radians(azimuth_deg)
    along = np.array([np.sin(azimuth), np.cos(azimuth)])  # east, north
    across = np.array([along[1], -along[0]])
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = 25.0 * np.outer(along, along) + 4.0 * np.outer(across, across)
    covariance[2, 2] = 1e4  # the depth has no part in it
    major, minor, found = error_ellipse(covariance)
    assert major / minor == pytest.approx(2.5)
    assert (found - azimuth_deg + 90) % 180 - 90 == pytest.approx(0, abs=1e-6)
    points = np.random.default_rng(9).multivariate_normal([0, 0], covariance[:2, :2], 40_000)
    inside = (points @ along / major) ** 2 + (points @ across / minor) ** 2 <= 1
    assert inside.mean() == pytest.approx(0.68, abs=0.01)


def test_no_lag_of_a_real_source_is_longer_than_the_pairs_largest():
    network = scattered_network(8, seed=10)
    grid = search_grid(network, travel_times_of(network), FIXED)
    pairs = station_pairs(grid, FIXED)
    lags = np.abs(grid.s_times_s[pairs.second] - grid.s_times_s[pairs.first])
    assert (np.nan_to_num(lags) <= pairs.max_lag_s[:, None]).all()
    assert len(pairs) == 8 * 7 // 2


def test_far_stations_make_no_pair():
    near, far = scattered_network(5, seed=11), scattered_network(1, seed=12, half_width_km=1.0)
    distant = far.stations[0]
    moved = type(distant)("SY", "far", distant.latitude + 2.0, distant.longitude, 0.0)  # 220 km to the north
    network = Network((*near.stations, moved))
    pairs = station_pairs(search_grid(network, travel_times_of(network), FIXED), FIXED)
    assert len(pairs) == 10
    assert 5 not in set(pairs.first) | set(pairs.second)


def test_nodes_cover_the_network_and_its_margin():
    network = scattered_network(8, seed=13)
    grid = search_grid(network, travel_times_of(network), FREE)
    assert grid.shape[0] == 7  # 0 to 60 km every 10
    for axis, stations in ((grid.latitudes, network.latitudes), (grid.longitudes, network.longitudes)):
        assert axis[0] <= stations.min() - 0.5
        assert axis[-1] >= stations.max() + 0.5
        np.testing.assert_allclose(np.diff(axis), 0.1)
    latitude, longitude, depth = grid.node(len(grid.node_depths_km) - 1)
    assert (latitude, longitude, depth) == (grid.latitudes[-1], grid.longitudes[-1], 60.0)
    assert grid.latitudes.mean() == pytest.approx(CENTRE[0], abs=0.2)
