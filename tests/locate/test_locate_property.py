"""What must not change a location: order and gain of stations, the date, dead stations, east for west."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from location_scenes import (
    CENTRE,
    FIXED,
    FREE,
    locate,
    pure_envelopes,
    scattered_network,
    source_at,
    travel_times_of,
)

from tremorflow.geodesy import distances_km
from tremorflow.locate import (
    Hypocentre,
    LocationSettings,
    error_ellipse,
    locate_windows,
    search_grid,
    window_starts,
)
from tremorflow.records import Envelopes, Network, Station, timedelta

# the search ends on points 0.14 km apart; rounding may decide between neighbours
SAME_PLACE_KM = 0.25


@pytest.fixture(scope="module")
def window() -> Envelopes:
    """A burst on ten stations, with noise that makes every station a little different."""
    network = scattered_network(10, seed=21)
    pure = pure_envelopes(network, [source_at(-8.0, 11.0, 28.0)])
    noise = np.random.default_rng(22).gamma(20.0, 1 / 20.0, pure.values.shape)
    return replace(pure, values=pure.values * noise)


@pytest.fixture(scope="module")
def found(window) -> Hypocentre:
    return only(window, FREE)


def only(envelopes: Envelopes, options: LocationSettings) -> Hypocentre:
    """The one source in a window."""
    result = locate(envelopes, options)
    assert result.reason == "located"
    assert len(result.hypocentres) == 1
    return result.hypocentres[0]


def apart_km(a: Hypocentre, b: Hypocentre) -> float:
    """Distance of two hypocentres in space."""
    p, q = a.fit.place, b.fit.place
    epicentral = float(distances_km(p.latitude, p.longitude, q.latitude, q.longitude))
    return float(np.hypot(epicentral, p.depth_km - q.depth_km))


def assert_same(a: Hypocentre, b: Hypocentre) -> None:
    assert apart_km(a, b) < SAME_PLACE_KM
    assert a.n_pairs == b.n_pairs
    assert a.flags == b.flags
    assert a.correlation == pytest.approx(b.correlation, abs=0.005)
    sigma_a, sigma_b = np.sqrt(np.diag(a.fit.covariance_km2)), np.sqrt(np.diag(b.fit.covariance_km2))
    np.testing.assert_allclose(sigma_a, sigma_b, rtol=0.05)


def rows(envelopes: Envelopes, order: list[int]) -> Envelopes:
    return replace(envelopes, network=envelopes.network.subset(order), values=envelopes.values[order])


@settings(max_examples=6)
@given(order=st.permutations(range(10)))
def test_the_order_of_stations_does_not_matter(window, found, order):
    shuffled = only(rows(window, order), FREE)
    assert_same(shuffled, found)
    assert {order[k] for k in shuffled.fit.stations} == set(found.fit.stations)
    assert abs(shuffled.source.time - found.source.time) < timedelta(0.5)


@settings(max_examples=6)
@given(station=st.integers(0, 9), gain=st.sampled_from([1e-9, 0.01, 3.0, 1e6]))
def test_the_gain_of_a_station_does_not_move_the_source(window, found, station, gain):
    values = window.values.copy()
    values[station] *= gain
    assert_same(only(replace(window, values=values), FREE), found)


def test_the_unit_of_all_stations_changes_nothing_at_all(window, found):
    scaled = only(replace(window, values=window.values * 2.0**-30), FREE)
    assert apart_km(scaled, found) == 0
    assert scaled.source == found.source


def test_another_date_moves_the_time_and_nothing_else(window, found):
    later = timedelta(86_400.0 * 400 + 0.25)
    moved = only(replace(window, start_time=window.start_time + later), FREE)
    assert apart_km(moved, found) == 0
    np.testing.assert_array_equal(moved.fit.covariance_km2, found.fit.covariance_km2)
    for name in ("time", "start_time", "end_time"):
        assert getattr(moved.source, name) - getattr(found.source, name) == later
    assert moved.window_start - found.window_start == later


def test_a_burst_later_in_the_window_has_a_later_time_at_the_same_place(window, found):
    """All stations delayed by 12 s: the pairs cannot tell, the source time must."""
    values = np.concatenate(
        [window.values[..., -12:], window.values[..., :-12]], axis=-1
    )  # quiet at both ends
    moved = only(replace(window, values=values), FREE)
    assert apart_km(moved, found) < 1.0
    assert (moved.source.time - found.source.time) / np.timedelta64(1, "s") == pytest.approx(12.0, abs=0.5)


@pytest.mark.parametrize("fill", [np.nan, 0.0, 0.1], ids=["nan", "zero", "constant"])
@pytest.mark.parametrize("place", [0, 5, 10])
def test_a_station_without_data_has_no_part(window, found, fill, place):
    stations = list(window.network.stations)
    stations.insert(place, Station("SY", "dead", CENTRE[0], CENTRE[1], 0.0))
    values = np.insert(window.values, place, fill, axis=0)
    more = only(replace(window, network=Network(tuple(stations)), values=values), FREE)
    assert_same(more, found)
    assert place not in more.fit.stations
    assert len(more.fit.stations) == len(found.fit.stations)


def test_stations_out_of_reach_of_the_travel_times_have_no_part(window, found):
    """A network may be larger than the table of travel times: NaN, and no warning, far away."""
    far = [Station("SY", f"far{k}", CENTRE[0] + 7.0, CENTRE[1] + 0.2 * k, 0.0) for k in range(2)]
    network = Network((*window.network.stations, *far))
    values = np.concatenate([window.values, np.roll(window.values[:2], 60, axis=-1)])
    more = only(replace(window, network=network, values=values), FREE)
    assert_same(more, found)
    assert set(more.fit.stations) == set(found.fit.stations)


def test_a_gap_costs_little(window, found):
    values = window.values.copy()
    values[3, :, 140:165] = np.nan
    assert apart_km(only(replace(window, values=values), FREE), found) < 5.0


def test_a_second_component_that_repeats_the_first_changes_nothing_but_the_weight(window, found):
    twice = replace(window, components=("E", "N"), values=np.repeat(window.values, 2, axis=1))
    more = only(twice, FREE)
    assert apart_km(more, found) < 2 * SAME_PLACE_KM
    assert more.n_pairs == found.n_pairs


@pytest.mark.parametrize("options", [FIXED, FREE], ids=["fixed", "free"])
def test_a_mirrored_network_has_the_mirrored_source(window, options):
    middle = CENTRE[1]
    mirrored = Network(tuple(replace(s, longitude=2 * middle - s.longitude) for s in window.network.stations))
    left, right = only(window, options), only(replace(window, network=mirrored), options)
    p, q = left.fit.place, right.fit.place
    assert distances_km(p.latitude, 2 * middle - p.longitude, q.latitude, q.longitude) < SAME_PLACE_KM
    assert p.depth_km == pytest.approx(q.depth_km, abs=SAME_PLACE_KM)
    a, b = left.fit.covariance_km2, right.fit.covariance_km2
    np.testing.assert_allclose(np.diag(a), np.diag(b), rtol=0.05)
    assert a[0, 1] == pytest.approx(-b[0, 1], abs=0.05 * np.sqrt(a[0, 0] * a[1, 1]))
    turned = (error_ellipse(a)[2] + error_ellipse(b)[2]) % 180
    assert min(turned, 180 - turned) < 10


SPANS = st.tuples(st.integers(0, 5_000), st.integers(0, 5_000))
WINDOWS = st.builds(
    lambda window_s, share: LocationSettings(window_s=window_s, step_s=window_s / share),
    window_s=st.sampled_from([60.0, 300.0, 90.0]),
    share=st.sampled_from([1, 2, 3, 4]),
)


@given(span=SPANS, cut=st.integers(0, 5_000), options=WINDOWS)
def test_windows_of_the_parts_are_those_of_the_whole(window, span, cut, options):
    start, end = (window.start_time + timedelta(float(s)) for s in sorted(span))
    middle = window.start_time + timedelta(float(np.clip(cut, *sorted(span))))
    length = timedelta(options.window_s)
    whole = window_starts(start, end, options)
    first, second = window_starts(start, middle, options), window_starts(middle, end, options)
    assert first == [w for w in whole if w + length <= middle]
    assert second == [w for w in whole if w >= middle]
    assert all(start <= w and w + length <= end for w in whole)
    assert all(b - a == timedelta(options.step_s) for a, b in pairwise(whole))
    assert len(whole) >= ((end - start) - length) / timedelta(options.step_s) - 1


def test_a_span_cut_in_two_gives_the_sources_of_the_whole():
    network = scattered_network(8, seed=23)
    hour = pure_envelopes(network, [source_at(5.0, 5.0, 30.0)], duration_s=900)
    grid = search_grid(network, travel_times_of(network), FIXED)
    whole = list(locate_windows(hour, grid, FIXED))
    assert [result.reason for result in whole].count("located") >= 1
    middle = hour.start_time + timedelta(450.0)
    parts = [hour.window(hour.start_time, 600.0), hour.window(middle, 450.0)]
    pieces = [result for part in parts for result in locate_windows(part, grid, FIXED)]
    assert [result.window_start for result in pieces] == [result.window_start for result in whole]
    for a, b in zip(pieces, whole, strict=True):
        assert a.reason == b.reason
        assert [h.fit.place.latitude for h in a.hypocentres] == [h.fit.place.latitude for h in b.hypocentres]
        assert [h.source for h in a.hypocentres] == [h.source for h in b.hypocentres]
