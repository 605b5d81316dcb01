"""What an explanation is made of: windows, groups, locations and sources, each with the rule that ruled."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from tremorflow.catalog.quality import CatalogSettings
from tremorflow.locate import Hypocentre, LocationSettings

Place = tuple[float, float]
"""Latitude and longitude, deg."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings that rule after the groups, and the catalogue that they led to."""

    location: LocationSettings
    catalog: CatalogSettings
    settings_hash: str
    events: pd.DataFrame


class Verdict(NamedTuple):
    """A rule by its name, as in ``groups.csv``, and in words: numbers, and the setting that rules."""

    rule: str
    text: str


class Asked(NamedTuple):
    """What is asked about: a time, and if given a place, an event or a group."""

    time: np.datetime64
    place: Place | None = None
    event_id: str = ""
    group_id: str = ""


class StationWord(NamedTuple):
    """What one station said of one window, and how far it is from the place in question."""

    code: str
    distance_km: float
    p_tremor: float
    p_earthquake: float
    p_noise: float
    completeness: float
    is_member: bool


@dataclass(frozen=True, slots=True)
class GroupStory:
    """One group: where its stations point to, what its source adds, and what became of it."""

    group_id: str
    place: Place
    gain: float
    stations: tuple[str, ...]
    earthquake_excess: float
    fate: Verdict


@dataclass(frozen=True, slots=True)
class GroupingStory:
    """One window that DiET judged: how many stations were sure, and its groups or why there is none."""

    window: int
    start_time: np.datetime64
    end_time: np.datetime64
    n_judged: int
    n_sure: int
    groups: tuple[GroupStory, ...]
    verdict: Verdict

    def holds(self, time: np.datetime64) -> bool:
        """Whether the window holds a time."""
        return bool(self.start_time <= time < self.end_time)


@dataclass(frozen=True, slots=True)
class SourceStory:
    """One located source: its row of the event table, and whether and why the catalogue has it."""

    row: pd.Series
    hypocentre: Hypocentre
    event_id: str
    outcome: Verdict
    notes: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Epicentre."""
        return float(self.row["latitude"]), float(self.row["longitude"])


@dataclass(frozen=True, slots=True)
class LocatingStory:
    """Groups of one place in one window of the location: what was correlated, and what came of it.

    ``best_place`` is where most pairs agree, though they are too few; None if that was not looked for.
    """

    start_time: np.datetime64
    end_time: np.datetime64
    group_ids: tuple[str, ...]
    stations: tuple[str, ...]
    n_recorded: int
    n_pairs: int
    n_correlated: int
    verdict: Verdict
    sources: tuple[SourceStory, ...]
    best_place: Place | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why there is a detection at a time, or none.

    ``stations`` are those around ``place`` in the window ``focus`` (its number in the association), that of
    the highest p_tremor first. ``verdict`` is the rule that decided in the end; ``event_ids`` are the events
    that it led to.
    """

    asked: Asked
    place: Place | None
    focus: int | None
    stations: tuple[StationWord, ...]
    groupings: tuple[GroupingStory, ...]
    locatings: tuple[LocatingStory, ...]
    verdict: Verdict
    event_ids: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the chain made an event of it."""
        return self.verdict.rule == "accepted"
