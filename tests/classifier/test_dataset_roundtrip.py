"""Datasets on disk: what is written comes back, SeisBench's layout is kept, and damaged ones are refused."""

import numpy as np
import pandas as pd
import pytest
from windows import RATE_HZ, SETTINGS, toy_batch

from tremorflow.classifier.dataset import BUCKET, DatasetWriter, WindowBatch, open_dataset
from tremorflow.classifier.examples import load_examples
from tremorflow.errors import DataError
from tremorflow.spectrogram import SpectrogramSettings, window_log_power

h5py = pytest.importorskip("h5py", reason="needs the extra dev or train (h5py)")


@pytest.fixture
def folder(tmp_path):
    with DatasetWriter(tmp_path / "set", RATE_HZ, SETTINGS) as writer:
        writer.add(toy_batch(7, 1))
        writer.add(toy_batch(5, 2, split="dev"))
    return tmp_path / "set"


def test_windows_come_back_as_they_were(folder):
    given = toy_batch(7, 1), toy_batch(5, 2, split="dev")
    (batch,) = open_dataset(folder).batches()
    for name in ("samples", "background"):
        whole = np.concatenate([getattr(one, name) for one in given])
        np.testing.assert_array_equal(getattr(batch, name), whole)
    table = pd.concat([one.table for one in given], ignore_index=True)
    for name in table:
        assert list(batch.table[name].astype(str)) == list(table[name].astype(str)), name


def test_many_windows_make_many_buckets_and_keep_their_order(tmp_path):
    """Written one by one, as a network is read; neither file nor memory grows by pieces of one window."""
    whole = toy_batch(2 * BUCKET + 30, 3)
    with DatasetWriter(tmp_path, RATE_HZ, SETTINGS) as writer:
        for k in range(len(whole.samples)):
            rows = slice(k, k + 1)
            table = whole.table.iloc[rows].reset_index(drop=True)
            writer.add(WindowBatch(whole.samples[rows], whole.background[rows], table))
    found = list(open_dataset(tmp_path).batches())
    assert [len(one.samples) for one in found] == [BUCKET, BUCKET, 30]
    np.testing.assert_array_equal(np.concatenate([one.samples for one in found]), whole.samples)


def test_the_layout_is_seisbenchs(folder):
    """What SeisBench asks for: buckets named in trace_name, dimension and component order, metadata.csv.

    Its reader puts an N of its own before the order of dimensions: "CW", as its own datasets have.
    """
    table = pd.read_csv(folder / "metadata.csv")
    assert {"trace_name", "trace_sampling_rate_hz", "trace_npts", "split", "station_code"} <= set(
        table.columns
    )
    with h5py.File(folder / "waveforms.hdf5") as file:
        assert file["data_format"]["dimension_order"][()] == b"CW"
        assert file["data_format"]["component_order"][()] == b"ENZ"
        bucket, place = table["trace_name"][3].split("$")
        window, components, samples = place.split(",")
        assert (window, components, samples) == ("3", ":3", ":3000")
        assert file["data"][bucket].shape == (12, 3, 3000)


def test_a_real_dataset_in_this_format_has_the_same_layout(shared_data):
    """Ours must be read by what reads others: same groups, and trace_name cut the same way."""
    with h5py.File(shared_data / "earthquakes" / "chile_pb01" / "waveforms.hdf5") as file:
        assert {"data", "data_format"} <= set(file)
        assert {"component_order", "dimension_order", "measurement", "unit"} <= set(file["data_format"])
        assert file["data_format"]["dimension_order"][()] == b"CW"
    theirs = pd.read_csv(shared_data / "earthquakes" / "chile_pb01" / "metadata.csv")
    assert theirs["trace_name"].str.fullmatch(r"bucket\d+\$\d+,:\d+,:\d+").all()


def test_windows_that_stand_alone_in_the_file_are_read_too(folder):
    """SeisBench without buckets: trace_name is the key of a (component, time) array."""
    with h5py.File(folder / "waveforms.hdf5", "r+") as file:
        stored = file["data"]["bucket0"][()]
        del file["data"]["bucket0"], file["background"]
        for k, samples in enumerate(stored):
            file["data"][f"trace{k}"] = samples
    table = pd.read_csv(folder / "metadata.csv", dtype=object)
    table["trace_name"] = [f"trace{k}" for k in range(12)]
    table.to_csv(folder / "metadata.csv", index=False)
    found = [batch.samples for batch in open_dataset(folder).batches()]
    assert [len(one) for one in found] == [1] * 12
    np.testing.assert_array_equal(np.concatenate(found[:7]), toy_batch(7, 1).samples)


def test_windows_that_the_table_has_and_the_file_has_not_are_said(folder):
    damage(folder, "metadata.csv", "trace_name", "bucket7$0,:3,:3000")
    with pytest.raises(DataError, match="bucket7 cannot be read"):
        list(open_dataset(folder).batches())


def test_other_component_orders_are_brought_to_ours(folder):
    with h5py.File(folder / "waveforms.hdf5", "r+") as file:
        del file["data_format"]["component_order"]
        file["data_format"]["component_order"] = "ZNE"
        for bucket in file["data"]:
            file["data"][bucket][...] = file["data"][bucket][()][:, ::-1]
    np.testing.assert_array_equal(next(open_dataset(folder).batches()).samples[:7], toy_batch(7, 1).samples)


