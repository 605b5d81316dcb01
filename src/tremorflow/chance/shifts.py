"""By how much each station is shifted in time: near ones by amounts that lie far apart."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.chance.settings import ChanceSettings
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Network

RADII = (np.inf, 8.0, 4.0, 3.0, 2.0, 1.5, 1.0)  # of near_km: the widest that the span has room for is taken


@dataclass(frozen=True, slots=True)
class Shifts:
    """Shift of each station, wrapped around within the span.

    ``steps`` (station,) counts steps of the windows. Stations up to ``apart_km`` from each other (infinite:
    all) are at least ``least_s`` apart in time, the way around counted too; NaN if there are no two such.
    """

    steps: NDArray[np.int64]
    least_s: float
    apart_km: float


def choose_shifts(
    network: Network, n_steps: int, step_s: float, settings: ChanceSettings, rng: Generator
) -> Shifts:
    """Shifts of the stations, drawn at random as far as the span has room; of any order of stations the same.

    Parameters
    ----------
    network
        Stations with their places.
    n_steps
        Steps of ``step_s`` (s) in the span, in which shifts wrap around.
    step_s
        Of the windows that were classified.
    settings
        How far apart shifts should be, and of which stations they must be.
    rng
        Of the repetition.

    Raises
    ------
    DataError
        Stations within ``near_km`` cannot be ``least_apart_s`` apart: the span is too short.

    Notes
    -----
    A day has room for four shifts of 6 h, a network of 150 stations needs fewer than 150: stations that are
    farther from each other than a group reaches may have the same one. Stations get as few shifts as a greedy
    colouring of the graph of near ones needs (Welsh and Powell 1967), the best connected first. The radius of
    that graph is as wide as leaves 6 h; if not even ``near_km`` does, the shifts divide the span equally.
    """
    by_code = np.argsort(np.array(network.codes))  # so that the order of stations plays no part
    latitudes, longitudes = network.latitudes[by_code], network.longitudes[by_code]
    away = distances_km(latitudes[:, None], longitudes[:, None], latitudes, longitudes)
    classes, radius_km = _classes(away, n_steps * step_s, settings)
    count = int(classes.max(initial=0)) + 1
    apart = min(int(np.ceil(settings.apart_s / step_s)), n_steps // count)
    slack = n_steps - count * apart
    extra = np.diff(np.concatenate([[0], np.sort(rng.integers(0, slack + 1, count - 1)), [slack]]))
    places = rng.permutation(np.cumsum(apart + extra) % n_steps)
    steps = np.empty(len(network), dtype=np.int64)
    steps[by_code] = places[classes]
    return Shifts(steps, _least_s(steps[by_code], away <= radius_km, n_steps) * step_s, radius_km)


def _classes(away: FloatArray, span_s: float, settings: ChanceSettings) -> tuple[NDArray[np.intp], float]:
    """Class (station,) of stations that may share a shift, and the distance (km) within which none do."""
    for factor in RADII:
        radius_km = factor * settings.near_km
        classes = _colour(away <= radius_km)
        count = int(classes.max(initial=0)) + 1
        if count * settings.apart_s <= span_s:
            return classes, radius_km
    if count * settings.least_apart_s > span_s:
        needed_h, gap_min = count * settings.least_apart_s / 3600, settings.least_apart_s / 60
        raise DataError(
            f"a chance rate needs {needed_h:.3g} h of recordings, so that stations within "
            f"{settings.near_km:g} km can be shifted {gap_min:g} min apart; there are {span_s / 3600:.3g} h: "
            "give a longer span, of days if it can be"
        )
    return classes, radius_km


def _colour(near: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Colour (station,) unlike that of any near one, few in all: greedily, the best connected first."""
    colours = np.full(len(near), -1, dtype=np.intp)
    for station in np.argsort(-near.sum(axis=1), kind="stable"):
        taken = set(colours[near[station]].tolist())
        colours[station] = next(colour for colour in range(len(near)) if colour not in taken)
    return colours


def _least_s(steps: NDArray[np.int64], near: NDArray[np.bool_], n_steps: int) -> float:
    """Count the steps between the shifts of two near stations at least, the way around counted too."""
    first, second = np.nonzero(np.triu(near, 1))
    if not len(first):
        return float("nan")
    between = np.abs(steps[first] - steps[second])
    return float(np.minimum(between, n_steps - between).min())
