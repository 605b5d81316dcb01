"""Thresholds that would bring the chance rate down to a target, and what they would cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tremorflow.analysis import Association
from tremorflow.catalog.evaluate_scores import Rate, poisson_rate
from tremorflow.counting import Fraction, fraction
from tremorflow.errors import SettingsError
from tremorflow.records import FloatArray

GRADES = ("C", "B", "A")  # from the worst up
MEASURES = {  # of an event: the setting that asks for more of it, if one does
    "n_pairs": "location.min_pairs, with location.small_groups = false",
    "n_stations": "",
    "correlation": "",
    "gain": "association.penalty, of method sources",
    "quality": "",
}
WITHOUT_GROUPS = {"n_pairs": "location.min_pairs", "n_stations": "", "correlation": "", "quality": ""}


@dataclass(frozen=True, slots=True)
class Threshold:
    """Events of which ``measure`` exceeds ``above`` have a chance rate of ``rate``.

    ``above`` is None if all may stay. A quality is counted 0, 1, 2 for C, B, A. ``setting`` asks the
    chain for more of the same, "" if none does. ``kept`` counts the events of the catalogue that would stay.
    """

    measure: str
    above: float | None
    setting: str
    rate: Rate
    kept: Fraction


def with_gains(events: pd.DataFrame, association: Association) -> pd.DataFrame:
    """Event table with a column ``gain``: that of the group of each event, NaN for those without."""
    gains = dict(zip(association.table["group_id"], association.groups.gains, strict=True))
    groups = events["group_id"] if "group_id" in events else pd.Series("", index=events.index)
    return events.assign(gain=groups.map(gains).astype("float64"))


def choose_thresholds(
    chance_events: pd.DataFrame, days: float, target_per_day: float, catalogue: pd.DataFrame
) -> list[Threshold]:
    """Threshold of each measure, alone, at which at most ``target_per_day`` chance events are left.

    Parameters
    ----------
    chance_events
        Events of the shifted stations; with ``gain``, if they are of groups.
    days
        Network-days in which they were found.
    target_per_day
        Chance rate that is wanted.
    catalogue
        Events of the run, with the same columns, to see how many would stay; may be empty.

    Raises
    ------
    SettingsError
        A target below 0, or not a number.
    """
    if not (np.isfinite(target_per_day) and target_per_day >= 0):
        raise SettingsError(f"target = {target_per_day} events per day; give a number of 0 or more")
    allowed = int(np.floor(target_per_day * days * (1 + 1e-12)))
    found = []
    measures = MEASURES if "gain" in chance_events else WITHOUT_GROUPS
    for measure, setting in measures.items():
        values = np.sort(_values(chance_events, measure))[::-1]
        above = float(values[allowed]) if allowed < len(values) else None
        left = len(values) if above is None else int((values > above).sum())
        own = _values(catalogue, measure)
        stay = len(own) if above is None else int((own > above).sum())
        rate, kept = poisson_rate(left, days), fraction(stay, len(own))
        found.append(Threshold(measure, above, setting, rate, kept))
    return found


def _values(events: pd.DataFrame, measure: str) -> FloatArray:
    """Measure (event,) as a number; what an event lacks counts as the least."""
    if measure == "quality":
        codes = [GRADES.index(grade) if grade in GRADES else -1 for grade in events["quality"]]
        return np.array(codes, dtype=np.float64)
    values = events[measure].astype("float64").fillna(-np.inf).to_numpy()
    return np.asarray(values, dtype=np.float64)
