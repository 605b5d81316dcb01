"""Groups of stations: what holds for any probabilities."""

from dataclasses import replace

import numpy as np
import pytest
from association_cases import NORTH, SOUTH, p_tremor, snet
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.associate import AssociationSettings, Groups, associate_stations, station_graph
from tremorflow.records import Network

LEAST = AssociationSettings().min_stations
METHODS = ("sources", "persistence", "components", "k_core", "dbscan")
SNET = snet()
SMALL = Network(SNET.stations[:40])


def found(p: np.ndarray, network: Network, method: str, **changes: float) -> Groups:
    return associate_stations(p, network, AssociationSettings(method=method, **changes))


def partition(labels: np.ndarray, codes: tuple[str, ...]) -> set[frozenset[str]]:
    """Groups of one window as sets of codes."""
    return {
        frozenset(codes[k] for k in np.flatnonzero(labels == label))
        for label in np.unique(labels[labels >= 0])
    }


@st.composite
def probabilities(draw: st.DrawFn, count: int = len(SMALL)) -> np.ndarray:
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    level = draw(st.sampled_from([0.2, 0.5, 0.9]))
    p = rng.beta(2 * level, 2 * (1 - level), count)
    p[rng.random(count) < draw(st.sampled_from([0.0, 0.1, 0.5]))] = np.nan
    return np.round(p, draw(st.sampled_from([1, 6])))  # one digit: many ties


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15)
@given(p=probabilities(), seed=st.integers(0, 2**31))
def test_order_of_stations_does_not_matter(method: str, p: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(SMALL))
    shuffled = Network(tuple(SMALL.stations[k] for k in order))
    one, other = found(p[:, None], SMALL, method), found(p[order][:, None], shuffled, method)
    assert partition(one.labels[:, 0], SMALL.codes) == partition(other.labels[:, 0], shuffled.codes)
    assert np.array_equal(one.latitudes, other.latitudes)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=10)
@given(p=probabilities(), other=probabilities())
def test_a_window_does_not_depend_on_others(method: str, p: np.ndarray, other: np.ndarray) -> None:
    together = found(np.stack([other, p], axis=1), SMALL, method)
    alone = found(p[:, None], SMALL, method)
    assert partition(together.labels[:, 1], SMALL.codes) == partition(alone.labels[:, 0], SMALL.codes)
    assert len(together) == len(alone) + (together.windows == 0).sum()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15)
@given(p=probabilities())
def test_groups_are_large_enough_and_of_stations_that_spoke(method: str, p: np.ndarray) -> None:
    groups = found(p[:, None], SMALL, method)
    labels = groups.labels[:, 0]
    assert np.bincount(labels[labels >= 0], minlength=len(groups)).min(initial=99) >= LEAST
    assert np.isfinite(p[labels >= 0]).all()
    assert np.isfinite(groups.latitudes).all()
    assert np.isfinite(groups.longitudes).all()


@pytest.mark.parametrize("method", ["persistence", "components", "k_core"])
@settings(max_examples=15)
@given(p=probabilities())
def test_groups_hang_together(method: str, p: np.ndarray) -> None:
    adjacent = station_graph(SMALL, AssociationSettings()).adjacent
    groups = found(p[:, None], SMALL, method)
    for k in range(len(groups)):
        members = np.flatnonzero(groups.labels[:, 0] == k)
        reached = {int(members[0])}
        while more := {int(m) for m in members if adjacent[list(reached), m].any()} - reached:
            reached |= more
        assert reached == set(members.tolist())


@settings(max_examples=15)
@given(p=probabilities())
def test_more_persistence_never_gives_more_groups(p: np.ndarray) -> None:
    taus = (0.0, 0.5, 1.0, 3.0, 30.0)
    counts = [len(found(p[:, None], SMALL, "persistence", persistence=t, min_stations=1)) for t in taus]
    assert counts == sorted(counts, reverse=True)
    joined = found(p[:, None], SMALL, "components")
    whole = found(p[:, None], SMALL, "persistence", persistence=30.0)
    assert partition(whole.labels[:, 0], SMALL.codes) == partition(joined.labels[:, 0], SMALL.codes)


@pytest.mark.parametrize("method", METHODS)
def test_dead_and_false_stations_change_little(method: str) -> None:
    p = p_tremor(SNET, NORTH, SOUTH)
    whole = found(p[:, None], SNET, method)
    spoilt = p.copy()
    spoilt[SNET.codes.index("N.S4N24")] = np.nan
    spoilt[[SNET.codes.index(code) for code in ("N.S6N05", "N.S1N02", "N.S4N01")]] = 0.97
    groups = found(spoilt[:, None], SNET, method)
    assert len(groups) == len(whole) == 2
    kept = (whole.labels == groups.labels)[np.isfinite(spoilt)]
    assert kept.sum() >= kept.size - 4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0, np.nan])
def test_nothing_or_everything_above_threshold_is_defined(method: str, level: float) -> None:
    groups = found(np.full((len(SMALL), 2), level), SMALL, method)
    assert set(groups.windows) == ({0, 1} if level == 1.0 else set())


@pytest.mark.parametrize("method", METHODS)
def test_tiny_networks_and_stations_at_one_place_are_defined(method: str) -> None:
    three = Network(SNET.stations[:3])
    assert len(found(np.full((3, 1), 0.99), three, method, min_stations=4)) == 0
    assert len(found(np.full((3, 1), 0.99), three, method, min_stations=3)) == 1
    here = SNET.stations[0]
    twins = Network(tuple(replace(here, station=f"TWIN{k}") for k in range(4)))
    groups = found(np.full((4, 1), 0.99), twins, method)
    assert (groups.labels == 0).all()
    assert groups.latitudes[0] == pytest.approx(here.latitude, abs=1.0)
