"""Real low-frequency earthquakes located from their envelopes, against their published places.

    python benchmarks/science/lfe_templates.py [--separate-horizontals] [--reach KM] [--output FILE]

Data: observed. 40 templates (stacks of LFEs, 60 s, 20 Hz) in southern Cascadia on up to 18 stations each,
in ../shared/data/lfe (or TREMORFLOW_DATA; Ducellier & Creager 2022, Plourde et al. 2015). Their places are
those of others, from picks of P and S, with stated errors of 0.8 to 3.4 km, rounded to 0.01 deg.

Every template is located from coarse to fine: smooth envelopes have one maximum and find the neighbourhood,
sharp ones the place in it. Once the depth is fixed at the published one, once it is free. A template that is
not located counts as a failure: its distance is infinite. Settings that differ from the defaults stand below,
once, with their reasons. They were looked for with all results in sight, so the two halves of the families
(sorted by name, every second one) show how much is chance; neither of them chose by itself.
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.geodesy import distances_km
from tremorflow.locate import (
    LocationSettings,
    SearchGrid,
    locate_window,
    make_grid,
    search_grid,
    station_pairs,
)
from tremorflow.locate.hypocentre import Place
from tremorflow.preprocess import PreprocessSettings, compute_envelopes
from tremorflow.records import Envelopes, Network, Station, Waveforms, timedelta, utc
from tremorflow.traveltime import VelocityModel, read_velocity_model, station_travel_times

RATE_HZ = 20.0
WINDOW_S = 60.0  # the length of the templates
MARGIN_S = 8.0  # mirrored ends, as filters need them: some S waves come within the first seconds
START = utc("2008-01-01T00:00:00Z")  # any: templates have no date

# An LFE lasts a second where tremor lasts minutes: 0.2 Hz would smear it over 5 s. Coarse: as smooth as a
# moveout of 20 s allows. Fine: 1 Hz, the S pulse and its first coda; sharper ones are wiggles of noise.
COARSE = PreprocessSettings(working_rate_hz=RATE_HZ, envelope_corner_hz=0.35, envelope_rate_hz=2.0)
FINE = PreprocessSettings(working_rate_hz=RATE_HZ, envelope_corner_hz=1.0, envelope_rate_hz=5.0)
# Noise of 60 s correlates by chance over long lags. A single LFE (Mw 1.6, 35 km deep) drowns in it beyond
# some 80 km even in a stack, and stations 100 km apart (Mizuno & Ide 2019) have nothing left to compare.
COARSE_LOCATION = LocationSettings(
    depth="fixed",
    window_s=WINDOW_S,
    step_s=WINDOW_S,
    max_station_distance_km=80.0,
    max_pair_distance_km=100.0,
)
# Sharp envelopes differ more from station to station, so less is asked of them; the coarse ones have shown
# that there is a source. Stations on the rock of the Klamath Mountains differ less than those on sediment.
FINE_LOCATION = replace(
    COARSE_LOCATION,
    grid_spacing_deg=0.05,
    pair_correlation=0.35,
    template_correlation=0.25,
    site_sigma_s=0.35,
)
FINE_HALF_WIDTH_DEG = 0.15  # 17 km: what coarse locations are wrong by, but for failures
MODEL = "cascadia_south"
SEED = 1
BAR_MEDIAN_KM, BAR_WITHIN_10_KM = 3.0, 34

Traces = dict[str, dict[str, np.ndarray]]  # station, channel


@dataclass(frozen=True)
class Template:
    """What is given of a template: "fixed" or "free" depth, and the published one."""

    depth: str
    depth_km: float


def shared_folder() -> Path:
    repository = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("TREMORFLOW_DATA", repository.parent / "shared" / "data")) / "lfe"
    if not folder.is_dir():
        sys.exit(f"no LFE templates at {folder}: set TREMORFLOW_DATA to the folder that holds lfe/")
    return folder


def read_templates(folder: Path) -> dict[str, Traces]:
    """Usable traces by template: finite and not all zero."""
    templates: dict[str, Traces] = defaultdict(lambda: defaultdict(dict))
    for name in ("templates_fame.npz", "templates_permanent.npz"):
        with np.load(folder / name) as arrays:
            for key in arrays.files:
                template, station, channel = key.split("|")
                trace = np.asarray(arrays[key], dtype=np.float64)
                if np.isfinite(trace).all() and trace.any():
                    templates[template][station][channel] = trace
    return templates


def template_waveforms(traces: Traces, places: pd.DataFrame) -> Waveforms:
    """One template on the stations whose place is known."""
    known = [code for code in sorted(traces) if code in places.index]
    components = ("E", "N", "1", "2", "Z")
    margin = round(MARGIN_S * RATE_HZ)
    samples = np.full((len(known), len(components), round(WINDOW_S * RATE_HZ) + 1 + 2 * margin), np.nan)
    for row, code in enumerate(known):
        for channel, trace in traces[code].items():
            padded = np.pad(trace, margin, "reflect", reflect_type="odd")
            samples[row, components.index(channel[-1])] = padded
    stations = tuple(
        Station(str(place.network), code, float(place.latitude), float(place.longitude), 0.0)
        for code, place in zip(known, places.loc[known].itertuples(), strict=True)
    )
    return Waveforms(Network(stations), components, samples, START - timedelta(MARGIN_S), RATE_HZ, "count")


def template_envelopes(waveforms: Waveforms, settings: PreprocessSettings, joined: bool) -> Envelopes:
    """Envelopes by tremorflow's own preprocessing, the horizontals of a station joined or not."""
    envelopes = compute_envelopes(waveforms, settings)
    if not joined:
        return envelopes
    # polarised S waves leave one horizontal or the other in the noise: their power together does not depend
    # on how the sensor is turned. Amplitudes of the stacks mean nothing, so both count alike
    present = np.isfinite(envelopes.values)
    energy = np.where(present, envelopes.values, 0.0) ** 2
    mean = energy.sum(axis=-1, keepdims=True) / np.maximum(present.sum(axis=-1, keepdims=True), 1)
    alike = replace(envelopes, values=envelopes.values / np.sqrt(np.where(mean > 0, mean, 1.0)))
    return replace(envelopes, components=("H",), values=alike.by_station()[:, None])


