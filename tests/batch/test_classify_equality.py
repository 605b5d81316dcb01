"""Probabilities do not depend on how the work is cut, and bad recordings spoil nothing but themselves."""

import numpy as np
import pandas as pd
import pytest
from recorded_noise import LENGTH_S, NETWORK, SPAN, START, traces, write_recordings

from tremorflow.batch.classify import ArchiveFeed, classify_recordings, read_spectrograms
from tremorflow.batch.classify_files import ClassifyRequest, classify_files, write_classified
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.inputs import cut_windows, window_starts
from tremorflow.classifier.weights import read_weights
from tremorflow.errors import DataError
from tremorflow.io.archive import StationReading, open_archive
from tremorflow.io.probabilities import read_probabilities
from tremorflow.io.stations import StationMetadata
from tremorflow.records import PROBABILITY_COLUMNS, Channel, Waveforms, timedelta
from tremorflow.spectrogram import compute_spectrograms


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_recordings(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def weights():
    return read_weights()


@pytest.fixture(scope="module")
def feed(folder):
    archive = open_archive(folder, stations=StationMetadata(NETWORK))
    yield ArchiveFeed(archive, archive.network)
    archive.close()


@pytest.fixture(scope="module")
def whole(feed, weights):
    return classify_recordings(feed, weights, SPAN)


def same_windows(part, whole):
    """Rows and windows of ``whole`` that ``part`` has."""
    first = int(np.searchsorted(whole.start_times, part.start_times[0]))
    return slice(first, first + len(part.start_times))


def test_what_can_be_judged_is_and_the_rest_is_counted(whole):
    found = whole.probabilities
    assert found.values.shape == (4, 3, 149)
    judged = np.isfinite(found.values).all(axis=1)
    assert judged[:3].all(axis=1).tolist() == [True, True, True]
    assert not judged[3].any()
    np.testing.assert_allclose(found.values[:3].sum(axis=1), 1.0, atol=1e-5)
    assert (found.completeness[0] == 1).all()  # the other components were recorded
    assert found.instruments[0] == ("00", "HH")
    reasons = " ".join(whole.skips["reason"])
    assert "10 Hz" in reasons
    assert "dead samples of component E" in reasons
    assert found.values[:3, 0].std() > 0.01


@pytest.mark.parametrize(("begin_s", "length_s"), [(0, 3000), (1234, 4000), (5400, 3600), (7000, 1500)])
def test_spans_give_the_same_to_the_last_bit(feed, weights, whole, begin_s, length_s):
    span = START + timedelta(begin_s), START + timedelta(begin_s + length_s)
    part = classify_recordings(feed, weights, span).probabilities
    np.testing.assert_array_equal(
        part.values, whole.probabilities.values[..., same_windows(part, whole.probabilities)]
    )


def test_processes_give_the_same_to_the_last_bit(feed, weights, whole):
    shared = classify_recordings(feed, weights, SPAN, processes=3)
    np.testing.assert_array_equal(shared.probabilities.values, whole.probabilities.values)
    pd.testing.assert_frame_equal(
        shared.skips.sort_values(["station", "reason"], ignore_index=True),
        whole.skips.sort_values(["station", "reason"], ignore_index=True),
        check_exact=False,
    )


def test_the_order_of_stations_does_not_matter(feed, weights, whole):
    turned = ArchiveFeed(feed.archive, feed.network.subset([2, 0, 3, 1]))
    found = classify_recordings(turned, weights, SPAN).probabilities
    np.testing.assert_array_equal(found.values, whole.probabilities.values[[2, 0, 3, 1]])


def test_the_order_and_number_of_windows_in_a_batch_do_not_matter(feed, weights):
    spectrograms = read_spectrograms(feed, 0, (START, START + timedelta(7200.0)), weights.spectrogram, {})
    starts = window_starts(START + timedelta(600), START + timedelta(7000), weights.spectrogram)
    spectra = cut_windows(spectrograms, starts, weights.spectrogram)
    classifier = Classifier(weights)
    at_once = classifier.classify(spectra)
    order = np.random.default_rng(1).permutation(len(starts))
    for chosen in (order, order[:1], order[:7]):
        part = classifier.classify(cut_windows(spectrograms, starts[chosen], weights.spectrogram))
        np.testing.assert_array_equal(part, at_once[chosen])


def test_the_archive_gives_what_the_stages_give(feed, weights, whole):
    """One path: spectrograms of the recording as a whole, windows, network; nothing added by the batch."""
    parts = [trace for trace in traces() if trace.stats.station == "CCC"]
    waveforms = Waveforms(
        NETWORK.subset([2]), ("Z",), parts[0].data[None, None].astype(float), START, 20.0, "count"
    )
    spectrograms = compute_spectrograms(waveforms, weights.spectrogram)
    starts = whole.probabilities.start_times
    found = Classifier(weights).classify(cut_windows(spectrograms, starts, weights.spectrogram))
    np.testing.assert_array_equal(found.T[:, 1:-1], whole.probabilities.values[2][:, 1:-1])


def test_files_table_and_arrays(folder, tmp_path, weights):
    request = ClassifyRequest([folder / f"XX.{name}.00.HHZ.mseed" for name in ("AAA", "CCC")])
    found = classify_files(request)
    table, arrays = write_classified(found, tmp_path / "p.csv")
    rows = pd.read_csv(table)
    assert list(rows.columns) == list(PROBABILITY_COLUMNS)
    assert set(rows["station"]) == {"AAA", "CCC"}
    assert rows["start_time"].str.endswith("Z").all()
    np.testing.assert_allclose(rows[["p_noise", "p_tremor", "p_earthquake"]].sum(axis=1), 1.0, atol=2e-4)
    assert "no coordinates" in " ".join(found.skips["reason"])
    assert len(read_probabilities(arrays).network) == 0  # nobody knows where these stations are
    placed = tmp_path / "stations.csv"
    placed.write_text("network,station,latitude,longitude,elevation_m\nXX,AAA,40,140,0\nXX,CCC,41,140,-10\n")
    known = classify_files(ClassifyRequest(request.paths, stations=str(placed)))
    write_classified(known, tmp_path / "p.csv")
    stored = read_probabilities(arrays)
    assert stored.network.codes == ("XX.AAA", "XX.CCC")
    assert stored.weights == weights.hash
    np.testing.assert_array_equal(stored.values, known.probabilities.values)


def test_a_file_that_is_damaged_is_counted_and_the_others_are_classified(folder, tmp_path):
    good = folder / "XX.AAA.00.HHZ.mseed"
    bad, empty = tmp_path / "bad.mseed", tmp_path / "empty.mseed"
    bad.write_bytes(good.read_bytes()[:3000] + b"\xff" * 200000)
    empty.write_bytes(b"")
    found = classify_files(ClassifyRequest([good, bad, empty]))
    assert np.isfinite(found.probabilities.values[0]).all()
    counted = " ".join(found.skips["example"].astype(str))
    assert "bad.mseed" in counted
    assert "empty.mseed" in counted


def test_spans_without_a_window_or_a_recording_are_refused(feed, folder, weights):
    with pytest.raises(DataError, match="no whole window"):
        classify_recordings(feed, weights, (START, START + timedelta(100.0)))
    with pytest.raises(DataError, match="no recording between"):
        classify_files(ClassifyRequest([folder], start="2021-01-01", end="2021-01-02"))
    with pytest.raises(DataError, match="does not exist"):
        classify_files(ClassifyRequest([folder / "nowhere"]))


class Gauge:
    """Noise in counts for an hour, then in m/s, as if the metadata began then; one station."""

    network = NETWORK.subset([0])

    def __init__(self, *, changes):
        self.changes = changes

    def read(self, stations, begin, end):
        later = self.changes and begin >= START.astype("datetime64[h]") + np.timedelta64(3500, "s")
        count = round((end - begin) / np.timedelta64(1, "s") * 25)
        samples = np.random.default_rng(int(begin.astype(np.int64) // 10**9)).standard_normal((1, 1, count))
        channel = Channel("XX", "AAA", "00", "HHZ", "Z", 1e9 if later else np.nan, "m/s")
        waveforms = Waveforms(self.network, ("Z",), samples * 1000, begin, 25.0, "count")
        yield from [StationReading(waveforms, (channel,), [])] * len(stations)


def test_a_change_of_unit_is_no_tremor():
    """Background in counts against a window in m/s would be 17 decades of excess."""
    weights = read_weights()
    span = START.astype("datetime64[h]").astype("datetime64[ns]"), START + timedelta(7000.0)
    steady, changed = (classify_recordings(Gauge(changes=one), weights, span) for one in (False, True))
    for found in (steady, changed):
        assert (found.probabilities.values[0, 0] > 0.5).mean() > 0.9
    assert "another unit or instrument" in " ".join(changed.skips["reason"])
    assert "another unit" not in " ".join(steady.skips["reason"])


def test_a_span_after_the_last_recording_draws_nothing(feed, weights):
    late = START + timedelta(LENGTH_S + 60), START + timedelta(LENGTH_S + 600)
    assert read_spectrograms(feed, 0, late, weights.spectrogram, {}) is None


def test_a_station_that_recorded_nothing_in_the_span_is_counted(feed, weights):
    span = START - timedelta(3600.0), START + timedelta(600.0)
    early = classify_recordings(feed, weights, (span[0], START - timedelta(60.0)))
    assert set(early.skips["station"][early.skips["reason"].str.contains("no recording")]) == set(
        feed.network.codes
    )


def test_a_forked_process_opens_the_index_itself(feed):
    """SQLite forbids to use a connection that was opened before the fork."""
    ours = feed.archive._index
    feed.archive._process = -1  # as in a process that inherited it
    theirs = feed.archive._index
    assert theirs is not ours
    assert feed.archive._index is theirs
    assert feed.archive.time_span()[0] == START
