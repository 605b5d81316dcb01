"""Labels of windows from catalogues: where tremor or an earthquake should be seen, and where nothing is.

Sagae et al. (2025, doi:10.1029/2025JB031348) trained on all stations of S-net with labels from catalogues;
their rules are not public in detail, and those here are our own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.geodesy import distances_km
from tremorflow.options import option, settings_class
from tremorflow.records import CLASSES, FloatArray, Network

UNSURE, BOTH = -1, len(CLASSES)
"""Labels beside the places in ``CLASSES``: not to be used, and tremor and earthquake at once."""

LABEL_NAMES = (*CLASSES, "both")


@settings_class
class LabelSettings:
    """When a window counts as tremor, earthquake or noise."""

    tremor_distance_km: float = option(
        40.0, unit="km", reason="epicentral; farther away few bursts of a catalogue are seen", gt=0
    )
    tremor_snr: float = option(
        1.5, unit="-", reason="lowest; labels below 1.2 cannot be learnt (first experiment)", ge=1
    )
    cover_s: float = option(30.0, unit="s", reason="of the window by tremor (DEFINITIONS.md)", gt=0)
    earthquake_snr: float = option(2.0, unit="-", reason="lowest (DEFINITIONS.md)", ge=1)
    quiet_s: float = option(600.0, unit="s", reason="noise: no event of a catalogue that close in time", ge=0)
    quiet_km: float = option(300.0, unit="km", reason="noise: nor that close in space", gt=0)
    cap: int = option(
        2000, unit="windows", reason="of each class at each station: no station outweighs", ge=1
    )
    margin_s: float = option(
        30.0, unit="s", reason="kept before and after each window: training shifts it that far", ge=0
    )
    test_stations: tuple[str, ...] = option(
        (), unit="-", reason="codes (N.S4N21, or how they begin: N.S4) that only test: unseen stations"
    )
    day_shares: tuple[float, float] = option(
        (0.15, 0.15),
        unit="-",
        reason='of whole days for "dev" and "test": neighbouring windows stay together',
    )

    def __post_init__(self) -> None:
        """Refuse shares of days that leave none to train on."""
        if min(self.day_shares) < 0 or sum(self.day_shares) >= 1:
            raise ValueError(f"day_shares = {self.day_shares}: must be >= 0 and leave days to train on")


class Arrivals(NamedTuple):
    """When an event is seen at stations: first and last second (station,), and how far away it is."""

    first_s: FloatArray
    last_s: FloatArray
    distances_km: FloatArray


@dataclass(frozen=True, slots=True)
class Labels:
    """What the catalogues say of windows: ``values`` (station, window) and the event that each is of.

    ``events`` (station, window) are rows of the catalogue that the label is from, -1 without.
    """

    values: NDArray[np.int8]
    events: NDArray[np.int32]


def empty_labels(n_stations: int, n_windows: int) -> Labels:
    """Everything noise, until an event says otherwise."""
    shape = (n_stations, n_windows)
    return Labels(np.zeros(shape, dtype=np.int8), np.full(shape, -1, dtype=np.int32))


def mark_busy(
    labels: Labels,
    starts_s: FloatArray,
    window_s: float,
    event_s: tuple[float, float],
    near: NDArray[np.bool_],
    quiet_s: float,
) -> None:
    """Windows within ``quiet_s`` of an event, at the stations that are near, are noise no longer."""
    first, last = _touched(starts_s, window_s, event_s[0] - quiet_s, event_s[1] + quiet_s)
    part = labels.values[near, first:last]
    labels.values[near, first:last] = np.where(part == 0, UNSURE, part)


def mark_event(
    labels: Labels,
    starts_s: FloatArray,
    window_s: float,
    arrivals: Arrivals,
    kind: str,
    row: int,
    cover_s: float,
) -> None:
    """Windows in which an event is seen get its label; those with one of the other kind become ``BOTH``.

    Parameters
    ----------
    labels
        Changed in place.
    starts_s : (window,)
        Starts in order.
    arrivals
        NaN for stations that do not see the event.
    kind
        "tremor" or "earthquake".
    row
        Of the catalogue.
    cover_s
        That the event must lie in the window; 0: its first arrival or its last must.
    """
    own = CLASSES.index(kind)
    other = CLASSES.index("earthquake" if kind == "tremor" else "tremor")
    for station in np.flatnonzero(np.isfinite(arrivals.first_s)):
        begin, end = arrivals.first_s[station], arrivals.last_s[station]
        first, last = _touched(starts_s, window_s, begin, end)
        starts = starts_s[first:last]
        if cover_s > 0:
            seen = np.minimum(starts + window_s, end) - np.maximum(starts, begin) >= cover_s
        else:
            seen = ((begin >= starts) & (begin < starts + window_s)) | (
                (end >= starts) & (end < starts + window_s)
            )
        part = labels.values[station, first:last]
        mixed = seen & ((part == other) | (part == BOTH))
        labels.values[station, first:last] = np.where(mixed, BOTH, np.where(seen, own, part))
        labels.events[station, first:last] = np.where(seen, row, labels.events[station, first:last])


def _touched(starts_s: FloatArray, window_s: float, begin: float, end: float) -> tuple[int, int]:
    """First and end index of the windows that overlap a span."""
    first = int(np.searchsorted(starts_s, begin - window_s, side="right"))
    return first, int(np.searchsorted(starts_s, end, side="right"))


def is_seen(magnitudes: FloatArray, distances: FloatArray) -> NDArray[np.bool_]:
    """Whether an earthquake of a magnitude may stand out at a distance (km): M 1 to 30 km, M 2 100, M 3 300.

    A first sieve; the SNR that is measured decides.
    """
    return np.asarray(np.log10(np.maximum(distances, 1.0)) <= 1.0 + 0.5 * magnitudes)


def choose_windows(
    labels: Labels, magnitudes: FloatArray, settings: LabelSettings, rng: Generator
) -> pd.DataFrame:
    """Draw the windows that are worth reading: ``station``, ``window``, ``label``, ``event``.

    At each station at most ``cap`` of a class; earthquakes in equal numbers per half magnitude, as far as
    there are; noise as many as the larger of the other two, so that no station is known by its noise.
    """
    parts = []
    for station, values in enumerate(labels.values):
        counts: dict[int, int] = {}
        for label in (1, 2, BOTH, 0):
            rows = np.flatnonzero(values == label)
            limit = settings.cap
            if label == 0:
                limit = min(limit, max(counts.get(1, 0), counts.get(2, 0), min(settings.cap, 50)))
            if label == 2 and len(rows) > limit:
                rows = _by_magnitude(rows, magnitudes[labels.events[station, rows]], limit, rng)
            chosen = np.sort(rng.permutation(rows)[:limit])
            counts[label] = len(chosen)
            parts.append(
                pd.DataFrame(
                    {
                        "station": station,
                        "window": chosen,
                        "label": label,
                        "event": labels.events[station, chosen],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _by_magnitude(
    rows: NDArray[np.int64], magnitudes: FloatArray, limit: int, rng: Generator
) -> NDArray[np.int64]:
    """``limit`` rows, as equal in number per half magnitude as there are."""
    order = rng.permutation(len(rows))
    bins = np.floor(2 * magnitudes[order])
    rank = pd.Series(bins).groupby(bins).cumcount().to_numpy()
    return np.asarray(rows[order[np.argsort(rank, kind="stable")[:limit]]])


def split_of_days(days: NDArray[np.int64], settings: LabelSettings, rng: Generator) -> dict[int, str]:
    """Split of each whole day: blocks that no two splits share; one day at least trains."""
    unique = rng.permutation(np.unique(days))
    n_dev, n_test = (round(share * len(unique)) for share in settings.day_shares)
    names = ["dev"] * n_dev + ["test"] * n_test
    return {int(day): (names[k] if k < len(names) else "train") for k, day in enumerate(unique)}


def near_stations(network: Network, latitude: float, longitude: float, reach_km: float) -> NDArray[np.bool_]:
    """(station,) whether a station stands within ``reach_km`` of a place."""
    apart = distances_km(latitude, longitude, network.latitudes, network.longitudes)
    return np.asarray(apart <= reach_km)
