"""Real published catalogues, and small texts in the formats of those that may not be shared."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tremorflow.catalog.compare import compare_catalogs
from tremorflow.catalog.formats import detect_format, read_catalog

ROWS = {  # counted by `grep -c .`, less one where there is a header
    "Cascadia-20050101-20141231.csv": 30084,
    "Guerrero-GGAP-20091126-20130817.csv": 6776,
    "Guerrero-MASE-20050101-20070606.csv": 1908,
    "Jalisco-Colima-20060126-20070609.csv": 1411,
    "Kyushu-20040401-20130331.csv": 88,
    "Manawatu-20040501-20120430.csv": 184,
    "Parkfield-20100101-20121231.csv": 2056,
    "Southern-Chile.20050101-20070228.csv": 1229,
    "Taiwan.20060101-20091231.csv": 121,
    "World-Tremor-Combined.csv": 43769,
    "PNSN_2009-2018_NW.csv.gz": 62310,
    "usgs_japan_trench_2001_2019_merged.csv": 12781,
}


@pytest.mark.parametrize("name", ROWS)
def test_published_catalogues_are_read_whole(shared_data: Path, name: str) -> None:
    events = read_catalog(shared_data / "catalogs" / name)
    assert len(events) == ROWS[name]
    assert events[["time", "latitude", "longitude"]].notna().all(axis=None)
    assert events["event_id"].is_unique


def test_kyushu_is_turned_from_japan_time(shared_data: Path) -> None:
    events = read_catalog(shared_data / "catalogs" / "Kyushu-20040401-20130331.csv")
    # first line: 2004-10-06,02:04:02,32.005249,131.283295,27.392,-0.35,17,0.7213,"2004/10/06 02:04:2.0"
    assert events["time"][0] == pd.Timestamp("2004-10-05T17:04:02")
    assert events["time"][1] == pd.Timestamp("2004-10-06T16:24:05.7")
    first = events.loc[0, ["latitude", "longitude", "depth_km", "duration_s"]]
    assert first.tolist() == [32.005249, 131.283295, 27.392, 17.0]


def test_taiwan_and_cascadia_stay_in_utc(shared_data: Path) -> None:
    taiwan = read_catalog(shared_data / "catalogs" / "Taiwan.20060101-20091231.csv")
    assert taiwan["time"][0] == pd.Timestamp("2006-07-07T18:08:46")
    cascadia = read_catalog(shared_data / "catalogs" / "Cascadia-20050101-20141231.csv")
    assert cascadia["time"].iloc[-1] == pd.Timestamp("2014-12-30T08:28:47.2")


def test_regional_and_combined_files_tell_of_the_same_tremor(shared_data: Path) -> None:
    combined = read_catalog(shared_data / "catalogs" / "World-Tremor-Combined.csv")
    parkfield = read_catalog(shared_data / "catalogs" / "Parkfield-20100101-20121231.csv")
    comparison = compare_catalogs(combined, parkfield)
    assert comparison.recall.value == 1.0
    assert comparison.offsets.distance_km.percentiles["95"] < 0.01
    # the combined file drops the tenths of a second
    assert 0 <= -comparison.offsets.time_s.median < 1


def test_a_catalogue_is_like_itself_and_little_like_itself_six_hours_on(shared_data: Path) -> None:
    events = read_catalog(shared_data / "catalogs" / "PNSN_2009-2018_NW.csv.gz")
    events = events[events["time"].dt.year == 2012]
    same = compare_catalogs(events, events)
    assert (same.recall.value, same.precision.value, same.multiple) == (1.0, 1.0, 1.0)
    assert same.duplicates_a == same.duplicates_b == 0
    assert same.offsets.distance_km.percentiles["95"] == 0.0
    later = events.assign(time=events["time"] + pd.Timedelta(6, "h"))
    shifted = compare_catalogs(later, events)
    assert shifted.recall.value < 0.5
    assert shifted.recall.hits == same.chance_recall.hits


NISHIKAWA = """# Nishikawa et al. (2023)
# year month day hour minute second latitude longitude depth magnitude duration
2016 8 15 5 56 51.7 39.1234 143.2000 10.0 1.2 65.0
2021 12 27 21 32 11.2 36.0 142.0 12.5 0.9 33.0  # the last
"""


def test_nishikawa_text_is_read_as_published(tmp_path: Path) -> None:
    path = tmp_path / "JPT_tremor_catalog_updated.txt"
    path.write_text(NISHIKAWA)
    assert detect_format(path) == "nishikawa"
    events = read_catalog(path)
    # the span that METHOD.md 1.5 gives for the published file
    assert events["time"].tolist() == [
        pd.Timestamp("2016-08-15T05:56:51.7"),
        pd.Timestamp("2021-12-27T21:32:11.2"),
    ]
    assert events["latitude"].tolist() == [39.1234, 36.0]
    assert events["depth_km"].tolist() == [10.0, 12.5]
    assert events["duration_s"].tolist() == [65.0, 33.0]


@pytest.mark.parametrize(
    "text",
    [
        "lat,lon,depth,starttime,energy,duration \n47.8, -122.73, 40.0, 2018-09-05 23:40:00 ,1e5,300\n",
        "latitude,longitude,depth,time,duration\n47.8,-122.73,40,2018-09-05T16:40:00-07:00,300\n",
        '{"type":"FeatureCollection","count":1,"features":[{"type":"Feature","geometry":{"type":"Point",'
        '"coordinates":[-122.73,47.8]},"properties":{"time":"2018-09-05T23:40:00Z","depth":40.0,'
        '"duration":300,"magnitude":1.1,"num_stas":12,"id":77}}]}',
    ],
)
def test_pnsn_exports_are_read_in_their_dresses(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pnsn"
    path.write_text(text)
    event = read_catalog(path).iloc[0]
    assert event["time"] == pd.Timestamp("2018-09-05T23:40:00")
    place = event[["latitude", "longitude", "depth_km", "duration_s"]].tolist()
    assert place == [47.8, -122.73, 40.0, 300.0]


SLOW = """"Slow Earthquake Database"
"lines of explanation, with lat and lon in them"
year,month,day,hour,min,sec,timezone,lat,lon,dep,mag,duration,catalog,ref,udate
2001,01,01,-1,30,00.00,9.0,  33.5000, 132.50000,  30.000, 1.10,      60.00,Somebody,"Some, 2010",2020-01-01
2001,01,02,24,00,01.25,9.0,  33.6000, 132.60000,,,,Somebody,"Some, 2010",2020-01-01
"""


def test_slow_earthquake_db_file_with_explanations_and_odd_hours(tmp_path: Path) -> None:
    path = tmp_path / "sloweq.20010101.2.csv"
    path.write_text(SLOW)
    assert detect_format(path) == "slow_earthquake_db"
    events = read_catalog(path)
    # hour -1 of 1 January is 23:30 of 31 December in Japan, 14:30 UTC; hour 24 is the next day's 0
    assert events["time"].tolist() == [
        pd.Timestamp("2000-12-31T14:30:00"),
        pd.Timestamp("2001-01-02T15:00:01.25"),
    ]
    assert events["duration_s"][0] == 60.0
    assert np.isnan(events["depth_km"][1])
    assert "me" not in events  # their magnitude is not our energy magnitude


def test_a_table_of_true_bursts_serves_as_reference(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(
        "burst_id,episode_id,start_time,end_time,time,latitude,longitude,depth_km,energy_j,n_lfe,n_stations_snr2\n"
        "b1,e1,2020-01-01T00:00:00Z,2020-01-01T00:02:00Z,2020-01-01T00:01:00Z,39,143,16,1e5,12,8\n"
    )
    burst = read_catalog(path).iloc[0]
    assert (burst["event_id"], burst["episode_id"]) == ("b1", "e1")
    assert burst["end_time"] - burst["start_time"] == pd.Timedelta(120, "s")
