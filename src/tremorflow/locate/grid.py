"""Where sources are looked for, and the S times from there to every station."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt

from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate.settings import LocationSettings
from tremorflow.plate import PlateInterface
from tremorflow.records import FloatArray, Network
from tremorflow.traveltime import StationTravelTimes

MAX_GRID_VALUES = 1e8  # S times of all stations at all nodes: 0.4 GB
NODE_BLOCK = 4096  # nodes whose S times are computed at a time: 5 MB for 150 stations


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
    is_known: NDArray[
        np.bool_
    ]  # (latitude, longitude) false where the depth was taken from the nearest known

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of depths, latitudes and longitudes."""
        area = len(self.latitudes) * len(self.longitudes)
        return len(self.node_depths_km) // area, len(self.latitudes), len(self.longitudes)

    def node(self, index: int) -> tuple[float, float, float]:
        """Latitude, longitude (deg) and depth (km) of one node."""
        place = (self.node_latitudes[index], self.node_longitudes[index], self.node_depths_km[index])
        return float(place[0]), float(place[1]), float(place[2])

    def nodes_near(self, latitude: float, longitude: float, within_km: float) -> NDArray[np.intp]:
        """Nodes (n,) whose epicentral distance from a point is not more."""
        away = distances_km(latitude, longitude, self.node_latitudes, self.node_longitudes)
        return np.flatnonzero(away <= within_km)

    def unwrap(self, longitudes: ArrayLike) -> FloatArray:
        """Longitudes within 180 deg of the middle of the grid, whose axis may run beyond 180 deg."""
        middle = float(self.longitudes[0] + self.longitudes[-1]) / 2
        return middle + (np.asarray(longitudes, dtype=np.float64) - middle + 180) % 360 - 180

    def clip(self, latitude: ArrayLike, longitude: ArrayLike) -> tuple[float, float]:
        """Nearest point of the grid's area, with the longitude on its axis."""
        lat, lon = self.latitudes, self.longitudes
        return float(np.clip(latitude, lat[0], lat[-1])), float(
            np.clip(self.unwrap(longitude), lon[0], lon[-1])
        )

    def on_rim(self, latitude: float, longitude: float) -> bool:
        """Whether a point is within half a step of the rim, or where the depth is not known."""
        row, column, u, v = self._cell(np.array(latitude), np.array(longitude))
        known = self.is_known[int(row) + int(u >= 0.5), int(column) + int(v >= 0.5)]
        rows, columns = float(row + u), float(column + v)
        inside = 0.5 < rows < len(self.latitudes) - 1.5 and 0.5 < columns < len(self.longitudes) - 1.5
        return not (known and inside)

    def surface_depth_km(self, latitudes: FloatArray, longitudes: FloatArray) -> FloatArray:
        """Assumed depth at points of the grid, bilinear between its nodes."""
        row, column, u, v = self._cell(latitudes, longitudes)
        depth = self.reference_depths_km
        south = (1 - v) * depth[row, column] + v * depth[row, column + 1]
        north = (1 - v) * depth[row + 1, column] + v * depth[row + 1, column + 1]
        return (1 - u) * south + u * north

    def depth_at(self, latitude: float, longitude: float, free_depth_km: float) -> float:
        """Assumed depth at a point, or the given one where the depth is free."""
        depth = float(self.surface_depth_km(np.array(latitude), np.array(longitude)))
        return depth if np.isfinite(depth) else free_depth_km

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
        offsets = self.unwrap(longitudes) - self.longitudes[0]
        columns = offsets / (self.longitudes[1] - self.longitudes[0])
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
            f"{len(network)} stations with recordings and coordinates cannot locate: location.min_stations "
            f"is {settings.min_stations}; add stations, or their coordinates to the station table"
        )
    latitudes = _axis(network.latitudes, settings)
    # a network across the antimeridian has an axis that runs beyond 180 deg
    middle = np.angle(np.exp(1j * np.radians(network.longitudes)).mean(), deg=True)
    longitudes = _axis(middle + (network.longitudes - middle + 180) % 360 - 180, settings)
    _check_size(len(network), len(latitudes) * len(longitudes), settings)
    if settings.depth == "free":
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
    known = np.ones(area, dtype=bool) if free else np.isfinite(depths_km)
    s_times = np.empty((len(network), len(node_depths)), dtype=np.float32)
    for start in range(0, len(node_depths), NODE_BLOCK):
        block = slice(start, start + NODE_BLOCK)
        lat, lon = node_latitudes[block], node_longitudes[block]
        times = travel_times.times(lat, lon, node_depths[block])
        distances = distances_km(network.latitudes[:, None], network.longitudes[:, None], lat, lon)
        s_times[:, block] = np.where(distances <= settings.max_station_distance_km, times, np.nan)
    return SearchGrid(
        network,
        travel_times,
        latitudes,
        longitudes,
        node_latitudes,
        node_longitudes,
        node_depths,
        s_times,
        np.full(area, np.nan) if free else _fill_nearest(depths_km, known),
        known,
    )


def _axis(coordinates: FloatArray, settings: LocationSettings) -> FloatArray:
    """Axis over the stations and the margin, on whole multiples of the spacing."""
    low = np.floor((coordinates.min() - settings.grid_margin_deg) / settings.grid_spacing_deg)
    high = np.ceil((coordinates.max() + settings.grid_margin_deg) / settings.grid_spacing_deg)
    return np.arange(low, max(high, low + 2) + 1) * settings.grid_spacing_deg


def _fill_nearest(depths_km: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    """Depths (latitude, longitude) with unknown ones taken from the nearest known node."""
    if known.all() or not known.any():
        return depths_km
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled: FloatArray = depths_km[tuple(nearest)]
    return filled


def _check_size(n_stations: int, n_places: int, settings: LocationSettings) -> None:
    """Refuse a grid whose travel times would not fit into memory."""
    depths = 1.0
    if settings.depth == "free":
        depths += (settings.max_depth_km - settings.min_depth_km) / settings.depth_spacing_km
    values = n_stations * n_places * depths
    if values > MAX_GRID_VALUES:
        raise SettingsError(
            f"the search grid has {n_places * depths:.3g} nodes for {n_stations} stations, too many to hold: "
            f"raise location.grid_spacing_deg = {settings.grid_spacing_deg} or location.depth_spacing_km = "
            f"{settings.depth_spacing_km}, or lower location.grid_margin_deg = {settings.grid_margin_deg}"
        )
