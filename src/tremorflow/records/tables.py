"""Tables: the columns that each has, with dtype, unit and meaning."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from tremorflow.errors import CatalogError


class Column(NamedTuple):
    """One column of a table: pandas dtype, unit and meaning."""

    dtype: str
    unit: str
    meaning: str


TIME = "datetime64[ns]"

SMALL_GROUP = "small_group"
UNCORRELATED = "uncorrelated"
NO_ENERGY = "energy_"  # begins the words that say why there is none
"""Flag of an event that was placed by the probabilities of its stations as much as by delays."""

EVENT_COLUMNS: dict[str, Column] = {
    "event_id": Column("string", "-", "name that never changes, from the time and a counter"),
    "time": Column(TIME, "UTC", "source time of the centroid of the envelope's energy"),
    "start_time": Column(TIME, "UTC", "source time at which the burst rises"),
    "end_time": Column(TIME, "UTC", "source time at which the burst ends"),
    "latitude": Column("float64", "deg", "epicentre, north positive"),
    "longitude": Column("float64", "deg", "epicentre, east positive"),
    "depth_km": Column("float64", "km", "below sea level"),
    "semi_major_km": Column(
        "float64", "km", "half axis of the 68 % error ellipse in two dimensions (1.51 sigma)"
    ),
    "semi_minor_km": Column("float64", "km", "other half axis"),
    "azimuth_deg": Column("float64", "deg", "direction of the major axis, clockwise from north"),
    "depth_error_km": Column("float64", "km", "one standard deviation; NaN if the depth was not solved for"),
    "duration_s": Column("float64", "s", "half-value width of the power radiated, around its maximum"),
    "n_stations": Column("Int64", "-", "stations used"),
    "n_pairs": Column("Int64", "-", "station pairs used"),
    "correlation": Column("float64", "-", "mean correlation of the pairs used, at the lags of the location"),
    "quality": Column("string", "-", "A, B or C"),
    "flags": Column(
        "string",
        "-",
        "words joined by ';': grid_edge, depth_limit, window_edge, several_maxima, azimuthal_gap, "
        "small_group, uncorrelated, isolated, near_earthquake; why energy_j is NaN: energy_not_velocity, "
        "energy_no_station, energy_no_recording, energy_cut_by_ends, energy_too_few_stations, "
        "energy_stations_disagree",
    ),
    "method": Column("string", "-", "chain that found it"),
    "version": Column("string", "-", "of tremorflow"),
    "settings_hash": Column("string", "-", "of all settings that were in force"),
    "window_start": Column(TIME, "UTC", "first sample of the window it was found in"),
    "window_end": Column(TIME, "UTC", "end of that window"),
}

FULL_CHAIN_COLUMNS: dict[str, Column] = {
    "p_group": Column("float64", "-", "probability of the station group"),
    "group_id": Column("string", "-", "station group"),
    "episode_id": Column("string", "-", "episode"),
    "energy_j": Column("float64", "J", "radiated S energy, 2-8 Hz, whole burst"),
    "energy_log10_error": Column("float64", "-", "one standard deviation of log10 energy_j"),
    "energy_is_relative": Column("boolean", "-", "true until site terms are tied to a known source"),
    "me": Column("float64", "-", "energy magnitude, (log10 E - 4.4) / 1.5"),
    "amplitude_km": Column(
        "float64", "km", "from the epicentre to where amplitudes alone point to; NaN if fewer than four tell"
    ),
}

GROUP_COLUMNS: dict[str, Column] = {
    "group_id": Column("string", "-", "start of the window, and a counter from the strongest down"),
    "episode_id": Column("string", "-", "groups of one place that follow each other, by their first group"),
    "start_time": Column(TIME, "UTC", "first sample of the window"),
    "end_time": Column(TIME, "UTC", "end of the window"),
    "latitude": Column("float64", "deg", "where the stations point to; envelopes locate better"),
    "longitude": Column("float64", "deg", "as latitude"),
    "n_stations": Column("Int64", "-", "stations of the group"),
    "p_highest": Column("float64", "-", "highest p_tremor of a station of the group"),
    "gain": Column("float64", "-", "log likelihood that its source adds"),
    "p_group": Column("float64", "-", "probability that it is tremor and no earthquake"),
    "stations": Column("string", "-", "their codes, joined by ';', from the highest p_tremor down"),
}


def join_events(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join event tables, none of them empty; an empty one for none."""
    return pd.concat(tables, ignore_index=True) if tables else event_table()


def event_table(rows: Sequence[dict[str, object]] | pd.DataFrame = ()) -> pd.DataFrame:
    """Event table with the declared columns and dtypes from rows that may lack some of them.

    Parameters
    ----------
    rows
        Dictionaries or a table with any of ``EVENT_COLUMNS`` and ``FULL_CHAIN_COLUMNS``; what is missing
        becomes NaN (NaT, <NA>). Columns of the full chain appear only if ``rows`` has them.

    Raises
    ------
    CatalogError
        An unknown column, or values that do not fit the column's type.
    """
    table = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    known = EVENT_COLUMNS | FULL_CHAIN_COLUMNS
    unknown = [str(name) for name in table.columns if name not in known]
    if unknown:
        raise CatalogError(f"unknown event columns {unknown}; known are {list(known)}")
    wanted = list(EVENT_COLUMNS) + [name for name in FULL_CHAIN_COLUMNS if name in table.columns]
    columns = {}
    for name, column in table.reindex(columns=wanted).items():
        dtype: Any = known[str(name)].dtype
        try:
            columns[name] = column.astype(dtype)
        except (TypeError, ValueError) as error:
            raise CatalogError(f"event column {name} does not fit {dtype}: {error}") from error
    return pd.DataFrame(columns, columns=wanted).reset_index(drop=True)
