"""Stations from CSV, channel tables and StationXML; errors that name file and line."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waveform_files import TABLE, obspy

from tremorflow.errors import DataError
from tremorflow.io.channel_table import write_channel_table
from tremorflow.io.stations import read_stations, write_stations_csv
from tremorflow.records import Network, Station, utc

HEADER = "network,station,latitude,longitude,elevation_m\n"
CODES = st.text("ABCDEFGHJK0123456789", min_size=1, max_size=5)
STATIONS = st.builds(
    Station,
    CODES,
    CODES,
    st.floats(-90, 90),
    st.floats(-180, 360),
    st.floats(-11000, 9000),
    st.floats(0.1, 30) | st.just(math.nan),
    st.floats(-5, 5),
    st.booleans(),
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@given(stations=st.lists(STATIONS, min_size=1, max_size=8, unique_by=lambda station: station.code))
def test_csv_comes_back_the_same(stations: list[Station], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("stations") / "stations.csv"
    write_stations_csv(path, Network(tuple(stations)))
    # NaN is not equal to itself, but its text is.
    assert repr(read_stations(path).network) == repr(Network(tuple(stations)))


def test_water_depth_is_minus_elevation_and_nied_codes_are_those_of_the_data(tmp_path: Path) -> None:
    text = "network,station,latitude,longitude,water_depth_m\nS-net,N.S1N01,35.9,141.1,169\n"
    (station,) = read_stations(write(tmp_path / "s.csv", text)).network.stations
    assert (station.network, station.station, station.elevation_m) == ("N", "S1N01", -169.0)


@pytest.mark.parametrize(
    ("rows", "line", "what"),
    [
        ("UW,GNW,47.5,-122.8,220\nUW,GNW,47.5,-122.8,220\n", 3, "line 2 already"),
        ("UW,GNW,,-122.8,220\n", 2, "no latitude"),
        ("UW,GNW,47.5,-122.8,\n", 2, "no elevation_m"),
        ("\nUW,GNW,47.5,west,220\n", 3, "'west' of GNW is not a number"),
        ("UW,GNW,47.5,-122.8\n", 2, "4 values for 5 columns"),
        ("UW,,47.5,-122.8,220\n", 2, "no name"),
        ("UW,GNW,147.5,-122.8,220\n", 2, "not a place"),
        ("UW,GNW,nan,-122.8,220\n", 2, "not a place"),
    ],
)
def test_rows_that_cannot_be_used_are_named(rows: str, line: int, what: str, tmp_path: Path) -> None:
    path = write(tmp_path / "stations.csv", HEADER + rows)
    with pytest.raises(DataError, match=rf"stations\.csv, line {line}: .*{what}"):
        read_stations(path)


def test_site_terms_are_absolute_unless_the_table_says_otherwise(tmp_path: Path) -> None:
    header = HEADER.strip() + ",site_amplification,site_is_relative\n"
    rows = "N,A,40,143,-100,8.5,true\nN,B,40,143,-100,8.5,\nN,C,40,143,-100,8.5,0\n"
    found = read_stations(write(tmp_path / "s.csv", header + rows)).network.stations
    assert [station.site_is_relative for station in found] == [True, False, False]
    wrong = write(tmp_path / "w.csv", header + "N,A,40,143,-100,8.5,perhaps\n")
    with pytest.raises(DataError, match=r"line 2: site_is_relative 'perhaps' of A must be true or false"):
        read_stations(wrong)


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"columns \['longitude'\] are missing"):
        read_stations(write(tmp_path / "a.csv", "network,station,latitude,elevation_m\n"))
    with pytest.raises(DataError, match="lists no station"):
        read_stations(write(tmp_path / "b.csv", HEADER))
    (tmp_path / "c.csv").write_bytes(HEADER.encode() + b"UW,\xff,1,2,3\n")
    with pytest.raises(DataError, match=r"c\.csv is not UTF-8"):
        read_stations(tmp_path / "c.csv")
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        read_stations(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"d\.xml is not StationXML"):
        read_stations(write(tmp_path / "d.xml", "<?xml version='1.0'?><page/>"))
    with pytest.raises(DataError, match=r"f\.csv cannot be read as CSV"):
        read_stations(write(tmp_path / "f.csv", HEADER + "x" * 200_000))
    with pytest.raises(DataError, match="not a channel table"):
        read_stations(write(tmp_path / "e.txt", "hello\n"))


def test_channel_table_is_told_by_its_content(tmp_path: Path) -> None:
    write_channel_table(tmp_path / "names.txt", TABLE)
    found = read_stations(tmp_path / "names.txt")
    assert found.network.codes == ("XX.AAA", "XX.BBB")
    assert found.find_channel("XX.BBB..U", utc("2020-01-01")).dip_deg == -90.0


def inventory() -> "obspy.core.inventory.Inventory":
    from obspy.core.inventory import Channel, Inventory, Site
    from obspy.core.inventory import Network as ObspyNetwork
    from obspy.core.inventory import Station as ObspyStation
    from obspy.core.inventory.response import Response

    def channel(code: str, azimuth: float, dip: float, sensitivity: float, start: str, end: str | None):
        response = Response.from_paz(
            zeros=[0j, 0j],
            poles=[-0.037 + 0.037j, -0.037 - 0.037j],
            stage_gain=sensitivity,
            input_units="M/S",
            output_units="COUNTS",
        )
        return Channel(
            code,
            "00",
            47.5,
            -122.8,
            220.0,
            0.0,
            azimuth=azimuth,
            dip=dip,
            sample_rate=100.0,
            start_date=obspy.UTCDateTime(start),
            end_date=None if end is None else obspy.UTCDateTime(end),
            response=response,
        )

    channels = [
        channel("HH1", 30.0, 0.0, 1e9, "2010-01-01", None),
        channel("HH2", 120.0, 0.0, 1e9, "2010-01-01", None),
        channel("HHZ", 0.0, -90.0, 1e9, "2010-01-01", "2015-01-01"),
        channel("HHZ", 0.0, -90.0, 2e9, "2015-01-01", None),
        channel("LCE", 0.0, 0.0, 1.0, "2010-01-01", None),
    ]
    station = ObspyStation("GNW", 47.5, -122.8, 220.0, channels=channels, site=Site("Green Mountain"))
    return Inventory([ObspyNetwork("UW", [station])], source="test")


@pytest.fixture
def station_xml(tmp_path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inventory().write(str(tmp_path / "stations"), format="STATIONXML")
    return tmp_path / "stations"


def test_stationxml_gives_channels_of_their_time(station_xml: Path) -> None:
    found = read_stations(station_xml)
    assert found.network.stations == (Station("UW", "GNW", 47.5, -122.8, 220.0),)
    assert [channel.channel for channel in found.channels] == ["HH1", "HH2", "HHZ", "HHZ"]
    old = found.find_channel("UW.GNW.00.HHZ", utc("2014-12-31T23:59:59Z"))
    new = found.find_channel("UW.GNW.00.HHZ", utc("2015-01-01"))
    assert new.sensitivity == pytest.approx(2 * old.sensitivity)
    assert (new.unit, new.component, new.dip_deg) == ("m/s", "Z", -90.0)
    assert found.find_channel("UW.GNW.00.HHZ", utc("2009-01-01")) is None
    # The full response is kept as ObsPy's, for whoever removes it.
    assert abs(new.response.get_evalresp_response_for_frequencies([5.0])[0]) == pytest.approx(2e9, rel=1e-3)


def test_snet_table_of_the_shared_data(shared_data: Path) -> None:
    network = read_stations(shared_data / "stations" / "seafloor_stations_nied.csv").network
    assert len(network) == 237
    assert np.all(network.elevations_m <= 0)
    assert network.find("N.S1N01").elevation_m == -169.0


@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (HEADER + text).encode()))
def test_damaged_station_files_are_refused_not_crashed_on(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("stations") / "file"
    path.write_bytes(content)
    try:
        read_stations(path)
    except DataError as error:
        named = str(path) in str(error)
        assert named
