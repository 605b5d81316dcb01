"""Rules that a catalogue passes before it is handed on: duplicates, isolated events, quality letters.

No rule looks at the order of rows, and each applied twice gives what it gave once.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from tremorflow.catalog.closeness import (
    Indices,
    earth_centred_km,
    interval_ns,
    nanoseconds,
    pairs_overlapping,
    unique_pairs,
)
from tremorflow.geodesy import distances_km
from tremorflow.options import option, settings_class
from tremorflow.records import NANOSECONDS, SMALL_GROUP

ISOLATED = "isolated"
AZIMUTHAL_GAP = "azimuthal_gap"
METRIC_SLACK = 0.01  # chords, ellipsoid and rounding together stay far below; what falls between is looked at


@settings_class
class CatalogSettings:
    """Numbers of the catalogue's rules."""

    merge_duplicates: bool = option(
        True,
        unit="-",
        reason="windows of 300 s every 150 s see most bursts twice; raw rows would count them twice",
    )
    duplicate_distance_km: float = option(
        30.0,
        unit="km",
        gt=0,
        reason="several times the usual location error, below the 50 km between sources of one window",
    )
    duplicate_gap_s: float = option(
        30.0, unit="s", ge=0, reason="of bursts: with shorter pauses they are one (DEFINITIONS: truth)"
    )
    flag_isolated: bool = option(
        True,
        unit="-",
        reason="tremor comes in swarms, false events come alone; off when recall is measured",
    )
    isolated_below_events: int = option(
        4,
        unit="events",
        ge=1,
        reason="Tamaribuchi (JpGU 2024, SSS03-P02) keeps 4 or more; the event itself counts as one",
    )
    isolated_time_h: float = option(
        12.0, unit="h", gt=0, reason="Tamaribuchi (JpGU 2024, SSS03-P02); to either side of the event"
    )
    isolated_distance_km: float = option(20.0, unit="km", gt=0, reason="Tamaribuchi (JpGU 2024, SSS03-P02)")
    quality_a_min_stations: int = option(
        6, unit="stations", ge=1, reason="three unknowns of place and time, and as many to check them"
    )
    quality_a_max_error_km: float = option(
        5.0, unit="km", gt=0, reason="semi-major axis; half the spacing of the 10-km grid of nodes"
    )
    quality_b_max_error_km: float = option(
        15.0, unit="km", gt=0, reason="semi-major axis; half of duplicate_distance_km, still the same patch"
    )


def control_quality(events: pd.DataFrame, settings: CatalogSettings) -> pd.DataFrame:
    """Event table after all rules that are switched on: duplicates merged, isolated flagged, all graded."""
    if settings.merge_duplicates:
        events = merge_duplicates(events, settings.duplicate_distance_km, settings.duplicate_gap_s)
    if settings.flag_isolated:
        events = flag_isolated(
            events,
            settings.isolated_below_events,
            settings.isolated_time_h,
            settings.isolated_distance_km,
        )
    return grade(events, settings)


def describe_rules(settings: CatalogSettings) -> dict[str, Any]:
    """Rules in words and their numbers, as plain types, to be kept with the catalogue."""
    return {
        "numbers": asdict(settings),
        "merge_duplicates": "of events whose windows overlap, whose bursts overlap or are less than "
        "duplicate_gap_s apart, and whose epicentres are closer than duplicate_distance_km, one that is no "
        "small_group stays, then the one with more pairs, then that with the higher correlation",
        "flag_isolated": "fewer than isolated_below_events events, itself included, within isolated_time_h "
        "and isolated_distance_km: the word 'isolated' in flags; nothing is removed",
        "grade": "A: at least quality_a_min_stations stations, no azimuthal_gap flag, semi-major axis below "
        "quality_a_max_error_km; B: semi-major axis below quality_b_max_error_km; C: else, and always with "
        "the flag small_group",
    }


