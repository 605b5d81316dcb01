"""First arrivals of rays in a flattened layered Earth, by shooting with analytic integrals.

The velocity is linear inside each layer. A ray of horizontal slowness p crosses a layer of thickness h from
v1 to v2 in the distance x and time t (with e = sqrt(1 - p^2 v^2) and gradient g)::

    x = p h (v1 + v2) / (e1 + e2)        t = [ln(1 + g h / v1) - ln(1 - p g x / (1 + e1))] / g

and, where it turns in the layer, down to the turning point, x = e1 / (p g), t = ln((1 + e1) / (p v1)) / g.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import ModelError
from tremorflow.traveltime.model import VelocityModel, simplify_model

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

EARTH_RADIUS_KM = 6371.0
MAX_LAYER_KM = 10.0
"""Thicker layers are divided: in a flattened layer the velocity is linear to (thickness / radius)^2 / 8."""

DEPTH_DECIMALS = 4
"""Nodes are kept to 0.1 m, so that depths that differ by rounding alone make no layer of no thickness."""

GRAZING = 1e-9
"""A ray with p v - 1 below this touches the depth of velocity v; velocities nearer to each other are one."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers of the flattened model between ``depths_km`` (node,): velocities at their tops and bottoms."""

    depths_km: FloatArray
    thickness_km: FloatArray
    top_km_s: FloatArray
    bottom_km_s: FloatArray

    def nodes_at(self, depths_km: ArrayLike) -> IntArray:
        """Index the nodes at depths that the layers were made for."""
        rounded = np.round(np.asarray(depths_km, dtype=np.float64), DEPTH_DECIMALS)
        nodes: IntArray = np.asarray(np.searchsorted(self.depths_km, rounded - 0.1**DEPTH_DECIMALS / 2))
        return nodes


@dataclass(frozen=True, slots=True)
class Rays:
    """Integrals of a fan of rays over the layers; rows are rays, steepest last.

    ``distance`` and ``time`` (ray, node) are sums from the top over the layers that a ray can cross, and
    ``barriers`` (ray, node) counts the others. ``down`` and ``up`` are the ways from a node to where the ray
    turns: distance and time, each (ray, node), NaN if it does not turn.
    """

    slowness: FloatArray
    distance: FloatArray
    time: FloatArray
    barriers: IntArray
    down: tuple[FloatArray, FloatArray]
    up: tuple[FloatArray, FloatArray]


def flatten_layers(model: VelocityModel, phase: str, depths_km: FloatArray, bottom_km: float) -> Layers:
    """Flattened layers between all nodes of the model, ``depths_km`` (node,) and ``bottom_km``.

    Notes
    -----
    z' = -R ln((R - z) / R), v' = v R / (R - z) keeps times exactly: Mueller (1971), J. Geophys. 37, 429.
    """
    model = simplify_model(model)
    fixed = np.unique(np.round(np.concatenate([model.depths_km, depths_km, [bottom_km]]), DEPTH_DECIMALS))
    fixed = fixed[fixed <= np.round(bottom_km, DEPTH_DECIMALS)]
    if fixed[-1] >= EARTH_RADIUS_KM / 2:
        raise ModelError(f"depth {fixed[-1]:g} km is too deep for regional travel times; stay above 3000 km")
    pieces = [
        np.linspace(top, below, int(np.ceil((below - top) / MAX_LAYER_KM)), endpoint=False)
        for top, below in pairwise(fixed)
    ]
    nodes = np.concatenate([*pieces, fixed[-1:]])
    middles = (nodes[:-1] + nodes[1:]) / 2
    stretch = EARTH_RADIUS_KM / (EARTH_RADIUS_KM - nodes)
    return Layers(
        depths_km=nodes,
        thickness_km=np.diff(EARTH_RADIUS_KM * np.log(stretch)),
        top_km_s=model.interpolate_beside(nodes[:-1], middles, phase) * stretch[:-1],
        bottom_km_s=model.interpolate_beside(nodes[1:], middles, phase) * stretch[1:],
    )


