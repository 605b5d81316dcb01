"""A run from raw recordings finds their burst, whatever the format, and says what it left out."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from archives import SimulatedArchive
from typer.testing import CliRunner

from tremorflow.analysis import CONVENTIONAL
from tremorflow.batch.run import run_settings_file, summary_lines
from tremorflow.catalog.formats import read_catalog
from tremorflow.cli import app
from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import distances_km
from tremorflow.records import Segment, utc

SETTINGS = """
[archive]
path = "{path}"
{stations}
index_folder = "{index}"
{more}
[location]
depth = "fixed"
fixed_depth_km = 20.0
"""


def write_settings(folder: Path, archive: SimulatedArchive, more: str = "", stations: bool = True) -> Path:
    path = folder / "config.toml"
    index = folder / "index"
    index.mkdir()
    line = f'stations = "{archive.folder / "stations.csv"}"' if stations else ""
    path.write_text(
        SETTINGS.format(path=archive.folder, stations=line, index=index, more=more), encoding="utf-8"
    )
    return path


def check_burst(events: pd.DataFrame, archive: SimulatedArchive) -> None:
    assert len(events) >= 1
    best = events.sort_values("n_pairs").iloc[-1]
    error_km = float(distances_km(archive.latitude, archive.longitude, best["latitude"], best["longitude"]))
    assert error_km < 3.0
    assert error_km < 1.5 * best["semi_major_km"]
    assert best["n_stations"] >= 10
    middle = utc("2024-03-01T00:07:10Z")
    assert abs(best["time"].to_datetime64() - middle) < np.timedelta64(30, "s")


def test_burst_in_miniseed_is_found(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    output = tmp_path / "out"
    result = run_settings_file(write_settings(tmp_path, sds_archive), output, CONVENTIONAL)
    check_burst(result.events, sds_archive)
    assert result.counts["stations"] == 12
    assert len(result.events) <= 2
    again = read_catalog(output / "catalog.csv")
    pd.testing.assert_frame_equal(again, read_catalog(output / "catalog.parquet"))
    assert list(again["event_id"]) == list(result.events["event_id"])
    for name in (
        "catalog.xml",
        "catalog.geojson",
        "map.png",
        "time_latitude.png",
        "report.html",
        "settings.toml",
    ):
        assert (output / name).stat().st_size > 300, name
    provenance = json.loads((output / "run.json").read_text(encoding="utf-8"))
    assert provenance["settings_hash"] == again["settings_hash"].iloc[0]
    lines = "\n".join(summary_lines(result))
    assert "12 stations" in lines
    assert f"{len(result.events)} events" in lines


def test_win32_gives_what_miniseed_gives(
    sds_archive: SimulatedArchive, win32_archive: SimulatedArchive, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = run_settings_file(
        write_settings(tmp_path / "a", sds_archive), tmp_path / "a" / "out", CONVENTIONAL
    )
    second = run_settings_file(
        write_settings(tmp_path / "b", win32_archive, stations=False), tmp_path / "b" / "out", CONVENTIONAL
    )
    check_burst(second.events, win32_archive)
    # WIN32's channel tables keep four decimals of a degree: 10 m
    assert np.allclose(first.events["latitude"], second.events["latitude"], atol=5e-3)
    assert np.allclose(first.events["longitude"], second.events["longitude"], atol=5e-3)


def test_small_chunks_change_nothing(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = run_settings_file(
        write_settings(tmp_path / "a", sds_archive), tmp_path / "a" / "out", CONVENTIONAL
    )
    pieces = run_settings_file(
        write_settings(tmp_path / "b", sds_archive, "chunk_s = 97.0"), tmp_path / "b" / "out", CONVENTIONAL
    )
    assert len(whole.events) == len(pieces.events)
    assert np.allclose(whole.events["latitude"], pieces.events["latitude"], atol=1e-3)
    assert np.allclose(whole.events["semi_major_km"], pieces.events["semi_major_km"], rtol=0.02)


def test_span_and_exclusions_are_kept(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    more = 'start = "2024-03-01T00:05:00Z"\nend = "2024-03-01T00:12:30Z"\nexclude_stations = ["N.T03"]'
    result = run_settings_file(write_settings(tmp_path, sds_archive, more), tmp_path / "out", CONVENTIONAL)
    assert sum(result.windows.values()) == 2
    assert result.counts["stations"] == 11
    assert "excluded in the settings" in set(result.skips["reason"])


def test_damaged_and_missing_parts_are_counted(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(sds_archive.folder, folder)
    files = sorted(folder.rglob("*HH*.D.2024.061"))
    files[0].write_bytes(files[0].read_bytes()[:5000])  # cut off
    files[4].write_bytes(b"")  # empty
    files[7].write_bytes(b"not a recording" * 100)  # foreign
    (folder / "stations.csv").write_text(
        "\n".join((sds_archive.folder / "stations.csv").read_text().splitlines()[:-1]) + "\n",
        encoding="utf-8",
    )
    damaged = SimulatedArchive(
        folder, sds_archive.network, sds_archive.latitude, sds_archive.longitude, sds_archive.depth_km
    )
    result = run_settings_file(write_settings(tmp_path, damaged), tmp_path / "out", CONVENTIONAL)
    check_burst(result.events, damaged)
    reasons = " ".join(result.skips["reason"])
    assert "no coordinates" in reasons
    assert (tmp_path / "out" / "skips.csv").read_text(encoding="utf-8").count("\n") == len(result.skips) + 1
    assert result.skips["count"].sum() >= 4


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[archive]\npath = 'nowhere'\n", "does not exist"),
        ("[archive]\n", "archive.path is empty"),
        ("[archive]\npath = '.'\n", "no recording"),
        ("[archive\n", "not TOML"),
        ("[location]\nwindow = 3\n", r"location\.window is not a setting; did you mean window_s"),
    ],
)
def test_what_cannot_run_says_why(tmp_path: Path, text: str, match: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises((DataError, SettingsError), match=match):
        run_settings_file(config, tmp_path / "out", CONVENTIONAL)


def test_one_station_is_refused(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    more = 'exclude_stations = ["' + '", "'.join(sds_archive.network.codes[1:]) + '"]'
    with pytest.raises(DataError, match="min_stations"):
        run_settings_file(write_settings(tmp_path, sds_archive, more), tmp_path / "out", CONVENTIONAL)


def test_output_folder_that_is_a_file_is_refused(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    with pytest.raises(DataError, match="output folder"):
        run_settings_file(write_settings(tmp_path, sds_archive), tmp_path / "out", CONVENTIONAL)


def test_program_runs_a_settings_file(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    config = write_settings(tmp_path, sds_archive)
    result = CliRunner().invoke(app, ["run", str(config), "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "12 stations" in result.output
    assert (tmp_path / "out" / "catalog.csv").is_file()


def test_sensors_along_the_cable_are_turned(
    sds_archive: SimulatedArchive,
    tremor_source: tuple[object, list[Segment], float, float, float],
    tmp_path: Path,
) -> None:
    """X, Y, Z of a sensor that lies on its side give what E, N, Z give, once its attitude is known."""
    from obspy import Trace, UTCDateTime

    attitude = np.array(
        [[0.0, 0.6, 0.8], [0.0, 0.8, -0.6], [-1.0, 0.0, 0.0]]
    )  # rows E, N, U; columns X, Y, Z
    folder = tmp_path / "xyz"
    folder.mkdir()
    network, segments = sds_archive.network, tremor_source[1]
    for k, station in enumerate(network.stations):
        ground = np.array([segment.samples for segment in segments[3 * k : 3 * k + 3]], dtype=np.float64)
        sensor = np.round(attitude.T @ ground).astype(np.int32)
        for name, samples in zip("XYZ", sensor, strict=True):
            header = {
                "network": station.network,
                "station": station.station,
                "channel": f"HH{name}",
                "sampling_rate": 50.0,
                "starttime": UTCDateTime(2024, 3, 1),
            }
            Trace(samples, header).write(str(folder / f"{station.code}.{name}.mseed"), format="MSEED")
    rows = [
        f"{station.code}," + ",".join(f"{v:.4f}" for v in attitude.ravel()) for station in network.stations
    ]
    header = "Station name, R11, R12, R13, R21, R22, R23, R31, R32, R33"
    (tmp_path / "attitudes.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    shutil.copy(sds_archive.folder / "stations.csv", folder / "stations.csv")
    turned = SimulatedArchive(
        folder, network, sds_archive.latitude, sds_archive.longitude, sds_archive.depth_km
    )
    config = write_settings(tmp_path, turned, f'orientations = "{tmp_path / "attitudes.csv"}"')
    result = run_settings_file(config, tmp_path / "out", CONVENTIONAL)
    (tmp_path / "enz").mkdir()
    plain = run_settings_file(
        write_settings(tmp_path / "enz", sds_archive), tmp_path / "enz" / "out", CONVENTIONAL
    )
    check_burst(result.events, turned)
    assert np.allclose(result.events["latitude"], plain.events["latitude"], atol=2e-3)
    assert np.allclose(result.events["correlation"], plain.events["correlation"], atol=2e-3)


def test_recordings_shorter_than_a_window_are_refused(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    more = 'end = "2024-03-01T00:02:00Z"'
    with pytest.raises(DataError, match=r"are 120 s long, too short .* location\.window_s = 300"):
        run_settings_file(write_settings(tmp_path, sds_archive, more), tmp_path / "out", CONVENTIONAL)


def test_detections_of_an_earlier_run_do_not_stay(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    config = write_settings(tmp_path, sds_archive)
    run_settings_file(config, tmp_path / "out", CONVENTIONAL)
    assert len(read_catalog(tmp_path / "out" / "detections.csv")) >= 1
    config.write_text(config.read_text(encoding="utf-8") + "min_pairs = 500\n", encoding="utf-8")
    result = run_settings_file(config, tmp_path / "out", CONVENTIONAL)
    assert len(result.events) == 0
    assert len(read_catalog(tmp_path / "out" / "detections.csv")) == 0
    assert "No event was located" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_an_excluded_station_of_another_year_does_not_stretch_the_span(
    sds_archive: SimulatedArchive, tmp_path: Path
) -> None:
    from obspy import Trace, UTCDateTime

    folder = tmp_path / "long"
    shutil.copytree(sds_archive.folder, folder)
    header = {"network": "N", "station": "OLD", "channel": "HHE", "sampling_rate": 50.0}
    trace = Trace(np.arange(500, dtype=np.int32), {**header, "starttime": UTCDateTime(1995, 1, 1)})
    trace.write(str(folder / "old.mseed"), format="MSEED")
    table = folder / "stations.csv"
    table.write_text(table.read_text(encoding="utf-8") + "N,OLD,38.0,142.0,0,,\n", encoding="utf-8")
    longer = replace(sds_archive, folder=folder)
    config = write_settings(tmp_path, longer, 'exclude_stations = ["N.OLD"]')
    result = run_settings_file(config, tmp_path / "out", CONVENTIONAL)
    assert result.span[0] >= utc("2024-03-01T00:00:00Z")


def test_hash_changes_with_the_stations_and_not_with_their_file(
    sds_archive: SimulatedArchive, tmp_path: Path
) -> None:
    def run_hash(name: str, edit: bool) -> str:
        folder = tmp_path / name
        folder.mkdir()
        stations = folder / "stations.csv"
        text = (sds_archive.folder / "stations.csv").read_text(encoding="utf-8").splitlines()
        if edit:
            cells = text[1].split(",")
            cells[2] = f"{float(cells[2]) + 0.01:.5f}"
            text[1] = ",".join(cells)
        stations.write_text("\n".join(text) + "\n", encoding="utf-8")
        more = 'end = "2024-03-01T00:05:00Z"'
        config = write_settings(folder, sds_archive, more, stations=False)
        line = f'[archive]\nstations = "{stations}"\n'
        config.write_text(config.read_text(encoding="utf-8").replace("[archive]\n", line), encoding="utf-8")
        return run_settings_file(config, folder / "out", CONVENTIONAL).settings_hash

    first, moved, edited = run_hash("a", False), run_hash("b", False), run_hash("c", True)
    assert first == moved
    assert first != edited


def test_times_of_toml_are_times(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    more = "start = 2024-03-01T00:05:00Z\nend = 2024-03-01T00:12:30Z"
    result = run_settings_file(write_settings(tmp_path, sds_archive, more), tmp_path / "out", CONVENTIONAL)
    assert sum(result.windows.values()) == 2


def test_sac_headers_place_the_stations(
    sds_archive: SimulatedArchive,
    tremor_source: tuple[object, list[Segment], float, float, float],
    tmp_path: Path,
) -> None:
    """Without any station table; a file whose header has no place leaves its station out, counted."""
    from obspy import Trace, UTCDateTime

    folder = tmp_path / "sac"
    folder.mkdir()
    for k, segment in enumerate(tremor_source[1]):
        station = sds_archive.network.stations[k // 3]
        header = {
            "network": segment.network,
            "station": segment.station,
            "channel": segment.channel,
            "sampling_rate": segment.sampling_rate_hz,
            "starttime": UTCDateTime(str(segment.start_time)),
        }
        if k >= 3:
            header["sac"] = {"stla": station.latitude, "stlo": station.longitude, "stel": station.elevation_m}
        trace = Trace(segment.samples.astype(np.float32), header)
        trace.write(str(folder / f"{segment.code}.sac"), format="SAC")
    headed = replace(sds_archive, folder=folder)
    result = run_settings_file(
        write_settings(tmp_path, headed, stations=False), tmp_path / "out", CONVENTIONAL
    )
    check_burst(result.events, headed)
    assert result.counts["stations"] == 11
    assert "no coordinates" in " ".join(result.skips["reason"])
