"""Components and sensor orientation: channel names to components, and rotation to east, north and up."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tremorflow.errors import DataError
from tremorflow.records import Channel, FloatArray, Waveforms

COMPONENT_ORDER = "ENZ123XYUVWRTABC"
ROTATED = ("E", "N", "Z")
_INSTRUMENTS = "HLGMNPJ"  # second letter of SEED codes: seismometers and accelerometers
_WHOLE_NAMES = {"EW": "E", "NS": "N", "UD": "Z"}  # K-NET, KiK-net and older Japanese networks

# Published tables have four decimals, and fits to earthquakes need not be exactly orthogonal.
ORTHONORMAL_TOLERANCE = 0.02


class Orientation(NamedTuple):
    """How a sensor hangs: (E, N, up) = ``matrix`` (3, 3) times the samples of ``components``."""

    components: tuple[str, ...]
    matrix: FloatArray


def component_of(channel: str) -> str | None:
    """Component that a channel records: one of ``COMPONENT_ORDER``, U being Z; None if not ground motion.

    Examples
    --------
    >>> [component_of(name) for name in ("HHE", "BH1", "U", "wU", "EW", "UD2", "HDH", "LOG")]
    ['E', '1', 'Z', 'Z', 'E', 'Z', None, None]
    """
    name = channel.strip().upper()
    whole = _WHOLE_NAMES.get(name.rstrip("12"))
    if whole is not None:
        return whole
    if not name or (len(name) == 3 and name[1] not in _INSTRUMENTS):
        return None
    last = name[-1]
    if last == "U":
        return "Z"
    return last if last in COMPONENT_ORDER else None


def read_orientations(path: str | Path) -> dict[str, Orientation]:
    """Orientation by station from a table of rotation matrices, as that of S-net.

    Parameters
    ----------
    path
        CSV with ``Station name, R11, R12, R13, R21, ..., R33``; E = R11 X + R12 Y + R13 Z, N = R21 X + ...,
        U = R31 X + .... Takagi et al. (2019), Seismol. Res. Lett. 90, table S2.

    Raises
    ------
    DataError
        A row that is short, not numbers, listed twice, or whose matrix is not orthonormal within
        ``ORTHONORMAL_TOLERANCE``.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"orientation table {path} cannot be read: {error}; check the path") from error
    orientations: dict[str, Orientation] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}, line {line}"
        try:
            matrix = np.array([float(cell) for cell in row[1:10]]).reshape(3, 3)
        except ValueError:
            raise DataError(f"{where}: {row[1:]} are not nine numbers R11 ... R33; correct the row") from None
        code = row[0].strip()
        if code in orientations:
            raise DataError(f"{where}: station {code} is listed before; keep one of the rows")
        check_orthonormal(matrix, where)
        orientations[code] = Orientation(("X", "Y", "Z"), matrix)
    if not orientations:
        raise DataError(f"{path} has no rotation matrix; the columns must be station, R11 ... R33")
    return orientations


def orient_channels(channels: Iterable[Channel]) -> dict[str, Orientation]:
    """Orientation by station from the azimuths and dips of its three channels (StationXML).

    Stations without three channels of known, well separated directions are left out: theirs is not known.
    Of several channels of one component the first counts.
    """
    by_station: dict[str, dict[str, Channel]] = {}
    for channel in channels:
        if channel.component and math.isfinite(channel.azimuth_deg) and math.isfinite(channel.dip_deg):
            found = by_station.setdefault(f"{channel.network}.{channel.station}", {})
            found.setdefault(channel.component, channel)
    orientations = {}
    for code, found in by_station.items():
        components = tuple(sorted(found, key=COMPONENT_ORDER.index))
        if len(components) != 3:
            continue
        directions = np.array([_direction(found[name]) for name in components])
        # Sensor = directions @ ground, so ground = inverse @ sensor; skewed axes blow noise up.
        if np.linalg.cond(directions) < 10:
            orientations[code] = Orientation(components, np.linalg.inv(directions))
    return orientations


