"""Tables of first-arrival times over receiver depth, source depth and distance, and looking them up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import ModelError
from tremorflow.traveltime.model import VelocityModel
from tremorflow.traveltime.rays import fan_of_slownesses, first_arrivals, flatten_layers, trace_rays

FloatArray = NDArray[np.float64]

DISTANCE_STEP_KM = 1.0
"""Spacing of a table. The stored mean slowness is so smooth that with depths every 1 km, too, times are right
to 5 ms in models without jumps, and to 60 ms where a refracted wave overtakes in models of layers."""


@dataclass(frozen=True, slots=True)
class TravelTimeTable:
    """Travel time of one phase, as the mean slowness along the straight line.

    ``slowness_s_km`` is (receiver, depth, distance): time over the straight distance between source and
    receiver, smooth even where the time is not (at the source). ``receiver_depths_km`` (receiver,) and
    ``depths_km`` (depth,) are positive down from sea level; distances are 0, step, 2 step...
    """

    model: str
    phase: str
    receiver_depths_km: FloatArray
    depths_km: FloatArray
    distance_step_km: float
    slowness_s_km: NDArray[np.float32]

    @property
    def max_distance_km(self) -> float:
        """Largest distance in the table."""
        return self.distance_step_km * float(self.slowness_s_km.shape[2] - 1)

    def times(self, distance_km: ArrayLike, depth_km: ArrayLike, receiver: ArrayLike = 0) -> FloatArray:
        """Travel time (s) for source depths, distances and indices of receivers; arrays broadcast.

        NaN outside the table's depths and distances, so that a search can run over its edge.
        """
        x, z = np.asarray(distance_km, dtype=np.float64), np.asarray(depth_km, dtype=np.float64)
        r = np.asarray(receiver, dtype=np.intp)
        straight = np.hypot(x, z - self.receiver_depths_km[r])
        return straight * self._mean_slowness(x, z, r)

    def times_and_slopes(
        self, distance_km: ArrayLike, depth_km: ArrayLike, receiver: ArrayLike = 0
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Travel time (s) and its slopes with distance and source depth (s/km); arrays broadcast.

        Notes
        -----
        The slopes are continuous: the stored slowness is differenced over one step to both sides (one side
        at the edge of the table). The slope with distance is 0 at distance 0.
        """
        x, z = np.asarray(distance_km, dtype=np.float64), np.asarray(depth_km, dtype=np.float64)
        r = np.asarray(receiver, dtype=np.intp)
        u = self._mean_slowness(x, z, r)
        far = np.minimum(x + self.distance_step_km, self.max_distance_km)
        near = x - self.distance_step_km  # the slowness is even in distance
        across = np.where(far > near, far - near, np.nan)  # NaN outside the table
        u_x = (self._mean_slowness(far, z, r) - self._mean_slowness(np.abs(near), z, r)) / across
        depth_step = self._depth_step(z)
        below = np.minimum(z + depth_step, self.depths_km[-1])
        above = np.maximum(z - depth_step, self.depths_km[0])
        span = np.where(below > above, below - above, np.inf)
        u_z = (self._mean_slowness(x, below, r) - self._mean_slowness(x, above, r)) / span
        drop = z - self.receiver_depths_km[r]
        straight = np.hypot(x, drop)
        per_km = u / np.where(straight > 0, straight, np.inf)
        return straight * u, x * per_km + straight * u_x, drop * per_km + straight * u_z

    def _depth_step(self, depth_km: FloatArray) -> FloatArray:
        """Thickness (km) of the table's depth interval that holds each depth."""
        if len(self.depths_km) < 2:
            return np.zeros_like(depth_km)
        k = np.clip(np.searchsorted(self.depths_km, depth_km, side="right") - 1, 0, len(self.depths_km) - 2)
        steps: FloatArray = np.diff(self.depths_km)[k]
        return steps

    def _mean_slowness(self, x: FloatArray, z: FloatArray, r: NDArray[np.intp]) -> FloatArray:
        """Interpolate the stored slowness, bilinear in depth and distance; NaN outside."""
        _, n_depth, n_distance = self.slowness_s_km.shape
        k = np.clip(np.searchsorted(self.depths_km, z, side="right") - 1, 0, max(n_depth - 2, 0))
        k1 = np.minimum(k + 1, n_depth - 1)
        thickness = self.depths_km[k1] - self.depths_km[k]
        w = (z - self.depths_km[k]) / np.where(thickness > 0, thickness, 1.0)
        outside_z = ~((z >= self.depths_km[0]) & (z <= self.depths_km[-1]))
        w = np.where(outside_z, np.nan, w)
        column = x / self.distance_step_km
        inside = (column >= 0) & (column <= n_distance - 1)
        i = np.minimum(np.where(inside, column, 0).astype(np.intp), n_distance - 2)
        v = np.where(inside, column - i, np.nan)
        flat = self.slowness_s_km.ravel()
        upper, lower = (r * n_depth + k) * n_distance + i, (r * n_depth + k1) * n_distance + i
        top = flat[upper] + v * (flat[upper + 1] - flat[upper])
        bottom = flat[lower] + v * (flat[lower + 1] - flat[lower])
        result: FloatArray = top + w * (bottom - top)
        return result


