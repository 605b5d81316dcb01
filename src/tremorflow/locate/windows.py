"""Envelopes of a network, window by window, to located sources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from tremorflow.geodesy import distances_km, east_north_km
from tremorflow.locate.correlation import (
    PairCorrelations,
    StationPairs,
    correlate_pairs,
    normalise_envelopes,
    stack_gains,
    station_pairs,
)
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.hypocentre import (
    Fit,
    Place,
    WindowSpectra,
    refine_source,
    window_spectra,
)
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.source_time import SourceTime, source_time
from tremorflow.records import NANOSECONDS, Envelopes, FloatArray

SAME_PLACE_KM = 15.0  # a maximum this near to a refined source leads to the same place
DEPTH_RIM = 0.05  # of the depth spacing: the search ends on steps of 1/81, so this is on the limit itself
ELLIPSE_68 = 1.51  # half axes of the ellipse that holds 68 % of a 2-D Gaussian, in sigma


@dataclass(frozen=True, slots=True)
class Hypocentre:
    """A located source of tremor in one window."""

    fit: Fit
    source: SourceTime
    correlation: float  # mean correlation of the pairs used, at the lags of the source
    n_pairs: int
    azimuthal_gap_deg: float
    flags: tuple[str, ...]
    window_start: np.datetime64
    window_end: np.datetime64


@dataclass(frozen=True, slots=True)
class Scene:
    """One window with all that was computed from it for the search."""

    window: Envelopes
    active: NDArray[np.intp]  # (pair,) indices of the pairs that take part
    correlations: PairCorrelations
    spectra: WindowSpectra
    grid: SearchGrid


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What one window gave: its sources, and why there are none if there are none."""

    window_start: np.datetime64
    hypocentres: tuple[Hypocentre, ...]
    reason: str  # "located", or the rule that stopped it


def error_ellipse(covariance_km2: FloatArray) -> tuple[float, float, float]:
    """Half axes (km) and azimuth of the major one (deg from north) of the 68 % ellipse of a location."""
    values, vectors = np.linalg.eigh(covariance_km2[:2, :2])
    minor, major = ELLIPSE_68 * np.sqrt(np.maximum(values, 0))
    east, north = vectors[:, 1]
    return float(major), float(minor), float(np.degrees(np.arctan2(east, north)) % 180)


def azimuthal_gap_deg(
    grid: SearchGrid, stations: NDArray[np.intp], latitude: float, longitude: float
) -> float:
    """Largest angle between neighbouring stations as seen from the epicentre."""
    network = grid.network
    east, north = east_north_km(
        latitude, longitude, network.latitudes[stations], network.longitudes[stations]
    )
    azimuths = np.sort(np.degrees(np.arctan2(east, north)) % 360)
    return float(np.diff(np.append(azimuths, azimuths[0] + 360)).max())


