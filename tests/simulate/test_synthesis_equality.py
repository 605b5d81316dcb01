"""The same seed gives the same samples however the work is cut; what is said to be true is in the samples."""

import numpy as np
import pytest
from simulated_scenes import band_integral

from tremorflow.simulate.scenario import make_scenario
from tremorflow.simulate.synthesis import PARTS, prepare_simulation

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


def test_a_late_clock_makes_arrivals_late():
    outage = {"kind": "clock", "stations": [CODES[0]], "start_s": 0.0, "duration_s": 2400.0, "value": 2.0}
    tree = TREE | {"earthquakes": {"enabled": False}, "nuisances": {"enabled": False}}
    right, late = (prepare_simulation(make_scenario(one)) for one in (tree, tree | {"outages": [outage]}))
    station = right.network.codes.index(CODES[0])
    a, b = (one.render(station, 1, ["tremor"])[0].astype(float) for one in (right, late))
    lag = np.argmax(np.correlate(b[1000:12000], a[1000:12000], "full")) - 10999
    assert lag == round(2.0 * 25.0)
