"""How many bursts does any station hear? More than these an association can hardly find.

    python benchmarks/science/heard.py [--weak-days 8] [--seed 2561] [--hours 24] [--processes 2]

Everything is simulated, by a seed nothing was tuned on: the days ``weak`` of ``chain`` and ``capability``
(170 bursts a day, log10 of the energy uniform, counted are those whose best station has an SNR of 0.3 to 10),
through DiET with the bundled weights. A burst is heard if a station within 60 km of it says tremor with some
probability in a window that overlaps it; what is heard 6 h later, by chance, is left out. Beside it: how many
windows of all stations say so on the same days, tremor or not. Only stations that each say less, all at once,
could tell of more. Signals are kept in ``build/chain``. Ends with one JSON object.
"""

import json

import numpy as np
import pandas as pd
from chain_sets import CACHE, SHIFT_S, counted, scenario_of, signals_of, weak_days_parser

from tremorflow.geodesy import distances_km
from tremorflow.records import Probabilities, timedelta

NEAR_KM = 60.0  # a burst whose best station is farther is outside of the network
LEVELS = (0.3, 0.5, 0.7, 0.9)


def highest(said: Probabilities, bursts: pd.DataFrame, later_s: float) -> np.ndarray:
    """(burst,) highest p_tremor of the stations around it, in the windows that overlap it; 0 without any."""
    p_tremor = np.nan_to_num(said.p_tremor)
    latitudes, longitudes = said.network.latitudes, said.network.longitudes
    ends = said.start_times + timedelta(said.window_s)
    result = np.zeros(len(bursts))
    for k, (_, burst) in enumerate(bursts.iterrows()):
        begin, end = (burst[name].to_datetime64() + timedelta(later_s) for name in ("start_time", "end_time"))
        over = (ends > begin) & (said.start_times < end)
        near = distances_km(burst["latitude"], burst["longitude"], latitudes, longitudes) <= NEAR_KM
        result[k] = p_tremor[np.ix_(near, over)].max(initial=0.0)
    return result


def main() -> None:
    given = weak_days_parser(__doc__).parse_args()
    heard, chance, windows = list[np.ndarray](), list[np.ndarray](), dict.fromkeys(LEVELS, 0)
    for day in range(given.weak_days):
        scenario = scenario_of("weak", given.seed, day, given.hours)
        simulation, folder = signals_of(scenario, CACHE, given.processes)
        said, bursts = folder.probabilities(), simulation.truth.tremor
        bursts = bursts[counted(bursts)]
        heard.append(highest(said, bursts, 0.0))
        chance.append(highest(said, bursts, SHIFT_S))
        for level in LEVELS:
            windows[level] += int((said.p_tremor >= level).sum())
    by_level, by_chance = np.concatenate(heard), np.concatenate(chance)
    days = given.weak_days * given.hours / 24
    rows = {
        f"p_tremor >= {level:g}": {
            "heard": round(float((by_level >= level).mean()), 3),
            "by chance": round(float((by_chance >= level).mean()), 3),
            "heard, less chance": round(float((by_level >= level).mean() - (by_chance >= level).mean()), 3),
            "station windows a day": round(windows[level] / days),
        }
        for level in LEVELS
    }
    result = {"data": "simulated", "seed": given.seed, "bursts": len(by_level), "share of bursts": rows}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
