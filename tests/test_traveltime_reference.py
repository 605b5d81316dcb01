"""Travel times against published tables, TauP and formulas."""

import numpy as np
import pytest
from obspy.taup import TauPyModel

from tremorflow.errors import ModelError
from tremorflow.traveltime import (
    BUNDLED_MODELS,
    VelocityModel,
    compute_travel_times,
    read_velocity_model,
)
from tremorflow.traveltime.model import parse_velocity_model

RADIUS_KM = 6371.0

JMA2001_CHECKS = [  # depth, distance, P, S: table of the Japan Meteorological Agency, receiver at sea level
    (10, 20, 3.937, 6.682),
    (16, 0, 2.75, 4.677),
    (16, 30, 5.805, 9.879),
    (16, 60, 10.487, 17.873),
    (16, 100, 16.807, 28.733),
    (20, 50, 8.994, 15.342),
    (30, 80, 13.578, 23.293),
]


@pytest.mark.parametrize(("depth", "distance", "p", "s"), JMA2001_CHECKS)
def test_jma2001_check_values(depth, distance, p, s):
    model = read_velocity_model("jma2001")
    for phase, expected in (("P", p), ("S", s)):
        table = compute_travel_times(model, np.arange(41.0), 120.0, [0.0], phase)
        assert table.times(distance, depth) == pytest.approx(expected, abs=0.005)


def test_the_whole_table_of_jma2001(shared_data):
    rows = np.loadtxt(shared_data / "models" / "tjma2001_surface.txt", usecols=(1, 3, 4, 5))
    p, s, depth, distance = rows[(rows[:, 2] <= 100) & (rows[:, 3] <= 300)].T
    model = read_velocity_model("jma2001")
    for phase, expected in (("P", p), ("S", s)):
        error = (
            compute_travel_times(model, np.arange(101.0), 300.0, [0.0], phase).times(distance, depth)
            - expected
        )
        assert len(error) > 2000
        assert np.abs(error).max() < 0.01
        assert error.std() < 0.002


def test_bundled_jma2001_is_the_finely_sampled_one(shared_data):
    vp, vs, depth = np.loadtxt(shared_data / "models" / "jma2001_velocity.txt").T
    model, shallow = read_velocity_model("jma2001"), depth <= 700
    for phase, expected in (("P", vp), ("S", vs)):
        assert np.abs(model.interpolate(depth, phase) - expected)[shallow].max() < 0.0011  # printed to 0.001


@pytest.mark.parametrize("phase", ["P", "S"])
def test_iasp91_against_taup(phase):
    taup = TauPyModel("iasp91")
    table = compute_travel_times(read_velocity_model("iasp91"), np.arange(101.0), 300.0, [0.0], phase)
    phases = [phase.lower(), phase, f"{phase}n", f"{phase}g", f"{phase}b", f"{phase}diff"]
    for depth in (5.0, 16.0, 33.0, 60.0):
        for distance in (7.0, 40.0, 118.0, 150.0, 290.0):
            arrivals = taup.get_travel_times(depth, np.degrees(distance / RADIUS_KM), phases)
            earliest = min(arrival.time for arrival in arrivals)
            assert table.times(distance, depth) == pytest.approx(earliest, abs=0.01)


def test_a_receiver_inside_iasp91_against_taup():
    taup = TauPyModel("iasp91")
    table = compute_travel_times(read_velocity_model("iasp91"), np.arange(61.0), 200.0, [7.0], "S")
    for depth, distance in ((16.0, 20.0), (30.0, 90.0), (45.0, 180.0)):
        arrivals = taup.get_travel_times(
            depth, np.degrees(distance / RADIUS_KM), ["s", "S", "Sn"], receiver_depth_in_km=7.0
        )
        assert table.times(distance, depth) == pytest.approx(min(a.time for a in arrivals), abs=0.01)


