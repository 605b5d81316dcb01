"""A shifted network is the recorded one at other times; what is left out is nowhere in it."""

from dataclasses import replace

import numpy as np
import pytest
from chance_cases import START, probabilities_of, square_network

from tremorflow.chance.shifted import ShiftedNetwork, make_ring
from tremorflow.chance.shifts import Shifts
from tremorflow.records import Envelopes, timedelta

WINDOWS, GAP_AFTER = 40, 24  # an hour without a window lies after the 25th


@pytest.fixture
def recorded():
    """Probabilities and envelopes (1 Hz) whose values tell station and time; nothing in the gap."""
    network = square_network(2)
    station, window = np.arange(4)[:, None], np.arange(WINDOWS)
    probabilities = probabilities_of(network, 0.1 * station + 0.001 * window, gap_after=GAP_AFTER)
    samples = np.arange((WINDOWS + 60) * 60)
    values = (1e6 * (1 + station) + samples)[:, None].astype(np.float64)
    return probabilities, Envelopes(network, ("H1",), values, START, 1.0, (2.0, 8.0), "m/s")


def shifted(probabilities, steps, mask=None):
    nothing = np.zeros((4, WINDOWS), dtype=bool)
    shifts = Shifts(np.array(steps), 60.0, np.inf)
    return ShiftedNetwork(make_ring(probabilities), shifts, nothing if mask is None else mask)


def test_each_window_is_that_of_the_shifted_time_and_the_end_joins_the_start(recorded):
    probabilities, _ = recorded
    steps = [0, 7, 24, 39]
    found = shifted(probabilities, steps).probabilities(probabilities)
    for station, step in enumerate(steps):
        expected = np.roll(probabilities.values[station], -step, axis=-1)
        np.testing.assert_array_equal(found.values[station], expected)
    assert (np.diff(found.start_times) == timedelta(60.0)).all()


def test_envelopes_go_with_the_windows_across_the_gap_and_the_end(recorded):
    probabilities, envelopes = recorded
    network = shifted(probabilities, [0, 7, 24, 39])
    windows = network.probabilities(probabilities)
    found = network.envelopes(lambda begin, end: cut(envelopes, begin, end), 0, WINDOWS)
    assert found.start_time == START
    for station in range(4):
        for window in range(WINDOWS):
            origin = round((float(windows.p_tremor[station, window]) - 0.1 * station) / 0.001)
            first = 60 * (origin + 60 * (origin > GAP_AFTER))
            expected = envelopes.values[station, :, first : first + 60]
            np.testing.assert_array_equal(found.values[station, :, 60 * window : 60 * window + 60], expected)
    part = network.envelopes(lambda begin, end: cut(envelopes, begin, end), 11, 30)
    np.testing.assert_array_equal(part.values, found.values[..., 660:1800])
    assert part.start_time == START + timedelta(660.0)


def test_what_is_left_out_is_missing_in_both_and_nothing_else_is(recorded):
    probabilities, envelopes = recorded
    mask = np.zeros((4, WINDOWS), dtype=bool)
    mask[2, 10:14] = True
    network = shifted(probabilities, [0, 7, 24, 39], mask)
    found = network.probabilities(probabilities)
    missing = np.zeros((4, WINDOWS), dtype=bool)
    missing[2, 26:30] = True  # 10 - 24 + 40
    np.testing.assert_array_equal(np.isnan(found.values).any(axis=1), missing)
    series = network.envelopes(lambda begin, end: cut(envelopes, begin, end), 0, WINDOWS)
    np.testing.assert_array_equal(np.isnan(series.values[:, 0]), np.repeat(missing, 60, axis=1))


def test_components_that_come_later_are_added_and_hours_without_envelopes_stay_empty(recorded):
    probabilities, envelopes = recorded
    turns = iter(("H1", "V", None, "H1"))

    def read(begin, end):
        name = next(turns)
        return None if name is None else replace(cut(envelopes, begin, end), components=(name,))

    found = shifted(probabilities, [0, 5, 10, 15]).envelopes(read, 0, 5)
    assert found.components == ("H1", "V")
    present = np.isfinite(found.values).all(axis=-1)
    np.testing.assert_array_equal(present, [[True, False], [False, True], [False, False], [True, False]])
    assert shifted(probabilities, [0, 5, 10, 15]).envelopes(lambda *_: None, 0, 5) is None


def cut(envelopes, begin, end):
    return envelopes.window(begin, float((end - begin) / np.timedelta64(1, "s")))
