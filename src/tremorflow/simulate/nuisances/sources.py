"""Where nuisances come from: sources scattered over the map, each with a generator of its own.

A source is drawn in its cell of the map, never from the network: leaving out a station changes nothing of
what the others record. Levels are in units of the station's own background: soft sediment amplifies
nuisance and background alike, and the SNR stays what it says whatever noise the scenario has.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.geodesy import km_per_degree
from tremorflow.records import FloatArray, Network
from tremorflow.simulate.scene import OCEAN_BOTTOM_M, Scene, Stream, Transients
from tremorflow.simulate.streams import generator

SOUND_KM_S = 1.49
"""Sound in sea water, 1.48-1.50 km/s from the axis of the sound channel to the deep sea floor."""


AUDIBLE_SNR = 0.5
"""A station is listed in the truth from this ratio to its background rms in 2-8 Hz on."""

FAINT_SNR = 0.05
"""Weaker motion is left out (``Scene``: a twentieth of the background)."""

COMPONENT_SHARES: NDArray[np.float32] = np.array([0.6, 0.6, 0.529], dtype=np.float32)
"""East, north, up amplitude of a sound in the water: horizontals as strong as the vertical, since it converts
to S in the soft sediment; the squares add up to 1."""

DAY_S = 86400.0


class NuisancePart(NamedTuple):
    """What one kind of nuisance adds: rows of truth, events, and motion without end."""

    rows: list[dict[str, Any]]
    transients: tuple[Transients, ...] = ()
    streams: tuple[Stream, ...] = ()


class Source(NamedTuple):
    """One source: its name, place (deg), time (s since the start of the scenario), and its generator."""

    key: str
    latitude: float
    longitude: float
    time_s: float
    rng: Generator


class Scatter(NamedTuple):
    """How sources lie over the map: mean number per day and km2, and how far and how long they matter."""

    per_day_km2: float
    reach_km: float
    before_s: float
    cell_deg: int


def on_ocean_bottom(network: Network) -> NDArray[np.bool_]:
    """(station,) whether the station stands on the sea floor."""
    return np.asarray(network.elevations_m <= OCEAN_BOTTOM_M)


def scatter_sources(scene: Scene, kind: str, heard: NDArray[np.bool_], scatter: Scatter) -> list[Source]:
    """Scatter sources of a Poisson process in space and time, near enough to matter to a station that hears.

    Parameters
    ----------
    scene
        Seed, stations and duration.
    kind
        Name of the kind, part of the key of every random number.
    heard : (station,)
        Stations that could hear it.
    scatter
        Density; sources begin up to ``before_s`` before the scenario.

    Notes
    -----
    Every cell of ``cell_deg`` degrees has its own number of sources, and every source its own generator.
    """
    sources: list[Source] = []
    span_s = scatter.before_s + scene.grid.duration_s
    for row, column in _cells(scene.network.subset(np.flatnonzero(heard)), scatter):
        south, west = row * scatter.cell_deg, column * scatter.cell_deg
        north_km, east_km = (float(v) for v in km_per_degree(south + scatter.cell_deg / 2))
        area_km2 = north_km * east_km * scatter.cell_deg**2
        mean = scatter.per_day_km2 * area_km2 * span_s / DAY_S
        for number in range(generator(scene.seed, "nuisance", kind, row, column).poisson(mean)):
            rng = generator(scene.seed, "nuisance", kind, row, column, number)
            latitude = south + scatter.cell_deg * rng.uniform()
            longitude = west + scatter.cell_deg * rng.uniform()
            time_s = span_s * rng.uniform() - scatter.before_s
            longitude = (longitude + 180) % 360 - 180
            sources.append(Source(f"{row}/{column}/{number}", latitude, longitude, time_s, rng))
    return sources


def _cells(network: Network, scatter: Scatter) -> list[tuple[int, int]]:
    """Rows and columns of the cells within reach of a station, in order."""
    cells: set[tuple[int, int]] = set()
    size, around = scatter.cell_deg, 360 // scatter.cell_deg
    for station in network.stations:
        margin = scatter.reach_km / 111.0
        wide = margin / max(np.cos(np.radians(abs(station.latitude) + margin)), 0.1)
        low, high = max(station.latitude - margin, -89.0), min(station.latitude + margin, 89.0)
        columns = range(
            int(np.floor((station.longitude - wide) / size)),
            int(np.floor((station.longitude + wide) / size)) + 1,
        )
        rows = range(int(np.floor(low / size)), int(np.floor(high / size)) + 1)
        cells.update((row, column % around) for row in rows for column in columns)
    return sorted(cells)


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform between those of two positive ones."""
    return float(low * (high / low) ** rng.uniform())


def site_factors(scene: Scene, kind: str, spread: float) -> FloatArray:
    """(station,) how much better than the median a station hears a kind: log-normal, always the same.

    ``spread`` is the standard deviation of the natural logarithm.
    """
    draws = [
        generator(scene.seed, "nuisance", kind, "site", c).standard_normal() for c in scene.network.codes
    ]
    return np.asarray(np.exp(spread * np.array(draws, dtype=np.float64)))


def truth_row(
    scene: Scene,
    kind: str,
    span_s: tuple[float, float],
    place: tuple[float, float],
    stations: Iterable[int],
) -> dict[str, Any]:
    """Row of ``nuisances.csv``: kind, seconds of start and end, latitude and longitude, stations."""
    codes = scene.network.codes
    return {
        "kind": kind,
        "start_time": scene.grid.utc(span_s[0]),
        "end_time": scene.grid.utc(span_s[1]),
        "latitude": place[0],
        "longitude": place[1],
        "stations": ";".join(codes[int(k)] for k in stations),
    }


def check_order(settings: Any, low: str, high: str) -> None:
    """Raise ``ValueError`` unless the setting ``low`` is at most the setting ``high``."""
    smallest, largest = getattr(settings, low), getattr(settings, high)
    if smallest > largest:
        raise ValueError(f"{low} = {smallest} must not exceed {high} = {largest}")
