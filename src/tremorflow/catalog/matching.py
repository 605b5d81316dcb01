"""One-to-one matching of two catalogues: as many pairs as the gate allows, at the least total cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from tremorflow.catalog.closeness import (
    Indices,
    interval_ns,
    nanoseconds,
    pairs_overlapping,
    pairs_within,
    unique_pairs,
)
from tremorflow.geodesy import distances_km
from tremorflow.records import NANOSECONDS

LARGEST_DENSE = 400_000  # cells of a cost matrix solved at once (3 MB); larger groups are solved sparsely


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of events inside the gate, with their cost."""

    a: Indices  # (pair,)
    b: Indices  # (pair,)
    cost: NDArray[np.float64]  # (pair,)


def find_candidates(
    a: pd.DataFrame, b: pd.DataFrame, max_time_s: float, max_distance_km: float
) -> Candidates:
    """Pairs inside the gate: times at most ``max_time_s`` apart or bursts that overlap, and near in space.

    Parameters
    ----------
    a, b
        Event tables in which every event has a time and an epicentre.

    Returns
    -------
    Candidates with cost (dt / max_time_s)^2 + (distance / max_distance_km)^2.
    """
    times_a, times_b = nanoseconds(a["time"]), nanoseconds(b["time"])
    near = pairs_within(times_a, times_b, max_time_s)
    intervals = (*interval_ns(a, "start_time", "end_time"), *interval_ns(b, "start_time", "end_time"))
    overlapping = pairs_overlapping(*intervals)
    i, j = unique_pairs(
        np.concatenate([near[0], overlapping[0]]), np.concatenate([near[1], overlapping[1]]), len(b)
    )
    place_a, place_b = (one[["latitude", "longitude"]].to_numpy() for one in (a, b))
    apart = distances_km(place_a[i, 0], place_a[i, 1], place_b[j, 0], place_b[j, 1])
    inside = apart <= max_distance_km
    i, j, apart = i[inside], j[inside], apart[inside]
    dt_s = (times_a[i] - times_b[j]) / NANOSECONDS
    return Candidates(i, j, (dt_s / max_time_s) ** 2 + (apart / max_distance_km) ** 2)


def match_one_to_one(candidates: Candidates, n_a: int, n_b: int) -> Indices:
    """(match,) indices of the candidate pairs that are chosen, ascending.

    Each event is in one pair at most. Of all choices with the largest number of pairs it is one with the
    least total cost.

    Notes
    -----
    Events that share no candidate, directly or through others, cannot compete: every connected group is
    solved alone (Jonker-Volgenant; sparse for long chains, such as days of tremor in both catalogues).
    """
    if not len(candidates.a):
        return np.zeros(0, np.intp)
    shape = (n_a + n_b, n_a + n_b)
    edges = coo_array((np.ones(len(candidates.a)), (candidates.a, candidates.b + n_a)), shape=shape)
    labels = connected_components(edges, directed=False)[1][candidates.a]
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    chosen = [_match_group(candidates, group) for group in np.split(order, cuts)]
    return np.sort(np.concatenate(chosen))


def _match_group(candidates: Candidates, pairs: Indices) -> Indices:
    if len(pairs) == 1:
        return pairs
    rows, row = np.unique(candidates.a[pairs], return_inverse=True)
    columns, column = np.unique(candidates.b[pairs], return_inverse=True)
    # more than any rearrangement can save, so that one pair more always wins
    unmatched = 1.0 + (min(len(rows), len(columns)) + 1) * float(candidates.cost[pairs].max())
    if len(rows) * len(columns) <= LARGEST_DENSE:
        costs = np.full((len(rows), len(columns)), unmatched)
        costs[row, column] = candidates.cost[pairs]
        found_row, found_column = linear_sum_assignment(costs)
    else:
        found_row, found_column = _match_sparsely(candidates.cost[pairs], row, column, unmatched)
    keys = row * len(columns) + column
    found = found_row * len(columns) + found_column
    return pairs[np.isin(keys, found[found_column < len(columns)])]


def _match_sparsely(
    cost: NDArray[np.float64], row: Indices, column: Indices, unmatched: float
) -> tuple[Indices, Indices]:
    """Least-cost matching in which every row may take a column of its own for the price ``unmatched``."""
    n_rows, n_columns = int(row.max()) + 1, int(column.max()) + 1
    own = np.arange(n_rows)
    # explicit zeros are no edges for SciPy: all prices are raised by one, which changes no comparison
    prices = np.concatenate([cost, np.full(n_rows, unmatched)]) + 1.0
    places = (np.concatenate([row, own]), np.concatenate([column, n_columns + own]))
    graph = csr_array((prices, places), shape=(n_rows, n_columns + n_rows))
    found_row, found_column = min_weight_full_bipartite_matching(graph)
    return found_row.astype(np.intp), found_column.astype(np.intp)
