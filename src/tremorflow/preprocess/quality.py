"""Samples that are not ground motion."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.preprocess.filters import unbroken_runs
from tremorflow.preprocess.settings import PreprocessSettings
from tremorflow.records import Waveforms

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BadSamples:
    """Samples that are not ground motion, and why.

    ``mask`` is (station, component, time). ``table`` has a row per station, component and reason ("dead":
    one value throughout, "flat": one value for ``flat_s``, "clipped", "infinite") with ``n_runs``,
    ``n_samples`` and ``duration_s``.
    """

    mask: BoolArray
    table: pd.DataFrame


def find_bad_samples(waveforms: Waveforms, settings: PreprocessSettings) -> BadSamples:
    """Find samples where the recorder did not follow the ground: dead, flat, clipped or infinite.

    Works on recordings as they were digitised; filtered ones have lost the signs.

    Notes
    -----
    Flat: one value for ``flat_s`` or longer. Clipped: all samples at the largest or smallest value of the
    recording, if three or more in a row have it and are entered and left by more than 10 of the smallest
    steps. A smooth maximum that is flat for three samples because it was rounded to counts is left by at most
    3 such steps.
    """
    mask = np.zeros(waveforms.samples.shape, dtype=np.bool_)
    shortest = max(2, round(settings.flat_s * waveforms.sampling_rate_hz))
    rows: list[dict[str, object]] = []
    for station, component in np.ndindex(mask.shape[:2]):
        for reason, runs in _bad_runs(waveforms.samples[station, component], shortest).items():
            for first, end in runs:
                mask[station, component, first:end] = True
            n_samples = int(np.sum(runs[:, 1] - runs[:, 0]))
            rows.append(
                {
                    "station": waveforms.network.codes[station],
                    "component": waveforms.components[component],
                    "reason": reason,
                    "n_runs": len(runs),
                    "n_samples": n_samples,
                    "duration_s": n_samples / waveforms.sampling_rate_hz,
                }
            )
    names = ["station", "component", "reason", "n_runs", "n_samples", "duration_s"]
    return BadSamples(mask, pd.DataFrame(rows, columns=names))


def mask_samples(waveforms: Waveforms, mask: BoolArray) -> Waveforms:
    """Waveforms with NaN where ``mask`` (station, component, time) is true."""
    if not mask.any():
        return waveforms
    return replace(waveforms, samples=np.where(mask, np.float32(np.nan), waveforms.samples))


def _bad_runs(trace: NDArray[np.floating[Any]], shortest: int) -> dict[str, NDArray[np.int64]]:
    """(run, 2) first and end index of the bad runs of a trace by reason; reasons without any are left out."""
    infinite = np.isinf(trace)
    found = {"infinite": unbroken_runs(infinite)}
    if infinite.any():
        trace = np.where(infinite, np.nan, trace)
    low, high = np.fmin.reduce(trace, initial=np.inf), np.fmax.reduce(trace, initial=-np.inf)  # past NaN
    if low == high:
        found["dead"] = unbroken_runs(~np.isnan(trace))
    elif low < high:
        runs = _equal_runs(trace)
        long = runs[:, 1] - runs[:, 0] >= shortest
        found["flat"] = runs[long]
        clipped = _clipped_runs(trace, runs[~long], low, high)
        found["clipped"] = clipped[clipped[:, 1] - clipped[:, 0] < shortest]
    return {reason: runs for reason, runs in found.items() if len(runs)}


def _equal_runs(trace: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """(run, 2) first and end index of three or more successive equal samples."""
    same = np.flatnonzero(trace[1:] == trace[:-1])
    breaks = np.flatnonzero(np.diff(same) > 1)
    firsts = same[np.concatenate([[0], breaks + 1])] if len(same) else same
    lasts = same[np.concatenate([breaks, [len(same) - 1]])] if len(same) else same
    runs = np.stack([firsts, lasts + 2], axis=1).astype(np.int64)
    return np.asarray(runs[runs[:, 1] - runs[:, 0] >= 3])


def _clipped_runs(
    trace: NDArray[np.floating[Any]], runs: NDArray[np.int64], low: Any, high: Any
) -> NDArray[np.int64]:
    """(run, 2) samples at ``low`` or ``high``, if equal ``runs`` there are entered and left steeply."""
    inside = (runs[:, 0] > 0) & (runs[:, 1] < len(trace))
    runs = runs[inside & np.isin(trace[runs[:, 0]], (low, high))]
    if not len(runs):
        return runs
    steps = np.abs(np.diff(trace))
    smallest = steps[steps > 0].min()  # comparisons with NaN are false
    entered = np.abs(trace[runs[:, 0]] - trace[runs[:, 0] - 1])
    left = np.abs(trace[runs[:, 1] - 1] - trace[runs[:, 1]])
    levels = np.unique(trace[runs[np.minimum(entered, left) > 10 * smallest, 0]])
    return unbroken_runs(np.isin(trace, levels))
