"""Rotation to east, north and up against ObsPy, against physics, and on the published table of S-net."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waveform_files import START

from tremorflow.errors import DataError
from tremorflow.io.orientation import (
    Orientation,
    component_of,
    left_handed,
    orient_channels,
    read_orientations,
    rotate,
)
from tremorflow.records import Channel, Network, Station, Waveforms

STATION = Station("N", "S1N01", 35.9, 141.1, -169.0)
RNG = np.random.default_rng(5)


def waveforms(components: str, samples: np.ndarray) -> Waveforms:
    return Waveforms(Network((STATION,)), tuple(components), samples[None], START, 100.0, "count")


def channels(names: str, directions: list[tuple[float, float]]) -> list[Channel]:
    return [
        Channel("N", "S1N01", "", f"HH{name}", name, azimuth_deg=azimuth, dip_deg=dip)
        for name, (azimuth, dip) in zip(names, directions, strict=True)
    ]


@given(azimuth=st.floats(0, 360), seed=st.integers(0, 99))
def test_horizontal_pair_as_obspy_rotates_it(azimuth: float, seed: int) -> None:
    samples = np.random.default_rng(seed).normal(size=(3, 50))
    directions = [(azimuth, 0.0), (azimuth + 90.0, 0.0), (0.0, -90.0)]
    found = rotate(waveforms("12Z", samples), orient_channels(channels("12Z", directions)))
    from obspy.signal.rotate import rotate2zne

    z, n, e = rotate2zne(samples[2], 0, -90, samples[0], azimuth, 0, samples[1], azimuth + 90, 0)
    assert found.components == ("E", "N", "Z")
    np.testing.assert_allclose(found.samples[0], [e, n, z], atol=1e-9)


def test_skewed_and_tilted_axes_as_obspy_rotates_them() -> None:
    samples = RNG.normal(size=(3, 50))
    directions = [(10.0, 20.0), (110.0, -15.0), (200.0, -70.0)]
    found = rotate(waveforms("XYZ", samples), orient_channels(channels("XYZ", directions)))
    from obspy.signal.rotate import rotate2zne

    flat = [value for trace, (a, d) in zip(samples, directions, strict=True) for value in (trace, a, d)]
    z, n, e = rotate2zne(*flat)
    # orient_channels orders the components Z, X, Y; the result must not know.
    np.testing.assert_allclose(found.samples[0], [e, n, z], atol=1e-9)


def test_energy_of_a_rotated_sensor_is_that_of_the_sensor(shared_data: Path) -> None:
    table = shared_data / "stations" / "snet_orientation_Takagi2019_SRL_Table_S2.csv"
    orientations = read_orientations(table)
    assert len(orientations) == 150
    assert left_handed(orientations) == ()
    samples = RNG.normal(size=(3, 200))
    found = rotate(waveforms("XYZ", samples), orientations).samples[0]
    np.testing.assert_allclose((found**2).sum(axis=0), (samples**2).sum(axis=0), rtol=2e-3)
    # First row of the table, read off the paper: E = -0.9271 X + 0.2858 Y - 0.2425 Z.
    np.testing.assert_allclose(found[0], np.array([-0.9271, 0.2858, -0.2425]) @ samples, atol=1e-12)


def test_missing_samples_stay_missing_only_where_they_are_needed() -> None:
    samples = RNG.normal(size=(3, 10))
    samples[0, 3] = np.nan  # X
    samples[2, 7] = np.nan  # Z
    turned = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    found = rotate(waveforms("XYZ", samples), {STATION.code: Orientation(("X", "Y", "Z"), turned)})
    missing = np.isnan(found.samples[0])
    assert missing[:, 3].tolist() == [True, True, False]
    assert missing[:, 7].tolist() == [False, False, True]
    assert missing.sum() == 3


def test_station_without_orientation_keeps_its_east_north_and_up() -> None:
    samples = RNG.normal(size=(2, 10))
    found = rotate(waveforms("NZ", samples), {})
    assert np.isnan(found.samples[0, 0]).all()
    np.testing.assert_array_equal(found.samples[0, 1:], samples)


def test_components_that_the_orientation_needs_and_are_not_there() -> None:
    with pytest.raises(DataError, match=r"N\.S1N01.*\['X', 'Y'\]"):
        rotate(waveforms("ENZ", np.zeros((3, 4))), {STATION.code: Orientation(("X", "Y", "Z"), np.eye(3))})


def test_unknown_directions_give_no_orientation() -> None:
    nan = float("nan")
    assert orient_channels(channels("12Z", [(nan, 0), (90, 0), (0, -90)])) == {}
    assert orient_channels(channels("1Z", [(0, 0), (0, -90)])) == {}
    # Two horizontals in nearly one direction say nothing about the other.
    assert orient_channels(channels("12Z", [(0, 0), (1, 0), (0, -90)])) == {}


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("A,1,0,0,0,1,0,0,0,0.9", "not orthonormal"),
        ("A,1,0,0,0,1,0,0,0", "not nine numbers"),
        ("A,1,0,0,0,1,0,0,0,x", "not nine numbers"),
        ("A,1,0,0,0,1,0,0,0,nan", "not finite"),
        ("B,1,0,0,0,1,0,0,0,1", "listed before"),
    ],
)
def test_rows_that_cannot_be_used_are_named(row: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "matrices.csv"
    path.write_text(f"station,R11,R12,R13,R21,R22,R23,R31,R32,R33\nB,1,0,0,0,1,0,0,0,1\n{row}\n")
    with pytest.raises(DataError, match=rf"matrices\.csv, line 3: .*{what}"):
        read_orientations(path)


def test_mirrored_sensors_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "matrices.csv"
    path.write_text("station,R\nA,1,0,0,0,1,0,0,0,-1\nB,1,0,0,0,1,0,0,0,1\n")
    assert left_handed(read_orientations(path)) == ("A",)


def test_channel_names_of_all_kinds() -> None:
    names = ("HHE", "BH1", "EHZ", "U", "wU", "N", "X", "EW", "NS2", "UD", "HDH", "LCE", "LOG", "")
    assert [component_of(name) for name in names] == [
        *("E", "1", "Z", "Z", "Z", "N", "X", "E", "N", "Z"),
        *(None, None, None, None),
    ]
