"""A run of the full chain on recordings of a simulated network finds their tremors, each at its place."""

import numpy as np
import pandas as pd
import pytest

from tremorflow.batch.run import run_settings_file, summary_lines
from tremorflow.batch.simulate import OutputSettings, write_simulation
from tremorflow.catalog.formats import read_catalog
from tremorflow.geodesy import distances_km
from tremorflow.simulate.scenario import read_scenario
from tremorflow.truth import read_truth

CONFIG = """
[archive]
path = "recordings/sds"
stations = "recordings/stations.xml"
index_folder = "index"
[location]
depth = "fixed"
{more}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Half an hour of a simulated S-net of 30 stations, in miniSEED files."""
    where = tmp_path_factory.mktemp("snet")
    scenario = read_scenario("snet-half-hour", sampling_rate_hz=25.0)
    write_simulation(scenario, where / "recordings", OutputSettings(processes=2))
    (where / "index").mkdir()
    (where / "config.toml").write_text(CONFIG.format(more=""), encoding="utf-8")
    return where


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


def test_another_setting_of_grouping_does_not_classify_again(folder, result):
    kept = {path: path.stat().st_mtime_ns for path in (folder / "out" / "signals").rglob("*.npz")}
    assert kept
    config = folder / "stricter.toml"
    config.write_text(CONFIG.format(more="[association]\nmin_stations = 29"), encoding="utf-8")
    stricter = run_settings_file(config, folder / "out")
    assert {path: path.stat().st_mtime_ns for path in (folder / "out" / "signals").rglob("*.npz")} == kept
    assert len(stricter.events) < len(result.events)


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
