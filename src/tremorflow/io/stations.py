"""Stations and channels from StationXML, WIN32 channel tables or CSV; stations back to CSV."""

import csv
import math
import os
import warnings
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from tremorflow.errors import DataError
from tremorflow.io.channel_table import read_channel_table, table_channels, table_network
from tremorflow.io.obspy_formats import load_obspy, obspy_errors
from tremorflow.io.orientation import component_of
from tremorflow.io.segments import Skip
from tremorflow.records import Channel, Network, Station
from tremorflow.whole_files import whole_file

STATION_COLUMNS = ("network", "station", "latitude", "longitude", "elevation_m")
OPTIONAL_COLUMNS = ("site_amplification", "s_delay_s")
RELATIVE_COLUMN = "site_is_relative"
YES_NO = {"true": True, "1": True, "false": False, "0": False, "": False}
_UNITS = {"M/S": "m/s", "M": "m", "M/S**2": "m/s**2", "M/S/S": "m/s**2", "M/(S**2)": "m/s**2"}
ALWAYS = (np.datetime64("1900-01-01", "ns"), np.datetime64("2200-01-01", "ns"))


@dataclass(frozen=True, slots=True)
class StationMetadata:
    """Stations, their channels with the times from and to which each entry holds, and what was left out."""

    network: Network
    channels: tuple[Channel, ...] = ()
    channel_times: tuple[tuple[np.datetime64, np.datetime64], ...] = ()
    skipped: tuple[Skip, ...] = field(default=())

    def find_channel(self, code: str, time: np.datetime64) -> Channel | None:
        """Entry of ``NETWORK.STATION.LOCATION.CHANNEL`` that holds at a time; None if there is none."""
        for channel, (start, end) in zip(self.channels, self.channel_times, strict=True):
            if channel.code == code and start <= time < end:
                return channel
        return None

    def find_station(self, network: str, station: str) -> Station | None:
        """Station of these codes. Data that name no network get the only station of that name."""
        same_name = [known for known in self.network.stations if known.station == station]
        for known in same_name:
            if known.network == network:
                return known
        return same_name[0] if len(same_name) == 1 and "" in (network, same_name[0].network) else None


def read_stations(path: str | os.PathLike[str]) -> StationMetadata:
    """Stations and channels of a StationXML file, a channel table or a CSV, told apart by content.

    Raises
    ------
    DataError
        The file cannot be read, or a row of a CSV cannot be used (with its line).
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"station file {path} cannot be read ({error.strerror}); check the path") from error
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return _from_inventory(path, content)
    first_line = start.split(b"\n", 1)[0].lower()
    if b"," in first_line and b"station" in first_line:
        return StationMetadata(_from_csv(path, content))
    return _from_channel_table(path)


def write_stations_csv(path: str | os.PathLike[str], network: Network) -> None:
    """Write stations as CSV that reads back the same; an unknown site amplification is left empty.

    The column ``site_is_relative`` is there if any of the amplifications is.
    """
    path = Path(path)
    names = [*STATION_COLUMNS, *OPTIONAL_COLUMNS]
    if any(station.site_is_relative for station in network.stations):
        names.append(RELATIVE_COLUMN)
    try:
        with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            for station in network.stations:
                writer.writerow([_cell(getattr(station, name)) for name in names])
    except OSError as error:
        raise DataError(
            f"stations cannot be written to {path} ({error.strerror}); choose another folder"
        ) from error


def with_site_terms(network: Network, table: Network) -> Network:
    """Network with the site amplifications of a table, by code; stations that are not in it keep theirs.

    For recordings whose sensitivities come from StationXML: the table of ``tremorflow site-terms`` has none.
    """
    terms = {station.code: station for station in table.stations}
    return Network(
        tuple(
            replace(
                station,
                site_amplification=terms[station.code].site_amplification,
                site_is_relative=terms[station.code].site_is_relative,
            )
            if station.code in terms
            else station
            for station in network.stations
        )
    )


def _cell(value: str | float | bool) -> str | float:
    """Value as it is written: nothing for NaN, true or false."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value != value else value  # noqa: PLR0124 - NaN


def _from_csv(path: Path, content: bytes) -> Network:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as CSV ({error}); write one station in a line") from error
    header = [name.lower() for name in rows[0]]
    known = {*STATION_COLUMNS, *OPTIONAL_COLUMNS, RELATIVE_COLUMN, "water_depth_m"}
    place = "water_depth_m" if "water_depth_m" in header and "elevation_m" not in header else "elevation_m"
    missing = [name for name in (*STATION_COLUMNS[:4], place) if name not in header]
    if missing:
        raise DataError(
            f"{path}, line 1: columns {missing} are missing from {header}; "
            f"the header must be {','.join(STATION_COLUMNS)}[,{','.join(OPTIONAL_COLUMNS)}]"
        )
    lines: dict[str, int] = {}
    stations = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(row) or row[0].startswith("#"):
            continue
        if len(row) != len(header):
            raise DataError(f"{path}, line {line}: {len(row)} values for {len(header)} columns; correct it")
        cells = {name: cell for name, cell in zip(header, row, strict=True) if name in known}
        station = _station(cells, f"{path}, line {line}")
        if station.code in lines:
            raise DataError(
                f"{path}, line {line}: station {station.code} is in line {lines[station.code]} already; "
                "keep one of the rows"
            )
        lines[station.code] = line
        stations.append(station)
    if not stations:
        raise DataError(f"{path} lists no station; add a row for each")
    return Network(tuple(stations))


