"""Why there is a detection at a time, or none: the chain's own functions, run again on some windows."""

from collections.abc import Sequence

import numpy as np

from tremorflow.analysis import Association
from tremorflow.explain.grouping import RULES_OF_NO_GROUP, Grouper, surest_place, tell_stations
from tremorflow.explain.locating import tell_locations
from tremorflow.explain.story import (
    Asked,
    Explanation,
    GroupingStory,
    GroupStory,
    LocatingStory,
    Place,
    Rules,
    SourceStory,
    Verdict,
)
from tremorflow.explain.words import clock, count_of, place_words
from tremorflow.geodesy import distances_km
from tremorflow.locate import SearchGrid
from tremorflow.records import Envelopes, timedelta

NEAR_KM = 50.0  # from a place that is asked about: as far as an event may lie from the truth (DEFINITIONS)


def explain_time(
    asked: Asked, windows: Sequence[Envelopes], association: Association, grid: SearchGrid, rules: Rules
) -> Explanation:
    """Why the chain made an event of what sounded at a time, or which rule stopped it.

    Parameters
    ----------
    asked
        Time, with a place, an event or a group if one is meant.
    windows
        Envelopes of the windows of the location that hold the time, in order.
    association
        Groups of the windows that DiET judged, of at least all within these. A window's groups do not depend
        on other windows.
    grid, rules
        Those of the run.

    Notes
    -----
    Groups, fates and hypocentres come from ``associate_windows`` and ``locate_groups``, as in a run; only the
    counting of pairs and the gain of sources that were not worth it are computed for the explanation.
    """
    located = tell_locations(windows, association, grid, rules)
    reasons = {
        (name, one.verdict.rule): one.verdict.text for one in located.stories for name in one.group_ids
    }
    grouper = Grouper(association, located.fates, reasons)
    numbers = _windows_around(asked, windows, association, rules.location.window_s)
    groupings = tuple(grouper.tell(k) for k in numbers)
    groups = _groups_meant(asked, groupings, located.stories)
    focus = _focus(asked, groupings, groups)
    place = asked.place or (max(groups, key=lambda one: one.gain).place if groups else None)
    if place is None and focus is not None:
        place = surest_place(association, [focus])
    reach_km = rules.location.max_station_distance_km
    stations = () if focus is None else tell_stations(association, focus, place, reach_km)
    verdict, event_ids = _decide(asked, groupings, groups, located.stories)
    return Explanation(asked, place, focus, stations, groupings, located.stories, verdict, event_ids)


def _windows_around(
    asked: Asked, windows: Sequence[Envelopes], association: Association, window_s: float
) -> list[int]:
    """Windows that DiET judged: those within the windows of the location, and those that hold the time."""
    probabilities = association.probabilities
    starts = probabilities.start_times
    holds = (starts <= asked.time) & (asked.time < starts + timedelta(probabilities.window_s))
    numbers = [int(k) for k in np.flatnonzero(holds)]
    for window in windows:
        numbers.extend(probabilities.windows_within(window.start_time, window_s))
    return sorted(set(numbers))


def _groups_meant(
    asked: Asked, groupings: Sequence[GroupingStory], locatings: Sequence[LocatingStory]
) -> list[GroupStory]:
    """Find the groups that the question is about."""
    groups = [group for grouping in groupings for group in grouping.groups]
    if asked.group_id:
        return [group for group in groups if group.group_id == asked.group_id]
    if asked.event_id:
        names = {
            name
            for story in locatings
            for source in story.sources
            if source.event_id == asked.event_id and source.outcome.rule == "kept"
            for name in story.group_ids
        }
        return [group for group in groups if group.group_id in names]
    holding = [group for one in groupings if one.holds(asked.time) for group in one.groups]
    place = asked.place
    if place is None:
        return holding
    # where stations point to is tens of km off, so a source that was located near counts as well
    near = {
        name
        for story in locatings
        if any(_apart_km(source.place, place) <= NEAR_KM for source in story.sources)
        for name in story.group_ids
    }
    return [one for one in holding if one.group_id in near or _apart_km(one.place, place) <= NEAR_KM]


