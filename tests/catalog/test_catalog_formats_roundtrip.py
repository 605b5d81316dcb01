import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from catalog_strategies import event_tables
from hypothesis import given, settings
from pandas.testing import assert_frame_equal

from tremorflow.catalog.formats import (
    FORMATS,
    detect_format,
    read_catalog,
    read_provenance,
    write_catalog,
)
from tremorflow.errors import CatalogError
from tremorflow.records import event_table

EXAMPLES = 8
OURS = ["csv", "parquet", "quakeml", "geojson", "geojson_ellipses", "slow_earthquake_db"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalogues")


@pytest.fixture
def tremor() -> pd.DataFrame:
    """Two events off Sanriku, the second as poor as one may be."""
    return event_table(
        [
            {
                "event_id": "20200524T020230-1",
                "time": pd.Timestamp("2020-05-24T02:02:30.125"),
                "start_time": pd.Timestamp("2020-05-24T02:02:10"),
                "end_time": pd.Timestamp("2020-05-24T02:02:50.5"),
                "latitude": 39.5,
                "longitude": 143.3,
                "depth_km": 16.25,
                "semi_major_km": 6.0,
                "semi_minor_km": 3.0,
                "azimuth_deg": 90.0,
                "depth_error_km": 4.5,
                "duration_s": 40.5,
                "n_stations": 9,
                "n_pairs": 30,
                "correlation": 0.8125,
                "quality": "B",
                "flags": "several_maxima;isolated",
                "method": "envelope_correlation",
                "version": "0.1",
                "settings_hash": "abc",
                "window_start": pd.Timestamp("2020-05-24T02:00:00"),
                "window_end": pd.Timestamp("2020-05-24T02:05:00"),
            },
            {"time": pd.Timestamp("2020-05-24T03:00:00"), "latitude": 40.0, "longitude": 143.0, "flags": ""},
        ]
    )


@settings(max_examples=EXAMPLES)
@given(events=event_tables())
def test_csv_keeps_every_bit(folder: Path, events: pd.DataFrame) -> None:
    write_catalog(events, folder / "a.csv")
    again = read_catalog(folder / "a.csv", format="csv")
    assert_frame_equal(again, events.assign(flags=events["flags"].fillna("")), check_exact=True)


@settings(max_examples=EXAMPLES)
@given(events=event_tables())
def test_parquet_keeps_every_bit(folder: Path, events: pd.DataFrame) -> None:
    write_catalog(events, folder / "a.parquet")
    assert_frame_equal(read_catalog(folder / "a.parquet"), events, check_exact=True)


@settings(max_examples=EXAMPLES)
@given(events=event_tables())
def test_geojson_keeps_every_bit(folder: Path, events: pd.DataFrame) -> None:
    write_catalog(events, folder / "a.geojson", format="geojson_ellipses")
    again = read_catalog(folder / "a.geojson")
    present = [name for name in events if name in again]
    assert events.drop(columns=present).isna().all(axis=None)
    assert_frame_equal(again[present], events[present], check_exact=True)


@settings(max_examples=6)
@given(events=event_tables())
def test_quakeml_is_valid_and_keeps_all_but_nanoseconds(folder: Path, events: pd.DataFrame) -> None:
    from obspy.io.quakeml.core import _validate

    write_catalog(events, folder / "a.xml")
    if len(events):  # the schema check wants at least what a catalogue of no events lacks
        assert _validate(str(folder / "a.xml"))
    again = read_catalog(folder / "a.xml")
    names = [name for name in events if name in again]
    assert events.drop(columns=names).isna().all(axis=None)
    lost = (again["time"] - events["time"]).abs()
    assert (lost <= pd.Timedelta(1, "us")).all()
    rest = [name for name in names if name != "time"]
    assert_frame_equal(again[rest], events[rest], check_exact=False, rtol=1e-14)


def test_slow_earthquake_db_keeps_what_it_prints(folder: Path, tremor: pd.DataFrame) -> None:
    write_catalog(tremor, folder / "a.sloweq.csv", {"reference": "Sagae et al., 2025"})
    assert detect_format(folder / "a.sloweq.csv") == "slow_earthquake_db"
    again = read_catalog(folder / "a.sloweq.csv")
    assert list(again["time"]) == [
        pd.Timestamp("2020-05-24T02:02:30.13"),  # printed to 0.01 s, halves up
        pd.Timestamp("2020-05-24T03:00:00"),
    ]
    kept = ["latitude", "longitude", "depth_km", "duration_s", "depth_error_km", "azimuth_deg"]
    assert_frame_equal(again[kept], tremor[kept])
    axes = ["semi_major_km", "semi_minor_km"]
    np.testing.assert_allclose(again[axes], tremor[axes], atol=1e-3)


def test_the_database_gets_the_columns_it_documents(folder: Path, tremor: pd.DataFrame) -> None:
    write_catalog(
        tremor, folder / "b.sloweq.csv", {"reference": "Sagae et al., 2025", "updated": "2026-01-01"}
    )
    frame = pd.read_csv(folder / "b.sloweq.csv", dtype=str, keep_default_na=False)
    first = frame.iloc[0]
    # by hand: the ellipse points east, so 6 km is err_y (longitude), 3 km err_x; 68.3 % is 1.515 sigma
    assert dict(first) == {
        "date": "2020-05-24", "time": "02:02:30", "year": "2020", "month": "05", "day": "24", "hour": "02",
        "min": "02", "sec": "30.13", "timezone": "0.0", "lat": "39.5000", "lon": "143.30000", "dep": "16.250",
        "mag": "", "duration": "40.50", "err_x": "1.980", "err_y": "3.960", "err_z": "4.500",
        "catalog": "tremorflow", "ref": "Sagae et al., 2025", "udate": "2026-01-01",
    }  # fmt: skip


def test_rounding_to_centiseconds_carries_into_the_date(folder: Path) -> None:
    events = event_table(
        [{"time": pd.Timestamp("2020-12-31T23:59:59.996"), "latitude": 1.0, "longitude": 2.0}]
    )
    write_catalog(events, folder / "c.sloweq.csv")
    assert (
        (folder / "c.sloweq.csv")
        .read_text()
        .splitlines()[1]
        .startswith("2021-01-01,00:00:00,2021,01,01,00,00,00.00")
    )


@pytest.mark.parametrize("name", OURS)
def test_content_tells_the_format_whatever_the_name(folder: Path, tremor: pd.DataFrame, name: str) -> None:
    path = folder / "catalogue.unknown"
    write_catalog(tremor, path, format=name)
    assert detect_format(path) == name.removesuffix("_ellipses")
    assert len(read_catalog(path)) == 2


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xml", ".geojson", ".sloweq.csv"])
def test_provenance_stays_with_the_catalogue(folder: Path, tremor: pd.DataFrame, suffix: str) -> None:
    provenance = {"rules": {"duplicate_distance_km": 30.0}, "version": "0.1", "見出し": ["a", None]}
    path = folder / f"told{suffix}"
    write_catalog(tremor, path, provenance)
    assert read_provenance(path) == provenance
    write_catalog(tremor, path)
    assert read_provenance(path) == {}


def test_parquet_carries_provenance_and_units_without_its_companion(
    folder: Path, tremor: pd.DataFrame
) -> None:
    import pyarrow.parquet as pq

    path = folder / "alone.parquet"
    write_catalog(tremor, path, {"version": "0.1"})
    (folder / "alone.parquet.provenance.json").unlink()
    assert read_provenance(path) == {"version": "0.1"}
    schema = pq.read_schema(path)
    assert schema.field("semi_major_km").metadata[b"unit"] == b"km"
    assert schema.field("time").type.tz == "UTC"


def test_pandas_reads_our_csv_in_one_call(folder: Path, tremor: pd.DataFrame) -> None:
    write_catalog(tremor, folder / "p.csv", {"version": "0.1"})
    frame = pd.read_csv(folder / "p.csv", parse_dates=["time"])
    assert list(frame.columns) == list(tremor.columns)
    assert frame["time"].iloc[0] == pd.Timestamp("2020-05-24T02:02:30.125Z")
    assert (folder / "p.csv").read_text().splitlines()[1].split(",")[1] == "2020-05-24T02:02:30.125Z"


def test_geojson_ellipse_has_its_axes_where_they_point(folder: Path, tremor: pd.DataFrame) -> None:
    from tremorflow.geodesy import east_north_km

    write_catalog(tremor, folder / "e.json", format="geojson_ellipses")
    features = json.loads((folder / "e.json").read_text())["features"]
    assert [feature["geometry"]["type"] for feature in features] == ["Point", "Polygon", "Point"]
    ring = np.array(features[1]["geometry"]["coordinates"][0])
    east, north = east_north_km(39.5, 143.3, ring[:, 1], ring[:, 0])
    assert abs(east).max() == pytest.approx(6.0, abs=0.01)
    assert abs(north).max() == pytest.approx(3.0, abs=0.01)
    assert (ring[0] == ring[-1]).all()
    area = 0.5 * np.sum(east[:-1] * north[1:] - east[1:] * north[:-1])
    assert area == pytest.approx(np.pi * 18, rel=0.01)  # positive: anticlockwise, as RFC 7946 wants it


def test_quakeml_puts_the_ellipse_where_others_look(folder: Path, tremor: pd.DataFrame) -> None:
    import obspy

    write_catalog(tremor, folder / "q.xml")
    first, second = obspy.read_events(folder / "q.xml")
    origin = first.preferred_origin()
    assert origin.depth == 16250.0
    assert origin.depth_errors.uncertainty == 4500.0
    assert origin.origin_uncertainty.max_horizontal_uncertainty == 6000.0
    assert origin.origin_uncertainty.azimuth_max_horizontal_uncertainty == 90.0
    assert origin.origin_uncertainty.confidence_level == 68.0
    assert origin.quality.used_station_count == 9
    assert "several_maxima;isolated" in first.comments[0].text
    assert second.preferred_origin().origin_uncertainty is None


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_with_a_writer_also_reads(name: str, folder: Path, tremor: pd.DataFrame) -> None:
    if FORMATS[name].write is None:
        with pytest.raises(CatalogError, match="only read"):
            write_catalog(tremor, folder / "x", format=name)
    else:
        write_catalog(tremor, folder / "x", format=name)
        assert read_catalog(folder / "x", format=name)["latitude"].tolist() == [39.5, 40.0]
