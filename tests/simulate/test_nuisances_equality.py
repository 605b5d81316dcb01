"""Nuisances are the same however the work is cut, and no kind or station changes another."""

import numpy as np
import pytest

from tremorflow.records import Network, Station, utc
from tremorflow.simulate.nuisances import NuisanceSettings, draw_nuisances
from tremorflow.simulate.nuisances.draw import PARTS
from tremorflow.simulate.scene import SampleGrid, Scene

KIND = {
    "t_phases": "t_phase",
    "ships": "ship",
    "air_guns": "air_gun",
    "whales": "whale",
    "currents": "current",
    "local_bursts": "local_burst",
    "cultural": "cultural",
}
BUSY = {
    "t_phases": {"rate_per_day": 60.0},
    "ships": {"per_area": 60.0},
    "air_guns": {"surveys_per_day": 5.0},
    "whales": {"fin_bouts_per_day": 400.0, "blue_bouts_per_day": 400.0},
    "currents": {"share": 1.0, "weakest_snr": 3.0},
    "local_bursts": {"rate_per_day": 100.0},
    "cultural": {"share": 1.0, "vehicles_per_day": 300.0, "machines_per_day": 40.0},
}


def mixed_network():
    sea = [Station("N", f"S{k}", 37 + 0.4 * (k % 3), 143 + 0.4 * (k // 3), -3000.0) for k in range(6)]
    land = [Station("L", f"L{k}", 37 + 0.4 * k, 141.0, 50.0) for k in range(2)]
    return Network((*sea, *land))


def scene_of(network, duration_s=1800.0, rate_hz=50.0, seed=5):
    noise = {"N": 3e-7, "L": 5e-8}
    rms = np.array([noise[station.network] for station in network.stations])
    return Scene(network, SampleGrid(utc("2020-06-01T03:00:00Z"), duration_s, rate_hz), seed, rms)


def settings_of(**switched_off):
    return NuisanceSettings(**{name: {**BUSY[name], **switched_off.get(name, {})} for name in PARTS})


def streams_motion(drawn, scene, station, tile):
    motion = np.zeros((3, scene.grid.tile_samples), dtype=np.float32)
    for stream in drawn.streams:
        stream.add_to(motion, station, tile)
    return motion


def transients_of(drawn, station):
    """Every event of a station as (first sample, motion), in order."""
    found = []
    for transients in drawn.transients:
        events = np.flatnonzero(np.isfinite(transients.spans_s(station)[:, 0]))
        found.extend(transients.motion(int(event), station) for event in events)
    return sorted(found, key=lambda one: (one.first_sample, one.motion.shape[1]))


def assert_same_transients(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.first_sample == b.first_sample
        assert np.array_equal(a.motion, b.motion)


def test_samples_do_not_depend_on_the_order_of_the_work():
    scene = scene_of(mixed_network())
    forward, backward = (draw_nuisances(settings_of(), scene) for _ in range(2))
    places = [(k, tile) for k in range(len(scene.network)) for tile in range(3)]
    there = {place: streams_motion(forward, scene, *place) for place in places}
    for place in reversed(places):
        assert np.array_equal(there[place], streams_motion(backward, scene, *place))
        assert np.isfinite(there[place]).all()
    for k in range(len(scene.network)):
        assert_same_transients(transients_of(forward, k), transients_of(backward, k))
        assert all(np.isfinite(one.motion).all() for one in transients_of(forward, k))
    assert forward.table.equals(backward.table)


def test_leaving_a_station_out_or_turning_the_order_round_changes_no_other():
    network = mixed_network()
    order = [7, 5, 3, 2, 0]
    whole, part = scene_of(network), scene_of(network.subset(order))
    drawn, fewer = draw_nuisances(settings_of(), whole), draw_nuisances(settings_of(), part)
    for place, k in enumerate(order):
        assert np.array_equal(streams_motion(drawn, whole, k, 1), streams_motion(fewer, part, place, 1))
        assert_same_transients(transients_of(drawn, k), transients_of(fewer, place))


@pytest.mark.parametrize("name", list(PARTS))
def test_switching_a_kind_off_removes_its_rows_and_its_motion_only(name):
    scene = scene_of(mixed_network(), 600.0)
    with_it = draw_nuisances(settings_of(), scene)
    without = draw_nuisances(settings_of(**{name: {"enabled": False}}), scene)
    alone_settings = {
        other: {"enabled": other == name, **(BUSY[other] if other == name else {})} for other in PARTS
    }
    alone = draw_nuisances(NuisanceSettings(**alone_settings), scene)
    rest = with_it.table[with_it.table.kind != KIND[name]].reset_index(drop=True)
    assert len(rest) < len(with_it.table)
    assert rest.equals(without.table)
    assert len(alone.table) == len(with_it.table) - len(rest)
    for k in range(len(scene.network)):
        total = streams_motion(with_it, scene, k, 0)
        parts = streams_motion(without, scene, k, 0) + streams_motion(alone, scene, k, 0)
        assert np.allclose(total, parts, rtol=1e-4, atol=1e-12)
        n_events = [len(transients_of(one, k)) for one in (with_it, without, alone)]
        assert n_events[0] == n_events[1] + n_events[2]


@pytest.mark.parametrize("name", ["ships", "air_guns", "whales", "currents", "cultural"])
def test_tiles_join_without_a_step(name):
    scene = scene_of(mixed_network(), 1800.0, 100.0)
    alone = NuisanceSettings(
        **{
            other: {**BUSY[other], "enabled": True} if other == name else {"enabled": False}
            for other in PARTS
        }
    )
    drawn = draw_nuisances(alone, scene)
    compared = 0
    for k in range(len(scene.network)):
        before, after = (streams_motion(drawn, scene, k, tile).astype(float) for tile in (0, 1))
        joined = np.concatenate([before[:, -3000:], after[:, :3000]], axis=1)
        if joined.any():
            steps = np.abs(np.diff(joined, n=2, axis=1))
            seam = steps[:, 2998:3000].max(axis=1)
            assert np.all(seam <= 1.05 * steps[:, 1000:5000].max(axis=1))
            near = steps[seam > 0, 2700:3300]  # the level may change within the minute
            assert np.all(seam[seam > 0] < 6 * np.sqrt((near**2).mean(axis=1)))
            compared += 1
    assert compared


def test_another_seed_gives_another_sea():
    network = mixed_network()
    one, other = (draw_nuisances(settings_of(), scene_of(network, seed=seed)) for seed in (1, 2))
    assert not one.table.equals(other.table)
