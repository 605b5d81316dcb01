"""Recall in bins: by how well a burst is recorded, by its energy, by where it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from tremorflow.catalog.evaluate_rules import SNR_EDGES, STATION_EDGES, EvaluationSettings
from tremorflow.catalog.evaluate_scores import Flags, Numbers, column_or_nan, log10_positive
from tremorflow.counting import Fraction, fraction
from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network


@dataclass(frozen=True, slots=True)
class RecallBin:
    """Recall of the bursts of one bin, and what a shifted catalogue finds of them."""

    label: str
    recall: Fraction
    chance: Fraction


def score_recall(
    bursts: pd.DataFrame,
    found: Flags,
    chance: Flags,
    settings: EvaluationSettings,
    network: Network | None,
) -> dict[str, list[RecallBin]]:
    """Recall by stations with SNR >= 2, by best SNR, by log10 of the energy and by region.

    Parameters
    ----------
    bursts
        Truth, a row each.
    found, chance : (burst,)
        Matched by the catalogue, and by its shifted copy.
    settings
        Gives the width of the bins of energy.
    network
        Gives the hull for the regions; without one they are degrees of latitude.
    """
    energy = log10_positive(bursts["energy_j"].to_numpy())
    known = energy[np.isfinite(energy)] / settings.energy_bin
    first, last = (np.floor(known.min()), np.floor(known.max()) + 1) if len(known) else (0, 0)
    energy_edges = [float(number * settings.energy_bin) for number in np.arange(first, last + 1)]
    stations = column_or_nan(bursts, "n_stations_snr2")
    return {
        "n_stations_snr2": recall_in_bins(stations, STATION_EDGES, found, chance, counts=True),
        "snr_best": recall_in_bins(bursts["snr_best"].to_numpy(), SNR_EDGES, found, chance),
        "log10_energy_j": recall_in_bins(energy, energy_edges, found, chance),
        "region": recall_by_label(_regions(bursts, network), found, chance),
    }


def _regions(bursts: pd.DataFrame, network: Network | None) -> NDArray[np.object_]:
    """(burst,) "inside" or "outside" the hull of the stations; degree of latitude where there is no hull."""
    latitudes, longitudes = bursts["latitude"].to_numpy(), bursts["longitude"].to_numpy()
    inside = None if network is None else _inside_hull(network, latitudes, longitudes)
    if inside is None:
        return np.array([f"latitude {degree:+03.0f}" for degree in np.floor(latitudes)], dtype=object)
    return np.where(inside, "inside the network", "outside the network").astype(object)


def _inside_hull(network: Network, latitudes: Numbers, longitudes: Numbers) -> Flags | None:
    """(place,) whether it lies in the convex hull of the stations; None if they span no area."""
    if len(network) < 3:
        return None
    frame = LocalFrame(float(network.latitudes.mean()), float(network.longitudes[0]))
    try:
        hull = ConvexHull(np.column_stack(frame.to_km(network.latitudes, network.longitudes)))
    except QhullError:
        return None
    places = np.column_stack(frame.to_km(latitudes, longitudes))
    beyond_km = places @ hull.equations[:, :2].T + hull.equations[:, 2]  # (place, side)
    return np.asarray((beyond_km <= 1e-9).all(axis=1))


def recall_in_bins(
    values: Numbers, edges: Sequence[float], found: Flags, chance: Flags, counts: bool = False
) -> list[RecallBin]:
    """Recall of the bursts in each bin [edge, next edge), and of those without a value, if any.

    Parameters
    ----------
    values : (burst,)
        What is binned; NaN where unknown. Values outside of all edges count as unknown.
    edges
        Ascending; the last may be infinite.
    found, chance : (burst,)
        Matched by the catalogue, and by its shifted copy.
    counts
        The values are whole numbers, so that a bin [3, 6) is called "3-5".
    """
    place = np.digitize(values, edges) - 1
    place[~np.isfinite(values) | (place >= len(edges) - 1)] = -1
    bins = [
        _recall_bin(_bin_label(low, high, counts), place == number, found, chance)
        for number, (low, high) in enumerate(pairwise(edges))
    ]
    unknown = place == -1
    return [*bins, _recall_bin("unknown", unknown, found, chance)] if unknown.any() else bins


def recall_by_label(labels: NDArray[np.object_], found: Flags, chance: Flags) -> list[RecallBin]:
    """Recall of the bursts of each label, (burst,), in the order of the labels."""
    return [_recall_bin(str(label), labels == label, found, chance) for label in sorted(set(labels))]


def _recall_bin(label: str, member: Flags, found: Flags, chance: Flags) -> RecallBin:
    of = int(member.sum())
    return RecallBin(label, fraction(int(found[member].sum()), of), fraction(int(chance[member].sum()), of))


def _bin_label(low: float, high: float, counts: bool) -> str:
    if np.isinf(high):
        return f"{low:g}+"
    if counts:
        return f"{low:g}" if high == low + 1 else f"{low:g}-{high - 1:g}"
    return f"{low:g} to {high:g}"
