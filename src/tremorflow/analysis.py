"""The chain itself: envelopes of a network, and what DiET says of it -> events."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow import __version__
from tremorflow.associate import (
    AssociationSettings,
    Candidate,
    Groups,
    Hearing,
    StationGraph,
    associate_stations,
    earthquake_excess,
    find_doubts,
    gather_candidates,
    group_table,
    learn_hearing,
    place_likelihood,
    station_graph,
)
from tremorflow.catalog.quality import CatalogSettings, control_quality
from tremorflow.classifier.infer import Classifier, classify_waveforms
from tremorflow.detections import (
    MOST_EARTHQUAKE_SHARE,
    Detections,
    earthquake_share,
    with_amplitude_check,
    with_energies,
)
from tremorflow.energy import EnergySettings, measure_noise
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.locate import (
    REGULAR_SHOTS,
    Hypocentre,
    LocationSettings,
    SearchGrid,
    StationPairs,
    Whereabouts,
    WindowResult,
    error_ellipse,
    locate_group,
    locate_small_group,
    locate_windows,
    station_pairs,
    window_starts,
)
from tremorflow.preprocess import PreprocessSettings, compute_envelopes, select_horizontals
from tremorflow.records import (
    Envelopes,
    Probabilities,
    Waveforms,
    event_table,
    name_by_time,
)

Method = Literal["diet-grasp", "conventional"]
CONVENTIONAL: Method = "conventional"  # envelope correlation over the whole network
DIET_GRASP: Method = "diet-grasp"  # probabilities, groups of stations, each located

HEARD_AS_EARTHQUAKE = "earthquake_at_source"  # located, but its own stations hear an earthquake
FAR_FROM_GROUP = "far_from_group"  # located, but none of its sources is where the stations point to
SAME_SOURCE_KM = 45.0  # of a group from its hypocentre: nine in ten point to within this (bench grasp)
WHEREABOUTS_KM = 100.0  # around a group, where its source is looked for: over twice SAME_SOURCE_KM
WITHOUT_PLACE = ("too_few_stations", "too_few_correlated_pairs", "no_agreement_of_stations")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Association:
    """Groups of all windows of a network, with all that their location needs.

    ``table`` has a row per group (``GROUP_COLUMNS``); ``usable`` (group,) is false for those that are no
    tremor, ``doubts`` (group,) say what speaks against those that delays do not place (``find_doubts``).
    """

    probabilities: Probabilities
    groups: Groups
    table: pd.DataFrame
    usable: NDArray[np.bool_]
    doubts: NDArray[np.object_]
    graph: StationGraph
    settings: AssociationSettings
    hearing: Hearing


class ChainSettings(NamedTuple):
    """Settings of the stages of the full chain after the classifier, which has those it was trained with."""

    preprocess: PreprocessSettings = PreprocessSettings()
    association: AssociationSettings = AssociationSettings()
    location: LocationSettings = LocationSettings()
    energy: EnergySettings = EnergySettings()
    catalog: CatalogSettings = CatalogSettings()


def find_tremor(
    waveforms: Waveforms,
    classifier: Classifier,
    grid: SearchGrid,
    settings: ChainSettings,
    settings_hash: str = "",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Tremor in the waveforms of a network: the full chain, from samples to a catalogue.

    Parameters
    ----------
    waveforms : (station, component, time), m/s or count
        Of the grid's network; all of it in memory, so a few hours at most. Bad samples are NaN.
    classifier
        With the weights to use.
    grid
        Where sources are looked for.
    settings
        Of the stages.
    settings_hash
        Written into every row.
    progress
        Called with the number of windows of the location done and in all.

    Returns
    -------
    Event table (``EVENT_COLUMNS`` and those of the full chain), duplicates merged, graded. ``tremorflow run``
    does the same hour by hour, with the hour before as background, and keeps what lies between.

    Raises
    ------
    DataError
        The grid is of other stations; or as of ``classify_waveforms`` and ``compute_envelopes``.
    """
    if waveforms.network.codes != grid.network.codes:
        raise DataError(
            f"the grid is of {len(grid.network)} stations, the waveforms of {len(waveforms.network)}, and "
            "not the same in the same order; make the grid with search_grid(waveforms.network, ...)"
        )
    energy = energy_in_band(settings.energy, settings.preprocess)
    probabilities = classify_waveforms(waveforms, classifier)
    envelopes = compute_envelopes(waveforms, settings.preprocess)
    noise = np.sqrt(measure_noise(envelopes, energy).power) if envelopes.unit == "m/s" else None
    hearing = learn_hearing(probabilities, settings.association, noise)
    association = associate_windows(probabilities, settings.association, hearing)
    horizontals = select_horizontals(envelopes)
    found, _ = locate_groups(horizontals, association, grid, settings.location, settings_hash, progress)
    found = with_energies(found, envelopes, probabilities, energy)
    found = with_amplitude_check(found, envelopes, probabilities, grid, settings.location)
    return finish_catalog(found.events, settings.catalog)


