"""How each station of a network hears: how sensitive it is, and what DiET says of nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.associate.graph import log_odds
from tremorflow.associate.settings import AssociationSettings
from tremorflow.errors import DataError
from tremorflow.records import FloatArray, Network, Probabilities

HOUR_OF_WINDOWS = 60  # windows of a station that count as much as what is known beforehand
UPPER_QUARTILE_SD = 0.674  # of a normal variable, from its median
WIDEST_SPREAD, NARROWEST_SPREAD = 3.0, 0.6  # log-odds; beyond, tremor or a dead recorder was measured
MOST_SILENT = 5.0  # log-odds above the typical: more, and it is tremor of most of the time


@dataclass(frozen=True, slots=True, eq=False)  # by identity, so that what follows from it can be kept
class Hearing:
    """How the stations of a network hear; every array is (station,).

    ``sensitivity`` is the SNR that a station has of a source, over that of a typical station as far away: its
    site term over its noise. ``silent`` and ``spread`` are the middle and the standard deviation of the
    log-odds of tremor that DiET gives it where there is none.
    """

    sensitivity: FloatArray
    silent: FloatArray
    spread: FloatArray

    @property
    def is_known(self) -> bool:
        """Whether the sensitivity of most stations is known, so that groups point to places well."""
        return bool(np.mean(self.sensitivity != 1.0) > 0.5)

    def subset(self, rows: NDArray[np.intp]) -> "Hearing":
        """Hearing of some stations, in this order."""
        return Hearing(self.sensitivity[rows], self.silent[rows], self.spread[rows])


def typical_hearing(count: int, settings: AssociationSettings) -> Hearing:
    """Hearing of stations of which nothing is known."""
    return Hearing(
        np.ones(count), np.full(count, settings.odds_silent), np.full(count, settings.spread_silent)
    )


def learn_hearing(
    probabilities: Probabilities, settings: AssociationSettings, noise: FloatArray | None = None
) -> Hearing:
    """Learn from a run how its stations hear.

    Parameters
    ----------
    probabilities
        Of all windows.
    settings
        What is typical.
    noise : (station,)
        Amplitude in the band, m/s, NaN where it is not known; see ``relative_sensitivity``.

    Notes
    -----
    Tremor is rare: the middle of a station's log-odds is what it has without, and their upper quartile tells
    the spread. A station with few windows is taken to be typical, in proportion.
    """
    odds = log_odds(probabilities.p_tremor)
    known = np.isfinite(odds)
    share = known.sum(axis=1) / (known.sum(axis=1) + HOUR_OF_WINDOWS)
    middle, upper = np.full((2, len(odds)), settings.odds_silent)
    for station in np.flatnonzero(share):
        middle[station], upper[station] = np.quantile(odds[station, known[station]], [0.5, 0.75])
    spread = np.clip((upper - middle) / UPPER_QUARTILE_SD, NARROWEST_SPREAD, WIDEST_SPREAD)
    middle = np.minimum(middle, settings.odds_silent + MOST_SILENT)
    return Hearing(
        np.ones(len(odds)) if noise is None else relative_sensitivity(probabilities.network, noise),
        share * middle + (1 - share) * settings.odds_silent,
        share * spread + (1 - share) * settings.spread_silent,
    )


def relative_sensitivity(network: Network, noise: FloatArray) -> FloatArray:
    """Sensitivity (station,) of stations whose site term and noise are known, 1 of the others.

    Parameters
    ----------
    network
        With ``site_amplification`` where it is known, given or from ``tremorflow site-terms``.
    noise : (station,)
        Amplitude in the band, m/s, NaN where it is not known.

    Notes
    -----
    Noise alone is not used: soft ground raises signal and noise alike.

    Raises
    ------
    DataError
        Noise of another number of stations.
    """
    if noise.shape != (len(network),):
        raise DataError(f"noise of shape {noise.shape} does not fit {len(network)} stations")
    known = network.has_site_terms & np.isfinite(noise) & (noise > 0)
    ratio = np.where(known, network.site_amplifications, 1.0) / np.where(known, noise, 1.0)
    if not known.any():
        return np.ones(len(network))
    return np.where(known, ratio / np.median(ratio[known]), 1.0)
