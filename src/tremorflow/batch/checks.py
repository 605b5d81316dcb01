"""What a run says about its own catalogue: chance rate, and events near predicted arrivals of earthquakes.

Each is shown under its own name. Neither is the false event rate, which only data without tremor can tell.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tremorflow.analysis import CONVENTIONAL, DIET_GRASP, Association
from tremorflow.batch.recordings import EnvelopeSource
from tremorflow.catalog.evaluate_scores import Rate
from tremorflow.catalog.near_earthquakes import FloatArray, NearEarthquakes, find_near_earthquakes
from tremorflow.chance import ChanceRate, ChanceSettings, Locating, measure_chance_rate
from tremorflow.errors import CatalogError, DataError
from tremorflow.locate import SearchGrid
from tremorflow.records import Envelopes, iso
from tremorflow.settings import Settings, VelocitySettings
from tremorflow.traveltime import compute_travel_times, read_velocity_model

CHANCE_FILE = "chance_rate.json"
CHANCE_FILES = {DIET_GRASP: CHANCE_FILE, CONVENTIONAL: "chance_rate_conventional.json"}
MEANING = (
    "events per day after shifting the stations in time against each other; a lower bound of the false event "
    "rate, for what is coherent and no tremor vanishes in it"
)
DEPTH_STEP_KM = 5.0  # of earthquakes in the table of travel times: 1 s, of a gate of 60 s
SPARE_KM = 10.0  # of distance, beyond the gate


@dataclass(frozen=True, slots=True)
class Checks:
    """Chance rate, or why there is none, and events near arrivals, None if no earthquakes were given."""

    chance: ChanceRate | None = None
    chance_note: str = ""
    near: NearEarthquakes | None = None


def estimate_chance(
    folder: Path, source: EnvelopeSource, association: Association, locating: Locating, settings_hash: str
) -> Checks:
    """Chance rate that is kept in a folder, if it is of these settings and span; else of one repetition."""
    try:
        kept = read_chance_rate(folder / CHANCE_FILE, settings_hash, source.span)
        if kept is not None:
            return Checks(kept, f"of {CHANCE_FILE}")
        found = measure_chance_rate(association, locating, ChanceSettings()).rate
    except (DataError, CatalogError) as error:  # the run is worth more than this number
        return Checks(None, str(error))
    return Checks(found, "one repetition; `tremorflow chance-rate` measures more")


def kept_conventional_chance(
    folder: Path, source: EnvelopeSource, settings: Settings, settings_hash: str
) -> Checks:
    """Chance rate of the conventional method, if it is kept in a folder and of these settings and span.

    It is not measured in passing: every repetition locates as many windows as the run itself.
    """
    name = CHANCE_FILES[CONVENTIONAL]
    try:
        kept = read_chance_rate(folder / name, settings_hash, source.span)
    except CatalogError as error:
        return Checks(None, str(error))
    if kept is not None:
        return Checks(kept, f"of {name}")
    command = "`tremorflow chance-rate --method conventional` into this folder"
    return Checks(None, f"{command} does, then run again" if settings.archive.path else "")


def what_locates(source: EnvelopeSource, grid: SearchGrid, settings: Settings) -> Locating:
    """Gather what locates shifted groups as the run does."""

    def read(begin: np.datetime64, end: np.datetime64) -> Envelopes | None:
        return source.read(begin, end) if source.has_recordings(begin, end) else None

    return Locating(read, grid, settings.location, settings.catalog)


def count_near_arrivals(
    events: pd.DataFrame, earthquakes: pd.DataFrame, velocity: VelocitySettings
) -> NearEarthquakes:
    """Events near arrivals that the velocity model of the run predicts."""
    model = read_velocity_model(velocity.model)
    deepest_km = float(np.nanmax(earthquakes["depth_km"].to_numpy(), initial=0.0))
    depths = np.arange(0.0, deepest_km + 2 * DEPTH_STEP_KM, DEPTH_STEP_KM)
    reach_km = 100.0 + SPARE_KM
    tables = {phase: compute_travel_times(model, depths, reach_km, phase=phase) for phase in ("P", "S")}

    def travel_time_s(distance_km: FloatArray, depth_km: FloatArray, phase: str) -> FloatArray:
        return tables[phase].times(distance_km, depth_km)

    return find_near_earthquakes(events, earthquakes, travel_time_s)


def read_chance_rate(
    path: Path, settings_hash: str, span: tuple[np.datetime64, np.datetime64]
) -> ChanceRate | None:
    """Chance rate of a file, if there is one and it is of these settings and span.

    Raises
    ------
    CatalogError
        The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree["settings_hash"] != settings_hash or tree["span"] != span_text(span):
            return None
        values = {name: tree["chance_rate"][name] for name in ChanceRate.__slots__}
        values["by_quality"] = {grade: _rate(one) for grade, one in values["by_quality"].items()}
        values["groups"] = None if values["groups"] is None else _rate(values["groups"])
        for name, missing in (("least_shift_s", np.nan), ("apart_km", np.inf)):
            values[name] = missing if values[name] is None else values[name]
        return ChanceRate(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"{path} is no chance rate ({error!r}); delete it, or measure again") from error


