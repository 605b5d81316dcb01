"""Few stations that hear one source place it, with an honest error; noise, or two sources, place nothing."""

from dataclasses import replace

import numpy as np
import pytest
from group_scenes import LATTICE, SETTINGS, amplitudes_of, at, grid_of, tremor_window
from scipy.special import logsumexp
from test_regular_truth import shots, window_of

from tremorflow.geodesy import LocalFrame, distances_km, east_north_km
from tremorflow.locate import (
    LocationSettings,
    SmallGroup,
    Whereabouts,
    error_ellipse,
    locate_small_group,
    station_pairs,
)
from tremorflow.records import SMALL_GROUP, UNCORRELATED, Envelopes

GRID = grid_of(LATTICE)
PAIRS = station_pairs(GRID, SETTINGS)
ALONE = replace(SETTINGS, uncorrelated=True)
PRIOR_KM = 25.0  # sd of what probabilities say of a place


def nearest(source, count: int) -> np.ndarray:
    away = distances_km(source[0], source[1], LATTICE.latitudes, LATTICE.longitudes)
    return np.sort(np.argsort(away, kind="stable")[:count])


def whereabouts(latitude: float, longitude: float, sigma_km: float = PRIOR_KM) -> Whereabouts:
    """Place known to a standard deviation in each direction."""
    away = distances_km(latitude, longitude, GRID.node_latitudes, GRID.node_longitudes)
    nodes = np.flatnonzero(away <= 4 * sigma_km)
    return Whereabouts(nodes, -0.5 * (away[nodes] / sigma_km) ** 2, np.zeros(0, dtype=np.intp), 0.0, 0.0)


def locate(
    window: Envelopes, stations: np.ndarray, known: Whereabouts, settings: LocationSettings = SETTINGS
) -> SmallGroup:
    return locate_small_group(window, stations, known, GRID, PAIRS, settings)


def quiet_burst(source, seed: int, count: int) -> Envelopes:
    """Window of a burst that only some stations hear."""
    amplitudes = np.zeros(len(LATTICE))
    heard = nearest(source, count)
    amplitudes[heard] = amplitudes_of(LATTICE, source, 6.0)[heard]
    return tremor_window(LATTICE, [source], seed, [amplitudes])


def doubled(first: Envelopes, second: Envelopes) -> Envelopes:
    """Window with the series of two as horizontals."""
    return replace(
        first, components=("H1", "H2"), values=np.concatenate([first.values, second.values], axis=1)
    )


@pytest.mark.parametrize("count", [2, 3, 4])
def test_truth_lies_in_the_ellipse_and_nearer_than_was_known(count):
    """Loud bursts: the ellipses, made for weak ones, hold more than 68 %."""
    inside, errors, before, areas = [], [], [], []
    rng = np.random.default_rng(100 + count)
    for seed in range(30):
        source = at(*rng.uniform(-60, 60, 2))
        aside = LocalFrame(source[0], source[1]).to_degrees(*rng.normal(0, PRIOR_KM, 2))
        found = locate(
            quiet_burst(source, seed, count), nearest(source, count), whereabouts(*aside)
        ).hypocentre
        if found is None:
            continue
        place = found.fit.place
        major, minor, azimuth = error_ellipse(found.fit.covariance_km2)
        east, north = east_north_km(place.latitude, place.longitude, source[0], source[1])
        turn = np.radians(azimuth)
        along = east * np.sin(turn) + north * np.cos(turn)
        across = east * np.cos(turn) - north * np.sin(turn)
        inside.append(np.hypot(along / major, across / minor) <= 1)
        errors.append(np.hypot(east, north))
        before.append(distances_km(*aside, source[0], source[1]))
        areas.append(major * minor)
    assert len(errors) >= 24
    assert np.median(errors) < (1.0 if count == 2 else 0.5) * np.median(before)  # of two: a hyperbola
    assert np.mean(inside) >= 0.6
    assert np.median(areas) < (1.51 * PRIOR_KM) ** 2


def test_more_stations_place_better():
    sizes = {}
    for count in (2, 4):
        sources = [at(float(east), 10.0) for east in range(-60, 61, 20)]
        found = [
            locate(quiet_burst(one, k, count), nearest(one, count), whereabouts(*one[:2])).hypocentre
            for k, one in enumerate(sources)
        ]
        ellipses = [error_ellipse(one.fit.covariance_km2) for one in found if one is not None]
        sizes[count] = np.median([major * minor for major, minor, _ in ellipses])
    assert sizes[4] < 0.5 * sizes[2] < 0.5 * (1.51 * PRIOR_KM) ** 2


