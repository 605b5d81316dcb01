"""The windows of the location explained: what was correlated, and which rule decided."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.analysis import (
    FAR_FROM_GROUP,
    HEARD_AS_EARTHQUAKE,
    WITHOUT_PLACE,
    Association,
    locate_groups,
    whereabouts,
)
from tremorflow.associate import LONE_STATION, TAIL, Candidate, gather_candidates
from tremorflow.detections import Detections
from tremorflow.explain.aftermath import tell_source
from tremorflow.explain.story import LocatingStory, Place, Rules, SourceStory, Verdict
from tremorflow.explain.words import count_of, place_words
from tremorflow.locate import (
    REGULAR_SHOTS,
    LocationSettings,
    SearchGrid,
    SmallGroup,
    StationPairs,
    locate_small_group,
    station_pairs,
)
from tremorflow.locate.correlation import correlate_pairs, normalise_envelopes, pairs_among, stack_gains
from tremorflow.locate.groups import MAX_TRIALS
from tremorflow.locate.small_groups import NO_PAIR
from tremorflow.locate.windows import make_scene, refine_node, stack_maxima, supporting_pairs
from tremorflow.records import SMALL_GROUP, Envelopes

NOR_AGAIN = "and no other source was found in the window of the classifier that is least an earthquake"
PLAIN_RULES = {
    REGULAR_SHOTS: "its delays alone give no place, and half or more of its stations hear something that "
    "repeats at one interval: shots of an air gun, or a machine",
    TAIL: "its delays alone give no place, and its stations are among those of a louder group of the window "
    "before or after: it is the beginning or the end of that",
    LONE_STATION: "its delays alone give no place, and its only station says tremor again and again in this "
    "hour without any other: a machine or shots nearby",
    HEARD_AS_EARTHQUAKE: "it was located, but the stations that located it, the nearer the more, say "
    "earthquake more than tremor, or hardly less, in all windows that hold it; " + NOR_AGAIN,
    FAR_FROM_GROUP: "it was located, but farther than association.source_km from where its stations point "
    "to: their envelopes follow something else, mostly an earthquake outside of the network; " + NOR_AGAIN,
}
"""Rules that have no numbers, in words."""


class Located(NamedTuple):
    """Stories of some windows, and the fate of each group in them (group,), as ``groups.csv`` has it."""

    stories: tuple[LocatingStory, ...]
    fates: NDArray[np.object_]


class Heard(NamedTuple):
    """Stations of a window that recorded enough, pairs that were asked, and those that correlate."""

    n_recorded: int
    n_pairs: int
    n_correlated: int


def tell_locations(
    windows: Sequence[Envelopes], association: Association, grid: SearchGrid, rules: Rules
) -> Located:
    """Locate the groups of each window anew, as a run does, and say how each location ended.

    Parameters
    ----------
    windows
        Envelopes of windows of the location, in order of time.
    association
        Groups of at least these windows.
    grid, rules
        Those of the run.
    """
    fates = np.full(len(association.groups), "no_window", dtype=object)
    pairs = station_pairs(grid, rules.location)
    stories: list[LocatingStory] = []
    for window in windows:
        found, fate = locate_groups(window, association, grid, rules.location, rules.settings_hash)
        fates = np.where((fates == "located") | (fate == ""), fates, fate)
        candidates = gather_candidates(
            association.groups,
            association.probabilities,
            association.probabilities.windows_within(window.start_time, rules.location.window_s),
            association.graph,
            association.settings,
            association.usable,
        )
        for candidate in candidates:
            heard = count_pairs(window, candidate, pairs, rules.location)
            rule = str(fate[candidate.groups[0]])
            best: tuple[int, Place | None] = (0, None)
            if rule == "no_agreement_of_stations":
                best = most_agreeing(window, candidate, grid, pairs, rules.location)
            verdict = _verdict(rule, heard, best, rules.location)
            sources = _sources(found, candidate, association, rules)
            if rule in WITHOUT_PLACE and rules.location.small_groups:
                nodes = whereabouts(candidate, association, grid)
                small = locate_small_group(window, candidate.stations, nodes, grid, pairs, rules.location)
                verdict = Verdict(rule, verdict.text + _unplaced_words(small, rules.location))
            elif sources and all(SMALL_GROUP in one.hypocentre.flags for one in sources):
                verdict = Verdict(rule, _placed_words(heard, sources, rules.location))
            story = _story(window, candidate, association, heard, verdict)
            stories.append(replace(story, sources=sources, best_place=best[1]))
        if not candidates:
            stories.append(_empty(window))
    fates[~association.usable] = "earthquake"
    return Located(tuple(stories), fates)


def count_pairs(
    window: Envelopes, candidate: Candidate, pairs: StationPairs, settings: LocationSettings
) -> Heard:
    """Count the stations that recorded enough, and the pairs of a candidate that correlate."""
    normalised = normalise_envelopes(window, settings.min_completeness)
    own = pairs_among(pairs, candidate.stations)
    n_recorded = int(normalised.any(axis=(1, 2)).sum())
    if not len(own):
        return Heard(n_recorded, 0, 0)
    found = correlate_pairs(normalised, window.sampling_rate_hz, own, settings.pair_sigma_s)
    return Heard(n_recorded, len(own), int((found.values.max(axis=1) > settings.pair_correlation).sum()))


def _verdict(rule: str, heard: Heard, best: tuple[int, Place | None], settings: LocationSettings) -> Verdict:
    """How a location ended, with the numbers of the rule; best: most pairs that agree, and where."""
    if rule == "located":
        return Verdict(
            rule,
            f"{count_of(heard.n_correlated, 'pair')} above location.pair_correlation = "
            f"{settings.pair_correlation:g} (location.min_pairs = {settings.min_pairs}), and they agree on a "
            "place",
        )
    if rule == "too_few_correlated_pairs":
        return Verdict(
            rule,
            f"only {heard.n_correlated} of {count_of(heard.n_pairs, 'pair')} correlate above "
            f"location.pair_correlation = {settings.pair_correlation:g}; location.min_pairs asks for "
            f"{settings.min_pairs}",
        )
    if rule == "too_few_stations":
        return Verdict(
            rule,
            f"{count_of(heard.n_recorded, 'station')} recorded enough of the window and "
            f"{count_of(heard.n_pairs, 'pair')} lie within location.max_pair_distance_km = "
            f"{settings.max_pair_distance_km:g} km; location.min_stations asks for {settings.min_stations}",
        )
    if rule == "plane_wave":
        return Verdict(
            rule,
            "a plane wave explains the delays between the stations better than a source in the network, at "
            f"an apparent velocity that is not between location.slowest_km_s = {settings.slowest_km_s:g} and "
            f"location.fastest_km_s = {settings.fastest_km_s:g}: a T phase, or waves from far away",
        )
    if rule in PLAIN_RULES:
        return Verdict(rule, PLAIN_RULES[rule])
    agreeing, place = best
    where = f", {place_words(place)}" if place else ""
    return Verdict(
        rule,
        f"{count_of(heard.n_correlated, 'pair')} correlate, but at lags of no one place: at best "
        f"{count_of(agreeing, 'pair')} agree on one{where}; location.min_pairs asks for {settings.min_pairs}",
    )


def _unplaced_words(small: SmallGroup, settings: LocationSettings) -> str:
    """Why what the stations say did not place a group either, to follow on the rule that stopped it."""
    if small.reason == NO_PAIR and not settings.uncorrelated:
        return ""
    alone = ", and location.uncorrelated leaves out what they do not confirm"
    if settings.uncorrelated:
        alone = (
            f"; alone they need a gain of location.uncorrelated_gain = {settings.uncorrelated_gain:g} and a "
            f"station with location.uncorrelated_probability = {settings.uncorrelated_probability:g}, and "
            "what those around say may be more by location.uncorrelated_excess = "
            f"{settings.uncorrelated_excess:g}"
        )
    if small.reason == NO_PAIR:
        return alone
    if small.reason == "stations_unlike":
        return f"; nor do two stations follow each other at the place that their probabilities give{alone}"
    return (
        "; nor do the envelopes confirm the place that the probabilities of the stations give: gain of the "
        f"pairs {small.gain:.2f}, location.small_group_gain asks for {settings.small_group_gain:g}{alone}"
    )


def _placed_words(heard: Heard, sources: tuple[SourceStory, ...], settings: LocationSettings) -> str:
    """How a small group was placed."""
    agreeing = max(one.hypocentre.n_pairs for one in sources)
    if not agreeing:
        return (
            "its envelopes confirm no source, but the probabilities of the stations are sure of one "
            "(location.uncorrelated): placed by them alone"
        )
    return (
        f"its delays alone give no place ({heard.n_correlated} of {count_of(heard.n_pairs, 'pair')} above "
        f"location.pair_correlation = {settings.pair_correlation:g}): placed by the probabilities of the "
        "stations, silent ones included, by their amplitudes if site terms are known, and by "
        f"{count_of(agreeing, 'pair')} that {'agrees' if agreeing == 1 else 'agree'} (location.small_groups)"
    )


def most_agreeing(
    window: Envelopes, candidate: Candidate, grid: SearchGrid, pairs: StationPairs, settings: LocationSettings
) -> tuple[int, Place | None]:
    """Most pairs that support one place, and this, among the maxima that a location would have refined."""
    scene = make_scene(window, window, grid, pairs_among(pairs, candidate.stations), settings)
    if isinstance(scene, str):
        return 0, None
    none = np.zeros(len(scene.correlations.pairs), dtype=bool)
    stacked = stack_gains(scene.correlations, scene.active, grid.s_times_s)
    best: tuple[int, Place | None] = (0, None)
    for node in stack_maxima(stacked, grid)[:MAX_TRIALS]:
        fit = refine_node(int(node), [], none, 1, scene, settings)
        if fit is None:
            continue
        count = int(supporting_pairs(fit, scene.correlations, settings).sum())
        if count > best[0]:
            best = count, (fit.place.latitude, fit.place.longitude)
    return best


def _sources(
    found: Detections, candidate: Candidate, association: Association, rules: Rules
) -> tuple[SourceStory, ...]:
    """Stories of the sources that were located for a candidate."""
    mine = set(association.table["group_id"].iloc[candidate.groups])
    return tuple(
        tell_source(row, hypocentre, rules)
        for (_, row), hypocentre in zip(found.events.iterrows(), found.hypocentres, strict=True)
        if not pd.isna(row["group_id"]) and row["group_id"] in mine
    )


def _story(
    window: Envelopes,
    candidate: Candidate,
    association: Association,
    heard: Heard,
    verdict: Verdict,
) -> LocatingStory:
    """Story of one candidate in one window, its sources not yet told."""
    codes = association.probabilities.network.codes
    return LocatingStory(
        window.start_time,
        window.end_time,
        tuple(str(name) for name in association.table["group_id"].iloc[candidate.groups]),
        tuple(codes[k] for k in candidate.stations),
        *heard,
        verdict,
        (),
    )


def _empty(window: Envelopes) -> LocatingStory:
    verdict = Verdict("no_group", "no group to locate in it")
    return LocatingStory(window.start_time, window.end_time, (), (), 0, 0, 0, verdict, ())
