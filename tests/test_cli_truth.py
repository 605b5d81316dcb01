"""The program does what its commands say, on real input, and explains what it refuses."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tremorflow.catalog.formats import read_catalog
from tremorflow.cli import app

RUNNER = CliRunner()


def test_demo_finds_the_tremor_of_cascadia(demo_folder: Path) -> None:
    events = read_catalog(demo_folder / "observed" / "catalog.csv")
    assert len(events) >= 10
    # the tremor of that night was below the north-eastern Olympic peninsula (PNSN, enveloc)
    good = events[events["quality"].isin(["A", "B"])]
    assert good["latitude"].median() == pytest.approx(47.96, abs=0.1)
    assert good["longitude"].median() == pytest.approx(-123.05, abs=0.15)
    assert good["time"].between("2020-05-24T02:00", "2020-05-24T04:00").all()
    report = (demo_folder / "observed" / "report.html").read_text(encoding="utf-8")
    assert "enveloc 1.2.0" in report
    assert all(name in report for name in events["event_id"])


def test_catalogue_compared_with_itself_matches(demo_folder: Path, tmp_path: Path) -> None:
    catalogue = str(demo_folder / "observed" / "catalog.csv")
    result = RUNNER.invoke(app, ["compare", catalogue, catalogue, "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "comparison.png").stat().st_size > 10_000
    result = RUNNER.invoke(app, ["compare", catalogue, str(demo_folder / "observed" / "catalog.xml")])
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


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty minutes of red noise at one station, in which two waves like P and S come."""
    import numpy as np
    import obspy

    folder = tmp_path_factory.mktemp("recording")
    rng = np.random.default_rng(1)
    for channel in ("HHE", "HHN", "HHZ"):
        after = np.arange(2400 * 50) / 50 - 1500.0
        size = 1 + sum(
            height * np.exp(-np.clip(after - onset, 0, 200) / 4) * (after > onset)
            for height, onset in ((8, 0), (30, 7))
        )
        walk = np.cumsum(rng.normal(0, 30, len(after)) * size)
        walk -= np.linspace(walk[0], walk[-1], len(walk))
        header = {"network": "XX", "station": "AAA", "channel": channel, "sampling_rate": 50.0}
        trace = obspy.Trace(walk.astype(np.int32), header)
        trace.stats.starttime = obspy.UTCDateTime("2020-05-24T00:00:00")
        trace.write(str(folder / f"{trace.id}.mseed"), format="MSEED")
    return folder


def test_classify_writes_table_arrays_and_picture_and_finds_the_earthquake(
    recording: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "p.csv"
    arguments = ["classify", str(recording), "--output", str(output), "--figure", "XX.AAA"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "windows of 120 s at 1 of 1 stations" in result.output
    assert "no coordinates" in result.output
    rows = pd.read_csv(output)
    holds = pd.to_datetime(rows["start_time"]).between("2020-05-24T00:23:30Z", "2020-05-24T00:24:30Z")
    assert (rows["p_earthquake"][holds] > 0.5).all()
    assert rows["p_noise"][:15].min() > 0.5
    assert output.with_suffix(".npz").stat().st_size > 500
    assert output.with_suffix(".png").stat().st_size > 20_000
    unknown = RUNNER.invoke(app, [*arguments[:-1], "XX.NONE"])
    assert unknown.exit_code == 1
    assert "XX.NONE was not classified" in unknown.output


def test_weights_say_what_they_are() -> None:
    result = RUNNER.invoke(app, ["weights", "simulated"])
    assert result.exit_code == 0, result.output
    assert "not endorsed" in result.output
    wrong = RUNNER.invoke(app, ["weights", "nowhere.zip"])
    assert wrong.exit_code == 1
    assert "no weights nowhere.zip" in wrong.output


def test_datasets_are_made_scored_and_trained_on(tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="needs the extra dev or train (h5py)")
    folder = str(tmp_path / "set")
    made = RUNNER.invoke(
        app, ["dataset", "simulated", "--windows", "100", "--processes", "1", "--output", folder]
    )
    assert made.exit_code == 0, made.output
    score = RUNNER.invoke(
        app, ["evaluate-model", folder, "--split", "train", "--output", str(tmp_path / "score")]
    )
    assert score.exit_code == 0, score.output
    assert "balanced accuracy" in score.output
    assert (tmp_path / "score" / "model.png").stat().st_size > 20_000
    pytest.importorskip("torch", reason="needs the extra train (torch)")
    target = str(tmp_path / "mine.zip")
    refused = RUNNER.invoke(app, ["train", folder, "--learning-rate", "-1", "--output", target])
    assert refused.exit_code == 1
    assert "learning_rate" in refused.output
    arguments = [
        "train",
        folder,
        "--from",
        "simulated",
        "--epochs",
        "1",
        "--output",
        target,
        "--name",
        "mine",
    ]
    trained = RUNNER.invoke(app, arguments)
    assert trained.exit_code == 0, trained.output
    assert not list(tmp_path.glob("*.checkpoint")), "it is of no use once the weights are written"
    shown = RUNNER.invoke(app, ["weights", target])
    assert '"name": "mine"' in shown.output


def test_training_without_its_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins
    import sys

    real = builtins.__import__

    def without_torch(name: str, *rest: object, **more: object) -> object:
        if name.split(".", maxsplit=1)[0] == "torch":
            raise ImportError("No module named 'torch'", name="torch")
        return real(name, *rest, **more)  # type: ignore[arg-type]

    for name in [name for name in sys.modules if name.startswith("tremorflow.classifier.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_torch)
    result = RUNNER.invoke(app, ["train", str(tmp_path)])
    assert result.exit_code == 1
    assert "pip install 'tremorflow[train]'" in result.output
