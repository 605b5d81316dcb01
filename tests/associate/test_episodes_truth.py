"""Episodes: tremor that goes on is one, tremor elsewhere or after a pause another."""

import numpy as np
from association_cases import NORTH, SOUTH, p_tremor, snet

from tremorflow.associate import (
    LONE_STATION,
    TAIL,
    AssociationSettings,
    Groups,
    associate_stations,
    link_groups,
)
from tremorflow.associate.doubts import LONE_WINDOWS, find_doubts, find_lonely
from tremorflow.associate.episodes import find_tails

SETTINGS = AssociationSettings()


def episodes(*windows: tuple[tuple[float, float, float], ...]) -> tuple[list[int], list[int]]:
    """Window and episode of every group, of sources window by window."""
    network = snet()
    groups = associate_stations(
        np.stack([p_tremor(network, *one) for one in windows], axis=1), network, SETTINGS
    )
    return groups.windows.tolist(), link_groups(groups, SETTINGS).tolist()


def test_tremor_that_migrates_is_one_episode():
    moving = [((39.5 + 0.1 * k, 143.3, 10.0),) for k in range(6)]
    assert episodes(*moving) == ([0, 1, 2, 3, 4, 5], [0] * 6)


def test_two_places_at_once_are_two_episodes():
    windows, found = episodes((NORTH, SOUTH), (NORTH, SOUTH), (SOUTH,))
    assert windows == [0, 0, 1, 1, 2]
    assert sorted(found[:2]) == [0, 1]
    assert sorted(found[2:4]) == [0, 1]
    assert found[4] in found[:2]


def test_a_pause_ends_an_episode():
    quiet = ((39.5, 143.3, 0.01),)
    assert episodes((NORTH,), quiet, (NORTH,)) == ([0, 2], [0, 1])


def test_no_groups_are_no_episodes():
    assert episodes(((39.5, 143.3, 0.01),)) == ([], [])


def groups_of(*windows: tuple[tuple[list[int], float], ...]) -> Groups:
    """Groups of twelve stations: stations and gain of each, window by window; all point to other places."""
    labels, numbers, gains = np.full((12, len(windows)), -1), [], []
    for window, found in enumerate(windows):
        for stations, gain in found:
            labels[stations, window] = len(numbers)
            numbers.append(window)
            gains.append(gain)
    places = np.linspace(30, 50, len(numbers))
    return Groups(labels, np.array(numbers), places, places, np.array(gains))


LOUD = (list(range(10)), 90.0)


def test_what_a_louder_group_beside_it_holds_is_its_tail():
    groups = groups_of((([3, 4], 9.0),), (LOUD,), (([3, 4, 5], 12.0), ([10, 11], 9.0)))
    assert find_tails(groups).tolist() == [True, False, True, False]


def test_a_tail_is_of_the_same_episode():
    groups = groups_of((LOUD,), (([3, 4], 12.0), ([10, 11], 9.0)))
    assert link_groups(groups, SETTINGS).tolist() == [0, 0, 1]


def test_after_a_pause_and_beside_a_weaker_group_nothing_is_a_tail():
    later = groups_of((LOUD,), (), (([3, 4], 12.0),))
    assert not find_tails(later).any()
    weaker = groups_of((([0, 1, 2, 3], 9.0),), (([2, 3], 30.0),))
    assert not find_tails(weaker).any()
    other = groups_of((LOUD,), (([9, 10, 11], 12.0),))  # two of its three stations are new
    assert not find_tails(other).any()


ALONE = (([7], 9.0),)


def test_a_station_that_alone_says_tremor_for_long_is_doubted():
    assert find_lonely(groups_of(*[ALONE] * LONE_WINDOWS)).all()
    assert find_lonely(groups_of(*[ALONE, ()] * LONE_WINDOWS)).all()
    assert not find_lonely(groups_of(*[ALONE] * (LONE_WINDOWS - 1))).any()


def test_a_burst_at_one_station_is_not_doubted_nor_are_several_in_a_day():
    burst = [ALONE] * 6 + [()] * 60
    assert not find_lonely(groups_of(*burst * 12)).any()


def test_company_is_not_doubted():
    pair = (([7, 8], 9.0),)
    groups = groups_of(*[ALONE, pair] * LONE_WINDOWS)
    assert find_lonely(groups).tolist() == [True, False] * LONE_WINDOWS
    assert not find_lonely(groups_of(*[pair] * 60)).any()


def test_doubts_say_which_rule_it_is():
    groups = groups_of((LOUD,), (([3, 4], 12.0), ([11], 9.0)), *[(([11], 9.0),)] * LONE_WINDOWS)
    assert find_doubts(groups).tolist() == ["", TAIL, *[LONE_STATION] * (LONE_WINDOWS + 1)]
