"""Times: UTC ``datetime64[ns]``, and lengths of time in seconds."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import DataError

NANOSECONDS = 1_000_000_000


def utc(text: str) -> np.datetime64:
    """Time from an ISO 8601 text, UTC unless it names another zone, as ``datetime64[ns]``."""
    try:
        stamp = pd.Timestamp(text)
    except ValueError as error:
        raise DataError(f"{text!r} is not a time; write it like 2020-05-24T02:00:00Z") from error
    if pd.isna(stamp):
        raise DataError(f"{text!r} is not a time; write it like 2020-05-24T02:00:00Z")
    if stamp.tzinfo is not None:
        stamp = stamp.tz_convert("UTC").tz_localize(None)
    return stamp.as_unit("ns").to_datetime64()


def iso(time: np.datetime64) -> str:
    """Time as ISO 8601 text to the second, with Z."""
    return f"{np.datetime_as_string(time, unit='s')}Z"


def seconds(duration: np.timedelta64) -> float:
    """Length of a ``timedelta64`` in seconds."""
    return float(duration / np.timedelta64(1, "ns")) / NANOSECONDS


def timedelta(duration_s: float) -> np.timedelta64:
    """``timedelta64[ns]`` of a number of seconds, rounded to the nanosecond."""
    return np.timedelta64(round(duration_s * NANOSECONDS), "ns")


def name_by_time(times: NDArray[np.datetime64]) -> list[str]:
    """(row,) names such as ``20200524T020230-1``: the second, and a counter in it in the order of rows."""
    counts: dict[str, int] = {}
    names = []
    for second in np.datetime_as_string(times.astype("datetime64[s]")):
        stem = second.replace("-", "").replace(":", "")
        counts[stem] = counts.get(stem, 0) + 1
        names.append(f"{stem}-{counts[stem]}")
    return names
