"""The conventional chain on the named scenarios: what it finds, misses and makes up, by the truth.

    python benchmarks/science/scenarios.py [--scenarios NAME ...] [--days 10] [--hours H] [--processes 2]

Everything is simulated (``cascadia-hour`` semi-real: stacks of real LFEs at their real times in simulated
noise), at 25 Hz, and streamed into the analysis without files. ``snet-quiet`` is run for ``--days`` days,
each with its own seed. Settings are the defaults, but for the depth, which is fixed at 16 km off shore as the
documentation advises, and the velocity model of Cascadia. Nothing is tuned: these numbers are the baseline
that DiET and GrASP are held against. Ends with one JSON object.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.analysis import detect_tremor, finish_catalog
from tremorflow.batch.run import prepare_grid
from tremorflow.batch.simulated import SimulatedRecordings
from tremorflow.catalog.evaluate import Evaluation, evaluate_catalog
from tremorflow.catalog.evaluate_report import evaluation_json
from tremorflow.catalog.evaluate_rules import EvaluationSettings
from tremorflow.figures.evaluate import write_evaluation
from tremorflow.records import Network, event_table, timedelta, utc
from tremorflow.settings import Settings
from tremorflow.simulate.scenario import Scenario, read_scenario
from tremorflow.simulate.synthesis import Simulation, prepare_simulation
from tremorflow.truth import Truth, join_truth

ALL = ("snet-quiet", "weak", "two-sources", "snet-day", "outages", "cascadia-hour")
DATA = Path(os.environ.get("TREMORFLOW_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
RATE_HZ = 25.0
BLOCK_S = 6 * 3600.0  # of envelopes at a time, as a run of an archive


def detect(
    simulation: Simulation, settings: Settings, processes: int, hours: float | None
) -> tuple[pd.DataFrame, Counter[str]]:
    """Catalogue of the conventional chain over all or the first hours, and how its windows ended."""
    tables, windows = [], Counter[str]()
    with SimulatedRecordings(simulation, settings.preprocess, processes) as source:
        grid, settings_hash = prepare_grid(settings, source)
        start, end = source.span
        end = end if hours is None else min(end, start + timedelta(hours * 3600))
        while start < end:
            stop = min(start + timedelta(BLOCK_S + settings.location.step_s), end)
            found = detect_tremor(source.read(start, stop), grid, settings.location, settings_hash)
            windows.update(found.windows)
            tables.append(found.events)
            start += timedelta(BLOCK_S)
    filled = [table for table in tables if len(table)]
    events = pd.concat(filled, ignore_index=True) if filled else event_table()
    return finish_catalog(events, settings.catalog), windows


def run_scenario(
    scenario: Scenario, settings: Settings, hours: float | None, processes: int = 1
) -> tuple[pd.DataFrame, Truth, Network]:
    """Events and truth of one simulation, with a line on how it went."""
    started = time.time()
    simulation = prepare_simulation(scenario)
    prepared = time.time() - started
    events, windows = detect(simulation, settings, processes, hours)
    print(
        f"{scenario.name} seed {scenario.seed}: {scenario.duration_s / 86400:.2f} days, "
        f"{len(simulation.truth.tremor)} bursts, {len(events)} events, prepared in {prepared:.0f} s, "
        f"all in {time.time() - started:.0f} s; {dict(windows)}",
        file=sys.stderr,
        flush=True,
    )
    return events, simulation.truth, simulation.network


def days_in_a_row(name: str, days: int) -> list[Scenario]:
    """Copies of a one-day scenario, one after the other, each with a seed of its own."""
    first = read_scenario(name, sampling_rate_hz=RATE_HZ)
    start = np.datetime64(first.start.removesuffix("Z"))
    return [
        replace(first, seed=first.seed + 1000 * k, start=f"{start + np.timedelta64(k, 'D')}Z")
        for k in range(days)
    ]


def evaluate(
    scenarios: list[Scenario], settings: Settings, hours: float | None, processes: int
) -> Evaluation:
    """Score of all copies of a scenario together; copies run beside each other, or one over all processes."""
    if len(scenarios) > 1:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
            count = len(scenarios)
            done = list(pool.map(run_scenario, scenarios, [settings] * count, [hours] * count))
    else:
        done = [run_scenario(scenarios[0], settings, hours, processes)]
    filled = [events for events, _, _ in done if len(events)]
    events = pd.concat(filled, ignore_index=True) if filled else event_table()
    names = ("tremor", "lfe", "earthquakes", "nuisances", "outages")
    truth = Truth(**{name: join_truth(name, [getattr(one, name) for _, one, _ in done]) for name in names})
    starts = [utc(one.start) for one in (scenarios[0], scenarios[-1])]
    last_s = scenarios[-1].duration_s if hours is None else min(hours * 3600, scenarios[-1].duration_s)
    span = (starts[0], starts[1] + timedelta(last_s))
    return evaluate_catalog(events, truth, EvaluationSettings(), done[0][2], span)


def chosen_settings(name: str) -> Settings:
    """Default settings; S-net's depths fixed, Cascadia with a velocity model of its own."""
    settings = Settings()
    if name == "cascadia-hour":
        return replace(settings, velocity=replace(settings.velocity, model="cascadia_south"))
    return replace(settings, location=replace(settings.location, depth="fixed"))


def chosen_scenarios(name: str, days: int) -> list[Scenario]:
    """Copies of a scenario that are run; Cascadia's with real LFEs at their real times."""
    if name != "cascadia-hour":
        return days_in_a_row(name, days if name == "snet-quiet" else 1)
    library = DATA / "lfe"
    scenario = read_scenario(name)
    times = str(library / "times_ducellier_2007_2009.csv.gz")
    return [replace(scenario, semi_real=replace(scenario.semi_real, library=str(library), times=times))]