def compute_travel_times(
    model: VelocityModel,
    depths_km: ArrayLike,
    max_distance_km: float,
    receiver_depths_km: ArrayLike = (0.0,),
    phase: str = "S",
) -> TravelTimeTable:
    """Table of first-arrival times of P or S, direct, turned and refracted.

    Parameters
    ----------
    depths_km : (depth,), km
        Source depths, ascending, positive down from sea level.
    max_distance_km
        Largest epicentral distance wanted; rounded up to the step of 1 km.
    receiver_depths_km : (receiver,), km
        Positive down; negative above sea level, where the topmost velocity is extended upward. Sources
        may lie above a receiver.
    phase
        "P" or "S".

    Raises
    ------
    ModelError
        Depths that do not ascend or are not finite, a distance that is not positive, an unknown phase.
    """
    depths = np.atleast_1d(np.asarray(depths_km, dtype=np.float64))
    receivers = np.atleast_1d(np.asarray(receiver_depths_km, dtype=np.float64))
    if depths.ndim != 1 or not (np.all(np.isfinite(depths)) and np.all(np.diff(depths) > 0) and len(depths)):
        raise ModelError(f"source depths {depths} km must be finite and ascend; correct the depth grid")
    if receivers.ndim != 1 or not (np.all(np.isfinite(receivers)) and len(receivers)):
        raise ModelError(f"receiver depths {receivers} km must be finite; correct the stations' elevations")
    if not (np.isfinite(max_distance_km) and max_distance_km > 0):
        raise ModelError(f"max_distance_km = {max_distance_km} must be positive; widen the region")
    grid = DISTANCE_STEP_KM * np.arange(np.ceil(max_distance_km / DISTANCE_STEP_KM) + 1, dtype=np.float64)
    both = np.concatenate([depths, receivers])
    # A ray that returns within a distance x does not turn deeper than x / 2 below its deeper end in any
    # model whose velocity grows with depth
    layers = flatten_layers(model, phase, both, both.max() + grid[-1] / 2)
    rays = trace_rays(layers, fan_of_slownesses(layers))
    sources = layers.nodes_at(depths)
    slowness = np.empty((len(receivers), len(depths), len(grid)), dtype=np.float32)
    for row, depth in enumerate(receivers):
        node = int(layers.nodes_at(depth))
        straight = np.hypot(grid, (depths - depth)[:, np.newaxis])
        times = first_arrivals(layers, rays, node, sources, grid)
        at_receiver = 1 / model.interpolate(depth, phase)
        slowness[row] = np.where(straight > 0, times / np.where(straight > 0, straight, 1.0), at_receiver)
    return TravelTimeTable(model.name, phase, receivers, depths, DISTANCE_STEP_KM, slowness)
