"""The chance rate: events per day that the full chain finds where stations are shifted in time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.analysis import Association, associate_windows, finish_catalog, locate_groups
from tremorflow.catalog.evaluate_scores import Rate, poisson_rate
from tremorflow.catalog.quality import CatalogSettings
from tremorflow.chance.settings import ChanceSettings
from tremorflow.chance.shifted import ReadsEnvelopes, Ring, ShiftedNetwork, make_ring, mask_episodes
from tremorflow.chance.shifts import Shifts, choose_shifts
from tremorflow.chance.thresholds import with_gains
from tremorflow.detections import Detections
from tremorflow.locate import LocationSettings, SearchGrid, window_starts
from tremorflow.records import Envelopes, Probabilities, join_events, timedelta

LONGEST_S = 3600.0  # of envelopes in memory at a time
GRADES = "ABC"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ChanceRate:
    """Events per day after shifting the stations in time: a lower bound of the false event rate.

    Attributes
    ----------
    events, days
        Located events, and network-days in which they were looked for, of all repetitions together. A
        network-day is a day in which any station recorded, less the share of station-time left out.
    per_day, low, high
        Their rate, with the 95 % interval of a Poisson count. Repetitions of a short span use the same
        recordings again, so the interval is then too narrow.
    by_quality
        The same by quality letter.
    groups
        Groups of stations that were not taken for an earthquake, located or not; None of the conventional
        method, which has none.
    least_shift_s, apart_km
        Stations up to ``apart_km`` from each other (infinite: all) were at least ``least_shift_s`` apart.
    left_out_share
        Share of station-time that was left out because tremor was found in it.
    repeats, seed
        Repetitions, and the seed of their shifts.
    """

    events: int
    days: float
    per_day: float
    low: float
    high: float
    by_quality: dict[str, Rate]
    groups: Rate | None
    least_shift_s: float
    apart_km: float
    left_out_share: float
    repeats: int
    seed: int


class ChanceMeasurement(NamedTuple):
    """Chance rate, and the events it counts, in times of the ring; with ``gain`` where there are groups."""

    rate: ChanceRate
    events: pd.DataFrame


class Locating(NamedTuple):
    """What locates groups: envelopes as they were recorded, the grid, and settings."""

    read: ReadsEnvelopes
    grid: SearchGrid
    location: LocationSettings
    catalog: CatalogSettings


def measure_chance_rate(
    association: Association,
    locating: Locating,
    settings: ChanceSettings | None = None,
    progress: Progress | None = None,
) -> ChanceMeasurement:
    """Chance rate of a network, by the same association and location as in its run.

    Parameters
    ----------
    association
        Of the recordings as they are; its usable groups are left out before shifting, with a margin.
    locating
        How the run locates.
    settings
        Repetitions, seed and shifts.
    progress
        Called with the number of repetitions done and in all.

    Raises
    ------
    DataError
        Nothing was classified, or the span is too short for shifts (``choose_shifts``).
    """
    settings = settings or ChanceSettings()
    recorded = association.probabilities
    ring, left_out = make_ring(recorded), mask_episodes(association, settings)
    shifts = draw_shifts(recorded, ring, settings)
    tables, n_groups = [], 0
    for k, shift in enumerate(shifts):
        network = ShiftedNetwork(ring, shift, left_out)
        shifted = associate_windows(
            network.probabilities(recorded), association.settings, association.hearing
        )
        tables.append(with_gains(_locate_shifted(network, shifted, locating), shifted))
        n_groups += int(shifted.usable.sum())
        if progress is not None:
            progress(k + 1, settings.repeats)
    found = count_chance(tables, ring, share_of(left_out, recorded), shifts, settings)
    groups = poisson_rate(n_groups, found.rate.days)
    return found._replace(rate=replace(found.rate, groups=groups))


def count_chance(
    tables: list[pd.DataFrame], ring: Ring, share: float, shifts: list[Shifts], settings: ChanceSettings
) -> ChanceMeasurement:
    """Rate of the events of all repetitions on a ring of which a share is left out."""
    events = pd.concat(tables, ignore_index=True)
    days = settings.repeats * ring.length_s / 86400 * (1 - share)
    rate = poisson_rate(len(events), days)
    grades = {grade: poisson_rate(int((events["quality"] == grade).sum()), days) for grade in GRADES}
    return ChanceMeasurement(
        ChanceRate(
            events=rate.count,
            days=days,
            per_day=rate.value,
            low=rate.low,
            high=rate.high,
            by_quality=grades,
            groups=None,
            least_shift_s=float(min(one.least_s for one in shifts)),
            apart_km=shifts[-1].apart_km,
            left_out_share=share,
            repeats=settings.repeats,
            seed=settings.seed,
        ),
        events,
    )


def share_of(left_out: NDArray[np.bool_], recorded: Probabilities) -> float:
    """Share of the station-time that was classified which is left out (station, window)."""
    known = np.isfinite(recorded.p_tremor)
    return float((left_out & known).sum() / known.sum())


def draw_shifts(recorded: Probabilities, ring: Ring, settings: ChanceSettings) -> list[Shifts]:
    """Shifts of every repetition, each by a generator of its own."""
    rngs = [np.random.default_rng([settings.seed, k]) for k in range(settings.repeats)]
    return [_shift_recorded(recorded, ring, settings, rng) for rng in rngs]


def _shift_recorded(recorded: Probabilities, ring: Ring, settings: ChanceSettings, rng: Generator) -> Shifts:
    """Shifts of the stations that were classified; the others take no room in the span, and stay."""
    heard = np.flatnonzero(np.isfinite(recorded.p_tremor).any(axis=1))
    shifts = choose_shifts(recorded.network.subset(heard.tolist()), len(ring), ring.step_s, settings, rng)
    steps = np.zeros(len(recorded.network), dtype=np.int64)
    steps[heard] = shifts.steps
    return replace(shifts, steps=steps)


def _locate_shifted(network: ShiftedNetwork, shifted: Association, locating: Locating) -> pd.DataFrame:
    """Catalogue of the groups of a shifted network; envelopes are read where there is a group alone."""

    def locate(envelopes: Envelopes) -> Detections:
        return locate_groups(envelopes, shifted, locating.grid, locating.location, "")[0]

    starts = _starts_with_groups(shifted, locating.location, network.ring.length_s)
    return detect_shifted(network, locating, starts, locate)


def detect_shifted(
    network: ShiftedNetwork,
    locating: Locating,
    starts: NDArray[np.datetime64],
    detect: Callable[[Envelopes], Detections],
) -> pd.DataFrame:
    """Catalogue of a shifted network, of the windows of the location that start then, in order."""
    tables = list[pd.DataFrame]()
    for begin, end in _spans_of(starts, locating.location):
        envelopes = network.window(locating.read, begin, end)
        if envelopes is not None:
            tables.append(detect(envelopes).events)
    return finish_catalog(join_events([table for table in tables if len(table)]), locating.catalog)


def _starts_with_groups(
    shifted: Association, location: LocationSettings, length_s: float
) -> NDArray[np.datetime64]:
    """List the starts of every window of the location with a group in it, in order."""
    times, window_s = shifted.probabilities.start_times, shifted.probabilities.window_s
    grouped = times[np.unique(shifted.groups.windows[shifted.usable])]
    starts = np.array(window_starts(times[0], times[0] + timedelta(length_s), location), "datetime64[ns]")
    first = np.searchsorted(grouped, starts, side="left")
    last = np.searchsorted(grouped, starts + timedelta(location.window_s - window_s), side="right")
    return np.asarray(starts[last > first])


def _spans_of(
    starts: NDArray[np.datetime64], location: LocationSettings
) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    """Spans, in order, that hold the windows of these starts alone; an hour and a window long at most."""
    most = max(1, int(LONGEST_S / location.step_s))
    breaks = np.flatnonzero(np.diff(starts) != timedelta(location.step_s)) + 1
    for run in np.split(starts, breaks):
        for k in range(0, len(run), most):
            part = run[k : k + most]
            yield part[0], part[-1] + timedelta(location.window_s)
