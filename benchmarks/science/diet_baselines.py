"""Our classifier, two published designs and a simple rule, trained on the same windows by the same loop.

    python benchmarks/science/diet_baselines.py [--windows 12000] [--epochs 6] [--seeds 1 2] [--processes 2]

A reduced mixed set, two seeds each. "nakano" and "jinde" are stand-ins for Nakano et al. (2019) /
Takahashi et al. (2021) and for Jinde et al. (2025): their inputs as far as they are public
(``tremorflow.classifier.profiles``), our loop, our data; they say nothing of the authors' own models on
their own data. The rule is STA/LTA with the ratio of two bands: a window is loud where its power in 2-8 Hz
exceeds the background of the hour before; short is noise, peaked an earthquake, the rest tremor if low
frequencies prevail; its three numbers are chosen on the training windows. "jinde" is trained and judged on
the loudest 60 s of each window, so that its labels are true and its judgement counts for the 120 s. Ends
with one JSON object.
"""

import argparse
import itertools
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from diet import EARTHQUAKE, NOISE, SEED, TREMOR, share
from diet_sets import (
    RATE_HZ,
    Noise,
    TestSet,
    inside,
    native,
    real_earthquakes,
    real_noise,
    semi_real,
    simulated,
)
from make_datasets import Composer, RealPool, simulated_pool, write

