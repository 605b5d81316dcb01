"""Outages: drawn by station, never two for one sample, and refused with the key where they make no sense."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.errors import SettingsError
from tremorflow.records import Network, Station, utc
from tremorflow.simulate.instrument import MISSING, InstrumentSettings
from tremorflow.simulate.outages import OutageSettings, draw_outages
from tremorflow.simulate.scene import SampleGrid

NETWORK = Network(tuple(Station("SY", f"{k:03d}", 38.0, 143.0, -2000.0) for k in range(60)))
GRID = SampleGrid(utc("2020-01-01T00:00:00Z"), 86400.0, 25.0)
NO_FAULTS = InstrumentSettings(
    dropouts_per_day=0,
    dead_share=0,
    one_component_share=0,
    clock_share=0,
    polarity_share=0,
    orientation_share=0,
)
MANY_FAULTS = InstrumentSettings(
    dropouts_per_day=20,
    dead_share=0.1,
    one_component_share=0.2,
    clock_share=0.2,
    polarity_share=0.2,
    orientation_share=0.2,
)


def draw(*outages, instrument=NO_FAULTS, network=NETWORK, seed=1):
    return draw_outages(outages, instrument, network, GRID, seed)


def planned(**changes):
    return OutageSettings(**({"stations": ("SY.003",), "start_s": 100.0, "duration_s": 50.0} | changes))


def test_a_planned_outage_stands_in_the_table_as_it_was_planned():
    row = draw(planned(kind="dropout", components=("Z",))).iloc[0]
    assert (row["station"], row["kind"], row["components"]) == ("SY.003", "dropout", "Z")
    assert row["start_time"] == np.datetime64("2020-01-01T00:01:40")
    assert row["end_time"] == np.datetime64("2020-01-01T00:02:30")
    assert np.isnan(row["value"])


def test_half_of_the_network_dies_and_returns():
    table = draw(OutageSettings(kind="dead", share=0.5, start_s=3600, duration_s=7200))
    assert 18 <= len(table) <= 42  # 60 stations, 3 standard deviations
    assert set(table["components"]) == {"E;N;Z"}
    assert (table["end_time"] == np.datetime64("2020-01-01T03:00:00")).all()
    few = draw(
        OutageSettings(kind="dead", share=0.5, start_s=3600, duration_s=7200),
        network=NETWORK.subset(range(20, 40)),
    )
    assert list(few["station"]) == [code for code in table["station"] if 20 <= int(code[3:]) < 40]


def test_an_outage_ends_with_the_scenario_at_the_latest():
    for duration_s in (1e6, None):
        row = draw(planned(duration_s=duration_s)).iloc[0]
        assert row["end_time"] == np.datetime64("2020-01-02T00:00:00")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (planned(), planned(start_s=149.0)),
        (planned(kind="dropout"), planned(kind="dead", start_s=20.0, duration_s=None)),
        (planned(kind="one_component"), planned(kind="dropout", components=("N",))),
        (planned(kind="clock", value=1.0), planned(kind="clock", value=-2.0, start_s=120)),
        (planned(kind="polarity"), planned(kind="polarity", components=("E",))),
        (planned(), OutageSettings(kind="dead", share=1.0)),
    ],
)
def test_overlapping_outages_are_refused_by_key(first, second):
    with pytest.raises(SettingsError, match=r"outages\[2\].*SY\.003.*overlaps with outages\[1\]"):
        draw(planned(stations=("SY.009",)), first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (planned(), planned(start_s=150.0)),
        (planned(), planned(stations=("SY.004",))),
        (planned(), planned(kind="clock", value=1.0)),
        (planned(kind="one_component"), planned(kind="dropout", components=("Z",))),
        (planned(kind="polarity", components=("N",)), planned(kind="polarity", components=("E",))),
    ],
)
def test_outages_that_do_not_meet_stand_side_by_side(first, second):
    assert len(draw(first, second)) == 2


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (planned(stations=("SY.003", "XX.1")), r"outages\[1\]\.stations.*XX\.1"),
        (planned(start_s=86400.0), r"outages\[1\]\.start_s"),
        (planned(components=("X",)), r"outages\[1\]\.components"),
        (planned(kind="one_component", components=("E",)), r"outages\[1\]\.components"),
    ],
)
def test_what_does_not_fit_the_network_is_refused_by_key(bad, words):
    with pytest.raises(SettingsError, match=words):
        draw(planned(stations=("SY.001",)), bad)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"duration_s": -5.0}, "duration_s"),
        ({"start_s": -1.0}, "start_s"),
        ({"kind": "lost"}, "kind"),
        ({"kind": "clock"}, "value"),
        ({"kind": "dead", "value": 2.0}, "value"),
        ({"kind": "orientation", "value": 10.0, "components": ("E",)}, "components"),
    ],
)
def test_impossible_outages_are_refused_by_name(bad, word):
    with pytest.raises(ValueError, match=word):
        planned(**bad)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_no_sample_is_wrong_twice_and_every_fault_is_inside_the_scenario(seed):
    table = draw(
        planned(), OutageSettings(kind="dead", share=0.3, start_s=4e4), instrument=MANY_FAULTS, seed=seed
    )
    assert (table["start_time"] < table["end_time"]).all()
    assert (table["start_time"] >= GRID.start_time).all()
    assert (table["end_time"] <= GRID.utc(GRID.duration_s)).all()
    kinds = table["kind"].where(~table["kind"].isin(MISSING), "missing")
    for component in "ENZ":
        hit = table[table["components"].str.contains(component)]
        for _, rows in hit.groupby([hit["station"], kinds[hit.index]]):
            ordered = rows.sort_values("start_time")
            spans = zip(ordered["start_time"], ordered["end_time"], strict=True)
            assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_faults_of_a_station_do_not_depend_on_the_others():
    whole = draw(instrument=MANY_FAULTS)
    part = draw(instrument=MANY_FAULTS, network=NETWORK.subset([5, 40]))
    expected = whole[whole["station"].isin(["SY.005", "SY.040"])].reset_index(drop=True)
    assert part.equals(expected)


def test_dropouts_come_at_their_rate_and_lengths():
    table = draw(instrument=MANY_FAULTS)
    dropouts = table[table["kind"] == "dropout"]
    alive = len(NETWORK) - (table["kind"] == "dead").sum() - (table["kind"] == "one_component").sum()
    # 20 a station-day, of which a few meet another and are left out.
    assert 0.8 * 20 * alive < len(dropouts) < 1.05 * 20 * alive
    lengths_s = (dropouts["end_time"] - dropouts["start_time"]).dt.total_seconds()
    assert lengths_s.min() >= 0.9
    assert lengths_s.max() <= 600
    assert lengths_s.median() == pytest.approx(np.sqrt(600), rel=0.25)


def test_a_drawn_station_of_one_component_has_mostly_the_vertical():
    recorders = InstrumentSettings(
        **{name: 0 for name in ("dropouts_per_day", "dead_share")}, one_component_share=1
    )
    table = draw(instrument=recorders)
    hit = table[table["kind"] == "one_component"]["components"]
    assert len(hit) == 60
    assert 0.35 < (hit == "E;N").mean() < 0.85
