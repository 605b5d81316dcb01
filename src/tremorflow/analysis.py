"""The chain itself: envelopes of a network, and what DiET says of it -> events."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow import __version__
from tremorflow.associate import (
    AssociationSettings,
    Groups,
    StationGraph,
    associate_stations,
    earthquake_excess,
    gather_candidates,
    group_table,
    station_graph,
)
from tremorflow.catalog.quality import CatalogSettings, control_quality
from tremorflow.geodesy import distances_km
from tremorflow.locate import (
    Hypocentre,
    LocationSettings,
    SearchGrid,
    error_ellipse,
    locate_group,
    locate_windows,
    station_pairs,
    window_starts,
)
from tremorflow.records import Envelopes, Probabilities, event_table, name_by_time, timedelta

Method = Literal["diet-grasp", "conventional"]
CONVENTIONAL: Method = "conventional"  # envelope correlation over the whole network
DIET_GRASP: Method = "diet-grasp"  # probabilities, groups of stations, each located

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Detections:
    """What the windows gave: one event and hypocentre per source, and how the windows ended.

    ``events`` (event table) and ``hypocentres`` are row by row the same, before duplicates are merged.
    """

    events: pd.DataFrame
    hypocentres: tuple[Hypocentre, ...]
    windows: Counter[str]


@dataclass(frozen=True, slots=True)
class Association:
    """Groups of all windows of a network, with all that their location needs.

    ``table`` has a row per group (``GROUP_COLUMNS``); ``usable`` (group,) is false for those that are no
    tremor.
    """

    probabilities: Probabilities
    groups: Groups
    table: pd.DataFrame
    usable: NDArray[np.bool_]
    graph: StationGraph
    settings: AssociationSettings


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


def associate_windows(probabilities: Probabilities, settings: AssociationSettings) -> Association:
    """Group the stations that hear the same tremor, in all windows; groups of earthquakes are not usable."""
    groups = associate_stations(probabilities.p_tremor, probabilities.network, settings)
    usable = earthquake_excess(groups, probabilities, settings) <= 0
    table = group_table(groups, probabilities, settings)
    graph = station_graph(probabilities.network, settings)
    return Association(probabilities, groups, table, usable, graph, settings)


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
            windows_within(association.probabilities, start, settings.window_s),
            association.graph,
            association.settings,
            association.usable,
        )
        outcomes = []
        for candidate in candidates:
            window = window or envelopes.window(start, settings.window_s)
            result = locate_group(window, candidate.stations, grid, pairs, settings)
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


def finish_catalog(events: pd.DataFrame, settings: CatalogSettings) -> pd.DataFrame:
    """Catalogue from all detections: duplicates merged, isolated events flagged, graded, named."""
    ordered = events.sort_values(["time", "latitude", "longitude"], ignore_index=True)
    kept = control_quality(ordered, settings)
    kept["event_id"] = pd.array(name_by_time(kept["time"].to_numpy()), dtype="string")
    return kept


def windows_within(probabilities: Probabilities, start: np.datetime64, length_s: float) -> range:
    """Windows that were classified and lie within a window of the location."""
    last = start + timedelta(length_s - probabilities.window_s)
    begin = int(np.searchsorted(probabilities.start_times, start, side="left"))
    return range(begin, int(np.searchsorted(probabilities.start_times, last, side="right")))


def _group_cells(
    hypocentre: Hypocentre, groups: NDArray[np.intp], association: Association
) -> dict[str, object]:
    """Cells of the event table on the group that a hypocentre is of: the nearest in place."""
    found, place = association.groups, hypocentre.fit.place
    away = distances_km(place.latitude, place.longitude, found.latitudes[groups], found.longitudes[groups])
    row = association.table.iloc[int(groups[np.argmin(away)])]
    return {"group_id": row["group_id"], "episode_id": row["episode_id"]}


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
