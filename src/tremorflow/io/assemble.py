"""Segments of one station -> Waveforms on one common sampling, NaN where nothing (or nothing sure) is known.

Rules, in this order:

1. One instrument (location and channel code but its last letter) serves all components. Of those that have
   at least 90 % of the samples of the fullest one, the first in ``INSTRUMENT_ORDER`` is taken, then the
   first location code.
2. One sampling rate serves all its segments: the one that covers most time.
3. Each segment goes to the grid of samples that starts at ``start_time``, shifted by half a sample at most.
4. Where segments overlap and agree they are one; where they disagree the samples are NaN.

Everything left out is counted in a ``Skip``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.orientation import COMPONENT_ORDER, component_of
from tremorflow.io.segments import Skip
from tremorflow.records import FloatArray, Network, Segment, Station, Waveforms, seconds

# Broadband before short period, velocity before acceleration; codes of other recorders come last.
INSTRUMENT_ORDER = (
    "HH",
    "CH",
    "BH",
    "DH",
    "HL",
    "BL",
    "EH",
    "SH",
    "EL",
    "SL",
    "DP",
    "EP",
    "HN",
    "CN",
    "EN",
    "BN",
)
ENOUGH = 0.9
# Recorders state one clock with different rounding: 100 Hz and 100.00001 Hz are one rate.
SAME_RATE = 1e-4

ChannelName = tuple[str, str, str, str]  # network, station, location, channel
Instrument = tuple[str, str]  # location, channel code without its last letter


class Assembly(NamedTuple):
    """Waveforms of one station (None if nothing can be used), their channels, and what was left out."""

    waveforms: Waveforms | None
    channels: tuple[ChannelName, ...]  # in the order of the components
    skips: list[Skip]


def assemble(
    segments: Iterable[Segment],
    station: Station,
    start_time: np.datetime64,
    end_time: np.datetime64,
) -> Assembly:
    """Waveforms of one station from its segments, from ``start_time`` up to ``end_time``.

    Parameters
    ----------
    segments
        Of this station, in any order; other stations' are ignored. They may reach beyond the span.
    station
        The station that the network of the result is made of.
    start_time, end_time
        Span; the first sample is at ``start_time``, the last before ``end_time``.

    Returns
    -------
    Assembly. The waveforms are float64 (which holds every int32 count exactly) with the components in the
    order E, N, Z, 1, 2, 3, X, Y, ...; a sample that lies up to half an interval beside the grid is taken
    for the grid's, so times are right within that.

    Raises
    ------
    DataError
        The span ends before it starts.
    """
    if not start_time < end_time:
        raise DataError(f"{station.code}: the span ends at {end_time}, not after its start {start_time}")
    skips: list[Skip] = []
    mine = [
        segment
        for segment in segments
        if segment.network == station.network
        and segment.station == station.station
        and component_of(segment.channel) is not None
        and segment.start_time < end_time
        and segment.end_time > start_time
        and len(segment.samples)
    ]
    mine = _of_one_instrument(mine, start_time, end_time, skips)
    mine, rate_hz = _of_one_rate(mine, start_time, end_time, skips)
    n_samples = int(np.ceil(seconds(end_time - start_time) * rate_hz - 1e-6)) if mine else 0
    if n_samples == 0:
        return Assembly(None, (), skips)
    codes = {segment.channel: component_of(segment.channel) for segment in mine}
    components = sorted({name for name in codes.values() if name}, key=COMPONENT_ORDER.index)
    samples = np.full((1, len(components), n_samples), np.nan)
    for row, name in enumerate(components):
        parts = [segment for segment in mine if codes[segment.channel] == name]
        _fill(samples[0, row], sorted(parts, key=_by_time), start_time, rate_hz, skips)
    unit = mine[0].unit
    network = Network((station,))
    waveforms = Waveforms(network, tuple(components), samples, start_time, rate_hz, unit)
    by_component = {codes[s.channel]: (s.network, s.station, s.location, s.channel) for s in mine}
    return Assembly(waveforms, tuple(by_component[name] for name in components), skips)


def instrument_of(location: str, channel: str) -> Instrument:
    """Name what the components of one sensor share: location and channel code without its last letter."""
    return location, channel[:-1]


def _of_one_instrument(
    segments: list[Segment], start_time: np.datetime64, end_time: np.datetime64, skips: list[Skip]
) -> list[Segment]:
    covered: Counter[Instrument] = Counter()
    for segment in segments:
        covered[instrument_of(segment.location, segment.channel)] += _covered_ns(
            segment, start_time, end_time
        )
    if len(covered) < 2:
        return segments
    most = max(covered.values())
    full = [instrument for instrument, length in covered.items() if length >= ENOUGH * most]
    chosen = min(full, key=_instrument_rank)
    kept = [s for s in segments if instrument_of(s.location, s.channel) == chosen]
    others = sorted(
        {f"{s.location}.{s.channel}" for s in segments} - {f"{s.location}.{s.channel}" for s in kept}
    )
    left = [s for s in segments if instrument_of(s.location, s.channel) != chosen]
    reason = f"segments of other instruments ({', '.join(others)}); {'.'.join(chosen)}? is used"
    skips.append(_skip(left, reason))
    return kept


def _instrument_rank(instrument: Instrument) -> tuple[int, str, str]:
    location, code = instrument
    place = INSTRUMENT_ORDER.index(code) if code in INSTRUMENT_ORDER else len(INSTRUMENT_ORDER)
    return place, location, code


def _of_one_rate(
    segments: list[Segment], start_time: np.datetime64, end_time: np.datetime64, skips: list[Skip]
) -> tuple[list[Segment], float]:
    """Segments of the sampling rate that covers most time, and that rate."""
    covered: Counter[float] = Counter()
    for segment in sorted(segments, key=lambda s: s.sampling_rate_hz):
        rate_hz = segment.sampling_rate_hz
        # The first of a cluster of rates that are one lends its name.
        name = next((known for known in covered if abs(known - rate_hz) <= SAME_RATE * known), rate_hz)
        covered[name] += _covered_ns(segment, start_time, end_time)
    if not covered:
        return [], float("nan")
    chosen = max(covered, key=lambda rate_hz: (covered[rate_hz], rate_hz))
    kept = [s for s in segments if abs(s.sampling_rate_hz - chosen) <= SAME_RATE * chosen]
    for rate_hz in covered:
        left = [s for s in segments if abs(s.sampling_rate_hz - rate_hz) <= SAME_RATE * rate_hz]
        if rate_hz != chosen and left:
            skips.append(_skip(left, f"segments of {rate_hz:g} Hz beside {chosen:g} Hz, which covers more"))
    rates: Counter[float] = Counter()
    for segment in kept:
        rates[segment.sampling_rate_hz] += len(segment.samples)
    # The grid keeps the very rate that most samples state; a whole number wins a tie of rounding.
    return kept, max(rates, key=lambda rate_hz: (rates[rate_hz], rate_hz.is_integer()))


def _fill(
    values: FloatArray,
    segments: Sequence[Segment],
    start_time: np.datetime64,
    rate_hz: float,
    skips: list[Skip],
) -> None:
    """Put the segments of one component, in order of time, on the grid (time,)."""
    conflict = np.zeros(len(values), dtype=bool)
    disputed: list[Segment] = []
    filled_to, before = 0, None
    for segment in segments:
        first, samples = _on_grid(segment, start_time, rate_hz)
        if before is not None and _continues(before, segment):
            # Rounding to the grid may let a run and its continuation share a sample or leave one out.
            if first == filled_to - 1:
                first, samples = first + 1, samples[1:]
            elif first == filled_to + 1 and 0 < filled_to < len(values):
                values[filled_to] = values[filled_to - 1]
        low, high = max(first, 0), min(first + len(samples), len(values))
        before = segment if before is None or segment.end_time >= before.end_time else before
        if low >= high:
            continue
        fresh = samples[low - first : high - first]
        if low >= filled_to:
            values[low:high] = fresh
        elif _merge(values[low:high], conflict[low:high], fresh):
            disputed.append(segment)
        filled_to = max(filled_to, high)
    if disputed:
        values[conflict] = np.nan
        n_conflicts = int(conflict.sum())
        skips.append(_skip(disputed, "samples where overlapping segments disagree", n_conflicts))


def _merge(values: FloatArray, conflict: NDArray[np.bool_], fresh: NDArray[np.generic]) -> bool:
    """Add samples where there are none yet; mark those that differ. Whether any does."""
    empty = np.isnan(values)
    # Float samples that went through different encodings may differ in their last bits.
    differs = ~empty & ~np.isnan(fresh) & ~np.isclose(values, fresh, rtol=1e-6, atol=0)
    conflict |= differs
    values[empty] = fresh[empty]
    return bool(differs.any())


def _on_grid(segment: Segment, start_time: np.datetime64, rate_hz: float) -> tuple[int, NDArray[np.generic]]:
    """Index of the segment's first sample on the grid, and its samples at the grid's times.

    A segment whose stated rate differs from the grid's in the last digits gives the nearest sample for
    each time, so one is dropped or doubled wherever the two have slipped by half a sample.
    """
    offset = seconds(segment.start_time - start_time) * rate_hz
    first = int(np.floor(offset + 0.5 + 1e-6))  # rounding of times must not decide a tie
    own = segment.sampling_rate_hz
    slip = abs(own / rate_hz - 1) * len(segment.samples)
    if slip < 0.5:
        return first, segment.samples
    count = int(np.floor(len(segment.samples) * rate_hz / own))
    nearest = np.rint((first - offset + np.arange(count)) * own / rate_hz).astype(np.int64)
    return first, segment.samples[np.clip(nearest, 0, len(segment.samples) - 1)]


def _continues(before: Segment, segment: Segment) -> bool:
    gap = seconds(segment.start_time - before.end_time) * before.sampling_rate_hz
    return abs(gap) <= 0.5


def _covered_ns(segment: Segment, start_time: np.datetime64, end_time: np.datetime64) -> int:
    length = min(segment.end_time, end_time) - max(segment.start_time, start_time)
    return int(length / np.timedelta64(1, "ns"))


def _by_time(segment: Segment) -> tuple[np.datetime64, str]:
    return segment.start_time, segment.code


def _skip(segments: Sequence[Segment], reason: str, count: int | None = None) -> Skip:
    start = min(segment.start_time for segment in segments)
    end = max(segment.end_time for segment in segments)
    station = f"{segments[0].network}.{segments[0].station}"
    return Skip("", station, start, end, reason, len(segments) if count is None else count)
