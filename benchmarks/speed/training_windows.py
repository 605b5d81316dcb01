"""Time the making of labelled training windows: 120 s, three components, 25 Hz, in memory.

    python benchmarks/speed/training_windows.py [--windows 10000] [--processes 2]

One process makes a tenth of them, the others all. The load of the machine is printed with the times: on
cores that others use, the CPU time per window says more.
"""

import argparse
import json
import os
import resource
import time

from tremorflow.simulate.windows import LABELS, WindowSettings, labelled_windows

SEED = 1
BAR_S = 120.0  # for 10,000 windows on two cores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    settings = WindowSettings()
    labelled_windows(settings, 5, SEED)  # travel times are made once for a process
    alone = max(given.windows // 10, 1)
    started, cpu = time.perf_counter(), time.process_time()
    labelled_windows(settings, alone, SEED)
    alone_s, alone_cpu_s = time.perf_counter() - started, time.process_time() - cpu
    started = time.perf_counter()
    made = labelled_windows(settings, given.windows, SEED, processes=given.processes)
    wall_s = time.perf_counter() - started
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "benchmark": "training_windows",
        "data": "simulated",
        "windows": given.windows,
        "processes": given.processes,
        "wall_s": round(wall_s, 1),
        "cpu_s_of_processes": round(children.ru_utime + children.ru_stime, 1),
        "windows_per_s": round(given.windows / wall_s, 1),
        "one_process_ms_per_window": round(1000 * alone_s / alone, 2),
        "one_process_cpu_ms_per_window": round(1000 * alone_cpu_s / alone, 2),
        "megabytes": round(made.samples.nbytes / 1e6),
        "labels": {name: int((made.labels == k).sum()) for k, name in enumerate(LABELS)},
        "load_average": round(os.getloadavg()[0], 1),
        "bar_reached": bool(wall_s * 10_000 / given.windows <= BAR_S),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
