"""Sounds that repeat: trains of pulses from a moving source, each station with its own template."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.geodesy import east_north_km
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.sources import AUDIBLE_SNR, FAINT_SNR, Source
from tremorflow.simulate.scene import Motion, Scene

SHIFTS = 8  # a pulse falls on the nearest eighth of a sample: phase right to 0.16 rad at 0.8 Nyquist
KEPT_TEMPLATES = 128  # 12 s at 100 Hz take 115 kB each


class PulsePath(NamedTuple):
    """One way from source to station: speed, amplitude, and its decay from a reference distance on."""

    speed_km_s: float
    share: float
    reference_km: float
    decay_km: float

    def gain(self, range_km: FloatArray) -> FloatArray:
        """Amplitude over that of the reference distance: spherical spreading and losses."""
        loss = np.exp((self.reference_km - range_km) / self.decay_km)
        return np.asarray(self.share * self.reference_km / range_km * loss)


class PulseTrain(NamedTuple):
    """Pulses of one source: when they are sent (pulse,), and its velocity (east, north, km/s).

    ``snr`` (station,) is the amplitude at the reference distance over the background of the station.
    """

    source: Source
    times_s: FloatArray
    velocity_km_s: tuple[float, float]
    snr: FloatArray


TemplateMaker = Callable[[PulseTrain, int, int, FloatArray], FloatArray]
"""(train, station, path, times in s since the arrival) -> (3, time) motion of one pulse, of height 1."""


@dataclass(frozen=True, slots=True)
class PulseStream:
    """Trains of pulses as the stations receive them (a ``Stream``).

    ``make_template`` is called at eight times the sampling rate; it must hold nothing above 0.8 of the
    Nyquist frequency of the scenario. ``length_s`` is the length of a pulse with its echoes.
    """

    scene: Scene
    trains: tuple[PulseTrain, ...]
    paths: tuple[PulsePath, ...]
    make_template: TemplateMaker
    length_s: float
    _templates: dict[tuple[str, str, int], NDArray[np.float32]] = field(default_factory=dict)

    def add_to(self, motion: Motion, station: int, tile: int) -> None:
        """Add all pulses that reach the station within a tile."""
        grid = self.scene.grid
        start_s = tile * grid.tile_samples / grid.rate_hz
        end_s = start_s + grid.tile_samples / grid.rate_hz
        for train in self.trains:
            if train.snr[station] <= 0:
                continue
            range_km = pulse_ranges_km(self.scene, train, station)
            for number, path in enumerate(self.paths):
                arrivals_s = train.times_s + range_km / path.speed_km_s
                snr = train.snr[station] * path.gain(range_km)
                here = (arrivals_s > start_s - self.length_s) & (arrivals_s < end_s) & (snr >= FAINT_SNR)
                if here.any():
                    template = self._template(train, station, number)
                    levels = (snr[here] * self.scene.noise_rms[station]).astype(np.float32)
                    first_sample = tile * grid.tile_samples
                    add_pulses(motion, template, arrivals_s[here] * grid.rate_hz - first_sample, levels)

    def _template(self, train: PulseTrain, station: int, path: int) -> NDArray[np.float32]:
        """(shift, 3, time) pulse of height 1 sampled at each eighth of a sample, made once."""
        key = (train.source.key, self.scene.network.codes[station], path)
        if key not in self._templates:
            if len(self._templates) >= KEPT_TEMPLATES:
                self._templates.clear()
            n_samples = int(self.length_s * self.scene.grid.rate_hz)
            times_s = np.arange(n_samples * SHIFTS) / (SHIFTS * self.scene.grid.rate_hz)
            fine = self.make_template(train, station, path, times_s).astype(np.float32)
            self._templates[key] = np.ascontiguousarray(fine.reshape(3, n_samples, SHIFTS).transpose(2, 0, 1))
        return self._templates[key]


def add_pulses(
    motion: Motion, template: NDArray[np.float32], arrivals: FloatArray, levels: NDArray[np.float32]
) -> None:
    """Add a pulse at each arrival, given in samples from the start of ``motion``, in place."""
    places = np.round(arrivals * SHIFTS).astype(int)
    firsts = -(-places // SHIFTS)
    shifts = firsts * SHIFTS - places
    for first, shift, level in zip(firsts, shifts, levels, strict=True):
        begin, end = max(first, 0), min(first + template.shape[2], motion.shape[1])
        if begin < end:
            motion[:, begin:end] += level * template[shift, :, begin - first : end - first]


def pulse_ranges_km(scene: Scene, train: PulseTrain, station: int) -> FloatArray:
    """(pulse,) slant range from the source, near the surface, to a station on the sea floor."""
    place, source = scene.network.stations[station], train.source
    east, north = east_north_km(source.latitude, source.longitude, place.latitude, place.longitude)
    moved_s = train.times_s - source.time_s
    east_km, north_km = (moved_s * v for v in train.velocity_km_s)
    depth_km = max(-place.elevation_m, 0.0) / 1000
    return np.sqrt((east - east_km) ** 2 + (north - north_km) ** 2 + depth_km**2)


class Reception(NamedTuple):
    """Stations that hear a train, and the first and last second of what they hear of it.

    ``train`` is the train for rendering: its SNR is 0 at stations that it does not move noticeably.
    """

    train: PulseTrain
    stations: NDArray[np.intp]
    span_s: tuple[float, float]


def hear_train(scene: Scene, train: PulseTrain, path: PulsePath, length_s: float) -> Reception:
    """Stations that hear a train above the background during the scenario, and when."""
    stations, first_s, last_s = [], np.inf, -np.inf
    felt = np.zeros(len(train.snr), dtype=np.bool_)
    for station in np.flatnonzero(train.snr > 0):
        range_km = pulse_ranges_km(scene, train, int(station))
        arrivals_s = train.times_s + range_km / path.speed_km_s
        snr = train.snr[station] * path.gain(range_km)
        snr[(arrivals_s <= -length_s) | (arrivals_s >= scene.grid.duration_s)] = 0.0
        felt[station] = (snr >= FAINT_SNR).any()
        loud = snr >= AUDIBLE_SNR
        if loud.any():
            stations.append(int(station))
            first_s = min(first_s, float(arrivals_s[loud][0]))
            last_s = max(last_s, float(arrivals_s[loud][-1]) + length_s)
    rendered = train._replace(snr=np.where(felt, train.snr, 0.0))
    return Reception(rendered, np.array(stations, dtype=np.intp), (first_s, last_s))
