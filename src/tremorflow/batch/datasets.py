"""``tremorflow dataset``: labelled windows on disk, from the simulator, or with a network's own noise."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

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
from tremorflow.classifier.dataset import DatasetWriter, WindowBatch
from tremorflow.classifier.mixing import mean_level
from tremorflow.io.orientation import read_orientations
from tremorflow.simulate.windows import LABELS, LabelledWindows, WindowSettings, iterate_windows
from tremorflow.spectrogram import SpectrogramSettings

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


def write_mixed_dataset(
    folder: str | Path,
    recordings: ClassifyRequest,
    request: DatasetRequest,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Write simulated signals in the noise of an archive; gives what was left out.

    Raises
    ------
    DataError
        An archive without noise to learn from, or a folder that cannot be written.
    """
    archive, _ = open_placed(recordings)
    orientations = read_orientations(recordings.orientations) if recordings.orientations else {}
    source = NoiseSource(
        ArchiveFeed(archive, archive.network),
        request_span(archive, recordings),
        orientations,
        seed=request.seed,
    )
    found, skips = gather_noise(source, request.spectrogram)
    archive.close()
    dev = request.windows // DEV_SHARE
    done = 0
    with DatasetWriter(folder, RATE_HZ, request.spectrogram) as writer:
        for split, count in (("train", request.windows - dev), ("dev", dev)):
            seed = 2 * request.seed + (split == "dev")
            for batch in mixed_batches(found, count, seed, request.processes, split):
                writer.add(batch)
                done += len(batch.samples)
                if progress is not None:
                    progress(done, request.windows)
        writer.add(noise_as_recorded(split_noise(found)["dev"], "dev"))
    return skips
