"""A catalogue held against the truth of a simulation: recall, false events, errors and their bars."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.compare import Comparison, compare_catalogs
from tremorflow.catalog.evaluate_false import FalseEvents, score_false
from tremorflow.catalog.evaluate_pairs import PairBin, score_pairs
from tremorflow.catalog.evaluate_recall import RecallBin, score_recall
from tremorflow.catalog.evaluate_rules import EvaluationSettings
from tremorflow.catalog.evaluate_scores import Errors, score_errors
from tremorflow.catalog.formats import read_catalog
from tremorflow.catalog.matching import find_candidates, match_one_to_one
from tremorflow.counting import Fraction, fraction
from tremorflow.errors import CatalogError, DataError
from tremorflow.records import TIME, Network, event_table, seconds, timedelta, utc
from tremorflow.truth import Truth, read_truth

Span = tuple[np.datetime64, np.datetime64]
TIMES = ("time", "start_time", "end_time")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a catalogue has of the truth. ``comparison`` has the catalogue as A and the bursts as B.

    ``comparison.events_a`` are the events with time and place inside the span, with their ``state``: matched,
    duplicate or alone (false). ``comparison.events_b`` are the bursts: matched, duplicate (missed, but in
    the gate of an event that is matched to another burst) or alone (missed). ``wide`` is the same with the
    wide gate. ``recall_bins`` has the bins of ``n_stations_snr2``, ``snr_best``, ``log10_energy_j`` and
    ``region``. ``chance_shift_s`` is the shift in force; NaN if the span is too short for one.
    """

    name: str
    settings: EvaluationSettings
    span: Span
    comparison: Comparison
    wide: Comparison
    unlocated: int
    events_outside: int
    bursts_outside: int
    chance_shift_s: float
    chance_recall: Fraction
    recall_bins: dict[str, list[RecallBin]]
    errors: Errors
    errors_wide: Errors
    pairs: list[PairBin]
    false: FalseEvents

    @property
    def recall(self) -> Fraction:
        """Truth bursts that are matched, each counted once."""
        return self.comparison.recall

    @property
    def recall_above_chance(self) -> float:
        """Recall minus chance recall."""
        return self.recall.value - self.chance_recall.value

    @property
    def precision(self) -> Fraction:
        """Matched events out of all with time and place; a duplicate counts in the denominator."""
        return self.comparison.precision

    @property
    def precision_without_duplicates(self) -> Fraction:
        """Matched events out of matched and false ones."""
        return self.comparison.precision_without_duplicates

    @property
    def duplicates_per_match(self) -> float:
        """Duplicates for each matched burst; NaN if none is matched."""
        matches = self.comparison.matches
        return self.comparison.duplicates_a / matches if matches else float("nan")

    @property
    def days(self) -> float:
        """Length of the span in days."""
        return seconds(self.span[1] - self.span[0]) / 86400


def evaluate_catalog(
    events: pd.DataFrame,
    truth: Truth,
    settings: EvaluationSettings,
    network: Network | None = None,
    span: Span | None = None,
    name: str = "catalogue",
) -> Evaluation:
    """Hold a catalogue against the truth of a simulation.

    Parameters
    ----------
    events
        Event table. Events without time or place are counted (``unlocated``) and not matched.
    truth
        What was put into the recording; its bursts are what should be found.
    settings
        Gates and other numbers of the rules.
    network
        Gives recall inside and outside of the hull of the stations; else it is given by degree of latitude.
        Also tells which stations are near a false event: only a nuisance at 3 of those explains it.
    span
        First and last time (UTC) of the recording: what lies outside is counted and left out, and false
        events are per day of it. Without it, from the first to the last time of the truth or the events.
    name
        What to call the catalogue.

    Raises
    ------
    CatalogError
        A span or a burst that ends before it starts, or a burst without time or place.

    Notes
    -----
    The rules, which ``evaluate_rules.state_rules`` states with their numbers and the JSON repeats
    (DEFINITIONS.md, "Matching and scoring"):

    - Event to truth burst one to one, most pairs, then least total cost, |dt| <= 150 s or overlap of the
      intervals, and <= 50 km. Location errors are given with a gate of 100 km as well.
    - Further events inside the gate of a matched burst are duplicates, not false. Events inside no gate are
      false.
    - Recall counts truth bursts, each once. A copy of the catalogue shifted by 6 h (half the span if that is
      less), wrapped inside the span, gives the chance recall. It is shown, and subtracted.
    """
    events = event_table(events)
    bursts = _burst_events(truth)
    span = _check_span(span) if span is not None else _known_span(events, truth)
    kept, kept_bursts = _inside(events, span), bursts[_times_inside(bursts, span)]
    gates = (settings.max_distance_km, settings.wide_distance_km)
    comparison, wide = (
        compare_catalogs(kept, kept_bursts, settings.max_time_s, gate, (name, "truth")) for gate in gates
    )
    found = (comparison.events_b["state"] == "matched").to_numpy()
    shift_s = _chance_shift_s(span, settings)
    by_chance = _found_by_chance(comparison, span, shift_s)
    return Evaluation(
        name=name,
        settings=settings,
        span=span,
        comparison=comparison,
        wide=wide,
        unlocated=comparison.unlocated_a,
        events_outside=len(events) - len(kept),
        bursts_outside=len(bursts) - len(kept_bursts),
        chance_shift_s=shift_s,
        chance_recall=fraction(int(by_chance.sum()), 0 if np.isnan(shift_s) else len(found)),
        recall_bins=score_recall(comparison.events_b, found, by_chance, settings, network),
        errors=score_errors(comparison),
        errors_wide=score_errors(wide),
        pairs=score_pairs(comparison, settings),
        false=score_false(comparison.events_a, truth, span, settings, network),
    )


