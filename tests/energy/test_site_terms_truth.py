"""Site terms are those that the amplitudes were made with, within the stated errors."""

from dataclasses import replace

import numpy as np
import pytest

from tremorflow.energy import EnergySettings, ShakenStations, SiteTermSettings, solve_site_terms
from tremorflow.energy.propagation import band_transmission
from tremorflow.errors import DataError

SETTINGS = SiteTermSettings(shape_scatter=0.0)  # sites of these tests amplify all frequencies alike
MEDIUM = EnergySettings()
N_STATIONS = 20


def shaken_stations(seed, n_earthquakes=40, scatter=0.4, quality=200.0, outliers=0):
    """Amplitudes of earthquakes around a network of 20 stations, and the true ln S (station,)."""
    rng = np.random.default_rng(seed)
    places, sources = rng.uniform(0, 120, (N_STATIONS, 2)), rng.uniform(0, 120, (n_earthquakes, 2))
    distances = np.hypot(np.linalg.norm(places - sources[:, None], axis=-1), 20.0)
    earthquakes, stations = np.nonzero(distances < 80)
    far = distances[earthquakes, stations]
    terms = rng.uniform(np.log(4), np.log(40), N_STATIONS)
    sizes = rng.normal(-12, 2, n_earthquakes)
    source = replace(MEDIUM, corner_hz=SETTINGS.corner_hz)
    path = 0.5 * np.log(band_transmission(far, (2.0, 8.0), quality, source)) - np.log(far)
    amplitudes = terms[stations] + sizes[earthquakes] + path + scatter * rng.standard_normal(len(far))
    amplitudes[rng.choice(len(far), outliers, replace=False)] += 4.0
    return ShakenStations(earthquakes, stations, far, amplitudes, (2.0, 8.0)), terms


def solved(shaken, references=(), settings=SETTINGS):
    return solve_site_terms(shaken, N_STATIONS, references, settings, MEDIUM)


def centred(values):
    return values - np.nanmean(values)


def test_exact_amplitudes_give_exact_terms_and_q():
    shaken, terms = shaken_stations(1, scatter=1e-4, quality=120.0)
    found = solved(shaken)
    np.testing.assert_allclose(centred(np.log(found.amplifications)), centred(terms), atol=1e-3)
    assert found.quality_factor == pytest.approx(120.0, rel=0.01)
    assert np.exp(np.log(found.amplifications).mean()) == pytest.approx(2.0)  # of rock, as nothing is known


def test_errors_cover():
    scores, qualities = [], []
    for seed in range(30):
        shaken, terms = shaken_stations(seed, n_earthquakes=25)
        found = solved(shaken)
        scores.append((centred(np.log(found.amplifications)) - centred(terms)) / found.log_sigma)
        qualities.append(np.log(found.quality_factor / 200) / found.quality_log_sigma)
    scores = np.concatenate(scores)
    assert 0.62 < np.mean(np.abs(scores) < 1) < 0.76
    assert np.mean(np.abs(scores) < 2) > 0.92
    assert 0.5 < np.std(qualities) < 1.5


def test_a_tenth_of_wild_amplitudes_is_borne():
    shaken, terms = shaken_stations(3, outliers=0)
    clean = np.abs(centred(np.log(solved(shaken).amplifications)) - centred(terms)).mean()
    wild, terms = shaken_stations(3, outliers=len(shaken.stations) // 10)
    assert np.abs(centred(np.log(solved(wild).amplifications)) - centred(terms)).mean() < 3 * clean


def test_references_hold_the_scale():
    shaken, terms = shaken_stations(4, scatter=0.1)
    references = [2, 5, 11]
    level = float(np.exp(terms[references].mean()))
    found = solved(shaken, references, SiteTermSettings(reference_amplification=level))
    assert np.exp(np.log(found.amplifications[references]).mean()) == pytest.approx(level)
    np.testing.assert_allclose(np.log(found.amplifications), terms, atol=0.2)  # absolute now


def test_sizes_of_earthquakes_and_order_of_rows_do_not_matter():
    shaken, _ = shaken_stations(5)
    rng = np.random.default_rng(0)
    larger = replace(shaken, log_amplitudes=shaken.log_amplitudes + rng.normal(0, 3, 40)[shaken.earthquakes])
    order = rng.permutation(len(shaken.stations))
    turned = replace(
        shaken,
        earthquakes=shaken.earthquakes[order],
        stations=shaken.stations[order],
        distances_km=shaken.distances_km[order],
        log_amplitudes=shaken.log_amplitudes[order],
    )
    for other in (larger, turned):
        np.testing.assert_allclose(solved(other).amplifications, solved(shaken).amplifications, rtol=1e-6)


def test_a_station_with_few_earthquakes_has_no_term():
    shaken, _ = shaken_stations(6)
    seventh = np.flatnonzero(shaken.stations == 7)[3:]
    keep = np.delete(np.arange(len(shaken.stations)), seventh)
    columns = ("earthquakes", "stations", "distances_km", "log_amplitudes")
    found = solved(replace(shaken, **{name: getattr(shaken, name)[keep] for name in columns}))
    assert np.flatnonzero(np.isnan(found.amplifications)).tolist() == [7]
    assert found.n_earthquakes[7] == 0


def test_too_little_is_refused():
    shaken, _ = shaken_stations(7, n_earthquakes=2)
    with pytest.raises(DataError, match="0 stations have 4 or more earthquakes"):
        solved(shaken)
