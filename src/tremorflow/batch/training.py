"""From datasets on disk to a weight file."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from tremorflow import __version__
from tremorflow.classifier.dataset import WindowDataset, open_dataset
from tremorflow.classifier.examples import load_examples
from tremorflow.classifier.profiles import PROFILES
from tremorflow.classifier.weights import Weights, check_target, read_weights, write_weights
from tremorflow.errors import MissingExtraError, SettingsError
from tremorflow.spectrogram import SpectrogramSettings

if TYPE_CHECKING:
    from tremorflow.classifier.train import TrainSettings

Report = Callable[[str], None]
Progress = Callable[[int, int], None]
FINE_TUNING_EPOCHS = 8  # a few hundred windows, minutes
FINE_TUNING_RATE = 3e-4  # a sixth: what the weights know is kept where the new windows say nothing


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """How to train.

    ``start`` are weights to go on from: "bundled", a bundled name, or a file; empty: random numbers.
    ``profile`` is one of ``classifier.profiles.PROFILES``; with ``start``, its settings count instead.
    Epochs and learning rate that are not given are the defaults, gentler ones with ``start``.
    """

    start: str = ""
    name: str = ""
    profile: str = "default"
    epochs: int | None = None
    learning_rate: float | None = None
    seed: int = 1


def train_weights(
    folders: Sequence[str | Path],
    output: str | Path,
    request: TrainRequest | None = None,
    report: Report = print,
    progress: Sequence[Progress | None] = (None, None),
) -> Weights:
    """Train on datasets and write the weights; a training that was stopped goes on where it was.

    Parameters
    ----------
    folders
        Datasets; their "train" windows are trained on, their "dev" windows calibrate.
    output
        Weight file. Beside it a checkpoint is kept until the training is done.
    request
        How to train.
    report
        Called with a line now and then.
    progress
        Called with the windows read, and with the batches trained on, and how many there are.

    Raises
    ------
    MissingExtraError
        torch is not installed.
    DataError, ModelError, SettingsError
        Datasets, weights or a profile that do not serve; the message says why.
    """
    request = request or TrainRequest()
    check_target(output)
    train, _ = training_parts()
    start = read_weights(request.start) if request.start else None
    settings, spectrogram = train_settings(request)
    spectrogram = spectrogram if start is None else start.spectrogram
    datasets = [open_dataset(folder) for folder in folders]
    report(f"reading {sum(len(one) for one in datasets)} windows and computing their spectrograms")
    examples = load_examples(datasets, spectrogram, progress=progress[0])
    checkpoint = Path(output).with_name(Path(output).name + ".checkpoint")
    weights: Weights = train(
        examples,
        spectrogram,
        settings,
        start=start,
        checkpoint=checkpoint,
        report=report,
        progress=progress[1],
    )
    card = {"name": request.name or Path(output).stem} | describe_training(datasets, examples.table, start)
    weights = replace(weights, card=card | weights.card)
    write_weights(output, weights)
    checkpoint.unlink(missing_ok=True)
    report(f"written  {output} ({weights.hash})")
    return weights


def describe_training(
    datasets: Sequence[WindowDataset], table: pd.DataFrame, start: Weights | None
) -> dict[str, Any]:
    """Say where a weight file is from, for its card."""
    columns = [table[name].fillna("") for name in ("split", "trace_category", "trace_origin")]
    counts = Counter(zip(*columns, strict=True))
    stations = sorted(str(name) for name in table["station_code"].dropna().unique())
    card: dict[str, Any] = described_now() | {
        "datasets": [one.folder.name for one in datasets],
        "windows": [
            {"split": split, "category": category, "origin": origin, "count": count}
            for (split, category, origin), count in sorted(counts.items())
        ],
        "stations": stations
        if len(stations) <= 500
        else [*stations[:500], f"and {len(stations) - 500} more"],
    }
    return card | describe_start(start)


def described_now() -> dict[str, Any]:
    """Say when and by what weights were made, and whose they are not."""
    return {
        "made": datetime.now(UTC).date().isoformat(),
        "version": __version__,
        "note": "independent re-implementation of DiET (Sagae et al. 2025, doi:10.1029/2025JB031348) from "
        "public descriptions; not the authors' model, not endorsed by them",
    }


def describe_start(start: Weights | None) -> dict[str, Any]:
    """Say what weights went on from, for their card: its licences hold on, its scores are its own."""
    if start is None:
        return {}
    card = {"start": {"hash": start.hash} | start.card}
    return card | {key: start.card[key] for key in ("licences",) if key in start.card}


def train_settings(request: TrainRequest) -> tuple["TrainSettings", SpectrogramSettings]:
    """Make the settings of a training, gentler with weights to go on from, and of its spectrograms."""
    _, defaults = training_parts()
    if request.profile not in PROFILES:
        raise SettingsError(f"no profile {request.profile!r}; there are {', '.join(PROFILES)}")
    profile = PROFILES[request.profile]
    gentle = {"epochs": FINE_TUNING_EPOCHS, "learning_rate": FINE_TUNING_RATE} if request.start else {}
    given = {"epochs": request.epochs, "learning_rate": request.learning_rate}
    chosen: dict[str, Any] = gentle | {key: value for key, value in given.items() if value is not None}
    model = replace(defaults.model, **profile.model)
    try:
        return replace(defaults, seed=request.seed, model=model, **chosen), profile.spectrogram
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{first['loc'][0]} = {first['input']}: {first['msg']}") from error


def training_parts() -> tuple[Any, "TrainSettings"]:
    """Training loop and its defaults, if torch is there."""
    try:
        from tremorflow.classifier.train import TrainSettings, train
    except ImportError as error:
        if error.name not in ("torch", "onnx", "onnxscript"):
            raise
        raise MissingExtraError(str(error.name), "train") from error
    return train, TrainSettings()
