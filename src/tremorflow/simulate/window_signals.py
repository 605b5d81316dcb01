"""Signals of one training window: tremor or earthquakes of every kind, as one random station records them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator

from tremorflow.geodesy import LocalFrame
from tremorflow.options import option, settings_class
from tremorflow.simulate.nuisances.sources import log_uniform
from tremorflow.simulate.path import TABLE_DEPTHS_KM, MediumSettings, Paths
from tremorflow.simulate.point_sources import Ground, PointSources, earthquake_sources, tremor_sources
from tremorflow.simulate.scene import Motion, Scene
from tremorflow.simulate.site import SiteSettings, draw_site
from tremorflow.simulate.source import SourceSettings
from tremorflow.simulate.tremor_bursts import Burst, draw_durations, draw_lfes
from tremorflow.simulate.window_noise import cut_window
from tremorflow.traveltime import TravelTimeTable, compute_travel_times, read_velocity_model
from tremorflow.traveltime.stations import StationTravelTimes

MIN_COVER_S = 30.0  # of a window by tremor (DEFINITIONS.md)
REACH_KM = 600.0
Range = tuple[float, float]
EARTHQUAKES = ("small", "aftershocks", "coda", "local", "regional")


@settings_class
class SignalSettings:
    """What tremor and earthquakes of training windows are like. Ranges are (lowest, highest)."""

    tremor_distance_km: Range = option(
        (3.0, 100.0), unit="km", reason="epicentral, log-uniform; beyond 100 km tremor is not seen"
    )
    tremor_depth_km: Range = option(
        (8.0, 45.0), unit="km", reason="plate interface where tremor is: 10-25 km off Japan, 30-45 Cascadia"
    )
    burst_s: Range = option(
        (30.0, 300.0), unit="s", reason="30 s must lie in the window; 300 s is the longest (DEFINITIONS.md)"
    )
    burst_scale_s: float = option(
        60.0,
        unit="s",
        reason="exponential above the shortest: median 72 s, as of bursts of episodes that cover 30 s; "
        "log-uniform, with a median of 100 s, short strong ones were taken for earthquakes",
        gt=0,
    )
    lfe_interval_s: Range = option(
        (0.8, 4.0), unit="s", reason="dense tremor, and one in which LFEs stand out"
    )
    earthquake_shares: tuple[float, float, float, float, float] = option(
        (0.4, 0.15, 0.15, 0.2, 0.1),
        unit="-",
        reason="small, aftershocks, coda, local, regional: small near ones look most like tremor, so 40 %",
    )
    small_magnitude: Range = option((0.5, 2.5), unit="-", reason="within 60 km: as strong as tremor there")
    small_distance_km: Range = option((3.0, 60.0), unit="km", reason="as small_magnitude; log-uniform")
    local_magnitude: Range = option((2.0, 4.5), unit="-", reason="seen over the network")
    local_distance_km: Range = option((20.0, 200.0), unit="km", reason="as local_magnitude; log-uniform")
    regional_magnitude: Range = option((3.5, 6.5), unit="-", reason="seen from 500 km")
    regional_distance_km: Range = option((150.0, 500.0), unit="km", reason="as regional_magnitude")
    coda_after_s: Range = option((8.0, 60.0), unit="s", reason="since S: no onset in the window, only coda")
    quality_factor: Range = option((85.0, 400.0), unit="-", reason="Takemura 85, Akuhara 250; log-uniform")
    mean_free_path_km: Range = option(
        (6.0, 40.0), unit="km", reason="a factor 2.5 about that of realism.py, 14 km; log-uniform"
    )
    broadening_s: Range = option((1.0, 5.0), unit="s", reason="a factor 2 about 2.3 s; log-uniform")
    coda_quality: Range = option((50.0, 200.0), unit="-", reason="Qc at 1 Hz, by region; log-uniform")

    def __post_init__(self) -> None:
        """Refuse ranges out of order and shares that are none."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) == 2 and not 0 < value[0] <= value[1]:
                raise ValueError(f"{name} = {value}: needs 0 < lowest <= highest")
            if name.endswith("distance_km") and value[1] > REACH_KM - 50:
                raise ValueError(f"{name} = {value}: travel times reach to {REACH_KM - 50:g} km")
        if self.tremor_depth_km[1] > TABLE_DEPTHS_KM[-1]:
            raise ValueError(f"tremor_depth_km = {self.tremor_depth_km}: the model ends at 200 km")
        if min(self.earthquake_shares) < 0 or not np.isclose(sum(self.earthquake_shares), 1):
            raise ValueError(f"earthquake_shares = {self.earthquake_shares}: must be >= 0 and add up to 1")
        if self.burst_s[0] < MIN_COVER_S:
            raise ValueError(
                f"burst_s = {self.burst_s}: less than {MIN_COVER_S:g} s of tremor is no tremor window"
            )


