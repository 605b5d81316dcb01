"""The whole chain on semi-real tremor of Cascadia in real noise: DiET, GrASP and location by group.

    python benchmarks/science/chain_semireal.py [--hours N] [--draws 2] [--seed 41]

Semi-real: stacks of real low-frequency earthquakes (LFEs) of families left out of training, at the times at
which LFEs of these families were really detected, in real noise left out of training (``network_sets``), in
two ways (``network_tremor``): "real moveout" and "placed". Before each active hour lies one without any LFE.

Scaling: the stacks are of traces that were normalised before stacking, so absolute amplitudes are lost, and
what is left between stations is signal over noise. "real moveout" keeps that ratio station by station; in
"placed" amplitudes fall as 1/r and with Q 200 over noise of one level. On this one factor an hour: that which
gives the sixth-best station SNR 3 in the median window of five minutes with three LFEs or more. Every LFE
has a size of its own, exponential about the hour's. Catalogued LFEs are the loudest of tremor: what hums
between them is missing here.

An active window has three LFEs and six stations with SNR 2; right is an event within 10 km of a family that
has an LFE in it. Other windows with LFEs are grey: neither right nor false. Nothing here is simulated noise,
and nothing is a measurement on a network as it stands. Ends with one JSON object.
"""

import argparse
import json
import sys
import time

import numpy as np
import pandas as pd
from network_sets import (
    HOUR,
    MadeNetwork,
    NoiseBank,
    active_windows,
    called_tremor,
    empty_network,
    judge_windows,
    near,
    overlap,
    run_chain,
    velocity_settings,
)
from network_tremor import (
    cut_library,
    library_of,
    make_tremor,
    placed_library,
    size_for,
    whole_library,
    with_stacks,
)
from shared_data import thirds

from tremorflow.counting import fraction
from tremorflow.geodesy import distances_km
from tremorflow.records import timedelta, utc

HOURS = {  # days apart; the richest of the families of each use
    "test": (
        ("2008-04-20T04:00:00Z", ("012", "020", "024")),
        ("2007-10-15T14:00:00Z", ("024",)),
        ("2008-11-30T03:00:00Z", ("004",)),
        ("2008-04-22T14:00:00Z", ("028",)),
        ("2009-03-24T16:00:00Z", ("024", "028")),
        ("2008-03-11T12:00:00Z", ("028",)),
    ),
    "train": (  # for choices: nothing of the test
        ("2008-04-15T09:00:00Z", ("009", "011", "017")),
        ("2007-12-07T09:00:00Z", ("029",)),
        ("2008-04-21T16:00:00Z", ("023",)),
        ("2008-04-08T04:00:00Z", ("003",)),
        ("2008-04-16T12:00:00Z", ("019",)),
        ("2009-06-12T06:00:00Z", ("009", "017")),
    ),
}
SIXTH_SNR = 3.0
STATIONS = 16  # of a placed network: those nearest to its sources
MODEL = "cascadia_south"
BAR = 0.9
WAYS = ("real moveout", "placed")
READINGS = {
    "right": "right",
    "right_inside": "right, and the burst lies in the window",
    "right_unmerged": "the same before duplicates are merged",
}


def make_network(
    way: str, use: str, number: int, bank: NoiseBank, seed: int
) -> tuple[MadeNetwork, np.ndarray, pd.DataFrame]:
    """Network of one active hour and the quiet one before, the tremor's motion, and its LFEs."""
    rng = np.random.default_rng([seed, number, WAYS.index(way)])
    real_start, families = HOURS[use][number]
    library = library_of(use)
    library = with_stacks(library, set(families)) if way == "real moveout" else placed(library, use, families)
    start = utc(real_start) - timedelta(HOUR)
    made = empty_network(library.network, start, 2 * HOUR, bank, rng)
    amplitude = "stack" if way == "real moveout" else "model"
    tremor = make_tremor(made, library, real_start, HOUR, amplitude, seed + number)
    motion = tremor.motion * np.float32(size_for(made, tremor, SIXTH_SNR, 6))
    made.motion += motion
    return made, motion, tremor.lfe


def placed(library, use: str, families: tuple[str, ...]):
    """Library of the stations nearest to some families, of stacks of families and stations of one use."""
    mine = [k for k, name in enumerate(library.families) if name in families]
    middle = library.latitudes[mine].mean(), library.longitudes[mine].mean()
    away = distances_km(*middle, library.network.latitudes, library.network.longitudes)
    near = np.sort(np.argsort(away)[:STATIONS])
    cut = cut_library(library, list(range(len(library.templates))), near.tolist())
    names = ("latitude", "longitude", "depth_km")
    places = zip(names, (cut.latitudes, cut.longitudes, cut.depths_km), strict=True)
    sources = pd.DataFrame({"template": cut.templates, "family": cut.families} | dict(places))
    return placed_library(use, cut.network, sources, MODEL)


