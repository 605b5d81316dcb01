"""A simulated twin of every real record: same station, same way from the source, same noise, same processing.

Twins of LFE stacks are one Green's function with an LFE pulse in the band of the stacks; twins of earthquakes
have the S - P, depth and magnitude of their original. The noise below both is Gaussian with the spectrum and
the level that the original has before P: it is the waves that are compared here. Noise is compared by itself,
from the simulator's own background and nuisances. A twin whose S peak comes so late or early that the
features have no room is left out, as the real records were.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from realism_data import (
    RATE_HZ,
    Record,
    common_form,
    envelopes,
    noise_windows,
    smooth,
    usable,
    with_observed_s,
)
from scipy.signal import butter, resample_poly, sosfiltfilt

from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network, Station, timedelta, utc
from tremorflow.simulate.lfe_library import LfeLibrary
from tremorflow.simulate.path import MediumSettings, Paths
from tremorflow.simulate.point_sources import Ground, PointSources, earthquake_sources, tremor_sources
from tremorflow.simulate.scenario import Scenario
from tremorflow.simulate.scene import SampleGrid, Scene
from tremorflow.simulate.site import SiteSettings, draw_sites
from tremorflow.simulate.source import SourceSettings
from tremorflow.simulate.streams import generator
from tremorflow.simulate.synthesis import prepare_simulation

RENDER_HZ = 50.0  # the simulator's own roll-off, from 20 Hz on, is out of the band
START = utc("2008-01-01T00:00:00Z")
ORIGIN_S = 60.0
STACK_BAND_HZ = (1.5, 9.0)  # of the LFE stacks, seen in their residual noise: 44 dB/octave below 1.5 Hz
SILENT = 1e-13  # m/s: noise that nothing is too weak for
# A stack is the mean of hundreds of LFEs, spread over a kilometre of fault and aligned, to 0.05 s, by their S
# waves. Unlike arrival times take high frequencies from S, and more from P: a kilometre changes S - P by
# 0.12 s. Both are found in half "a" (shares of the bands, P over S); they belong to the stacks, not to the
# simulator.
S_SCATTER_S, P_SCATTER_S = 0.085, 0.10
_STACK_SOS = butter(4, STACK_BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
NOISE_STATIONS, NOISE_HOURS = 9, ("2017-09-08T17:00:00Z", "2017-09-08T19:00:00Z", "2017-09-09T06:00:00Z")


@dataclass(frozen=True)
class Settings:
    """What of the simulator is compared; the defaults of the simulator but for what the region prescribes."""

    medium: MediumSettings = field(default_factory=MediumSettings)
    site: SiteSettings = field(default_factory=SiteSettings)
    source: SourceSettings = field(default_factory=SourceSettings)
    seed: int = 1


def tremor_twins(records: list[Record], library: LfeLibrary, settings: Settings) -> list[Record]:
    """LFEs of the same families at the same stations: subduction to the east, so strike is near 350."""
    medium = replace(settings.medium, model="cascadia_south")
    source = replace(settings.source, strike_deg=350.0)
    events = sorted({one.event for one in records})
    first = {one.event: one for one in records}
    rows = [
        {
            "burst_id": name,
            "latitude": first[name].latitude,
            "longitude": first[name].longitude,
            "depth_km": first[name].depth_km,
            "energy_j": 1e3,
            "time": START + timedelta(ORIGIN_S),
        }
        for name in events
    ]
    table = pd.DataFrame(rows)
    ground = _ground(library.network, medium, source, settings)
    sources = tremor_sources(table, table, ground)
    codes = list(library.network.codes)
    twins = (
        with_observed_s(
            _twin(one, sources, (events.index(one.event), codes.index(one.station)), ground, stack=True)
        )
        for one in records
    )
    return [twin for twin in twins if usable(twin, 0.0)]


def earthquake_twins(records: list[Record], settings: Settings) -> list[Record]:
    """Earthquakes as far and as deep as the real ones; a magnitude that is not known is drawn (0.5 to 3.5).

    Larger ones are seen, and kept in collections, farther away: 1.5 at 10 km, 2.7 at 100 km, +- 0.5.
    """
    codes = sorted({one.station for one in records})
    network = Network(tuple(Station(*code.split(".", 1), 38.0, -122.0, 0.0) for code in codes))
    frame = LocalFrame(38.0, -122.0)
    rows = []
    for number, one in enumerate(records):
        rng = generator(settings.seed, "twin", one.station, one.event)
        epicentral = np.sqrt(max(one.distance_km**2 - one.depth_km**2, 1.0))
        azimuth = rng.uniform(0, 2 * np.pi)
        latitude, longitude = frame.to_degrees(epicentral * np.sin(azimuth), epicentral * np.cos(azimuth))
        drawn = np.clip(1.5 + 1.2 * np.log10(one.distance_km / 10) + 0.5 * rng.standard_normal(), 0.5, 3.5)
        rows.append(
            {
                "event_id": f"{number}",
                "latitude": float(latitude),
                "longitude": float(longitude),
                "depth_km": one.depth_km,
                "magnitude": float(drawn if np.isnan(one.magnitude) else one.magnitude),
                "time": START + timedelta(ORIGIN_S),
            }
        )
    medium = replace(settings.medium, model="iasp91")
    ground = _ground(network, medium, settings.source, settings)
    sources = earthquake_sources(pd.DataFrame(rows), ground)
    twins = (
        _twin(one, sources, (number, codes.index(one.station)), ground, stack=False)
        for number, one in enumerate(records)
    )
    return [twin for twin in twins if usable(twin, 0.0)]


def _ground(network: Network, medium: MediumSettings, source: SourceSettings, settings: Settings) -> Ground:
    grid = SampleGrid(START, 600.0, RENDER_HZ)
    scene = Scene(network, grid, settings.seed, np.full(len(network), SILENT))
    sites = draw_sites(network, settings.site, settings.seed)
    return Ground(scene, Paths.of(network, medium), sites, source)


def _stack_band(motion: np.ndarray, s_s: float) -> np.ndarray:
    """What stacking and the authors' filter leave of an LFE whose S arrives at ``s_s``."""
    at = 2 * np.pi * np.fft.rfftfreq(motion.shape[1], 1 / RATE_HZ)
    p, s = (
        np.fft.irfft(np.fft.rfft(motion) * np.exp(-0.5 * (at * scatter) ** 2), motion.shape[1])
        for scatter in (P_SCATTER_S, S_SCATTER_S)
    )
    late = np.clip(np.arange(motion.shape[1]) / RATE_HZ - s_s + 1.0, 0, 1)
    return sosfiltfilt(_STACK_SOS, (1 - late) * p + late * s, axis=-1)


