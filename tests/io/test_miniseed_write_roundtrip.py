"""What is written as miniSEED and StationXML comes back to the bit, by our reader and by ObsPy's."""

from itertools import pairwise

import numpy as np
import obspy
import pymseed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremorflow.errors import DataError
from tremorflow.io.miniseed import read_miniseed
from tremorflow.io.miniseed_write import MiniseedSettings, MiniseedWriter
from tremorflow.io.orientation import Orientation, read_orientations
from tremorflow.io.stations import read_stations
from tremorflow.io.stationxml_write import write_orientations, write_stationxml
from tremorflow.records import Channel, Network, Station, timedelta, utc

START = utc("2024-02-29T23:59:30.500Z")
CODES = ("N", "S1N01", "", "HHX")


def write(path, pieces, rate_hz=100.0, settings=None):
    """Write (first sample, samples) pieces."""
    with MiniseedWriter(path, CODES, rate_hz, settings) as writer:
        for first, samples in pieces:
            writer.append(START + timedelta(first / rate_hz), samples)


def random_walk(seed, size, step):
    return np.cumsum(np.random.default_rng(seed).integers(-step, step + 1, size)).astype(np.int32)


@given(
    cuts=st.lists(st.integers(1, 9999), max_size=6),
    step=st.sampled_from([3, 1000, 10**6]),
    encoding=st.sampled_from(["steim1", "steim2", "int32"]),
    rate_hz=st.sampled_from([20.0, 25.0, 100.0]),
)
def test_pieces_come_back_as_one_run(tmp_path_factory, cuts, step, encoding, rate_hz):
    path = tmp_path_factory.mktemp("pieces") / "file"
    samples = random_walk(len(cuts), 10_000, step)
    edges = [0, *sorted(set(cuts)), len(samples)]
    pieces = [(a, samples[a:b]) for a, b in pairwise(edges)]
    write(path, pieces, rate_hz, MiniseedSettings(encoding=encoding, record_bytes=512))
    (segment,) = read_miniseed(path).segments
    assert (segment.code, segment.start_time, segment.sampling_rate_hz) == ("N.S1N01..HHX", START, rate_hz)
    np.testing.assert_array_equal(segment.samples, samples)


def test_gaps_stay_gaps_and_records_stay_in_order(tmp_path):
    samples = random_walk(1, 60_000, 1000)  # many records before and after each gap
    cuts = [(0, 15_000), (15_001, 40_000), (45_000, 60_000)]
    write(tmp_path / "file", [(first, samples[first:last]) for first, last in cuts])
    found = read_miniseed(tmp_path / "file").segments
    assert [round((s.start_time - START) / np.timedelta64(10, "ms")) for s in found] == [0, 15_001, 45_000]
    for (first, last), segment in zip(cuts, found, strict=True):
        np.testing.assert_array_equal(segment.samples, samples[first:last])
    records = [header.starttime for header in pymseed.MS3Record.from_file(str(tmp_path / "file"))]
    assert len(records) > 10
    assert records == sorted(records)


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path):
    samples = random_walk(2, 50_000, 1000)
    writer = MiniseedWriter(tmp_path / "file", CODES, 100.0)
    writer.append(START, samples)
    assert [path.name for path in tmp_path.iterdir()] == [".file.part"]
    writer.__exit__(RuntimeError, RuntimeError("stopped"), None)
    assert not list(tmp_path.iterdir())
    with MiniseedWriter(tmp_path / "file", CODES, 100.0):
        pass  # a channel that recorded nothing leaves nothing
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_is_refused_with_the_channel_and_the_cure(tmp_path):
    leap = np.array([0, 2**30, -(2**30), 0], dtype=np.int32)
    with pytest.raises(DataError, match=r"N\.S1N01\.\.HHX.*encoding = int32"):
        write(tmp_path / "file", [(0, leap)])
    write(tmp_path / "file", [(0, leap)], settings=MiniseedSettings(encoding="int32"))
    np.testing.assert_array_equal(read_miniseed(tmp_path / "file").segments[0].samples, leap)
    with pytest.raises(DataError, match="order of time"):
        write(tmp_path / "other", [(100, leap // 2), (50, leap // 2)])
    with pytest.raises(DataError, match="shorten the codes"):
        MiniseedWriter(tmp_path / "file", ("SNET", "TOO_LONG_A_NAME", "", "HHX"), 100.0)
    (tmp_path / "no_folder").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write(tmp_path / "no_folder" / "file", [(0, leap // 4)])


def test_long_codes_are_written_in_the_version_that_has_room(tmp_path):
    samples = random_walk(3, 9000, 100)
    for codes, version in (("N", "S2N13", "", "HHX"), 2), (("N", "S2N13A", "", "HHX"), 3):
        path = tmp_path / codes[1]
        with MiniseedWriter(path, codes, 100.0) as writer:
            writer.append(START, samples[:5000])
            writer.append(START + timedelta(50.0), samples[5000:])
        assert pymseed.MS3Record.parse(path.read_bytes()).formatversion == version
        (segment,) = read_miniseed(path).segments
        assert (segment.code, segment.start_time) == (".".join(codes), START)
        np.testing.assert_array_equal(segment.samples, samples)


def test_stationxml_gives_back_places_sensitivities_and_directions(tmp_path):
    network = Network(
        (Station("N", "S1N01", 38.5, 142.25, -1480.0), Station("XX", "AAA", -12.0, -75.5, 900.0))
    )
    channels = (
        Channel("N", "S1N01", "", "BHX", "X", 2.5e8),
        Channel("XX", "AAA", "", "BHE", "E", 1e9, "m/s", 90.0, 0.0),
        Channel("XX", "AAA", "", "BHZ", "Z", 1e9, "m/s", 0.0, -90.0),
    )
    write_stationxml(tmp_path / "stations.xml", network, channels, 25.0, START)
    found = read_stations(tmp_path / "stations.xml")
    assert found.network == network
    assert [repr(channel) for channel in found.channels] == [repr(channel) for channel in channels]
    assert obspy.read_inventory(tmp_path / "stations.xml")[0][0][0].sample_rate == 25.0
    with pytest.raises(DataError, match=r"add a row for N\.ELSE"):
        write_stationxml(tmp_path / "x.xml", network, [Channel("N", "ELSE", "", "BHX", "X")], 25.0, START)


def test_orientations_come_back_to_the_last_bit(tmp_path):
    matrix, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((3, 3)))
    write_orientations(tmp_path / "table.csv", {"N.S1N01": Orientation(("X", "Y", "Z"), matrix)})
    found = read_orientations(tmp_path / "table.csv")
    assert list(found) == ["N.S1N01"]
    np.testing.assert_array_equal(found["N.S1N01"].matrix, matrix)
