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
from tremorflow.catalog.evaluate_rules import NUISANCE_STATIONS, ONE_STATION_KINDS, EvaluationSettings
from tremorflow.catalog.evaluate_scores import Rate, poisson_rate
from tremorflow.geodesy import distances_km
from tremorflow.records import NANOSECONDS, TIME, Network
from tremorflow.truth import Truth


@dataclass(frozen=True, slots=True)
class FalseEvents:
    """False events per day, in all and by what they are near, each event once.

    Only nuisances that reach several stations can explain an event (``reach_several``). ``nuisance_kinds``
    counts an event once for each kind of those that it is near. ``nuisance_cover`` is the share of the time
    that their spans cover wherever they are: what chance gives without a station table, and more with one.
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
    network: Network | None = None,
) -> FalseEvents:
    """Rate of the events whose ``state`` is alone, and what they are near (``state_rules``).

    With a network, a nuisance explains an event only where enough of the stations it reaches are near;
    without one, its time is all that counts.
    """
    events = events[events["state"] == "alone"]
    days = float((span[1] - span[0]) / np.timedelta64(1, "D"))
    shaken = near_earthquakes(events, truth.earthquakes, settings)
    nuisances = truth.nuisances[reach_several(truth.nuisances)]
    nuisances = nuisances[nuisances["start_time"].notna()]
    starts, ends, kinds = _nuisance_spans(nuisances, settings.earthquake_before_s)
    a, b = pairs_overlapping(*interval_ns(events, "start_time", "end_time"), starts, ends)
    if network is not None:
        around = _stations_around(events, network, settings.wide_distance_km)
        reached = _stations_reached(nuisances, network)
        enough = [(around[i] & reached[j]).sum() >= NUISANCE_STATIONS for i, j in zip(a, b, strict=True)]
        a, b = a[np.array(enough, dtype=bool)], b[np.array(enough, dtype=bool)]
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


def reach_several(nuisances: pd.DataFrame) -> NDArray[np.bool_]:
    """(nuisance,) whether it reaches enough stations to be taken for an event.

    An empty list, all stations within reach, is enough. Kinds that are at one station never are.
    """
    codes = [_listed(text) for text in nuisances["stations"].fillna("")]
    several = np.array([not one or len(one) >= NUISANCE_STATIONS for one in codes], dtype=bool)
    return several & ~nuisances["kind"].isin(ONE_STATION_KINDS).to_numpy(dtype=bool)


def _listed(text: str) -> set[str]:
    """Station codes of a list joined by ';'."""
    return {code.strip() for code in text.split(";")} - {""}


def _stations_around(events: pd.DataFrame, network: Network, radius_km: float) -> NDArray[np.bool_]:
    """(event, station) whether the station is within the radius."""
    latitudes, longitudes = events[["latitude", "longitude"]].to_numpy().T[:, :, np.newaxis]
    return distances_km(latitudes, longitudes, network.latitudes, network.longitudes) <= radius_km


def _stations_reached(nuisances: pd.DataFrame, network: Network) -> NDArray[np.bool_]:
    """(nuisance, station) whether the station is listed; all are where the list is empty."""
    lists = [_listed(text) for text in nuisances["stations"].fillna("")]
    reached = [[not codes or code in codes for code in network.codes] for codes in lists]
    return np.array(reached, dtype=bool).reshape(len(lists), len(network))


def _nuisance_spans(
    nuisances: pd.DataFrame, margin_s: float
) -> tuple[Nanoseconds, Nanoseconds, NDArray[np.object_]]:
    """(nuisance,) start and end in ns, widened, and kind; one without an end is a moment."""
    margin = round(margin_s * NANOSECONDS)
    starts = nanoseconds(nuisances["start_time"])
    ends = nanoseconds(nuisances["end_time"].fillna(nuisances["start_time"]))
    kinds = nuisances["kind"].fillna("").to_numpy(dtype=object)
    return starts - margin, np.maximum(starts, ends) + margin, kinds


def _cover(starts: Nanoseconds, ends: Nanoseconds, span: tuple[np.datetime64, np.datetime64]) -> float:
    """Share of the span that the union of the intervals covers; NaN for a span without length."""
    first, last = (int(time.astype(TIME).astype(np.int64)) for time in span)
    if last <= first:
        return float("nan")
    order = np.argsort(starts, kind="stable")
    starts, ends = np.clip(starts[order], first, last), np.clip(ends[order], first, last)
    reached = np.concatenate([[first], np.maximum.accumulate(ends)[:-1]]) if len(ends) else ends
    return float(np.maximum(ends - np.maximum(starts, reached), 0).sum() / (last - first))
