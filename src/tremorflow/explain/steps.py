"""How far it came: the steps from what stations say to an event, passed or stopped, with their numbers."""

from typing import NamedTuple

from tremorflow.explain.story import Explanation, GroupStory, LocatingStory
from tremorflow.explain.words import count_of

STOPPED_BY: dict[str, tuple[str, ...]] = {
    "judged by DiET": ("no_classified_window", "no_probability"),
    "a station is sure of tremor": ("no_sure_station",),
    "stations make a group": ("no_cluster", "gain_below_penalty", "too_few_members", "no_group_near"),
    "no earthquake": ("earthquake",),
    "a window to locate it in": ("no_window",),
    "envelopes correlate": ("too_few_stations", "too_few_correlated_pairs"),
    "they agree on one place": (
        "no_agreement_of_stations",
        "plane_wave",
        "far_from_group",
        "located_elsewhere",
    ),
    "no earthquake there": ("earthquake_at_source",),
    "in the catalogue": ("missing",),
}
"""Step, and the rules that stop there."""


class Step(NamedTuple):
    """One step; ``passed`` is None for those that were not reached, ``numbers`` are in words, or empty."""

    name: str
    passed: bool | None
    numbers: str


def steps(explanation: Explanation) -> tuple[Step, ...]:
    """List the steps in order, up to the one that stopped it and those that were not reached."""
    numbers, found, is_stopped = _numbers(explanation), list[Step](), False
    for name, rules in STOPPED_BY.items():
        stops = explanation.verdict.rule in rules
        passed = None if is_stopped else not stops
        found.append(Step(name, passed, "" if passed is None else numbers.get(name, "")))
        is_stopped = is_stopped or stops
    return tuple(found)


def _numbers(explanation: Explanation) -> dict[str, str]:
    """Gather the numbers of each step: of the window in question, its strongest group and its location."""
    focus = next((one for one in explanation.groupings if one.window == explanation.focus), None)
    if focus is None:
        return {}
    numbers = {
        "judged by DiET": count_of(focus.n_judged, "station"),
        "a station is sure of tremor": f"{focus.n_sure} of {focus.n_judged}",
    }
    if not focus.groups:
        return numbers
    if explanation.verdict.rule == "no_group_near":
        return numbers | {"stations make a group": "none near the place"}
    group = max(focus.groups, key=lambda one: one.gain)
    stories = [one for one in explanation.locatings if group.group_id in one.group_ids]
    return (
        numbers | _numbers_of_group(group) | (_numbers_of_location(stories, explanation) if stories else {})
    )


def _numbers_of_group(group: GroupStory) -> dict[str, str]:
    return {
        "stations make a group": f"{count_of(len(group.stations), 'station')}, gain {group.gain:.0f}",
        "no earthquake": f"p_earthquake less p_tremor is {group.earthquake_excess:+.2f}",
    }


def _numbers_of_location(stories: list[LocatingStory], explanation: Explanation) -> dict[str, str]:
    best = max(stories, key=lambda one: one.n_correlated)
    numbers = {
        "a window to locate it in": count_of(len({one.start_time for one in stories}), "window"),
        "envelopes correlate": f"{best.n_correlated} of {count_of(best.n_pairs, 'pair')}",
    }
    sources = [one for story in stories for one in story.sources if one.event_id in explanation.event_ids]
    if sources:
        source = max(sources, key=lambda one: (one.outcome.rule == "kept", int(one.row["n_pairs"])))
        stations = count_of(int(source.row["n_stations"]), "station")
        numbers["they agree on one place"] = f"{count_of(int(source.row['n_pairs']), 'pair')}, {stations}"
        numbers["in the catalogue"] = ", ".join(explanation.event_ids)
    return numbers
