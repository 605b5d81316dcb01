"""Groups in, events out: each burst at its place, with its group; earthquakes are none, where they show."""

from dataclasses import replace

import numpy as np
import pytest

from tremorflow.analysis import (
    FAR_FROM_GROUP,
    HEARD_AS_EARTHQUAKE,
    associate_windows,
    finish_catalog,
    locate_groups,
)
from tremorflow.associate import AssociationSettings, learn_hearing
from tremorflow.catalog.quality import CatalogSettings
from tremorflow.detections import with_amplitude_check, with_energies
from tremorflow.energy import EnergySettings
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate import LocationSettings, search_grid
from tremorflow.records import CLASSES, Envelopes, Network, Probabilities, Station, seconds, timedelta
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)
from tremorflow.traveltime import read_velocity_model, station_travel_times

SETTINGS = LocationSettings(depth="fixed", fixed_depth_km=16.0)
BURSTS = ((485.0, (38.05, 142.1)), (1985.0, (37.85, 141.85)))
BURST_S, SPAN_S, STEP_S, WINDOW_S = 80.0, 3600.0, 60.0, 120.0


def probabilities_of(network: Network, start: np.datetime64, tremor: np.ndarray) -> Probabilities:
    """Probabilities of windows each minute: sure of noise, but of tremor where said (station, window)."""
    count = tremor.shape[1]
    values = np.full((len(network), 3, count), 0.01, dtype=np.float32)
    values[:, CLASSES.index("noise")] = np.where(tremor, 0.01, 0.98)
    values[:, CLASSES.index("tremor")] = np.where(tremor, 0.98, 0.01)
    return Probabilities(
        network,
        values,
        np.ones((len(network), count), dtype=np.float32),
        start + np.arange(count) * timedelta(STEP_S),
        WINDOW_S,
        (("", "HH"),) * len(network),
        "made up",
        0.95,
    )


@pytest.fixture(scope="module")
def hour():
    """An hour with two bursts, heard by all of sixteen stations, and its grid."""
    return simulated_hour([(start_s, BURST_S, 8.0, place) for start_s, place in BURSTS])


def simulated_hour(shakes):
    """An hour with what shakes sixteen stations: start and length (s), SNR at 30 km, place."""
    rng = np.random.default_rng(43)
    latitudes, longitudes = LocalFrame(38.0, 142.0).to_degrees(*rng.uniform(-50, 50, (2, 16)))
    network = Network(
        tuple(
            Station("SY", f"{k:02d}", float(latitudes[k]), float(longitudes[k]), 0.0, 2.0) for k in range(16)
        )
    )
    times = station_travel_times(read_velocity_model("jma2001"), network, np.arange(0, 41, 2.0), 400.0)
    simulation, bursts = EnvelopeSimulationSettings(), []
    for start_s, length_s, snr, place in shakes:
        away = np.hypot(distances_km(*place, network.latitudes, network.longitudes), 16.0)
        amplitudes = (
            snr * expected_amplitudes(away, simulation) / expected_amplitudes(np.array([30.0]), simulation)
        )
        power = draw_burst_power(SPAN_S, start_s, length_s, rng)
        bursts.append(TremorBurst(power, times.times(*place, 16.0), amplitudes))
    envelopes = simulate_envelopes(network, bursts, SPAN_S, simulation, rng)
    envelopes = replace(envelopes, unit="m/s", components=("H1",))
    starts_s = np.arange(0, SPAN_S - WINDOW_S + 1, STEP_S)
    heard = np.zeros(len(starts_s), dtype=bool)
    for start_s, length_s, *_ in shakes:
        heard |= (starts_s + WINDOW_S - 30 > start_s) & (starts_s + 30 < start_s + length_s)
    tremor = np.tile(heard, (len(network), 1))
    grid = search_grid(network, times, SETTINGS)
    return envelopes, grid, probabilities_of(network, envelopes.start_time, tremor)


def located(hour, probabilities=None):
    envelopes, grid, said = hour
    association = associate_windows(probabilities or said, AssociationSettings())
    found, fates = locate_groups(envelopes, association, grid, SETTINGS, "test")
    return found, fates, association


def test_each_burst_is_an_event_of_its_group_and_place(hour):
    found, fates, association = located(hour)
    assert set(fates) == {"located"}
    for start_s, place in BURSTS:
        away = distances_km(*place, found.events["latitude"], found.events["longitude"])
        late = (found.events["time"] - hour[0].start_time).dt.total_seconds() - start_s - BURST_S / 2
        assert ((np.asarray(away) < 5) & (np.abs(late) < 40)).any()
    assert set(found.events["group_id"]) <= set(association.table["group_id"])
    assert found.events["episode_id"].nunique() == len(BURSTS)
    assert (found.events["p_group"] > 0.9).all()
    assert len(found.hypocentres) == len(found.events)


