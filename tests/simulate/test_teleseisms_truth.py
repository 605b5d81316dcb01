"""Teleseisms arrive as IASP91 says, as large as mb says, low in frequency and long in coda."""

import numpy as np
import pytest
from obspy.geodetics import gps2dist_azimuth, locations2degrees
from obspy.taup import TauPyModel
from scipy import signal

from tremorflow.records import utc
from tremorflow.simulate.earthquake_settings import EarthquakeSettings
from tremorflow.simulate.geometry import NetworkSettings, simulated_network
from tremorflow.simulate.scene import SampleGrid, Scene
from tremorflow.simulate.teleseisms import Teleseisms, draw_teleseisms, p_time_s
from tremorflow.truth import truth_table

START = utc("2020-05-24T00:00:00Z")
NETWORK = simulated_network(NetworkSettings(select=("N.S3",)))


def teleseisms(magnitude=7.0, rate_hz=25.0, place=(-6.0, 105.0)):
    row = {
        "event_id": "eq-00001", "time": START, "latitude": place[0], "longitude": place[1], "depth_km": 33.0,
        "magnitude": magnitude, "kind": "teleseism",
    }  # fmt: skip
    local = row | {"event_id": "eq-00000", "kind": "slab", "magnitude": 3.0}
    scene = Scene(NETWORK, SampleGrid(START, 7200.0, rate_hz), 3, np.full(len(NETWORK), 1e-7))
    return Teleseisms(scene, truth_table("earthquakes", [local, row]), EarthquakeSettings())


@pytest.mark.parametrize("degrees", [31.0, 47.3, 62.5, 78.0, 88.9])
def test_p_times_are_those_of_iasp91(degrees):
    (arrival,) = TauPyModel("iasp91").get_travel_times(33, degrees, ["P"])[:1]
    assert float(p_time_s(degrees)) == pytest.approx(arrival.time, abs=0.15)
    assert float(p_time_s(degrees, 1)) == pytest.approx(arrival.ray_param_sec_degree, abs=0.06)


def test_p_sweeps_the_network_from_the_source_faster_than_12_km_s():
    events = teleseisms()
    arrivals = np.array([events.arrival_s(0, k) for k in range(len(NETWORK))])
    degrees = np.array([locations2degrees(-6, 105, s.latitude, s.longitude) for s in NETWORK.stations])
    slope = np.polyfit(degrees * 111.19, arrivals, 1)[0]
    assert 12 < 1 / slope < 25
    assert np.corrcoef(degrees, arrivals)[0, 1] > 0.999


@pytest.mark.parametrize("station", range(6))
def test_the_same_motion_at_any_rate(station):
    slow = teleseisms(rate_hz=25.0).motion(0, station)
    fast = teleseisms(rate_hz=100.0).motion(0, station)
    offset = fast.first_sample - 4 * slow.first_sample
    assert 0 <= offset <= 3
    common = fast.motion[:, (4 - offset) % 4 :: 4]
    skip = 0 if offset == 0 else 1
    length = min(common.shape[1], slow.motion.shape[1] - skip) - 600
    np.testing.assert_allclose(
        common[:, :length], slow.motion[:, skip : skip + length], atol=2e-3 * np.abs(slow.motion).max()
    )


def test_the_p_wave_is_coherent_and_the_coda_is_not():
    events = teleseisms()
    shifted = []
    for station in (0, 9):
        transient = events.motion(0, station)
        late = events.arrival_s(0, station) * 25 - transient.first_sample
        spectrum = np.fft.rfft(transient.motion[2])
        turn = np.exp(2j * np.pi * np.fft.rfftfreq(transient.motion.shape[1]) * (late - 100))
        shifted.append(np.fft.irfft(spectrum * turn, transient.motion.shape[1]))
    first = slice(100, 100 + 8 * 25)
    later = slice(100 + 150 * 25, 100 + 250 * 25)
    assert np.corrcoef(shifted[0][first], shifted[1][first])[0, 1] > 0.8
    assert abs(np.corrcoef(shifted[0][later], shifted[1][later])[0, 1]) < 0.25


