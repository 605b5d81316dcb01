"""CPU time of travel times: building the tables of 150 stations, and looking them up at 20,000 nodes.

Run with ``python benchmarks/speed/traveltime.py``; prints JSON. Imports are not counted.
"""

import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from tremorflow.records import Network, Station
from tremorflow.traveltime import read_velocity_model, station_travel_times

STATIONS, NODES, RUNS, SEED = 150, 20_000, 5, 150


def sea_floor_network() -> Network:
    """Stations spread over 5 x 4 degrees, 0.1 to 7.8 km below sea level, as S-net lies."""
    rng = np.random.default_rng(SEED)
    places = rng.uniform((36, 141, -7800), (41, 145, -100), (STATIONS, 3))
    return Network(tuple(Station("N", f"S{i}", *place) for i, place in enumerate(places.tolist())))


def cpu_s(function: Callable[[], object]) -> float:
    """Median CPU seconds of ``RUNS`` calls."""
    spent = []
    for _ in range(RUNS):
        start = time.process_time()
        function()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def main() -> None:
    """Print the times as JSON."""
    model, network, depths = read_velocity_model("jma2001"), sea_floor_network(), np.arange(101.0)
    travel = station_travel_times(model, network, depths, 400.0)
    nodes = np.random.default_rng(SEED).uniform((37, 142, 0), (40, 144, 60), (NODES, 3)).T
    one = station_travel_times(model, network.subset([0]), depths, 400.0)
    result = {
        "benchmark": "travel_times",
        "seed": SEED,
        "model": model.name,
        "stations": STATIONS,
        "nodes": NODES,
        "runs": RUNS,
        "table_one_receiver_cpu_s": cpu_s(lambda: station_travel_times(model, one.network, depths, 400.0)),
        "tables_all_stations_cpu_s": cpu_s(lambda: station_travel_times(model, network, depths, 400.0)),
        "tables_megabytes": travel.table.slowness_s_km.nbytes / 1e6,
        "lookup_cpu_s": cpu_s(lambda: travel.times(*nodes)),
        "gradient_at_one_point_cpu_s": cpu_s(lambda: travel.times_and_gradient(38.5, 143.0, 20.0)),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
