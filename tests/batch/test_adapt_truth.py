"""Adapting: a network whose own noise is taken for tremor is understood after a minute of its recordings."""

from dataclasses import replace

import numpy as np
import obspy
import pytest

pytest.importorskip("torch", reason="needs the extra train (torch)")

from tremorflow.batch.adapt import AdaptRequest, adapt_weights
from tremorflow.batch.classify_files import ClassifyRequest, classify_files
from tremorflow.classifier.weights import read_weights
from tremorflow.errors import DataError
from tremorflow.simulate.windows import WindowSettings, labelled_windows

RATE_HZ, HOURS = 25.0, 4.0
REQUEST = AdaptRequest(windows=600, pieces=2, epochs=3)


def machine_noise(seed):
    """Noise of a works nearby: a low hum in strokes, which the simulated weights take for tremor."""
    rng = np.random.default_rng(seed)
    count = round(HOURS * 3600 * RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal((3, count)))
    frequencies = np.fft.rfftfreq(count, 1 / RATE_HZ)
    quiet = np.fft.irfft(spectrum / np.maximum(frequencies, 0.2), count)
    low = 1 / (1 + (frequencies / 4) ** 4) * (frequencies > 1.5)
    hum = np.fft.irfft(np.fft.rfft(rng.standard_normal((3, count))) * low, count)
    knots = rng.uniform(0, 1, round(HOURS * 3600 / 4)) ** 6
    strokes = np.interp(np.arange(count) / RATE_HZ, 4.0 * np.arange(len(knots)), knots)
    return 300 * (quiet / quiet.std() + 6 * strokes * hum / hum.std())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("works")
    for station, seed in (("AAA", 1), ("BBB", 2), ("NEW", 3)):
        for channel, samples in zip(("HHE", "HHN", "HHZ"), machine_noise(seed), strict=True):
            header = {"network": "XX", "station": station, "channel": channel, "sampling_rate": RATE_HZ}
            trace = obspy.Trace(samples.astype(np.int32), header)
            trace.stats.starttime = obspy.UTCDateTime("2020-05-24T00:00:00")
            trace.write(str(where / f"{trace.id}.mseed"), format="MSEED")
    return where


def request(folder, *stations, **changes):
    paths = [path for name in stations for path in sorted(folder.glob(f"XX.{name}.*"))]
    return ClassifyRequest(paths, **changes)


def mean_p_tremor(folder, weights):
    values = classify_files(request(folder, "NEW", weights=str(weights))).probabilities.values
    return float(np.nanmean(values[0, 1]))


@pytest.fixture(scope="module")
def adapted(folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("adapted") / "w.zip"
    adapt_weights(request(folder, "AAA", "BBB", weights="simulated"), target, REQUEST, lambda _: None)
    return target


def test_less_of_a_station_never_heard_is_taken_for_tremor(folder, adapted):
    before, after = mean_p_tremor(folder, "simulated"), mean_p_tremor(folder, adapted)
    assert before > 0.05, "the noise of this test must be such that there is something to gain"
    assert after < 0.6 * before


def test_what_was_known_of_signals_is_not_forgotten(adapted):
    from tremorflow.batch.datasets import simulated_batch
    from tremorflow.classifier.examples import batch_examples
    from tremorflow.classifier.infer import Classifier

    weights = read_weights(adapted)
    made = labelled_windows(replace(WindowSettings(), snr=(3.0, 10.0)), 150, 99)
    found = batch_examples(simulated_batch(made, weights.spectrogram, 150), 25.0, weights.spectrogram)
    guess = Classifier(weights).logits(found.log_power, found.background, found.context).argmax(axis=1)
    recalls = [(guess[found.labels == k] == k).mean() for k in range(3)]
    assert np.mean(recalls) > 0.88


def test_the_card_says_what_it_was_adapted_to(adapted):
    card = read_weights(adapted).card
    assert card["adapted_to"] == ["XX.AAA", "XX.BBB"]
    start = read_weights("simulated")
    assert card["start"]["hash"] == start.hash
    assert card["start"]["scores"] == start.card["scores"]
    assert card["licences"] == start.card["licences"]
    assert "scores" not in card
    assert "adapted" in card["name"]


def test_recordings_without_noise_to_learn_from_are_refused(folder, tmp_path):
    header = {"network": "XX", "station": "DEAD", "channel": "HHZ", "sampling_rate": 25.0}
    obspy.Trace(np.full(25 * 4000, 7, dtype=np.int32), header).write(
        str(tmp_path / "d.mseed"), format="MSEED"
    )
    with pytest.raises(DataError, match="no noise to learn from"):
        adapt_weights(
            ClassifyRequest([tmp_path / "d.mseed"], weights="simulated"),
            tmp_path / "w.zip",
            REQUEST,
            lambda _: None,
        )
