"""The graph of a network: which stations are neighbours, and how smooth what they say is made."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from tremorflow.associate.settings import AssociationSettings
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Network

CLIP = 1e-4
"""Nearest that a probability is taken to 0 or 1: 9.2 in log-odds, which one sure station cannot outweigh."""

EDGE_KM = 60.0  # weight of an edge falls with distance as exp(-(d / 60 km)^2) (METHOD.md 7.3)


@dataclass(frozen=True, slots=True)
class StationGraph:
    """Stations, and edges between those that are near each other.

    ``distances_km`` and ``adjacent``, whether two different stations are neighbours, are (station, station).
    """

    network: Network
    distances_km: FloatArray
    adjacent: NDArray[np.bool_]


def station_graph(network: Network, settings: AssociationSettings) -> StationGraph:
    """Graph of a network: neighbours are stations within ``radius_km``."""
    latitudes, longitudes = network.latitudes, network.longitudes
    apart = distances_km(latitudes[:, None], longitudes[:, None], latitudes, longitudes)
    return StationGraph(network, apart, pairs_within(apart, settings.radius_km))


def pairs_within(apart_km: FloatArray, radius_km: float) -> NDArray[np.bool_]:
    """Whether two different stations are this near: (station, station) from their distances."""
    near = apart_km <= radius_km
    np.fill_diagonal(near, False)
    return near


def log_odds(p_tremor: NDArray[np.floating]) -> FloatArray:
    """Log-odds of probabilities, these kept ``CLIP`` from 0 and 1; NaN stays."""
    return np.asarray(logit(np.clip(p_tremor.astype(np.float64), CLIP, 1 - CLIP)))


def smooth_log_odds(p_tremor: NDArray[np.floating], graph: StationGraph, smoothing_km: float) -> FloatArray:
    """Log-odds (station, window) averaged over each station and its neighbours, by distance.

    Parameters
    ----------
    p_tremor : (station, window)
        Calibrated; NaN where a station has nothing to say: it then counts for no neighbour.
    graph
        Of the network.
    smoothing_km
        Weights are exp(-(d / smoothing_km)^2) within the graph's radius.

    Returns
    -------
    (station, window), NaN where neither the station nor any neighbour has a probability.
    """
    apart = graph.distances_km
    weights = np.where(graph.adjacent, np.exp(-((apart / smoothing_km) ** 2)), 0.0)
    np.fill_diagonal(weights, 1.0)
    odds = log_odds(p_tremor)
    known = np.isfinite(odds)
    total = weights @ np.where(known, odds, 0.0)
    mass = weights @ known
    return np.where(mass > 0, total / np.where(mass > 0, mass, 1.0), np.nan)


def group_edges(
    labels: NDArray[np.int64], p_tremor: NDArray[np.floating], graph: StationGraph
) -> tuple[NDArray[np.intp], FloatArray]:
    """Edges (edge, 2) between neighbours of the same group in one window, and their weights (edge,).

    The weight is sqrt(p_i p_j) exp(-(d_ij / 60 km)^2): for drawing the graph (METHOD.md 7.3).
    """
    same = (labels[:, None] == labels) & (labels >= 0)
    first, second = np.nonzero(np.triu(same & graph.adjacent, 1))
    strength = np.sqrt(p_tremor[first].astype(np.float64) * p_tremor[second])
    weights = strength * np.exp(-((graph.distances_km[first, second] / EDGE_KM) ** 2))
    return np.column_stack([first, second]), np.asarray(weights)
