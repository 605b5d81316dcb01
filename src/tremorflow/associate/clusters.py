"""Ways to cut the station graph of one window into groups: persistence, and three baselines."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from tremorflow.associate.graph import StationGraph, pairs_within
from tremorflow.associate.settings import AssociationSettings
from tremorflow.records import FloatArray

Labels = NDArray[np.int64]
Divide = Callable[[FloatArray, FloatArray, StationGraph, AssociationSettings], Labels]


def divide_by_persistence(
    p_tremor: FloatArray, heights: FloatArray, graph: StationGraph, settings: AssociationSettings
) -> Labels:
    """Divide stations into groups around the peaks of smoothed log-odds; -1 for those in none.

    Parameters
    ----------
    p_tremor, heights : (station,)
        Probability of tremor, and smoothed log-odds, of one window; NaN where there is none.
    graph
        Of the network.
    settings
        ``min_probability`` of a member, ``persistence`` of a peak.

    Notes
    -----
    ToMATo (Chazal et al. 2013): stations are visited from the highest down; each joins the group of its
    highest neighbour. Where it joins two groups, the one with the lower peak is merged into the other if
    that peak rises less than ``persistence`` above the station.
    """
    members = _members(p_tremor, settings.min_probability)
    order = members[np.argsort(-heights[members], kind="stable")]
    place = np.full(len(heights), len(heights))
    place[order] = np.arange(len(order))  # of the higher of two stations, and of two peaks, it is the lower
    root = np.full(len(heights), -1)
    for station in order:
        around = np.flatnonzero(graph.adjacent[station] & (root >= 0))
        if not len(around):
            root[station] = station
            continue
        mine = root[around[np.argmin(place[around])]]
        root[station] = mine
        for other in sorted(set(root[around]), key=place.__getitem__):  # highest peak first
            low, high = (other, mine) if place[other] > place[mine] else (mine, other)
            if low != high and heights[low] - heights[station] < settings.persistence:
                root[root == low] = high
                mine = root[station]
    return root.astype(np.int64)


def divide_by_components(
    p_tremor: FloatArray, heights: FloatArray, graph: StationGraph, settings: AssociationSettings
) -> Labels:
    """Divide stations into groups that neighbours join to each other; -1 for those in none."""
    return _components(_members(p_tremor, settings.min_probability), graph.adjacent)


def divide_by_k_core(
    p_tremor: FloatArray, heights: FloatArray, graph: StationGraph, settings: AssociationSettings
) -> Labels:
    """Divide as by components, of members with ``min_neighbours`` among those that are left."""
    members = _members(p_tremor, settings.min_probability)
    while True:
        degrees = graph.adjacent[np.ix_(members, members)].sum(axis=1)
        if (degrees >= settings.min_neighbours).all():
            return _components(members, graph.adjacent)
        members = members[degrees >= settings.min_neighbours]


def divide_by_dbscan(
    p_tremor: FloatArray, heights: FloatArray, graph: StationGraph, settings: AssociationSettings
) -> Labels:
    """Divide sure stations as DBSCAN does; -1 for those in no group.

    A station with ``min_neighbours`` within ``dbscan_km`` is a core; cores this near are one group, which
    takes the others within reach of a core along: those within reach of two, with the nearer.
    """
    members = _members(p_tremor, settings.dbscan_probability)
    near = pairs_within(graph.distances_km, settings.dbscan_km)
    is_core = near[np.ix_(members, members)].sum(axis=1) >= settings.min_neighbours
    cores, rest = members[is_core], members[~is_core]
    labels = _components(cores, near)
    for station in rest if len(cores) else ():
        nearest = cores[np.argmin(graph.distances_km[station, cores])]
        if near[station, nearest]:
            labels[station] = labels[nearest]
    return labels


CUTS: dict[str, Divide] = {
    "persistence": divide_by_persistence,
    "components": divide_by_components,
    "k_core": divide_by_k_core,
    "dbscan": divide_by_dbscan,
}


def _members(p_tremor: FloatArray, least: float) -> NDArray[np.intp]:
    """Stations that are this sure; those without a probability are not."""
    return np.flatnonzero(np.nan_to_num(p_tremor, nan=0.0) >= least)


def _components(members: NDArray[np.intp], adjacent: NDArray[np.bool_]) -> Labels:
    """Label (station,) the connected components among the members."""
    labels = np.full(len(adjacent), -1, dtype=np.int64)
    if len(members):
        labels[members] = connected_components(adjacent[np.ix_(members, members)])[1]
    return labels
