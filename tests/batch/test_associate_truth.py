"""Probabilities in a file become groups and episodes in a table, and a picture of the graph."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tremorflow.cli import app
from tremorflow.io.probabilities import write_probabilities
from tremorflow.records import CLASSES, GROUP_COLUMNS, Network, Probabilities
from tremorflow.simulate.geometry import NetworkSettings, simulated_network

RUNNER = CliRunner()
START = np.datetime64("2021-05-06T07:00:00", "ns")
SOUTH, NORTH = (37.2, 141.9), (40.0, 143.3)


def network() -> Network:
    return simulated_network(NetworkSettings())


def near(place: tuple[float, float], stations: Network) -> np.ndarray:
    """Stations within half a degree or so of a place."""
    apart = np.hypot(stations.latitudes - place[0], 0.78 * (stations.longitudes - place[1]))
    return np.asarray(apart < 0.55)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Four minutes: tremor in the south, in both places, in the north, nowhere."""
    stations = network()
    values = np.zeros((len(stations), len(CLASSES), 4), dtype=np.float32)
    values[:, 1] = 0.001
    values[near(SOUTH, stations), 1, 0:2] = 0.99
    values[near(NORTH, stations), 1, 1:3] = 0.98
    values[:, 0] = 1 - values[:, 1]
    values[-1] = np.nan
    found = Probabilities(
        stations,
        values,
        np.where(np.isnan(values[:, 0]), 0, 1).astype(np.float32),
        START + np.arange(4) * np.timedelta64(60, "s"),
        120.0,
        (("", "HH"),) * len(stations),
        "abc",
        0.9,
    )
    write_probabilities(tmp_path / "probabilities.npz", found)
    return tmp_path / "probabilities.csv"  # the table beside it, as a user would name it


def test_groups_episodes_and_picture_are_written(stored: Path) -> None:
    output = stored.with_name("groups.csv")
    said = RUNNER.invoke(
        app, ["associate", str(stored), "--output", str(output), "--figure", "2021-05-06T07:01:30Z"]
    )
    assert said.exit_code == 0, said.output
    assert "4 in 3 windows; 1 windows have more than one" in said.output
    table = pd.read_csv(output)
    assert list(table.columns) == list(GROUP_COLUMNS)
    assert table["start_time"].tolist() == [f"2021-05-06T07:0{k}:00Z" for k in (0, 1, 1, 2)]
    assert table["end_time"].iloc[0] == "2021-05-06T07:02:00Z"
    assert table["group_id"].is_unique
    southern = table["latitude"] < 38.6
    assert southern.sum() == 2
    assert table.loc[southern, "episode_id"].nunique() == table.loc[~southern, "episode_id"].nunique() == 1
    assert table["episode_id"].nunique() == 2
    stations = network()
    expected = {stations.codes[k] for k in np.flatnonzero(near(SOUTH, stations))}
    assert set(table.loc[southern, "stations"].iloc[0].split(";")) <= expected
    assert (table["n_stations"] == table["stations"].str.split(";").str.len()).all()
    assert output.with_suffix(".png").stat().st_size > 20_000


def test_every_method_writes_its_groups(stored: Path) -> None:
    for method in ("persistence", "components", "k_core", "dbscan"):
        output = stored.with_name(f"{method}.csv")
        said = RUNNER.invoke(app, ["associate", str(stored), "--output", str(output), "--method", method])
        assert said.exit_code == 0, said.output
        assert len(pd.read_csv(output)) == 4


def test_quiet_hours_give_an_empty_table_and_a_picture(stored: Path) -> None:
    output = stored.with_name("groups.csv")
    command = [
        "associate",
        str(stored),
        "--output",
        str(output),
        "--min-stations",
        "60",
        "--figure",
        "busiest",
    ]
    assert RUNNER.invoke(app, command).exit_code == 0
    assert list(pd.read_csv(output).columns) == list(GROUP_COLUMNS)
    assert not len(pd.read_csv(output))
    assert output.with_suffix(".png").is_file()


def test_what_cannot_be_associated_is_explained(stored: Path, tmp_path: Path) -> None:
    early = RUNNER.invoke(
        app, ["associate", str(stored), "--output", str(tmp_path / "g.csv"), "--figure", "2020-01-01"]
    )
    assert early.exit_code == 1
    assert "no window before 2020-01-01" in early.stderr
    missing = RUNNER.invoke(app, ["associate", str(tmp_path / "none.npz")])
    assert missing.exit_code == 1
    assert "tremorflow classify" in missing.stderr
    nowhere = Probabilities(
        Network(()), np.empty((0, 3, 1), dtype=np.float32), np.empty((0, 1), dtype=np.float32),
        np.array([START]), 120.0, (), "abc", 0.9,
    )  # fmt: skip
    write_probabilities(tmp_path / "nowhere.npz", nowhere)
    refused = RUNNER.invoke(app, ["associate", str(tmp_path / "nowhere.npz")])
    assert refused.exit_code == 1
    assert "--stations" in refused.stderr