def test_numbered_horizontals_are_taken_and_foreign_components_refused(folder):
    for order, words in (("Z21", None), ("Z12H", "component_order is 'Z12H'"), ("XYZ", "'XYZ'")):
        with h5py.File(folder / "waveforms.hdf5", "r+") as file:
            del file["data_format"]["component_order"]
            file["data_format"]["component_order"] = order
        if words is None:
            samples = next(open_dataset(folder).batches()).samples[:7]
            np.testing.assert_array_equal(samples, toy_batch(7, 1).samples[:, [1, 2, 0]])
        else:
            with pytest.raises(DataError, match=words):
                next(open_dataset(folder).batches())


def test_a_dataset_without_a_rate_or_with_settings_of_another_version_is_refused(folder):
    table = pd.read_csv(folder / "metadata.csv", dtype=object)
    table.drop(columns="trace_sampling_rate_hz").to_csv(folder / "metadata.csv", index=False)
    with h5py.File(folder / "waveforms.hdf5", "r+") as file:
        del file["data_format"]["sampling_rate"]
    with pytest.raises(DataError, match="no sampling rate"):
        open_dataset(folder)
    with h5py.File(folder / "waveforms.hdf5", "r+") as file:
        file["background"].attrs["spectrogram"] = '{"frame_s": 4.0, "colour": "red"}'
    with pytest.raises(DataError, match="no dataset that can be read"):
        open_dataset(folder)


def test_examples_hold_the_splits_asked_for(folder):
    examples = load_examples([open_dataset(folder)], SETTINGS, ("dev",))
    assert len(examples) == 5
    assert examples.log_power.shape == (5, 3, 27, 115)
    assert list(examples.labels) == [0, 1, 2, 0, 1]
    assert len(load_examples([open_dataset(folder)] * 2, SETTINGS)) == 24


def test_backgrounds_of_other_frames_are_left_out(folder):
    other = SpectrogramSettings(frame_s=2.0)
    examples = load_examples([open_dataset(folder)], other)
    assert np.isnan(examples.background).all()
    assert not examples.context.any()


def test_longer_windows_keep_frames_to_shift(tmp_path):
    with DatasetWriter(tmp_path, RATE_HZ, SETTINGS) as writer:
        writer.add(toy_batch(3, 1, length_s=180.0))
    assert load_examples([open_dataset(tmp_path)], SETTINGS).log_power.shape[-1] == 175


def test_a_writer_that_fails_leaves_no_dataset_and_the_old_one(folder):
    before = (folder / "metadata.csv").read_text()
    with pytest.raises(DataError, match="hertz"), DatasetWriter(folder, RATE_HZ, SETTINGS) as writer:
        fail_after(writer)
    assert (folder / "metadata.csv").read_text() == before
    assert len(open_dataset(folder)) == 12
    assert not list(folder.glob("*.part"))


def test_a_full_disk_is_said_and_leaves_the_old_one(folder, monkeypatch):
    full = pytest.raises(DataError, match=r"No space left.*make room")
    with full, DatasetWriter(folder, RATE_HZ, SETTINGS) as writer:
        monkeypatch.setattr(
            "h5py.Group.create_dataset",
            lambda *_, **__: (_ for _ in ()).throw(OSError("No space left on device")),
        )
        writer.add(toy_batch(3, 9))
    monkeypatch.undo()
    assert len(open_dataset(folder)) == 12
    assert not list(folder.glob("*.part"))


def fail_after(writer):
    writer.add(toy_batch(3, 9))
    raise DataError("hertz")


def damage(folder, name, column, value):
    table = pd.read_csv(folder / name, dtype=object)
    table.loc[2, column] = value
    table.to_csv(folder / name, index=False)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("trace_category", "elephant", "trace_category has .'elephant'.*must be one of noise"),
        ("split", "", "split has"),
        ("trace_name", "", "1 windows have no trace_name"),
        ("trace_snr", "loud", "no dataset that can be read.*loud"),
        ("trace_sampling_rate_hz", "50", "different sampling rates"),
        ("trace_npts", "77", "different sampling rates or lengths"),
    ],
)
def test_tables_that_make_no_sense_are_refused(folder, column, value, words):
    damage(folder, "metadata.csv", column, value)
    with pytest.raises(DataError, match=words):
        open_dataset(folder)


def test_missing_and_broken_files_are_refused(folder, tmp_path):
    with pytest.raises(DataError, match=r"no metadata.csv.*tremorflow dataset"):
        open_dataset(tmp_path / "nowhere")
    (folder / "waveforms.hdf5").write_bytes(b"not an HDF5 file")
    with pytest.raises(DataError, match="no dataset that can be read"):
        open_dataset(folder)


def test_windows_shorter_than_the_networks_are_refused(tmp_path):
    with DatasetWriter(tmp_path, RATE_HZ, SETTINGS) as writer:
        writer.add(toy_batch(3, 1, length_s=60.0))
    with pytest.raises(DataError, match="60 s are shorter than window_s = 120"):
        load_examples([open_dataset(tmp_path)], SETTINGS)
    with pytest.raises(DataError, match="3 s are shorter than a frame"):
        window_log_power(np.zeros((1, 3, 75), np.float32), RATE_HZ, SETTINGS)
    with pytest.raises(DataError, match="no window of test"):
        load_examples([open_dataset(tmp_path)], SETTINGS, ("test",))
