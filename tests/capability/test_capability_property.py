"""What a network could have seen: scaling with noise, dead stations, edges, order; hours without anything."""

from dataclasses import replace

import numpy as np
import pytest

from tremorflow.capability import (
    Bursts,
    CapabilitySettings,
    ChainRules,
    map_capability,
    probability_found,
    smallest_energy,
)
from tremorflow.capability.hearing import at_least
from tremorflow.catalog.energy_grid import Cells
from tremorflow.energy import EnergySettings, HourNoise, measure_noise
from tremorflow.errors import DataError
from tremorflow.records import Envelopes, Network, Station, utc

SETTINGS, RULES = CapabilitySettings(), ChainRules()
QUIET = 1e-15  # m2/s2
START = utc("2020-01-01")


def network(site=6.0, relative=False):
    """Six by four stations 33 km apart in latitude, 27 km in longitude."""
    return Network(
        tuple(
            Station("N", f"{i}{j}", 38 + 0.3 * i, 142 + 0.3 * j, -2000.0, site, site_is_relative=relative)
            for i in range(6)
            for j in range(4)
        )
    )


def noise(stations=None, power=QUIET, recorded=1.0):
    stations = stations or network()
    count = len(stations)
    return HourNoise(stations, np.full(count, power), np.full(count, recorded), (2.0, 8.0))


def bursts(*places):
    latitudes, longitudes = np.array(places, dtype=float).T
    return Bursts(latitudes, longitudes, np.full(len(places), 16.0), np.full(len(places), 60.0))


MIDDLE, EDGE = bursts((38.75, 142.45)), bursts((37.6, 142.45))


def smallest(one, where=MIDDLE, rules=RULES):
    return smallest_energy(one, where, SETTINGS, rules)[0]


def test_ten_times_the_noise_in_amplitude_is_a_hundred_times_the_energy():
    assert smallest(noise(power=100 * QUIET)) - smallest(noise()) == pytest.approx(2.0, abs=0.003)


def test_the_smallest_burst_is_found_with_the_probability_that_was_asked_for():
    for wanted in (0.2, 0.5, 0.9):
        settings = replace(SETTINGS, probability=wanted)
        log10_energy = smallest_energy(noise(), MIDDLE, settings, RULES)
        found = probability_found(noise(), MIDDLE, log10_energy, settings, RULES)
        assert found == pytest.approx(wanted, abs=0.005)


def test_the_probability_grows_with_the_energy_up_to_what_is_not_lost():
    sizes = np.linspace(-2, 8, 41)
    many = bursts(*[(38.75, 142.45)] * len(sizes))
    found = probability_found(noise(), many, sizes, SETTINGS, RULES)
    assert (np.diff(found) >= -1e-9).all()
    assert found[0] < 0.001
    assert found[-1] == pytest.approx(1 - SETTINGS.lost, abs=0.002)


def test_an_edge_dead_stations_gaps_and_more_stations_asked_for_are_worse():
    here = smallest(noise())
    dead = noise()
    dead.power[[9, 10, 13, 14]] = np.nan  # the four around the middle
    assert smallest(noise(), EDGE) > here + 0.2
    assert smallest(dead) > here + 0.2
    assert smallest(noise(recorded=0.6)) > here + 0.1
    more = replace(RULES, location=replace(RULES.location, min_stations=8))
    assert smallest(noise(), rules=more) > here + 0.1


def test_a_site_that_amplifies_its_noise_alike_hides_nothing_more():
    """Site terms raise signal and noise by as much: only the ratio counts."""
    assert smallest(noise(network(12.0), 4 * QUIET)) == pytest.approx(
        smallest(noise(network(6.0))), abs=0.003
    )


def test_the_order_of_the_stations_does_not_matter():
    one = noise()
    one.power[:] = QUIET * np.geomspace(1, 30, len(one.power))
    order = np.random.default_rng(3).permutation(len(one.power))
    other = HourNoise(one.network.subset(order), one.power[order], one.recorded[order], one.band_hz)
    assert smallest(other) == pytest.approx(smallest(one), abs=1e-9)


def test_too_few_stations_alive_find_nothing_of_any_size():
    one = noise()
    one.power[RULES.needed_stations - 1 :] = np.nan
    assert RULES.needed_stations == 5
    assert smallest(one) == np.inf
    assert smallest(noise(recorded=0.0)) == np.inf
    one.power[: RULES.needed_stations] = QUIET
    assert np.isfinite(smallest(one))


def test_the_number_that_hears_is_poisson_binomial():
    chances = np.array([0.1, 0.4, 0.7, 0.9])
    draws = np.random.default_rng(1).random((200_000, 4)) < chances
    for count in (1, 2, 3, 4):
        assert at_least(chances, count) == pytest.approx((draws.sum(axis=1) >= count).mean(), abs=0.005)


