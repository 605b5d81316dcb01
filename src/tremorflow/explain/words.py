"""Numbers, places and times in words, and an explanation as plain text."""

import numpy as np

from tremorflow.explain.story import (
    Explanation,
    GroupingStory,
    GroupStory,
    LocatingStory,
    Place,
    SourceStory,
    StationWord,
)

MOST_STATIONS = 12  # in the text; the page has all
INDENT = "    "


def count_of(number: int, noun: str) -> str:
    """Write a number and its noun, plural if it must be."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def place_words(place: Place) -> str:
    """Place as in ``39.21 N 143.34 E``."""
    latitude, longitude = place[0], (place[1] + 180) % 360 - 180
    return (
        f"{abs(latitude):.2f} {'N' if latitude >= 0 else 'S'} "
        f"{abs(longitude):.2f} {'E' if longitude >= 0 else 'W'}"
    )


def clock(time: np.datetime64) -> str:
    """Time of day."""
    return str(np.datetime_as_string(time, unit="s"))[11:]


def stamp(time: np.datetime64) -> str:
    """Date and time of day."""
    return str(np.datetime_as_string(time, unit="s")).replace("T", " ")


def headline(explanation: Explanation) -> str:
    """Write the question as a title."""
    asked = explanation.asked
    subject = stamp(asked.time) + " UTC"
    if asked.event_id:
        subject = f"event {asked.event_id}"
    elif asked.group_id:
        subject = f"group {asked.group_id}"
    elif asked.place is not None:
        subject += f" near {place_words(asked.place)}"
    return f"Why {subject}?"


def conclusion(explanation: Explanation) -> str:
    """Give the answer in one sentence, which names the rule."""
    verdict = explanation.verdict
    text = verdict.text[:1].lower() + verdict.text[1:]
    if explanation.is_accepted:
        return f"Accepted: {text}."
    return f"Not accepted, by the rule {verdict.rule}: {text}."


def text_lines(explanation: Explanation) -> list[str]:
    """Tell the whole story as lines of plain text, the conclusion last."""
    lines = [headline(explanation), ""]
    lines += station_lines(explanation)
    lines += ["Windows of DiET, and the groups that GrASP made of them"]
    for grouping in explanation.groupings:
        lines += grouping_lines(grouping, explanation.asked.time)
    lines += ["", "Windows of the location"]
    for locating in explanation.locatings:
        lines += locating_lines(locating)
    if not explanation.locatings:
        lines.append("  none holds this time")
    return [*lines, "", conclusion(explanation)]


def station_lines(explanation: Explanation) -> list[str]:
    """Table of the surest stations in the window in question."""
    if explanation.focus is None or not explanation.stations:
        return []
    focus = next(one for one in explanation.groupings if one.window == explanation.focus)
    around = f" around {place_words(explanation.place)}" if explanation.place else ""
    shown = explanation.stations[:MOST_STATIONS]
    width = max(len(one.code) for one in shown)
    lines = [
        f"Stations{around} in the window {clock(focus.start_time)}-{clock(focus.end_time)}; * in a group",
        f"  {'station':{width}}  distance  p_tremor  p_earthquake  p_noise  recorded",
    ]
    lines += [_station_line(one, width) for one in shown]
    if len(explanation.stations) > len(shown):
        lines.append(f"  and {len(explanation.stations) - len(shown)} more, less sure")
    return [*lines, ""]


def _station_line(one: StationWord, width: int) -> str:
    says = [
        f"{value:.2f}" if np.isfinite(value) else "-"
        for value in (one.p_tremor, one.p_earthquake, one.p_noise)
    ]
    away = f"{one.distance_km:.0f} km" if np.isfinite(one.distance_km) else "-"
    mark = "*" if one.is_member else " "
    return (
        f"{mark} {one.code:{width}}  {away:>8}  {says[0]:>8}  {says[1]:>12}  {says[2]:>7}  "
        f"{100 * one.completeness:>6.0f} %"
    )


def grouping_lines(grouping: GroupingStory, time: np.datetime64) -> list[str]:
    """One window that DiET judged, as lines."""
    mark = ">" if grouping.holds(time) else " "
    head = (
        f"{mark} {clock(grouping.start_time)}-{clock(grouping.end_time)}  {grouping.n_sure} of "
        f"{count_of(grouping.n_judged, 'station')} sure: "
    )
    if not grouping.groups:
        return [f"{head}no group: {grouping.verdict.text}"]
    return [head + grouping.verdict.text, *(_group_line(group) for group in grouping.groups)]


def _group_line(group: GroupStory) -> str:
    fate = group.fate.rule if group.fate.rule == "located" else f"{group.fate.rule}: {group.fate.text}"
    return (
        f"{INDENT}group {group.group_id} near {place_words(group.place)}: "
        f"{count_of(len(group.stations), 'station')}, gain {group.gain:.1f}; {fate}"
    )


def locating_lines(locating: LocatingStory) -> list[str]:
    """Tell of groups of one place in one window of the location."""
    head = f"  {clock(locating.start_time)}-{clock(locating.end_time)}  "
    if not locating.group_ids:
        return [head + locating.verdict.text]
    lines = [
        f"{head}{count_of(len(locating.group_ids), 'group')} of one place ({', '.join(locating.group_ids)})",
        f"{INDENT}{count_of(len(locating.stations), 'station')} asked; {locating.n_correlated} of "
        f"{count_of(locating.n_pairs, 'pair')} correlate",
        f"{INDENT}{locating.verdict.rule}: {locating.verdict.text}",
    ]
    for source in locating.sources:
        lines += source_lines(source)
    return lines


def source_lines(source: SourceStory) -> list[str]:
    """One located source, and what the catalogue made of it, as lines."""
    row = source.row
    lines = [
        f"{INDENT}- {stamp(row['time'].to_datetime64())} {place_words(source.place)} "
        f"{row['depth_km']:.0f} km deep, {count_of(int(row['n_stations']), 'station')}, "
        f"{count_of(int(row['n_pairs']), 'pair')}, correlation {row['correlation']:.2f}, "
        f"error {row['semi_major_km']:.1f} km",
        f"{INDENT}  {source.outcome.text}",
    ]
    return lines + [f"{INDENT}  {note}" for note in source.notes]