def _focus(asked: Asked, groupings: Sequence[GroupingStory], groups: Sequence[GroupStory]) -> int | None:
    """Choose the window to show: of the strongest group meant, else that which came closest to one."""
    if groups:
        strongest = max(groups, key=lambda one: one.gain)
        return next(one.window for one in groupings if strongest in one.groups)
    holding = [one for one in groupings if one.holds(asked.time)] or list(groupings)
    return max(holding, key=_closeness).window if holding else None


def _closeness(grouping: GroupingStory) -> tuple[int, int]:
    """How near a window without a group came to one."""
    rule = grouping.verdict.rule
    rank = RULES_OF_NO_GROUP.index(rule) if rule in RULES_OF_NO_GROUP else -1
    return rank, grouping.n_sure


def _decide(
    asked: Asked,
    groupings: Sequence[GroupingStory],
    groups: Sequence[GroupStory],
    locatings: Sequence[LocatingStory],
) -> tuple[Verdict, tuple[str, ...]]:
    """Find the rule that decided in the end, and the events it led to."""
    if not groups:
        return _without_group(asked, groupings), ()
    names = {group.group_id for group in groups}
    own = [(story, source) for story in locatings if names & set(story.group_ids) for source in story.sources]
    meant = [pair for pair in own if _is_meant(asked, pair[1])]
    found = [pair for pair in meant if pair[1].event_id]
    if found:
        found.sort(key=lambda one: (one[1].outcome.rule != "kept", -int(one[1].row["n_pairs"])))
        ids = tuple(dict.fromkeys(source.event_id for _, source in found))
        others = [name for name in ids if name != found[0][1].event_id]
        besides = f"; besides, event {', '.join(others)}" if others else ""
        return Verdict("accepted", _acceptance(*found[0], groups) + besides), ids
    if meant:
        return Verdict("missing", f"it was located, but is {meant[0][1].outcome.text}"), ()
    strongest = max(groups, key=lambda one: one.gain)
    if own:
        where = "; ".join(place_words(source.place) for _, source in own)
        text = f"what group {strongest.group_id} hears was located, but not within {NEAR_KM:g} km: {where}"
        return Verdict("located_elsewhere", text), ()
    return Verdict(
        strongest.fate.rule, f"group {strongest.group_id} was made, and then: {strongest.fate.text}"
    ), ()


def _is_meant(asked: Asked, source: SourceStory) -> bool:
    """Whether a source is one that the question is about."""
    if asked.event_id:
        return source.event_id == asked.event_id
    return bool(asked.group_id) or asked.place is None or _apart_km(source.place, asked.place) <= NEAR_KM


def _acceptance(story: LocatingStory, source: SourceStory, groups: Sequence[GroupStory]) -> str:
    """Why a source is an event: every rule that it passed, in one sentence."""
    group = max((one for one in groups if one.group_id in story.group_ids), key=lambda one: one.gain)
    row = source.row
    end = f"it is event {source.event_id}" if source.outcome.rule == "kept" else source.outcome.text
    quality = f" ({source.notes[0].split(':')[0]})" if source.notes else ""
    return (
        f"{count_of(len(group.stations), 'station')} made group {group.group_id} (gain {group.gain:.1f}, no "
        f"earthquake), {count_of(int(row['n_pairs']), 'pair')} of "
        f"{count_of(int(row['n_stations']), 'station')} agree on {place_words(source.place)} with "
        f"correlation {row['correlation']:.2f}, and {end}{quality}"
    )


def _without_group(asked: Asked, groupings: Sequence[GroupingStory]) -> Verdict:
    """Find the rule by which there is no group at a time, or none near a place."""
    holding = [one for one in groupings if one.holds(asked.time)]
    if not holding:
        return Verdict(
            "no_classified_window",
            f"no window that DiET judged holds {clock(asked.time)}: the recordings begin or end there, and "
            "the background before a window must be known",
        )
    others = [group for one in holding for group in one.groups]
    if others and asked.place is not None:
        nearest = min(others, key=lambda one: _apart_km(one.place, asked.place or one.place))
        return Verdict(
            "no_group_near",
            f"no group points to within {NEAR_KM:g} km of {place_words(asked.place)}; the nearest, "
            f"{nearest.group_id}, points {_apart_km(nearest.place, asked.place):.0f} km away",
        )
    closest = max(holding, key=_closeness)
    return Verdict(closest.verdict.rule, closest.verdict.text)


def _apart_km(first: Place, second: Place) -> float:
    return float(distances_km(*first, *second))
