"""What ground motion looks like, in numbers that neither amplitude, nor length, nor sampling rate can change.

Fixed before the simulator was compared with anything. Every record has passed the same processing
(``realism_data``): 20 Hz, 1.5-8 Hz. Bands and windows are the same for all.
"""

import numpy as np
from realism_data import AFTER_S, BEFORE_S, RATE_HZ, Record, envelopes, smooth
from scipy.signal import periodogram, welch

BANDS_HZ = ((2.0, 3.0), (3.0, 4.5), (4.5, 6.0), (6.0, 8.0))
Features = dict[str, float]


def spectral_features(motion: np.ndarray, resolution_hz: float = 0.4) -> Features:
    """Shares of four bands in 2-8 Hz, and how rough and how peaked the spectrum is on its trend.

    Roughness is the standard deviation of log10 power, smoothed to ``resolution_hz``, about a parabola in
    log frequency; peakedness is the largest excess over it. Both in 2-8 Hz.
    """
    frequencies, power = mean_spectrum(motion)
    inside = (frequencies >= 2) & (frequencies < 8)
    total = power[inside].sum()
    found = {
        f"share_{low:g}_{high:g}_hz": float(
            np.log10(power[(frequencies >= low) & (frequencies < high)].sum() / total)
        )
        for low, high in BANDS_HZ
    }
    count = max(1, round(resolution_hz / (frequencies[1] - frequencies[0])))
    even = np.convolve(power, np.ones(count) / count, "same")[inside][:: max(1, count // 2)]
    at = np.log(frequencies[inside][:: max(1, count // 2)])
    rest = np.log10(even) - np.polyval(np.polyfit(at, np.log10(even), 2), at)
    return found | {"spectral_roughness": float(rest.std()), "spectral_peak": float(rest.max())}


def mean_spectrum(motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and power: mean over the components that are there, each scaled to power 1 in 2-8 Hz."""
    there = motion[np.isfinite(motion).all(axis=-1)]
    if there.shape[-1] > 40 * RATE_HZ:
        frequencies, power = welch(there, RATE_HZ, nperseg=round(20 * RATE_HZ), axis=-1)
    else:
        frequencies, power = periodogram(there, RATE_HZ, "hann", nfft=512, axis=-1)
    inside = (frequencies >= 2) & (frequencies < 8)
    return frequencies, (power / power[:, inside].sum(axis=-1, keepdims=True)).mean(axis=0)


def transient_features(record: Record) -> Features:
    """Features of one event at one station that need no comparison of components."""
    peak = record.peak_s
    motion = record.cut(peak - BEFORE_S, peak + AFTER_S)
    found = spectral_features(record.cut(peak - 1.5, peak + 5.0))
    found |= _envelope_features(motion, round(BEFORE_S * RATE_HZ))
    found |= _phase_features(record, peak)
    return found


def _envelope_features(motion: np.ndarray, peak: int) -> Features:
    """Width, roughness, asymmetry, peakedness and decay of the envelope of equally strong components."""
    even = motion / np.sqrt(np.mean(motion**2, axis=-1, keepdims=True))
    power = (envelopes(even) ** 2).sum(axis=0)
    total = np.cumsum(power) / power.sum()
    t10, t25, t50, t75, t90 = (
        np.interp(q, total, np.arange(len(total))) for q in (0.1, 0.25, 0.5, 0.75, 0.9)
    )
    even_1s, even_02s = smooth(np.sqrt(power), 1.0), smooth(np.sqrt(power), 0.2)
    late = even_1s[peak + round(1.5 * RATE_HZ) :]
    times = np.arange(len(late)) / RATE_HZ
    rise = even_02s[: peak + 1]
    low = np.flatnonzero(rise < 0.25 * rise[-1])
    return {
        "log_width_50": float(np.log10((t75 - t25) / RATE_HZ)),
        "log_width_80": float(np.log10((t90 - t10) / RATE_HZ)),
        "asymmetry": float((t90 + t10 - 2 * t50) / (t90 - t10)),
        "envelope_variation": float(np.abs(np.diff(np.log10(even_1s))).sum() / len(even_1s) * RATE_HZ),
        "fine_variation": float(np.abs(np.diff(np.log10(even_02s))).sum() / len(even_02s) * RATE_HZ),
        "decay_db_s": float(20 * np.polyfit(times, np.log10(late), 1)[0]),
        "coda_scatter": float(
            np.std(np.log10(late) - np.polyval(np.polyfit(times, np.log10(late), 1), times))
        ),
        "log_rise_s": float(np.log10((peak - low[-1] if len(low) else peak) / RATE_HZ)),
        "log_kurtosis": float(np.log10((even**4).mean(axis=-1).mean())),
    }


def _phase_features(record: Record, peak: float) -> Features:
    """P against S of the same component, what lies between, and how linear the horizontal motion is."""
    lag = record.s_s - record.p_s
    p = _power(record.cut(record.p_s - 0.2, record.p_s + min(2.0, 0.7 * lag)))
    s = _power(record.cut(peak - 1.0, peak + 2.0))
    between = _power(record.cut(record.p_s + 0.5 * lag, record.s_s - 0.2))
    return {
        "p_over_s_vertical": float(np.log10(p[2] / s[2])),
        "p_over_s_horizontal": float(np.log10(p[:2].sum() / s[:2].sum())),
        "before_s_horizontal": float(np.log10(between[:2].sum() / s[:2].sum())),
        "s_linearity_horizontal": linearity(record.cut(peak - 0.5, peak + 1.0)[:2]),
    }


def component_features(record: Record) -> Features:
    """Features that compare components; LFE stacks have each component scaled by its noise and have none."""
    peak = record.peak_s
    lag = record.s_s - record.p_s
    p = _power(record.cut(record.p_s - 0.2, record.p_s + min(2.0, 0.7 * lag)))
    s, coda = _power(record.cut(peak - 1.0, peak + 2.0)), _power(record.cut(peak + 4.0, peak + AFTER_S))
    return {
        "h_over_v_s": float(np.log10(s[:2].sum() / s[2])),
        "h_over_v_p": float(np.log10(p[:2].sum() / p[2])),
        "h_over_v_coda": float(np.log10(coda[:2].sum() / coda[2])),
        "p_linearity": linearity(record.cut(record.p_s - 0.1, record.p_s + min(1.0, 0.7 * lag))),
        "s_linearity": linearity(record.cut(peak - 0.5, peak + 1.0)),
    }


def _power(motion: np.ndarray) -> np.ndarray:
    return (motion**2).mean(axis=-1) + 1e-30


def linearity(motion: np.ndarray) -> float:
    """1 - (other axes) / (largest axis): 1 if all motion is along one line, 0 if alike in all directions."""
    axes = np.sort(np.linalg.eigvalsh(np.cov(motion)))[::-1]
    return float(1 - axes[1:].mean() / axes[0])


def noise_features(record: Record, three: bool) -> Features:
    """Features of 120 s of noise; of the one component there is, or of all three."""
    there = record.motion[np.isfinite(record.motion).all(axis=-1)]
    one = there[-1:]  # the vertical where there is one
    found = spectral_features(one)
    envelope = envelopes(one)[0]
    for length_s in (1.0, 5.0):
        log = np.log10(smooth(envelope, length_s))
        found[f"modulation_{length_s:g}_s"] = float(log.std())
        found[f"variation_{length_s:g}_s"] = float(np.abs(np.diff(log)).sum() / len(log) * RATE_HZ)
    even = (one / one.std())[0]
    found["log_kurtosis"] = float(np.log10((even**4).mean()))
    power = smooth(envelope, 10.0) ** 2
    found["strongest_10_s"] = float(np.log10(power.max() / power.mean()))
    if three:
        found |= _noise_components(record.motion)
    return found


def _noise_components(motion: np.ndarray) -> Features:
    frequencies, power = welch(motion, RATE_HZ, nperseg=round(20 * RATE_HZ), axis=-1)
    found = {}
    for low, high in ((2.0, 3.5), (3.5, 8.0)):
        band = power[:, (frequencies >= low) & (frequencies < high)].sum(axis=-1)
        found[f"h_over_v_{low:g}_{high:g}_hz"] = float(np.log10(band[:2].sum() / band[2]))
    level = power.sum(axis=-1)
    found["east_north"] = float(abs(np.log10(level[0] / level[1])))
    logs = np.log10(smooth(envelopes(motion), 2.0))
    together = np.corrcoef(logs)
    found["envelopes_horizontal_vertical"] = float((together[0, 2] + together[1, 2]) / 2)
    found["envelopes_east_north"] = float(together[0, 1])
    found["linearity"] = linearity(motion)
    return found


def hour_changes(records: list[Record]) -> dict[str, float]:
    """Change of level from one 120-s window to the next, in log10 amplitude: median by station and hour."""
    by_hour: dict[tuple[str, str], dict[int, float]] = {}
    for one in records:
        hour, _, number = one.event.rpartition(" ")
        level = float(np.log10(np.sqrt(np.nanmean(one.motion**2))))
        by_hour.setdefault((one.station, hour), {})[int(number)] = level
    jumps, spreads = [], []
    for levels in by_hour.values():
        jumps += [abs(levels[k + 1] - levels[k]) for k in levels if k + 1 in levels]
        spreads.append(float(np.std(list(levels.values()))))
    return {"median_change": float(np.median(jumps)), "median_spread": float(np.median(spreads))}


def envelope_pairs(records: list[Record], distance_km) -> np.ndarray:
    """(pair, 2) distance between stations and correlation of their envelopes about S, of one event each.

    Envelopes of the horizontals, 1 s smooth, 2 s before to 10 s after the S peak, each moved to its own peak
    within 1 s: what is left is the likeness of their shape.
    """
    by_event: dict[str, list[Record]] = {}
    for one in records:
        by_event.setdefault(one.event, []).append(one)
    rows = []
    for group in by_event.values():
        shapes = [_shape(one) for one in group]
        for i in range(len(group)):
            for j in range(i):
                best = max(_likeness(shapes[i], shapes[j], shift) for shift in range(-20, 21, 2))
                rows.append((distance_km(group[i].station, group[j].station), best))
    return np.array(rows).reshape(-1, 2)


def _shape(record: Record) -> np.ndarray:
    from realism_data import horizontal_envelope

    peak = round(record.peak_s * RATE_HZ)
    return smooth(horizontal_envelope(record.motion), 1.0)[peak - 60 : peak + 220]


def _likeness(one: np.ndarray, other: np.ndarray, shift: int) -> float:
    return float(np.corrcoef(one[20:-20], np.roll(other, shift)[20:-20])[0, 1])
