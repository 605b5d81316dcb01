"""Plate interfaces: the published formats give the depths that were written into them."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import netcdf_file

from tremorflow.errors import MissingExtraError, ModelError
from tremorflow.plate import PlateInterface, read_plate_interface

LATITUDES, LONGITUDES = np.linspace(36, 40, 17), np.linspace(140, 146, 25)


def dipping(latitude, longitude):
    """Plane that dips to the west; a bilinear surface is reproduced exactly."""
    return 8.0 + 11.0 * (146 - longitude) + 0.5 * (latitude - 36) * (longitude - 140)


@pytest.fixture
def depths():
    grid = dipping(LATITUDES[:, np.newaxis], LONGITUDES)
    grid[:4, -6:] = np.nan  # beyond the trench
    return grid


def write_text(path, grid, longitudes=LONGITUDES, sign=-1, keep_nan=True, order=None):
    rows = [
        (longitude, latitude, sign * grid[i, j])
        for i, latitude in enumerate(LATITUDES)
        for j, longitude in enumerate(longitudes)
        if keep_nan or np.isfinite(grid[i, j])
    ]
    rows = np.array(rows)[order if order is not None else slice(None)]
    np.savetxt(path, rows, fmt="%.4f")


def write_netcdf(path, grid, names=("lon", "lat", "z"), flip=False):
    with netcdf_file(path, "w") as file:
        for name, values in zip(names[:2], (LONGITUDES, LATITUDES[::-1] if flip else LATITUDES), strict=True):
            file.createDimension(name, len(values))
            file.createVariable(name, "d", (name,))[:] = values
        variable = file.createVariable(names[2], "f", (names[1], names[0]))
        variable[:] = np.where(np.isnan(grid), -9999, -grid)[:: -1 if flip else 1]
        variable.missing_value = np.float32(-9999)


def check(plate):
    points = np.array([[36.1, 140.2], [38.77, 143.3], [40.0, 146.0], [39.0, 140.0]])
    np.testing.assert_allclose(plate.depth_km(*points.T), dipping(*points.T), atol=1e-4)
    np.testing.assert_allclose(plate.depth_km(*(points - [0, 360]).T), dipping(*points.T), atol=1e-4)
    assert np.isnan(plate.depth_km(36.3, 145.5))  # no plate there
    rim = LATITUDES[3], LONGITUDES[-7]  # a node of the plate beside one that is not
    assert plate.depth_km(*rim) == pytest.approx(dipping(*rim), abs=1e-4)
    assert np.all(np.isnan(plate.depth_km([35.9, 40.1, 38, 38], [143, 143, 139.9, 146.1])))  # no grid there


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("keep_nan", [True, False])
def test_text_of_either_sign(tmp_path, depths, sign, keep_nan):
    write_text(tmp_path / "pac.xyz", depths, sign=sign, keep_nan=keep_nan)
    check(read_plate_interface(tmp_path / "pac.xyz"))


def test_text_in_any_order_and_with_western_longitudes(tmp_path, depths):
    order = np.random.default_rng(3).permutation(depths.size)
    write_text(tmp_path / "pac.xyz", depths, longitudes=LONGITUDES - 360, order=order)
    check(read_plate_interface(tmp_path / "pac.xyz"))


@pytest.mark.parametrize("names", [("lon", "lat", "z"), ("x", "y", "depth")])
@pytest.mark.parametrize("flip", [False, True])
def test_netcdf(tmp_path, depths, names, flip):
    write_netcdf(tmp_path / "slab.grd", depths, names, flip)
    check(read_plate_interface(tmp_path / "slab.grd"))


def test_netcdf4_where_h5py_is_installed(tmp_path, depths):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "slab.grd", "w") as file:
        file["x"], file["y"], file["z"] = LONGITUDES, LATITUDES, -depths
    check(read_plate_interface(tmp_path / "slab.grd"))


def test_netcdf4_without_h5py_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "slab.grd").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"tremorflow\[netcdf4\]"):
        read_plate_interface(tmp_path / "slab.grd")


@given(st.floats(36, 40), st.floats(140, 146))
def test_between_nodes_it_is_bilinear(latitude, longitude):
    plate = PlateInterface("plane", LATITUDES, LONGITUDES, dipping(LATITUDES[:, np.newaxis], LONGITUDES))
    assert plate.depth_km(latitude, longitude) == pytest.approx(dipping(latitude, longitude), abs=0.02)


def test_across_the_antimeridian():
    longitudes = np.linspace(175, 185, 11)
    plate = PlateInterface("x", LATITUDES, longitudes, np.tile(longitudes, (17, 1)))
    np.testing.assert_allclose(plate.depth_km(38, [179.5, -179.5, 180, -180]), [179.5, 180.5, 180, 180])


def test_cascadia_slab(shared_data):
    plate = read_plate_interface(shared_data / "geo" / "cas_slab1.0_clip.grd")
    ocean, olympic, puget = plate.depth_km([47.5, 47.5, 47.5], [-124.8, -123.5, -122.5])
    assert 10 < ocean < olympic < puget < 60  # McCrory et al. 2012: 30-40 km below the Olympic mountains
    assert olympic == pytest.approx(plate.depth_km(47.5, 236.5))
    assert np.nanmin(plate.depths_km) > 0


def test_japan_slab(shared_data):
    pytest.importorskip("h5py")
    plate = read_plate_interface(shared_data / "geo" / "jap_11.17.17_11.59_kur.grd")
    coast, slope, trench = plate.depth_km(39.0, [142.0, 143.0, 144.0])
    assert 60 > coast > slope > trench > 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("142 38 -20\n142 39 -20\n143 38 -10\n143 39 12\n", "signs are mixed"),
        ("142 38 -20000\n142 39 -20000\n143 38 -10000\n143 39 -9000\n", "km, not m"),
        ("142 38 nan\n142 39 nan\n143 38 nan\n143 39 nan\n", "no depth"),
        ("142 38 20\n142.4 39 20\n143 38 10\n143.31 39 12\n142.17 38 3\n", "regular grid"),
        ("142 38 20\n142 39 20\n142 40 10\n142 41 12\n", "one line"),
        ("38 142 20\n39 142 20\n38 143 10\n39 143 12\n", "longitude, latitude, depth"),
        ("142 38\n142 39\n", "longitude, latitude, depth"),
        ("a plate\n", "longitude, latitude, depth"),
        ("", "longitude, latitude, depth"),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_what_is_no_interface_is_refused(tmp_path, content, message):
    (tmp_path / "bad.xyz").write_text(content)
    with pytest.raises(ModelError, match=message):
        read_plate_interface(tmp_path / "bad.xyz")


def test_broken_netcdf_and_missing_files_are_refused(tmp_path, depths):
    write_netcdf(tmp_path / "slab.grd", depths)
    whole = (tmp_path / "slab.grd").read_bytes()
    for length in (10, 60, 300, len(whole) // 2):
        (tmp_path / "cut.grd").write_bytes(whole[:length])
        with pytest.raises(ModelError):
            read_plate_interface(tmp_path / "cut.grd")
    with pytest.raises(ModelError, match="no such file"):
        read_plate_interface(tmp_path / "none.grd")


def test_axes_that_are_no_grid_are_refused():
    for latitudes, longitudes in (
        ([40, 39], [1, 2]),
        ([1, 2, 4], [1, 2]),
        ([1], [1, 2]),
        ([1, 2], [1, np.nan]),
    ):
        with pytest.raises(ModelError, match="equal steps"):
            PlateInterface("x", np.array(latitudes, float), np.array(longitudes, float), np.zeros((2, 2)))
    with pytest.raises(ModelError, match="do not fit"):
        PlateInterface("x", LATITUDES, LONGITUDES, np.zeros((3, 3)))