def span_text(span: tuple[np.datetime64, np.datetime64]) -> list[str]:
    """Start and end in words."""
    return [iso(time) for time in span]


def chance_tree(rate: ChanceRate) -> dict[str, Any]:
    """Chance rate as plain types, with what it means; infinite and unknown numbers are None."""
    return {"meaning": MEANING, **json_ready(asdict(rate))}


def json_ready(value: Any) -> Any:
    """Plain types in which numbers that JSON lacks are None."""
    if isinstance(value, dict):
        return {key: json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def checks_tree(checks: Checks) -> dict[str, Any]:
    """Put the checks into plain types, for ``run.json``."""
    tree: dict[str, Any] = {}
    if checks.chance is not None:
        tree["chance_rate"] = chance_tree(checks.chance) | {"note": checks.chance_note}
    elif checks.chance_note:
        tree["chance_rate"] = {"meaning": MEANING, "note": checks.chance_note, "per_day": None}
    if checks.near is not None:
        tree["near_earthquakes"] = asdict(checks.near)
    return tree


def check_lines(checks: Checks) -> list[str]:
    """Say in a line each what the checks found."""
    lines = []
    if checks.chance is not None:
        lines.append(f"chance   {rate_words(checks.chance)}")
        lines.append(f"         a lower bound of the false event rate ({checks.chance_note})")
    elif checks.chance_note:
        lines.append(f"chance   rate not measured: {checks.chance_note}")
    if checks.near is not None:
        near = checks.near
        lines.append(
            f"near     {near.count} of {near.of} events within {near.gate_s:g} s and {near.distance_km:g} km "
            f"of arrivals of earthquakes; {near.by_chance:g} by chance"
        )
    return lines


def check_counts(checks: Checks) -> dict[str, int | float | str]:
    """Key numbers of the report, by name."""
    counts: dict[str, int | float | str] = {}
    if checks.chance is not None:
        rate = checks.chance
        counts["chance rate, events per day (95 %)"] = f"{rate.per_day:.2g} ({rate.low:.2g}-{rate.high:.2g})"
    if checks.near is not None:
        near = checks.near
        counts[f"events within {near.gate_s:g} s, {near.distance_km:g} km of earthquakes"] = near.count
        counts["of these by chance"] = near.by_chance
    return counts


def check_limits(checks: Checks) -> tuple[str, ...]:
    """Sentences of the report on what the checks do not say."""
    sentences = []
    if checks.chance is not None:
        sentences.append(
            "The chance rate is that of events found after each station was shifted in time by an amount of "
            f"its own (near ones {checks.chance.least_shift_s / 3600:.3g} h or more apart), tremor left out. "
            "It is a lower bound of the false event rate: earthquakes, ships and what else shakes several "
            "stations at once vanish in it."
        )
    if checks.near is not None:
        sentences.append(
            "An event near the predicted arrival of an earthquake (flag near_earthquake) may be that "
            "earthquake, or tremor that goes on while the earth shakes; it was not removed."
        )
    return tuple(sentences)


def rate_words(rate: ChanceRate) -> str:
    """Chance rate with its interval, in words."""
    return (
        f"rate {rate.per_day:.3g} events per day (95 %: {rate.low:.2g}-{rate.high:.2g}; {rate.events} in "
        f"{rate.days:.3g} days)"
    )


def _rate(tree: dict[str, Any]) -> Rate:
    numbers = [np.nan if tree[name] is None else float(tree[name]) for name in Rate.__slots__]
    return Rate(int(tree["count"]), *numbers[1:])
