"""When a burst was, at the source: also when the window cuts it, and when gains differ."""

from dataclasses import replace

import numpy as np
import pytest
from location_scenes import FIXED, locate, pure_envelopes, scattered_network, source_at

from tremorflow.locate.source_time import background_power
from tremorflow.records import seconds


def strongest_time_s(window) -> tuple[float, tuple[str, ...]]:
    hypocentre = locate(window, FIXED).hypocentres[0]
    return seconds(hypocentre.source.time - window.start_time), hypocentre.flags


def test_one_spike_at_the_end_of_the_window_does_not_move_the_time():
    window = pure_envelopes(scattered_network(12, 5), [source_at(0.0, 0.0, 30.0)])
    before, flags = strongest_time_s(window)
    assert "window_edge" not in flags
    values = window.values.copy()
    nearest = int(np.argmax(values.max(axis=-1)[:, 0]))
    values[nearest, 0, -2:] += 1.5 * values[nearest, 0].max()
    after, _ = strongest_time_s(replace(window, values=values))
    assert after == pytest.approx(before, abs=5.0)


@pytest.mark.parametrize("station", range(0, 12, 3))
def test_a_recorder_of_another_gain_does_not_move_the_time(station):
    window = pure_envelopes(scattered_network(12, 5), [source_at(0.0, 0.0, 30.0)])
    before, _ = strongest_time_s(replace(window, unit="count"))
    values = window.values.copy()
    values[station] *= 1000.0
    after, _ = strongest_time_s(replace(window, values=values, unit="count"))
    assert after == pytest.approx(before, abs=1.0)


def test_bursts_that_the_window_cuts_are_flagged():
    window = pure_envelopes(scattered_network(12, 5), [source_at(0.0, 0.0, 30.0)])

    def flags_of(length_s: float) -> list[str]:
        found = locate(window.window(window.start_time, length_s), FIXED).hypocentres
        return [flag for hypocentre in found for flag in hypocentre.flags]

    # the burst lasts from 90 to 190 s
    cut = ["window_edge" in flags_of(length_s) for length_s in np.arange(125.0, 195.0, 5.0)]
    assert sum(cut) >= len(cut) / 2
    assert not any("window_edge" in flags_of(length_s) for length_s in (260.0, 280.0, 300.0))


def test_the_background_is_the_quietest_tenth_of_what_is_there():
    power = np.random.default_rng(4).permuted(np.tile(np.arange(101.0), (3, 1)), axis=1)
    holes = np.insert(power, [0, 40, 40, 101], np.nan, axis=1)
    assert background_power(power) == pytest.approx(np.full((3, 1), 10.0))
    some = np.concatenate([holes[:2], np.insert(power[2:], [0] * 4, 10.0, axis=1)])
    assert background_power(some) == pytest.approx(np.full((3, 1), 10.0))
    assert background_power(power[:0]).shape == (0, 1)
