"""Where amplitudes point to: what they say of the place of a burst, and a check that knows no delays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from tremorflow.disturbed import log_density
from tremorflow.geodesy import distances_km
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.power import log_loss
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.source_time import SourceTime, background_power
from tremorflow.locate.windows import Hypocentre
from tremorflow.records import Envelopes, FloatArray, seconds

LEAST_STATIONS = 4  # strength and two coordinates, and one to contradict
LEAST_EXCESS = 1.0  # power of the burst over that of the background: below, it is noise as much
REACH_KM = 150.0  # to stations that are asked: farther ones hear nothing of a burst that few hear
LEAST_ASKED = 3  # two say how far, not where
PATH_SCATTER = 0.5  # relative, of power: that of radiation and path, 0.11 in log10 of amplitude (simulated)
DRIFT = 0.3  # relative, of the power of noise between the burst and the rest of the window
NOISE_SCATTER, ALIKE_S = 0.6, 6.0  # relative, of power of noise, and how long it stays: 0.2-Hz envelopes
TRIAL_POWERS = np.geomspace(1e-3, 1e4, 60)  # of a burst 30 km away over a typical noise: eight steps a decade
TRIAL_KM = 30.0
ARRIVAL_S, CODA_S = 5.0, 60.0  # before and after the burst that are not background
LEAST_BACKGROUND_S = 40.0  # of the rest of the window; else of its quieter half
LEAST_BACKGROUND = 1e-9  # of the highest power: a window may be filled with zeros


class AmplitudeFit(NamedTuple):
    """Epicentre (deg) by amplitudes, scatter of the stations about it (log10 of amplitude), their number."""

    latitude: float
    longitude: float
    scatter_log10: float
    n_stations: int


def fit_amplitudes(
    window: Envelopes,
    hypocentre: Hypocentre,
    stations: NDArray[np.intp],
    grid: SearchGrid,
    settings: LocationSettings,
) -> AmplitudeFit | None:
    """Node of the grid from which amplitudes fall with distance as they were recorded; None if unknown.

    Parameters
    ----------
    window : (station, component, time), m/s
        In which the source was located.
    hypocentre
        Tells when its S passes each station; its place is not used.
    stations : (n,)
        That may be used: those that recorded nothing else at the time.
    grid, settings
        Nodes; Q and speed of S.

    Notes
    -----
    Mean power of the burst less the background, over the site term squared where it is known; its logarithm
    is that of exp(-2 pi f r / (Q v)) / r^2 and a strength. The node of the least scatter is taken (amplitude
    source location: Battaglia & Aki 2003, doi 10.1029/2002JB002193). Site terms that are not known are in the
    scatter.
    """
    if window.unit != "m/s":
        return None
    power = _burst_power(window, hypocentre, stations)
    heard = np.isfinite(power)
    if heard.sum() < LEAST_STATIONS:
        return None
    network = grid.network.subset(stations[heard])
    sites = np.nan_to_num(network.site_amplifications, nan=1.0)
    recorded = np.log(power[heard] / sites**2)
    away = distances_km(
        grid.node_latitudes[:, None], grid.node_longitudes[:, None], network.latitudes, network.longitudes
    )
    scatter = (recorded + log_loss(away, grid.node_depths_km[:, None], settings)).std(axis=1)
    best = int(np.argmin(scatter))
    latitude, longitude, _ = grid.node(best)
    return AmplitudeFit(latitude, longitude, float(scatter[best] / 2 / np.log(10)), int(heard.sum()))


def _burst_power(window: Envelopes, hypocentre: Hypocentre, stations: NDArray[np.intp]) -> FloatArray:
    """Mean power (n,) while the S of a burst passes, less the background; NaN where it is hardly above it."""
    squared = window.by_station()[stations] ** 2
    known: NDArray[np.bool_] = np.asarray(np.isfinite(squared).any(axis=1))
    background = np.full(len(stations), np.nan)
    background[known] = background_power(squared[known])[:, 0]
    source, rate = hypocentre.source, window.sampling_rate_hz
    power = np.full(len(stations), np.nan)
    for row, s_time in enumerate(hypocentre.fit.place.s_times_s[stations]):
        if not (known[row] and np.isfinite(s_time)):
            continue
        begin, end = (
            round((seconds(time - window.start_time) + float(s_time)) * rate)
            for time in (source.start_time, source.end_time)
        )
        series = squared[row, max(begin, 0) : max(end, begin + 1, 1)]
        if np.isfinite(series).any():
            power[row] = np.nanmean(series) - background[row]
    return np.where(power > LEAST_EXCESS * background, power, np.nan)


def amplitude_likelihood(
    window: Envelopes,
    source: SourceTime,
    nodes: NDArray[np.intp],
    grid: SearchGrid,
    settings: LocationSettings,
) -> FloatArray | None:
    """Log likelihood (n,) of nodes (n,) of the grid by the power of a burst at the stations; None if unknown.

    Parameters
    ----------
    window : (station, component, time), m/s
        In which the burst is.
    source
        When it was.
    nodes, grid, settings
        Where it may be; Q and speed of S.

    Notes
    -----
    Mean power while the S of a node passes, less that of the rest of the window, is a strength times
    exp(-2 pi f r / (Q v)) / r^2 and the site term squared; over the likelihood of noise alone, and summed
    over strengths, each factor alike. Only stations whose site terms are known are asked: others scatter by
    as much as distance makes. A station that records nothing of the burst counts as one that does.
    """
    network, power = grid.network, window.by_station() ** 2
    places = grid.node_latitudes[nodes, None], grid.node_longitudes[nodes, None]
    away = distances_km(*places, network.latitudes, network.longitudes)
    is_asked = network.has_site_terms & (np.nan_to_num(power) > 0).any(axis=1)
    is_asked &= ((away <= REACH_KM) & np.isfinite(grid.s_times_s[:, nodes].T)).any(axis=0)
    stations = np.flatnonzero(is_asked)
    if window.unit != "m/s" or len(stations) < LEAST_ASKED:
        return None
    s_times_s = grid.s_times_s[np.ix_(stations, nodes)].T.astype(np.float64)
    begin_s, end_s = (seconds(time - window.start_time) for time in (source.start_time, source.end_time))
    excess, noise = _passing_power(power[stations], (begin_s, end_s), s_times_s, window.sampling_rate_hz)
    sites = network.site_amplifications[stations] ** 2
    depths_km = grid.node_depths_km[nodes, None]
    shares = sites * np.exp(-log_loss(away[:, stations], depths_km, settings))
    typical = np.median(noise) / np.median(sites) / np.exp(-log_loss(np.array(TRIAL_KM), 0.0, settings))
    silent = log_density(excess, 0.0, noise, np.maximum(np.abs(excess), noise))
    by_strength = []
    for strength in typical * TRIAL_POWERS:
        spread = np.hypot(noise, PATH_SCATTER * strength * shares)
        size = np.maximum(np.abs(excess), spread)
        gains = log_density(excess, strength * shares, spread, size) - silent
        by_strength.append(np.where(np.isfinite(gains), gains, 0.0).sum(axis=1))
    return np.asarray(logsumexp(by_strength, axis=0))


def _passing_power(
    power: FloatArray, span_s: tuple[float, float], s_times_s: FloatArray, rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Mean power (node, station) while S passes, less the background, and the noise (station,) of it.

    Of power (station, time) and the span of the burst at the source since then; ``s_times_s`` is (node,
    station). NaN where a node is out of reach, or nothing was recorded.
    """
    begin_s, end_s = span_s
    background = _around(power, begin_s + np.nanmin(s_times_s, axis=0), end_s - begin_s, rate_hz)
    length_s = max(end_s - begin_s, ALIKE_S)
    noise = background * (DRIFT + NOISE_SCATTER * np.sqrt(ALIKE_S / length_s))
    sums = np.pad(np.cumsum(np.nan_to_num(power), axis=1), ((0, 0), (1, 0)))
    counts = np.pad(np.cumsum(np.isfinite(power), axis=1), ((0, 0), (1, 0)))
    reached = np.isfinite(s_times_s)
    arrivals = np.where(reached, s_times_s, 0.0)
    first, last = (
        np.clip(np.rint((time_s + arrivals) * rate_hz).astype(np.intp), 0, power.shape[1])
        for time_s in (begin_s, max(end_s, begin_s + 1 / rate_hz))
    )
    rows = np.arange(len(power))
    recorded = counts[rows, last] - counts[rows, first]
    mean = (sums[rows, last] - sums[rows, first]) / np.maximum(recorded, 1)
    return np.where(reached & (recorded > 0), mean - background, np.nan), noise


def _around(power: FloatArray, begin_s: FloatArray, length_s: float, rate_hz: float) -> FloatArray:
    """Median power (station,) outside of a burst that begins then (station,), or of the quieter half."""
    times_s = np.arange(power.shape[1]) / rate_hz
    late_s = times_s - begin_s[:, None]
    rest = np.where((late_s < -ARRIVAL_S) | (late_s > length_s + CODA_S), power, np.nan)
    enough = np.isfinite(rest).sum(axis=1) >= LEAST_BACKGROUND_S * rate_hz
    background = np.empty(len(power))
    background[enough] = np.nanmedian(rest[enough], axis=1)
    background[~enough] = np.nanpercentile(power[~enough], 25.0, axis=1)
    return np.asarray(np.maximum(background, LEAST_BACKGROUND * np.nanmax(power, axis=1)))