def merge_duplicates(
    events: pd.DataFrame, max_distance_km: float = 30.0, max_gap_s: float = 30.0
) -> pd.DataFrame:
    """Event table with one event left of each that overlapping windows saw twice, in order of time.

    Parameters
    ----------
    events
        Event table. The window is ``window_start`` to ``window_end``, else the burst; an event with neither,
        or without place, is nobody's duplicate.
    max_distance_km
        Epicentres closer than this, in windows that overlap, are one source.
    max_gap_s
        If their bursts, where both are known, overlap or are less than this apart.

    Notes
    -----
    The best event stays (no small group, then most pairs, then highest correlation, smallest ellipse), its
    duplicates go, then the best of the rest: what stays has no duplicate among what stays, and what went is a
    duplicate of something that stays. Merging whole chains instead would leave one event of hours of tremor.
    """
    order = _by_merit(events)
    ranked = events.iloc[order].reset_index(drop=True)
    first, second = _duplicate_pairs(ranked, max_distance_km, max_gap_s)
    worse, better = np.maximum(first, second), np.minimum(first, second)
    by_worse = np.argsort(worse, kind="stable")
    better = better[by_worse]
    starts = np.searchsorted(worse[by_worse], np.arange(len(ranked) + 1))
    stays = np.ones(len(ranked), dtype=bool)
    for row in np.unique(worse):
        stays[row] = not stays[better[starts[row] : starts[row + 1]]].any()
    kept = ranked[stays]
    place = ["time", "latitude", "longitude", "event_id"]
    return kept.sort_values(place, kind="stable").reset_index(drop=True)


def flag_isolated(
    events: pd.DataFrame, min_events: int = 4, time_h: float = 12.0, distance_km: float = 20.0
) -> pd.DataFrame:
    """Event table with the word ``isolated`` in the flags of lonely events; nothing is removed.

    Parameters
    ----------
    min_events
        An event with fewer than this around it, itself included, is isolated.
    time_h, distance_km
        How far around, to either side in time; both ends included.

    Notes
    -----
    After Tamaribuchi (JpGU 2024). An event without time or place is isolated. Nearest neighbours in scaled
    time and space settle nearly all events: the ball of radius 1 lies inside of the cylinder that is asked
    for, and the ball of radius sqrt(2) around it; only events between the two are counted one by one.
    """
    placed = events[["time", "latitude", "longitude"]].notna().all(axis=1).to_numpy()
    alone = np.ones(len(events), dtype=bool)
    alone[placed] = ~_has_company(events[placed], min_events, time_h, distance_km)
    flags = [with_word(text, ISOLATED, flag) for text, flag in zip(events["flags"], alone, strict=True)]
    return events.assign(flags=pd.array(flags, dtype="string"))


def grade(events: pd.DataFrame, settings: CatalogSettings | None = None) -> pd.DataFrame:
    """Event table with the quality letters A, B and C.

    An event without an error ellipse is C, and so is one of a small group: its error rests on what the
    stations' probabilities say of its place, which no delay contradicts.
    """
    rules = settings or CatalogSettings()
    error = events["semi_major_km"].to_numpy()
    stations = events["n_stations"].fillna(0).to_numpy(dtype=np.int64)
    gap, small = (
        np.array([flag in words(text) for text in events["flags"]], dtype=bool)
        for flag in (AZIMUTHAL_GAP, SMALL_GROUP)
    )
    good = (error < rules.quality_b_max_error_km) & ~small
    best = good & (stations >= rules.quality_a_min_stations) & ~gap & (error < rules.quality_a_max_error_km)
    letters = np.where(best, "A", np.where(good, "B", "C"))
    return events.assign(quality=pd.array(letters.astype(object), dtype="string"))


def words(flags: object) -> list[str]:
    """Words of a ``flags`` cell; none if it is missing."""
    return [] if flags is pd.NA or flags is None else [word for word in str(flags).split(";") if word]


