"""Training: it learns, stops and goes on to the same numbers, and what runs is what was trained."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train (torch)")

import torch
from windows import RATE_HZ, SETTINGS, toy_batch

from tremorflow.classifier.examples import batch_examples, join_examples
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.model import Diet, ModelSettings, scale
from tremorflow.classifier.train import TrainSettings, cut_frames, export_onnx, predict, train
from tremorflow.classifier.weights import read_weights, write_weights
from tremorflow.errors import DataError, ModelError
from tremorflow.spectrogram import SpectrogramSettings, frames_of_window

FRAMES = len(frames_of_window(SETTINGS))
SMALL = TrainSettings(epochs=3, batch=16, warm_up=5, averaging=0.9, model=ModelSettings(channels=(8, 16)))


def examples(count=96, seed=1):
    parts = [toy_batch(count, seed), toy_batch(count // 2, seed + 1, split="dev")]
    return join_examples([batch_examples(part, RATE_HZ, SETTINGS) for part in parts])


@pytest.fixture(scope="module")
def given():
    return examples()


@pytest.fixture(scope="module")
def trained(given):
    return train(given, SETTINGS, SMALL, report=lambda _: None)


def quiet(_):
    pass


def test_it_learns_what_anyone_can_tell_apart(given, trained):
    unseen = batch_examples(toy_batch(60, 99), RATE_HZ, SETTINGS)
    logits = Classifier(trained).logits(unseen.log_power, unseen.background, unseen.context)
    probabilities = trained.calibration.probabilities(logits)
    assert (probabilities.argmax(axis=1) == unseen.labels).mean() > 0.9
    assert probabilities.std(axis=0).min() > 0.05  # a constant answer would look like no false alarm


def test_the_same_seed_gives_the_same_weights(given, trained):
    again = train(given, SETTINGS, SMALL, report=quiet)
    assert again.hash == trained.hash
    other = train(given, SETTINGS, replace(SMALL, seed=2), report=quiet)
    assert other.hash != trained.hash


def test_stopped_and_gone_on_equals_uninterrupted(given, trained, tmp_path):
    checkpoint = tmp_path / "w.checkpoint"

    def stop(line):
        if line.startswith("epoch  2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(given, SETTINGS, SMALL, checkpoint=checkpoint, report=stop)
    assert checkpoint.is_file()
    lines = []
    resumed = train(given, SETTINGS, SMALL, checkpoint=checkpoint, report=lines.append)
    assert any("going on after epoch 2 of 3" in line for line in lines)
    assert resumed.hash == trained.hash
    for name, value in trained.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], value)


def test_a_checkpoint_of_another_training_is_refused(given, tmp_path):
    checkpoint = tmp_path / "w.checkpoint"

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(given, SETTINGS, SMALL, checkpoint=checkpoint, report=stop)
    with pytest.raises(ModelError, match=r"another data|other data.*remove"):
        train(given, SETTINGS, replace(SMALL, seed=7), checkpoint=checkpoint, report=quiet)
    checkpoint.write_bytes(b"garbage")
    with pytest.raises(ModelError, match=r"cannot be read.*remove"):
        train(given, SETTINGS, SMALL, checkpoint=checkpoint, report=quiet)


def test_what_runs_is_what_was_trained(given, trained):
    """ONNX Runtime and torch agree to 1e-4 in the logits, gaps and missing backgrounds included."""
    model = Diet(ModelSettings(**trained.architecture), len(SETTINGS.frequencies_hz))
    model.load_state_dict({k: torch.from_numpy(v) for k, v in trained.parameters.items()})
    gappy = given.choose(np.arange(len(given)) < 20)
    gappy.log_power[:5, 1] = np.nan
    gappy.log_power[5:9, :, :, :40] = np.nan
    gappy.background[8:12] = np.nan
    by_torch = predict(model.eval(), gappy, FRAMES, torch.device("cpu"))
    by_onnx = Classifier(trained).logits(gappy.log_power, gappy.background, gappy.context)
    np.testing.assert_allclose(by_onnx, by_torch, atol=1e-4)


def test_amplitude_and_the_order_of_the_horizontals_tell_nothing_by_themselves(trained):
    """The scaling takes out the level: counts or m/s, near or far, give the same logits."""
    found = batch_examples(toy_batch(12, 5), RATE_HZ, SETTINGS)
    power, background = found.log_power.astype(np.float32), found.background.astype(np.float32)
    classifier = Classifier(trained)
    one = classifier.logits(power, background, found.context)
    louder = classifier.logits(power + 6.0, background + 6.0, found.context)
    np.testing.assert_allclose(louder, one, atol=2e-3)


@pytest.mark.parametrize("scaling", ["background", "maximum", "zscore"])
def test_scaled_planes_are_finite_and_bounded_whatever_is_missing(scaling):
    rng = np.random.default_rng(6)
    power = rng.normal(-12, 1, (4, 3, 27, FRAMES)).astype(np.float32)
    power[0] = np.nan
    power[1, :2] = np.nan
    power[2, ..., ::2] = np.nan
    background = np.full((4, 3, 27), np.nan, dtype=np.float32)
    planes = scale(torch.from_numpy(power), torch.from_numpy(background), scaling)
    assert torch.isfinite(planes).all()
    assert (planes[0] == 0).all()
    np.testing.assert_array_equal(planes[:, -3:].numpy(), np.isfinite(power).astype(np.float32))
    if scaling == "background":
        assert planes.abs().max() <= 3


def test_export_is_repeatable_and_names_no_folder():
    torch.manual_seed(1)
    model = Diet(ModelSettings(channels=(8, 8)), len(SETTINGS.frequencies_hz))
    first = export_onnx(model, SETTINGS)
    assert first == export_onnx(model, SETTINGS)
    assert b".py" not in first
    assert b"site-packages" not in first


def test_fine_tuning_starts_from_the_weights_given(given, trained, tmp_path):
    write_weights(tmp_path / "w.zip", trained)
    start = read_weights(tmp_path / "w.zip")
    few = replace(SMALL, epochs=1, learning_rate=1e-6)
    tuned = train(given, SETTINGS, few, start=start, report=quiet)
    moved = [np.abs(tuned.parameters[k] - v).max() for k, v in trained.parameters.items() if v.ndim > 1]
    assert 0 < max(moved) < 1e-3
    with pytest.raises(ModelError, match="other spectrograms"):
        train(given, SpectrogramSettings(frame_s=2.0), few, start=start, report=quiet)


def test_an_empty_class_is_refused_by_name(given):
    for split in ("train", "dev"):
        kept = ~((given.labels == 1) & (given.table["split"] == split).to_numpy())
        with pytest.raises(DataError, match=rf"{split}.* no window of tremor.*tremorflow dataset"):
            train(given.choose(kept), SETTINGS, SMALL, report=quiet)


def test_windows_of_both_kinds_are_left_out(given):
    labels = given.labels.copy()
    labels[:30] = 3
    mixed = replace(given, labels=labels)
    found = train(mixed, SETTINGS, replace(SMALL, epochs=1), report=quiet)
    assert found.card["validation"]["windows"] == 48


def test_a_nan_in_the_data_does_not_spread(given):
    spoiled = replace(given, log_power=given.log_power.copy(), background=given.background.copy())
    spoiled.log_power[::7, 1, 5:9, 20:30] = np.nan
    spoiled.log_power[3] = np.nan
    spoiled.background[::5, 2] = np.nan
    found = train(spoiled, SETTINGS, replace(SMALL, epochs=1), report=quiet)
    assert all(np.isfinite(value).all() for value in found.parameters.values())


def test_windows_longer_than_needed_are_shifted():
    long = batch_examples(toy_batch(48, 1, length_s=180.0), RATE_HZ, SETTINGS)
    dev = batch_examples(toy_batch(24, 2, split="dev", length_s=180.0), RATE_HZ, SETTINGS)
    found = train(join_examples([long, dev]), SETTINGS, replace(SMALL, epochs=1), report=quiet)
    assert found.card["validation"]["windows"] == 24


def test_each_window_is_shifted_within_its_own_margins():
    """Beside windows without any, those with a margin still move, and none is cut at its ends."""
    frames = len(frames_of_window(SETTINGS))
    short = batch_examples(toy_batch(12, 1), RATE_HZ, SETTINGS)
    long = batch_examples(toy_batch(12, 2, length_s=180.0), RATE_HZ, SETTINGS)
    rows = np.arange(24)
    together = join_examples([short, long])
    still = cut_frames(together, rows, frames).log_power
    np.testing.assert_array_equal(still[:12], short.log_power.astype(np.float32))
    moved = [cut_frames(together, rows, frames, np.random.default_rng(k), 30).log_power for k in range(8)]
    for one in moved:
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one[:12], still[:12])
    assert all(len({one[row].tobytes() for one in moved}) > 4 for row in range(12, 24))
