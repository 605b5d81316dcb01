"""From datasets on disk to a weight file."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tremorflow import __version__
from tremorflow.classifier.dataset import WindowDataset, open_dataset
from tremorflow.classifier.examples import load_examples
from tremorflow.classifier.weights import Weights, read_weights, write_weights
from tremorflow.errors import MissingExtraError
from tremorflow.spectrogram import SpectrogramSettings

if TYPE_CHECKING:
    from tremorflow.classifier.train import TrainSettings

Report = Callable[[str], None]
FINE_TUNING_EPOCHS = 8  # a few hundred windows, minutes
FINE_TUNING_RATE = 3e-4  # a sixth: what the weights know is kept where the new windows say nothing


def train_weights(
    folders: Sequence[str | Path],
    output: str | Path,
    settings: "TrainSettings | None" = None,
    *,
    start: str = "",
    name: str = "",
    spectrogram: SpectrogramSettings | None = None,
    report: Report = print,
) -> Weights:
    """Train on datasets and write the weights; a training that was stopped goes on where it was.

    Parameters
    ----------
    folders
        Datasets; their "train" windows are trained on, their "dev" windows calibrate.
    output
        Weight file. Beside it a checkpoint is kept until the training is done.
    settings
        Of the training.
    start
        Weights to go on from: "bundled", a bundled name, or a file. Empty: from random numbers.
    name
        That the weights are shown under.
    spectrogram
        Settings of the spectrograms; those of ``start`` if that is given, else the defaults.
    report
        Called with a line now and then.

    Raises
    ------
    MissingExtraError
        torch is not installed.
    DataError, ModelError
        Datasets or weights that do not serve; the message says why.
    """
    train, defaults = training_parts()
    first = read_weights(start) if start else None
    spectrogram = first.spectrogram if first is not None else spectrogram or SpectrogramSettings()
    datasets = [open_dataset(folder) for folder in folders]
    report(f"reading {sum(len(one) for one in datasets)} windows and computing their spectrograms")
    examples = load_examples(datasets, spectrogram)
    checkpoint = Path(output).with_name(Path(output).name + ".checkpoint")
    weights: Weights = train(
        examples, spectrogram, settings or defaults, start=first, checkpoint=checkpoint, report=report
    )
    weights.card.update(
        {"name": name or Path(output).stem} | describe_training(datasets, examples.table, first)
    )
    write_weights(output, weights)
    report(f"written  {output} ({weights.hash})")
    return weights


def describe_training(
    datasets: Sequence[WindowDataset], table: pd.DataFrame, start: Weights | None
) -> dict[str, Any]:
    """Say where a weight file is from, for its card."""
    columns = [table[name].fillna("") for name in ("split", "trace_category", "trace_origin")]
    counts = Counter(zip(*columns, strict=True))
    stations = sorted(str(name) for name in table["station_code"].dropna().unique())
    card: dict[str, Any] = {
        "made": datetime.now(UTC).date().isoformat(),
        "version": __version__,
        "datasets": [one.folder.name for one in datasets],
        "windows": [
            {"split": split, "category": category, "origin": origin, "count": count}
            for (split, category, origin), count in sorted(counts.items())
        ],
        "stations": stations
        if len(stations) <= 500
        else [*stations[:500], f"and {len(stations) - 500} more"],
        "note": "independent re-implementation of DiET (Sagae et al. 2025, doi:10.1029/2025JB031348) from "
        "public descriptions; not the authors' model, not endorsed by them",
    }
    if start is not None:
        card["start"] = {"hash": start.hash, "name": start.card.get("name", "")}
    return card


def train_settings(
    start: str = "", epochs: int | None = None, learning_rate: float | None = None, seed: int = 1
) -> "TrainSettings":
    """Make the settings of a training; gentler where it goes on from other weights."""
    _, defaults = training_parts()
    gentle = {"epochs": FINE_TUNING_EPOCHS, "learning_rate": FINE_TUNING_RATE} if start else {}
    given = {"epochs": epochs, "learning_rate": learning_rate}
    chosen: dict[str, Any] = gentle | {key: value for key, value in given.items() if value is not None}
    return replace(defaults, seed=seed, **chosen)


def training_parts() -> tuple[Any, "TrainSettings"]:
    """Training loop and its defaults, if torch is there."""
    try:
        from tremorflow.classifier.train import TrainSettings, train
    except ImportError as error:
        if error.name not in ("torch", "onnx", "onnxscript"):
            raise
        raise MissingExtraError(str(error.name), "train") from error
    return train, TrainSettings()
