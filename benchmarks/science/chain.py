"""The full chain against the conventional method on a simulated S-net, at equal false event rate.

    python benchmarks/science/chain.py [--quiet-days 10] [--weak-days 10] [--seeds 2433 2561] [--processes 2]

Everything is simulated, by seeds nothing was tuned on: ``snet-quiet`` (no tremor: every event is false) and
``weak`` (170 bursts a day, log10 of the energy uniform, counted are those whose best station has an SNR of
0.3 to 10), at 25 Hz, as counts, read as an archive is. Both methods have the same envelopes. Given to both:
events that a catalogue of all earthquakes of M >= 1.6 explains are left out (their waves pass within 100 km
of the epicentre, from 10 s before P to 60 s after S, or 120 or 240 s, whichever serves a method best, as far
as an earthquake of that size is heard), and duplicates are merged. The conventional side has its own best:
every threshold on pairs, correlation, stations, ellipse and duration is tried, with and without the rule of
company, and of all that keep to a false event rate the one that recovers most bursts is taken; so is that of
the full chain, on the gain of its groups, pairs and stations, with and without small groups and what
probabilities place alone (``location.uncorrelated``), as it comes, with sensitive settings (``SETTINGS_OF``:
one station may be a group, sources cost less, and probabilities place what does not correlate, from some gain
of the group on, "alone gain"; 999 is never), and with the most sensitive ones (a station need not be as sure
for that). "default settings" are the chain as it comes, without what probabilities place alone. The full
chain knows the site terms of the stations, and learns their noise, as a run does whose station table has site
terms; "no site terms" is the same where it has none. Recall counts each burst once (150 s or overlap, 50 km,
one to one), less what a copy shifted by 6 h finds. Signals are kept in ``build/chain``, so that a second run
is quick; without them a day takes 10 to 20 minutes of one core. With ``--tables`` the catalogues of the days
are kept too, of one version of the code, so that several machines can share the days. With ``--figure`` the
curves of recall against rate are drawn. Ends with one JSON object.
"""

import argparse
import itertools
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from chain_sets import (
    CACHE,
    SHIFT_S,
    blocks_of,
    chosen_settings,
    counted,
    grid_of,
    hearing_of,
    matched,
    scenario_of,
    signals_of,
)

from tremorflow.analysis import (
    Association,
    associate_windows,
    detect_tremor,
    finish_catalog,
    locate_groups,
)
from tremorflow.batch.signals import SignalFolder
from tremorflow.catalog.evaluate_scores import ellipse_radius, poisson_rate
from tremorflow.chance import with_gains
from tremorflow.counting import fraction
from tremorflow.detections import with_energies
from tremorflow.geodesy import distances_km, east_north_km
from tremorflow.locate import LocationSettings, SearchGrid
from tremorflow.preprocess import select_horizontals
from tremorflow.records import SMALL_GROUP, UNCORRELATED, Network, event_table, seconds, timedelta
from tremorflow.settings import Settings
from tremorflow.truth import Truth, truth_table