def strongest(envelopes: Envelopes, grid: SearchGrid, settings: LocationSettings) -> Place | None:
    """Place of the strongest source in the whole template."""
    window = envelopes.window(START, WINDOW_S)
    result = locate_window(window, grid, station_pairs(grid, settings), settings)
    return result.hypocentres[0].fit.place if result.hypocentres else None


def neighbourhood(centre: float, spacing: float) -> np.ndarray:
    """Axis of nodes around a coordinate."""
    first, last = (round((centre + sign * FINE_HALF_WIDTH_DEG) / spacing) for sign in (-1, 1))
    return np.arange(first, last + 1) * spacing


def locate_template(
    waveforms: Waveforms, model: VelocityModel, template: Template, reach_km: float, joined: bool
) -> Place | None:
    """Place from the fine envelopes near that from the coarse ones; the latter if the fine ones have none."""
    own = {
        "depth": template.depth,
        "fixed_depth_km": template.depth_km,
        "max_station_distance_km": reach_km,
    }
    coarse, fine = replace(COARSE_LOCATION, **own), replace(FINE_LOCATION, **own)
    if len(waveforms.network) < coarse.min_stations:
        return None
    travel_times = station_travel_times(model, waveforms.network, np.arange(0, 81, 2.0), 500.0)
    grid = search_grid(waveforms.network, travel_times, coarse)
    first = strongest(template_envelopes(waveforms, COARSE, joined), grid, coarse)
    if first is None:
        return None
    latitudes = neighbourhood(first.latitude, fine.grid_spacing_deg)
    longitudes = neighbourhood(first.longitude, fine.grid_spacing_deg)
    depths = (
        np.arange(fine.min_depth_km, fine.max_depth_km + 0.1, fine.depth_spacing_km)
        if template.depth == "free"
        else np.full((len(latitudes), len(longitudes)), template.depth_km)
    )
    grid = make_grid(waveforms.network, travel_times, fine, latitudes, longitudes, depths)
    return strongest(template_envelopes(waveforms, FINE, joined), grid, fine) or first


