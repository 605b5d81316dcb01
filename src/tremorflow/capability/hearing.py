"""From the SNR of stations to the probability that enough of them hear a burst."""

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import logit, ndtr

from tremorflow.associate.settings import AssociationSettings
from tremorflow.associate.sources import odds_at
from tremorflow.records import FloatArray

NODES = 9  # of Gauss-Hermite quadrature over a normal variable: 1 % of a probability
LEVELS = np.geomspace(1e-3, 1e3, 301)  # SNR at which the response is tabulated, 5 % apart


def response(scatter_log10: float, needed: float, settings: AssociationSettings) -> FloatArray:
    """Probability (level,) that DiET gives a station at least ``needed``, at each SNR of ``LEVELS``.

    Parameters
    ----------
    scatter_log10
        Standard deviation of log10 of the SNR about that of the level.
    needed
        Probability of tremor.
    settings
        What DiET says at an SNR, as measured.
    """
    offsets, weights = _normal_nodes()
    snr = LEVELS[:, None] * 10 ** (scatter_log10 * offsets)
    mean, spread = odds_at(snr, settings)
    return np.asarray(ndtr((mean - logit(needed)) / spread) @ weights)


def heard(snr: FloatArray, table: FloatArray) -> FloatArray:
    """Probability at any SNR (same shape), by a table over ``LEVELS``; 0 at an SNR of 0."""
    place = np.log(np.maximum(snr, LEVELS[0]) / LEVELS[0]) / np.log(LEVELS[1] / LEVELS[0])
    low = np.minimum(place.astype(np.intp), len(LEVELS) - 2)
    part = np.minimum(place - low, 1.0)
    between = table[low] * (1 - part) + table[low + 1] * part
    return np.where(snr > 0, between, 0.0)


def at_least(probabilities: FloatArray, count: int) -> FloatArray:
    """Probability (...,) that at least ``count`` of the stations (..., station) hear something.

    Parameters
    ----------
    probabilities : (..., station)
        Of each station.
    count
        Stations that are needed.

    Notes
    -----
    Their number follows the Poisson-binomial distribution, as if stations erred independently. Neighbours err
    alike by 0.14 in one window (bench diet_snet), but that makes the step from nothing to everything less
    steep than simulated days have it (scenario weak, seeds 614 and 1721: log likelihood of five days lower
    by 4).
    """
    fewer = np.zeros((count, *probabilities.shape[:-1]))  # exactly 0, 1, ... so far
    fewer[0] = 1.0
    for station in range(probabilities.shape[-1]):
        one = probabilities[..., station]
        gained = fewer * one
        fewer -= gained
        fewer[1:] += gained[:-1]
    return np.asarray(np.clip(1 - fewer.sum(axis=0), 0, 1))


def _normal_nodes() -> tuple[FloatArray, FloatArray]:
    """Places and weights that integrate over a standard normal variable."""
    places, weights = hermegauss(NODES)
    return places, weights / weights.sum()
