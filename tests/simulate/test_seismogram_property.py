"""Symmetries of wave propagation: reciprocity, linearity, scaling, independence of the network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_scenes import EPICENTRE, Setting, band_integral, one_burst, ring_network

from tremorflow.records import Network, Station
from tremorflow.simulate.path import MediumSettings, Paths
from tremorflow.simulate.source import (
    Mechanism,
    corner_frequency_hz,
    earthquake_spectrum,
    moment_nm,
    radiation_pattern,
)


@settings(max_examples=10)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 20), st.floats(0, 20))
def test_source_and_station_may_change_places(north, east, depth, other_depth):
    """In a whole space that radiates alike in all directions both ways give the same record."""
    a = Station("N", "A", EPICENTRE[0], EPICENTRE[1], -1000 * depth)
    b = Station("N", "B", EPICENTRE[0] + 0.1 + north / 4, EPICENTRE[1] + 0.1 + east / 4, -1000 * other_depth)
    setting = Setting("whole_space", "isotropic", "none", n_lfe=3, duration_s=5.0)
    records = []
    for source, station in ((a, b), (b, a)):
        deep = Setting(**{**setting.__dict__, "depth_km": -source.elevation_m / 1000})
        sources, _ = one_burst(Network((station,)), deep, (source.latitude, source.longitude))
        records.append(sources.motion(0, 0))
    assert records[0].first_sample == records[1].first_sample
    amplitude = [np.sqrt(np.sum(record.motion**2, axis=0)) for record in records]
    np.testing.assert_allclose(amplitude[0], amplitude[1], atol=2e-3 * amplitude[0].max())


@pytest.mark.parametrize("factor", [4.0, 100.0])
def test_amplitude_goes_as_the_root_of_energy(factor):
    network = ring_network([20.0])
    small, _ = one_burst(network, Setting(energy_j=1e4))
    large, _ = one_burst(network, Setting(energy_j=factor * 1e4))
    expected = np.sqrt(factor) * small.motion(0, 0).motion
    np.testing.assert_allclose(large.motion(0, 0).motion, expected, atol=1e-5 * np.abs(expected).max())


def test_a_station_moves_alike_whoever_stands_beside_it():
    network = ring_network([20.0, 40.0, 60.0])
    whole, _ = one_burst(network)
    alone, _ = one_burst(network.subset([1]))
    np.testing.assert_array_equal(whole.motion(0, 1).motion, alone.motion(0, 0).motion)


def test_amplitude_falls_as_one_over_distance():
    network = ring_network([10.0, 40.0], elevation_m=0.0)
    setting = Setting("whole_space", "isotropic", "none", quality_factor=1e9)
    sources, _ = one_burst(network, setting)
    near, far = (band_integral(sources.motion(0, k).motion, setting.rate_hz) for k in range(2))
    ratio = np.hypot(40.0, 16.0) / np.hypot(10.0, 16.0)
    assert np.sqrt(near / far) == pytest.approx(ratio, rel=0.01)


@settings(max_examples=20)
@given(st.floats(0, 360), st.floats(0, 90), st.floats(-180, 180))
def test_radiation_has_the_mean_of_a_double_couple(strike, dip, rake):
    """Over the focal sphere the mean squares are 4/15 (P) and 2/5 (S) (Aki & Richards 2002)."""
    azimuths, cosines = np.meshgrid(np.arange(0, 360, 10.0), np.linspace(-0.975, 0.975, 40))
    p, sv, sh = radiation_pattern(Mechanism(strike, dip, rake), azimuths, np.degrees(np.arccos(cosines)))
    assert np.mean(p**2) == pytest.approx(4 / 15, rel=0.01)
    assert np.mean(sv**2 + sh**2) == pytest.approx(2 / 5, rel=0.01)


@settings(max_examples=20)
@given(st.floats(0.0, 4.0))
def test_earthquakes_of_one_stress_drop_are_alike(magnitude):
    """Corner goes as moment^(-1/3): a magnitude more lowers it by 10^(-1/2) (self-similar scaling)."""
    small, large = moment_nm(magnitude), moment_nm(magnitude + 1)
    corners = corner_frequency_hz(small, 3.0), corner_frequency_hz(large, 3.0)
    assert corners[0] / corners[1] == pytest.approx(np.sqrt(10), rel=1e-6)
    high = np.array([1000.0, 2000.0]) * corners[0]
    spectrum = np.abs(earthquake_spectrum(high, small, corners[0])) / high  # displacement
    assert spectrum[0] / spectrum[1] == pytest.approx(4.0, rel=0.01)  # omega-square


def test_delays_of_sediment_are_not_counted_twice():
    """Rays go to the rock below a station, whose sediment adds its delay by itself."""
    slow = Station("N", "A", 38.6, 143.1, -2000.0, 10.0, 1.3)
    fast = Station("N", "A", 38.6, 143.1, -2000.0)
    times = [Paths.of(Network((one,)), MediumSettings()).rays(*EPICENTRE, 16.0) for one in (slow, fast)]
    np.testing.assert_allclose(times[0].s_times_s, times[1].s_times_s)


@settings(max_examples=30)
@given(st.floats(0, 360), st.floats(0, 90), st.floats(-180, 180), st.floats(0, 360), st.floats(1, 179))
def test_radiation_is_that_of_the_moment_tensor(strike, dip, rake, azimuth, takeoff):
    """P is g.M.g along the ray; SV and SH are p.M.g and q.M.g across it (Aki & Richards 2002, box 4.4)."""
    s, d, r = np.radians([strike, dip, rake])
    slip = np.array(  # north, east, down
        [
            np.cos(r) * np.cos(s) + np.cos(d) * np.sin(r) * np.sin(s),
            np.cos(r) * np.sin(s) - np.cos(d) * np.sin(r) * np.cos(s),
            -np.sin(r) * np.sin(d),
        ]
    )
    normal = np.array([-np.sin(d) * np.sin(s), np.sin(d) * np.cos(s), -np.cos(d)])
    tensor = np.outer(slip, normal) + np.outer(normal, slip)
    i, a = np.radians([takeoff, azimuth])
    ray = np.array([np.sin(i) * np.cos(a), np.sin(i) * np.sin(a), np.cos(i)])
    up_across = np.array([np.cos(i) * np.cos(a), np.cos(i) * np.sin(a), -np.sin(i)])
    level_across = np.array([-np.sin(a), np.cos(a), 0.0])
    found = radiation_pattern(Mechanism(strike, dip, rake), np.array([azimuth]), np.array([takeoff]))
    expected = [ray @ tensor @ ray, up_across @ tensor @ ray, level_across @ tensor @ ray]
    np.testing.assert_allclose(np.ravel(found), expected, atol=1e-9)


def test_rays_leave_toward_the_stations():
    above = Station("N", "A", EPICENTRE[0], EPICENTRE[1], 0.0)
    east = Station("N", "B", EPICENTRE[0], EPICENTRE[1] + 0.5, 0.0)
    rays = Paths.of(Network((above, east)), MediumSettings(kind="whole_space")).rays(*EPICENTRE, 16.0)
    assert rays.takeoffs_deg[0] == pytest.approx(180.0)  # straight up
    assert 90 < rays.takeoffs_deg[1] < 120
    assert rays.azimuths_deg[1] == pytest.approx(90.0, abs=0.5)
    assert rays.distances_km[0] == pytest.approx(16.0)
