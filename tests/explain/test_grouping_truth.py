"""Why windows have no group, or a group no location: each rule is named where it is the one that ruled."""

import numpy as np
import pytest

from tremorflow.analysis import associate_windows
from tremorflow.associate import AssociationSettings
from tremorflow.explain.grouping import Grouper, surest_place, tell_stations
from tremorflow.records import Network, Probabilities, Station

QUIET, LONELY, THREE, LOUD, QUAKE, DEAD = range(6)  # windows


def simulated(**settings):
    """Thirty stations on a grid, and one window of each kind."""
    places = [(38 + 0.3 * row, 142 + 0.35 * column) for row in range(6) for column in range(5)]
    network = Network(tuple(Station("XX", f"S{k:02d}", *place, -2000.0) for k, place in enumerate(places)))
    p_tremor, p_earthquake = np.full((30, 6), 0.0005), np.full((30, 6), 0.0005)
    centre = [6, 7, 8, 11, 12, 13, 16, 17, 18]
    p_tremor[0, QUIET] = 0.3
    p_tremor[centre, LONELY] = 0.002
    p_tremor[12, LONELY] = 0.999
    p_tremor[centre, THREE] = 0.15
    p_tremor[[7, 11, 12], THREE] = 0.999
    p_tremor[centre, LOUD] = 0.999
    p_tremor[:, QUAKE], p_earthquake[:, QUAKE] = 0.15, 0.84
    p_tremor[centre, QUAKE], p_earthquake[centre, QUAKE] = 0.4, 0.59
    p_tremor[12, QUAKE], p_earthquake[12, QUAKE] = 0.6, 0.39
    values = np.stack([1 - p_tremor - p_earthquake, p_tremor, p_earthquake], axis=1).astype(np.float32)
    values[:, :, DEAD] = np.nan
    starts = np.datetime64("2020-01-01T00:00:00", "ns") + 60 * np.arange(6) * np.timedelta64(1, "s")
    recorded = np.ones((30, 6), dtype=np.float32)
    recorded[:, DEAD] = 0
    found = Probabilities(network, values, recorded, starts, 120.0, (("", "HH"),) * 30, "none", 0.5)
    return associate_windows(found, AssociationSettings(**settings))


def told(association, window, fates=None):
    fates = np.full(len(association.groups), "no_window", dtype=object) if fates is None else fates
    return Grouper(association, fates, {}).tell(window)


def test_no_station_is_sure_says_which_came_nearest():
    story = told(simulated(), QUIET)
    assert story.groups == ()
    assert story.verdict.rule == "no_sure_station"
    assert "0.30 at XX.S00" in story.verdict.text
    assert "association.min_probability asks for 0.5" in story.verdict.text


def test_one_sure_station_among_silent_ones_is_not_worth_a_source():
    story = told(simulated(), LONELY)
    assert (story.groups, story.n_sure) == ((), 1)
    assert story.verdict.rule == "gain_below_penalty"
    assert "association.penalty = 8" in story.verdict.text


def test_the_gain_that_is_named_is_what_the_penalty_must_be_below():
    """The number is that by which the rule decides: a penalty just below it makes a source."""
    text = told(simulated(min_stations=1), LONELY).verdict.text
    gain = float(text.split("by only ")[1].split()[0])
    assert told(simulated(min_stations=1, penalty=gain - 0.1), LONELY).verdict.rule == "grouped"
    assert told(simulated(min_stations=1, penalty=gain + 0.1), LONELY).verdict.rule == "gain_below_penalty"


def test_a_group_that_is_too_small_is_counted():
    story = told(simulated(min_stations=5), THREE)
    assert story.verdict.rule == "too_few_members"
    alone = simulated(min_stations=1).groups.labels[:, THREE]
    largest = np.bincount(alone[alone >= 0]).max()
    assert f"{largest} stations would make a group" in story.verdict.text
    assert "association.min_stations asks for 5" in story.verdict.text


def test_other_methods_have_a_rule_of_their_own():
    story = told(simulated(method="k_core", min_neighbours=2), LONELY)
    assert story.verdict.rule == "no_cluster"
    assert "'k_core'" in story.verdict.text


def test_a_group_has_its_members_gain_and_place():
    story = told(simulated(), LOUD)
    (group,) = story.groups
    assert story.verdict.rule == "grouped"
    assert {"XX.S12", "XX.S07", "XX.S17"} <= set(group.stations)
    assert group.gain > 8
    assert abs(group.place[0] - 38.6) < 0.3
    assert group.fate.rule == "no_window"
    assert "location.window_s" in group.fate.text


def test_an_earthquake_is_vetoed_by_its_excess():
    association = simulated()
    k = int(np.flatnonzero(association.groups.windows == QUAKE)[0])
    fates = np.full(len(association.groups), "earthquake", dtype=object)
    (group, *_) = told(association, QUAKE, fates).groups
    assert group.fate.rule == "earthquake"
    assert group.earthquake_excess > 0
    assert association.usable[k] == (group.earthquake_excess <= 0)
    assert "association.earthquake_km = 60" in group.fate.text


def test_a_window_without_recordings():
    story = told(simulated(), DEAD)
    assert (story.n_judged, story.verdict.rule) == (0, "no_probability")


def test_stations_are_told_from_the_surest_down_and_within_reach():
    association = simulated()
    words = tell_stations(association, LOUD, (38.6, 142.7), 60.0)
    assert 0 < len(words) < 30
    assert max(one.distance_km for one in words) <= 60
    assert words[0].is_member
    assert [one.p_tremor for one in words] == sorted((one.p_tremor for one in words), reverse=True)
    assert words[0].p_tremor + words[0].p_earthquake + words[0].p_noise == pytest.approx(1)


def test_the_surest_place_is_that_of_the_surest_station():
    association = simulated()
    assert surest_place(association, [LONELY]) == (
        association.graph.network.latitudes[12],
        association.graph.network.longitudes[12],
    )
    assert surest_place(association, [DEAD]) is None
    assert surest_place(association, []) is None
