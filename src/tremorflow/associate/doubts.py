"""What speaks against a group that delays alone do not place."""

import numpy as np
from numpy.typing import NDArray

from tremorflow.associate.episodes import find_tails
from tremorflow.associate.groups import Groups

TAIL = "tail"  # of a louder group of the window before or after
LONE_STATION = "lone_station"  # that says tremor again and again, and no other ever does
REACH_WINDOWS = 60  # before and after a group that are looked at: an hour, at steps of a minute
LONE_WINDOWS = 20  # of these: tremor of so long is heard by two at some time


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
        first = np.searchsorted(when, when - REACH_WINDOWS, side="left")
        last = np.searchsorted(when, when + REACH_WINDOWS, side="right")
        lonely[numbers[mine]] = last - first >= LONE_WINDOWS
    return lonely