from tremorflow.classifier.dataset import DatasetWriter, open_dataset
from tremorflow.classifier.examples import Examples, batch_examples, join_examples
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.mixing import band_passed
from tremorflow.classifier.model import ModelSettings
from tremorflow.classifier.profiles import PROFILES
from tremorflow.classifier.train import TrainSettings, cut_frames, train
from tremorflow.records import CLASSES
from tremorflow.spectrogram import SpectrogramSettings, frames_of_window, window_log_power


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=12000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    result: dict[str, object] = {"data": "simulated, semi-real and real", "training windows": given.windows}
    with tempfile.TemporaryDirectory() as folder:
        write_set(Path(folder), given.windows, given.processes)
        tests = test_sets(given.processes)
        table: dict[str, list[dict[str, float]]] = {}
        for name, profile in PROFILES.items():
            examples = examples_of(folder, profile.spectrogram)
            if name == "default":
                table["STA/LTA and band ratio"] = [score(tests, Rule(examples))]
            for seed in given.seeds:
                settings = TrainSettings(epochs=given.epochs, seed=seed, model=ModelSettings(**profile.model))
                weights = train(examples, profile.spectrogram, settings, report=tell)
                table.setdefault(name, []).append(score(tests, Network(Classifier(weights))))
    result["mean over seeds"] = {name: averaged(rows) for name, rows in table.items()}
    result["details"] = table
    print(json.dumps(result, indent=1))


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def write_set(folder: Path, count: int, processes: int) -> None:
    """Mixed set of waveforms: every profile makes its own spectrograms of them."""
    with DatasetWriter(folder, RATE_HZ, SpectrogramSettings()) as writer:
        for split, part, seed in (("train", count, 41), ("dev", count // 8, 42)):
            pool = simulated_pool(part // 2, seed, processes)
            write(writer, Composer(pool, RealPool(split), seed), part, split, processes)


def test_sets(processes: int) -> dict[str, TestSet]:
    """Windows that nothing was trained on."""
    noise, seed = Noise("test"), SEED["test"] + 200
    return {
        "simulated": simulated(inside(), 3000, seed, processes, keep=True),
        "semi-real": semi_real(noise, "test", 200, (2.0, 3.0, 5.0), seed + 1, real_times=False, keep=True),
        "earthquakes": native(real_earthquakes("test"), seed + 2, keep=True),
        "noise": quiet(real_noise(noise, keep=True)),
    }


def quiet(found: TestSet) -> TestSet:
    return found.where(found.table["quiet"])


def examples_of(folder: str, settings: SpectrogramSettings) -> Examples:
    """Spectra of the set as a network takes them: of its own bins, of the loudest part if it is shorter."""
    dataset, own = open_dataset(folder), settings == SpectrogramSettings()
    return join_examples(
        [
            batch_examples(
                replace(batch, samples=loudest(batch.samples, settings.window_s)),
                *(dataset.rate_hz, settings),
                with_background=own,
            )
            for batch in dataset.batches()
        ]
    )


def loudest(samples: np.ndarray, length_s: float) -> np.ndarray:
    """(window, 3, time) the part of each window, every 5 s, with most power in 2-8 Hz."""
    length, step = round(length_s * RATE_HZ), round(5 * RATE_HZ)
    if length == samples.shape[-1]:
        return samples
    power = (band_passed(np.nan_to_num(samples), RATE_HZ) ** 2).sum(axis=1).cumsum(axis=-1)
    starts = np.arange(0, samples.shape[-1] - length, step)
    best = starts[(power[:, starts + length] - power[:, starts]).argmax(axis=1)]
    return np.stack([one[:, k : k + length] for one, k in zip(samples, best, strict=True)])


class Network:
    """A trained network."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier

    def __call__(self, found: TestSet) -> np.ndarray:
        settings = self.classifier.weights.spectrogram
        frames = len(frames_of_window(settings))
        log_power = window_log_power(loudest(found.samples, settings.window_s), RATE_HZ, settings)
        background = np.full(log_power.shape[:3], np.nan, dtype=np.float32)
        context = np.zeros(len(log_power), dtype=np.float32)
        if settings == SpectrogramSettings():
            background, context = found.spectra.background, found.spectra.context
        return self.classifier.logits(log_power[..., :frames], background, context).argmax(axis=1)


class Rule:
    """STA/LTA and the ratio of two bands, three numbers chosen on training windows."""

    def __init__(self, examples: Examples) -> None:
        chosen = examples.choose(examples.labels < len(CLASSES))
        spectra = cut_frames(chosen, np.arange(len(chosen)), len(frames_of_window(SpectrogramSettings())))
        features = self.features(spectra.log_power, spectra.background)
        grid = itertools.product((5, 10, 20, 30, 40), (4, 6, 8, 12, 16, 24), (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6))
        scores = {values: balanced(self.judge(features, *values), chosen.labels) for values in grid}
        self.values = max(scores, key=scores.get)
        tell(f"rule: loud {self.values[0]} s, peak {self.values[1]}, band ratio {self.values[2]} decades")

    def features(self, log_power: np.ndarray, background: np.ndarray) -> np.ndarray:
        """(window, 3) seconds that are loud, peak over mean power, low over high band over the background."""
        frequencies = SpectrogramSettings().frequencies_hz
        with np.errstate(invalid="ignore", divide="ignore"):
            base = np.where(np.isfinite(background), background, np.nanquantile(log_power, 0.25, axis=-1))
            excess = np.nanmean(log_power - base[..., None], axis=1)  # (window, frequency, time)
            band = (frequencies >= 2) & (frequencies <= 8)
            loudness = np.nanmean(excess[:, band], axis=1)
            loud = loudness > 0.6  # 6 dB: SNR 2 in amplitude
            power = 10**loudness
            peak = np.nanmax(power, axis=-1) / np.nanmean(power, axis=-1)
            mean = np.nanmean(10**excess, axis=-1)
            low, high = (
                mean[:, (frequencies >= a) & (frequencies < b)].mean(axis=1) for a, b in ((2, 4), (6, 8.1))
            )
            return np.stack([loud.sum(axis=-1), peak, np.log10(low / high)], axis=1)

    def judge(self, features: np.ndarray, loud_s: float, peak: float, ratio: float) -> np.ndarray:
        found = np.full(len(features), NOISE)
        loud = features[:, 0] >= loud_s
        found[loud & (features[:, 2] >= ratio)] = TREMOR
        found[(features[:, 1] >= peak) & (features[:, 0] >= 3)] = EARTHQUAKE
        return found

    def __call__(self, found: TestSet) -> np.ndarray:
        return self.judge(self.features(found.spectra.log_power, found.spectra.background), *self.values)


def balanced(guess: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean([(guess[labels == k] == k).mean() for k in range(len(CLASSES))]))


def score(tests: dict[str, TestSet], judge) -> dict[str, float]:
    """Scores of one judge, SNR of 2 or more."""
    one = tests["simulated"]
    loud = ((one.table["category"] == "noise") | (one.table["snr"] >= 2)).to_numpy()
    guess = judge(one)[loud]
    labels = np.array([CLASSES.index(name) for name in one.table["category"]])[loud]
    rows = {
        "simulated: balanced accuracy": balanced(guess, labels),
        "tremor recall": share(guess == TREMOR, labels == TREMOR)["share"],
        "tremor precision": share(labels == TREMOR, guess == TREMOR)["share"],
    }
    for name, wanted in (("semi-real", TREMOR), ("earthquakes", EARTHQUAKE), ("noise", TREMOR)):
        guess = judge(tests[name])
        key = {"semi-real": "semi-real tremor: recall", "earthquakes": "real earthquakes: recall",
               "noise": "real noise called tremor"}[name]  # fmt: skip
        rows[key] = share(guess == wanted, np.ones(len(guess), dtype=bool))["share"]
    tell(str(rows))
    return rows


def averaged(rows: list[dict[str, float]]) -> dict[str, object]:
    return {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]} | {
        "seeds": len(rows)
    }


if __name__ == "__main__":
    main()
