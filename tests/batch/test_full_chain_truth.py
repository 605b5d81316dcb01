"""A run of the full chain on recordings of a simulated network finds their tremors, each at its place."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from archives import SNET_CONFIG, with_settings

from tremorflow.analysis import ChainSettings, find_tremor
from tremorflow.batch.full_report import clearest_event
from tremorflow.batch.recorded_signals import open_signals
from tremorflow.batch.recordings import Tally, ground_motion, open_recordings
from tremorflow.batch.run import prepare_grid, run_settings_file, summary_lines
from tremorflow.catalog.formats import read_catalog
from tremorflow.classifier.infer import Classifier, classify_waveforms
from tremorflow.classifier.weights import read_weights
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.io.archive import open_archive
from tremorflow.locate import search_grid
from tremorflow.preprocess import PreprocessSettings
from tremorflow.settings import read_settings
from tremorflow.traveltime import read_velocity_model, station_travel_times
from tremorflow.truth import read_truth


@pytest.fixture(scope="module")
def folder(tmp_path_factory, snet_half_hour):
    """Half an hour of a simulated S-net of 30 stations, in miniSEED files; runs here change its results."""
    where = tmp_path_factory.mktemp("chain")
    shutil.copytree(snet_half_hour, where / "recordings")
    return with_settings(where)


@pytest.fixture(scope="module")
def result(folder):
    return run_settings_file(folder / "config.toml", folder / "out", processes=2)


def apart(events, burst):
    """Distance (km) and time (s) of the events from a burst."""
    away = distances_km(burst["latitude"], burst["longitude"], events["latitude"], events["longitude"])
    late = (events["time"] - burst["time"]).dt.total_seconds()
    return np.asarray(away), np.asarray(late)


def test_every_burst_is_found_at_its_place_and_time(folder, result):
    truth = read_truth(folder / "recordings").tremor
    assert len(truth) == 3
    for _, burst in truth.iterrows():
        away, late = apart(result.events, burst)
        assert ((away < 10) & (np.abs(late) < 60)).any(), burst
    assert len(result.events) == 3


def test_tremors_at_the_same_time_have_groups_of_their_own(result):
    first = result.events.sort_values("time").head(2)
    assert first["group_id"].nunique() == 2
    assert (first["method"] == "diet-grasp").all()


def test_what_was_found_is_in_the_folder(folder, result):
    out = folder / "out"
    assert list(read_catalog(out / "catalog.csv")["event_id"]) == list(result.events["event_id"])
    groups = pd.read_csv(out / "groups.csv")
    assert set(result.events["group_id"]) <= set(groups.loc[groups["fate"] == "located", "group_id"])
    lost = pd.read_csv(out / "not_located.csv")
    assert len(lost) == (groups["fate"] != "located").sum()
    assert "28 stations" in "\n".join(summary_lines(result))


def recorded(folder):
    """All stations of the archive in one array of waveforms in m/s; some have one component alone."""
    where = folder / "recordings"
    archive = open_archive(where / "sds", stations=where / "stations.xml", index_folder=folder / "index")
    network, span = archive.network, archive.time_span()
    readings = archive.read_stations(network.codes, *span)
    parts = [ground_motion(reading, {}, Tally(), PreprocessSettings()) for reading in readings]
    names = tuple(sorted({name for one in parts for name in one.components}))
    samples = np.full((len(parts), len(names), parts[0].samples.shape[-1]), np.nan)
    for station, one in zip(samples, parts, strict=True):
        station[[names.index(name) for name in one.components]] = one.samples[0]
    return replace(parts[0], network=network, components=names, samples=samples)


def test_the_chain_from_waveforms_gives_what_the_run_gives(folder, result):
    """One function from samples to a catalogue, and the run that reads hour by hour and keeps all between."""
    waveforms = recorded(folder)
    settings = read_settings(folder / "config.toml")
    model = read_velocity_model(settings.velocity.model)
    times = station_travel_times(model, waveforms.network, np.arange(0.0, 62.0, 1.0), 400.0)
    grid = search_grid(waveforms.network, times, settings.location)
    chain = ChainSettings(location=settings.location)
    events = find_tremor(waveforms, Classifier(read_weights()), grid, chain)
    turned = replace(waveforms, network=waveforms.network.subset(range(len(waveforms.network))[::-1]))
    with pytest.raises(DataError, match="not the same in the same order"):
        find_tremor(turned, Classifier(read_weights()), grid, chain)
    assert len(events) == len(result.events)
    for name, tolerance in (("latitude", 0.02), ("longitude", 0.02), ("semi_major_km", 1.0)):
        np.testing.assert_allclose(events[name], result.events[name], atol=tolerance)
    late = (events["time"] - result.events["time"]).dt.total_seconds().abs()
    assert late.max() < 2
    assert events["group_id"].notna().all()
    ratio = np.log10(events["energy_j"].to_numpy() / result.events["energy_j"].to_numpy())
    assert np.abs(ratio).max() < 0.05


def test_waveforms_too_short_for_a_window_say_so(folder):
    waveforms = recorded(folder)
    short = replace(waveforms, samples=waveforms.samples[..., :1000])
    with pytest.raises(DataError, match="no whole window of 120 s"):
        classify_waveforms(short, Classifier(read_weights()))


def test_another_setting_of_grouping_does_not_classify_again(folder, result):
    kept = {path: path.stat().st_mtime_ns for path in (folder / "out" / "signals").rglob("*.npz")}
    assert kept
    config = folder / "stricter.toml"
    config.write_text(SNET_CONFIG.format(more="[association]\nmin_stations = 29"), encoding="utf-8")
    stricter = run_settings_file(config, folder / "out")
    assert {path: path.stat().st_mtime_ns for path in (folder / "out" / "signals").rglob("*.npz")} == kept
    assert len(stricter.events) < len(result.events)


def test_the_command_and_a_conventional_run_name_the_same_inputs(folder, result):
    """Else the run would not know the chance rate that the command measured for it, from other files."""
    settings = read_settings(folder / "config.toml")
    signals = open_signals(settings, folder / "out" / "signals")
    key = prepare_grid(settings, open_recordings(settings))[1]
    assert prepare_grid(settings, signals.recordings)[1] == key
    assert prepare_grid(settings, signals)[1] != key  # the classifier's weights count there
    conventional = run_settings_file(folder / "config.toml", folder / "conventional", "conventional")
    assert conventional.settings_hash == key
    assert "chance-rate --method conventional" in "\n".join(summary_lines(conventional))


def test_the_picture_is_of_the_event_whose_place_is_surest():
    """Whether it has an energy does not matter."""
    events = pd.DataFrame(
        {"n_pairs": [9, 30, 20], "flags": ["", "grid_edge;isolated", "energy_too_few_stations"]}
    )
    assert clearest_event(events)["n_pairs"] == 20
    assert clearest_event(events[:2])["n_pairs"] == 9
    assert clearest_event(events[1:2])["n_pairs"] == 30


def test_a_run_tells_events_near_earthquakes_and_that_half_an_hour_has_no_chance_rate(folder, result):
    first = result.events.sort_values("time").iloc[0]
    row = f"{first['time'].isoformat()}Z,{first['latitude']},{first['longitude']},10,2.0"
    catalogue = folder / "earthquakes.csv"
    catalogue.write_text(f"time,latitude,longitude,depth,mag\n{row}\n", encoding="utf-8")
    again = run_settings_file(folder / "config.toml", folder / "out", earthquakes=catalogue)
    lines = "\n".join(summary_lines(again))
    assert "chance   rate not measured: a chance rate needs" in lines
    assert again.checks.near.count == again.events["flags"].str.contains("near_earthquake").sum() >= 1
    assert f"{again.checks.near.count} of 3 events within 60 s and 100 km" in lines
