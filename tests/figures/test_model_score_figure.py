"""What the pictures of a classifier show, and the folder that they are written into."""

import json

import numpy as np
import pytest

from tremorflow.classifier.score import score_model
from tremorflow.errors import CatalogError
from tremorflow.figures.model_score import draw_model_score, write_model_score
from tremorflow.figures.spectrograms import draw_station
from tremorflow.records import Network, Probabilities, Spectrograms, Station, timedelta, utc

START = utc("2020-05-24T02:00:00Z")
NETWORK = Network((Station("XX", "AAA", 48.0, -123.0, 0.0), Station("XX", "BBB", 48.0, -122.0, 0.0)))


@pytest.fixture(scope="module")
def score():
    rng = np.random.default_rng(1)
    labels = np.arange(600) % 3
    p = rng.dirichlet([1, 1, 1], 600) * 0.4 + 0.6 * np.eye(3)[labels]
    return score_model(
        p, labels, 0.9, snr=rng.uniform(0.5, 12, 600), distances_km=rng.uniform(3, 90, 600),
        stations=[f"XX.S{k % 5}" for k in range(600)],
    )  # fmt: skip


def texts(axes):
    return " ".join([text.get_text() for text in axes.texts] + [axes.get_title(), axes.get_xlabel()])


def test_the_picture_shows_counts_curves_and_stations(score):
    figure = draw_model_score(score, "toy weights")
    by_label = {axes.get_label(): axes for axes in figure.axes}
    assert str(score.confusion[1, 1]) in texts(by_label["confusion"])
    curve = by_label["roc"].lines[0]
    np.testing.assert_allclose(curve.get_ydata(), score.roc[1])
    assert f"{score.calibration_error:.3f}" in texts(by_label["reliability"])
    assert "5 of 5 stations" in texts(by_label["stations"])
    assert figure.get_suptitle() == "toy weights"


def test_what_is_not_known_is_said():
    p, labels = np.tile([[0.8, 0.1, 0.1]], (9, 1)), np.zeros(9, dtype=int)
    figure = draw_model_score(score_model(p, labels, 0.9), "only noise")
    by_label = {axes.get_label(): axes for axes in figure.axes}
    assert "needs tremor" in texts(by_label["roc"])
    assert "not known" in texts(by_label["snr"])
    assert "no station" in texts(by_label["stations"])


def test_the_folder_holds_table_numbers_and_picture(score, tmp_path):
    write_model_score(score, tmp_path / "out", "toy")
    assert (tmp_path / "out" / "model.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads((tmp_path / "out" / "model.json").read_text())["n_windows"] == 600
    assert "balanced accuracy" in (tmp_path / "out" / "table.txt").read_text()
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="cannot make"):
        write_model_score(score, tmp_path / "file" / "out", "toy")


def make_spectrograms(n_times=4000):
    rng = np.random.default_rng(2)
    power = rng.normal(-8, 0.3, (2, 3, 27, n_times)).astype(np.float32)
    power[0, 1] = np.nan
    power[0, 2, :, 1000:1200] += 2
    return Spectrograms(NETWORK, power, np.arange(1.5, 8.01, 0.25), START, 4.0, 1.0, "m/s")


def test_a_station_is_drawn_with_its_probabilities():
    starts = START + np.arange(60) * timedelta(60.0)
    values = np.random.default_rng(3).dirichlet([1, 1, 1], (2, 60)).transpose(0, 2, 1).astype(np.float32)
    values[0, :, 5] = np.nan
    found = Probabilities(
        NETWORK, values, np.ones((2, 60), np.float32), starts, 120.0, (("", "HH"),) * 2, "abc", 0.9
    )
    figure = draw_station(make_spectrograms(), found)
    images = [axes for axes in figure.axes if axes.images]
    assert len(images) == 2  # of three components one was not recorded
    assert any("not recorded" in texts(axes) for axes in figure.axes)
    lines = next(axes for axes in figure.axes if len(axes.lines) == 4).lines
    np.testing.assert_allclose(lines[1].get_ydata(), values[0, 1])
    shown = images[1].images[0].get_array()
    assert shown[:, 500:600].mean() > shown[:, :400].mean() + 1.5  # the burst, thinned by two
