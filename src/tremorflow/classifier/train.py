"""Training: examples -> weights, in one loop that can be stopped and gone on with to the same numbers."""

import copy
import hashlib
import json
import logging
import math
import pickle
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tremorflow.classifier.augment import AugmentSettings, Spectra, augment, mix
from tremorflow.classifier.calibrate import Calibration, expected_calibration_error, fit_calibration
from tremorflow.classifier.dataset import AS_RECORDED
from tremorflow.classifier.examples import Examples
from tremorflow.classifier.infer import INPUTS, Classifier
from tremorflow.classifier.model import Diet, ModelSettings
from tremorflow.classifier.weights import Weights
from tremorflow.errors import DataError, ModelError
from tremorflow.options import option, settings_class
from tremorflow.records import CLASSES, ROLES
from tremorflow.spectrogram import SpectrogramSettings, frames_of_window
from tremorflow.whole_files import whole_file

Report = Callable[[str], None]
Progress = Callable[[int, int], None]
NOISE = CLASSES.index("noise")


@settings_class
class TrainSettings:
    """How the network is trained."""

    epochs: int = option(
        12, unit="-", reason="balanced accuracy of the validation windows has levelled", ge=1
    )
    batch: int = option(
        128, unit="windows", reason="METHOD 9.5; twice as many gain no time on two cores", ge=8
    )
    learning_rate: float = option(2e-3, unit="-", reason="AdamW, warmed up and let down by a cosine", gt=0)
    warm_up: int = option(300, unit="batches", reason="until the normalisations know the data", ge=0)
    weight_decay: float = option(
        1e-3, unit="-", reason="few windows of a user's own do not lead it far", ge=0
    )
    label_smoothing: float = option(
        0.0,
        unit="-",
        reason="smoothing blurs the order of the surest windows, and that sets the threshold",
        ge=0,
        lt=1,
    )
    averaging: float = option(
        0.999,
        unit="-",
        reason="weights are the running mean of the last 1000 batches: steadier than the last",
        ge=0,
        lt=1,
    )
    seed: int = option(1, unit="-", reason="same seed, same data, same threads: same numbers", ge=0)
    model: ModelSettings = ModelSettings()
    augmentation: AugmentSettings = AugmentSettings()


@dataclass(slots=True)
class _State:
    """All that the rest of a training follows from."""

    model: Diet
    mean: Diet
    optimizer: torch.optim.Optimizer
    epoch: int = 0


def train(
    examples: Examples,
    spectrogram: SpectrogramSettings,
    settings: TrainSettings,
    *,
    start: Weights | None = None,
    checkpoint: Path | None = None,
    report: Report = print,
    progress: Progress | None = None,
) -> Weights:
    """Weights from labelled spectra.

    Parameters
    ----------
    examples
        Split "train" is trained on, "dev" calibrates and sets the threshold; windows labelled "both" are
        left out. Every class needs some in both.
    spectrogram
        Of the examples; travels with the weights.
    settings
        Of the training. With ``start``, its architecture counts, not that of ``settings``.
    start
        Weights to go on from (fine-tuning).
    checkpoint
        File that is written after every epoch, and read if it is there: a training that was stopped goes
        on, to the numbers it would have had. The caller removes it when the weights are written.
    report
        Called with a line after every epoch.
    progress
        Called with the number of batches done and in all.

    Raises
    ------
    DataError
        A class that has no window in one of the splits.
    ModelError
        Weights to start from that were made for other spectra, or a checkpoint of another training.
    """
    training, validation = examples.of_split("train"), examples.of_split("dev")
    _check_classes(training, "train")
    _check_classes(validation, "dev")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    state = _first_state(settings, start, spectrogram, device)
    identity = _identity(training, settings, start)
    if checkpoint is not None and checkpoint.is_file():
        _restore(state, checkpoint, identity)
        report(f"going on after epoch {state.epoch} of {settings.epochs}: {checkpoint}")
    frames = len(frames_of_window(spectrogram))
    cut = frames, round(settings.augmentation.shift_s / spectrogram.hop_s)
    while state.epoch < settings.epochs:
        loss = _run_epoch(state, training, settings, cut, progress)
        state.epoch += 1
        if checkpoint is not None:
            _save(state, checkpoint, identity)
        report(
            f"epoch {state.epoch:2d}: loss {loss:.4f}, {_accuracy(state.mean, validation, frames, device)}"
        )
    return _finish(state.mean.cpu(), validation, spectrogram, settings, report)


