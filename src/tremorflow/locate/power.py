"""Power of envelopes as the sum of what each source sends: so that one can be taken out to see the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from tremorflow.geodesy import distances_km
from tremorflow.locate.correlation import IndexArray
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.hypocentre import Fit, station_weights
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.source_time import SEEN_SHARE, background_power, moved_back, stack_power
from tremorflow.records import Envelopes, FloatArray

ROUNDS = 3  # of taking each source from what the others leave
OWN_SHARE = 0.3  # of its stations, by weight, whose power is below a source's own: another source only adds
LOWEST_EXCESS = -0.5  # log power over the model: less is where the model is wrong, and no other source
OWN_STATIONS = 3  # fewer do not outvote one that hears another source
FREQUENCY_HZ = 4.0  # about the middle of 2-8 Hz for tremor, which falls with frequency
FLOOR = 1e-3  # of the highest power of a station: below, weights would follow rounding
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
        strong source leaves does not look like another one. Just before a sharp onset the smoothed power
        rings to zero; that, alike at all stations, would be the strongest feature of all but for a limit.
        """
        others = [part for k, part in enumerate(self.parts) if k != kept]
        model = np.maximum(self.background + sum(others, np.zeros_like(self.power)), TINY)
        excess = np.log(np.maximum(self.power, TINY) / model)
        return np.asarray(np.maximum(excess, LOWEST_EXCESS))


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
    b_k and c_ks are a non-negative least-squares fit to given S_s, of variance in proportion to power. The
    source power S_s is at first the stack of the stations, and then, from what the other sources leave of
    each station over its c_ks and moved back by the S times, what all but three in ten of the stations reach:
    a mean, or the median, would hold what some of them hear of a source not found yet, and take that out too.
    Where the unit is ground motion c_ks is at most ``power_cap`` times what distance makes of it (1/r, Q):
    else a source would take what another sends.
    """
    power = window.by_station() ** 2
    background = np.full((len(power), 1), np.nan)
    recorded = np.flatnonzero(np.isfinite(power).any(axis=1))
    background[recorded] = background_power(power[recorded])
    model = PowerModel(power, background, tuple(np.zeros_like(power) for _ in fits))
    rows = np.intersect1d(stations, recorded)
    caps = [_decay(fit, grid, settings) for fit in fits]
    sources = [np.maximum(np.nan_to_num(stack_power(power, fit, grid, window)), 0.0) for fit in fits]
    strengths = np.zeros((len(power), len(fits)))
    for turn in range(ROUNDS):
        if turn > 0:
            sources = [
                _own_power(model.without(k) - background, strengths[:, k], fit, window, sources[k])
                for k, fit in enumerate(fits)
            ]
        shapes = [
            _arriving(source, fit, window, power.shape) for source, fit in zip(sources, fits, strict=True)
        ]
        strengths = _strengths(power, background, shapes, rows)
        if window.unit == "m/s":
            for column, fit, decay in zip(strengths.T, fits, caps, strict=True):
                own = np.intersect1d(fit.stations, rows)
                level = np.median(column[own] / decay[own]) if len(own) else 0.0
                np.minimum(column, settings.power_cap * level * decay, out=column)
        parts = tuple(column[:, None] * shape for column, shape in zip(strengths.T, shapes, strict=True))
        model = PowerModel(power, background, parts)
    return model


def _decay(fit: Fit, grid: SearchGrid, settings: LocationSettings) -> FloatArray:
    """Power (station,) of S at a station over that at 1 km: exp(-2 pi f r / (Q v)) / r^2."""
    place, network = fit.place, grid.network
    away = distances_km(place.latitude, place.longitude, network.latitudes, network.longitudes)
    return np.asarray(np.exp(-log_loss(away, place.depth_km, settings)))


def log_loss(epicentral_km: FloatArray, depth_km: ArrayLike, settings: LocationSettings) -> FloatArray:
    """Natural logarithm of what spreading (1/r) and Q take of the power of S since 1 km from its source."""
    r = np.maximum(np.hypot(epicentral_km, depth_km), 1.0)
    path = 2 * np.pi * FREQUENCY_HZ * r / (settings.quality_factor * settings.s_speed_km_s)
    return np.asarray(path + 2 * np.log(r))


def _own_power(
    left: FloatArray, strengths: FloatArray, fit: Fit, window: Envelopes, stacked: FloatArray
) -> FloatArray:
    """Power (time,) of a source alone, from what is left for it (station, time) and its strengths (station,).

    The weighted quantile ``OWN_SHARE`` of its stations; ``stacked`` (time,) if too few hear it.
    """
    hears = strengths[fit.stations] > 0
    if hears.sum() < OWN_STATIONS:
        return stacked
    stations, weights = fit.stations[hears], station_weights(fit.delays.correlation[hears])
    delays_s = fit.place.s_times_s[stations] + fit.delays.seconds[hears]
    own_left = left[stations] / strengths[stations, None]
    moved = np.stack(list(moved_back(own_left, delays_s * window.sampling_rate_hz)))
    order = np.argsort(moved, axis=0)  # NaN last
    weight = np.where(np.isfinite(np.take_along_axis(moved, order, axis=0)), weights[order], 0.0)
    reached = np.cumsum(weight, axis=0)
    total = reached[-1]
    place = np.argmax(reached >= OWN_SHARE * total, axis=0)
    own = np.take_along_axis(np.take_along_axis(moved, order, axis=0), place[None], axis=0)[0]
    seen = total >= SEEN_SHARE * weights.sum()
    return np.where(seen, np.maximum(np.nan_to_num(own), 0.0), 0.0)


def _arriving(source: FloatArray, fit: Fit, window: Envelopes, shape: tuple[int, ...]) -> FloatArray:
    """Power of a source (time,) as it arrives at every station, of the strength that it has there."""
    delays_s = fit.place.s_times_s.copy()
    delays_s[fit.stations] += fit.delays.seconds
    samples = np.arange(len(source))
    arriving = np.zeros(shape)
    for row in np.flatnonzero(np.isfinite(delays_s)):
        early = samples - delays_s[row] * window.sampling_rate_hz
        arriving[row] = np.interp(early, samples, source, left=0.0, right=0.0)
    return arriving


def _strengths(
    power: FloatArray, background: FloatArray, shapes: list[FloatArray], rows: IndexArray
) -> FloatArray:
    """Strength (station, source) of each shape at each station, by non-negative least squares.

    Weights are those of a variance in proportion to power, which keeps its sum: relative errors, those of
    noise, would let the quiet minutes rule, where shapes are least known, and leave most of a loud burst.
    """
    strengths = np.zeros((len(power), len(shapes)))
    for row in rows:
        present = np.isfinite(power[row])
        series = power[row, present]
        weight = 1 / np.sqrt(np.maximum(series, np.maximum(FLOOR * series.max(), TINY)))
        columns = np.stack([np.full(len(series), background[row, 0]), *(s[row, present] for s in shapes)])
        scale = np.maximum(np.linalg.norm(columns, axis=1), TINY)
        found, _ = nnls((columns / scale[:, None] * weight).T, series * weight)
        strengths[row] = (found / scale)[1:]
        background[row] *= max(found[0] / scale[0], 0.3)  # the quietest tenth of a window is not above it
    return strengths
