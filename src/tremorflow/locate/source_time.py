"""When the source radiated, and for how long: the source envelope of a located window."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.geodesy import distances_km
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.hypocentre import Fit, station_weights
from tremorflow.records import Envelopes, FloatArray, timedelta

BACKGROUND_PERCENTILE = 10  # the quietest tenth of the window is noise (DEFINITIONS: SNR)
SEEN_SHARE = 0.5  # of the weight of the stations: as for samples of a window (DEFINITIONS)
BURST_LEVEL = 0.25  # a burst is where the power exceeds a quarter of its maximum (Mizuno & Ide 2019) ...
BURST_GAP_S = 30.0  # ... with pauses shorter than this (DEFINITIONS: truth)
HALF = 0.5  # duration: half-value width (DEFINITIONS: energy_j)


@dataclass(frozen=True, slots=True)
class SourceTime:
    """Centroid, start and end of a burst at the source, half-value width, whether the window cuts it."""

    time: np.datetime64
    start_time: np.datetime64
    end_time: np.datetime64
    duration_s: float
    is_cut: bool


def background_power(power: FloatArray) -> FloatArray:
    """Power (station, 1) of the quietest tenth of a window (station, time), gaps left out."""
    whole = np.isfinite(power).all(axis=1)
    background = np.empty((len(power), 1))
    # NumPy leaves gaps out row by row, in twenty times the time
    background[whole] = np.percentile(power[whole], BACKGROUND_PERCENTILE, axis=1, keepdims=True)
    if not whole.all():
        background[~whole] = np.nanpercentile(power[~whole], BACKGROUND_PERCENTILE, axis=1, keepdims=True)
    return background


def source_power(window: Envelopes, fit: Fit, grid: SearchGrid) -> FloatArray:
    """Power radiated against source time (time,), on the samples of the window; NaN where too few saw it."""
    return stack_power(window.by_station() ** 2, fit, grid, window)


def stack_power(recorded: FloatArray, fit: Fit, grid: SearchGrid, window: Envelopes) -> FloatArray:
    """As ``source_power``, of given power (station, time) on the sampling and in the unit of a window.

    Notes
    -----
    Mean over the stations, weighted as in the location, of (u^2 - background) r^2 moved back by the S time;
    r is the hypocentral distance (Mizuno & Ide 2019). In m/s it is in (m/s)^2 km^2. In counts gains differ
    from station to station, so there each station is scaled to a mean of 1 first. A sample counts that half
    of the weight saw: at the ends of a window the nearest stations are alone, and one spike would rule.
    """
    place, stations = fit.place, fit.stations
    network = grid.network
    epicentral = distances_km(
        place.latitude, place.longitude, network.latitudes[stations], network.longitudes[stations]
    )
    squared = recorded[stations]
    background = background_power(squared)
    power = (squared - background) * (epicentral**2 + place.depth_km**2)[:, None]
    if window.unit != "m/s":
        level = np.nanmean(np.maximum(power, 0), axis=1, keepdims=True)
        power /= np.where(level > 0, level, 1)
    shifts = (place.s_times_s[stations] + fit.delays.seconds) * window.sampling_rate_hz
    weights = station_weights(fit.delays.correlation)
    total, norm = np.zeros(power.shape[1]), np.zeros(power.shape[1])
    for moved, weight in zip(moved_back(power, shifts), weights, strict=True):
        present = np.isfinite(moved)
        total[present] += weight * moved[present]
        norm[present] += weight
    seen = norm >= SEEN_SHARE * weights.sum()
    return np.where(seen, total / np.where(seen, norm, 1), np.nan)


def moved_back(series: FloatArray, shifts: FloatArray) -> Iterator[FloatArray]:
    """Give each series (row, time) earlier by its shift (row,) in samples; NaN where it then has ended."""
    samples = np.arange(series.shape[1])
    for row, shift in zip(series, shifts, strict=True):
        yield np.interp(samples + shift, samples, row, left=np.nan, right=np.nan)


def source_time(window: Envelopes, fit: Fit, grid: SearchGrid) -> SourceTime:
    """Time of the centroid of the burst's energy, its start and end, and its half-value width."""
    power = source_power(window, fit, grid)
    seen = np.isfinite(power)
    power = np.where(seen, np.maximum(power, 0), 0)
    top = int(power.argmax())
    gap = round(BURST_GAP_S * window.sampling_rate_hz)
    first, last = _extent(power >= BURST_LEVEL * power[top], top, gap)
    half_first, half_last = _extent(power >= HALF * power[top], top, 1)
    energy = power[first:last]
    centroid = (
        float((np.arange(first, last) * energy).sum() / energy.sum()) if energy.sum() > 0 else float(top)
    )
    is_cut = first == 0 or last == len(power) or not (seen[first - 1] and seen[last])
    step_s = 1 / window.sampling_rate_hz
    return SourceTime(
        window.start_time + timedelta(centroid * step_s),
        window.start_time + timedelta(first * step_s),
        window.start_time + timedelta(last * step_s),
        (half_last - half_first) * step_s,
        is_cut,
    )


def _extent(inside: NDArray[np.bool_], top: int, gap: int) -> tuple[int, int]:
    """First sample, and one after the last, of the run around ``top`` whose gaps are shorter than ``gap``."""
    where = np.flatnonzero(inside)
    breaks = np.flatnonzero(np.diff(where) > gap)
    starts, ends = where[np.append(0, breaks + 1)], where[np.append(breaks, len(where) - 1)]
    run = int(np.searchsorted(starts, top, side="right")) - 1
    return int(starts[run]), int(ends[run]) + 1
