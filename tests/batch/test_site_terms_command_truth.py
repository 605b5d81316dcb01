"""`tremorflow site-terms` on simulated earthquakes: the terms of the sites that they were simulated with."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tremorflow.batch.simulate import OutputSettings, write_simulation
from tremorflow.batch.site_terms import COLUMNS
from tremorflow.cli import app
from tremorflow.io.stations import read_stations, with_site_terms
from tremorflow.records import Network
from tremorflow.simulate.scenario import make_scenario

RUNNER = CliRunner()
SCENARIO = {
    "seed": 3,
    "duration_s": 7200.0,
    "sampling_rate_hz": 25.0,
    "network": {"name": "snet", "select": ("N.S4N0", "N.S4N1")},
    "earthquakes": {
        "rate_per_day": 1500.0,
        "magnitude_min": 2.2,
        "magnitude_max": 4.5,
        "aftershocks": False,
        "clustered_share": 0.3,
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "simulated"
    write_simulation(make_scenario(SCENARIO), folder, OutputSettings(processes=1))
    return folder


def run(folder: Path, output: Path, stations: str, *options: str) -> str:
    config = output.parent / "config.toml"
    config.write_text(
        f'[archive]\npath = "{folder / "sds"}"\nstations = "{folder / stations}"\n'
        f'index_folder = "{output.parent}"\n',
        encoding="utf-8",
    )
    command = ["site-terms", str(config), "--earthquakes", str(folder / "earthquakes.csv")]
    result = RUNNER.invoke(app, [*command, "--output", str(output), *options])
    assert result.exit_code == 0, result.output
    return result.output


def log_terms(network: Network) -> np.ndarray:
    return np.log10([station.site_amplification for station in network.stations])


def test_relative_terms_of_simulated_sites_come_back(folder: Path, tmp_path: Path) -> None:
    said = run(folder, tmp_path / "terms.csv", "stations.xml")
    assert "relative" in said
    found = read_stations(tmp_path / "terms.csv").network
    everything = read_stations(folder / "stations_truth.csv").network
    true = Network(tuple(everything.find(code) for code in found.codes))  # one station recorded nothing
    with (tmp_path / "terms.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    sigma = np.array([float(row["site_log10_sigma"] or "nan") for row in rows])
    solved = np.isfinite(log_terms(found))
    assert solved.sum() >= 10
    assert all(s.site_is_relative == known for s, known in zip(found.stations, solved, strict=True))
    terms, truth = log_terms(found)[solved], log_terms(true)[solved]
    assert np.corrcoef(terms, truth)[0, 1] > 0.9
    errors = (terms - terms.mean()) - (truth - truth.mean())
    assert np.mean(np.abs(errors) < sigma[solved]) >= 0.5
    assert np.mean(np.abs(errors) < 2 * sigma[solved]) >= 0.85
    assert errors.std() < 0.1


def test_a_known_reference_makes_them_absolute(folder: Path, tmp_path: Path) -> None:
    """The amplification of one station is known, as on rock on land; all others follow."""
    true = read_stations(folder / "stations_truth.csv").network
    amplification = true.find("N.S4N08").site_amplification
    said = run(folder, tmp_path / "terms.csv", "stations.xml", "--reference", f"N.S4N08={amplification}")
    assert "absolute" in said
    terms = read_stations(tmp_path / "terms.csv").network
    network = with_site_terms(read_stations(folder / "stations.xml").network, terms)
    assert not any(station.site_is_relative for station in network.stations)
    assert network.find("N.S4N08").site_amplification == pytest.approx(amplification, rel=1e-3)
    solved = np.isfinite(log_terms(network))
    assert abs(np.median((log_terms(network) - log_terms(true))[solved])) < 0.1


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("N.NONE", "N.NONE is not in the station table"),
        ("N.S4N08=rock", "must be a code, or as N.S4N08=2.0"),
        ("N.S4N08=-2", "must be a code, or as N.S4N08=2.0"),
    ],
)
def test_a_reference_that_does_not_serve_is_named(
    reference: str, said: str, folder: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[archive]\npath = "{folder / "sds"}"\nstations = "{folder / "stations.xml"}"\n'
        f'index_folder = "{tmp_path}"\n',
        encoding="utf-8",
    )
    options = ["--earthquakes", str(folder / "earthquakes.csv"), "--reference", reference]
    result = RUNNER.invoke(app, ["site-terms", str(config), *options, "--output", str(tmp_path / "t.csv")])
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "t.csv").exists()
