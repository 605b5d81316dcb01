"""Envelopes of simulated tremor in, event table out: complete, in order, and each burst once when merged."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tremorflow
from tremorflow.analysis import detect_tremor, finish_catalog
from tremorflow.catalog.quality import CatalogSettings
from tremorflow.detections import Detections
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate import LocationSettings, SearchGrid, search_grid
from tremorflow.records import EVENT_COLUMNS, Envelopes, Network, Station, event_table, timedelta
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)
from tremorflow.traveltime import read_velocity_model, station_travel_times

SETTINGS = LocationSettings(depth="fixed", fixed_depth_km=30.0)
SPAN_S = 3600.0
# start (s), place; both in the middle of the overlap of two windows, so that both windows see them
BURSTS = ((485.0, (38.05, 142.1)), (1985.0, (37.8, 141.8)))
BURST_S = 80.0


@pytest.fixture(scope="module")
def hour() -> tuple[Envelopes, SearchGrid]:
    """An hour with two bursts on fourteen stations."""
    rng = np.random.default_rng(41)
    latitudes, longitudes = LocalFrame(38.0, 142.0).to_degrees(*rng.uniform(-45, 45, (2, 14)))
    network = Network(
        tuple(Station("SY", f"{k:02d}", float(latitudes[k]), float(longitudes[k]), 0.0) for k in range(14))
    )
    travel_times = station_travel_times(read_velocity_model("jma2001"), network, np.arange(0, 61, 5.0), 300.0)
    simulation = EnvelopeSimulationSettings()
    bursts = []
    for start_s, place in BURSTS:
        distances = np.hypot(distances_km(*place, network.latitudes, network.longitudes), 30.0)
        amplitudes = expected_amplitudes(distances, simulation)
        power = draw_burst_power(SPAN_S, start_s, BURST_S, rng)
        times = travel_times.times(*place, 30.0)
        bursts.append(TremorBurst(power, times, 5 * amplitudes / amplitudes.min()))
    envelopes = simulate_envelopes(network, bursts, SPAN_S, simulation, rng)
    return envelopes, search_grid(network, travel_times, SETTINGS)


@pytest.fixture(scope="module")
def detections(hour) -> Detections:
    return detect_tremor(*hour, SETTINGS, "abc123")


@pytest.fixture(scope="module")
def catalogue(detections) -> pd.DataFrame:
    return finish_catalog(detections.events, CatalogSettings())


def test_every_window_is_accounted_for(hour, detections):
    assert sum(detections.windows.values()) == 23  # (3600 - 300) / 150 + 1
    sources = Counter(h.window_start for h in detections.hypocentres)
    assert detections.windows["located"] == len(sources)
    assert len(detections.events) == len(detections.hypocentres) >= 4


def test_progress_counts_to_the_last_window(hour):
    calls = []
    detect_tremor(*hour, SETTINGS, "abc123", lambda done, total: calls.append((done, total)))
    assert calls == [(k, 23) for k in range(1, 24)]


def test_rows_say_what_the_hypocentres_say(detections):
    events = detections.events
    assert list(events.columns) == list(EVENT_COLUMNS)
    assert events["window_start"].is_monotonic_increasing
    for row, found in zip(events.itertuples(), detections.hypocentres, strict=True):
        assert (row.latitude, row.longitude) == (found.fit.place.latitude, found.fit.place.longitude)
        assert row.n_stations == len(found.fit.stations)
        assert row.n_pairs == found.n_pairs
        assert row.window_end - row.window_start == pd.Timedelta(seconds=300)
    assert set(events["method"]) == {"conventional"}
    assert set(events["version"]) == {tremorflow.__version__}
    assert set(events["settings_hash"]) == {"abc123"}


def test_the_catalogue_is_complete_and_in_order(catalogue):
    assert list(catalogue.columns) == list(EVENT_COLUMNS)
    for name, column in EVENT_COLUMNS.items():
        assert str(catalogue[name].dtype) == column.dtype
    # the depth was not solved for, so it has no error
    filled = catalogue.drop(columns="depth_error_km")
    assert filled.notna().all(axis=None)
    assert catalogue["depth_error_km"].isna().all()
    assert catalogue["time"].is_monotonic_increasing
    assert catalogue["event_id"].is_unique
    assert catalogue["event_id"].str.len().gt(0).all()
    assert set(catalogue["quality"]) <= {"A", "B", "C"}
    assert (catalogue["semi_major_km"] >= catalogue["semi_minor_km"]).all()
    assert (catalogue["start_time"] <= catalogue["time"]).all()
    assert (catalogue["time"] <= catalogue["end_time"]).all()


def test_each_burst_is_seen_twice_and_kept_once_at_its_place_and_time(hour, detections, catalogue):
    envelopes, _ = hour
    assert len(detections.events) > len(catalogue) == len(BURSTS)
    for event, (start_s, place) in zip(catalogue.itertuples(), BURSTS, strict=True):
        assert distances_km(event.latitude, event.longitude, *place) < 5.0
        first = envelopes.start_time + timedelta(start_s)
        assert first <= event.time <= first + timedelta(BURST_S + 3 * 3.0)  # the coda lasts 3 s
        assert event.depth_km == 30.0


def test_a_free_depth_has_an_error(hour):
    envelopes, grid = hour
    free = replace(SETTINGS, depth="free")
    part = envelopes.window(envelopes.start_time, 900.0)
    events = detect_tremor(part, search_grid(grid.network, grid.travel_times, free), free, "abc123").events
    assert len(events) >= 1
    assert (events["depth_error_km"] > 0).all()
    assert events["depth_km"].between(0, 60).all()


def test_finishing_twice_gives_what_finishing_once_gave(catalogue):
    again = finish_catalog(catalogue, CatalogSettings())
    # the name counts the detections of a second, and there are fewer the second time
    pd.testing.assert_frame_equal(again.drop(columns="event_id"), catalogue.drop(columns="event_id"))


def test_the_order_of_detections_does_not_matter(detections, catalogue):
    shuffled = detections.events.sample(frac=1.0, random_state=5)
    pd.testing.assert_frame_equal(finish_catalog(shuffled, CatalogSettings()), catalogue)


def test_without_merging_all_detections_stay_with_names_of_their_own(detections):
    backwards = detections.events[::-1]
    kept = finish_catalog(backwards, CatalogSettings(merge_duplicates=False))
    assert len(kept) == len(detections.events)
    assert kept["time"].is_monotonic_increasing
    assert kept["event_id"].is_unique


def test_noise_and_nothing_give_an_empty_catalogue_of_the_same_columns(hour):
    envelopes, grid = hour
    dead = replace(envelopes, values=np.full_like(envelopes.values, np.nan))
    detections = detect_tremor(dead, grid, SETTINGS, "abc123")
    assert detections.windows == {"too_few_stations": 23}
    for events in (detections.events, event_table()):
        empty = finish_catalog(events, CatalogSettings())
        assert len(empty) == 0
        assert list(empty.columns) == list(EVENT_COLUMNS)
