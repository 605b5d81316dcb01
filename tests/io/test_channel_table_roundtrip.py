"""Channel tables come back as they were written, and random files raise nothing but ``DataError``."""

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.errors import DataError
from tremorflow.io.channel_table import (
    ChannelRow,
    ChannelTable,
    channel_names,
    read_channel_table,
    table_channels,
    table_network,
    write_channel_table,
)

NUMBERS = st.floats(allow_nan=True, allow_infinity=False)
WORDS = st.text("ABCabc.019", min_size=1, max_size=6)
ROWS = st.builds(
    ChannelRow,
    channel_id=st.integers(0, 0xFFFF),
    recorded=st.sampled_from([0.0, 1.0]),
    delay_ms=NUMBERS,
    code=WORDS,
    component=WORDS,
    monitor_exponent=NUMBERS,
    adc_bits=NUMBERS,
    sensor_sensitivity=NUMBERS,
    unit=st.sampled_from(["m/s", "m/s/s", "m", "rad", "*"]),
    natural_period_s=NUMBERS,
    damping=NUMBERS,
    preamplification_db=st.floats(-200, 200),
    volts_per_count=NUMBERS,
    latitude=st.floats(-90, 90) | st.just(float("nan")),
    longitude=st.floats(-360, 360),
    elevation_m=NUMBERS,
    p_correction_s=NUMBERS,
    s_correction_s=NUMBERS,
    name=st.sampled_from(["", "Naganuma", "長沼 観測点", "two  words"]),
)
TABLES = st.lists(ROWS, min_size=1, max_size=5, unique_by=lambda row: row.channel_id).map(
    lambda rows: ChannelTable(tuple(rows))
)


@given(table=TABLES, encoding=st.sampled_from(["utf-8", "euc_jp"]))
@settings(max_examples=60)
def test_tables_come_back_as_they_were_written(table: ChannelTable, encoding: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.ch"
        write_channel_table(path, table, encoding)
        again = read_channel_table(path)
        assert [file.name for file in Path(folder).iterdir()] == ["table.ch"]
    assert str(again) == str(table)  # as text, because NaN differs from itself


@given(table=TABLES)
@settings(max_examples=60)
def test_every_channel_has_its_own_name_and_every_station_a_place_or_a_mention(table: ChannelTable) -> None:
    names = channel_names(table)
    assert len(set(names.values())) == len(names) == len(table) == len(table_channels(table))
    assert not any(math.isinf(one.sensitivity) for one in table_channels(table))
    network, left_out = table_network(table)
    assert set(network.codes) | set(left_out) == {f"{name[0]}.{name[1]}" for name in names.values()}
    assert not set(network.codes) & set(left_out)


@given(content=st.binary(max_size=300) | st.text("0123456789abN.* \n#-e", max_size=300).map(str.encode))
@settings(max_examples=150)
def test_random_files_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.ch"
        path.write_bytes(content)
        try:
            table = read_channel_table(path)
        except DataError:
            return
    channel_names(table)
    table_channels(table)
    table_network(table)


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    table = ChannelTable((ChannelRow(1, 1, 0, "N.IWTH", "U", name="岩槻"),))
    with pytest.raises(DataError, match=r"table\.ch"):
        write_channel_table(tmp_path / "table.ch", table, encoding="ascii")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="nowhere"):
        write_channel_table(tmp_path / "nowhere/table.ch", table)