def _twin(
    original: Record,
    sources: PointSources,
    which: tuple[int, int],
    ground: Ground,
    stack: bool,
) -> Record:
    """Twin of a record; its S arrives at the same sample, its P when the simulator says.

    A ``stack`` passes what stacks pass, and its horizontals and vertical rise as far above the noise as those
    of the original: their components were each divided by their noise.
    """
    event, station = which
    site, ray = ground.sites[station], sources.rays[event, station]
    p_time, s_time = ORIGIN_S + ray[0] + site.p_delay_s, ORIGIN_S + ray[1] + site.s_delay_s
    transient = sources.motion(event, station)
    length_s = original.motion.shape[1] / RATE_HZ
    whole = np.zeros((3, round((length_s + 20) * RENDER_HZ)))
    shift = transient.first_sample - round((s_time - original.s_s - 10) * RENDER_HZ)
    first, last = max(shift, 0), min(shift + transient.motion.shape[1], whole.shape[1])
    whole[:, first:last] = transient.motion[:, first - shift : last - shift]
    motion = resample_poly(whole / np.abs(whole).max(), 2, 5, axis=-1)
    if stack:
        motion = _stack_band(motion, original.s_s + 10)
    pad = round(10 * RATE_HZ)
    motion = common_form(motion, RATE_HZ)[:, pad : pad + original.motion.shape[1]]
    draft = replace(original, source="simulated", motion=motion, p_s=original.s_s - (s_time - p_time))
    return _with_noise(draft, original, ((0, 1), (2,)) if stack else ((0, 1, 2),))


def _with_noise(draft: Record, original: Record, groups: tuple[tuple[int, ...], ...]) -> Record:
    """Noise like that of the original, and each group of components as far above it as in the original."""
    rng = generator(1, "residual", original.station, original.event)
    noise = _like(original.noise, draft.motion.shape[1], rng)
    motion = noise.copy()
    for group in map(list, groups):
        wanted = _peak(original, group) ** 2 - np.sum(np.mean(original.noise[group] ** 2, axis=-1)) * 2
        strength = np.sqrt(max(wanted, 0.05 * _peak(original, group) ** 2)) / _peak(draft, group)
        motion[group] += strength * draft.motion[group]
    return replace(draft, motion=motion / np.abs(motion).max())


def _peak(record: Record, components: list[int]) -> float:
    """Maximum of the smooth envelope of some components about S."""
    shape = smooth(np.sqrt((envelopes(record.motion[components]) ** 2).sum(axis=0)), 0.5)
    first, last = round((record.s_s - 1) * RATE_HZ), round((record.s_s + 5) * RATE_HZ)
    return float(shape[max(first, 0) : last].max())


def _like(noise: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise (3, length) with the spectrum of another, smoothed to about 0.5 Hz."""
    count = noise.shape[1]
    power = np.abs(np.fft.rfft(noise * np.hanning(count), 512, axis=-1)) ** 2
    power = np.apply_along_axis(np.convolve, -1, power, np.ones(13) / 13, "same")
    at = np.fft.rfftfreq(length, 1 / RATE_HZ)
    amplitude = np.sqrt([np.interp(at, np.fft.rfftfreq(512, 1 / RATE_HZ), row) for row in power])
    phases = rng.standard_normal(amplitude.shape) + 1j * rng.standard_normal(amplitude.shape)
    made = np.fft.irfft(amplitude * phases, length, axis=-1)
    rms = np.sqrt(np.mean(noise**2, axis=-1, keepdims=True))
    return made * rms / np.sqrt(np.mean(made**2, axis=-1, keepdims=True))


def simulated_noise(scenario: Scenario, like: list[Record]) -> list[Record]:
    """Windows of 120 s of simulated background and nuisances at land stations, at the real hours of day.

    Half of the stations are "a", half "b"; every other window of two stations is reduced to the one component
    that single-component records have (vertical; that of California is horizontal).
    """
    stations = [Station("SM", f"N{k:02d}", 18.0 + 0.15 * (k % 3), -67.0 + 0.15 * (k // 3), 100.0)
                for k in range(NOISE_STATIONS)]  # fmt: skip
    found = []
    for hour in NOISE_HOURS:
        simulation = prepare_simulation(replace(scenario, start=hour), Network(tuple(stations)))
        for k, station in enumerate(stations):
            tiles = [simulation.render(k, tile, ("noise", "nuisances")) for tile in range(6)]
            whole = common_form(np.concatenate(tiles, axis=-1), scenario.sampling_rate_hz)
            name = f"SM.{station.station}"
            found += noise_windows("simulated", name, hour, "ab"[k % 2], whole)
    return found