def score_hour(
    way: str, use: str, number: int, bank: NoiseBank, seed: int
) -> tuple[dict, pd.DataFrame, pd.DataFrame]:
    """Row of an active hour, its windows with LFEs, judged, and what DiET said of its stations."""
    started = time.time()
    made, motion, lfe = make_network(way, use, number, bank, seed)
    found = run_chain(made, velocity_settings(MODEL))
    windows = judge_windows(active_windows(made, motion, lfe), found)
    with_lfe = np.zeros(len(found.events), dtype=bool)
    for moment in lfe["time"]:
        with_lfe |= near(found.events, np.datetime64(moment))
    quiet = ~with_lfe & overlap(found.events, made.start, made.start + timedelta(HOUR))
    active, grey = (windows[windows["active"] == kind] for kind in (True, False))
    row = {
        "hour": HOURS[use][number][0][:13],
        "families": ", ".join(HOURS[use][number][1]),
        "stations": len(made.network),
        "active windows": len(active),
        "right": int(active["right"].sum()),
        "grey windows": len(grey),
        "grey, right": int(grey["right"].sum()),
        "events": len(found.events),
        "of them without LFEs": int((~with_lfe & ~quiet).sum()),
        "in the hour before": int(quiet.sum()),
    }
    spent = time.time() - started
    print(way, json.dumps(row), f"{spent:.0f} s", file=sys.stderr, flush=True)
    missed = active[~active["right"]].drop(columns="places")
    if len(missed):
        print(missed.to_string(), file=sys.stderr, flush=True)
    stations = pd.DataFrame(called_tremor(made, motion, found), columns=["loud", "called"])
    stations["unseen"] = [way == "placed" or code in unseen_stations() for code in made.network.codes]
    return row, windows, stations


def unseen_stations() -> set[str]:
    """Stations whose stacks trained nothing."""
    codes = sorted(whole_library().network.codes)
    return {code for number, code in enumerate(codes) if thirds(number) == "test"}


def by_hour(rows: list[dict]) -> dict[str, dict]:
    """Rows of all draws by hour, numbers summed but for those that draws have in common."""
    table = pd.DataFrame(rows)
    same = {"families": "first", "stations": "first"}
    sums = dict.fromkeys([name for name in table.columns if name not in ("hour", *same)], "sum")
    return table.groupby("hour").agg(same | sums).to_dict(orient="index")


def summary(rows: list[dict], windows: pd.DataFrame, stations: pd.DataFrame) -> dict[str, object]:
    """Shares of the active windows of a way, with Wilson intervals, and events where nothing is."""
    active = windows[windows["active"]]
    shares = {name: fraction(int(active[name].sum()), len(active)) for name in READINGS}
    right = shares["right"]
    quiet = sum(row["in the hour before"] for row in rows)

    def called(mine: pd.DataFrame) -> str:
        if not mine["loud"].sum():
            return "-"
        one = fraction(int(mine["called"].sum()), int(mine["loud"].sum()))
        return f"{one.value:.3f} ({one.low:.3f}-{one.high:.3f})"

    error = active["nearest_km"].replace(np.inf, np.nan)
    return {
        "active windows": len(active),
        "grey windows": int((~windows["active"]).sum()),
        **{
            READINGS[name]: f"{one.value:.3f} ({one.low:.3f}-{one.high:.3f})"
            for name, one in shares.items()
        },
        "with an event anywhere": round(float((active["events"] > 0).mean()), 3),
        "grey windows with a right event": round(float(windows.loc[~windows["active"], "right"].mean()), 3),
        "distance from the family, median (km)": round(float(error.median()), 1),
        **{
            f"DiET calls tremor at SNR 2, {name}": called(stations[stations["unseen"] == unseen])
            for name, unseen in (("stations of training", False), ("other stations", True))
        },
        "bar": f"right in >= {BAR:g}", "reached": "yes" if right.value >= BAR else "no",
        "hours without LFEs": len(rows), "events in them": quiet,
        "bar of events in them": "0", "reached in them": "yes" if quiet == 0 else "no",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, help="only so many active hours")
    parser.add_argument("--use", default="test", choices=sorted(HOURS))
    parser.add_argument("--draws", type=int, default=2, help="of noise and sizes, of each hour")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    given = parser.parse_args()
    bank = NoiseBank(given.use)
    result: dict[str, object] = {
        "data": "semi-real",
        "use": given.use,
        "seed": given.seed,
        "draws": given.draws,
    }
    ways: dict[str, object] = {}
    hours: dict[str, object] = {}
    for way in given.ways:
        numbers = range(len(HOURS[given.use]))[: given.hours]
        seeds = [given.seed + 100 * draw for draw in range(given.draws)]
        done = [score_hour(way, given.use, number, bank, seed) for seed in seeds for number in numbers]
        rows = [row for row, _, _ in done]
        windows, stations = (pd.concat([one[k] for one in done], ignore_index=True) for k in (1, 2))
        ways[way] = summary(rows, windows, stations)
        hours[f"{way}, by hour"] = by_hour(rows)
    print(json.dumps(result | {"ways": ways} | hours, indent=1))


if __name__ == "__main__":
    main()
