"""What is true of simulated nuisances: speeds, lines, intervals, resonances, and where they are heard."""

import dataclasses

import numpy as np
import pytest
from scipy import signal
from scipy.ndimage import gaussian_filter1d

from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.records import Network, Station, utc
from tremorflow.simulate.nuisances import NuisanceSettings, draw_nuisances
from tremorflow.simulate.nuisances.draw import PARTS
from tremorflow.simulate.scene import SampleGrid, Scene

NOISE = 2e-7
START = utc("2020-01-01T00:00:00Z")


def sea_network(rows=4, columns=4, step_deg=1.0, depth_m=2500.0):
    places = [(37 + step_deg * i, 143 + step_deg * j) for i in range(rows) for j in range(columns)]
    return Network(tuple(Station("N", f"S{n:02d}", a, b, -depth_m) for n, (a, b) in enumerate(places)))


def land_network(n=8):
    return Network(tuple(Station("L", f"L{n:02d}", 35 + 0.2 * n, 139.0, 100.0) for n in range(n)))


def scene_of(network, duration_s=3600.0, rate_hz=50.0, seed=1):
    return Scene(network, SampleGrid(START, duration_s, rate_hz), seed, np.full(len(network), NOISE))


def only(name, **values):
    return NuisanceSettings(
        **{key: {"enabled": True, **values} if key == name else {"enabled": False} for key in PARTS}
    )


def render(nuisances, scene, station, tiles=None):
    """(3, time) motion of one station, all its tiles joined."""
    n = scene.grid.tile_samples
    tiles = range(scene.grid.n_tiles) if tiles is None else tiles
    whole = np.zeros((3, n * len(tiles)), dtype=np.float32)
    for place, tile in enumerate(tiles):
        part = np.zeros((3, n), dtype=np.float32)
        for stream in nuisances.streams:
            stream.add_to(part, station, tile)
        whole[:, place * n : (place + 1) * n] = part
    for transients in nuisances.transients:
        for event in np.flatnonzero(np.isfinite(transients.spans_s(station)[:, 0])):
            first, motion = transients.motion(int(event), station)
            first -= tiles[0] * n
            begin, end = max(first, 0), min(first + motion.shape[1], whole.shape[1])
            if begin < end:
                whole[:, begin:end] += motion[:, begin - first : end - first]
    return whole


@pytest.fixture(scope="module")
def t_phases():
    scene = scene_of(sea_network(), 3 * 3600.0, 25.0, seed=4)
    drawn = draw_nuisances(only("t_phases", rate_per_day=60.0, weakest_snr=5.0), scene)
    return scene, drawn


def test_t_phases_cross_the_network_at_the_speed_of_sound_in_water(t_phases):
    scene, drawn = t_phases
    spindles = drawn.transients[0]
    assert len(drawn.table) >= 3
    network, speeds = scene.network, []
    for number, spindle in enumerate(spindles.spindles):
        centroids, ranges = [], []
        for station in range(len(network)):
            if not np.isfinite(spindles.spans_s(station)[number, 0]):
                continue
            first, motion = spindles.motion(number, station)
            power = (motion.astype(float) ** 2).sum(axis=0)
            times_s = (first + np.arange(power.size)) / scene.grid.rate_hz
            centroids.append((times_s * power).sum() / power.sum())
            ranges.append(
                distances_km(
                    spindle.source.latitude,
                    spindle.source.longitude,
                    network.latitudes[station],
                    network.longitudes[station],
                )
            )
        if len(ranges) == len(network) and np.ptp(ranges) > 200:
            speeds.append(1 / np.polyfit(ranges, centroids, 1)[0])
    assert len(speeds) >= 3
    # the centroid of a noisy spindle is right to 1 s; the network is 200 s wide
    assert np.all((np.array(speeds) > 1.46) & (np.array(speeds) < 1.52))


