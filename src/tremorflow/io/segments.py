"""What every reader gives back: spans of samples without the samples, and what was left out."""

from typing import NamedTuple

import numpy as np

from tremorflow.records import Segment


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


class Skip(NamedTuple):
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
