"""Does ``tremorflow adapt`` lower the false alarms of a network that training never saw?

    python benchmarks/science/diet_adapt.py [--processes 2]

The weights are those trained on simulations alone: every real network is left out. One adapts to Puerto
Rico by the first hour of PR15 and PR34 and is tested on the other two hours and on PR44, which it never
heard; the other adapts to CI.HEC by the first half of a day and is tested on the second. What may be lost
is shown too: semi-real tremor, and real earthquakes, left out everywhere. Ends with one JSON object.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from diet import EARTHQUAKE, TREMOR, Judge, share
from diet_sets import Noise, native, placed, real_earthquakes, real_noise, semi_real
from shared_data import shared_folder

from tremorflow.batch.adapt import AdaptRequest, adapt_weights
from tremorflow.batch.classify_files import ClassifyRequest

NETWORKS = {
    "Puerto Rico": (["puertorico/PR.20170908_170000.mseed"], "2017-09-08T17:00:00Z", "2017-09-08T18:00:00Z"),
    "California": (["california/CIHEC__BHN___2022002.ms"], "2022-01-02T00:00:00Z", "2022-01-02T12:00:00Z"),
}


def adapt(name: str, folder: Path, processes: int) -> tuple[Path, float]:
    """Weights adapted to one network, and how many seconds it took."""
    files, start, end = NETWORKS[name]
    paths = [shared_folder() / "noise" / file for file in files]
    if name == "Puerto Rico":
        paths = [without_station(paths[0], "PR44", folder)]
    target = folder / f"{name}.zip"
    request = ClassifyRequest(paths, weights="simulated", start=start, end=end, processes=processes)
    started = time.time()
    adapt_weights(request, target, AdaptRequest(), lambda line: print(line, file=sys.stderr, flush=True))
    return target, time.time() - started


def without_station(path: Path, station: str, folder: Path) -> Path:
    """Copy of a file without one of its stations."""
    from obspy import read

    stream = read(str(path))
    for trace in stream.select(station=station):
        stream.remove(trace)
    target = folder / path.name
    stream.write(str(target), format="MSEED")
    return target


def tested(name: str, found) -> np.ndarray:
    """Which windows of real noise test a network that was adapted to."""
    table = found.table
    quiet = table["quiet"].to_numpy()
    if name == "Puerto Rico":
        return quiet & (table["origin"] == "Puerto Rico").to_numpy()
    return quiet & ((table["station"] == "CI.HEC") & (table["start_s"] >= 13 * 3600)).to_numpy()


def score(judge: Judge, noise_set, chosen: np.ndarray, signals: dict) -> dict[str, float]:
    found = noise_set.where(chosen)
    p = judge(found.spectra)
    every = np.ones(len(p), dtype=bool)
    rows = {
        "windows": len(p),
        "noise called tremor": share(p.argmax(axis=1) == TREMOR, every)["share"],
        "noise at p 0.9": share(p[:, TREMOR] >= 0.9, every)["share"],
    }
    for name, (one, wanted) in signals.items():
        guess = judge(one.spectra).argmax(axis=1)
        rows[name] = share(guess == wanted, np.ones(len(guess), dtype=bool))["share"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=2)
    processes = parser.parse_args().processes
    noise = Noise("test")
    noise_set, quakes = real_noise(noise), real_earthquakes("test")
    signals = {
        "semi-real tremor, SNR 3, recall": (
            semi_real(noise, "test", 300, (3.0,), 7, real_times=False),
            TREMOR,
        ),
        "earthquakes as recorded": (native(quakes, 8), EARTHQUAKE),
        "earthquakes in other noise, SNR 5": (placed(quakes, noise, 5.0, 9), EARTHQUAKE),
    }
    result: dict[str, object] = {"data": "real noise; semi-real tremor; real earthquakes"}
    before = Judge("simulated")
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            path, wall_s = adapt(name, Path(folder), processes)
            chosen = tested(name, noise_set)
            rows = {
                "before": score(before, noise_set, chosen, signals),
                "after": score(Judge(str(path)), noise_set, chosen, signals),
            }
            result[name] = rows
            result[f"{name}: seconds to adapt"] = round(wall_s)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
