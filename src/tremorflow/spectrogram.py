"""Waveforms -> Spectrograms: power spectra of short frames, computed once and shared by all windows.

A frame depends on its own samples (and half a second around them) and on nothing else: whatever span is read,
a frame is the same to the last bit, and a gap takes out the frames that it touches and no more.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from tremorflow.errors import DataError
from tremorflow.options import option, settings_class
from tremorflow.records import NANOSECONDS, ROLES, FloatArray, SampleArray, Spectrograms, Waveforms

MARGIN_S = 0.5  # that a frame needs on either side: differences and half-band filters reach 0.25 s at most
TREMOR_HZ = 8.0  # highest frequency that tells tremor
USABLE = 0.8  # share of half the sampling rate that a recorder's anti-alias filter leaves untouched
SLOWEST_HZ = 80.0  # rates from here on are halved: 8 Hz stays below a fifth of what is left
RealArray = NDArray[np.floating[Any]]

SMALLEST = np.float32(1e-37)  # power that single precision still holds
BLOCK = 1024  # frames transformed at a time: they stay in the cache


@settings_class
class SpectrogramSettings:
    """How recordings become spectrograms, and what a window is. These settings travel with the weights."""

    window_s: float = option(
        120.0,
        unit="s",
        reason="S is 13 s later at 60 km: 60 s lose 20-40 % of the overlap, 120 s 10-20",
        gt=0,
    )
    step_s: float = option(60.0, unit="s", reason="half a window: no burst falls between two", gt=0)
    band_hz: tuple[float, float] = option(
        (1.5, 8.0), unit="Hz", reason="what a network of 20 Hz holds, and stacks of real tremor too"
    )
    frame_s: float = option(
        4.0, unit="s", reason="resolves 0.25 Hz and, weighted by a Hann window, 2 s", gt=0.5, le=20
    )
    hop_s: float = option(1.0, unit="s", reason="half of the 2 s that a frame resolves", gt=0.1, le=20)
    background_s: float = option(
        3600.0, unit="s", reason="longer than bursts (300 s), shorter than a change of wind or tide", ge=60
    )
    background_quantile: float = option(
        0.25,
        unit="-",
        reason="of the minutes: tremor of up to 45 of the 60 minutes does not pass for background",
        gt=0,
        lt=1,
    )

    def __post_init__(self) -> None:
        """Refuse bands and frames that do not fit each other."""
        low, high = self.band_hz
        if not 0 < low < high:
            raise ValueError(f"band_hz = {self.band_hz}: needs 0 < low < high")
        if self.frame_s + 2 * MARGIN_S > self.window_s:
            raise ValueError(f"frame_s = {self.frame_s} must fit into window_s = {self.window_s}")

    @property
    def frequencies_hz(self) -> FloatArray:
        """(frequency,) centres of the bins within the band."""
        first, last = np.ceil(self.band_hz[0] * self.frame_s - 1e-6), self.band_hz[1] * self.frame_s + 1e-6
        return np.asarray(np.arange(first, np.floor(last) + 1) / self.frame_s)


def context_s(settings: SpectrogramSettings) -> float:
    """Seconds before a window that its input depends on, beside the window itself: the background's."""
    return max(settings.background_s - settings.window_s, 0.0) + 1.0


