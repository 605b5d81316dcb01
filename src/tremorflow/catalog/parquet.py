"""Our own catalogue as Parquet: every bit kept, times in UTC, units and provenance in the schema."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tremorflow.catalog.files import write_whole
from tremorflow.catalog.text_columns import KNOWN_COLUMNS
from tremorflow.errors import CatalogError
from tremorflow.records import TIME, event_table

PROVENANCE_KEY = b"tremorflow_provenance"


def write_parquet(events: pd.DataFrame, path: Path, provenance: dict[str, Any] | None = None) -> None:
    """Write an event table, with unit and meaning of each column and the provenance in the schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, fields = [], []
    for name in events.columns:
        column = KNOWN_COLUMNS[name]
        utc = pa.timestamp("ns", tz="UTC") if column.dtype == TIME else None
        array = pa.Array.from_pandas(events[name], type=utc)
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata={"unit": column.unit, "meaning": column.meaning}))
    metadata = {} if provenance is None else {PROVENANCE_KEY: json.dumps(provenance).encode()}
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))
    write_whole(path, lambda temporary: pq.write_table(table, temporary))


def read_parquet(path: Path) -> pd.DataFrame:
    """Event table from Parquet; ``CatalogError`` if the file is damaged or its columns are not ours."""
    frame: pd.DataFrame = _read(path).to_pandas(integer_object_nulls=True, timestamp_as_object=False)
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
    try:
        return event_table(frame)
    except CatalogError as error:
        raise CatalogError(f"{path}: {error}") from error


def read_parquet_provenance(path: Path) -> dict[str, Any]:
    """Provenance kept in the schema of a Parquet file, empty if there is none."""
    metadata = _read(path).schema.metadata or {}
    found: dict[str, Any] = json.loads(metadata.get(PROVENANCE_KEY, b"{}"))
    return found


def _read(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise CatalogError(f"cannot read {path} as Parquet ({error}); fetch or write it again") from error
