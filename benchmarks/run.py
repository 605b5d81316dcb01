"""Run the benchmarks one after the other and keep what they print as JSON.

    python benchmarks/run.py [NAME ...] [--quick]

Every program of ``speed/`` and ``science/`` prints, last, one JSON object; it is kept in
``results/NAME.json`` with the command, the machine and the versions, from where the documentation takes its
numbers. ``--quick`` runs those that have a short form, seeded, and keeps nothing: it shows that they work.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
QUICK = {  # options of the short form
    "busy_day": ["--hours", "1"],
    "capability": ["--weak-days", "1", "--hours", "1", "--processes", "1"],
    "chain": ["--hours", "0.5", "--quiet-days", "1", "--weak-days", "1", "--seeds", "9212", "9214"],
    "chain_negatives": ["--networks", "iceland", "--hours", "1", "--draws", "1", "--extra", "0"],
    "chain_semireal": ["--hours", "1", "--draws", "1", "--ways", "placed"],
    "classify": ["--repeat", "1"],
    "diet_snet": ["--hours", "0.5", "--stations", "N.S2", "N.S4", "--weights", "mixed"],
    "grasp": ["--cases", "15"],
    "grasp_locate": ["--cases", "4", "--varied", "1", "--conventional", "2", "--separations", "60"],
    "heard": ["--weak-days", "1", "--hours", "1", "--seed", "9214", "--processes", "1"],
    "location_coverage": ["--events", "12", "--seed", "1"],
    "energy": ["--seeds", "1", "--hours", "1"],
    "enveloc_cascadia": [],
    "location": ["--runs", "1"],
    "preprocess": ["--repeats", "1"],
    "reading": ["--repeat", "1"],
    "scenarios": [
        *("--scenarios", "two-sources", "snet-quiet", "--hours", "2"),
        *("--agree", str(RESULTS / "scenarios.json")),
    ],
    "simulation": ["--hours", "0.2", "--stations", "N.S4"],
    "training_windows": ["--windows", "200"],
    "traveltime": [],
}
NEED_DATA = ("chain_negatives", "chain_semireal")  # recordings that are not part of the project
DATA = Path(os.environ.get("TREMORFLOW_DATA", HERE.parents[1] / "shared" / "data"))
PACKAGES = ("tremorflow", "numpy", "scipy", "pandas", "obspy", "onnxruntime", "torch", "enveloc")


def find_programs(names: list[str]) -> list[Path]:
    """Programs of these names, or all; modules that only serve them are none."""
    found = [path for folder in ("speed", "science") for path in sorted((HERE / folder).glob("*.py"))]
    programs = [path for path in found if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]
    unknown = set(names) - {path.stem for path in programs}
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(path.stem for path in programs)}")
    return [path for path in programs if not names or path.stem in names]


def last_json(text: str) -> Any:
    """JSON object that a text ends with: the last line that starts with a brace, and those after it."""
    lines = text.rstrip().splitlines()
    for first in range(len(lines) - 1, -1, -1):
        if lines[first].startswith("{"):
            return json.loads("\n".join(lines[first:]))
    raise ValueError("it printed no JSON object")


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    cpu = platform.processor() or platform.machine()
    try:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(row.split(":", 1)[1].strip() for row in rows if row.startswith("model name"))
    except (OSError, StopIteration):
        pass
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except ImportError:
            versions[name] = None
    git = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(git, capture_output=True, text=True, check=False, cwd=HERE)
    commit = found.stdout.strip() or None
    return {
        "commit": commit,
        "cpu": cpu,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    }


def run_program(path: Path, options: list[str]) -> dict[str, Any]:
    """What one benchmark measured, on one thread, and how it was called."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    started, what = time.time(), machine()  # the code as it is now, whatever is committed meanwhile
    run = subprocess.run(
        [sys.executable, str(path), *options],
        env={**os.environ, **one_thread},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=HERE.parent,
    )
    command = " ".join(["python", path.relative_to(HERE.parent).as_posix(), *options])
    return {
        "command": command,
        "date": time.strftime("%Y-%m-%d", time.gmtime(started)),
        "wall_s": round(time.time() - started, 1),
        **what,
        "result": last_json(run.stdout),
    }


def main() -> None:
    """Run what was asked for; leave with status 1 if any benchmark failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="without: all")
    parser.add_argument("--quick", action="store_true", help="short forms only; nothing is kept")
    given = parser.parse_args()
    programs = [path for path in find_programs(given.names) if not given.quick or path.stem in QUICK]
    failed = []
    for path in programs:
        if given.quick and path.stem in NEED_DATA and not DATA.is_dir():
            print(f"{path.stem} left out: there are no recordings at {DATA}", flush=True)
            continue
        print(f"{path.parent.name}/{path.stem} ...", flush=True)
        try:
            found = run_program(path, QUICK[path.stem] if given.quick else [])
        except (subprocess.CalledProcessError, ValueError) as error:
            print(f"  failed: {error}", flush=True)
            failed.append(path.stem)
            continue
        print(f"  {found['wall_s']} s", flush=True)
        if not given.quick:
            RESULTS.mkdir(exist_ok=True)
            target = RESULTS / f"{path.stem}.json"
            target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
