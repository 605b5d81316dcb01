"""Our locations of two hours of real tremor against those of enveloc 1.2.0, on the same nodes and depths.

    python benchmarks/science/enveloc_cascadia.py [--output FILE] [--write-reference]

Data: observed, Cascadia, 2020-05-24 02:00-04:00 UTC, 17 stations, 47 windows of 300 s every 150 s, two bands.
enveloc is run here if it is installed (``pip install enveloc==1.2.0``); else its places are those stored in
tests/locate/enveloc_cascadia_2020.csv, which ``--write-reference`` renews. Neither method knows the truth:
the distance is agreement, and the scatter of successive windows, which overlap by half, is what both can be
blamed for. enveloc's places are nodes of a grid; ours are also given rounded to those nodes.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cascadia_2020 import (
    BANDS,
    DEPTHS_KM,
    LATITUDES,
    LONGITUDES,
    REFERENCE,
    SETTINGS,
    ReferencePlace,
    chance_shifts,
    enveloc_locator,
    has_enveloc,
    read_envelopes,
    read_reference,
    reference_grid,
    run_enveloc,
    shifted,
)
from tremorflow.geodesy import distances_km
from tremorflow.locate import SearchGrid, locate_windows
from tremorflow.records import Envelopes

Places = dict[int, tuple[float, float]]
CHANCE_SEEDS = range(8)
ENVELOC_CHANCE_SEEDS = 3


def our_places(envelopes: Envelopes, grid: SearchGrid) -> tuple[Places, int]:
    """Strongest source of every located window, by number of window, and the number of windows."""
    results = list(locate_windows(envelopes, grid, SETTINGS))
    places = {}
    for k, result in enumerate(results):
        if result.hypocentres:
            place = result.hypocentres[0].fit.place
            places[k] = (place.latitude, place.longitude)
    return places, len(results)


def on_nodes(places: Places) -> Places:
    """Places moved to the nearest of enveloc's nodes."""
    return {
        k: (
            float(LATITUDES[np.abs(LATITUDES - latitude).argmin()]),
            float(LONGITUDES[np.abs(LONGITUDES - longitude).argmin()]),
        )
        for k, (latitude, longitude) in places.items()
    }


def scatter_km(places: Places, windows: list[int]) -> dict[str, float]:
    """Distances between the places of windows k and k + 1."""
    steps = np.array([float(distances_km(*places[k], *places[k + 1])) for k in windows])
    if not len(steps):
        return {"median": np.nan, "mean": np.nan, "rms": np.nan}
    return {
        "median": round(float(np.median(steps)), 2),
        "mean": round(float(steps.mean()), 2),
        "rms": round(float(np.sqrt((steps**2).mean())), 2),
    }


def compare(ours: Places, theirs: Places) -> dict[str, object]:
    """Agreement and scatter of two sets of places, the scatter over the same pairs of windows."""
    common = sorted(set(ours) & set(theirs))
    distances = np.array([float(distances_km(*ours[k], *theirs[k])) for k in common])
    successive = [k for k in common if k + 1 in ours and k + 1 in theirs]
    own = [k for k in ours if k + 1 in ours]
    return {
        "located": len(ours),
        "located_enveloc": len(theirs),
        "common": len(common),
        "median_distance_km": round(float(np.median(distances)), 2),
        "largest_distance_km": round(float(distances.max()), 2),
        "successive_pairs": len(successive),
        "scatter_km": scatter_km(ours, successive),
        "scatter_on_nodes_km": scatter_km(on_nodes(ours), successive),
        "scatter_enveloc_km": scatter_km(theirs, successive),
        "successive_pairs_ours": len(own),
        "scatter_all_ours_km": scatter_km(ours, own),
    }


def chance_per_run(band: str, grid: SearchGrid, with_enveloc: bool) -> dict[str, object]:
    """Located windows of 47 when the stations are shifted in time against each other: mean over seeds.

    A lower bound of the rate of false events (DEFINITIONS). enveloc gets the first of our seeds: it is slow.
    """
    envelopes = read_envelopes(band)
    counts = [len(our_places(shifted(envelopes, chance_shifts(seed)), grid)[0]) for seed in CHANCE_SEEDS]
    result: dict[str, object] = {"chance_located": round(float(np.mean(counts)), 2)}
    if with_enveloc:
        theirs = [
            len(run_enveloc(enveloc_locator(band, shifts_s=chance_shifts(seed)), seed))
            for seed in CHANCE_SEEDS[:ENVELOC_CHANCE_SEEDS]
        ]
        result["chance_located_enveloc"] = round(float(np.mean(theirs)), 2)
    return result


def write_reference(places: dict[str, list[ReferencePlace]]) -> None:
    """Table of enveloc's places, with how it was made."""
    lines = [
        "# Places of enveloc 1.2.0 (CC0) for its own examples cascadia_long (low), cascadia_long_hp (high):",
        "# window 300 s, step 150 s, Cmin 0.7, sta_min 5, bootstrap 10 at 6 %, bundled travel times, seed 0.",
        "# Made by: python benchmarks/science/enveloc_cascadia.py --write-reference",
        "band,window,latitude,longitude,depth_km",
    ]
    for band, rows in places.items():
        lines += [f"{band},{p.window},{p.latitude:.3f},{p.longitude:.3f},{p.depth_km:g}" for p in rows]
    REFERENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def print_table(bands: dict[str, dict[str, object]]) -> None:
    rows = {}
    for band, values in bands.items():
        flat = {key: value for key, value in values.items() if not isinstance(value, dict)}
        for key, value in values.items():
            if isinstance(value, dict):
                flat |= {f"{key} {name}": number for name, number in value.items()}
        rows[band] = flat
    print(pd.DataFrame(rows).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output")
    parser.add_argument("--write-reference", action="store_true")
    arguments = parser.parse_args()
    computed = has_enveloc()
    if arguments.write_reference and not computed:
        parser.error("--write-reference needs enveloc: pip install enveloc==1.2.0")
    reference = {
        band: run_enveloc(enveloc_locator(band)) if computed else read_reference(band) for band in BANDS
    }
    if arguments.write_reference:
        write_reference(reference)
    grid = reference_grid(read_envelopes("low").network)
    bands = {}
    for band in BANDS:
        ours, windows = our_places(read_envelopes(band), grid)
        theirs = {p.window: (p.latitude, p.longitude) for p in reference[band]}
        chance = chance_per_run(band, grid, computed)
        bands[band] = {"windows": windows, **compare(ours, theirs), **chance}
    print(f"enveloc 1.2.0: {'run here' if computed else 'stored places'}; nodes {len(grid.node_depths_km)}")
    print_table(bands)
    result = {
        "benchmark": "enveloc_cascadia",
        "data": "observed, Cascadia 2020-05-24 02:00-04:00 UTC",
        "enveloc": "computed" if computed else "stored",
        "depths_km": DEPTHS_KM.tolist(),
        "bands": bands,
    }
    print(json.dumps(result))
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
