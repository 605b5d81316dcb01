"""Earthquakes of a scenario: settings + seed -> truth table of mainshocks, aftershocks and distant ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.records import FloatArray, Network
from tremorflow.simulate.earthquake_settings import EarthquakeSettings
from tremorflow.simulate.geometry import draw_inside
from tremorflow.simulate.scene import SampleGrid
from tremorflow.simulate.streams import generator
from tremorflow.simulate.teleseisms import draw_teleseisms
from tremorflow.truth import truth_table

__all__ = ["EarthquakeSettings", "draw_earthquakes"]

CODA_BEFORE_S = 600.0
"""Earthquakes that began this long before the start are still in the recording."""

LOOK_BACK_S = 86400.0
"""Mainshocks of the day before the start send aftershocks into the recording."""

BLOCK_S = 3600.0
"""Earthquakes are drawn hour by hour, so that the first hour of a day is that hour alone."""

BELOW_FLOOR_KM = 2.0
"""No earthquake is nearer to the ground's surface: sediment creeps."""


def draw_earthquakes(
    settings: EarthquakeSettings, network: Network, grid: SampleGrid, seed: int
) -> pd.DataFrame:
    """Table "earthquakes" of the truth, in order of time.

    Parameters
    ----------
    settings
        Rates, laws of size, time and place.
    network
        Earthquakes crowd within and around it.
    grid
        Start and length of the scenario; its sampling rate does not matter.
    seed
        The same seed gives the same table. A longer scenario begins with the same local earthquakes as a
        shorter one; names, and with them mechanisms, may differ.

    Returns
    -------
    From 10 minutes before the start on (their coda is in the recording), teleseisms from an hour before.

    Notes
    -----
    Magnitudes follow Gutenberg & Richter between two limits. A mainshock M has on average
    10**(b (M - 1.2 - magnitude_min)) aftershocks (so that one is larger than M - 1.2, Bath's law), none
    larger than itself, at times after Omori and Utsu, (t + c)**-p, and within its rupture, a Gaussian of
    10**(0.5 M - 2.0) km (3 km for M 5, 18 km for M 6.5). They have no aftershocks of their own: the law
    counts the whole sequence. Those of mainshocks more than a day before the start are part of the
    background. No source is less than 2 km below the sea floor of the nearest station.
    """
    if not settings.enabled:
        return truth_table("earthquakes")
    region = _make_region(settings, network, seed)
    parts = []
    for block in range(-round(LOOK_BACK_S / BLOCK_S), int(np.ceil(grid.duration_s / BLOCK_S))):
        keys = (seed, "earthquakes", block)
        mainshocks = _draw_mainshocks(settings, region, block, generator(*keys, "mainshocks"))
        parts += [mainshocks, _draw_regional(settings, region, block, generator(*keys, "regional"))]
        if settings.aftershocks:
            parts.append(_draw_aftershocks(settings, region, mainshocks, generator(*keys, "aftershocks")))
    near = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    near = near[(near["time_s"] >= -CODA_BEFORE_S) & (near["time_s"] < grid.duration_s)]
    middle = (region.frame.latitude, region.frame.longitude)
    far = draw_teleseisms(settings, middle, grid.duration_s, seed)
    rows = pd.concat([table for table in (near, far) if len(table)] or [near], ignore_index=True)
    rows = rows.sort_values("time_s", kind="stable", ignore_index=True)
    offsets = pd.to_timedelta(
        np.round(rows.pop("time_s").to_numpy(np.float64) * 1e9).astype(np.int64), unit="ns"
    )
    rows["time"] = grid.start_time + offsets
    rows["event_id"] = [f"eq-{k:05d}" for k in range(len(rows))]
    return truth_table("earthquakes", rows)


def draw_magnitudes(b_value: float, low: float, high: FloatArray | float, rng: Generator) -> FloatArray:
    """Magnitudes (event,) of Gutenberg & Richter from ``low`` to ``high`` (event,)."""
    highs = np.asarray(high, dtype=np.float64)
    whole = 1 - 10 ** (-b_value * (highs - low))
    return np.asarray(low - np.log10(1 - rng.uniform(0, 1, highs.shape) * whole) / b_value)


