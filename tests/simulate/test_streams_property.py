"""Random streams: what is asked for, without a seam, and the same for whoever asks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from tremorflow.simulate.streams import coloured_noise, design_taps, generator, slow_variation

RATE_HZ, N = 25.0, 15000


@given(st.integers(0, 2**40), st.text(min_size=1, max_size=8), st.integers(0, 10**6))
def test_generators_are_named_not_counted(seed, word, number):
    first = generator(seed, word, number).standard_normal(3)
    generator(seed, "another").standard_normal(5)
    np.testing.assert_array_equal(generator(seed, word, number).standard_normal(3), first)
    assert not np.array_equal(generator(seed, word, number + 1).standard_normal(3), first)


def test_noise_has_the_density_that_was_asked_for():
    taps = design_taps(lambda f: 1e-14 / (1 + (f / 2) ** 2), RATE_HZ, 20.0)
    tiles = [coloured_noise(3, ("x",), k, taps, N) for k in range(8)]
    frequencies, found = signal.welch(np.concatenate(tiles), RATE_HZ, nperseg=2048)
    inside = (frequencies > 0.5) & (frequencies < 11)
    ratio = found[inside] / (1e-14 / (1 + (frequencies[inside] / 2) ** 2))
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.02)
    assert np.all(np.abs(np.log(ratio)) < 0.6)  # 117 averages: 9 % each, 860 frequencies


def test_tiles_join_without_a_seam():
    """Smooth noise is predictable across the joint of two tiles as well as inside of one."""
    taps = design_taps(lambda f: np.exp(-((f / 0.5) ** 2)), RATE_HZ, 20.0)
    whole = np.concatenate([coloured_noise(4, ("y",), k, taps, N) for k in range(6)])
    bend = np.abs(np.diff(whole, 3))
    joints = np.arange(1, 6) * N
    across = np.concatenate([bend[joint - 3 : joint] for joint in joints])
    assert across.max() < 1.5 * np.quantile(bend, 0.999)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(1, 1000), st.floats(-1e5, 1e5))
def test_slow_variation_does_not_depend_on_the_span(seed, knot_s, start_s):
    times = start_s + np.linspace(0, 20 * knot_s, 200)
    whole = slow_variation(seed, ("z",), times, knot_s)
    np.testing.assert_allclose(slow_variation(seed, ("z",), times[50:90], knot_s), whole[50:90], atol=1e-9)
    assert np.abs(np.diff(whole)).max() < 1.0  # a tenth of a knot apart


def test_slow_variation_has_unit_variance():
    values = slow_variation(5, ("w",), np.linspace(0, 5000, 50000), 1.0)
    assert np.std(values) == pytest.approx(1.0, abs=0.04)
    assert np.mean(values) == pytest.approx(0.0, abs=0.05)