@pytest.mark.parametrize("receiver", [-2.5, 0.0, 6.3])
def test_one_velocity_gives_the_chord_through_the_sphere(receiver):
    model = VelocityModel("one", "", np.zeros(1), np.array([6.0]), np.array([3.5]))
    depths, distances = np.array([0.0, 0.4, 5.0, 37.0, 100.0]), np.array([0.0, 0.5, 3.0, 41.0, 200.0, 400.0])
    table = compute_travel_times(model, depths, 400.0, [receiver], "S")
    start, end, angle = RADIUS_KM - depths[:, np.newaxis], RADIUS_KM - receiver, distances / RADIUS_KM
    chord = np.sqrt((start - end) ** 2 + 4 * start * end * np.sin(angle / 2) ** 2)
    np.testing.assert_allclose(table.times(distances, depths[:, np.newaxis]), chord / 3.5, atol=1e-3)


def flat_depth(depth):
    return -RADIUS_KM * np.log(1 - depth / RADIUS_KM)


def two_flat_layers(v1, v2, interface):
    """Model whose layers have one velocity after the Earth is flattened, so that flat formulas are exact."""
    depths = np.array([0.0, interface, interface, 300.0])
    s = np.array([v1, v1, v2, v2]) * (1 - depths / RADIUS_KM)
    return VelocityModel("flat", "", depths, s * 1.7, s)


@pytest.mark.parametrize("source", [0.0, 5.0, 19.5])
def test_direct_and_head_waves_of_two_layers(source):
    v1, v2, interface = 3.5, 4.5, 20.0
    table = compute_travel_times(
        two_flat_layers(v1, v2, interface), [source, source + 0.1], 300.0, [0.0], "S"
    )
    x, h, z = np.arange(301.0), flat_depth(interface), flat_depth(source)
    direct = np.hypot(x, z) / v1
    legs, sine = 2 * h - z, v1 / v2
    head = x / v2 + legs * np.sqrt(1 - sine**2) / v1
    head[x < legs * sine / np.sqrt(1 - sine**2)] = np.inf  # none before the critical distance
    assert np.any(head < direct)
    np.testing.assert_allclose(table.times(x, source), np.minimum(direct, head), atol=2e-4)


def test_source_below_the_interface_obeys_snell():
    v1, v2, interface, source = 3.5, 4.5, 20.0, 33.0
    table = compute_travel_times(two_flat_layers(v1, v2, interface), [source, 40.0], 300.0, [0.0], "S")
    h, below = flat_depth(interface), flat_depth(source) - flat_depth(interface)
    p = np.linspace(0.001, 0.2215, 300)  # s/km
    cosines = np.sqrt(1 - (p * v1) ** 2), np.sqrt(1 - (p * v2) ** 2)
    x = h * p * v1 / cosines[0] + below * p * v2 / cosines[1]
    t = h / (v1 * cosines[0]) + below / (v2 * cosines[1])
    near = x < 299
    np.testing.assert_allclose(table.times(x[near], source), t[near], atol=5e-4)


def test_waves_creep_into_the_shadow_of_a_slow_layer():
    z, s = np.array([0.0, 10.0, 10.0, 30.0]), np.array([3.4, 3.6, 2.5, 2.6])
    table = compute_travel_times(VelocityModel("lid", "", z, 1.8 * s, s), [25.0], 300.0, [0.0], "S")
    _, slope, _ = table.times_and_slopes(np.array([150.0, 200.0]), 25.0)
    np.testing.assert_allclose(slope, (1 - 10 / RADIUS_KM) / 3.6, atol=1e-3)  # along the bottom of the lid


@pytest.mark.parametrize("name", BUNDLED_MODELS)
def test_bundled_models_name_their_source_and_give_times(name):
    model = read_velocity_model(name)
    assert len(model.source) > 60
    assert model.depths_km[0] == 0
    table = compute_travel_times(model, np.arange(61.0), 300.0)
    assert np.all(np.isfinite(table.slowness_s_km))


