"""Groups of successive windows that are of one place, to be located together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tremorflow.associate.episodes import are_alike, label_joined
from tremorflow.associate.graph import StationGraph
from tremorflow.associate.groups import Groups
from tremorflow.associate.settings import AssociationSettings
from tremorflow.geodesy import distances_km
from tremorflow.records import CLASSES, FloatArray, Probabilities

Indices = NDArray[np.intp]


class Candidate(NamedTuple):
    """Groups (group,) of one place within a span, and the stations (n,) that may hear its source."""

    groups: Indices
    stations: Indices


def gather_candidates(
    groups: Groups,
    probabilities: Probabilities,
    windows: range,
    graph: StationGraph,
    settings: AssociationSettings,
    usable: NDArray[np.bool_],
) -> list[Candidate]:
    """Candidates of a span: groups of its windows, joined where they are of one place.

    Parameters
    ----------
    groups
        Of all windows.
    probabilities
        They were made from.
    windows
        Those within the span.
    graph
        Of the network.
    settings
        ``episode_km`` and ``episode_overlap`` say what one place is; ``neighbour_km`` and
        ``member_probability`` which stations besides the members may hear it.
    usable : (group,)
        False for groups that are no tremor.

    Returns
    -------
    Candidates, that with the largest gain of a group first.
    """
    begin, end = np.searchsorted(groups.windows, [windows.start, windows.stop])
    mine = np.arange(begin, end)[usable[begin:end]]
    if not len(mine):
        return []
    first, second = (mine[k] for k in np.triu_indices(len(mine), 1))
    apart = groups.windows[first] != groups.windows[second]
    first, second = first[apart], second[apart]
    linked = are_alike(groups, first, second, settings)
    label = label_joined(linked, first - begin, second - begin, int(end - begin))[mine - begin]
    parts = [mine[label == k] for k in np.unique(label)]
    highest = _highest(probabilities, windows)
    found = [Candidate(part, _listeners(groups, part, highest, graph, settings)) for part in parts]
    return sorted(found, key=lambda one: -float(groups.gains[one.groups].max()))


def earthquake_excess(
    groups: Groups, probabilities: Probabilities, settings: AssociationSettings
) -> FloatArray:
    """Mean p_earthquake less mean p_tremor (group,) of the stations around the place of each group.

    Of an earthquake the near stations say so; far ones, which its coda reaches, may hear tremor.
    """
    network = probabilities.network
    excess = np.full(len(groups), -1.0)
    tremor, earthquake = (CLASSES.index(name) for name in ("tremor", "earthquake"))
    for k, window in enumerate(groups.windows):
        away = distances_km(groups.latitudes[k], groups.longitudes[k], network.latitudes, network.longitudes)
        near = (away <= settings.earthquake_km) | (groups.labels[:, window] == k)
        says = probabilities.values[near, :, window]
        known = np.isfinite(says[:, 0])
        if known.any():
            excess[k] = says[known, earthquake].mean() - says[known, tremor].mean()
    return excess


def group_probability(excess: FloatArray, settings: AssociationSettings) -> FloatArray:
    """Probability (group,) that a group is tremor, from what ``earthquake_excess`` says of it.

    Notes
    -----
    Logistic regression on groups of two and more stations of the simulated S-net, with and without tremor
    (``benchmarks/science/group_probability.py``); the gain of the fit of sources adds nothing to it.
    """
    return np.asarray(expit(settings.group_odds - settings.group_slope * excess))


def _highest(probabilities: Probabilities, windows: range) -> FloatArray:
    """Highest p_tremor (station,) within some windows, 0 where there is none."""
    says = probabilities.p_tremor[:, windows.start : windows.stop]
    return np.asarray(np.nan_to_num(says, nan=0.0).max(axis=1, initial=0.0), dtype=np.float64)


def _listeners(
    groups: Groups, part: Indices, highest: FloatArray, graph: StationGraph, settings: AssociationSettings
) -> Indices:
    """Members of some groups, and neighbours that may hear them."""
    member = np.zeros(len(graph.network), dtype=bool)
    for k in part:
        member |= groups.labels[:, groups.windows[k]] == k
    near = (graph.distances_km[:, member] <= settings.neighbour_km).any(axis=1)
    return np.flatnonzero(member | (near & (highest >= settings.member_probability)))
