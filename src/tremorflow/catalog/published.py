"""Readers of published tremor catalogues, each into the event table.

What a catalogue calls its time stays what it is (a source time, a window's start); magnitudes are left out,
because the event table's ``me`` is another quantity.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.catalog.files import read_text
from tremorflow.catalog.text_columns import TextTable, split_rows
from tremorflow.errors import CatalogError
from tremorflow.records import event_table, name_by_time

NISHIKAWA_NAMES = (
    *("year", "month", "day", "hour", "minute", "second"),
    *("latitude", "longitude", "depth", "magnitude", "duration"),
)
WORLD_TREMOR_NAMES = (
    *("date", "time", "latitude", "longitude", "depth", "mw", "duration", "residual", "datetime"),
)
JST_AHEAD_OF_UTC = np.timedelta64(9, "h")
JAPAN = ((24.0, 46.0), (128.0, 146.0))  # latitudes and longitudes; Taiwan (UTC in the database) is west of it

NAMES: dict[str, tuple[str, ...]] = {
    "event_id": ("event_id", "burst_id", "id"),
    "episode_id": ("episode_id",),
    "time": ("time", "starttime", "start_time", "datetime", "date_time", "timestamp", "time_iso", "t"),
    "start_time": ("start_time",),
    "end_time": ("end_time",),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "long"),
    "depth_km": ("depth_km", "depth", "dep"),
    "duration_s": ("duration_s", "duration"),
    "n_stations": ("n_stations", "num_stas"),
}


def read_nishikawa(path: Path) -> pd.DataFrame:
    """Event table from the catalogue of Nishikawa et al. (2023): blank-separated numbers, ``#`` comments.

    Columns ``year month day hour minute second latitude longitude depth magnitude duration``. Its users do
    not trust its depths and put them on the plate interface.

    Raises
    ------
    CatalogError
        A line with more or fewer than 11 numbers, or an impossible time.
    """
    rows, lines = [], []
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        cells = text.split("#", 1)[0].split()
        if cells and len(cells) != len(NISHIKAWA_NAMES):
            raise CatalogError(
                f"{path}, line {line}: {len(cells)} numbers where 11 were expected; correct the line"
            )
        if cells:
            rows.append(cells)
            lines.append(line)
    table = TextTable(Path(path), NISHIKAWA_NAMES, rows, lines)
    numbers = {name: table.numbers(name) for name in NISHIKAWA_NAMES}
    days = [f"{cells[0]}-{cells[1]:0>2}-{cells[2]:0>2}T{cells[3]:0>2}:{cells[4]:0>2}" for cells in rows]
    seconds = np.round(numbers["second"] * 1e9).astype("timedelta64[ns]")
    return _events(table, days, seconds, numbers, "nishikawa2023")


def read_world_tremor(path: Path) -> pd.DataFrame:
    """Event table from a regional file of the World Tremor Database (Idehara et al., 2014).

    There is no header. Columns: date, time, latitude, longitude, depth, Mw, duration (s), residual and, in
    most files, date and time again with a tenth of a second, which is then used. The
    catalogues of Japan (Nankai, Kyushu) are in JST and are turned to UTC; they are told by their epicentres,
    so a renamed file makes no difference.

    Raises
    ------
    CatalogError
        A line with a wrong number of cells, or a cell that is no time or number.
    """
    text = read_text(path)
    count = 9 if text.split("\n", 1)[0].count(",") == 8 else 8
    table = split_rows(path, text, names=WORLD_TREMOR_NAMES[:count])
    numbers = {name: table.numbers(name) for name in ("latitude", "longitude", "depth", "duration")}
    days = [f"{day}T{clock}" for day, clock in zip(table.column("date"), table.column("time"), strict=True)]
    tenths = np.zeros(len(days), "timedelta64[ns]")
    if count == 9:
        found = [re.search(r":(\d*\.\d+)$", text) for text in table.column("datetime")]
        tenths = np.array([round(float(one[1]) % 1 * 1e9) if one else 0 for one in found], "timedelta64[ns]")
    inside = [(low <= numbers[name]) & (numbers[name] <= high) for name, (low, high) in
              zip(("latitude", "longitude"), JAPAN, strict=True)]  # fmt: skip
    shift = tenths - np.where(inside[0] & inside[1], JST_AHEAD_OF_UTC, np.timedelta64(0, "h"))
    return _events(table, days, shift, numbers, "world_tremor")


def read_named_columns(path: Path) -> pd.DataFrame:
    """Event table from CSV whose columns have names in use elsewhere (``NAMES``); other columns are left out.

    Reads the exports of the PNSN (``lat, lon, depth, starttime, duration``, or ``datetime, latitude,
    longitude``), the combined World Tremor Database, tables of true bursts, and earthquake lists of the
    USGS. PNSN times are the starts of five-minute windows.

    Raises
    ------
    CatalogError
        No columns of time, latitude and longitude, or a cell that is no time or number.
    """
    text = read_text(path)
    table = split_rows(path, text)
    lower = tuple(name.lower() for name in table.names)
    if len(set(lower)) == len(lower):
        table = TextTable(table.path, lower, table.rows, table.lines)
    columns = named_columns(table.names)
    missing = [name for name in ("time", "latitude", "longitude") if name not in columns]
    if missing:
        raise CatalogError(f"{path}, line 1: no column for {missing} among {list(table.names)}; name one so")
    found: dict[str, object] = {}
    for ours, theirs in columns.items():
        if ours.endswith("time"):
            found[ours] = table.times(table.column(theirs), theirs)
        elif ours.endswith("_id"):
            found[ours] = table.texts(theirs)
        else:
            found[ours] = table.numbers(theirs)
    times = np.asarray(found["time"], dtype="datetime64[ns]")
    return event_table(pd.DataFrame({"event_id": name_by_time(times)} | found))


def named_columns(names: tuple[str, ...]) -> dict[str, str]:
    """Our column -> the file's, for every column of ours that one of these (lower-case) names stands for."""
    found = {ours: [name for name in theirs if name in names] for ours, theirs in NAMES.items()}
    return {ours: theirs[0] for ours, theirs in found.items() if theirs}


def _events(
    table: TextTable,
    days: list[str],
    shift: "np.ndarray[tuple[int], np.dtype[np.timedelta64]]",
    numbers: dict[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"],
    method: str,
) -> pd.DataFrame:
    times = table.times(days, "time") + shift
    columns = {
        "event_id": name_by_time(times),
        "time": times,
        "latitude": numbers["latitude"],
        "longitude": numbers["longitude"],
        "depth_km": numbers["depth"],
        "duration_s": numbers["duration"],
        "method": [method] * len(days),
    }
    return event_table(pd.DataFrame(columns))
