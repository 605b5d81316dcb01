"""What every reader gives back: spans of samples without the samples, and what was left out."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tremorflow.records import NANOSECONDS, Segment


class SegmentSpan(NamedTuple):
    """Where an unbroken run of samples of one channel lies in time; the samples stay in the file.

    ``end_time`` is one sample interval after the last sample, as in ``Segment``.
    """

    network: str
    station: str
    location: str
    channel: str
    start_time: np.datetime64
    end_time: np.datetime64
    sampling_rate_hz: float
    n_samples: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was there and could not be used, so that a run can say what it left out and why.

    ``file`` and ``station`` are empty and the times NaT where they do not apply. ``reason`` ends the sentence
    "left out because ..." and names what ``count`` counts (records, blocks, samples, segments).
    """

    file: str
    station: str
    start_time: np.datetime64
    end_time: np.datetime64
    reason: str
    count: int = 1


class Reading(NamedTuple):
    """Segments that a file holds for the asked span and channels, and what in it was left out."""

    segments: list[Segment]
    skips: list[Skip]


class Scan(NamedTuple):
    """Spans that a file holds, and what in it could not be understood."""

    spans: list[SegmentSpan]
    skips: list[Skip]


_EARLIEST = np.datetime64("1900-01-01", "ns")
_LATEST = np.datetime64("2200-01-01", "ns")


def is_plausible(span: SegmentSpan) -> bool:
    """Whether rate and times can be those of a recording, not of a damaged header."""
    return bool(
        1e-4 <= span.sampling_rate_hz <= 1e6
        and span.n_samples > 0
        and _EARLIEST <= span.start_time < span.end_time < _LATEST
    )


def cut_segment(
    segment: Segment, start_time: np.datetime64 | None, end_time: np.datetime64 | None
) -> Segment | None:
    """Cut out the samples from ``start_time`` up to, not including, ``end_time``; None if there is none.

    Sample times stay what they are: the cut starts at the first sample at or after ``start_time``.
    """
    first, last = 0, len(segment.samples)
    rate_hz = segment.sampling_rate_hz
    # A tenth of a microsecond keeps rounding of sample times to nanoseconds from moving a cut.
    slack = 1e-7 * rate_hz
    if start_time is not None:
        first = max(first, math.ceil(_seconds_between(segment.start_time, start_time) * rate_hz - slack))
    if end_time is not None:
        last = min(last, math.ceil(_seconds_between(segment.start_time, end_time) * rate_hz - slack))
    if first >= last:
        return None
    if first == 0 and last == len(segment.samples):
        return segment
    shift = np.timedelta64(round(first / rate_hz * NANOSECONDS), "ns")
    return replace(segment, start_time=segment.start_time + shift, samples=segment.samples[first:last])


def _seconds_between(earlier: np.datetime64, later: np.datetime64) -> float:
    return float((later - earlier) / np.timedelta64(1, "ns")) / NANOSECONDS
