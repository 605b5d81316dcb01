"""How many events there were when: counts per UTC day or hour, energy summed over time, gaps in recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.energy_grid import TRUSTED, energies_are_relative, known_energies
from tremorflow.errors import CatalogError

FloatArray = NDArray[np.float64]
Span = tuple[np.datetime64, np.datetime64]

GRADES = ("A", "B", "C", "")  # the last: of no quality
DAY, HOUR = np.timedelta64(1, "D"), np.timedelta64(1, "h")
SHORT = 3 * DAY  # a run shorter than this is counted by the hour


@dataclass(frozen=True, slots=True)
class Activity:
    """Events over time.

    Attributes
    ----------
    span
        Start and end of what was analysed (UTC).
    edges : (bin + 1,), UTC
        Of whole days, or hours, that hold the span.
    counts : (quality, bin)
        Events of each of ``GRADES``.
    gaps
        Start and end of each time between the edges in which nothing was recorded.
    energy_times : (event,), UTC
        Times of the events of quality A and B that have an energy, ascending.
    energy_sum_j : (event,), J
        Energy radiated until then.
    is_relative
        Whether any of the energies is relative.
    left_out
        Events without a time between the edges.
    """

    span: Span
    edges: NDArray[np.datetime64]
    counts: NDArray[np.intp]
    gaps: tuple[Span, ...]
    energy_times: NDArray[np.datetime64]
    energy_sum_j: FloatArray
    is_relative: bool
    left_out: int

    @property
    def is_daily(self) -> bool:
        """Whether a bin is a day, not an hour."""
        return bool(self.edges[1] - self.edges[0] == DAY)


def count_activity(events: pd.DataFrame, span: Span, recorded: Sequence[Span] | None = None) -> Activity:
    """Events counted by quality in every UTC day of a span (hour, if it is shorter than three days).

    Parameters
    ----------
    events
        Event table.
    span
        Start and end of what was analysed.
    recorded
        Times in which the network recorded, in any order; may overlap. By default the whole span.

    Raises
    ------
    CatalogError
        A span that ends before it starts.
    """
    if not span[1] > span[0]:
        raise CatalogError(f"the span {span[0]} to {span[1]} is empty; the end must be after the start")
    step = HOUR if span[1] - span[0] < SHORT else DAY
    unit = "h" if step == HOUR else "D"
    first = span[0].astype(f"datetime64[{unit}]")
    last = (span[1] - np.timedelta64(1, "ns")).astype(f"datetime64[{unit}]")
    edges = np.arange(first, last + 2).astype("datetime64[ns]")
    placed = events[((events["time"] >= edges[0]) & (events["time"] < edges[-1])).to_numpy(dtype=bool)]
    grade = placed["quality"].fillna("").to_numpy()
    place = np.searchsorted(edges, placed["time"].to_numpy(), side="right") - 1
    counts = [np.bincount(place[grade == one], minlength=len(edges) - 1) for one in GRADES]
    times, sums = _summed_energy(placed)
    return Activity(
        span,
        edges,
        np.stack(counts),
        find_gaps((edges[0], edges[-1]), _within(span, recorded)),
        times,
        sums,
        energies_are_relative(placed),
        len(events) - len(placed),
    )


def find_gaps(span: Span, recorded: Sequence[Span]) -> tuple[Span, ...]:
    """Every part of a span that no recorded time covers, in order."""
    gaps, covered = [], span[0]
    for start, end in sorted(recorded):
        if start > covered:
            gaps.append((covered, min(start, span[1])))
        covered = max(covered, end)
        if covered >= span[1]:
            return tuple(gaps)
    return (*gaps, (covered, span[1]))


def _within(span: Span, recorded: Sequence[Span] | None) -> list[Span]:
    """Cut the recorded times to the span."""
    if recorded is None:
        return [span]
    cut = [(max(start, span[0]), min(end, span[1])) for start, end in recorded]
    return [(start, end) for start, end in cut if end > start]


def _summed_energy(events: pd.DataFrame) -> tuple[NDArray[np.datetime64], FloatArray]:
    """Order the trusted events with an energy by time, and sum their energies until each."""
    energies = known_energies(events)
    chosen = np.isfinite(energies) & events["quality"].isin(list(TRUSTED)).to_numpy(dtype=bool)
    times = events["time"].to_numpy()[chosen]
    order = np.argsort(times, kind="stable")
    return times[order], np.cumsum(energies[chosen][order])
