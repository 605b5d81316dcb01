"""Background noise: the spectrum it is meant to have, between Peterson's models, without seams."""

import numpy as np
import pytest
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm
from scipy import signal

from tremorflow.records import Network, Station, utc
from tremorflow.simulate.noise import NoiseSettings, background_noise
from tremorflow.simulate.noise_models import peterson_db
from tremorflow.simulate.scene import SampleGrid

RATE_HZ = 25.0
STEADY = NoiseSettings(swell_db=0, drift_db=0, day_night_db=0, gusty_share=0, peaked_share=1)
NETWORK = Network(
    (
        Station("SY", "SEA", 38.0, 143.0, -3000.0),
        Station("SY", "FAR", 41.0, 145.0, -1000.0),
        Station("SY", "LAND", 38.0, 141.0, 200.0),
    )
)
SEA, FAR, LAND = range(3)


def grid_of(hours=1.0, rate_hz=RATE_HZ, start="2020-01-01T00:00:00Z"):
    return SampleGrid(utc(start), hours * 3600, rate_hz)


def render(noise, station, tiles):
    grid = noise.grid
    motions = []
    for tile in tiles:
        motion = np.zeros((3, grid.tile_samples), dtype=np.float32)
        noise.add_to(motion, station, tile)
        motions.append(motion)
    return np.concatenate(motions, axis=1)


def test_the_models_are_those_that_obspy_carries():
    for ours, (periods, theirs) in zip(
        peterson_db(np.geomspace(0.002, 10, 200)), (get_nlnm(), get_nhnm()), strict=True
    ):
        order = np.argsort(periods)
        expected = np.interp(1 / np.geomspace(0.002, 10, 200), periods[order], theirs[order])
        assert np.abs(ours - expected).max() < 0.6  # they interpolate across the kinks


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
def test_the_measured_density_is_the_intended_one_and_lies_between_the_models(rate_hz):
    noise = background_noise(STEADY, NETWORK, grid_of(rate_hz=rate_hz), 1)
    for station in (SEA, LAND):
        motion = render(noise, station, range(3))
        frequencies, density = signal.welch(motion, rate_hz, nperseg=int(40 * rate_hz))
        used = (frequencies > 0.1) & (frequencies < min(0.39 * rate_hz, 30))
        intended = noise.amplitudes(station, frequencies[used])[:2].sum(axis=0) ** 2
        ratio_db = 10 * np.log10(density[:, used] / intended)
        assert abs(ratio_db.mean()) < 0.3
        assert ratio_db.std() < 1.0  # 90 windows: 4.34 dB / sqrt(90 * 0.9) = 0.5 dB
        low, high = peterson_db(frequencies[used])
        acceleration_db = 10 * np.log10(density[:, used] * (2 * np.pi * frequencies[used]) ** 2)
        # The filter's 40 s round off the flank of the microseisms, 90 dB per decade at 0.13-0.16 Hz.
        clear = frequencies[used] > 0.16
        assert np.mean(((acceleration_db > low) & (acceleration_db < high))[:, clear]) > 0.999


def test_nothing_is_left_at_the_nyquist_frequency():
    noise = background_noise(STEADY, NETWORK, grid_of(), 1)
    frequencies, density = signal.welch(render(noise, SEA, [0]), RATE_HZ, nperseg=1000)
    below, above = density[:, frequencies < 10][:, -50:], density[:, frequencies > 12.4]
    assert (above.mean(axis=1) < 1e-3 * below.mean(axis=1)).all()


def test_tiles_join_without_a_seam():
    gusty = NoiseSettings(gusty_share=1.0, drift_db=6.0)
    noise = background_noise(gusty, NETWORK, grid_of(), 2)
    for station in (SEA, LAND):
        count = noise.grid.tile_samples
        motion = render(noise, station, range(2))
        # High-passed, a step or a kink at the joint would stand out.
        sharp = signal.sosfilt(signal.butter(4, 5, "high", fs=RATE_HZ, output="sos"), motion)[:, 500:]
        at_joint = np.abs(sharp[:, count - 502 : count - 480]).max(axis=1)
        assert (at_joint < 5 * np.abs(sharp[:, count - 1500 : count + 500]).std(axis=1)).all()
        ends = noise.gains(station, np.array([599.999, 600.0, 600.001]))
        assert np.allclose(ends[:, 0], ends[:, 2], rtol=1e-3)
    across = np.concatenate([render(noise, SEA, [k])[:, :250] for k in range(6)], axis=1)
    assert not np.allclose(across[:, :250], across[:, 250:500])


