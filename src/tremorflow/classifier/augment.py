"""Changes to spectra in training that leave the label true: what stations, recorders and times differ in.

Whatever changes a whole window changes its background too. All classes are treated alike.
"""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.options import option, settings_class

Float32 = NDArray[np.float32]
FloatArray = NDArray[np.float64]


@settings_class
class AugmentSettings:
    """How much is changed. Levels are in decades of power (1 decade = 10 dB)."""

    tilt: float = option(
        0.35,
        unit="decades",
        reason="sd from mid to either end of the band: LFE stacks fall 1-1.6 decades",
        ge=0,
    )
    resonance: float = option(
        0.25, unit="decades", reason="sd of each of two broad peaks: sediment, housing", ge=0
    )
    component: float = option(0.12, unit="decades", reason="sd of what differs between components", ge=0)
    share_cut: float = option(
        0.3,
        unit="-",
        reason="of windows with a low- or high-cut inside the band: processing must not tell",
        ge=0,
        le=1,
    )
    level: float = option(
        0.17,
        unit="decades",
        reason="sd of the background's level: noise changes 2-3.5 dB within minutes",
        ge=0,
    )
    level_shape: float = option(
        0.08, unit="decades", reason="sd of its tilt and undulation over an hour", ge=0
    )
    share_sullied: float = option(
        0.15,
        unit="-",
        reason="of backgrounds that hold some of the signal: tremor of hours, ships",
        ge=0,
        le=1,
    )
    share_no_context: float = option(
        0.25, unit="-", reason="without background: first minutes of a recording, short records", ge=0, le=1
    )
    share_components: float = option(
        0.35,
        unit="-",
        reason="of windows that lose one or two components: many stations have one",
        ge=0,
        le=1,
    )
    share_turned: float = option(
        0.5, unit="-", reason="of windows whose horizontals are turned: waves come from anywhere", ge=0, le=1
    )
    share_swapped: float = option(
        0.05, unit="-", reason="vertical taken for a horizontal: sensors of unknown attitude", ge=0, le=1
    )
    share_gaps: float = option(0.25, unit="-", reason="of windows with one or two gaps of 4-40 s", ge=0, le=1)
    share_short: float = option(0.1, unit="-", reason="of windows cut to 60-100 s", ge=0, le=1)
    shift_s: float = option(
        30.0, unit="s", reason="either way, as far as the windows of the dataset are longer than needed", ge=0
    )
    share_mixed: float = option(
        0.2,
        unit="-",
        reason="of windows with another window on top: noise, or two sources at once",
        ge=0,
        le=1,
    )
    share_second: float = option(
        0.4, unit="-", reason="of those with a signal: the other is of their class, no noise", ge=0, le=1
    )
    mixed_snr: float = option(
        1.5, unit="-", reason="lowest SNR that mixing may lead to: below, labels are guesses", gt=0
    )


class Spectra(NamedTuple):
    """A batch: ``log_power`` (window, component, frequency, time), ``background``, ``context`` (window,)."""

    log_power: Float32
    background: Float32
    context: Float32


def augment(spectra: Spectra, settings: AugmentSettings, rng: Generator) -> Spectra:
    """Augmented copy of a batch; NaN where something is missing."""
    log_power, background, context = spectra
    shape = response(len(log_power), log_power.shape[2], settings, rng)
    log_power = log_power + shape[..., None]
    background = _blur(background + shape, log_power, settings, rng)
    unknown = rng.random(len(context)) < settings.share_no_context
    background[unknown] = np.nan
    context = np.where(unknown, 0.0, context * rng.uniform(0.1, 1.0, len(context))).astype(np.float32)
    _turn(log_power, background, settings, rng)
    _swap_components(log_power, background, settings, rng)
    _drop_components(log_power, settings, rng)
    _cut_gaps(log_power, settings, rng)
    return Spectra(log_power, background, context)


