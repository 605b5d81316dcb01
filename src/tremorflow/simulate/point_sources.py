"""Bursts of tremor and earthquakes as events that shake stations."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import fft

from tremorflow.records import FloatArray
from tremorflow.simulate.path import Paths, band_frequencies_hz, band_transmission
from tremorflow.simulate.scene import Scene, Transient, seconds_since
from tremorflow.simulate.seismogram import (
    LEAD_S,
    REVERBERATION_S,
    Renderer,
    SourceWave,
    Spectrum,
    StationRay,
    fast_length,
)
from tremorflow.simulate.site import Site
from tremorflow.simulate.source import (
    DENSITY_KG_M3,
    MEAN_P_RADIATION,
    MEAN_S_RADIATION,
    S_VELOCITY_M_S,
    ComplexArray,
    Mechanism,
    SourceSettings,
    band_energy,
    corner_frequency_hz,
    earthquake_spectrum,
    moment_nm,
    p_over_s,
    radiation_pattern,
    velocity_spectrum,
)
from tremorflow.simulate.streams import generator

WEAKEST = 0.05  # of the noise: what peaks below is not rendered
SHORTEST_S = 3.0  # over which the energy of an impulse is spread at least, by scattering and sediment
RESPONSE_S = (20.0, 180.0)  # shortest and longest train of scattered waves that is rendered
P_CORNER_RATIO = 1.3  # of P over S corners (Madariaga 1976: 1.5; observed 1.0-1.6)
GRID_HZ = 100.0  # LFEs of a burst fall on times of at least this fineness
SNR_WINDOW_S = 120.0  # DEFINITIONS.md
KEPT_SPECTRA = 64  # of bursts: 10 MB at 100 Hz; two or three overlap at a station


@dataclass(frozen=True, slots=True)
class PointSources:
    """Sources of one kind at known places, as ``Transients``.

    ``waves`` and ``rays`` are by event; ``response_s`` (event, station) is how long scattered waves are
    rendered, NaN where the event stays below the noise; ``energies`` (event, station) is the integral of
    squared S velocity in 2-8 Hz, all components, that a station is expected to record (m^2/s).
    """

    renderer: Renderer
    waves: tuple[SourceWave, ...]
    rays: NDArray[np.float64]  # (event, station, 7): the fields of StationRay
    energies: FloatArray
    response_s: FloatArray

    def spans_s(self, station: int) -> FloatArray:
        """(event, 2) first and last second of each event at the station; NaN if it is too weak."""
        origins = np.array([wave.origin_s for wave in self.waves])
        durations = np.array([wave.duration_s for wave in self.waves])
        start = origins + self.rays[:, station, 0] - LEAD_S - 0.1
        end = origins + self.rays[:, station, 1] + durations + self.response_s[:, station]
        spans = np.stack([start, end + 2 * LEAD_S + REVERBERATION_S], axis=-1)
        spans[np.isnan(spans).any(axis=-1)] = np.nan
        return np.asarray(spans)

    def motion(self, event: int, station: int) -> Transient:
        """Motion of the station by the event."""
        ray = StationRay(*self.rays[event, station].tolist())
        return self.renderer.motion(station, ray, self.waves[event], float(self.response_s[event, station]))


@dataclass(frozen=True)
class Ground:
    """Where sources and stations are: what both kinds of sources need to become motion."""

    scene: Scene
    paths: Paths
    sites: tuple[Site, ...]
    source: SourceSettings

    @cached_property
    def renderer(self) -> Renderer:
        """Renderer of the network, one for both kinds: they share the responses of the sites."""
        grid = self.scene.grid
        return Renderer(self.scene.network, self.sites, self.paths.settings, grid.rate_hz, self.scene.seed)


def tremor_sources(tremor: pd.DataFrame, lfe: pd.DataFrame, ground: Ground) -> PointSources:
    """Bursts of tremor: every LFE of a burst takes the same way to a station.

    Parameters
    ----------
    tremor, lfe
        Truth tables; the energies of the LFEs of a burst sum to that of the burst.
    """
    groups = {str(burst): rows for burst, rows in lfe.groupby("burst_id", sort=False)}
    waves, mechanisms, spectra = [], [], _BurstSpectra()
    settings = ground.source
    for row in tremor.to_dict("records"):
        rows = groups[row["burst_id"]]
        times = seconds_since(rows["time"], ground.scene.grid.start_time)
        rng = generator(ground.scene.seed, "burst", row["burst_id"])
        corner_hz = float(rng.uniform(*settings.lfe_corner_hz))
        amplitudes = np.sqrt(rows["energy_j"].to_numpy() / row["energy_j"])
        waves.append(spectra.wave(times, amplitudes, row["energy_j"], corner_hz, _place(row)))
        mechanisms.append(Mechanism(settings.strike_deg, settings.dip_deg, 90.0))
    shapes = np.ones((len(waves), len(band_frequencies_hz())))
    return _point_sources(tremor, tuple(waves), mechanisms, tremor["energy_j"].to_numpy(), shapes, ground)


def earthquake_sources(earthquakes: pd.DataFrame, ground: Ground) -> PointSources:
    """Ordinary earthquakes: omega-square sources with random stress drop and mechanism near thrust."""
    waves, mechanisms, energies, shapes = [], [], [], []
    settings, start = ground.source, ground.scene.grid.start_time
    band = band_frequencies_hz()
    for row in earthquakes.to_dict("records"):
        rng = generator(ground.scene.seed, "earthquake", row["event_id"])
        stress = settings.stress_drop_mpa * 10 ** (settings.stress_drop_scatter * rng.standard_normal())
        moment = moment_nm(row["magnitude"])
        corner = corner_frequency_hz(moment, stress)
        origin = float(seconds_since([row["time"]], start)[0])
        waves.append(_earthquake_wave(origin, moment, corner, _place(row)))
        strike = settings.strike_deg + 30 * rng.standard_normal()
        mechanisms.append(Mechanism(strike, rng.uniform(10, 60), 90 + 30 * rng.standard_normal()))
        shape = np.abs(earthquake_spectrum(band, moment, corner)) ** 2
        energies.append(8 * np.pi * DENSITY_KG_M3 * S_VELOCITY_M_S * shape.mean() * 6.0)
        shapes.append(shape)
    weights = np.array(shapes).reshape(-1, len(band))
    return _point_sources(earthquakes, tuple(waves), mechanisms, np.array(energies), weights, ground)


def burst_snr(sources: PointSources, lfe: pd.DataFrame, tremor: pd.DataFrame, scene: Scene) -> FloatArray:
    """(burst, station) expected SNR over the best 120-s window (DEFINITIONS.md), scattering left out."""
    shares = np.ones(len(tremor))
    groups = {str(burst): rows for burst, rows in lfe.groupby("burst_id", sort=False)}
    for k, burst in enumerate(tremor["burst_id"]):
        times = seconds_since(groups[burst]["time"], scene.grid.start_time)
        energy = groups[burst]["energy_j"].to_numpy()
        order = np.argsort(times)
        total = np.concatenate([[0.0], np.cumsum(energy[order])])
        ends = np.searchsorted(times[order], times[order] + SNR_WINDOW_S, side="right")
        shares[k] = (total[ends] - total[:-1]).max() / total[-1]
    rms = np.sqrt(sources.energies * shares[:, None] / SNR_WINDOW_S)
    noise = np.where(scene.noise_rms > 0, scene.noise_rms, np.nan)
    return np.asarray(rms / noise)


def _point_sources(
    table: pd.DataFrame,
    waves: tuple[SourceWave, ...],
    mechanisms: list[Mechanism],
    energies: FloatArray,
    shapes: FloatArray,
    ground: Ground,
) -> PointSources:
    """Rays and expected strength of every event at every station."""
    scene, medium = ground.scene, ground.paths.settings
    rays = np.full((len(waves), len(scene.network), 7), np.nan)
    places = table[["latitude", "longitude", "depth_km"]].to_numpy(dtype=np.float64)
    for k, (latitude, longitude, depth_km) in enumerate(places):
        way = ground.paths.rays(latitude, longitude, depth_km)
        radiation = _radiation(mechanisms[k], way.azimuths_deg, way.takeoffs_deg, ground.source)
        rays[k] = np.stack(
            [way.p_times_s, way.s_times_s, way.distances_km, way.azimuths_deg, *radiation], axis=-1
        )
    distances = rays[:, :, 2]
    amplification = np.array([site.amplification for site in ground.sites])
    left = np.array(
        [band_transmission(row, medium, shape) for row, shape in zip(distances, shapes, strict=True)]
    ).reshape(distances.shape)
    flux = 4 * np.pi * DENSITY_KG_M3 * S_VELOCITY_M_S * (distances * 1000) ** 2
    expected = energies[:, None] * left * amplification**2 / flux
    durations = np.array([wave.duration_s for wave in waves])[:, None]
    peak = expected / np.maximum(durations / 4, SHORTEST_S)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = peak / (WEAKEST * scene.noise_rms) ** 2
    coda_s = medium.coda_s if medium.kind == "layered" else 1.0
    response = np.clip(coda_s * np.log(np.maximum(excess, 1)), *RESPONSE_S)
    response = np.where((excess < 1) | np.isnan(rays[:, :, :2]).any(axis=-1), np.nan, response)
    return PointSources(ground.renderer, waves, rays, expected, response)


def _radiation(
    mechanism: Mechanism, azimuths_deg: FloatArray, takeoffs_deg: FloatArray, settings: SourceSettings
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P, SV and SH amplitude relative to the mean over the sphere, the pattern smeared as settings say."""
    p, sv, sh = radiation_pattern(mechanism, azimuths_deg, takeoffs_deg)
    p, sv, sh = p / MEAN_P_RADIATION, sv / MEAN_S_RADIATION, sh / MEAN_S_RADIATION
    kept = settings.radiation_strength if settings.radiation == "double_couple" else 0.0
    s = np.maximum(np.hypot(sv, sh), 1e-6)
    strength = np.sqrt(kept * s**2 + (1 - kept))
    p_sign = np.where(p < 0, -1.0, 1.0)
    return p_sign * np.sqrt(kept * p**2 + (1 - kept)), strength * sv / s, strength * sh / s


