"""Tables of the page that says why there is a detection, or none."""

from tremorflow.explain import Explanation, LocatingStory, clock, place_words, source_lines
from tremorflow.figures import report_html as html
from tremorflow.figures.report_html import Heading


def stations_table(explanation: Explanation) -> str:
    """Stations around the place, the surest of tremor first."""
    if explanation.focus is None:
        return html.paragraph("No window was judged at this time.")
    focus = next(one for one in explanation.groupings if one.window == explanation.focus)
    around = f" around {place_words(explanation.place)}" if explanation.place else ""
    names = ("distance / km", "p_tremor", "p_earthquake", "p_noise", "recorded")
    headings = [Heading("station"), *(Heading(name, is_number=True) for name in names), Heading("in a group")]
    rows = [
        (
            one.code,
            html.decimals(one.distance_km, 0),
            html.decimals(one.p_tremor, 3),
            html.decimals(one.p_earthquake, 3),
            html.decimals(one.p_noise, 3),
            html.decimals(one.completeness, 2),
            "yes" if one.is_member else "",
        )
        for one in explanation.stations
    ]
    caption = (
        f"Stations{around} in the window {clock(focus.start_time)} to {clock(focus.end_time)} UTC, the "
        "surest of tremor first. No number: too little was recorded."
    )
    return html.table(headings, rows, caption, sortable=True)


def groupings_table(explanation: Explanation) -> str:
    """Windows that DiET judged, a row per group, or the rule that there is none."""
    names = ("window (UTC)", "holds the time", "stations sure", "group", "points to", "members", "gain")
    numeric = {"stations sure", "members", "gain"}
    headings = [Heading(name, is_number=name in numeric) for name in (*names, "what became of it")]
    rows = []
    for one in explanation.groupings:
        head = (
            f"{clock(one.start_time)}-{clock(one.end_time)}",
            "yes" if one.holds(explanation.asked.time) else "",
            f"{one.n_sure} of {one.n_judged}",
        )
        for group in one.groups:
            fate = (
                group.fate.rule if group.fate.rule == "located" else f"{group.fate.rule}: {group.fate.text}"
            )
            place = place_words(group.place)
            rows.append((*head, group.group_id, place, f"{len(group.stations)}", f"{group.gain:.1f}", fate))
        if not one.groups:
            rows.append((*head, "none", "", "", "", f"{one.verdict.rule}: {one.verdict.text}"))
    caption = (
        "Gain: log likelihood that the source of a group adds to what the stations say, to be held against "
        "association.penalty."
    )
    return html.table(headings, rows, caption)


def locatings_part(explanation: Explanation) -> str:
    """Windows of the location, each with the groups, the pairs and the sources."""
    if not explanation.locatings:
        return html.paragraph("No window of the location holds this time.")
    return "\n".join(_locating_part(one) for one in explanation.locatings)


def _locating_part(story: LocatingStory) -> str:
    title = html.heading(3, f"{clock(story.start_time)} to {clock(story.end_time)}: {story.verdict.rule}")
    if not story.group_ids:
        return title + html.paragraph(story.verdict.text)
    facts = [
        f"groups of one place: {', '.join(story.group_ids)}",
        f"{len(story.stations)} stations asked, {story.n_correlated} of {story.n_pairs} pairs correlate",
        story.verdict.text,
    ]
    for source in story.sources:
        first, *rest = (line.strip().removeprefix("- ") for line in source_lines(source))
        facts.append(f"source {first}; {'; '.join(rest)}")
    return title + html.bullet_list(facts)
