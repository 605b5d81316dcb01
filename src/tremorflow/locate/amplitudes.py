"""Where amplitudes alone point to: a check of a located source that knows nothing of delays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.geodesy import distances_km
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.power import log_loss
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.source_time import background_power
from tremorflow.locate.windows import Hypocentre
from tremorflow.records import Envelopes, FloatArray, seconds

LEAST_STATIONS = 4  # strength and two coordinates, and one to contradict
LEAST_EXCESS = 1.0  # power of the burst over that of the background: below, it is noise as much


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
