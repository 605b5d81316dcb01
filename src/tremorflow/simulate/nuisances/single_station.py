"""Events that move one station only: they come as a list, each with its station, start and length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from tremorflow.records import FloatArray
from tremorflow.simulate.scene import Motion, Scene, Transient


class SingleStationEvent(Protocol):
    """An event at one station: number of the station, start and length in seconds, and its motion."""

    @property
    def station(self) -> int:
        """Number of the station."""

    @property
    def start_s(self) -> float:
        """First second since the start of the scenario."""

    @property
    def length_s(self) -> float:
        """Length in seconds."""

    def motion(self, after_s: FloatArray, rate_hz: float) -> Motion:
        """(3, time) motion in m/s at seconds after its start."""


@dataclass(frozen=True, slots=True)
class SingleStationEvents:
    """Events that move one station each (``Transients``)."""

    scene: Scene
    events: Sequence[SingleStationEvent]

    def spans_s(self, station: int) -> FloatArray:
        """(event, 2) first and last second of the events of the station; NaN for those of others."""
        spans = np.full((len(self.events), 2), np.nan)
        for number, event in enumerate(self.events):
            if event.station == station:
                spans[number] = event.start_s, event.start_s + event.length_s
        return spans

    def motion(self, event: int, station: int) -> Transient:
        """Motion of the station by one event; none at a station that is not the event's."""
        one, rate_hz = self.events[event], self.scene.grid.rate_hz
        first = int(np.ceil(one.start_s * rate_hz))
        if one.station != station:
            return Transient(first, np.zeros((3, 0), dtype=np.float32))
        after_s = np.arange(first, int((one.start_s + one.length_s) * rate_hz) + 1) / rate_hz - one.start_s
        return Transient(first, one.motion(after_s, rate_hz))


def draw_times(rng: Generator, per_second: float, duration_s: float, before_s: float) -> list[float]:
    """Start times of a Poisson process (s), from ``before_s`` before the start of the scenario on."""
    span_s = duration_s + before_s
    return sorted(float(t) for t in rng.uniform(-before_s, duration_s, rng.poisson(per_second * span_s)))
