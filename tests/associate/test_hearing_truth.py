"""How stations hear: learnt from what they say without tremor, from their noise, and from their ground."""

from dataclasses import replace

import numpy as np
import pytest
from association_cases import NORTH, snet
from scipy.special import expit
from test_candidates_truth import SETTINGS, probabilities_of

from tremorflow.associate import Hearing, associate_stations, learn_hearing, typical_hearing
from tremorflow.associate.hearing import relative_sensitivity
from tremorflow.associate.sources import LEVELS, amplitude, likelihood_tables, odds_at, odds_bins
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.records import Network

SNET = snet()
COUNT = len(SNET)


def silent_odds(rng: np.random.Generator, windows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-odds (station, window) of stations without tremor, and the middle and the spread of each."""
    middle, spread = rng.uniform(-8, -5, COUNT), rng.uniform(0.8, 2.0, COUNT)
    return rng.normal(middle[:, None], spread[:, None], (COUNT, windows)), middle, spread


def with_sites(sites: np.ndarray) -> Network:
    stations = zip(SNET.stations, sites, strict=True)
    return Network(tuple(replace(one, site_amplification=float(site)) for one, site in stations))


def said(sensitivity: np.ndarray, seed: int) -> np.ndarray:
    """p_tremor (station,) of a source at NORTH, drawn as DiET was measured to answer to the SNR."""
    rng = np.random.default_rng(seed)
    away = distances_km(*NORTH[:2], SNET.latitudes, SNET.longitudes)
    mean, spread = odds_at(2.0 * amplitude(away, SETTINGS) * sensitivity, SETTINGS)
    return expit(rng.normal(mean, spread))


def test_middle_and_spread_are_those_of_the_station():
    odds, middle, spread = silent_odds(np.random.default_rng(1), 3000)
    found = learn_hearing(probabilities_of(expit(odds)), SETTINGS)
    assert np.abs(found.silent - middle).max() < 0.25  # a fiftieth of the weight is the typical station's
    np.testing.assert_allclose(found.spread, spread, atol=0.2)
    np.testing.assert_array_equal(found.sensitivity, 1.0)


def test_tremor_of_a_tenth_of_the_time_is_not_taken_for_silence():
    rng = np.random.default_rng(2)
    odds, _, _ = silent_odds(rng, 2000)
    loud = np.where(rng.random(odds.shape) < 0.1, 6.0, odds)
    quiet, heard = (learn_hearing(probabilities_of(expit(one)), SETTINGS) for one in (odds, loud))
    assert np.abs(heard.silent - quiet.silent).max() < 0.5
    assert (heard.spread / quiet.spread).max() < 1.5


def test_tremor_of_all_the_time_is_not_taken_for_silence_either():
    found = learn_hearing(probabilities_of(np.full((COUNT, 500), 0.99)), SETTINGS)
    assert found.silent.max() < -3


def test_what_is_not_known_is_typical():
    typical = typical_hearing(COUNT, SETTINGS)
    p = np.full((COUNT, 3), 0.02)
    p[0] = np.nan
    found = learn_hearing(probabilities_of(p), SETTINGS)
    assert (found.silent[0], found.spread[0]) == (typical.silent[0], typical.spread[0])
    assert np.abs(found.silent - typical.silent).max() < 0.3  # of three windows little is learnt
    assert np.abs(found.spread - typical.spread).max() < 0.1


def test_the_order_of_stations_does_not_matter():
    odds, _, _ = silent_odds(np.random.default_rng(3), 50)
    order = np.random.default_rng(4).permutation(COUNT)
    noise = np.geomspace(1e-8, 1e-6, COUNT)
    network = with_sites(np.geomspace(1, 30, COUNT))
    one = learn_hearing(probabilities_of(expit(odds), network), SETTINGS, noise).subset(order)
    mixed = probabilities_of(expit(odds)[order], network.subset(order))
    other = learn_hearing(mixed, SETTINGS, noise[order])
    for name in ("sensitivity", "silent", "spread"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("factor", [0.01, 7.0])
def test_only_ratios_of_sites_and_noise_count(factor):
    rng = np.random.default_rng(5)
    sites, noise = rng.uniform(2, 30, COUNT), 10 ** rng.uniform(-8, -6, COUNT)
    base = relative_sensitivity(with_sites(sites), noise)
    np.testing.assert_allclose(relative_sensitivity(with_sites(factor * sites), noise), base)
    np.testing.assert_allclose(relative_sensitivity(with_sites(sites), factor * noise), base)
    twice = noise.copy()
    twice[0] *= 2
    ratio = relative_sensitivity(with_sites(sites), twice) / base
    assert ratio[0] / ratio[1] == pytest.approx(0.5)


def test_noise_without_a_site_term_and_a_site_term_without_noise_say_nothing():
    sites, noise = np.full(COUNT, 8.0), np.full(COUNT, 1e-7)
    sites[0], noise[1], noise[2], sites[3] = np.nan, np.nan, 0.0, -1.0
    noise[4] = 1e-8
    found = relative_sensitivity(with_sites(sites), noise)
    np.testing.assert_array_equal(found[:4], 1.0)
    assert found[4] == pytest.approx(10.0)
    np.testing.assert_array_equal(relative_sensitivity(SNET, noise), 1.0)
    with pytest.raises(DataError, match="does not fit"):
        relative_sensitivity(SNET, noise[:3])


def test_what_a_station_often_says_is_little_evidence():
    """Log-odds of -3 of a station that has -4 by itself, and of one that has -8."""
    two = Hearing(np.ones(2), np.array([-4.0, -8.0]), np.array([1.0, 1.0]))
    tables = likelihood_tables(SETTINGS, two)
    said_bin, level = int(odds_bins(np.array(-3.0))), int(np.argmin(np.abs(LEVELS - 0.5)))
    noisy, quiet = tables[:, said_bin, level]
    assert quiet > noisy + 1
    np.testing.assert_allclose(tables[:, :, 0], 0.0)  # where nothing is heard, nothing is gained


def test_knowing_the_sensitivities_places_sources_better_and_is_surer():
    """Stations differ by a factor of 2.7 (sd): with that known the same words say more."""
    known, unknown = [], []
    typical = typical_hearing(COUNT, SETTINGS)
    for seed in range(40):
        sensitivity = 10 ** np.random.default_rng([seed, 1]).normal(0, 0.43, COUNT)
        p = said(sensitivity, seed)[:, None]
        for rows, hearing in ((known, replace(typical, sensitivity=sensitivity)), (unknown, typical)):
            groups = associate_stations(p, SNET, SETTINGS, hearing)
            away = distances_km(*NORTH[:2], groups.latitudes, groups.longitudes)
            best = int(groups.gains.argmax()) if len(groups) else -1
            rows.append((away[best], groups.gains[best]) if len(groups) else (200.0, 0.0))
    worst, rough = (np.quantile(rows, 0.9, axis=0)[0] for rows in (known, unknown))
    gain, low = (np.median(rows, axis=0)[1] for rows in (known, unknown))
    assert worst < 0.8 * rough
    assert gain > 1.2 * low


def test_a_deaf_station_beside_a_source_does_not_speak_against_it():
    sensitivity = np.ones(COUNT)
    away = distances_km(*NORTH[:2], SNET.latitudes, SNET.longitudes)
    deaf = int(np.argmin(away))
    sensitivity[deaf] = 0.02
    p = said(np.ones(COUNT), 7)
    p[deaf] = 1e-4
    typical = typical_hearing(COUNT, SETTINGS)
    told = associate_stations(p[:, None], SNET, SETTINGS, replace(typical, sensitivity=sensitivity))
    untold = associate_stations(p[:, None], SNET, SETTINGS, typical)
    assert told.gains.max() > untold.gains.max() + 2
