"""The chance rate of a user's own recordings: settings file and folder of a run -> a file of each method."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tremorflow import __version__
from tremorflow.analysis import CONVENTIONAL, DIET_GRASP, Association, Method, associate_windows
from tremorflow.batch.checks import (
    CHANCE_FILES,
    chance_tree,
    json_ready,
    rate_words,
    span_text,
    what_locates,
)
from tremorflow.batch.hearing import hearing_of
from tremorflow.batch.outputs import check_folder
from tremorflow.batch.recorded_signals import open_signals
from tremorflow.batch.run import Bars, prepare_grid
from tremorflow.catalog.files import write_text
from tremorflow.catalog.formats import read_catalog
from tremorflow.chance import (
    ChanceRate,
    ChanceSettings,
    Threshold,
    choose_thresholds,
    measure_chance_rate,
    measure_conventional_chance,
    with_gains,
)
from tremorflow.errors import SettingsError
from tremorflow.settings import read_settings

LETTERS = {0.0: "B", 1.0: "A"}  # the worst quality above a threshold


@dataclass(frozen=True, slots=True)
class ChanceFound:
    """Chance rate, thresholds for the target that was asked for, and what they are of.

    ``catalogue_events`` counts the events of the run's catalogue, None if there is none; of the conventional
    method those that it finds in the recordings as they are, gaps of the whole network taken out.
    """

    rate: ChanceRate
    thresholds: tuple[Threshold, ...]
    target_per_day: float | None
    catalogue_events: int | None
    settings_hash: str
    output: Path
    method: Method = DIET_GRASP


def measure_from_files(
    config: str | Path,
    output: str | Path,
    settings: ChanceSettings | None = None,
    target_per_day: float | None = None,
    processes: int = 1,
    bars: Bars | None = None,
    method: Method = DIET_GRASP,
) -> ChanceFound:
    """Chance rate of the recordings that a settings file names; it is written into the folder.

    Parameters
    ----------
    config
        Settings file (TOML), that of the run.
    output
        Folder of the run: its signals are used, and made if they are missing.
    settings
        Repetitions, seed, shifts.
    target_per_day
        Chance rate that is wanted: thresholds that give it are listed.
    processes
        That read and classify, if signals are missing.
    bars
        Progress; that of the windows counts repetitions, and the unshifted pass of the conventional method.
    method
        Whose chance rate: that of the full chain, or of the conventional method.

    Raises
    ------
    TremorflowError
        Settings, archive or folder that do not serve, or a span too short; the message says what to do.
    """
    chosen, folder, bars = read_settings(config), Path(output), bars or Bars()
    if target_per_day is not None and not (np.isfinite(target_per_day) and target_per_day >= 0):
        raise SettingsError(f"target = {target_per_day} events per day; give a number of 0 or more")
    check_folder(folder)
    source = open_signals(chosen, folder / "signals", bars.files)
    source.make(processes, bars.hours)
    # the classifier plays no part in the conventional method, nor its weights in the hash of its runs
    inputs = source.recordings if method == CONVENTIONAL else source
    grid, settings_hash = prepare_grid(chosen, inputs)
    locating = what_locates(source, grid, chosen)
    catalogue: pd.DataFrame | None
    if method == CONVENTIONAL:
        recorded = source.probabilities()
        measured, catalogue = measure_conventional_chance(recorded, locating, settings, bars.windows)
    else:
        hearing = hearing_of(source, chosen)
        association = associate_windows(source.probabilities(), chosen.association, hearing)
        measured = measure_chance_rate(association, locating, settings, bars.windows)
        catalogue = _catalogue(folder, settings_hash, association)
    thresholds: list[Threshold] = []
    if target_per_day is not None:
        own = measured.events.iloc[:0] if catalogue is None else catalogue
        thresholds = choose_thresholds(measured.events, measured.rate.days, target_per_day, own)
    count = None if catalogue is None else len(catalogue)
    found = ChanceFound(
        measured.rate, tuple(thresholds), target_per_day, count, settings_hash, folder, method
    )
    _write(found, source.span)
    return found


def summary_lines(found: ChanceFound) -> list[str]:
    """Say what was measured, of what, and which thresholds would give the target."""
    rate = found.rate
    within = "all stations" if np.isinf(rate.apart_km) else f"stations within {rate.apart_km:g} km"
    grades = ", ".join(f"{one.value:.3g} {grade}" for grade, one in rate.by_quality.items())
    groups = "" if rate.groups is None else f"; groups of stations: {rate.groups.value:.3g}"
    lines = [
        f"method   {found.method}",
        f"shifted  {rate.repeats} x, {within} by {rate.least_shift_s / 3600:.3g} h or more against others",
        f"left out {100 * rate.left_out_share:.3g} % of station-time, in which tremor was found",
        f"chance   {rate_words(rate)}",
        f"         per day by quality: {grades}{groups}",
        "         a lower bound of the false event rate: what is coherent and no tremor is not in it",
    ]
    if found.target_per_day is not None:
        lines.append(f"target   {found.target_per_day:g} per day; each of these alone gives it:")
        lines += [f"         {threshold_words(one, found.catalogue_events)}" for one in found.thresholds]
        if found.target_per_day * rate.days < 1:
            lines.append(
                f"         {rate.days:.3g} days cannot show so low a rate: more --repeats, or a longer span"
            )
    lines.append(f"written  {found.output / CHANCE_FILES[found.method]}")
    return lines


def threshold_words(threshold: Threshold, catalogue_events: int | None) -> str:
    """One threshold, its rate and what it costs, in words."""
    above, measure = threshold.above, threshold.measure
    if above is None:
        asked = f"{measure}: as it is"
    elif measure == "quality":
        asked = f"quality: {LETTERS[above]} or better" if above in LETTERS else "quality: none is good enough"
    elif measure in ("n_pairs", "n_stations"):
        asked = f"{measure} of {int(above) + 1} or more" if np.isfinite(above) else f"{measure}: any"
    else:
        asked = f"{measure} above {above:.4g}"
    words = f"{asked} -> {threshold.rate.value:.3g} per day (up to {threshold.rate.high:.2g})"
    if catalogue_events is not None:
        words += f", keeps {threshold.kept.hits} of {threshold.kept.of} events"
    return words + (f"; {threshold.setting}" if threshold.setting and above is not None else "")


def _catalogue(folder: Path, settings_hash: str, association: Association) -> pd.DataFrame | None:
    """Catalogue of the run in the folder with ``gain``, if it is of the full chain with these settings."""
    path = folder / "catalog.csv"
    if not path.is_file():
        return None
    events = read_catalog(path)
    if not len(events) or "group_id" not in events or (events["settings_hash"] != settings_hash).any():
        return None
    return with_gains(events, association)


def _write(found: ChanceFound, span: tuple[np.datetime64, np.datetime64]) -> None:
    tree: dict[str, Any] = {
        "version": __version__,
        "settings_hash": found.settings_hash,
        "span": span_text(span),
        "chance_rate": chance_tree(found.rate),
        "target_per_day": found.target_per_day,
        "thresholds": [json_ready(asdict(one)) for one in found.thresholds],
    }
    path = found.output / CHANCE_FILES[found.method]
    write_text(path, json.dumps(tree, indent=1, ensure_ascii=False) + "\n")