def test_a_t_phase_has_one_peak_lasts_minutes_and_is_weak_below_2_hz(t_phases):
    scene, drawn = t_phases
    spindles = drawn.transients[0]
    rate_hz = scene.grid.rate_hz
    for number in range(len(spindles.spindles)):
        station = int(np.flatnonzero(np.isfinite(spindles.starts_s[number]))[0])
        motion = spindles.motion(number, station).motion.astype(float)
        assert 59 <= motion.shape[1] / rate_hz <= 300
        padded = np.pad((motion**2).sum(axis=0), round(60 * rate_hz))
        smooth = gaussian_filter1d(padded, 15 * rate_hz)
        peaks, _ = signal.find_peaks(smooth / smooth.max(), prominence=0.1)
        assert len(peaks) == 1  # rule of Krauss et al. for a T-phase
        f, density = signal.welch(motion[2], rate_hz, nperseg=256)
        assert density[(f > 4) & (f < 8)].mean() > 20 * density[(f > 0.3) & (f < 1)].mean()


def test_the_peak_of_a_t_phase_has_the_level_that_was_drawn(t_phases):
    scene, drawn = t_phases
    spindles = drawn.transients[0]
    sos = signal.butter(4, (2, 8), "bandpass", fs=scene.grid.rate_hz, output="sos")
    ratios = []
    for number, spindle in enumerate(spindles.spindles):
        for station in np.flatnonzero(np.isfinite(spindles.starts_s[number])):
            motion = signal.sosfiltfilt(sos, spindles.motion(number, int(station)).motion.astype(float))
            middle, half = round(spindle.rise_s * scene.grid.rate_hz), round(3 * scene.grid.rate_hz)
            power = (motion[:, middle - half : middle + half] ** 2).sum(axis=0).mean()
            ratios.append(np.sqrt(power) / spindles.levels[number, station])
    assert np.median(ratios) == pytest.approx(1.0, abs=0.1)


@pytest.fixture(scope="module")
def ships():
    scene = scene_of(sea_network(), 4 * 3600.0, 50.0, seed=3)
    return scene, draw_nuisances(only("ships", weakest_snr=3.0, per_area=16.0), scene)


def course_ranges_km(ship, station, times_s):
    """Distance along the surface from a ship on its straight course, by way of latitudes and longitudes."""
    moved_s = times_s - ship.source.time_s
    frame = LocalFrame(ship.source.latitude, ship.source.longitude)
    course = frame.to_degrees(ship.velocity_km_s[0] * moved_s, ship.velocity_km_s[1] * moved_s)
    return np.hypot(distances_km(*course, station.latitude, station.longitude), -station.elevation_m / 1000)


