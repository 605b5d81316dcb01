"""Episodes: tremor that goes on is one, tremor elsewhere or after a pause another."""

import numpy as np
from association_cases import NORTH, SOUTH, p_tremor, snet

from tremorflow.associate import AssociationSettings, associate_stations, link_groups

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
