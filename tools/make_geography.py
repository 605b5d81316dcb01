"""Make the coastlines and trench axes that the maps draw, once, from public-domain sources.

python tools/make_geography.py land-10m.json trenches_usgs_2017.csv src/tremorflow/resources/geo

The first file is Natural Earth 1:10m land as TopoJSON (world-atlas), the second the trench axes of USGS
Slab2. Nothing of this runs when tremorflow is used.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COAST_TOLERANCE_DEG = 0.006  # about 0.6 km: one dot on a map of 100 km
POLAR_TOLERANCE_DEG = 0.05  # half of the world's coast is polar, where tremor has hardly been looked for
POLAR_LATITUDES_DEG = (-50.0, 62.0)  # south and north of these
TRENCH_TOLERANCE_DEG = 0.02
SMALLEST_ISLAND_DEG2 = 3e-4  # about 3 km2: smaller ones are dots
TRENCH_STEP_DEG = 0.4  # the source has a point every 0.3 deg or closer; a longer step is another segment


def decode_arcs(topology: dict[str, Any]) -> list[FloatArray]:
    """Arcs (point, 2) as longitude and latitude, from the delta-coded integers of TopoJSON."""
    scale, shift = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def join_ring(indices: list[int], arcs: list[FloatArray]) -> FloatArray:
    """Join arcs in this order to a closed ring; ``~i`` is arc ``i`` backwards."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def unwrap_ring(ring: FloatArray) -> FloatArray:
    """Ring without jumps at the antimeridian; one around a pole is closed over the pole."""
    longitudes = np.degrees(np.unwrap(np.radians(ring[:, 0])))
    unwrapped = np.column_stack([longitudes, ring[:, 1]])
    if abs(longitudes[-1] - longitudes[0]) < 180:
        return unwrapped
    pole = -90.0 if np.mean(ring[:, 1]) < 0 else 90.0
    return np.concatenate([unwrapped, [[longitudes[-1], pole], [longitudes[0], pole]], unwrapped[:1]])


def simplify(line: FloatArray, tolerance_deg: float) -> FloatArray:
    """Points of the line that keep it within ``tolerance_deg`` (Ramer-Douglas-Peucker)."""
    scaled = line * np.array([np.cos(np.radians(np.mean(line[:, 1]))), 1.0])
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        offsets = distance_to_chord(scaled[first + 1 : last], scaled[first], scaled[last])
        worst = int(np.argmax(offsets))
        if offsets[worst] > tolerance_deg:
            middle = first + 1 + worst
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return line[keep]


def simplify_coast(ring: FloatArray) -> FloatArray:
    """Ring simplified less between the polar latitudes than beyond them."""
    south, north = POLAR_LATITUDES_DEG
    fine = simplify(ring, COAST_TOLERANCE_DEG)
    is_polar = (fine[:, 1] < south) | (fine[:, 1] > north)
    runs = np.split(np.arange(len(fine)), np.flatnonzero(np.diff(is_polar)) + 1)
    parts = [simplify(fine[run], POLAR_TOLERANCE_DEG) if is_polar[run[0]] else fine[run] for run in runs]
    return np.concatenate(parts)


def distance_to_chord(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Distance of points (point, 2) to the segment from start to end."""
    chord = end - start
    length2 = float(chord @ chord)
    along = np.clip((points - start) @ chord / length2, 0, 1) if length2 > 0 else np.zeros(len(points))
    east, north = (points - start - along[:, None] * chord).T
    offsets: FloatArray = np.hypot(east, north)
    return offsets


def area_deg2(ring: FloatArray) -> float:
    """Area of a ring in equatorial square degrees."""
    x, y = ring[:, 0] * np.cos(np.radians(np.mean(ring[:, 1]))), ring[:, 1]
    return 0.5 * abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])))


def land_features(topology: dict[str, Any]) -> list[dict[str, Any]]:
    """One GeoJSON polygon per land mass, with its holes (the Caspian Sea), simplified."""
    arcs = decode_arcs(topology)
    features = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            rings = [simplify_coast(unwrap_ring(join_ring(ring, arcs))) for ring in polygon]
            rings = [ring for ring in rings if len(ring) >= 4 and area_deg2(ring) >= SMALLEST_ISLAND_DEG2]
            if rings:
                features.append(feature("Polygon", [rounded(ring) for ring in rings], {}))
    return features


def trench_features(table: pd.DataFrame) -> list[dict[str, Any]]:
    """One GeoJSON line per unbroken stretch of a trench, simplified, the overriding plate on its right.

    Notes
    -----
    ``az`` is the strike, so the slab dips to the right of it. The rows run against the strike.
    """
    features = []
    for slab, rows in table.groupby("slab", sort=True):
        line = rows[["lon", "lat"]].to_numpy(dtype=np.float64)
        line[:, 0] = np.degrees(np.unwrap(np.radians(line[:, 0])))
        if not runs_along_strike(line, rows["az"].to_numpy(dtype=np.float64)):
            line = line[::-1]
        breaks = np.flatnonzero(np.hypot(*np.diff(line, axis=0).T) > TRENCH_STEP_DEG) + 1
        for part in np.split(line, breaks):
            if len(part) >= 2:
                points = rounded(simplify(part, TRENCH_TOLERANCE_DEG))
                features.append(feature("LineString", points, {"slab": slab}))
    return features


def runs_along_strike(line: FloatArray, strike_deg: FloatArray) -> bool:
    """Whether most steps of the line point along the strike of their first point."""
    east, north = np.diff(line, axis=0).T * np.array(
        [np.cos(np.radians(line[:-1, 1])), np.ones(len(line) - 1)]
    )
    return bool(np.median(np.cos(np.arctan2(east, north) - np.radians(strike_deg[:-1]))) > 0)


def feature(kind: str, coordinates: list[Any], properties: dict[str, Any]) -> dict[str, Any]:
    """GeoJSON feature."""
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def rounded(line: FloatArray) -> list[list[float]]:
    """Longitude and latitude with three decimals (100 m)."""
    points: list[list[float]] = np.round(line, 3).tolist()
    return points


def write_collection(path: Path, features: list[dict[str, Any]]) -> None:
    """Write a gzipped GeoJSON collection; the same input gives the same bytes."""
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    sys.stdout.write(f"{path}: {len(features)} features, {path.stat().st_size} bytes\n")


def main() -> None:
    """Read the two sources named on the command line and write the two resources."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("land", type=Path)
    parser.add_argument("trenches", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    topology = json.loads(given.land.read_text(encoding="utf-8"))
    write_collection(given.folder / "land.geojson.gz", land_features(topology))
    write_collection(given.folder / "trenches.geojson.gz", trench_features(pd.read_csv(given.trenches)))


if __name__ == "__main__":
    main()
