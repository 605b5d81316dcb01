"""What is true of a simulated network, as tables: bursts and LFEs, earthquakes, nuisances, outages."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from tremorflow.errors import DataError
from tremorflow.records import TIME, Column
from tremorflow.whole_files import whole_file

TREMOR_COLUMNS: dict[str, Column] = {
    "burst_id": Column("string", "-", "one burst: the LFEs of one patch with gaps < 30 s, at most 300 s"),
    "episode_id": Column("string", "-", "episode that the burst belongs to"),
    "start_time": Column(TIME, "UTC", "source time of its first LFE"),
    "end_time": Column(TIME, "UTC", "source time at which its last LFE ends"),
    "time": Column(TIME, "UTC", "source time of the centroid of its energy"),
    "latitude": Column("float64", "deg", "epicentre, north positive"),
    "longitude": Column("float64", "deg", "epicentre, east positive"),
    "depth_km": Column("float64", "km", "below sea level"),
    "energy_j": Column("float64", "J", "radiated S energy, 2-8 Hz, whole burst; NaN for semi-real tremor"),
    "n_lfe": Column("Int64", "-", "low-frequency earthquakes in it"),
    "n_stations_snr2": Column("Int64", "-", "stations at which its expected SNR is 2 or more"),
    "snr_best": Column("float64", "-", "largest expected SNR of a station (DEFINITIONS: 120-s window)"),
}

LFE_COLUMNS: dict[str, Column] = {
    "burst_id": Column("string", "-", "burst that it belongs to"),
    "time": Column(TIME, "UTC", "source time"),
    "latitude": Column("float64", "deg", "epicentre, north positive"),
    "longitude": Column("float64", "deg", "epicentre, east positive"),
    "depth_km": Column("float64", "km", "below sea level"),
    "energy_j": Column("float64", "J", "its share of the energy of the burst"),
}

EARTHQUAKE_COLUMNS: dict[str, Column] = {
    "event_id": Column("string", "-", "name"),
    "time": Column(TIME, "UTC", "origin time"),
    "latitude": Column("float64", "deg", "epicentre, north positive"),
    "longitude": Column("float64", "deg", "epicentre, east positive"),
    "depth_km": Column("float64", "km", "below sea level"),
    "magnitude": Column("float64", "-", "moment magnitude"),
    "kind": Column("string", "-", "interface, slab, crust, aftershock, regional, teleseism"),
}

NUISANCE_COLUMNS: dict[str, Column] = {
    "kind": Column(
        "string",
        "-",
        "t_phase, ship, air_gun, whale, current, local_burst, vehicle, machine, spike, step, clipping; also "
        "while a station that it would be heard at records nothing",
    ),
    "start_time": Column(TIME, "UTC", "first arrival at any station"),
    "end_time": Column(TIME, "UTC", "last arrival at any station"),
    "latitude": Column("float64", "deg", "of its source at the start; NaN if it has none"),
    "longitude": Column("float64", "deg", "of its source at the start; NaN if it has none"),
    "stations": Column("string", "-", "codes joined by ';', empty: all within reach"),
}

OUTAGE_COLUMNS: dict[str, Column] = {
    "station": Column("string", "-", "code NETWORK.STATION"),
    "kind": Column("string", "-", "dead, dropout, one_component, clock, polarity, orientation"),
    "start_time": Column(TIME, "UTC", "first sample that is wrong"),
    "end_time": Column(TIME, "UTC", "first sample that is right again"),
    "components": Column("string", "-", "components that are hit, E, N, Z or X, Y, Z joined by ';'"),
    "value": Column("float64", "-", "offset of the clock in s (late positive), angle of orientation in deg"),
}

SNR_COLUMNS: dict[str, Column] = {
    "burst_id": Column("string", "-", "burst"),
    "station": Column("string", "-", "code NETWORK.STATION"),
    "snr": Column("float64", "-", "expected SNR in 2-8 Hz over the best 120-s window"),
    "s_time": Column(TIME, "UTC", "arrival of the S wave of its first LFE"),
}

TABLES: dict[str, dict[str, Column]] = {
    "tremor": TREMOR_COLUMNS,
    "lfe": LFE_COLUMNS,
    "earthquakes": EARTHQUAKE_COLUMNS,
    "nuisances": NUISANCE_COLUMNS,
    "outages": OUTAGE_COLUMNS,
}


def truth_table(name: str, rows: Sequence[dict[str, Any]] | pd.DataFrame = ()) -> pd.DataFrame:
    """Table ``name`` of ``TABLES`` (or "snr") from rows that may lack some columns.

    Raises
    ------
    DataError
        An unknown column, or values that do not fit its type.
    """
    columns = SNR_COLUMNS if name == "snr" else TABLES[name]
    table = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    unknown = [str(column) for column in table.columns if column not in columns]
    if unknown:
        raise DataError(f"truth table {name}: unknown columns {unknown}; known are {list(columns)}")
    typed = {}
    for key, column in table.reindex(columns=list(columns)).items():
        dtype: Any = columns[str(key)].dtype
        try:
            typed[key] = column.astype(dtype)
        except (TypeError, ValueError) as error:
            raise DataError(f"truth table {name}: column {key} does not fit {dtype}: {error}") from error
    return pd.DataFrame(typed, columns=list(columns)).reset_index(drop=True)


def join_truth(name: str, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One truth table of the rows of several, in their order."""
    filled = [table for table in tables if len(table)]
    return truth_table(name, pd.concat(filled, ignore_index=True) if filled else ())


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that was put into a simulated recording, one table each (columns: ``TABLES``)."""

    tremor: pd.DataFrame = field(default_factory=lambda: truth_table("tremor"))
    lfe: pd.DataFrame = field(default_factory=lambda: truth_table("lfe"))
    earthquakes: pd.DataFrame = field(default_factory=lambda: truth_table("earthquakes"))
    nuisances: pd.DataFrame = field(default_factory=lambda: truth_table("nuisances"))
    outages: pd.DataFrame = field(default_factory=lambda: truth_table("outages"))


def write_truth(folder: str | Path, truth: Truth) -> None:
    """Write ``tremor.csv``, ``lfe.csv``, ``earthquakes.csv``, ``nuisances.csv`` and ``outages.csv``.

    Each is written to a temporary name and renamed, so that a table that is there is whole.
    """
    folder = Path(folder)
    for one in fields(truth):
        write_truth_table(folder / f"{one.name}.csv", getattr(truth, one.name))


def write_truth_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, times in ISO 8601 with Z, through a temporary name."""
    shown = table.copy()
    for name, column in table.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            shown[name] = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with whole_file(Path(path)) as partial:
        shown.to_csv(partial, index=False, float_format="%.10g")


def read_truth(folder: str | Path) -> Truth:
    """Tables that ``write_truth`` wrote.

    Raises
    ------
    DataError
        The folder or ``tremor.csv`` is missing, or a table cannot be read. Other tables may be absent.
    """
    folder = Path(folder)
    if not (folder / "tremor.csv").is_file():
        raise DataError(f"{folder} has no tremor.csv; give the folder of truth tables of a simulation")
    tables = {}
    for one in fields(Truth):
        path = folder / f"{one.name}.csv"
        if path.is_file():
            tables[one.name] = _read_table(path, one.name)
    return Truth(**tables)


def _read_table(path: Path, name: str) -> pd.DataFrame:
    """One table, its times in UTC."""
    columns = TABLES[name]
    try:
        table = pd.read_csv(
            path, dtype={key: "string" for key, column in columns.items() if column.dtype == "string"}
        )
        for key, column in columns.items():
            if column.dtype == TIME and key in table:
                table[key] = pd.to_datetime(table[key], utc=True, format="ISO8601").dt.tz_localize(None)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"{path} is no truth table: {error}; write it again with tremorflow simulate"
        ) from error
    return truth_table(name, table)
