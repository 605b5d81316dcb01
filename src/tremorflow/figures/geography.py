"""Coastlines and trench axes for the maps, bundled with the package and read when first drawn."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import DataError
from tremorflow.figures import style
from tremorflow.geodesy import km_per_degree, longitudes_together

FloatArray = NDArray[np.float64]

POLE_DEG = 89.9  # Antarctica is closed over the pole, which is no coast
TOOTH_SPACING = 0.06  # of the height of the map, between the teeth of a trench
TOOTH_SIZE = 0.011  # of the height of the map


@dataclass(frozen=True, slots=True)
class MapExtent:
    """Rectangle of a map in degrees; ``east`` passes 180 where the map crosses the antimeridian."""

    west: float
    east: float
    south: float
    north: float

    def __post_init__(self) -> None:
        bounds = (self.west, self.east, self.south, self.north)
        if not (np.all(np.isfinite(bounds)) and self.west < self.east and self.south < self.north):
            raise DataError(
                f"west, east, south, north = {bounds} is not a map; west < east and south < north"
            )

    @property
    def latitude(self) -> float:
        """Latitude of the middle (deg)."""
        return (self.south + self.north) / 2

    @property
    def longitude(self) -> float:
        """Longitude of the middle (deg)."""
        return (self.west + self.east) / 2

    def near(self, longitudes: ArrayLike) -> FloatArray:
        """Longitudes with the turns of 360 degrees that bring them nearest to the middle of the map."""
        values = np.asarray(longitudes, dtype=np.float64)
        return self.longitude + (values - self.longitude + 180) % 360 - 180

    def holds(self, latitudes: ArrayLike, longitudes: ArrayLike) -> NDArray[np.bool_]:
        """Whether points (deg) are inside."""
        x, y = self.near(longitudes), np.asarray(latitudes, dtype=np.float64)
        return np.asarray((x > self.west) & (x < self.east) & (y > self.south) & (y < self.north))


def extent_around(latitudes: ArrayLike, longitudes: ArrayLike, *, smallest_km: float = 60.0) -> MapExtent:
    """Extent that holds all points (deg) with a margin of 8 %, and at least ``smallest_km`` across."""
    latitude = np.ravel(np.asarray(latitudes, dtype=np.float64))
    longitude = np.ravel(np.asarray(longitudes, dtype=np.float64))
    known = np.isfinite(latitude) & np.isfinite(longitude)
    if not known.any():
        raise DataError("a map needs at least one station or event with coordinates")
    together = longitudes_together(longitude[known])  # so that 179 E and 179 W are two degrees apart
    west, east = together.min(), together.max()
    south, north = latitude[known].min(), latitude[known].max()
    north_km, east_km = km_per_degree((south + north) / 2)
    pad_x = max(0.08 * (east - west), (smallest_km / float(east_km) - (east - west)) / 2)
    pad_y = max(0.08 * (north - south), (smallest_km / float(north_km) - (north - south)) / 2)
    return MapExtent(west - pad_x, east + pad_x, max(south - pad_y, -89.9), min(north + pad_y, 89.9))


def draw_geography(axes: Axes, extent: MapExtent) -> None:
    """Land, coast and trenches inside the extent, on axes of longitude and latitude with true proportions."""
    axes.set_facecolor(style.SEA)
    land = list(pieces_inside(land_polygons(), extent))
    areas = [
        Path.make_compound_path(*(Path(ring + shift, closed=True) for ring in rings)) for rings, shift in land
    ]
    axes.add_collection(
        PathCollection(areas, facecolors=style.LAND, edgecolors="none", zorder=0.5), autolim=False
    )
    coast = [line + shift for rings, shift in land for ring in rings for line in coast_of(ring)]
    axes.add_collection(LineCollection(coast, colors=style.COAST, linewidths=0.7, zorder=2.5), autolim=False)
    frame = Bbox.from_extents(extent.west, extent.south, extent.east, extent.north)
    trenches = [lines[0] + shift for lines, shift in pieces_inside(trench_lines(), extent)]
    draw_trenches(
        axes, [line for line in trenches if Path(line).intersects_bbox(frame, filled=False)], extent
    )
    axes.set_xlim(extent.west, extent.east)
    axes.set_ylim(extent.south, extent.north)
    axes.set_aspect(1 / np.cos(np.radians(extent.latitude)), adjustable="box")


def draw_trenches(axes: Axes, lines: list[FloatArray], extent: MapExtent) -> None:
    """Trench axes with teeth on the overriding plate, which is on the right of each line."""
    if not lines:
        return
    axes.add_collection(
        LineCollection(lines, colors=style.TRENCH, linewidths=1.4, zorder=2.6, gid="trench"), autolim=False
    )
    height = extent.north - extent.south
    stretch = np.array([np.cos(np.radians(extent.latitude)), 1.0])
    teeth = [
        tooth / stretch
        for line in lines
        for tooth in teeth_along(line * stretch, TOOTH_SPACING * height, TOOTH_SIZE * height)
    ]
    axes.add_collection(
        PathCollection(
            [Path(tooth, closed=True) for tooth in teeth],
            facecolors=style.TRENCH,
            edgecolors="none",
            zorder=2.6,
        ),
        autolim=False,
    )


def teeth_along(line: FloatArray, spacing: float, size: float) -> list[FloatArray]:
    """Triangles (4, 2) every ``spacing`` along a line (point, 2), pointing to its right."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    teeth = []
    for middle in np.arange(spacing / 2, along[-1], spacing):
        first, tip, last = (
            np.array([np.interp(middle + step, along, line[:, axis]) for axis in (0, 1)])
            for step in (-size, 0.0, size)
        )
        direction = (last - first) / max(float(np.hypot(*(last - first))), 1e-12)
        right = np.array([direction[1], -direction[0]])
        teeth.append(np.array([first, last, tip + 1.6 * size * right, first]))
    return teeth


