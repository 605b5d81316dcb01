"""What a map must hold, measured on the artists that were drawn and with ObsPy's geodesics."""

import numpy as np
import pandas as pd
import pytest
from obspy.geodetics import gps2dist_azimuth

from tremorflow.errors import CatalogError, DataError
from tremorflow.figures.geography import (
    MapExtent,
    coast_of,
    extent_around,
    land_polygons,
    pieces_inside,
    trench_lines,
)
from tremorflow.figures.map import draw_map, latitude_name, longitude_name
from tremorflow.figures.style import new_figure, png_bytes
from tremorflow.records import Network, Station, event_table, utc


def drawn(gid: str, axes):
    return [artist for artist in (*axes.collections, *axes.lines) if artist.get_gid() == gid]


def map_axes(events, network, **options):
    axes = new_figure(6, 6).add_subplot()
    draw_map(axes, events, network, **options)
    return axes


def one_event(**changes) -> pd.DataFrame:
    row = {
        "event_id": "simulated",
        "time": utc("2020-01-01"),
        "latitude": 48.0,
        "longitude": -123.0,
        "depth_km": 40.0,
        "semi_major_km": 10.0,
        "semi_minor_km": 5.0,
        "azimuth_deg": 30.0,
        "quality": "B",
    }
    return event_table([row | changes])


def small_network(longitude: float = -123.0, latitude: float = 48.0) -> Network:
    steps = [(-0.5, -0.4), (0.4, -0.3), (0.1, 0.5)]
    return Network(
        tuple(Station("XX", f"S{i}", latitude + dy, longitude + dx, 0.0) for i, (dx, dy) in enumerate(steps))
    )


def test_every_station_has_its_marker_and_code(cascadia):
    axes = map_axes(cascadia.events, cascadia.network)
    offsets = drawn("stations", axes)[0].get_offsets()
    np.testing.assert_allclose(
        offsets, np.column_stack([cascadia.network.longitudes, cascadia.network.latitudes])
    )
    written = {text.get_text() for text in axes.texts}
    assert {station.station for station in cascadia.network.stations} <= written


def test_codes_of_stations_are_written_inside_the_map():
    """Those at its right rim too, whichever station lies there."""
    rows = [(48.0 + 0.2 * k, -123.0 + 0.25 * k) for k in range(5)]
    network = Network(tuple(Station("XX", f"S4N2{k}", *row, 0.0) for k, row in enumerate(rows)))
    axes = map_axes(event_table(), network, extent=MapExtent(-123.2, -121.9, 47.9, 48.9))
    axes.figure.canvas.draw()
    inside = axes.get_window_extent()
    written = [text for text in axes.texts if text.get_text().startswith("S4N")]
    assert len(written) == len(network)
    for text in written:
        box = text.get_window_extent()
        assert inside.x0 < box.x0 < box.x1 < inside.x1


def test_codes_of_a_large_network_are_not_written(japan_trench):
    axes = map_axes(japan_trench.events, japan_trench.network)
    assert len(drawn("stations", axes)[0].get_offsets()) == 150
    assert len(axes.texts) == 1  # the scale bar


def test_every_event_has_one_marker_of_its_quality(cascadia):
    axes = map_axes(cascadia.events, cascadia.network)
    for grade, count in cascadia.events["quality"].value_counts().items():
        assert len(drawn(f"events {grade}", axes)[0].get_offsets()) == count
    assert len(drawn("ellipses", axes)[0].get_paths()) == len(cascadia.events)


def test_event_without_quality_is_not_called_bad():
    axes = map_axes(one_event(quality=None), small_network())
    assert "event (1)" in [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(48.0, -123.0), (-41.0, 179.98), (0.0, 0.0), (65.0, 30.0)]
)
def test_ellipse_has_its_size_and_direction_on_the_ground(latitude, longitude):
    events = one_event(latitude=latitude, longitude=longitude)
    outline = (
        drawn("ellipses", map_axes(events, small_network(longitude, latitude)))[0].get_paths()[0].vertices
    )
    measured = [gps2dist_azimuth(latitude, longitude, y, (x + 180) % 360 - 180)[:2] for x, y in outline]
    radii_km, azimuths = np.array(measured).T * [[1e-3], [1]]
    assert radii_km.max() == pytest.approx(10, rel=0.01)
    assert radii_km.min() == pytest.approx(5, rel=0.01)
    assert azimuths[np.argmax(radii_km)] % 180 == pytest.approx(
        30, abs=3
    )  # the outline has a point every 5 deg
    assert azimuths[np.argmin(radii_km)] % 180 == pytest.approx(120, abs=3)


