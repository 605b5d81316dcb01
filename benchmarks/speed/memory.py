"""Peak memory of locating tremor on 150 stations: travel times, grid and an hour of windows.

    python benchmarks/speed/memory.py [--output FILE]

Stations: the 150 of S-net if ../shared/data (or TREMORFLOW_DATA) has their table, else 150 on a regular
lattice 30 km apart. Envelopes: simulated, two horizontal components at 1 Hz, two bursts at a time. The peak
is that of this whole process as the operating system counts it, libraries included. Bar: 1 GB.
"""

import argparse
import csv
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate import LocationSettings, locate_windows, search_grid, station_pairs
from tremorflow.records import Envelopes, Network, Station
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)
from tremorflow.traveltime import StationTravelTimes, read_velocity_model, station_travel_times

BAR_MB = 1000.0
SPAN_S, SEED = 3600.0, 11
SOURCES = ((39.5, 143.3, 20.0), (37.2, 141.9, 20.0))


def peak_mb() -> float:
    """Largest resident memory of this process so far (ru_maxrss is in KiB, on macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def sea_floor_network() -> tuple[Network, str]:
    """150 stations, and where they are from."""
    repository = Path(__file__).resolve().parents[2]
    shared = Path(os.environ.get("TREMORFLOW_DATA", repository.parent / "shared" / "data"))
    table = shared / "stations" / "seafloor_stations_nied.csv"
    if table.is_file():
        with open(table, encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["network"] == "S-net"]
        places = [
            (float(row["latitude"]), float(row["longitude"]), -float(row["water_depth_m"])) for row in rows
        ]
        source = "S-net (NIED)"
    else:
        x, y = (axis.ravel() for axis in np.meshgrid(np.arange(10) * 30.0, np.arange(15) * 30.0))
        latitudes, longitudes = LocalFrame(38.5, 143.0).to_degrees(x - x.mean(), y - y.mean())
        places = [(float(a), float(b), -2000.0) for a, b in zip(latitudes, longitudes, strict=True)]
        source = "made up: regular lattice, 30 km"
    return Network(tuple(Station("S", f"{k:03d}", *place) for k, place in enumerate(places))), source


def simulate_hour(network: Network, travel_times: StationTravelTimes) -> Envelopes:
    """Two bursts of 100 s in every 300 s, far apart."""
    rng = np.random.default_rng(SEED)
    simulation = EnvelopeSimulationSettings()
    bursts = []
    for source in SOURCES:
        epicentral = distances_km(source[0], source[1], network.latitudes, network.longitudes)
        amplitudes = expected_amplitudes(np.hypot(epicentral, source[2]), simulation)
        amplitudes *= 1.5 / np.sort(amplitudes)[::-1][20]  # about twenty stations see it
        power = sum(draw_burst_power(SPAN_S, start, 100.0, rng) for start in np.arange(60.0, SPAN_S, 300.0))
        times = np.nan_to_num(travel_times.times(*source), nan=0.0)  # out of the table nothing arrives
        bursts.append(TremorBurst(np.asarray(power), times, amplitudes))
    one = simulate_envelopes(network, bursts, SPAN_S, simulation, rng)
    two = np.repeat(one.values, 2, axis=1) * rng.uniform(0.9, 1.1, (len(network), 2, one.values.shape[2]))
    return Envelopes(network, ("E", "N"), two, one.start_time, one.sampling_rate_hz, one.band_hz, one.unit)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output")
    arguments = parser.parse_args()
    libraries_mb = peak_mb()
    settings = LocationSettings()
    network, source = sea_floor_network()
    model = read_velocity_model("jma2001")
    travel_times = station_travel_times(model, network, np.arange(0, 81, 2.0), 400.0)
    envelopes = simulate_hour(network, travel_times)
    simulated_mb = peak_mb()
    grid = search_grid(network, travel_times, settings)
    grid_mb = peak_mb()
    start = time.process_time()
    results = list(locate_windows(envelopes, grid, settings))
    spent = time.process_time() - start
    result = {
        "benchmark": "location_memory",
        "data": "simulated",
        "stations": len(network),
        "network": source,
        "pairs": len(station_pairs(grid, settings)),
        "nodes": len(grid.node_depths_km),
        "windows": len(results),
        "sources": sum(len(r.hypocentres) for r in results),
        "cpu_s_per_window": round(spent / len(results), 3),
        "peak_mb": {
            "libraries": round(libraries_mb),
            "with_envelopes": round(simulated_mb),
            "with_grid": round(grid_mb),
            "located": round(peak_mb()),
        },
        "bar_mb": BAR_MB,
    }
    for key, value in result.items():
        print(f"{key:18s} {value}")
    print(json.dumps(result))
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
