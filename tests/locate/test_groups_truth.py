"""A group's source is found within its stated error and not split; two at once are two; ghosts are none."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from group_scenes import DEPTH_KM, LATTICE, SETTINGS, amplitudes_of, at, grid_of, locate_all, tremor_window
from location_scenes import network_at

from tremorflow.geodesy import distances_km, east_north_km
from tremorflow.locate import Hypocentre, groups, locate_group, station_pairs
from tremorflow.locate.correlation import StationPairs
from tremorflow.locate.groups import _is_apart, pairs_among
from tremorflow.locate.hypocentre import Delays, Fit, place_at

RADIUS_99 = 3.03  # of a 2-D Gaussian, in sigma


def error_km(found: Hypocentre, source: tuple[float, float, float]) -> float:
    place = found.fit.place
    return float(distances_km(place.latitude, place.longitude, source[0], source[1]))


@pytest.mark.parametrize("seed", range(8))
def test_one_source_is_found_within_its_stated_error_and_not_split(seed):
    source = at(*np.random.default_rng(seed).uniform([-100, -50], [100, 50]))
    result = locate_all(tremor_window(LATTICE, [source], seed))
    assert result.reason == "located"
    assert len(result.hypocentres) == 1
    fit = result.hypocentres[0].fit
    offset = np.array(
        east_north_km(source[0], source[1], fit.place.latitude, fit.place.longitude), dtype=float
    )
    assert offset @ np.linalg.solve(fit.covariance_km2[:2, :2], offset) < RADIUS_99**2
    assert fit.place.depth_km == DEPTH_KM


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("apart_km", [100.0, 160.0])
def test_two_sources_at_once_are_found_at_their_places(apart_km, seed):
    sources = [at(-apart_km / 2, 5.0), at(apart_km / 2, -5.0)]
    found = locate_all(tremor_window(LATTICE, sources, 20 + seed)).hypocentres
    assert len(found) == 2
    for source in sources:
        assert min(error_km(one, source) for one in found) < 3.0


def test_a_source_eight_times_weaker_in_power_is_found_beside_the_other():
    strong, weak = at(-50.0, 0.0), at(50.0, 0.0)
    amplitudes = [amplitudes_of(LATTICE, strong, 14.0), amplitudes_of(LATTICE, weak, 5.0)]
    found = locate_all(tremor_window(LATTICE, [strong, weak], 5, amplitudes)).hypocentres
    assert len(found) == 2
    assert error_km(found[0], strong) < 3.0
    assert error_km(found[1], weak) < 6.0


def test_two_sources_60_km_apart_are_told_apart_though_one_is_25_times_weaker_in_power():
    """Beneath any stations, in any direction, with site terms that scatter; and never too near to count."""
    right = 0
    for seed in range(40):
        rng = np.random.default_rng([seed, 60])
        azimuth, centre = rng.uniform(0, np.pi), rng.uniform([-70, -15], [70, 15])
        half = 30.0 * np.array([np.sin(azimuth), np.cos(azimuth)])
        sources = [at(*(centre + half)), at(*(centre - half))]
        heard = [
            amplitudes_of(LATTICE, source, snr) * 10 ** rng.normal(0, 0.2, len(LATTICE))
            for source, snr in zip(sources, rng.permutation([4.0, 20.0]), strict=True)
        ]
        result = locate_all(tremor_window(LATTICE, sources, seed, heard))
        found, places = result.hypocentres, [one.fit.place for one in result.hypocentres]
        assert (result.reason == "located") == bool(found)
        for one, other in itertools.combinations(places, 2):
            away = distances_km(one.latitude, one.longitude, other.latitude, other.longitude)
            assert away >= SETTINGS.min_separation_km
        right += len(found) == 2 and all(min(error_km(one, s) for one in found) < 25.0 for s in sources)
    assert right >= 37


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("silent", [False, True])
def test_a_place_that_its_nearest_stations_do_not_hear_is_a_ghost(silent, seed):
    """The farther stations hear it alike in both; only those within 70 km are silent or not."""
    real, ghost = at(-90.0, 0.0), at(80.0, 0.0)
    away = distances_km(ghost[0], ghost[1], LATTICE.latitudes, LATTICE.longitudes)
    heard = 5.0 * amplitudes_of(LATTICE, ghost, 10.0)
    if silent:
        heard[away < 70.0] = 0.0
    own = amplitudes_of(LATTICE, real, 20.0)
    found = locate_all(tremor_window(LATTICE, [real, ghost], 40 + seed, [own, heard])).hypocentres
    places = sorted(error_km(one, ghost) for one in found)
    assert min(error_km(one, real) for one in found) < 3.0
    if silent:
        assert all(place > 50.0 for place in places)
    else:
        assert places[0] < 3.0


def test_stations_that_are_not_asked_do_not_count():
    left, right = at(-80.0, 0.0), at(80.0, 0.0)
    window = tremor_window(LATTICE, [left, right], 3)
    away = distances_km(left[0], left[1], LATTICE.latitudes, LATTICE.longitudes)
    stations = np.flatnonzero(away < 70.0)
    found = locate_all(window, stations).hypocentres
    assert len(found) == 1
    assert error_km(found[0], left) < 3.0
    assert np.isin(found[0].fit.stations, stations).all()
    values = window.values.copy()
    values[~np.isin(np.arange(len(LATTICE)), stations)] = np.nan
    again = locate_all(replace(window, values=values), stations).hypocentres
    assert again[0].fit.place.latitude == found[0].fit.place.latitude
    assert again[0].n_pairs == found[0].n_pairs


def test_order_of_stations_does_not_matter():
    sources = [at(-50.0, 5.0), at(50.0, -5.0)]
    window = tremor_window(LATTICE, sources, 8)
    order = np.random.default_rng(1).permutation(len(LATTICE))
    shuffled = replace(window, network=LATTICE.subset(order), values=window.values[order])
    one, other = locate_all(window).hypocentres, locate_all(shuffled).hypocentres
    assert len(one) == len(other) == 2
    for a in one:
        assert min(error_km(b, (a.fit.place.latitude, a.fit.place.longitude, 0.0)) for b in other) < 0.5


def test_a_gain_of_the_whole_network_changes_nothing():
    window = tremor_window(LATTICE, [at(-50.0, 5.0), at(50.0, -5.0)], 8)
    one = locate_all(window).hypocentres
    other = locate_all(replace(window, values=window.values * 2.0**-30)).hypocentres  # as of nm/s in m/s
    assert [h.n_pairs for h in one] == [h.n_pairs for h in other]
    assert [h.fit.place.latitude for h in one] == pytest.approx([h.fit.place.latitude for h in other])


def test_a_dead_station_is_left_out():
    window = tremor_window(LATTICE, [at(-50.0, 5.0), at(50.0, -5.0)], 8)
    nearest = int(np.argmax(amplitudes_of(LATTICE, at(-50.0, 5.0), 10.0)))
    for dead in (np.nan, 0.0):
        values = window.values.copy()
        values[nearest] = dead
        found = locate_all(replace(window, values=values)).hypocentres
        assert len(found) == 2
        assert all(nearest not in one.fit.stations for one in found)


@pytest.mark.parametrize(
    ("stations", "reason"),
    [([], "too_few_stations"), ([3], "too_few_stations"), ([3, 4, 5, 12], "no_agreement_of_stations")],
)
def test_few_stations_are_no_source(stations, reason):
    window = tremor_window(LATTICE, [at(0.0, 0.0)], 1)
    result = locate_all(window, np.array(stations, dtype=np.intp))
    assert (result.hypocentres, result.reason) == ((), reason)


@pytest.mark.parametrize("value", [np.nan, 0.0, 1.0])
def test_nothing_recorded_is_no_source(value):
    window = tremor_window(LATTICE, [at(0.0, 0.0)], 1)
    result = locate_all(replace(window, values=np.full_like(window.values, value)))
    assert (result.hypocentres, result.reason) == ((), "too_few_stations")


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_no_source(seed):
    result = locate_all(tremor_window(LATTICE, [], seed))
    assert result.hypocentres == ()
    assert result.reason in ("too_few_correlated_pairs", "no_agreement_of_stations")


def test_stations_at_one_place_give_a_defined_answer():
    east, north = np.repeat(0.0, 8), np.repeat(0.0, 8)
    network = network_at(east, north)
    result = locate_all(tremor_window(network, [at(5.0, 5.0)], 2))
    for one in result.hypocentres:
        assert np.isfinite(one.fit.covariance_km2).all()
        assert "azimuthal_gap" in one.flags


def test_pairs_among_are_those_of_both_stations():
    pairs = StationPairs(np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]), np.array([1.0, 2.0, 3.0, 4.0]))
    kept = pairs_among(pairs, np.array([0, 2, 3]))
    assert kept.first.tolist() == [0, 2]
    assert kept.second.tolist() == [2, 3]
    assert kept.max_lag_s.tolist() == [2.0, 4.0]
    assert len(pairs_among(pairs, np.array([], dtype=np.intp))) == 0


def test_a_source_whose_error_reaches_to_another_is_not_apart_from_it():
    grid = grid_of(LATTICE)
    place, east, north = (place_at(*at(*km), grid) for km in ((0.0, 0.0), (60.0, 0.0), (0.0, 60.0)))
    none = np.arange(0)
    delays = Delays(np.zeros(0), np.zeros(0), np.zeros(0))
    for spread_km, apart in ((25.0, False), (15.0, True)):
        covariance = np.diag([spread_km**2, 0.0, 25.0])  # east, north, down
        fit = Fit(place, none, delays, covariance, 1.0, 1.0)
        assert _is_apart(fit, [east]) == apart
        assert _is_apart(fit, [north])
        assert _is_apart(fit, [north, east]) == apart


def test_if_no_source_holds_without_the_others_the_first_stays(monkeypatch):
    monkeypatch.setattr(groups, "MOVES_KM", 0.0)
    sources = [at(-50.0, 5.0), at(50.0, -5.0)]
    found = locate_all(tremor_window(LATTICE, sources, 8)).hypocentres
    assert len(found) == 1
    assert min(error_km(found[0], source) for source in sources) < 3.0


def test_no_more_sources_than_the_settings_allow():
    window = tremor_window(LATTICE, [at(-80.0, 5.0), at(80.0, -5.0)], 8)
    grid = grid_of(LATTICE)
    few = replace(SETTINGS, max_sources=1)
    result = locate_group(window, np.arange(len(LATTICE)), grid, station_pairs(grid, few), few)
    assert len(result.hypocentres) == 1