def test_event_without_error_has_a_marker_and_no_ellipse():
    both = pd.concat([one_event(), one_event(semi_major_km=np.nan, latitude=47.9)], ignore_index=True)
    axes = map_axes(both, small_network())
    assert len(drawn("events B", axes)[0].get_offsets()) == 2
    assert len(drawn("ellipses", axes)[0].get_paths()) == 1
    alone = map_axes(one_event(semi_major_km=np.nan), small_network())
    assert drawn("ellipses", alone) == []


def test_no_event_leaves_the_network():
    axes = map_axes(event_table(), small_network())
    assert len(drawn("stations", axes)[0].get_offsets()) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["station (3)"]


def test_ground_is_not_stretched():
    axes = map_axes(one_event(), small_network())
    axes.figure.canvas.draw()
    box = axes.get_window_extent()
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    middle = (south + north) / 2
    width_m = gps2dist_azimuth(middle, west, middle, east)[0]
    height_m = gps2dist_azimuth(south, west, north, west)[0]
    assert box.width / box.height == pytest.approx(width_m / height_m, rel=0.01)


def test_scale_bar_is_as_long_as_it_says():
    axes = map_axes(one_event(), small_network())
    (start, end), (latitude, _) = drawn("scale bar", axes)[0].get_data()
    length_m = gps2dist_azimuth(latitude, start, latitude, end)[0]
    says = next(text.get_text() for text in axes.texts if text.get_text().endswith(" km"))
    assert length_m / 1000 == pytest.approx(float(says.removesuffix(" km")), rel=0.005)


def test_map_across_the_antimeridian_is_small_and_whole():
    network = Network(
        (
            Station("XX", "FJ1", -17.5, 177.5, 0.0),
            Station("XX", "FJ2", -16.5, -179.5, 0.0),
            Station("XX", "NIU", -20.5, -169.9, 0.0),
        )
    )
    axes = map_axes(one_event(latitude=-18.0, longitude=-178.5), network)
    west, east = axes.get_xlim()
    assert 12 < east - west < 16
    everything = [*drawn("stations", axes)[0].get_offsets(), *drawn("events B", axes)[0].get_offsets()]
    assert all(west < x < east for x, _ in everything)
    trench_points = np.concatenate([line.vertices for line in drawn("trench", axes)[0].get_paths()])
    tonga = trench_points[np.abs(trench_points[:, 1] + 21) < 1, 0]
    assert np.all(
        (tonga > west) & (tonga < east)
    )  # the trench lies between Tonga and Niue, not 360 degrees off
    np.testing.assert_allclose(tonga % 360, 360 - 173.5, atol=1.5)


def test_extent_holds_all_points_whatever_the_turn():
    rng = np.random.default_rng(7)
    for centre in (-180, -123, 0, 143, 179.9):
        longitudes, latitudes = centre + rng.uniform(-2, 2, 20), rng.uniform(30, 34, 20)
        turned = longitudes + 360 * rng.integers(-1, 2, 20)
        extent = extent_around(latitudes, (turned + 180) % 360 - 180)
        near = extent.near(turned)
        assert np.all((near > extent.west) & (near < extent.east))
        assert extent.east - extent.west < 5
        assert np.all((latitudes > extent.south) & (latitudes < extent.north))


def test_extent_of_one_point_is_some_tens_of_km():
    extent = extent_around([48.0], [-123.0], smallest_km=60)
    assert gps2dist_azimuth(48, extent.west, 48, extent.east)[0] == pytest.approx(60e3, rel=0.01)
    assert gps2dist_azimuth(extent.south, -123, extent.north, -123)[0] == pytest.approx(60e3, rel=0.01)