def compute_spectrograms(waveforms: Waveforms, settings: SpectrogramSettings) -> Spectrograms:
    """Power of every component in short frames, at whole multiples of the hop since 1970.

    Parameters
    ----------
    waveforms : (station, component, time), m/s or count
        At 20 Hz or more, from any start time. Components of any name; ``ROLES`` says which is which.

    Returns
    -------
    Spectrograms
        log10 power density of the frames that lie, with ``MARGIN_S`` to spare, within the recording. NaN in
        frames that miss a sample, in those without any motion, for missing components, and above 0.8 of half
        the sampling rate.

    Raises
    ------
    DataError
        A sampling rate that does not hold the band of tremor, or a recording shorter than a frame.

    Notes
    -----
    Second differences, which turn the microseism and any offset from a thousand times to a tenth of what is
    of interest, a Hann window, a discrete Fourier transform; the response of the differences is taken out
    again. A rate of 80 Hz or more is halved before, by a half-band filter (75 dB), until it is less.
    """
    names = ", ".join(waveforms.network.codes[:3])
    rate_hz = waveforms.sampling_rate_hz
    check_band(rate_hz, names)
    start_ns = int(waveforms.start_time.astype("datetime64[ns]").astype(np.int64))
    frames_ns = _frames_ns(start_ns, waveforms.samples.shape[-1], rate_hz, settings)
    if not len(frames_ns):
        raise DataError(
            f"{names} from {waveforms.start_time}: {waveforms.samples.shape[-1] / rate_hz:.2f} s are too "
            f"short for a frame of {settings.frame_s:g} s; give more"
        )
    frequencies = settings.frequencies_hz
    shape = (len(waveforms.network), len(ROLES), len(frequencies), len(frames_ns))
    log_power = np.full(shape, np.nan, dtype=np.float32)
    first = round(start_ns * rate_hz / NANOSECONDS)
    for station, traces in enumerate(waveforms.samples):
        for role, row in enumerate(_rows_of_roles(waveforms.components, traces)):
            if row is not None:
                log_power[station, role] = _log_power(traces[row], first, rate_hz, frames_ns, settings)
    start_time = np.datetime64(int(frames_ns[0]), "ns")
    return Spectrograms(
        waveforms.network,
        log_power,
        frequencies,
        start_time,
        settings.frame_s,
        settings.hop_s,
        waveforms.unit,
    )


def frames_of_window(settings: SpectrogramSettings) -> range:
    """Frames of a window, counted from its start: those within it, with ``MARGIN_S`` to spare."""
    first = int(np.ceil(MARGIN_S / settings.hop_s - 1e-6))
    last = (settings.window_s - MARGIN_S - settings.frame_s) / settings.hop_s
    return range(first, int(np.floor(last + 1e-6)) + 1)


def window_log_power(
    samples: SampleArray, rate_hz: float, settings: SpectrogramSettings
) -> NDArray[np.float32]:
    """Spectra of windows that stand alone, as a training set has them.

    Parameters
    ----------
    samples : (window, component, time)
        H1, H2, V, NaN where missing; frames count from the first sample. Longer than a window is allowed.
    rate_hz
        Sampling rate.

    Returns
    -------
    (window, component, frequency, time) log10 power density: the same numbers, frame by frame, as
    ``compute_spectrograms`` makes of a recording that starts at a whole multiple of the hop.

    Raises
    ------
    DataError
        As ``compute_spectrograms``.
    """
    check_band(rate_hz, "windows")
    length_s = samples.shape[-1] / rate_hz
    if length_s < settings.frame_s:
        raise DataError(f"windows of {length_s:g} s are shorter than a frame of {settings.frame_s:g} s")
    frames_ns = _frames_ns(0, samples.shape[-1], rate_hz, settings)
    shape = (*samples.shape[:2], len(settings.frequencies_hz), len(frames_ns))
    log_power = np.full(shape, np.nan, dtype=np.float32)
    for place in np.ndindex(shape[:2]):
        if np.isfinite(samples[place]).any():
            log_power[place] = _log_power(samples[place], 0, rate_hz, frames_ns, settings)
    return log_power


def check_band(rate_hz: float, names: str) -> None:
    """Raise ``DataError`` for a sampling rate below 20 Hz, which does not hold the band of tremor."""
    slowest_hz = 2 * TREMOR_HZ / USABLE
    if rate_hz < slowest_hz * (1 - 1e-6):
        raise DataError(
            f"{names}: a sampling rate of {rate_hz:g} Hz holds signals up to {USABLE * rate_hz / 2:g} Hz, "
            f"and tremor is told by 2-8 Hz: {slowest_hz:g} Hz or more are needed; leave the station out"
        )


def _rows_of_roles(components: tuple[str, ...], traces: SampleArray) -> list[int | None]:
    """For H1, H2 and V the row of the component that plays the role, one with data before one without."""
    rows: list[int | None] = []
    for names in ROLES.values():
        found = [components.index(name) for name in names if name in components]
        live = [row for row in found if np.isfinite(traces[row]).any()]
        rows.append(live[0] if live else None)
    return rows


