"""An archive through its index: what was written is found, pieces equal the whole, changes are seen."""

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from waveform_files import BY_NAME, START, TABLE, Written, make_segment, write_sds

import tremorflow.io.index as index_module
from tremorflow.errors import DataError
from tremorflow.io.archive import Archive, open_archive
from tremorflow.io.channel_table import write_channel_table
from tremorflow.io.index import INDEX_NAME
from tremorflow.io.stations import StationMetadata, write_stations_csv
from tremorflow.records import Network, Segment, Station, timedelta, utc

NETWORK = Network((Station("XX", "AAA", 48.0, -123.0, 10.0), Station("XX", "BBB", 48.2, -123.1, -2000.0)))
STATIONS = StationMetadata(NETWORK)
MIDNIGHT = utc("2020-05-25T00:00:00Z")


def two_stations_over_midnight() -> list[Segment]:
    return [
        make_segment(
            station=station,
            channel=f"HH{component}",
            start=MIDNIGHT - timedelta(300.0),
            length_s=600.0,
            rate_hz=20.0,
            seed=seed,
        )
        for seed, (station, component) in enumerate((s, c) for s in ("AAA", "BBB") for c in "ENZ")
    ]


def samples(archive: Archive, code: str, start: np.datetime64, length_s: float) -> np.ndarray:
    reading = archive.read_station(code, start, start + timedelta(length_s))
    assert reading.skips == []
    return reading.waveforms.samples[0]


def test_sds_tree_is_read_over_midnight(tmp_path: Path) -> None:
    segments = two_stations_over_midnight()
    assert len(write_sds(tmp_path, segments)) == 12
    archive = open_archive(tmp_path, stations=STATIONS)
    assert archive.station_codes == ("XX.AAA", "XX.BBB")
    assert archive.network == NETWORK
    assert archive.time_span() == (segments[0].start_time, segments[0].end_time)
    for number, code in enumerate(archive.station_codes):
        reading = archive.read_station(code, segments[0].start_time, segments[0].end_time)
        expected = np.array([segment.samples for segment in segments[3 * number : 3 * number + 3]])
        np.testing.assert_array_equal(reading.waveforms.samples[0], expected)
        assert reading.waveforms.components == ("E", "N", "Z")
        assert [channel.code for channel in reading.channels] == [f"{code}..HH{c}" for c in "ENZ"]


def test_pieces_equal_the_whole_and_the_whole_the_pieces(tmp_path: Path) -> None:
    write_sds(tmp_path, two_stations_over_midnight())
    archive = open_archive(tmp_path, stations=STATIONS)
    start = MIDNIGHT - timedelta(400.0)
    whole = samples(archive, "XX.BBB", start, 800.0)
    pieces = [samples(archive, "XX.BBB", start + timedelta(s), 160.0) for s in range(160, 640, 160)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=-1), whole[:, 160 * 20 : 640 * 20])
    # Nothing was recorded in the first and last 100 s.
    assert np.isnan(whole[:, :2000]).all()
    assert np.isnan(whole[:, -2000:]).all()
    assert not np.isnan(whole[:, 2000:-2000]).any()


@pytest.mark.parametrize("offset", [-0.3, 0.3])
def test_pieces_equal_the_whole_beside_the_grid_too(offset: float, tmp_path: Path) -> None:
    segment = make_segment(start=START + timedelta(offset / 100), length_s=100.0)
    BY_NAME["miniseed-3"].write(tmp_path / "file", [segment])
    archive = open_archive(tmp_path, stations=STATIONS)
    whole = samples(archive, "XX.AAA", START, 100.0)
    pieces = [samples(archive, "XX.AAA", START + timedelta(s), 20.0) for s in range(0, 100, 20)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=-1), whole)
    np.testing.assert_array_equal(whole[0], segment.samples)


def test_gap_between_files_is_missing_for_exactly_its_length(tmp_path: Path) -> None:
    whole = make_segment(length_s=100.0)
    how = BY_NAME["miniseed-steim2"]
    how.write(tmp_path / "a", [replace(whole, samples=whole.samples[:3000])])
    how.write(
        tmp_path / "b", [replace(whole, start_time=START + timedelta(41.23), samples=whole.samples[4123:])]
    )
    found = samples(open_archive(tmp_path, stations=STATIONS), "XX.AAA", START, 100.0)[0]
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(3000, 4123))
    np.testing.assert_array_equal(found[4123:], whole.samples[4123:])


@pytest.mark.parametrize("name", ["miniseed-steim2", "miniseed-3", "sac", "slist", "win32"])
def test_folder_of_any_format(name: str, tmp_path: Path) -> None:
    how: Written = BY_NAME[name]
    segments = [make_segment(channel=how.channels[-1], seed=k, dtype=how.dtype) for k in range(3)]
    segments = [
        replace(segment, start_time=START + timedelta(60.0 * k)) for k, segment in enumerate(segments)
    ]
    for number, segment in enumerate(segments):
        folder = tmp_path / f"hour{number}"
        folder.mkdir()
        how.write(folder / "file", [segment])
    if how.table is not None:
        write_channel_table(tmp_path / "table.ch", how.table)
    archive = open_archive(tmp_path, stations=None if how.table else STATIONS)
    assert archive.count_formats() == {how.format: 3}
    found = samples(archive, "XX.AAA", START, 180.0)[0]
    np.testing.assert_array_equal(found, np.concatenate([segment.samples for segment in segments]))


