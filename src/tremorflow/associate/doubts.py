"""What speaks against a group that delays alone do not place."""

import numpy as np
from numpy.typing import NDArray

from tremorflow.associate.episodes import find_tails
from tremorflow.associate.groups import Groups
from tremorflow.associate.hearing import HOUR_OF_WINDOWS

TAIL = "tail"  # of a louder group of the window before or after
LONE_STATION = "lone_station"  # that says tremor again and again, and no other ever does
LONE_WINDOWS = 20  # of those an hour before and after: tremor of so long is heard by two at some time


def find_doubts(groups: Groups) -> NDArray[np.object_]:
    """Doubt of each group (group,): ``TAIL``, ``LONE_STATION``, or "" of those without."""
    doubts = np.full(len(groups), "", dtype=object)
    doubts[find_tails(groups)] = TAIL
    doubts[find_lonely(groups)] = LONE_STATION
    return doubts


def find_lonely(groups: Groups) -> NDArray[np.bool_]:
    """Whether each group (group,) is a single station that is one in many windows around, too.

    Where tremor goes on for long, some of it is loud enough for a second station; a machine or a shot nearby
    never is. Only ``min_stations = 1`` makes such groups.
    """
    lonely = np.zeros(len(groups), dtype=bool)
    stations, windows = np.nonzero(groups.labels >= 0)
    numbers = groups.labels[stations, windows]
    alone = np.bincount(numbers, minlength=len(groups))[numbers] == 1
    for station in np.unique(stations[alone]):
        mine = alone & (stations == station)
        when = windows[mine]  # in order of time
        before, after = when - HOUR_OF_WINDOWS, when + HOUR_OF_WINDOWS
        count = np.searchsorted(when, after, side="right") - np.searchsorted(when, before, side="left")
        lonely[numbers[mine]] = count >= LONE_WINDOWS
    return lonely
