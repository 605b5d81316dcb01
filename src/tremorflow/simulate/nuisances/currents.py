"""Currents along the sea floor, which make the housing of an unburied sensor ring on the horizontals."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.sources import (
    AUDIBLE_SNR,
    FAINT_SNR,
    NuisancePart,
    check_order,
    log_uniform,
    truth_row,
)
from tremorflow.simulate.scene import Motion, Scene
from tremorflow.simulate.streams import coloured_noise, design_taps, generator, slow_variation

TIDE_S = 12.42 * 3600  # principal lunar tide
SWELL_S = 1200.0  # eddies and swells come and go within 20 minutes
SWELL_SPREAD = 0.5  # of the natural logarithm of the strength
ROLL_HZ = (5.0, 13.0)  # torsion and bending, Sawazaki & Nakamura (2020): peak of Y/X
AXIAL_HZ = (10.0, 23.0)  # along the vessel, Sawazaki & Nakamura (2020): notch of Y/X
QUALITY = (5.0, 20.0)  # widths of 5-20 % of the peak frequency
AXIAL_SHARE = 0.4  # motion along the vessel against that across it
STEP_S = 60.0  # the strength changes within minutes


@settings_class
class CurrentSettings:
    """Resonance of the housing at 5-23 Hz, driven by the tidal current."""

    enabled: bool = option(True, unit="-", reason="109 of S-net's 150 stations lie unburied (Dhakal 2023)")
    share: float = option(
        0.5, unit="-", reason="of the unburied stations; many show the peak, not all", ge=0, le=1
    )
    buried_above_m: float = option(
        -1500.0,
        unit="m",
        reason="S-net is buried in less than 1500 m of water (Dhakal et al. 2023)",
        le=0,
    )
    weakest_snr: float = option(
        0.3, unit="-", reason="rms of all frequencies over background of 2-8 Hz at full current", gt=0
    )
    strongest_snr: float = option(
        5.0, unit="-", reason="current noise lifts the background by 10-15 dB at exposed sites", gt=0
    )

    def __post_init__(self) -> None:
        """Refuse a range whose ends are exchanged."""
        check_order(self, "weakest_snr", "strongest_snr")


class Housing(NamedTuple):
    """One pressure vessel: direction of its short axis (radians from north), level, tide, and its noises.

    ``across`` and ``along`` are the taps (tap,) of the two resonances.
    """

    azimuth: float
    snr: float
    tide_phase: float
    across: NDArray[np.float32]
    along: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CurrentStream:
    """Ringing housings (a ``Stream``); ``housings`` (station,) are None where nothing rings."""

    scene: Scene
    housings: tuple[Housing | None, ...]

    def snr(self, station: int, times_s: FloatArray) -> FloatArray:
        """(time,) rms over the background: the drag of a tidal current, cos**2, in swells."""
        housing = self.housings[station]
        if housing is None:
            return np.zeros(len(times_s))
        keys = ("nuisance", "current", self.scene.network.codes[station])
        swell = slow_variation(self.scene.seed, keys, times_s, SWELL_S)
        tide = np.cos(np.pi * times_s / TIDE_S + housing.tide_phase) ** 2
        return np.asarray(housing.snr * tide * np.exp(SWELL_SPREAD * swell))

    def add_to(self, motion: Motion, station: int, tile: int) -> None:
        """Add the ringing of one tile to the horizontals."""
        housing, grid = self.housings[station], self.scene.grid
        if housing is None:
            return
        times_s = grid.times_s(tile)
        knots_s = times_s[0] + np.arange(-10.0, times_s[-1] - times_s[0] + 20.0, 10.0)
        snr = self.snr(station, knots_s)
        if snr.max() < FAINT_SNR:
            return
        snr = snr * np.clip(snr / FAINT_SNR - 1, 0, 1)  # no step where a tile is left out
        level = np.interp(times_s, knots_s, snr * self.scene.noise_rms[station]).astype(np.float32)
        keys = ("nuisance", "current", self.scene.network.codes[station])
        across, along = (
            level * coloured_noise(self.scene.seed, (*keys, name), tile, taps, grid.tile_samples)
            for name, taps in (("across", housing.across), ("along", housing.along))
        )
        east, north = np.float32(np.sin(housing.azimuth)), np.float32(np.cos(housing.azimuth))
        motion[0] += east * across + north * along
        motion[1] += north * across - east * along


def resonance_density(frequencies_hz: FloatArray, peak_hz: float, quality: float) -> FloatArray:
    """Power density of a ringing housing with unit power in 0-50 Hz: the response of an oscillator.

    The push of turbulent water falls as 1/f in power; the vessel answers with 1 / |1 - x**2 + i x / Q|**2,
    x = f / peak.
    """

    def shape(f: FloatArray) -> FloatArray:
        x = f / peak_hz
        return 1 / (1 + f) / ((1 - x**2) ** 2 + (x / quality) ** 2)

    band = np.linspace(0.0, 50.0, 2001)
    return np.asarray(shape(frequencies_hz) / np.trapezoid(shape(band), band))


def draw_currents(settings: CurrentSettings, scene: Scene) -> NuisancePart:
    """Draw which housings ring; a row for each time that one does so above the background."""
    housings = []
    for station in scene.network.stations:
        rng = generator(scene.seed, "nuisance", "current", station.code)
        rings = rng.uniform() < settings.share and station.elevation_m < settings.buried_above_m
        housings.append(_draw_housing(settings, scene, rng) if rings else None)
    stream = CurrentStream(scene, tuple(housings))
    rows = []
    times_s = np.arange(0.0, scene.grid.duration_s + STEP_S, STEP_S)
    for k, station in enumerate(scene.network.stations):
        if housings[k] is None:
            continue
        place = (station.latitude, station.longitude)
        for first, last in _runs(stream.snr(k, times_s) >= AUDIBLE_SNR):
            span = (times_s[first], min(times_s[last] + STEP_S, scene.grid.duration_s))
            if span[1] > span[0]:
                rows.append(truth_row(scene, "current", span, place, [k]))
    rings_at_all = any(housing is not None for housing in housings)
    return NuisancePart(rows, streams=(stream,) if rings_at_all else ())


def _draw_housing(settings: CurrentSettings, scene: Scene, rng: np.random.Generator) -> Housing:
    """Draw one pressure vessel; the tide turns at about the same time at all stations."""
    common = generator(scene.seed, "nuisance", "current", "tide").uniform(0, np.pi)
    peaks_hz, quality = (rng.uniform(*ROLL_HZ), rng.uniform(*AXIAL_HZ)), rng.uniform(*QUALITY, 2)
    snr = log_uniform(rng, settings.weakest_snr, settings.strongest_snr)
    shares = (1 / np.sqrt(1 + AXIAL_SHARE**2), AXIAL_SHARE / np.sqrt(1 + AXIAL_SHARE**2))
    across, along = (
        (share * _resonance_taps(scene.grid.rate_hz, peak, q)).astype(np.float32)
        for share, peak, q in zip(shares, peaks_hz, quality, strict=True)
    )
    return Housing(rng.uniform(0, np.pi), snr, common + 0.3 * rng.standard_normal(), across, along)


def _resonance_taps(rate_hz: float, peak_hz: float, quality: float) -> NDArray[np.float32]:
    """(tap,) FIR long enough for the width ``peak / quality`` of the resonance."""
    return design_taps(lambda f: resonance_density(f, peak_hz, quality), rate_hz, 4 * quality / peak_hz)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last place of each run of true values."""
    edges = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True))
