"""False events: how many a day, and what they are near."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.closeness import (
    Nanoseconds,
    interval_ns,
    nanoseconds,
    pairs_overlapping,
    pairs_within,
)
from tremorflow.catalog.evaluate_rules import EvaluationSettings
from tremorflow.catalog.evaluate_scores import Rate, poisson_rate
from tremorflow.geodesy import distances_km
from tremorflow.records import NANOSECONDS, TIME
from tremorflow.truth import Truth


@dataclass(frozen=True, slots=True)
class FalseEvents:
    """False events per day, in all and by what they are near, each event once.

    ``nuisance_kinds`` counts an event once for each kind of nuisance whose span it overlaps.
    ``nuisance_cover`` is the share of the time that spans of nuisances cover, so what chance gives.
    """

    all: Rate
    near_earthquake: Rate
    near_nuisance: Rate
    near_nothing: Rate
    nuisance_kinds: dict[str, int]
    nuisance_cover: float


def score_false(
    events: pd.DataFrame,
    truth: Truth,
    span: tuple[np.datetime64, np.datetime64],
    settings: EvaluationSettings,
) -> FalseEvents:
    """Rate of the events whose ``state`` is alone, and what they are near (``state_rules``)."""
    events = events[events["state"] == "alone"]
    days = float((span[1] - span[0]) / np.timedelta64(1, "D"))
    shaken = near_earthquakes(events, truth.earthquakes, settings)
    starts, ends, kinds = _nuisance_spans(truth.nuisances, settings.earthquake_before_s)
    a, b = pairs_overlapping(*interval_ns(events, "start_time", "end_time"), starts, ends)
    disturbed = np.zeros(len(events), dtype=bool)
    disturbed[a] = True
    by_kind = {str(kind): len(np.unique(a[kinds[b] == kind])) for kind in sorted(set(kinds[b]))}

    def rate(members: NDArray[np.bool_]) -> Rate:
        return poisson_rate(int(members.sum()), days)

    return FalseEvents(
        all=poisson_rate(len(events), days),
        near_earthquake=rate(shaken),
        near_nuisance=rate(~shaken & disturbed),
        near_nothing=rate(~shaken & ~disturbed),
        nuisance_kinds=by_kind,
        nuisance_cover=_cover(starts, ends, span),
    )


def near_earthquakes(
    events: pd.DataFrame, earthquakes: pd.DataFrame, settings: EvaluationSettings
) -> NDArray[np.bool_]:
    """(event,) whether it lies in the predicted window of an earthquake near enough to be taken for it."""
    known = earthquakes[earthquakes[["time", "latitude", "longitude"]].notna().all(axis=1)]
    event_times, origins = nanoseconds(events["time"]), nanoseconds(known["time"])
    latest = settings.earthquake_after_s + settings.earthquake_distance_km / settings.s_speed_km_s
    i, j = pairs_within(event_times, origins, max(settings.earthquake_before_s, latest))
    here = events[["latitude", "longitude"]].to_numpy()[i]
    there = known[["latitude", "longitude"]].to_numpy()[j]
    apart = distances_km(here[:, 0], here[:, 1], there[:, 0], there[:, 1])
    late = (event_times[i] - origins[j]) / NANOSECONDS - apart / settings.s_speed_km_s
    inside = (late >= -settings.earthquake_before_s) & (late <= settings.earthquake_after_s)
    inside &= apart <= settings.earthquake_distance_km
    near = np.zeros(len(events), dtype=bool)
    near[i[inside]] = True
    return near


def _nuisance_spans(
    nuisances: pd.DataFrame, margin_s: float
) -> tuple[Nanoseconds, Nanoseconds, NDArray[np.object_]]:
    """(nuisance,) start and end in ns, widened, and kind; one without an end is a moment."""
    known = nuisances[nuisances["start_time"].notna()]
    margin = round(margin_s * NANOSECONDS)
    starts = nanoseconds(known["start_time"])
    ends = nanoseconds(known["end_time"].fillna(known["start_time"]))
    return starts - margin, np.maximum(starts, ends) + margin, known["kind"].fillna("").to_numpy(dtype=object)


def _cover(starts: Nanoseconds, ends: Nanoseconds, span: tuple[np.datetime64, np.datetime64]) -> float:
    """Share of the span that the union of the intervals covers; NaN for a span without length."""
    first, last = (int(time.astype(TIME).astype(np.int64)) for time in span)
    if last <= first:
        return float("nan")
    order = np.argsort(starts, kind="stable")
    starts, ends = np.clip(starts[order], first, last), np.clip(ends[order], first, last)
    reached = np.concatenate([[first], np.maximum.accumulate(ends)[:-1]]) if len(ends) else ends
    return float(np.maximum(ends - np.maximum(starts, reached), 0).sum() / (last - first))