def with_word(flags: object, word: str, present: bool) -> str:
    """Cell of ``flags`` with a word in it at the end, or without it."""
    others = [one for one in words(flags) if one != word]
    return ";".join([*others, word] if present else others)


def _by_merit(events: pd.DataFrame) -> Indices:
    """Rows from the best to the worst, ties settled by columns so that the order of rows plays no part.

    An event that delays located is better than one of a small group, however many pairs that has.
    """
    keys = pd.DataFrame(
        {
            "small": [SMALL_GROUP in words(text) for text in events["flags"]],
            "pairs": -events["n_pairs"].fillna(-1).to_numpy(dtype=np.int64),
            "correlation": -events["correlation"].fillna(-np.inf).to_numpy(),
            "error": events["semi_major_km"].fillna(np.inf).to_numpy(),
            "time": nanoseconds(events["time"]),
            "latitude": events["latitude"].to_numpy(),
            "longitude": events["longitude"].to_numpy(),
            "event_id": events["event_id"].fillna("").to_numpy(dtype=object),
        }
    )
    ranks: Indices = keys.sort_values([str(name) for name in keys], kind="stable").index.to_numpy(
        dtype=np.intp
    )
    return ranks


def _duplicate_pairs(
    events: pd.DataFrame, max_distance_km: float, max_gap_s: float
) -> tuple[Indices, Indices]:
    windowed = events["window_start"].notna() & events["window_end"].notna()
    spans = events.assign(
        window_start=events["window_start"].where(windowed, events["start_time"]),
        window_end=events["window_end"].where(windowed, events["end_time"]),
    )
    spanned = spans[["window_start", "window_end", "latitude", "longitude"]].notna().all(axis=1)
    rows = np.flatnonzero(spanned.to_numpy())
    starts, ends = interval_ns(spans.iloc[rows], "window_start", "window_end")
    i, j = pairs_overlapping(starts, ends, starts, ends)
    i, j = unique_pairs(np.minimum(i, j)[i != j], np.maximum(i, j)[i != j], len(rows))
    place = events.iloc[rows][["latitude", "longitude"]].to_numpy()
    near = distances_km(place[i, 0], place[i, 1], place[j, 0], place[j, 1]) < max_distance_km
    burst = events.iloc[rows][["start_time", "end_time"]].to_numpy()
    gap = np.maximum(burst[i, 0], burst[j, 0]) - np.minimum(burst[i, 1], burst[j, 1])
    near &= np.isnat(gap) | (gap < np.timedelta64(round(max_gap_s * NANOSECONDS), "ns"))
    return rows[i[near]], rows[j[near]]


def _has_company(
    events: pd.DataFrame, min_events: int, time_h: float, distance_km: float
) -> NDArray[np.bool_]:
    """(event,) whether ``min_events`` events, itself included, lie in the cylinder around each."""
    count = len(events)
    if count < min_events or min_events == 1:
        return np.full(count, min_events == 1)
    latitude, longitude = events["latitude"].to_numpy(), events["longitude"].to_numpy()
    times, reach_ns = nanoseconds(events["time"]), round(time_h * 3600 * NANOSECONDS)
    points = np.column_stack(
        [earth_centred_km(latitude, longitude) / distance_km, (times - times.min()) / reach_ns]
    )
    tree = KDTree(points)
    outer = float(np.sqrt(2) * (1 + METRIC_SLACK))
    reach = np.ravel(tree.query(points, k=[min_events], distance_upper_bound=outer)[0])
    company = reach <= 1 - METRIC_SLACK
    for row in np.flatnonzero(~company & np.isfinite(reach)):
        near = tree.query_ball_point(points[row], outer)
        apart = distances_km(latitude[row], longitude[row], latitude[near], longitude[near])
        inside = (apart <= distance_km) & (np.abs(times[near] - times[row]) <= reach_ns)
        company[row] = inside.sum() >= min_events
    return company
