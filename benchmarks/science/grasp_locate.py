"""Groups of stations and their location together: one tremor, or two at once, counted and placed.

    python benchmarks/science/grasp_locate.py [--cases 500] [--varied 200] [--conventional 100] [--seed 482]
                                              [--separations 60 80 ...] [--processes 2]

Sources, stations and what DiET says are those of ``grasp``: S-net's stations, 5 to 25 of which hear a source
with an SNR of 1.5; amplitudes fall as 1/r with Q 200 and scatter from station to station (log10 0.2); one
station in twenty is dead. The same amplitudes make the envelopes: bursts of 60 to 200 s of many small events
about the middle of a window of 300 s, with coda, in noise that drifts; two sources sound at once. Noise is
alike at all stations, so the envelopes are taken as ground motion.

From there on it is the chain's own code: ``associate_windows``, ``gather_candidates``, ``locate_candidate``.
What two groups locate twice within 50 km counts once, the one with more pairs; "more, at 30 km" is the share
of over-count with the distance of the catalogue's own rule. Right: as many sources as there are, and each
within 25 km of its own. Errors are of all that is found and has a source to be compared with, far misses
included; the velocity model is known exactly, so they say how well sources are told apart, not how well real
ones are placed. "conventional" is ``locate_window`` over all stations, without groups, on the first cases of
a cell. CPU-s are those of the location. Further rows change the world, not the method, which keeps Q 200.
Simulated throughout. Ends with one JSON object.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context

import numpy as np
from grasp import DEAD, DEPTH_KM, SEPARATIONS_KM, Bench, World
from scipy.optimize import linear_sum_assignment
from scipy.special import expit

from tremorflow.analysis import associate_windows, locate_candidate
from tremorflow.associate import AssociationSettings, gather_candidates
from tremorflow.catalog.quality import CatalogSettings, merge_duplicates
from tremorflow.counting import fraction
from tremorflow.geodesy import distances_km
from tremorflow.locate import (
    Hypocentre,
    LocationSettings,
    locate_window,
    search_grid,
    station_pairs,
)
from tremorflow.records import CLASSES, Envelopes, Probabilities, event_table, timedelta
from tremorflow.simulate import (
    EnvelopeSimulationSettings,
    TremorBurst,
    draw_burst_power,
    simulate_envelopes,
)
from tremorflow.traveltime import read_velocity_model, station_travel_times

SPAN_S, BEFORE_S, DIET_S = 420.0, 60.0, 120.0  # simulated; of it before the window; window of DiET
DURATION_S = (60.0, 200.0)
SHIFT_S = 20.0  # of the middle of a burst from that of the window, to either side
RIGHT_KM, SAME_KM = 25.0, 50.0
BLOCK = 50  # cases at a time: their windows take 20 MB
VARIED_KM = (None, 100.0, 200.0)
WORLDS = {
    "Q 100": World(quality_factor=100.0),
    "Q 500": World(quality_factor=500.0),
    "scatter 0.4": World(site_log10=0.4),
}
BARS = {None: 0.95, 60.0: 0.75, 100.0: 0.88, 150.0: 0.90, 200.0: 0.90, 300.0: 0.90}
MORE_BAR = 0.02  # of one source taken for several


@dataclass(frozen=True)
class Case:
    """What the stations say and record, and where the sources are."""

    p_tremor: np.ndarray  # (station,)
    window: Envelopes
    places: np.ndarray  # (source, 2) latitude, longitude


@dataclass(frozen=True)
class Found:
    """Sources found in a case: latitude, longitude, pairs, correlation of each."""

    rows: tuple[tuple[float, float, int, float], ...]
    spent_s: float

    def places(self, same_km: float) -> np.ndarray:
        """(n, 2) latitude and longitude of what is left when duplicates are merged."""
        start = np.datetime64("2000-01-01", "ns")
        spans = {"time": start, "window_start": start, "window_end": start + timedelta(300.0)}
        names = ("latitude", "longitude", "n_pairs", "correlation")
        table = event_table([{**spans, **dict(zip(names, row, strict=True))} for row in self.rows])
        return merge_duplicates(table, same_km)[["latitude", "longitude"]].to_numpy(dtype=float)


class LocationBench(Bench):
    """The bench of the association with envelopes; case ``k`` depends on the seed and ``k`` alone."""

    def __init__(self, seed: int, world: World | None = None) -> None:
        super().__init__(seed, world)
        self.settings, self.association = LocationSettings(depth="fixed"), AssociationSettings()
        model = read_velocity_model("jma2001")
        self.travel_times = station_travel_times(model, self.network, np.arange(0, 40, 1.0), 600.0)
        self.grid = search_grid(self.network, self.travel_times, self.settings)
        self.pairs = station_pairs(self.grid, self.settings)

    def full_case(self, number: int, separation_km: float | None) -> Case:
        """Probabilities and envelopes of a case."""
        rng = np.random.default_rng([self.seed, number, round(separation_km or 0), 7])
        places, count = self.places(separation_km, rng), len(self.network)
        site = 10 ** rng.normal(0, self.world.site_log10, count)
        power, bursts = np.zeros(count), []
        for latitude, longitude in places:
            snr = self.snr(latitude, longitude, rng) * site  # over the 120 s of a window of DiET
            duration_s = float(rng.uniform(*DURATION_S))
            start_s = SPAN_S / 2 - duration_s / 2 + float(rng.uniform(-SHIFT_S, SHIFT_S))
            s_times_s = self.travel_times.times(latitude, longitude, DEPTH_KM)
            amplitudes = snr / np.sqrt(min(duration_s, DIET_S) / DIET_S)
            power += snr**2
            bursts.append(
                TremorBurst(draw_burst_power(SPAN_S, start_s, duration_s, rng), s_times_s, amplitudes)
            )
        whole = simulate_envelopes(self.network, bursts, SPAN_S, EnvelopeSimulationSettings(), rng)
        p_tremor = expit(self.measured.draw(np.sqrt(power), self.root @ rng.standard_normal(count)))
        dead = rng.random(count) < DEAD
        values = whole.values.copy()
        p_tremor[dead], values[dead] = np.nan, np.nan
        start = whole.start_time + timedelta(BEFORE_S)
        window = replace(whole, values=values, unit="m/s").window(start, self.settings.window_s)
        return Case(p_tremor, window, places)

    def locate_by_group(self, cases: list[Case]) -> Iterator[Found]:
        """Locate as the full chain does, one window of DiET a case."""
        probabilities = self._probabilities(np.stack([case.p_tremor for case in cases], axis=1))
        association = associate_windows(probabilities, self.association)
        for k, case in enumerate(cases):
            started, rows = time.process_time(), []
            for candidate in gather_candidates(
                association.groups, probabilities, range(k, k + 1), association.graph, self.association,
                association.usable,
            ):  # fmt: skip
                located = locate_candidate(
                    case.window, candidate, association, self.grid, self.pairs, self.settings
                )
                rows += [row_of(one) for one in located.hypocentres]
            yield Found(tuple(rows), time.process_time() - started)

    def locate_over_all(self, cases: list[Case]) -> Iterator[Found]:
        """Locate by the conventional method, which knows of no groups."""
        for case in cases:
            started = time.process_time()
            located = locate_window(case.window, self.grid, self.pairs, self.settings)
            yield Found(tuple(map(row_of, located.hypocentres)), time.process_time() - started)

    def _probabilities(self, p_tremor: np.ndarray) -> Probabilities:
        """Record of these p_tremor (station, window), the rest noise, a window a minute."""
        says = dict.fromkeys(CLASSES, np.zeros_like(p_tremor)) | {"tremor": p_tremor, "noise": 1 - p_tremor}
        values = np.stack([np.where(np.isfinite(p_tremor), says[name], np.nan) for name in CLASSES], axis=1)
        count, windows = p_tremor.shape
        starts = np.datetime64("2000-01-01", "ns") + np.arange(windows) * timedelta(60.0)
        return Probabilities(
            self.network, values.astype(np.float32), np.isfinite(p_tremor).astype(np.float32), starts,
            DIET_S, (("", "HH"),) * count, "drawn", 0.95,
        )  # fmt: skip


def row_of(hypocentre: Hypocentre) -> tuple[float, float, int, float]:
    """Place, pairs and correlation."""
    place = hypocentre.fit.place
    return place.latitude, place.longitude, hypocentre.n_pairs, hypocentre.correlation


def matched_km(found: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(n,) distances of sources found to true ones, paired one to one so that their sum is least."""
    away = distances_km(found[:, :1], found[:, 1:], places[:, 0], places[:, 1])
    rows, columns = linear_sum_assignment(away)
    return np.asarray(away[rows, columns])


