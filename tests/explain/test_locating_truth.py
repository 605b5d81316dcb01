"""What becomes of groups that no window of the location is asked about."""

import numpy as np
from test_grouping_truth import LOUD, QUAKE, simulated

from tremorflow.catalog.quality import CatalogSettings
from tremorflow.explain import Asked, Rules, conclusion, explain_time, gather_evidence, steps
from tremorflow.explain.locating import tell_locations
from tremorflow.locate import LocationSettings, search_grid
from tremorflow.records import event_table
from tremorflow.traveltime import read_velocity_model, station_travel_times


def around(association):
    """Grid and rules of a network without recordings."""
    settings, network = LocationSettings(depth="fixed"), association.probabilities.network
    depths = np.arange(0.0, 20.0, 2.0)
    times = station_travel_times(read_velocity_model("jma2001"), network, depths, 400.0)
    grid = search_grid(network, times, settings)
    return grid, Rules(settings, CatalogSettings(), "none", event_table())


def test_an_earthquake_stays_one_and_others_find_no_window():
    association = simulated()
    located = tell_locations([], association, *around(association))
    assert located.stories == ()
    fates = dict(zip(association.groups.windows, located.fates, strict=True))
    assert fates[LOUD] == "no_window"
    assert fates[QUAKE] == "earthquake"


def test_an_earthquake_is_explained_by_its_excess():
    association = simulated()
    grid, rules = around(association)
    time = association.probabilities.start_times[QUAKE] + np.timedelta64(90, "s")
    found = explain_time(Asked(time), [], association, grid, rules)
    assert found.verdict.rule == "earthquake"
    excess = found.groupings[0].groups[0].earthquake_excess
    assert f"{excess:.2f} higher" in conclusion(found)
    stopped = [step.name for step in steps(found) if step.passed is False]
    assert stopped == ["no earthquake"]
    assert gather_evidence(found, [], grid, rules) is None


def test_a_time_that_no_window_holds():
    association = simulated()
    grid, rules = around(association)
    before = association.probabilities.start_times[0] - np.timedelta64(10, "s")
    found = explain_time(Asked(before), [], association, grid, rules)
    assert (found.verdict.rule, found.focus, found.stations) == ("no_classified_window", None, ())
    assert "begin or end there" in conclusion(found)