def _run_epoch(
    state: _State,
    training: Examples,
    settings: TrainSettings,
    cut: tuple[int, int],
    progress: Progress | None,
) -> float:
    """Train on as many windows as there are, as many of each class, and give the mean loss.

    ``cut`` is how many frames the network takes, and how many they may be shifted by.
    """
    rng = np.random.default_rng([settings.seed, state.epoch])
    torch.manual_seed(settings.seed * 1000 + state.epoch)  # of the drop-out
    order = _balanced_order(training.labels, rng)
    n_batches = max(len(order) // settings.batch, 1)
    loss_of = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
    total, device = 0.0, _device(state.model)
    state.model.train()
    for number in range(n_batches):
        step = state.epoch * n_batches + number
        for group in state.optimizer.param_groups:
            group["lr"] = _learning_rate(settings, step, settings.epochs * n_batches)
        rows = order[number * settings.batch : (number + 1) * settings.batch]
        spectra = _draw_batch(training, rows, settings.augmentation, cut, rng)
        logits = state.model(*(torch.from_numpy(part).to(device) for part in spectra))
        loss = loss_of(logits, torch.from_numpy(training.labels[rows]).to(device))
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        _average(state.mean, state.model, min(settings.averaging, (step + 1) / (step + 20)))
        total += float(loss.detach())
        if progress is not None:
            progress(step + 1, settings.epochs * n_batches)
    return total / n_batches


def _device(model: Diet) -> torch.device:
    """Where a network is."""
    return next(model.parameters()).device


def _balanced_order(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows in random order, equal numbers of every class: rows of rare ones come again."""
    share = math.ceil(np.isin(labels, range(len(CLASSES))).sum() / len(CLASSES))
    chosen = []
    for label in range(len(CLASSES)):
        rows = np.flatnonzero(labels == label)
        rounds = [rng.permutation(rows) for _ in range(math.ceil(share / len(rows)))]
        chosen.append(np.concatenate(rounds)[:share])
    return np.asarray(rng.permutation(np.concatenate(chosen)))


def _learning_rate(settings: TrainSettings, step: int, n_steps: int) -> float:
    """Rate at a step: a ramp, times half a cosine."""
    ramp = min(1.0, (step + 1) / max(min(settings.warm_up, n_steps // 4), 1))
    return settings.learning_rate * ramp * 0.5 * (1 + math.cos(math.pi * step / n_steps))


def _draw_batch(
    examples: Examples,
    rows: NDArray[np.int64],
    settings: AugmentSettings,
    cut: tuple[int, int],
    rng: np.random.Generator,
) -> Spectra:
    """Augmented spectra of some windows, of ``cut`` frames, shifted by up to so many."""
    frames, shift = cut
    every = examples.table["trace_snr"].to_numpy(dtype=np.float64, na_value=np.nan)
    snr = np.where(examples.labels == NOISE, np.inf, np.nan_to_num(every, nan=0.0))
    partners = _partners(examples.labels, rows, settings.share_second, rng)
    other_snr = np.where(examples.labels[partners] == NOISE, 0.0, snr[partners])
    spectra, others = (cut_frames(examples, some, frames, rng, shift) for some in (rows, partners))
    return augment(mix(spectra, snr[rows], others, other_snr, settings, rng), settings, rng)


def _partners(
    labels: NDArray[np.int64], rows: NDArray[np.int64], share_second: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(row,) windows that may be put on top of others: of the same class, or noise."""
    kinds = np.where(rng.random(len(rows)) < share_second, labels[rows], NOISE)
    found = np.empty(len(rows), dtype=np.int64)
    for label in np.unique(kinds):
        here = kinds == label
        found[here] = rng.choice(np.flatnonzero(labels == label), int(here.sum()))
    return found


def cut_frames(
    examples: Examples,
    rows: NDArray[np.integer[Any]],
    frames: int,
    rng: np.random.Generator | None = None,
    shift: int = 0,
) -> Spectra:
    """Spectra of as many frames as the network takes, from the middle or up to ``shift`` frames beside it.

    No window is shifted beyond the frames that are its own.
    """
    spare = examples.log_power.shape[-1] - frames
    starts = np.full(len(rows), spare // 2)
    if rng is not None and spare:
        reach = np.minimum((examples.frames[rows] - frames) // 2, shift)
        starts = starts + rng.integers(-reach, reach + 1)
    log_power = np.stack(
        [examples.log_power[row, ..., s : s + frames] for row, s in zip(rows, starts, strict=True)]
    )
    return Spectra(
        log_power.astype(np.float32), examples.background[rows].astype(np.float32), examples.context[rows]
    )


@torch.no_grad()
def _average(mean: Diet, model: Diet, share: float) -> None:
    """Move the running mean towards the model."""
    for old, new in zip(mean.state_dict().values(), model.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.mul_(share).add_(new, alpha=1 - share)
        else:
            old.copy_(new)


@torch.no_grad()
def predict(model: Diet, examples: Examples, frames: int, device: torch.device) -> NDArray[np.float32]:
    """(window, class) logits by torch."""
    model.eval()
    found = []
    for first in range(0, len(examples), 256):
        spectra = cut_frames(examples, np.arange(first, min(first + 256, len(examples))), frames)
        found.append(model(*(torch.from_numpy(part).to(device) for part in spectra)).cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, len(CLASSES)), dtype=np.float32)


def _accuracy(model: Diet, validation: Examples, frames: int, device: torch.device) -> str:
    """Balanced accuracy and recalls of the validation windows, as a line."""
    scored = validation.choose(validation.labels < len(CLASSES))
    guesses = predict(model, scored, frames, device).argmax(axis=1)
    recalls = [float((guesses[scored.labels == k] == k).mean()) for k in range(len(CLASSES))]
    named = ", ".join(f"{name} {recall:.3f}" for name, recall in zip(CLASSES, recalls, strict=True))
    return f"validation {np.mean(recalls):.3f} ({named})"


def _finish(
    model: Diet,
    validation: Examples,
    spectrogram: SpectrogramSettings,
    settings: TrainSettings,
    report: Report,
) -> Weights:
    """Export, calibrate on the validation windows by what will run, and describe."""
    model.eval()
    parameters = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    onnx = export_onnx(model, spectrogram)
    draft = Weights(spectrogram, asdict(model.settings), Calibration(), onnx, parameters, {})
    scored = validation.choose(validation.labels < len(CLASSES))
    spectra = cut_frames(scored, np.arange(len(scored)), len(frames_of_window(spectrogram)))
    logits = Classifier(draft).logits(*spectra)
    calibration = fit_calibration(logits.astype(np.float64), scored.labels, threshold_windows(scored))
    probabilities = calibration.probabilities(logits)
    error = expected_calibration_error(probabilities, scored.labels)
    right = probabilities.argmax(axis=1) == scored.labels
    recalls = {name: round(float(right[scored.labels == k].mean()), 4) for k, name in enumerate(CLASSES)}
    report(f"calibrated: error {error:.3f}, single-station threshold {calibration.threshold:.3f}")
    card = {
        "validation": {"windows": len(scored), "recall": recalls, "calibration_error": round(error, 4)},
        "training": {key: value for key, value in asdict(settings).items() if key != "model"},
    }
    return Weights(spectrogram, asdict(model.settings), calibration, onnx, parameters, card)


def threshold_windows(scored: Examples) -> NDArray[np.bool_]:
    """(window,) whether the single-station threshold is set by a window: noise as networks really have it.

    Noise windows as they were recorded; where a dataset has none, those with nothing but background; else
    all noise.
    """
    noise = scored.labels == NOISE
    kinds = scored.table["trace_kind"].fillna("").to_numpy(dtype=str)
    for kind in (AS_RECORDED, "background"):
        if (noise & (kinds == kind)).any():
            return np.asarray(noise & (kinds == kind))
    return np.asarray(noise)


def export_onnx(model: Diet, spectrogram: SpectrogramSettings) -> bytes:
    """Network as ONNX, for any number of windows at a time; the same parameters give the same bytes."""
    shape = (2, len(ROLES), len(spectrogram.frequencies_hz), len(frames_of_window(spectrogram)))
    example = (torch.zeros(shape), torch.zeros(shape[:3]), torch.zeros(shape[0]))
    windows = torch.export.Dim("window")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses packages that nothing here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecations within the exporter
        program = torch.onnx.export(
            model.eval(),
            example,
            dynamo=True,
            verbose=False,
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_shapes=({0: windows},) * len(INPUTS),
        )
    assert program is not None
    network = program.model_proto
    for part in (network, network.graph, *network.graph.node, *network.graph.value_info):
        part.doc_string = ""
        del part.metadata_props[:]  # where in whose folders the lines of code stand
    return bytes(network.SerializeToString(deterministic=True))


def _first_state(
    settings: TrainSettings, start: Weights | None, spectrogram: SpectrogramSettings, device: torch.device
) -> _State:
    """Network to begin with: random, or that of the weights to start from."""
    torch.manual_seed(settings.seed)
    architecture = settings.model if start is None else ModelSettings(**start.architecture)
    model = Diet(architecture, len(spectrogram.frequencies_hz))
    if start is not None:
        if start.spectrogram != spectrogram:
            raise ModelError(
                "the weights to start from take other spectrograms than these; use their settings for both"
            )
        stored: dict[str, Tensor] = {key: torch.from_numpy(value) for key, value in start.parameters.items()}
        try:
            model.load_state_dict(stored)
        except RuntimeError as error:
            raise ModelError(f"the weights to start from do not fit the network: {error}") from error
    model.to(device, memory_format=torch.channels_last)  # a third faster on CPUs
    mean = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    return _State(model, mean, optimizer)


def _identity(training: Examples, settings: TrainSettings, start: Weights | None) -> str:
    """Hash of what a training follows from; checkpoints of another one are refused."""
    tree = json.dumps(
        [asdict(settings), start.hash if start else "", torch.get_num_threads()], sort_keys=True
    )
    digest = hashlib.sha256(tree.encode())
    digest.update(training.labels.tobytes())
    digest.update(np.ascontiguousarray(training.log_power[:: max(len(training) // 1000, 1)]).tobytes())
    return digest.hexdigest()


def _save(state: _State, checkpoint: Path, identity: str) -> None:
    """Write the state through a temporary name."""
    content = {
        "identity": identity,
        "epoch": state.epoch,
        "model": state.model.state_dict(),
        "mean": state.mean.state_dict(),
        "optimizer": state.optimizer.state_dict(),
    }
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(checkpoint) as partial:
            torch.save(content, partial)
    except (OSError, RuntimeError) as error:
        raise ModelError(
            f"cannot write the checkpoint {checkpoint} ({error}); choose another place"
        ) from error


def _restore(state: _State, checkpoint: Path, identity: str) -> None:
    """Read the state; ``ModelError`` if it belongs to another training or cannot be read."""
    cure = f"remove {checkpoint} to start anew"
    try:
        content = torch.load(checkpoint, map_location=_device(state.model), weights_only=True)
        if content["identity"] != identity:
            raise ModelError(
                "the checkpoint belongs to a training with other data, settings or number of threads; " + cure
            )
        state.model.load_state_dict(content["model"])
        state.mean.load_state_dict(content["mean"])
        state.optimizer.load_state_dict(content["optimizer"])
        state.epoch = int(content["epoch"])
    except (OSError, RuntimeError, KeyError, EOFError, ValueError, pickle.UnpicklingError) as error:
        if isinstance(error, ModelError):
            raise
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"the checkpoint {checkpoint} cannot be read ({why}); {cure}") from error


def _check_classes(examples: Examples, split: str) -> None:
    counts = {name: int((examples.labels == k).sum()) for k, name in enumerate(CLASSES)}
    empty = [name for name, count in counts.items() if not count]
    if empty:
        raise DataError(
            f"split {split!r} has no window of {' and '.join(empty)} ({counts}); all three classes are "
            "needed: add a dataset that has them, for example one of `tremorflow dataset simulated`"
        )