TARGETS = (0.3, 1.0, 3.0)
CURVE = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0)  # false events a day
EXPLAINED_KM, EXPLAINED_M = 100.0, 1.6
BEFORE_S = 10.0
AFTER_S = (60.0, 120.0, 240.0)  # the S wave and its coda; each method has the one that serves it best
SPEED_P, SPEED_S = 6.5, 3.7
REACH = timedelta(1800.0)  # of the background, before and after
WITHOUT_SITES = "no site terms"
SURE_KM = 20.0  # semi-major axis of events that are looked at apart: two thirds of a station spacing
SENSITIVE, MOST_SENSITIVE = ", sensitive", ", most sensitive"
LOOSE, ALONE = {"penalty": 2.0, "min_stations": 1}, {"uncorrelated": True, "uncorrelated_gain": 0.0}
SETTINGS_OF = {  # of the association, and of the location
    "": ({}, {"uncorrelated": True}),
    SENSITIVE: (LOOSE, ALONE),
    MOST_SENSITIVE: (LOOSE, ALONE | {"uncorrelated_probability": 0.7}),
}
FULL = ("full", WITHOUT_SITES)
METHODS = (*(method + suffix for suffix in SETTINGS_OF for method in FULL), "conventional")
NEVER = 999.0
CURVE_STYLES = {"full": "o-C0", WITHOUT_SITES: "s--C0", "conventional": "^-C1"}
CURVE_NAMES = {
    "full": "full chain, site terms known",
    WITHOUT_SITES: "full chain, no site terms",
    "conventional": "conventional, at its best",
}
OF_TRUTH = ("tremor", "earthquakes")  # tables that are asked for
FULL_SWEEP = {
    "gain": (0, 10, 12, 15, 20, 30), "n_pairs": (0, 3, 6, 10, 15), "n_stations": (2, 3, 5, 6, 8),
    "correlation": (0.0, 0.6, 0.65, 0.7), "large_only": (0, 1), "alone_gain": (0, 15, NEVER),
    "sensitive": (0,),
}  # fmt: skip
SENSITIVE_SWEEP = {
    "gain": (0, 8, 12), "n_pairs": (0, 3), "n_stations": (1, 2, 3), "correlation": (0.0, 0.6, 0.65),
    "large_only": (0,), "alone_gain": (0, 2, 4, 6, 8, 10, 12, 16, 20, NEVER), "sensitive": (1,),
}  # fmt: skip
MOST_SENSITIVE_SWEEP = SENSITIVE_SWEEP | {"sensitive": (2,)}
CONVENTIONAL_SWEEP = {
    "n_pairs": (6, 10, 15, 20, 30, 45, 70, 100, 150), "n_stations": (5, 6, 8, 10, 12),
    "correlation": (0.0, 0.6, 0.65, 0.7, 0.75, 0.8), "least_duration_s": (0, 10, 20),
    "semi_major_km": (1e9, 10.0, 5.0), "company": (0, 1),
}  # fmt: skip


class Way(NamedTuple):
    """A way to run the full chain: its groups, and how these are located."""

    association: Association
    grid: SearchGrid
    location: LocationSettings


def ways_of(folder: SignalFolder, known: Network, settings: Settings, spent: Counter[str]) -> dict[str, Way]:
    """With and without site terms, as the chain comes and with sensitive settings; CPU-s of one of these."""
    probabilities = folder.probabilities()
    grid = grid_of(known, settings)
    hearing = hearing_of(folder, probabilities, known, settings)
    blind_grid = replace(grid, network=probabilities.network)
    ways, made = {}, {}
    for suffix, (groups, places) in SETTINGS_OF.items():
        association = replace(settings.association, **groups)
        location = replace(settings.location, **places)
        if association not in made:
            clock = time.process_time()
            heard = associate_windows(probabilities, association, hearing)
            spent["association"] += 0.0 if suffix else time.process_time() - clock
            made[association] = heard, associate_windows(probabilities, association)
        heard, blind = made[association]
        ways["full" + suffix] = Way(heard, grid, location)
        ways[WITHOUT_SITES + suffix] = Way(blind, blind_grid, location)
    return ways


def day_of(name: str, seed: int, day: int, hours: float) -> dict:
    """Catalogues of all methods of one simulated day, before thresholds, and its truth."""
    settings = chosen_settings()
    simulation, folder = signals_of(scenario_of(name, seed, day, hours), CACHE, 1)
    known = simulation.network  # with the true site terms
    spent: Counter[str] = Counter()
    ways = ways_of(folder, known, settings, spent)
    tables = {name: list[pd.DataFrame]() for name in (*ways, "conventional")}
    start = simulation.grid.start_time
    end = start + timedelta(hours * 3600)
    for begin, stop in blocks_of(start, end, settings):
        every = folder.envelopes(max(begin - REACH, start), min(stop + REACH, end))
        window = select_horizontals(every.window(begin, seconds(stop - begin)))
        for method, way in ways.items():
            clock = time.process_time()
            found, _ = locate_groups(window, way.association, way.grid, way.location, "bench")
            placed = time.process_time()
            found = with_energies(
                found, replace(every, network=known), way.association.probabilities, settings.energy
            )
            if method == "full":
                spent["location"] += placed - clock
                spent["energy"] += time.process_time() - placed
            tables[method].append(with_gains(found.events, way.association))
        clock = time.process_time()
        tables["conventional"].append(
            detect_tremor(window, ways["full"].grid, settings.location, "bench").events
        )
        spent["conventional"] += time.process_time() - clock
    print(
        f"{name} {seed} day {day}: { ({k: round(v) for k, v in spent.items()}) } CPU-s",
        file=sys.stderr,
        flush=True,
    )
    found = {method: merged(parts, settings) for method, parts in tables.items()}
    return found | {"truth": simulation.truth, "days": hours / 24, "spent": spent}


