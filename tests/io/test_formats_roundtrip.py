"""What any writer wrote, the one reading interface gives back: samples, times, codes, gaps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from waveform_files import BY_NAME, START, WRITTEN, Written, make_segment

from tremorflow.errors import DataError
from tremorflow.io.formats import Selection, detect_format, read_file, scan_file
from tremorflow.records import Segment, timedelta, utc

HOW = pytest.mark.parametrize("how", WRITTEN, ids=[written.name for written in WRITTEN])
WITH_GAPS = [written for written in WRITTEN if written.with_gaps]


def three_components(how: Written) -> list[Segment]:
    return [
        make_segment(channel=channel, seed=seed, dtype=how.dtype) for seed, channel in enumerate(how.channels)
    ]


def key(segment: Segment) -> tuple[str, np.datetime64]:
    return segment.code, segment.start_time


def assert_same(found: list[Segment], expected: list[Segment]) -> None:
    assert sorted(map(key, found)) == sorted(map(key, expected))
    for ours, theirs in zip(sorted(found, key=key), sorted(expected, key=key), strict=True):
        assert ours.sampling_rate_hz == pytest.approx(theirs.sampling_rate_hz, rel=1e-9)
        np.testing.assert_array_equal(ours.samples, theirs.samples)


@HOW
def test_samples_times_and_codes_come_back(how: Written, tmp_path: Path) -> None:
    segments = three_components(how)
    path = tmp_path / "nothing.in.the.name"
    how.write(path, segments)
    assert detect_format(path) == how.format
    reading = read_file(path, table=how.table)
    assert reading.skips == []
    assert_same(reading.segments, segments)
    assert {segment.samples.dtype.name for segment in reading.segments} <= {"int32", "float32", "float64"}


@HOW
def test_scan_says_what_reading_gives(how: Written, tmp_path: Path) -> None:
    path = tmp_path / "file"
    how.write(path, three_components(how))
    spans = scan_file(path, how.table).spans
    segments = read_file(path, table=how.table).segments
    assert sorted(
        (".".join(span[:4]), span.start_time, span.end_time, span.n_samples) for span in spans
    ) == sorted(
        (segment.code, segment.start_time, segment.end_time, len(segment.samples)) for segment in segments
    )


@HOW
def test_part_of_a_file_is_the_part_of_the_whole(how: Written, tmp_path: Path) -> None:
    path = tmp_path / "file"
    how.write(path, three_components(how))
    whole = {segment.code: segment for segment in read_file(path, table=how.table).segments}
    for first, last in ((0, 1), (1234, 1235), (1000, 4321), (5999, 6000), (0, 6000)):
        wanted = Selection(START + timedelta(first / 100), START + timedelta(last / 100), None)
        parts = read_file(path, wanted, how.table).segments
        assert {segment.code for segment in parts} == set(whole)
        for part in parts:
            assert part.start_time == wanted.start_time
            np.testing.assert_array_equal(part.samples, whole[part.code].samples[first:last])


@HOW
def test_nothing_outside_the_file_and_of_other_channels(how: Written, tmp_path: Path) -> None:
    path = tmp_path / "file"
    segments = three_components(how)
    how.write(path, segments)
    assert read_file(path, Selection(START + timedelta(60), None), how.table).segments == []
    assert read_file(path, Selection(None, START), how.table).segments == []
    assert read_file(path, Selection(channels={"XX.AAA..BHX"}), how.table).segments == []
    (one,) = read_file(path, Selection(channels={segments[0].code}), how.table).segments
    assert one.code == segments[0].code


@pytest.mark.parametrize("how", WITH_GAPS, ids=[written.name for written in WITH_GAPS])
def test_gap_keeps_its_length(how: Written, tmp_path: Path) -> None:
    whole = make_segment(channel=how.channels[-1], dtype=how.dtype)
    before = replace(whole, samples=whole.samples[:2000])
    after = replace(whole, start_time=START + timedelta(35.0), samples=whole.samples[3500:])
    path = tmp_path / "file"
    how.write(path, [before, after])
    assert_same(read_file(path, table=how.table).segments, [before, after])
    spans = sorted(scan_file(path, how.table).spans, key=lambda span: span.start_time)
    assert spans[1].start_time - spans[0].end_time == timedelta(15.0)


@HOW
def test_end_before_start_is_refused(how: Written, tmp_path: Path) -> None:
    path = tmp_path / "file"
    how.write(path, three_components(how))
    with pytest.raises(DataError, match="not after its start"):
        read_file(path, Selection(START + timedelta(10), START), how.table)


def test_foreign_empty_and_missing_files_are_refused_by_name(tmp_path: Path) -> None:
    contents = {
        "empty": b"",
        "text": b"not a recording\n" * 100,
        "zeros": bytes(4096),
        "xml": b"<?xml ?><a/>",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert detect_format(tmp_path / name) is None
        with pytest.raises(DataError, match=name):
            read_file(tmp_path / name)
    with pytest.raises(DataError, match="gone"):
        read_file(tmp_path / "gone")


def test_pickle_is_not_opened(tmp_path: Path) -> None:
    # Reading ObsPy's PICKLE format would run what the file says.
    path = tmp_path / "file"
    path.write_bytes(b"cos\nsystem\n(S'touch %b'\ntR." % str(tmp_path / "ran").encode())
    assert detect_format(path) is None
    assert not (tmp_path / "ran").exists()


def test_sampling_interval_of_sac_is_not_its_single_precision(tmp_path: Path) -> None:
    path = tmp_path / "file"
    BY_NAME["sac"].write(path, [make_segment(dtype="float32", rate_hz=100.0)])
    assert read_file(path).segments[0].sampling_rate_hz == 100.0


def test_real_recordings_are_read_as_obspy_reads_them(shared_data: Path) -> None:
    from waveform_files import obspy

    paths = [
        shared_data / "noise/puertorico/PR.20170908_170000.mseed",
        shared_data / "noise/ocean_bottom/XS.S11D.LH.2016.12.11.mseed",
        shared_data / "earthquakes/anza/AZ.CRY01.sac",
    ]
    for path in paths:
        theirs = {trace.id: trace for trace in obspy.read(str(path))}
        segments = read_file(path).segments
        assert {segment.code for segment in segments} == set(theirs)
        for segment in segments:
            trace = theirs[segment.code]
            assert abs((segment.start_time - utc(str(trace.stats.starttime))).astype(int)) < 1000  # ns
            np.testing.assert_array_equal(segment.samples, trace.data)