def test_files_of_many_stations_are_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = BY_NAME["win32"]
    segments = [
        make_segment(station=station, channel=channel, seed=seed)
        for seed, (station, channel) in enumerate((s, c) for s in ("AAA", "BBB") for c in "ENU")
    ]
    how.write(tmp_path / "minute", segments)
    write_channel_table(tmp_path / "table.euc", TABLE)
    archive = open_archive(tmp_path)
    opened = []
    read = archive.read_indexed
    monkeypatch.setattr(archive, "read_indexed", lambda *args: opened.append(args[0]) or read(*args))
    readings = list(archive.read_stations(archive.station_codes, START, START + timedelta(60.0)))
    assert opened == ["minute"]
    for number, reading in enumerate(readings):
        np.testing.assert_array_equal(
            reading.waveforms.samples[0], [s.samples for s in segments[3 * number : 3 * number + 3]]
        )


def test_query_opens_only_files_that_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The long file of another station must not widen what is looked at.
    write_sds(
        tmp_path, [*two_stations_over_midnight(), make_segment(station="CCC", length_s=7200, rate_hz=5)]
    )
    archive = open_archive(tmp_path, stations=STATIONS)
    opened = []
    read = archive.read_indexed
    monkeypatch.setattr(archive, "read_indexed", lambda *args: opened.append(args[0]) or read(*args))
    archive.read_station("XX.AAA", MIDNIGHT + timedelta(60.0), MIDNIGHT + timedelta(120.0))
    assert sorted(opened) == [f"2020/XX/AAA/HH{c}.D/XX.AAA..HH{c}.D.2020.146" for c in "ENZ"]


def count_scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    scanned: list[str] = []
    scan = index_module.scan_file
    monkeypatch.setattr(
        index_module, "scan_file", lambda path, *more: scanned.append(path.name) or scan(path, *more)
    )
    return scanned


def test_index_is_built_once_and_follows_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = count_scans(monkeypatch)
    paths = write_sds(tmp_path, two_stations_over_midnight())
    before = open_archive(tmp_path, stations=STATIONS).spans()
    assert len(scanned) == 12

    scanned.clear()
    again = open_archive(tmp_path, stations=STATIONS).spans()
    assert scanned == []
    assert again.equals(before)

    scanned.clear()
    paths[0].unlink()
    changed = make_segment(station="BBB", channel="HHZ", start=MIDNIGHT, length_s=30.0, rate_hz=20.0)
    BY_NAME["miniseed-steim2"].write(paths[-1], [changed])
    BY_NAME["miniseed-steim2"].write(tmp_path / "new", [make_segment(station="CCC")])
    archive = open_archive(tmp_path, stations=STATIONS)
    assert sorted(scanned) == sorted([paths[-1].name, "new"])
    spans = archive.spans()
    assert len(spans) == 12
    assert "XX.CCC" in archive.station_codes
    assert str(paths[0].relative_to(tmp_path)) not in set(spans["file"])
    assert spans.set_index("file").loc[str(paths[-1].relative_to(tmp_path)), "n_samples"] == 600

    scanned.clear()
    (tmp_path / "new").unlink()
    assert "XX.CCC" not in open_archive(tmp_path, stations=STATIONS).station_codes
    assert scanned == []


def test_same_size_and_another_time_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    how = BY_NAME["miniseed-int32"]
    how.write(path, [make_segment(seed=1)])
    open_archive(tmp_path, stations=STATIONS)
    later = make_segment(seed=2, start=START + timedelta(3600.0))
    how.write(path, [later])
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert open_archive(tmp_path, stations=STATIONS).time_span()[0] == later.start_time


def test_new_channel_table_renames_the_channels(tmp_path: Path) -> None:
    BY_NAME["win32"].write(tmp_path / "minute", [make_segment(channel="U")])
    assert open_archive(tmp_path).station_codes == ("WIN32.1002",)
    write_channel_table(tmp_path / "table.ch", TABLE)
    assert open_archive(tmp_path).station_codes == ("XX.AAA",)


def test_damaged_index_is_made_anew(tmp_path: Path) -> None:
    write_sds(tmp_path, two_stations_over_midnight())
    before = open_archive(tmp_path, stations=STATIONS).spans()
    (tmp_path / INDEX_NAME).write_bytes(b"not a database" * 1000)
    assert open_archive(tmp_path, stations=STATIONS).spans().equals(before)
    (tmp_path / INDEX_NAME).unlink()
    sqlite3.connect(tmp_path / INDEX_NAME).execute("PRAGMA user_version = 999").connection.close()
    assert open_archive(tmp_path, stations=STATIONS).spans().equals(before)


