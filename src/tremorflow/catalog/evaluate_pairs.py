"""Two tremors at once: how often a catalogue holds both, against how far apart they are."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.closeness import Indices, interval_ns, pairs_overlapping
from tremorflow.catalog.compare import Comparison
from tremorflow.catalog.evaluate_rules import PAIR_EDGES_KM, PAIR_PREFIX, EvaluationSettings
from tremorflow.catalog.matching import find_candidates
from tremorflow.counting import Fraction, fraction
from tremorflow.geodesy import distances_km


@dataclass(frozen=True, slots=True)
class PairBin:
    """Pairs of simultaneous bursts whose epicentres are ``low_km`` to ``high_km`` apart."""

    low_km: float
    high_km: float
    resolved: Fraction
    one_found: int
    none_found: int
    extra_events: int


@dataclass(frozen=True, slots=True)
class BurstPairs:
    """Indices of simultaneous bursts at different places, and how far apart they are (km)."""

    first: Indices  # (pair,)
    second: Indices  # (pair,)
    separation_km: NDArray[np.float64]  # (pair,)


def find_simultaneous(bursts: pd.DataFrame, settings: EvaluationSettings) -> BurstPairs:
    """Pairs of bursts that overlap in time and are as far apart as one of the bins.

    By at least ``pair_overlap`` of the shorter, or by anything if they share an episode named "pair-...".
    """
    starts, ends = interval_ns(bursts, "start_time", "end_time")
    i, j = pairs_overlapping(starts, ends, starts, ends)
    i, j = i[i < j], j[i < j]
    shared = np.minimum(ends[i], ends[j]) - np.maximum(starts[i], starts[j])
    shorter = np.minimum(ends[i] - starts[i], ends[j] - starts[j])
    episodes = bursts["episode_id"].fillna("").to_numpy(dtype=str)
    meant = (episodes[i] == episodes[j]) & np.char.startswith(episodes[i], PAIR_PREFIX)
    latitudes, longitudes = bursts["latitude"].to_numpy(), bursts["longitude"].to_numpy()
    apart = distances_km(latitudes[i], longitudes[i], latitudes[j], longitudes[j])
    keep = (meant | (shared >= settings.pair_overlap * shorter)) & (apart >= PAIR_EDGES_KM[0])
    keep &= apart < PAIR_EDGES_KM[-1]
    return BurstPairs(i[keep], j[keep], apart[keep])


def score_pairs(comparison: Comparison, settings: EvaluationSettings) -> list[PairBin]:
    """Count resolved, half-found and missed pairs, and extra events beside them, for each bin of separation.

    A burst that overlaps several others is in several pairs; the Wilson interval takes them as independent.
    """
    bursts, matches = comparison.events_b, comparison.pairs
    pairs = find_simultaneous(bursts, settings)
    near = (matches["distance_km"] <= settings.pair_distance_km).to_numpy()
    found = np.zeros(len(bursts), dtype=bool)
    found[matches["row_b"].to_numpy()[near]] = True
    hits = found[pairs.first].astype(int) + found[pairs.second]
    extra = _count_extra(comparison, pairs, settings)
    bins = []
    for low, high in pairwise(PAIR_EDGES_KM):
        member = (pairs.separation_km >= low) & (pairs.separation_km < high)
        number = [int((hits[member] == count).sum()) for count in range(3)]
        resolved = fraction(number[2], int(member.sum()))
        bins.append(PairBin(low, high, resolved, number[1], number[0], int(extra[member].sum())))
    return bins


def _count_extra(comparison: Comparison, pairs: BurstPairs, settings: EvaluationSettings) -> Indices:
    """(pair,) events about a pair that are neither a find nor matched to a third burst."""
    events, bursts, matches = comparison.events_a, comparison.events_b, comparison.pairs
    owner = np.full(len(events), -1)
    owner[matches["row_a"].to_numpy()] = matches["row_b"].to_numpy()
    is_find = np.zeros(len(events), dtype=bool)
    near = (matches["distance_km"] <= settings.pair_distance_km).to_numpy()
    is_find[matches["row_a"].to_numpy()[near]] = True
    about = find_candidates(events, bursts, settings.max_time_s, settings.wide_distance_km)
    order = np.argsort(about.b, kind="stable")
    cuts = np.searchsorted(about.b[order], np.arange(len(bursts) + 1))
    counts = np.zeros(len(pairs.first), np.intp)
    for number, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        both = [about.a[order[cuts[burst] : cuts[burst + 1]]] for burst in (i, j)]
        members = np.unique(np.concatenate(both))
        members = members[np.isin(owner[members], (-1, i, j)) & ~is_find[members]]
        counts[number] = len(members)
    return counts
