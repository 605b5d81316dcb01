"""Small sets of windows for the tests of the classifier."""

import numpy as np
import pandas as pd

from tremorflow.classifier.dataset import WindowBatch
from tremorflow.records import CLASSES
from tremorflow.spectrogram import SpectrogramSettings, window_log_power

SETTINGS = SpectrogramSettings()
RATE_HZ = 25.0


def toy_batch(count, seed, split="train", length_s=120.0):
    """Windows that anyone can tell apart: flat noise, a long low hum (tremor), a short sharp bang."""
    rng = np.random.default_rng(seed)
    n_samples = round(length_s * RATE_HZ)
    times = np.arange(n_samples) / RATE_HZ
    samples = rng.standard_normal((count, 3, n_samples)).astype(np.float32)
    background = window_log_power(samples, RATE_HZ, SETTINGS).mean(axis=-1)
    labels = np.arange(count) % 3
    for k, label in enumerate(labels):
        if label == 1:
            hum = np.cumsum(rng.standard_normal((3, n_samples)), axis=-1)
            samples[k] += 2.0 * np.diff(hum, prepend=0) + 3.0 * np.sin(2 * np.pi * rng.uniform(2, 4) * times)
        if label == 2:
            at = rng.uniform(0.3, 0.7) * length_s
            samples[k] += (
                40 * np.exp(-np.clip(times - at, 0, None) / 4) * (times > at) * rng.standard_normal(n_samples)
            )
    table = pd.DataFrame(
        {
            "trace_category": [CLASSES[k] for k in labels],
            "split": split,
            "station_network_code": "XX",
            "station_code": [f"S{k % 4}" for k in range(count)],
            "trace_snr": np.where(labels == 0, np.nan, rng.uniform(2, 8, count)),
            "trace_kind": np.where(labels == 0, "background", "toy"),
            "trace_origin": "toy",
            "trace_context": 1.0,
            "path_ep_distance_km": np.where(labels == 0, np.nan, rng.uniform(5, 90, count)),
        }
    )
    return WindowBatch(samples, background.astype(np.float32), table)
