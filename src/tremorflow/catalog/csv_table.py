"""Our own catalogue as CSV: the columns of ``records`` by name, times in ISO 8601 with Z.

``pandas.read_csv(path)`` reads it in one call. The rules, settings and provenance stand beside it, in
``<name>.provenance.json``. Numbers keep every bit; the one loss is that a text cell cannot tell "no text"
from "empty text": empty ``flags`` are read as no flags (""), other empty texts as missing.
"""

import math
from pathlib import Path

import pandas as pd

from tremorflow.catalog.files import read_text, write_text
from tremorflow.catalog.text_columns import KNOWN_COLUMNS, split_rows, typed_columns, write_times
from tremorflow.errors import CatalogError
from tremorflow.records import TIME, event_table


def write_csv(events: pd.DataFrame, path: Path) -> None:
    """Write an event table as CSV."""
    columns: list[list[str]] = []
    for name in events.columns:
        values = events[name]
        if KNOWN_COLUMNS[name].dtype == TIME:
            columns.append(write_times(values))
        elif KNOWN_COLUMNS[name].dtype == "float64":
            columns.append(["" if math.isnan(value) else repr(value) for value in values.tolist()])
        else:
            columns.append(["" if value is pd.NA else str(value) for value in values.tolist()])
    lines = [",".join(events.columns)]
    lines.extend(",".join(map(_cell, row)) for row in zip(*columns, strict=True))
    write_text(path, "\n".join(lines) + "\n")


def _cell(text: str) -> str:
    # the csv module quotes a lone carriage return only since Python 3.13
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def read_csv(path: Path) -> pd.DataFrame:
    """Event table from CSV with our column names; ``CatalogError`` with the line of what does not fit."""
    table = split_rows(path, read_text(path))
    unknown = [name for name in table.names if name not in KNOWN_COLUMNS]
    if unknown:
        raise CatalogError(
            f"{path}, line 1: columns {unknown} are not of an event table; remove them, or read the file as "
            "format 'named_columns', which leaves them out"
        )
    events = event_table(typed_columns(table))
    return events.assign(flags=events["flags"].fillna(""))
