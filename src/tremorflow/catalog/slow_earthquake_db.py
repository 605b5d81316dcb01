"""Columns of the Slow Earthquake Database (Kano et al., 2018), for exchange with its users.

Names, order, units and printed precision are those of "Data Format" on the database's page
(http://www-solid.eps.s.u-tokyo.ac.jp/~sloweq/): ``date time year month day hour min sec timezone lat lon
dep mag [moment tensor, fault plane] duration err_t err_x err_y err_z err_lat err_lon catalog ref udate``.
There ``err_x`` is the uncertainty of *latitude* and ``err_y`` that of *longitude*, in km. A downloaded file
holds only some of the columns, after lines of explanation, so the reader goes by name. No downloaded file
could be inspected (redistribution is forbidden): how those explanations look is known only from readers that
others published, which skip lines that start with a double quote.
"""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.files import read_text, write_text
from tremorflow.catalog.text_columns import TextTable, split_rows
from tremorflow.errors import CatalogError
from tremorflow.records import TIME, event_table, name_by_time

COLUMNS = (
    "date,time,year,month,day,hour,min,sec,timezone,lat,lon,dep,mag,duration,"
    "err_x,err_y,err_z,catalog,ref,udate"
)
ELLIPSE_SIGMAS = float(np.sqrt(-2 * np.log(1 - 0.682689)))  # 1.51: 68.3 % in two dimensions


def write_slow_earthquake_db(
    events: pd.DataFrame, path: Path, provenance: dict[str, Any] | None = None
) -> None:
    """Write an event table with the database's columns, in UTC.

    ``mag`` is ``me`` where the full chain gave one. ``catalog``, ``ref`` and ``udate`` are taken from the
    keys ``catalog``, ``reference`` and ``updated`` of the provenance. Times are rounded to 0.01 s and places
    to 1e-4 and 1e-5 deg, as the format prints them; of the error ellipse its extent north and east is kept.

    Raises
    ------
    CatalogError
        An event without a time, which the format cannot hold.
    """
    if events["time"].isna().any():
        row = int(np.flatnonzero(events["time"].isna())[0])
        raise CatalogError(f"cannot write {path}: event {row + 1} has no time; leave it out of the table")
    given = provenance or {}
    names = [str(given.get(key, other)) for key, other in
             (("catalog", "tremorflow"), ("reference", ""), ("updated", ""))]  # fmt: skip
    north, east = _extents(events)
    centiseconds = events["time"].to_numpy().astype(TIME).astype(np.int64) + 5_000_000
    times = (centiseconds // 10_000_000 * 10_000_000).astype(TIME)
    texts = [COLUMNS]
    magnitudes = events["me"] if "me" in events else np.full(len(events), np.nan)
    numbers = zip(
        events["latitude"], events["longitude"], events["depth_km"], magnitudes,
        events["duration_s"], north, east, events["depth_error_km"], strict=True,
    )  # fmt: skip
    formats = (".4f", ".5f", ".3f", ".2f", ".2f", ".3f", ".3f", ".3f")
    tail = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    for time, values in zip(pd.DatetimeIndex(times), numbers, strict=True):
        second = time.second + time.microsecond / 1e6
        clock = f"{time:%Y-%m-%d,%H:%M:%S},{time:%Y,%m,%d,%H,%M},{second:05.2f},0.0"
        cells = [
            "" if np.isnan(value) else format(value, form)
            for value, form in zip(values, formats, strict=True)
        ]
        texts.append(f"{clock},{','.join(cells)},{tail}")
    write_text(path, "\n".join(texts) + "\n")


def read_slow_earthquake_db(path: Path) -> pd.DataFrame:
    """Event table from a file with the database's columns, times turned from its ``timezone`` to UTC.

    ``mag`` becomes ``me`` only in a catalogue of ours: elsewhere it is some other magnitude. ``err_x`` and
    ``err_y`` become an error ellipse along the meridian or parallel; their correlation is not in the format.

    Raises
    ------
    CatalogError
        No line of column names, or a cell that is no number; the message has the line.
    """
    text = read_text(path)
    start = header_line(text)
    if start is None:
        raise CatalogError(
            f"{path} has no line with the columns lat, lon and date or year; is it of this database?"
        )
    table = split_rows(path, "".join(text.splitlines(keepends=True)[start:]), first_line=start + 1)
    times = _times(table)
    columns: dict[str, object] = {"event_id": name_by_time(times), "time": times}
    names = {"latitude": "lat", "longitude": "lon", "depth_km": "dep", "duration_s": "duration",
             "depth_error_km": "err_z"}  # fmt: skip
    columns |= {ours: table.numbers(theirs) for ours, theirs in names.items() if theirs in table.names}
    if {"err_x", "err_y"} <= set(table.names):
        north, east = (ELLIPSE_SIGMAS * table.numbers(name) for name in ("err_x", "err_y"))
        columns["semi_major_km"] = np.maximum(north, east)
        columns["semi_minor_km"] = np.minimum(north, east)
        columns["azimuth_deg"] = np.where(np.isnan(north + east), np.nan, np.where(north >= east, 0.0, 90.0))
    if "catalog" in table.names:
        columns["method"] = table.texts("catalog")
        if "mag" in table.names and set(table.column("catalog")) == {"tremorflow"}:
            columns["me"] = table.numbers("mag")
    return event_table(pd.DataFrame(columns))


def header_line(text: str) -> int | None:
    """How many lines stand before the column names; None if there are none in the first hundred."""
    for number, line in enumerate(text.splitlines()[:100]):
        try:
            names = {name.strip() for name in next(csv.reader(io.StringIO(line)), [])}
        except csv.Error:
            continue
        if {"lat", "lon"} <= names and ({"date", "timezone"} <= names or {"year", "month", "day"} <= names):
            return number
    return None


def _times(table: TextTable) -> NDArray[np.datetime64]:
    zero = np.zeros(len(table.rows))
    if {"year", "month", "day"} <= set(table.names):
        days = [f"{int(y):04d}-{int(m):02d}-{int(d):02d}" for y, m, d in
                zip(*(table.numbers(name) for name in ("year", "month", "day")), strict=True)]  # fmt: skip
        parts = [table.numbers(name) if name in table.names else zero for name in ("hour", "min", "sec")]
        offset = parts[0] * 3600 + parts[1] * 60 + parts[2]  # hours below 0 or above 23 occur in the database
    else:
        clocks = table.column("time") if "time" in table.names else ["00:00:00"] * len(table.rows)
        days = [
            f"{day}T{clock or '00:00:00'}" for day, clock in zip(table.column("date"), clocks, strict=True)
        ]
        offset = zero
    zone = table.numbers("timezone") if "timezone" in table.names else zero
    nanoseconds = np.round((offset - zone * 3600) * 1e9)
    shift = np.where(np.isnan(nanoseconds), 0.0, nanoseconds).astype("timedelta64[ns]")
    times: NDArray[np.datetime64] = table.times(days, "date") + shift
    return times


def _extents(events: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(event,) standard deviations in km to the north and to the east, from the error ellipses."""
    major, minor = (events[f"semi_{axis}_km"].to_numpy() / ELLIPSE_SIGMAS for axis in ("major", "minor"))
    azimuth = np.radians(events["azimuth_deg"].to_numpy())
    north = np.hypot(major * np.cos(azimuth), minor * np.sin(azimuth))
    east = np.hypot(major * np.sin(azimuth), minor * np.cos(azimuth))
    return north, east
