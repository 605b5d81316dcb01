"""Windows of tremor in noise on a lattice of stations, for the tests of the location by group."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from location_scenes import lattice_network, source_at, travel_times_of

from tremorflow.geodesy import distances_km
from tremorflow.locate import (
    LocationSettings,
    SearchGrid,
    WindowResult,
    locate_group,
    search_grid,
    station_pairs,
)
from tremorflow.records import Envelopes, Network, timedelta
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)

DEPTH_KM = 16.0
SETTINGS = LocationSettings(depth="fixed", fixed_depth_km=DEPTH_KM)
LATTICE = lattice_network(9, 5, 30.0)  # 240 km by 120 km
SIMULATED = EnvelopeSimulationSettings()

Source = tuple[float, float, float]


@lru_cache(maxsize=8)
def grid_of(network: Network) -> SearchGrid:
    return search_grid(network, travel_times_of(network), SETTINGS)


def at(east_km: float, north_km: float) -> Source:
    return source_at(east_km, north_km, DEPTH_KM)


def amplitudes_of(network: Network, source: Source, snr_30_km: float) -> np.ndarray:
    """(station,) amplitude over that of noise, that of a station at 30 km given."""
    away = distances_km(source[0], source[1], network.latitudes, network.longitudes)
    shape = expected_amplitudes(np.hypot(away, source[2]), SIMULATED)
    return np.asarray(snr_30_km * shape / expected_amplitudes(np.array([30.0]), SIMULATED))


def tremor_window(
    network: Network, sources: Sequence[Source], seed: int, amplitudes: Sequence[np.ndarray] | None = None
) -> Envelopes:
    """300 s with a burst of 100 s of each source about the middle, in m/s of noise 1."""
    rng = np.random.default_rng(seed)
    bursts = [
        TremorBurst(
            draw_burst_power(420.0, 150.0 + rng.uniform(-15, 15), 100.0, rng),
            travel_times_of(network).times(*source),
            amplitudes_of(network, source, 10.0) if amplitudes is None else amplitudes[k],
        )
        for k, source in enumerate(sources)
    ]
    whole = simulate_envelopes(network, bursts, 420.0, SIMULATED, rng)
    return replace(whole, unit="m/s").window(whole.start_time + timedelta(60.0), 300.0)


def locate_all(window: Envelopes, stations: np.ndarray | None = None) -> WindowResult:
    """Sources that these stations, or all, hear."""
    grid = grid_of(window.network)
    asked = np.arange(len(window.network)) if stations is None else stations
    return locate_group(window, asked, grid, station_pairs(grid, SETTINGS), SETTINGS)