def test_index_that_another_process_holds_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sds(tmp_path, two_stations_over_midnight())
    open_archive(tmp_path, stations=STATIONS)
    monkeypatch.setattr(index_module, "LOCK_TIMEOUT_S", 0.1)
    other = sqlite3.connect(tmp_path / INDEX_NAME)
    other.execute("BEGIN IMMEDIATE")
    # With nothing to write, nobody waits.
    assert len(open_archive(tmp_path, stations=STATIONS).spans()) == 12
    BY_NAME["miniseed-steim2"].write(tmp_path / "new", [make_segment(station="CCC")])
    with pytest.raises(DataError, match="locked"):
        open_archive(tmp_path, stations=STATIONS)
    other.close()
    assert "XX.CCC" in open_archive(tmp_path, stations=STATIONS).station_codes


def test_index_can_lie_elsewhere(tmp_path: Path) -> None:
    write_sds(tmp_path / "data", two_stations_over_midnight())
    open_archive(tmp_path / "data", stations=STATIONS, index_folder=tmp_path / "cache" / "deep")
    assert not (tmp_path / "data" / INDEX_NAME).exists()
    assert len(list((tmp_path / "cache" / "deep").iterdir())) == 1
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="index folder"):
        open_archive(tmp_path / "data", index_folder=tmp_path / "file")


def test_single_file_is_an_archive(tmp_path: Path) -> None:
    BY_NAME["miniseed-steim2"].write(tmp_path / "file", [make_segment()])
    (tmp_path / "other").write_bytes(b"something else")
    archive = open_archive(tmp_path / "file", stations=STATIONS)
    np.testing.assert_array_equal(samples(archive, "XX.AAA", START, 60.0)[0], make_segment().samples)
    assert archive.skips == []
    assert not (tmp_path / INDEX_NAME).exists()


def test_foreign_files_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    BY_NAME["miniseed-steim2"].write(tmp_path / "good", [make_segment()])
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("a recording was made here")
    archive = open_archive(tmp_path, stations=STATIONS)
    assert {(skip.file, skip.count) for skip in archive.skips} == {("empty", 1), ("notes.txt", 1)}
    np.testing.assert_array_equal(samples(archive, "XX.AAA", START, 60.0)[0], make_segment().samples)


def test_file_that_vanishes_after_indexing_is_a_skip(tmp_path: Path) -> None:
    BY_NAME["miniseed-steim2"].write(tmp_path / "file", [make_segment()])
    archive = open_archive(tmp_path, stations=STATIONS)
    (tmp_path / "file").unlink()
    reading = archive.read_station("XX.AAA", START, START + timedelta(60.0))
    assert reading.waveforms is None
    (skip,) = reading.skips
    assert skip.file == "file"
    assert "cannot be opened" in skip.reason


def test_what_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recording"):
        open_archive(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        open_archive(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("a recording was made here")
    with pytest.raises(DataError, match="not a recording"):
        open_archive(tmp_path)
    BY_NAME["miniseed-steim2"].write(tmp_path / "file", [make_segment()])
    archive = open_archive(tmp_path, stations=STATIONS)
    with pytest.raises(DataError, match=r"XX\.ZZZ.*XX\.AAA"):
        archive.read_station("XX.ZZZ", START, START + timedelta(1.0))
    with pytest.raises(DataError, match="not after its start"):
        archive.read_station("XX.AAA", START, START)


def test_station_without_coordinates_is_a_skip(tmp_path: Path) -> None:
    for station in ("AAA", "CCC"):
        BY_NAME["miniseed-steim2"].write(tmp_path / station, [make_segment(station=station)])
    write_stations_csv(tmp_path / "stations.csv", NETWORK)
    archive = open_archive(tmp_path, stations=tmp_path / "stations.csv")
    assert archive.network.codes == ("XX.AAA",)
    assert archive.without_coordinates == ("XX.CCC",)
    reading = archive.read_station("XX.CCC", START, START + timedelta(60.0))
    assert reading.waveforms is None
    assert "without coordinates" in reading.skips[0].reason


def test_data_without_network_code_take_that_of_the_table(tmp_path: Path) -> None:
    BY_NAME["miniseed-steim2"].write(tmp_path / "file", [replace(make_segment(), network="")])
    archive = open_archive(tmp_path, stations=STATIONS)
    assert archive.network.codes == ("XX.AAA",)
    np.testing.assert_array_equal(samples(archive, "XX.AAA", START, 60.0)[0], make_segment().samples)


def test_progress_counts_up_to_all_files(tmp_path: Path) -> None:
    write_sds(tmp_path, two_stations_over_midnight())
    seen: list[tuple[int, int]] = []
    open_archive(tmp_path, stations=STATIONS, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 12) for done in range(1, 13)]
