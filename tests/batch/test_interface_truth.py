"""Depths taken from a plate interface are those of the interface."""

from pathlib import Path

import numpy as np
import pytest
from archives import SimulatedArchive

from tremorflow.analysis import CONVENTIONAL
from tremorflow.batch.run import run_settings_file
from tremorflow.errors import DataError, SettingsError


def write_interface(path: Path, latitudes: np.ndarray, longitudes: np.ndarray) -> None:
    """Plane that dips to the west: 20 km at 142.1 E, 10 km deeper for each degree west; negative is down."""
    lines = [
        f"{longitude:.2f} {latitude:.2f} {-(20.0 + 10.0 * (142.1 - longitude)):.3f}"
        for latitude in latitudes
        for longitude in longitudes
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def config(folder: Path, archive: SimulatedArchive, interface: str) -> Path:
    path = folder / "config.toml"
    (folder / "index").mkdir()
    path.write_text(
        f"""
        [archive]
        path = "{archive.folder}"
        stations = "{archive.folder / "stations.csv"}"
        index_folder = "{folder / "index"}"
        [velocity]
        plate_interface = "{interface}"
        [location]
        depth = "interface"
        """,
        encoding="utf-8",
    )
    return path


def test_source_lies_on_the_interface(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    write_interface(tmp_path / "plane.xyz", np.arange(36.0, 40.1, 0.1), np.arange(140.0, 144.1, 0.1))
    result = run_settings_file(config(tmp_path, sds_archive, "plane.xyz"), tmp_path / "out", CONVENTIONAL)
    best = result.events.sort_values("n_pairs").iloc[-1]
    assert best["depth_km"] == pytest.approx(20.0 + 10.0 * (142.1 - best["longitude"]), abs=0.1)
    assert np.isnan(best["depth_error_km"])
    assert abs(best["latitude"] - sds_archive.latitude) < 0.05
    assert abs(best["longitude"] - sds_archive.longitude) < 0.05


def test_interface_elsewhere_is_refused(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    write_interface(tmp_path / "plane.xyz", np.arange(10.0, 12.1, 0.1), np.arange(140.0, 142.1, 0.1))
    with pytest.raises(DataError, match="does not reach under the network"):
        run_settings_file(config(tmp_path, sds_archive, "plane.xyz"), tmp_path / "out", CONVENTIONAL)


def test_interface_must_be_named(sds_archive: SimulatedArchive, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"velocity\.plate_interface"):
        run_settings_file(config(tmp_path, sds_archive, ""), tmp_path / "out", CONVENTIONAL)