def test_a_ship_is_loudest_at_its_closest_approach_and_its_lines_stand_out(ships):
    scene, drawn = ships
    stream, rate_hz = drawn.streams[0], 50.0
    times_s = np.arange(0.0, scene.grid.duration_s, 10.0)
    seen = 0
    for number, ship in enumerate(stream.ships):
        alone = dataclasses.replace(
            stream,
            ships=(ship,),
            east_km=stream.east_km[[number]],
            north_km=stream.north_km[[number]],
        )
        for station in range(len(scene.network)):
            range_km = course_ranges_km(ship, scene.network.stations[station], times_s)
            nearest = times_s[range_km.argmin()]
            if range_km.min() > 15 or not 1800 < nearest < scene.grid.duration_s - 1800:
                continue
            if abs(nearest - ship.source.time_s) > 18000:
                continue
            tiles = range(int(nearest // 600) - 2, int(nearest // 600) + 3)
            motion = render(dataclasses.replace(drawn, streams=(alone,)), scene, station, tiles)
            power = (motion.astype(float) ** 2).sum(axis=0)
            smooth = gaussian_filter1d(power, 20 * rate_hz)
            loudest = tiles[0] * 600 + smooth.argmax() / rate_hz
            passing_s = range_km.min() / np.hypot(*ship.velocity_km_s)  # how long it stays that near
            assert abs(loudest - nearest) < 30 + 0.3 * passing_s
            middle = round((nearest - tiles[0] * 600) * rate_hz)
            f, density = signal.welch(motion[:, middle - 6000 : middle + 6000], rate_hz, nperseg=1024)
            density = density.sum(axis=0)
            line = density[abs(f - ship.blade_hz) < 0.3].max()
            around = np.median(density[(abs(f - ship.blade_hz) > 0.8) & (abs(f - ship.blade_hz) < 3)])
            assert line > 10 * around
            seen += 1
    assert seen >= 2


def test_shots_repeat_at_the_interval_and_travel_through_the_water():
    scene = scene_of(sea_network(), 1800.0, 50.0, seed=2)
    settings = only("air_guns", surveys_per_day=4.0, weakest_snr=20.0)
    drawn = draw_nuisances(settings, scene)
    stream = drawn.streams[0]
    checked = 0
    for train in stream.trains:
        alone = dataclasses.replace(drawn, streams=(dataclasses.replace(stream, trains=(train,)),))
        motions = [render(alone, scene, k) for k in range(len(scene.network))]
        loud = int(np.argmax([np.abs(m).max() for m in motions]))
        envelope = np.sqrt((motions[loud].astype(float) ** 2).sum(axis=0))
        if (envelope > 0).mean() < 0.5 or envelope.max() < NOISE:
            continue
        envelope = gaussian_filter1d(envelope, 5.0)
        envelope -= envelope.mean()
        ac = signal.correlate(envelope, envelope, "full", "fft")[len(envelope) - 1 :]
        interval_s = np.median(np.diff(train.times_s))
        lag = 250
        best = (lag + ac[lag : round(interval_s * 50 * 1.5)].argmax()) / 50
        assert best == pytest.approx(interval_s, abs=0.1)
        checked += 1
    assert checked >= 2


def test_far_stations_hear_a_shot_later_by_the_way_through_the_water():
    scene = scene_of(sea_network(1, 2, 0.5), 600.0, 50.0)
    drawn = draw_nuisances(only("air_guns", surveys_per_day=10.0, weakest_snr=30.0), scene)
    stream = drawn.streams[0]
    train = stream.trains[0]
    delays = []
    for station in range(2):
        place = scene.network.stations[station]
        r = distances_km(train.source.latitude, train.source.longitude, place.latitude, place.longitude)
        one = train._replace(times_s=np.array([100.0]), velocity_km_s=(0.0, 0.0), snr=np.full(2, 1e6))
        alone = dataclasses.replace(drawn, streams=(dataclasses.replace(stream, trains=(one,)),))
        power = (render(alone, scene, station) ** 2).sum(axis=0)
        delays.append((power.argmax() / 50 - 100) / np.hypot(r, 2.5))
    # the strongest sample lies in the pulse, 0.3 s after the arrival
    assert np.allclose(1 / np.array(delays), 1.49, rtol=0.02)


def test_housings_ring_on_the_horizontals_only_within_5_to_23_hz():
    scene = scene_of(sea_network(), 3 * 3600.0, 100.0)
    drawn = draw_nuisances(only("currents", share=1.0, weakest_snr=3.0), scene)
    rows = drawn.table
    assert set(rows.kind) == {"current"}
    for station in range(0, 16, 4):
        motion = render(drawn, scene, station, range(0, 4)).astype(float)
        assert not motion[2].any()
        housing = drawn.streams[0].housings[station]
        north, east = np.cos(housing.azimuth), np.sin(housing.azimuth)
        across, along = east * motion[0] + north * motion[1], north * motion[0] - east * motion[1]
        if not across.any():
            continue
        f, density = signal.welch(across, 100.0, nperseg=1024)
        assert 4.8 < f[density.argmax()] < 13.2
        assert across.std() > 1.5 * along.std()


def test_buried_sensors_do_not_ring():
    scene = scene_of(sea_network(depth_m=800.0))
    drawn = draw_nuisances(only("currents", share=1.0), scene)
    assert drawn.table.empty
    assert drawn.streams == ()


def test_whales_call_in_their_bands_and_fin_whales_are_above_a_25_hz_recording():
    network = sea_network(2, 2, 0.3)
    settings = only("whales", fin_bouts_per_day=400.0, blue_bouts_per_day=0.0)
    fast = scene_of(network, 600.0, 100.0)
    drawn = draw_nuisances(settings, fast)
    density = 0.0
    for station in range(4):
        f, one = signal.welch(render(drawn, fast, station)[2], 100.0, nperseg=1024)
        density = density + one
    assert density.sum() > 0
    assert density[(f > 15) & (f < 29)].sum() > 0.95 * density.sum()
    slow = scene_of(network, 600.0, 25.0)
    again = draw_nuisances(settings, slow)
    assert again.streams == ()
    assert again.table.equals(drawn.table)  # the truth does not depend on the sampling rate


def test_land_hears_no_water_and_the_sea_floor_no_traffic():
    kinds = {}
    for name, network in (("land", land_network()), ("sea", sea_network())):
        drawn = draw_nuisances(NuisanceSettings(), scene_of(network, 12 * 3600.0, 25.0))
        kinds[name] = set(drawn.table.kind)
    assert kinds["land"] == {"cultural"}
    assert "cultural" not in kinds["sea"]
    assert {"t_phase", "ship", "whale", "current", "local_burst"} <= kinds["sea"]


def test_machines_hum_only_while_they_run():
    scene = scene_of(land_network(3), 4 * 3600.0, 25.0)
    drawn = draw_nuisances(only("cultural", share=1.0, vehicles_per_day=0.0, machines_per_day=20.0), scene)
    times_s = np.arange(4 * 3600 * 25) / 25
    for station, code in enumerate(scene.network.codes):
        running = np.zeros(len(times_s), dtype=bool)
        for row in drawn.table[drawn.table.stations == code].itertuples():
            first, last = ((t - START) / np.timedelta64(1, "s") for t in (row.start_time, row.end_time))
            running |= (times_s >= first) & (times_s <= last)
        moving = (render(drawn, scene, station) != 0).any(axis=0)
        assert running.any()
        assert not moving[~running].any()
        assert moving[running].mean() > 0.99


def test_a_local_burst_moves_its_station_alone():
    scene = scene_of(sea_network(2, 2), 7200.0, 50.0)
    drawn = draw_nuisances(only("local_bursts", rate_per_day=100.0), scene)
    moved = np.array([np.isfinite(drawn.transients[0].spans_s(k)[:, 0]) for k in range(4)])
    assert np.all(moved.sum(axis=0) == 1)
    lengths = (drawn.table.end_time - drawn.table.start_time).dt.total_seconds()
    assert lengths.between(0.5, 4.0).all()


def test_stations_named_in_the_truth_are_those_where_a_ship_exceeds_half_of_the_noise(ships):
    scene, drawn = ships
    number = int(np.argmax([len(s.split(";")) for s in drawn.table.stations]))
    row = drawn.table.iloc[number]
    named = set(row.stations.split(";"))
    alone = draw_nuisances(only("ships", weakest_snr=3.0, per_area=16.0), scene)
    first, last = (
        (t - np.datetime64(START)) / np.timedelta64(1, "s") for t in (row.start_time, row.end_time)
    )
    for station, code in enumerate(scene.network.codes):
        if code in named:
            tiles = range(int(first // 600), min(int(last // 600) + 1, scene.grid.n_tiles))
            motion = render(alone, scene, station, tiles).astype(float)
            rms = np.sqrt((motion.reshape(3, -1, 500) ** 2).mean(axis=2).sum(axis=0))
            assert rms.max() > 0.3 * NOISE


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ships", {"weakest_snr": 5.0, "strongest_snr": 1.0}),
        ("t_phases", {"min_rise_s": 100.0, "max_rise_s": 50.0}),
        ("currents", {"share": 1.5}),
        ("whales", {"fin_bouts_per_day": -1.0}),
    ],
)
def test_impossible_settings_are_refused_with_their_name(name, values):
    with pytest.raises(ValueError, match=next(iter(values))):
        only(name, **values)
