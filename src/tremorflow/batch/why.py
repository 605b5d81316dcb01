"""The folder of a run and a question -> an explanation, with the evidence, as text and as a page."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.analysis import DIET_GRASP, Association, associate_windows
from tremorflow.associate.doubts import REACH_WINDOWS
from tremorflow.batch.hearing import read_hearing
from tremorflow.batch.recorded_signals import RecordedSignals, open_signals
from tremorflow.batch.run import blocks_of, prepare_grid
from tremorflow.batch.signals import SignalFolder
from tremorflow.catalog.formats import read_catalog
from tremorflow.errors import DataError, SettingsError
from tremorflow.explain import Asked, Evidence, Explanation, Rules, explain_time, gather_evidence
from tremorflow.figures.style import write_png
from tremorflow.figures.why import draw_why, render_why
from tremorflow.locate import SearchGrid, window_starts
from tremorflow.records import Envelopes, Probabilities, iso, timedelta, utc
from tremorflow.settings import Settings, read_settings

ID = re.compile(r"\d{8}T\d{6}-\d+")  # of events and of groups
SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run of the full chain that is over, opened to be asked about."""

    folder: Path
    settings: Settings
    signals: RecordedSignals
    span: tuple[np.datetime64, np.datetime64]
    grid: SearchGrid
    rules: Rules
    groups: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Answer:
    """An explanation, and all that its pictures need."""

    explanation: Explanation
    evidence: Evidence | None
    association: Association


def open_run(folder: str | Path) -> FinishedRun:
    """Run of the full chain that was written into a folder.

    Raises
    ------
    DataError
        The folder is not that of a run, or of one of the conventional method; or recordings, stations,
        weights, velocity model or version are no longer those of the run.
    """
    folder = Path(folder)
    about = _read_about(folder)
    settings = read_settings(folder / "settings.toml")
    signals = open_signals(settings, folder / "signals")
    grid, settings_hash = prepare_grid(settings, signals)
    again = f"run again: tremorflow run {folder / 'settings.toml'} --output {folder}"
    if settings_hash != about["settings_hash"]:
        raise DataError(
            f"{folder} was made with other settings, stations, weights, velocity model or version of "
            f"tremorflow than there are now (settings_hash {about['settings_hash']}, now {settings_hash}); "
            f"{again}"
        )
    if not signals.folder.path.is_dir():
        raise DataError(f"{folder / 'signals'} no longer has the signals of the run; {again}")
    span = utc(about["span"][0]), utc(about["span"][1])
    rules = Rules(settings.location, settings.catalog, settings_hash, read_catalog(folder / "catalog.csv"))
    return FinishedRun(folder, settings, signals, span, grid, rules, pd.read_csv(folder / "groups.csv"))


def _read_about(folder: Path) -> dict[str, Any]:
    """Read ``run.json`` of a run of the full chain."""
    needed = ("run.json", "settings.toml", "catalog.csv")
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} is not the folder of a finished run: it has no {', '.join(missing)}; give the folder "
            "that `tremorflow run --output` names"
        )
    try:
        about: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        method = about["method"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / 'run.json'} is damaged; run again into {folder}") from error
    again = f"tremorflow run {folder / 'settings.toml'} --output {folder}"
    if method != DIET_GRASP:
        raise DataError(
            f"{folder} holds a run of method {method!r}, which has no groups to explain; run the full "
            f"chain: {again}"
        )
    if "span" not in about or not (folder / "groups.csv").is_file():
        raise DataError(f"{folder} was made by an older version; run again, signals are kept: {again}")
    return about


def explain_in_run(run: FinishedRun, question: str, near: str = "") -> Answer:
    """Answer to why there is, or is not, a detection.

    Parameters
    ----------
    run
        From ``open_run``.
    question
        Event or group of the run by its name, or a time (UTC).
    near
        "LAT,LON", for a time.

    Raises
    ------
    DataError
        No such event, no such time, or one outside of the run.
    """
    asked = _asked(run, question, near)
    if not run.span[0] <= asked.time < run.span[1]:
        raise DataError(
            f"{iso(asked.time)} is outside of the run in {run.folder}, which is from {iso(run.span[0])} "
            f"to {iso(run.span[1])}"
        )
    windows = windows_that_hold(run, asked)
    heard = _probabilities(run, asked.time, windows)
    hearing = read_hearing(run.folder, run.signals.network)
    association = associate_windows(heard, run.settings.association, hearing)
    explanation = explain_time(asked, windows, association, run.grid, run.rules)
    evidence = gather_evidence(explanation, windows, run.grid, run.rules)
    return Answer(explanation, evidence, association)


def check_output(output: Path | None) -> None:
    """Refuse a file of another kind than page and picture; ``DataError`` says which there are."""
    if output is not None and output.suffix not in {".html", ".png"}:
        raise DataError(f"{output} must end with .html, for a page, or .png, for a picture")


