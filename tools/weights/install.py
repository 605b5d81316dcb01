"""Put trained weights into the package, with a card that says what they are, from what, and how good.

    python tools/weights/install.py [FOLDER]

Takes ``mixed.zip`` and ``simulated.zip`` from a folder if one is given; then, and without one, renews the
cards of the weights in the package: scores come from ``benchmarks/results``, if they were measured with
these weights.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tremorflow.classifier.weights import BUNDLED, Weights, read_weights, write_weights

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = REPOSITORY / "src" / "tremorflow" / "resources" / "weights"
RESULTS = REPOSITORY / "benchmarks" / "results"

DESCRIPTIONS = {
    "mixed": "trained on simulated and real windows: the default",
    "simulated": "trained on simulations alone: no recording is in it",
}
SIMULATED_DATA = [
    {"what": "tremorflow's simulator", "use": "signals, noise, nuisances", "licence": "MIT (this project)"},
]
REAL_DATA = [
    {
        "what": "stacks of low-frequency earthquakes, southern Cascadia (Ducellier & Creager 2022; Plourde "
        "et al. 2015), families and stations of the training split; most stations have a vertical alone",
        "use": "tremor; residuals as noise spectra",
        "licence": "public FDSN recordings; no licence file",
    },
    {"what": "90-s windows of NCEDC (PhaseNet)", "use": "earthquakes, noise spectra", "licence": "MIT"},
    {
        "what": "volcano-tectonic events, Iceland (QuakeMigrate's tests)",
        "use": "earthquakes; the noise before them completes short records",
        "licence": "GPL-3 (the package)",
    },
    {
        "what": "slab events at CX.PB01, Chile (SeisBench's tests)",
        "use": "earthquakes, noise spectra",
        "licence": "GPL-3 (the package)",
    },
    {"what": "PR15, PR34, Puerto Rico, an hour (SAIPy)", "use": "noise", "licence": "GPL-3 (the package)"},
    {"what": "CI.CCA, California, a day (NoisePy)", "use": "noise", "licence": "MIT"},
    {"what": "YA.UV06, La Reunion, a day (MSNoise)", "use": "noise", "licence": "EUPL (the package)"},
]
REMARK = (
    "The licences of the packages cover the files that they ship. The weights hold no recording, and none "
    "can be had back from them; who reads the licences otherwise uses the weights 'simulated'."
)


def describe(name: str, weights: Weights) -> Weights:
    """Weights with a full card."""
    git = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(git, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    card = dict(weights.card)
    card.setdefault("commit", found.stdout.strip() or "unknown")
    card |= {
        "name": name,
        "description": DESCRIPTIONS[name],
        "made_by": "make weights",
        "data": [*SIMULATED_DATA, *(REAL_DATA if name == "mixed" else [])],
        "licences": {
            "weights": "MIT",
            "remark": REMARK if name == "mixed" else "made from simulations alone",
        },
        "stations_note": "land stations; nothing real of an ocean bottom, and nothing of S-net",
        "scores": scores(name, weights.hash),
    }
    return replace(weights, card=card)


def scores(name: str, weights_hash: str) -> dict[str, object]:
    """What was measured with these weights, shortened."""
    found: dict[str, object] = {}
    for program in ("diet", "diet_snet"):
        path = RESULTS / f"{program}.json"
        stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        rows = stored.get("result", {}).get("details", {}).get(name, {})
        if rows.get("hash") == weights_hash:
            found[program] = {"command": stored["command"], "date": stored["date"], **rows["short"]}
    return found or {"none": "not measured with these weights; run: make bench BENCH='diet diet_snet'"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in BUNDLED:
        source = TARGET / f"{name}.zip" if folder is None else folder / f"{name}.zip"
        weights = describe(name, read_weights(source))
        write_weights(TARGET / f"{name}.zip", weights)
        size = (TARGET / f"{name}.zip").stat().st_size / 1e6
        print(f"{name}: {weights.hash}, {size:.2f} MB")
        if size > 5:
            sys.exit(f"{name} is larger than 5 MB")


if __name__ == "__main__":
    main()
