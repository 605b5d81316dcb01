"""Signals of an hour in a file: probabilities of the windows that end in it, and envelopes (.npz)."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.io.probabilities import probabilities_from, probability_arrays, replacing
from tremorflow.records import Envelopes, FloatArray, Probabilities

LOG_STEP = 1e-3  # of natural logarithms of amplitude: kept to 0.05 %
MISSING = np.iinfo(np.int16).min


class Signals(NamedTuple):
    """What is kept of a span: probabilities, envelopes, and what was left out: (station, reason) -> row."""

    probabilities: Probabilities
    envelopes: Envelopes
    left_out: dict[tuple[str, str], list[float | str]]


def write_signals(path: Path, signals: Signals) -> None:
    """Write the signals of an hour through a temporary name; ``DataError`` if that fails.

    Envelopes are kept as logarithms in steps of 0.1 % about the mean of each component: two bytes a sample.
    """
    codes, levels = _encode(signals.envelopes.values)
    content = io.BytesIO()
    envelopes = signals.envelopes
    np.savez(
        content,
        allow_pickle=False,
        **probability_arrays(signals.probabilities),
        envelopes=codes,
        levels=levels,
        components=np.array(envelopes.components, dtype=str),
        start_time=envelopes.start_time.astype("datetime64[ns]").astype(np.int64),
        rate_hz=envelopes.sampling_rate_hz,
        band_hz=np.array(envelopes.band_hz),
        unit=envelopes.unit,
        left_out=json.dumps([[*key, *row] for key, row in signals.left_out.items()]),
    )
    with replacing(path) as partial:
        partial.write_bytes(content.getvalue())


class Judged(NamedTuple):
    """Signals without the envelopes, which are most of a file."""

    probabilities: Probabilities
    left_out: dict[tuple[str, str], list[float | str]]


def read_judged(path: Path) -> Judged:
    """Probabilities and what was left out, of a file that ``write_signals`` wrote; no envelope is read.

    Raises
    ------
    DataError
        No such file, or one that is damaged or something else.
    """
    with _opened(path) as stored:
        rows = json.loads(str(stored["left_out"]))
        return Judged(probabilities_from(stored), {(row[0], row[1]): row[2:] for row in rows})


def read_envelopes(path: Path) -> Envelopes:
    """Envelopes of a file that ``write_signals`` wrote; errors are those of ``read_judged``."""
    with _opened(path) as stored:
        return Envelopes(
            probabilities_from(stored).network,
            tuple(str(name) for name in stored["components"]),
            _decode(stored["envelopes"], stored["levels"]),
            np.datetime64(int(stored["start_time"]), "ns"),
            float(stored["rate_hz"]),
            (float(stored["band_hz"][0]), float(stored["band_hz"][1])),
            str(stored["unit"]),
        )


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, Any]]:
    """Open the arrays of a file, each read when it is asked for; ``DataError`` if anything is wrong."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            yield stored
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} does not hold signals that can be read ({error}); delete it, and run again"
        ) from error


def _encode(values: FloatArray) -> tuple[NDArray[np.int16], FloatArray]:
    """Logarithms (station, component, time) in steps of ``LOG_STEP`` from levels (station, component, 1)."""
    known = np.isfinite(values) & (values > 0)
    logs = np.log(np.where(known, values, 1.0))
    count = known.sum(axis=-1, keepdims=True)
    levels = np.where(known, logs, 0.0).sum(axis=-1, keepdims=True) / np.maximum(count, 1)
    steps = np.clip(np.rint((logs - levels) / LOG_STEP), MISSING + 2, np.iinfo(np.int16).max)
    codes = np.where(known, steps, np.where(np.isfinite(values), MISSING + 1, MISSING))
    return codes.astype(np.int16), levels


def _decode(codes: NDArray[np.int16], levels: FloatArray) -> FloatArray:
    """Amplitudes of logarithms; nothing is NaN, no motion is 0."""
    values = np.exp(levels + LOG_STEP * codes.astype(np.float64))
    return np.where(codes == MISSING, np.nan, np.where(codes == MISSING + 1, 0.0, values))
