"""Our own catalogue as GeoJSON (RFC 7946): a point per event with all its columns, for maps and GIS."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tremorflow.catalog.files import read_text, write_text
from tremorflow.catalog.text_columns import KNOWN_COLUMNS, typed_rows, write_times
from tremorflow.errors import CatalogError
from tremorflow.geodesy import LocalFrame
from tremorflow.records import TIME

ELLIPSE_ROLE = "error_ellipse"
ELLIPSE_CORNERS = 36  # one every 10 degrees: within 0.4 % of the axis


def write_geojson(events: pd.DataFrame, path: Path, *, ellipses: bool = False) -> None:
    """Write a FeatureCollection of points, with every column as a property (null where missing).

    Parameters
    ----------
    ellipses
        Also a polygon of each 68 % error ellipse, as a feature of its own with ``role: error_ellipse``.
    """
    columns = {name: _plain(events[name]) for name in events.columns}
    features = []
    for row in range(len(events)):
        properties = {name: values[row] for name, values in columns.items()}
        place = (properties["longitude"], properties["latitude"])
        point = None if None in place else {"type": "Point", "coordinates": [_wrapped(place[0]), place[1]]}
        features.append({"type": "Feature", "geometry": point, "properties": properties})
        polygon = ellipse_polygon(properties) if ellipses else None
        if polygon is not None:
            about = {"role": ELLIPSE_ROLE, "event_id": properties["event_id"]}
            features.append({"type": "Feature", "geometry": polygon, "properties": about})
    try:
        text = json.dumps({"type": "FeatureCollection", "features": features}, allow_nan=False)
    except ValueError as error:
        raise CatalogError(
            f"cannot write {path}: GeoJSON holds no infinite numbers; correct the table"
        ) from error
    write_text(path, text + "\n")


def ellipse_polygon(event: dict[str, Any]) -> dict[str, Any] | None:
    """Polygon of an event's 68 % error ellipse, or None where place or axes are missing."""
    needed = ("latitude", "longitude", "semi_major_km", "semi_minor_km", "azimuth_deg")
    if any(event[name] is None for name in needed):
        return None
    # anticlockwise on the map, as RFC 7946 wants, and closed
    angle = -np.linspace(0.0, 2 * np.pi, ELLIPSE_CORNERS + 1)
    along, across = event["semi_major_km"] * np.cos(angle), event["semi_minor_km"] * np.sin(angle)
    azimuth = np.radians(event["azimuth_deg"])
    east = along * np.sin(azimuth) + across * np.cos(azimuth)
    north = along * np.cos(azimuth) - across * np.sin(azimuth)
    latitude, longitude = LocalFrame(event["latitude"], event["longitude"]).to_degrees(east, north)
    ring = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(longitude, latitude, strict=True)]
    return {"type": "Polygon", "coordinates": [[*ring[:-1], ring[0]]]}


def read_geojson(path: Path) -> pd.DataFrame:
    """Event table from points with our property names; other properties and other geometries are left out.

    Place is taken from the properties, else from the point; the answers of the PNSN tremor service
    (properties ``time``, ``depth``, ``duration``, ``num_stas``, ``id``) are understood too.
    """
    try:
        document = json.loads(read_text(path))
        features = [one for one in document["features"] if one["properties"].get("role") != ELLIPSE_ROLE]
        rows = [_row(one) for one in features]
    except json.JSONDecodeError as error:
        raise CatalogError(
            f"{path}, line {error.lineno}: {error.msg}; fetch or write the file again"
        ) from error
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise CatalogError(
            f"{path} is no GeoJSON FeatureCollection of points ({error!r}); check the file"
        ) from error
    return typed_rows(Path(path), rows, "feature")


PNSN_PROPERTIES = {"depth": "depth_km", "duration": "duration_s", "num_stas": "n_stations", "id": "event_id"}


def _row(feature: dict[str, Any]) -> dict[str, Any]:
    row = {name: value for name, value in feature["properties"].items() if name in KNOWN_COLUMNS}
    for theirs, ours in PNSN_PROPERTIES.items():
        if theirs in feature["properties"] and ours not in row:
            row[ours] = feature["properties"][theirs]
    if feature["geometry"] is not None:
        longitude, latitude = feature["geometry"]["coordinates"][:2]
        row = {"longitude": longitude, "latitude": latitude} | row
    return row


def _plain(values: "pd.Series[Any]") -> list[Any]:
    if KNOWN_COLUMNS[str(values.name)].dtype == TIME:
        return [text or None for text in write_times(values)]
    return [None if missing else value for value, missing in zip(values.tolist(), values.isna(), strict=True)]


def _wrapped(longitude: float) -> float:
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180
