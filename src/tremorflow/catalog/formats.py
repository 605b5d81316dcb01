"""One door to every catalogue format: by name, by suffix when writing, by content when reading."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from tremorflow.catalog.csv_table import read_csv, write_csv
from tremorflow.catalog.files import read_bytes, read_text, remove, write_text
from tremorflow.catalog.geojson import read_geojson, write_geojson
from tremorflow.catalog.parquet import read_parquet, read_parquet_provenance, write_parquet
from tremorflow.catalog.published import named_columns, read_named_columns, read_nishikawa, read_world_tremor
from tremorflow.catalog.quakeml import read_quakeml, write_quakeml
from tremorflow.catalog.slow_earthquake_db import (
    header_line,
    read_slow_earthquake_db,
    write_slow_earthquake_db,
)
from tremorflow.catalog.text_columns import KNOWN_COLUMNS
from tremorflow.errors import CatalogError
from tremorflow.records import event_table

Provenance = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """How a catalogue format is read and, if we write it, written; and the file names that mean it."""

    read: Callable[[Path], pd.DataFrame]
    write: Callable[[pd.DataFrame, Path, Provenance | None], None] | None = None
    suffixes: tuple[str, ...] = ()


def _without_provenance(
    write: Callable[[pd.DataFrame, Path], None],
) -> Callable[[pd.DataFrame, Path, Provenance | None], None]:
    return lambda events, path, provenance: write(events, path)


FORMATS: dict[str, Format] = {
    "csv": Format(read_csv, _without_provenance(write_csv), (".csv",)),
    "parquet": Format(read_parquet, write_parquet, (".parquet", ".pq")),
    "quakeml": Format(read_quakeml, _without_provenance(write_quakeml), (".xml", ".quakeml", ".qml")),
    "geojson": Format(read_geojson, _without_provenance(write_geojson), (".geojson", ".json")),
    "geojson_ellipses": Format(read_geojson, _without_provenance(partial(write_geojson, ellipses=True))),
    "slow_earthquake_db": Format(read_slow_earthquake_db, write_slow_earthquake_db, (".sloweq.csv",)),
    "nishikawa": Format(read_nishikawa),
    "pnsn": Format(read_named_columns),
    "world_tremor": Format(read_world_tremor),
    "named_columns": Format(read_named_columns),
}


def write_catalog(
    events: pd.DataFrame,
    path: str | Path,
    provenance: Provenance | None = None,
    format: str | None = None,
) -> None:
    """Write an event table into one file, whole or not at all.

    Parameters
    ----------
    events
        Table of ``records.event_table``.
    path
        Its suffix chooses the format: ``.csv``, ``.parquet``, ``.xml`` (QuakeML), ``.geojson`` or
        ``.sloweq.csv``.
    provenance
        What made the catalogue: rules and their numbers, settings, versions, inputs; plain types only.
        Kept in ``<name>.provenance.json`` beside the file, and in the schema too if it is Parquet.
        Without it an older one beside ``path`` is removed, since it would tell of another catalogue.
    format
        Key of ``FORMATS``, where the suffix does not say.

    Raises
    ------
    CatalogError
        An unknown format, a place that cannot be written, or what the format cannot hold.
    """
    path = Path(path)
    name = format or _format_of_suffix(path)
    chosen = _find(name)
    if chosen.write is None:
        writable = [key for key, one in FORMATS.items() if one.write]
        raise CatalogError(f"format {name!r} is only read, not written; use one of {writable}")
    try:
        text = (
            None
            if provenance is None
            else json.dumps(provenance, indent=2, ensure_ascii=False, allow_nan=False)
        )
    except (TypeError, ValueError) as error:
        raise CatalogError(f"the provenance of {path} is not JSON: {error}; use plain types only") from error
    chosen.write(event_table(events), path, provenance)
    if text is None:
        remove(provenance_path(path))
    else:
        write_text(provenance_path(path), text + "\n")


def read_catalog(path: str | Path, format: str | None = None) -> pd.DataFrame:
    """Event table from a catalogue file, of whatever format it turns out to be.

    Parameters
    ----------
    path
        File of any of ``FORMATS``; text may be gzipped.
    format
        Key of ``FORMATS``; without it the content decides (``detect_format``), never the file's name.

    Raises
    ------
    CatalogError
        Unreadable, of no known format, or damaged; the message has the file, the line and the cure.
    """
    path = Path(path)
    return _find(format or detect_format(path)).read(path)


def read_provenance(path: str | Path) -> Provenance:
    """Rules, settings and versions kept with a catalogue; empty if nothing was kept."""
    path = Path(path)
    beside = provenance_path(path)
    if beside.is_file():
        try:
            found: Provenance = json.loads(read_text(beside))
        except json.JSONDecodeError as error:
            raise CatalogError(
                f"{beside}, line {error.lineno}: {error.msg}; remove the file or mend it"
            ) from error
        return found
    return read_parquet_provenance(path) if detect_format(path) == "parquet" else {}


def provenance_path(path: Path) -> Path:
    """File beside a catalogue that tells how it was made."""
    return path.with_name(f"{path.name}.provenance.json")


def detect_format(path: str | Path) -> str:
    """Key of ``FORMATS`` that the content of a file speaks for; ``CatalogError`` if none does."""
    start = read_bytes(path)[:8192]
    if start[:4] == b"PAR1":
        return "parquet"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return "geojson"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and b"quakeml" in start.lower():
        return "quakeml"
    name = _format_of_text(start.decode("utf-8-sig", errors="replace"))
    if name is None:
        raise CatalogError(f"{path} is a catalogue of no known format; name it, one of {list(FORMATS)}")
    return name


def _format_of_text(text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0] if lines else ""
    names = [name.strip() for name in first.split(",")]
    if {"time", "latitude", "longitude"} <= set(names) <= set(KNOWN_COLUMNS):
        return "csv"
    if re.match(r"\d{4}-\d\d-\d\d,\d\d:\d\d:\d\d,[-\d]", first):
        return "world_tremor"
    if re.fullmatch(r"\s*\d{4}(\s+[-+.\deE]+){10}\s*", first.split("#")[0]):
        return "nishikawa"
    if header_line(text) is not None:
        return "slow_earthquake_db"
    found = named_columns(tuple(name.lower() for name in names))
    return "named_columns" if {"time", "latitude", "longitude"} <= found.keys() else None


def _format_of_suffix(path: Path) -> str:
    pairs = [(suffix, name) for name, one in FORMATS.items() for suffix in one.suffixes]
    for suffix, name in sorted(pairs, key=lambda pair: -len(pair[0])):
        if path.name.lower().endswith(suffix):
            return name
    raise CatalogError(f"{path}: the suffix says no format; use one of {[suffix for suffix, _ in pairs]}")


def _find(name: str) -> Format:
    if name not in FORMATS:
        raise CatalogError(f"unknown catalogue format {name!r}; known are {list(FORMATS)}")
    return FORMATS[name]