def test_a_group_too_small_for_delays_is_placed_by_what_its_stations_say(hour):
    envelopes, grid, said = hour
    network = said.network
    away = distances_km(*BURSTS[0][1], network.latitudes, network.longitudes)
    few = np.isin(np.arange(len(network)), np.argsort(away)[:3])
    values = said.values.copy()
    silent = probabilities_of(network, said.start_times[0], np.zeros_like(said.p_tremor, dtype=bool))
    values[~few] = silent.values[~few]
    association = associate_windows(replace(said, values=values), AssociationSettings())
    found, fates = locate_groups(envelopes, association, grid, SETTINGS, "test")
    near = np.asarray(distances_km(*BURSTS[0][1], found.events["latitude"], found.events["longitude"]))
    assert "located" in set(fates)
    assert len(near)
    assert found.events["flags"].str.contains("small_group").all()
    assert near.min() < 20
    assert (finish_catalog(found.events, CatalogSettings())["quality"] == "C").all()
    off = replace(SETTINGS, small_groups=False)
    nothing, fates = locate_groups(envelopes, association, grid, off, "test")
    assert nothing.events.empty
    assert "located" not in set(fates)


def test_what_the_stations_around_call_an_earthquake_is_no_group(hour):
    envelopes, grid, said = hour
    values = said.values.copy()
    values[3:] = values[3:][:, [0, 2, 1]]  # what thirteen stations called tremor they call earthquake
    eager = AssociationSettings(penalty=0.0, min_stations=2)
    association = associate_windows(replace(said, values=values), eager)
    assert len(association.groups)
    assert not association.usable.any()
    assert (association.table["p_group"] < 0.5).all()
    found, fates = locate_groups(envelopes, association, grid, SETTINGS, "test")
    assert found.events.empty
    assert set(fates) == {""}


def as_earthquake(said, stations, windows):
    """Probabilities with tremor and earthquake exchanged at some stations in some windows."""
    values = said.values.copy()
    part = np.ix_(stations, range(3), windows)
    values[part] = values[part][:, [0, 2, 1]]
    return replace(said, values=values)


def test_tremor_after_a_loud_earthquake_is_found_in_its_own_window():
    """Every window of the location that holds the burst holds the earthquake, the louder of the two."""
    quake, burst = (38.2, 142.2), (37.85, 141.85)
    envelopes, grid, said = simulated_hour([(920.0, 12.0, 300.0, quake), (1000.0, 45.0, 5.0, burst)])
    starts_s = np.arange(len(said.start_times)) * STEP_S
    mixed = np.flatnonzero((starts_s > 700) & (starts_s < 950))
    said = as_earthquake(said, np.arange(len(said.network)), mixed)
    association = associate_windows(said, AssociationSettings())
    found, fates = locate_groups(envelopes, association, grid, SETTINGS, "test")
    away = np.asarray(distances_km(*burst, found.events["latitude"], found.events["longitude"]))
    assert set(fates[association.usable]) == {"located"}
    assert len(away)
    assert away.max() < 15
    length_s = [seconds(one.window_end - one.window_start) for one in found.hypocentres]
    assert min(length_s) == WINDOW_S


def test_what_is_located_where_no_group_points_to_is_no_event(hour):
    """Groups moved by less than the limit still have their sources; by more, none, if they point well."""
    envelopes, grid, said = hour
    deaf = learn_hearing(said, AssociationSettings())
    known = replace(deaf, sensitivity=np.linspace(0.8, 1.25, len(said.network)))
    found = {}
    for name, hearing in (("deaf", deaf), ("known", known)):
        association = associate_windows(said, AssociationSettings(), hearing)
        groups = association.groups
        for moved_km in (0.0, 30.0, 150.0):
            elsewhere = replace(groups, latitudes=groups.latitudes + moved_km / 111.2)
            moved = replace(association, groups=elsewhere)
            one, fates = locate_groups(envelopes, moved, grid, SETTINGS, "test")
            found[name, moved_km] = len(one.events), set(fates)
    assert found["known", 0.0] == found["known", 30.0]
    assert found["known", 0.0][1] == {"located"}
    assert found["known", 150.0] == (0, {FAR_FROM_GROUP})
    assert found["deaf", 150.0][1] == {"located"}