def evaluation_days(scenarios: list[Scenario], hours: float | None) -> float:
    """Network-days that were searched."""
    whole = sum(one.duration_s for one in scenarios) / 86400
    return whole if hours is None else min(whole, hours / 24)


def summary(evaluation: Evaluation) -> dict[str, object]:
    """Numbers of an evaluation that are shown in the documentation; intervals are of 95 %."""
    whole = evaluation_json(evaluation)
    errors, false = whole["errors"], whole["false_per_day"]
    return {
        "bursts": whole["bursts"]["all"],
        "events": whole["events"]["placed"],
        "recall": share(whole["recall"]),
        "recall by chance": share(whole["chance_recall"]),
        "precision": share(whole["precision"]),
        "false per day": rate(false["all"]),
        "of them near an earthquake": rate(false["near_earthquake"]),
        "location error median, 68 %, 90 % (km)": [
            errors["location"][key] for key in ("median", "p68", "p90")
        ],
        "truth in 68 % ellipse": share(errors["ellipse"]["share"]),
    }


def share(one: dict[str, float | None]) -> str:
    """Fraction with its interval."""
    if one["value"] is None:
        return "-"
    return f"{one['value']:.3f} ({one['low']:.3f}-{one['high']:.3f}), {one['hits']} of {one['of']}"


def rate(one: dict[str, float]) -> str:
    """Number per day with its interval."""
    return f"{one['value']:.1f} ({one['low']:.1f}-{one['high']:.1f})"


def bins(evaluation: Evaluation, name: str) -> list[dict[str, str]]:
    """Recall in bins of one property."""
    rows = evaluation_json(evaluation)["recall_bins"][name]
    return [{name: one["label"], "recall": share(one["recall"])} for one in rows if one["recall"]["of"]]


def pairs(evaluation: Evaluation) -> list[dict[str, object]]:
    """Resolved pairs of simultaneous bursts by separation."""
    rows = evaluation_json(evaluation)["pairs"]
    return [
        {
            "km apart": f"{one['low_km']:.0f}-{one['high_km']:.0f}",
            "resolved": share(one["resolved"]),
            "one found": one["one_found"],
            "none found": one["none_found"],
        }
        for one in rows
        if one["resolved"]["of"]
    ]


def disagreements(scores: dict[str, Evaluation], path: Path) -> list[str]:
    """Scenarios whose recall or false rate lies apart from the stored one, by their 95 % intervals."""
    stored = json.loads(path.read_text(encoding="utf-8"))["result"]["intervals"]
    apart = []
    for name, evaluation in scores.items():
        for what, (low, high) in intervals(evaluation).items():
            before = stored.get(name, {}).get(what)
            if before is not None and (high < before[0] or low > before[1]):
                apart.append(f"{name}: {what} {low:.3g}-{high:.3g}, stored {before[0]:.3g}-{before[1]:.3g}")
    return apart


def intervals(evaluation: Evaluation) -> dict[str, list[float]]:
    """95 % intervals of what a shorter run must agree with."""
    whole = evaluation_json(evaluation)
    found = {"recall": whole["recall"], "false per day": whole["false_per_day"]["all"]}
    return {what: [one["low"], one["high"]] for what, one in found.items() if one["low"] is not None}


def main() -> None:
    """Run the scenarios that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenarios", nargs="*", default=list(ALL), choices=ALL)
    parser.add_argument("--days", type=int, default=10, help="of snet-quiet")
    parser.add_argument("--hours", type=float, help="only the first hours of each")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--figures", type=Path, help="folder for pictures and tables")
    parser.add_argument("--agree", type=Path, help="stored result that this one must agree with")
    given = parser.parse_args()
    scores: dict[str, Evaluation] = {}
    measured = {}
    for name in given.scenarios:
        if name == "cascadia-hour" and not DATA.is_dir():
            print(f"{name} left out: there are no LFE stacks at {DATA}", file=sys.stderr)
            continue
        scenarios = chosen_scenarios(name, given.days)
        if given.hours is not None:
            scenarios = scenarios[:1]
        started = time.time()
        scores[name] = evaluate(scenarios, chosen_settings(name), given.hours, given.processes)
        measured[name] = {
            "seeds": f"{scenarios[0].seed} + 1000 k, k < {len(scenarios)}",
            "days": evaluation_days(scenarios, given.hours),
            "wall_s": round(time.time() - started, 1),
            **summary(scores[name]),
        }
        if given.figures:
            write_evaluation(scores[name], given.figures / name)
    print(json.dumps(result(scores, measured, given.processes)))
    if given.agree and (apart := disagreements(scores, given.agree)):
        sys.exit("does not agree with what is stored: " + "; ".join(apart))


def result(
    scores: dict[str, Evaluation], measured: dict[str, dict[str, object]], processes: int
) -> dict[str, object]:
    """Gather everything as one JSON object."""
    tables: dict[str, object] = {}
    if "weak" in scores:
        tables["weak, recall by best SNR"] = bins(scores["weak"], "snr_best")
        tables["weak, recall by stations with SNR 2"] = bins(scores["weak"], "n_stations_snr2")
        tables["weak, recall by region"] = bins(scores["weak"], "region")
    if "two-sources" in scores:
        tables["two-sources, resolved pairs"] = pairs(scores["two-sources"])
    return {
        "what": "conventional chain on simulated recordings, default settings",
        "rate_hz": RATE_HZ,
        "processes": processes,
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "scenarios": measured,
        "intervals": {name: intervals(one) for name, one in scores.items()},
        **tables,
    }


if __name__ == "__main__":
    main()
