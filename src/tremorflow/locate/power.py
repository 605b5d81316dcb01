"""Power of envelopes as the sum of what each source sends: so that one can be taken out to see the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from tremorflow.geodesy import distances_km
from tremorflow.locate.correlation import IndexArray
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.hypocentre import Fit
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.source_time import background_power, stack_power
from tremorflow.records import Envelopes, FloatArray

ROUNDS = 2  # of taking each source from what the others leave; a third changes no part by 5 %
FLOOR = 1e-3  # of the background: power below is rounding
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class PowerModel:
    """Power (station, time) of a window: ``background`` (station, 1), and one of ``parts`` per source.

    ``power`` is what was recorded, NaN in gaps; stations that were not asked for have no parts.
    """

    power: FloatArray
    background: FloatArray
    parts: tuple[FloatArray, ...]

    def without(self, kept: int | None = None) -> FloatArray:
        """Power (station, time) that the sources leave, all but one: never below zero."""
        others = [part for k, part in enumerate(self.parts) if k != kept]
        return np.maximum(self.power - sum(others, np.zeros_like(self.power)), 0.0)

    def log_excess(self, kept: int | None = None) -> FloatArray:
        """Logarithm (station, time) of the power over that of background and sources, all but one.

        Power of noise scatters by a factor, so that the scatter of its logarithm is everywhere alike: what a
        strong source leaves does not look like another one.
        """
        others = [part for k, part in enumerate(self.parts) if k != kept]
        model = np.maximum(self.background + sum(others, np.zeros_like(self.power)), TINY)
        return np.asarray(np.log(np.maximum(self.power, np.maximum(FLOOR * self.background, TINY)) / model))


def model_power(
    window: Envelopes, fits: Sequence[Fit], stations: IndexArray, grid: SearchGrid, settings: LocationSettings
) -> PowerModel:
    """Model of the power of a window by located sources: u_k^2(t) = b_k + sum_s c_ks S_s(t - t_ks).

    Parameters
    ----------
    window : (station, component, time)
        Envelopes.
    fits
        Located sources.
    stations : (n,)
        For which the model is wanted.

    Notes
    -----
    The source power S_s is the stack of what the other sources leave, moved back by the S times; b_k and c_ks
    are a non-negative least-squares fit of relative power. Where the unit is ground motion c_ks is at most
    ``power_cap`` times what distance makes of it (1/r, Q): else a source would take what another sends.
    """
    power = window.by_station() ** 2
    background = np.full((len(power), 1), np.nan)
    recorded = np.flatnonzero(np.isfinite(power).any(axis=1))
    background[recorded] = background_power(power[recorded])
    model = PowerModel(power, background, tuple(np.zeros_like(power) for _ in fits))
    rows = np.intersect1d(stations, recorded)
    caps = [_decay(fit, grid, settings) for fit in fits]
    for _ in range(ROUNDS if len(fits) > 1 else 1):
        shapes = [_arriving(model.without(k), fit, window, grid) for k, fit in enumerate(fits)]
        strengths = _strengths(power, background, shapes, rows)
        if window.unit == "m/s":
            for column, fit, decay in zip(strengths.T, fits, caps, strict=True):
                level = np.nanmedian(column[fit.stations] / decay[fit.stations])
                np.minimum(column, settings.power_cap * level * decay, out=column)
        parts = tuple(column[:, None] * shape for column, shape in zip(strengths.T, shapes, strict=True))
        model = PowerModel(power, background, parts)
    return model


def _decay(fit: Fit, grid: SearchGrid, settings: LocationSettings) -> FloatArray:
    """Power (station,) of S at a station over that at 1 km: exp(-2 pi f r / (Q v)) / r^2, f = 4 Hz."""
    place, network = fit.place, grid.network
    away = distances_km(place.latitude, place.longitude, network.latitudes, network.longitudes)
    r = np.maximum(np.hypot(away, place.depth_km), 1.0)
    path = 2 * np.pi * 4.0 * r / (settings.quality_factor * settings.s_speed_km_s)
    return np.asarray(np.exp(-path) / r**2)


def _arriving(power: FloatArray, fit: Fit, window: Envelopes, grid: SearchGrid) -> FloatArray:
    """Power (station, time) of a source as it arrives everywhere, of the strength that the stack has."""
    stacked = np.maximum(np.nan_to_num(stack_power(power, fit, grid, window)), 0.0)
    delays_s = fit.place.s_times_s.copy()
    delays_s[fit.stations] += fit.delays.seconds
    samples = np.arange(len(stacked))
    arriving = np.zeros(power.shape)
    for row in np.flatnonzero(np.isfinite(delays_s)):
        early = samples - delays_s[row] * window.sampling_rate_hz
        arriving[row] = np.interp(early, samples, stacked, left=0.0, right=0.0)
    return arriving


def _strengths(
    power: FloatArray, background: FloatArray, shapes: list[FloatArray], rows: IndexArray
) -> FloatArray:
    """Strength (station, source) of each shape at each station, by relative non-negative least squares."""
    strengths = np.zeros((len(power), len(shapes)))
    for row in rows:
        present = np.isfinite(power[row])
        series = power[row, present]
        weight = 1 / np.maximum(series, np.maximum(FLOOR * series.max(), TINY))
        columns = np.stack([np.full(len(series), background[row, 0]), *(s[row, present] for s in shapes)])
        scale = np.maximum(np.linalg.norm(columns, axis=1), TINY)
        found, _ = nnls((columns / scale[:, None] * weight).T, series * weight)
        strengths[row] = (found / scale)[1:]
        background[row] *= max(found[0] / scale[0], 0.3)  # the quietest tenth of a window is not above it
    return strengths
