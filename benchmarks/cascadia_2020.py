"""The two hours of real tremor that come with tremorflow, and enveloc 1.2.0 at work on them.

Data: observed (2020-05-24 02:00-04:00 UTC, 17 stations, CC0). Both locators get the nodes and depths of the
travel-time file that enveloc brings for these data. enveloc (extra ``bench``) is imported on first use only.
"""

import csv
import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import tremorflow
from tremorflow.locate import LocationSettings, SearchGrid, make_grid
from tremorflow.records import Envelopes, Network, Station, utc
from tremorflow.traveltime import read_velocity_model, station_travel_times

FOLDER = Path(tremorflow.__file__).parent / "resources" / "cascadia_2020"
REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "locate" / "enveloc_cascadia_2020.csv"
BANDS = {"low": "cascadia_long", "high": "cascadia_long_hp"}
START = utc("2020-05-24T02:00:00Z")

# nodes of enveloc's cascadia_long_tt.npz
LATITUDES = 46.5 + 0.075 * np.arange(34)
LONGITUDES = -125.0 + 0.075 * np.arange(54)
DEPTHS_KM = np.arange(20.0, 61.0, 8.0)

WINDOW_S, STEP_S = 300.0, 150.0
# DEFINITIONS: reference run of enveloc 1.2.0
ENVELOC_SETTINGS = {"Cmin": 0.7, "sta_min": 5, "bootstrap": 10, "bootstrap_prct": 0.06}
SETTINGS = LocationSettings(
    window_s=WINDOW_S, step_s=STEP_S, min_depth_km=float(DEPTHS_KM[0]), max_depth_km=float(DEPTHS_KM[-1])
)


@dataclass(frozen=True)
class ReferencePlace:
    """Where enveloc puts one window: number of the window from the start, and the place."""

    window: int
    latitude: float
    longitude: float
    depth_km: float


def read_envelopes(band: str) -> Envelopes:
    """Envelopes of the bundled copy, 1 Hz."""
    with open(FOLDER / "stations.csv", encoding="utf-8") as file:
        stations = tuple(
            Station(
                row["network"],
                row["station"],
                float(row["latitude"]),
                float(row["longitude"]),
                float(row["elevation_m"]),
            )
            for row in csv.DictReader(file)
        )
    with np.load(FOLDER / "envelopes.npz") as arrays:
        values = arrays[f"{band}_counts"] * arrays[f"{band}_scales"][:, None]
    return Envelopes(Network(stations), ("H",), values[:, None, :], START, 1.0, (np.nan, np.nan), "-")


def reference_grid(network: Network, settings: LocationSettings = SETTINGS) -> SearchGrid:
    """enveloc's nodes and depths, with travel times of the model of the regional network (PNSN P3)."""
    model = read_velocity_model("cascadia")
    travel_times = station_travel_times(model, network, np.arange(0.0, 81.0, 1.0), 500.0)
    return make_grid(network, travel_times, settings, LATITUDES, LONGITUDES, DEPTHS_KM)


def chance_shifts(seed: int) -> np.ndarray:
    """Shifts (17,) in s, 400 to 6800, that tear apart what the stations have in common."""
    return np.random.default_rng(seed).uniform(400, 6800, 17).round()


def shifted(envelopes: Envelopes, shifts_s: np.ndarray) -> Envelopes:
    """Envelopes with each station's two hours turned round."""
    rows = zip(envelopes.values, shifts_s, strict=True)
    rate = envelopes.sampling_rate_hz
    return replace(envelopes, values=np.stack([np.roll(row, round(s * rate), axis=-1) for row, s in rows]))


def has_enveloc() -> bool:
    """Whether enveloc is installed."""
    return importlib.util.find_spec("enveloc") is not None


def enveloc_locator(
    band: str, sampling_rate_hz: float | None = None, shifts_s: np.ndarray | None = None
) -> Any:
    """Locator of enveloc, ready to run: envelopes, stations and travel times loaded.

    ``sampling_rate_hz`` of 1 thins enveloc's own 5-Hz envelopes out, which hold nothing above 0.4 Hz.
    ``shifts_s`` (station,) turns each station's two hours round by so many seconds: see ``chance_shifts``.
    """
    from enveloc import XCOR
    from enveloc.example_utils import example_data_dir, example_tt_file
    from obspy import read, read_inventory

    stream = read(str(example_data_dir() / f"{BANDS[band]}_envelope.mseed"))
    inventory = read_inventory(str(example_data_dir() / "cascadia_long_stations.xml"))
    for k, trace in enumerate(stream):
        if shifts_s is not None:
            trace.data = np.roll(trace.data, round(shifts_s[k] * trace.stats.sampling_rate))
        trace.stats.coordinates = inventory.get_coordinates(trace.id, trace.stats.starttime)
        if sampling_rate_hz is not None:
            trace.decimate(round(trace.stats.sampling_rate / sampling_rate_hz), no_filter=True)
    tt_file = example_tt_file("cascadia_long")
    return XCOR(stream, tt_file=tt_file, interact=False, output=0, num_processors=1, **ENVELOC_SETTINGS)


def run_enveloc(locator: Any, seed: int = 0) -> list[ReferencePlace]:
    """Places of the windows that enveloc locates; its bootstrap draws from numpy's global state."""
    np.random.seed(seed)  # noqa: NPY002 - enveloc draws from the legacy state
    catalogue = locator.locate(window_length=WINDOW_S, step=STEP_S)
    places = []
    for event in catalogue.events:
        place = [np.nan if v is None else float(v) for v in (event.latitude, event.longitude, event.depth)]
        if np.isfinite(place).all():
            since_s = (np.datetime64(event.starttime.datetime) - START) / np.timedelta64(1, "s")
            places.append(ReferencePlace(round(since_s / STEP_S), *place))
    return places


def read_reference(band: str) -> list[ReferencePlace]:
    """Places of enveloc as ``benchmarks/science/enveloc_cascadia.py --write-reference`` stored them."""
    with open(REFERENCE, encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            ReferencePlace(
                int(row["window"]), float(row["latitude"]), float(row["longitude"]), float(row["depth_km"])
            )
            for row in rows
            if row["band"] == band
        ]