def test_hours_without_data_see_nothing_and_cells_out_of_reach_are_not_asked():
    hours = [
        (START, noise()),
        (START + np.timedelta64(1, "h"), None),
        (START + np.timedelta64(2, "h"), noise()),
    ]
    found = map_capability(network(), hours, replace(SETTINGS, cell_deg=0.4), RULES)
    asked = found.is_asked
    assert asked.any()
    assert not asked.all()
    assert np.isnan(found.log10_energy[:, ~asked]).all()
    assert np.isinf(found.log10_energy[1][asked]).all()
    np.testing.assert_allclose(found.log10_energy[0], found.log10_energy[2])
    assert found.alive.tolist() == [24, 0, 24]
    np.testing.assert_array_equal(found.typical(0.5), found.log10_energy[0])  # two hours of three
    assert np.isinf(found.typical(0.9)[asked]).all()
    table = found.by_hour()
    assert table["median"].between(table["best"], table["worst"]).all()
    assert (found.by_cell()["hours_seeing"] == 2).all()


def test_the_mask_grows_with_the_burst_and_fits_other_cells():
    found = map_capability(network(), [(START, noise())], SETTINGS, RULES)
    finer = Cells(36.0, 140.0, 60, 60, 0.1)
    middle = float(np.nanmedian(found.log10_energy))
    small, large = found.seen(finer, middle), found.seen(finer, middle + 1)
    assert small.any()
    assert (large & ~small).any()
    assert not (small & ~large).any()
    assert not large[0, 0]  # nobody has asked there
    place = finer.find([38.75], [142.45])[0]
    assert small.ravel()[place]
    assert not found.seen(finer, -3.0).any()


def test_energies_are_relative_without_absolute_site_terms_of_all_stations():
    settings = replace(SETTINGS, cell_deg=1.0)

    def is_relative(stations):
        return map_capability(stations, [], settings, RULES).is_relative

    assert not is_relative(network())
    assert is_relative(network(relative=True))
    assert is_relative(network(float("nan")))
    some = network().stations
    assert is_relative(Network((replace(some[0], site_amplification=float("nan")), *some[1:])))


def envelopes_of(values, unit="m/s"):
    return Envelopes(
        network().subset(range(len(values))), ("H1", "H2", "V"), values, START, 1.0, (2.0, 8.0), unit
    )


def test_noise_is_the_quiet_level_of_three_components_whatever_passes_meanwhile():
    rng = np.random.default_rng(5)
    values = 1e-8 * np.sqrt(rng.gamma(20.0, 1 / 20.0, (4, 3, 3600)))
    values[1, :, 1000:1300] *= 30.0  # a burst
    values[2, 2] = np.nan  # no vertical
    values[3] = np.nan
    found = measure_noise(envelopes_of(values), EnergySettings())
    assert found.power[:2] == pytest.approx(3e-16, rel=0.05)
    assert found.power[2] == pytest.approx(2e-16 / 0.86, rel=0.05)
    assert np.isnan(found.power[3])
    assert found.recorded.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert found.alive.tolist() == [1.0, 1.0, 1.0, 0.0]
    values[0, :, :1800] = np.nan
    assert measure_noise(envelopes_of(values), EnergySettings()).recorded[0] == 0.5


def test_counts_are_refused_and_shapes_checked():
    with pytest.raises(DataError, match="counts"):
        measure_noise(envelopes_of(np.ones((2, 3, 3600)), "counts"), EnergySettings())
    with pytest.raises(DataError, match="shape"):
        HourNoise(network(), np.ones(3), np.ones(3), (2.0, 8.0))
    with pytest.raises(ValueError, match="never found"):
        CapabilitySettings(probability=0.99)


def test_unknown_sites_are_the_mean_over_what_they_may_be():
    """Of networks whose sites are drawn, each with its own in all windows of a burst."""
    sizes = np.linspace(2, 6, 21)
    many = bursts(*[(38.75, 142.45)] * len(sizes))
    rng, drawn = np.random.default_rng(7), []
    for _ in range(60):
        sites = 2.0 * 10 ** (SETTINGS.site_scatter * rng.standard_normal(24))
        stations = tuple(
            replace(station, site_amplification=float(site))
            for station, site in zip(network().stations, sites, strict=True)
        )
        drawn.append(probability_found(noise(Network(stations)), many, sizes, SETTINGS, RULES))
    unknown = probability_found(noise(network(np.nan)), many, sizes, SETTINGS, RULES)
    assert (np.diff(unknown) >= -1e-9).all()
    assert np.abs(unknown - np.mean(drawn, axis=0)).max() < 0.07
