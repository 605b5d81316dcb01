"""When low-frequency earthquakes of a library happen: at real times or at drawn ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import SettingsError
from tremorflow.records import FloatArray, utc
from tremorflow.simulate.lfe_library import STACK_RATE_HZ, LfeLibrary, SemiRealSettings
from tremorflow.simulate.scene import SampleGrid, seconds_since
from tremorflow.simulate.streams import generator, slow_variation

SAME_LFE_S = 2.0  # detections of a family closer than this are one LFE, found by two of its templates
RATE_STEP_S, RATE_KNOT_S = 10.0, 300.0  # sampling of the rate that is drawn, and how fast it changes

LfeTimes = dict[str, tuple[FloatArray, NDArray[np.intp]]]
"""Source times (s after the start of the grid, ascending) and templates, by family."""


def drawn_lfe_times(settings: SemiRealSettings, library: LfeLibrary, grid: SampleGrid, seed: int) -> LfeTimes:
    """Draw times of a Poisson process, family by family, of which the rate varies slowly."""
    steps = np.arange(0.0, grid.duration_s, RATE_STEP_S)
    lengths = np.minimum(RATE_STEP_S, grid.duration_s - steps)
    drawn: LfeTimes = {}
    for family in set(library.families):
        keys = ("semi_real", "rate", family)
        variation = settings.clustering * slow_variation(seed, keys, steps, RATE_KNOT_S)
        mean = np.exp(variation - settings.clustering**2 / 2) * settings.rate_per_hour / 3600 * lengths
        rng = generator(seed, "semi_real", "times", family)
        counts = rng.poisson(mean)
        times = np.repeat(steps, counts) + rng.uniform(size=counts.sum()) * np.repeat(lengths, counts)
        chosen = rng.choice(library.templates_of(family), len(times))
        drawn[family] = _single(np.sort(times), chosen, grid)
    return drawn


def real_lfe_times(settings: SemiRealSettings, library: LfeLibrary, grid: SampleGrid) -> LfeTimes:
    """Take the real times of the scenario's length from ``real_start`` on, as source times.

    Raises
    ------
    SettingsError
        A file that cannot be read, or without any LFE of the library in that span.
    """
    table = _read_times(settings)
    start = utc(settings.real_start)
    table = table[table["template"].isin(library.templates)]
    numbers = table["template"].map({name: k for k, name in enumerate(library.templates)}).to_numpy(np.intp)
    times = seconds_since(table["time"], start) + library.origins_s[numbers]
    inside = (times >= 0) & (times < grid.duration_s)
    if not inside.any():
        raise SettingsError(
            f"semi_real.real_start = {settings.real_start}: {settings.times} has no LFE of the library "
            f"within {grid.duration_s:g} s from there; its times go from {table['time'].min()} to "
            f"{table['time'].max()} (of {len(table)} LFEs)"
        )
    order = np.argsort(times[inside], kind="stable")
    times, numbers = times[inside][order], numbers[inside][order]
    families = np.array(library.families)[numbers]
    return {name: _single(times[families == name], numbers[families == name], grid) for name in set(families)}


def _single(times_s: FloatArray, templates: NDArray[np.intp], grid: SampleGrid) -> tuple[FloatArray, Any]:
    """Keep every LFE once, on the sampling of the stacks and inside the span."""
    rounded = on_stack_grid(times_s)
    last, kept = -np.inf, []
    for k, time in enumerate(rounded):
        if time - last >= SAME_LFE_S and time < grid.duration_s:
            kept.append(k)
            last = time
    return rounded[kept], np.asarray(templates, dtype=np.intp)[kept]


def _read_times(settings: SemiRealSettings) -> pd.DataFrame:
    """Read detections, from a path or a file of this name in the library: template, time of its sample 0."""
    path = Path(settings.times)
    if not path.is_file():
        path = Path(settings.library) / path.name
    try:
        table = pd.read_csv(path, dtype={"template": str})
        table = table.assign(time=pd.to_datetime(table["time"], utc=True).dt.tz_localize(None))
    except (OSError, ValueError, KeyError, pd.errors.ParserError) as error:
        raise SettingsError(
            f"semi_real.times: {settings.times} cannot be read ({error}); it needs the columns template, time"
        ) from error
    if "template" not in table:
        raise SettingsError(f"semi_real.times: {path} has no column template; it needs template, time")
    return table


def on_stack_grid(times_s: Any) -> FloatArray:
    """Round times (s) to the sampling of the stacks."""
    return np.asarray(np.round(np.asarray(times_s) * STACK_RATE_HZ) / STACK_RATE_HZ)
