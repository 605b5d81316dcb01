"""``tremorflow dataset``: labelled windows on disk, from the simulator, or with a network's own noise."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tremorflow.batch.classify import ArchiveFeed
from tremorflow.batch.classify_files import ClassifyRequest, open_placed, request_span
from tremorflow.batch.own_noise import (
    RATE_HZ,
    NoiseSource,
    gather_noise,
    mixed_batches,
    noise_as_recorded,
    split_noise,
)
from tremorflow.batch.recordings import Tally
from tremorflow.classifier.dataset import DatasetWriter, WindowBatch
from tremorflow.classifier.mixing import NoiseRecording, mean_level
from tremorflow.io.orientation import read_orientations
from tremorflow.simulate.windows import LABELS, LabelledWindows, WindowSettings, iterate_windows
from tremorflow.spectrogram import SpectrogramSettings

PIECES = 2  # of two hours, of noise of each station
BATCH = 500  # windows made and written at a time: 40 MB
DEV_SHARE = 8  # every eighth simulated window calibrates
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DatasetRequest:
    """How many windows, from which seed, by how many processes, for which spectrograms."""

    windows: int = 10000
    seed: int = 1
    processes: int = 1
    spectrogram: SpectrogramSettings = field(default_factory=SpectrogramSettings)


class Outcome(NamedTuple):
    """Windows written by split and class, and what was left out (``recordings.SKIP_COLUMNS``)."""

    counts: dict[tuple[str, str], int]
    skips: pd.DataFrame

    def text(self) -> str:
        """Say in a few lines what was written and what was not."""
        lines = [f"{split:6s} {category:11s} {count}" for (split, category), count in self.counts.items()]
        reasons = self.skips.groupby("reason", sort=False)["count"].sum().sort_values(ascending=False)
        return "\n".join(lines + [f"skipped {count} x {reason}" for reason, count in reasons.head(8).items()])


def write_simulated_dataset(
    folder: str | Path, request: DatasetRequest, progress: Progress | None = None
) -> int:
    """Write windows of the simulator alone, and give their number.

    Raises
    ------
    DataError
        The folder cannot be written.
    """
    settings = WindowSettings()
    done = 0
    with DatasetWriter(folder, RATE_HZ, request.spectrogram) as writer:
        batches = iterate_windows(
            settings, request.seed, min(BATCH, request.windows), processes=request.processes
        )
        for made in batches:
            batch = simulated_batch(made, request.spectrogram, request.windows - done)
            writer.add(batch)
            done += len(batch.samples)
            if progress is not None:
                progress(done, request.windows)
            if done >= request.windows:
                break
    return done


def simulated_batch(made: LabelledWindows, settings: SpectrogramSettings, limit: int) -> WindowBatch:
    """Bring simulated windows into the form of a dataset; every eighth is for calibration."""
    table = made.table[:limit]
    rows = pd.DataFrame(
        {
            "trace_category": [LABELS[k] for k in made.labels[:limit]],
            "split": np.where(table["window"] % DEV_SHARE == DEV_SHARE - 1, "dev", "train"),
            "station_network_code": "WW",
            "station_code": "simulated",
            "trace_snr": table["snr"],
            "trace_kind": table["kind"],
            "trace_origin": "simulated",
            "trace_context": 1.0,
            "path_ep_distance_km": table["distance_km"],
            "source_magnitude": table["magnitude"],
        }
    )
    background = [mean_level(one, made.sampling_rate_hz, settings) for one in made.background[:limit]]
    return WindowBatch(made.samples[:limit], np.stack(background), rows)


def noise_of_files(
    recordings: ClassifyRequest,
    pieces: tuple[int, int],
    settings: SpectrogramSettings,
    tally: Tally,
    progress: Progress | None,
) -> list[NoiseRecording]:
    """Gather recordings with quiet windows from an archive: so many pieces at each station, and a seed."""
    archive, _ = open_placed(recordings)
    tally.add_skips(archive.skips)
    turned = read_orientations(recordings.orientations) if recordings.orientations else {}
    span = request_span(archive, recordings)
    source = NoiseSource(ArchiveFeed(archive, archive.network), span, turned, *pieces)
    try:
        return gather_noise(source, settings, tally, progress)
    finally:
        archive.close()


def write_mixed_dataset(
    folder: str | Path,
    recordings: ClassifyRequest,
    request: DatasetRequest,
    progress: Sequence[Progress | None] = (None, None),
) -> Outcome:
    """Write simulated signals in the noise of an archive.

    Parameters
    ----------
    folder
        For the dataset.
    recordings
        Where the noise is from.
    request
        How many windows; an eighth of them, in other noise, is for calibration, and so is the noise itself.
    progress
        Called with the recordings read, and with the windows written, and how many there are.

    Raises
    ------
    DataError
        An archive without noise to learn from, or a folder that cannot be written.
    """
    tally = Tally()
    found = noise_of_files(recordings, (PIECES, request.seed), request.spectrogram, tally, progress[0])
    dev = max(request.windows // DEV_SHARE, 1)
    counts = Counter[tuple[str, str]]()
    with DatasetWriter(folder, RATE_HZ, request.spectrogram, unit=None) as writer:
        for split, count in (("train", request.windows - dev), ("dev", dev)):
            seed = 2 * request.seed + (split == "dev")
            for batch in mixed_batches(found, count, seed, request.processes, split):
                writer.add(batch)
                counts.update(zip(batch.table["split"], batch.table["trace_category"], strict=True))
                if progress[1] is not None:
                    progress[1](counts.total(), request.windows)
        for recorded in noise_as_recorded(split_noise(found)["dev"], "dev"):
            writer.add(recorded)
            counts["dev", "noise"] += len(recorded.samples)
    return Outcome(dict(sorted(counts.items())), tally.table())
