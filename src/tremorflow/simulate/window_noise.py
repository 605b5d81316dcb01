"""Noise of one training window: the background of a random station, and nuisances that look like signals."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import butter, sosfiltfilt

from tremorflow.records import FloatArray
from tremorflow.simulate.noise import NoiseSettings, at_ocean_bottom, background_noise
from tremorflow.simulate.nuisances.cultural import (
    MACHINE_HZ,
    PASSAGE_S,
    VEHICLE_HZ,
    MachineRun,
    MachineStream,
    Passage,
)
from tremorflow.simulate.nuisances.local_bursts import LocalBurst
from tremorflow.simulate.nuisances.ships import LIFE_S, Ship, ShipStream, cavitation_density
from tremorflow.simulate.nuisances.sources import Source, log_uniform
from tremorflow.simulate.nuisances.t_phases import CORNERS_HZ, DECAY_RATIO, Spindle, TPhases
from tremorflow.simulate.scene import Motion, Scene, Transient
from tremorflow.simulate.source import BAND_HZ
from tremorflow.simulate.streams import design_taps, generator

EDGE_S = 20.0  # drawn before and after the window: filters reach that far
SHOT_INTERVAL_S = (10.0, 60.0)  # of survey vessels
SHOT_HZ = (4.0, 9.0)
RISE_S = (15.0, 90.0)  # of T-phases: from short spindles to such as fill the window


class Nuisance(NamedTuple):
    """What is there beside the background: its kind, and its motion (3, time) of any size."""

    kind: str
    motion: Motion


def window_background(settings: NoiseSettings, scene: Scene) -> Motion:
    """(3, time) background of the scene's one station, over the length of the scene.

    As ``noise.BackgroundNoise``, of which the spectra and gains are used, without its tiles of 600 s.
    """
    grid = scene.grid
    noise = background_noise(settings, scene.network, grid, scene.seed)
    n_samples = round(grid.duration_s * grid.rate_hz)
    edge = round(EDGE_S * grid.rate_hz)
    length = fft.next_fast_len(n_samples + 2 * edge, real=True)
    frequencies = fft.rfftfreq(length, 1 / grid.rate_hz)
    amplitudes = np.zeros((4, 3, len(frequencies)), dtype=np.float32)
    amplitudes[..., 1:] = noise.amplitudes(0, frequencies[1:]) * np.sqrt(grid.rate_hz / 2)
    rng = generator(scene.seed, "window", "background", scene.network.codes[0])
    spectrum = fft.rfft(rng.standard_normal((3, length), dtype=np.float32))
    knots_s = np.arange(np.ceil(grid.duration_s) + 1)
    times_s = np.arange(n_samples) / grid.rate_hz
    motion = np.zeros((3, n_samples), dtype=np.float32)
    for amplitude, gain in zip(amplitudes, noise.gains(0, knots_s), strict=True):
        if gain.any():
            part = fft.irfft(spectrum * amplitude, length)[:, edge : edge + n_samples]
            motion += part * np.interp(times_s, knots_s, gain).astype(np.float32)
    return motion


def draw_nuisance(scene: Scene, rng: Generator) -> Nuisance:
    """Draw one nuisance that fits the scene's one station, on the sea floor or on land.

    ``scene.noise_rms`` must be 1: the sizes of nuisances are told in units of it.
    """
    wet = at_ocean_bottom(scene.network.stations[0])
    kinds = ("t_phase", "ship", "shots") if wet else ("vehicle", "machine")
    kind = kinds[int(rng.integers(len(kinds)))]
    return Nuisance(kind, _MAKERS[kind](scene, rng))


def cut_window(event: Transient, n_samples: int) -> Motion:
    """(3, time) part of an event within samples 0 to ``n_samples``, zero elsewhere."""
    motion = np.zeros((3, n_samples), dtype=np.float32)
    first, last = max(event.first_sample, 0), min(event.first_sample + event.motion.shape[1], n_samples)
    if first < last:
        motion[:, first:last] = event.motion[:, first - event.first_sample : last - event.first_sample]
    return motion


def _t_phase(scene: Scene, rng: Generator) -> Motion:
    """Spindle of which the peak lies in the window."""
    rise_s = log_uniform(rng, *RISE_S)
    peak_s = rng.uniform(0.1, 0.9) * scene.grid.duration_s
    spindle = Spindle(
        source=_source(rng),
        rise_s=rise_s,
        decay_s=rise_s * rng.uniform(*DECAY_RATIO),
        speed_km_s=1.49,
        snr=1.0,
        corner_hz=rng.uniform(*CORNERS_HZ),
    )
    events = TPhases(scene, (spindle,), np.array([[peak_s - rise_s]]), np.ones((1, 1)))
    return cut_window(events.motion(0, 0), _n_samples(scene))


def _ship(scene: Scene, rng: Generator) -> Motion:
    """Ship that passes at up to 15 km within ten minutes of the window."""
    speed, heading = rng.uniform(5, 12) / 1000, rng.uniform(0, 2 * np.pi)
    velocity = (speed * np.sin(heading), speed * np.cos(heading))
    passes_s, offset_km = rng.uniform(-600, 600), rng.uniform(-15, 15)
    ship = Ship(
        source=_source(rng)._replace(time_s=float(rng.uniform(-0.4, 0.4) * LIFE_S)),
        velocity_km_s=velocity,
        blade_hz=float(np.clip(rng.integers(4, 7) * rng.uniform(1.0, 2.0), 5.0, 12.0)),
        snr=100.0,
        drift_periods_s=rng.uniform(200, 1500, 3),
        drift_phases=rng.uniform(0, 2 * np.pi, 3),
    )
    sailed_s = passes_s - ship.source.time_s  # from the middle of the course to the nearest point
    east = velocity[0] * sailed_s + offset_km * np.cos(heading)
    north = velocity[1] * sailed_s - offset_km * np.sin(heading)
    stream = ShipStream(
        scene, (ship,), np.ones(1), np.array([[east]]), np.array([[north]]), _taps(scene.grid.rate_hz)
    )
    tile: Motion = np.zeros((3, scene.grid.tile_samples), dtype=np.float32)
    stream.add_to(tile, 0, 0)
    return tile[:, : _n_samples(scene)]


def _shots(scene: Scene, rng: Generator) -> Motion:
    """Pulses all alike at regular times, as of a survey or of an animal."""
    length_s, direction = rng.uniform(1.0, 8.0), rng.standard_normal(3)
    interval_s = log_uniform(rng, *SHOT_INTERVAL_S)
    shot = LocalBurst(
        station=0,
        start_s=0.0,
        length_s=length_s,
        frequency_hz=log_uniform(rng, *SHOT_HZ),
        peak_m_s=1.0,
        direction=direction / np.sqrt((direction**2).sum()),
        decay_s=length_s / rng.uniform(3, 6),
    )
    rate_hz, motion = scene.grid.rate_hz, np.zeros((3, _n_samples(scene)), dtype=np.float32)
    pulse = shot.motion(np.arange(round(length_s * rate_hz)) / rate_hz, rate_hz)
    for start_s in np.arange(rng.uniform(0, min(interval_s, 60.0)), scene.grid.duration_s, interval_s):
        motion += cut_window(Transient(round(start_s * rate_hz), pulse), _n_samples(scene))
    return motion


def _vehicle(scene: Scene, rng: Generator) -> Motion:
    """Two to four vehicles, or one, that pass in the window."""
    motion = np.zeros((3, _n_samples(scene)), dtype=np.float32)
    rate_hz, code = scene.grid.rate_hz, scene.network.codes[0]
    for number in range(int(rng.choice((1, 1, 2, 3, 4)))):
        length_s = log_uniform(rng, *PASSAGE_S)
        start_s = rng.uniform(-0.3, 0.7) * length_s + rng.uniform(0, scene.grid.duration_s - length_s)
        passage = Passage(
            0,
            start_s,
            length_s,
            log_uniform(rng, 5.0, VEHICLE_HZ[1]),
            log_uniform(rng, 0.3, 1.0),
            (scene.seed, code, number),
        )
        after_s = np.arange(round(length_s * rate_hz)) / rate_hz
        event = Transient(round(start_s * rate_hz), passage.motion(after_s, rate_hz))
        motion += cut_window(event, _n_samples(scene))
    return motion


def _machine(scene: Scene, rng: Generator) -> Motion:
    """Machine that runs throughout, or is switched on or off in the window."""
    start_s, end_s = (-60.0, scene.grid.duration_s + 60.0)
    change_s = rng.uniform(0.2, 0.8) * scene.grid.duration_s
    case = int(rng.integers(3))
    start_s, end_s = (change_s if case == 1 else start_s), (change_s if case == 2 else end_s)
    sizes = rng.uniform(0.2, 1.0, (3, 2)) * np.array([1.0, 0.5])
    run = MachineRun(
        0,
        start_s,
        end_s - start_s,
        log_uniform(rng, *MACHINE_HZ),
        1.0,
        rng.uniform(0, 2 * np.pi, (3, 2)),
        sizes,
    )
    tile: Motion = np.zeros((3, scene.grid.tile_samples), dtype=np.float32)
    MachineStream(scene, (run,)).add_to(tile, 0, 0)
    return tile[:, : _n_samples(scene)]


_MAKERS: dict[str, Callable[[Scene, Generator], Motion]] = {
    "t_phase": _t_phase,
    "ship": _ship,
    "shots": _shots,
    "vehicle": _vehicle,
    "machine": _machine,
}


def _source(rng: Generator) -> Source:
    return Source("window", 0.0, 0.0, 0.0, rng)


def _n_samples(scene: Scene) -> int:
    return round(scene.grid.duration_s * scene.grid.rate_hz)


@lru_cache(maxsize=4)
def _taps(rate_hz: float) -> NDArray[np.float32]:
    return design_taps(cavitation_density, rate_hz, 1.0)


def pass_band(samples: NDArray[np.float32], rate_hz: float) -> FloatArray:
    """Filter samples (component, time) to 2-8 Hz, zero phase.

    A plain Fourier integral of the window would not do: what the microseism leaks into 2-8 Hz, where noise is
    cut off, is up to four times the noise that is there; nor would gentle flanks, for regional earthquakes.
    """
    return np.asarray(sosfiltfilt(_band_pass(rate_hz), samples, axis=-1))


def total_rms(samples: NDArray[np.float64]) -> float:
    """Root of the sum over components (component, time) of the mean square."""
    return float(np.sqrt(np.vdot(samples, samples) / samples.shape[-1]))


@lru_cache(maxsize=4)
def _band_pass(rate_hz: float) -> FloatArray:
    return np.asarray(butter(8, BAND_HZ, btype="bandpass", fs=rate_hz, output="sos"))
