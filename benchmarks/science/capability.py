"""Does a network find what its capability says? Predicted against measured recall on a simulated S-net.

    python benchmarks/science/capability.py [--weak-days 8] [--seed 2561] [--hours 24] [--processes 2]

Everything is simulated, by a seed nothing was tuned on: ``weak`` (170 bursts a day, log10 of the energy
uniform, down to below the noise), at 25 Hz, as counts, read as an archive is, as for ``chain``. Predicted is
the probability that the chain finds each burst, from its place, energy and duration, the true site terms, and
the noise of the stations in the hour of the burst, as measured from the envelopes. Measured is what the full
chain finds with default settings, its depth fixed (150 s or overlap, 50 km, one to one), but without small
groups, which the prediction leaves out. Both are compared in deciles of the predicted probability, and in
steps of 0.2 of it. A second prediction, and a second run of the chain, have the site terms unknown, and
energies relative as the chain would then estimate them: higher by the mean site term. Signals are kept in
``build/chain``; without them a day takes 10 to 30 minutes of one core. Ends with one JSON object.
"""

import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from chain_sets import (
    CACHE,
    blocks_of,
    chosen_settings,
    grid_of,
    hearing_of,
    matched,
    scenario_of,
    signals_of,
    weak_days_parser,
)

from tremorflow.analysis import associate_windows, finish_catalog, locate_groups
from tremorflow.capability import (
    Bursts,
    CapabilitySettings,
    ChainRules,
    map_capability,
    probability_found,
)
from tremorflow.counting import fraction
from tremorflow.energy import measure_noise
from tremorflow.preprocess import select_horizontals
from tremorflow.records import Network, join_events, timedelta
from tremorflow.settings import Settings

STEPS = np.linspace(0, 1, 6)


def events_of(
    folder, network: Network, span: tuple[np.datetime64, np.datetime64], settings: Settings
) -> pd.DataFrame:
    """Catalogue of the full chain from the signals of a folder; site terms are those of the network."""
    probabilities = folder.probabilities()
    grid = grid_of(probabilities.network, settings)
    hearing = hearing_of(folder, probabilities, network, settings)
    association, found = associate_windows(probabilities, settings.association, hearing), []
    for begin, stop in blocks_of(*span, settings):
        window = select_horizontals(folder.envelopes(begin, stop))
        found.append(locate_groups(window, association, grid, settings.location, "bench")[0].events)
    return finish_catalog(join_events([table for table in found if len(table)]), settings.catalog)


def is_found(events: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """(burst,) whether an event belongs to it."""
    result = np.zeros(len(truth), dtype=bool)
    result[matched(events, truth)[1]] = True
    return result


def predicted(
    folder, network: Network, truth: pd.DataFrame, rules: ChainRules, higher: float = 0.0
) -> np.ndarray:
    """(burst,) probability that each is found, its log10 energy taken higher by so much."""
    result, settings = np.zeros(len(truth)), CapabilitySettings()
    for hour in folder.hours():
        mine = ((truth["time"] >= hour) & (truth["time"] < hour + timedelta(3600.0))).to_numpy()
        rows = truth[mine]
        envelopes = replace(folder.envelopes(hour, hour + timedelta(3600.0)), network=network)
        lengths = (rows["end_time"] - rows["start_time"]).dt.total_seconds().to_numpy()
        places = (rows[name].to_numpy() for name in ("latitude", "longitude", "depth_km"))
        result[mine] = probability_found(
            measure_noise(envelopes, rules.energy), Bursts(*places, lengths),
            np.log10(rows["energy_j"].to_numpy()) + higher, settings, rules,
        )  # fmt: skip
    return result


def compared(chance: np.ndarray, found: np.ndarray) -> dict:
    """Predicted and measured recall by deciles and by steps of the predicted probability."""

    def row(chosen: np.ndarray) -> dict:
        count = fraction(int(found[chosen].sum()), len(chosen))
        mean = float(chance[chosen].mean())
        interval = [round(count.low, 3), round(count.high, 3)]
        return {
            "bursts": len(chosen), "predicted": round(mean, 3), "measured": round(count.value, 3),
            "95 %": interval, "difference": round(mean - count.value, 3),
        }  # fmt: skip

    order = np.argsort(chance, kind="stable")
    deciles = [row(part) for part in np.array_split(order, 10) if len(part)]
    step = np.clip(np.searchsorted(STEPS, chance, side="right") - 1, 0, len(STEPS) - 2)
    return {
        "expected": round(float(chance.sum()), 1), "found": int(found.sum()),
        "largest difference of a decile": max(abs(one["difference"]) for one in deciles),
        "deciles": deciles,
        "steps": [row(np.flatnonzero(step == k)) for k in range(len(STEPS) - 1) if (step == k).any()],
    }  # fmt: skip


def day_of(seed: int, day: int, hours: float, settings: Settings, processes: int) -> dict:
    """Predicted and measured of one simulated day, and what its map takes."""
    simulation, folder = signals_of(scenario_of("weak", seed, day, hours), CACHE, processes)
    span = simulation.grid.start_time, simulation.grid.start_time + timedelta(hours * 3600)
    truth, rules = (
        simulation.truth.tremor,
        ChainRules(settings.association, settings.location, settings.energy),
    )
    bare = Network(tuple(replace(one, site_amplification=np.nan) for one in simulation.network.stations))
    sites = np.log10(simulation.network.site_amplifications)
    higher = 2 * float(sites.mean() - np.log10(settings.energy.unknown_amplification))
    result = {
        "found": is_found(events_of(folder, simulation.network, span, settings), truth),
        "found unknown": is_found(events_of(folder, bare, span, settings), truth),
        "known": predicted(folder, simulation.network, truth, rules),
        "unknown": predicted(folder, bare, truth, rules, higher),
    }
    clock, network = time.process_time(), simulation.network
    layers = (
        (
            hour,
            measure_noise(
                replace(folder.envelopes(hour, hour + timedelta(3600.0)), network=network), rules.energy
            ),
        )
        for hour in folder.hours()
    )
    result["hours"] = map_capability(network, layers, CapabilitySettings(), rules).by_hour()
    return result | {"map_cpu_s": time.process_time() - clock}


def main() -> None:
    given = weak_days_parser(__doc__).parse_args()
    settings = chosen_settings()
    settings = replace(settings, location=replace(settings.location, small_groups=False))
    days = [day_of(given.seed, k, given.hours, settings, given.processes) for k in range(given.weak_days)]
    names = "found", "known", "found unknown", "unknown"
    joined = {name: np.concatenate([day[name] for day in days]) for name in names}
    hours = pd.concat([day["hours"] for day in days])
    result = {
        "data": "simulated", "seed": given.seed, "bursts": len(joined["found"]),
        "hours": len(hours), "site terms known": compared(joined["known"], joined["found"]),
        "site terms unknown": compared(joined["unknown"], joined["found unknown"]),
        "smallest log10 energy": hours[["best", "median", "worst"]].median().round(2).to_dict(),
        "CPU-s per mapped hour": round(sum(day["map_cpu_s"] for day in days) / max(len(hours), 1), 2),
    }  # fmt: skip
    print(json.dumps(result, indent=1, default=float))


if __name__ == "__main__":
    main()
