"""What tells simulated from real is blind to amplitude and sampling rate, and sees what it is named after."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

SCIENCE = Path(__file__).resolve().parents[2] / "benchmarks" / "science"


@pytest.fixture(scope="module")
def rooms():
    sys.path.insert(0, str(SCIENCE))
    try:
        return importlib.import_module("realism_data"), importlib.import_module("realism_features")
    finally:
        sys.path.remove(str(SCIENCE))


def shaken(seed, decay_s=3.0, rate_hz=100.0):
    """P at 15 s, S at 20 s that dies out, weak noise."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, 60, 1 / rate_hz)
    power = (
        0.01
        + 0.2 * (times > 15) * np.exp(-np.abs(times - 15))
        + (times > 20) * np.exp(-np.abs(times - 20) / decay_s)
    )
    return power * rng.standard_normal((3, len(times)))


def record(rooms, samples, rate_hz=100.0):
    data, _ = rooms
    return data.Record("test", "X.A", "1", "a", data.common_form(samples, rate_hz), 15.0, 20.0)


def test_features_do_not_see_amplitude(rooms):
    _, features = rooms
    one = record(rooms, shaken(1))
    weak = replace(one, motion=1e-9 * one.motion)
    for measure in (features.transient_features, features.component_features):
        found, same = measure(one), measure(weak)
        assert found.keys() == same.keys()
        np.testing.assert_allclose(list(found.values()), list(same.values()), rtol=1e-6, atol=1e-9)


def test_features_do_not_see_the_sampling_rate(rooms):
    from scipy.signal import resample_poly

    _, features = rooms
    fine = shaken(2)
    found = features.transient_features(record(rooms, fine))
    coarse = features.transient_features(record(rooms, resample_poly(fine, 2, 5, axis=-1), 40.0))
    np.testing.assert_allclose(list(found.values()), list(coarse.values()), atol=0.05)


@pytest.mark.parametrize("decay_s", [3.0, 6.0])
def test_decay_is_that_of_the_envelope(rooms, decay_s):
    _, features = rooms
    slopes = [features.transient_features(record(rooms, shaken(k, decay_s)))["decay_db_s"] for k in range(8)]
    assert np.mean(slopes) == pytest.approx(-8.69 / decay_s, rel=0.2)


def test_linearity_is_one_along_a_line_and_small_without_direction(rooms):
    _, features = rooms
    rng = np.random.default_rng(3)
    line = np.outer([1.0, 2.0, -0.5], rng.standard_normal(4000))
    assert features.linearity(line) == pytest.approx(1.0)
    assert features.linearity(rng.standard_normal((3, 4000))) < 0.1


def test_shares_of_white_noise_are_those_of_the_widths_of_the_bands(rooms):
    data, features = rooms
    white = np.random.default_rng(4).standard_normal((3, 60000))
    found = features.spectral_features(data.common_form(white, 100.0))
    for low, high in features.BANDS_HZ[:3]:
        assert found[f"share_{low:g}_{high:g}_hz"] == pytest.approx(np.log10((high - low) / 6), abs=0.06)


def test_envelopes_of_one_event_that_are_alike_correlate_at_any_distance(rooms):
    _, features = rooms
    one = record(rooms, shaken(5))
    later = replace(one, station="X.B", motion=np.roll(one.motion, 40, axis=1), p_s=17.0, s_s=22.0)
    other = replace(record(rooms, shaken(6, 12.0)), station="X.C")
    pairs = features.envelope_pairs([one, later, other], lambda a, b: float(ord(a[-1]) + ord(b[-1])))
    alike = {distance: likeness for distance, likeness in pairs}
    assert alike[ord("A") + ord("B")] > 0.999
    assert alike[ord("A") + ord("C")] < 0.99
