"""Make the datasets that the bundled weights are trained on.

    python tools/weights/make_datasets.py FOLDER [--windows 96000] [--pool 48000] [--seed 1]
    [--simulated-only]

Two of them, in SeisBench's format: ``simulated`` from the simulator alone, ``mixed`` also from the real
recordings of ../shared/data that may train (``shared_data.py``). Each has an eighth more for calibration,
from simulations of another seed and recordings that nothing is trained on.
"""

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from compose import RATE_HZ, SETTINGS, Composer, RealPool, SimulatedPool, Window
from rich.progress import track

from tremorflow.classifier.dataset import AS_RECORDED, DatasetWriter, WindowBatch
from tremorflow.simulate.windows import WindowSettings, iterate_windows

CHUNK = 300
_composer: list[Composer] = []  # of this process; forked ones inherit it


def simulated_pool(count: int, seed: int, processes: int) -> SimulatedPool:
    """Simulated windows of a seed, those with two labels left out."""
    signals = np.empty((count, 3, 3000), dtype=np.float32)
    backgrounds = np.empty_like(signals)
    tables, first = [], 0
    for made in iterate_windows(WindowSettings(), seed, batch=min(count, 1000), processes=processes):
        part = slice(first, min(first + len(made.labels), count))
        size = part.stop - part.start
        signals[part] = (made.samples - made.background)[:size]
        backgrounds[part] = made.background[:size]
        tables.append(made.table[:size])
        first += size
        print(f"\rsimulated windows: {first} of {count}", end="", flush=True)
        if first >= count:
            break
    print()
    return SimulatedPool(signals, backgrounds, pd.concat(tables, ignore_index=True))


def compose_chunk(numbers: range) -> list[Window]:
    made = [_composer[0].window(number) for number in numbers]
    return [one for one in made if one is not None]


def write(writer: DatasetWriter, composer: Composer, count: int, split: str, processes: int) -> None:
    """Compose windows in parallel and write them as they come."""
    _composer[:] = [composer]
    chunks = [range(k, min(k + CHUNK, count)) for k in range(0, count, CHUNK)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for windows in track(pool.imap(compose_chunk, chunks), f"{split} windows", len(chunks)):
            table = pd.DataFrame([one.row for one in windows]).assign(split=split)
            samples = np.stack([one.samples for one in windows])
            writer.add(WindowBatch(samples, np.stack([one.background for one in windows]), table))


def as_recorded(real: RealPool) -> WindowBatch:
    """All windows without events of the continuous recordings, a minute apart: they set the threshold."""
    recordings = [*real.recordings["Puerto Rico"], *real.recordings["one component"]]
    found = [
        (one.window(float(start)), one.origin)
        for one in recordings
        for start in one.quiet_starts_s
        if start % 60 == 0
    ]
    rows = [
        {"trace_category": "noise", "trace_kind": AS_RECORDED, "trace_origin": "recorded", "split": "dev"}
        | {"trace_context": window.context, "station_code": origin}
        for window, origin in found
    ]
    samples = np.stack([window.samples for window, _ in found])
    return WindowBatch(samples, np.stack([window.background for window, _ in found]), pd.DataFrame(rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--windows", type=int, default=96000)
    parser.add_argument("--pool", type=int, default=48000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--simulated-only", action="store_true")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    started = time.time()
    pools = {
        "train": simulated_pool(given.pool, 1000 + given.seed, given.processes),
        "dev": simulated_pool(given.pool // 6, 2000 + given.seed, given.processes),
    }
    for name in ("simulated",) if given.simulated_only else ("simulated", "mixed"):
        with DatasetWriter(given.folder / name, RATE_HZ, SETTINGS) as writer:
            for split, count in (("train", given.windows), ("dev", given.windows // 8)):
                real = RealPool(split) if name == "mixed" else None
                composer = Composer(pools[split], real, 10 * given.seed + len(split))
                write(writer, composer, count, split, given.processes)
                if real is not None and split == "dev":
                    writer.add(as_recorded(real))
        print(f"{given.folder / name} is written, {time.time() - started:.0f} s after the start")


if __name__ == "__main__":
    main()
