"""Leak test: can the class be told from how a signal was recorded and processed, without the signal?

    python benchmarks/science/diet_leak.py [--windows 15000] [--epochs 6] [--processes 2]

Every window of the mixed training set is made again with its signal replaced by stationary Gaussian noise
that passed through what the signal passed through: its recorder's rate and the resampling, the band-pass and
20 Hz of the LFE stacks, the components that it has, the reshaping, the completion of short records (of real
earthquakes as they were recorded, all of the record is replaced); in the same noise, at one law of SNR for
all (windows of noise get such a signal too, with the processing of nuisances). A probe, the same network
trained in the same way, must not name the class from that: chance is 0.33, and the bar 0.40 (DEFINITIONS.md).
It is trained on windows made from the recordings that train, and tested on windows made from those kept for
calibration. Ends with one JSON object.
"""

import argparse
import json
import multiprocessing
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.signal import butter, sosfiltfilt

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "weights"))

from compose import (
    N_SAMPLES,
    NATIVE_ONSET_S,
    RATE_HZ,
    SETTINGS,
    SNR,
    WINDOW_S,
    Composer,
    Earthquake,
    Made,
    RealPool,
    Row,
    SimulatedPool,
    draw_earthquake,
    origin,
    processed,
    spectral_window,
)
from make_datasets import simulated_pool
from shared_data import resampled

from tremorflow.classifier.dataset import WindowBatch
from tremorflow.classifier.examples import Examples, batch_examples, join_examples
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.mixing import NoiseWindow, complete, put_into_noise
from tremorflow.classifier.train import TrainSettings, train
from tremorflow.counting import fraction
from tremorflow.records import CLASSES
from tremorflow.simulate.lfe_library import STACK_RATE_HZ

BAR = 0.40
STACK_BAND_HZ = (1.4, 8.8)  # of the LFE stacks: the noise left in them is 6 dB down there
_composers: list["Twins"] = []


class Twins(Composer):
    """Composer whose signals are Gaussian noise with the processing of the signal."""

    def _source(self, label: str, rng: Generator, *, vertical: bool) -> tuple[np.ndarray, Row]:
        signal, row = super()._source(label, rng, vertical=vertical)
        if row["trace_kind"] == "lfe":
            return np.where(np.isfinite(signal), gaussian_stack(rng), np.float32(np.nan)), row
        if row["trace_kind"] == "placed":
            assert self.real is not None
            return gaussian(draw_earthquake(self.real.earthquakes, rng), rng), row
        return white(RATE_HZ, rng), row

    def _negative(self, noise: NoiseWindow, rng: Generator) -> tuple[np.ndarray | None, Row]:
        """Noise always with a signal, processed as nuisances are: else silence would tell."""
        row: Row = {"trace_kind": "twin", "trace_origin": origin(noise)}
        signal = processed(white(RATE_HZ, rng), rng)
        row["trace_snr"] = self._snr("noise", row, rng)
        return put_into_noise(noise.samples, signal, row["trace_snr"], RATE_HZ), row

    def _snr(self, label: str, row: Row, rng: Generator) -> float:
        """One law for all."""
        return float(np.exp(rng.uniform(*np.log(SNR))))

    def _native(self, real: RealPool, rng: Generator) -> Made | None:
        """As a real record in its own noise: all of it, P and S included, is replaced."""
        one = draw_earthquake(real.natives, rng)
        assert one.noise is not None
        noise = spectral_window(one.noise, one.recording.station, rng)
        row: Row = {"trace_kind": "native", "trace_origin": "recorded"}
        row["trace_snr"] = self._snr("earthquake", row, rng)
        samples = put_into_noise(noise.samples, gaussian(one, rng), row["trace_snr"], RATE_HZ)
        if samples is None:
            return None
        span_s = one.span_s(rng.uniform(*NATIVE_ONSET_S))
        return complete(samples, *span_s, one.noise, RATE_HZ, rng), noise, row


def white(rate_hz: float, rng: Generator) -> np.ndarray:
    """(3, time) white noise of a recorder of some rate, brought to 25 Hz."""
    samples = rng.standard_normal((3, round(WINDOW_S * rate_hz) + 8))
    return resampled(samples, rate_hz, RATE_HZ)[:, :N_SAMPLES]


def gaussian(one: Earthquake, rng: Generator) -> np.ndarray:
    """(3, time) white noise of the recorder of an earthquake; NaN for components that it lacks."""
    samples = white(one.recording.rate_hz, rng)
    samples[~np.isfinite(one.samples).all(axis=1)] = np.nan
    return samples


def gaussian_stack(rng: Generator) -> np.ndarray:
    """(3, time) white noise in the band and at the rate of LFE stacks."""
    band = butter(4, STACK_BAND_HZ, "bandpass", fs=STACK_RATE_HZ, output="sos")
    samples = rng.standard_normal((3, round(WINDOW_S * STACK_RATE_HZ) + 8))
    return resampled(sosfiltfilt(band, samples, axis=-1), STACK_RATE_HZ, RATE_HZ)[:, :N_SAMPLES]


def make_chunk(numbers: range, split: str) -> Examples:
    made = [one for one in (_composers[0].window(k) for k in numbers) if one is not None]
    table = pd.DataFrame([one.row for one in made]).assign(split=split)
    samples = np.stack([one.samples for one in made])
    return batch_examples(
        WindowBatch(samples, np.stack([one.background for one in made]), table), RATE_HZ, SETTINGS
    )


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
