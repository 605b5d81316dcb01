"""The conventional method on shifted stations: tremor is gone, what is independent comes as often."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chance_cases import (
    BURSTS_S,
    LOCATION,
    SOURCE,
    START,
    StoredSignals,
    association_settings,
    bumps,
    five_bursts,
    independent,
    locating,
    probabilities_of,
    square_network,
)
from typer.testing import CliRunner

from tremorflow.batch.checks import CHANCE_FILES
from tremorflow.batch.outputs import Labels
from tremorflow.batch.run import run, summary_lines
from tremorflow.chance import ChanceSettings, measure_conventional_chance
from tremorflow.cli import app
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.settings import ArchiveSettings, Settings

LOOSE = replace(LOCATION, min_stations=4, max_sources=1)


@pytest.fixture(scope="module")
def tremor():
    """Twelve hours of sixteen stations on which five bursts are heard; simulated."""
    return five_bursts()


@pytest.fixture(scope="module")
def noisy():
    """Two days of nine stations with bumps of their own, simulated, and what the method finds in them."""
    network = square_network(3)
    p_tremor = independent(network, 2880, 0.25, seed=6)
    envelopes, recorded = bumps(network, p_tremor, seed=3), probabilities_of(network, p_tremor)
    places = locating(network, envelopes, LOOSE)
    return measure_conventional_chance(recorded, places, ChanceSettings(repeats=2))


def test_bursts_are_found_as_recorded_and_left_out_with_a_margin(tremor):
    recorded, envelopes = tremor
    places = locating(recorded.network, envelopes)
    measurement, catalogue = measure_conventional_chance(recorded, places)
    late = (catalogue["time"] - pd.Timestamp(START)).dt.total_seconds().to_numpy()
    away = distances_km(*SOURCE[:2], catalogue["latitude"], catalogue["longitude"])
    for start in BURSTS_S:
        assert ((away < 5) & (late > start) & (late < start + 100)).any()
    lengths_s = (catalogue["end_time"] - catalogue["start_time"]).dt.total_seconds()
    least, most = ((lengths_s + 2 * 300 + 120 + spare).sum() / 43200 for spare in (-60, 60))
    assert least < measurement.rate.left_out_share < most
    assert measurement.rate.days == pytest.approx(0.5 * (1 - measurement.rate.left_out_share))
    assert measurement.rate.events == 0
    assert measurement.rate.groups is None


def test_tremor_that_is_not_left_out_vanishes_when_stations_are_shifted(tremor, monkeypatch):
    recorded, envelopes = tremor
    nothing = np.zeros(recorded.p_tremor.shape, dtype=bool)
    monkeypatch.setattr("tremorflow.chance.conventional._mask", lambda *_: nothing)
    places = locating(recorded.network, envelopes)
    found = measure_conventional_chance(recorded, places, ChanceSettings(repeats=2))
    assert len(found.catalogue) >= len(BURSTS_S)
    assert found.measurement.rate.left_out_share == 0
    assert found.measurement.rate.events == 0


def test_what_is_independent_comes_as_often_as_unshifted(noisy):
    rate, expected = noisy.measurement.rate, len(noisy.catalogue) / 2
    assert expected > 10
    assert rate.per_day == pytest.approx(expected, abs=3 * np.sqrt(expected / 2 + expected / rate.days))
    assert rate.events == len(noisy.measurement.events)
    assert sum(one.count for one in rate.by_quality.values()) == rate.events


def test_the_order_of_stations_does_not_matter():
    order = [4, 0, 8, 2, 6, 1, 3, 5, 7]
    network = square_network(3)
    p_tremor = independent(network, 720, 0.25, seed=7)
    envelopes = bumps(network, p_tremor, seed=3)
    turned = replace(envelopes, network=network.subset(order), values=envelopes.values[order])
    one, other = (
        measure_conventional_chance(
            probabilities_of(motion.network, p_tremor), locating(motion.network, motion, LOOSE)
        )
        for motion, p_tremor in ((envelopes, p_tremor), (turned, p_tremor[order]))
    )
    assert one.measurement.rate.events > 0
    assert other.measurement.rate == one.measurement.rate


def test_a_span_too_short_is_refused(tremor):
    recorded, envelopes = tremor
    short = probabilities_of(recorded.network, recorded.p_tremor[:, :100])
    with pytest.raises(DataError, match="give a longer span"):
        measure_conventional_chance(short, locating(recorded.network, envelopes))


def test_a_conventional_run_shows_the_rate_that_the_command_measured(tmp_path, monkeypatch):
    network = square_network(3)
    p_tremor = independent(network, 720, 0.25, seed=7)
    signals = StoredSignals(probabilities_of(network, p_tremor), bumps(network, p_tremor, seed=3))
    archive = ArchiveSettings(path="recordings")
    settings = Settings(archive=archive, location=LOOSE, association=association_settings())
    monkeypatch.setattr("tremorflow.batch.chance_rate.open_signals", lambda *_: signals)
    monkeypatch.setattr("tremorflow.batch.chance_rate.read_settings", lambda _: settings)
    labels = Labels("Bumps", "Simulated envelopes.")
    before = run(settings, signals, tmp_path, labels)
    assert "chance-rate --method conventional" in "\n".join(summary_lines(before))
    arguments = ["chance-rate", "config.toml", "--output", str(tmp_path), "--method", "conventional"]
    result = CliRunner().invoke(app, [*arguments, "--repeats", "1", "--target", "1"])
    assert result.exit_code == 0, result.output
    assert "method   conventional" in result.output
    tree = json.loads((tmp_path / CHANCE_FILES["conventional"]).read_text(encoding="utf-8"))
    assert "gain" not in {one["measure"] for one in tree["thresholds"]}
    assert all(one["rate"]["value"] <= 1 for one in tree["thresholds"])
    assert all(one["kept"]["of"] == len(before.events) for one in tree["thresholds"])
    after = run(settings, signals, tmp_path, labels)
    assert after.checks.chance is not None
    assert after.checks.chance.per_day == pytest.approx(tree["chance_rate"]["per_day"])
    assert "chance rate, events per day" in (tmp_path / "report.html").read_text(encoding="utf-8")
