"""What the picture of an evaluation shows, and the folder that it is written into."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tremorflow.catalog.evaluate import Evaluation, evaluate_catalog
from tremorflow.catalog.evaluate_rules import EvaluationSettings
from tremorflow.errors import CatalogError
from tremorflow.figures.evaluate import draw_evaluation, write_evaluation
from tremorflow.records import event_table
from tremorflow.truth import Truth, truth_table

SPAN = (np.datetime64("2020-05-24", "ns"), np.datetime64("2020-05-25", "ns"))


@pytest.fixture
def evaluation() -> Evaluation:
    """Twelve bursts, the last two 110 km apart at once; eight found, each 9 km off, and one false event."""
    times = pd.date_range("2020-05-24T02:00:00", periods=11, freq="90min").append(
        pd.DatetimeIndex(["2020-05-24T17:00:00"])
    )
    places = {"time": times, "latitude": [*np.linspace(38, 40, 11), 39.0], "longitude": 143.0}
    spans = {"start_time": times, "end_time": times + pd.Timedelta(60, "s")}
    rows = pd.DataFrame(places | spans)
    snr = np.repeat([0.7, 4.0], 6)
    tremor = rows.assign(
        burst_id=[str(n) for n in range(12)], snr_best=snr, n_stations_snr2=[1] * 6 + [7] * 6
    )
    found = event_table(rows.iloc[4:].assign(longitude=143.1, event_id="e", semi_major_km=10.0,
                                             semi_minor_km=10.0, azimuth_deg=0.0))  # fmt: skip
    false = found.iloc[:1].assign(longitude=145.0)
    return evaluate_catalog(
        pd.concat([found, false]),
        Truth(tremor=truth_table("tremor", tremor)),
        EvaluationSettings(),
        span=SPAN,
    )


def test_every_panel_shows_its_numbers(evaluation: Evaluation) -> None:
    figure = draw_evaluation(evaluation)
    panels = {axes.get_label(): axes for axes in figure.axes}
    on_map = {one.get_label(): len(one.get_offsets()) for one in panels["map"].collections}
    assert (on_map["burst found (8)"], on_map["burst missed (4)"], on_map["false event (1)"]) == (8, 4, 1)
    recall = {float(x): float(y) for x, y in panels["snr"].containers[0].lines[0].get_xydata()}
    assert recall == {1.0: pytest.approx(2 / 6), 5.0: 1.0}  # bins 0.5-1 and 3-5
    # of the histogram only the filled bars: the steps of the wide gate are one more patch
    bars = panels["location"].containers[0].patches
    assert sum(patch.get_height() for patch in bars) == 8
    assert [text.get_text() for text in panels["coverage"].texts] == ["8", "0", "0"]
    both = panels["pairs"].containers[0].patches
    assert [patch.get_height() for patch in both] == [0, 1, 0, 0, 0]
    assert [patch.get_height() for patch in panels["false"].containers[0].patches] == [0, 0, 1]
    assert "recall 0.67" in figure.get_suptitle()


def test_evaluation_folder_holds_table_json_and_picture(evaluation: Evaluation, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write_evaluation(evaluation, folder)
    assert sorted(one.name for one in folder.iterdir()) == ["evaluation.json", "evaluation.png", "table.txt"]
    assert json.loads((folder / "evaluation.json").read_text())["recall"]["hits"] == 8
    assert (folder / "evaluation.png").read_bytes()[:4] == b"\x89PNG"
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogError, match="cannot make"):
        write_evaluation(evaluation, tmp_path / "file")


@pytest.mark.parametrize("span", [SPAN, None])
def test_nothing_to_evaluate_is_still_a_picture(span, tmp_path: Path) -> None:
    write_evaluation(evaluate_catalog(event_table(), Truth(), EvaluationSettings(), span=span), tmp_path)
    assert (tmp_path / "evaluation.png").stat().st_size > 1000
