"""Semi-real tremor for networks put together in memory: stacks of real LFEs of families left out of training.

Two ways, since no family left out of training has more than three stacks at stations that are left out too,
and an active window needs six stations:

"real moveout": every station that has a stack of the family. Arrival times, amplitudes against the noise and
waveforms between stations are those of the stacks. Most of these stations gave stacks of *other* families to
training; the stacks used here trained nothing.

"placed": only stacks of families and stations left out of training, two dozen, each given to one station of
the network and moved so that S comes when a 1-D model says (the stack's own residual stays). The stack is one
from as far away as may be, so that S-P and coda fit. Amplitudes fall as 1/r and with Q 200.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import shared_data
from network_sets import (
    ACTIVE_S,
    MIN_LFES,
    NOISE_M_S,
    RATE_HZ,
    MadeNetwork,
    best_snr,
    seconds_after,
    snr_windows,
)
from scipy.optimize import linear_sum_assignment

from tremorflow.geodesy import distances_km
from tremorflow.records import Network
from tremorflow.simulate.lfe_library import (
    STACK_RATE_HZ,
    STACK_SAMPLES,
    LfeLibrary,
    SemiRealSettings,
    isolate_signals,
    read_lfe_library,
)
from tremorflow.simulate.scene import SampleGrid, Scene
from tremorflow.simulate.semireal import SemiRealTremor, draw_semi_real
from tremorflow.traveltime import read_velocity_model, station_travel_times

TIMES = "times_ducellier_2007_2009.csv.gz"
ORIGIN_S = 8.0  # of placed stacks: nothing of the P is cut
LATEST_S = 35.0  # S, of stations that a source moves: some 130 km away, and its coda still fits in
REACH_KM = 400.0


@lru_cache(maxsize=1)
def whole_library() -> LfeLibrary:
    return read_lfe_library(shared_data.shared_folder() / "lfe")


def library_of(use: str) -> LfeLibrary:
    """Library of the families of one use: all templates, all stations."""
    whole = whole_library()
    chosen = [k for k in range(len(whole.templates)) if shared_data.family_use(whole, k) == use]
    return cut_library(whole, chosen, list(range(len(whole.network))))


def cut_library(whole: LfeLibrary, templates: list[int], stations: list[int]) -> LfeLibrary:
    return LfeLibrary(
        templates=tuple(whole.templates[k] for k in templates),
        families=tuple(whole.families[k] for k in templates),
        latitudes=whole.latitudes[templates],
        longitudes=whole.longitudes[templates],
        depths_km=whole.depths_km[templates],
        network=whole.network.subset(stations),
        waveforms=whole.waveforms[np.ix_(templates, stations)],
        origins_s=whole.origins_s[templates],
        p_times_s=whole.p_times_s[np.ix_(templates, stations)],
    )


def with_stacks(library: LfeLibrary, families: set[str]) -> LfeLibrary:
    """Stations that have a complete stack, strong or weak, of most of these families."""
    there = np.isfinite(library.waveforms).all(axis=(2, 3))
    heard = [there[list(library.templates_of(one))].any(axis=0) for one in sorted(families)]
    chosen = np.flatnonzero(np.mean(heard, axis=0) > 0.5)
    return cut_library(library, list(range(len(library.templates))), chosen.tolist())


# --- placed stacks ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stack:
    """A stack of a family and a station of one use: 3-component signal, and its times."""

    samples: np.ndarray
    origin_s: float
    p_s: float
    s_s: float
    distance_km: float


def stacks_of(use: str) -> list[Stack]:
    """Stacks of one use that are strong enough, with travel times after the origin."""
    whole = whole_library()
    signals = isolate_signals(whole.waveforms, whole.p_times_s, SemiRealSettings().min_stack_snr)
    model = read_velocity_model("cascadia_south")
    s_times = station_travel_times(model, whole.network, np.arange(0.0, 101.0, 2.0), REACH_KM)
    found = []
    for template, station in shared_data.lfe_pairs(whole, signals)[use]:
        place = whole.latitudes[template], whole.longitudes[template], whole.depths_km[template]
        origin_s = float(whole.origins_s[template])
        away = distances_km(*place[:2], whole.network.latitudes[station], whole.network.longitudes[station])
        found.append(
            Stack(
                signals[template, station],
                origin_s,
                float(whole.p_times_s[template, station]) - origin_s,
                float(s_times.times(*place)[station]),
                float(np.hypot(away, place[2])),
            )
        )
    return found


def placed_library(
    use: str,
    network: Network,
    sources: pd.DataFrame,
    model: str,
) -> LfeLibrary:
    """Library of a network and of sources, of stacks of one use.

    ``sources`` has the columns template, family, latitude, longitude and depth_km.

    No two stations of a source have the same stack.
    """
    stacks = stacks_of(use)
    depths = np.arange(0.0, 101.0, 2.0)
    s_times = station_travel_times(read_velocity_model(model), network, depths, REACH_KM)
    waveforms = np.full((len(sources), len(network), 3, STACK_SAMPLES), np.nan, dtype=np.float32)
    p_times = np.full(waveforms.shape[:2], np.nan)
    for k, source in enumerate(sources.itertuples()):
        arrivals = s_times.times(source.latitude, source.longitude, source.depth_km)
        away = distances_km(source.latitude, source.longitude, network.latitudes, network.longitudes)
        distance = np.hypot(away, source.depth_km)
        cost = np.abs(np.log(distance[:, None] / np.array([one.distance_km for one in stacks])))
        for station, number in zip(*linear_sum_assignment(cost), strict=True):
            one = stacks[number]
            if not arrivals[station] <= LATEST_S:
                continue
            lag_s = ORIGIN_S - one.origin_s + arrivals[station] - one.s_s
            waveforms[k, station] = shifted(one.samples, round(lag_s * STACK_RATE_HZ))
            p_times[k, station] = ORIGIN_S + arrivals[station] - one.s_s + one.p_s
    return LfeLibrary(
        templates=tuple(sources["template"]),
        families=tuple(sources["family"]),
        latitudes=sources["latitude"].to_numpy(float),
        longitudes=sources["longitude"].to_numpy(float),
        depths_km=sources["depth_km"].to_numpy(float),
        network=network,
        waveforms=waveforms,
        origins_s=np.full(len(sources), ORIGIN_S),
        p_times_s=p_times,
    )


def shifted(samples: np.ndarray, lag: int) -> np.ndarray:
    """The same later by so many samples, zeros where nothing is known."""
    out = np.zeros_like(samples)
    count = samples.shape[-1]
    low, high = max(lag, 0), min(count + lag, count)
    out[..., low:high] = samples[..., low - lag : high - lag]
    return out


# --- tremor in a network ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tremor:
    """Motion (station, 3, time) of semi-real tremor of unit size, and its LFEs."""

    motion: np.ndarray
    lfe: pd.DataFrame


def make_tremor(
    made: MadeNetwork, library: LfeLibrary, real_start: str, begin_s: float, amplitude: str, seed: int
) -> Tremor:
    """An hour of tremor at real times from ``real_start`` on, which falls ``begin_s`` after the start.

    Every LFE has a size of its own, exponential; "stack" or "model" is the law between stations.
    """
    settings = SemiRealSettings(
        library=str(shared_data.shared_folder() / "lfe"),
        times=TIMES,
        real_start=real_start,
        lfe_snr=(1.0, 1.0),
        amplitude=amplitude,
        reference_noise_m_s=NOISE_M_S,
    )
    grid = SampleGrid(made.start + np.timedelta64(round(begin_s * 1000), "ms"), 3600.0, RATE_HZ)
    scene = Scene(made.network, grid, seed, np.full(len(made.network), NOISE_M_S))
    tremor, lfe = draw_semi_real(settings, library, made.network, grid, seed)
    source = SemiRealTremor(scene, library, tremor, lfe, settings)
    whole = replace_motion(made)
    for station in range(len(made.network)):
        spans = source.spans_s(station)
        for event in np.flatnonzero(np.isfinite(spans[:, 0])):
            found = source.motion(int(event), station)
            whole.add(station, round(begin_s * RATE_HZ) + found.first_sample, found.motion)
    return Tremor(whole.motion, lfe)


def replace_motion(made: MadeNetwork) -> MadeNetwork:
    """The same network at rest."""
    return replace(made, motion=np.zeros_like(made.motion))


def lfe_windows(made: MadeNetwork, lfe: pd.DataFrame) -> list[float]:
    """Starts (s) of the five-minute windows with three LFEs or more."""
    begin_s = seconds_after(made.start, lfe)
    numbers, counts = np.unique(begin_s // ACTIVE_S, return_counts=True)
    return [float(n * ACTIVE_S) for n in numbers[counts >= MIN_LFES]]


def size_for(made: MadeNetwork, tremor: Tremor, snr: float, rank: int | None) -> float:
    """One factor for the hour: then the median window with three LFEs has this SNR.

    That of its ``rank``-th best station; of the median station without a rank.
    """
    table = snr_windows(made.noise, tremor.motion)
    found = [np.sort(best_snr(table, start))[::-1] for start in lfe_windows(made, tremor.lfe)]
    values = [np.median(one) if rank is None else one[rank - 1] for one in found]
    return float(snr / np.median(values))
