"""``tremorflow adapt``: a network's own noise, without labels, lowers the false alarms of weights there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tremorflow.batch.classify_files import ClassifyRequest
from tremorflow.batch.datasets import noise_of_files, simulated_batch
from tremorflow.batch.own_noise import (
    RATE_HZ,
    mixed_batches,
    noise_as_recorded,
    split_noise,
)
from tremorflow.batch.recordings import Tally
from tremorflow.batch.training import describe_start, described_now, training_parts
from tremorflow.classifier.dataset import WindowBatch
from tremorflow.classifier.examples import Examples, batch_examples, join_examples
from tremorflow.classifier.mixing import NoiseRecording
from tremorflow.classifier.weights import Weights, check_target, read_weights, write_weights
from tremorflow.errors import DataError
from tremorflow.simulate.windows import WindowSettings, iterate_windows
from tremorflow.spectrogram import SpectrogramSettings

Progress = Callable[[int, int], None]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AdaptRequest:
    """How far to adapt: windows of own noise and of simulations, epochs, and how fast.

    ``pieces`` of two hours are read at each station. The learning rate is a sixth of that of training from
    nothing: four epochs then change what the weights make of this noise, not what they know of signals.
    """

    windows: int = 6000
    pieces: int = 3
    epochs: int = 4
    learning_rate: float = 3e-4
    seed: int = 1


def adapt_weights(
    recordings: ClassifyRequest,
    output: str | Path,
    request: AdaptRequest,
    report: Report = print,
    progress: Sequence[Progress | None] = (None, None),
) -> Weights:
    """Weights that know the noise of a network; written to ``output``.

    Half of the windows are simulated signals of all classes in own noise, half simulations alone, so that
    nothing is forgotten. The last quarter of each recording is not trained on: it calibrates and sets the
    single-station threshold.

    Raises
    ------
    MissingExtraError
        torch is not installed.
    DataError
        No noise to learn from.
    """
    check_target(output)
    train, defaults = training_parts()
    start = read_weights(recordings.weights)
    tally = Tally()
    pieces = request.pieces, request.seed
    found = noise_of_files(recordings, pieces, start.spectrogram, tally, progress[0])
    report(f"own noise: {len(found)} recordings of {len({one.origin for one in found})} stations")
    for reason, count in tally.table().groupby("reason", sort=False)["count"].sum().head(3).items():
        report(f"skipped: {count} x {reason}")
    examples = _examples(found, request, recordings.processes, start.spectrogram)
    settings = replace(
        defaults, epochs=request.epochs, learning_rate=request.learning_rate, seed=request.seed
    )
    weights: Weights = train(
        examples, start.spectrogram, settings, start=start, report=report, progress=progress[1]
    )
    name = f"{start.card.get('name', start.hash)}, adapted"
    card = {"name": name} | described_now() | {"adapted_to": sorted({one.origin for one in found})}
    weights = replace(weights, card=card | describe_start(start) | weights.card)
    write_weights(output, weights)
    report(f"written  {output} ({weights.hash})")
    return weights


def _examples(
    found: list[NoiseRecording], request: AdaptRequest, processes: int, settings: SpectrogramSettings
) -> Examples:
    """Windows to train on and to calibrate by."""
    quiet = split_noise(found)
    if not quiet["train"] or not quiet["dev"]:
        raise DataError("the recordings have too few quiet windows to learn from; give some hours of them")
    half = request.windows // 2
    batches: list[WindowBatch] = []
    for split, count in (("train", half), ("dev", half // 6)):
        seed = 10 * request.seed + len(split)
        batches += mixed_batches(found, count, seed, processes, split)
        batches += _simulated(count, seed + 1, processes, split, settings)
    batches += noise_as_recorded(quiet["dev"], "dev")
    return join_examples([batch_examples(batch, RATE_HZ, settings) for batch in batches])


def _simulated(
    count: int, seed: int, processes: int, split: str, settings: SpectrogramSettings
) -> Iterator[WindowBatch]:
    left = count
    for made in iterate_windows(WindowSettings(), seed, batch=min(count, 500), processes=processes):
        batch = simulated_batch(made, settings, left)
        yield replace(batch, table=batch.table.assign(split=split))
        left -= len(batch.samples)
        if left <= 0:
            return
