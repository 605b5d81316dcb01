"""What `tremorflow capability` says of a run: the bursts that were found are larger than the smallest one."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tremorflow.catalog.energy_grid import Cells
from tremorflow.cli import app

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def out(snet_run):
    """Run on half an hour of a simulated S-net of 30 stations."""
    return snet_run / "out"


def test_events_are_larger_than_the_smallest_burst_of_their_cell(out):
    result = RUNNER.invoke(app, ["capability", "--run", str(out)])
    assert result.exit_code == 0, result.output
    assert "28 stations alive" in result.output
    assert "relative" in result.output
    folder = out / "capability"
    assert {path.name for path in folder.iterdir()} == {
        *("map.png", "hours.png", "hours.csv", "cells.csv", "capability.npz", "capability.json")
    }
    events, about = pd.read_csv(out / "catalog.csv"), json.loads((folder / "capability.json").read_text())
    with np.load(folder / "capability.npz") as opened:
        found = dict(opened)
    half = about["settings"]["cell_deg"] / 2
    cells = Cells(
        found["latitudes"][0] - half,
        found["longitudes"][0] - half,
        *found["log10_energy"].shape[1:],
        2 * half,
    )
    place = cells.find(events["latitude"], events["longitude"])
    smallest = found["log10_energy"][0].ravel()[place]
    assert (np.log10(events["energy_j"]) > smallest).all()
    assert about["energy_is_relative"]
    assert about["mask_log10_energy"] == pytest.approx(np.log10(events["energy_j"].median()), abs=1e-6)
    assert found["seen"].any()
    assert len(pd.read_csv(folder / "hours.csv")) == 1


def test_the_report_says_which_cells_could_not_be_seen(out):
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "Grey: cells in which the typical event of this run would not have been found" in text


def test_another_burst_goes_into_another_folder_and_a_wrong_folder_is_refused(out, tmp_path):
    words = ["capability", "--run", str(out), "--output", str(tmp_path / "sure"), "--probability", "0.9"]
    result = RUNNER.invoke(app, [*words, "--energy", "12"])
    assert result.exit_code == 0, result.output
    assert "log10 energy 12.00" in result.output
    more, less = (pd.read_csv(folder / "hours.csv") for folder in (tmp_path / "sure", out / "capability"))
    assert (more["median"] > less["median"]).all()
    refused = RUNNER.invoke(app, ["capability", "--run", str(tmp_path)])
    assert refused.exit_code == 1
    assert "not the folder of a finished run" in refused.output