def evaluate_files(catalogue: str | Path, folder: str | Path, network: Network | None = None) -> Evaluation:
    """Hold a catalogue file against the folder of truth of a simulation, by the rules as they stand.

    The span is that of the folder's ``simulation.json``, if it has one (``read_span``).
    """
    catalogue = Path(catalogue)
    events, truth = read_catalog(catalogue), read_truth(folder)
    return evaluate_catalog(events, truth, EvaluationSettings(), network, read_span(folder), catalogue.name)


def read_span(folder: str | Path) -> Span | None:
    """First and last time of a simulation from its ``simulation.json`` (start, duration_s), if it has one.

    Raises
    ------
    DataError
        The file is there but cannot be read, or lacks a start or a duration.
    """
    path = Path(folder) / "simulation.json"
    if not path.is_file():
        return None
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        start, duration_s = utc(str(about["start"])), float(about["duration_s"])
        return start, start + timedelta(duration_s)
    except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{path} does not say start and duration_s ({error!r}); mend it, or move it away "
            "to take the span from the tables"
        ) from error


def _burst_events(truth: Truth) -> pd.DataFrame:
    """Bursts of the truth under the names of an event table."""
    bursts = truth.tremor.rename(columns={"burst_id": "event_id"})
    lacking = bursts[["time", "latitude", "longitude"]].isna().any(axis=1)
    if lacking.any():
        row = int(np.flatnonzero(lacking)[0])
        raise CatalogError(
            f"burst {bursts['event_id'].iloc[row]} (row {row + 1} of tremor.csv) has no time or no place; "
            "simulate again, or remove the row"
        )
    return bursts


def _check_span(span: Span) -> Span:
    start, end = (np.datetime64(time).astype(TIME) for time in span)
    if not end > start:
        raise CatalogError(
            f"the span from {start} to {end} has no length; give the start first, then the end"
        )
    return start, end


def _known_span(events: pd.DataFrame, truth: Truth) -> Span:
    """First and last time that the truth or the catalogue names; of no length if they name none."""
    columns = [events["time"], truth.earthquakes["time"]]
    columns += [
        table[name] for table in (truth.tremor, truth.nuisances) for name in ("start_time", "end_time")
    ]
    times = pd.concat([*columns, truth.tremor["time"]]).dropna().to_numpy().astype(TIME)
    if not len(times):
        return np.datetime64(0, "ns"), np.datetime64(0, "ns")
    return times.min(), times.max()


def _times_inside(table: pd.DataFrame, span: Span) -> NDArray[np.bool_]:
    times = table["time"].to_numpy().astype(TIME)
    return (times >= span[0]) & (times <= span[1])


def _inside(events: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Events inside the span, and those without a time."""
    return events[_times_inside(events, span) | events["time"].isna().to_numpy()]


def _chance_shift_s(span: Span, settings: EvaluationSettings) -> float:
    """Shift of the copy; half a span that is short, since a whole turn would be no shift at all."""
    shift_s = min(settings.chance_shift_s, seconds(span[1] - span[0]) / 2)
    return shift_s if shift_s > settings.max_time_s else float("nan")


def _found_by_chance(comparison: Comparison, span: Span, shift_s: float) -> NDArray[np.bool_]:
    """(burst,) whether a copy of the catalogue, shifted and wrapped inside the span, has it."""
    events, bursts = comparison.events_a.copy(), comparison.events_b
    found = np.zeros(len(bursts), dtype=bool)
    if np.isnan(shift_s):
        return found
    times = events["time"].to_numpy().astype(TIME)
    moved = span[0] + (times - span[0] + timedelta(shift_s)) % (span[1] - span[0])
    for name in TIMES:
        events[name] = events[name].to_numpy().astype(TIME) + (moved - times)
    candidates = find_candidates(events, bursts, comparison.max_time_s, comparison.max_distance_km)
    found[candidates.b[match_one_to_one(candidates, len(events), len(bursts))]] = True
    return found
