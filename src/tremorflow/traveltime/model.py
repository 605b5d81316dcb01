"""One-dimensional velocity models: the record, the bundled models, and the files they are read from."""

import csv
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import ModelError

FloatArray = NDArray[np.float64]

BUNDLED_MODELS = {
    "jma2001": "jma2001.csv",
    "cascadia": "cascadia.csv",
    "cascadia_layers": "cascadia_layers.csv",
    "cascadia_south": "cascadia_south.csv",
    "iasp91": "iasp91.csv",
}
"""Models that travel with the package, by name; each file names its source in its first lines."""

COLUMN_NAMES = {
    "depth": ("depth", "depth_km", "depth(km)", "z", "z_km"),
    "vp": ("vp", "vp_km_s", "vp(km/s)", "p", "alpha"),
    "vs": ("vs", "vs_km_s", "vs(km/s)", "s", "beta"),
}
"""Header words (lower case) that name the three columns."""

MAX_VELOCITY_KM_S = 20.0
"""No rock is faster; a larger value is a file in m/s."""


@dataclass(frozen=True, slots=True)
class VelocityModel:
    """P and S velocity against depth, linear between nodes; a depth given twice is a discontinuity.

    ``depths_km``, ``vp_km_s`` and ``vs_km_s`` are (layer,). Above the first node and below the last the
    velocity stays what it is there. ``source`` says who published the numbers.
    """

    name: str
    source: str
    depths_km: FloatArray
    vp_km_s: FloatArray
    vs_km_s: FloatArray

    def __post_init__(self) -> None:
        z, vp, vs = self.depths_km, self.vp_km_s, self.vs_km_s
        if z.ndim != 1 or len(z) == 0 or z.shape != vp.shape or z.shape != vs.shape:
            raise ModelError(
                f"velocity model {self.name}: depths {z.shape}, Vp {vp.shape}, Vs {vs.shape} must be three "
                "columns of one length, with at least one row"
            )
        for bad, rule in (
            (~np.isfinite(z) | ~np.isfinite(vp) | ~np.isfinite(vs), "every value must be a finite number"),
            (np.diff(z, prepend=z[0]) < 0, "depths must ascend (is the column order depth, Vp, Vs?)"),
            ((vp <= 0) | (vs <= 0), "velocities must be positive"),
            (vs >= vp, "Vs must be less than Vp (is the column order depth, Vp, Vs?)"),
            (vp > MAX_VELOCITY_KM_S, f"velocities over {MAX_VELOCITY_KM_S:g} km/s; give km/s, not m/s"),
            (self._thrice(), "a depth may stand at most twice (above and below a discontinuity)"),
        ):
            if np.any(bad):
                row = int(np.argmax(bad))
                raise ModelError(
                    f"velocity model {self.name}: row {row + 1}, depth {z[row]:g} km, Vp {vp[row]:g}, "
                    f"Vs {vs[row]:g} km/s: {rule}; correct that row"
                )

    def _thrice(self) -> NDArray[np.bool_]:
        same = np.diff(self.depths_km, prepend=np.nan) == 0
        thrice: NDArray[np.bool_] = same & np.roll(same, 1)  # the first is never the same as one before
        return thrice

    def velocity_km_s(self, phase: str) -> FloatArray:
        """(layer,) velocity of the phase, "P" or "S"."""
        if phase not in ("P", "S"):
            raise ModelError(f"phase {phase!r} is not known; give 'P' or 'S'")
        return self.vp_km_s if phase == "P" else self.vs_km_s

    def interpolate(self, depths_km: ArrayLike, phase: str) -> FloatArray:
        """Velocity (km/s) at these depths; at a discontinuity the value below it."""
        z = np.asarray(depths_km, dtype=np.float64)
        return self.interpolate_beside(z, z, phase)

    def interpolate_beside(self, depths_km: FloatArray, sides_km: FloatArray, phase: str) -> FloatArray:
        """Velocity (km/s) at ``depths_km`` in the layers that hold ``sides_km``; arrays of one shape.

        At a discontinuity the depth alone does not say which of the two values is meant; a second depth,
        just above or below, does.
        """
        velocity, nodes = self.velocity_km_s(phase), self.depths_km
        below = np.searchsorted(nodes, sides_km, side="right")
        upper, lower = np.clip(below - 1, 0, len(nodes) - 1), np.clip(below, 0, len(nodes) - 1)
        thickness = nodes[lower] - nodes[upper]
        part = (depths_km - nodes[upper]) / np.where(thickness > 0, thickness, 1.0)
        inside = thickness > 0
        return np.where(inside, velocity[upper] + part * (velocity[lower] - velocity[upper]), velocity[upper])


