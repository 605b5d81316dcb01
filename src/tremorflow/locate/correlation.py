"""Correlation of the envelopes of station pairs, and the likelihood of a source at every node."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import gaussian_filter1d

from tremorflow.geodesy import distances_km
from tremorflow.locate.grid import SearchGrid
from tremorflow.locate.settings import LocationSettings
from tremorflow.records import Envelopes, FloatArray

UPSAMPLING = 2  # 1-Hz lags are read at 0.5 s: a rounding of 0.25 s is 1 km, a tenth of the grid step
MAX_CORRELATION = 0.98  # of near-copies, as a factor: log(1 - C^2) stays finite and keeps its peak
NODE_BLOCK = 8192  # nodes at a time: the work arrays (4 x 32 kB) stay in the processor's cache
PAIR_BLOCK = 512  # pairs at a time: spectra and correlations of a block take 10 MB

IndexArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class StationPairs:
    """Pairs of stations that are correlated, and how far apart in time their S waves can be."""

    first: IndexArray  # (pair,) index of a station
    second: IndexArray  # (pair,)
    max_lag_s: FloatArray  # (pair,)

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class PairCorrelations:
    """Correlation (pair, lag) of the best components, and what it says for a source; lag > 0: second late."""

    pairs: StationPairs
    values: NDArray[np.float32]  # (pair, lag) correlation coefficient, the best of the component pairs
    gains: NDArray[np.float32]  # (pair, lag) log likelihood per independent sample, summed over components
    lag_rate_hz: float
    zero_lag: int

    def at(self, pair: IndexArray, lags_s: FloatArray) -> NDArray[np.float32]:
        """Correlation of these pairs at these lags, at the nearest sample; 0 beyond the ends or for NaN."""
        samples = np.nan_to_num(np.rint(lags_s * self.lag_rate_hz), nan=np.iinfo(np.int32).min)
        position = samples.astype(np.intp) + self.zero_lag
        inside = (position >= 0) & (position < self.values.shape[1])
        return np.where(inside, self.values[pair, np.where(inside, position, 0)], np.float32(0))


def station_pairs(grid: SearchGrid, settings: LocationSettings) -> StationPairs:
    """Pairs of different stations, up to ``max_pair_distance_km`` apart, with their largest S lag."""
    network = grid.network
    first, second = np.triu_indices(len(network), 1)
    lat, lon = network.latitudes, network.longitudes
    distances = distances_km(lat[first], lon[first], lat[second], lon[second])
    keep = distances <= settings.max_pair_distance_km
    first, second = first[keep], second[keep]
    # no two S waves are farther apart than the one that runs from the one station to the other
    between = grid.travel_times.times(lat, lon, np.zeros(len(network)))
    along = np.fmax(between[first, second], between[second, first])
    delays = network.s_delays_s
    max_lag = along + np.abs(delays[first] - delays[second]) + settings.max_residual_s
    return StationPairs(first, second, np.ceil(max_lag))


def pairs_among(pairs: StationPairs, stations: IndexArray) -> StationPairs:
    """Those of the pairs whose stations are both among some."""
    chosen = np.zeros(int(max(pairs.second.max(initial=0), stations.max(initial=0))) + 1, dtype=bool)
    chosen[stations] = True
    kept = chosen[pairs.first] & chosen[pairs.second]
    return StationPairs(pairs.first[kept], pairs.second[kept], pairs.max_lag_s[kept])


def stations_of(pairs: StationPairs, chosen: IndexArray) -> IndexArray:
    """Stations (n,) of the chosen pairs, each once and in order."""
    return np.unique(np.concatenate([pairs.first[chosen], pairs.second[chosen]]))


def normalise_envelopes(envelopes: Envelopes, min_completeness: float) -> FloatArray:
    """Envelopes of zero mean and unit sum of squares, same shape; gaps and useless rows are 0."""
    present = np.isfinite(envelopes.values)
    count = present.sum(axis=-1, keepdims=True)
    values = np.where(present, envelopes.values, 0.0)
    centred = np.where(present, values - values.sum(axis=-1, keepdims=True) / np.maximum(count, 1), 0.0)
    norm = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    level = np.abs(values).max(axis=-1, keepdims=True)
    usable = (count >= min_completeness * present.shape[-1]) & (
        norm > 1e-6 * level * np.sqrt(np.maximum(count, 1))
    )
    return np.where(usable, centred / np.where(norm > 0, norm, 1), 0.0)


def correlate_pairs(
    normalised: FloatArray, sampling_rate_hz: float, pairs: StationPairs, smoothing_s: float
) -> PairCorrelations:
    """Correlation coefficient and log likelihood of every pair at every lag, by batched FFT.

    Parameters
    ----------
    normalised : (station, component, time)
        From ``normalise_envelopes``.
    sampling_rate_hz
        Of the envelopes.
    pairs
        What to correlate; beyond its own largest lag a pair holds 0.
    smoothing_s
        Standard deviation of the unknown difference of two site delays: the likelihood is smoothed with it.

    Notes
    -----
    Two Gaussian series of correlation C are more likely than two unrelated ones by -log(1 - C^2) / 2 per
    independent sample. Each component is correlated with each of the other station (Mizuno & Ide 2019 use
    the horizontals as series of their own); negative correlation speaks for no source and counts as 0.
    """
    max_lag = round(float(pairs.max_lag_s.max(initial=1.0)) * sampling_rate_hz)
    n_components = normalised.shape[1]
    n_fft = next_fast_len(normalised.shape[2] + max_lag, real=True)
    spectra = rfft(normalised.astype(np.float32), n_fft, axis=-1)
    zero_lag, rate = max_lag * UPSAMPLING, sampling_rate_hz * UPSAMPLING
    lags = np.arange(-zero_lag, zero_lag + 1)
    best = np.zeros((len(pairs), len(lags)), dtype=np.float32)
    gains = np.zeros_like(best)
    for start in range(0, len(pairs), PAIR_BLOCK):
        block = slice(start, start + PAIR_BLOCK)
        for a in range(n_components):
            first = np.conj(spectra[pairs.first[block], a])
            for b in range(n_components):
                cross = first * spectra[pairs.second[block], b]
                if n_fft % 2 == 0:
                    cross[:, -1] *= 0.5  # the highest frequency stands for two, and would count twice below
                # zero padding of the spectrum samples the same band-limited function more finely
                fine = irfft(cross, n_fft * UPSAMPLING, axis=1)
                values = np.concatenate([fine[:, -zero_lag:], fine[:, : zero_lag + 1]], axis=1)
                values *= np.float32(UPSAMPLING)
                np.maximum(best[block], values, out=best[block])
                gains[block] -= 0.5 * np.log1p(-np.square(MAX_CORRELATION * np.maximum(values, 0)))
    beyond = np.abs(lags) > (pairs.max_lag_s * rate)[:, None]
    best[beyond] = 0
    if smoothing_s > 0:
        gains = gaussian_filter1d(gains, smoothing_s * rate, axis=1, mode="nearest")
    gains[beyond] = 0
    # lags beyond the ends, and those of stations out of reach (NaN), are read in the first and last place
    gains[:, [0, -1]] = 0
    return PairCorrelations(pairs, best, gains, rate, zero_lag)


def interpolate_gains(
    correlations: PairCorrelations, active: IndexArray, s_times_s: FloatArray
) -> FloatArray:
    """As ``stack_gains``, for a few points: gains interpolated linearly between their lags, all at once."""
    pairs = correlations.pairs
    position = (s_times_s[pairs.second[active]] - s_times_s[pairs.first[active]]) * correlations.lag_rate_hz
    position = np.nan_to_num(position + correlations.zero_lag, nan=-1.0)
    position = np.clip(position, 0, correlations.gains.shape[1] - 1.001)
    left = position.astype(np.intp)
    share = position - left
    flat = correlations.gains.ravel()
    start = active[:, None] * correlations.gains.shape[1] + left
    total: FloatArray = ((1 - share) * flat[start] + share * flat[start + 1]).sum(axis=0)
    return total


def stack_gains(
    correlations: PairCorrelations, active: IndexArray, s_times_s: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Log likelihood (node,) per independent sample of a source at every node, from the active pairs.

    Parameters
    ----------
    correlations, active
        Pair correlations, and the indices of the pairs that take part.
    s_times_s : (station, node), s
        S times; NaN where a station is out of reach of a node, which then has nothing from its pairs.

    Notes
    -----
    The sum over the pairs, not the mean: a node that explains more pairs wins over one in a corner that
    few stations see.
    """
    n_nodes = s_times_s.shape[1]
    stacked = np.zeros(n_nodes, dtype=np.float32)
    pairs, rate = correlations.pairs, np.float32(correlations.lag_rate_hz)
    last = np.float32(correlations.gains.shape[1] - 1)
    centre = np.float32(correlations.zero_lag + 0.5)
    stations = stations_of(pairs, active)
    first, second = (np.searchsorted(stations, of[active]) for of in (pairs.first, pairs.second))
    for start in range(0, n_nodes, NODE_BLOCK):
        times = s_times_s[stations, start : start + NODE_BLOCK] * rate
        seen = np.flatnonzero(np.isfinite(times).sum(axis=0) > 1)  # by a pair: elsewhere there is nothing
        times, total = times.take(seen, axis=1), np.zeros(len(seen), dtype=np.float32)
        for pair, one, other in zip(active, first, second, strict=True):
            position = times[other] - times[one]
            position += centre
            np.fmin(np.fmax(position, np.float32(0)), last, out=position)
            total += correlations.gains[pair].take(position.astype(np.int32))
        stacked[start + seen] = total
    return stacked