def energy_in_band(settings: EnergySettings, preprocess: PreprocessSettings) -> EnergySettings:
    """Give the settings of the energy the band-pass of the envelopes."""
    return replace(settings, band_order=preprocess.band_order)


def detect_tremor(
    envelopes: Envelopes,
    grid: SearchGrid,
    settings: LocationSettings,
    settings_hash: str,
    progress: Progress | None = None,
) -> Detections:
    """Tremor by the conventional method: envelope correlation over the network, window by window.

    Parameters
    ----------
    envelopes : (station, component, time)
        Of the grid's network.
    grid
        Where sources are looked for.
    settings
        Of the location.
    settings_hash
        Written into every row.
    progress
        Called with the number of windows done and in all.

    Returns
    -------
    Detections, in order of time, duplicates of overlapping windows included.
    """
    windows: Counter[str] = Counter()
    hypocentres: list[Hypocentre] = []
    for result in locate_windows(envelopes, grid, settings, progress):
        windows[result.reason] += 1
        hypocentres.extend(result.hypocentres)
    rows = [_event_row(hypocentre, settings, settings_hash, CONVENTIONAL) for hypocentre in hypocentres]
    return Detections(event_table(rows), tuple(hypocentres), windows)


def associate_windows(
    probabilities: Probabilities, settings: AssociationSettings, hearing: Hearing | None = None
) -> Association:
    """Group the stations that hear the same tremor, in all windows; groups of earthquakes are not usable.

    Parameters
    ----------
    probabilities
        Of all windows.
    settings
        Of the association.
    hearing
        How the stations hear; without it that is learnt from the probabilities.
    """
    hearing = hearing or learn_hearing(probabilities, settings)
    groups = associate_stations(probabilities.p_tremor, probabilities.network, settings, hearing)
    excess, doubts = earthquake_excess(groups, probabilities, settings), find_doubts(groups)
    table = group_table(groups, excess, probabilities, settings)
    graph = station_graph(probabilities.network, settings)
    return Association(probabilities, groups, table, excess <= 0, doubts, graph, settings, hearing)


