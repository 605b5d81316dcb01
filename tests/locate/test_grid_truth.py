"""Grids at the ends of the world, of the plate and of the memory."""

import numpy as np
import pytest
from location_scenes import CENTRE, network_at, pure_envelopes, source_at, travel_times_of

from tremorflow.errors import SettingsError
from tremorflow.geodesy import distances_km
from tremorflow.locate import LocationSettings, locate_window, search_grid, station_pairs
from tremorflow.plate import PlateInterface
from tremorflow.records import Network, Station
from tremorflow.traveltime import read_velocity_model, station_travel_times

EAST, NORTH = np.random.default_rng(11).uniform(-45, 45, (2, 12))


def moved(network: Network, longitude_shift: float) -> Network:
    """Network with the same shape elsewhere along its parallel."""
    return Network(
        tuple(
            Station(s.network, s.station, s.latitude, s.longitude + longitude_shift, s.elevation_m)
            for s in network.stations
        )
    )


def locate_on(network: Network, settings: LocationSettings, interface: PlateInterface | None = None):
    """Location of a source under the network, whose envelopes are those of the network at CENTRE."""
    from dataclasses import replace

    window = replace(pure_envelopes(network_at(EAST, NORTH), [source_at(8.0, -5.0, 30.0)]), network=network)
    travel_times = station_travel_times(read_velocity_model("jma2001"), network, np.arange(0, 81, 2.0), 600.0)
    grid = search_grid(network, travel_times, settings, interface)
    result = locate_window(window, grid, station_pairs(grid, settings), settings)
    return grid, result


@pytest.mark.parametrize("shift", [0.0, -360.0, 38.0 - 0.05, 38.3, -142.0, -250.0])
def test_the_meridian_changes_nothing(shift):
    settings = LocationSettings(depth="fixed", fixed_depth_km=30.0)
    grid, result = locate_on(moved(network_at(EAST, NORTH), shift), settings)
    place = result.hypocentres[0].fit.place
    latitude, longitude, _ = source_at(8.0, -5.0, 30.0)
    assert float(distances_km(place.latitude, place.longitude, latitude, longitude + shift)) < 1.0
    assert "grid_edge" not in result.hypocentres[0].flags
    assert len(grid.longitudes) < 40


def dipping_interface(hole_east_km: float) -> PlateInterface:
    """Plane at 30 km below the source, unknown to the east of a line."""
    latitudes = np.arange(36.0, 40.01, 0.1)
    longitudes = np.arange(140.0, 144.01, 0.1)
    depths = np.full((len(latitudes), len(longitudes)), 30.0)
    depths[:, longitudes > CENTRE[1] + hole_east_km / 88.0] = np.nan
    return PlateInterface("plane with a hole", latitudes, longitudes, depths)


@pytest.mark.parametrize("hole_east_km", [60.0, 25.0, 10.0, 0.0, -20.0])
def test_an_interface_that_ends_under_the_network_is_no_crash(hole_east_km):
    settings = LocationSettings(depth="interface")
    _, result = locate_on(network_at(EAST, NORTH), settings, dipping_interface(hole_east_km))
    if hole_east_km >= 25:
        assert "grid_edge" not in result.hypocentres[0].flags
    if hole_east_km <= 0:  # the source is where the depth is not known
        assert all("grid_edge" in hypocentre.flags for hypocentre in result.hypocentres)


def test_a_grid_that_fits_no_memory_is_refused_with_the_keys():
    network = network_at(EAST, NORTH)
    settings = LocationSettings(grid_spacing_deg=0.0005)
    with pytest.raises(SettingsError, match=r"location\.grid_spacing_deg = 0\.0005"):
        search_grid(network, travel_times_of(network), settings)


def test_stations_in_a_row_without_margin_have_a_grid():
    network = network_at(np.linspace(-40, 40, 8), np.zeros(8))
    settings = LocationSettings(depth="fixed", fixed_depth_km=30.0, grid_margin_deg=0.0)
    grid = search_grid(network, travel_times_of(network), settings)
    assert min(grid.shape[1:]) >= 2


def test_depth_at_the_end_of_its_range_is_flagged():
    settings = LocationSettings(max_depth_km=20.0)
    _, result = locate_on(network_at(EAST, NORTH), settings)
    hypocentre = result.hypocentres[0]
    assert hypocentre.fit.place.depth_km == pytest.approx(20.0, abs=0.2)
    assert "depth_limit" in hypocentre.flags
    _, result = locate_on(network_at(EAST, NORTH), LocationSettings())
    assert "depth_limit" not in result.hypocentres[0].flags


def test_a_grid_that_no_station_reaches_locates_nothing():
    settings = LocationSettings(depth="fixed", fixed_depth_km=30.0, max_station_distance_km=1.0)
    _, result = locate_on(network_at(EAST, NORTH), settings)
    assert result.hypocentres == ()
    assert result.reason == "no_agreement_of_stations"
