"""Our own catalogue as QuakeML 1.2, through ObsPy, for the tools of the seismological services.

QuakeML holds time (to the microsecond), place, depth, their errors and the number of stations in fields of
its own; those are what is read back. What it has no field for (tremor is not even an event type) stands in
a comment as JSON, so that reading gives the whole row again.
"""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from tremorflow.catalog.files import read_bytes, write_whole
from tremorflow.catalog.text_columns import KNOWN_COLUMNS, typed_rows, write_times
from tremorflow.errors import CatalogError
from tremorflow.records import TIME

COLUMNS_MARK = "tremorflow columns: "
ELLIPSE = {"semi_major_km", "semi_minor_km", "azimuth_deg"}
IN_FIELDS = ELLIPSE | {"time", "latitude", "longitude", "depth_km", "depth_error_km", "n_stations"}
ID_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-.*()_~']*")
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")  # XML refuses some of these; the JSON keeps them all
CONFIDENCE_PERCENT = 68.0


def write_quakeml(events: pd.DataFrame, path: Path) -> None:
    """Write an event table as QuakeML; an event without time or place has no origin, only its comment."""
    from obspy.core.event import Catalog, ResourceIdentifier

    texts = {
        name: write_times(events[name]) for name in map(str, events) if KNOWN_COLUMNS[name].dtype == TIME
    }
    made = []
    for row, event in enumerate(events.to_dict("records")):
        plain = {str(name): value for name, value in event.items() if not pd.isna(value)}
        plain |= {name: values[row] for name, values in texts.items() if values[row]}
        made.append(_event(plain, row))
    catalog = Catalog(made, resource_id=ResourceIdentifier("smi:local/tremorflow/catalog"))
    write_whole(path, lambda temporary: catalog.write(str(temporary), format="QUAKEML"))


def read_quakeml(path: Path) -> pd.DataFrame:
    """Event table from QuakeML, ours or any other: preferred (else first) origin of each event.

    Raises
    ------
    CatalogError
        Not QuakeML, damaged, or a comment of ours that does not hold columns.
    """
    from obspy import read_events

    content = read_bytes(path)
    try:
        catalog = read_events(io.BytesIO(content), format="QUAKEML")
    except (SyntaxError, ValueError, TypeError, KeyError, AttributeError, IndexError, OSError) as error:
        raise CatalogError(f"cannot read {path} as QuakeML ({error}); fetch or write it again") from error
    return typed_rows(path, [_row(event, path) for event in catalog], "event")


def _event(columns: dict[str, Any], row: int) -> Any:
    from obspy.core.event import Comment, CreationInfo, Event, EventDescription, ResourceIdentifier

    name = str(columns.get("event_id", f"row-{row + 1}"))
    part = name if ID_PART.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:16]
    stem = f"smi:local/tremorflow/{part}-{row + 1}"
    event = Event(resource_id=ResourceIdentifier(f"{stem}/event"), event_type="other event")
    event.event_descriptions = [EventDescription(text="tectonic tremor", type="earthquake name")]
    event.creation_info = CreationInfo(
        agency_id="tremorflow", version=UNPRINTABLE.sub("?", str(columns.get("version", ""))) or None
    )
    has_origin = {"time", "latitude", "longitude"} <= columns.keys()
    if has_origin:
        event.origins = [_origin(columns, stem)]
        event.preferred_origin_id = event.origins[0].resource_id
    rest = {key: value for key, value in columns.items() if not (has_origin and key in _held(columns))}
    summary = f"quality: {columns.get('quality') or 'not graded'}; flags: {columns.get('flags') or 'none'}"
    event.comments = [
        Comment(text=UNPRINTABLE.sub("?", summary), resource_id=ResourceIdentifier(f"{stem}/summary")),
        Comment(
            text=COLUMNS_MARK + json.dumps(rest, ensure_ascii=True),
            resource_id=ResourceIdentifier(f"{stem}/columns"),
        ),
    ]
    return event


def _held(columns: dict[str, Any]) -> set[str]:
    """Columns that the fields of the origin hold, given what there is."""
    held = IN_FIELDS if columns.keys() >= ELLIPSE else IN_FIELDS - ELLIPSE
    return held if "depth_km" in columns else held - {"depth_error_km"}


def _origin(columns: dict[str, Any], stem: str) -> Any:
    from obspy import UTCDateTime
    from obspy.core.event import Origin, OriginQuality, OriginUncertainty, QuantityError, ResourceIdentifier

    origin = Origin(
        resource_id=ResourceIdentifier(f"{stem}/origin"),
        time=UTCDateTime(columns["time"]),
        latitude=columns["latitude"],
        longitude=columns["longitude"],
        evaluation_mode="automatic",
    )
    held = _held(columns)
    if "depth_km" in columns:
        origin.depth = columns["depth_km"] * 1000
        if "depth_error_km" in columns:
            origin.depth_errors = QuantityError(uncertainty=columns["depth_error_km"] * 1000)
    if "semi_major_km" in columns and "semi_major_km" in held:
        origin.origin_uncertainty = OriginUncertainty(
            max_horizontal_uncertainty=columns["semi_major_km"] * 1000,
            min_horizontal_uncertainty=columns["semi_minor_km"] * 1000,
            azimuth_max_horizontal_uncertainty=columns["azimuth_deg"],
            preferred_description="uncertainty ellipse",
            confidence_level=CONFIDENCE_PERCENT,
        )
    if "n_stations" in columns:
        origin.quality = OriginQuality(used_station_count=int(columns["n_stations"]))
    return origin


def _row(event: Any, path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {}
    origin = event.preferred_origin() or (event.origins[0] if event.origins else None)
    if origin is not None:
        row = _origin_columns(origin)
    ours = [one.text for one in event.comments if (one.text or "").startswith(COLUMNS_MARK)]
    if not ours:
        return {"event_id": str(event.resource_id.id).rstrip("/").rsplit("/", 1)[-1]} | row
    try:
        rest = json.loads(ours[0].removeprefix(COLUMNS_MARK))
        return {name: value for name, value in rest.items() if name in KNOWN_COLUMNS} | row
    except (json.JSONDecodeError, AttributeError) as error:
        raise CatalogError(
            f"{path}: the columns in the comment of {event.resource_id} are damaged ({error})"
        ) from error


def _origin_columns(origin: Any) -> dict[str, Any]:
    ellipse = origin.origin_uncertainty
    row = {
        "time": None if origin.time is None else str(origin.time),
        "latitude": origin.latitude,
        "longitude": origin.longitude,
        "depth_km": None if origin.depth is None else origin.depth / 1000,
        "n_stations": origin.quality and origin.quality.used_station_count,
    }
    if origin.depth_errors and origin.depth_errors.uncertainty is not None:
        row["depth_error_km"] = origin.depth_errors.uncertainty / 1000
    if ellipse is not None and ellipse.max_horizontal_uncertainty is not None:
        row["semi_major_km"] = ellipse.max_horizontal_uncertainty / 1000
        row["semi_minor_km"] = _in_km(ellipse.min_horizontal_uncertainty)
        row["azimuth_deg"] = ellipse.azimuth_max_horizontal_uncertainty
    return {name: value for name, value in row.items() if value is not None}


def _in_km(metres: float | None) -> float | None:
    return None if metres is None else metres / 1000
