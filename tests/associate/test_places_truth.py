"""What all stations say of where a source is: near it, away from silent stations, in any order."""

from dataclasses import replace

import numpy as np
import pytest
from association_cases import NORTH, SOUTH, snet
from test_candidates_truth import SETTINGS, gather, heard, probabilities_of

from tremorflow.associate import place_likelihood, typical_hearing
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.records import Probabilities

SNET = snet()
HEARING = typical_hearing(len(SNET), SETTINGS)
EAST_KM, NORTH_KM = (axis.ravel() for axis in np.meshgrid(np.arange(-80, 81, 10.0), np.arange(-80, 81, 10.0)))


def places_around(latitude: float, longitude: float) -> tuple[np.ndarray, np.ndarray]:
    return LocalFrame(latitude, longitude).to_degrees(EAST_KM, NORTH_KM)


def likelihood_of(p: np.ndarray, where: tuple[float, float]) -> np.ndarray:
    groups, found = gather(p)
    return place_likelihood(
        *places_around(*where), groups, found[0].groups, probabilities_of(p), SETTINGS, HEARING
    )


@pytest.mark.parametrize("source", [NORTH, SOUTH])
def test_it_is_highest_near_the_source_that_stations_hear(source):
    log_likelihood = likelihood_of(heard((source,)), source[:2])
    best = int(np.argmax(log_likelihood))
    assert np.hypot(EAST_KM[best], NORTH_KM[best]) <= 20
    weights = np.exp(log_likelihood - log_likelihood.max())
    mean = np.average(EAST_KM, weights=weights), np.average(NORTH_KM, weights=weights)
    assert np.hypot(*mean) <= 15


def test_a_silent_station_pushes_the_place_away():
    p = heard((NORTH,))
    groups, found = gather(p)
    outside = np.flatnonzero(groups.labels[:, 0] < 0)
    away = distances_km(*NORTH[:2], SNET.latitudes[outside], SNET.longitudes[outside])
    station = outside[np.argmin(away)]
    silent, absent = p.copy(), p.copy()
    silent[station], absent[station] = 1e-3, np.nan
    places = places_around(*NORTH[:2])
    before, after = (
        place_likelihood(*places, groups, found[0].groups, probabilities_of(one), SETTINGS, HEARING)
        for one in (silent, absent)
    )
    near = distances_km(*places, SNET.latitudes[station], SNET.longitudes[station])
    difference = before - after  # what the silent station says
    assert difference[np.argmin(near)] < difference[np.argmax(near)] - 1
    assert np.all(difference < 0.5)  # nowhere does silence speak for a source


def test_windows_that_overlap_count_less_than_windows_apart():
    once = likelihood_of(heard((NORTH,)), NORTH[:2])
    twice = likelihood_of(heard((NORTH,), (NORTH,)), NORTH[:2])
    contrast = (twice.max() - twice.min()) / (once.max() - once.min())
    assert contrast == pytest.approx(1.5)  # windows of 120 s, 60 s apart: one and a half of them


def test_the_order_of_stations_does_not_matter():
    p = heard((SOUTH,))
    order = np.random.default_rng(5).permutation(len(SNET))
    groups, found = gather(p)
    says = probabilities_of(p)
    turned = replace(groups, labels=groups.labels[order])
    network = SNET.subset(order)
    mixed = Probabilities(
        network, says.values[order], says.completeness[order], says.start_times, says.window_s,
        says.instruments, says.weights, says.threshold,
    )  # fmt: skip
    places = places_around(*SOUTH[:2])
    first = place_likelihood(*places, groups, found[0].groups, says, SETTINGS, HEARING)
    second = place_likelihood(*places, turned, found[0].groups, mixed, SETTINGS, HEARING)
    np.testing.assert_allclose(second, first, rtol=1e-5, atol=1e-4)


def test_stations_of_another_source_say_nothing_of_this_one():
    both = heard((NORTH, SOUTH))
    groups, found = gather(both)
    assert len(found) == 2
    north = next(one for one in found if groups.latitudes[one.groups[0]] > 38.5)
    said = place_likelihood(
        *places_around(*NORTH[:2]), groups, north.groups, probabilities_of(both), SETTINGS, HEARING
    )
    best = int(np.argmax(said))
    assert np.hypot(EAST_KM[best], NORTH_KM[best]) <= 20


def test_no_place_has_no_likelihood():
    groups, found = gather(heard((NORTH,)))
    none = np.zeros(0)
    said = probabilities_of(heard((NORTH,)))
    assert place_likelihood(none, none, groups, found[0].groups, said, SETTINGS, HEARING).shape == (0,)
