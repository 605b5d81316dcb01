"""Cultural noise on land: vehicles that pass, and machines that are switched on and off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from scipy import fft

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray, Station
from tremorflow.simulate.nuisances.single_station import SingleStationEvent, SingleStationEvents, draw_times
from tremorflow.simulate.nuisances.sources import (
    DAY_S,
    NuisancePart,
    check_order,
    log_uniform,
    on_ocean_bottom,
    truth_row,
)
from tremorflow.simulate.scene import Motion, Scene
from tremorflow.simulate.streams import generator

PASSAGE_S = (10.0, 60.0)
VEHICLE_HZ = (2.0, 15.0)
MACHINE_HZ = (1.5, 10.0)
MACHINE_S = (120.0, 4 * 3600.0)
SWITCH_S = 0.5  # a motor is up to speed within a second
NIGHT_LEVEL = 0.2  # of the activity at 14 h local time


@settings_class
class CulturalSettings:
    """Vehicles and machines near stations on land, by day more than at night."""

    enabled: bool = option(True, unit="-", reason="the only strong source in 2-15 Hz on land but wind")
    share: float = option(
        0.4,
        unit="-",
        reason="of the stations near a road or a works; borehole sites are chosen quiet",
        ge=0,
        le=1,
    )
    vehicles_per_day: float = option(
        40.0,
        unit="1/day",
        reason="of one such station at daytime activity: a farm or forest road",
        ge=0,
        le=10000,
    )
    machines_per_day: float = option(
        3.0, unit="1/day", reason="of one such station: pumps and mills run by shifts", ge=0, le=1000
    )
    weakest_snr: float = option(1.0, unit="-", reason="peak over background rms of 2-8 Hz: just heard", gt=0)
    strongest_snr: float = option(20.0, unit="-", reason="a lorry at 50-100 m", gt=0)

    def __post_init__(self) -> None:
        """Refuse a range whose ends are exchanged."""
        check_order(self, "weakest_snr", "strongest_snr")


class Passage(NamedTuple):
    """One vehicle: station, start and length (s), corner of its spectrum (Hz), peak rms (m/s), key."""

    station: int
    start_s: float
    length_s: float
    corner_hz: float
    peak_m_s: float
    seed_keys: tuple[int, str, int]

    def motion(self, after_s: FloatArray, rate_hz: float) -> Motion:
        """(3, time) swell of noise in 2-15 Hz."""
        seed, code, number = self.seed_keys
        rng = generator(seed, "nuisance", "vehicle", code, number)
        length = fft.next_fast_len(len(after_s), real=True)
        white = rng.standard_normal((3, len(after_s)), dtype=np.float32)
        colour = np.sqrt(vehicle_density(fft.rfftfreq(length, 1 / rate_hz), self.corner_hz) * rate_hz / 6)
        noise = fft.irfft(fft.rfft(white, length) * colour.astype(np.float32), length)[:, : len(after_s)]
        swell = np.sin(np.pi * np.clip(after_s / self.length_s, 0, 1)) ** 4  # near for a quarter of it
        return np.asarray(noise * (self.peak_m_s * swell).astype(np.float32), dtype=np.float32)


class MachineRun(NamedTuple):
    """One machine while it runs: station, start and length (s), line (Hz), rms (m/s), shape.

    ``phases`` and ``sizes`` (component, harmonic) are those of the line and of its double.
    """

    station: int
    start_s: float
    length_s: float
    line_hz: float
    rms_m_s: float
    phases: FloatArray
    sizes: FloatArray


@dataclass(frozen=True, slots=True)
class MachineStream:
    """Machines that hum near stations (a ``Stream``): a line and its double, sharply on and off."""

    scene: Scene
    runs: tuple[MachineRun, ...]

    def add_to(self, motion: Motion, station: int, tile: int) -> None:
        """Add the machines that run near the station during a tile."""
        grid = self.scene.grid
        start_s = tile * grid.tile_samples / grid.rate_hz
        end_s = start_s + grid.tile_samples / grid.rate_hz
        for run in self.runs:
            if run.station == station and run.start_s < end_s and run.start_s + run.length_s > start_s:
                _add_run(motion, run, grid.times_s(tile) - run.start_s, grid.rate_hz)


def _add_run(motion: Motion, run: MachineRun, after_s: FloatArray, rate_hz: float) -> None:
    """Add one run; the line wanders by 0.2 % with the load."""
    to_edge_s = np.minimum(after_s, run.length_s - after_s)
    height = (run.rms_m_s * np.clip(to_edge_s / SWITCH_S, 0, 1)).astype(np.float32)
    wander_s = 0.002 * 30 * np.sin(after_s / 30)
    turn = (2 * np.pi * run.line_hz * (after_s + wander_s)) % (2 * np.pi)
    for order in (1, 2):
        if order * run.line_hz > 0.4 * rate_hz:
            continue
        for component in range(3):
            phase = (order * turn + run.phases[component, order - 1]).astype(np.float32)
            motion[component] += np.float32(run.sizes[component, order - 1]) * height * np.sin(phase)


def vehicle_density(frequencies_hz: FloatArray, corner_hz: float) -> FloatArray:
    """Power density of a vehicle, of which 2-8 Hz hold 1: f**4 below 4 Hz, f**-4 above the corner."""

    def shape(f: FloatArray) -> FloatArray:
        return (f / 4) ** 4 / (1 + (f / 4) ** 4) / (1 + (f / corner_hz) ** 4)

    band = np.linspace(2.0, 8.0, 61)
    return np.asarray(shape(frequencies_hz) / np.trapezoid(shape(band), band))


def activity(time: np.datetime64, longitude: float) -> float:
    """Human activity in 0..1 by local solar time: most at 14 h, a fifth at 2 h."""
    midnight = time.astype("datetime64[D]")
    hour = float((time - midnight) / np.timedelta64(1, "s")) / 3600 + longitude / 15
    return float(NIGHT_LEVEL + (1 - NIGHT_LEVEL) * (1 + np.cos(2 * np.pi * (hour - 14) / 24)) / 2)


def draw_cultural(settings: CulturalSettings, scene: Scene) -> NuisancePart:
    """Draw the vehicles and machines near stations on land."""
    passages: list[Passage] = []
    runs: list[MachineRun] = []
    for station in np.flatnonzero(~on_ocean_bottom(scene.network)):
        code = scene.network.codes[station]
        if generator(scene.seed, "nuisance", "cultural", code).uniform() < settings.share:
            passages += _draw_passages(settings, scene, int(station))
            runs += _draw_runs(settings, scene, int(station))
    rows = []
    events: list[SingleStationEvent | MachineRun] = [*passages, *runs]
    for event in events:
        place = scene.network.stations[event.station]
        span_s = (event.start_s, event.start_s + event.length_s)
        rows.append(truth_row(scene, "cultural", span_s, (place.latitude, place.longitude), [event.station]))
    return NuisancePart(
        rows,
        transients=(SingleStationEvents(scene, tuple(passages)),) if passages else (),
        streams=(MachineStream(scene, tuple(runs)),) if runs else (),
    )


def _by_day(scene: Scene, station: Station, rng: Generator) -> Callable[[float], bool]:
    """Whether to keep an event that begins at a second of the scenario: thinned by the activity."""
    return lambda start_s: bool(rng.uniform() < activity(scene.grid.utc(start_s), station.longitude))


def _draw_passages(settings: CulturalSettings, scene: Scene, station: int) -> list[Passage]:
    """Vehicles that pass one station."""
    code = scene.network.codes[station]
    rng = generator(scene.seed, "nuisance", "vehicles", code)
    keep = _by_day(scene, scene.network.stations[station], rng)
    times_s = draw_times(rng, settings.vehicles_per_day / DAY_S, scene.grid.duration_s, PASSAGE_S[1])
    passages = []
    for number, start_s in enumerate(times_s):
        length_s, corner_hz = rng.uniform(*PASSAGE_S), rng.uniform(8.0, VEHICLE_HZ[1])
        snr = log_uniform(rng, settings.weakest_snr, settings.strongest_snr)
        if keep(start_s) and start_s + length_s > 0:
            peak = snr * float(scene.noise_rms[station])
            keys = (scene.seed, code, number)
            passages.append(Passage(station, start_s, length_s, corner_hz, peak, keys))
    return passages


def _draw_runs(settings: CulturalSettings, scene: Scene, station: int) -> list[MachineRun]:
    """Draw the runs of the one machine near a station: its line is always the same, within 1 %."""
    rng = generator(scene.seed, "nuisance", "machine", scene.network.codes[station])
    keep = _by_day(scene, scene.network.stations[station], rng)
    line_hz = log_uniform(rng, *MACHINE_HZ)
    phases = rng.uniform(0, 2 * np.pi, (3, 2))
    sizes = np.abs(rng.standard_normal((3, 2))) * np.array([1.0, 0.4])
    sizes *= np.sqrt(2 / (sizes**2).sum())
    times_s = draw_times(rng, settings.machines_per_day / DAY_S, scene.grid.duration_s, MACHINE_S[1])
    runs = []
    for start_s in times_s:
        length_s, pitch = log_uniform(rng, *MACHINE_S), 1 + 0.01 * rng.standard_normal()
        snr = log_uniform(rng, settings.weakest_snr, settings.strongest_snr)
        if keep(start_s) and start_s + length_s > 0:
            rms = snr * float(scene.noise_rms[station])
            runs.append(MachineRun(station, start_s, length_s, line_hz * pitch, rms, phases, sizes))
    return runs
