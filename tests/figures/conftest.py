"""Simulated networks, events and envelopes; none of these numbers was ever observed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tremorflow.geodesy import distances_km
from tremorflow.records import Envelopes, Network, Station, event_table, timedelta, utc

S_SPEED_KM_S = 3.5


@dataclass(frozen=True)
class SimulatedCase:
    network: Network
    events: pd.DataFrame
    envelopes: Envelopes
    s_times_s: np.ndarray
    distances_km: np.ndarray
    used: np.ndarray
    latitudes: np.ndarray
    longitudes: np.ndarray
    likelihood: np.ndarray


def simulate_case(network: Network, events: pd.DataFrame, seed: int) -> SimulatedCase:
    """Envelopes, S times and likelihood of the first event: a Gaussian burst 25 s wide in noise."""
    rng = np.random.default_rng(seed)
    event = events.iloc[0]
    distance = distances_km(event.latitude, event.longitude, network.latitudes, network.longitudes)
    s_times = np.hypot(distance, event.depth_km) / S_SPEED_KM_S
    start = event.time.to_datetime64() - timedelta(100)
    clock = np.arange(300) - 100.0
    bursts = sum(
        a * np.exp(-0.5 * ((clock - s_times[:, None] - t) / w) ** 2)
        for a, t, w in ((1, 0, 10), (0.6, 35, 7), (0.5, -40, 8))
    )
    noise = np.abs(rng.normal(0, 0.05 + 0.25 * (distance > 90)[:, None], bursts.shape)).cumsum(axis=1)
    noise = (noise[:, 4:] - noise[:, :-4]) / 4
    values = (bursts[:, 2:-2] + noise) * 1e-7
    values[1, 80:120] = np.nan
    values[2] = np.nan
    envelopes = Envelopes(network, ("H",), values[:, None], start + timedelta(2), 1.0, (2.0, 8.0), "m/s")
    latitudes = event.latitude + np.arange(-30, 31) * 0.02
    longitudes = event.longitude + np.arange(-30, 31) * 0.03
    x, y = np.meshgrid((longitudes - event.longitude) * 75, (latitudes - event.latitude) * 111)
    azimuth = np.radians(event.azimuth_deg)
    along, across = x * np.sin(azimuth) + y * np.cos(azimuth), x * np.cos(azimuth) - y * np.sin(azimuth)
    # half axes of the 68 % ellipse are 1.51 standard deviations
    likelihood = np.exp(
        -0.5 * 1.51**2 * ((along / event.semi_major_km) ** 2 + (across / event.semi_minor_km) ** 2)
    )
    used = (distance < 90) & np.isfinite(values).any(axis=1)
    return SimulatedCase(
        network, events, envelopes, s_times, distance, used, latitudes, longitudes, likelihood
    )


def simulate_events(start: str, count: int, region: tuple[float, float, float, float], seed: int):
    """Events that creep north-west through a region (south, north, west, east), with errors of 3-12 km."""
    rng = np.random.default_rng(seed)
    south, north, west, east = region
    rows = []
    for i in range(count):
        time = utc(start) + timedelta(150.0 * i + rng.uniform(0, 100))
        share = i / max(count - 1, 1)
        major = rng.uniform(3, 12)
        rows.append(
            {
                "event_id": f"simulated-{i:04d}",
                "time": time,
                "start_time": time - timedelta(20),
                "end_time": time + timedelta(25),
                "latitude": south + (north - south) * share + rng.normal(0, 0.04),
                "longitude": east + (west - east) * share + rng.normal(0, 0.05),
                "depth_km": rng.uniform(28, 45),
                "semi_major_km": major,
                "semi_minor_km": major * rng.uniform(0.4, 0.9),
                "azimuth_deg": rng.uniform(0, 180),
                "depth_error_km": rng.uniform(3, 9),
                "duration_s": 45.0,
                "n_stations": int(rng.integers(6, 17)),
                "n_pairs": int(rng.integers(16, 90)),
                "correlation": rng.uniform(0.62, 0.85),
                "quality": "A" if major < 5 else "B" if major < 10 else "C",
                "flags": "azimuthal_gap" if i % 7 == 0 else "",
                "method": "envelope_correlation",
                "version": "0.0.0",
                "settings_hash": "0123456789ab",
            }
        )
    return event_table(rows)


@pytest.fixture(scope="session")
def cascadia() -> SimulatedCase:
    rng = np.random.default_rng(11)
    stations = tuple(
        Station("XX", f"S{i:02d}", rng.uniform(47.2, 48.5), rng.uniform(-124.3, -122.2), 300.0)
        for i in range(17)
    )
    events = simulate_events("2020-05-24T02:05:00Z", 24, (47.75, 48.1, -123.4, -122.9), 5)
    return simulate_case(Network(stations), events, 3)


@pytest.fixture(scope="session")
def japan_trench(shared_data) -> SimulatedCase:
    table = pd.read_csv(shared_data / "stations" / "seafloor_stations_nied.csv")
    table = table[table.network == "S-net"]
    stations = tuple(
        Station(row.network, row.station, row.latitude, row.longitude, -float(row.water_depth_m))
        for row in table.itertuples()
    )
    events = simulate_events("2018-09-02T10:00:00Z", 40, (39.2, 40.6, 143.0, 143.6), 8)
    return simulate_case(Network(stations), events, 4)