class Signal(NamedTuple):
    """Motion (3, time) of any size, and what it is of.

    ``energy_j`` is the energy of the tremor that moves the station so much, NaN for earthquakes.
    ``onset_s`` counts from the start of the window: S of the first burst of tremor, P of the earthquake
    that begins first in the window, or S of an earthquake of which only the coda is in it (negative).
    ``cover_s`` is how long tremor covers the window.
    """

    kind: str
    motion: Motion
    distance_km: float
    magnitude: float
    energy_j: float
    onset_s: float
    cover_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """One station with its ground and the paths to it, drawn for one window."""

    ground: Ground

    @property
    def scene(self) -> Scene:
        """Scene of the window: it starts at second 0."""
        return self.ground.scene

    def at(self, distance_km: float, rng: Generator) -> tuple[float, float]:
        """Latitude and longitude at a distance in a random direction."""
        azimuth, here = rng.uniform(0, 2 * np.pi), self.scene.network.stations[0]
        frame = LocalFrame(here.latitude, here.longitude)
        latitude, longitude = frame.to_degrees(distance_km * np.sin(azimuth), distance_km * np.cos(azimuth))
        return float(latitude), float(longitude)

    def travel_s(self, source: tuple[float, float, float]) -> tuple[float, float]:
        """P and S time from latitude, longitude and depth."""
        rays = self.ground.paths.rays(*source)
        site = self.ground.sites[0]
        return float(rays.p_times_s[0]) + site.p_delay_s, float(rays.s_times_s[0]) + site.s_delay_s


def draw_place(scene: Scene, settings: SignalSettings, site: SiteSettings, rng: Generator) -> Place:
    """Draw ground and medium of the scene's one station; travel times are those to sea level."""
    medium = MediumSettings(
        quality_factor=log_uniform(rng, *settings.quality_factor),
        mean_free_path_km=log_uniform(rng, *settings.mean_free_path_km),
        broadening_s=log_uniform(rng, *settings.broadening_s),
        coda_quality=log_uniform(rng, *settings.coda_quality),
    )
    network = scene.network
    p_times, s_times = (
        StationTravelTimes(network, _travel_times(medium.model, phase), np.zeros(1)) for phase in "PS"
    )
    drawn = draw_site(site, network.stations[0].elevation_m, rng)
    source = SourceSettings(strike_deg=rng.uniform(0, 360), dip_deg=rng.uniform(5, 40))
    return Place(Ground(scene, Paths(network, medium, p_times, s_times), (drawn,), source))


def tremor_signal(settings: SignalSettings, place: Place, rng: Generator) -> Signal:
    """Draw one to three bursts of neighbouring patches; each covers 30 s of the window or more."""
    window_s = place.scene.grid.duration_s
    distance_km = log_uniform(rng, *settings.tremor_distance_km)
    latitude, longitude = place.at(distance_km, rng)
    depth_km = rng.uniform(*settings.tremor_depth_km)
    bursts, spans = [], []
    for number in range(1 + min(int(rng.poisson(0.4)), 2)):
        if number:  # another patch within some km
            latitude, longitude = latitude + rng.uniform(-0.05, 0.05), longitude + rng.uniform(-0.05, 0.05)
        source = (latitude, longitude, depth_km)
        length_s = float(draw_durations(settings.burst_s, settings.burst_scale_s, 1, rng)[0])
        onset_s = rng.uniform(MIN_COVER_S - length_s, window_s - MIN_COVER_S)
        start_s = onset_s - place.travel_s(source)[1]
        energy_j = 10 ** rng.uniform(-1, 0) if number else 1.0
        interval_s = log_uniform(rng, *settings.lfe_interval_s)
        bursts.append(Burst("", start_s, length_s, source, energy_j, interval_s, number))
        spans.append((onset_s, onset_s + length_s))
    sources = tremor_sources(*_tremor_tables(bursts, place.scene, rng), place.ground)
    motion = _sum(sources, place.scene)
    covers = [min(end, window_s) - max(begin, 0.0) for begin, end in spans]
    return Signal(
        "tremor", motion, distance_km, np.nan, sum(b.energy_j for b in bursts), spans[0][0], covers[0]
    )