def _station(cells: dict[str, str], where: str) -> Station:
    network, station = cells["network"], cells["station"]
    if not station:
        raise DataError(f"{where}: the station has no name; fill the column station")
    if "." in station:
        # NIED writes the code of the network before that of the station (S-net,N.S1N01); so do its data.
        network, _, station = station.rpartition(".")
    numbers: dict[str, float] = {}
    for name in ("latitude", "longitude", "elevation_m", "water_depth_m", *OPTIONAL_COLUMNS):
        text = cells.get(name, "")
        if not text and name in OPTIONAL_COLUMNS:
            continue
        if name not in cells:
            continue
        if not text:
            raise DataError(f"{where}: station {station} has no {name}; fill it in or take the row out")
        try:
            numbers[name] = float(text)
        except ValueError:
            raise DataError(f"{where}: {name} {text!r} of {station} is not a number; correct it") from None
    depth = numbers.pop("water_depth_m", math.nan)
    numbers.setdefault("elevation_m", -depth + 0.0)
    relative = cells.get(RELATIVE_COLUMN, "").lower()
    if relative not in YES_NO:
        raise DataError(f"{where}: {RELATIVE_COLUMN} {relative!r} of {station} must be true or false")
    try:
        return Station(network, station, **numbers, site_is_relative=YES_NO[relative])
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def _from_channel_table(path: Path) -> StationMetadata:
    table = read_channel_table(path)
    network, without_place = table_network(table)
    channels = table_channels(table)
    never = np.datetime64("NaT", "ns")
    skipped = [
        Skip(str(path), code, never, never, "station without coordinates in the channel table")
        for code in without_place
    ]
    skipped += [
        Skip(str(path), "", never, never, f"line {line} of the channel table: {reason}")
        for line, reason in table.skipped.items()
    ]
    return StationMetadata(network, channels, (ALWAYS,) * len(channels), tuple(skipped))


def _from_inventory(path: Path, content: bytes) -> StationMetadata:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions of the schema; what is used is checked below
        try:
            inventory = load_obspy().read_inventory(BytesIO(content))
        except obspy_errors() as error:
            raise DataError(
                f"{path} is not StationXML that can be read ({type(error).__name__}: {error}); fetch it again"
            ) from error
    stations: dict[str, Station] = {}
    channels: list[Channel] = []
    times = []
    skipped = []
    for net in inventory:
        for sta in net:
            code = f"{net.code}.{sta.code}"
            try:
                # Later epochs replace earlier ones.
                stations[code] = Station(
                    net.code, sta.code, float(sta.latitude), float(sta.longitude), float(sta.elevation)
                )
            except (DataError, TypeError, ValueError) as error:
                never = np.datetime64("NaT", "ns")
                skipped.append(Skip(str(path), code, never, never, f"station without coordinates ({error})"))
            for cha in sta:
                component = component_of(cha.code)
                if component is not None:
                    channels.append(_channel(net.code, sta.code, cha, component))
                    times.append(_epoch(cha))
    if not stations:
        raise DataError(f"{path} lists no station with coordinates; fetch it at level=channel or response")
    return StationMetadata(Network(tuple(stations.values())), tuple(channels), tuple(times), tuple(skipped))


def _channel(network: str, station: str, cha: Any, component: str) -> Channel:
    sensitivity = cha.response.instrument_sensitivity if cha.response is not None else None
    unit = (sensitivity.input_units or "") if sensitivity is not None else ""
    full = cha.response if cha.response is not None and cha.response.response_stages else None
    return Channel(
        network,
        station,
        cha.location_code or "",
        cha.code,
        component,
        float(sensitivity.value) if sensitivity is not None and sensitivity.value else math.nan,
        _UNITS.get(unit.upper(), unit or "m/s"),
        _number(cha.azimuth),
        _number(cha.dip),
        full,
    )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _epoch(cha: Any) -> tuple[np.datetime64, np.datetime64]:
    start, end = ALWAYS
    if cha.start_date is not None:
        start = np.datetime64(int(cha.start_date.ns), "ns")
    if cha.end_date is not None and cha.end_date.year < 2200:
        end = np.datetime64(int(cha.end_date.ns), "ns")
    return start, end