def test_a_source_whose_own_stations_hear_an_earthquake_is_no_event(hour):
    envelopes, grid, said = hour
    association = associate_windows(said, AssociationSettings())
    turned = replace(said, values=said.values[:, [0, 2, 1]])
    found, fates = locate_groups(
        envelopes,
        replace(association, probabilities=turned, usable=association.usable),
        grid,
        SETTINGS,
        "test",
    )
    assert found.events.empty
    assert HEARD_AS_EARTHQUAKE in set(fates)


def test_no_group_gives_an_empty_table_and_counts_its_windows(hour):
    silent = probabilities_of(hour[2].network, hour[0].start_time, np.zeros((16, 59), dtype=bool))
    found, fates, _ = located(hour, silent)
    assert found.events.empty
    assert not len(fates)
    assert dict(found.windows) == {"no_group": 23}


def test_probabilities_that_are_missing_for_half_an_hour_hide_only_that_half(hour):
    values = hour[2].values.copy()
    values[..., :25] = np.nan
    found, _, _ = located(hour, replace(hour[2], values=values))
    assert found.events["episode_id"].nunique() == 1
    late = (found.events["time"] - hour[0].start_time).dt.total_seconds()
    assert late.min() > 1900


def test_ten_times_the_motion_has_a_hundred_times_the_energy(hour):
    envelopes, _, said = hour
    found, _, _ = located(hour)
    louder: Envelopes = replace(envelopes, values=10 * envelopes.values)
    one, other = (
        with_energies(found, motion, said, EnergySettings()).events["energy_j"].to_numpy()
        for motion in (envelopes, louder)
    )
    assert np.isfinite(one).any()
    np.testing.assert_allclose(other[np.isfinite(one)] / one[np.isfinite(one)], 100.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"unit": "count"}, "energy_not_velocity"),
        ({"values": np.nan}, "energy_no_recording"),
        ({"min_snr": 1e6}, "energy_too_few_stations"),
        ({"min_stations": 99}, "energy_too_few_stations"),
        ({"cut": True}, "energy_cut_by_ends"),
    ],
)
def test_an_event_without_energy_says_why(hour, change, word):
    found, _, _ = located(hour)
    envelopes = replace(hour[0], unit=change.get("unit", "m/s"))
    if "values" in change:
        envelopes = replace(envelopes, values=np.full_like(envelopes.values, np.nan))
    if "cut" in change:  # the recordings end within the first burst
        first = found.events["start_time"].min().to_datetime64()
        envelopes = envelopes.window(envelopes.start_time, seconds(first - envelopes.start_time) + 10)
    settings = EnergySettings(**{k: v for k, v in change.items() if k.startswith("min_")})
    events = with_energies(found, envelopes, hour[2], settings).events
    assert events["energy_j"].isna().all()
    assert word in events["flags"][events["start_time"].idxmin()].split(";")


def test_an_event_with_an_energy_has_no_such_word(hour):
    found, _, _ = located(hour)
    events = with_energies(found, hour[0], hour[2], EnergySettings()).events
    without = events["energy_j"].isna()
    assert not without.all()
    assert (events["flags"].str.contains("energy_") == without).all()


def test_stations_that_hear_an_earthquake_meanwhile_give_no_energy(hour):
    found, _, _ = located(hour)
    turned = replace(hour[2], values=hour[2].values[:, [0, 2, 1]])
    events = with_energies(found, hour[0], turned, EnergySettings()).events
    assert events["energy_j"].isna().all()
    assert events["energy_is_relative"].all()
    assert events["flags"].str.endswith("energy_no_station").all()


def test_amplitudes_alone_point_to_the_same_place_however_loud(hour):
    envelopes, grid, said = hour
    found, _, _ = located(hour)
    one, other = (
        with_amplitude_check(found, motion, said, grid, SETTINGS).events["amplitude_km"].to_numpy()
        for motion in (envelopes, replace(envelopes, values=10 * envelopes.values))
    )
    assert (one < 25).all()
    np.testing.assert_allclose(one, other)


def test_amplitudes_of_another_place_are_told(hour):
    envelopes, grid, said = hour
    found, _, _ = located(hour)
    turned = replace(envelopes, values=envelopes.values[np.argsort(said.network.latitudes)[::-1]])
    moved = with_amplitude_check(found, turned, said, grid, SETTINGS).events["amplitude_km"]
    counts = with_amplitude_check(found, replace(envelopes, unit="count"), said, grid, SETTINGS).events
    straight = with_amplitude_check(found, envelopes, said, grid, SETTINGS).events["amplitude_km"]
    assert moved.mean() > straight.mean()
    assert counts["amplitude_km"].isna().all()