def kept_day(folder: Path | None, name: str, seed: int, day: int, hours: float) -> dict:
    """``day_of``; with a folder from there if it has that day, else kept there."""
    if folder is None:
        return day_of(name, seed, day, hours)
    mine = folder / f"{name}-{seed}-{day}-{hours:g}"
    if not (mine / "spent.json").is_file():
        found = day_of(name, seed, day, hours)
        truth = {f"truth-{table}": getattr(found["truth"], table) for table in OF_TRUTH}
        mine.mkdir(parents=True, exist_ok=True)
        for table, rows in (found | truth).items():
            if isinstance(rows, pd.DataFrame):
                rows.to_parquet(mine / f"{table}.parquet")
        (mine / "spent.json").write_text(json.dumps(found["spent"]), encoding="utf-8")
    tables = {path.stem: pd.read_parquet(path) for path in mine.glob("*.parquet")}
    truth = Truth(**{table: truth_table(table, tables.pop(f"truth-{table}")) for table in OF_TRUTH})
    spent = json.loads((mine / "spent.json").read_text(encoding="utf-8"))
    return tables | {"truth": truth, "days": hours / 24, "spent": spent}


def merged(tables: list[pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """Catalogue of a day, duplicates merged, with the gains of the groups where there are any."""
    tables = [table for table in tables if len(table)]
    if not tables:
        return event_table().assign(gain=np.zeros(0))
    whole = pd.concat(tables, ignore_index=True)
    gains = whole.pop("gain") if "gain" in whole else pd.Series(np.nan, index=whole.index)
    key = ["window_start", "latitude", "longitude"]
    kept = finish_catalog(whole, settings.catalog)
    return kept.merge(whole[key].assign(gain=gains).drop_duplicates(key), on=key, how="left")


def after_earthquakes(events: pd.DataFrame, earthquakes: pd.DataFrame) -> np.ndarray:
    """(event,) least time in s since the S wave of an earthquake heard there has passed; infinite if none.

    Of the event's begin and its centroid; negative while waves pass.
    """
    large = earthquakes[earthquakes["magnitude"] >= EXPLAINED_M]
    result = np.full(len(events), np.inf)
    origins = large["time"].to_numpy()
    for k, (_, event) in enumerate(events.iterrows()):
        away = distances_km(
            event["latitude"], event["longitude"], large["latitude"].to_numpy(), large["longitude"].to_numpy()
        )
        r = np.hypot(away, large["depth_km"].to_numpy())
        heard = large["magnitude"].to_numpy() >= 1.6 + 2.0 * np.log10(np.maximum(r, 50.0) / 50.0)
        first_s = np.maximum(r - EXPLAINED_KM, 0) / SPEED_P - BEFORE_S
        for moment in (event["start_time"], event["time"]):
            late = (moment.to_datetime64() - origins) / np.timedelta64(1, "s")
            after = (late - (r + EXPLAINED_KM) / SPEED_S)[heard & (late >= first_s)]
            result[k] = after.min(initial=result[k])
    return result


def count_found(events: pd.DataFrame, truth: pd.DataFrame) -> int:
    """Bursts that are counted and found."""
    return int(counted(truth)[matched(events, truth)[1]].sum())


def shifted(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(
        **{n: events[n] + pd.Timedelta(SHIFT_S, "s") for n in ("time", "start_time", "end_time")}
    )


def measures(events: pd.DataFrame) -> dict[str, np.ndarray]:
    """What thresholds are set on (event,), each by the name of its rule."""
    columns = "n_pairs", "n_stations", "correlation", "gain", "semi_major_km", "after_s"
    found = {name: np.nan_to_num(events[name].to_numpy(dtype=np.float64)) for name in columns}
    return found | {
        "alone": has_flag(events, UNCORRELATED),  # has neither pairs nor correlation
        "company": ~has_flag(events, "isolated"),
        "large_only": ~has_flag(events, SMALL_GROUP),
        "least_duration_s": (events["end_time"] - events["start_time"]).dt.total_seconds().to_numpy(),
    }


def passing(found: dict[str, np.ndarray], rule: dict[str, float]) -> np.ndarray:
    """(event,) whether an event of these measures passes all thresholds of a rule."""
    alone = found["alone"]
    keep = np.ones(len(alone), dtype=bool)
    for name, least in rule.items():
        if name == "sensitive":
            continue  # a setting of the run, not a threshold on its events
        if name == "semi_major_km":
            keep &= found[name] <= least
        elif name == "after_s":
            keep &= found[name] > least
        elif name == "alone_gain":
            keep &= ~alone | (found["gain"] >= least)
        else:
            enough = found[name] >= least
            keep &= enough | alone if name in ("n_pairs", "correlation") else enough
    return keep


def has_flag(events: pd.DataFrame, flag: str) -> np.ndarray:
    """(event,) whether a word is among the flags."""
    return events["flags"].fillna("").str.contains(flag).to_numpy(dtype=bool)


def sweep(
    quiet: pd.DataFrame, weak: pd.DataFrame, truth: pd.DataFrame, days: float, grid: dict
) -> list[dict]:
    """Rate of false events and bursts recovered by every rule, each rate with the rule that recovers most."""
    rows, of_quiet, of_weak = [], measures(quiet), measures(weak)
    for values in itertools.product(*grid.values()):
        rule = dict(zip(grid, values, strict=True))
        false, passes = int(passing(of_quiet, rule).sum()), passing(of_weak, rule)
        if any(row["false"] <= false and row["possible"] >= passes.sum() for row in rows):
            continue  # some rule lets more through of the one and no more of the other
        kept = weak[passes].reset_index(drop=True)
        found, chance = count_found(kept, truth), count_found(shifted(kept), truth)
        rows.append({"rule": rule, "false": false, "possible": len(kept), "found": found, "chance": chance})
    return [row | {"per day": round(row["false"] / days, 2)} for row in rows]


def best_at(rows: list[dict], days: float, target: float) -> dict:
    """Of the rules that keep to a false event rate the one that recovers most."""
    fit = [row for row in rows if row["false"] <= target * days + 1e-9]
    if not fit:
        return {"found": 0, "chance": 0, "false": 0, "rule": None}
    return max(fit, key=lambda row: (row["found"] - row["chance"], -row["false"]))


def multiple(full: list[dict], plain: list[dict], truth: pd.DataFrame, days: float) -> dict:
    """Ratio of bursts recovered at equal rates, from the sweeps of the full chain and the conventional."""
    rows = {}
    least = min(row["false"] for row in full) / days  # what the full chain has at best: its own rate
    for target in sorted({*TARGETS, round(max(least, 1 / days), 3)}):
        one, other = best_at(full, days, target), best_at(plain, days, target)
        net, rival = one["found"] - one["chance"], other["found"] - other["chance"]
        rows[f"{target:g} false events a day"] = {
            "full chain": net, "conventional": rival, "of": int(counted(truth).sum()),
            "multiple": round(net / rival, 2) if rival > 0 else None, "bar": ">= 5",
            "full chain, rule": one["rule"], "conventional, rule": other["rule"],
            "full chain, false": one["false"], "conventional, false": other["false"],
        }  # fmt: skip
    return rows


def recall_curve(rows: list[dict], truth: pd.DataFrame, days: float) -> dict[str, float]:
    """Share of the bursts that count that is recovered at each false event rate."""
    best = {rate: best_at(rows, days, rate) for rate in CURVE}
    total = int(counted(truth).sum())
    return {f"{rate:g}": round((one["found"] - one["chance"]) / total, 3) for rate, one in best.items()}


def draw_curves(curves: dict[str, dict[str, float]], days: float, path: Path) -> None:
    """Draw recall against false event rate."""
    figure, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for name, style in CURVE_STYLES.items():
        rates = [float(rate) for rate in curves[name]]
        axes.plot(rates, list(curves[name].values()), style, ms=4, label=CURVE_NAMES[name])
    for rate in TARGETS:
        axes.axvline(rate, color="0.8", lw=0.8, zorder=0)
    axes.set(xscale="log", ylim=(0, 1), xlabel="False events a day", ylabel="Bursts recovered")
    axes.set_xticks([0.1, 0.3, 1, 3, 10, 30, 100], ["0.1", "0.3", "1", "3", "10", "30", "100"])
    axes.minorticks_off()
    axes.set_title(f"Simulated S-net; {days:g} quiet days: 1 a day is {days:g} false events", fontsize=10)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    figure.savefig(path, dpi=80, pil_kwargs={"optimize": True})
    plt.close(figure)


def located(weak: pd.DataFrame, truth: pd.DataFrame) -> dict:
    """Errors of the full chain with default settings, and its recall where stations hear the burst well."""
    a, b = matched(weak, truth)
    if not len(a):
        return {"events": len(weak), "matched": 0, "of bursts": len(truth)}
    events, bursts = weak.iloc[a], truth.iloc[b]
    error = distances_km(
        *(one[name].to_numpy() for one in (events, bursts) for name in ("latitude", "longitude"))
    )
    inside = in_ellipse(events, bursts)
    loud = truth["n_stations_snr2"].to_numpy(dtype=np.int64) >= 6
    recall = fraction(int(loud[b].sum()), int(loud.sum()))
    covered = fraction(int(inside.sum()), len(inside))
    energy = np.log10(events["energy_j"].to_numpy() / bursts["energy_j"].to_numpy())
    energy = energy[np.isfinite(energy)] if np.isfinite(energy).any() else np.full(1, np.nan)
    spread = 1.4826 * np.median(np.abs(energy - np.median(energy))) if len(energy) else np.nan
    return {
        "events": len(weak), "matched": len(a), "of bursts": len(truth),
        "recall, 6 stations with SNR 2": share(recall, ">= 0.9") | {"of": int(loud.sum())},
        "location error, median (km)": {"value": round(float(np.median(error)), 2), "bar": "<= 4"},
        "location error, 90 % (km)": {"value": round(float(np.quantile(error, 0.9)), 2), "bar": "<= 12"},
        "truth in 68 % region": share(covered, "0.62-0.74"),
        "of small groups": of_group(weak, SMALL_GROUP, events, error, inside),
        "of them uncorrelated": of_group(weak, UNCORRELATED, events, error, inside),
        "log10 energy, median": {"value": round(float(np.median(energy)), 3), "bar": "within 0.15"},
        "log10 energy, robust sd": {"value": round(float(spread), 3), "bar": "<= 0.3"},
        "log10 energy, sd": {"value": round(float(energy.std()), 3), "bar": "<= 0.3"},
        "with energy": len(energy),
    }  # fmt: skip


def without(flag: str, events: pd.DataFrame) -> pd.DataFrame:
    """Events without a flag."""
    return events[~has_flag(events, flag)].reset_index(drop=True)


def sure_of(events: pd.DataFrame) -> pd.DataFrame:
    """Events whose 68 % region is small."""
    return events[(events["semi_major_km"] <= SURE_KM).to_numpy()].reset_index(drop=True)


def of_group(
    weak: pd.DataFrame, flag: str, events: pd.DataFrame, error: np.ndarray, inside: np.ndarray
) -> dict:
    """Events with a flag, how many are matched (event,), and how well these are placed."""
    mine = has_flag(events, flag)
    counts = {"events": int(has_flag(weak, flag).sum()), "matched": int(mine.sum())}
    if not mine.any():
        return counts
    return counts | {
        "location error, median (km)": round(float(np.median(error[mine])), 2),
        "truth in 68 % region": round(float(inside[mine].mean()), 3),
    }


def share(part, bar: str) -> dict:
    """A share with its interval of 95 % beside the bar."""
    numbers = {"value": part.value, "low 95": part.low, "high 95": part.high}
    return {name: round(float(value), 3) for name, value in numbers.items()} | {"bar": bar}


def in_ellipse(events: pd.DataFrame, bursts: pd.DataFrame) -> np.ndarray:
    """(pair,) whether the 68 % ellipse of an event holds its burst."""
    names = ("latitude", "longitude")
    places = (one[name].to_numpy() for one in (events, bursts) for name in names)
    east_km, north_km = east_north_km(*places)
    return ellipse_radius(events, pd.DataFrame({"east_km": east_km, "north_km": north_km})) <= 1


def joined(days: list[dict], method: str) -> pd.DataFrame:
    """Catalogue of all days, with the s after an earthquake of each event."""
    tables = [
        day[method].assign(after_s=after_earthquakes(day[method], day["truth"].earthquakes)) for day in days
    ]
    return pd.concat(tables, ignore_index=True)


def unexplained(events: pd.DataFrame) -> pd.DataFrame:
    """Events that earthquakes do not explain, in the shortest of the times that methods may choose."""
    return events[(events["after_s"] > AFTER_S[0]).to_numpy()].reset_index(drop=True)


def at_default(raw: dict, kept: dict, truth: pd.DataFrame, method: str, days: float) -> dict:
    """Rate of false events and bursts found of a method as it comes."""
    false, weak = poisson_rate(len(raw["snet-quiet"][method]), days), raw["weak"][method]
    return {
        "false events a day": round(false.value, 2),
        "95 %": [round(false.low, 2), round(false.high, 2)],
        "not explained by earthquakes, a day": round(len(kept["snet-quiet"][method]) / days, 2),
        "bursts found": count_found(weak, truth),
        "by chance": count_found(shifted(weak), truth),
    }


def days_of(given: argparse.Namespace) -> dict[str, list[dict]]:
    """Days of both scenarios."""
    wanted = ("weak", given.seeds[1], given.weak_days), ("snet-quiet", given.seeds[0], given.quiet_days)
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        jobs = {
            name: [pool.submit(kept_day, given.tables, name, seed, k, given.hours) for k in range(count)]
            for name, seed, count in wanted
        }
        return {name: [job.result() for job in days] for name, days in jobs.items()}


def all_swept(raw: dict[str, dict], truth: pd.DataFrame, days: float) -> dict[str, list[dict]]:
    """Sweeps of the full chain, of all its settings together, and of the conventional method."""

    def swept(method: str, grid: dict) -> list[dict]:
        quiet, weak = raw["snet-quiet"][method], raw["weak"][method]
        times = ({"after_s": (after_s,)} for after_s in AFTER_S)  # apart: one does not stand for another
        return [row for time_s in times for row in sweep(quiet, weak, truth, days, grid | time_s)]

    grids = {"": FULL_SWEEP, SENSITIVE: SENSITIVE_SWEEP, MOST_SENSITIVE: MOST_SENSITIVE_SWEEP}
    full = {m: [row for suffix, grid in grids.items() for row in swept(m + suffix, grid)] for m in FULL}
    return full | {"conventional": swept("conventional", CONVENTIONAL_SWEEP)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quiet-days", type=int, default=10)
    parser.add_argument("--weak-days", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs=2, default=(2433, 2561))
    parser.add_argument("--hours", type=float, default=24.0, help="of each day, for a quick look")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tables", type=Path, help="keep catalogues of days there, and take what is there")
    parser.add_argument("--figure", type=Path, help="draw recall against false event rate there")
    given = parser.parse_args()
    sets = days_of(given)
    quiet_days = sum(day["days"] for day in sets["snet-quiet"])
    truth = pd.concat([day["truth"].tremor for day in sets["weak"]], ignore_index=True)
    raw = {name: {m: joined(days, m) for m in METHODS} for name, days in sets.items()}
    kept = {name: {m: unexplained(table) for m, table in tables.items()} for name, tables in raw.items()}
    swept = all_swept(raw, truth, quiet_days)
    at_equal_rate = {m: multiple(swept[m], swept["conventional"], truth, quiet_days) for m in FULL}
    curves = {m: recall_curve(rows, truth, quiet_days) for m, rows in swept.items()}
    if given.figure:
        draw_curves(curves, quiet_days, given.figure)
    everything = raw["weak"]["full"]
    sensitive = {
        m + suffix: at_default(raw, kept, truth, m + suffix, quiet_days)
        for suffix in (SENSITIVE, MOST_SENSITIVE)
        for m in FULL
    }
    most = located(raw["weak"]["full" + SENSITIVE], truth)
    raw, kept = (
        {
            name: {m: without(UNCORRELATED, table) for m, table in tables.items()}
            for name, tables in one.items()
        }
        for one in (raw, kept)
    )
    defaults = {m: at_default(raw, kept, truth, m, quiet_days) for m in (*FULL, "conventional")}
    net = {m: defaults[m]["bursts found"] - defaults[m]["by chance"] for m in defaults}
    result = {
        "data": "simulated", "seeds": list(given.seeds), "quiet days": quiet_days,
        "bursts": len(truth), "with a best SNR of 0.3 to 10": int(counted(truth).sum()),
        "equal false event rate": at_equal_rate["full"],
        "equal false event rate, no site terms": at_equal_rate[WITHOUT_SITES],
        "recall by false events a day": curves,
        "default settings": defaults,
        "sensitive settings, all events": sensitive,
        "raw ratio": round(net["full"] / max(net["conventional"], 1), 2),
        "full chain, default settings": located(raw["weak"]["full"], truth),
        "the same without small groups": located(without(SMALL_GROUP, raw["weak"]["full"]), truth),
        f"the same with a 68 % region within {SURE_KM:g} km": located(sure_of(raw["weak"]["full"]), truth),
        "the same and what probabilities place alone": located(everything, truth),
        "sensitive settings": most,
        "default settings without site terms": located(raw["weak"][WITHOUT_SITES], truth),
        "CPU-s, all weak days": dict(sum((Counter(day["spent"]) for day in sets["weak"]), Counter())),
    }  # fmt: skip
    print(json.dumps(result, indent=1, default=float))


if __name__ == "__main__":
    main()
