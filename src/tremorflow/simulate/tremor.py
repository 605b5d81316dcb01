"""Tremor of a scenario: settings + seed -> truth tables of bursts and of their low-frequency earthquakes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network
from tremorflow.simulate.scene import SampleGrid
from tremorflow.simulate.streams import generator
from tremorflow.simulate.tremor_bursts import Burst, burst_tables, draw_durations
from tremorflow.simulate.tremor_episode import DAY_S, Front, draw_episode
from tremorflow.simulate.tremor_placed import listed_bursts, pairs_bursts, uniform_bursts
from tremorflow.simulate.tremor_settings import TremorSettings, energies_of, refusal
from tremorflow.truth import truth_table

__all__ = ["TremorSettings", "draw_tremor"]


def draw_tremor(
    settings: Sequence[TremorSettings], network: Network, grid: SampleGrid, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables "tremor" and "lfe" of the truth, in order of time; SNR columns are left empty.

    Parameters
    ----------
    settings
        One per episode, list or test; number k draws from its own random numbers.
    network
        Sources of pairs and uniform ones are drawn inside of it.
    grid
        Start and length of the scenario; its sampling rate does not matter.
    seed
        The same seed gives the same tables.

    Raises
    ------
    SettingsError
        A source outside the time of the scenario, or one that has no room; the message names the key.
    """
    makers = {
        "episode": _episode,
        "bursts": listed_bursts,
        "pairs": pairs_bursts,
        "uniform": uniform_bursts,
    }
    tables = []
    for index, one in enumerate(settings):
        end_s = one.start_s + one.duration_s if one.duration_s else grid.duration_s
        if end_s > grid.duration_s or one.start_s >= end_s:
            key = "duration_s" if one.start_s < grid.duration_s else "start_s"
            raise refusal(index, one, key, f"ends after the scenario of {grid.duration_s} s")
        bursts = makers[one.kind](index, one, network, end_s, seed)
        streams = [generator(seed, "tremor", index, "lfe", burst.number) for burst in bursts]
        tables.append(burst_tables(bursts, streams, f"t{index}", grid))
    if not tables:
        return truth_table("tremor"), truth_table("lfe")
    tremor = pd.concat([pair[0] for pair in tables]).sort_values(["start_time", "burst_id"])
    lfe = pd.concat([pair[1] for pair in tables]).sort_values(["time", "burst_id"])
    return tremor.reset_index(drop=True), lfe.reset_index(drop=True)


def _episode(index: int, settings: TremorSettings, _network: Network, end_s: float, seed: int) -> list[Burst]:
    """Bursts of an episode that migrates along strike."""
    path_s = np.inf
    if settings.migration_km_per_day:
        path_s = settings.along_strike_km / abs(settings.migration_km_per_day) * DAY_S
    if settings.duration_s > path_s:
        raise refusal(
            index,
            settings,
            "duration_s",
            f"the front reaches the end of along_strike_km = {settings.along_strike_km} after {path_s:.0f} s",
        )
    front = Front(
        LocalFrame(settings.latitude, settings.longitude),
        settings.strike_deg,
        (settings.along_strike_km, settings.width_km, settings.patch_spacing_km),
        (settings.depth_km, settings.depth_scatter_km),
        settings.front_km,
        settings.migration_km_per_day,
    )
    keys = (seed, "tremor", index)
    starts_s, positions_km = front.draw_activity(
        (settings.start_s, min(end_s, settings.start_s + path_s)),
        (settings.bursts_per_hour, settings.rate_spread, settings.rate_change_s),
        (settings.reversals_per_day, settings.reversal_ratio, settings.reversal_s),
        keys,
    )
    rng = generator(*keys, "sizes")
    limits_s = (settings.burst_min_s, settings.burst_max_s)
    durations_s = draw_durations(limits_s, settings.burst_scale_s, len(starts_s), rng)
    energies = energies_of(settings, "exponential", len(starts_s), rng)
    plan = np.stack([starts_s, positions_km, durations_s, energies], axis=-1)
    return draw_episode(front, plan, end_s, (f"episode-{index}", settings.lfe_interval_s), keys)