@lru_cache(maxsize=4)
def bench_of(seed: int, world: str) -> LocationBench:
    """Bench of a seed in a world, made once a process."""
    return LocationBench(seed, WORLDS.get(world))


def score(
    seed: int, world: str, count: int, separation_km: float | None, way: str, bar: float | None = None
) -> dict[str, object]:
    """How often the sources of a cell are counted and placed right."""
    bench = bench_of(seed, world)
    locate = getattr(bench, way)
    wanted = 1 if separation_km is None else 2
    numbers, right, more_30 = np.zeros(count, dtype=int), 0, 0
    errors: list[float] = []
    spent_s: list[float] = []
    for begin in range(0, count, BLOCK):
        cases = [bench.full_case(k, separation_km) for k in range(begin, min(begin + BLOCK, count))]
        for k, (case, found) in enumerate(zip(cases, locate(cases), strict=True), start=begin):
            places = found.places(SAME_KM)
            apart = matched_km(places, case.places)
            numbers[k] = len(places)
            right += len(places) == wanted and bool((apart < RIGHT_KM).all())
            more_30 += len(found.places(CatalogSettings().duplicate_distance_km)) > wanted
            errors.extend(apart)
            spent_s.append(found.spent_s)
    share = fraction(int(right), count)
    middle, most = np.quantile(errors, [0.5, 0.9]) if errors else (np.nan, np.nan)
    row = {
        "right": round(share.value, 3), "low 95": round(share.low, 3), "high 95": round(share.high, 3),
        "bar": bar, "reached": None if bar is None else bool(share.value >= bar), "of": count,
        "none": int((numbers == 0).sum()),
        "fewer": int(((numbers > 0) & (numbers < wanted)).sum()), "more": int((numbers > wanted).sum()),
        "more, share": round(float((numbers > wanted).mean()), 3),
        "more, at 30 km": round(more_30 / count, 3),
        "error, median, km": round(float(middle), 1), "error, 90 %, km": round(float(most), 1),
        "CPU-s a window": round(float(np.mean(spent_s)), 3),
    }  # fmt: skip
    print(world, way, name_of(separation_km), json.dumps(row), file=sys.stderr, flush=True)
    return row


