"""A network's own noise, screened for events, under signals of the simulator: windows of all classes.

A network that has no labels still has noise. Given to noise alone it would be learnt as noise; under tremor
and earthquakes alike it tells no class, and what is learnt is not to take it for tremor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from tremorflow.batch.classify import HOUR_S, PREPROCESS, Span, StationFeed, whole_hours
from tremorflow.batch.recordings import Tally, ground_motion
from tremorflow.classifier.dataset import AS_RECORDED, WindowBatch
from tremorflow.classifier.mixing import NoiseRecording, NoiseWindow, band_rms, put_into_noise
from tremorflow.errors import DataError
from tremorflow.io.orientation import Orientation
from tremorflow.preprocess import resample
from tremorflow.records import ROLES, Waveforms, timedelta
from tremorflow.simulate.windows import LABELS, LabelledWindows, WindowSettings, iterate_windows
from tremorflow.spectrogram import SpectrogramSettings

RATE_HZ = 25.0  # of the simulated windows
PIECE_HOURS = 2  # read in a row: the second has the first as background
DEV_SHARE = 0.25  # of the quiet windows of a recording, its last ones, kept for the threshold
MIN_QUIET = 20  # windows (every 10 s) that a recording needs to count
LATEST_S = 10.0  # between windows of the two splits

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """Which noise to gather: ``pieces`` of two hours at each station, at times that ``seed`` draws."""

    feed: StationFeed
    span: Span
    orientations: dict[str, Orientation]
    pieces: int = 2
    seed: int = 1


def gather_noise(
    source: NoiseSource, settings: SpectrogramSettings, progress: Progress | None = None
) -> tuple[list[NoiseRecording], pd.DataFrame]:
    """Read recordings with quiet windows; also gives what was left out (``recordings.SKIP_COLUMNS``).

    Raises
    ------
    DataError
        Not one quiet window.
    """
    rng = np.random.default_rng(source.seed)
    tally, found = Tally(), []
    hours = whole_hours(*source.span)
    stations = range(len(source.feed.network))
    starts = rng.permutation(len(hours))[: source.pieces]
    for number, place in enumerate(starts):
        begin = hours[max(0, min(place, len(hours) - PIECE_HOURS))]
        end = begin + timedelta(PIECE_HOURS * HOUR_S)
        when = f"{np.datetime_as_string(begin, unit='s')}Z"
        for station, reading in zip(stations, source.feed.read(stations, begin, end), strict=True):
            code = source.feed.network.codes[station]
            if reading.waveforms is None:
                tally.add(code, "no recording", 1, PIECE_HOURS * HOUR_S, when)
            else:
                try:
                    moved = ground_motion(reading, source.orientations, tally, PREPROCESS)
                    made = NoiseRecording(code, by_role(resample(moved, RATE_HZ)), RATE_HZ, settings)
                except DataError as error:
                    tally.add(code, str(error), 1, PIECE_HOURS * HOUR_S, when)
                    continue
                if len(made.quiet_starts_s) >= MIN_QUIET:
                    found.append(made)
                else:
                    tally.add(
                        code, "hardly a window without a gap or an event", 1, PIECE_HOURS * HOUR_S, when
                    )
            if progress is not None:
                progress(number * len(stations) + station + 1, len(starts) * len(stations))
    if not found:
        reasons = "; ".join(dict.fromkeys(tally.table()["reason"].head(3))) or "nothing was recorded"
        raise DataError(f"no noise to learn from ({reasons}); give longer or other recordings")
    return found, tally.table()


def by_role(waveforms: Waveforms) -> np.ndarray:
    """(3, time) first and second horizontal and vertical of one station, NaN where missing."""
    samples = np.full((len(ROLES), waveforms.samples.shape[-1]), np.nan, dtype=np.float32)
    for row, names in enumerate(ROLES.values()):
        for name, trace in zip(waveforms.components, waveforms.samples[0], strict=True):
            if name in names and not np.isfinite(samples[row]).any():
                samples[row] = trace
    return samples


def split_noise(recordings: list[NoiseRecording]) -> dict[str, list[tuple[NoiseRecording, float]]]:
    """Quiet windows as recording and start (s), the first three quarters to train, the last to calibrate."""
    windows: dict[str, list[tuple[NoiseRecording, float]]] = {"train": [], "dev": []}
    for one in recordings:
        length_s = one.samples.shape[1] / one.rate_hz
        cut_s = (1 - DEV_SHARE) * length_s
        for start_s in map(float, one.quiet_starts_s):
            if start_s + one.settings.window_s + LATEST_S <= cut_s:
                windows["train"].append((one, start_s))
            elif start_s >= cut_s:
                windows["dev"].append((one, start_s))
    return windows


def noise_as_recorded(windows: list[tuple[NoiseRecording, float]], split: str) -> WindowBatch:
    """Windows of noise as they are."""
    found = [one.window(start_s) for one, start_s in windows]
    rows: list[dict[str, Any]] = [
        {"trace_category": "noise", "trace_kind": AS_RECORDED, "trace_origin": "recorded"} for _ in found
    ]
    return _batch([(window.samples, window, row) for window, row in zip(found, rows, strict=True)], split)


def mixed_batches(
    recordings: list[NoiseRecording],
    count: int,
    seed: int,
    processes: int,
    split: str,
) -> Iterator[WindowBatch]:
    """``count`` windows of all classes, simulated signals in own noise, in batches.

    Every simulated window keeps what is in it and changes its background, at the same ratio.
    """
    rng = np.random.default_rng([seed, 1])
    quiet = split_noise(recordings)[split]
    if not quiet:
        raise DataError(f"the recordings have no quiet window for the split {split!r}; give more of them")
    left = count
    for made in iterate_windows(WindowSettings(), seed, batch=min(count, 500), processes=processes):
        rows = _exchanged(made, quiet, rng)[:left]
        yield _batch(rows, split)
        left -= len(rows)
        if left <= 0:
            return


def _exchanged(
    made: LabelledWindows, quiet: list[tuple[NoiseRecording, float]], rng: Generator
) -> list[tuple[np.ndarray, NoiseWindow, dict[str, Any]]]:
    """Windows with another background, those without a common component left out."""
    rows = []
    for samples, background, label, found in zip(
        made.samples, made.background, made.labels, made.table.to_dict("records"), strict=True
    ):
        recording, start_s = quiet[rng.integers(len(quiet))]
        window = recording.window(start_s)
        event = samples - background
        ratio = band_rms(event, RATE_HZ) / band_rms(background, RATE_HZ)
        mixed = window.samples if ratio == 0 else put_into_noise(window.samples, event, ratio, RATE_HZ)
        if mixed is None:
            continue
        row = {"trace_category": LABELS[label], "trace_kind": str(found["kind"]), "trace_origin": "own noise"}
        row |= {"trace_snr": found["snr"], "path_ep_distance_km": found["distance_km"]}
        rows.append((mixed, window, row | {"source_magnitude": found["magnitude"]}))
    return rows


def _batch(rows: list[tuple[np.ndarray, NoiseWindow, dict[str, Any]]], split: str) -> WindowBatch:
    """Put windows together."""
    table = []
    for _, window, row in rows:
        network, _, station = window.origin.rpartition(".")
        names = {"station_network_code": network, "station_code": station, "split": split}
        table.append(row | names | {"trace_context": window.context})
    samples = np.stack([mixed for mixed, _, _ in rows])
    background = np.stack([window.background for _, window, _ in rows])
    return WindowBatch(samples, background, pd.DataFrame(table))
