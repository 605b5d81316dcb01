"""Where sources are looked for, and the S times from there to every station."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate.settings import LocationSettings
from tremorflow.plate import PlateInterface
from tremorflow.records import FloatArray, Network
from tremorflow.traveltime import StationTravelTimes


@dataclass(frozen=True, slots=True)
class SearchGrid:
    """Nodes (depth, latitude, longitude), flattened in this order, with S times to the stations."""

    network: Network
    travel_times: StationTravelTimes
    latitudes: FloatArray  # (latitude,) deg
    longitudes: FloatArray  # (longitude,) deg
    node_latitudes: FloatArray  # (node,)
    node_longitudes: FloatArray  # (node,)
    node_depths_km: FloatArray  # (node,)
    s_times_s: NDArray[np.float32]  # (station, node), NaN out of reach
    reference_depths_km: FloatArray  # (latitude, longitude) depth where it is not free, else NaN

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of depths, latitudes and longitudes."""
        area = len(self.latitudes) * len(self.longitudes)
        return len(self.node_depths_km) // area, len(self.latitudes), len(self.longitudes)

    def node(self, index: int) -> tuple[float, float, float]:
        """Latitude, longitude (deg) and depth (km) of one node."""
        place = (self.node_latitudes[index], self.node_longitudes[index], self.node_depths_km[index])
        return float(place[0]), float(place[1]), float(place[2])

    def surface_depth_km(self, latitudes: FloatArray, longitudes: FloatArray) -> FloatArray:
        """Assumed depth at points of the grid, bilinear between its nodes."""
        row, column, u, v = self._cell(latitudes, longitudes)
        depth = self.reference_depths_km
        south = (1 - v) * depth[row, column] + v * depth[row, column + 1]
        north = (1 - v) * depth[row + 1, column] + v * depth[row + 1, column + 1]
        return (1 - u) * south + u * north

    def surface_slope(self, latitude: float, longitude: float) -> FloatArray:
        """Slope of the assumed depth to the east and to the north, km/km (2,)."""
        frame = LocalFrame(latitude, longitude)
        step_km = 1.0
        lat, lon = frame.to_degrees(np.array([-step_km, step_km, 0, 0]), np.array([0, 0, -step_km, step_km]))
        depth = self.surface_depth_km(lat, lon)
        return np.array([depth[1] - depth[0], depth[3] - depth[2]]) / (2 * step_km)

    def _cell(
        self, latitudes: FloatArray, longitudes: FloatArray
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray, FloatArray]:
        """South-west corner (row, column) of the cell that holds each point, and the place in it (0 to 1)."""
        rows = (np.asarray(latitudes) - self.latitudes[0]) / (self.latitudes[1] - self.latitudes[0])
        columns = (np.asarray(longitudes) - self.longitudes[0]) / (self.longitudes[1] - self.longitudes[0])
        row = np.clip(rows.astype(np.intp), 0, len(self.latitudes) - 2)
        column = np.clip(columns.astype(np.intp), 0, len(self.longitudes) - 2)
        return row, column, rows - row, columns - column


def search_grid(
    network: Network,
    travel_times: StationTravelTimes,
    settings: LocationSettings,
    interface: PlateInterface | None = None,
) -> SearchGrid:
    """Regular grid around the network, as the settings say.

    Raises
    ------
    SettingsError
        ``depth = "interface"`` without an interface, or an empty range of depths.
    DataError
        Fewer than ``min_stations`` stations, or an interface that does not reach under the network.
    """
    if len(network) < settings.min_stations:
        raise DataError(
            f"{len(network)} stations cannot locate: location.min_stations is {settings.min_stations}; "
            "add stations to the archive or the station table"
        )
    latitudes = _axis(network.latitudes, settings)
    longitudes = _axis(network.longitudes, settings)
    if settings.depth == "free":
        if settings.max_depth_km <= settings.min_depth_km:
            raise SettingsError(
                f"location.max_depth_km = {settings.max_depth_km} must exceed "
                f"location.min_depth_km = {settings.min_depth_km}"
            )
        depths = np.arange(
            settings.min_depth_km,
            settings.max_depth_km + settings.depth_spacing_km / 2,
            settings.depth_spacing_km,
        )
        return make_grid(network, travel_times, settings, latitudes, longitudes, depths)
    grid_lat, grid_lon = np.meshgrid(latitudes, longitudes, indexing="ij")
    if settings.depth == "fixed":
        surface = np.full(grid_lat.shape, settings.fixed_depth_km)
    elif interface is None:
        raise SettingsError(
            'location.depth = "interface" needs the key plate_interface: the path of a grid file'
        )
    else:
        surface = interface.depth_km(grid_lat, grid_lon)
        if not np.isfinite(surface).any():
            raise DataError("the plate interface does not reach under the network; give one that does")
    return make_grid(network, travel_times, settings, latitudes, longitudes, surface)


def make_grid(
    network: Network,
    travel_times: StationTravelTimes,
    settings: LocationSettings,
    latitudes: FloatArray,
    longitudes: FloatArray,
    depths_km: FloatArray,
) -> SearchGrid:
    """Grid on given axes: ``depths_km`` is (depth,) for free depth or (latitude, longitude) for a surface."""
    free = depths_km.ndim == 1
    area = (len(latitudes), len(longitudes))
    stack = np.broadcast_to(
        depths_km[:, None, None] if free else depths_km[None], (len(depths_km) if free else 1, *area)
    )
    node_latitudes = np.broadcast_to(latitudes[None, :, None], stack.shape).ravel()
    node_longitudes = np.broadcast_to(longitudes[None, None, :], stack.shape).ravel()
    node_depths = np.ascontiguousarray(stack).ravel()
    s_times = travel_times.times(node_latitudes, node_longitudes, node_depths)
    distances = distances_km(
        network.latitudes[:, None], network.longitudes[:, None], node_latitudes, node_longitudes
    )
    in_reach = distances <= settings.max_station_distance_km
    return SearchGrid(
        network,
        travel_times,
        latitudes,
        longitudes,
        node_latitudes,
        node_longitudes,
        node_depths,
        np.where(in_reach, s_times, np.nan).astype(np.float32),
        np.full(area, np.nan) if free else depths_km,
    )


def _axis(coordinates: FloatArray, settings: LocationSettings) -> FloatArray:
    """Axis over the stations and the margin, on whole multiples of the spacing."""
    low = np.floor((coordinates.min() - settings.grid_margin_deg) / settings.grid_spacing_deg)
    high = np.ceil((coordinates.max() + settings.grid_margin_deg) / settings.grid_spacing_deg)
    return np.arange(low, high + 1) * settings.grid_spacing_deg
