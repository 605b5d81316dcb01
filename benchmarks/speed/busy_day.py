"""CPU seconds and memory from probabilities to energies of a busy day of S-net.

    python benchmarks/speed/busy_day.py [--hours 24] [--seed 23]

Simulated, hour by hour: 150 stations, a burst in every second window of the location (every 300 s, 30 to
200 s long), in one case of five two at once; each is as strong as 5 to 25 stations with an SNR of 1.5 tell.
What DiET says of the windows is drawn at the SNR that the same bursts have there, as in the bench grasp. Both
are kept in a folder of signals, and read back block by block by a process of its own, as a run does: noise
of the stations, groups, their location (depth fixed, as is advised off shore), energies, catalogue. Travel
times, grid and imports count as memory and not as time. ``parts`` are CPU seconds, none within another; the
cost of a window is without energies. ``scenes`` are the sets of correlations that were made: one a candidate,
one more for each further source that is looked for, and for each that is located anew. Bars, for 24 h: 120
CPU-s, 1 GB. Ends with one JSON object.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from scipy.signal import butter, lfilter, sosfiltfilt
from scipy.special import expit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "science"))

from chain_sets import noise_of_folder
from grasp import DEPTH_KM, HEARD, Bench

from tremorflow import analysis, detections, locate
from tremorflow.associate import learn_hearing
from tremorflow.batch.run import blocks_of
from tremorflow.batch.signals import SignalFolder
from tremorflow.classifier.inputs import window_starts
from tremorflow.geodesy import distances_km
from tremorflow.io.signals import Signals
from tremorflow.locate import groups as locate_groups_room
from tremorflow.locate import windows as locate_windows_room
from tremorflow.preprocess import select_horizontals
from tremorflow.records import CLASSES, ROLES, Envelopes, Network, Probabilities, timedelta, utc
from tremorflow.settings import Settings
from tremorflow.simulate import draw_burst_power, expected_amplitudes
from tremorflow.simulate.envelopes import SIMULATION_RATE_HZ, EnvelopeSimulationSettings
from tremorflow.simulate.geometry import draw_inside
from tremorflow.spectrogram import SpectrogramSettings
from tremorflow.traveltime import StationTravelTimes, read_velocity_model, station_travel_times

BAR_CPU_S, BAR_MB = 120.0, 1000.0
START = utc("2021-06-01T00:00:00Z")
HOUR_S = 3600.0
EVERY_S, TWICE = 300.0, 0.2  # between bursts; share of them that come with another elsewhere
DURATIONS_S = (30.0, 200.0)
MARGIN_S = 180.0  # around an hour: windows that end in it begin before it, and filters need room
NOISE_M_S, NOISE_LOG10 = 1e-7, 0.15
PARTS: dict[str, tuple[Any, str]] = {
    "association": (analysis, "associate_stations"),
    "veto": (analysis, "earthquake_excess"),
    "group_table": (analysis, "group_table"),
    "candidates": (analysis, "gather_candidates"),
    "correlation": (locate_windows_room, "correlate_pairs"),
    "stacking": (locate_groups_room, "stack_gains"),
    "model_power": (locate_groups_room, "model_power"),
    "refinement": (locate_windows_room, "refine_source"),
    "energy": (detections, "estimate_energy"),
}


@dataclass(frozen=True)
class Burst:
    """Power radiated from ``start_s`` on (time,), 5 Hz, and what the stations get of it (station,)."""

    start_s: float
    power: np.ndarray
    delays: np.ndarray  # samples
    snr: np.ndarray


class BusyDay:
    """Bursts of a day on S-net, and signals of its hours; hour ``k`` depends on the seed and ``k`` alone."""

    def __init__(self, hours: int, seed: int) -> None:
        self.bench, self.seed, self.span_s = Bench(seed), seed, hours * HOUR_S
        self.network: Network = self.bench.network
        rng, times = np.random.default_rng(seed), travel_times_of(self.network)
        starts = np.arange(30.0, self.span_s - EVERY_S, EVERY_S)
        starts = np.repeat(starts, np.where(rng.random(len(starts)) < TWICE, 2, 1))
        self.bursts = [self._burst(start + rng.uniform(0, 30), times, rng) for start in starts]
        self.noise_m_s = NOISE_M_S * 10 ** rng.normal(0, NOISE_LOG10, len(self.network))
        self.starts = window_starts(START, START + timedelta(self.span_s), SpectrogramSettings())

    def _burst(self, start_s: float, times: StationTravelTimes, rng: np.random.Generator) -> Burst:
        (latitude,), (longitude,) = draw_inside(self.bench.outline, 1, rng)
        away = distances_km(latitude, longitude, self.network.latitudes, self.network.longitudes)
        shape = expected_amplitudes(np.hypot(away, DEPTH_KM), EnvelopeSimulationSettings())
        weakest, strongest = (1.5 / np.sort(shape)[-count] for count in HEARD)
        duration_s = rng.uniform(*DURATIONS_S)
        radiated = draw_burst_power(duration_s + 30.0, 0.0, duration_s, rng)
        decay = np.exp(-1 / (SIMULATION_RATE_HZ * EnvelopeSimulationSettings().coda_s))
        delays = times.times(latitude, longitude, DEPTH_KM) * SIMULATION_RATE_HZ
        delays = np.where(np.isfinite(delays), np.rint(delays), -1).astype(int)
        snr = shape * np.exp(rng.uniform(np.log(weakest), np.log(strongest)))
        return Burst(start_s, lfilter([1 - decay], [1, -decay], radiated), delays, snr)

    def signals(self, hour: int) -> Signals:
        """Envelopes of an hour, and probabilities of the windows that end in it."""
        rng = np.random.default_rng([self.seed, hour])
        begin_s = hour * HOUR_S - MARGIN_S
        tremor = self._tremor_power(begin_s, round((HOUR_S + 2 * MARGIN_S) * SIMULATION_RATE_HZ))
        return Signals(self._probabilities(tremor, hour, rng), self._envelopes(tremor, hour, rng), {})

    def _tremor_power(self, begin_s: float, count: int) -> np.ndarray:
        """(station, time) expected power of all bursts over that of the noise, 5 Hz."""
        power = np.zeros((len(self.network), count))
        for burst in self.bursts:
            first = round((burst.start_s - begin_s) * SIMULATION_RATE_HZ)
            if not -count < first < count:
                continue
            for k in np.flatnonzero((burst.delays >= 0) & (burst.snr > 0.03)):
                at = first + burst.delays[k]
                low, high = max(at, 0), min(at + len(burst.power), count)
                if low < high:
                    power[k, low:high] += burst.snr[k] ** 2 * burst.power[low - at : high - at]
        return power

    def _envelopes(self, tremor: np.ndarray, hour: int, rng: np.random.Generator) -> Envelopes:
        """Three components with the same tremor, each with its own noise, as ``simulate_envelopes`` draws."""
        made, (count, samples) = EnvelopeSimulationSettings(), tremor.shape
        bandwidth_hz = made.band_high_hz - made.band_low_hz
        shape = bandwidth_hz / SIMULATION_RATE_HZ
        sos = butter(2, made.lowpass_hz, fs=SIMULATION_RATE_HZ, output="sos")
        step = round(SIMULATION_RATE_HZ / made.sampling_rate_hz)
        inside = slice(round(MARGIN_S * SIMULATION_RATE_HZ), round((MARGIN_S + HOUR_S) * SIMULATION_RATE_HZ))
        knots = np.linspace(0, samples - 1, round(samples / (made.noise_drift_s * SIMULATION_RATE_HZ)))
        values = np.empty((count, len(ROLES), round(HOUR_S * made.sampling_rate_hz)))
        for k in range(count):
            drift = np.interp(np.arange(samples), knots, rng.normal(0, made.noise_drift, len(knots)))
            expected = np.tile(np.exp(drift) + tremor[k], (len(ROLES), 1))
            smooth = sosfiltfilt(sos, rng.gamma(shape, expected / shape), axis=-1)
            values[k] = self.noise_m_s[k] * np.sqrt(np.maximum(smooth, 0))[:, inside][:, ::step]
        start, band = START + timedelta(hour * HOUR_S), (made.band_low_hz, made.band_high_hz)
        return Envelopes(self.network, tuple(ROLES), values, start, made.sampling_rate_hz, band, "m/s")

    def _probabilities(self, tremor: np.ndarray, hour: int, rng: np.random.Generator) -> Probabilities:
        """What DiET says at the SNR of each window; neighbours err alike."""
        cut, begin = SpectrogramSettings(), START + timedelta(hour * HOUR_S)
        ends = self.starts + timedelta(cut.window_s)
        mine = self.starts[(ends > begin) & (ends <= begin + timedelta(HOUR_S))]
        late_s = (mine - begin) / np.timedelta64(1, "s") + MARGIN_S
        first = np.rint(late_s * SIMULATION_RATE_HZ).astype(int)
        length = round(cut.window_s * SIMULATION_RATE_HZ)
        sums = np.concatenate([np.zeros((len(tremor), 1)), np.cumsum(tremor, axis=1)], axis=1)
        snr = np.sqrt(np.maximum(sums[:, first + length] - sums[:, first], 0) / length)
        field = self.bench.root @ rng.standard_normal(snr.shape)
        p_tremor = expit(self.bench.measured.draw(snr.ravel(), field.ravel())).reshape(snr.shape)
        says = {"noise": 0.9 * (1 - p_tremor), "tremor": p_tremor, "earthquake": 0.1 * (1 - p_tremor)}
        values = np.stack([says[name] for name in CLASSES], axis=1).astype(np.float32)
        whole, instruments = np.ones(snr.shape, np.float32), (("", "EL"),) * len(self.network)
        return Probabilities(self.network, values, whole, mine, cut.window_s, instruments, "simulated", 0.9)


def travel_times_of(network: Network) -> StationTravelTimes:
    return station_travel_times(read_velocity_model("jma2001"), network, np.arange(0.0, 41.0, 2.0), 400.0)


def peak_mb() -> float:
    """Largest resident memory of this process (Linux: VmHWM; ru_maxrss begins with that of the parent)."""
    rows = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(row.split()[1] for row in rows if row.startswith("VmHWM"))) * 1024 / 1e6


class Clock:
    """CPU seconds in each part while it is watched, and how often it was entered."""

    def __init__(self) -> None:
        self.spent_s: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent_s[part] += time.process_time() - start
                self.calls[part] += 1

        return call

    def watching(self) -> ExitStack:
        stack = ExitStack()
        for part, (room, name) in PARTS.items():
            stack.enter_context(mock.patch.object(room, name, self.timed(part, getattr(room, name))))
        return stack


def analyse(path: Path, hours: int) -> dict[str, Any]:
    """Run the chain on a folder of signals, as ``batch.run`` does, and say what it took."""
    settings = Settings()
    settings = replace(settings, location=replace(settings.location, depth="fixed"))
    folder, end = SignalFolder(path), START + timedelta(hours * HOUR_S)
    network = folder.envelopes(START, START + timedelta(HOUR_S)).network
    grid = locate.search_grid(network, travel_times_of(network), settings.location)
    clock, ends, found = Clock(), Counter[str](), []
    around = timedelta(settings.energy.background_reach_s)
    started = time.process_time()
    with clock.watching():
        probabilities = clock.timed("reading", folder.probabilities)()
        noise = clock.timed("noise", noise_of_folder)(folder, settings)
        hearing = learn_hearing(probabilities, settings.association, noise)
        association = analysis.associate_windows(probabilities, settings.association, hearing)
        for begin, stop, _ in blocks_of(START, end, settings):
            envelopes = select_horizontals(clock.timed("reading", folder.envelopes)(begin, stop))
            block, _ = analysis.locate_groups(envelopes, association, grid, settings.location, "bench")
            every = clock.timed("reading", folder.envelopes)(
                max(begin - around, START), min(stop + around, end)
            )
            block = detections.with_energies(block, every, association.probabilities, settings.energy)
            ends.update(block.windows)
            found.append(block.events)
        events = analysis.finish_catalog(pd.concat(found, ignore_index=True), settings.catalog)
    total_s = time.process_time() - started
    parts = {name: round(clock.spent_s[name], 2) for name in ("reading", "noise", *PARTS)}
    windows = sum(ends.values())
    return {
        "stations": len(network),
        "windows_classified": len(association.probabilities.start_times),
        "windows_located": windows,
        "groups": len(association.groups),
        "scenes": clock.calls["correlation"],
        "detections": sum(map(len, found)),
        "events": len(events),
        "outcomes": dict(ends.most_common()),
        "energies": int(np.isfinite(events["energy_j"]).sum()),
        "cpu_s": round(total_s, 1),
        "parts": parts | {"rest": round(total_s - sum(parts.values()), 2)},
        "ms_per_window_classified": round(
            1000 * clock.spent_s["association"] / len(association.probabilities.start_times), 1
        ),
        "ms_per_window_located": round(
            1000 * (total_s - clock.spent_s["association"] - clock.spent_s["energy"]) / windows, 1
        ),
        "peak_mb": round(peak_mb()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--keep", type=Path, help="folder of signals that is kept, and used if it is there")
    parser.add_argument("--analyse", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.analyse is not None:
        print(json.dumps(analyse(given.analyse, given.hours)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = SignalFolder(given.keep or Path(temporary))
        if len(folder.hours()) < given.hours:
            day = BusyDay(given.hours, given.seed)
            for hour in range(given.hours):
                folder.write(START + timedelta(hour * HOUR_S), day.signals(hour))
        command = [sys.executable, __file__, "--analyse", str(folder.path), "--hours", str(given.hours)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    bars = {"bar_cpu_s": BAR_CPU_S * given.hours / 24, "bar_mb": BAR_MB}
    reached = found["cpu_s"] <= bars["bar_cpu_s"] and found["peak_mb"] <= BAR_MB
    about = {"benchmark": "busy_day", "data": "simulated", "hours": given.hours, "seed": given.seed}
    print(json.dumps(about | found | bars | {"bar_reached": reached}, indent=1))


if __name__ == "__main__":
    main()
