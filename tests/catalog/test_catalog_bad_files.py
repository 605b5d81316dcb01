import gzip
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tremorflow.catalog import formats
from tremorflow.catalog.formats import FORMATS, read_catalog, write_catalog
from tremorflow.errors import CatalogError
from tremorflow.records import event_table

EVENTS = event_table(
    [
        {
            "event_id": "a",
            "time": pd.Timestamp("2020-01-01T00:00:01"),
            "latitude": 40.0,
            "longitude": 143.0,
            "n_pairs": 7,
        }
    ]
)
NISHIKAWA = "2016 8 15 5 56 51.7 39.1 143.2 10 1 60\n"
WORLD = "2005-01-09,09:35:31,47.7,-121.9,21.3,1.59,11,1.2\n"
HEADER = "event_id,time,latitude,longitude,n_pairs\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "a,2020-01-01,40,143,7\nb,2020-13-01T00:00:00Z,40,143,7\n", "line 3: time '2020-13-01"),
        (HEADER + "a,2020-01-01T00:00:00Z,forty,143,7\n", "line 2: latitude 'forty' is not a number"),
        (HEADER + "a,2020-01-01T00:00:00Z,40,143,7.5\n", "line 2: n_pairs is not a whole number"),
        (HEADER + "a,2020-01-01T00:00:00Z,40,143\n", "line 2: 4 cells, expected 5"),
        (HEADER + '"a\nb",2020-01-01T00:00:00Z,40,143,7\nc,x,40,143,7\n', "line 4: time 'x'"),
        (HEADER + 'a,2020-01-01T00:00:00Z,40,143,7\n"b', "line 3: unexpected end of data"),
        (HEADER + "a,9999-01-01T00:00:00Z,40,143,7\n", "line 2: time '9999"),
        ("event_id,time,latitude,longitude,time\n", "stands twice"),
        ("", "no known format"),
        ("hello, world\n", "no known format"),
        (NISHIKAWA + "2016 8 15\n", "line 2: 3 numbers where 11"),
        (NISHIKAWA + "2016 8 32 5 56 51.7 39.1 143.2 10 1 60\n", "line 2: time '2016-08-32"),
        (WORLD + "2005-01-09,09:35:31,47.7,-121.9,x,1.59,11,1.2\n", "line 2: depth 'x'"),
        ('{"features": [{"properties": {"time": "x"}, "geometry": null}]}', "feature 1: time 'x'"),
        ('{"type": "FeatureCollection"}', "no GeoJSON"),
        ('{"type": ', "line 1"),
        ("<?xml version='1.0'?><q:quakeml", "as QuakeML"),
        ("PAR1 but no more", "as Parquet"),
        ("date,timezone,lat,lon\n2020-01-01,9,north,140\n", "line 2: lat 'north'"),
    ],
)  # fmt: skip
def test_bad_text_is_refused_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(CatalogError, match=r"bad\.txt") as caught:
        read_catalog(path)
    assert message in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(HEADER.encode() + b"a,2020-01-01T00:00:00Z,40,143,\xff\n")
    with pytest.raises(CatalogError, match=r"bad.csv, line 2: byte 0xff"):
        read_catalog(path)


def test_a_cut_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "a,2020-01-01T00:00:00Z,40,143,7\n").encode())[:-12])
    with pytest.raises(CatalogError, match="damaged gzip"):
        read_catalog(path)


def test_a_missing_file_and_an_unknown_format_are_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere\.csv"):
        read_catalog(tmp_path / "nowhere.csv")
    with pytest.raises(CatalogError, match="unknown catalogue format 'xls'"):
        read_catalog(tmp_path / "nowhere.csv", format="xls")
    with pytest.raises(CatalogError, match="suffix says no format"):
        write_catalog(EVENTS, tmp_path / "catalog.doc")
    with pytest.raises(CatalogError, match="plain types"):
        write_catalog(EVENTS, tmp_path / "catalog.csv", {"when": object()})


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.write])
def test_a_place_that_cannot_be_written_is_a_catalog_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogError, match="cannot write"):
        write_catalog(EVENTS, tmp_path / "file" / "catalog.csv", format=name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(CatalogError, match="cannot write"):
        write_catalog(EVENTS, tmp_path / "folder", format=name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_failed_write_leaves_the_old_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "catalog.csv"
    write_catalog(EVENTS, path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tremorflow.whole_files.os.replace", full)
    with pytest.raises(CatalogError, match="No space left"):
        write_catalog(pd.concat([EVENTS, EVENTS]), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["catalog.csv"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from([name for name, one in FORMATS.items() if one.write]))
def test_damaged_bytes_give_events_or_a_catalog_error(tmp_path: Path, data: st.DataObject, name: str) -> None:
    path = tmp_path / "fuzzed"
    write_catalog(EVENTS, path, format=name)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    for chosen in (name, None):
        try:
            read_catalog(path, format=chosen)
        except CatalogError:
            continue


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    name=st.sampled_from(list(formats.FORMATS)),
)
def test_foreign_bytes_give_events_or_a_catalog_error(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    for chosen in (name, None):
        try:
            read_catalog(path, format=chosen)
        except CatalogError:
            continue
