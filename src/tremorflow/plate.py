"""Depth of a plate interface on a regular grid, and reading it from the files it is published in."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import MissingExtraError, ModelError

FloatArray = NDArray[np.float64]

AXIS_NAMES = {"longitude": ("lon", "longitude", "x"), "latitude": ("lat", "latitude", "y")}
"""Names of the coordinate variables in netCDF grids."""

MAX_DEPTH_KM = 1000.0
"""No slab is deeper; a larger value is a grid in metres."""

STRAY_SHARE = 0.05
"""Share of nodes that may have the other sign (an interface a little above sea level at its edge)."""


@dataclass(frozen=True, slots=True)
class PlateInterface:
    """Depth of a plate interface on a regular grid.

    ``latitudes`` (latitude,) and ``longitudes`` (longitude,) ascend in equal steps; longitudes may run past
    180. ``depths_km`` is (latitude, longitude), positive down, NaN where there is no plate.
    """

    name: str
    latitudes: FloatArray
    longitudes: FloatArray
    depths_km: FloatArray

    def __post_init__(self) -> None:
        for axis, values in (("latitudes", self.latitudes), ("longitudes", self.longitudes)):
            steps = np.diff(values)
            regular = len(steps) > 0 and steps[0] > 0 and np.allclose(steps, steps.mean(), rtol=0.01)
            if not (np.all(np.isfinite(values)) and regular):
                raise ModelError(
                    f"plate interface {self.name}: the {axis} must ascend in equal steps, at least two of "
                    "them; interpolate the file onto a regular grid"
                )
        if self.depths_km.shape != (len(self.latitudes), len(self.longitudes)):
            raise ModelError(
                f"plate interface {self.name}: depths of shape {self.depths_km.shape} do not fit "
                f"{len(self.latitudes)} latitudes and {len(self.longitudes)} longitudes"
            )

    def depth_km(self, latitudes: ArrayLike, longitudes: ArrayLike) -> FloatArray:
        """Depth (km) of the interface under points in degrees; arrays broadcast.

        Bilinear; NaN outside the grid and wherever one of the surrounding nodes has no plate.
        """
        latitude, longitude = np.broadcast_arrays(
            np.asarray(latitudes, dtype=np.float64), np.asarray(longitudes, dtype=np.float64)
        )
        east = (longitude - self.longitudes[0] + 1e-9) % 360 - 1e-9
        j, v = _cell(east, self.longitudes - self.longitudes[0])
        i, w = _cell(latitude, self.latitudes)
        total = np.zeros(latitude.shape)
        for di, dj, weight in (
            (0, 0, (1 - w) * (1 - v)),
            (0, 1, (1 - w) * v),
            (1, 0, w * (1 - v)),
            (1, 1, w * v),
        ):
            # A node without weight has no say, even if it is NaN
            total = total + np.where(weight == 0, 0.0, weight * self.depths_km[i + di, j + dj])
        return total


def _cell(values: FloatArray, axis: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Index of the node below each value and the part of the step beyond it, NaN outside the axis."""
    place = (values - axis[0]) / (axis[-1] - axis[0]) * (len(axis) - 1)
    inside = (place >= -1e-6) & (place <= len(axis) - 1 + 1e-6)
    place = np.clip(np.where(inside, place, 0.0), 0, len(axis) - 1)
    node = np.minimum(place.astype(np.intp), len(axis) - 2)
    part = place - node
    part = np.where(np.abs(part - np.round(part)) < 1e-6, np.round(part), part)
    return node, np.where(inside, part, np.nan)


def read_plate_interface(path: str | Path) -> PlateInterface:
    """Plate interface from a text file of longitude, latitude and depth, or a netCDF grid.

    Parameters
    ----------
    path
        Rows ``longitude latitude depth`` in any order (km, either sign; as PLMDL of Iwasaki et al. and the
        ``.xyz`` of Slab2), or a GMT grid (``.grd``, ``.nc``; as Slab2). Nodes left out of a text file
        have no plate.

    Raises
    ------
    ModelError
        No such file, not a grid, depths of both signs or in metres.
    MissingExtraError
        A netCDF-4 (HDF5) grid without ``h5py``.
    """
    source = Path(path)
    if not source.is_file():
        raise ModelError(f"plate interface {source}: no such file; correct the path")
    with source.open("rb") as stream:
        magic = stream.read(8)
    if magic.startswith(b"CDF"):
        longitudes, latitudes, values = _read_classic_grid(source)
    elif magic == b"\x89HDF\r\n\x1a\n":
        longitudes, latitudes, values = _read_hdf5_grid(source)
    else:
        longitudes, latitudes, values = _read_text_grid(source)
    if len(latitudes) > 1 and latitudes[0] > latitudes[-1]:
        latitudes, values = latitudes[::-1], values[::-1]
    return PlateInterface(source.stem, latitudes, longitudes, _positive_down(values, source))


