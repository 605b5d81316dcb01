"""Channel tables against the columns of NIED's note and real tables of Hi-net and WIN."""

import math
from pathlib import Path

import pytest

from tremorflow.errors import DataError
from tremorflow.io.channel_table import channel_names, read_channel_table, table_channels, table_network

NOTE = (
    "7743  1  0  N.IWTH  U     6   27   165.90  m/s     0.80  0.70  0  1.023e-07"
    "  35.9290 139.7349 -3502  0.1  -0.2  Iwatsuki"
)


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.ch"
    path.write_bytes(text.encode(encoding))
    return path


def test_the_example_of_the_note(tmp_path: Path) -> None:
    (row,) = read_channel_table(write(tmp_path, f"# comment\n\n{NOTE}\n")).rows
    assert (row.channel_id, row.code, row.component, row.name) == (0x7743, "N.IWTH", "U", "Iwatsuki")
    assert (row.natural_period_s, row.damping, row.adc_bits) == (0.8, 0.7, 27)
    assert (row.latitude, row.longitude, row.elevation_m) == (35.929, 139.7349, -3502)
    assert (row.p_correction_s, row.s_correction_s) == (0.1, -0.2)
    # 165.9 V per m/s with 0.1023 microvolts a count: one count is 0.617 nm/s.
    assert 1e9 / row.sensitivity == pytest.approx(0.6166, rel=1e-3)


def test_twenty_decibels_of_amplifier_are_ten_times_the_counts(tmp_path: Path) -> None:
    plain = read_channel_table(write(tmp_path, NOTE)).rows[0].sensitivity
    louder = read_channel_table(write(tmp_path, NOTE.replace("0.70  0  ", "0.70  20  "))).rows[0].sensitivity
    assert louder == pytest.approx(10 * plain)


def test_hinet_table(shared_data: Path) -> None:
    table = read_channel_table(shared_data / "win32/hinet/0101_20170311.ch")
    assert table.skipped == {}
    assert channel_names(table)[0x3EB5] == ("N", "NGUH", "", "E")
    network, left_out = table_network(table)
    assert network.codes == ("N.NNMH", "N.NGUH")
    assert left_out == ()
    assert network.find("N.NGUH").elevation_m == 364
    directions = {one.code: (one.azimuth_deg, one.dip_deg) for one in table_channels(table)[:3]}
    assert directions == {"N.NNMH..U": (0, -90), "N.NNMH..N": (0, 0), "N.NNMH..E": (90, 0)}


def test_win_table_in_japanese_with_coordinates_on_one_line_of_a_station(shared_data: Path) -> None:
    table = read_channel_table(shared_data / "win32/win_nikko/channels.tbl")
    assert len(table) == 18
    assert table.rows[0].name.startswith("足尾")
    assert math.isnan(table.rows[1].latitude)
    network, left_out = table_network(table)
    assert len(network) == 5
    assert left_out == ()
    assert network.find(".NIK").elevation_m == 1310
    # 6 dB before a converter of 9.54 microvolts a count.
    assert table.rows[0].sensitivity == pytest.approx(240 * 1.9953 / 9.54e-6, rel=1e-4)
    assert channel_names(table)[0x0209] == ("", "GNZ", "", "wU")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "euc_jp", "cp932"])
def test_station_names_in_every_encoding_in_use(tmp_path: Path, encoding: str) -> None:
    table = read_channel_table(write(tmp_path, NOTE.replace("Iwatsuki", "岩槻"), encoding))
    assert table.rows[0].name == "岩槻"


def test_stations_without_coordinates_are_left_out_by_name(tmp_path: Path) -> None:
    text = (
        NOTE
        + "\n7744 1 0 N.FAR U 6 27 165.9 m/s 1 0.7 0 1e-7"
        + "\n7745 1 0 LONE X\n7746 1 0 N.STAR U 6 27 * m * * * *\n"
    )
    table = read_channel_table(write(tmp_path, text))
    network, left_out = table_network(table)
    assert network.codes == ("N.IWTH",)
    assert left_out == ("N.FAR", ".LONE", "N.STAR")
    assert math.isnan(table.rows[3].sensitivity)
    assert [one.unit for one in table_channels(table)] == ["m/s", "m/s", "*", "m"]


def test_accelerometers_are_in_the_unit_that_the_records_use(tmp_path: Path) -> None:
    table = read_channel_table(write(tmp_path, NOTE.replace("m/s ", "m/s/s ")))
    assert table_channels(table)[0].unit == "m/s**2"


def test_two_gains_of_one_component_keep_apart(tmp_path: Path) -> None:
    table = read_channel_table(write(tmp_path, NOTE + "\n" + NOTE.replace("7743", "7749")))
    assert channel_names(table) == {0x7743: ("N", "IWTH", "", "U"), 0x7749: ("N", "IWTH", "7749", "U")}


def test_malformed_lines_are_counted_by_their_number(tmp_path: Path) -> None:
    bad = [
        "7744 1 0 N.IWTH",
        "xyz1 1 0 N.IWTH N",
        "12345 1 0 N.IWTH N",
        "7745 1 0 N.IWTH N 6 27 many m/s",
        NOTE.replace("7743", "7746").replace("35.9290", "95.9290"),
        NOTE.replace("7743", "7747").replace("-3502", "inf"),
        NOTE.replace("7743", "7748").replace("0.70  0  ", "0.70  9999 "),
        NOTE,
    ]
    table = read_channel_table(write(tmp_path, "\n".join([NOTE, *bad])))
    assert len(table) == 1
    assert list(table.skipped) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert "many" in table.skipped[5]
    assert "7743" in table.skipped[9]


@pytest.mark.parametrize(
    "text", ["", "# only comments\n", "station,latitude\nN.IWTH,35.9\n", "\x00\xff" * 99]
)
def test_what_is_no_channel_table_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"table\.ch"):
        read_channel_table(write(tmp_path, text, "latin-1"))
    with pytest.raises(DataError, match="absent"):
        read_channel_table(tmp_path / "absent.ch")