def locate_groups(
    envelopes: Envelopes,
    association: Association,
    grid: SearchGrid,
    settings: LocationSettings,
    settings_hash: str,
    progress: Progress | None = None,
) -> tuple[Detections, NDArray[np.object_]]:
    """Locate the groups of a span: events with the group and episode that each is of.

    Parameters
    ----------
    envelopes : (station, component, time)
        Of the grid's network.
    association
        Groups of this network; those whose windows lie within a window of the location are located in it.
        The windows of the location lie within the envelopes.
    grid, settings, settings_hash, progress
        As of ``detect_tremor``.

    Returns
    -------
    Detections, duplicates of overlapping windows included; and what became of each group (group,):
    "located", the rule that stopped it, or "" for those of other spans.
    """
    pairs = station_pairs(grid, settings)
    starts = window_starts(envelopes.start_time, envelopes.end_time, settings)
    windows: Counter[str] = Counter()
    hypocentres: list[Hypocentre] = []
    rows: list[dict[str, object]] = []
    fates = np.full(len(association.groups), "", dtype=object)
    for k, start in enumerate(starts):
        window = None
        candidates = gather_candidates(
            association.groups,
            association.probabilities,
            association.probabilities.windows_within(start, settings.window_s),
            association.graph,
            association.settings,
            association.usable,
        )
        outcomes = []
        for candidate in candidates:
            window = window or envelopes.window(start, settings.window_s)
            result = locate_tremor(window, candidate, association, grid, pairs, settings)
            outcomes.append(result.reason)
            mine = candidate.groups
            fates[mine] = np.where(fates[mine] == "located", "located", result.reason)
            for hypocentre in result.hypocentres:
                hypocentres.append(hypocentre)
                row = _event_row(hypocentre, settings, settings_hash, DIET_GRASP)
                rows.append(row | _group_cells(hypocentre, candidate.groups, association))
        windows["located" if "located" in outcomes else next(iter(outcomes), "no_group")] += 1
        if progress is not None:
            progress(k + 1, len(starts))
    return Detections(event_table(rows), tuple(hypocentres), windows), fates


def locate_tremor(
    window: Envelopes,
    candidate: Candidate,
    association: Association,
    grid: SearchGrid,
    pairs: StationPairs,
    settings: LocationSettings,
) -> WindowResult:
    """Locate a candidate, without what is an earthquake to its stations, or far from where they point to.

    If nothing is left, it is located once more, in that window of the classifier in which it is least an
    earthquake: tremor a minute before or after one is the weaker of two in the long window.
    """
    result = locate_candidate(window, candidate, association, grid, pairs, settings)
    found = _accept(result, candidate, association)
    if found.hypocentres or not result.hypocentres:
        return found
    surest = candidate.groups[np.argmax(association.table["p_group"].iloc[candidate.groups])]
    said = association.probabilities
    part = window.window(said.start_times[association.groups.windows[surest]], said.window_s)
    by_envelopes = replace(settings, uncorrelated=False)
    again = locate_candidate(part, candidate, association, grid, pairs, by_envelopes)
    accepted = _accept(again, candidate, association)
    return accepted if accepted.hypocentres else found


def _accept(result: WindowResult, candidate: Candidate, association: Association) -> WindowResult:
    """Leave the sources that are tremor to their stations, if one of them is where the groups point to.

    Where it is not known how the stations hear, groups do not point well enough to refuse what is elsewhere.
    """
    said = association.probabilities
    tremor = [one for one in result.hypocentres if earthquake_share(one, said) <= MOST_EARTHQUAKE_SHARE]
    if not tremor:
        reason = HEARD_AS_EARTHQUAKE if result.hypocentres else result.reason
        return WindowResult(result.window_start, (), reason)
    if association.hearing.is_known:
        away = min(_kilometres_to_groups(one, candidate.groups, association.groups).min() for one in tremor)
        if away > association.settings.source_km:
            return WindowResult(result.window_start, (), FAR_FROM_GROUP)
    return replace(result, hypocentres=tuple(tremor))


def locate_candidate(
    window: Envelopes,
    candidate: Candidate,
    association: Association,
    grid: SearchGrid,
    pairs: StationPairs,
    settings: LocationSettings,
) -> WindowResult:
    """Locate a candidate by the delays of its stations; where they give no place, by what they say too."""
    result = locate_group(window, candidate.stations, grid, pairs, settings)
    if result.reason not in WITHOUT_PLACE or not settings.small_groups:
        return result
    doubts = association.doubts[candidate.groups]
    if all(doubts):
        return WindowResult(window.start_time, (), str(doubts[0]))
    known = whereabouts(candidate, association, grid)
    small = locate_small_group(window, candidate.stations, known, grid, pairs, settings)
    if small.reason == REGULAR_SHOTS:
        return WindowResult(window.start_time, (), REGULAR_SHOTS)
    if small.hypocentre is None:
        return result
    return WindowResult(window.start_time, (small.hypocentre,), "located")