def test_it_is_flagged_and_has_its_pairs():
    source = at(20.0, 10.0)
    found = locate(quiet_burst(source, 3, 3), nearest(source, 3), whereabouts(*source[:2])).hypocentre
    assert found is not None
    assert SMALL_GROUP in found.flags
    assert 1 <= found.n_pairs <= 3
    assert set(found.fit.stations) <= set(nearest(source, 3))
    assert found.correlation > SETTINGS.pair_correlation - 0.1


@pytest.mark.parametrize("count", [2, 4, 20])
@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_source_wherever_it_is_said_to_be(seed, count):
    source = at(0.0, 0.0)
    window = doubled(tremor_window(LATTICE, [], seed), tremor_window(LATTICE, [], seed + 50))
    result = locate(window, nearest(source, count), whereabouts(*source[:2]))
    assert result.hypocentre is None
    assert result.reason in ("stations_unlike", "low_gain")


def test_lags_that_the_place_does_not_allow_are_no_source():
    """Two stations 30 km apart hear a burst half a minute apart: no S wave does that."""
    source = at(0.0, 0.0)
    window = quiet_burst(source, 4, 2)
    stations = nearest(source, 2)
    values = window.values.copy()
    values[stations[1]] = np.roll(values[stations[1]], 30, axis=-1)
    assert locate(window, stations, whereabouts(*source[:2])).hypocentre is not None
    assert locate(replace(window, values=values), stations, whereabouts(*source[:2])).hypocentre is None


@pytest.mark.parametrize("asked", [4, 12, 20])
def test_stations_that_hear_nothing_do_not_hide_a_source(asked):
    """Four stations hear a loud burst; the more others are asked, the more noise there is to look through."""
    lost = 0
    for seed in range(6):
        source = at(10.0 * seed - 30.0, 5.0)
        found = locate(
            quiet_burst(source, seed, 4), nearest(source, asked), whereabouts(*source[:2])
        ).hypocentre
        lost += found is None or len(found.fit.stations) < 3
    assert lost == 0


def test_two_alike_horizontals_are_no_more_evidence_than_one():
    source = at(0.0, 0.0)
    window = quiet_burst(source, 4, 2)
    one, two = (
        locate(each, nearest(source, 2), whereabouts(*source[:2]))
        for each in (window, doubled(window, window))
    )
    assert two.gain == pytest.approx(one.gain, rel=0.05)


def test_a_late_pair_is_corrected_by_as_much_as_it_is_late():
    """Of two stations that are 3 s off what the place predicts, each takes half."""
    source = at(0.0, 0.0)
    window, stations = quiet_burst(source, 4, 2), nearest(source, 2)
    known = whereabouts(*source[:2], sigma_km=1.5)  # held at its place
    values = window.values.copy()
    values[stations[1]] = np.roll(values[stations[1]], 3, axis=-1)
    found = [locate(one, stations, known).hypocentre for one in (window, replace(window, values=values))]
    assert all(one is not None for one in found)
    before, after = (one.fit.delays.seconds for one in found if one is not None)
    assert np.diff(after)[0] - np.diff(before)[0] == pytest.approx(3.0, abs=0.7)


@pytest.mark.parametrize("value", [np.nan, 0.0, 1.0])
def test_nothing_recorded_is_no_source(value):
    window = tremor_window(LATTICE, [at(0.0, 0.0)], 1)
    empty = replace(window, values=np.full_like(window.values, value))
    result = locate(empty, nearest(at(0.0, 0.0), 3), whereabouts(*at(0.0, 0.0)[:2]))
    assert result == ("stations_unlike", 0.0, None)


@pytest.mark.parametrize("stations", [[], [3]])
def test_less_than_a_pair_is_no_source(stations):
    window = tremor_window(LATTICE, [at(0.0, 0.0)], 1)
    asked = np.array(stations, dtype=np.intp)
    assert locate(window, asked, whereabouts(*at(0.0, 0.0)[:2])) == ("no_pair", 0.0, None)


