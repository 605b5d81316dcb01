"""Do the 68 % regions of the locations contain the truth 68 % of the time? On simulated envelopes.

    python benchmarks/science/location_coverage.py [--events N] [--seed N] [--depth free|fixed|both]
        [--output FILE]

Every trial draws a network (8 to 30 stations in 120 x 120 km), a burst of tremor (inside it or up to 20 km
outside, amplitude such that it rises above 1.5 times the noise rms at 5 to 25 stations), site delays of 0.5 s
rms and a scale of the velocity within +-5 %; the envelopes are those of ``tremorflow.simulate``. The location
does not know the draws, but its priors are their laws: a free depth is searched between 10 and 50 km, and the
true one is uniform there; an assumed depth (fixed) is wrong by 5 km rms. Everything here is simulated. Prints
the tables and one JSON line.
"""

import argparse
import json

import numpy as np
import pandas as pd

from tremorflow.geodesy import LocalFrame, distances_km, east_north_km
from tremorflow.locate import LocationSettings, locate_window, search_grid, station_pairs
from tremorflow.locate.windows import ELLIPSE_68, error_ellipse
from tremorflow.records import Network, Station
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)
from tremorflow.traveltime import read_velocity_model, station_travel_times

SPAN_S = 420.0  # S waves of a burst that starts at 60 s and lasts 150 s have all arrived
WINDOW_START_S = 60.0


def draw_network(rng: np.random.Generator) -> Network:
    """8 to 30 stations, at least 8 km apart, in a square of 120 km."""
    frame = LocalFrame(38.0, 142.0)
    places: list[tuple[float, float]] = []
    count = int(rng.integers(8, 31))
    while len(places) < count:
        x, y = rng.uniform(-60, 60, 2)
        if all(np.hypot(x - a, y - b) >= 8 for a, b in places):
            places.append((x, y))
    stations = []
    for k, (x, y) in enumerate(places):
        latitude, longitude = frame.to_degrees(x, y)
        stations.append(Station("SY", f"{k:02d}", float(latitude), float(longitude), 0.0))
    return Network(tuple(stations))


def draw_amplitudes(hypocentral_km: np.ndarray, settings: EnvelopeSimulationSettings, rng) -> np.ndarray:
    """Amplitudes over noise, scattered by site, scaled so that 5 to 25 stations have SNR >= 1.5."""
    decay = expected_amplitudes(hypocentral_km, settings) * 10 ** rng.normal(0, 0.2, len(hypocentral_km))
    seen = int(rng.integers(5, min(25, len(decay)) + 1))
    weakest = np.sort(decay)[::-1][seen - 1]
    return decay * 1.5 / weakest