@pytest.mark.parametrize("places", [([], []), ([np.nan], [143.0])])
def test_extent_of_nothing_is_refused(places):
    with pytest.raises(DataError, match="at least one station"):
        extent_around(*places)


def test_extent_upside_down_is_refused():
    with pytest.raises(DataError, match="is not a map"):
        MapExtent(140, 144, 42, 38)


def test_unknown_colour_is_refused():
    with pytest.raises(CatalogError, match="magnitude"):
        map_axes(one_event(), small_network(), colour_by="magnitude")


@pytest.mark.parametrize("colour_by", ["time", "depth"])
def test_map_with_missing_values_can_be_painted(cascadia, colour_by):
    events = cascadia.events.copy()
    events.loc[0, "depth_km"] = np.nan
    events.loc[1, "time"] = pd.NaT
    events.loc[2, ["semi_major_km", "quality"]] = [np.nan, pd.NA]
    axes = map_axes(events, cascadia.network, colour_by=colour_by)
    assert png_bytes(axes.figure).startswith(b"\x89PNG")


def test_degrees_are_named_as_on_a_map():
    assert [longitude_name(x) for x in (-123.5, 143, 0, 180, -180, 181, 538.5)] == [
        "123.5°W", "143°E", "0°", "180°", "180°", "179°W", "178.5°E",
    ]  # fmt: skip
    assert [latitude_name(y) for y in (-17.5, 0, 48)] == ["17.5°S", "0°", "48°N"]


def test_known_places_are_on_land_and_at_sea():
    from matplotlib.path import Path

    def is_land(latitude, longitude):
        extent = extent_around([latitude], [longitude], smallest_km=1)
        point = (extent.longitude, latitude)
        pieces = pieces_inside(land_polygons(), extent)
        return any(Path(rings[0] + turn).contains_point(point) for rings, turn in pieces)

    for place in [(47.75, -123.5), (38.3, 140.9), (-41.3, 175.2), (71.0, -40.0)]:
        assert is_land(*place), place  # Olympic Mountains, Sendai, Wairarapa, Greenland
    for place in [(-16.6, 179.2), (67.0, 178.0), (67.0, -175.0), (-86.0, 179.9), (-86.0, -179.9)]:
        assert is_land(*place), place  # both sides of 180 degrees: Vanua Levu, Chukotka, Antarctica
    for place in [
        (48.2, -123.6),
        (38.3, 143.0),
        (0.0, -150.0),
        (-16.6, 176.0),
        (-16.6, -175.0),
        (67.0, -30.0),
    ]:
        assert not is_land(*place), place  # straits and seas, also beside land that crosses 180 degrees


def test_japan_trench_is_where_the_deep_water_is():
    points = np.concatenate([line[0] for line in trench_lines()])
    off_sanriku = points[(np.abs(points[:, 1] - 39) < 0.8) & (points[:, 0] > 140) & (points[:, 0] < 150)]
    assert len(off_sanriku)
    np.testing.assert_allclose(off_sanriku[:, 0], 144.2, atol=0.4)


def test_upper_plate_is_on_the_right_of_a_trench():
    longest_near = {(144.2, 39.0): "west", (-125.5, 46.0): "east"}  # Japan Trench, Cascadia
    for (longitude, latitude), side in longest_near.items():
        line = min(
            (piece[0] for piece in trench_lines()),
            key=lambda points: np.hypot(*(points - [longitude, latitude]).T).min(),
        )
        nearest = int(np.argmin(np.hypot(*(line - [longitude, latitude]).T)))
        _, north = line[min(nearest + 1, len(line) - 1)] - line[nearest - 1]
        right_is_east = north > 0
        assert right_is_east == (side == "east")


def test_coast_has_no_line_across_the_world():
    steps = [
        float(np.abs(np.diff(line[:, 0])).max())
        for rings in land_polygons()
        for ring in rings
        for line in coast_of(ring)
    ]
    assert max(steps) < 10  # the ice front of Antarctica has steps of some degrees
