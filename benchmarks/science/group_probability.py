"""How probable it is that a group of stations hears tremor: what the settings of the association take.

    python benchmarks/science/group_probability.py [--seeds 1721 1722 1724] [--processes 2]

Simulated S-net, one day of ``weak`` (first seed) and days of ``snet-quiet`` (the others), at 25 Hz, bundled
weights. Groups of two stations and more are real if at 30 % of their stations a burst has an expected SNR of
0.5 in the window. Logistic regression on the mean p_earthquake less p_tremor of the stations around a group
(``earthquake_excess``), alone and with the gain of the fit of sources. The chain's own bench has other seeds.
Ends with one JSON object.
"""

import argparse
import itertools
import json

import numpy as np
from chain_sets import CACHE, scenario_of, signals_of
from scipy.optimize import minimize
from scipy.special import expit

from tremorflow.associate import AssociationSettings, associate_stations, earthquake_excess
from tremorflow.simulate.synthesis import Simulation

REAL_SHARE, REAL_SNR = 0.3, 0.5
GAIN_SCALE = 60.0  # beyond, a gain says no more
CODA_S = 45.0  # S waves and coda after the end of a burst at the source
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def groups_of(name: str, seed: int, processes: int) -> np.ndarray:
    """(group, 3) gain, excess, and whether it is real."""
    simulation, folder = signals_of(scenario_of(name, seed, 0), CACHE, processes)
    probabilities, settings = folder.probabilities(), AssociationSettings(min_stations=2)
    groups = associate_stations(probabilities.p_tremor, probabilities.network, settings)
    excess = earthquake_excess(groups, probabilities, settings)
    real = [is_real(groups, k, probabilities.start_times, simulation) for k in range(len(groups))]
    return np.column_stack([np.minimum(groups.gains / GAIN_SCALE, 1.0), excess, np.array(real, dtype=float)])


def is_real(groups, number: int, starts: np.ndarray, simulation: Simulation) -> bool:
    """Whether a burst is heard by enough stations of a group in its window."""
    tremor, window = simulation.truth.tremor, groups.windows[number]
    second = np.timedelta64(1, "s")
    late = (starts[window] - tremor["end_time"].to_numpy()) / second
    early = (tremor["start_time"].to_numpy() - starts[window]) / second
    active = np.flatnonzero((late < CODA_S) & (early < 115))
    members = groups.labels[:, window] == number
    snr = np.nan_to_num(np.asarray(simulation.snr)[active][:, members])
    return bool(len(active)) and bool(((snr >= REAL_SNR).mean(axis=1) >= REAL_SHARE).any())


def fit(features: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients of a logistic regression with a constant, and its mean log loss."""
    design = np.column_stack([np.ones(len(features)), features])

    def loss(coefficients: np.ndarray) -> float:
        odds = design @ coefficients
        return float(np.mean(np.logaddexp(0, odds) - real * odds) + 1e-3 * (coefficients[1:] ** 2).sum())

    found = minimize(loss, np.zeros(design.shape[1]))
    return found.x, float(found.fun)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1721, 1722, 1724])
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    names = ["weak"] + ["snet-quiet"] * (len(given.seeds) - 1)
    rows = np.concatenate(
        [groups_of(name, seed, given.processes) for name, seed in zip(names, given.seeds, strict=True)]
    )
    real = rows[:, 2]
    alone, loss = fit(rows[:, 1:2], real)
    both, loss_both = fit(rows[:, :2], real)
    p = expit(alone[0] + alone[1] * rows[:, 1])
    calibration = []
    for low, high in itertools.pairwise(BINS):
        inside = (p >= low) & (p < high + 1e-9)
        share = round(float(real[inside].mean()), 3) if inside.any() else None
        calibration.append({"p": f"{low:g}-{high:g}", "groups": int(inside.sum()), "real": share})
    result = {
        "data": "simulated", "seeds": given.seeds, "groups": len(rows), "real": int(real.sum()),
        "group_odds": round(float(alone[0]), 2), "group_slope": round(float(-alone[1]), 2),
        "log loss": round(loss, 3), "log loss with the gain": round(loss_both, 3),
        "coefficients with the gain": [round(float(value), 2) for value in both], "calibration": calibration,
    }  # fmt: skip
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