def mix(
    spectra: Spectra,
    snr: FloatArray,
    others: Spectra,
    other_snr: FloatArray,
    settings: AugmentSettings,
    rng: Generator,
) -> Spectra:
    """Batch in which some windows have another one on top: more noise, or a second source of the same class.

    Parameters
    ----------
    spectra, snr
        Windows and their SNR (window,), infinite for noise alone, 0 if it is not known.
    others, other_snr
        As many windows that may be put on top; their backgrounds are brought to those of ``spectra``, a
        tenth to ten times as strong, as far as the SNR of the sum stays above ``mixed_snr``. SNR 0: noise.

    Notes
    -----
    Powers are added: right on average, as no two windows are coherent. With the ratio r of the backgrounds
    the SNR becomes sqrt((snr^2 + r other_snr^2) / (1 + r)).
    """
    lowest = settings.mixed_snr**2
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(other_snr**2 >= lowest, np.inf, (snr**2 - lowest) / (lowest - other_snr**2))
    room = np.where(snr**2 > lowest, np.minimum(room, 10.0), 0.0)
    rows = np.flatnonzero((rng.random(len(snr)) < settings.share_mixed) & (room > 0.1))
    ratio = np.log10(0.1) + rng.random(len(rows)) * (np.log10(room[rows]) - np.log10(0.1))
    with np.errstate(invalid="ignore"):
        levels = [one.background[rows].mean(axis=-1, keepdims=True) for one in (spectra, others)]
    shift = (levels[0] - levels[1]).astype(np.float32) + ratio[:, None, None].astype(np.float32)
    log_power, background = spectra.log_power.copy(), spectra.background.copy()
    log_power[rows] = _added(log_power[rows], others.log_power[rows] + shift[..., None])
    background[rows] = _added(background[rows], others.background[rows] + shift)
    return Spectra(log_power, background, spectra.context)


def _added(own: Float32, other: Float32) -> Float32:
    """Log of the sum of two powers; where the other is missing, the own."""
    total = np.log10(10**own + 10**other)
    return np.asarray(np.where(np.isfinite(total), total, own), dtype=np.float32)


def response(count: int, n_bins: int, settings: AugmentSettings, rng: Generator) -> Float32:
    """(window, component, frequency) responses, in decades, of stations and recorders that never were."""
    place = np.linspace(-1, 1, n_bins)
    common = rng.normal(0, settings.tilt, (count, 1)) * place
    for _ in range(2):
        height = rng.normal(0, settings.resonance, (count, 1)) * (rng.random((count, 1)) < 0.6)
        centre, width = rng.uniform(-1, 1, (count, 1)), 10 ** rng.uniform(-1.0, -0.1, (count, 1))
        common += height * np.exp(-0.5 * ((place - centre) / width) ** 2)
    common -= _cuts(count, place, settings, rng)
    own = rng.normal(0, settings.component, (count, 3, 1)) * place
    own += _undulation((count, 3, 1), place, settings.component, rng)
    return (common[:, None] + own).astype(np.float32)


def _undulation(shape: tuple[int, ...], place: FloatArray, size: float, rng: Generator) -> FloatArray:
    """Slow wave along frequency of random length and phase."""
    phase = np.pi * place * rng.uniform(0.5, 3.0, shape) + rng.uniform(0, 2 * np.pi, shape)
    return np.asarray(rng.normal(0, size, shape) * np.cos(phase))


def _cuts(count: int, place: FloatArray, settings: AugmentSettings, rng: Generator) -> FloatArray:
    """(window, frequency) decades that low- and high-cuts take: corners near the ends of the band."""
    loss = np.zeros((count, len(place)))
    for sign in (-1.0, 1.0):
        chosen = rng.random((count, 1)) < settings.share_cut
        corner, steepness = rng.uniform(0.6, 1.15, (count, 1)), rng.uniform(2, 20, (count, 1))
        loss += chosen * np.log10(1 + 10 ** (steepness * (sign * place - corner)))
    return loss


