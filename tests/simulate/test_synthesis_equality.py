"""The same seed gives the same samples however the work is cut; what is said to be true is in the samples."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_scenes import band_integral

from tremorflow.records import Network
from tremorflow.simulate.scenario import make_scenario
from tremorflow.simulate.seismogram import Renderer, StationRay
from tremorflow.simulate.synthesis import PARTS, prepare_simulation
from tremorflow.traveltime import read_velocity_model, station_travel_times

CODES = ("N.S3N03", "N.S4N25", "N.S3N04", "N.S4N26")
TREE = {
    "duration_s": 2400.0,
    "sampling_rate_hz": 25.0,
    "seed": 5,
    "network": {"select": CODES},
    "tremor": [
        {
            "kind": "bursts",
            # over the joint of two tiles, and one in a tile
            "bursts": [(550.0, 120.0, 39.5, 143.3, 16.0, 3e5), (1500.0, 60.0, 39.6, 143.4, 16.0, 1e5)],
        }
    ],
    "earthquakes": {"rate_per_day": 2000.0},
}


@pytest.fixture(scope="module")
def simulation():
    return prepare_simulation(make_scenario(TREE))


def test_order_of_tiles_and_stations_does_not_matter(simulation):
    inward = {(station, tile): simulation.render(station, tile) for station in range(4) for tile in range(4)}
    again = prepare_simulation(make_scenario(TREE))
    for tile in (3, 0, 2, 1):
        for station in (2, 0, 3, 1):
            np.testing.assert_array_equal(again.render(station, tile), inward[station, tile])


def test_a_station_left_out_changes_no_other(simulation):
    fewer = prepare_simulation(make_scenario(TREE | {"network": {"select": CODES[1:3]}}))
    for part in ("tremor", "noise"):
        for tile in (0, 1):
            whole = simulation.render(simulation.network.codes.index(CODES[1]), tile, [part])
            alone = fewer.render(fewer.network.codes.index(CODES[1]), tile, [part])
            np.testing.assert_array_equal(alone, whole)


def test_parts_sum_to_the_whole(simulation):
    whole = simulation.render(1, 1)
    parts = sum(simulation.render(1, 1, [part]).astype(np.float64) for part in PARTS)
    np.testing.assert_allclose(parts, whole, atol=1e-6 * np.abs(whole).max())
    assert all(np.any(simulation.render(1, 1, [part])) for part in ("tremor", "noise", "earthquakes"))


def test_another_seed_is_another_recording(simulation):
    other = prepare_simulation(make_scenario(TREE | {"seed": 6}))
    assert np.corrcoef(other.render(0, 0)[0], simulation.render(0, 0)[0])[0, 1] < 0.1


def test_truth_does_not_depend_on_the_sampling_rate(simulation):
    fast = prepare_simulation(make_scenario(TREE | {"sampling_rate_hz": 100.0}))
    for name in ("tremor", "lfe", "earthquakes", "outages"):
        a, b = getattr(simulation.truth, name), getattr(fast.truth, name)
        numbers = a.select_dtypes("number").columns
        assert a.drop(columns=numbers).equals(b.drop(columns=numbers))
        np.testing.assert_allclose(a[numbers].astype(float), b[numbers].astype(float), rtol=0.05)


def test_expected_snr_is_what_is_measured(simulation):
    """DEFINITIONS.md: rms of signal over that of noise, components together, in the best 120-s window."""
    measured = []
    rate = simulation.grid.rate_hz
    for station in range(4):
        signal = np.concatenate([simulation.render(station, tile, ["tremor"]) for tile in range(2)], axis=1)
        noise = np.concatenate([simulation.render(station, tile, ["noise"]) for tile in range(2)], axis=1)
        count = round(120 * rate)
        starts = range(round(540 * rate), round(620 * rate), round(5 * rate))
        energy = max(band_integral(signal[:, first : first + count], rate) for first in starts)
        background = np.median(
            [band_integral(noise[:, first : first + count], rate) for first in range(0, 27000, count)]
        )
        measured.append(np.sqrt(energy / background))
    ratio = np.array(measured) / simulation.snr[0]
    # single stations: scattering, radiation pattern, and noise that drifts by a factor of 2 in 20 minutes
    assert np.all((ratio > 0.3) & (ratio < 3))
    assert 0.7 < np.exp(np.mean(np.log(ratio))) < 1.4


def quiet(**more):
    """Nothing but tremor, in a network of E, N, Z sensors without faults of their own."""
    off = {"enabled": False}
    tree = TREE | {"earthquakes": off, "nuisances": off, "noise": off} | more
    return prepare_simulation(make_scenario(tree))


@pytest.mark.parametrize(("start_s", "end_s", "value"), [(0, 2400, 2.0), (600, 640, -3.0), (570, 630, 40.0)])
def test_a_late_clock_makes_arrivals_late_while_it_is_late(start_s, end_s, value):
    outage = {"kind": "clock", "stations": [CODES[0]], "start_s": start_s, "duration_s": end_s - start_s}
    right, late = quiet(), quiet(outages=[outage | {"value": value}])
    station = right.network.codes.index(CODES[0])
    told, shown = (
        np.concatenate([one.record(station, tile).counts for tile in range(4)], axis=1)
        for one in (right, late)
    )
    rate = round(right.grid.rate_hz)
    wrong = np.arange(start_s * rate, end_s * rate)
    right_again = np.setdiff1d(np.arange(told.shape[1]), wrong)
    np.testing.assert_array_equal(shown[:, right_again], told[:, right_again])
    source = wrong - round(value * rate)
    inside = (source >= 0) & (source < told.shape[1])
    np.testing.assert_array_equal(shown[:, wrong[inside]], told[:, source[inside]])
    assert np.any(shown != told)


def test_s_times_of_the_snr_table_are_those_of_the_station():
    """With the delay of the sediment, as traveltime gives it for the network with its true delays."""
    simulation = quiet()
    model = read_velocity_model("jma2001")
    times = station_travel_times(model, simulation.network, np.arange(0.0, 30.0), 300.0)
    burst = simulation.truth.tremor.iloc[0]
    expected = times.times(burst["latitude"], burst["longitude"], burst["depth_km"])
    table = simulation.snr_table().query("burst_id == @burst.burst_id").set_index("station")
    for code, travel_s in zip(simulation.network.codes, expected, strict=True):
        found_s = (table.loc[code, "s_time"] - burst["start_time"]).total_seconds()
        assert found_s == pytest.approx(travel_s, abs=0.02)


def test_what_the_station_table_gives_is_kept():
    given = quiet().network.stations
    known = Network((replace(given[0], site_amplification=11.0, s_delay_s=0.9), *given[1:]))
    simulation = prepare_simulation(make_scenario(TREE | {"network": {}}), known)
    assert simulation.network.stations[0].site_amplification == 11.0
    assert simulation.network.stations[0].s_delay_s == pytest.approx(0.9)


def test_bursts_of_one_patch_take_one_path():
    """The waves that follow are the same, however strong the burst and however long they are rendered."""
    bursts = [[100.0, 1.0, 39.5, 143.3, 16.0, 1e4], [1000.0, 1.0, 39.5, 143.3, 16.0, 1e6]]
    simulation = quiet(tremor=[{"kind": "bursts", "bursts": bursts, "lfe_interval_s": 10.0}])
    events = simulation.events["tremor"][0]
    lengths = [events.response_s[k, 0] for k in range(2)]
    waves = [
        events.renderer._scattered(0, *ray_of(events, k), round(lengths[k] * 25), 8192) for k in range(2)
    ]
    for small, large in zip(*waves, strict=True):
        a, b = np.fft.irfft(small)[:500], np.fft.irfft(large)[:500]
        assert np.corrcoef(a, b)[0, 1] > 0.98


def ray_of(events, k):
    return StationRay(*events.rays[k, 0].tolist()), events.waves[k].place


def test_every_event_is_rendered_once(monkeypatch):
    simulation = prepare_simulation(make_scenario(TREE))
    rendered = []
    whole = Renderer.motion
    monkeypatch.setattr(Renderer, "motion", lambda self, *args: rendered.append(args) or whole(self, *args))
    for tile in range(4):
        simulation.render(0, tile)
    names = [(wave.place, wave.origin_s) for _, _, wave, _ in rendered]
    assert len(names) == len(set(names)) > 10
