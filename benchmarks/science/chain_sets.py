"""What benchmarks of the whole chain share: signals of simulated networks, made once and kept, and matching.

Simulated at 25 Hz, as counts, and read as a user's archive would be: DiET with the bundled weights, envelopes
of all components. Making a day of S-net takes about 10 minutes of one core.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.associate import Hearing, learn_hearing
from tremorflow.batch.capability import hour_noises
from tremorflow.batch.signals import HourAnalyser, SignalFolder, make_signals
from tremorflow.batch.simulated import SimulatedWaveforms
from tremorflow.catalog.matching import find_candidates, match_one_to_one
from tremorflow.classifier.weights import read_weights
from tremorflow.energy import typical_noise
from tremorflow.locate import SearchGrid, search_grid
from tremorflow.preprocess import PreprocessSettings
from tremorflow.records import FloatArray, Network, Probabilities, timedelta
from tremorflow.settings import Settings
from tremorflow.simulate.scenario import Scenario, hash_scenario, read_scenario
from tremorflow.simulate.synthesis import Simulation, prepare_simulation
from tremorflow.traveltime import read_velocity_model, station_travel_times

RATE_HZ = 25.0
BLOCK_H = 4  # of envelopes in memory
GATE_S, GATE_KM = 150.0, 50.0
SHIFT_S = 21600.0  # of what is found by chance (DEFINITIONS: matching)
COUNTED_SNR = (0.3, 10.0)
CACHE = Path(__file__).resolve().parents[2] / "build" / "chain"
WEAK_PER_DAY = 170  # bursts, so that two never overlap, as in the scenario
WEAK_LOG10_J = (2.2, 4.8)  # of which 83 % have a best station of SNR 0.3-10 (DEFINITIONS: the multiple)


def chosen_settings() -> Settings:
    """Default settings with the depth fixed, as the documentation advises off shore."""
    settings = Settings()
    return replace(settings, location=replace(settings.location, depth="fixed"))


def grid_of(network: Network, settings: Settings) -> SearchGrid:
    """Where sources of a simulated network are looked for."""
    model = read_velocity_model("jma2001")
    times = station_travel_times(model, network, np.arange(0.0, 40.0, 1.0), 400.0)
    return search_grid(network, times, settings.location)


def noise_of_folder(folder: SignalFolder, settings: Settings) -> FloatArray:
    """Noise (station,) of all hours of a folder, m/s."""
    stored = folder.hours()
    span = stored[0], stored[-1] + timedelta(3600.0)
    hours = [noise for _, noise in hour_noises(folder, span, settings.energy) if noise is not None]
    return typical_noise(hours)


def hearing_of(
    folder: SignalFolder, probabilities: Probabilities, network: Network, settings: Settings
) -> Hearing:
    """How the stations of a day hear; of the noise and the site terms of the network, as a run learns it."""
    known = replace(probabilities, network=network)
    return learn_hearing(known, settings.association, noise_of_folder(folder, settings))


def blocks_of(
    start: np.datetime64, end: np.datetime64, settings: Settings
) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    """Spans of some hours, each with the step that its last window reaches into the next."""
    while start < end:
        yield start, min(start + timedelta(BLOCK_H * 3600 + settings.location.step_s), end)
        start += timedelta(BLOCK_H * 3600)


def matched(events: pd.DataFrame, truth: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows of events and of bursts that belong together (DEFINITIONS: matching)."""
    if not len(events) or not len(truth):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    pairs = find_candidates(events, truth, GATE_S, GATE_KM)
    chosen = match_one_to_one(pairs, len(events), len(truth))
    return pairs.a[chosen], pairs.b[chosen]


def counted(truth: pd.DataFrame) -> np.ndarray:
    """(burst,) whether its best station has an SNR of 0.3 to 10."""
    return truth["snr_best"].between(*COUNTED_SNR).to_numpy()


def weak_days_parser(about: str | None) -> argparse.ArgumentParser:
    """Options of a program that looks at weak days."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weak-days", type=int, default=8)
    parser.add_argument("--seed", type=int, default=2561)
    parser.add_argument("--hours", type=float, default=24.0, help="of each day, for a quick look")
    parser.add_argument("--processes", type=int, default=2)
    return parser


def scenario_of(name: str, seed: int, day: int, hours: float = 24.0) -> Scenario:
    """One day of a named scenario with a seed of its own; days follow each other."""
    base = read_scenario(name, seed=seed + 1000 * day, sampling_rate_hz=RATE_HZ, duration_s=hours * 3600)
    start = np.datetime64(base.start.removesuffix("Z")) + np.timedelta64(day, "D")
    scenario = replace(base, start=f"{start}Z")
    if name == "weak":
        bursts = replace(
            base.tremor[0],
            n_bursts=round(WEAK_PER_DAY * hours / 24),
            log10_energy_min=WEAK_LOG10_J[0],
            log10_energy_max=WEAK_LOG10_J[1],
        )
        scenario = replace(scenario, tremor=(bursts, *base.tremor[1:]))
    return scenario


def signals_of(scenario: Scenario, cache: Path, processes: int) -> tuple[Simulation, SignalFolder]:
    """Simulation of a scenario, and its signals, made if they are not there."""
    started = time.time()
    simulation = prepare_simulation(scenario)
    feed, weights = SimulatedWaveforms(simulation), read_weights()
    start = simulation.grid.start_time
    span = start, start + timedelta(scenario.duration_s)
    work = HourAnalyser(feed, weights, feed.orientations, span, PreprocessSettings())
    folder = SignalFolder(cache / f"{scenario.name}-{scenario.seed}-{hash_scenario(scenario)}-{weights.hash}")
    folder.path.mkdir(parents=True, exist_ok=True)
    make_signals(folder, work, processes)
    spent = time.time() - started
    print(f"{scenario.name} seed {scenario.seed}: signals in {spent:.0f} s", file=sys.stderr, flush=True)
    return simulation, folder
