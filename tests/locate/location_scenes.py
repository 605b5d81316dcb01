"""Networks and bursts for the tests of the location: what is known, so that it can be asked for."""

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np

from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate import LocationSettings, WindowResult, locate_window, search_grid, station_pairs
from tremorflow.records import Envelopes, Network, Station, utc
from tremorflow.traveltime import StationTravelTimes, read_velocity_model, station_travel_times

CENTRE = (38.0, 142.0)  # on the grid, so that a mirrored network has a mirrored grid
START = utc("2020-05-24T02:00:00Z")
FIXED = LocationSettings(depth="fixed", fixed_depth_km=30.0)
FREE = LocationSettings()


def network_at(east_km: np.ndarray, north_km: np.ndarray, centre: tuple[float, float] = CENTRE) -> Network:
    """Stations at sea level at these places around the centre."""
    latitudes, longitudes = LocalFrame(*centre).to_degrees(east_km, north_km)
    return Network(
        tuple(
            Station("SY", f"{k:03d}", float(latitude), float(longitude), 0.0)
            for k, (latitude, longitude) in enumerate(zip(latitudes, longitudes, strict=True))
        )
    )


def scattered_network(count: int, seed: int, half_width_km: float = 50.0) -> Network:
    """Stations at random in a square."""
    return network_at(*np.random.default_rng(seed).uniform(-half_width_km, half_width_km, (2, count)))


def lattice_network(columns: int, rows: int, spacing_km: float) -> Network:
    """Stations on a regular lattice."""
    east, north = np.meshgrid(np.arange(columns) * spacing_km, np.arange(rows) * spacing_km)
    return network_at((east - east.mean()).ravel(), (north - north.mean()).ravel())


@lru_cache(maxsize=64)
def travel_times_of(network: Network) -> StationTravelTimes:
    return station_travel_times(read_velocity_model("jma2001"), network, np.arange(0, 81, 2.0), 600.0)


def source_at(east_km: float, north_km: float, depth_km: float) -> tuple[float, float, float]:
    latitude, longitude = LocalFrame(*CENTRE).to_degrees(east_km, north_km)
    return float(latitude), float(longitude), depth_km


def smooth_burst(times_s: np.ndarray, seed: int) -> np.ndarray:
    """Sum of forty Gaussian pulses between 90 and 190 s, each 3 s wide: known between samples too."""
    rng = np.random.default_rng(seed)
    centres, heights = rng.uniform(90, 190, 40), rng.exponential(1.0, 40)
    return (heights * np.exp(-0.5 * ((times_s[..., None] - centres) / 3.0) ** 2)).sum(axis=-1)


def pure_envelopes(
    network: Network, sources: list[tuple[float, float, float]], seed: int = 0, duration_s: int = 300
) -> Envelopes:
    """Envelopes without noise: the burst of each source moved by the S time, over a level of 1, 1 Hz."""
    samples = np.arange(duration_s, dtype=float)
    values = np.ones((len(network), duration_s))
    for number, source in enumerate(sources):
        times = travel_times_of(network).times(*source)
        distance = np.hypot(
            distances_km(source[0], source[1], network.latitudes, network.longitudes), source[2]
        )
        strength = 5 * (30 / distance) ** 2  # quickly below the other source's
        values += strength[:, None] * smooth_burst(samples - times[:, None], 1000 * seed + number)
    return Envelopes(network, ("H",), values[:, None, :], START, 1.0, (2.0, 8.0), "-")


def locate(window: Envelopes, settings: LocationSettings) -> WindowResult:
    """Sources in one window, on the grid that the settings give."""
    grid = search_grid(window.network, travel_times_of(window.network), settings)
    return locate_window(window, grid, station_pairs(grid, settings), settings)


def load_benchmark(path: str) -> ModuleType:
    """Module of a benchmark script, by its path below benchmarks/."""
    file = Path(__file__).resolve().parents[2] / "benchmarks" / path
    specification = importlib.util.spec_from_file_location(f"benchmark_{file.stem}", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module