def fan_of_slownesses(layers: Layers) -> FloatArray:
    """(ray,) slownesses (s/km), descending to 0, dense where distances change fast.

    Notes
    -----
    Distances vary as the vertical cosine e = sqrt(1 - p^2 v^2) at the fastest depth passed, or as 1/e where
    the velocity hardly changes; so below each velocity of the model e grows in steps of 0.004, then by
    9 %; the steepest rays are spread evenly in p.
    """
    velocities = np.unique(np.concatenate([layers.top_km_s, layers.bottom_km_s]))
    velocities = velocities[np.diff(velocities, prepend=0.0) > 0.1 * GRAZING * velocities]
    cosines = np.concatenate([[0, 1e-4, 1e-3], np.arange(0.004, 0.02, 0.004), np.geomspace(0.02, 1.0, 46)])
    limits = np.sqrt(1 - (velocities / np.append(velocities[1:], np.inf)) ** 2)
    fans = [
        np.sqrt(1 - cosines[cosines < limit - 1e-9] ** 2) / velocity
        for velocity, limit in zip(velocities, limits, strict=True)
    ]
    turned_back = (1 + 2 * GRAZING) / velocities  # the last that does not pass the depth of each velocity
    steep = np.linspace(0, 0.95 / velocities[-1], 40)
    return np.sort(np.concatenate([turned_back, *fans, steep]))[::-1]


def trace_rays(layers: Layers, slowness: FloatArray) -> Rays:
    """Integrals of all rays over all layers."""
    p = slowness[:, np.newaxis]
    top, bottom, thickness = layers.top_km_s, layers.bottom_km_s, layers.thickness_km
    gradient = (bottom - top) / thickness
    gradient = np.where(np.abs(gradient) < 1e-12, 1e-12, gradient)
    top_cosine = np.sqrt(np.clip(1 - (p * top) ** 2, 0, None))
    bottom_cosine = np.sqrt(np.clip(1 - (p * bottom) ** 2, 0, None))
    cosines = top_cosine + bottom_cosine
    open_ = (p * np.maximum(top, bottom) <= 1 + GRAZING) & (cosines > 0)
    x = np.where(open_, p * thickness * (top + bottom) / np.where(cosines > 0, cosines, 1), 0.0)
    bend = np.where(open_, p * gradient * x / (1 + top_cosine), 0.0)
    t = np.where(open_, (np.log1p(gradient * thickness / top) - np.log1p(-bend)) / gradient, 0.0)
    start = np.zeros((len(slowness), 1))
    turn_down = _half_turn(p, top, gradient, top_cosine)
    turn_up = _half_turn(p, bottom, -gradient, bottom_cosine)
    up = _ways_to_turn(x[:, ::-1], t[:, ::-1], open_[:, ::-1], (turn_up[0][:, ::-1], turn_up[1][:, ::-1]))
    return Rays(
        slowness=slowness,
        distance=np.hstack([start, np.cumsum(x, axis=1)]),
        time=np.hstack([start, np.cumsum(t, axis=1)]),
        barriers=np.hstack([start.astype(np.intp), np.cumsum(~open_, axis=1)]),
        down=_ways_to_turn(x, t, open_, turn_down),
        up=(up[0][:, ::-1], up[1][:, ::-1]),
    )


