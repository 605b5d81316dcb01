"""Shifts of stations: far enough apart, wherever the span has room; of any order of stations the same."""

import numpy as np
import pytest
from chance_cases import square_network
from hypothesis import given
from hypothesis import strategies as st

from tremorflow.chance import ChanceSettings, choose_shifts
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.records import Network

DAY = 1440  # steps of 60 s


def least_between(network, steps, n_steps, apart_km):
    """Shortest way around the span between the shifts of any two stations within a distance (s)."""
    least = np.inf
    for i, one in enumerate(network.stations):
        for j, other in enumerate(network.stations[:i]):
            away = distances_km(one.latitude, one.longitude, other.latitude, other.longitude)
            if away <= apart_km:
                between = abs(int(steps[i]) - int(steps[j]))
                least = min(least, between, n_steps - between)
    return least * 60.0


@given(st.integers(0, 1000), st.integers(12, 400))
def test_shifts_are_as_far_apart_as_they_say(seed, hours):
    network, n_steps = square_network(5), hours * 60
    settings = ChanceSettings()
    shifts = choose_shifts(network, n_steps, 60.0, settings, np.random.default_rng(seed))
    assert shifts.least_s == least_between(network, shifts.steps, n_steps, shifts.apart_km)
    assert shifts.least_s >= settings.least_apart_s
    assert shifts.apart_km >= settings.near_km
    if hours * 3600 >= 25 * settings.apart_s:
        assert shifts.least_s >= settings.apart_s
        assert np.isinf(shifts.apart_km)


def test_far_stations_share_shifts_where_the_span_is_short():
    """Of 100 stations 75 km apart, 37 are within 225 km of one; a week has room for 28 shifts of 6 h."""
    network = square_network(10, 75.0)
    settings = ChanceSettings()
    shifts = choose_shifts(network, 7 * DAY, 60.0, settings, np.random.default_rng(1))
    assert shifts.least_s >= settings.apart_s
    assert settings.near_km <= shifts.apart_km < np.inf
    assert 4 < len(np.unique(shifts.steps)) <= 28


def test_the_order_of_stations_plays_no_part():
    network = square_network(5, 60.0)
    order = np.random.default_rng(3).permutation(len(network))
    settings = ChanceSettings()
    first = choose_shifts(network, 3 * DAY, 60.0, settings, np.random.default_rng(7))
    again = choose_shifts(network.subset(order.tolist()), 3 * DAY, 60.0, settings, np.random.default_rng(7))
    np.testing.assert_array_equal(first.steps[order], again.steps)
    other = choose_shifts(network, 3 * DAY, 60.0, settings, np.random.default_rng(8))
    assert (other.steps != first.steps).any()


def test_a_span_too_short_says_how_long_it_must_be():
    network = square_network(4)
    with pytest.raises(DataError, match=r"needs 2\.67 h .* within 150 km .* 10 min apart; there are 2\.65 h"):
        choose_shifts(network, 159, 60.0, ChanceSettings(), np.random.default_rng(1))
    shifts = choose_shifts(network, 160, 60.0, ChanceSettings(), np.random.default_rng(1))
    assert shifts.least_s == 600.0


def test_a_single_station_has_no_other_to_be_apart_from():
    network = Network(square_network(2).stations[:1])
    assert np.isnan(choose_shifts(network, 60, 60.0, ChanceSettings(), np.random.default_rng(1)).least_s)
