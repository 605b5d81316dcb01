"""Location of a small group: by what its stations say, and by such delays as there are."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.geodesy import LocalFrame
from tremorflow.locate.correlation import (
    IndexArray,
    StationPairs,
    correlate_pairs,
    interpolate_gains,
    normalise_envelopes,
    pairs_among,
    stack_gains,
    stations_of,
)
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.hypocentre import (
    Fit,
    Place,
    measure_delays,
    place_at,
    station_weights,
    window_spectra,
)
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.windows import Hypocentre, Scene, make_hypocentre, supporting_pairs
from tremorflow.records import Envelopes, FloatArray

SMALL_GROUP = "small_group"
"""Flag of an event that was placed by the probabilities of its stations as much as by delays."""

LEAST_STATIONS = 2  # that correlate: one pair is the least that tells tremor from a noise of one site


class Whereabouts(NamedTuple):
    """Nodes (n,) of a grid at which a source may be, and the log likelihood (n,) of each so far."""

    nodes: NDArray[np.intp]
    log_likelihood: FloatArray


class SmallGroup(NamedTuple):
    """What the envelopes say for a source where it may be: summed gain of the pairs, and the source."""

    gain: float
    hypocentre: Hypocentre | None


def locate_small_group(
    window: Envelopes,
    stations: IndexArray,
    whereabouts: Whereabouts,
    grid: SearchGrid,
    pairs: StationPairs,
    settings: LocationSettings,
) -> SmallGroup:
    """Locate a source by what is known of its place already and the envelopes of few stations.

    Parameters
    ----------
    window : (station, component, time)
        Envelopes of one window of the whole network.
    stations : (n,)
        Members of the group and near neighbours that may hear it too.
    whereabouts
        What the probabilities say of the place.
    grid, pairs, settings
        As of ``locate_group``.

    Returns
    -------
    SmallGroup, its hypocentre flagged ``small_group``; without one if the envelopes do not confirm that the
    stations hear one source: if the gain stays below ``small_group_gain``, or no pair supports the place.

    Notes
    -----
    The place is the mean over the nodes, the error their covariance, with weights of the posterior
    probability L exp(n g): L of the whereabouts, g the summed gain of the pairs at the lags of the node
    (``stack_gains``), n = ``small_group_samples`` of them independent. One pair leaves a hyperbola, which the
    probabilities cut to a spot.
    """
    own = pairs_among(pairs, stations)
    if not len(own) or not len(whereabouts.nodes):
        return SmallGroup(0.0, None)
    scene = _scene(window, own, grid, settings)
    gains = stack_gains(scene.correlations, scene.active, grid.s_times_s[:, whereabouts.nodes])
    log_posterior = whereabouts.log_likelihood + settings.small_group_samples * gains.astype(np.float64)
    gain = float(gains[np.argmax(log_posterior)])
    if gain < settings.small_group_gain:
        return SmallGroup(gain, None)
    spot, covariance = _mean_place(whereabouts.nodes, log_posterior, grid, settings)
    fit = _fit_at(place_at(*spot, grid), covariance, scene, settings)
    if fit is None:
        return SmallGroup(gain, None)
    used = supporting_pairs(fit, scene.correlations, settings)
    if not used.any():
        return SmallGroup(gain, None)
    found = make_hypocentre(fit, used, scene, settings)
    return SmallGroup(gain, replace(found, flags=(*found.flags, SMALL_GROUP)))


def _scene(window: Envelopes, own: StationPairs, grid: SearchGrid, settings: LocationSettings) -> Scene:
    """Correlations of all pairs of a small group: every one counts."""
    normalised = normalise_envelopes(window, settings.min_completeness)
    smoothing_s = np.sqrt(2) * settings.site_sigma_s
    correlations = correlate_pairs(normalised, window.sampling_rate_hz, own, smoothing_s)
    spectra = window_spectra(normalised, window.sampling_rate_hz, settings)
    return Scene(window, np.arange(len(own)), correlations, spectra, grid)


def _fit_at(place: Place, covariance: FloatArray, scene: Scene, settings: LocationSettings) -> Fit | None:
    """Stations that correlate with the stack of the others at a place; None if these are not two."""
    asked = stations_of(scene.correlations.pairs, scene.active)
    recorded = np.abs(scene.spectra.values[asked]).any(axis=1) & np.isfinite(place.s_times_s[asked])
    stations = asked[recorded]
    weights = np.ones(len(scene.grid.network))
    while len(stations) >= LEAST_STATIONS:
        delays = measure_delays(place.s_times_s, stations, weights[stations], scene.spectra, noise=False)
        weights[stations] = station_weights(delays.correlation)
        good = delays.correlation >= settings.template_correlation
        if good.all():
            times = place.s_times_s[:, None]
            likelihood = float(interpolate_gains(scene.correlations, scene.active, times)[0])
            return Fit(place, stations, delays, covariance, 1.0, likelihood)
        stations = stations[good]
    return None


def _mean_place(
    nodes: NDArray[np.intp], log_posterior: FloatArray, grid: SearchGrid, settings: LocationSettings
) -> tuple[tuple[float, float, float], FloatArray]:
    """Mean place of some nodes by their posterior probability, and its covariance (3, 3) in km^2."""
    weights = np.exp(log_posterior - log_posterior.max())
    weights /= weights.sum()
    latitude, longitude, _ = grid.node(int(nodes[np.argmax(weights)]))
    frame = LocalFrame(latitude, longitude)
    offsets = np.array(
        [
            *frame.to_km(grid.node_latitudes[nodes], grid.node_longitudes[nodes]),
            grid.node_depths_km[nodes],
        ]
    )
    mean = offsets @ weights
    away = offsets - mean[:, None]
    covariance = (weights * away) @ away.T
    steps_km = np.array([settings.grid_spacing_deg * 111.0] * 2 + [settings.depth_spacing_km])
    covariance[np.diag_indices(3)] += steps_km**2 / 12  # a node stands for its cell
    if settings.depth != "free":
        covariance[2, :] = covariance[:, 2] = 0.0
        covariance[2, 2] = settings.depth_sigma_km**2
    latitude, longitude = grid.clip(*frame.to_degrees(*mean[:2]))
    return (latitude, longitude, grid.depth_at(latitude, longitude, float(mean[2]))), covariance
