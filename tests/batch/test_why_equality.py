"""What `tremorflow why` says of a run is what the run did: same groups, fates, hypocentres and rules."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from archives import SNET_CONFIG
from typer.testing import CliRunner

from tremorflow.batch.run import run_settings_file
from tremorflow.batch.why import explain_in_run, open_run, windows_that_hold
from tremorflow.catalog.formats import read_catalog
from tremorflow.cli import app
from tremorflow.errors import DataError, SettingsError
from tremorflow.explain import Asked, conclusion, steps, text_lines
from tremorflow.locate import window_starts

LARGE_ONLY = "small_groups = false"
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def folder(snet_run):
    """Run on half an hour of a simulated S-net of 30 stations, in which two tremors sound at once."""
    return snet_run


@pytest.fixture(scope="module")
def run(folder):
    return open_run(folder / "out")


def other_run(folder, name, more):
    """Run with other settings on the signals of the first one."""
    shutil.copytree(folder / "out" / "signals", folder / name / "signals")
    (folder / f"{name}.toml").write_text(SNET_CONFIG.format(more=more), encoding="utf-8")
    run_settings_file(folder / f"{name}.toml", folder / name)
    return open_run(folder / name)


def groups_of(explanation):
    return {group.group_id: group for one in explanation.groupings for group in one.groups}


def test_every_event_is_explained_as_accepted_at_its_hypocentre(folder, run):
    events = read_catalog(folder / "out" / "catalog.csv")
    assert len(events) == 3
    for _, event in events.iterrows():
        found = explain_in_run(run, event["event_id"]).explanation
        assert found.is_accepted
        assert found.event_ids == (event["event_id"],)
        (source,) = [
            source
            for story in found.locatings
            for source in story.sources
            if source.event_id == event["event_id"] and source.outcome.rule == "kept"
        ]
        for name in ("latitude", "longitude", "depth_km", "semi_major_km", "correlation", "duration_s"):
            assert source.row[name] == pytest.approx(event[name], abs=1e-9)
        for name in ("time", "n_pairs", "n_stations", "window_start", "settings_hash", "group_id"):
            assert source.row[name] == event[name]
        assert all(step.passed for step in steps(found))
        assert event["event_id"] in conclusion(found)


def test_an_event_found_in_a_part_of_a_window_is_explained_in_windows_of_the_run(run):
    """As one that an earthquake outshouts in the long window: its own is that of the classifier."""
    events = run.rules.events.copy()
    first = events["window_start"].iloc[0] + pd.Timedelta(60, "s")
    events.loc[events.index[0], ["window_start", "window_end"]] = first, first + pd.Timedelta(120, "s")
    changed = replace(run, rules=replace(run.rules, events=events))
    asked = Asked(events["time"].iloc[0].to_datetime64(), event_id=events["event_id"].iloc[0])
    windows = windows_that_hold(changed, asked)
    assert {one.start_time for one in windows} <= set(window_starts(*run.span, run.settings.location))
    own = first.to_datetime64(), (first + pd.Timedelta(120, "s")).to_datetime64()
    assert any(one.start_time <= own[0] and own[1] <= one.end_time for one in windows)


def test_every_detection_is_kept_or_says_what_it_is_a_duplicate_of(folder, run):
    detections = read_catalog(folder / "out" / "detections.csv")
    kept = set(read_catalog(folder / "out" / "catalog.csv")["event_id"])
    assert len(detections) > len(kept)
    outcomes = []
    for _, row in detections.iterrows():
        found = explain_in_run(run, str(row["time"])).explanation
        sources = [source for story in found.locatings for source in story.sources]
        (mine,) = [
            one
            for one in sources
            if one.row["window_start"] == row["window_start"]
            and one.row["latitude"] == pytest.approx(row["latitude"], abs=1e-9)
        ]
        outcomes.append(mine.outcome.rule)
        assert mine.event_id in kept
        assert mine.event_id in mine.outcome.text
    assert sorted(set(outcomes)) == ["duplicate", "kept"]
    assert outcomes.count("kept") == len(kept)


def test_every_group_has_the_fate_of_the_run(folder, run):
    table = pd.read_csv(folder / "out" / "groups.csv")
    assert len(table) >= 4
    for _, row in table.iterrows():
        group = groups_of(explain_in_run(run, row["group_id"]).explanation)[row["group_id"]]
        assert group.fate.rule == row["fate"]
        assert group.gain == pytest.approx(row["gain"], abs=0.006)
        assert ";".join(group.stations) == row["stations"]
        assert group.place == pytest.approx((row["latitude"], row["longitude"]), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "more", "rule", "setting"),
    [
        (
            "pairs",
            "min_pairs = 9999\n" + LARGE_ONLY,
            "too_few_correlated_pairs",
            "location.min_pairs asks for 9999",
        ),
        (
            "agree",
            "min_pairs = 40\n" + LARGE_ONLY,
            "no_agreement_of_stations",
            "location.min_pairs asks for 40",
        ),
    ],
)
def test_groups_that_were_not_located_have_the_rule_of_the_run(folder, name, more, rule, setting):
    run = other_run(folder, name, more)
    lost = pd.read_csv(folder / name / "not_located.csv")
    assert rule in set(lost["fate"])
    for _, row in lost.iterrows():
        found = explain_in_run(run, row["group_id"])
        assert groups_of(found.explanation)[row["group_id"]].fate.rule == row["fate"]
        if row["fate"] == rule and not found.explanation.is_accepted:
            assert found.explanation.verdict.rule == rule
            assert setting in conclusion(found.explanation)
            assert found.evidence.likelihood is None
            places = [one.best_place for one in found.explanation.locatings]
            assert any(places) == (rule == "no_agreement_of_stations")
            assert [one.passed for one in steps(found.explanation)].count(False) == 1


def test_a_small_group_says_how_it_was_placed_or_why_not(folder):
    """With more pairs asked for than there are, all groups are small ones."""
    run = other_run(folder, "placed", "min_pairs = 9999")
    events = read_catalog(folder / "placed" / "catalog.csv")
    assert len(events)
    assert events["flags"].str.contains("small_group").all()
    assert set(events["quality"]) == {"C"}
    told = explain_in_run(run, events["event_id"].iloc[0]).explanation
    assert told.is_accepted
    assert "placed by the probabilities of the stations" in "\n".join(text_lines(told))
    assert "never better than C" in "\n".join(text_lines(told))
    strict = other_run(folder, "unplaced", "min_pairs = 9999\nsmall_group_gain = 1e6")
    lost = pd.read_csv(folder / "unplaced" / "not_located.csv")
    assert len(read_catalog(folder / "unplaced" / "catalog.csv")) == 0
    row = lost[lost["fate"] == "too_few_correlated_pairs"].iloc[0]
    assert "location.small_group_gain asks for 1e+06" in conclusion(
        explain_in_run(strict, row["group_id"]).explanation
    )


def test_too_small_groups_are_no_groups_in_both(folder):
    run = other_run(folder, "members", "[association]\nmin_stations = 29")
    assert len(pd.read_csv(folder / "members" / "groups.csv")) == 0
    found = explain_in_run(run, "2020-01-01T00:12:45Z").explanation
    assert (found.verdict.rule, found.event_ids) == ("too_few_members", ())
    assert "association.min_stations asks for 29" in conclusion(found)


def test_a_quiet_time_is_stopped_by_what_its_stations_say(run):
    found = explain_in_run(run, "2020-01-01T00:18:00Z").explanation
    assert found.verdict.rule == "no_sure_station"
    holding = [one for one in found.groupings if one.holds(found.asked.time)]
    assert len(holding) == 2
    highest = max(one.p_tremor for one in found.stations)
    assert highest < 0.5
    assert f"{highest:.2f}" in text_lines(found)[-1]
    assert "no_sure_station" in text_lines(found)[-1]
    assert all(story.verdict.rule == "no_group" for story in found.locatings)


def test_a_time_that_the_classifier_could_not_judge_says_so(run):
    found = explain_in_run(run, "2020-01-01T00:00:10Z").explanation
    assert found.verdict.rule in {"no_classified_window", "no_sure_station"}
    late = explain_in_run(run, "2020-01-01T00:29:59Z")
    assert not late.explanation.is_accepted


def test_a_place_chooses_between_tremors_at_one_time(folder, run):
    events = read_catalog(folder / "out" / "catalog.csv").sort_values("time")
    first, second = events.iloc[0], events.iloc[1]
    for event in (first, second):
        near = f"{event['latitude']:.3f},{event['longitude']:.3f}"
        found = explain_in_run(run, "2020-01-01T00:12:46Z", near).explanation
        assert found.event_ids == (event["event_id"],)
    both = explain_in_run(run, "2020-01-01T00:12:46Z").explanation
    assert set(both.event_ids) == {first["event_id"], second["event_id"]}
    far = explain_in_run(run, "2020-01-01T00:12:46Z", "39.2,142.2").explanation
    assert far.verdict.rule == "no_group_near"


def test_the_command_writes_a_page_and_a_picture_and_tells_the_same(folder, tmp_path):
    event_id = read_catalog(folder / "out" / "catalog.csv")["event_id"].iloc[0]
    page, picture = tmp_path / "why.html", tmp_path / "why.png"
    result = RUNNER.invoke(app, ["why", event_id, "--run", str(folder / "out"), "--output", str(page)])
    assert result.exit_code == 0, result.output
    assert result.output.strip().splitlines()[-1].startswith("Accepted: ")
    text = page.read_text(encoding="utf-8")
    assert text.count('<img src="data:image/png;base64,') == text.count("<img") == 5
    assert event_id in text
    assert "http" not in text.split("base64,")[0] + text.rsplit("</figure>", 1)[-1]
    quiet = ["why", "2020-01-01T00:18:00Z", "--run", str(folder / "out"), "--output", str(picture)]
    result = RUNNER.invoke(app, quiet)
    assert result.exit_code == 0, result.output
    assert "no_sure_station" in result.output.strip().splitlines()[-1]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_names_that_are_not_there_suggest_the_nearest(run):
    with pytest.raises(DataError, match="nearest events are 20200101T002226-1"):
        explain_in_run(run, "20200101T002227-1")
    with pytest.raises(DataError, match="nearest events are"):
        explain_in_run(run, "99999999T999999-1")
    with pytest.raises(DataError, match="neither an event or a group"):
        explain_in_run(run, "yesterday evening")


@pytest.mark.parametrize("time", ["2020-01-01T00:30:00Z", "2019-12-31T23:59:59Z"])
def test_times_outside_of_the_run_say_what_it_spans(run, time):
    with pytest.raises(DataError, match=r"is from 2020-01-01T00:00:00Z to 2020-01-01T00:30:00Z"):
        explain_in_run(run, time)


@pytest.mark.parametrize("near", ["Tokyo", "39.2", "39.2,142,3", "142.3,39.2", "nan,142"])
def test_places_that_are_none_are_refused(run, near):
    with pytest.raises(SettingsError, match="--near"):
        explain_in_run(run, "2020-01-01T00:12:46Z", near)


def damaged(folder, tmp_path, name, change):
    """Copy of the run without its signals, in which one file is changed; None deletes it."""
    copy = tmp_path / "copy"
    shutil.copytree(folder / "out", copy, ignore=shutil.ignore_patterns("signals"))
    shutil.copytree(folder / "out" / "signals", copy / "signals")
    path = copy / name
    text = change(path.read_text(encoding="utf-8"))
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return copy


def with_about(**changes):
    return lambda text: json.dumps({**json.loads(text), **changes})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("run.json", lambda text: None, "not the folder of a finished run: it has no run.json"),
        ("settings.toml", lambda text: None, "it has no settings.toml"),
        ("run.json", lambda text: text[:40], "is damaged; run again"),
        ("run.json", with_about(method="conventional"), "run the full chain: tremorflow run"),
        ("run.json", lambda text: text.replace('"span"', '"spam"'), "older version"),
        ("groups.csv", lambda text: None, "older version"),
        ("settings.toml", lambda text: text.replace("min_pairs = 6 ", "min_pairs = 7 "), "settings_hash"),
    ],
)
def test_folders_that_cannot_be_asked_say_what_to_do(folder, tmp_path, name, change, message):
    with pytest.raises(DataError, match=message):
        open_run(damaged(folder, tmp_path, name, change))


def test_no_folder_and_no_signals(folder, tmp_path):
    with pytest.raises(DataError, match="not the folder of a finished run"):
        open_run(tmp_path / "nowhere")
    copy = damaged(folder, tmp_path, "skips.csv", lambda text: text)
    shutil.rmtree(copy / "signals")
    with pytest.raises(DataError, match=r"signals .*run again"):
        open_run(copy)


def test_the_command_refuses_other_outputs_before_it_works(folder, tmp_path):
    arguments = ["why", "2020-01-01T00:18:00Z", "--run", str(folder / "out")]
    result = RUNNER.invoke(app, [*arguments, "--output", str(tmp_path / "why.pdf")])
    assert result.exit_code == 1
    assert "must end with .html" in result.output
    result = RUNNER.invoke(app, [*arguments, "--output", str(tmp_path / "no" / "why.html")])
    assert result.exit_code == 1
    assert "cannot write" in result.output


def test_explaining_twice_gives_the_same(run):
    first, second = (explain_in_run(run, "20200101T001245-1").explanation for _ in range(2))
    assert text_lines(first) == text_lines(second)
    assert np.isfinite([one.distance_km for one in first.stations]).all()
