"""The chance rate of the conventional method: envelope correlation over stations that are shifted in time."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.analysis import detect_tremor
from tremorflow.chance.rate import (
    ChanceMeasurement,
    Locating,
    count_chance,
    detect_shifted,
    draw_shifts,
    share_of,
)
from tremorflow.chance.settings import ChanceSettings
from tremorflow.chance.shifted import Ring, ShiftedNetwork, make_ring
from tremorflow.chance.shifts import Shifts
from tremorflow.geodesy import distances_km
from tremorflow.locate import window_starts
from tremorflow.records import Probabilities, timedelta

Progress = Callable[[int, int], None]


class ConventionalChance(NamedTuple):
    """Chance rate of the conventional method, and the events that it finds in the same recordings unshifted.

    ``catalogue`` is an event table, whose times are on the ring of recorded time.
    """

    measurement: ChanceMeasurement
    catalogue: pd.DataFrame


def measure_conventional_chance(
    recorded: Probabilities,
    locating: Locating,
    settings: ChanceSettings | None = None,
    progress: Progress | None = None,
) -> ConventionalChance:
    """Chance rate of a network by the conventional method, to be held against that of the full chain.

    Parameters
    ----------
    recorded
        Windows that were classified: they say when each station recorded. What DiET says does not count.
    locating
        How the run locates.
    settings
        Repetitions, seed and shifts.
    progress
        Called with the number of passes through the recordings done and in all: one more than repetitions.

    Raises
    ------
    DataError
        Nothing was classified, or the span is too short for shifts (``choose_shifts``).

    Notes
    -----
    What the method finds unshifted is left out before shifting, with a margin, at stations up to ``near_km``
    from it: the false events among it too, so that the rate is a lower bound, as for the full chain.
    """
    settings, report = settings or ChanceSettings(), progress or (lambda done, total: None)
    ring = make_ring(recorded)
    shifts = draw_shifts(recorded, ring, settings)
    unshifted = Shifts(np.zeros(len(recorded.network), dtype=np.int64), float("nan"), float("inf"))
    nothing = np.zeros(recorded.p_tremor.shape, dtype=np.bool_)
    catalogue = _detect(ShiftedNetwork(ring, unshifted, nothing), locating)
    report(1, settings.repeats + 1)
    left_out = _mask(catalogue, recorded, ring, settings)
    tables = []
    for k, shift in enumerate(shifts):
        tables.append(_detect(ShiftedNetwork(ring, shift, left_out), locating))
        report(k + 2, settings.repeats + 1)
    measurement = count_chance(tables, ring, share_of(left_out, recorded), shifts, settings)
    return ConventionalChance(measurement, catalogue)


def _detect(network: ShiftedNetwork, locating: Locating) -> pd.DataFrame:
    """Catalogue of a shifted network, in times of the ring."""
    first, location = network.ring.times[0], locating.location
    starts = window_starts(first, first + timedelta(network.ring.length_s), location)
    return detect_shifted(
        network,
        locating,
        np.array(starts, "datetime64[ns]"),
        lambda envelopes: detect_tremor(envelopes, locating.grid, location, ""),
    )


def _mask(
    events: pd.DataFrame, recorded: Probabilities, ring: Ring, settings: ChanceSettings
) -> NDArray[np.bool_]:
    """Windows (station, window) of the events, with the margin, of stations up to ``near_km`` from each."""
    mask = np.zeros(recorded.p_tremor.shape, dtype=np.bool_)
    at, times = (recorded.network.latitudes, recorded.network.longitudes), ring.nominal_times()
    margin = timedelta(settings.margin_s)
    for event in events.to_dict("records"):
        near = distances_km(event["latitude"], event["longitude"], *at) <= settings.near_km
        begin, end = event["start_time"].to_datetime64(), event["end_time"].to_datetime64()
        first = np.searchsorted(times, begin - margin - timedelta(recorded.window_s), side="right")
        last = np.searchsorted(times, end + margin, side="left")
        mask[np.ix_(near, ring.windows[first:last])] = True
    return mask