def earthquake_signal(settings: SignalSettings, place: Place, rng: Generator) -> Signal:
    """Draw an earthquake of one of the kinds ``EARTHQUAKES``."""
    kind = EARTHQUAKES[int(rng.choice(len(EARTHQUAKES), p=settings.earthquake_shares))]
    distances = {
        "small": settings.small_distance_km,
        "aftershocks": settings.small_distance_km,
        "regional": settings.regional_distance_km,
    }.get(kind, settings.local_distance_km)
    magnitudes = {
        "small": settings.small_magnitude,
        "aftershocks": settings.small_magnitude,
        "regional": settings.regional_magnitude,
    }.get(kind, settings.local_magnitude)
    distance_km = log_uniform(rng, *distances)
    source = (*place.at(distance_km, rng), log_uniform(rng, 2.0, 50.0))
    window_s = place.scene.grid.duration_s
    count = int(rng.integers(2, 7)) if kind == "aftershocks" else 1
    rows, onsets = [], []
    for number in range(count):
        p_s, s_s = place.travel_s(source)
        onset_s = rng.uniform(2.0, window_s - 10.0) if number == 0 else rng.uniform(-30.0, window_s - 5.0)
        arrival_s = p_s
        if kind == "coda":
            onset_s, arrival_s = -rng.uniform(*settings.coda_after_s), s_s
        onsets.append(onset_s)
        rows.append(
            {
                "event_id": f"{place.scene.network.codes[0]}/{number}",
                "time": place.scene.grid.utc(onset_s - arrival_s),
                "latitude": source[0],
                "longitude": source[1],
                "depth_km": source[2],
                "magnitude": rng.uniform(*magnitudes),
            }
        )
        source = (source[0] + rng.uniform(-0.03, 0.03), source[1] + rng.uniform(-0.03, 0.03), source[2])
    table = pd.DataFrame(rows)
    motion = _sum(earthquake_sources(table, place.ground), place.scene)
    inside = [onset for onset in onsets if onset >= 0]
    largest = float(table["magnitude"].max())
    return Signal(kind, motion, distance_km, largest, np.nan, min(inside, default=onsets[0]), 0.0)


SIGNALS: dict[str, Callable[[SignalSettings, Place, Generator], Signal]] = {
    "tremor": tremor_signal,
    "earthquake": earthquake_signal,
}


def _tremor_tables(bursts: list[Burst], scene: Scene, rng: Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bursts and their LFEs, as far as the rendering asks for them."""
    code, rows, lfes = scene.network.codes[0], [], []
    for burst in bursts:
        times_s, energies = draw_lfes(burst, rng)
        name = f"{code}/{burst.number}"
        latitude, longitude, depth_km = burst.place
        row: dict[str, Any] = {"burst_id": name, "latitude": latitude, "longitude": longitude}
        rows.append(row | {"depth_km": depth_km, "energy_j": burst.energy_j})
        times = scene.grid.start_time + np.round(times_s * 1e9).astype("timedelta64[ns]")
        lfes.append(pd.DataFrame({"burst_id": name, "time": times, "energy_j": energies}))
    return pd.DataFrame(rows), pd.concat(lfes, ignore_index=True)


def _sum(sources: PointSources, scene: Scene) -> Motion:
    """Motion of the window by all events."""
    n_samples = round(scene.grid.duration_s * scene.grid.rate_hz)
    motion: Motion = np.zeros((3, n_samples), dtype=np.float32)
    for event in np.flatnonzero(np.isfinite(sources.response_s[:, 0])):
        motion += cut_window(sources.motion(int(event), 0), n_samples)
    return motion


@lru_cache(maxsize=4)
def _travel_times(model: str, phase: str) -> TravelTimeTable:
    """Travel times to sea level, the same for all windows."""
    return compute_travel_times(read_velocity_model(model), TABLE_DEPTHS_KM, REACH_KM, (0.0,), phase)
