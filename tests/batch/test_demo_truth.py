"""The demonstration makes what it says, and says of every part whether it was observed or simulated."""

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tremorflow.batch.demo import locate_observed, show_kilauea
from tremorflow.catalog.formats import read_catalog
from tremorflow.io.archive import open_archive


class Links(HTMLParser):
    """Addresses of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found |= {value for name, value in attrs if name in {"href", "src"}}


def test_index_leads_to_files_that_are_there(demo_folder: Path):
    text = (demo_folder / "index.html").read_text(encoding="utf-8")
    links = Links(text).found
    assert {"observed/report.html", "simulated/report.html", "kilauea/recording.png"} <= links
    assert not [link for link in links if not (demo_folder / link).is_file()]
    for word in ("Observed: tremor in Cascadia", "Simulated: half an hour of S-net", "Volcanoes tremble too"):
        assert word in text


def test_observed_part_says_that_it_has_no_probabilities(demo_folder: Path):
    report = (demo_folder / "observed" / "report.html").read_text(encoding="utf-8")
    assert "no probabilities" in report
    assert json.loads((demo_folder / "observed" / "run.json").read_text())["method"] == "conventional"
    assert not list((demo_folder / "observed").rglob("groups.csv"))


def test_simulated_part_is_the_full_chain_and_says_simulated_wherever_it_is_shown(demo_folder: Path):
    folder = demo_folder / "simulated"
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "<title>Simulated S-net" in report
    assert "<h1>Simulated S-net" in report
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert about["method"] == "diet-grasp"
    assert about["recordings"].startswith("Simulated")
    assert "SIMULATED" in (folder / "config.toml").read_text(encoding="utf-8").splitlines()[0]
    assert "Compared with the conventional method" in report
    assert (folder / "conventional" / "catalog.csv").is_file()
    assert list((folder / "recordings" / "sds").rglob("*.D.*"))


def test_every_simulated_burst_is_in_the_catalogue(demo_folder: Path):
    truth = pd.read_csv(demo_folder / "simulated" / "recordings" / "tremor.csv")
    events = read_catalog(demo_folder / "simulated" / "catalog.csv")
    assert len(events) == len(truth) == 3
    assert np.allclose(np.sort(events["latitude"]), np.sort(truth["latitude"]), atol=0.1)


def test_kilauea_is_read_as_it_was_recorded_and_nothing_is_detected(tmp_path: Path):
    inspection = show_kilauea(tmp_path)
    assert inspection.table["station"].nunique() == 14
    assert (inspection.table["sampling_rate_hz"] == 100).all()
    assert inspection.table["recorded_s"].to_numpy() == pytest.approx(120, abs=0.05)
    assert not inspection.skips
    assert "HV.UWE" in (tmp_path / "inspection.txt").read_text(encoding="utf-8")
    assert (tmp_path / "recording.png").stat().st_size > 50_000
    assert not list(tmp_path.rglob("catalog*"))
    # largest sample of HV.NPT as the package enveloc has it
    archive = open_archive(tmp_path / "recordings", stations=tmp_path / "stations.csv")
    reading = archive.read_station("HV.NPT", *archive.time_span())
    archive.close()
    assert np.nanmax(np.abs(reading.waveforms.samples)) == 1926


def test_kilauea_can_be_shown_again_in_the_same_folder(tmp_path: Path):
    first, second = show_kilauea(tmp_path), show_kilauea(tmp_path)
    pd.testing.assert_frame_equal(first.table, second.table)


def test_bands_of_the_observed_tremor_agree_on_the_place_and_pictures_say_what_they_are_of(
    demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    titles = {}
    monkeypatch.setattr(
        "tremorflow.batch.outputs.write_png",
        lambda path, figure: titles.update({path.name: figure.axes[0].get_title()}),
    )
    high = locate_observed(tmp_path, "high").events
    low = read_catalog(demo_folder / "observed" / "catalog.csv")
    medians = [pd.Series({k: t[k].median() for k in ("latitude", "longitude")}) for t in (high, low)]
    assert (medians[0] - medians[1]).abs().max() < 0.3
    assert set(titles) == {"map.png", "time_latitude.png"}
    assert all(title.startswith("Observed tremor") for title in titles.values())
