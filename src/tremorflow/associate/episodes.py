"""Episodes: groups that follow each other, window after window, at one place."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tremorflow.associate.groups import Groups
from tremorflow.associate.settings import AssociationSettings
from tremorflow.geodesy import distances_km

CONTAINED = 0.8  # of the stations of the smaller group: those that hear a burst first, or its coda last


def link_groups(groups: Groups, settings: AssociationSettings) -> NDArray[np.intp]:
    """Link groups into episodes: the number (group,) of each, in order of their first windows.

    Parameters
    ----------
    groups
        Of windows in order of time, without gaps.
    settings
        Groups of consecutive windows are of one episode if they share ``episode_overlap`` of their stations,
        or nearly all of the smaller one's, or lie within ``episode_km``.
    """
    first, second = _consecutive(groups.windows)
    labels = label_joined(are_alike(groups, first, second, settings), first, second, len(groups))
    _, starts, episodes = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(starts))[episodes], dtype=np.intp)


def find_tails(groups: Groups) -> NDArray[np.bool_]:
    """Whether each group (group,) is no more than the beginning or the end of a louder one.

    Nearly all of its stations are in a group of larger gain of the window before or after: those that hear a
    burst first, or its coda last, and what they point to is a place of their own.
    """
    first, second = _consecutive(groups.windows)
    common, size, next_size = _shared(groups, first, second)
    tails = np.zeros(len(groups), dtype=bool)
    for mine, own_size, other in ((first, size, second), (second, next_size, first)):
        quieter = groups.gains[mine] < groups.gains[other]
        tails[mine[quieter & (common >= CONTAINED * own_size)]] = True
    return tails


def label_joined(
    linked: NDArray[np.bool_], first: NDArray[np.intp], second: NDArray[np.intp], count: int
) -> NDArray[np.intp]:
    """Label (one,) so many things: alike for those that linked pairs (pair,) join, also through others."""
    links = coo_array((np.ones(int(linked.sum())), (first[linked], second[linked])), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.intp)


def are_alike(
    groups: Groups, first: NDArray[np.intp], second: NDArray[np.intp], settings: AssociationSettings
) -> NDArray[np.bool_]:
    """Whether two groups (pair,) of different windows are of one place: by distance, or by their stations."""
    apart = distances_km(
        groups.latitudes[first], groups.longitudes[first], groups.latitudes[second], groups.longitudes[second]
    )
    common, size, other_size = _shared(groups, first, second)
    overlap = common >= settings.episode_overlap * (size + other_size - common)
    contained = common >= CONTAINED * np.minimum(size, other_size)
    return np.asarray((apart <= settings.episode_km) | overlap | contained)


def _consecutive(windows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (pair,) of groups of a window and of the next one."""
    begin, end = (np.searchsorted(windows, windows + 1, side=side) for side in ("left", "right"))
    first = np.repeat(np.arange(len(windows)), end - begin)
    within = np.arange(len(first)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin)
    return first, np.repeat(begin, end - begin) + within


def _shared(
    groups: Groups, first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Stations (pair,) that two groups have in common, of the one, and of the other."""
    one = groups.labels[:, groups.windows[first]] == first
    other = groups.labels[:, groups.windows[second]] == second
    return (one & other).sum(axis=0), one.sum(axis=0), other.sum(axis=0)
