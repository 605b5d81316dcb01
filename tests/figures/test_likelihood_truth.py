import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet

from tremorflow.errors import DataError
from tremorflow.figures.likelihood import draw_likelihood_map, level_that_holds
from tremorflow.figures.style import new_figure, png_bytes
from tremorflow.geodesy import distances_km
from tremorflow.records import Network, Station, event_table, utc


def gaussian(sigma_km: float, latitude=48.0, longitude=-123.0, step_deg=0.02):
    """Nodes and a round Gaussian likelihood, with its event and three stations."""
    latitudes = latitude + np.arange(-40, 41) * step_deg
    longitudes = longitude + np.arange(-60, 61) * step_deg
    far = distances_km(latitude, longitude, latitudes[:, None], longitudes[None, :])
    row = {"event_id": "simulated", "time": utc("2020-01-01"), "latitude": latitude, "longitude": longitude}
    event = event_table(
        [row | {"semi_major_km": 1.51 * sigma_km, "semi_minor_km": 1.51 * sigma_km, "azimuth_deg": 0}]
    )
    stations = [Station("XX", f"S{i}", latitude + 0.2, longitude + 0.1 * i, 0.0) for i in range(3)]
    return (
        (latitudes, longitudes, np.exp(-0.5 * (far / sigma_km) ** 2)),
        event.iloc[0],
        Network(tuple(stations)),
    )


def likelihood_axes(nodes, event, network):
    axes = new_figure(5, 5).add_subplot()
    draw_likelihood_map(axes, *nodes, event, network)
    return axes


def contour_points(axes):
    (contour,) = [artist for artist in axes.collections if isinstance(artist, ContourSet)]
    return np.concatenate([path.vertices for path in contour.get_paths()])


@pytest.mark.parametrize("longitude", [-123.0, 179.9])
def test_contour_of_a_gaussian_is_its_68_percent_circle(longitude):
    nodes, event, network = gaussian(8.0, longitude=longitude)
    points = contour_points(likelihood_axes(nodes, event, network))
    radii = distances_km(48.0, longitude, points[:, 1], points[:, 0])
    # the circle that holds 68 % of a round Gaussian has a radius of sqrt(-2 ln 0.32) = 1.5096 sigma
    np.testing.assert_allclose(radii, 1.5096 * 8.0, rtol=0.03)


@given(st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_nodes_above_the_level_hold_the_share_and_no_more_than_needed(share, seed):
    likelihood = np.random.default_rng(seed).exponential(size=(9, 11))
    latitudes = np.zeros(9)  # equal areas
    level = level_that_holds(likelihood, latitudes, share)
    inside = likelihood >= level
    assert likelihood[inside].sum() >= share * likelihood.sum()
    assert likelihood[likelihood > level].sum() < share * likelihood.sum()


def test_unit_of_the_likelihood_does_not_matter():
    (latitudes, longitudes, values), event, network = gaussian(8.0)
    one = likelihood_axes((latitudes, longitudes, values), event, network)
    other = likelihood_axes((latitudes, longitudes, values * 1e-40), event, network)
    np.testing.assert_allclose(contour_points(one), contour_points(other), atol=1e-6)
    for axes in (one, other):
        shading = next(artist for artist in axes.collections if isinstance(artist, QuadMesh))
        assert shading.get_array().max() == pytest.approx(1)


def test_map_shows_the_peak_with_stations_around_it():
    nodes, event, network = gaussian(3.0)
    axes = likelihood_axes(nodes, event, network)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    width_km, height_km = distances_km(48, west, 48, east), distances_km(south, -123, north, -123)
    assert 100 < width_km < 140
    assert 100 < height_km < 140
    stations = next(points for points in axes.collections if points.get_gid() == "stations")
    assert len(stations.get_offsets()) == 3


def test_peak_narrower_than_the_nodes_is_said_not_drawn():
    nodes, event, network = gaussian(0.2)
    axes = likelihood_axes(nodes, event, network)
    assert "(68 % lies within one node)" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_unsearched_nodes_and_unknown_error_can_be_painted():
    (latitudes, longitudes, values), event, network = gaussian(8.0)
    values[:5] = np.nan
    event = event.copy()
    event["semi_major_km"] = np.nan
    axes = likelihood_axes((latitudes, longitudes, values), event, network)
    assert png_bytes(axes.figure)
    assert not [artist for artist in axes.collections if artist.get_gid() == "ellipse"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda values: values[:-1], "does not fit"),
        (lambda values: np.log(values + 1e-9), "not its logarithm"),
        (lambda values: values * np.nan, "positive somewhere"),
        (lambda values: values * 0, "positive somewhere"),
    ],
)
def test_what_is_no_likelihood_is_refused(spoil, says):
    (latitudes, longitudes, values), event, network = gaussian(8.0)
    with pytest.raises(DataError, match=says):
        likelihood_axes((latitudes, longitudes, spoil(values)), event, network)
