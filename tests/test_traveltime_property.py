"""What is true of first arrivals in every model of one dimension."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.errors import DataError
from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network, Station
from tremorflow.traveltime import (
    VelocityModel,
    compute_travel_times,
    read_velocity_model,
    simplify_model,
    station_travel_times,
)

RADIUS_KM = 6371.0


@st.composite
def velocity_models(draw):
    """Up to six nodes with jumps and low-velocity zones anywhere."""
    count = draw(st.integers(1, 6))
    steps = draw(st.lists(st.sampled_from([0.0, 0.3, 2.0, 7.5, 20.0]), min_size=count, max_size=count))
    depths = np.cumsum(steps) - steps[0]
    for i in range(2, count):  # a jump has two sides, not three
        if depths[i] == depths[i - 2]:
            depths[i:] += 1.0
    vp = draw(st.lists(st.floats(1.5, 9.0), min_size=count, max_size=count))
    return VelocityModel("drawn", "drawn", depths, np.array(vp), np.array(vp) / 1.73)


@settings(max_examples=60)
@given(velocity_models(), st.sampled_from([-1.5, 0.0, 2.3, 30.0]))
def test_times_grow_with_distance_and_leave_no_hole(model, receiver_km):
    table = compute_travel_times(model, [0.0, 4.0, 11.0, 30.0], 150.0, [receiver_km], "P")
    distances = np.arange(151.0)
    times = table.times(distances, table.depths_km[:, np.newaxis])
    assert np.all(np.isfinite(times))
    # A path to a farther point, squeezed sideways, is a shorter path to a nearer one
    assert np.diff(times, axis=1).min() > -2e-3


@settings(max_examples=60)
@given(velocity_models(), st.sampled_from([-1.5, 0.0, 2.3]))
def test_no_path_is_faster_than_the_fastest_rock_nor_slower_than_the_straight_line(model, receiver_km):
    depths, distances = np.array([0.0, 4.0, 11.0, 30.0]), np.array([0.0, 3.0, 20.0, 90.0, 150.0])
    times = compute_travel_times(model, depths, 150.0, [receiver_km], "P").times(distances, depths[:, None])
    angle = distances / RADIUS_KM
    start, end = RADIUS_KM - depths[:, None], RADIUS_KM - receiver_km
    chord = np.sqrt((start - end) ** 2 + 4 * start * end * np.sin(angle / 2) ** 2)
    assert np.all(times >= chord / model.vp_km_s.max() * (1 - 1e-4) - 1e-4)
    part = (np.arange(4000) + 0.5) / 4000
    x = start[..., None] * (1 - part) + end * np.cos(angle)[:, None] * part
    y = end * np.sin(angle)[:, None] * part
    slowness = 1 / model.interpolate(RADIUS_KM - np.hypot(x, y), "P")
    assert np.all(times <= chord * slowness.mean(axis=-1) * 1.001 + 2e-3)


@settings(max_examples=30)
@given(velocity_models())
def test_source_and_receiver_may_change_places(model):
    depths = np.array([0.0, 1.0, 6.0, 17.0])
    table = compute_travel_times(model, depths, 120.0, depths, "S")
    times = table.times(np.arange(121.0), depths[:, np.newaxis, np.newaxis], np.arange(4)[:, np.newaxis])
    np.testing.assert_allclose(times, times.swapaxes(0, 1), atol=1e-4)


@given(st.floats(0.05, 290.0), st.floats(0.1, 59.0), st.sampled_from(["P", "S"]))
@settings(max_examples=50)
def test_slopes_are_those_of_the_times(distance, depth, phase):
    model = read_velocity_model("jma2001")
    table = compute_travel_times(model, np.arange(61.0), 300.0, [1.2], phase)
    t, slope, down = table.times_and_slopes(distance, depth)
    assert t == pytest.approx(table.times(distance, depth), abs=1e-9)
    by_distance = np.diff(table.times(distance + np.array([-0.05, 0.05]), depth))[0] / 0.1
    by_depth = np.diff(table.times(distance, depth + np.array([-0.05, 0.05])))[0] / 0.1
    assert slope == pytest.approx(by_distance, abs=0.012)
    assert down == pytest.approx(by_depth, abs=0.02)  # 0.0155 at most, near the depth of the receiver
    # over several steps of the table the differences inside its cells average out, to the 5 ms of the table
    if 6 < distance < 280 and 6 < depth < 50:
        x, z = distance + np.linspace(-3, 3, 61), depth + np.linspace(-3, 3, 61)
        rise = np.diff(table.times(x[[0, -1]], depth))[0]
        assert np.trapezoid(table.times_and_slopes(x, depth)[1], x) == pytest.approx(rise, abs=5e-3)
        fall = np.diff(table.times(distance, z[[0, -1]]))[0]
        assert np.trapezoid(table.times_and_slopes(distance, z)[2], z) == pytest.approx(fall, abs=5e-3)


def test_right_above_the_source_the_time_does_not_change_with_distance():
    table = compute_travel_times(read_velocity_model("iasp91"), np.arange(0, 50.0), 100.0)
    t, slope, down = table.times_and_slopes(np.zeros(49), np.arange(1, 50.0))
    assert np.all(slope == 0)
    assert np.all(down > 0)
    assert np.all(np.diff(t) > 0)
    assert np.all(np.isfinite(table.times_and_slopes(0.0, 0.0)))  # the source at the receiver


def test_slopes_do_not_jump_between_cells():
    table = compute_travel_times(read_velocity_model("cascadia"), np.arange(0, 61.0), 100.0)
    x = np.linspace(0, 99, 9901)
    _, slope, down = table.times_and_slopes(x, np.full_like(x, 24.37))
    assert np.abs(np.diff(slope)).max() < 3e-4  # s/km over 10 m
    assert np.abs(np.diff(down)).max() < 3e-4


@pytest.mark.parametrize(("distance", "depth"), [(101.0, 10.0), (10.0, 51.0), (10.0, -1.0), (np.nan, 10.0)])
def test_outside_the_table_is_nan(distance, depth):
    table = compute_travel_times(read_velocity_model("cascadia"), [0.0, 20.0, 50.0], 100.0)
    assert np.isnan(table.times(distance, depth))
    assert all(np.isnan(value) for value in table.times_and_slopes(distance, depth))
    assert np.all(np.isfinite(table.times([0.0, 100.0], [0.0, 50.0])))


def test_the_edges_of_the_table_have_slopes():
    table = compute_travel_times(read_velocity_model("cascadia"), np.arange(51.0), 100.0)
    inside, edge = table.times_and_slopes(98.0, 48.0), table.times_and_slopes(100.0, 50.0)
    np.testing.assert_allclose(inside[1:], edge[1:], atol=0.01)


def test_one_depth_alone_serves_a_search_at_fixed_depth():
    table = compute_travel_times(read_velocity_model("cascadia"), [16.0], 100.0)
    t, slope, _ = table.times_and_slopes(50.0, 16.0)
    many = compute_travel_times(read_velocity_model("cascadia"), np.arange(30.0), 100.0)
    assert t == pytest.approx(many.times(50.0, 16.0), abs=1e-3)
    assert slope > 0
    assert np.isnan(table.times(50.0, 16.1))


def coast(delays=(0.0, 0.0, 0.0)):
    """A mountain, a station at sea level and one at the sea floor, all at one place."""
    elevations = (1500.0, 0.0, -4321.0)
    return Network(
        tuple(
            Station("XX", f"S{i}", 40.0, 143.0, elevation, s_delay_s=delay)
            for i, (elevation, delay) in enumerate(zip(elevations, delays, strict=True))
        )
    )


def test_waves_reach_the_mountain_after_the_shore_and_the_sea_floor_before():
    model = read_velocity_model("jma2001")
    travel = station_travel_times(model, coast(), np.arange(0, 61.0), 200.0)
    mountain, shore, floor = travel.times(40.0, 143.0, 30.0)
    assert mountain - shore == pytest.approx(1.5 / 2.844, abs=2e-3)  # straight up at the topmost velocity
    z = np.linspace(0, 4.321, 2001)
    assert shore - floor == pytest.approx(np.trapezoid(1 / model.interpolate(z, "S"), z), abs=2e-3)


def test_the_sea_floor_station_is_inside_the_model_and_may_lie_below_the_source():
    travel = station_travel_times(read_velocity_model("jma2001"), coast(), np.arange(0, 61.0), 200.0)
    above, below = travel.times(40.0, 143.0, [2.321, 6.321])[2]
    assert 0 < below < above  # the same way up is faster than the way down through slower rock


def test_delays_are_added_to_s_times_and_to_nothing_else():
    model, delays = read_velocity_model("cascadia"), (0.5, -0.25, 1.75)
    for phase, expected in (("S", delays), ("P", (0, 0, 0))):
        plain = station_travel_times(model, coast(), [10.0, 30.0], 200.0, phase)
        late = station_travel_times(model, coast(delays), [10.0, 30.0], 200.0, phase)
        places = ([40.5, 41.0], [143.2, 142.0], [12.0, 25.0])
        difference = late.times(*places) - plain.times(*places)
        np.testing.assert_allclose(difference, np.array(expected)[:, np.newaxis] * [1, 1], atol=1e-12)
        t, gradient = late.times_and_gradient(40.5, 143.2, 12.0)
        np.testing.assert_allclose(t, late.times(40.5, 143.2, 12.0), atol=1e-12)
        np.testing.assert_allclose(gradient, plain.times_and_gradient(40.5, 143.2, 12.0)[1])


def japan_trench(count=60):
    rng = np.random.default_rng(20)
    rows = zip(
        rng.uniform(36, 41, count), rng.uniform(140, 145, count), rng.uniform(-7800, 900, count), strict=True
    )
    return Network(tuple(Station("N", f"{i}", *row, s_delay_s=0.1 * i) for i, row in enumerate(rows)))


def test_stations_between_computed_depths_are_interpolated_to_a_tenth_of_a_millisecond():
    model, network = read_velocity_model("jma2001"), japan_trench()
    many = station_travel_times(model, network, np.arange(10, 31.0), 500.0)
    for i in range(0, 60, 7):
        alone = station_travel_times(model, network.subset([i]), np.arange(10, 31.0), 500.0)
        depths = np.linspace(10, 30, 9)
        expected = alone.times(38.0, np.linspace(141, 144, 9), depths)[0]
        np.testing.assert_allclose(many.times(38.0, np.linspace(141, 144, 9), depths)[i], expected, atol=5e-4)


def test_an_empty_network_is_refused():
    with pytest.raises(DataError, match="empty"):
        station_travel_times(read_velocity_model("iasp91"), Network(()), [10.0], 100.0)


def test_a_subset_has_the_times_of_its_stations():
    travel = station_travel_times(read_velocity_model("iasp91"), japan_trench(), np.arange(0, 41.0), 500.0)
    places = (np.array([38.0, 39.5]), np.array([142.0, 143.0]), np.array([11.0, 35.0]))
    chosen = travel.subset([41, 3, 17])
    assert chosen.network.codes == ("N.41", "N.3", "N.17")
    np.testing.assert_array_equal(chosen.times(*places), travel.times(*places)[[41, 3, 17]])
    np.testing.assert_array_equal(
        chosen.times_and_gradient(38.0, 142.0, 11.0)[1],
        travel.times_and_gradient(38.0, 142.0, 11.0)[1][[41, 3, 17]],
    )


def test_times_around_a_place_are_those_of_the_points_for_the_stations_asked():
    network = Network(tuple(Station("X", f"{k}", 38.0 + 0.2 * k, 142.0, 100.0 * k) for k in range(4)))
    times = station_travel_times(read_velocity_model("jma2001"), network, [10.0, 20.0, 30.0], 200.0)
    east, north, depths = np.array([-9.0, 0.0, 4.0]), np.array([3.0, 0.0, -8.0]), np.array([12.0, 20.0, 29.0])
    found = times.times_around(38.3, 142.2, east, north, depths, np.array([0, 3]))
    points = LocalFrame(38.3, 142.2).to_degrees(east, north)
    assert found[[0, 3]] == pytest.approx(times.times(*points, depths)[[0, 3]], abs=0.05)
    assert np.isnan(found[[1, 2]]).all()


def test_the_gradient_points_where_the_times_grow():
    travel = station_travel_times(read_velocity_model("jma2001"), japan_trench(), np.arange(0, 41.0), 700.0)
    place, depth, step = (38.3, 142.4), 21.0, 1.0
    _, gradient = travel.times_and_gradient(*place, depth)
    frame = LocalFrame(*place)
    for axis, (east, north, down) in enumerate(np.eye(3) * step):
        ahead = travel.times(*frame.to_degrees(east, north), depth + down)
        behind = travel.times(*frame.to_degrees(-east, -north), depth - down)
        np.testing.assert_allclose(gradient[:, axis], (ahead - behind) / (2 * step), atol=1.5e-3)
    many, gradients = travel.times_and_gradient(np.full(3, place[0]), np.full(3, place[1]), np.full(3, depth))
    assert many.shape == (60, 3)
    np.testing.assert_allclose(gradients, np.repeat(gradient[:, np.newaxis], 3, axis=1))


def test_depths_that_differ_by_rounding_alone_are_one():
    depths = np.arange(2.0, 4.0, 0.1)  # 2.3000000000000003 is among them
    table = compute_travel_times(read_velocity_model("jma2001"), depths, 50.0, [0.3, 2.3])
    assert np.all(np.isfinite(table.slowness_s_km))
    assert table.times(0.0, depths[3], 1) == pytest.approx(0.0, abs=1e-6)


@given(velocity_models(), st.floats(1e-4, 0.5))
def test_simplified_models_stay_within_the_tolerance(model, tolerance):
    fewer = simplify_model(model, tolerance)
    assert len(fewer.depths_km) <= len(model.depths_km)
    z = np.linspace(-1, 60, 200)
    z = z[np.abs(z[:, None] - model.depths_km).min(axis=1) > 1e-6]
    for phase in "PS":
        assert np.abs(fewer.interpolate(z, phase) - model.interpolate(z, phase)).max() <= tolerance + 1e-9