def rotate(waveforms: Waveforms, orientations: Mapping[str, Orientation]) -> Waveforms:
    """Waveforms along east, north and up, with components ("E", "N", "Z").

    Parameters
    ----------
    waveforms : (station, component, time)
        Any components; a station needs the three that its orientation names.
    orientations
        By station code. A station without one must have E, N and Z (or lacks what it does not have).

    Returns
    -------
    Waveforms. A component is NaN where an input that it is made of is NaN; one that an output does not
    depend on (a zero in the matrix) does no harm.

    Raises
    ------
    DataError
        An orientation names a component that the waveforms do not have.
    """
    n_stations, _, n_times = waveforms.samples.shape
    rotated = np.full((n_stations, 3, n_times), np.nan, dtype=waveforms.samples.dtype)
    index = {name: place for place, name in enumerate(waveforms.components)}
    for number, station in enumerate(waveforms.network.stations):
        orientation = orientations.get(station.code)
        components = ROTATED if orientation is None else orientation.components
        matrix = np.eye(3) if orientation is None else orientation.matrix
        missing = [name for name in components if name not in index]
        if orientation is not None and missing:
            raise DataError(
                f"station {station.code}: the orientation needs components {missing}, the recording has "
                f"{waveforms.components}; correct the orientation table or leave the station out of it"
            )
        inputs = [
            waveforms.samples[number, index[name]] if name in index else np.full(n_times, np.nan)
            for name in components
        ]
        for row in range(3):
            rotated[number, row] = _weighted_sum(matrix[row], inputs)
    return replace(waveforms, components=ROTATED, samples=rotated)


def known_orientations(
    given: Mapping[str, Orientation], channels: Iterable[Channel], waveforms: Waveforms
) -> dict[str, Orientation]:
    """Orientation of the one station of ``waveforms``, given or from its channels, if it needs one.

    Components that are called E, N, Z or U need none. Empty if none is known or a component is missing.
    """
    code, names = waveforms.network.codes[0], set(waveforms.components)
    if names <= {"E", "N", "Z", "U"}:
        return {}
    found = given.get(code) or orient_channels(channels).get(code)
    return {code: found} if found is not None and set(found.components) <= names else {}


def check_orthonormal(matrix: FloatArray, where: str) -> None:
    """Raise ``DataError`` unless the rows are perpendicular and of length one within the tolerance."""
    if not np.all(np.isfinite(matrix)):
        raise DataError(f"{where}: the rotation matrix has a value that is not finite; correct the row")
    error = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
    if error > ORTHONORMAL_TOLERANCE:
        raise DataError(
            f"{where}: the rotation matrix is not orthonormal (off by {error:.3f}, "
            f"{ORTHONORMAL_TOLERANCE} is allowed); correct the row"
        )


def left_handed(orientations: Mapping[str, Orientation]) -> tuple[str, ...]:
    """Stations whose matrix mirrors (determinant below zero): a polarity or the order of axes is in doubt."""
    return tuple(code for code, found in orientations.items() if np.linalg.det(found.matrix) < 0)


def _direction(channel: Channel) -> tuple[float, float, float]:
    """East, north and up parts of a unit motion along the channel's positive axis (SEED: dip is down)."""
    azimuth, dip = math.radians(channel.azimuth_deg), math.radians(channel.dip_deg)
    return (
        math.cos(dip) * math.sin(azimuth),
        math.cos(dip) * math.cos(azimuth),
        -math.sin(dip),
    )


def _weighted_sum(weights: FloatArray, inputs: Sequence[np.ndarray]) -> FloatArray:
    total = np.zeros(len(inputs[0]))
    for weight, samples in zip(weights, inputs, strict=True):
        # Sines and cosines of right angles leave 1e-17 where a zero is meant.
        if abs(weight) > 1e-9:
            total += weight * samples
    return total