def _frames_ns(
    start_ns: int, n_samples: int, rate_hz: float, settings: SpectrogramSettings
) -> NDArray[np.int64]:
    """(time,) starts, in ns since 1970, of the frames that lie within a recording."""
    hop_ns, margin_ns = round(settings.hop_s * NANOSECONDS), round(MARGIN_S * NANOSECONDS)
    tolerance_ns = round(0.5 / rate_hz * NANOSECONDS)  # recorders' samples may lie beside the whole second
    end_ns = start_ns + round(n_samples / rate_hz * NANOSECONDS)
    first_ns = -(-(start_ns + margin_ns - tolerance_ns) // hop_ns) * hop_ns
    last_ns = end_ns + tolerance_ns - margin_ns - round(settings.frame_s * NANOSECONDS)
    return np.arange(first_ns, last_ns + 1, hop_ns, dtype=np.int64)


def _log_power(
    trace: RealArray, first: int, rate_hz: float, frames_ns: NDArray[np.int64], settings: SpectrogramSettings
) -> NDArray[np.float32]:
    """(frequency, time) log10 power density of one component, of which sample 0 is number ``first``.

    Samples are numbered from 1970 on, so that halving keeps the same ones whatever span was read.
    """
    usable_hz = USABLE * rate_hz / 2
    while rate_hz >= SLOWEST_HZ:
        trace, first, rate_hz = *_halve(trace, first), rate_hz / 2
    curvature = (trace[2:] - 2 * trace[1:-1] + trace[:-2]).astype(np.float32)
    length = round(settings.frame_s * rate_hz)
    window = signal.windows.hann(length, sym=False).astype(np.float32)
    frequencies = settings.frequencies_hz
    bins = np.minimum(np.rint(frequencies * settings.frame_s).astype(np.intp), length // 2)
    differenced = (2 * np.sin(np.pi * frequencies / rate_hz)) ** 4
    scale = 2 / (rate_hz * float(np.sum(window**2, dtype=np.float64)) * differenced)
    starts = np.rint(frames_ns * (rate_hz / NANOSECONDS)).astype(np.int64) - (first + 1)
    cuts = np.lib.stride_tricks.sliding_window_view(curvature, length)
    log_power = np.empty((len(frequencies), len(starts)), dtype=np.float32)
    for begin in range(0, len(starts), BLOCK):
        block = slice(begin, begin + BLOCK)
        spectrum = fft.rfft(cuts[starts[block]] * window, axis=1)[:, bins]
        power = (spectrum.real**2 + spectrum.imag**2) * scale.astype(np.float32)
        still = ~(power.max(axis=1) > 0)  # no motion at all: not the ground
        log_power[:, block] = np.log10(np.maximum(power, SMALLEST)).T
        log_power[:, block][:, still] = np.nan
    log_power[frequencies > usable_hz + 1e-6] = np.nan
    return log_power


def _halve(trace: RealArray, first: int) -> tuple[RealArray, int]:
    """Every second sample of the low-passed trace, those with even numbers, and the number of its first."""
    taps = _half_band_taps()
    reach = 2 * len(taps) - 1
    begin = reach + (first + reach) % 2
    even = trace[begin : len(trace) - reach : 2]
    halved = 0.5 * even
    for k, tap in enumerate(taps):
        after = trace[begin + 2 * k + 1 :: 2][: len(even)]
        before = trace[begin - 2 * k - 1 :: 2][: len(even)]
        halved += tap * (after + before)
    return halved, (first + begin) // 2


@lru_cache(maxsize=1)
def _half_band_taps() -> tuple[float, ...]:
    """Taps 1, 3, 5, ... samples from the centre; the one in the centre is 0.5.

    Passes up to 0.1 and stops from 0.4 of the rate, 80 dB: of 80 Hz or more, 8 Hz and what folds onto it.
    """
    reach = 9
    taps = signal.firwin(2 * reach + 1, 0.5, window=("kaiser", signal.kaiser_beta(80.0)))[reach + 1 :: 2]
    return tuple(0.25 * taps / taps.sum())
