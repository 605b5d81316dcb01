"""Catalogues of ordinary earthquakes: time, place and magnitude, from CSV or QuakeML."""

from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.catalog.files import read_bytes
from tremorflow.errors import CatalogError

NAMES = {  # ours, and what others call it
    "time": ("time", "t", "origin_time", "datetime"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "long"),
    "depth_km": ("depth_km", "depth", "dep"),
    "magnitude": ("magnitude", "mag", "m", "ml", "mw"),
}
UNKNOWN_DEPTH_KM = 20.0  # where a catalogue has none: half of a crust


def read_earthquakes(path: str | Path) -> pd.DataFrame:
    """Earthquakes in order of time: ``time`` (UTC), ``latitude``, ``longitude``, ``depth_km``, ``magnitude``.

    Parameters
    ----------
    path
        CSV whose columns have these names, or those of USGS (time, latitude, longitude, depth, mag); or
        QuakeML. Rows without time, place or magnitude are left out.

    Raises
    ------
    CatalogError
        A file that is neither, lacks a column, or has no usable row.
    """
    path = Path(path)
    text = read_bytes(path)
    table = _from_quakeml(path) if text.lstrip().startswith(b"<") else _from_csv(path)
    table["depth_km"] = table["depth_km"].fillna(UNKNOWN_DEPTH_KM)
    whole = table.dropna()
    if whole.empty:
        raise CatalogError(f"{path} has no earthquake with time, place and magnitude; check its columns")
    return whole.sort_values("time", ignore_index=True)


def _from_csv(path: Path) -> pd.DataFrame:
    try:
        raw = pd.read_csv(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise CatalogError(f"{path} cannot be read as CSV ({error}); write a header and commas") from error
    by_name = {str(name).strip().lower(): name for name in raw.columns}
    table = pd.DataFrame(index=raw.index)
    for name, others in NAMES.items():
        found = next((by_name[other] for other in others if other in by_name), None)
        if found is None and name != "depth_km":
            raise CatalogError(
                f"{path} has no column {name} (nor {', '.join(others[1:])}); it has {list(raw.columns)[:8]}"
            )
        values = raw[found] if found is not None else pd.Series(np.nan, index=raw.index)
        if name == "time":
            parsed = pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce")
            table[name] = parsed.dt.tz_localize(None).astype("datetime64[ns]")
        else:
            table[name] = pd.to_numeric(values, errors="coerce").astype("float64")
    return table


def _from_quakeml(path: Path) -> pd.DataFrame:
    from obspy import read_events

    try:
        events = read_events(str(path))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CatalogError(f"{path} cannot be read as QuakeML ({error}); fetch it again") from error
    rows = []
    for event in events:
        origin = event.preferred_origin() or (event.origins[0] if event.origins else None)
        magnitude = event.preferred_magnitude() or (event.magnitudes[0] if event.magnitudes else None)
        if origin is not None and magnitude is not None and origin.time is not None:
            depth = np.nan if origin.depth is None else origin.depth / 1000
            rows.append((origin.time.datetime, origin.latitude, origin.longitude, depth, magnitude.mag))
    table = pd.DataFrame(rows, columns=list(NAMES))
    return table.astype({"time": "datetime64[ns]"} | dict.fromkeys(list(NAMES)[1:], "float64"))