def _half_turn(
    p: FloatArray, velocity: FloatArray, gradient: FloatArray, cosine: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Way (km, s) inside a layer to the turning point, 0 where the ray is thrown back at its face."""
    turns = (gradient > 0) & (p > 0) & (cosine > 0)
    pg = np.where(turns, p * gradient, 1.0)
    x = np.where(turns, cosine / pg, 0.0)
    t = np.where(turns, np.log((1 + cosine) / np.where(turns, p * velocity, 1.0)) / gradient, 0.0)
    return x, t


def _ways_to_turn(
    x: FloatArray, t: FloatArray, open_: BoolArray, turn: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Distance and time to the turning point for rays that go on through the layers from each node."""
    rays, count = x.shape
    ways_x, ways_t = np.full((rays, count + 1), np.nan), np.full((rays, count + 1), np.nan)
    for k in range(count - 1, -1, -1):
        through = open_[:, k]
        ways_x[:, k] = np.where(through, x[:, k] + ways_x[:, k + 1], turn[0][:, k])
        ways_t[:, k] = np.where(through, t[:, k] + ways_t[:, k + 1], turn[1][:, k])
    return ways_x, ways_t


def first_arrivals(
    layers: Layers, rays: Rays, receiver: int, sources: IntArray, grid: FloatArray
) -> FloatArray:
    """Earliest time (source, distance) from the nodes ``sources`` to the node ``receiver``.

    ``grid`` (distance,) is regular and starts at 0. NaN where no path was found.
    """
    upper, lower = np.minimum(sources, receiver), np.maximum(sources, receiver)
    reachable = rays.barriers[:, lower] == rays.barriers[:, upper]
    x = np.where(reachable, rays.distance[:, lower] - rays.distance[:, upper], np.nan)
    t = np.where(reachable, rays.time[:, lower] - rays.time[:, upper], np.nan)
    times = np.full((len(sources), len(grid)), np.inf)
    _take_earlier(times, grid, rays.slowness, (x, t))
    for (way_x, way_t), node in ((rays.down, lower), (rays.up, upper)):
        path = (x + 2 * way_x[:, node], t + 2 * way_t[:, node])
        _take_earlier(times, grid, rays.slowness, path)
    _take_creeping(times, grid, layers, rays, (upper, lower))
    times[sources == receiver, 0] = 0.0
    return np.where(np.isfinite(times), times, np.nan)


def _take_earlier(
    times: FloatArray,
    grid: FloatArray,
    slowness: FloatArray,
    path: tuple[FloatArray, FloatArray],
) -> None:
    """Lower ``times`` (source, distance) to those of the rays' ``path`` (ray, source) where earlier.

    Between neighbouring rays a cubic with dt/dx = p at both ends. If a slow layer throws a shadow between
    the two, that cubic is later than the wave that creeps along its lid, so it does no harm.
    """
    x, t = path
    step = grid[1]
    with np.errstate(invalid="ignore"):
        low, high = np.minimum(x[:-1], x[1:]), np.maximum(x[:-1], x[1:])
        first, last = np.ceil(low / step - 1e-9), np.minimum(np.floor(high / step + 1e-9), len(grid) - 1)
        drawn = (last >= first) & (high > low)
    ray, source = np.nonzero(drawn)
    first_index = first[ray, source].astype(np.intp)
    counts = last[ray, source].astype(np.intp) - first_index + 1
    segment = np.repeat(np.arange(len(ray)), counts)
    place = np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts) + first_index[segment]
    ray, source = ray[segment], source[segment]
    x0, width = x[ray, source], x[ray + 1, source] - x[ray, source]
    s = (grid[place] - x0) / width
    t0, t1 = t[ray, source], t[ray + 1, source]
    bow = (1 - s) * (slowness[ray] * width - (t1 - t0)) + s * ((t1 - t0) - slowness[ray + 1] * width)
    np.minimum.at(times, (source, place), t0 + s * (t1 - t0) + s * (1 - s) * bow)


def _take_creeping(
    times: FloatArray, grid: FloatArray, layers: Layers, rays: Rays, ends: tuple[IntArray, IntArray]
) -> None:
    """Lower ``times`` to paths along the depths where the velocity has a maximum.

    They carry the energy into the shadow of a low-velocity zone, and along the bottom of the layers.
    """
    upper, lower = ends
    above, below = np.append(0.0, layers.bottom_km_s), np.append(layers.top_km_s, 0.0)
    fastest = np.maximum(above, below)
    slack = 1 + GRAZING  # in a layer of one velocity every depth is a maximum
    rises = np.append(True, layers.bottom_km_s * slack >= layers.top_km_s) | (above < fastest)
    falls = np.append(layers.bottom_km_s <= layers.top_km_s * slack, True) | (below < fastest)
    for node in np.flatnonzero(rises & falls):
        ray = int(np.argmin(np.abs(rays.slowness - 1 / fastest[node])))
        spans = [(np.minimum(end, node), np.maximum(end, node)) for end in (upper, lower)]
        x = sum(rays.distance[ray, b] - rays.distance[ray, a] for a, b in spans)
        t = sum(rays.time[ray, b] - rays.time[ray, a] for a, b in spans)
        blocked = sum(rays.barriers[ray, b] - rays.barriers[ray, a] for a, b in spans)
        beyond = grid - np.asarray(x)[:, np.newaxis]
        reached = (beyond >= 0) & (np.asarray(blocked) == 0)[:, np.newaxis]
        along = np.asarray(t)[:, np.newaxis] + beyond * rays.slowness[ray]
        np.minimum(times, np.where(reached, along, np.inf), out=times)