def name_of(separation_km: float | None) -> str:
    """Name of a cell."""
    return "one source" if separation_km is None else f"two, {separation_km:g} km"


def measured(given: argparse.Namespace, pool: ProcessPoolExecutor) -> dict[str, object]:
    """All cells, each in a process of the pool."""
    cells = (None, *given.separations)
    by_group = {
        name_of(km): pool.submit(score, given.seed, "", given.cases, km, "locate_by_group", BARS.get(km))
        for km in cells
    }
    over_all = {
        name_of(km): pool.submit(score, given.seed, "", given.conventional, km, "locate_over_all")
        for km in cells if given.conventional
    }  # fmt: skip
    varied = {
        f"{world}: {name_of(km)}": pool.submit(score, given.seed, world, given.varied, km, "locate_by_group")
        for world in WORLDS for km in VARIED_KM if given.varied
    }  # fmt: skip
    split = by_group["one source"].result()["more, share"]
    result: dict[str, object] = {
        "data": "simulated", "seed": given.seed, "one source taken for several": split,
        "bar of that": f"<= {MORE_BAR}", "reached": bool(split <= MORE_BAR),
    }  # fmt: skip
    tables = {
        "by group": by_group, "conventional, all stations": over_all, "by group, another world": varied,
    }  # fmt: skip
    return result | {
        name: {cell: job.result() for cell, job in jobs.items()} for name, jobs in tables.items() if jobs
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--varied", type=int, default=200, help="cases a cell of a changed world")
    parser.add_argument("--conventional", type=int, default=100, help="cases a cell of the rival")
    parser.add_argument("--seed", type=int, default=482)
    parser.add_argument("--separations", type=float, nargs="*", default=list(SEPARATIONS_KM))
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        result = measured(given, pool)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