def test_louder_or_other_units_change_nothing():
    source = at(-20.0, 5.0)
    window, stations = quiet_burst(source, 8, 3), nearest(source, 3)
    one = locate(window, stations, whereabouts(*source[:2]))
    other = locate(replace(window, values=window.values * 1e-9), stations, whereabouts(*source[:2]))
    assert other.gain == pytest.approx(one.gain, rel=1e-4)
    assert one.hypocentre is not None
    assert other.hypocentre is not None
    assert other.hypocentre.fit.place.latitude == pytest.approx(one.hypocentre.fit.place.latitude, abs=1e-3)


def sure(source, stations: np.ndarray, gain: float) -> Whereabouts:
    """The same place, of which these stations are sure and the network is with a gain."""
    return whereabouts(*source[:2])._replace(members=stations, gain=gain, probability=0.99)


@pytest.mark.parametrize("seed", range(4))
def test_sure_probabilities_place_what_envelopes_do_not_confirm(seed):
    source = at(20.0, 10.0)
    window, stations = tremor_window(LATTICE, [], seed), nearest(source, 2)
    enough = SETTINGS.uncorrelated_gain
    assert locate(window, stations, sure(source, stations, 99.0)).hypocentre is None
    assert locate(window, stations, sure(source, stations, enough - 0.1), ALONE).hypocentre is None
    found = locate(window, stations, sure(source, stations, enough + 0.1), ALONE).hypocentre
    assert found is not None
    assert {SMALL_GROUP, UNCORRELATED} <= set(found.flags)
    assert found.n_pairs == 0
    assert np.isnan(found.correlation)
    np.testing.assert_array_equal(found.fit.stations, stations)
    away = distances_km(found.fit.place.latitude, found.fit.place.longitude, *source[:2])
    assert away < 6  # half a cell
    major, minor, _ = error_ellipse(found.fit.covariance_km2)
    assert (major, minor) == pytest.approx((1.51 * PRIOR_KM,) * 2, rel=0.1)
    assert window.start_time <= found.source.start_time < found.source.end_time <= window.end_time


def test_without_a_sure_station_no_gain_is_enough():
    source = at(20.0, 10.0)
    window, stations = tremor_window(LATTICE, [], 1), nearest(source, 2)
    least = SETTINGS.uncorrelated_probability
    for probability, is_placed in ((least - 0.01, False), (least + 0.01, True)):
        known = sure(source, stations, 99.0)._replace(probability=probability)
        assert (locate(window, stations, known, ALONE).hypocentre is not None) == is_placed


def test_what_stations_say_beyond_the_group_is_of_something_larger():
    source = at(20.0, 10.0)
    window, stations = tremor_window(LATTICE, [], 1), nearest(source, 2)
    known = sure(source, stations, 20.0)
    said = logsumexp(known.log_likelihood) - np.log(len(known.nodes))
    for beyond, is_placed in ((-1.0, True), (1.0, False)):
        more = known.log_likelihood - said + known.gain + SETTINGS.uncorrelated_excess + beyond
        result = locate(window, stations, known._replace(log_likelihood=more), ALONE)
        assert (result.hypocentre is not None) == is_placed


def test_a_station_without_a_neighbour_places_what_it_is_sure_of():
    source = at(20.0, 10.0)
    window, station = tremor_window(LATTICE, [], 1), nearest(source, 1)
    assert locate(window, station, sure(source, station, 99.0)) == ("no_pair", 0.0, None)
    found = locate(window, station, sure(source, station, 99.0), ALONE).hypocentre
    assert found is not None
    assert UNCORRELATED in found.flags
    assert found.n_pairs == 0
    unsure = locate(window, station, sure(source, station, 0.0), ALONE)
    assert unsure == ("no_pair", 0.0, None)


def test_envelopes_that_confirm_are_used_though_probabilities_are_sure():
    source = at(20.0, 10.0)
    window, stations = quiet_burst(source, 3, 3), nearest(source, 3)
    plain = locate(window, stations, whereabouts(*source[:2])).hypocentre
    told = locate(window, stations, sure(source, stations, 99.0), ALONE).hypocentre
    assert plain is not None
    assert told is not None
    assert UNCORRELATED not in told.flags
    assert told.fit.place.latitude == plain.fit.place.latitude


def test_an_air_gun_is_no_source_however_sure_stations_are():
    source = at(0.0, 0.0)
    stations = nearest(source, 2)
    window = window_of({int(one): shots(17.5, 30.0, k) for k, one in enumerate(stations)}, 1)
    result = locate(window, stations, sure(source, stations, 99.0), ALONE)
    assert result == ("regular_shots", 0.0, None)
