"""The likelihood of an epicentre around a located source, for people to look at."""

from dataclasses import dataclass

import numpy as np

from tremorflow.locate.correlation import (
    correlate_pairs,
    interpolate_gains,
    normalise_envelopes,
    pairs_among,
    station_pairs,
)
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.windows import Hypocentre, error_ellipse
from tremorflow.records import Envelopes, FloatArray

NODES = 81  # to each side of a square map
MIN_HALF_WIDTH_DEG = 0.25  # at least 28 km: the neighbourhood, even if the ellipse is small
LOG_RATIO_68 = 1.14  # a 2-D Gaussian falls by exp(-1.51^2 / 2) at the rim that holds 68 %


@dataclass(frozen=True, slots=True)
class LikelihoodMap:
    """Likelihood (latitude, longitude), 1 at its maximum, on ascending axes in degrees."""

    latitudes: FloatArray
    longitudes: FloatArray
    values: FloatArray


def map_likelihood(
    window: Envelopes, hypocentre: Hypocentre, grid: SearchGrid, settings: LocationSettings
) -> LikelihoodMap:
    """Likelihood of epicentres around a source at its depth, from the pairs of its stations that agree on it.

    Notes
    -----
    The summed likelihood of pairs is too sharp: pairs share stations, and the velocity model is in error. Its
    logarithm is scaled so that the region above the 68 % level has the area of the error ellipse; rivals
    elsewhere keep their rank (magnitude adjustment of a composite likelihood). Of an event flagged
    ``small_group`` it shows what the delays say alone, not the probabilities that placed it too.
    """
    fit = hypocentre.fit
    normalised = normalise_envelopes(window, settings.min_completeness)
    pairs = pairs_among(station_pairs(grid, settings), fit.stations)
    correlations = correlate_pairs(normalised, window.sampling_rate_hz, pairs, settings.pair_sigma_s)
    lags_s = fit.place.s_times_s[pairs.second] - fit.place.s_times_s[pairs.first]
    every = np.arange(len(pairs))
    used = every[correlations.at(every, lags_s) > settings.stack_correlation]
    major, minor, _ = error_ellipse(fit.covariance_km2)
    half_deg = max(MIN_HALF_WIDTH_DEG, 3 * major / 111.0)
    latitudes = np.linspace(fit.place.latitude - half_deg, fit.place.latitude + half_deg, NODES)
    stretch = 1 / np.cos(np.radians(fit.place.latitude))
    longitudes = fit.place.longitude + (latitudes - fit.place.latitude) * stretch
    log_likelihood = np.empty((NODES, NODES))
    for row, latitude in zip(log_likelihood, latitudes, strict=True):
        times = grid.travel_times.times(latitude, longitudes, fit.place.depth_km)
        row[:] = interpolate_gains(correlations, used, times)
    below = np.sort((log_likelihood.max() - log_likelihood).ravel())
    cell_km2 = (2 * half_deg / (NODES - 1) * 111.0) ** 2
    inside = int(np.clip(np.pi * major * minor / cell_km2, 1, len(below) - 1))
    scale = LOG_RATIO_68 / max(below[inside], 1e-12)
    values = np.exp(scale * (log_likelihood - log_likelihood.max()))
    return LikelihoodMap(latitudes, longitudes, values)