def _blur(background: Float32, log_power: Float32, settings: AugmentSettings, rng: Generator) -> Float32:
    """Backgrounds as an hour would give them: of another level and shape, or with some of the signal in."""
    count, _, n_bins = background.shape
    place = np.linspace(-1, 1, n_bins)
    error = rng.normal(0, settings.level, (count, 1, 1)) + rng.normal(0, settings.level / 3, (count, 3, 1))
    error = error + rng.normal(0, settings.level_shape, (count, 1, 1)) * place
    error = error + _undulation((count, 1, 1), place, settings.level_shape, rng)
    error = error + rng.normal(0, settings.level_shape / 3, background.shape)
    blurred = background + error
    sullied = (rng.random((count, 1, 1)) < settings.share_sullied) * 10 ** rng.uniform(-1.5, 0, (count, 1, 1))
    window = log_power.mean(axis=-1)  # NaN with a gap: then it stays as it is
    with np.errstate(invalid="ignore"):
        mixed = np.log10(10**blurred + sullied * 10**window)
    return np.where((sullied > 0) & np.isfinite(mixed), mixed, blurred).astype(np.float32)


def _turn(log_power: Float32, background: Float32, settings: AugmentSettings, rng: Generator) -> None:
    """Exchange the horizontals, or turn them by any angle, as if they were not coherent: powers are mixed.

    What is missing on one is then missing on both, so those with only one horizontal are exchanged alone.
    """
    chosen = rng.random(len(log_power)) < settings.share_turned
    mixed = rng.random(len(log_power)) < 0.5
    share = np.sin(rng.uniform(0, np.pi, len(log_power))) ** 2
    mixed &= np.isfinite(log_power[:, 0]).any(axis=(1, 2)) & np.isfinite(log_power[:, 1]).any(axis=(1, 2))
    exchanged, rows = np.flatnonzero(chosen & ~mixed), np.flatnonzero(chosen & mixed)
    for spectra in (log_power, background):
        spectra[exchanged] = spectra[exchanged][:, [1, 0, 2]]
        part = share[rows].reshape(-1, *[1] * (spectra.ndim - 2)).astype(np.float32)
        first, second = 10 ** spectra[rows, 0], 10 ** spectra[rows, 1]
        spectra[rows, 0] = np.log10((1 - part) * first + part * second)
        spectra[rows, 1] = np.log10(part * first + (1 - part) * second)


def _swap_components(
    log_power: Float32, background: Float32, settings: AugmentSettings, rng: Generator
) -> None:
    """Take the vertical for a horizontal, rarely."""
    rows = np.flatnonzero(rng.random(len(log_power)) < settings.share_swapped)
    log_power[rows] = log_power[rows][:, [2, 1, 0]]
    background[rows] = background[rows][:, [2, 1, 0]]


def _drop_components(log_power: Float32, settings: AugmentSettings, rng: Generator) -> None:
    """Take components away; one at least is left."""
    live = np.asarray(np.isfinite(log_power).reshape(*log_power.shape[:2], -1).max(axis=-1))
    for row in np.flatnonzero(rng.random(len(log_power)) < settings.share_components):
        there = rng.permutation(np.flatnonzero(live[row]))
        if len(there) > 1:
            log_power[row, there[: rng.integers(1, len(there))]] = np.nan


def _cut_gaps(log_power: Float32, settings: AugmentSettings, rng: Generator) -> None:
    """Gaps of all or single components, and windows of which only a part was recorded."""
    n_times = log_power.shape[-1]
    for row in np.flatnonzero(rng.random(len(log_power)) < settings.share_gaps):
        for _ in range(rng.integers(1, 3)):
            length, start = (
                int(rng.integers(n_times // 28, n_times // 3)),
                int(rng.integers(-10, n_times - 5)),
            )
            component = slice(None) if rng.random() < 0.7 else slice((k := int(rng.integers(3))), k + 1)
            log_power[row, component, :, max(start, 0) : max(start, 0) + length] = np.nan
    for row in np.flatnonzero(rng.random(len(log_power)) < settings.share_short):
        start = int(rng.integers(0, n_times // 2))
        log_power[row, ..., :start] = np.nan
        log_power[row, ..., start + int(rng.integers(n_times // 2, n_times * 5 // 6)) :] = np.nan