def read_velocity_model(name_or_path: str | Path) -> VelocityModel:
    """Velocity model by its bundled name or from a file.

    Parameters
    ----------
    name_or_path
        A name in ``BUNDLED_MODELS`` or a path. Files: ``.tvel`` and ``.nd`` (TauP), else a table of
        depth (km), Vp and Vs (km/s), comma or blank separated, ``#`` for comments. If the first row is
        words they name the columns in any order; without one the order is depth, Vp, Vs.

    Raises
    ------
    ModelError
        No such name or file, a row that is not numbers, or values that are no velocity model.

    Notes
    -----
    A model ends where S waves no longer travel (Vs = 0, the outer core) below its first row.
    """
    bundled = BUNDLED_MODELS.get(str(name_or_path))
    if bundled is not None:
        text = (files("tremorflow") / "resources" / "models" / bundled).read_text(encoding="utf-8")
        return parse_velocity_model(text, str(name_or_path), ".csv")
    path = Path(name_or_path)
    if not path.is_file():
        raise ModelError(
            f"velocity model {str(name_or_path)!r} is neither a file nor one of {list(BUNDLED_MODELS)}; "
            "correct the name"
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    return parse_velocity_model(text, str(path), path.suffix.lower())


def parse_velocity_model(text: str, name: str, suffix: str = ".csv") -> VelocityModel:
    """Velocity model from a file's text; ``suffix`` chooses the format (".tvel", ".nd", else a table)."""
    lines = [(number, line.split("#", 1)[0].strip()) for number, line in enumerate(text.splitlines(), 1)]
    comments = [line.strip("# \t") for line in text.splitlines() if line.startswith("#")]
    if suffix == ".tvel":
        comments, lines = [line.strip() for line in text.splitlines()[:2]], lines[2:]
    rows = [(number, _cells(line)) for number, line in lines if line]
    if suffix == ".nd":  # lines such as "mantle" name what begins there
        rows = [(number, cells) for number, cells in rows if len(cells) > 1]
    columns = (0, 1, 2)
    if suffix not in (".tvel", ".nd") and rows and not _is_number(rows[0][1][0]):
        columns = _named_columns(rows[0][1], name)
        rows = rows[1:]
    table = np.array([_numbers(cells, columns, name, number) for number, cells in rows], dtype=np.float64)
    table = table.reshape(-1, 3)
    fluid = np.flatnonzero(table[:, 2] == 0)
    if len(fluid) and fluid[0] > 0:
        table = table[: fluid[0]]
    depths, vp, vs = np.ascontiguousarray(table.T)
    return VelocityModel(name, " ".join(comments) or name, depths, vp, vs)


def _cells(line: str) -> list[str]:
    if "," in line:
        return [cell.strip() for cell in next(csv.reader([line]))]
    return line.split()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _named_columns(header: list[str], name: str) -> tuple[int, int, int]:
    words = [word.lower().replace(" ", "") for word in header]
    places = []
    for column, known in COLUMN_NAMES.items():
        found = [i for i, word in enumerate(words) if word in known]
        if len(found) != 1:
            raise ModelError(
                f"velocity model {name}: the header {header} names {len(found)} columns for {column}; "
                f"name exactly one of {list(known)}"
            )
        places.append(found[0])
    return places[0], places[1], places[2]


def _numbers(cells: list[str], columns: tuple[int, int, int], name: str, line_number: int) -> list[float]:
    try:
        return [float(cells[column]) for column in columns]
    except (ValueError, IndexError) as error:
        raise ModelError(
            f"velocity model {name}: line {line_number}, {' '.join(cells)!r}, does not give depth, "
            "Vp and Vs; correct the line"
        ) from error


def simplify_model(model: VelocityModel, tolerance_km_s: float = 5e-4) -> VelocityModel:
    """Model with as few of its nodes as keep both velocities within ``tolerance_km_s`` everywhere.

    Notes
    -----
    Douglas and Peucker (1973) between discontinuities. The default is the rounding of tables printed with
    three decimals; it moves a travel time by less than 1e-4 of itself.
    """
    z, v = model.depths_km, np.stack([model.vp_km_s, model.vs_km_s])
    breaks = np.flatnonzero(np.diff(z) == 0)
    keep = np.zeros(len(z), dtype=bool)
    keep[[0, -1]] = keep[breaks] = keep[breaks + 1] = True
    ends = np.flatnonzero(keep)
    spans = list(pairwise(ends))
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        part = (z[first : last + 1] - z[first]) / (z[last] - z[first])
        line = v[:, [first]] + part * (v[:, [last]] - v[:, [first]])
        misfit = np.max(np.abs(v[:, first : last + 1] - line), axis=0)
        if misfit.max() > tolerance_km_s:
            middle = first + int(np.argmax(misfit))
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return VelocityModel(model.name, model.source, z[keep], model.vp_km_s[keep], model.vs_km_s[keep])