def test_a_tile_joins_the_one_before_as_if_there_were_no_tiles():
    # Correlation over a lag across the joint equals that inside a tile: microseisms have memory of seconds.
    noise = background_noise(STEADY, NETWORK, grid_of(4), 3)
    lag = 13  # 0.5 s
    joint, inside = [], []
    last = render(noise, SEA, [0])
    for tile in range(1, 24):
        motion = render(noise, SEA, [tile])
        joint.append(np.mean(last[:, -lag:] * motion[:, :lag]))
        inside.append(np.mean(last[:, 5000 - lag : 5000] * motion[:, 5000 : 5000 + lag]))
        last = motion
    autocovariance = np.mean(last[:, :-lag] * last[:, lag:])
    scatter = np.std(joint) / np.sqrt(len(joint))
    assert abs(np.mean(joint) - autocovariance) < 4 * scatter
    assert np.mean(joint) > 4 * np.std(inside) / np.sqrt(len(inside))


def test_samples_do_not_depend_on_the_order_of_tiles_nor_on_the_other_stations():
    noise = background_noise(NoiseSettings(gusty_share=1.0), NETWORK, grid_of(), 4)
    forward = [render(noise, LAND, [tile]) for tile in range(3)]
    alone = background_noise(NoiseSettings(gusty_share=1.0), NETWORK.subset([LAND]), grid_of(2), 4)
    for tile in (2, 0, 1):
        np.testing.assert_array_equal(render(alone, 0, [tile]), forward[tile])
    other_seed = background_noise(NoiseSettings(gusty_share=1.0), NETWORK, grid_of(), 5)
    assert not np.allclose(render(other_seed, LAND, [0]), forward[0])


def test_the_rms_announced_is_the_one_measured():
    noise = background_noise(NoiseSettings(gusty_share=0.5), NETWORK, grid_of(), 6)
    sos = signal.butter(6, (2, 8), "band", fs=RATE_HZ, output="sos")
    announced = noise.band_rms()
    for station in range(3):
        band = signal.sosfilt(sos, render(noise, station, range(6)))[:, 250:]
        power = (band**2).sum(axis=0)
        pieces = power[: len(power) // 250 * 250].reshape(-1, 250).mean(axis=1)
        assert np.sqrt(np.median(pieces)) == pytest.approx(announced[station], rel=0.1)
        times_s = 10 + 10 * np.arange(len(pieces)) + 5.0
        ratio = np.sqrt(pieces) / noise.band_rms_at(station, times_s)
        assert np.median(ratio) == pytest.approx(1, rel=0.05)
        assert np.std(np.log(ratio)) < 0.25  # 10 s x 6 Hz x 3 components, and what the drift does within


def test_swell_is_common_to_the_network_and_the_drift_is_not():
    noise = background_noise(NoiseSettings(swell_db=4, drift_db=4), NETWORK, grid_of(240), 7)
    times_s = np.arange(0, 240 * 3600, 1800.0)
    sea, far = (np.log(noise.gains(station, times_s)[:2]) for station in (SEA, FAR))
    assert np.corrcoef(sea[0], far[0])[0, 1] > 0.7
    assert abs(np.corrcoef(sea[1], far[1])[0, 1]) < 0.35
    assert 20 / np.log(10) * sea[0].std() == pytest.approx(4, rel=0.5)


def test_days_are_louder_than_nights_on_land_alone():
    quiet = NoiseSettings(swell_db=0, drift_db=0, gusty_share=0, peaked_share=0)
    noise = background_noise(quiet, NETWORK, grid_of(24), 8)
    # 141 E is 9.4 h ahead of UTC: 13 h local is 3.6 h UTC, 1 h local is 15.6 h UTC.
    day_night_s = np.array([3.6, 15.6]) * 3600
    day, night = noise.band_rms_at(LAND, day_night_s)
    assert 1 < 20 * np.log10(day / night) < 20
    hours = np.arange(24)
    assert np.argmax(noise.band_rms_at(LAND, hours * 3600.0)) == 4
    assert np.ptp(noise.band_rms_at(SEA, hours * 3600.0)) == 0
    # Below the band of traffic nothing changes.
    assert np.ptp(noise.band_rms_at(LAND, hours * 3600.0, 0.1, 0.4)) < 1e-12


def test_horizontals_are_noisier_than_the_vertical_at_the_sea_floor():
    many = Network(tuple(Station("SY", f"{k}", 38.0, 143.0, -2000.0) for k in range(40)))
    noise = background_noise(NoiseSettings(), many, grid_of(), 9)
    at_4_hz = np.array([noise.amplitudes(k, np.array([4.0]))[1, :, 0] for k in range(40)])
    excess_db = 20 * np.log10(at_4_hz[:, :2] / at_4_hz[:, 2:])
    assert 4 < np.median(excess_db) < 8
    assert 20 * np.log10(at_4_hz[:, 2]).std() > 2  # stations differ


def test_switched_off_it_is_silent():
    noise = background_noise(NoiseSettings(enabled=False), NETWORK, grid_of(), 10)
    assert not render(noise, SEA, [0]).any()
    assert not noise.band_rms().any()


@pytest.mark.parametrize("level", [(0.5, 0.2), (-0.1, 0.5), (0.5, 1.2)])
def test_levels_outside_the_models_are_refused_by_name(level):
    with pytest.raises(ValueError, match="ocean_level"):
        NoiseSettings(ocean_level=level)