def locate_windows(
    envelopes: Envelopes,
    grid: SearchGrid,
    settings: LocationSettings,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[WindowResult]:
    """Locate sources in every window of the envelopes, in time order.

    Parameters
    ----------
    envelopes : (station, component, time)
        Of the grid's network, in its order.
    grid
        From ``search_grid``.
    settings
        Window, step, thresholds.
    progress
        Called with the number of windows done and in all.
    """
    pairs = station_pairs(grid, settings)
    starts = window_starts(envelopes.start_time, envelopes.end_time, settings)
    for k, start_time in enumerate(starts):
        yield locate_window(envelopes.window(start_time, settings.window_s), grid, pairs, settings)
        if progress is not None:
            progress(k + 1, len(starts))


def window_starts(
    start_time: np.datetime64, end_time: np.datetime64, settings: LocationSettings
) -> list[np.datetime64]:
    """List the starts of the windows in a span, at whole multiples of the step since 1970.

    However a span is cut into parts, the windows of the parts are those of the whole.
    """
    step_ns = round(settings.step_s * NANOSECONDS)
    first = -(-start_time.astype("datetime64[ns]").astype(np.int64) // step_ns)
    last = (
        end_time.astype("datetime64[ns]").astype(np.int64) - round(settings.window_s * NANOSECONDS)
    ) // step_ns
    return [np.datetime64(int(k) * step_ns, "ns") for k in range(int(first), int(last) + 1)]


def locate_window(
    window: Envelopes, grid: SearchGrid, pairs: StationPairs, settings: LocationSettings
) -> WindowResult:
    """Locate the sources in one window: maxima of the likelihood, strongest first, each refined.

    A source needs ``min_pairs`` pairs whose correlation at its lags exceeds ``pair_correlation``; a further
    one needs ``min_new_pairs`` that no source before it explains, and a distance of ``min_separation_km``.
    """
    scene = make_scene(window, window, grid, pairs, settings)
    if isinstance(scene, str):
        return WindowResult(window.start_time, (), scene)
    stacked = stack_gains(scene.correlations, scene.active, grid.s_times_s)
    peaks = stack_maxima(stacked, grid)
    if not len(peaks):  # no node sees both stations of any pair
        return WindowResult(window.start_time, (), "no_agreement_of_stations")
    is_rival = stacked[peaks] > settings.rival_likelihood * stacked[peaks[0]]
    found = _find_sources(peaks, is_rival, scene, settings)
    if not found:
        return WindowResult(window.start_time, (), "no_agreement_of_stations")
    places = [one.fit.place for one in found]
    if any(not is_near(grid.node(int(k))[:2], places, settings.min_separation_km) for k in peaks[is_rival]):
        found[0] = replace(found[0], flags=(*found[0].flags, "several_maxima"))
    return WindowResult(window.start_time, tuple(found), "located")


def make_scene(
    window: Envelopes, series: Envelopes, grid: SearchGrid, pairs: StationPairs, settings: LocationSettings
) -> Scene | str:
    """Correlations of all pairs, or the rule that says that there is no source to look for.

    ``series`` (station, component, time) are what is correlated: the envelopes of the window, or what other
    sources leave of them.
    """
    normalised = normalise_envelopes(series, settings.min_completeness)
    if normalised.any(axis=(1, 2)).sum() < settings.min_stations:
        return "too_few_stations"
    correlations = correlate_pairs(normalised, window.sampling_rate_hz, pairs, settings.pair_sigma_s)
    highest = correlations.values.max(axis=1)
    if (highest > settings.pair_correlation).sum() < settings.min_pairs:
        return "too_few_correlated_pairs"
    active = np.flatnonzero(highest > settings.stack_correlation)
    spectra = window_spectra(normalised, window.sampling_rate_hz, settings)
    return Scene(window, active, correlations, spectra, grid)


def _find_sources(
    peaks: NDArray[np.intp], is_rival: NDArray[np.bool_], scene: Scene, settings: LocationSettings
) -> list[Hypocentre]:
    """Accept sources at the maxima, strongest first.

    Between nodes a rival of the strongest maximum may turn out to be the higher one, so these are all refined
    before one is chosen. A further maximum is only refined if pairs speak for it that no source explains.
    """
    explained = np.zeros(len(scene.correlations.pairs), dtype=bool)
    found: list[Hypocentre] = []
    fits: list[Fit] = []
    for node in peaks[is_rival][: settings.max_sources]:
        fit = refine_node(
            int(node), [fit.place for fit in fits], explained, settings.min_pairs, scene, settings
        )
        fits += [fit] if fit is not None else []
    for fit in sorted(fits, key=lambda fit: -fit.likelihood):
        _accept(fit, found, explained, scene, settings)
    for node in peaks[~is_rival][: 2 * settings.max_sources]:
        if len(found) >= settings.max_sources:
            break
        needed = settings.min_new_pairs if found else settings.min_pairs
        fit = refine_node(int(node), [one.fit.place for one in found], explained, needed, scene, settings)
        if fit is not None:
            _accept(fit, found, explained, scene, settings)
    return found


def refine_node(
    node: int,
    places: list[Place],
    explained: NDArray[np.bool_],
    needed: int,
    scene: Scene,
    settings: LocationSettings,
) -> Fit | None:
    """Refine a maximum that enough unexplained pairs promise, away from the places; else None."""
    grid, correlations, pairs = scene.grid, scene.correlations, scene.correlations.pairs
    start, times = grid.node(node), grid.s_times_s[:, node].astype(np.float64)
    if is_near(start[:2], places, SAME_PLACE_KM):
        return None
    near = np.isfinite(times)
    reached = scene.active[near[pairs.first[scene.active]] & near[pairs.second[scene.active]]]
    lags = times[pairs.second[reached]] - times[pairs.first[reached]]
    # off the node the lags differ by seconds, so half of the correlation must do here
    promising = correlations.at(reached, lags) > settings.pair_correlation / 2
    if (promising & ~explained[reached]).sum() < needed:
        return None
    return refine_source(start, reached, scene.spectra, correlations, grid, settings)


def _accept(
    fit: Fit, found: list[Hypocentre], explained: NDArray[np.bool_], scene: Scene, settings: LocationSettings
) -> None:
    """Add a source to those found if it is far enough from them and enough unexplained pairs support it."""
    place = (fit.place.latitude, fit.place.longitude)
    if is_near(place, [one.fit.place for one in found], settings.min_separation_km):
        return
    used = supporting_pairs(fit, scene.correlations, settings)
    if (used & ~explained).sum() < (settings.min_new_pairs if found else settings.min_pairs):
        return
    explained |= used
    found.append(make_hypocentre(fit, used, scene, settings))


def stack_maxima(stacked: NDArray[np.float32], grid: SearchGrid) -> NDArray[np.intp]:
    """Nodes that are the maximum of their 5 x 5 neighbours over all depths, strongest first."""
    cube = stacked.reshape(grid.shape)
    best_depth = cube.argmax(axis=0)
    plane = cube.max(axis=0)
    peaks = (plane == maximum_filter(plane, size=5)) & (plane > 0)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-plane[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    area = plane.shape[0] * plane.shape[1]
    nodes: NDArray[np.intp] = best_depth[rows, columns] * area + rows * plane.shape[1] + columns
    return nodes


def is_near(epicentre: tuple[float, float], places: list[Place], distance_km: float) -> bool:
    """Whether an epicentre is nearer than this to one of the places."""
    return any(distances_km(*epicentre, place.latitude, place.longitude) < distance_km for place in places)


def supporting_pairs(
    fit: Fit, correlations: PairCorrelations, settings: LocationSettings
) -> NDArray[np.bool_]:
    """(pair,) true where both stations are used and correlate at the lag that the source predicts.

    The lag includes the delay that is left at each station: it belongs to the site, not to the source.
    """
    pairs = correlations.pairs
    arrival = np.full(len(fit.place.s_times_s), np.nan)
    arrival[fit.stations] = fit.place.s_times_s[fit.stations] + fit.delays.seconds
    lags = arrival[pairs.second] - arrival[pairs.first]
    known = np.isfinite(lags)
    at_lag = correlations.at(np.arange(len(pairs)), np.where(known, lags, 0.0))
    supporting: NDArray[np.bool_] = known & (at_lag > settings.pair_correlation)
    return supporting


def make_hypocentre(
    fit: Fit, used: NDArray[np.bool_], scene: Scene, settings: LocationSettings
) -> Hypocentre:
    """Complete an accepted source with its correlation, source time and flags."""
    window, grid, correlations = scene.window, scene.grid, scene.correlations
    place, pairs = fit.place, correlations.pairs
    lags = place.s_times_s[pairs.second] - place.s_times_s[pairs.first]
    mean = float(correlations.at(np.arange(len(pairs)), lags)[used].mean()) if used.any() else np.nan
    gap = azimuthal_gap_deg(grid, fit.stations, place.latitude, place.longitude)
    source = source_time(window, fit, grid)
    flags = []
    if grid.on_rim(place.latitude, place.longitude):
        flags.append("grid_edge")
    rim_km = DEPTH_RIM * settings.depth_spacing_km
    if settings.depth == "free" and not (
        settings.min_depth_km + rim_km < place.depth_km < settings.max_depth_km - rim_km
    ):
        flags.append("depth_limit")
    if source.is_cut:
        flags.append("window_edge")
    if gap > settings.max_azimuthal_gap_deg:
        flags.append("azimuthal_gap")
    return Hypocentre(
        fit,
        source,
        mean,
        int(used.sum()),
        gap,
        tuple(flags),
        window.start_time,
        window.end_time,
    )
