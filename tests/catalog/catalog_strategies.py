"""Hypothesis strategies for event tables, shared by the tests of this folder."""

import pandas as pd
from hypothesis import strategies as st

from tremorflow.records import EVENT_COLUMNS, FULL_CHAIN_COLUMNS, TIME, event_table

ALL_COLUMNS = EVENT_COLUMNS | FULL_CHAIN_COLUMNS
TIMES = st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")).flatmap(
    lambda second: st.integers(0, 999).map(lambda ns: pd.Timestamp(second) + pd.Timedelta(ns, "ns"))
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


def cell(name: str) -> st.SearchStrategy[object]:
    by_type = {
        TIME: TIMES,
        "float64": st.floats(allow_nan=False, allow_infinity=False),
        "Int64": st.integers(0, 10**9),
        "boolean": st.booleans(),
        "string": TEXTS,
    }
    narrower = {
        "latitude": st.floats(-89, 89),
        "longitude": st.floats(-180, 180),
        "azimuth_deg": st.floats(0, 180),
        **{
            axis: st.floats(0, 1e3)
            for axis in ("semi_major_km", "semi_minor_km", "depth_error_km", "depth_km")
        },
    }
    known = narrower.get(name, by_type[ALL_COLUMNS[name].dtype])
    return known if name in ("time", "latitude", "longitude") else st.none() | known


def event_tables(columns: tuple[str, ...] = tuple(ALL_COLUMNS)) -> st.SearchStrategy[pd.DataFrame]:
    row = st.fixed_dictionaries({name: cell(name) for name in columns})
    return st.lists(row, max_size=4).map(
        lambda rows: event_table(pd.DataFrame(rows, columns=list(columns), dtype=object))
    )
