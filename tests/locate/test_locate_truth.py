"""Known sources are found, within their stated errors; noise is not; what cannot be trusted is flagged."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from location_scenes import (
    FIXED,
    FREE,
    START,
    lattice_network,
    load_benchmark,
    locate,
    network_at,
    pure_envelopes,
    scattered_network,
    source_at,
    travel_times_of,
)

from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import distances_km, east_north_km
from tremorflow.locate import Hypocentre, LocationSettings, locate_windows, search_grid
from tremorflow.records import Network
from tremorflow.simulate import EnvelopeSimulationSettings, simulate_envelopes

RADIUS_68, RADIUS_95 = 1.51, 2.45  # of a 2-D Gaussian, in sigma


def error_km(hypocentre: Hypocentre, source: tuple[float, float, float]) -> float:
    place = hypocentre.fit.place
    return float(distances_km(place.latitude, place.longitude, source[0], source[1]))


@pytest.mark.parametrize("seed", range(6))
def test_without_noise_the_epicentre_is_found_within_a_kilometre_at_known_depth(seed):
    rng = np.random.default_rng(seed)
    source = source_at(*rng.uniform(-35, 35, 2), 30.0)
    result = locate(pure_envelopes(scattered_network(12, seed), [source], seed), FIXED)
    assert len(result.hypocentres) == 1
    assert error_km(result.hypocentres[0], source) < 1.0
    assert result.hypocentres[0].flags == ()
    assert result.hypocentres[0].fit.place.depth_km == 30.0


@pytest.mark.parametrize("seed", range(6))
def test_without_noise_place_and_depth_are_found_within_the_stated_error(seed):
    rng = np.random.default_rng(100 + seed)
    source = source_at(*rng.uniform(-30, 30, 2), float(rng.uniform(18, 42)))
    result = locate(pure_envelopes(scattered_network(12, 50 + seed), [source], seed), FREE)
    assert len(result.hypocentres) == 1
    found = result.hypocentres[0]
    east, north = east_north_km(source[0], source[1], found.fit.place.latitude, found.fit.place.longitude)
    offset = np.array([float(east), float(north)])
    horizontal = found.fit.covariance_km2[:2, :2]
    assert offset @ np.linalg.solve(horizontal, offset) < RADIUS_95**2
    assert abs(found.fit.place.depth_km - source[2]) < 2 * np.sqrt(found.fit.covariance_km2[2, 2])


def test_the_source_time_is_that_of_the_source_not_of_a_station():
    """A hump exp(-t^2 / 2 s^2), s = 12 s, has power above a quarter for 28 s, above a half for 20 s."""
    source = source_at(10.0, 0.0, 30.0)
    network = scattered_network(12, 3)
    arrivals = 140.0 + travel_times_of(network).times(*source)
    hump = np.exp(-0.5 * ((np.arange(300.0) - arrivals[:, None]) / 12.0) ** 2)
    window = replace(pure_envelopes(network, []), values=1 + 100 * hump[:, None])
    burst = locate(window, FIXED).hypocentres[0].source
    since_s = [
        (time - START) / np.timedelta64(1, "s") for time in (burst.start_time, burst.time, burst.end_time)
    ]
    assert since_s == pytest.approx([126.0, 140.0, 154.0], abs=1.5)
    assert burst.duration_s == pytest.approx(20.0, abs=2.0)


def test_two_sources_100_km_apart_are_both_found_and_no_third():
    network = lattice_network(10, 5, 25.0)
    west, east = source_at(-50.0, 3.0, 30.0), source_at(50.0, -6.0, 30.0)
    result = locate(pure_envelopes(network, [west, east]), FIXED)
    assert len(result.hypocentres) == 2
    for source in (west, east):
        assert min(error_km(h, source) for h in result.hypocentres) < 10.0


def test_one_source_is_not_found_twice():
    for seed in range(4):
        source = source_at(*np.random.default_rng(seed).uniform(-60, 60, 2), 30.0)
        result = locate(pure_envelopes(lattice_network(8, 6, 25.0), [source], seed), FIXED)
        assert len(result.hypocentres) == 1


def test_noise_alone_gives_hardly_any_event():
    network = scattered_network(15, 31)
    rng = np.random.default_rng(32)
    noise = simulate_envelopes(network, [], 60 * 150.0 + 150.0, EnvelopeSimulationSettings(), rng)
    grid = search_grid(network, travel_times_of(network), FREE)
    results = list(locate_windows(noise, grid, FREE))
    assert len(results) >= 59
    assert sum(len(result.hypocentres) for result in results) <= 1
    assert {result.reason for result in results} <= {
        "located",
        "too_few_correlated_pairs",
        "no_agreement_of_stations",
    }


def test_error_regions_hold_the_truth_as_often_as_they_say():
    """Networks, bursts, site delays and velocity errors drawn as in the benchmark; +-0.12 is three sigma."""
    bench = load_benchmark("science/location_coverage.py")
    model = bench.read_velocity_model("jma2001")
    settings = LocationSettings(depth="free", fixed_depth_km=30.0)
    trials = pd.DataFrame([bench.run_trial([7, k], settings, model) for k in range(150)])
    located = trials[trials["located"] == 1]
    assert len(located) >= 140
    inside = (located["distance_sigma"] <= RADIUS_68).mean()
    assert inside == pytest.approx(0.68, abs=0.12)
    assert located["area_km2"].median() < 150  # huge regions hold everything


def test_a_source_outside_of_the_grid_is_flagged():
    network = scattered_network(12, 41, half_width_km=35.0)
    near = LocationSettings(depth="fixed", fixed_depth_km=30.0, grid_margin_deg=0.1)
    source = source_at(75.0, 0.0, 30.0)
    flags = locate(pure_envelopes(network, [source]), near).hypocentres[0].flags
    assert "grid_edge" in flags
    wide = LocationSettings(depth="fixed", fixed_depth_km=30.0, grid_margin_deg=1.0)
    found = locate(pure_envelopes(network, [source]), wide).hypocentres[0]
    assert "grid_edge" not in found.flags
    assert error_km(found, source) < 3.0


@pytest.mark.parametrize(("east_km", "flagged"), [(0.0, False), (70.0, True)])
def test_a_source_outside_of_its_stations_is_flagged(east_km, flagged):
    network = lattice_network(4, 4, 25.0)
    found = locate(pure_envelopes(network, [source_at(east_km, 0.0, 30.0)]), FIXED).hypocentres[0]
    assert ("azimuthal_gap" in found.flags) is flagged
    assert (found.azimuthal_gap_deg > 180) is flagged


def test_a_line_of_stations_cannot_tell_its_two_sides_apart_and_says_so():
    line = network_at(np.zeros(9), np.linspace(-70, 70, 9))
    source = source_at(45.0, 5.0, 30.0)
    found = locate(pure_envelopes(line, [source]), FIXED).hypocentres[0]
    assert "several_maxima" in found.flags
    mirrored = source_at(-45.0, 5.0, 30.0)
    assert min(error_km(found, source), error_km(found, mirrored)) < 3.0


def test_wrong_velocities_are_in_the_error():
    """Without noise, the model is all that is wrong: the error must grow with what is admitted of it."""
    window = pure_envelopes(scattered_network(12, 3), [source_at(10.0, 0.0, 30.0)])
    sizes = []
    for sigma in (0.0, 0.03, 0.1):
        fit = locate(window, replace(FREE, velocity_sigma=sigma)).hypocentres[0].fit
        sizes.append(float(np.linalg.det(fit.covariance_km2[:2, :2])))
    assert sizes[0] < sizes[1] < sizes[2]


def test_an_assumed_depth_is_in_the_error():
    window = pure_envelopes(scattered_network(12, 3), [source_at(45.0, 0.0, 30.0)])
    known, unknown = (
        locate(window, replace(FIXED, depth_sigma_km=sigma)).hypocentres[0].fit.covariance_km2
        for sigma in (0.0, 10.0)
    )
    assert np.linalg.det(unknown[:2, :2]) > np.linalg.det(known[:2, :2])
    assert unknown[2, 2] == 100.0


def test_stations_known_to_be_late_do_not_move_the_source():
    """Delays of the station table are taken off: nothing is left of delays of seconds."""
    network = scattered_network(12, 5)
    delays = np.random.default_rng(6).normal(0, 2.0, 12)
    late = Network(
        tuple(replace(s, s_delay_s=float(d)) for s, d in zip(network.stations, delays, strict=True))
    )
    source = source_at(-5.0, 8.0, 30.0)
    window = pure_envelopes(late, [source])  # the travel times of the late stations are later
    assert error_km(locate(window, FIXED).hypocentres[0], source) < 1.0
    unaware = locate(replace(window, network=network), FIXED).hypocentres[0]
    assert error_km(unaware, source) > 2.0


def test_without_data_there_is_a_reason_and_no_event():
    window = pure_envelopes(scattered_network(8, 7), [source_at(0.0, 0.0, 30.0)])
    empty = locate(replace(window, values=np.full_like(window.values, np.nan)), FREE)
    assert (empty.hypocentres, empty.reason) == ((), "too_few_stations")
    few = window.values.copy()
    few[4:] = np.nan
    assert locate(replace(window, values=few), FREE).reason == "too_few_stations"
    rng = np.random.default_rng(8)
    white = locate(replace(window, values=rng.uniform(1, 2, window.values.shape)), FREE)
    assert (white.hypocentres, white.reason) == ((), "too_few_correlated_pairs")


def test_stations_that_agree_on_nothing_give_no_event():
    """Every station has the burst at a time of its own, far from any S time."""
    network = scattered_network(8, 9, half_width_km=15.0)
    window = pure_envelopes(network, [source_at(0.0, 0.0, 30.0)])
    values = np.array([np.roll(row, 11 * k, axis=-1) for k, row in enumerate(window.values)])
    assert locate(replace(window, values=values), FREE).hypocentres == ()


def test_three_stations_are_refused_with_their_number():
    window = pure_envelopes(scattered_network(3, 10), [source_at(0.0, 0.0, 30.0)])
    with pytest.raises(DataError, match=r"^3 stations .* cannot locate: location\.min_stations is 5"):
        locate(window, FREE)


def test_impossible_depths_are_refused():
    with pytest.raises(ValueError, match=r"max_depth_km = 10\.0 must exceed .*min_depth_km = 20\.0"):
        LocationSettings(min_depth_km=20.0, max_depth_km=10.0)
    window = pure_envelopes(scattered_network(6, 10), [source_at(0.0, 0.0, 30.0)])
    with pytest.raises(SettingsError, match="plate_interface"):
        locate(window, LocationSettings(depth="interface"))


def test_a_window_shorter_than_the_travel_times_is_no_crash():
    window = pure_envelopes(scattered_network(8, 7), [source_at(0.0, 0.0, 30.0)])
    short = window.window(window.start_time, 10.0)
    assert locate(short, FREE).hypocentres == ()
