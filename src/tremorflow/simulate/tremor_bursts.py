"""One burst of tremor: a swarm of low-frequency earthquakes (LFEs) of one patch, and the laws of its size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.records import FloatArray
from tremorflow.simulate.scene import SampleGrid
from tremorflow.truth import truth_table

LFE_DURATION_S = 0.3
"""Time for which an LFE radiates: 0.1-0.6 s are measured at Parkfield."""

MAX_GAP_S = 30.0
"""LFEs of one patch that are at least this far apart belong to different bursts (DEFINITIONS.md)."""

MAX_BURST_S = 300.0
"""Longer swarms are split (DEFINITIONS.md)."""

RATE_KNOT_S = 15.0
"""The rate within a burst changes within this time: seconds to minutes."""

RATE_SPREAD = 0.8
"""Standard deviation of the natural log of that rate: waxes and wanes by a factor of 2-5."""


PLACE = ("latitude", "longitude", "depth_km")


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst to come: from ``start_s`` (since the start of the scenario) for ``duration_s``.

    ``place`` is latitude, longitude (deg) and depth (km).
    """

    episode_id: str
    start_s: float
    duration_s: float
    place: tuple[float, float, float]
    energy_j: float
    lfe_interval_s: float
    number: int = 0

    @property
    def end_s(self) -> float:
        """Second at which its last LFE ends."""
        return self.start_s + self.duration_s


def draw_lfes(burst: Burst, rng: Generator) -> tuple[FloatArray, FloatArray]:
    """Draw source times (lfe,), ascending, in s since the start of the scenario, and energies (lfe,) in J.

    Notes
    -----
    A Cox process: the log of the rate is a Gaussian walk through knots 15 s apart. The first LFE is at the
    start, the last one ends with the burst; where a gap would reach 30 s one more is put into it, or else it
    would be two bursts. Amplitudes are exponential (tremor has a scale: Watanabe et al. 2007) and energies
    their squares, made to sum to the energy of the burst.
    """
    span_s = burst.duration_s - LFE_DURATION_S
    knots_s = np.linspace(0, span_s, max(2, round(span_s / RATE_KNOT_S) + 1))
    rates = np.exp(RATE_SPREAD * rng.standard_normal(len(knots_s)) - RATE_SPREAD**2 / 2)
    fine_s = np.linspace(0, span_s, 8 * len(knots_s))
    expected = np.concatenate([[0], np.cumsum(np.interp(fine_s[1:], knots_s, rates) * np.diff(fine_s))])
    expected /= burst.lfe_interval_s
    count = rng.poisson(expected[-1])
    inner_s = np.interp(rng.uniform(0, expected[-1], count), expected, fine_s)
    times_s = np.sort(np.concatenate([[0, span_s], inner_s]))
    while (wide := np.flatnonzero(np.diff(times_s) >= 0.9 * MAX_GAP_S)).size:
        times_s = np.sort(np.append(times_s, (times_s[wide] + times_s[wide + 1]) / 2))
    energies = rng.standard_exponential(len(times_s)) ** 2
    return burst.start_s + times_s, energies * (burst.energy_j / energies.sum())


def draw_energies(
    log10_limits: tuple[float, float], typical: float | None, count: int, rng: Generator
) -> FloatArray:
    """Energies (burst,) in J between two limits, given as log10.

    ``typical`` None: log-uniform. Else amplitudes, the roots of the energies, are exponential, and
    ``10**typical`` J is the energy of the mean amplitude of that law before it is cut at the limits.
    """
    low, high = log10_limits
    if typical is None:
        return np.asarray(10 ** rng.uniform(low, high, count))
    least, most = 10 ** ((low - typical) / 2), 10 ** ((high - typical) / 2)
    level = rng.uniform(0, 1, count)
    amplitudes = -np.log(np.exp(-least) - level * (np.exp(-least) - np.exp(-most)))
    return np.asarray(10**typical * amplitudes**2)


def draw_durations(limits_s: tuple[float, float], scale_s: float, count: int, rng: Generator) -> FloatArray:
    """Durations (burst,) in s: exponential above the shortest with this scale, cut at the longest."""
    shortest, longest = limits_s
    whole = 1 - np.exp(-(longest - shortest) / scale_s)
    return np.asarray(shortest - scale_s * np.log(1 - rng.uniform(0, 1, count) * whole))


def split_bursts(bursts: Sequence[Burst]) -> list[Burst]:
    """Bursts of at most 300 s: a longer one becomes equal pieces that share its energy."""
    pieces = []
    for burst in bursts:
        count = int(np.ceil(burst.duration_s / MAX_BURST_S - 1e-9))
        length_s = burst.duration_s / count
        pieces += [
            replace(
                burst,
                start_s=burst.start_s + k * length_s,
                duration_s=length_s,
                energy_j=burst.energy_j / count,
            )
            for k in range(count)
        ]
    return pieces


def burst_tables(
    bursts: Sequence[Burst], generators: Sequence[Generator], prefix: str, grid: SampleGrid
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Truth tables "tremor" and "lfe" of bursts, each with its generator; ids are prefix and number.

    Columns of the SNR are left empty: they need the medium and the noise.
    """
    drawn = [draw_lfes(burst, rng) for burst, rng in zip(bursts, generators, strict=True)]
    if not drawn:
        return truth_table("tremor"), truth_table("lfe")
    counts = np.array([len(times_s) for times_s, _ in drawn])
    energies = np.array([burst.energy_j for burst in bursts])
    centroids_s = np.array([times_s @ shares for times_s, shares in drawn]) / energies
    places = np.array([burst.place for burst in bursts])
    tremor = pd.DataFrame(
        {
            "burst_id": [f"{prefix}-{burst.number:05d}" for burst in bursts],
            "episode_id": [burst.episode_id for burst in bursts],
            "start_time": _times(grid, np.array([burst.start_s for burst in bursts])),
            "end_time": _times(grid, np.array([burst.end_s for burst in bursts])),
            "time": _times(grid, centroids_s),
            **dict(zip(PLACE, places.T, strict=True)),
            "energy_j": energies,
            "n_lfe": counts,
        }
    )
    lfe = (
        tremor[["burst_id", *PLACE]]
        .iloc[np.repeat(np.arange(len(bursts)), counts)]
        .assign(
            time=_times(grid, np.concatenate([times_s for times_s, _ in drawn])),
            energy_j=np.concatenate([shares for _, shares in drawn]),
        )
    )
    return truth_table("tremor", tremor), truth_table("lfe", lfe)


def _times(grid: SampleGrid, since_s: FloatArray) -> NDArray[np.datetime64]:
    """(time,) UTC of so many seconds after the start of the scenario."""
    return np.asarray(grid.start_time + np.round(since_s * 1e9).astype("timedelta64[ns]"))
