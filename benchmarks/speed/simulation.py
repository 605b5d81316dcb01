"""Time and memory of simulating an hour of S-net at 100 Hz, everything on, written as an archive.

    python benchmarks/speed/simulation.py [--hours 1] [--stations PREFIX] [--processes 2] [--format sds]

Scenario ``snet-day`` from its start. Wall time includes drawing the truth and writing all files; memory is
that of the largest process. Ends with one JSON object.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tremorflow.batch.simulate import OutputSettings, write_simulation
from tremorflow.simulate.scenario import read_scenario


def main() -> None:
    """Simulate, and say what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--stations", default="", help="only those whose code begins so")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--format", choices=("sds", "win32"), default="sds")
    given = parser.parse_args()
    scenario = read_scenario("snet-day", duration_s=given.hours * 3600)
    if given.stations:
        scenario = replace(scenario, network=replace(scenario.network, select=(given.stations,)))
    with tempfile.TemporaryDirectory() as folder:
        started = time.time()
        done = write_simulation(
            scenario, folder, OutputSettings(format=given.format, processes=given.processes)
        )
        wall_s = time.time() - started
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        size_mb = sum(path.stat().st_size for path in files) / 1e6
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in who]
    print(f"{done.about}", file=sys.stderr)
    found = {
        "what": "simulated S-net, 100 Hz, three components, all nuisances",
        "format": given.format,
        "hours": given.hours,
        "processes": given.processes,
        "wall_s": round(wall_s, 1),
        "cpu_s": round(sum(one.ru_utime + one.ru_stime for one in used), 1),
        "memory_mb_main": round(used[0].ru_maxrss / 1024),
        "memory_mb_largest_worker": round(used[1].ru_maxrss / 1024),
        "files": len(files),
        "size_mb": round(size_mb, 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
