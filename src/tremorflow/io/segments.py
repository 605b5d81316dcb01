"""What every reader gives back: spans of samples without the samples, and what was left out."""

from typing import NamedTuple

import numpy as np


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
