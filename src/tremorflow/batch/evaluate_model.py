"""``tremorflow evaluate-model``: weights on the windows of datasets, as they would run."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.classifier.dataset import open_dataset
from tremorflow.classifier.examples import iterate_examples
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.inputs import WindowSpectra, completeness_of
from tremorflow.classifier.score import ModelScore, score_model
from tremorflow.classifier.weights import Weights
from tremorflow.errors import DataError
from tremorflow.spectrogram import frames_of_window

Progress = Callable[[int, int], None]


def evaluate_weights(
    weights: Weights, folders: Sequence[str | Path], split: str = "test", progress: Progress | None = None
) -> ModelScore:
    """Scores of weights on one split of some datasets.

    Parameters
    ----------
    weights
        Their own spectrogram settings and calibration are used. Windows of which less than half was
        recorded are not judged, as in `tremorflow classify`.
    folders
        Datasets; windows longer than the network's are cut to their middle.
    split
        "train", "dev" or "test".
    progress
        Called with the number of windows done and in all.

    Raises
    ------
    DataError
        No window of that split.
    """
    classifier, settings = Classifier(weights), weights.spectrogram
    datasets = [open_dataset(folder) for folder in folders]
    total = sum(int((one.table["split"] == split).sum()) for one in datasets)
    if not total:
        names = ", ".join(one.folder.name for one in datasets)
        raise DataError(f"{names}: no window of the split {split!r}; name another with --split")
    frames = len(frames_of_window(settings))
    values: list[NDArray[np.float32]] = []
    labels: list[NDArray[np.int64]] = []
    tables: list[pd.DataFrame] = []
    done = 0
    for dataset in datasets:
        for found in iterate_examples(dataset, settings, (split,)):
            spare = (found.log_power.shape[-1] - frames) // 2
            middle = found.log_power[..., spare : spare + frames].astype(np.float32)
            spectra = WindowSpectra(
                middle, found.background.astype(np.float32), found.context, completeness_of(middle)
            )
            values.append(classifier.classify(spectra))
            labels.append(found.labels)
            tables.append(found.table)
            done += len(found)
            if progress is not None:
                progress(done, total)
    table = pd.concat(tables, ignore_index=True)
    codes = table["station_network_code"].fillna("") + "." + table["station_code"].fillna("")
    return score_model(
        np.concatenate(values),
        np.concatenate(labels),
        weights.calibration.threshold,
        snr=table["trace_snr"].to_numpy(dtype=np.float64),
        distances_km=table["path_ep_distance_km"].to_numpy(dtype=np.float64),
        stations=[str(code).strip(".") for code in codes],
    )
