"""Leak test: can the class be told from how a signal was recorded and processed, without the signal?

    python benchmarks/science/diet_leak.py [--windows 15000] [--epochs 6] [--processes 2]

Every window of the mixed training set is made again with its signal replaced by stationary Gaussian noise
that passed through what the signal passed through: its recorder's rate and the resampling, the band-pass
and 20 Hz of the LFE stacks, the components that it has, the reshaping, the completion of short records; in
the same noise, at one law of SNR for all (windows of noise get such a signal too, with the processing of a
recorder of 25 Hz as nuisances have). A probe, the same network trained in the same way, must not name the
class from that: chance is 0.33, and the bar 0.40 (DEFINITIONS.md). It is trained on windows made from the
recordings that train, and tested on windows made from those kept for calibration. Ends with one JSON
object.
"""

import argparse
import json
import multiprocessing
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import butter, sosfiltfilt

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "weights"))

from compose import (
    N_SAMPLES,
    RATE_HZ,
    SETTINGS,
    SNR,
    WINDOW_S,
    Composer,
    RealPool,
    SimulatedPool,
    draw_earthquake,
    reshaped,
)
from make_datasets import simulated_pool
from shared_data import resampled

from tremorflow.classifier.dataset import WindowBatch
from tremorflow.classifier.examples import Examples, batch_examples, join_examples
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.mixing import put_into_noise
from tremorflow.classifier.train import TrainSettings, train
from tremorflow.counting import fraction
from tremorflow.records import CLASSES

BAR = 0.40
STACK_BAND_HZ = (1.4, 8.8)  # of the LFE stacks: the noise left in them is 6 dB down there
_composers: list["Twins"] = []


class Twins(Composer):
    """Composer whose signals are Gaussian noise with the processing of the signal."""

    def gaussian(self, rate_hz: float, live: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(3, time) white noise of a recorder of some rate, brought to 25 Hz; missing components NaN."""
        white = rng.standard_normal((3, round(WINDOW_S * rate_hz) + 8))
        signal = resampled(white, rate_hz, RATE_HZ)[:, :N_SAMPLES]
        signal[~live] = np.nan
        return signal

    def twin_of_signal(self, label: str, rng: np.random.Generator) -> np.ndarray:
        every = np.ones(3, dtype=bool)
        _, row = self._signal(label, rng) if label != "noise" else (None, {"trace_kind": "nuisance"})
        if row["trace_kind"] == "lfe":
            sos = butter(4, STACK_BAND_HZ, "bandpass", fs=20.0, output="sos")
            white = rng.standard_normal((3, round(WINDOW_S * 20) + 8))
            return resampled(sosfiltfilt(sos, white, axis=-1), 20.0, RATE_HZ)[:, :N_SAMPLES]
        if row["trace_kind"] == "placed":
            one = draw_earthquake(self.real.earthquakes, rng)
            live = np.isfinite(one.samples).all(axis=1)
            return self.gaussian(one.recording.rate_hz, live, rng)
        return self.gaussian(RATE_HZ, every, rng)

    def window(self, number: int):
        """Twin of a window: samples, background and row, None if no component is left."""
        rng = np.random.default_rng([self.seed, number])
        label = CLASSES[number % 3]
        noise = self._noise(rng)
        signal = self.twin_of_signal(label, rng)
        if rng.random() < 0.5:
            signal = reshaped(signal, rng)
        snr = float(np.exp(rng.uniform(*np.log(SNR))))
        samples = put_into_noise(noise.samples, signal, snr, RATE_HZ)
        if samples is None:
            return None
        samples = self._completed(samples, noise, rng)
        row = {
            "trace_category": label,
            "trace_snr": snr,
            "trace_context": noise.context,
            "trace_kind": "twin",
        }
        return samples, noise.background, row


def make_chunk(numbers: range, split: str) -> Examples:
    made = [one for one in (_composers[0].window(k) for k in numbers) if one is not None]
    table = pd.DataFrame([row for _, _, row in made]).assign(split=split)
    samples, background = (np.stack([one[k] for one in made]) for k in (0, 1))
    return batch_examples(WindowBatch(samples, background, table), RATE_HZ, SETTINGS)


def make_twins(pool: SimulatedPool, use: str, count: int, seed: int, processes: int) -> Examples:
    """Twins of ``count`` windows; "dev" stands for the test of the probe."""
    _composers[:] = [Twins(pool, RealPool(use), seed)]
    tasks = [(range(k, min(k + 300, count)), use) for k in range(0, count, 300)]
    with multiprocessing.get_context("fork").Pool(processes) as workers:
        return join_examples(workers.starmap(make_chunk, tasks))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=15000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    pool = simulated_pool(3000, 77, given.processes)
    parts = [make_twins(pool, "train", given.windows, 31, given.processes)]
    held = make_twins(pool, "dev", given.windows // 3, 32, given.processes)
    probe = train(
        join_examples([*parts, held]),
        SETTINGS,
        TrainSettings(epochs=given.epochs),
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    logits = Classifier(probe).logits(held.log_power, held.background, held.context)
    guess = logits.argmax(axis=1)
    right = fraction(int((guess == held.labels).sum()), len(held))
    result = {
        "data": "Gaussian noise with the processing of simulated, semi-real and real signals",
        "windows": len(held),
        "accuracy": round(right.value, 4),
        "accuracy_95": [round(right.low, 4), round(right.high, 4)],
        "chance": 0.333,
        "bar": BAR,
        "bar_reached": bool(right.value <= BAR),
        "called": {name: float(np.mean(guess == k).round(3)) for k, name in enumerate(CLASSES)},
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
