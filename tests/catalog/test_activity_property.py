"""Counts over time: every event once, days without any are zero, gaps are what was not recorded."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremorflow.catalog.activity import DAY, GRADES, HOUR, count_activity, find_gaps
from tremorflow.errors import CatalogError
from tremorflow.records import event_table, timedelta, utc

START = utc("2024-02-27T22:30:00Z")
WEEK = (START, START + 6 * DAY)


def events_after(hours, **columns) -> pd.DataFrame:
    times = [START + timedelta(3600 * float(hour)) for hour in hours]
    return event_table(pd.DataFrame({"time": times, "quality": "A"} | columns))


def test_days_are_those_of_utc_also_on_a_leap_day():
    activity = count_activity(events_after([0, 1.4, 1.5, 25.6, 73.6]), WEEK)
    assert activity.is_daily
    assert activity.edges[[0, -1]].tolist() == [utc("2024-02-27").item(), utc("2024-03-05").item()]
    assert activity.counts[0].tolist() == [2, 1, 1, 0, 1, 0, 0]  # zero days are zero
    assert not activity.counts[1:].any()


def test_short_runs_are_counted_by_the_hour():
    activity = count_activity(events_after([0.1, 0.6, 2.6]), (START, START + 4 * HOUR))
    assert not activity.is_daily
    assert activity.counts[0].tolist() == [1, 1, 0, 1, 0]
    assert count_activity(event_table(), (START, START + 3 * DAY)).is_daily
    assert not count_activity(event_table(), (START, START + 3 * DAY - HOUR)).is_daily


def test_span_that_ends_at_midnight_has_no_further_day():
    activity = count_activity(event_table(), (utc("2024-02-27"), utc("2024-03-02")))
    assert len(activity.edges) == 5
    assert activity.gaps == ()


@given(st.lists(st.tuples(st.floats(-30, 180), st.sampled_from([*GRADES, None])), max_size=40))
def test_every_event_is_counted_once_or_left_out(drawn):
    events = events_after([hour for hour, _ in drawn], quality=[grade for _, grade in drawn])
    activity = count_activity(events, WEEK)
    assert activity.counts.sum() + activity.left_out == len(events)
    assert activity.left_out == sum(hour < -22.5 or hour >= 145.5 for hour, _ in drawn)


def test_event_without_time_is_left_out():
    events = pd.concat([events_after([1]), event_table([{"quality": "B"}])])
    assert count_activity(events, WEEK).left_out == 1


def test_energy_is_summed_over_trusted_events_in_order_of_time():
    events = events_after(
        [5, 1, 3, 4, 2], energy_j=[1.0, 2.0, 4.0, np.nan, 16.0], quality=["A", "B", "C", "A", "A"],
        energy_is_relative=False,
    )  # fmt: skip
    activity = count_activity(events, WEEK)
    assert activity.energy_sum_j.tolist() == [2.0, 18.0, 19.0]
    assert (np.diff(activity.energy_times) > timedelta(0)).all()
    assert not activity.is_relative


def test_what_was_not_recorded_is_a_gap():
    hours = [(20, 30), (0, 10), (5, 12), (-9, -8), (29, 400)]
    recorded = [(START + start * HOUR, START + end * HOUR) for start, end in hours]
    activity = count_activity(event_table(), WEEK, recorded)
    assert activity.gaps == (
        (utc("2024-02-27"), START), (START + 12 * HOUR, START + 20 * HOUR), (WEEK[1], utc("2024-03-05")),
    )  # fmt: skip
    nothing = count_activity(event_table(), WEEK, [])
    assert nothing.gaps == ((utc("2024-02-27"), utc("2024-03-05")),)


@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 12)), max_size=12))
def test_gaps_and_recorded_times_make_the_span(drawn):
    recorded = [(START + a * HOUR, START + (a + length) * HOUR) for a, length in drawn]
    hours = np.arange(24)
    covered = np.zeros(24, dtype=bool)
    for a, length in drawn:
        covered |= (hours >= a) & (hours < a + length)
    missed = np.zeros(24, dtype=bool)
    for start, end in find_gaps((START, START + 24 * HOUR), recorded):
        assert end > start
        missed |= (START + hours * HOUR >= start) & (START + hours * HOUR < end)
    np.testing.assert_array_equal(missed, ~covered)


def test_empty_span_is_refused():
    with pytest.raises(CatalogError, match="is empty"):
        count_activity(event_table(), (START, START))