def write_answer(answer: Answer, output: Path) -> None:
    """Write the answer as one page (.html) or picture (.png).

    Raises
    ------
    DataError
        Another suffix, or a file that cannot be written.
    """
    check_output(output)
    parts = (answer.explanation, answer.evidence, answer.association)
    if output.suffix == ".png":
        write_png(output, draw_why(*parts))
        return
    try:
        output.write_text(render_why(*parts), encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write {output} ({error.strerror}); name a folder you may write") from error


def _asked(run: FinishedRun, question: str, near: str) -> Asked:
    """Find the time and place of a question."""
    place = _place(near) if near else None
    events, groups = run.rules.events, run.groups
    event = events[events["event_id"] == question]
    if len(event):
        row = event.iloc[0]
        where = (float(row["latitude"]), float(row["longitude"]))
        return Asked(row["time"].to_datetime64(), where, event_id=question)
    group = groups[groups["group_id"] == question]
    if len(group):
        row = group.iloc[0]
        start, end = utc(row["start_time"]), utc(row["end_time"])
        where = (float(row["latitude"]), float(row["longitude"]))
        return Asked(start + (end - start) / 2, where, group_id=question)
    if ID.fullmatch(question):
        raise DataError(f"{run.folder} has no event or group {question}; {_suggestion(run, question)}")
    try:
        return Asked(utc(question), place)
    except DataError as error:
        raise DataError(
            f"{question!r} is neither an event or a group of {run.folder} nor a time; write a time like "
            f"2020-05-24T02:00:00Z, or take an event: {_suggestion(run, '')}"
        ) from error


def _suggestion(run: FinishedRun, question: str) -> str:
    """Name the events nearest in time to a name, or the first ones."""
    events = run.rules.events
    if not len(events):
        return "the run found no event; ask with a time"
    if question:
        time = pd.Timestamp(question[:15]) if _is_time(question[:15]) else events["time"].iloc[0]
        events = events.iloc[(events["time"] - time).abs().argsort(kind="stable")[:SUGGESTED]]
        return f"the nearest events are {', '.join(events['event_id'])}"
    return ", ".join(events["event_id"].head(SUGGESTED))


def _is_time(text: str) -> bool:
    try:
        utc(text)
    except DataError:
        return False
    return True


def _place(text: str) -> tuple[float, float]:
    """Latitude and longitude from "LAT,LON"."""
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"--near {text!r} is not a place; write it like --near 39.2,143.4") from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 360):
        raise SettingsError(f"--near {text!r}: latitude first, within 90 deg, then longitude")
    return latitude, longitude


def windows_that_hold(run: FinishedRun, asked: Asked) -> list[Envelopes]:
    """Windows of the location that hold a time, and those that hold an event's own, as the run cut them."""
    location, length = run.settings.location, timedelta(run.settings.location.window_s)
    starts = window_starts(*run.span, location)
    wanted = {start for start in starts if start <= asked.time < start + length}
    if asked.event_id:
        row = run.rules.events[run.rules.events["event_id"] == asked.event_id].iloc[0]
        first, last = row["window_start"].to_datetime64(), row["window_end"].to_datetime64()
        wanted |= {start for start in starts if start <= first and last <= start + length}  # or a part of one
    windows = []
    for begin, end, _ in blocks_of(*run.span, run.settings) if wanted else ():
        mine = [start for start in sorted(wanted) if begin <= start <= end - length]
        if mine and run.signals.has_recordings(begin, end):
            envelopes = run.signals.read(begin, end)
            windows += [envelopes.window(start, location.window_s) for start in mine]
    return windows


def _probabilities(run: FinishedRun, time: np.datetime64, windows: list[Envelopes]) -> Probabilities:
    """Probabilities of the hours around some windows."""
    begin = min([time, *(one.start_time for one in windows)])
    end = max([time, *(one.end_time for one in windows)])
    stored = run.signals.folder
    hour = timedelta(3600.0)
    near = SignalFolder(stored.path, (begin - 2 * hour, end + 2 * hour), run.signals.network)
    found = near.probabilities()
    near_by, number = found.windows_touching(begin, end), np.arange(len(found.start_times))
    reach = (number >= near_by.start - REACH_WINDOWS) & (number < near_by.stop + REACH_WINDOWS)
    return _cut(found, reach & (found.start_times + timedelta(found.window_s) <= run.span[1]))


def _cut(found: Probabilities, kept: NDArray[np.bool_]) -> Probabilities:
    """Cut some windows out of probabilities."""
    return replace(
        found,
        values=found.values[:, :, kept],
        completeness=found.completeness[:, kept],
        start_times=found.start_times[kept],
    )
