"""Candidates of a span: groups of one place are joined, of two places are not; who else may hear them."""

from collections.abc import Sequence

import numpy as np
import pytest
from association_cases import NORTH, SOUTH, p_tremor, snet

from tremorflow.associate import (
    AssociationSettings,
    Groups,
    associate_stations,
    earthquake_excess,
    gather_candidates,
    station_graph,
)
from tremorflow.associate.candidates import Candidate
from tremorflow.geodesy import distances_km
from tremorflow.records import CLASSES, Network, Probabilities

SNET = snet()
SETTINGS = AssociationSettings()
QUIET = (39.5, 143.3, 0.01)

Source = tuple[float, float, float]


def probabilities_of(
    p: np.ndarray, network: Network = SNET, p_earthquake: np.ndarray | None = None
) -> Probabilities:
    """Record of p_tremor and p_earthquake (station, window), the rest noise."""
    earthquake = np.zeros_like(p) if p_earthquake is None else p_earthquake
    says = {"tremor": p, "earthquake": earthquake, "noise": 1 - p - earthquake}
    values = np.stack([np.where(np.isfinite(p), says[name], np.nan) for name in CLASSES], axis=1)
    starts = np.datetime64("2020-01-01", "ns") + np.arange(p.shape[1]) * np.timedelta64(60, "s")
    instruments = (("", "HH"),) * len(network)
    return Probabilities(
        network, values.astype(np.float32), np.isfinite(p).astype(np.float32), starts,
        120.0, instruments, "-", 0.95,
    )  # fmt: skip


def heard(*windows: Sequence[Source]) -> np.ndarray:
    """p_tremor (station, window) of sources window by window."""
    return np.stack([p_tremor(SNET, *one) for one in windows], axis=1)


def gather(
    p: np.ndarray,
    network: Network = SNET,
    windows: range | None = None,
    settings: AssociationSettings = SETTINGS,
    usable: np.ndarray | None = None,
) -> tuple[Groups, list[Candidate]]:
    said = probabilities_of(p, network)
    groups = associate_stations(said.p_tremor, network, settings)
    kept = np.ones(len(groups), dtype=bool) if usable is None else usable
    span = range(p.shape[1]) if windows is None else windows
    graph = station_graph(network, settings)
    return groups, gather_candidates(groups, said, span, graph, settings, kept)


def test_groups_of_one_place_in_windows_side_by_side_are_joined():
    groups, found = gather(heard((NORTH,), (NORTH,), (NORTH,)))
    assert len(groups) == 3
    assert [one.groups.tolist() for one in found] == [[0, 1, 2]]
    members = np.flatnonzero((groups.labels >= 0).any(axis=1))
    assert np.isin(members, found[0].stations).all()


def test_two_places_stay_apart_each_with_its_own_windows():
    groups, found = gather(heard((NORTH, SOUTH), (NORTH, SOUTH), (SOUTH,)))
    assert len(found) == 2
    for one in found:
        assert len(set(groups.windows[one.groups])) == len(one.groups)
        assert np.ptp(groups.latitudes[one.groups]) < 0.5
    assert sorted(len(one.groups) for one in found) == [2, 3]
    assert sorted(np.concatenate([one.groups for one in found]).tolist()) == list(range(5))


def test_groups_of_one_window_are_not_joined_however_near():
    """Two labels on either half of one place: the cut says that they are two."""
    labels = np.full((len(SNET), 1), -1)
    near = np.argsort(distances_km(*NORTH[:2], SNET.latitudes, SNET.longitudes))[:8]
    labels[near[::2], 0], labels[near[1::2], 0] = 0, 1
    place = np.full(2, NORTH[0]), np.full(2, NORTH[1])
    groups = Groups(labels, np.zeros(2, dtype=np.intp), *place, np.array([5.0, 9.0]))
    said = probabilities_of(heard((NORTH,)))
    graph = station_graph(SNET, SETTINGS)
    found = gather_candidates(groups, said, range(1), graph, SETTINGS, np.ones(2, dtype=bool))
    assert [one.groups.tolist() for one in found] == [[1], [0]]  # the larger gain first


def test_windows_outside_the_span_and_groups_not_usable_are_left_out():
    p = heard((NORTH,), (NORTH,), (SOUTH,), (NORTH,))
    groups, found = gather(p, windows=range(1, 3))
    assert sorted(np.concatenate([one.groups for one in found]).tolist()) == [1, 2]
    usable = np.ones(len(groups), dtype=bool)
    usable[2] = False
    _, found = gather(p, windows=range(1, 3), usable=usable)
    assert [one.groups.tolist() for one in found] == [[1]]
    _, found = gather(p, usable=np.zeros(len(groups), dtype=bool))
    assert found == []


