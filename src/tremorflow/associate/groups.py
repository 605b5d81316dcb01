"""Groups of stations, window by window, each around the tremor that it hears."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tremorflow.associate.clusters import CUTS, Labels
from tremorflow.associate.graph import StationGraph, log_odds, smooth_log_odds, station_graph
from tremorflow.associate.hearing import Hearing, typical_hearing
from tremorflow.associate.settings import AssociationSettings
from tremorflow.associate.sources import Cut, SourceFit
from tremorflow.geodesy import LocalFrame
from tremorflow.records import FloatArray, Network


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of all windows.

    ``labels`` (station, window) is the number of a station's group, -1 if it is in none. Of each group, in
    order of the windows and from the strongest down: ``windows`` (group,); where its stations point to,
    ``latitudes`` and ``longitudes`` (group,) in deg; and its ``gains`` (group,): the log likelihood that its
    source adds to that of the others (``method = "sources"``), or the log-odds of its stations together.
    """

    labels: Labels
    windows: NDArray[np.intp]
    latitudes: FloatArray
    longitudes: FloatArray
    gains: FloatArray

    def __len__(self) -> int:
        return len(self.windows)


class CutsWindow(Protocol):
    """Cuts one window into groups: from p_tremor and smoothed log-odds (station,)."""

    def __call__(self, p_tremor: FloatArray, heights: FloatArray) -> Cut:
        """Cut one window."""
        ...


def associate_stations(
    p_tremor: NDArray[np.floating],
    network: Network,
    settings: AssociationSettings,
    hearing: Hearing | None = None,
) -> Groups:
    """Associate the stations that hear the same tremor, in every window.

    Parameters
    ----------
    p_tremor : (station, window)
        Calibrated probability of tremor, in the order of the network; NaN where a station has none.
    network
        Stations with their places.
    settings
        Which method, and its numbers.
    hearing
        How each station hears (``learn_hearing``); without it all are typical. ``method = "sources"`` asks.

    Returns
    -------
    Groups of ``min_stations`` or more. They do not depend on the order of the stations, and a window's do
    not on other windows.
    """
    by_code = np.argsort(np.array(network.codes))  # so that ties and roundings are those of any order
    graph = station_graph(network.subset(by_code), settings)
    known = typical_hearing(len(network), settings) if hearing is None else hearing
    cut, p_tremor = _method(graph, settings, known.subset(by_code)), p_tremor[by_code]
    heights = smooth_log_odds(p_tremor, graph, settings.smoothing_km)
    labels = np.full(p_tremor.shape, -1, dtype=np.int64)
    windows: list[int] = []
    places: list[tuple[float, float, float]] = []
    for window in np.flatnonzero((p_tremor >= settings.min_probability).any(axis=0)):
        found = cut(p_tremor[:, window].astype(np.float64), heights[:, window])
        for members, place, gain in _in_order(found, heights[:, window], settings.min_stations):
            labels[by_code[members], window] = len(windows)
            windows.append(int(window))
            places.append((*place, gain))
    latitudes, longitudes, gains = np.array(places, dtype=np.float64).reshape(-1, 3).T
    return Groups(labels, np.array(windows, dtype=np.intp), latitudes, longitudes, gains)


def _method(graph: StationGraph, settings: AssociationSettings, hearing: Hearing) -> CutsWindow:
    """Make the method of the settings ready for the windows of a network."""
    if settings.method == "sources":
        return SourceFit(graph, settings, hearing)
    divide = CUTS[settings.method]

    def cut(p_tremor: FloatArray, heights: FloatArray) -> Cut:
        labels = divide(p_tremor, heights, graph, settings)
        members = [np.flatnonzero(labels == label) for label in np.unique(labels[labels >= 0])]
        places = [_centroid(one, p_tremor, graph.network) for one in members]
        return Cut(members, places, [float(log_odds(p_tremor[one]).sum()) for one in members])

    return cut


def _in_order(
    found: Cut, heights: FloatArray, min_stations: int
) -> list[tuple[NDArray[np.intp], tuple[float, float], float]]:
    """Keep the groups that are large enough, that with the highest smoothed log-odds first."""
    kept = [one for one in zip(*found, strict=True) if len(one[0]) >= min_stations]
    return sorted(kept, key=lambda one: -float(heights[one[0]].max()))


def _centroid(members: NDArray[np.intp], p_tremor: FloatArray, network: Network) -> tuple[float, float]:
    """Average the places of stations (deg), by log-odds above the lowest of them, plus one."""
    odds = log_odds(p_tremor[members])
    weights = odds - odds.min() + 1
    latitudes, longitudes = network.latitudes[members], network.longitudes[members]
    frame = LocalFrame(float(latitudes[0]), float(longitudes[0]))
    east, north = frame.to_km(latitudes, longitudes)
    latitude, longitude = frame.to_degrees(
        np.average(east, weights=weights), np.average(north, weights=weights)
    )
    return float(latitude), float(longitude)
