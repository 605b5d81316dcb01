"""Distances and directions against the geodesics of ObsPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.geodetics import gps2dist_azimuth

from tremorflow.geodesy import LocalFrame, distances_km, east_north_km, km_per_degree


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
