"""A run and `tremorflow chance-rate` say what chance gives, under that name, from signals that are kept."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chance_cases import (
    BURSTS_S,
    LOCATION,
    START,
    StoredSignals,
    associate,
    association_settings,
    bumps,
    five_bursts,
    independent,
    locating,
    probabilities_of,
    square_network,
)
from typer.testing import CliRunner

from tremorflow.batch.checks import CHANCE_FILE, chance_tree, estimate_chance, span_text
from tremorflow.batch.outputs import Labels
from tremorflow.batch.run import run_full_chain, summary_lines
from tremorflow.catalog.formats import read_catalog
from tremorflow.cli import app
from tremorflow.errors import SettingsError
from tremorflow.settings import Settings

SETTINGS = Settings(location=LOCATION, association=association_settings())
LABELS = Labels("Five bursts", "Simulated envelopes and probabilities.")


@pytest.fixture(scope="module")
def signals():
    """Five bursts, and between them false alarms of single stations, all simulated."""
    probabilities, envelopes = five_bursts()
    alarms = independent(probabilities.network, 720, 0.02, seed=11)
    p_tremor = np.maximum(probabilities.p_tremor, alarms)
    return StoredSignals(probabilities_of(probabilities.network, p_tremor), envelopes)


@pytest.fixture(scope="module")
def folder(signals, tmp_path_factory):
    """Folder of a run, with earthquakes of which one is at the time and place of the first burst."""
    output = tmp_path_factory.mktemp("run")
    origins = [START + np.timedelta64(int(s), "s") for s in (BURSTS_S[0] + 20, BURSTS_S[1] + 600)]
    earthquakes = pd.DataFrame({"time": origins, "latitude": 38.0, "longitude": 142.1, "depth_km": 20.0})
    result = run_full_chain(SETTINGS, signals, output, LABELS, earthquakes=earthquakes)
    (output / "summary.txt").write_text("\n".join(summary_lines(result)), encoding="utf-8")
    return output


@pytest.fixture
def settings_file(signals, tmp_path, monkeypatch):
    """Settings of the run, the signals of which are those above."""
    monkeypatch.setattr("tremorflow.batch.chance_rate.open_signals", lambda *_: signals)
    monkeypatch.setattr("tremorflow.batch.chance_rate.read_settings", lambda _: SETTINGS)
    return str(tmp_path / "config.toml")


def test_a_run_counts_events_near_earthquakes_and_flags_them(folder):
    tree = json.loads((folder / "run.json").read_text(encoding="utf-8"))["near_earthquakes"]
    events = read_catalog(folder / "catalog.csv")
    flagged = events[events["flags"].fillna("").str.contains("near_earthquake")]
    assert tree["count"] == len(flagged) >= 1
    assert tree["of"] == len(events)
    assert tree["event_ids"] == list(flagged["event_id"])
    late = (flagged["time"] - pd.Timestamp(START)).dt.total_seconds() - BURSTS_S[0]
    assert late.between(0, 120).all()
    assert f"{len(flagged)} of {len(events)} events within 60 s" in (folder / "summary.txt").read_text()


def test_a_run_shows_the_chance_rate_under_its_name(folder):
    tree = json.loads((folder / "run.json").read_text(encoding="utf-8"))["chance_rate"]
    assert tree["repeats"] == 1
    assert tree["low"] <= tree["per_day"] <= tree["high"]
    assert "lower bound" in tree["meaning"]
    texts = [(folder / name).read_text(encoding="utf-8") for name in ("summary.txt", "report.html")]
    assert "chance   rate" in texts[0]
    assert "chance rate, events per day" in texts[1]
    for text in texts:
        assert "false-alarm rate" not in text
        assert "lower bound" in text


def test_the_command_writes_what_the_next_run_shows(folder, signals, settings_file):
    arguments = ["chance-rate", settings_file, "--output", str(folder), "--repeats", "3", "--target", "0"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "stations" in result.output
    assert "a lower bound of the false event rate" in result.output
    assert "more --repeats" in result.output
    tree = json.loads((folder / CHANCE_FILE).read_text(encoding="utf-8"))
    measures = {one["measure"]: one for one in tree["thresholds"]}
    assert set(measures) == {"n_pairs", "n_stations", "correlation", "gain", "quality"}
    assert all(one["rate"]["count"] == 0 for one in measures.values())
    assert all(one["kept"]["of"] == len(read_catalog(folder / "catalog.csv")) for one in measures.values())
    assert tree["chance_rate"]["repeats"] == 3
    again = run_full_chain(SETTINGS, signals, folder, LABELS)
    assert again.checks.chance is not None
    assert again.checks.chance.repeats == 3
    assert again.checks.chance.days == pytest.approx(tree["chance_rate"]["days"])
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["chance_rate"]["repeats"] == 3


def test_a_rate_of_other_settings_or_span_or_a_damaged_one_is_not_shown(signals, tmp_path):
    places = locating(signals.network, None)
    found = associate(signals.probabilities())
    first = estimate_chance(tmp_path, signals, found, places, "abc")
    assert first.chance is not None
    kept = {
        "settings_hash": "abc",
        "span": span_text(signals.span),
        "chance_rate": chance_tree(replace(first.chance, repeats=99)),
    }
    for change, repeats in (({}, 99), ({"settings_hash": "other"}, 1), ({"span": ["then", "now"]}, 1)):
        (tmp_path / CHANCE_FILE).write_text(json.dumps(kept | change), encoding="utf-8")
        again = estimate_chance(tmp_path, signals, found, places, "abc").chance
        assert again == replace(first.chance, repeats=repeats)
    (tmp_path / CHANCE_FILE).write_text("{", encoding="utf-8")
    damaged = estimate_chance(tmp_path, signals, found, places, "abc")
    assert damaged.chance is None
    assert "delete it" in damaged.chance_note


def test_a_span_too_short_is_said_and_stops_no_run(signals, tmp_path):
    short = StoredSignals(
        probabilities_of(signals.network, signals.probabilities().p_tremor[:, :100]),
        signals.envelopes.window(START, 6060.0),
    )
    result = run_full_chain(SETTINGS, short, tmp_path, LABELS)
    assert "chance   rate not measured" in "\n".join(summary_lines(result))
    tree = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["chance_rate"]
    assert tree["per_day"] is None
    assert "give a longer span" in tree["note"]


def test_a_target_below_zero_is_refused(settings_file, tmp_path):
    from tremorflow.batch.chance_rate import measure_from_files

    with pytest.raises(SettingsError, match="0 or more"):
        measure_from_files(settings_file, tmp_path, target_per_day=-1.0)
    missing = CliRunner().invoke(app, ["run", "nowhere.toml", "--earthquakes", "nowhere.csv"])
    assert missing.exit_code == 1
    assert "nowhere.toml cannot be read" in missing.output


def test_thresholds_of_a_noisy_network_bring_its_rate_down(tmp_path, monkeypatch):
    """Two days of nine stations with bursts of their own, simulated; half of the chance events must go."""
    network = square_network(3)
    p_tremor = independent(network, 2880, 0.1, seed=6)
    noisy = StoredSignals(probabilities_of(network, p_tremor), bumps(network, p_tremor, seed=3))
    loose = replace(SETTINGS, location=replace(LOCATION, min_stations=4, max_sources=1))
    monkeypatch.setattr("tremorflow.batch.chance_rate.open_signals", lambda *_: noisy)
    monkeypatch.setattr("tremorflow.batch.chance_rate.read_settings", lambda _: loose)
    from tremorflow.batch.chance_rate import measure_from_files
    from tremorflow.batch.chance_rate import summary_lines as lines_of
    from tremorflow.chance import ChanceSettings

    found = measure_from_files("config.toml", tmp_path, ChanceSettings(repeats=2), 1.0)
    assert found.rate.per_day > 1.0
    assert found.catalogue_events is None  # nothing was run into this folder
    for one in found.thresholds:
        assert one.rate.value <= 1.0
        assert one.above is not None
    assert "location.min_pairs" in "\n".join(lines_of(found))
