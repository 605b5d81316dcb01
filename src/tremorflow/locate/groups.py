"""Location of a group of stations: the source that they hear, and others that sound at the same time."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tremorflow.geodesy import distances_km, east_north_km
from tremorflow.locate.correlation import (
    IndexArray,
    StationPairs,
    pairs_among,
    stack_gains,
    stations_of,
)
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.hypocentre import Fit, Place
from tremorflow.locate.plane_waves import crosses_network
from tremorflow.locate.power import PowerModel, model_power
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.windows import (
    Hypocentre,
    Scene,
    WindowResult,
    is_near,
    make_hypocentre,
    make_scene,
    refine_node,
    stack_maxima,
    supporting_pairs,
)
from tremorflow.records import Envelopes, FloatArray

MAX_TRIALS = 6  # maxima that are refined before no further source is looked for
NEAREST = 6  # stations to a further source, half of which must hear it: amplitudes fall with distance
APART_SIGMA = 3.0  # to a further source, in its own errors: nearer, it may be what is left of that found
FIRST_APART_KM = 30.0  # of a further source while the others still disturb its place, and those found theirs
MOVES_KM = 30.0  # that a source may move once the others are taken out; more is another source


def locate_group(
    window: Envelopes, stations: IndexArray, grid: SearchGrid, pairs: StationPairs, settings: LocationSettings
) -> WindowResult:
    """Locate the source that a group of stations hears, and others that the same stations hear besides.

    Parameters
    ----------
    window : (station, component, time)
        Envelopes of one window of the whole network.
    stations : (n,)
        Members of the group and near neighbours that may hear it too.
    grid, pairs
        Of the network; pairs of other stations are not looked at.
    settings
        Thresholds.

    Returns
    -------
    WindowResult with the source of the largest likelihood first.

    Notes
    -----
    Pairs of stations of which one hears one source and the other another correlate too, at lags of a ghost.
    So a further source is looked for in what is left once those found are taken out (``model_power``), and
    must be heard by half of the stations asked that are nearest to it, and its error must not reach to one
    that is found. At last each is located anew without the others, and only then must they be
    ``min_separation_km`` apart: the first lies between two, at times, until the other is taken out. If none
    holds then, the first stays.
    """
    own = pairs_among(pairs, stations)
    if not len(own):
        return WindowResult(window.start_time, (), "too_few_stations")
    scene = make_scene(window, window, grid, own, settings)
    if isinstance(scene, str):
        return WindowResult(window.start_time, (), scene)
    first = _best_source(scene, [], settings)
    if first is None:
        return WindowResult(window.start_time, (), "no_agreement_of_stations")
    if crosses_network(first[0], scene, settings):
        return WindowResult(window.start_time, (), "plane_wave")
    fits = [first[0]]
    model = model_power(window, fits, stations, grid, settings)
    while len(fits) < settings.max_sources:
        rest = make_scene(_left(window, model), _excess(window, model), grid, own, settings)
        found = None if isinstance(rest, str) else _best_source(rest, fits, settings)
        if found is None:
            break
        fits.append(found[0])
        model = model_power(window, fits, stations, grid, settings)
    together = _located_anew(window, fits, stations, own, grid, settings) if len(fits) > 1 else ()
    return WindowResult(window.start_time, together or (make_hypocentre(*first, scene, settings),), "located")


def _best_source(
    scene: Scene, found: list[Fit], settings: LocationSettings
) -> tuple[Fit, NDArray[np.bool_]] | None:
    """Strongest source apart from those found that enough pairs support, and these (pair,); None without."""
    stacked = stack_gains(scene.correlations, scene.active, scene.grid.s_times_s)
    places, trials = [fit.place for fit in found], 0
    apart_km = min(FIRST_APART_KM, settings.min_separation_km)
    explained = np.zeros(len(scene.correlations.pairs), dtype=bool)
    best: tuple[Fit, NDArray[np.bool_]] | None = None
    peaks = stack_maxima(stacked, scene.grid)
    for node in peaks:
        weak = not found and stacked[node] < settings.rival_likelihood * stacked[peaks[0]]
        if trials >= MAX_TRIALS or (best is not None and weak):
            break
        if is_near(scene.grid.node(int(node))[:2], places, apart_km - 10.0):
            continue
        trials += 1
        fit = refine_node(int(node), [], explained, settings.min_pairs, scene, settings)
        if fit is None or (best is not None and fit.likelihood <= best[0].likelihood):
            continue
        epicentre = fit.place.latitude, fit.place.longitude
        if is_near(epicentre, places, apart_km):
            continue
        if found and not (_is_heard_near(fit, scene) and _is_apart(fit, places)):
            continue
        used = supporting_pairs(fit, scene.correlations, settings)
        if used.sum() >= settings.min_pairs:
            best = fit, used
            if found:
                break
    return best


def _is_apart(fit: Fit, places: list[Place]) -> bool:
    """Whether every place is farther from a source than its error in that direction reaches."""
    for place in places:
        offset = np.array(
            east_north_km(fit.place.latitude, fit.place.longitude, place.latitude, place.longitude)
        )
        variance_km2 = offset @ fit.covariance_km2[:2, :2] @ offset / (offset @ offset)
        if offset @ offset < APART_SIGMA**2 * variance_km2:
            return False
    return True


def _is_heard_near(fit: Fit, scene: Scene) -> bool:
    """Whether half of those nearest to a source, of the stations in pairs that recorded, support it."""
    network, pairs = scene.grid.network, scene.correlations.pairs
    away = distances_km(fit.place.latitude, fit.place.longitude, network.latitudes, network.longitudes)
    asked = stations_of(pairs, np.arange(len(pairs)))
    asked = asked[np.isfinite(scene.window.values[asked]).any(axis=(1, 2))]
    nearest = asked[np.argsort(away[asked], kind="stable")[:NEAREST]]
    return bool(np.isin(nearest, fit.stations).mean() >= 0.5)


def _located_anew(
    window: Envelopes,
    fits: list[Fit],
    stations: IndexArray,
    pairs: StationPairs,
    grid: SearchGrid,
    settings: LocationSettings,
) -> tuple[Hypocentre, ...]:
    """Hypocentres of sources, each located in what the others leave; what does not hold then is dropped.

    Of two that then are nearer than ``min_separation_km`` the one with fewer pairs is dropped too.
    """
    fits = list(fits)
    hypocentres: dict[int, Hypocentre] = {}
    for k in range(len(fits)):
        model = model_power(window, fits, stations, grid, settings)
        scene = make_scene(_left(window, model, k), _excess(window, model, k), grid, pairs, settings)
        if isinstance(scene, str):
            continue
        place = fits[k].place
        node = _nearest_node(place.latitude, place.longitude, place.depth_km, grid)
        none = np.zeros(len(pairs), dtype=bool)
        again = refine_node(node, [], none, 1, scene, settings)
        if again is None or not is_near((again.place.latitude, again.place.longitude), [place], MOVES_KM):
            continue
        used = supporting_pairs(again, scene.correlations, settings)
        if used.sum() >= settings.min_pairs:
            fits[k] = again
            hypocentres[k] = make_hypocentre(again, used, scene, settings)
    kept: list[int] = []
    for k in sorted(hypocentres, key=lambda k: -hypocentres[k].n_pairs):
        place = hypocentres[k].fit.place
        others = [hypocentres[other].fit.place for other in kept]
        if not is_near((place.latitude, place.longitude), others, settings.min_separation_km):
            kept.append(k)
    return tuple(hypocentres[k] for k in sorted(kept))


def _nearest_node(latitude: float, longitude: float, depth_km: float, grid: SearchGrid) -> int:
    """Node of the grid next to a point."""
    east = (grid.node_longitudes - grid.unwrap(longitude)) * np.cos(np.radians(latitude))
    away = np.hypot(grid.node_latitudes - latitude, east) * 111.0
    return int(np.argmin(np.hypot(away, grid.node_depths_km - depth_km)))


def _left(window: Envelopes, model: PowerModel, kept: int | None = None) -> Envelopes:
    """Envelopes of what the sources leave, all but one; one component, the mean of those there were."""
    return _single(window, np.sqrt(model.without(kept)))


def _excess(window: Envelopes, model: PowerModel, kept: int | None = None) -> Envelopes:
    """Logarithm of the excess over the sources, all but one, to be correlated."""
    return _single(window, model.log_excess(kept))


def _single(window: Envelopes, values: FloatArray) -> Envelopes:
    return replace(window, components=("H1",), values=values[:, None])
