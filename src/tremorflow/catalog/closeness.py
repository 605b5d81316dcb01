"""Which events lie close in time and space, without looking at every pair."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import CatalogError
from tremorflow.geodesy import ECCENTRICITY_SQUARED, EQUATORIAL_RADIUS_KM
from tremorflow.records import NANOSECONDS, TIME

Indices = NDArray[np.intp]
Nanoseconds = NDArray[np.int64]


def nanoseconds(times: "pd.Series[pd.Timestamp]") -> Nanoseconds:
    """(event,) nanoseconds since 1970; the smallest integer where a time is missing."""
    return times.to_numpy().astype(TIME).astype(np.int64)


def interval_ns(events: pd.DataFrame, start: str, end: str) -> tuple[Nanoseconds, Nanoseconds]:
    """(event,) start and end in ns; events that lack either are a point at their ``time``.

    Raises
    ------
    CatalogError
        An interval that ends before it starts.
    """
    known = (events[start].notna() & events[end].notna()).to_numpy()
    time = nanoseconds(events["time"])
    starts = np.where(known, nanoseconds(events[start]), time)
    ends = np.where(known, nanoseconds(events[end]), time)
    if (ends < starts).any():
        row = int(np.flatnonzero(ends < starts)[0])
        name = events["event_id"].iloc[row]
        raise CatalogError(f"event {name} (row {row + 1}): {end} is before {start}; correct the catalogue")
    return starts, ends


def pairs_within(times_a: Nanoseconds, times_b: Nanoseconds, gate_s: float) -> tuple[Indices, Indices]:
    """(pair,) indices into both, of the times at most ``gate_s`` apart."""
    order = np.argsort(times_b, kind="stable")
    gate = round(gate_s * NANOSECONDS)
    first = np.searchsorted(times_b[order], times_a - gate, side="left")
    last = np.searchsorted(times_b[order], times_a + gate, side="right")
    return _ranges(first, last, order)


def pairs_overlapping(
    starts_a: Nanoseconds, ends_a: Nanoseconds, starts_b: Nanoseconds, ends_b: Nanoseconds
) -> tuple[Indices, Indices]:
    """(pair,) indices into both, of the intervals that share more than an end point.

    A point (start = end) overlaps an interval that holds it inside.

    Notes
    -----
    Of two that overlap, one starts inside the other: two sorted look-ups find all of them and no others.
    """
    order_b, order_a = np.argsort(starts_b, kind="stable"), np.argsort(starts_a, kind="stable")
    first = np.searchsorted(starts_b[order_b], starts_a, side="left")
    last = np.searchsorted(starts_b[order_b], ends_a, side="left")
    a1, b1 = _ranges(first, np.maximum(first, last), order_b)
    first = np.searchsorted(starts_a[order_a], starts_b, side="right")
    last = np.searchsorted(starts_a[order_a], ends_b, side="left")
    b2, a2 = _ranges(first, np.maximum(first, last), order_a)
    a, b = np.concatenate([a1, a2]), np.concatenate([b1, b2])
    keep = (starts_a[a] < ends_b[b]) & (starts_b[b] < ends_a[a])
    return a[keep], b[keep]


def unique_pairs(a: Indices, b: Indices, n_b: int) -> tuple[Indices, Indices]:
    """Pairs without repetition, sorted by ``a``, then ``b``."""
    keys = np.unique(a.astype(np.int64) * max(n_b, 1) + b)
    return (keys // max(n_b, 1)).astype(np.intp), (keys % max(n_b, 1)).astype(np.intp)


def earth_centred_km(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """(event, 3) Cartesian coordinates on WGS84; chords are within 1e-4 of arcs up to 100 km."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    radius = EQUATORIAL_RADIUS_KM / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    return np.column_stack(
        [
            radius * np.cos(phi) * np.cos(lam),
            radius * np.cos(phi) * np.sin(lam),
            radius * (1 - ECCENTRICITY_SQUARED) * np.sin(phi),
        ]
    )


def _ranges(first: Indices, last: Indices, order: Indices) -> tuple[Indices, Indices]:
    """Pairs (row, order[k]) for k from first[row] to last[row], the latter not included."""
    counts = last - first
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    return rows, order[places]