def run_trial(seed: list[int], settings: LocationSettings, model) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    network = draw_network(rng)
    travel_times = station_travel_times(model, network, np.arange(0, 81, 2.0), 400.0)
    x, y = rng.uniform(-80, 80, 2)
    latitude, longitude = (float(v) for v in LocalFrame(38.0, 142.0).to_degrees(x, y))
    depth = (
        float(rng.uniform(settings.min_depth_km, settings.max_depth_km))
        if settings.depth == "free"
        else float(np.clip(rng.normal(settings.fixed_depth_km, settings.depth_sigma_km), 1, 79))
    )
    times = travel_times.times(latitude, longitude, depth)
    epicentral = distances_km(latitude, longitude, network.latitudes, network.longitudes)
    simulation = EnvelopeSimulationSettings()
    amplitudes = draw_amplitudes(np.hypot(epicentral, depth), simulation, rng)
    true_times = times * (1 + rng.uniform(-0.05, 0.05)) + rng.normal(0, 0.5, len(times))
    duration = float(rng.uniform(20, 150))
    power = draw_burst_power(SPAN_S, 90.0, duration, rng)
    burst = TremorBurst(power, true_times, amplitudes)
    envelopes = simulate_envelopes(network, [burst], SPAN_S, simulation, rng)
    window = envelopes.window(
        envelopes.start_time + np.timedelta64(int(WINDOW_START_S), "s"), settings.window_s
    )
    grid = search_grid(network, travel_times, settings)
    result = locate_window(window, grid, station_pairs(grid, settings), settings)
    if not result.hypocentres:
        return {"located": 0, "n_network": len(network)}
    best = result.hypocentres[0]
    place, covariance = best.fit.place, best.fit.covariance_km2
    east, north = east_north_km(latitude, longitude, place.latitude, place.longitude)
    offset = np.array([float(east), float(north)])
    distance_sigma = float(np.sqrt(offset @ np.linalg.solve(covariance[:2, :2], offset)))
    major, minor, azimuth = error_ellipse(covariance)
    along = np.array([np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))])
    across = np.array([along[1], -along[0]])
    return {
        "located": 1,
        "n_network": len(network),
        "n_stations": len(best.fit.stations),
        "gap_deg": best.azimuthal_gap_deg,
        "error_km": float(np.hypot(*offset)),
        "distance_sigma": distance_sigma,
        "area_km2": np.pi * major * minor,
        "major_km": major,
        "major_in_sigma": float(offset @ along) * ELLIPSE_68 / major,
        "minor_in_sigma": float(offset @ across) * ELLIPSE_68 / minor,
        "depth_in_sigma": (place.depth_km - depth) / np.sqrt(covariance[2, 2]),
        "depth_error_km": place.depth_km - depth,
        "misfit": best.fit.misfit,
        "edge": float("grid_edge" in best.flags),
        "extra": len(result.hypocentres) - 1,
    }


def coverage(table: pd.DataFrame) -> dict[str, float]:
    """Share of the truths inside the 68 % regions, and its standard error."""
    inside = (table["distance_sigma"] <= ELLIPSE_68).mean()
    return {
        "coverage": round(float(inside), 3),
        "standard_error": round(float(np.sqrt(inside * (1 - inside) / len(table))), 3),
        "events": len(table),
        "median_error_km": round(float(table["error_km"].median()), 2),
        "p90_error_km": round(float(table["error_km"].quantile(0.9)), 2),
        "median_area_km2": round(float(table["area_km2"].median()), 1),
    }


def summarise(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Coverage over all located events and in each tercile of station count and azimuthal gap."""
    located = table[table["located"] == 1]
    parts = {"all": located}
    for name in ("n_stations", "gap_deg"):
        order = located[name].rank(method="first")
        for k, label in enumerate(("low", "middle", "high")):
            parts[f"{name} {label}"] = located[
                (order > k * len(located) / 3) & (order <= (k + 1) * len(located) / 3)
            ]
    return {name: coverage(part) for name, part in parts.items()}


def measure(depth: str, events: int, seed: int) -> dict[str, object]:
    """Coverage with free or with assumed depth."""
    settings = LocationSettings(depth=depth, fixed_depth_km=30.0, min_depth_km=10.0, max_depth_km=50.0)
    model = read_velocity_model("jma2001")
    table = pd.DataFrame([run_trial([seed, k], settings, model) for k in range(events)])
    located = table[table["located"] == 1]
    parts = summarise(table)
    print(f"depth {depth}")
    print(pd.DataFrame(parts).T.to_string())
    result: dict[str, object] = {"trials": len(table), "located": len(located)}
    if depth == "free":
        result["depth_inside_1_sigma"] = round(float((located["depth_in_sigma"].abs() <= 1).mean()), 3)
    return result | {"parts": parts}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--depth", choices=["free", "fixed", "both"], default="both")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    depths = ["free", "fixed"] if arguments.depth == "both" else [arguments.depth]
    measured = {f"depth {depth}": measure(depth, arguments.events, arguments.seed) for depth in depths}
    result = {"benchmark": "location_coverage", "data": "simulated", "seed": arguments.seed, **measured}
    print(json.dumps(result))
    if arguments.output:
        with open(arguments.output, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
