"""T-phases: earthquakes far away, heard through the water as spindles of minutes."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import fft

from tremorflow.geodesy import distances_km
from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.sources import (
    AUDIBLE_SNR,
    COMPONENT_SHARES,
    FAINT_SNR,
    NuisancePart,
    Scatter,
    Source,
    check_order,
    log_uniform,
    on_ocean_bottom,
    scatter_sources,
    site_factors,
    truth_row,
)
from tremorflow.simulate.scene import Scene, Transient
from tremorflow.simulate.streams import generator

REFERENCE_KM = 1000.0  # distance at which the SNR of the settings holds
SPEEDS_KM_S = (1.48, 1.50)  # sound channel; one value per event
DECAY_RATIO = (1.0, 1.5)  # a spindle falls a little more slowly than it rises
CORNERS_HZ = (8.0, 15.0)  # above, the power falls as f**-3: little is left at 20-30 Hz


@settings_class
class TPhaseSettings:
    """Emergent spindles of 1-5 minutes that cross the network at the speed of sound in water."""

    enabled: bool = option(True, unit="-", reason="they make false tremors on S-net (Tamaribuchi 2024)")
    rate_per_day: float = option(
        4.0,
        unit="1/day",
        reason="M > 4.5 within 2000 km are several a day in the west Pacific; not all send sound",
        ge=0,
        le=1000,
    )
    min_distance_km: float = option(
        200.0, unit="km", reason="nearer, P and S hide the T-phase: an earthquake, drawn elsewhere", gt=0
    )
    max_distance_km: float = option(
        2000.0, unit="km", reason="a network's own ocean basin; farther sources add rate, not shape", le=10000
    )
    weakest_snr: float = option(
        1.0, unit="-", reason="peak over background in 2-8 Hz at 1000 km; below 1 nobody is misled", gt=0
    )
    strongest_snr: float = option(
        30.0, unit="-", reason="T-phases of M 6 stand as high as local earthquakes of M 2-3", gt=0
    )
    min_rise_s: float = option(30.0, unit="s", reason="spindles last 1-5 minutes in all", ge=5)
    max_rise_s: float = option(120.0, unit="s", reason="spindles last 1-5 minutes in all", le=600)

    def __post_init__(self) -> None:
        """Refuse ranges whose ends are exchanged."""
        check_order(self, "min_distance_km", "max_distance_km")
        check_order(self, "weakest_snr", "strongest_snr")
        check_order(self, "min_rise_s", "max_rise_s")


class Spindle(NamedTuple):
    """One T-phase at its source: times (s), speed (km/s), level (SNR at 1000 km), corner (Hz)."""

    source: Source
    rise_s: float
    decay_s: float
    speed_km_s: float
    snr: float
    corner_hz: float


@dataclass(frozen=True, slots=True)
class TPhases:
    """T-phases as the stations receive them: a noise of its own under one envelope for all.

    ``starts_s`` (event, station) is NaN where an event is not heard; ``levels`` (event, station) is the rms
    at the peak, 2-8 Hz, three components together (m/s).
    """

    scene: Scene
    spindles: tuple[Spindle, ...]
    starts_s: FloatArray
    levels: FloatArray

    def spans_s(self, station: int) -> FloatArray:
        """(event, 2) first and last second at the station; NaN if it hears nothing."""
        lengths = np.array([spindle.rise_s + spindle.decay_s for spindle in self.spindles])
        return np.stack([self.starts_s[:, station], self.starts_s[:, station] + lengths], axis=1)

    def motion(self, event: int, station: int) -> Transient:
        """Motion of the station by one T-phase."""
        spindle, start_s = self.spindles[event], self.starts_s[event, station]
        rate_hz = self.scene.grid.rate_hz
        first = int(np.ceil(start_s * rate_hz))
        n_samples = int((spindle.rise_s + spindle.decay_s) * rate_hz)
        after_s = (first + np.arange(n_samples)) / rate_hz - start_s
        envelope = spindle_envelope(after_s, spindle.rise_s, spindle.decay_s)
        code = self.scene.network.codes[station]
        rng = generator(self.scene.seed, "nuisance", "t_phase", spindle.source.key, code)
        white = rng.standard_normal((3, n_samples), dtype=np.float32)
        length = fft.next_fast_len(n_samples, real=True)
        density = t_phase_density(fft.rfftfreq(length, 1 / rate_hz), spindle.corner_hz)
        colour = np.sqrt(density * rate_hz / 2).astype(np.float32)
        carrier = fft.irfft(fft.rfft(white, length) * colour, length)[:, :n_samples]
        shape = (self.levels[event, station] * envelope).astype(np.float32)
        return Transient(first, np.asarray(carrier * shape * COMPONENT_SHARES[:, None], dtype=np.float32))


def spindle_envelope(after_s: FloatArray, rise_s: float, decay_s: float) -> FloatArray:
    """(time,) amplitude envelope of height 1 at ``rise_s``: one peak, smooth, zero at both ends."""
    rising = np.sin(np.pi / 2 * np.clip(after_s / rise_s, 0, 1)) ** 2
    falling = np.cos(np.pi / 2 * np.clip((after_s - rise_s) / decay_s, 0, 1)) ** 2
    return np.asarray(np.where(after_s < rise_s, rising, falling))


def t_phase_density(frequencies_hz: FloatArray, corner_hz: float) -> FloatArray:
    """Power density of a T-phase, of which 2-8 Hz hold 1: strongest at 4-15 Hz, f**4 below 2 Hz."""

    def shape(f: FloatArray) -> FloatArray:
        return (f / 2) ** 4 / (1 + (f / 2) ** 4) / (1 + (f / corner_hz) ** 3)

    band = np.linspace(2.0, 8.0, 61)
    return np.asarray(shape(frequencies_hz) / np.trapezoid(shape(band), band))


def draw_t_phases(settings: TPhaseSettings, scene: Scene) -> NuisancePart:
    """Draw the T-phases that stations on the sea floor hear."""
    heard = on_ocean_bottom(scene.network)
    longest_s = settings.max_distance_km / SPEEDS_KM_S[0] + settings.max_rise_s * (1 + DECAY_RATIO[1])
    density = settings.rate_per_day / (np.pi * settings.max_distance_km**2)
    scatter = Scatter(density, settings.max_distance_km, longest_s, 5)
    spindles, starts, snrs, rows = [], [], [], []
    for source in scatter_sources(scene, "t_phase", heard, scatter):
        spindle = _draw_spindle(settings, source)
        start_s, snr = _received(settings, scene, spindle)
        end_s = start_s + spindle.rise_s + spindle.decay_s
        inside = heard & (snr >= FAINT_SNR) & (end_s > 0) & (start_s < scene.grid.duration_s)
        loud = inside & (snr >= AUDIBLE_SNR)
        if inside.any():  # rendered where it is faint, too, whoever else hears it
            spindles.append(spindle)
            starts.append(np.where(inside, start_s, np.nan))
            snrs.append(snr)
        if not loud.any():
            continue
        span = (float(start_s[loud].min()), float(end_s[loud].max()))
        place = (source.latitude, source.longitude)
        rows.append(truth_row(scene, "t_phase", span, place, np.flatnonzero(loud)))
    if not spindles:
        return NuisancePart([])
    levels = np.array(snrs) * scene.noise_rms
    return NuisancePart(rows, transients=(TPhases(scene, tuple(spindles), np.array(starts), levels),))


def _draw_spindle(settings: TPhaseSettings, source: Source) -> Spindle:
    """Draw shape, speed and size of the T-phase of a source."""
    rng = source.rng
    rise_s = log_uniform(rng, settings.min_rise_s, settings.max_rise_s)
    return Spindle(
        source=source,
        rise_s=rise_s,
        decay_s=rise_s * rng.uniform(*DECAY_RATIO),
        speed_km_s=rng.uniform(*SPEEDS_KM_S),
        snr=log_uniform(rng, settings.weakest_snr, settings.strongest_snr),
        corner_hz=rng.uniform(*CORNERS_HZ),
    )


def _received(settings: TPhaseSettings, scene: Scene, spindle: Spindle) -> tuple[FloatArray, FloatArray]:
    """(station,) first second and peak SNR; zero outside of the range of distances.

    Sound in the channel spreads as a cylinder: the amplitude falls as 1/sqrt(r).
    """
    network, source = scene.network, spindle.source
    r_km = distances_km(source.latitude, source.longitude, network.latitudes, network.longitudes)
    snr = spindle.snr * np.sqrt(REFERENCE_KM / np.maximum(r_km, 1.0)) * site_factors(scene, "t_phase", 0.4)
    in_range = (r_km >= settings.min_distance_km) & (r_km <= settings.max_distance_km)
    return source.time_s + r_km / spindle.speed_km_s, np.where(in_range, snr, 0.0)
