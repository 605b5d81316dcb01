"""Channel tables of WIN and WIN32 (``.ch``, ``.euc``, ``channels.tbl``): what the channel numbers mean.

One line per channel, columns divided by spaces, ``#`` before comments. Columns as NIED's note
(``channel_table.txt``) and the manual of WIN name them; a line may end after any column from the fifth on,
and ``*`` stands for an unknown value.
"""

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from tremorflow.errors import DataError
from tremorflow.records import Channel, Network, Station
from tremorflow.whole_files import whole_file

ENCODINGS = ("utf-8", "euc_jp", "cp932")  # tried in this order; NIED and WIN write EUC-JP
UNITS = {"m/s/s": "m/s**2", "m/s2": "m/s**2", "m/s^2": "m/s**2"}
NOMINAL_DIRECTIONS = {"U": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}  # azimuth and dip
NAN = float("nan")

ChannelName = tuple[str, str, str, str]  # network, station, location, channel


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One line of a channel table; NaN where the table says nothing."""

    channel_id: int
    recorded: float  # flag, 0 or 1
    delay_ms: float
    code: str  # station, as in "N.NNMH"
    component: str  # U, N, E, X, Y, Z, wU ...
    monitor_exponent: float = NAN
    adc_bits: float = NAN
    sensor_sensitivity: float = NAN  # V per unit
    unit: str = "*"
    natural_period_s: float = NAN
    damping: float = NAN
    preamplification_db: float = NAN
    volts_per_count: float = NAN
    latitude: float = NAN
    longitude: float = NAN
    elevation_m: float = NAN
    p_correction_s: float = NAN
    s_correction_s: float = NAN
    name: str = ""

    @property
    def sensitivity(self) -> float:
        """Counts per ``unit``: sensor x amplifier / volts per count; NaN if unknown or zero.

        Negative where the table says so, which turns the polarity.
        """
        gain = self.sensor_sensitivity * 10 ** (self.preamplification_db / 20)
        counts = gain / self.volts_per_count if self.volts_per_count else NAN
        return counts if counts and math.isfinite(counts) else NAN

    @property
    def network_and_station(self) -> tuple[str, str]:
        """``("N", "NNMH")`` of ``N.NNMH``; the network is empty where the code has no dot."""
        network, _, station = self.code.rpartition(".")
        return network, station


COLUMNS = tuple(ChannelRow.__dataclass_fields__)
TEXT_COLUMNS = ("code", "component", "unit")
MIN_COLUMNS = 5
MAX_DECIBELS = 400  # a factor of 1e20 in volts; real amplifiers stay below 120


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """Rows of a channel table in the order of the file, and the lines that were left out, with the reason."""

    rows: tuple[ChannelRow, ...]
    skipped: dict[int, str] = field(default_factory=dict)  # line number -> reason

    def __len__(self) -> int:
        return len(self.rows)


def read_channel_table(path: str | os.PathLike[str]) -> ChannelTable:
    """Channel table of a text file in UTF-8, EUC-JP or Shift-JIS.

    Raises
    ------
    DataError
        The file cannot be read, or not one line of it is a channel.
    """
    try:
        lines = _decode_text(Path(path).read_bytes()).splitlines()
    except OSError as error:
        raise DataError(f"channel table {path} cannot be read: {error.strerror}; check the path") from error
    rows: dict[int, ChannelRow] = {}
    skipped: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        columns = line.split(maxsplit=len(COLUMNS) - 1)
        if not columns or columns[0].startswith("#"):
            continue
        try:
            row = _parse_row(columns)
        except ValueError as error:
            skipped[number] = str(error)
            continue
        if row.channel_id in rows:
            skipped[number] = f"channel {row.channel_id:04X} is listed before"
            continue
        rows[row.channel_id] = row
    if not rows:
        why = "; ".join(f"line {number}: {reason}" for number, reason in list(skipped.items())[:3])
        raise DataError(f"{path} is not a channel table: no line is a channel ({why or 'it is empty'})")
    return ChannelTable(tuple(rows.values()), skipped)


def write_channel_table(path: str | os.PathLike[str], table: ChannelTable, encoding: str = "utf-8") -> None:
    """Write a channel table that reads back the same; unknown values as ``*``."""
    lines = ["# id flag delay code component ... latitude longitude elevation p s name\n"]
    for row in table.rows:
        columns = [f"{row.channel_id:04X}"] + [_format(getattr(row, name)) for name in COLUMNS[1:-1]]
        lines.append(" ".join([*columns, row.name]).rstrip() + "\n")
    target = Path(path)
    try:
        with whole_file(target) as partial:
            partial.write_bytes("".join(lines).encode(encoding))
    except (OSError, UnicodeEncodeError) as error:
        raise DataError(
            f"channel table {path} cannot be written: {error}; choose another folder or UTF-8"
        ) from error


def channel_names(table: ChannelTable) -> dict[int, ChannelName]:
    """Network, station, location and channel of every channel number.

    The location is empty, but for further channels of one station and component (another gain, say): these
    have their number in four hexadecimal digits.
    """
    names: dict[int, ChannelName] = {}
    taken: set[ChannelName] = set()
    for row in table.rows:
        name: ChannelName = (*row.network_and_station, "", row.component)
        if name in taken:
            name = (*row.network_and_station, f"{row.channel_id:04X}", row.component)
        taken.add(name)
        names[row.channel_id] = name
    return names


def table_channels(table: ChannelTable) -> tuple[Channel, ...]:
    """Channels that the rows describe. U, N and E get their nominal directions, other components none."""
    names = channel_names(table)
    channels = []
    for row in table.rows:
        component = row.component[-1:].upper()
        azimuth, dip = NOMINAL_DIRECTIONS.get(component, (NAN, NAN))
        channels.append(
            Channel(
                *names[row.channel_id],
                component=component,
                sensitivity=row.sensitivity,
                unit=UNITS.get(row.unit, row.unit),
                azimuth_deg=azimuth,
                dip_deg=dip,
            )
        )
    return tuple(channels)


def table_network(table: ChannelTable) -> tuple[Network, tuple[str, ...]]:
    """Stations of a table, and the codes of those that have no coordinates and are left out.

    A station stands where the first of its channels with coordinates stands. The station corrections stay in
    the rows: their sign is a matter of the location program that they were made for.
    """
    places: dict[str, Station | None] = {}
    for row in table.rows:
        network, station = row.network_and_station
        code = f"{network}.{station}"
        place = (row.latitude, row.longitude, row.elevation_m)
        if places.get(code) is None:
            places[code] = Station(network, station, *place) if all(map(math.isfinite, place)) else None
    stations = tuple(station for station in places.values() if station is not None)
    return Network(stations), tuple(code for code, station in places.items() if station is None)


def _decode_text(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    return content.decode("ascii", errors="replace")  # only the names can suffer


def _parse_row(columns: list[str]) -> ChannelRow:
    if len(columns) < MIN_COLUMNS:
        raise ValueError(f"{len(columns)} columns where a channel has at least {MIN_COLUMNS}")
    channel_id = _parse_id(columns[0])
    values: dict[str, float | str] = {}
    for name, text in zip(COLUMNS[1:], columns[1:], strict=False):
        values[name] = text.strip() if name in (*TEXT_COLUMNS, "name") else _parse_number(name, text)
    row = ChannelRow(channel_id, **values)  # type: ignore[arg-type]
    if abs(row.latitude) > 90 or abs(row.longitude) > 360:
        raise ValueError(f"latitude {row.latitude}, longitude {row.longitude} is not a place")
    if abs(row.preamplification_db) > MAX_DECIBELS:
        raise ValueError(f"preamplification of {row.preamplification_db} dB is impossible")
    return row


def _parse_id(text: str) -> int:
    if len(text) > 4 or not all(figure in "0123456789abcdefABCDEF" for figure in text):
        raise ValueError(f"{text!r} is not a channel number of up to four hexadecimal digits")
    return int(text, 16)


def _parse_number(name: str, text: str) -> float:
    if text == "*":
        return NAN
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{name} {text!r} is not a number") from None
    if math.isinf(number):
        raise ValueError(f"{name} {text!r} is not finite")
    return number


def _format(value: float | str) -> str:
    if isinstance(value, str):
        return value or "*"
    if math.isnan(value):
        return "*"
    return repr(float(value)).removesuffix(".0")
