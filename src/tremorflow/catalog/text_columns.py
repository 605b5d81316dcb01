"""Columns of text into times and numbers, and back, with the file and the line in every complaint."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import CatalogError
from tremorflow.records import EVENT_COLUMNS, FULL_CHAIN_COLUMNS, TIME, event_table

KNOWN_COLUMNS = EVENT_COLUMNS | FULL_CHAIN_COLUMNS
MISSING_NUMBERS = ("", "nan", "NaN", "NA", "null", "None")
TRUE_OR_FALSE = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


@dataclass(frozen=True, slots=True)
class TextTable:
    """Rows of cells as a file holds them, each with the number of the line it starts on."""

    path: Path
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    kind: str = "line"  # what ``lines`` counts, for messages

    def column(self, name: str) -> list[str]:
        """(row,) texts of a column, blanks at the ends taken off."""
        place = self.names.index(name)
        return [row[place].strip() for row in self.rows]

    def texts(self, name: str) -> list[str | None]:
        """(row,) texts of a column exactly as they are, None where empty."""
        place = self.names.index(name)
        return [row[place] or None for row in self.rows]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """(row,) numbers of a column, NaN where empty; ``CatalogError`` with the line of one that is none."""
        texts = ["nan" if text in MISSING_NUMBERS else text for text in self.column(name)]
        try:
            return np.array(texts, dtype=np.float64) if texts else np.zeros(0)
        except ValueError:
            self._complain(texts, float, name, "is not a number; correct or empty the cell")
            raise  # pragma: no cover - the line above always finds the culprit

    def times(self, texts: Sequence[str], name: str) -> NDArray[np.datetime64]:
        """(row,) UTC ``datetime64[ns]`` of ISO 8601 texts, NaT where empty; else ``CatalogError``."""
        filled = pd.Series([text or None for text in texts], dtype="str")
        try:
            parsed = pd.to_datetime(filled, format="ISO8601", utc=True)
            if len(parsed) and parsed.dt.year.notna().any():
                check_span(parsed)
            return parsed.dt.tz_localize(None).to_numpy().astype(TIME)
        except (ValueError, OverflowError):
            cure = "is not a time between 1678 and 2262; write it like 2020-05-24T02:00:00Z"
            self._complain([text or "2000-01-01" for text in texts], parse_time, name, cure)
            raise  # pragma: no cover - as above

    def switches(self, name: str) -> list[bool | None]:
        """(row,) true, false or None of a column; ``CatalogError`` with the line of any other word."""
        texts = self.column(name)
        self._complain(
            [text or "0" for text in texts],
            TRUE_OR_FALSE.__getitem__,
            name,
            "is not true or false; correct it",
        )
        return [TRUE_OR_FALSE[text] if text else None for text in texts]

    def _complain(self, texts: Sequence[str], read: Callable[[str], object], name: str, cure: str) -> None:
        for text, line in zip(texts, self.lines, strict=True):
            try:
                read(text)
            except (ValueError, KeyError, OverflowError) as error:
                raise CatalogError(f"{self.path}, {self.kind} {line}: {name} {text!r} {cure}") from error


def parse_time(text: str) -> pd.Timestamp:
    """Time of one ISO 8601 text; ``ValueError`` if it is none or does not fit nanoseconds."""
    parsed = pd.to_datetime(pd.Series([text], dtype="str"), format="ISO8601", utc=True)
    check_span(parsed)
    return parsed.iloc[0]


def check_span(times: "pd.Series[pd.Timestamp]") -> None:
    """Raise ``ValueError`` for years that 64-bit nanoseconds cannot hold."""
    years = times.dt.year
    if ((years < 1678) | (years > 2261)).any():
        raise ValueError("outside the years 1678 to 2261")


def split_rows(path: Path, text: str, names: Sequence[str] | None = None, first_line: int = 1) -> TextTable:
    """Table of comma-separated text; the first row gives the names unless they are given.

    Raises
    ------
    CatalogError
        No header, a name twice, a row with more or fewer cells than names, or quotes that do not close;
        the message has the line.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 0
    try:
        for row in reader:
            if names is None:
                names = [name.strip() for name in row]
                if len(set(names)) != len(names):
                    raise CatalogError(
                        f"{path}, line {first_line}: a column name stands twice in {names}; rename one"
                    )
            elif row:
                if len(row) != len(names):
                    raise CatalogError(
                        f"{path}, line {line + first_line}: {len(row)} cells, expected {len(names)} "
                        "(a truncated file?); fetch or write it again, or correct the line"
                    )
                rows.append(row)
                lines.append(line + first_line)
            line = reader.line_num
    except csv.Error as error:
        raise CatalogError(f"{path}, line {line + first_line}: {error}; correct the quotes") from error
    if names is None:
        raise CatalogError(f"{path} is empty; a catalogue has at least a line of column names")
    return TextTable(Path(path), tuple(names), rows, lines)