def test_p_moves_up_and_away_from_the_source_together():
    """Its particle motion lies along the ray: horizontal part in the direction away from the source."""
    events = teleseisms()
    transient = events.motion(0, 0)
    start = round(events.arrival_s(0, 0) * 25 - transient.first_sample)
    east, north, up = transient.motion[:, start : start + 8 * 25]
    station = NETWORK.stations[0]
    _, _, back = gps2dist_azimuth(-6, 105, station.latitude, station.longitude)
    away = np.radians(back + 180)
    radial = east * np.sin(away) + north * np.cos(away)
    transverse = east * np.cos(away) - north * np.sin(away)
    assert np.corrcoef(radial, up)[0, 1] > 0.7
    assert np.sum(transverse**2) < 0.3 * np.sum(radial**2)
    assert np.sum(radial**2) < np.sum(up**2)


@pytest.mark.parametrize(("magnitude", "minutes"), [(5.5, 10), (8.0, 40)])
def test_energy_is_below_2_hz_and_decays_within_10_to_40_minutes(magnitude, minutes):
    events = teleseisms(magnitude)
    motion = events.motion(0, 2).motion[2]
    assert motion.shape[0] == pytest.approx(minutes * 60 * 25, rel=0.01)
    frequencies, power = signal.welch(motion, 25.0, nperseg=1024)
    assert power[frequencies < 2].sum() > 0.9 * power.sum()
    tail = power[(frequencies > 3) & (frequencies < 5)].sum()
    assert 1e-9 < tail / power.sum() < 0.05
    level = np.sqrt(np.convolve(motion**2, np.ones(750) / 750, "valid"))
    peak = int(level.argmax())
    assert peak < 120 * 25, "it rises fast"
    half = level[len(level) // 2]
    assert level[len(level) // 4] > half > level[-1500]
    assert half < 0.2 * level[peak]


def test_amplitudes_are_those_of_mb():
    """M 6: mb 5.85, at 60 degrees Q = 6.8, so A/T = 0.11 micrometres/s, v = 0.7 micrometres/s."""
    events = teleseisms(6.0, place=(-6.0, 95.0))
    motion = events.motion(0, 2).motion[2]
    sos = signal.butter(4, (0.5, 2.0), "bandpass", fs=25.0, output="sos")
    peak = np.abs(signal.sosfiltfilt(sos, motion)).max()
    assert peak == pytest.approx(0.7e-6, rel=0.4)
    ratio = (
        np.abs(teleseisms(5.9).motion(0, 2).motion).max() / np.abs(teleseisms(5.5).motion(0, 2).motion).max()
    )
    assert 1.7 < ratio < 6


def test_spans_hold_the_motion_and_leave_out_what_drowns():
    events = teleseisms()
    for station in (0, 5):
        first_s, last_s = events.spans_s(station)[0]
        transient = events.motion(0, station)
        assert first_s <= transient.first_sample / 25
        assert last_s >= (transient.first_sample + transient.motion.shape[1]) / 25
    scene = events.scene
    loud = Scene(scene.network, scene.grid, 3, np.full(len(NETWORK), 1.0))
    assert np.isnan(Teleseisms(loud, events.table, EarthquakeSettings()).spans_s(0)).all()


def test_dropping_a_station_does_not_change_the_others():
    events = teleseisms()
    fewer = NETWORK.subset([3, 4, 5])
    scene = Scene(fewer, events.scene.grid, 3, np.full(3, 1e-7))
    other = Teleseisms(scene, events.table, EarthquakeSettings())
    a, b = events.motion(0, 4), other.motion(0, 1)
    assert a.first_sample == b.first_sample
    np.testing.assert_array_equal(a.motion, b.motion)


def test_drawn_teleseisms_arrive_within_the_scenario_from_their_part_of_the_earth():
    settings = EarthquakeSettings(teleseisms_per_day=400)
    table = draw_teleseisms(settings, (39.0, 143.0), 86400.0, seed=5)
    assert len(table) == pytest.approx(400 * (1 + 1 / 24), abs=85)
    degrees = locations2degrees(39.0, 143.0, table["latitude"].to_numpy(), table["longitude"].to_numpy())
    assert 29.9 < degrees.min() < degrees.max() < 90.1
    arrivals = table["time_s"] + p_time_s(degrees)
    assert arrivals.min() >= -3601
    assert arrivals.max() <= 86401
    assert table["magnitude"].between(5.5, 8.0).all()
    estimate = np.log10(np.e) / (table["magnitude"].mean() - 5.5)
    assert estimate == pytest.approx(1.0, abs=0.2)
