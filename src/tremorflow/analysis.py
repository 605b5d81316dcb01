"""The chain itself: envelopes of a network -> events."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tremorflow import __version__
from tremorflow.catalog.quality import CatalogSettings, control_quality
from tremorflow.locate import (
    Hypocentre,
    LocationSettings,
    SearchGrid,
    error_ellipse,
    locate_windows,
)
from tremorflow.records import Envelopes, event_table, name_by_time

CONVENTIONAL = "conventional"  # envelope correlation over the whole network


@dataclass(frozen=True, slots=True)
class Detections:
    """What the windows gave: one event and hypocentre per source, and how the windows ended.

    ``events`` (event table) and ``hypocentres`` are row by row the same, before duplicates are merged.
    """

    events: pd.DataFrame
    hypocentres: tuple[Hypocentre, ...]
    windows: Counter[str]


def detect_tremor(
    envelopes: Envelopes,
    grid: SearchGrid,
    settings: LocationSettings,
    settings_hash: str,
    progress: Callable[[int, int], None] | None = None,
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
    rows = [_event_row(hypocentre, settings, settings_hash) for hypocentre in hypocentres]
    return Detections(event_table(rows), tuple(hypocentres), windows)


def finish_catalog(events: pd.DataFrame, settings: CatalogSettings) -> pd.DataFrame:
    """Catalogue from all detections: duplicates merged, isolated events flagged, graded, named."""
    ordered = events.sort_values(["time", "latitude", "longitude"], ignore_index=True)
    kept = control_quality(ordered, settings)
    kept["event_id"] = pd.array(name_by_time(kept["time"].to_numpy()), dtype="string")
    return kept


def _event_row(hypocentre: Hypocentre, settings: LocationSettings, settings_hash: str) -> dict[str, object]:
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
        "method": CONVENTIONAL,
        "version": __version__,
        "settings_hash": settings_hash,
        "window_start": hypocentre.window_start,
        "window_end": hypocentre.window_end,
    }