@dataclass(frozen=True, slots=True)
class _Region:
    """Where earthquakes are: an outline (corner, 2) in degrees, clusters (cluster, 2), plane of the plate."""

    network: Network
    frame: LocalFrame
    outline: FloatArray
    area_km2: float
    clusters: FloatArray
    cluster_shares: FloatArray

    def interface_km(
        self, settings: EarthquakeSettings, latitudes: FloatArray, longitudes: FloatArray
    ) -> FloatArray:
        """Depth (event,) of the dipping plane that stands for the plate boundary, 6 to 90 km."""
        east, north = self.frame.to_km(latitudes, longitudes)
        direction = np.radians(settings.interface_dip_direction_deg)
        down_dip = east * np.sin(direction) + north * np.cos(direction)
        depths = settings.interface_depth_km + down_dip * np.tan(np.radians(settings.interface_dip_deg))
        return np.asarray(np.clip(depths, 6.0, 0.9 * settings.depth_max_km))  # the trench is 7 km deep

    def shallowest_km(self, latitudes: FloatArray, longitudes: FloatArray) -> FloatArray:
        """Depth (event,) of 2 km below the sea floor, or sea level on land, at the nearest station."""
        stations = self.network
        distances = distances_km(
            stations.latitudes[:, None], stations.longitudes[:, None], latitudes, longitudes
        )
        floor_km = np.maximum(-stations.elevations_m / 1000, 0)
        return np.asarray(floor_km[np.argmin(distances, axis=0)] + BELOW_FLOOR_KM)


def _make_region(settings: EarthquakeSettings, network: Network, seed: int) -> _Region:
    """Area and clusters, the same for any part of the time."""
    first = network.stations[0]
    frame = LocalFrame(first.latitude, first.longitude)
    points = np.stack(frame.to_km(network.latitudes, network.longitudes), axis=-1)
    turn = np.radians(np.arange(0, 360, 45))
    around = settings.margin_km * np.stack([np.sin(turn), np.cos(turn)], axis=-1)
    widened = (points[:, None] + around).reshape(-1, 2)
    hull = ConvexHull(widened)
    corners = widened[hull.vertices]
    outline = np.stack(frame.to_degrees(corners[:, 0], corners[:, 1]), axis=-1)
    middle = LocalFrame(*(float(value) for value in frame.to_degrees(*corners.mean(axis=0))))
    rng = generator(seed, "earthquakes", "clusters")
    if settings.places:
        clusters = np.array(settings.places, dtype=np.float64)
    else:
        clusters = np.stack(draw_inside(outline, settings.clusters, rng), axis=-1)
    shares = rng.exponential(1.0, len(clusters))
    return _Region(network, middle, outline, float(hull.volume), clusters, shares / shares.sum())


def _scattered(
    region: _Region,
    latitudes: FloatArray,
    longitudes: FloatArray,
    sigma_km: FloatArray | float,
    rng: Generator,
) -> tuple[FloatArray, FloatArray]:
    """Places moved by a two-dimensional Gaussian, of one standard deviation or one for each."""
    east, north = region.frame.to_km(latitudes, longitudes)
    moves = rng.standard_normal((2, len(latitudes))) * sigma_km
    return region.frame.to_degrees(east + moves[0], north + moves[1])


def _draw_mainshocks(
    settings: EarthquakeSettings, region: _Region, block: int, rng: Generator
) -> pd.DataFrame:
    """Mainshocks of one hour near the network."""
    count = int(rng.poisson(settings.rate_per_day * region.area_km2 / 1e5 * BLOCK_S / 86400))
    latitudes, longitudes = draw_inside(region.outline, count, rng)
    chosen = rng.choice(len(region.clusters), count, p=region.cluster_shares)
    near = _scattered(
        region, region.clusters[chosen, 0], region.clusters[chosen, 1], settings.cluster_km, rng
    )
    clustered = rng.uniform(0, 1, count) < settings.clustered_share
    latitudes = np.where(clustered, near[0], latitudes)
    longitudes = np.where(clustered, near[1], longitudes)
    interface_km = region.interface_km(settings, latitudes, longitudes)
    kinds, depths_km = _draw_depths(settings, interface_km, region.shallowest_km(latitudes, longitudes), rng)
    return pd.DataFrame(
        {
            "time_s": block * BLOCK_S + rng.uniform(0, BLOCK_S, count),
            "latitude": latitudes,
            "longitude": longitudes,
            "depth_km": depths_km,
            "magnitude": draw_magnitudes(
                settings.b_value, settings.magnitude_min, np.full(count, settings.magnitude_max), rng
            ),
            "kind": kinds,
        }
    )


