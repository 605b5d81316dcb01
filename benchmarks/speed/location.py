"""CPU time of locating two hours of real tremor, side by side with enveloc 1.2.0; growth with the network.

    python benchmarks/speed/location.py [--runs 5] [--output FILE]

Both locate the same two hours (observed, Cascadia, 17 stations, 47 windows of 300 s), errors included, on the
same nodes and depths, on one processor; set-up (reading, travel times) and imports are not counted. enveloc
reads its own 5-Hz envelopes as it is meant to; its time on the 1-Hz samples that ours works on is given too.
The growth is measured on simulated bursts that every station sees, so that every pair takes part.
Prints a table and one JSON line. Without enveloc (``pip install enveloc==1.2.0``) only ours is timed.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cascadia_2020 import (
    BANDS,
    SETTINGS,
    enveloc_locator,
    has_enveloc,
    read_envelopes,
    reference_grid,
    run_enveloc,
)
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate import (
    LocationSettings,
    SearchGrid,
    locate_window,
    locate_windows,
    search_grid,
    station_pairs,
    windows,
)
from tremorflow.records import Envelopes, Network, Station
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    expected_amplitudes,
    simulate_envelopes,
)
from tremorflow.traveltime import read_velocity_model, station_travel_times

BAR, GOAL = 20.0, 50.0
STAGES = {
    "correlation": "correlate_pairs",
    "stacking": "stack_gains",
    "refinement": "refine_source",
    "source_time": "source_time",
}
STATION_COUNTS = (10, 20, 40, 80)
SPACINGS_DEG = (0.1, 0.05, 0.025)
CENTRE = (38.0, 142.0)
SEED = 7


def cpu_s(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def time_ours(envelopes: Envelopes, grid: SearchGrid, runs: int) -> float:
    return statistics.median(
        cpu_s(lambda: list(locate_windows(envelopes, grid, SETTINGS))) for _ in range(runs)
    )


def time_enveloc(band: str, runs: int, sampling_rate_hz: float | None = None) -> float:
    """A fresh locator each time: its set-up is not counted."""
    locators = [enveloc_locator(band, sampling_rate_hz) for _ in range(runs)]
    return statistics.median(cpu_s(lambda one=one: run_enveloc(one)) for one in locators)


def stage_shares(envelopes: Envelopes, grid: SearchGrid) -> dict[str, float]:
    """CPU seconds in each stage of one run, and in all the rest."""
    spent = dict.fromkeys(STAGES, 0.0)

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[stage] += time.process_time() - start

        return call

    patches = [
        mock.patch.object(windows, name, timed(stage, getattr(windows, name)))
        for stage, name in STAGES.items()
    ]
    for patch in patches:
        patch.start()
    total = cpu_s(lambda: list(locate_windows(envelopes, grid, SETTINGS)))
    for patch in patches:
        patch.stop()
    spent["rest"] = total - sum(spent.values())
    return {stage: round(value, 4) for stage, value in spent.items()}


def draw_network(count: int) -> Network:
    """Stations in a square of 120 km."""
    x, y = np.random.default_rng(SEED).uniform(-60, 60, (2, count))
    latitudes, longitudes = LocalFrame(*CENTRE).to_degrees(x, y)
    return Network(
        tuple(Station("SY", f"{k:03d}", float(latitudes[k]), float(longitudes[k]), 0.0) for k in range(count))
    )


def time_window(count: int, spacing_deg: float, runs: int) -> dict[str, float]:
    """CPU seconds of one window that holds one burst, seen by all of ``count`` stations."""
    # every station within reach of every other and of every node: pairs x nodes is what it says
    settings = LocationSettings(
        grid_spacing_deg=spacing_deg, max_pair_distance_km=400, max_station_distance_km=400
    )
    network = draw_network(count)
    model = read_velocity_model("jma2001")
    travel_times = station_travel_times(model, network, np.arange(0, 81, 2.0), 500.0)
    rng = np.random.default_rng(SEED)
    simulation = EnvelopeSimulationSettings()
    times = travel_times.times(*CENTRE, 30.0)
    epicentral = distances_km(*CENTRE, network.latitudes, network.longitudes)
    amplitudes = expected_amplitudes(np.hypot(epicentral, 30.0), simulation)
    burst = TremorBurst(draw_burst_power(300, 60, 100, rng), times, 10 * amplitudes / amplitudes.min())
    envelopes = simulate_envelopes(network, [burst], settings.window_s, simulation, rng)
    grid = search_grid(network, travel_times, settings)
    pairs = station_pairs(grid, settings)
    located = locate_window(envelopes, grid, pairs, settings)  # also warms the caches up
    if not located.hypocentres:
        raise SystemExit(f"{count} stations: the burst was not located ({located.reason})")
    spent = [cpu_s(lambda: locate_window(envelopes, grid, pairs, settings)) for _ in range(runs)]
    return {
        "stations": count,
        "pairs": len(pairs),
        "nodes": len(grid.node_depths_km),
        "cpu_s": round(statistics.median(spent), 4),
    }


def growth(rows: list[dict[str, float]]) -> dict[str, float]:
    """Exponent p of time ~ (pairs x nodes)^p: over all sizes, and over the larger half, where it matters."""
    size = np.log([row["pairs"] * row["nodes"] for row in rows])
    spent = np.log([row["cpu_s"] for row in rows])
    large = size >= np.median(size)
    return {
        "exponent": round(float(np.polyfit(size, spent, 1)[0]), 2),
        "exponent_large": round(float(np.polyfit(size[large], spent[large], 1)[0]), 2),
    }


def compare_bands(runs: int) -> dict[str, dict[str, Any]]:
    grid = reference_grid(read_envelopes("low").network)
    bands = {}
    for band in BANDS:
        envelopes = read_envelopes(band)
        list(locate_windows(envelopes, grid, SETTINGS))  # the first call loads tables and plans transforms
        ours = time_ours(envelopes, grid, runs)
        row: dict[str, Any] = {"ours_cpu_s": round(ours, 4), "stages_cpu_s": stage_shares(envelopes, grid)}
        if has_enveloc():
            theirs, thinned = time_enveloc(band, runs), time_enveloc(band, 1, 1.0)
            row |= {
                "enveloc_cpu_s": round(theirs, 3),
                "ratio": round(theirs / ours, 1),
                "enveloc_1hz_cpu_s": round(thinned, 3),
                "ratio_1hz": round(thinned / ours, 1),
            }
        bands[band] = row
    return bands


def print_bands(bands: dict[str, dict[str, Any]]) -> None:
    for band, row in bands.items():
        print(f"{band}: ours {row['ours_cpu_s']:.3f} CPU-s; ", end="")
        if "ratio" in row:
            print(
                f"enveloc {row['enveloc_cpu_s']:.2f}, {row['ratio']} times (bar {BAR:g}, goal {GOAL:g}); ",
                end="",
            )
            print(f"on 1-Hz samples {row['enveloc_1hz_cpu_s']:.2f}, {row['ratio_1hz']} times")
        else:
            print("enveloc is not installed (pip install enveloc==1.2.0), so there is no ratio")
        total = sum(row["stages_cpu_s"].values())
        shares = [f"{stage} {100 * spent / total:.0f} %" for stage, spent in row["stages_cpu_s"].items()]
        print("  " + ", ".join(shares))


def print_growth(rows: list[dict[str, float]], exponents: dict[str, float]) -> None:
    print("stations   pairs   nodes  CPU-s of a window")
    for row in rows:
        print(f"{row['stations']:8d} {row['pairs']:7d} {row['nodes']:7d}  {row['cpu_s']:.4f}")
    exponent, large = exponents["exponent"], exponents["exponent_large"]
    print(f"time ~ (pairs x nodes)^{exponent}, larger half ^{large} (bar 1)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output")
    arguments = parser.parse_args()
    bands = compare_bands(arguments.runs)
    print_bands(bands)
    rows = [time_window(count, spacing, 3) for count in STATION_COUNTS for spacing in SPACINGS_DEG]
    exponents = growth(rows)
    print_growth(rows, exponents)
    result = {
        "benchmark": "location_speed",
        "data": "observed, Cascadia 2020-05-24 02:00-04:00 UTC; growth: simulated",
        "seed": SEED,
        "runs": arguments.runs,
        "bands": bands,
        "growth": {"rows": rows, **exponents},
    }
    print(json.dumps(result))
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
