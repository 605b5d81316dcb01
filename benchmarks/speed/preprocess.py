"""CPU seconds of each stage of preprocessing for one station-day: 3 components, 100 Hz, float32.

    python benchmarks/speed/preprocess.py [--repeats 5] [--gaps 0]

prints JSON: the median CPU time of each stage, and of the chain from counts to the 1-Hz envelope. The
budget is 0.5 CPU-s; for comparison, a Butterworth band-pass forth and back by SciPy at 100 Hz.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy import signal

from tremorflow import preprocess
from tremorflow.records import Channel, Network, Station, Waveforms, utc

RATE_HZ = 100.0
DAY_S = 86_400
BUDGET_CPU_S = 0.5


def station_day(n_gaps: int, seed: int = 1) -> Waveforms:
    """White noise in whole counts, without or with gaps of one second at random."""
    generator = np.random.default_rng(seed)
    samples = generator.normal(50.0, 300.0, (1, 3, round(DAY_S * RATE_HZ))).round().astype(np.float32)
    for first in generator.integers(0, samples.shape[-1] - 100, n_gaps):
        samples[..., first : first + 100] = np.nan
    network = Network((Station("XX", "DAY", 48.0, -123.0, 0.0),))
    return Waveforms(network, ("E", "N", "Z"), samples, utc("2020-05-24T00:00:00Z"), RATE_HZ, "count")


def cpu_s(function: Callable[[], object], repeats: int) -> float:
    function()  # designs the filters, which are kept
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return round(statistics.median(times), 4)


def stages(waveforms: Waveforms) -> dict[str, Callable[[], object]]:
    settings = preprocess.PreprocessSettings(components="all")
    channels = [Channel("XX", "DAY", "", f"HH{name}", name, sensitivity=1e9) for name in "ENZ"]
    slow = preprocess.resample(waveforms, settings.working_rate_hz)
    plain = signal.butter(settings.band_order, settings.band_hz, "bandpass", fs=RATE_HZ, output="sos")
    filled = np.nan_to_num(waveforms.samples)

    def chain() -> object:
        bad = preprocess.find_bad_samples(waveforms, settings)
        clean = preprocess.mask_samples(waveforms, bad.mask)
        return preprocess.compute_envelopes(preprocess.remove_sensitivity(clean, channels), settings)

    return {
        "find_bad_samples": lambda: preprocess.find_bad_samples(waveforms, settings),
        "remove_sensitivity": lambda: preprocess.remove_sensitivity(waveforms, channels),
        "resample_100_to_25": lambda: preprocess.resample(waveforms, settings.working_rate_hz),
        "bandpass_25": lambda: preprocess.bandpass(slow, settings),
        "envelopes_from_25": lambda: preprocess.compute_envelopes(slow, settings),
        "envelopes_from_100": lambda: preprocess.compute_envelopes(waveforms, settings),
        "chain_counts_to_envelope": chain,
        "scipy_sosfiltfilt_at_100": lambda: signal.sosfiltfilt(plain, filled),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--gaps", type=int, default=0, help="gaps of one second in the day")
    given = parser.parse_args()
    measured = {name: cpu_s(stage, given.repeats) for name, stage in stages(station_day(given.gaps)).items()}
    report = {
        "what": "CPU s per station-day, 3 components, 100 Hz, float32, median",
        "repeats": given.repeats,
        "gaps": given.gaps,
        "cpu_s": measured,
        "budget_cpu_s": BUDGET_CPU_S,
        "within_budget": measured["envelopes_from_100"] <= BUDGET_CPU_S,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
