"""What ``tremorflow inspect`` says is what was written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from waveform_files import BY_NAME, START, TABLE, make_segment

from tremorflow.errors import DataError
from tremorflow.io.channel_table import write_channel_table
from tremorflow.io.inspect import format_inspection, inspect, measure_coverage
from tremorflow.io.stations import StationMetadata
from tremorflow.records import Network, Station, timedelta

STATIONS = StationMetadata(Network((Station("XX", "AAA", 48.0, -123.0, 10.0),)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stations; the first with a gap of 12.5 s in Z, and 5 s twice."""
    how = BY_NAME["miniseed-steim2"]
    whole = make_segment(length_s=60.0)
    before = replace(whole, samples=whole.samples[:2000])
    after = replace(whole, start_time=START + timedelta(32.5), samples=whole.samples[3250:])
    again = replace(whole, start_time=START + timedelta(40.0), samples=whole.samples[4000:4500])
    for number, segment in enumerate((before, after, again)):
        how.write(tmp_path / f"z{number}", [segment])
    how.write(tmp_path / "rest", [make_segment(channel="HHN"), make_segment(station="BBB", rate_hz=50.0)])
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


def test_stations_rates_spans_and_gaps(folder: Path) -> None:
    found = inspect(folder, stations=STATIONS)
    first, second = found.table.to_dict("records")
    assert (first["station"], first["channels"], first["sampling_rate_hz"]) == ("XX.AAA", "HHN,HHZ", 100.0)
    assert (first["start_time"], first["end_time"]) == (START, START + timedelta(60.0))
    assert (first["n_gaps"], first["gap_s"], first["recorded_s"]) == (1, 12.5, 60.0)
    assert (first["has_coordinates"], second["has_coordinates"]) == (True, False)
    assert (second["station"], second["sampling_rate_hz"], second["n_gaps"]) == ("XX.BBB", 50.0, 0)
    assert found.formats == {"miniseed": 4}
    assert [skip.file for skip in found.skips] == ["notes.txt"]


def test_text_says_what_a_newcomer_needs(folder: Path) -> None:
    text = format_inspection(inspect(folder, stations=STATIONS))
    assert "2 stations in 4 files (4 miniseed)" in text
    assert "from 2020-05-24 02:00:00 to 2020-05-24 02:01:00 UTC" in text
    assert "1 stations have no coordinates" in text
    assert "1 x not a recording in any known format, in notes.txt" in text
    (row,) = [line for line in text.splitlines() if line.startswith("XX.AAA")]
    assert "12.5 s" in row
    # Columns stand under their names.
    header = next(line for line in text.splitlines() if line.startswith("station"))
    assert row.index("HHN,HHZ") == header.index("channels")


def test_unit_is_known_where_the_sensitivity_is(tmp_path: Path) -> None:
    BY_NAME["win32"].write(tmp_path / "minute", [make_segment(channel="U")])
    write_channel_table(tmp_path / "table.ch", TABLE)
    assert inspect(tmp_path).table["unit"].tolist() == ["count"]
    rows = tuple(
        replace(row, sensor_sensitivity=180.0, unit="m/s", preamplification_db=0.0) for row in TABLE.rows
    )
    rows = tuple(replace(row, volts_per_count=1e-7) for row in rows)
    write_channel_table(tmp_path / "table.ch", replace(TABLE, rows=rows))
    assert inspect(tmp_path).table["unit"].tolist() == ["m/s"]


def test_coverage_counts_overlaps_once() -> None:
    runs = (np.array([[0, 10], [5, 8], [9, 12], [20, 30]]) * 1e9).astype(np.int64)
    assert measure_coverage(runs, 100.0) == (22.0, 1, 8.0)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no recording"):
        inspect(tmp_path)


def test_real_folders(shared_data: Path, tmp_path: Path) -> None:
    found = inspect(shared_data / "noise", index_folder=tmp_path)
    assert {"PR.PR15", "CI.HEC", "YA.UV10"} <= set(found.table["station"])
    hinet = inspect(shared_data / "win32" / "hinet", index_folder=tmp_path)
    assert hinet.table["unit"].unique().tolist() == ["m/s"]
    assert format_inspection(hinet).count("N.N") >= 2
