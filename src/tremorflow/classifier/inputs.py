"""Spectrograms -> spectra of single windows and their background: what the network is given."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.records import NANOSECONDS, Spectrograms
from tremorflow.spectrogram import SpectrogramSettings, frames_of_window

MINUTE_S = 60.0
MIN_FRAMES = 0.25  # of a minute's frames that its mean level is made from
MIN_COMPLETENESS = 0.5  # of a window; below it there is no judgement (DEFINITIONS.md)
MIN_MINUTES = 5  # before a window that make a background; with less it counts as unknown

Float32 = NDArray[np.float32]
Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class WindowSpectra:
    """Spectrograms of single windows, before they are scaled.

    ``log_power`` is (window, component, frequency, time), NaN where missing; ``background`` (window,
    component, frequency) the level of the time before, NaN where unknown; ``context`` (window,) the share of
    that time which was recorded, 0 to 1; ``completeness`` (window,) the share of the window recorded on the
    component that has most.
    """

    log_power: Float32
    background: Float32
    context: Float32
    completeness: Float32

    def __len__(self) -> int:
        return len(self.log_power)


def window_starts(start_time: np.datetime64, end_time: np.datetime64, settings: SpectrogramSettings) -> Times:
    """(window,) starts, at whole multiples of the step since 1970, of the windows that lie within a span."""
    step_ns = round(settings.step_s * NANOSECONDS)
    start, end = _ns(start_time), _ns(end_time)
    first = -(-start // step_ns) * step_ns
    last = end - round(settings.window_s * NANOSECONDS)
    return np.arange(first, last + 1, step_ns).astype("datetime64[ns]")


def cut_windows(
    spectrograms: Spectrograms, starts: Times, settings: SpectrogramSettings, station: int = 0
) -> WindowSpectra:
    """Spectra of windows of one station, with the background of the time before each.

    Parameters
    ----------
    spectrograms
        With ``context_s`` before the first window, as far as there are recordings.
    starts : (window,)
        Multiples of the hop since 1970; frames that the spectrograms do not have count as missing.
    station
        Row of the network.

    Notes
    -----
    The background of a window is the ``background_quantile`` of the mean levels of the minutes in the
    ``background_s`` that end with it: a causal one, so that a live network sees what an archive sees. With
    less than five minutes before the window it is unknown, and the context 0.
    """
    frames = frames_of_window(settings)
    begin_ns, hop_ns = _ns(spectrograms.start_time), round(settings.hop_s * NANOSECONDS)
    starts_ns = starts.astype("datetime64[ns]").astype(np.int64)
    whole = spectrograms.log_power[station]
    firsts = (starts_ns - begin_ns) // hop_ns + frames.start
    log_power = np.full((len(starts), *whole.shape[:2], len(frames)), np.nan, dtype=np.float32)
    for window, first in enumerate(firsts):
        low, high = max(first, 0), min(first + len(frames), whole.shape[-1])
        if low < high:
            log_power[window, ..., low - first : high - first] = whole[..., low:high]
    levels, first_minute = minute_levels(whole, begin_ns, settings)
    minute_ns = round(MINUTE_S * NANOSECONDS)
    ends = (starts_ns + round(settings.window_s * NANOSECONDS)) // minute_ns - first_minute
    background, context = _backgrounds(levels, ends, settings)
    return WindowSpectra(log_power, background, context, completeness_of(log_power))


def completeness_of(log_power: Float32) -> Float32:
    """(window,) share of the frames of a window that are there, on the component that has most."""
    return np.asarray(np.isfinite(log_power[:, :, 0]).mean(axis=-1).max(axis=-1), dtype=np.float32)


def minute_levels(whole: Float32, begin_ns: int, settings: SpectrogramSettings) -> tuple[Float32, int]:
    """(component, frequency, minute) mean log power of each minute, and the number of the first since 1970.

    Parameters
    ----------
    whole : (component, frequency, time)
        Of which the first frame starts ``begin_ns`` after 1970.

    Returns
    -------
    Levels, NaN where less than a quarter of a minute's frames are there, and the number.
    """
    minute_ns, hop_ns = round(MINUTE_S * NANOSECONDS), round(settings.hop_s * NANOSECONDS)
    numbers = (begin_ns + hop_ns * np.arange(whole.shape[-1])) // minute_ns
    first = int(numbers[0])
    edges = np.searchsorted(numbers, np.arange(first, int(numbers[-1]) + 1))
    present = np.isfinite(whole)
    # in double precision, so that the order of summing, which the layout in memory decides, does not show
    total = np.add.reduceat(np.where(present, whole, np.float32(0)), edges, axis=-1, dtype=np.float64)
    count = np.add.reduceat(present, edges, axis=-1, dtype=np.int64)
    enough = count >= MIN_FRAMES * MINUTE_S / settings.hop_s
    levels = np.where(enough, total / np.maximum(count, 1), np.nan)
    return levels.astype(np.float32), first


def _backgrounds(
    levels: Float32, ends: NDArray[np.int64], settings: SpectrogramSettings
) -> tuple[Float32, Float32]:
    """(window, component, frequency) background and (window,) share of the context that was recorded.

    ``ends`` (window,) are the minutes, as places in ``levels``, before which each window has ended.
    """
    count = max(1, round(settings.background_s / MINUTE_S))
    own = int(np.ceil(settings.window_s / MINUTE_S))
    low, high = min(0, int(ends.min()) - count), max(levels.shape[-1], int(ends.max()))
    padded = np.full((*levels.shape[:2], high - low), np.nan, dtype=np.float32)
    padded[..., -low : levels.shape[-1] - low] = levels
    trailing = np.lib.stride_tricks.sliding_window_view(padded, count, axis=-1)
    chosen = trailing[:, :, ends - count - low].transpose(2, 0, 1, 3)
    recorded = np.isfinite(chosen[..., : count - own]).any(axis=(1, 2)).sum(axis=-1)
    known = recorded >= MIN_MINUTES
    context = np.where(known, recorded / max(count - own, 1), 0.0)
    background = quantile(chosen, settings.background_quantile)
    background[~known] = np.nan
    return background, context.astype(np.float32)


def quantile(values: Float32, share: float) -> Float32:
    """Quantile over the last axis of what is finite, the nearest below; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=-1)
    place = np.maximum(np.floor(share * (count - 1)), 0).astype(np.intp)
    return np.asarray(np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0])


def _ns(time: np.datetime64) -> int:
    return int(time.astype("datetime64[ns]").astype(np.int64))