def compare(
    families: pd.DataFrame, templates: dict[str, Waveforms], depth: str, reach_km: float, joined: bool
) -> pd.DataFrame:
    """Distance and depth difference of every template."""
    model = read_velocity_model(MODEL)
    rows = []
    for row in families.itertuples():
        template = Template(depth, float(row.depth_km))
        place = locate_template(templates[row.template], model, template, reach_km, joined)
        distance = np.inf
        if place is not None:
            distance = float(distances_km(place.latitude, place.longitude, row.latitude, row.longitude))
        rows.append(
            {
                "template": row.template,
                "family": row.family,
                "stations": len(templates[row.template].network),
                "distance_km": distance,
                "depth_difference_km": place.depth_km - row.depth_km if place else np.nan,
            }
        )
    return pd.DataFrame(rows)


def bootstrap_median(distances: np.ndarray) -> list[float]:
    """68 % range of the median when templates are drawn anew: what chance makes of forty."""
    draws = np.random.default_rng(SEED).integers(0, len(distances), (2000, len(distances)))
    return [round(float(v), 2) for v in np.percentile(np.median(distances[draws], axis=1), [16, 84])]


def summarise(table: pd.DataFrame) -> dict[str, float | list[float]]:
    distances = table["distance_km"].to_numpy()
    middle = float(np.median(distances))
    return {
        "templates": len(table),
        "located": int(np.isfinite(distances).sum()),
        "median_km_68": bootstrap_median(distances),
        "median_km": round(middle, 2) if np.isfinite(middle) else np.inf,
        "within_10_km": int((distances <= 10).sum()),
        "within_3_km": int((distances <= 3).sum()),
        "median_depth_difference_km": round(float(table["depth_difference_km"].median()), 1),
        "median_abs_depth_difference_km": round(float(table["depth_difference_km"].abs().median()), 1),
    }


def parts(table: pd.DataFrame) -> dict[str, dict[str, float | list[float]]]:
    """All families, and every second one by name."""
    names = sorted(table["family"].unique())
    first = table["family"].isin(names[::2])
    return {
        "all": summarise(table),
        "first half": summarise(table[first]),
        "second half": summarise(table[~first]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--separate-horizontals", action="store_true", help="as series of their own")
    parser.add_argument("--reach", type=float, default=COARSE_LOCATION.max_station_distance_km)
    parser.add_argument("--output")
    arguments = parser.parse_args()
    folder = shared_folder()
    families = pd.read_csv(folder / "families.csv", dtype={"template": str, "family": str})
    places = pd.read_csv(folder / "stations.csv").drop_duplicates("station").set_index("station")
    traces = read_templates(folder)
    joined = not arguments.separate_horizontals
    templates = {name: template_waveforms(traces[name], places) for name in families["template"]}
    fixed, free = (
        compare(families, templates, depth, arguments.reach, joined) for depth in ("fixed", "free")
    )
    table = fixed.drop(columns="depth_difference_km")
    table["distance_free_km"], table["depth_free_km"] = free["distance_km"], free["depth_difference_km"]
    print(table.round(1).to_string())
    summary = {"depth fixed": parts(fixed), "depth free": parts(free)}
    for title, rows in summary.items():
        print(title)
        print(pd.DataFrame(rows).T.to_string())
    everything = summary["depth fixed"]["all"]
    reached = everything["median_km"] <= BAR_MEDIAN_KM and everything["within_10_km"] >= BAR_WITHIN_10_KM
    result = {
        "benchmark": "lfe_templates",
        "data": "observed, southern Cascadia 2008",
        "model": MODEL,
        "horizontals": "joined" if joined else "separate",
        "reach_km": arguments.reach,
        "results": summary,
        "bar_reached": bool(reached),
    }
    print(json.dumps(result))
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
