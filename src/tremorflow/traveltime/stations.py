"""Travel times to the stations of a network, each at its own depth and with its own delay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km, east_north_km
from tremorflow.records import Network
from tremorflow.traveltime.model import VelocityModel
from tremorflow.traveltime.table import TravelTimeTable, compute_travel_times

FloatArray = NDArray[np.float64]

RECEIVER_STEP_KM = 0.25
"""Stations between two computed receiver depths are interpolated: right to 0.1 ms where dv/dz < 0.3 /s."""


@dataclass(frozen=True, slots=True)
class StationTravelTimes:
    """Travel times of one phase from anywhere to the stations of a network.

    ``table`` has one receiver per station, in the order of ``network``; ``delays_s`` (station,) is added.
    """

    network: Network
    table: TravelTimeTable
    delays_s: FloatArray

    def times(self, latitudes: ArrayLike, longitudes: ArrayLike, depths_km: ArrayLike) -> FloatArray:
        """Travel time (station, node) in s, delays included, from nodes at (node,) degrees and km.

        The three arrays broadcast against each other; scalars give (station,). NaN outside the table.
        """
        latitudes, longitudes, depths = np.broadcast_arrays(latitudes, longitudes, depths_km)
        places = self._by_station(latitudes.ndim)
        distances = distances_km(places[0], places[1], latitudes, longitudes)
        return self.table.times(distances, depths, places[2]) + places[3]

    def times_around(
        self,
        latitude: float,
        longitude: float,
        east_km: FloatArray,
        north_km: FloatArray,
        depths_km: FloatArray,
        stations: NDArray[np.intp],
    ) -> FloatArray:
        """Travel time (station, point) in s from points (point,) a few km east and north of a place.

        As ``times`` within 0.05 s for points up to 15 km away, at a third of its cost: flat around the place.
        Only of some ``stations`` (n,); the others have NaN.
        """
        latitudes, longitudes = self.network.latitudes[stations], self.network.longitudes[stations]
        east, north = east_north_km(latitude, longitude, latitudes, longitudes)
        distances = np.hypot(east[:, None] - east_km, north[:, None] - north_km)
        times = np.full((len(self.network), len(east_km)), np.nan)
        times[stations] = self.table.times(distances, depths_km, stations[:, None])
        times[stations] += self.delays_s[stations, None]
        return times

    def times_and_gradient(
        self, latitude: ArrayLike, longitude: ArrayLike, depth_km: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Travel time (station,) in s, and how it grows as the source moves: (station, 3), s/km.

        The gradient is along east, north and down. Arrays of one shape (node,) give (station, node) and
        (station, node, 3). It is 0 along east and north if the source is right below the station.
        """
        latitudes, longitudes, depths = np.broadcast_arrays(latitude, longitude, depth_km)
        places = self._by_station(latitudes.ndim)
        east, north = east_north_km(places[0], places[1], latitudes, longitudes)
        distances = np.hypot(east, north)
        t, slope, down = self.table.times_and_slopes(distances, depths, places[2])
        # east_north_km gives the direction at the middle of the path; at the source it has turned by half
        # of the convergence of the meridians
        turn = np.radians((longitudes - places[1] + 180) % 360 - 180) / 2
        turn = turn * np.sin(np.radians((latitudes + places[0]) / 2))
        azimuth = np.arctan2(east, north) + turn
        gradient = np.stack([slope * np.sin(azimuth), slope * np.cos(azimuth), down], axis=-1)
        return t + places[3], gradient

    def subset(self, indices: Sequence[int] | NDArray[np.intp]) -> "StationTravelTimes":
        """Travel times to the stations at these places, in this order."""
        chosen = np.asarray(indices, dtype=np.intp)
        table = TravelTimeTable(
            self.table.model,
            self.table.phase,
            self.table.receiver_depths_km[chosen],
            self.table.depths_km,
            self.table.distance_step_km,
            self.table.slowness_s_km[chosen],
        )
        return StationTravelTimes(self.network.subset(chosen.tolist()), table, self.delays_s[chosen])

    def _by_station(self, node_axes: int) -> tuple[FloatArray, FloatArray, NDArray[np.intp], FloatArray]:
        """Latitude, longitude, index and delay of the stations, shaped to broadcast against nodes."""
        shape = (-1,) + (1,) * node_axes
        return (
            self.network.latitudes.reshape(shape),
            self.network.longitudes.reshape(shape),
            np.arange(len(self.network)).reshape(shape),
            self.delays_s.reshape(shape),
        )


def station_travel_times(
    model: VelocityModel,
    network: Network,
    depths_km: ArrayLike,
    max_distance_km: float,
    phase: str = "S",
) -> StationTravelTimes:
    """Travel times to every station of the network, at its elevation and, for S, with its ``s_delay_s``.

    Parameters
    ----------
    depths_km : (depth,), km
        Source depths of the table, ascending; times from other depths are NaN.
    max_distance_km
        Largest epicentral distance of the table; times from farther away are NaN.

    Raises
    ------
    DataError
        The network is empty.
    ModelError
        As ``compute_travel_times``.

    Notes
    -----
    Stations below sea level sit inside the model at their depth; above it the topmost velocity is
    extended upward. Tables are computed every 0.25 km of receiver depth (at each station's depth if that
    is fewer) and interpolated.
    """
    if len(network) == 0:
        raise DataError("travel times need at least one station; the station table is empty")
    station_depths = -network.elevations_m / 1000
    receivers = np.unique(station_depths)
    steps = np.arange(
        np.floor(receivers[0] / RECEIVER_STEP_KM), np.ceil(receivers[-1] / RECEIVER_STEP_KM) + 1
    )
    if len(steps) < len(receivers):
        receivers = steps * RECEIVER_STEP_KM
    table = compute_travel_times(model, depths_km, max_distance_km, receivers, phase)
    k = np.clip(np.searchsorted(receivers, station_depths, side="right") - 1, 0, max(len(receivers) - 2, 0))
    k1 = np.minimum(k + 1, len(receivers) - 1)
    gap = receivers[k1] - receivers[k]
    weight = ((station_depths - receivers[k]) / np.where(gap > 0, gap, 1)).astype(np.float32)
    weight = weight[:, np.newaxis, np.newaxis]
    slowness = table.slowness_s_km[k] * (1 - weight) + table.slowness_s_km[k1] * weight
    stations = TravelTimeTable(
        table.model, phase, station_depths, table.depths_km, table.distance_step_km, slowness
    )
    delays = network.s_delays_s if phase == "S" else np.zeros(len(network))
    return StationTravelTimes(network, stations, delays)