class _BurstSpectra:
    """Source spectra of bursts, the last few kept: a burst goes to many stations one after the other."""

    def __init__(self) -> None:
        self.lags_s: list[FloatArray] = []
        self.amplitudes: list[FloatArray] = []
        self.energies_j: list[float] = []
        self.corners_hz: list[float] = []
        self.spectrum = lru_cache(maxsize=KEPT_SPECTRA)(self._make)

    def _make(self, burst: int, length: int, step_hz: float) -> NDArray[np.complex64]:
        frequencies = np.arange(length, dtype=np.float64) * np.float64(step_hz)
        n_fine = fast_length(int(np.ceil(GRID_HZ / step_hz)))
        fine = np.zeros(max(n_fine, 2 * length))
        places = np.round(self.lags_s[burst] * step_hz * len(fine)).astype(int)
        np.add.at(fine, np.minimum(places, len(fine) - 1), self.amplitudes[burst])
        train: ComplexArray = np.asarray(fft.rfft(fine))[:length]
        train = train * velocity_spectrum(frequencies, self.corners_hz[burst], 1)
        scaled = train * np.sqrt(self.energies_j[burst] / band_energy(train, frequencies))
        return np.asarray(scaled, dtype=np.complex64)

    def wave(
        self, times_s: FloatArray, amplitudes: FloatArray, energy_j: float, corner_hz: float, place: str
    ) -> SourceWave:
        """Wave of LFEs at ``times_s`` of one patch, scaled to the energy that they radiate in 2-8 Hz."""
        number, origin = len(self.lags_s), float(times_s.min())
        self.lags_s.append(times_s - origin)
        self.amplitudes.append(amplitudes)
        self.energies_j.append(energy_j)
        self.corners_hz.append(corner_hz)

        def s_spectrum(frequencies_hz: FloatArray) -> Spectrum:
            return self.spectrum(number, len(frequencies_hz), float(frequencies_hz[1]))

        def p_spectrum(frequencies_hz: FloatArray) -> Spectrum:
            return np.asarray(p_over_s() * s_spectrum(frequencies_hz), dtype=np.complex64)

        return SourceWave(origin, float(np.ptp(times_s)) + 1.0, s_spectrum, p_spectrum, place)


def _earthquake_wave(origin_s: float, moment: float, corner_hz: float, place: str) -> SourceWave:
    """Wave of an omega-square source."""

    def s_spectrum(frequencies_hz: FloatArray) -> ComplexArray:
        return earthquake_spectrum(frequencies_hz, moment, corner_hz)

    def p_spectrum(frequencies_hz: FloatArray) -> ComplexArray:
        return p_over_s() * earthquake_spectrum(frequencies_hz, moment, P_CORNER_RATIO * corner_hz)

    return SourceWave(origin_s, min(2 / corner_hz, 60.0), s_spectrum, p_spectrum, place)


def _place(row: dict[Hashable, Any]) -> str:
    """Name of a place, the same within 1 km: sources there share their scattered waves."""
    return f"{row['latitude']:.2f} {row['longitude']:.2f} {row['depth_km']:.0f}"