def test_cascadia_in_layers_is_slower_than_with_gradients():
    # at a node both have the same velocity below; between nodes the gradient model is the faster
    layers, gradients = read_velocity_model("cascadia_layers"), read_velocity_model("cascadia")
    z = np.arange(0.0, 60.0, 0.5)
    assert np.all(layers.interpolate(z, "S") <= gradients.interpolate(z, "S") + 1e-9)
    assert layers.interpolate(4.0, "P") == 6.38
    assert layers.interpolate(3.999, "P") == 5.4


TABLES = {
    "plain": "0 5.8 3.36\n20 5.8 3.36\n20 6.5 3.75\n",
    "commas": "# a comment\n0,5.8,3.36\n20,5.8,3.36  # another\n\n20,6.5,3.75\n",
    "names in another order": "Vs, depth_km, rho, VP\n3.36,0,2.7,5.8\n3.36,20,2.7,5.8\n3.75,20,2.9,6.5\n",
    "quoted": '"depth ","vp","vp_grad","vs"\n0,5.8,0,3.36\n20,5.8,0,3.36\n20,6.5,0,3.75\n',
    "tvel": "model - P\nmodel - S\n0 5.8 3.36 2.7\n20 5.8 3.36 2.7\n20 6.5 3.75 2.9\n30 8 0 9\n",
    "nd": "0 5.8 3.36 2.7\n20 5.8 3.36 2.7\nmantle\n20 6.5 3.75 2.9\nouter-core\n30 8 0 9\n40 9 5 9\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_model_files_are_read(kind, tmp_path):
    path = tmp_path / f"model.{kind if kind in ('tvel', 'nd') else 'txt'}"
    path.write_text(TABLES[kind])
    model = read_velocity_model(path)
    np.testing.assert_array_equal(model.depths_km, [0, 20, 20])
    np.testing.assert_array_equal(model.vp_km_s, [5.8, 5.8, 6.5])
    np.testing.assert_array_equal(model.vs_km_s, [3.36, 3.36, 3.75])
    assert model.interpolate([-1, 10, 19.999, 20, 90], "P").tolist() == [5.8, 5.8, 5.8, 6.5, 6.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 5.8 3.36\n10 6 3.5\n5 6.1 3.5\n", "row 3, depth 5 km.*ascend"),
        ("4.8 2.844 0.0\n4.95 2.931 0.5\n", "positive"),  # the order of JMA's file
        ("0 3.36 5.8\n", "Vs must be less than Vp"),
        ("0 5800 3360\n", "km/s, not m/s"),
        ("0 5.8 nan\n", "finite"),
        ("0 5.8 -3.36\n", "positive"),
        ("0 5 3\n9 5 3\n9 6 3\n9 7 4\n", "row 4.*at most twice"),
        ("0 5.8\n", "line 1, '0 5.8'"),
        ("0 5.8 3.36\n10 fast 3.5\n", "line 2.*correct the line"),
        ("depth,vp,density\n0,5.8,2.7\n", "names 0 columns for vs"),
        ("# nothing\n", "at least one row"),
    ],
)
def test_impossible_models_are_refused_with_the_row_and_the_rule(text, message):
    with pytest.raises(ModelError, match=message):
        parse_velocity_model(text, "bad.txt")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ModelError, match=r"jma2001.*cascadia"):
        read_velocity_model("jma2020")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([10.0, 5.0], 100.0), "ascend"),
        (([], 100.0), "ascend"),
        (([10.0], 0.0), "max_distance_km"),
        (([10.0], np.inf), "max_distance_km"),
        (([10.0], 100.0, [np.nan]), "receiver"),
        (([10.0], 100.0, [0.0], "Lg"), "phase 'Lg'"),
        (([6000.0], 100.0), "too deep"),
    ],
)
def test_impossible_tables_are_refused(arguments, message):
    with pytest.raises(ModelError, match=message):
        compute_travel_times(read_velocity_model("iasp91"), *arguments)
