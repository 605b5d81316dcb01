"""What is true of any energy estimate: how it scales, what it does not depend on, what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from energy_scenes import COMPONENTS, SHARES, burst_envelopes, network_at, renamed, source_of
from hypothesis import given
from hypothesis import strategies as st

from tremorflow.energy import EnergySettings, estimate_energy
from tremorflow.energy.motion import BurstMotion
from tremorflow.energy.station_mean import mean_over_stations
from tremorflow.records import Envelopes, timedelta

SETTINGS = EnergySettings()
DISTANCES = np.array([12.0, 18.0, 25.0, 33.0, 45.0])
NETWORK = network_at(DISTANCES)


def motion_of(energy_j: float, duration_s: float = 20.0) -> np.ndarray:
    return np.sqrt(energy_j / duration_s) * 1e-8 / DISTANCES * np.exp(-DISTANCES / 60)


def found_of(envelopes: Envelopes, stations=range(5), **changes):
    return estimate_energy(envelopes, replace(source_of(), **changes), stations, SETTINGS)


@given(st.floats(0.1, 1000.0))
def test_ten_times_the_motion_is_a_hundred_times_the_energy(factor):
    envelopes = burst_envelopes(NETWORK, motion_of(1e4), noise=1e-11)
    larger = replace(envelopes, values=envelopes.values * factor)
    one, other = found_of(envelopes), found_of(larger)
    assert other.energy_j == pytest.approx(one.energy_j * factor**2, rel=1e-9)
    assert other.log10_error == pytest.approx(one.log10_error, rel=1e-6)
    assert other.me - one.me == pytest.approx(np.log10(factor) * 2 / 1.5, abs=1e-9)


@pytest.mark.parametrize("duration_s", [10.0, 60.0, 240.0])
def test_energy_does_not_depend_on_how_long_it_takes(duration_s):
    short = found_of(burst_envelopes(NETWORK, motion_of(1e4)))
    envelopes = burst_envelopes(NETWORK, motion_of(1e4, duration_s), duration_s)
    long = estimate_energy(envelopes, source_of(duration_s), range(5), SETTINGS)
    assert long.energy_j == pytest.approx(short.energy_j, rel=0.02)
    assert long.rate_w * duration_s == pytest.approx(long.energy_j)


@given(st.permutations(range(5)))
def test_order_of_stations_does_not_matter(order):
    envelopes = burst_envelopes(NETWORK, motion_of(1e4))
    turned = replace(envelopes, network=NETWORK.subset(order), values=envelopes.values[list(order)])
    assert found_of(turned).energy_j == pytest.approx(found_of(envelopes).energy_j, rel=1e-9)
    assert found_of(envelopes, order).energy_j == found_of(envelopes).energy_j


def test_steady_noise_does_not_add_energy():
    quiet = found_of(burst_envelopes(NETWORK, motion_of(1e4), noise=1e-12))
    rng = np.random.default_rng(1)
    envelopes = burst_envelopes(NETWORK, motion_of(1e4), noise=motion_of(1e4).min())
    drift = np.sqrt(rng.gamma(12, 1 / 12, envelopes.values.shape))  # of 2-8 Hz, second by second
    noisy = found_of(replace(envelopes, values=envelopes.values * drift))
    assert abs(np.log10(noisy.energy_j / quiet.energy_j)) < min(noisy.log10_error, 0.06)


def test_one_wild_station_does_not_carry_the_energy():
    envelopes = burst_envelopes(NETWORK, motion_of(1e4), noise=1e-11)
    values = envelopes.values.copy()
    values[2] *= 100.0  # 1e4 times the energy
    wild = found_of(replace(envelopes, values=values))
    assert abs(np.log10(wild.energy_j / found_of(envelopes).energy_j)) < 0.1
    assert wild.energy_j == pytest.approx(found_of(envelopes, [0, 1, 3, 4]).energy_j, rel=1e-6)
    assert wild.log10_error > found_of(envelopes).log10_error


@given(st.floats(3.0, 300.0))
def test_what_disturbs_noisy_stations_far_away_does_not_make_a_faint_burst_loud(louder):
    """Those nearby are quiet: were it the burst, they would have heard it."""
    quiet = burst_envelopes(NETWORK, motion_of(1.0), noise=1e-11)
    values = quiet.values.copy()
    noise = motion_of(300.0)[2:, None, None] * np.sqrt(SHARES)[:, None]
    values[2:] = noise
    values[2:, :, 1800:1820] = noise * (louder * np.array([1.0, 5.0, 25.0]))[:, None, None]
    disturbed = found_of(replace(quiet, values=values))
    assert disturbed.energy_j == pytest.approx(found_of(quiet, range(2)).energy_j, rel=1e-3)


@given(st.floats(30.0, 1000.0))
def test_an_earthquake_that_most_stations_hear_does_not_make_a_faint_burst_loud(louder):
    """Two nearby hear the burst alone; three far away, that would not hear it, agree on a thousand times."""
    quiet = burst_envelopes(NETWORK, motion_of(20.0), noise=2e-10)
    shaken = burst_envelopes(NETWORK, motion_of(20.0) * np.where(np.arange(5) < 2, 1.0, louder), noise=2e-10)
    assert found_of(shaken).n_stations == 2
    assert found_of(shaken).energy_j == pytest.approx(found_of(quiet, range(2)).energy_j, rel=1e-3)


@given(st.floats(10.0, 300.0), st.floats(10.0, 300.0), st.permutations(range(3)))
def test_stations_that_disagree_by_decades_give_no_energy(louder, louder_still, order):
    """Nothing tells which is right: any of them, or a mean, would be some decades off."""
    factors = np.array([1.0, louder, louder * louder_still])[list(order)]
    envelopes = burst_envelopes(NETWORK, motion_of(1e4) * [*factors, 1.0, 1.0], noise=1e-11)
    found = found_of(envelopes, range(3))
    assert found.flags == ("stations_disagree",)
    assert np.isnan(found.energy_j)


def test_stations_of_unknown_sites_may_differ_by_more_before_they_disagree():
    """Energies by a decade and a half, as unknown ground does; known ground not by one."""

    def pair(decades: float) -> Envelopes:
        louder = 10 ** (decades / 2)
        return burst_envelopes(NETWORK, motion_of(1e4) * [1.0, louder, 1.0, 1.0, 1.0], noise=1e-11)

    def unknown(envelopes: Envelopes) -> Envelopes:
        return renamed(envelopes, site_amplification=np.nan)

    assert found_of(pair(0.7), range(2)).n_stations == 2
    assert "stations_disagree" in found_of(pair(1.2), range(2)).flags
    assert found_of(unknown(pair(1.7)), range(2)).n_stations == 2
    assert found_of(unknown(pair(1.7)), range(2)).log10_error > 0.3
    assert "stations_disagree" in found_of(unknown(pair(2.5)), range(2)).flags


def test_a_station_that_should_hear_the_burst_and_does_not_counts():
    """One in a node of the radiation: leaving it out would make every energy too large."""
    envelopes = burst_envelopes(NETWORK, motion_of(1e4) * [1, 1, 0.01, 1, 1], noise=1e-10)
    whole, others = found_of(envelopes), found_of(envelopes, [0, 1, 3, 4])
    assert whole.n_stations == 5
    assert whole.energy_j < 0.95 * others.energy_j


@given(st.floats(2.0, 40.0))
def test_site_terms_are_divided_out(amplification):
    bare = found_of(burst_envelopes(NETWORK, motion_of(1e4), noise=1e-11))
    envelopes = burst_envelopes(NETWORK, amplification * motion_of(1e4), noise=1e-11)
    known = found_of(renamed(envelopes, site_amplification=amplification))
    assert known.energy_j == pytest.approx(bare.energy_j, rel=1e-3)
    assert not known.is_relative


@pytest.mark.parametrize("changes", [{"site_amplification": np.nan}, {"site_is_relative": True}])
def test_energy_is_relative_without_site_terms_that_are_tied_to_something(changes):
    found = found_of(renamed(burst_envelopes(NETWORK, motion_of(1e4)), **changes))
    assert found.is_relative
    assert "site_unknown" in found.flags
    assert np.isfinite(found.energy_j)


def test_horizontals_alone_give_nearly_the_same_with_a_larger_error():
    envelopes = burst_envelopes(NETWORK, motion_of(1e4), noise=1e-11)
    alone = found_of(replace(envelopes, components=COMPONENTS[:2], values=envelopes.values[:, :2]))
    whole = found_of(envelopes)
    assert SHARES[2] == SETTINGS.vertical_share
    assert alone.energy_j == pytest.approx(whole.energy_j, rel=1e-6)
    assert alone.flags == ("no_vertical",)
    assert alone.log10_error > whole.log10_error


def undefined_cases():
    envelopes = burst_envelopes(NETWORK, motion_of(1e4))
    nothing = replace(envelopes, values=np.full(envelopes.values.shape, np.nan))
    vertical = replace(envelopes, components=("V",), values=envelopes.values[:, 2:])
    start = envelopes.start_time - timedelta(5)
    late = {"start_time": envelopes.end_time - timedelta(20), "end_time": envelopes.end_time}
    return {
        "not_velocity": (replace(envelopes, unit="count"), range(5), {}),
        "no_station": (envelopes, (), {}),
        "no_recording": (nothing, range(5), {}),
        "no_recording (vertical)": (vertical, range(5), {}),
        "too_few_stations": (envelopes, range(1), {}),
        "too_few_stations (noise)": (burst_envelopes(NETWORK, np.zeros(5)), range(5), {}),
        "cut_by_ends": (envelopes, range(5), {"start_time": start, "end_time": start + timedelta(20)}),
        "cut_by_ends (late)": (envelopes, range(5), late),
    }


@pytest.mark.parametrize("name", undefined_cases())
def test_what_cannot_be_told_is_nan_with_the_reason(name):
    envelopes, stations, changes = undefined_cases()[name]
    found = found_of(envelopes, stations, **changes)
    assert name.split()[0] in found.flags
    assert np.isnan([found.energy_j, found.log10_error, found.me, found.rate_w]).all()
    assert found.n_stations == 0


def test_far_stations_and_those_without_s_time_are_left_out():
    far = network_at([12.0, 18.0, 25.0, 33.0, 40.0, 61.0])
    motion = np.append(motion_of(1e7), motion_of(1e7)[-1])
    envelopes = burst_envelopes(far, motion)
    assert found_of(envelopes, range(6), s_times_s=np.zeros(6)).n_stations == 5
    fewer = np.array([0.0, 0.0, 0.0, np.nan, 0.0, 0.0])  # the sixth fills up, a farther one could not
    assert found_of(envelopes, range(6), s_times_s=fewer).n_stations == 5
    beyond = burst_envelopes(network_at([12.0, 18.0, 25.0, 33.0, 40.0, 130.0]), motion)
    assert found_of(beyond, range(6), s_times_s=fewer).n_stations == 4


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    envelopes = burst_envelopes(NETWORK, motion_of(1e7))
    values = envelopes.values.copy()
    values[1, :, 1800:1803] = np.nan
    values[2, :, 1800:1815] = np.nan
    gaps = found_of(replace(envelopes, values=values))
    assert gaps.n_stations == 4
    assert np.log10(gaps.energy_j / found_of(envelopes).energy_j) == pytest.approx(0, abs=0.1)


@given(st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([0.2, 0.54]))
def test_the_mean_lies_among_the_stations_whatever_they_say(seed, count, scatter):
    """Strong and weak, negative by noise, decades apart, without noise: a number, or why there is none."""
    rng = np.random.default_rng(seed)
    background = 10 ** rng.uniform(-3, 3, count)
    noise = background * rng.choice([0.0, 0.05, 1.0], count)
    integrals = rng.choice([-1.0, 0.0, 1.0, 1.0, 1.0], count) * 10 ** rng.uniform(-4, 8, count)
    flags = np.zeros(count, dtype=np.bool_)
    motion = BurstMotion(np.arange(count), integrals, noise, background, flags, ~flags)
    found = mean_over_stations(motion, np.ones(count), np.full(count, scatter), SETTINGS)
    if isinstance(found, str):
        assert found in ("too_few_stations", "stations_disagree")
    else:
        assert found.used.sum() >= 1
        assert 0 < found.energy_j <= integrals[found.used].max() * (1 + 1e-9)
        assert np.isfinite(found.log10_error)
        assert found.log10_error > 0
