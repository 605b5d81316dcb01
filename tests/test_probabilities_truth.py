"""Which windows lie within a span, and which touch it: the borders are told exactly."""

import numpy as np
import pytest

from tremorflow.records import CLASSES, Network, Probabilities, Station, timedelta, utc

START = utc("2024-01-01T00:00:00Z")


def windows(count: int) -> Probabilities:
    """Windows of 120 s of one station, a new one every 60 s."""
    network = Network((Station("N", "A", 38.0, 142.0, 0.0),))
    values = np.zeros((1, len(CLASSES), count), dtype=np.float32)
    starts = START + np.arange(count) * timedelta(60.0)
    recorded = np.ones((1, count), dtype=np.float32)
    return Probabilities(network, values, recorded, starts, 120.0, (("", "HH"),), "-", 0.9)


@pytest.mark.parametrize(
    ("begin_s", "length_s", "expected"),
    [
        (0, 300, [0, 1, 2, 3]),
        (1, 300, [1, 2, 3]),
        (0, 120, [0]),
        (0, 119, []),
        (540, 300, [9]),
        (900, 300, []),
    ],
)
def test_windows_within_a_span(begin_s, length_s, expected):
    assert list(windows(10).windows_within(START + timedelta(begin_s), length_s)) == expected


@pytest.mark.parametrize(
    ("begin_s", "end_s", "expected"),
    [(0, 1, [0]), (60, 61, [0, 1]), (120, 180, [1, 2]), (119, 121, [0, 1, 2]), (-100, 0, []), (660, 700, [])],
)
def test_windows_that_share_more_than_an_end_point_with_a_span(begin_s, end_s, expected):
    touching = windows(10).windows_touching(START + timedelta(begin_s), START + timedelta(end_s))
    assert list(range(10))[touching] == expected
