"""Signals are what classifying and reading alone give, however often the work is stopped."""

import numpy as np
import pytest
from recorded_noise import NETWORK, SPAN, START, write_recordings

from tremorflow.batch.classify import ArchiveFeed, classify_recordings
from tremorflow.batch.recordings import RecordedEnvelopes
from tremorflow.batch.signals import HourAnalyser, SignalFolder, make_signals
from tremorflow.classifier.weights import read_weights
from tremorflow.errors import DataError
from tremorflow.io.archive import open_archive
from tremorflow.io.stations import StationMetadata
from tremorflow.preprocess import PreprocessSettings
from tremorflow.records import timedelta
from tremorflow.settings import make_settings


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = write_recordings(tmp_path_factory.mktemp("recordings"))
    opened = open_archive(folder, stations=StationMetadata(NETWORK))
    yield opened
    opened.close()


def make(archive, path, processes=1):
    feed = ArchiveFeed(archive, archive.network)
    work = HourAnalyser(feed, read_weights(), {}, SPAN, PreprocessSettings())
    folder = SignalFolder(path)
    make_signals(folder, work, processes)
    return folder


@pytest.fixture(scope="module")
def folder(archive, tmp_path_factory):
    return make(archive, tmp_path_factory.mktemp("signals"))


def test_probabilities_are_those_of_classifying_alone(archive, folder):
    alone = classify_recordings(ArchiveFeed(archive, archive.network), read_weights(), SPAN).probabilities
    found = folder.probabilities()
    np.testing.assert_array_equal(found.start_times, alone.start_times)
    np.testing.assert_array_equal(found.values, alone.values)
    np.testing.assert_array_equal(found.completeness, alone.completeness)
    assert found.network.codes == alone.network.codes
    assert found.instruments == alone.instruments


def test_envelopes_are_those_of_reading_alone(archive, folder):
    settings = make_settings({"archive": {"path": "."}, "preprocess": {"components": "all"}})
    source = RecordedEnvelopes(archive, settings)
    begin, end = START + timedelta(60.0), START + timedelta(8000.0)
    alone, found = source.read(begin, end), folder.envelopes(begin, end)
    assert found.components == alone.components
    assert found.start_time == begin
    np.testing.assert_array_equal(np.isnan(found.values), np.isnan(alone.values))
    present = np.isfinite(alone.values)
    np.testing.assert_allclose(found.values[present], alone.values[present], rtol=1e-3)


def test_a_run_that_was_stopped_goes_on_to_the_same(archive, folder, tmp_path):
    part = make(archive, tmp_path / "again")
    files = sorted(part.path.glob("*.npz"))
    assert len(files) == len(folder.hours()) == 3
    before = files[1].read_bytes()
    files[1].unlink()
    make(archive, part.path)
    assert files[1].read_bytes() == before
    assert not list(part.path.glob(".*"))


def test_processes_do_not_matter(archive, folder, tmp_path):
    shared = make(archive, tmp_path / "shared", processes=3)
    np.testing.assert_array_equal(shared.probabilities().values, folder.probabilities().values)
    begin, end = START, START + timedelta(3600.0)
    np.testing.assert_array_equal(shared.envelopes(begin, end).values, folder.envelopes(begin, end).values)


def test_what_was_left_out_is_kept(folder):
    reasons = " ".join(folder.judged()[1].table()["reason"])
    assert "10 Hz" in reasons
    assert "dead samples of component E" in reasons


def test_a_damaged_file_is_named_with_the_cure(archive, tmp_path):
    folder = make(archive, tmp_path / "damaged")
    file = sorted(folder.path.glob("*.npz"))[0]
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(DataError, match=rf"{file.name}.*delete it"):
        folder.probabilities()
    with pytest.raises(DataError, match="no envelopes"):
        folder.envelopes(START + timedelta(864000.0), START + timedelta(864600.0))