def whereabouts(candidate: Candidate, association: Association, grid: SearchGrid) -> Whereabouts:
    """Nodes around the surest group of a candidate, and how likely its stations' probabilities make each."""
    groups, probabilities = association.groups, association.probabilities
    surest = candidate.groups[np.argmax(groups.gains[candidate.groups])]
    nodes = grid.nodes_near(groups.latitudes[surest], groups.longitudes[surest], WHEREABOUTS_KM)
    likelihood = place_likelihood(
        grid.node_latitudes[nodes],
        grid.node_longitudes[nodes],
        groups,
        candidate.groups,
        probabilities,
        association.settings,
        association.hearing,
    )
    when = groups.windows[candidate.groups]
    mine = groups.labels[:, when] == candidate.groups
    highest = float(probabilities.p_tremor[:, when][mine].max())
    members = np.flatnonzero(mine.any(axis=1))
    return Whereabouts(nodes, likelihood, members, float(groups.gains[surest]), highest)


def finish_catalog(events: pd.DataFrame, settings: CatalogSettings) -> pd.DataFrame:
    """Catalogue from all detections: duplicates merged, isolated events flagged, graded, named."""
    ordered = events.sort_values(["time", "latitude", "longitude"], ignore_index=True)
    kept = control_quality(ordered, settings)
    kept["event_id"] = pd.array(name_by_time(kept["time"].to_numpy()), dtype="string")
    return kept


def _group_cells(
    hypocentre: Hypocentre, groups: NDArray[np.intp], association: Association
) -> dict[str, object]:
    """Cells of the event table on the group that a hypocentre is of: the surest near it, or the nearest."""
    found = association.groups
    away = _kilometres_to_groups(hypocentre, groups, found)
    near = away <= max(SAME_SOURCE_KM, away.min())
    row = association.table.iloc[int(groups[near][np.argmax(found.gains[groups[near]])])]
    return {name: row[name] for name in ("p_group", "group_id", "episode_id")}


def _kilometres_to_groups(
    hypocentre: Hypocentre, numbers: NDArray[np.intp], groups: Groups
) -> NDArray[np.float64]:
    """Distances (n,) from a hypocentre to where groups of these numbers point to."""
    place = hypocentre.fit.place
    return np.asarray(
        distances_km(place.latitude, place.longitude, groups.latitudes[numbers], groups.longitudes[numbers])
    )


def _event_row(
    hypocentre: Hypocentre, settings: LocationSettings, settings_hash: str, method: str
) -> dict[str, object]:
    """Row of the event table for a hypocentre."""
    fit, source = hypocentre.fit, hypocentre.source
    major, minor, azimuth = error_ellipse(fit.covariance_km2)
    return {
        "time": source.time,
        "start_time": source.start_time,
        "end_time": source.end_time,
        "latitude": fit.place.latitude,
        "longitude": (fit.place.longitude + 180) % 360 - 180,
        "depth_km": fit.place.depth_km,
        "semi_major_km": major,
        "semi_minor_km": minor,
        "azimuth_deg": azimuth,
        "depth_error_km": float(np.sqrt(fit.covariance_km2[2, 2])) if settings.depth == "free" else np.nan,
        "duration_s": source.duration_s,
        "n_stations": len(fit.stations),
        "n_pairs": hypocentre.n_pairs,
        "correlation": hypocentre.correlation,
        "flags": ";".join(hypocentre.flags),
        "method": method,
        "version": __version__,
        "settings_hash": settings_hash,
        "window_start": hypocentre.window_start,
        "window_end": hypocentre.window_end,
    }