def _draw_depths(
    settings: EarthquakeSettings, interface_km: FloatArray, shallowest_km: FloatArray, rng: Generator
) -> tuple[NDArray[np.object_], FloatArray]:
    """Kind (event,) and depth (event,) in km.

    At the plate boundary within 2 km, in the slab exponentially (mean 15 km) below it, in the crust anywhere
    between 2 km below the ground and the boundary.
    """
    shares = np.array([settings.share_interface, settings.share_slab, settings.share_crust])
    places = rng.choice(3, len(interface_km), p=shares / shares.sum())
    depths_km = np.stack(
        [
            interface_km + 2.0 * rng.standard_normal(len(interface_km)),
            interface_km + 3.0 + rng.exponential(15.0, len(interface_km)),
            rng.uniform(shallowest_km, np.maximum(interface_km, shallowest_km + 2.0)),
        ]
    )[places, np.arange(len(interface_km))]
    kinds = np.array(["interface", "slab", "crust"], dtype=object)[places]
    return kinds, np.clip(depths_km, shallowest_km, settings.depth_max_km)


def _draw_aftershocks(
    settings: EarthquakeSettings, region: _Region, mainshocks: pd.DataFrame, rng: Generator
) -> pd.DataFrame:
    """Aftershocks of these mainshocks."""
    magnitudes = mainshocks["magnitude"].to_numpy(np.float64)
    excess = magnitudes - settings.bath_difference - settings.magnitude_min
    counts = rng.poisson(10 ** (settings.b_value * excess))
    of = np.repeat(np.arange(len(mainshocks)), counts)
    parents = mainshocks.iloc[of]
    level = rng.uniform(0, 1, len(of))
    parent_magnitudes = magnitudes[of]
    sigma_km = 10 ** (0.5 * parent_magnitudes - 2.0)
    places = parents["latitude"].to_numpy(np.float64), parents["longitude"].to_numpy(np.float64)
    latitudes, longitudes = _scattered(region, *places, sigma_km, rng)
    depths_km = parents["depth_km"].to_numpy(np.float64) + 0.3 * sigma_km * rng.standard_normal(len(of))
    return pd.DataFrame(
        {
            "time_s": parents["time_s"].to_numpy(np.float64) + _omori_times_s(settings, level),
            "latitude": latitudes,
            "longitude": longitudes,
            "depth_km": np.clip(
                depths_km, region.shallowest_km(latitudes, longitudes), settings.depth_max_km
            ),
            "magnitude": draw_magnitudes(settings.b_value, settings.magnitude_min, parent_magnitudes, rng),
            "kind": "aftershock",
        }
    )


def _omori_times_s(settings: EarthquakeSettings, level: FloatArray) -> FloatArray:
    """Give the times (event,) after the mainshock at these levels of the distribution of Omori and Utsu."""
    c, p = settings.omori_c_s, settings.omori_p
    last_s = settings.aftershock_days * 86400
    if abs(p - 1) < 1e-6:
        return np.asarray(c * ((1 + last_s / c) ** level - 1))
    first, last = c ** (1 - p), (last_s + c) ** (1 - p)
    return np.asarray((first + level * (last - first)) ** (1 / (1 - p)) - c)


def _draw_regional(settings: EarthquakeSettings, region: _Region, block: int, rng: Generator) -> pd.DataFrame:
    """Earthquakes of one hour in the ring around the network, uniform over its area, 10 to 100 km deep."""
    count = int(rng.poisson(settings.regional_per_day * BLOCK_S / 86400))
    near, far = settings.regional_near_km, settings.regional_far_km
    radii = np.sqrt(rng.uniform(near**2, far**2, count))
    azimuths = rng.uniform(0, 2 * np.pi, count)
    latitudes, longitudes = region.frame.to_degrees(radii * np.sin(azimuths), radii * np.cos(azimuths))
    highest = max(settings.magnitude_max, settings.regional_magnitude_min)
    return pd.DataFrame(
        {
            "time_s": block * BLOCK_S + rng.uniform(0, BLOCK_S, count),
            "latitude": latitudes,
            "longitude": longitudes,
            "depth_km": np.minimum(10.0 + rng.exponential(25.0, count), 100.0),
            "magnitude": draw_magnitudes(
                settings.b_value, settings.regional_magnitude_min, np.full(count, highest), rng
            ),
            "kind": "regional",
        }
    )
