"""Probabilities and envelopes of a network whose stations are shifted in time, tremor episodes left out.

The recorded time is laid out as a ring of steps, those in which no station recorded taken out, so that a
shifted station meets recorded time again. Times on the ring are counted from its first step on, and name no
time of day.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tremorflow.analysis import Association
from tremorflow.chance.settings import ChanceSettings
from tremorflow.chance.shifts import Shifts
from tremorflow.errors import DataError
from tremorflow.records import Envelopes, Probabilities, seconds, timedelta

ReadsEnvelopes = Callable[[np.datetime64, np.datetime64], Envelopes | None]
"""Gives envelopes of the network from a time up to another, or None where there are none."""

Windows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ring:
    """Recorded time: ``windows`` (step,) that were classified at any station, and their ``times`` (step,)."""

    windows: Windows
    times: NDArray[np.datetime64]
    step_s: float

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def length_s(self) -> float:
        """How long the ring is."""
        return len(self) * self.step_s

    def nominal_times(self) -> NDArray[np.datetime64]:
        """(step,) times that follow each other without a gap, from the first one on."""
        return np.asarray(self.times[0] + np.arange(len(self)) * timedelta(self.step_s))

    def pieces(self, begin: int, end: int, shift: int) -> Iterator[tuple[int, Windows]]:
        """Yield runs of steps without a gap in time, of those that a shift brings to some steps of the ring.

        Each comes with the number of steps before it. The steps asked for are begin to end, and may be as
        many as the ring has.
        """
        steps = (np.arange(begin, end) + shift) % len(self)
        follows = np.diff(self.times[steps]) == timedelta(self.step_s)
        starts = np.concatenate([[0], np.flatnonzero(~follows) + 1])
        for first, last in zip(starts, [*starts[1:], len(steps)], strict=True):
            yield int(first), steps[first:last]


def make_ring(probabilities: Probabilities) -> Ring:
    """Ring of the windows that were classified.

    Raises
    ------
    DataError
        There is none.
    """
    windows = np.flatnonzero(np.isfinite(probabilities.p_tremor).any(axis=0))
    if not len(windows):
        raise DataError("a chance rate needs windows that were classified, and there are none")
    times = probabilities.start_times[windows].astype("datetime64[ns]")
    step_s = seconds(np.diff(times).min()) if len(times) > 1 else probabilities.window_s
    return Ring(windows, times, step_s)


def mask_episodes(association: Association, settings: ChanceSettings) -> NDArray[np.bool_]:
    """Windows (station, window) of tremor: of the groups that are usable, with a margin before and after.

    Those of the members of a group, and of stations within ``neighbour_km`` of one, for they may hear it.
    """
    groups, probabilities = association.groups, association.probabilities
    times, margin = probabilities.start_times, timedelta(settings.margin_s)
    mask = np.zeros(groups.labels.shape, dtype=bool)
    for k in np.flatnonzero(association.usable):
        window = groups.windows[k]
        member = groups.labels[:, window] == k
        near = (association.graph.distances_km[:, member] <= association.settings.neighbour_km).any(axis=1)
        begin = np.searchsorted(times, times[window] - margin, side="left")
        end = np.searchsorted(times, times[window] + margin, side="right")
        mask[near | member, begin:end] = True
    return mask


@dataclass(frozen=True, slots=True)
class ShiftedNetwork:
    """Ring of recorded time, the shifts of the stations on it, and what is left out (station, window)."""

    ring: Ring
    shifts: Shifts
    left_out: NDArray[np.bool_]

    def probabilities(self, recorded: Probabilities) -> Probabilities:
        """Probabilities of the shifted network, one window for each step of the ring."""
        count, ring = len(recorded.network), self.ring
        source = ring.windows[(np.arange(len(ring)) + self.shifts.steps[:, None]) % len(ring)]
        station = np.arange(count)[:, None]
        values = recorded.values[station, :, source].transpose(0, 2, 1)
        values = np.where(self.left_out[station, source][:, None], np.nan, values)
        return replace(
            recorded,
            values=values.astype(recorded.values.dtype),
            completeness=recorded.completeness[station, source],
            start_times=ring.nominal_times(),
        )

    def window(self, read: ReadsEnvelopes, begin: np.datetime64, end: np.datetime64) -> Envelopes | None:
        """Envelopes of the shifted network from a time on the ring up to another; None if there are none."""
        start, step_s = self.ring.times[0], self.ring.step_s
        first, last = int(seconds(begin - start) // step_s), int(np.ceil(seconds(end - start) / step_s))
        envelopes = self.envelopes(read, first, last)
        if envelopes is None:
            return None
        part = envelopes.window(begin, seconds(end - begin))
        return replace(part, start_time=begin)  # windows are looked up by time; a sample is nearest to it

    def envelopes(self, read: ReadsEnvelopes, begin: int, end: int) -> Envelopes | None:
        """Envelopes of the shifted network from one step of the ring up to another; None if there are none.

        Stations of one shift are read together, the others left out of what is read; no more is in memory
        than one such piece and the result.
        """
        found: Envelopes | None = None
        for shift in np.unique(self.shifts.steps):
            rows = np.flatnonzero(self.shifts.steps == shift)
            for before, steps in self.ring.pieces(begin, end, int(shift)):
                times = self.ring.times[steps]
                piece = read(times[0], times[-1] + timedelta(self.ring.step_s))
                if piece is None:
                    continue
                if found is None:
                    found = self._nothing(piece, begin, end)
                found = _with_components(found, piece.components)
                self._lay(found, piece, rows, before, steps)
        return found

    def _nothing(self, like: Envelopes, begin: int, end: int) -> Envelopes:
        """Envelopes of the length of some steps without any sample."""
        start = self.ring.times[0] + timedelta(begin * self.ring.step_s)
        length = round((end - begin) * self.ring.step_s * like.sampling_rate_hz)
        values = np.full((len(like.network), len(like.components), length), np.nan)
        return replace(like, values=values, start_time=start)

    def _lay(self, found: Envelopes, piece: Envelopes, rows: Windows, before: int, steps: Windows) -> None:
        """Write the rows of a piece into envelopes, from some steps after their start on."""
        rate, step_s = piece.sampling_rate_hz, self.ring.step_s
        values = piece.values[rows]
        per_step = step_s * rate
        out = self.left_out[np.ix_(rows, self.ring.windows[steps])]
        of_step = np.minimum((np.arange(values.shape[-1]) / per_step).astype(np.intp), len(steps) - 1)
        values = np.where(out[:, of_step][:, None], np.nan, values)
        at = round(before * per_step)
        last = min(at + values.shape[-1], found.values.shape[-1])
        for k, name in enumerate(piece.components):
            row = found.components.index(name)
            found.values[rows, row, at:last] = values[:, k, : last - at]


def _with_components(found: Envelopes, names: tuple[str, ...]) -> Envelopes:
    """Envelopes with rows for further components, empty."""
    new = tuple(name for name in names if name not in found.components)
    if not new:
        return found
    shape = (found.values.shape[0], len(new), found.values.shape[2])
    values = np.concatenate([found.values, np.full(shape, np.nan)], axis=1)
    return replace(found, components=(*found.components, *new), values=values)
