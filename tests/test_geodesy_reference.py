"""Distances and directions against the geodesics of ObsPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.geodetics import gps2dist_azimuth

from tremorflow.geodesy import (
    LocalFrame,
    distances_along_km,
    distances_km,
    east_north_km,
    km_per_degree,
    long_axis_deg,
    longitudes_together,
)
from tremorflow.simulate.geometry import NetworkSettings, simulated_network


@pytest.mark.parametrize(("reach_km", "bound"), [(300.0, 3e-4), (1000.0, 3e-3)])
def test_distances_within_the_stated_bounds(reach_km, bound):
    rng = np.random.default_rng(8)
    for _ in range(400):
        latitude, longitude = rng.uniform(-60, 60), rng.uniform(-180, 180)
        azimuth, reach = rng.uniform(0, 2 * np.pi), rng.uniform(1, reach_km) * 0.97
        to_latitude = latitude + reach * np.cos(azimuth) / 111.2
        to_longitude = longitude + reach * np.sin(azimuth) / (111.2 * np.cos(np.radians(latitude)))
        if abs(to_latitude) > 60:
            continue
        expected = (
            gps2dist_azimuth(latitude, longitude, to_latitude, (to_longitude + 180) % 360 - 180)[0] / 1000
        )
        assert distances_km(latitude, longitude, to_latitude, to_longitude) == pytest.approx(
            expected, rel=bound
        )


def test_directions_are_those_of_the_compass():
    for azimuth, (to_latitude, to_longitude) in {
        0: (41, 143),
        90: (40, 144),
        180: (39, 143),
        270: (40, 142),
    }.items():
        east, north = east_north_km(40, 143, to_latitude, to_longitude)
        assert np.degrees(np.arctan2(east, north)) % 360 == pytest.approx(azimuth, abs=0.5)


def test_a_degree_is_a_degree():
    for latitude in (0.0, 38.0, -48.0):
        north, east = km_per_degree(latitude)
        assert north == pytest.approx(
            gps2dist_azimuth(latitude - 0.5, 10, latitude + 0.5, 10)[0] / 1000, rel=1e-5
        )
        assert east == pytest.approx(gps2dist_azimuth(latitude, 10, latitude, 10.001)[0], rel=1e-5)


@given(st.floats(-60, 60), st.floats(-180, 360), st.floats(-100, 100), st.floats(-100, 100))
def test_local_frame_there_and_back(latitude, longitude, east, north):
    frame = LocalFrame(latitude, longitude)
    places = frame.to_degrees(east, north)
    assert -180 <= places[1] < 180
    np.testing.assert_allclose(frame.to_km(*places), (east, north), atol=1e-6)


@given(st.floats(-60, 60), st.floats(-170, 170), st.floats(-3, 3), st.floats(-3, 3))
def test_the_antimeridian_is_a_meridian_like_others(latitude, longitude, north, east):
    here = east_north_km(latitude, longitude, latitude + north, longitude + east)
    for turn in (360, 180 - longitude, -360):
        other = (longitude + turn + east + 180) % 360 - 180
        there = east_north_km(latitude, longitude + turn, latitude + north, other)
        np.testing.assert_allclose(there, here, atol=1e-6)


def test_there_is_as_far_as_back():
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-60, 60, (2, 50)), rng.uniform(130, 150, (2, 50))
    np.testing.assert_allclose(distances_km(a[0], b[0], a[1], b[1]), distances_km(a[1], b[1], a[0], b[0]))


@pytest.mark.parametrize("azimuth_deg", [0.0, 21.0, 45.0, 89.0, 90.0, 271.0, 340.0])
@pytest.mark.parametrize("place", [(39.0, 143.0), (-18.0, 179.99), (0.0, -0.01)])
def test_long_axis_of_a_strip_is_its_direction(azimuth_deg, place):
    rng = np.random.default_rng(5)
    along, across = rng.uniform(-150, 150, 400), rng.uniform(-5, 5, 400)
    azimuth = np.radians(azimuth_deg)
    east = along * np.sin(azimuth) + across * np.cos(azimuth)
    north = along * np.cos(azimuth) - across * np.sin(azimuth)
    latitudes, longitudes = LocalFrame(*place).to_degrees(east, north)
    found = long_axis_deg(latitudes, longitudes)
    assert (found - azimuth_deg + 90) % 180 - 90 == pytest.approx(0, abs=0.5)
    assert found <= 90 or found > 270
    assert long_axis_deg(latitudes[::-1], longitudes[::-1] + 360) == pytest.approx(found, abs=1e-6)
    ways = distances_along_km(place, azimuth_deg, latitudes, longitudes)
    np.testing.assert_allclose(ways, along, atol=0.3)


def test_long_axis_of_s_net_is_that_of_the_trench():
    network = simulated_network(NetworkSettings())
    # the Japan Trench strikes about N10E off Sanriku, the Kuril Trench N60E: the network lies along both
    assert 15 < long_axis_deg(network.latitudes, network.longitudes) < 40


def test_points_as_wide_as_long_have_the_axis_north():
    assert long_axis_deg([], []) == long_axis_deg([39.0], [143.0]) == 0.0
    assert long_axis_deg([39.0, 39.0], [143.0, 143.0]) == 0.0
    square = LocalFrame(39.0, 143.0).to_degrees([8.7, -5.0, -8.7, 5.0], [5.0, 8.7, -5.0, -8.7])
    assert long_axis_deg(*square) == 0.0
    assert long_axis_deg([0.0, 0.0, 1.0], [10.0, 11.0, 10.5]) == pytest.approx(0.0, abs=1e-6)
    assert long_axis_deg([0.0, 0.0], [10.0, 11.0]) == pytest.approx(90.0)


def test_longitudes_are_brought_together():
    together = longitudes_together([179.0, -179.0, 178.0])
    assert np.ptp(together) == pytest.approx(3.0)
    np.testing.assert_allclose(together % 360, [179.0, 181.0, 178.0])
    assert longitudes_together([]).size == 0