def pieces_inside(
    pieces: Iterable[tuple[FloatArray, ...]], extent: MapExtent
) -> Iterable[tuple[tuple[FloatArray, ...], FloatArray]]:
    """Pieces whose outer line meets the extent, each with the turns of 360 degrees that bring it there."""
    for piece in pieces:
        (west, south), (east, north) = piece[0].min(axis=0), piece[0].max(axis=0)
        if south > extent.north or north < extent.south:
            continue
        for turn in (-360.0, 0.0, 360.0):
            if west + turn <= extent.east and east + turn >= extent.west:
                yield piece, np.array([turn, 0.0])


def coast_of(ring: FloatArray) -> list[FloatArray]:
    """Parts of a ring that are coast, without its closure over the pole."""
    is_pole = np.abs(ring[:, 1]) >= POLE_DEG
    breaks = np.flatnonzero(is_pole[:-1] | is_pole[1:]) + 1
    return [part for part in np.split(ring, breaks) if len(part) >= 2]


@cache
def land_polygons() -> tuple[tuple[FloatArray, ...], ...]:
    """Land masses of the world: for each the outer ring and its holes, (point, 2) longitude and latitude."""
    return tuple(
        tuple(np.array(ring, dtype=np.float64) for ring in geometry["coordinates"])
        for geometry in read_geometries("land.geojson.gz")
    )


@cache
def trench_lines() -> tuple[tuple[FloatArray], ...]:
    """Trench axes, (point, 2) longitude and latitude, the overriding plate on their right."""
    return tuple(
        (np.array(geometry["coordinates"], dtype=np.float64),)
        for geometry in read_geometries("trenches.geojson.gz")
    )


def read_geometries(name: str) -> list[dict[str, Any]]:
    """GeoJSON geometries of one bundled file."""
    packed = resources.files("tremorflow").joinpath("resources", "geo", name).read_bytes()
    return [feature["geometry"] for feature in json.loads(gzip.decompress(packed))["features"]]
