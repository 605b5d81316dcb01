"""What the catalogue made of a located source: kept or merged, flagged, graded, and by which rules."""

import numpy as np
import pandas as pd

from tremorflow.catalog.quality import (
    AZIMUTHAL_GAP,
    ISOLATED,
    CatalogSettings,
    merge_duplicates,
    words,
)
from tremorflow.explain.story import Rules, SourceStory, Verdict
from tremorflow.explain.words import count_of
from tremorflow.geodesy import distances_km
from tremorflow.locate import Hypocentre
from tremorflow.records import SMALL_GROUP, UNCORRELATED, event_table

SAME_DEG = 1e-6  # of a catalogue in text and the same place computed anew

MEANINGS = {
    "grid_edge": "on the rim of the search (location.grid_margin_deg) or where the depth is not known",
    "depth_limit": "at location.min_depth_km or location.max_depth_km",
    "window_edge": "the burst reaches the edge of the window: duration and time are those of a part",
    "several_maxima": "another place is nearly as likely (location.rival_likelihood)",
    "azimuthal_gap": "outside of its stations (location.max_azimuthal_gap_deg)",
    SMALL_GROUP: "placed by probabilities and amplitudes as much as by delays (location.small_groups)",
    "energy_not_velocity": "no energy: the recordings are counts; give their response (archive.stations)",
    "energy_no_station": "no energy: no station within energy.farthest_km hears this source alone: not an "
    "earthquake too, and not another source of the window that is nearer",
    "energy_no_recording": "no energy: the stations near it have gaps meanwhile",
    "energy_cut_by_ends": "no energy: the recordings begin or end within the burst",
    "energy_too_few_stations": "no energy: fewer than energy.min_stations stand out of the noise",
    "energy_stations_disagree": "no energy: no two stations (energy.min_stations) say about the same",
    UNCORRELATED: "its envelopes confirm nothing: placed by probabilities alone (location.uncorrelated)",
}


def tell_source(row: pd.Series, hypocentre: Hypocentre, rules: Rules) -> SourceStory:
    """Story of a source: the event that the catalogue has for it, and why that one."""
    kept = rules.events[_is_same(rules.events, row)]
    if len(kept):
        event = kept.iloc[0]
        outcome = Verdict("kept", f"in the catalogue as event {event['event_id']}")
        return SourceStory(
            row, hypocentre, str(event["event_id"]), outcome, _notes(event, rules.events, rules.catalog)
        )
    return _tell_lost(row, hypocentre, rules)


def _tell_lost(row: pd.Series, hypocentre: Hypocentre, rules: Rules) -> SourceStory:
    """Story of a source that is not in the catalogue: the event that was kept in its place."""
    for _, event in rules.events.sort_values(["n_pairs", "correlation"], ascending=False).iterrows():
        both = event_table(pd.DataFrame([event, row]))
        limits = rules.catalog.duplicate_distance_km, rules.catalog.duplicate_gap_s
        if len(merge_duplicates(both, *limits)) == 1:
            away = float(
                distances_km(event["latitude"], event["longitude"], row["latitude"], row["longitude"])
            )
            small = SMALL_GROUP in words(row["flags"]) and SMALL_GROUP not in words(event["flags"])
            text = (
                f"merged as a duplicate of event {event['event_id']}, {away:.0f} km away in an overlapping "
                f"window and better: {'by delays, ' if small else ''}{event['n_pairs']} pairs against "
                f"{row['n_pairs']} "
                f"(catalog.duplicate_distance_km = {rules.catalog.duplicate_distance_km:g})"
            )
            return SourceStory(row, hypocentre, str(event["event_id"]), Verdict("duplicate", text), ())
    outcome = Verdict("missing", "not in catalog.csv: was a row taken out by hand?")
    return SourceStory(row, hypocentre, "", outcome, ())


def _is_same(events: pd.DataFrame, row: pd.Series) -> pd.Series:
    """Whether each event is the source of a row: window and place."""
    off = (events["latitude"] - row["latitude"]).abs() + (events["longitude"] - row["longitude"]).abs()
    is_same: pd.Series = (events["window_start"] == row["window_start"]) & (off < SAME_DEG)
    return is_same


def _notes(event: pd.Series, events: pd.DataFrame, settings: CatalogSettings) -> tuple[str, ...]:
    """Grade and flags of an event, each with its rule."""
    notes = [f"quality {event['quality']}: {_grade_words(event, settings)}"]
    for flag in words(event["flags"]):
        if flag == ISOLATED:
            notes.append(f"flagged isolated: {_company_words(event, events, settings)}")
        else:
            notes.append(f"flagged {flag}: {MEANINGS.get(flag, 'see the catalogue columns')}")
    return tuple(notes)


def _grade_words(event: pd.Series, settings: CatalogSettings) -> str:
    """Hold the numbers that the grade rests on against the limits."""
    error, stations = event["semi_major_km"], event["n_stations"]
    best, good = settings.quality_a_max_error_km, settings.quality_b_max_error_km
    least = settings.quality_a_min_stations
    if event["quality"] == "A":
        return (
            f"error {error:.1f} km below catalog.quality_a_max_error_km = {best:g}, {stations} stations "
            f"(catalog.quality_a_min_stations = {least}), no azimuthal gap"
        )
    if event["quality"] == "C" and SMALL_GROUP in words(event["flags"]):
        return f"error {error:.1f} km, and of a small group (small_group): never better than C"
    if event["quality"] == "C":
        return f"error {error:.1f} km, not below catalog.quality_b_max_error_km = {good:g}"
    short = []
    if not error < best:
        short.append(f"error {error:.1f} km is not below catalog.quality_a_max_error_km = {best:g}")
    if stations < least:
        short.append(f"{stations} stations, catalog.quality_a_min_stations asks for {least}")
    if AZIMUTHAL_GAP in words(event["flags"]):
        short.append("it lies outside of its stations (azimuthal_gap)")
    return f"below catalog.quality_b_max_error_km = {good:g} km, but not A: " + ", ".join(short)


def _company_words(event: pd.Series, events: pd.DataFrame, settings: CatalogSettings) -> str:
    """How many events lie around one, against the limit."""
    hours = (events["time"] - event["time"]).abs() / pd.Timedelta(hours=1)
    away = distances_km(event["latitude"], event["longitude"], events["latitude"], events["longitude"])
    near = (hours <= settings.isolated_time_h) & (np.asarray(away) <= settings.isolated_distance_km)
    return (
        f"{count_of(int(near.sum()), 'event')}, itself included, within catalog.isolated_time_h = "
        f"{settings.isolated_time_h:g} h and catalog.isolated_distance_km = "
        f"{settings.isolated_distance_km:g} km; catalog.isolated_below_events asks for "
        f"{settings.isolated_below_events}; nothing is removed for it"
    )
