"""GrASP (our re-implementation) on cases whose sources are known: are they counted right, and placed?

    python benchmarks/science/grasp.py [--cases 500] [--seed 81] [--methods sources persistence ...]

The stations are those of S-net. A source lies anywhere inside their hull, 16 km deep, and is so strong that
5 to 25 stations have an SNR of 1.5; the second lies inside too, so far from the first. SNR falls as 1/r and
with Q 200 (S, 4 Hz); stations scatter (log10 0.2); one in twenty is dead. What DiET says at an SNR is drawn
from what it was measured to say on the simulated S-net (``diet_snet``: quantiles of the log-odds at each
SNR), with errors of neighbours as alike as they were there. Right: as many groups as sources, and each points
to within 45 km of its own: envelopes, not probabilities, locate. Simulated throughout. Ends with one JSON
object.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit, linear_sum_assignment
from scipy.special import expit
from scipy.stats import norm

from tremorflow.associate.groups import associate_stations
from tremorflow.associate.settings import AssociationSettings
from tremorflow.counting import fraction
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.simulate.geometry import (
    NetworkSettings,
    draw_inside,
    is_inside,
    network_outline,
    simulated_network,
)

MEASURED = Path(__file__).resolve().parents[1] / "results" / "diet_snet.json"
WEIGHTS = "mixed"
DEPTH_KM, SPEED_KM_S, FREQUENCY_HZ = 16.0, 3.5, 4.0
HEARD = (5, 25)  # stations with an SNR of 1.5
SEPARATIONS_KM = (60.0, 80.0, 100.0, 150.0, 200.0, 300.0)
DEAD = 0.05
ALIKE_KM = 250.0  # over which the likeness of errors falls to a third
RIGHT_KM = 45.0


@dataclass(frozen=True)
class Measured:
    """What DiET says at an SNR: quantiles of log-odds, and how alike neighbours err."""

    log_snr: np.ndarray
    percents: np.ndarray
    quantiles: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    alike: float

    @classmethod
    def read(cls) -> "Measured":
        details = json.loads(MEASURED.read_text(encoding="utf-8"))["result"]["details"][WEIGHTS]
        rows = details["log_odds_by_snr"]
        keys = [key for key in rows[0] if key.startswith("quantile_")]
        return cls(
            np.log([row["snr"] for row in rows]),
            np.array([float(key[9:]) for key in keys]) / 100,
            np.array([[row[key] for key in keys] for row in rows]),
            np.array([row["mean"] for row in rows]),
            np.array([row["spread"] for row in rows]),
            details["errors_alike_by_distance"][0]["correlation"],
        )

    def fitted(self) -> dict[str, float]:
        """What the settings of the association take from it: logistics in ln SNR of mean and spread."""

        def logistic(x, low, high, middle, steepness):
            return low + (high - low) * expit(steepness * (x - middle))

        mean = curve_fit(logistic, self.log_snr, self.mean, p0=(-8, 7, -0.6, 2))[0]
        spread = curve_fit(logistic, self.log_snr, self.spread, p0=(1.5, 4, -1.5, 2))[0]
        found = dict(zip(("odds_silent", "odds_loud", "odds_snr", "odds_steepness"), mean, strict=True))
        found |= {"spread_silent": spread[0], "spread_loud": spread[1]}
        found["odds_snr"] = np.exp(mean[2])
        found["SNR of the spread over that of the mean"] = np.exp(spread[2] - mean[2])
        found["steepness of the spread over that of the mean"] = spread[3] / mean[3]
        return {key: round(float(value), 2) for key, value in found.items()}

    def draw(self, snr: np.ndarray, field: np.ndarray) -> np.ndarray:
        """(station,) log-odds at an SNR, of normal errors (station,)."""
        curves = np.array(
            [np.interp(np.log(np.maximum(snr, 1e-3)), self.log_snr, q) for q in self.quantiles.T]
        )
        return np.array(
            [np.interp(u, self.percents, c) for u, c in zip(norm.cdf(field), curves.T, strict=True)]
        )


@dataclass(frozen=True)
class World:
    """How amplitudes are in truth, whatever the method assumes."""

    quality_factor: float = 200.0
    site_log10: float = 0.2  # scatter of station amplitudes


class Bench:
    """Network, and cases on it; case ``k`` depends on the seed and ``k`` alone."""

    def __init__(self, seed: int, world: World | None = None) -> None:
        self.seed, self.network, self.measured = seed, simulated_network(NetworkSettings()), Measured.read()
        self.world = world or World()
        self.outline = network_outline(self.network)
        latitudes, longitudes = self.network.latitudes, self.network.longitudes
        apart = distances_km(latitudes[:, None], longitudes[:, None], latitudes, longitudes)
        alike = self.measured.alike * np.exp(-apart / ALIKE_KM)
        np.fill_diagonal(alike, 1.0)
        self.root = np.linalg.cholesky(alike)

    def case(self, number: int, separation_km: float | None) -> tuple[np.ndarray, np.ndarray]:
        """(station,) p_tremor, and (source, 2) latitude and longitude."""
        rng = np.random.default_rng([self.seed, number, round(separation_km or 0)])
        places = self.places(separation_km, rng)
        site = 10 ** rng.normal(0, self.world.site_log10, len(self.network))
        power = sum((self.snr(*place, rng) * site) ** 2 for place in places)
        odds = self.measured.draw(np.sqrt(power), self.root @ rng.standard_normal(len(self.network)))
        p_tremor = expit(odds)
        p_tremor[rng.random(len(p_tremor)) < DEAD] = np.nan
        return p_tremor, places

    def places(self, separation_km: float | None, rng: np.random.Generator) -> np.ndarray:
        while True:
            latitudes, longitudes = draw_inside(self.outline, 1, rng)
            first = float(latitudes[0]), float(longitudes[0])
            if separation_km is None:
                return np.array([first])
            for azimuth in rng.uniform(0, 2 * np.pi, 20):
                east, north = separation_km * np.sin(azimuth), separation_km * np.cos(azimuth)
                second = LocalFrame(*first).to_degrees(east, north)
                if is_inside(self.outline, *second):
                    return np.array([first, (float(second[0]), float(second[1]))])

    def snr(self, latitude: float, longitude: float, rng: np.random.Generator) -> np.ndarray:
        """(station,) of a source whose strength lets 5 to 25 stations hear it."""
        away = distances_km(latitude, longitude, self.network.latitudes, self.network.longitudes)
        r = np.hypot(away, DEPTH_KM)
        shape = np.exp(-np.pi * FREQUENCY_HZ * r / (self.world.quality_factor * SPEED_KM_S)) / r
        falling = np.sort(shape)[::-1]
        weakest, strongest = 1.5 / falling[HEARD[0] - 1], 1.5 / falling[HEARD[1] - 1]
        return shape * np.exp(rng.uniform(np.log(weakest), np.log(strongest)))


def is_right(groups, window: int, places: np.ndarray) -> tuple[bool, int]:
    """Whether the groups of a window are the sources, and how many groups there are."""
    mine = np.flatnonzero(groups.windows == window)
    if len(mine) != len(places):
        return False, len(mine)
    apart = distances_km(
        groups.latitudes[mine][:, None], groups.longitudes[mine][:, None], places[:, 0], places[:, 1]
    )
    rows, columns = linear_sum_assignment(apart)
    return bool((apart[rows, columns] < RIGHT_KM).all()), len(mine)


def score(bench: Bench, count: int, separation_km: float | None, settings: AssociationSettings) -> dict:
    cases = [bench.case(k, separation_km) for k in range(count)]
    started = time.process_time()
    groups = associate_stations(np.stack([p for p, _ in cases], axis=1), bench.network, settings)
    spent_s = time.process_time() - started
    found = [is_right(groups, k, places) for k, (_, places) in enumerate(cases)]
    wanted = 1 if separation_km is None else 2
    right = fraction(sum(ok for ok, _ in found), count)
    return {
        "right": round(right.value, 3), "low 95": round(right.low, 3), "high 95": round(right.high, 3),
        "none": sum(n == 0 for _, n in found), "fewer": sum(0 < n < wanted for _, n in found),
        "more": sum(n > wanted for _, n in found), "of": count,
        "counted right": round(sum(n == wanted for _, n in found) / count, 3),
        "ms a window": round(1000 * spent_s / count, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=81)
    parser.add_argument(
        "--methods", nargs="+", default=["sources", "persistence", "components", "k_core", "dbscan"]
    )
    given = parser.parse_args()
    bench = Bench(given.seed)
    result: dict[str, object] = {"data": "simulated", "seed": given.seed}
    result["log-odds of tremor against SNR, fitted"] = bench.measured.fitted()
    for method in given.methods:
        settings = AssociationSettings(method=method)
        rows = {"one source": score(bench, given.cases, None, settings)}
        for separation_km in SEPARATIONS_KM:
            rows[f"two, {separation_km:g} km"] = score(bench, given.cases, separation_km, settings)
        result[method] = rows
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
