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
from numpy.typing import NDArray

from tremorflow.batch.classify import HOUR_S, PREPROCESS, Span, StationFeed, whole_hours
from tremorflow.batch.recordings import Tally, ground_motion
from tremorflow.classifier.dataset import AS_RECORDED, WindowBatch
from tremorflow.classifier.mixing import NoiseRecording, NoiseWindow, band_rms, put_into_noise
from tremorflow.errors import DataError
from tremorflow.io.archive import StationReading
from tremorflow.io.orientation import Orientation
from tremorflow.preprocess import resample
from tremorflow.records import ROLES, Waveforms, timedelta
from tremorflow.simulate.windows import LABELS, LabelledWindows, WindowSettings, iterate_windows
from tremorflow.spectrogram import SpectrogramSettings, check_band

RATE_HZ = 25.0  # of the simulated windows
PIECE_HOURS = 2  # read in a row: the second has the first as background
DEV_SHARE = 0.25  # of the quiet windows of a recording, its last ones, kept for the threshold
MIN_QUIET = 20  # windows (every 10 s) that a recording needs to count
APART_S = 10.0  # between windows of the two splits
TRIES = 3  # times as many pieces with recordings as are wanted, before a station is left
MOST = 150  # recordings in all: 4.5 MB each
TOGETHER = 25  # stations read together, some hours of each: a file of many is opened once for them
DEV_STEP_S = 60.0  # between windows that calibrate: as a network is read

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
    source: NoiseSource, settings: SpectrogramSettings, tally: Tally, progress: Progress | None = None
) -> list[NoiseRecording]:
    """Read recordings with quiet windows; ``tally`` counts what was left out.

    Pieces of the span are tried in an order that is drawn anew for every ``TOGETHER`` stations, who take
    turns; each lies within the span, and no two of a station overlap. Hours in which a station did not record
    do not count; after some pieces with events or gaps it is left.

    Raises
    ------
    DataError
        Not one quiet window.
    """
    rng = np.random.default_rng(source.seed)
    found: list[NoiseRecording] = []
    codes = source.feed.network.codes
    wanted, tries = np.full(len(codes), source.pieces), np.full(len(codes), source.pieces * TRIES)
    heard = np.zeros(len(codes), dtype=np.bool_)
    total = min(source.pieces * len(codes), MOST)
    for group, begin in _turns(source, rng):
        piece = max(begin, source.span[0]), min(begin + timedelta(PIECE_HOURS * HOUR_S), source.span[1])
        stations = [int(k) for k in group if wanted[k] > 0 and tries[k] > 0][: MOST - len(found)]
        for station, reading in zip(stations, source.feed.read(stations, *piece), strict=True):
            made = _noise_of(source, reading, codes[station], settings, tally)
            heard[station] |= reading.waveforms is not None
            tries[station] -= reading.waveforms is not None
            if made is not None:
                found.append(made)
                wanted[station] -= 1
                if progress is not None:
                    progress(len(found), total)
        if len(found) >= MOST or not ((wanted > 0) & (tries > 0)).any():
            break
    for code, once in zip(codes, heard, strict=True):
        if not once:
            full = len(found) >= MOST
            tally.add(code, "other stations gave enough noise" if full else "no recording")
    if not found:
        reasons = "; ".join(dict.fromkeys(tally.table()["reason"].head(3))) or "nothing was recorded"
        raise DataError(f"no noise to learn from ({reasons}); give longer or other recordings")
    if progress is not None:
        progress(total, total)
    return found


def _turns(source: NoiseSource, rng: Generator) -> Iterator[tuple[NDArray[np.int64], np.datetime64]]:
    """Stations, some at a time, and the begin of a piece: the next of each until none has any left."""
    stations = rng.permutation(len(source.feed.network))
    begins = np.array(whole_hours(*source.span)[::PIECE_HOURS])
    groups = [stations[k : k + TOGETHER] for k in range(0, len(stations), TOGETHER)]
    orders = [rng.permutation(begins) for _ in groups]
    for turn in range(len(begins)):
        yield from ((group, order[turn]) for group, order in zip(groups, orders, strict=True))


def _noise_of(
    source: NoiseSource, reading: StationReading, code: str, settings: SpectrogramSettings, tally: Tally
) -> NoiseRecording | None:
    """Make a recording of one piece; None, and counted, if it has hardly a quiet window."""
    tally.add_skips(reading.skips)
    if reading.waveforms is None:
        return None
    try:
        moved = motion_at_rate(reading, source.orientations, tally, code)
        made = NoiseRecording(code, by_role(moved), RATE_HZ, settings, moved.unit)
    except DataError as error:
        tally.add(code, str(error), 1, PIECE_HOURS * HOUR_S)
        return None
    if len(made.quiet_starts_s) >= MIN_QUIET:
        return made
    tally.add(code, "hardly a window without a gap or an event", 1, PIECE_HOURS * HOUR_S)
    return None


def motion_at_rate(
    reading: StationReading, orientations: dict[str, Orientation], tally: Tally, code: str
) -> Waveforms:
    """Ground motion of a station at the rate of the datasets.

    Raises
    ------
    DataError
        A recording that is sampled too slowly for the band: resampled, it would look whole.
    """
    motion = ground_motion(reading, orientations, tally, PREPROCESS)
    check_band(motion.sampling_rate_hz, code)
    return resample(motion, RATE_HZ)


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
        cut_s, last_s = (1 - DEV_SHARE) * length_s, -np.inf
        for start_s in map(float, one.quiet_starts_s):
            if start_s + one.settings.window_s + APART_S <= cut_s:
                windows["train"].append((one, start_s))
            elif start_s >= max(cut_s, last_s + DEV_STEP_S):
                windows["dev"].append((one, start_s))
                last_s = start_s
    return windows


def noise_as_recorded(
    windows: list[tuple[NoiseRecording, float]], split: str, at_once: int = 500
) -> Iterator[WindowBatch]:
    """Windows of noise as they are, some at a time."""
    row: dict[str, Any] = {
        "trace_category": "noise", "trace_kind": AS_RECORDED, "trace_origin": "recorded"
    }  # fmt: skip
    for k in range(0, len(windows), at_once):
        found = [one.window(start_s) for one, start_s in windows[k : k + at_once]]
        yield _batch([(window.samples, window, dict(row)) for window in found], split)


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
        table.append(row | names | {"trace_context": window.context, "trace_unit": window.unit})
    samples = np.stack([mixed for mixed, _, _ in rows])
    background = np.stack([window.background for _, window, _ in rows])
    return WindowBatch(samples, background, pd.DataFrame(table))
