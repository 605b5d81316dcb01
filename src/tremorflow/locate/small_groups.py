"""Location of a small group: by what its stations say, how loud they are, and such delays as there are."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.special import logsumexp

from tremorflow.geodesy import LocalFrame
from tremorflow.locate.amplitudes import amplitude_likelihood
from tremorflow.locate.correlation import (
    IndexArray,
    PairCorrelations,
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
    Delays,
    Fit,
    Place,
    measure_delays,
    place_at,
    station_weights,
    window_spectra,
)
from tremorflow.locate.regular import REGULAR_SHOTS, is_regular
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.source_time import source_time
from tremorflow.locate.windows import Hypocentre, Scene, make_hypocentre, supporting_pairs
from tremorflow.records import SMALL_GROUP, UNCORRELATED, Envelopes, FloatArray

NO_PAIR = "no_pair"  # of stations that could follow each other
LEAST_STATIONS = 2  # that correlate: one pair is the least that tells tremor from a noise of one site


class Whereabouts(NamedTuple):
    """What is known of a source besides its envelopes.

    Nodes (n,) of a grid at which it may be, and the log likelihood (n,) of each over none; the stations (k,)
    that are sure of it, the log likelihood that it adds to what the whole network says, and the probability
    that the surest of them gives.
    """

    nodes: NDArray[np.intp]
    log_likelihood: FloatArray
    members: IndexArray
    gain: float
    probability: float


class SmallGroup(NamedTuple):
    """How a small group was placed: the source and "placed", or None and the rule that stopped it.

    The rules are "no_pair", "regular_shots", "stations_unlike" (no two of them follow the others) and
    "low_gain". ``gain`` is that of the pairs of the stations that do.
    """

    reason: str
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
    SmallGroup, its hypocentre flagged ``small_group``; without one if the envelopes do not confirm that two
    stations or more hear one source. With ``settings.uncorrelated`` probabilities with a gain of
    ``uncorrelated_gain``, the highest of them ``uncorrelated_probability``, are enough if those of all
    stations around say more of the place than that by no more than ``uncorrelated_excess``; it is flagged
    ``uncorrelated`` too.

    Notes
    -----
    The place is the mean over the nodes, the error their covariance, with weights of the posterior
    probability L exp(n g): L of the whereabouts, g the gain of the pairs at the lags of the node, the mean of
    their components and summed over pairs, n = ``small_group_samples`` of them independent. One pair leaves a
    hyperbola, which the probabilities cut to a spot. Where site terms are known the burst of that spot tells
    amplitudes, too, and it is placed once more, with the likelihood of these in L (``amplitude_likelihood``).
    The gain that ``small_group_gain`` is asked of is that of the stations that follow the stack of the
    others: of many that hear nothing, noise alone adds up.
    """
    own, nodes = pairs_among(pairs, stations), whereabouts.nodes
    if not len(nodes) or not (len(own) or settings.uncorrelated):
        return SmallGroup(NO_PAIR, 0.0, None)
    if is_regular(window, whereabouts.members):
        return SmallGroup(REGULAR_SHOTS, 0.0, None)
    scene = _scene(window, own, grid, settings)
    gains = stack_gains(_of_cells(scene.correlations, settings), scene.active, grid.s_times_s[:, nodes])
    by_pairs = settings.small_group_samples * gains.astype(np.float64)
    known, attempt = whereabouts, _attempt(whereabouts, by_pairs, scene, settings)
    loudness = _loudness(known, attempt.fit, scene, settings)
    if loudness is not None:
        known = known._replace(log_likelihood=known.log_likelihood + loudness)
        attempt = _attempt(known, by_pairs, scene, settings)
    if attempt.reason == "placed" and attempt.fit is not None:
        found = _flagged(attempt.fit, attempt.used, scene, settings, SMALL_GROUP)
        return SmallGroup("placed", attempt.gain, found)
    if not (settings.uncorrelated and _is_sure(whereabouts, settings)):
        return SmallGroup(attempt.reason if len(own) else NO_PAIR, attempt.gain, None)
    alone, none = _placed_by_members(known, grid, settings), np.zeros(len(own), dtype=bool)
    return SmallGroup(
        "placed", attempt.gain, _flagged(alone, none, scene, settings, SMALL_GROUP, UNCORRELATED)
    )


class _Attempt(NamedTuple):
    """Stations that correlate with the stack of the others, if any do, their pairs (pair,) and their gain."""

    reason: str
    fit: Fit | None
    used: NDArray[np.bool_]
    gain: float


def _attempt(known: Whereabouts, by_pairs: FloatArray, scene: Scene, settings: LocationSettings) -> _Attempt:
    """Place a source by its whereabouts and the log likelihood (node,) of its pairs."""
    spot, covariance = _mean_place(known.nodes, known.log_likelihood + by_pairs, scene.grid, settings)
    fit = _fit_at(place_at(*spot, scene.grid), covariance, scene, settings)
    if fit is None:
        return _Attempt("stations_unlike", None, np.zeros(0, dtype=bool), 0.0)
    used = supporting_pairs(fit, scene.correlations, settings)
    is_placed = fit.likelihood >= settings.small_group_gain and used.any()
    return _Attempt("placed" if is_placed else "low_gain", fit, used, fit.likelihood)


def _is_sure(known: Whereabouts, settings: LocationSettings) -> bool:
    """Whether what stations say is enough without their envelopes, and no more than the group explains."""
    around = logsumexp(known.log_likelihood) - np.log(len(known.nodes))
    return (
        known.gain >= settings.uncorrelated_gain
        and known.probability >= settings.uncorrelated_probability
        and float(around) <= known.gain + settings.uncorrelated_excess
    )


