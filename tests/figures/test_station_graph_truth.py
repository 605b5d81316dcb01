"""The picture of the station graph shows the groups that there are, and no others."""

import numpy as np
from matplotlib.collections import LineCollection, PathCollection

from tremorflow.associate import AssociationSettings, associate_stations, group_edges, station_graph
from tremorflow.figures.station_graph import draw_station_graph
from tremorflow.figures.style import png_bytes
from tremorflow.records import Network, Station

SETTINGS = AssociationSettings(method="components")


def two_clusters() -> tuple[Network, np.ndarray]:
    """Simulated: five stations in the west and four in the east that hear tremor, one dead, one silent."""
    places = [(39 + 0.2 * k, 140.0) for k in range(5)] + [(39 + 0.2 * k, 144.0) for k in range(4)]
    stations = [
        Station("XX", f"S{k:02d}", *place, 0.0) for k, place in enumerate([*places, (38, 142), (41, 142)])
    ]
    p_tremor = np.array([*[0.9] * 5, *[0.8] * 4, np.nan, 0.01])
    return Network(tuple(stations)), np.stack([p_tremor, np.zeros(11)], axis=1)


def drawn(window: int):
    network, p_tremor = two_clusters()
    groups = associate_stations(p_tremor, network, SETTINGS)
    graph = station_graph(network, SETTINGS)
    figure = draw_station_graph(p_tremor, groups, window, graph, "simulated")
    return figure, groups, graph, p_tremor


def test_edges_join_stations_of_one_group_alone():
    figure, groups, graph, p_tremor = drawn(0)
    expected, _ = group_edges(groups.labels[:, 0], p_tremor[:, 0], graph)
    edges = [c for c in figure.axes[0].collections if isinstance(c, LineCollection) and c.zorder == 2.8]
    segments = edges[0].get_segments()
    assert len(segments) == len(expected) > 0
    assert all(abs(one[0, 0] - one[1, 0]) < 1 for one in segments)  # none from the west to the east
    assert len(np.unique(edges[0].get_colors(), axis=0)) == 2


def test_every_station_and_every_group_is_marked():
    figure, groups, graph, _ = drawn(0)
    marks = [c for c in figure.axes[0].collections if isinstance(c, PathCollection) and c.zorder >= 3]
    shown = {zorder: sum(len(c.get_offsets()) for c in marks if c.zorder == zorder) for zorder in (3, 4, 6)}
    assert shown == {3: 1, 4: len(graph.network) - 1, 6: len(groups)}
    assert len(png_bytes(figure)) > 10_000


def test_a_quiet_window_shows_stations_without_groups():
    figure, *_ = drawn(1)
    marks = [c for c in figure.axes[0].collections if isinstance(c, PathCollection) and c.zorder == 6]
    assert not marks
