"""The likelihood map of a source is highest at the source, whichever stations were asked to locate it."""

import numpy as np
import pytest
from group_scenes import LATTICE, SETTINGS, amplitudes_of, at, grid_of, locate_all, tremor_window

from tremorflow.geodesy import distances_km
from tremorflow.locate import map_likelihood, station_pairs
from tremorflow.locate.windows import error_ellipse, locate_window

SOURCE = at(20.0, -5.0)
GRID = grid_of(LATTICE)


def stations_within(radius_km: float) -> np.ndarray:
    away = distances_km(SOURCE[0], SOURCE[1], LATTICE.latitudes, LATTICE.longitudes)
    return np.flatnonzero(away <= radius_km)


def highest(found, window) -> tuple[float, float]:
    drawn = map_likelihood(window, found, GRID, SETTINGS)
    row, column = np.unravel_index(np.argmax(drawn.values), drawn.values.shape)
    return float(drawn.latitudes[row]), float(drawn.longitudes[column])


@pytest.mark.parametrize("radius_km", [60.0, 75.0, 400.0])
def test_a_group_of_stations_is_highest_at_its_source(radius_km):
    """The stations around hear nothing: their pairs would draw another map."""
    amplitudes = amplitudes_of(LATTICE, SOURCE, 10.0)
    amplitudes[~np.isin(np.arange(len(LATTICE)), stations_within(radius_km))] = 0.0
    window = tremor_window(LATTICE, [SOURCE], 3, [amplitudes])
    (found,) = locate_all(window, stations_within(radius_km)).hypocentres
    place = found.fit.place
    assert distances_km(*highest(found, window), place.latitude, place.longitude) < 2
    drawn = map_likelihood(window, found, GRID, SETTINGS)
    assert drawn.values.max() == 1
    assert drawn.values[0].max() < 0.1  # its rim is three ellipses or 28 km away


def test_the_conventional_method_has_the_same_map():
    window = tremor_window(LATTICE, [SOURCE], 3)
    (found,) = locate_window(window, GRID, station_pairs(GRID, SETTINGS), SETTINGS).hypocentres
    place = found.fit.place
    assert distances_km(*highest(found, window), place.latitude, place.longitude) < 2


def test_the_region_of_68_percent_has_the_area_of_the_ellipse():
    window = tremor_window(LATTICE, [SOURCE], 4)
    (found,) = locate_all(window, stations_within(75.0)).hypocentres
    drawn = map_likelihood(window, found, GRID, SETTINGS)
    major, minor, _ = error_ellipse(found.fit.covariance_km2)
    cell_km2 = ((drawn.latitudes[1] - drawn.latitudes[0]) * 111.0) ** 2
    inside = (drawn.values > np.exp(-1.14)).sum() * cell_km2
    assert inside == pytest.approx(np.pi * major * minor, rel=0.1)
