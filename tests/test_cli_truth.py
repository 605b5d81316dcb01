"""The program does what its commands say, on real input, and explains what it refuses."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tremorflow.catalog.formats import read_catalog
from tremorflow.cli import app

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    result = RUNNER.invoke(app, ["demo", "--output", str(folder)])
    assert result.exit_code == 0, result.output
    assert "17 stations" in result.output
    assert "found" in result.output
    return folder


def test_demo_finds_the_tremor_of_cascadia(demo_folder: Path) -> None:
    events = read_catalog(demo_folder / "catalog.csv")
    assert len(events) >= 10
    # the tremor of that night was below the north-eastern Olympic peninsula (PNSN, enveloc)
    good = events[events["quality"].isin(["A", "B"])]
    assert good["latitude"].median() == pytest.approx(47.96, abs=0.1)
    assert good["longitude"].median() == pytest.approx(-123.05, abs=0.15)
    assert good["time"].between("2020-05-24T02:00", "2020-05-24T04:00").all()
    report = (demo_folder / "report.html").read_text(encoding="utf-8")
    assert "enveloc 1.2.0" in report
    assert all(name in report for name in events["event_id"])


def test_catalogue_compared_with_itself_matches(demo_folder: Path, tmp_path: Path) -> None:
    catalogue = str(demo_folder / "catalog.csv")
    result = RUNNER.invoke(app, ["compare", catalogue, catalogue, "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "comparison.png").stat().st_size > 10_000
    result = RUNNER.invoke(app, ["compare", catalogue, str(demo_folder / "catalog.xml")])
    assert result.exit_code == 0, result.output


def test_settings_print_what_they_read_back(tmp_path: Path) -> None:
    printed = RUNNER.invoke(app, ["settings"])
    assert printed.exit_code == 0
    path = tmp_path / "all.toml"
    path.write_text(printed.output, encoding="utf-8")
    again = RUNNER.invoke(app, ["settings", str(path)])
    assert again.output == printed.output


def test_wrong_setting_is_explained_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[location]\nmin_pair = 3\n", encoding="utf-8")
    result = RUNNER.invoke(app, ["run", str(path), "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "location.min_pair is not a setting; did you mean min_pairs?" in result.output
    assert "Traceback" not in result.output


def test_inspect_tells_stations_and_gaps(tmp_path: Path) -> None:
    obspy = pytest.importorskip("obspy")
    import numpy as np

    header = {"network": "XX", "station": "AAA", "channel": "HHZ", "sampling_rate": 20.0}
    trace = obspy.Trace(np.arange(2000, dtype=np.int32), header)
    trace.write(str(tmp_path / "a.mseed"), format="MSEED")
    result = RUNNER.invoke(app, ["inspect", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "XX.AAA" in result.output
    missing = RUNNER.invoke(app, ["inspect", str(tmp_path / "nowhere")])
    assert missing.exit_code == 1
    assert "does not exist" in missing.output


def test_bands_of_the_demo_agree_on_the_place(demo_folder: Path, tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["demo", "--output", str(tmp_path), "--band", "high"])
    assert result.exit_code == 0, result.output
    high, low = read_catalog(tmp_path / "catalog.csv"), read_catalog(demo_folder / "catalog.csv")
    medians = [pd.Series({k: t[k].median() for k in ("latitude", "longitude")}) for t in (high, low)]
    assert (medians[0] - medians[1]).abs().max() < 0.3
