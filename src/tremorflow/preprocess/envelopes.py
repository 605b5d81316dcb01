"""Waveforms on another sampling, in the band, and as envelopes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from tremorflow.errors import DataError
from tremorflow.preprocess.filters import (
    RealArray,
    antialias_half_s,
    band_taps,
    filter_trace,
    resample_trace,
    smoothing_half_s,
    smoothing_kernel,
    unbroken_runs,
)
from tremorflow.preprocess.settings import USABLE, PreprocessSettings
from tremorflow.preprocess.units import response_half_s
from tremorflow.records import NANOSECONDS, ROLES, Envelopes, FloatArray, Network, Waveforms

MAX_DRIFT_S = 0.01  # over a recording, from replacing a sampling rate by a ratio of whole numbers


def context_s(settings: PreprocessSettings, *, with_response: bool = False) -> float:
    """Seconds before and after a window that its envelope depends on.

    Windows cut with this much to spare on both sides have the envelopes of the uncut recording.
    ``with_response`` adds what ``remove_response`` needs (``remove_sensitivity`` of velocity needs nothing).
    """
    slowest_hz = 2 * settings.band_hz[1] / USABLE
    band = band_taps(settings.band_hz, settings.band_order, settings.working_rate_hz)
    samples = len(band) // 2 + 2  # two: ends of the recording that fall between samples
    return (
        antialias_half_s(min(slowest_hz, settings.working_rate_hz))
        + samples / settings.working_rate_hz
        + smoothing_half_s(settings.envelope_corner_hz, settings.envelope_order)
        + (response_half_s(settings.band_hz) if with_response else 0.0)
    )


def resample(waveforms: Waveforms, rate_hz: float) -> Waveforms:
    """Waveforms at another sampling rate, by a zero-phase FIR; the first sample keeps its time.

    Parameters
    ----------
    waveforms
        Any rate whose ratio to ``rate_hz`` is one of whole numbers up to 1000.
    rate_hz
        New rate, above or below the old one.

    Returns
    -------
    Waveforms of the same dtype, true below 0.8 of half the lower rate (80 dB); above that frequencies are
    weakened and folded. NaN for 13 samples of the lower rate around gaps and at both ends.

    Raises
    ------
    DataError
        The ratio is not one of small whole numbers.
    """
    if rate_hz == waveforms.sampling_rate_hz:
        return waveforms
    n_times = waveforms.samples.shape[-1]
    up, down = _ratio(waveforms.sampling_rate_hz, rate_hz, n_times)
    shape = (*waveforms.samples.shape[:2], -(-n_times * up // down))
    samples = np.empty(shape, dtype=waveforms.samples.dtype)
    for place in np.ndindex(shape[:2]):
        samples[place] = resample_trace(waveforms.samples[place], up, down)
    return replace(waveforms, samples=samples, sampling_rate_hz=float(rate_hz))


def bandpass(waveforms: Waveforms, settings: PreprocessSettings) -> Waveforms:
    """Waveforms within the band, zero phase, at their own sampling rate; NaN around gaps and at the ends.

    Notes
    -----
    The amplitude response is that of a Butterworth band-pass of ``band_order`` passed forth and back,
    1 / (1 + w^(2 n)) with w = (f^2 - f1 f2) / (f (f2 - f1)), as a finite FIR without response at 0 Hz.
    Linear trends of unbroken runs are removed before.
    """
    _check_band(waveforms, settings)
    taps = band_taps(settings.band_hz, settings.band_order, waveforms.sampling_rate_hz)
    samples = np.empty_like(waveforms.samples)
    for place in np.ndindex(samples.shape[:2]):
        samples[place] = filter_trace(waveforms.samples[place], taps)
    return replace(waveforms, samples=samples)


def select_components(waveforms: Waveforms, settings: PreprocessSettings) -> tuple[dict[str, str], ...]:
    """Components of each station that envelopes are made of: role ("H1", "H2", "V") to name ("E", "2", ..).

    The horizontals with data for ``components = "horizontal"``, the vertical too for "all". A station without
    horizontals falls back to its vertical; one without data has an empty dictionary.
    """
    chosen = []
    for traces in waveforms.samples:
        live = {
            name for name, trace in zip(waveforms.components, traces, strict=True) if np.isfinite(trace).any()
        }
        roles = {
            role: next(name for name in names if name in live)
            for role, names in ROLES.items()
            if not live.isdisjoint(names)
        }
        if settings.components == "horizontal" and len(roles) > 1:
            roles.pop("V", None)
        chosen.append(roles)
    return tuple(chosen)


def compute_envelopes(waveforms: Waveforms, settings: PreprocessSettings) -> Envelopes:
    """Smoothed amplitude of each component in the band, at whole multiples of the interval since 1970.

    Parameters
    ----------
    waveforms : (station, component, time), m/s or count
        On any sampling of at least ``2 band_hz[1] / 0.8`` (20 Hz by default), from any start time.

    Returns
    -------
    Envelopes : (station, component, time), in the unit of the waveforms
        Root of the smoothed squared band-passed samples: for stationary noise of standard deviation s after
        the band-pass, the envelope is s. Components are the roles of ``select_components`` that any station
        has, so that E, 1 and X of different stations share one row. NaN where less than
        ``min_completeness`` of the smoothing is recorded.

    Raises
    ------
    DataError
        The sampling rate does not hold the band, or the recording is shorter than the band-pass.

    Notes
    -----
    Mizuno & Ide (2019): band-pass, square, low-pass, decimate, root; here with the low-pass evaluated at the
    times of the output, which corrects the part of a sample between recorder and grid. Gaps: the low-pass is
    a mean over what is there. Undershoot below zero is set to zero.
    """
    _check_band(waveforms, settings)
    rate_hz, working_rate_hz = waveforms.sampling_rate_hz, settings.working_rate_hz
    up, down = _ratio(rate_hz, working_rate_hz, waveforms.samples.shape[-1])
    first_ns, offset, count = _envelope_times(waveforms, settings)
    band = band_taps(settings.band_hz, settings.band_order, working_rate_hz)
    chosen = select_components(waveforms, settings)
    roles = tuple(role for role in ROLES if any(role in names for names in chosen)) or ("H1",)
    values = np.full((len(waveforms.network), len(roles), count), np.nan)
    for station, names in enumerate(chosen):
        for role, name in names.items():
            trace = waveforms.samples[station, waveforms.components.index(name)]
            passed = filter_trace(resample_trace(trace, up, down, keep_level=False), band)
            values[station, roles.index(role)] = np.sqrt(_smooth_power(passed, offset, count, settings))
    start_time = np.datetime64(first_ns, "ns")
    envelope_rate_hz, unit = settings.envelope_rate_hz, waveforms.unit
    return Envelopes(waveforms.network, roles, values, start_time, envelope_rate_hz, settings.band_hz, unit)


def select_horizontals(envelopes: Envelopes) -> Envelopes:
    """Envelopes without the verticals of stations that have a horizontal; rows without any samples go."""
    present: NDArray[np.bool_] = np.asarray(np.isfinite(envelopes.values).any(axis=-1))
    vertical = np.array([role == "V" for role in envelopes.components])
    has_horizontal: NDArray[np.bool_] = np.asarray(present[:, ~vertical].any(axis=1))
    drops = vertical & has_horizontal[:, None]
    live: NDArray[np.bool_] = np.asarray((present & ~drops).any(axis=0))
    live[0] |= not live.any()
    values = np.where(drops[..., None], np.nan, envelopes.values)[:, live]
    roles = tuple(role for role, kept in zip(envelopes.components, live, strict=True) if kept)
    return replace(envelopes, components=roles, values=values)


def join_envelopes(parts: Sequence[Envelopes]) -> Envelopes:
    """Envelopes of a network from those of its stations, over their common span, NaN where one has none.

    The order of stations is that of ``parts``; components are all that any has, sorted. The unit is "mixed"
    if those of the parts differ (their correlations may be compared, their amplitudes not).

    Raises
    ------
    DataError
        No parts; a station twice; or parts of another rate, band, or times off the common grid.
    """
    if not parts:
        raise DataError("no envelopes to join: no station could be used; see the skipped ones")
    rate_hz, band_hz = parts[0].sampling_rate_hz, parts[0].band_hz
    start_time = min(part.start_time for part in parts)
    places = []
    for part in parts:
        at = float((part.start_time - start_time) / np.timedelta64(1, "ns")) / NANOSECONDS * rate_hz
        if part.sampling_rate_hz != rate_hz or part.band_hz != band_hz or abs(at - round(at)) > 1e-6:
            raise DataError(
                f"envelopes of {part.network.codes} ({part.sampling_rate_hz} Hz, band {part.band_hz}, from "
                f"{part.start_time}) do not fit those of {parts[0].network.codes} ({rate_hz} Hz, {band_hz}, "
                f"from {parts[0].start_time}); compute all with the same settings"
            )
        places.append(round(at))
    network = Network(tuple(station for part in parts for station in part.network.stations))
    components = tuple(sorted({name for part in parts for name in part.components}))
    length = max(at + part.values.shape[-1] for at, part in zip(places, parts, strict=True))
    values = np.full((len(network), len(components), length), np.nan)
    row = 0
    for at, part in zip(places, parts, strict=True):
        for name, traces in zip(part.components, part.values.swapaxes(0, 1), strict=True):
            times = slice(at, at + traces.shape[-1])
            values[row : row + len(part.network), components.index(name), times] = traces
        row += len(part.network)
    unit = common_unit(part.unit for part in parts)
    return Envelopes(network, components, values, start_time, rate_hz, band_hz, unit)


def common_unit(units: Iterable[str]) -> str:
    """Tell the unit that all have, "mixed" if they differ (amplitudes cannot be compared), empty for none."""
    different = set(units)
    return different.pop() if len(different) == 1 else "mixed" if different else ""


def _smooth_power(passed: RealArray, offset: float, count: int, settings: PreprocessSettings) -> FloatArray:
    """Low-passed square at ``count`` times, the first ``offset`` samples after the first of ``passed``."""
    rate_hz = settings.working_rate_hz
    step = round(rate_hz / settings.envelope_rate_hz)
    half = int(smoothing_half_s(settings.envelope_corner_hz, settings.envelope_order) * rate_hz)
    whole = int(np.floor(offset))
    lags_s = (np.arange(-half, half + 1, dtype=np.float64) + (offset - whole)) / rate_hz
    taps = smoothing_kernel(lags_s, settings.envelope_corner_hz, settings.envelope_order)
    taps = taps / taps.sum()
    present = np.isfinite(passed)
    runs = unbroken_runs(present)
    centre = whole + half  # tap r of output m falls on sample m * step + centre - r
    weight = _recorded_share(taps, runs, centre, step, count)
    size = np.abs(taps) / np.abs(taps).sum()
    enough = _recorded_share(size, runs, centre, step, count) >= settings.min_completeness * (1 - 1e-9)
    power = np.where(present, passed, 0.0).astype(np.float64) ** 2
    lead = -centre % step  # zeros before the taps that put the wanted times on every step-th output
    smooth = signal.upfirdn(np.concatenate([np.zeros(lead), taps]), power, 1, step)
    smooth = smooth[(centre + lead) // step :][:count]
    mean = np.full(count, np.nan)
    np.divide(np.maximum(smooth, 0.0), weight, out=mean, where=enough)
    return mean


def _recorded_share(
    taps: FloatArray, runs: NDArray[np.int64], centre: int, step: int, count: int
) -> FloatArray:
    """(output,) sum of the taps that fall on recorded runs.

    Tap r of output m falls on sample m * step + centre - r.

    Every start of a run adds, and every end takes, the taps that have passed it: only the few outputs around
    an edge see a part of them, later ones all.
    """
    passed_sum = np.concatenate([[0.0], np.cumsum(taps)])
    edges, signs = runs.ravel(), np.tile([1.0, -1.0], len(runs))
    first = -((centre - edges) // step)
    span = len(taps) // step + 2
    outputs = first[:, None] + np.arange(span)
    reached = np.clip(outputs * step + centre - edges[:, None] + 1, 0, len(taps))
    share = np.zeros(count + 1)  # the last place takes what is beyond
    inside = (outputs >= 0) & (outputs < count)
    np.add.at(share, np.where(inside, outputs, count), signs[:, None] * passed_sum[reached])
    later = np.zeros(count + 1)
    np.add.at(later, np.clip(first + span, 0, count), signs * passed_sum[-1])
    return np.asarray(share[:-1] + np.cumsum(later)[:-1])


def _envelope_times(waveforms: Waveforms, settings: PreprocessSettings) -> tuple[int, float, int]:
    """First envelope time in ns since 1970, its offset in working samples, and the number of times."""
    start_ns = int(waveforms.start_time.astype("datetime64[ns]").astype(np.int64))
    step_ns = round(NANOSECONDS / settings.envelope_rate_hz)
    first_ns = -(-start_ns // step_ns) * step_ns
    length_s = (waveforms.samples.shape[-1] - 1) / waveforms.sampling_rate_hz
    count = (round(length_s * NANOSECONDS) - (first_ns - start_ns)) // step_ns + 1
    band = band_taps(settings.band_hz, settings.band_order, settings.working_rate_hz)
    shortest_s = len(band) / settings.working_rate_hz
    if count < 1 or length_s < shortest_s:
        raise DataError(
            f"{_names(waveforms)} from {waveforms.start_time}: {max(length_s, 0):.2f} s of recording are too "
            f"short for the band-pass of {shortest_s:.2f} s; give a longer window, with "
            f"{context_s(settings):.1f} s of context at each end"
        )
    return first_ns, (first_ns - start_ns) * settings.working_rate_hz / NANOSECONDS, count


def _check_band(waveforms: Waveforms, settings: PreprocessSettings) -> None:
    """Refuse a recording whose sampling rate does not hold the band, rather than narrow it unseen."""
    holds_hz = USABLE * waveforms.sampling_rate_hz / 2
    if holds_hz < settings.band_hz[1] * (1 - 1e-6):
        raise DataError(
            f"{_names(waveforms)}: a sampling rate of {waveforms.sampling_rate_hz:g} Hz holds signals up to "
            f"{holds_hz:g} Hz, but the band goes to {settings.band_hz[1]:g} Hz; leave the station out or "
            "lower band_hz"
        )


def _names(waveforms: Waveforms) -> str:
    codes = waveforms.network.codes
    return ", ".join(codes[:3]) + (f" and {len(codes) - 3} more" if len(codes) > 3 else "")


def _ratio(old_hz: float, new_hz: float, n_times: int) -> tuple[int, int]:
    """Whole numbers up, down with new = old * up / down, good to ``MAX_DRIFT_S`` over the recording."""
    ratio = Fraction(new_hz / old_hz).limit_denominator(1000)
    drift_s = abs(float(ratio) * old_hz / new_hz - 1) * n_times / old_hz if ratio else np.inf
    if drift_s > MAX_DRIFT_S:
        raise DataError(
            f"sampling rates {old_hz!r} and {new_hz!r} Hz have no ratio of whole numbers up to 1000 (times "
            f"would drift by {drift_s:.3f} s); correct the rate, or pass shorter pieces"
        )
    return ratio.numerator, ratio.denominator
