"""Datasets from the simulator and from own noise: what is in them, and that training reads them."""

import numpy as np
import obspy
import pytest

pytest.importorskip("h5py", reason="needs the extra dev or train (h5py)")

from tremorflow.batch.classify_files import ClassifyRequest
from tremorflow.batch.datasets import DatasetRequest, write_mixed_dataset, write_simulated_dataset
from tremorflow.batch.evaluate_model import evaluate_weights
from tremorflow.batch.own_noise import RATE_HZ as DATASET_HZ
from tremorflow.classifier.dataset import AS_RECORDED, DatasetWriter, WindowBatch, open_dataset
from tremorflow.classifier.weights import read_weights
from tremorflow.errors import DataError
from tremorflow.simulate.windows import WindowSettings, labelled_windows
from tremorflow.spectrogram import SpectrogramSettings

RATE_HZ = 50.0


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    assert write_simulated_dataset(folder, DatasetRequest(48, seed=3)) == 48
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two hours of red noise at one station, vertical alone, with a bang in the middle."""
    folder = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(4)
    walk = np.cumsum(rng.normal(0, 30, round(7200 * RATE_HZ)))
    walk -= np.linspace(walk[0], walk[-1], len(walk))
    walk[round(3600 * RATE_HZ) :][:200] += 40000 * rng.standard_normal(200)
    header = {"network": "XX", "station": "OWN", "channel": "HHZ", "sampling_rate": RATE_HZ}
    trace = obspy.Trace(walk.astype(np.int32), header)
    trace.stats.starttime = obspy.UTCDateTime("2020-05-24T03:00:00")
    trace.write(str(folder / "a.mseed"), format="MSEED")
    return folder


def test_simulated_windows_are_those_of_the_simulator(simulated):
    dataset = open_dataset(simulated)
    made = labelled_windows(WindowSettings(), 48, 3)
    batch = next(dataset.batches())
    np.testing.assert_array_equal(batch.samples, made.samples)
    assert list(batch.table["trace_category"]) == list(made.table["label"])
    assert (dataset.table["split"] == "dev").sum() == 6
    assert set(dataset.table["trace_origin"]) == {"simulated"}
    assert np.isfinite(batch.background).all()


def test_own_noise_carries_every_class_and_its_missing_components(recordings, tmp_path):
    found = write_mixed_dataset(tmp_path, ClassifyRequest([recordings]), DatasetRequest(64, seed=5))
    dataset = open_dataset(tmp_path)
    made = dataset.table[dataset.table["trace_origin"] == "own noise"]
    assert len(made) == 64
    assert set(made["trace_category"]) == {"noise", "tremor", "earthquake"}
    assert set(made["station_code"]) == {"OWN"}
    for batch in dataset.batches():
        assert np.isnan(batch.samples[:, :2]).all()
        assert np.isfinite(batch.samples[:, 2]).all()
        assert np.isnan(batch.background[:, :2]).all()
    assert sum(found.counts.values()) == len(dataset)
    assert f"train  tremor      {found.counts['train', 'tremor']}" in found.text()


def test_noise_as_recorded_is_kept_for_the_threshold_and_holds_no_event(recordings, tmp_path):
    write_mixed_dataset(tmp_path, ClassifyRequest([recordings]), DatasetRequest(16, seed=6))
    dataset = open_dataset(tmp_path)
    plain = dataset.table["trace_kind"] == AS_RECORDED
    assert plain.sum() > 20
    assert (dataset.table["split"][plain] == "dev").all()
    assert (dataset.table["trace_category"][plain] == "noise").all()
    for batch in dataset.batches(plain.to_numpy(dtype=bool)):
        steps = np.diff(batch.samples[:, 2], axis=-1)
        assert np.abs(steps).max() < 20 * steps.std()


def test_a_model_is_scored_on_a_split_of_a_dataset(simulated):
    weights = read_weights()
    score = evaluate_weights(weights, [simulated], "train")
    assert score.n_windows == 42
    assert score.balanced_accuracy > 0.8
    assert score.by_snr
    assert score.threshold == weights.calibration.threshold
    with pytest.raises(DataError, match="no window of the split 'test'"):
        evaluate_weights(weights, [simulated], "test")


def test_recordings_that_hold_nothing_are_refused(tmp_path):
    (tmp_path / "one.mseed").write_bytes(b"")
    with pytest.raises(DataError, match="no recording"):
        write_mixed_dataset(tmp_path / "x", ClassifyRequest([tmp_path / "one.mseed"]), DatasetRequest(100))


def test_a_dataset_without_matching_backgrounds_is_scored_without_them(simulated, tmp_path):
    """As SeisBench's own are, or one made for another network."""
    other = SpectrogramSettings(frame_s=2.0)
    with DatasetWriter(tmp_path, DATASET_HZ, other) as writer:
        for batch in open_dataset(simulated).batches():
            background = np.full((len(batch.samples), 3, len(other.frequencies_hz)), -16.0, np.float32)
            writer.add(WindowBatch(batch.samples, background, batch.table))
    assert evaluate_weights(read_weights(), [tmp_path], "train").balanced_accuracy > 0.7


def test_windows_of_which_less_than_half_is_there_are_not_judged(simulated, tmp_path):
    whole = 0
    with DatasetWriter(tmp_path, DATASET_HZ, SpectrogramSettings()) as writer:
        for batch in open_dataset(simulated).batches():
            batch.samples[::2, :, 1000:] = np.nan
            writer.add(batch)
            whole += int((batch.table["split"] == "train").to_numpy()[1::2].sum())
    before = evaluate_weights(read_weights(), [simulated], "train").n_windows
    assert 0 < whole < before
    assert evaluate_weights(read_weights(), [tmp_path], "train").n_windows == whole