def typed_columns(table: TextTable) -> pd.DataFrame:
    """Event columns of a table that uses our names, as the types ``records`` declares.

    Raises
    ------
    CatalogError
        A cell that does not fit its column; the message has the line.
    """
    columns: dict[str, object] = {}
    for name in table.names:
        if name not in KNOWN_COLUMNS:
            continue
        dtype = KNOWN_COLUMNS[name].dtype
        if dtype == TIME:
            columns[name] = table.times(table.column(name), name)
        elif dtype == "boolean":
            columns[name] = pd.array(table.switches(name), dtype="boolean")
        elif dtype == "string":
            columns[name] = pd.array(table.texts(name), dtype="string")
        else:
            columns[name] = whole_numbers(table, name) if dtype == "Int64" else table.numbers(name)
    return pd.DataFrame(columns, index=range(len(table.rows)))


def typed_rows(path: Path, rows: Sequence[dict[str, object]], kind: str) -> pd.DataFrame:
    """Event table of rows as JSON or XML give them; keys that are not ours must be gone.

    Parameters
    ----------
    rows
        Values by our column names: text, number, switch or None.
    kind
        What a row is in the file ("feature", "event"), for messages.

    Raises
    ------
    CatalogError
        A value that does not fit its column; the message has the place of the row.
    """
    names = tuple(name for name in KNOWN_COLUMNS if any(name in row for row in rows))
    cells = [[_as_text(row.get(name)) for name in names] for row in rows]
    events = event_table(typed_columns(TextTable(path, names, cells, list(range(1, len(rows) + 1)), kind)))
    for name in names:
        if KNOWN_COLUMNS[name].dtype == "string":  # these formats can tell "" from nothing, cells cannot
            texts = [None if row.get(name) is None else str(row[name]) for row in rows]
            events[name] = pd.array(texts, dtype="string")
    return events


def _as_text(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def whole_numbers(table: TextTable, name: str) -> "pd.Series[int]":
    """(row,) ``Int64`` of a column, <NA> where empty; ``CatalogError`` with the line of a fraction."""
    numbers = table.numbers(name)
    wrong = np.isfinite(numbers) & (numbers != np.round(numbers)) | np.isinf(numbers) | (abs(numbers) > 2**53)
    if wrong.any():
        line = table.lines[int(np.flatnonzero(wrong)[0])]
        raise CatalogError(f"{table.path}, {table.kind} {line}: {name} is not a whole number; correct it")
    return pd.Series(numbers).astype("Int64")


def write_times(times: "pd.Series[pd.Timestamp]") -> list[str]:
    """(row,) ISO 8601 texts with Z, with as many decimals as the column needs; empty where missing."""
    values = times.to_numpy().astype(TIME)
    known = values[~np.isnat(values)].astype(np.int64)
    unit = "ms" if not (known % 1_000_000).any() else "us" if not (known % 1_000).any() else "ns"
    texts = np.datetime_as_string(values, unit=unit)  # type: ignore[call-overload]
    return ["" if text == "NaT" else f"{text}Z" for text in texts]
