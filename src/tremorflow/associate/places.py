"""Where the source of some groups may be, by what all stations say of it."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from tremorflow.associate.graph import log_odds
from tremorflow.associate.groups import Groups
from tremorflow.associate.hearing import Hearing
from tremorflow.associate.settings import AssociationSettings
from tremorflow.associate.sources import SIZES, levels_heard, likelihood_tables, odds_bins
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Probabilities, seconds

FARTHEST_KM = 150.0  # of stations that are asked: beyond, silence says nothing of so weak a source


def place_likelihood(
    latitudes: FloatArray,
    longitudes: FloatArray,
    groups: Groups,
    chosen: NDArray[np.intp],
    probabilities: Probabilities,
    settings: AssociationSettings,
    hearing: Hearing,
) -> FloatArray:
    """Log likelihood (place,) of one source at each of some places, over that of none, whatever its strength.

    Parameters
    ----------
    latitudes, longitudes : (place,)
        In deg.
    groups
        Of all windows.
    chosen : (n,)
        Groups that are of the source.
    probabilities
        The groups were made from.
    settings
        What DiET says at an SNR, and how that falls with distance.
    hearing
        Of the stations.

    Notes
    -----
    As in the fit of sources (``WindowFit``), silent stations included; those of other groups are left out.
    It is the mean over strengths in each window, all steps of ``SIZES`` alike. Windows that overlap share
    their noise: together they count as so many as fit one after the other.
    """
    network = probabilities.network
    if not len(latitudes):
        return np.zeros(0)
    away = distances_km(latitudes[:, None], longitudes[:, None], network.latitudes, network.longitudes)
    near = np.flatnonzero(away.min(axis=0) <= FARTHEST_KM)
    levels = levels_heard(away[:, near], settings, hearing.sensitivity[near])
    tables = likelihood_tables(settings, hearing)
    total = np.zeros(len(latitudes))
    for k in chosen:
        window = groups.windows[k]
        odds = log_odds(probabilities.p_tremor[near, window])
        labels = groups.labels[near, window]
        asked = np.flatnonzero(np.isfinite(odds) & ((labels == k) | (labels < 0)))
        gains = tables[near[asked], odds_bins(odds[asked])]
        by_size = gains[np.arange(len(asked)), levels[:, :, asked]].sum(axis=2)
        total += logsumexp(by_size, axis=1) - np.log(len(SIZES))
    starts = probabilities.start_times[groups.windows[chosen]]
    independent = 1 + seconds(starts.max() - starts.min()) / probabilities.window_s
    return np.asarray(total * min(1.0, independent / len(chosen)))
