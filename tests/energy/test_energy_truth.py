"""Energies of simulated bursts are those that were put in, within the stated errors."""

from dataclasses import replace

import numpy as np
import pytest
from energy_scenes import EXACT, renamed, simulated_bursts

from tremorflow.energy import EnergySettings, estimate_energy
from tremorflow.records import timedelta

QUIET = {"earthquakes": {"enabled": False}, "nuisances": {"enabled": False}}
BURSTS = {"kind": "uniform", "log10_energy_min": 3.5, "log10_energy_max": 6.5, "min_interval_s": 330.0}


def scenario(**changes):
    return {
        "seed": 1,
        "duration_s": 7200.0,
        "sampling_rate_hz": 25.0,
        "network": {"name": "snet", "select": ("N.S4",)},
        "tremor": [{**BURSTS, "n_bursts": 14}],
        **QUIET,
        **changes,
    }


def estimates(envelopes, bursts, settings=EXACT):
    """(burst, 2) log10 of found over true energy, and its error; whole bursts, one SNR >= 2."""
    stations = range(len(envelopes.network))
    rows = []
    for energy_j, best, source in bursts:
        if best >= 2 and source.end_time < envelopes.end_time - timedelta(60):  # the end cuts no burst
            found = estimate_energy(envelopes, source, stations, settings)
            rows.append((np.log10(found.energy_j / energy_j), found.log10_error))
    return np.array(rows)


@pytest.fixture(scope="module")
def snet():
    return simulated_bursts(scenario())


def test_energy_in_a_whole_space_is_exact():
    """No ground, no scattering, no pattern: what is left is the formula."""
    simple = {
        "medium": {"kind": "whole_space"},
        "site": {"kind": "none"},
        "source": {"radiation": "isotropic"},
    }
    bursts = [{**BURSTS, "log10_energy_min": 7.5, "log10_energy_max": 8.0, "n_bursts": 5}]
    envelopes, known = simulated_bursts(scenario(duration_s=3600.0, tremor=bursts, **simple))
    found = estimates(envelopes, known, EnergySettings(site_loss_s=0.0))
    assert len(found) == 5
    assert np.abs(np.median(found[:, 0])) < 0.03
    assert np.abs(found[:, 0]).max() < 0.1


def test_energy_on_a_sea_floor_with_scattering_is_right_and_its_error_covers(snet):
    found = estimates(*snet)
    assert len(found) >= 12
    assert np.isfinite(found).all()
    assert abs(np.median(found[:, 0])) <= 0.15
    assert found[:, 0].std() <= 0.3
    assert np.mean(np.abs(found[:, 0]) < found[:, 1]) >= 0.5  # 0.68 expected, 14 bursts of one network
    assert np.mean(np.abs(found[:, 0]) < 2 * found[:, 1]) >= 0.85
    assert np.median(found[:, 1]) < 0.15  # covering by being wide would be no merit


def test_scattered_waves_after_the_burst_are_part_of_it(snet):
    """The tail of 25 s holds nearly all of them; without it energy is missing."""
    medians = [np.median(estimates(*snet, replace(EXACT, tail_s=tail_s))[:, 0]) for tail_s in (0, 25, 50)]
    assert medians[0] < medians[1] - 0.03
    assert medians[2] == pytest.approx(medians[1], abs=0.03)


def test_error_of_q_is_in_the_error(snet):
    envelopes, bursts = snet
    wrong = estimates(envelopes, bursts, EnergySettings(quality_factor=200 * 1.3))
    assert np.median(wrong[:, 0]) < np.median(estimates(envelopes, bursts)[:, 0]) - 0.05
    assert np.mean(np.abs(wrong[:, 0]) < wrong[:, 1]) >= 0.6


def test_without_site_terms_the_sea_floor_is_taken_for_rock(snet):
    """Why the flag is there: energies are then one or two orders too large."""
    envelopes, bursts = snet
    found = estimates(renamed(envelopes, site_amplification=np.nan), bursts)
    assert 1.0 < np.median(found[:, 0]) < 2.6
    assert found[:, 0].std() < 0.5  # yet they compare


def test_a_wrong_epicentre_is_in_the_error(snet):
    envelopes, bursts = snet
    rng = np.random.default_rng(5)
    moved = []
    for energy_j, best, source in bursts:
        north, east = 8.0 * rng.standard_normal(2)
        place = {"latitude": source.latitude + north / 111, "longitude": source.longitude + east / 87}
        moved.append((energy_j, best, replace(source, **place, epicentre_error_km=8.0)))
    found = estimates(envelopes, moved)
    assert np.median(found[:, 1]) > np.median(estimates(envelopes, bursts)[:, 1])
    assert np.mean(np.abs(found[:, 0]) < 2 * found[:, 1]) >= 0.85