def _loudness(
    known: Whereabouts, fit: Fit | None, scene: Scene, settings: LocationSettings
) -> FloatArray | None:
    """Log likelihood (node,) by the amplitudes of a burst, when its stations or else its members hear it."""
    heard = _placed_by_members(known, scene.grid, settings) if fit is None else fit
    if not len(heard.stations):
        return None
    source = source_time(scene.window, heard, scene.grid)
    return amplitude_likelihood(scene.window, source, known.nodes, scene.grid, settings)


def _placed_by_members(known: Whereabouts, grid: SearchGrid, settings: LocationSettings) -> Fit:
    """Source where its whereabouts alone have it, heard by its members."""
    spot, covariance = _mean_place(known.nodes, known.log_likelihood, grid, settings)
    return _fit_of_members(place_at(*spot, grid), covariance, known.members, settings)


def _flagged(
    fit: Fit, used: NDArray[np.bool_], scene: Scene, settings: LocationSettings, *flags: str
) -> Hypocentre:
    """Hypocentre of a fit and the pairs (pair,) that support it, with further flags."""
    found = make_hypocentre(fit, used, scene, settings)
    return replace(found, flags=(*found.flags, *flags))


def _fit_of_members(
    place: Place, covariance: FloatArray, members: IndexArray, settings: LocationSettings
) -> Fit:
    """Source that its members say is there, all with the same weight and without any delay."""
    near = members[np.isfinite(place.s_times_s[members])]
    none = np.zeros(len(near))
    delays = Delays(none, none, np.full(len(near), settings.template_correlation))
    return Fit(place, near, delays, covariance, 1.0, 0.0)


def _scene(window: Envelopes, own: StationPairs, grid: SearchGrid, settings: LocationSettings) -> Scene:
    """Correlations of all pairs of a small group; gains are the mean of the components' products.

    The horizontals of a station rise and fall together: they are hardly more evidence than one.
    """
    normalised = normalise_envelopes(window, settings.min_completeness)
    correlations = correlate_pairs(normalised, window.sampling_rate_hz, own, settings.pair_sigma_s)
    recorded = np.maximum(normalised.any(axis=2).sum(axis=1), 1)
    products = (recorded[own.first] * recorded[own.second]).astype(np.float32)
    correlations = replace(correlations, gains=correlations.gains / products[:, None])
    spectra = window_spectra(normalised, window.sampling_rate_hz, settings)
    return Scene(window, np.arange(len(own)), correlations, spectra, grid)


def _of_cells(correlations: PairCorrelations, settings: LocationSettings) -> PairCorrelations:
    """Gains whose every lag has the highest of those that the cell of a node holds.

    Else the nodes that a hyperbola happens to pass are favoured over those whose cells it crosses.
    """
    half_s = settings.grid_spacing_deg * 111.0 / 2 / settings.s_speed_km_s
    size = 2 * round(half_s * correlations.lag_rate_hz) + 1
    return replace(correlations, gains=maximum_filter1d(correlations.gains, size, axis=1, mode="nearest"))


def _fit_at(place: Place, covariance: FloatArray, scene: Scene, settings: LocationSettings) -> Fit | None:
    """Stations that correlate with the stack of the others at a place; None if these are not two.

    The worst is left out, one at a time: among many that hear nothing the stack is noise at first.
    """
    pairs, correlations, times = scene.correlations.pairs, scene.correlations, place.s_times_s
    lags = times[pairs.second] - times[pairs.first]
    reach = np.arange(-settings.max_residual_s, settings.max_residual_s + 1.0)  # s: the place is rough
    alike = np.max([correlations.at(scene.active, lags + late) for late in reach], axis=0)
    stations = stations_of(pairs, scene.active[alike > settings.stack_correlation])
    weights = np.ones(len(scene.grid.network))
    while len(stations) >= LEAST_STATIONS:
        delays = measure_delays(times, stations, weights[stations], scene.spectra, noise=False)
        inside = np.abs(delays.seconds) < settings.max_residual_s
        fitness = delays.correlation - 2.0 * ~inside  # those beyond go first, and no two are level
        if fitness.min() >= settings.template_correlation:
            # later than the mean of all, of which a station is a part, by less than later than the others
            own = delays.seconds * (len(stations) - 1) / len(stations)
            arrivals = times.copy()
            arrivals[stations] += own
            among = np.flatnonzero(np.isin(pairs.first, stations) & np.isin(pairs.second, stations))
            gain = float(interpolate_gains(correlations, among, arrivals[:, None])[0])
            return Fit(place, stations, replace(delays, seconds=own), covariance, 1.0, gain)
        weights[stations] = station_weights(delays.correlation)
        stations = np.delete(stations, int(np.argmin(fitness)))
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
    km = 111.0 * settings.grid_spacing_deg
    steps_km = np.array([km * np.cos(np.radians(latitude)), km, settings.depth_spacing_km])
    covariance[np.diag_indices(3)] += steps_km**2 / 12  # a node stands for its cell
    if settings.depth != "free":
        covariance[2, :] = covariance[:, 2] = 0.0
        covariance[2, 2] = settings.depth_sigma_km**2
    latitude, longitude = grid.clip(*frame.to_degrees(*mean[:2]))
    return (latitude, longitude, grid.depth_at(latitude, longitude, float(mean[2]))), covariance
