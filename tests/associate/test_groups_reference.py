"""Groups of stations: the published cases, and what can be worked out by hand."""

import numpy as np
import pytest
from association_cases import NORTH, NORTH_GROUP, PAIR, PAIR_GROUPS, SOUTH, SOUTH_GROUP, names, p_tremor, snet

from tremorflow.associate import AssociationSettings, associate_stations, group_edges, station_graph
from tremorflow.geodesy import distances_km
from tremorflow.records import Network, Station

PERSISTENCE = AssociationSettings(method="persistence")


def groups_of(network: Network, p: np.ndarray, settings: AssociationSettings = PERSISTENCE) -> list[set[str]]:
    groups = associate_stations(p[:, None], network, settings)
    return [names(network, groups.labels[:, 0] == k) for k in range(len(groups))]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [((NORTH,), (NORTH_GROUP,)), ((NORTH, SOUTH), (NORTH_GROUP, SOUTH_GROUP)), (PAIR, PAIR_GROUPS)],
    ids=["one", "two far apart", "two at 123 km"],
)
def test_persistence_gives_the_groups_of_the_method(sources, expected):
    network = snet()
    found = groups_of(network, p_tremor(network, *sources))
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


@pytest.mark.parametrize("sources", [(NORTH,), (NORTH, SOUTH)], ids=["one", "two"])
def test_fit_counts_the_sources_and_places_them(sources):
    network = snet()
    groups = associate_stations(p_tremor(network, *sources)[:, None], network, AssociationSettings())
    assert len(groups) == len(sources)
    for latitude, longitude, _ in sources:
        apart = distances_km(latitude, longitude, groups.latitudes, groups.longitudes)
        assert apart.min() < 45


@pytest.mark.parametrize("method", ["sources", "persistence", "components", "k_core", "dbscan"])
def test_sources_far_apart_are_two_groups_by_every_method(method):
    network = snet()
    settings = AssociationSettings(method=method)
    found = groups_of(network, p_tremor(network, NORTH, SOUTH), settings)
    assert len(found) == 2
    assert any("S3N03" in group for group in found)
    assert any("S2N12" in group for group in found)


def line(*kilometres: float) -> Network:
    """Stations on a meridian."""
    return Network(tuple(Station("XX", f"{k:02d}", x / 111.0, 140.0, 0.0) for k, x in enumerate(kilometres)))


def test_components_end_where_a_gap_is_wider_than_the_radius():
    network = line(0, 70, 140, 225, 290)
    settings = AssociationSettings(method="components", min_stations=1)
    assert groups_of(network, np.full(5, 0.9), settings) in ([{"00", "01", "02"}, {"03", "04"}],)


def test_k_core_sheds_a_chain():
    network = line(0, 30, 60, 120, 195)  # a triangle, and a tail: its end goes first, then what it held
    settings = AssociationSettings(method="k_core", min_stations=1, min_neighbours=2)
    assert groups_of(network, np.full(5, 0.9), settings) == [{"00", "01", "02"}]


def test_dbscan_asks_for_sure_stations():
    network = line(0, 30, 60, 90)
    settings = AssociationSettings(method="dbscan", min_stations=1)
    assert groups_of(network, np.array([0.95, 0.95, 0.95, 0.6]), settings) == [{"00", "01", "02"}]
    assert groups_of(network, np.full(4, 0.85), settings) == []


def test_edges_join_neighbours_of_one_group_and_weigh_by_probability_and_distance():
    network = line(0, 60, 140)
    graph = station_graph(network, PERSISTENCE)
    edges, weights = group_edges(np.array([0, 0, 0]), np.array([0.9, 0.4, 0.9]), graph)
    apart = graph.distances_km[0, 1]
    assert edges.tolist() == [[0, 1], [1, 2]]  # 140 km are too far
    assert weights[0] == pytest.approx(np.sqrt(0.36) * np.exp(-((apart / 60) ** 2)))
    assert not len(group_edges(np.array([0, 1, -1]), np.full(3, 0.9), graph)[0])


def test_a_station_just_below_the_threshold_joins_where_the_source_should_be_heard():
    network = snet()
    p = p_tremor(network, NORTH)
    near = [network.codes.index("N.S3N03")]
    p[near] = 0.3
    groups = associate_stations(p[:, None], network, AssociationSettings())
    assert (groups.labels[near, 0] == 0).all()
    far = network.codes.index("N.S1N05")
    p[far] = 0.3
    assert associate_stations(p[:, None], network, AssociationSettings()).labels[far, 0] == -1