def _positive_down(values: FloatArray, source: Path) -> FloatArray:
    """Depths positive down from depths of either sign."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        raise ModelError(f"plate interface {source}: no depth in it is a number; it is not a plate interface")
    if np.max(np.abs(known)) > MAX_DEPTH_KM:
        raise ModelError(
            f"plate interface {source}: a depth of {known[np.argmax(np.abs(known))]:g}; give km, not m"
        )
    negative = float(np.mean(known < 0))
    if min(negative, 1 - negative) > STRAY_SHARE and negative < 1:
        raise ModelError(
            f"plate interface {source}: {negative:.0%} of the depths are negative and the rest positive; "
            "it is not a plate interface, or its signs are mixed"
        )
    depths: FloatArray = -values if negative > 0.5 else values
    return depths


def _read_text_grid(source: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Longitudes, latitudes and values (latitude, longitude) of rows longitude, latitude, value."""
    text = source.read_text(encoding="utf-8", errors="replace").replace(",", " ")
    try:
        rows = np.loadtxt(text.splitlines(), comments=["#", ">"], ndmin=2)
    except ValueError as error:
        raise ModelError(
            f"plate interface {source}: {error}; rows must be longitude, latitude, depth"
        ) from error
    if rows.ndim != 2 or rows.shape[1] < 3 or len(rows) < 4 or not np.all(np.isfinite(rows[:, :2])):
        raise ModelError(
            f"plate interface {source}: {rows.shape[0]} rows of {rows.shape[-1]} numbers; rows must be "
            "longitude, latitude, depth, at least four of them"
        )
    if np.max(np.abs(rows[:, 1])) > 90 or np.max(np.abs(rows[:, 0])) > 360:
        raise ModelError(
            f"plate interface {source}: latitudes to {np.max(np.abs(rows[:, 1])):g}, longitudes to "
            f"{np.max(np.abs(rows[:, 0])):g}; the columns must be longitude, latitude, depth"
        )
    (longitudes, j), (latitudes, i) = _regular_axis(rows[:, 0], source), _regular_axis(rows[:, 1], source)
    values = np.full((len(latitudes), len(longitudes)), np.nan)
    values[i, j] = rows[:, 2]
    return longitudes, latitudes, values


def _regular_axis(values: FloatArray, source: Path) -> tuple[FloatArray, NDArray[np.intp]]:
    """Regular axis through all values, and the place of each on it; whole rows may be missing."""
    found = np.unique(np.round(values, 6))
    steps = np.diff(found)
    if len(steps) == 0:
        raise ModelError(f"plate interface {source}: all nodes are on one line; a grid is needed")
    step = steps[steps < 1.5 * steps.min()].mean()  # printed decimals make steps differ by a little
    count = round((found[-1] - found[0]) / step)
    axis = np.linspace(found[0], found[-1], count + 1)
    place = np.round((values - found[0]) / (found[-1] - found[0]) * count).astype(np.intp)
    if np.max(np.abs(axis[place] - values)) > 0.1 * step or count > 20 * len(found):
        raise ModelError(
            f"plate interface {source}: the nodes are not on a regular grid (step {step:g} deg); interpolate "
            "the file onto one"
        )
    return axis, place


def _read_classic_grid(source: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Longitudes, latitudes and values (latitude, longitude) of a classic netCDF grid."""
    from scipy.io import netcdf_file

    try:
        with netcdf_file(source, "r", mmap=False) as grid:
            arrays = {name: _unpacked(variable) for name, variable in grid.variables.items()}
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, OSError, EOFError) as error:
        raise ModelError(
            f"plate interface {source}: the netCDF file is broken ({error}); get it anew"
        ) from error
    return _grid_of(arrays, source)


def _unpacked(variable: Any) -> FloatArray:
    """Values of a netCDF variable as numbers, fill values NaN, scale and offset applied."""
    attributes = getattr(variable, "_attributes", None) or getattr(variable, "attrs", {})
    values = np.array(variable[...], dtype=np.float64)
    for key in ("_FillValue", "missing_value"):
        if key in attributes:
            values[values == np.float64(np.ravel(attributes[key])[0])] = np.nan
    scale = np.float64(np.ravel(attributes.get("scale_factor", 1.0))[0])
    return values * scale + np.float64(np.ravel(attributes.get("add_offset", 0.0))[0])


def _read_hdf5_grid(source: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Longitudes, latitudes and values (latitude, longitude) of a netCDF-4 grid."""
    try:
        h5py = import_module("h5py")
    except ImportError as error:
        raise MissingExtraError("h5py", "netcdf4") from error
    try:
        with h5py.File(source, "r") as grid:
            arrays = {name: _unpacked(grid[name]) for name in grid if isinstance(grid[name], h5py.Dataset)}
    except (ValueError, TypeError, KeyError, OSError, RuntimeError) as error:
        raise ModelError(
            f"plate interface {source}: the netCDF file is broken ({error}); get it anew"
        ) from error
    return _grid_of(arrays, source)


def _grid_of(arrays: dict[str, FloatArray], source: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Longitudes, latitudes and the one grid (latitude, longitude) among the variables of a file."""
    axes = {
        axis: next((arrays[name] for name in names if name in arrays), None)
        for axis, names in AXIS_NAMES.items()
    }
    grids = [values for values in arrays.values() if values.ndim == 2]
    longitudes, latitudes = axes["longitude"], axes["latitude"]
    if longitudes is None or latitudes is None or len(grids) != 1:
        raise ModelError(
            f"plate interface {source}: variables {sorted(arrays)}; there must be a longitude (lon, x), a "
            "latitude (lat, y) and one grid of depths over them"
        )
    return longitudes, latitudes, grids[0]
