"""What the picture of a comparison shows, and the folder that a comparison is written into."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tremorflow.catalog.compare import Comparison, compare_catalogs
from tremorflow.errors import CatalogError
from tremorflow.figures.compare import draw_comparison, match_lines, widened, write_comparison
from tremorflow.figures.geography import MapExtent, extent_around
from tremorflow.records import event_table


@pytest.fixture
def comparison() -> Comparison:
    times = pd.date_range("2020-05-24T02:00:00", periods=12, freq="10min")
    reference = event_table(
        pd.DataFrame(
            {"time": times, "latitude": np.linspace(39, 40, 12), "longitude": 143.0, "event_id": "r"}
        )
    )
    tested = reference.assign(longitude=143.2).iloc[:9]
    return compare_catalogs(pd.concat([tested, tested.iloc[:2]]), reference, names=("ours", "theirs"))


def test_match_lines_run_from_reference_to_tested(comparison: Comparison) -> None:
    lines = match_lines(comparison, extent_around([39, 40], [143, 143.2]))
    assert lines.shape == (9, 2, 2)
    np.testing.assert_allclose(lines[:, 0, 0], 143.0)
    np.testing.assert_allclose(lines[:, 1, 0], 143.2)


def test_every_panel_shows_its_numbers(comparison: Comparison) -> None:
    figure = draw_comparison(comparison)
    panels = {axes.get_label(): axes for axes in figure.axes}
    assert sum(patch.get_height() for patch in panels["time_s"].patches) == 9
    assert sum(patch.get_height() for patch in panels["offset"].patches) == 9
    on_map = {one.get_label(): len(one.get_offsets()) for one in panels["map"].collections}
    assert (on_map["A matched"], on_map["A duplicate"], on_map["B alone"]) == (9, 2, 3)
    assert "9 matched" in figure.get_suptitle()


def test_comparison_folder_holds_table_json_and_picture(comparison: Comparison, tmp_path: Path) -> None:
    write_comparison(comparison, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert sorted(one.name for one in folder.iterdir()) == ["comparison.json", "comparison.png", "table.txt"]
    assert json.loads((folder / "comparison.json").read_text())["matches"] == 9
    assert (folder / "comparison.png").read_bytes()[:4] == b"\x89PNG"
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogError, match="cannot make"):
        write_comparison(comparison, tmp_path / "file")


def test_nothing_to_compare_is_still_a_picture(tmp_path: Path) -> None:
    write_comparison(compare_catalogs(event_table(), event_table()), tmp_path)
    assert (tmp_path / "comparison.png").stat().st_size > 1000


def test_a_long_coast_gets_a_map_that_is_wide_enough() -> None:
    extent = widened(MapExtent(-125.0, -124.0, 40.0, 50.0))
    assert (extent.west + extent.east) / 2 == pytest.approx(-124.5)
    assert (extent.east - extent.west) * np.cos(np.radians(45)) >= 0.69 * 10
