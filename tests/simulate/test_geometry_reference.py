"""The bundled networks are what their sources say, and places are drawn where they should be."""

import numpy as np
import pytest
from scipy.spatial import Delaunay

from tremorflow.errors import DataError, SettingsError
from tremorflow.geodesy import distances_km
from tremorflow.records import Network, Station
from tremorflow.simulate.geometry import (
    NetworkSettings,
    draw_inside,
    is_inside,
    network_outline,
    simulated_network,
)


def nearest_km(network):
    lat, lon = network.latitudes, network.longitudes
    distance = distances_km(lat[:, None], lon[:, None], lat, lon)
    np.fill_diagonal(distance, np.inf)
    return distance


def test_snet_has_the_geometry_of_method_6():
    """METHOD.md section 6: counts per system, median nearest neighbour, edges of the 60-km graph."""
    network = simulated_network(NetworkSettings(name="snet"))
    assert len(network) == 150
    systems = [station.station[:2] for station in network.stations]
    assert [systems.count(f"S{k}") for k in range(1, 7)] == [22, 26, 26, 28, 23, 25]
    distance = nearest_km(network)
    assert np.median(distance.min(axis=1)) == pytest.approx(27.9, abs=0.1)
    # METHOD.md counts edges on a flat map of 111.19 km per degree at 38.5 N (on the ellipsoid they are 444)
    east = (network.longitudes - 143) * 111.19 * np.cos(np.radians(38.5))
    north = (network.latitudes - 38.5) * 111.19
    flat = np.hypot(east[:, None] - east, north[:, None] - north)
    assert ((flat <= 60).sum() - 150) // 2 == 440
    assert network.find("N.S3N03").latitude == pytest.approx(39.5, abs=0.5)
    assert np.all(network.elevations_m < -90)
    assert np.all(network.elevations_m > -8000)


def test_hinet_like_is_land_at_hinets_spacing_and_always_the_same():
    network = simulated_network(NetworkSettings(name="hinet_like"))
    assert 50 <= len(network) <= 75
    assert 14 < np.median(nearest_km(network).min(axis=1)) < 25
    assert np.all((network.elevations_m >= 0) & (network.elevations_m <= 600))
    assert network == simulated_network(NetworkSettings(name="hinet_like"))


def test_cascadia_has_the_stations_of_the_lfe_stacks():
    network = simulated_network(NetworkSettings(name="cascadia"))
    assert len(network) == 83
    assert 38.5 < network.latitudes.min() < network.latitudes.max() < 43
    assert np.all(network.elevations_m == 0)


def test_stations_are_selected_by_code_or_beginning():
    chosen = simulated_network(NetworkSettings(select=("N.S3", "N.S4N01"), exclude=("N.S3N03",)))
    assert len(chosen) == 26
    assert "N.S4N01" in chosen.codes
    assert "N.S3N03" not in chosen.codes


def test_an_exact_code_does_not_take_along_those_that_begin_like_it():
    given = Network((Station("XX", "A1", 1, 2, 3), Station("XX", "A10", 1, 3, 3)))
    assert simulated_network(NetworkSettings(select=("XX.A1",)), given).codes == ("XX.A1",)
    assert len(simulated_network(NetworkSettings(select=("XX.A",)), given)) == 2


def test_a_given_network_is_taken_as_it_is():
    given = Network((Station("XX", "A", 1, 2, 3), Station("XX", "B", 1, 3, 3)))
    assert simulated_network(NetworkSettings(stations="my.xml"), given) == given


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"select": ("N.S9",)}, "network.select"),
        ({"exclude": ("Z",)}, "network.exclude"),
        ({"select": ("N.S3",), "exclude": ("N.S3",)}, "network.select"),
        ({"stations": "mine.xml"}, "network.stations"),
    ],
)
def test_impossible_selections_are_refused_with_the_key(options, key):
    with pytest.raises(SettingsError, match=key):
        simulated_network(NetworkSettings(**options))


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="name"):
        NetworkSettings(name="hinet")


def test_places_are_uniform_inside_the_hull():
    network = simulated_network(NetworkSettings())
    outline = network_outline(network)
    lat, lon = draw_inside(outline, 4000, np.random.default_rng(1))
    triangles = Delaunay(np.stack([network.longitudes, network.latitudes], axis=-1))
    assert np.mean(triangles.find_simplex(np.stack([lon, lat], axis=-1)) >= 0) > 0.99
    assert is_inside(outline, 38.5, 142.9)
    assert not is_inside(outline, 38.5, 139.0)
    # a circle of 100 km in the middle receives its share of the hull's area (272,800 km2)
    share = np.mean(distances_km(38.5, 142.9, lat, lon) < 100)
    assert share == pytest.approx(np.pi * 100**2 / 272_800, abs=0.02)


def test_stations_on_a_line_enclose_nothing():
    line = Network(tuple(Station("XX", str(i), 35.0, 140 + i, 0) for i in range(4)))
    with pytest.raises(DataError, match="polygon"):
        network_outline(line)
    with pytest.raises(DataError, match="polygon"):
        network_outline(line.subset([0, 1]))
