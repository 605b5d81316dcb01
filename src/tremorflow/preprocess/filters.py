"""Finite zero-phase filters of one trace, and what gaps do to them.

A sample depends on the recording for half a filter length to each side and on nothing beyond. A gap or an
edge spoils exactly that much, which becomes NaN, and a piece with so much to spare equals the whole. For the
same reason nothing is tapered: what a taper would soften is masked anyway.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from tremorflow.preprocess.settings import USABLE
from tremorflow.records import FloatArray

RealArray = NDArray[np.floating[Any]]

STOPBAND_DB = 80.0  # of resampling: what folds into the band is below 1e-4 of what was above it
BAND_TAIL = 1e-5  # where the band-pass is cut: sea-floor microseism is up to 1000 times the 2-8 Hz noise
SMOOTHING_TAIL = 1e-4  # where the smoothing is cut


def filter_trace(trace: RealArray, taps: FloatArray) -> RealArray:
    """Trace (time,) through a zero-phase FIR of odd length that stops 0 Hz; NaN near gaps and ends.

    Each unbroken run loses its linear trend before, without which single precision would not do beside an
    offset.
    """
    half = len(taps) // 2
    filtered = np.full_like(trace, np.nan)
    runs = _long_runs(trace, 2 * half)
    if not len(runs):
        return filtered
    clean = np.zeros_like(trace)
    for first, end in runs:
        clean[first:end] = without_trend(trace[first:end])
    whole = signal.oaconvolve(clean, taps.astype(trace.dtype), mode="same")
    for first, end in runs:
        filtered[first + half : end - half] = whole[first + half : end - half]
    return filtered


def resample_trace(trace: RealArray, up: int, down: int, *, keep_level: bool = True) -> RealArray:
    """Trace (time,) at ``up / down`` times its rate through ``antialias_taps``; NaN near gaps and ends.

    Without ``keep_level`` the mean is not put back, which saves the digits that single precision would lose
    beside a large offset.
    """
    if up == down:
        return trace
    taps = antialias_taps(up, down)
    half = len(taps) // 2
    resampled = np.full(-(-len(trace) * up // down), np.nan, dtype=trace.dtype)
    runs = _long_runs(trace, -(-2 * half // up))
    if not len(runs):
        return resampled
    level = trace.dtype.type(np.mean(trace[slice(*runs[0])], dtype=np.float64))
    clean = np.zeros_like(trace)
    for first, end in runs:
        np.subtract(trace[first:end], level, out=clean[first:end])
    kernel = taps.astype(trace.dtype)
    if up == 1:
        whole = _decimate(clean, kernel, down)
    else:
        whole = np.asarray(signal.resample_poly(clean, up, down, window=kernel))  # type: ignore[call-overload]
    # New sample m stands at m * down of the fine axis, where a run goes from first * up to (end - 1) * up.
    for first, end in runs:
        valid = slice(-(-(first * up + half) // down), ((end - 1) * up - half) // down + 1)
        resampled[valid] = whole[valid] + level if keep_level else whole[valid]
    return resampled


def _decimate(samples: RealArray, taps: RealArray, down: int) -> RealArray:
    """Every ``down``-th sample of the convolution with centred odd taps, zeros outside.

    Overlap-save in which the inverse transform is made of the folded spectrum, hence ``down`` times shorter:
    four times faster than direct sums (``scipy.signal.resample_poly``) for the 110 taps of 100 to 25 Hz.
    """
    margin = -(-(len(taps) // 2) // down)  # in new samples
    short = 1 << int(np.ceil(np.log2(max(16 * margin, 512))))  # new samples per block
    long, kept = short * down, short - 2 * margin
    n_new = -(-len(samples) // down)
    n_blocks = -(-n_new // kept)
    padded = np.zeros((n_blocks * kept + 2 * margin) * down, dtype=samples.dtype)
    padded[margin * down : margin * down + len(samples)] = samples
    blocks = np.lib.stride_tricks.sliding_window_view(padded, long)[:: kept * down]
    centred = np.zeros(long, dtype=taps.dtype)
    centred[: len(taps)] = taps
    gain = fft.rfft(np.roll(centred, -(len(taps) // 2))).real / down
    spectrum = fft.rfft(blocks, axis=1)
    spectrum *= gain
    folded = spectrum[:, : short // 2 + 1].copy()
    for shift in range(short, long, short):
        if shift + short // 2 <= long // 2:
            folded += spectrum[:, shift : shift + short // 2 + 1]
        else:  # the upper half of the spectrum of real samples mirrors the lower one
            folded += spectrum[:, long - shift - short // 2 : long - shift + 1][:, ::-1].conj()
    new = fft.irfft(folded, n=short, axis=1)[:, margin : margin + kept]
    return np.asarray(new.reshape(-1)[:n_new])


def _long_runs(trace: RealArray, shortest: int) -> NDArray[np.int64]:
    """(run, 2) unbroken runs of more than ``shortest`` samples."""
    runs = unbroken_runs(np.isfinite(trace))
    return np.asarray(runs[runs[:, 1] - runs[:, 0] > shortest])


def unbroken_runs(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(run, 2) first and end index of each unbroken run of true values."""
    if flags.all():
        return np.array([[0, len(flags)]] if len(flags) else np.empty((0, 2)), dtype=np.int64)
    steps = np.diff(flags.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(steps).reshape(-1, 2).astype(np.int64)


def without_trend(samples: RealArray) -> RealArray:
    """Remove the least-squares line, fitted in double precision."""
    ramp = np.arange(len(samples)) - (len(samples) - 1) / 2
    slope = float(ramp @ samples) / max(float(ramp @ ramp), 1.0)
    line = float(np.mean(samples, dtype=np.float64)) + slope * ramp
    return np.asarray((samples - line).astype(samples.dtype))


def without_level(taps: FloatArray) -> FloatArray:
    """Taps whose sum is zero, so that a constant (and by symmetry a linear trend) does not pass."""
    window = np.hanning(len(taps) + 2)[1:-1]
    return np.asarray(taps - window * (taps.sum() / window.sum()))


@lru_cache(maxsize=32)
def antialias_taps(up: int, down: int) -> FloatArray:
    """Low-pass at ``up`` times the old rate, from 0.8 to 1.2 of half the lower of old and new rate."""
    lowest = 1 / max(up, down)  # half the lower rate over half of the fine one
    n_taps, beta = signal.kaiserord(STOPBAND_DB, 2 * (1 - USABLE) * lowest)
    return _read_only(signal.firwin(n_taps | 1, lowest, window=("kaiser", beta)))


def antialias_half_s(lower_rate_hz: float) -> float:
    """Half length of the resampling filter in seconds; it scales with the period of the lower rate."""
    return (len(antialias_taps(1, 10)) // 2 + 1) / (10 * lower_rate_hz)


@lru_cache(maxsize=32)
def band_taps(band_hz: tuple[float, float], order: int, rate_hz: float) -> FloatArray:
    """Zero-phase FIR of the Butterworth band-pass passed forth and back, cut at ``BAND_TAIL``."""
    low, high = band_hz
    n_fft = 1 << int(np.ceil(np.log2(64 * order * rate_hz / min(low, high - low))))
    frequencies = np.fft.rfftfreq(n_fft, 1 / rate_hz)[1:]
    w = (frequencies**2 - low * high) / (frequencies * (high - low))
    gain = np.concatenate([[0.0], 1 / (1 + np.abs(w) ** (2 * order))])
    impulse = np.fft.irfft(gain)[: n_fft // 2]
    half = int(np.flatnonzero(np.abs(impulse) > BAND_TAIL * np.abs(impulse).max())[-1])
    return _read_only(without_level(np.concatenate([impulse[half:0:-1], impulse[: half + 1]])))


def smoothing_kernel(times_s: FloatArray, corner_hz: float, order: int) -> FloatArray:
    """Impulse response of a Butterworth low-pass passed forth and back, 1 / (1 + (f / corner)^(2 n)).

    By residues at the poles p_k in the upper half plane: h(t) = Re[-i pi / n SUM p_k exp(2 pi i p_k |t|)].
    """
    angles = np.pi * (2 * np.arange(order) + 1) / (2 * order)
    poles = corner_hz * np.exp(1j * angles)
    terms = poles * np.exp(2j * np.pi * poles * np.abs(times_s)[:, None])
    return np.asarray(np.real(-1j * np.pi / order * terms.sum(axis=1)))


@lru_cache(maxsize=32)
def smoothing_half_s(corner_hz: float, order: int) -> float:
    """Time at which the smoothing falls below ``SMOOTHING_TAIL`` of its peak for good."""
    times_s = 0.01 / corner_hz * np.arange(2000 * order, dtype=np.float64)
    size = np.abs(smoothing_kernel(times_s, corner_hz, order))
    return float(times_s[np.flatnonzero(size > SMOOTHING_TAIL * size[0])[-1]])


def _read_only(taps: FloatArray) -> FloatArray:
    """Taps that the cache may hand out."""
    taps.flags.writeable = False
    return taps