def test_no_groups_are_no_candidates():
    assert gather(heard((QUIET,), (QUIET,)))[1] == []
    assert gather(np.full((len(SNET), 2), np.nan))[1] == []
    groups, found = gather(heard((NORTH,)), windows=range(5, 9))
    assert len(groups) == 1
    assert found == []


@pytest.mark.parametrize(("p_beside", "counts"), [(0.21, True), (0.19, False), (np.nan, False)])
def test_a_neighbour_counts_if_it_may_hear_the_source(p_beside, counts):
    p = heard((NORTH,))
    groups, found = gather(p)
    member = groups.labels[:, 0] >= 0
    away = distances_km(
        SNET.latitudes[:, None], SNET.longitudes[:, None], SNET.latitudes[member], SNET.longitudes[member]
    ).min(axis=1)
    beside = np.flatnonzero(~member & (away < SETTINGS.neighbour_km))
    far = np.flatnonzero(~member & (away > SETTINGS.neighbour_km))
    assert len(beside) > 3
    # the group stays that of before: what counts is what stations beside it say in the whole span
    said = p.copy()
    said[beside] = p_beside
    said[far] = 0.4
    graph = station_graph(SNET, SETTINGS)
    again = gather_candidates(
        groups, probabilities_of(said), range(1), graph, SETTINGS, np.ones(len(groups), dtype=bool)
    )
    assert np.isin(beside, again[0].stations).all() == counts
    assert np.isin(beside, again[0].stations).any() == counts
    assert not np.isin(far, again[0].stations).any()
    assert np.isin(np.flatnonzero(member), again[0].stations).all()
    assert len(found) == 1


def test_what_a_neighbour_said_in_any_window_of_the_span_counts():
    quiet_then_loud = np.stack([p_tremor(SNET, NORTH)] * 2, axis=1)
    groups, _ = gather(quiet_then_loud)
    member = (groups.labels >= 0).any(axis=1)
    near = station_graph(SNET, SETTINGS).distances_km[:, member].min(axis=1) <= SETTINGS.neighbour_km
    beside = int(np.flatnonzero(~member & near)[0])
    said = quiet_then_loud.copy()
    said[beside] = [0.0, 0.3]
    graph, usable = station_graph(SNET, SETTINGS), np.ones(len(groups), dtype=bool)
    both = gather_candidates(groups, probabilities_of(said), range(2), graph, SETTINGS, usable)
    first = gather_candidates(groups, probabilities_of(said), range(1), graph, SETTINGS, usable)
    assert beside in both[0].stations
    assert beside not in first[0].stations


def test_order_of_stations_does_not_matter():
    p = heard((NORTH, SOUTH), (NORTH, SOUTH))
    order = np.random.default_rng(2).permutation(len(SNET))
    shuffled = SNET.subset(order)
    _, one = gather(p)
    _, other = gather(p[order], shuffled)
    names_of = [
        {frozenset(network.codes[k] for k in candidate.stations) for candidate in found}
        for network, found in ((SNET, one), (shuffled, other))
    ]
    assert names_of[0] == names_of[1]
    assert len(names_of[0]) == 2


@pytest.mark.parametrize("tremor", [0.8, 0.3])
def test_excess_is_what_near_stations_say_of_earthquake_over_tremor(tremor):
    p = heard((NORTH,))
    groups = associate_stations(p, SNET, SETTINGS)
    said = np.full_like(p, tremor)
    earthquake = np.full_like(p, 0.9 - tremor)
    away = distances_km(groups.latitudes[0], groups.longitudes[0], SNET.latitudes, SNET.longitudes)
    far = (away > SETTINGS.earthquake_km) & (groups.labels[:, 0] < 0)
    said[far], earthquake[far] = tremor, 0.0  # what stations elsewhere say is not asked
    excess = earthquake_excess(groups, probabilities_of(said, SNET, earthquake), SETTINGS)
    assert excess.shape == (1,)
    assert excess[0] == pytest.approx(0.9 - 2 * tremor, abs=1e-6)
    assert (excess[0] > 0) == (tremor < 0.45)


def test_excess_without_groups_or_without_data():
    p = heard((NORTH,))
    groups = associate_stations(p, SNET, SETTINGS)
    assert earthquake_excess(groups, probabilities_of(np.full_like(p, np.nan)), SETTINGS).tolist() == [-1.0]
    none = associate_stations(np.zeros_like(p), SNET, SETTINGS)
    assert earthquake_excess(none, probabilities_of(p), SETTINGS).shape == (0,)
