"""Scenarios: named ones work, files come back, and what is impossible is refused by the name of its key."""

import tomllib

import numpy as np
import pytest

from tremorflow.errors import SettingsError, TremorflowError
from tremorflow.simulate.scenario import (
    NAMED,
    Scenario,
    format_scenario,
    hash_scenario,
    make_scenario,
    read_scenario,
)
from tremorflow.simulate.synthesis import prepare_simulation

SMALL = {
    "duration_s": 600.0,
    "sampling_rate_hz": 25.0,
    "network": {"select": ["N.S3N03", "N.S3N04"]},
    "earthquakes": {"enabled": False},
    "nuisances": {"enabled": False},
}


@pytest.mark.parametrize("name", NAMED)
def test_named_scenarios_are_whole(name, tmp_path):
    scenario = read_scenario(name, seed=77)
    assert scenario.name == name
    assert scenario.description
    assert scenario.seed == 77
    path = tmp_path / "copy.toml"
    path.write_text(format_scenario(scenario), encoding="utf-8")
    assert read_scenario(path) == scenario
    assert hash_scenario(read_scenario(path)) == hash_scenario(scenario)


def test_hash_sees_every_change():
    first = Scenario()
    assert hash_scenario(first) != hash_scenario(make_scenario({"seed": 2}))
    assert hash_scenario(first) != hash_scenario(make_scenario({"medium": {"quality_factor": 201.0}}))


@pytest.mark.parametrize("name", ["weak", "two-sources", "snet-day", "outages"])
def test_the_beginning_of_a_named_scenario_can_be_had(name):
    scenario = read_scenario(name, duration_s=2400.0, sampling_rate_hz=25.0)
    simulation = prepare_simulation(scenario)
    assert simulation.truth.tremor["start_time"].max() < simulation.grid.utc(2400.0)


def test_a_shorter_scenario_leaves_out_what_begins_later():
    day = read_scenario("snet-day")
    hour = read_scenario("snet-day", duration_s=3600.0)
    assert len(hour.tremor) < len(day.tremor)


@pytest.mark.parametrize(
    ("tree", "key"),
    [
        ({"durations_s": 5.0}, "durations_s is not a setting; did you mean duration_s"),
        ({"duration_s": -5.0}, "duration_s"),
        ({"start": "yesterday"}, "yesterday"),
        ({"sampling_rate_hz": 1.0}, "sampling_rate_hz"),
        ({"medium": {"quality_factor": -1.0}}, "medium.quality_factor"),
        ({"site": {"ocean_amplification": [5.0, 1.0]}}, "ocean_amplification"),
        ({"tremor": [{"kind": "bursts", "bursts": [[0, 60, 39.5, 143.3, 16, -1.0]]}]}, "tremor.0"),
        ({"tremor": [{"kind": "bursts", "bursts": [[0, 60, 39.5, 143.3, 500.0, 1e5]]}]}, "depth_km"),
        ({"tremor": [{"kind": "bursts", "bursts": [[9000, 60, 39.5, 143.3, 16, 1e5]]}]}, "tremor"),
        ({"tremor": [{"kind": "bursts", "bursts": [[0, 60, -38.0, 10.0, 16, 1e5]]}]}, "tremor.latitude"),
        ({"network": {"select": ["N.NONE"]}}, "N.NONE"),
        ({"network": {"name": "atlantis"}}, "atlantis"),
        ({"medium": {"model": "no-such-model"}}, "no-such-model"),
        ({"outages": [{"kind": "dead", "stations": ["N.XX"], "start_s": 0, "duration_s": 60}]}, "outages"),
        (
            {"outages": [{"kind": "dead", "stations": ["N.S3N03"], "start_s": 0, "duration_s": -60}]},
            "outages",
        ),
        (
            {
                "outages": [
                    {"kind": "dead", "stations": ["N.S3N03"], "start_s": 0, "duration_s": 60},
                    {"kind": "dead", "stations": ["N.S3N03"], "start_s": 30, "duration_s": 60},
                ]
            },
            "outages",
        ),
        ({"semi_real": {"library": "/nowhere"}}, "semi_real.library"),
    ],
)
def test_what_is_impossible_is_refused_by_name(tree, key):
    with pytest.raises(TremorflowError) as refused:
        prepare_simulation(make_scenario(SMALL | tree))
    assert key in str(refused.value)


def test_unreadable_scenarios_are_refused(tmp_path):
    (tmp_path / "bad.toml").write_text("seed = ", encoding="utf-8")
    for name in ("no-such-scenario", tmp_path / "bad.toml", tmp_path):
        with pytest.raises(SettingsError):
            read_scenario(name)


def test_site_terms_go_into_the_network():
    """The station table of a simulation holds the truth: site terms and sediment delays."""
    simulation = prepare_simulation(make_scenario(SMALL))
    terms = [station.site_amplification for station in simulation.network.stations]
    assert np.all(np.isfinite(terms))
    assert min(terms) >= 4.0
    assert terms == [site.amplification for site in simulation.sites]
    delays = simulation.network.s_delays_s
    np.testing.assert_allclose(delays, [site.s_delay_s for site in simulation.sites], atol=1e-4)
    assert tomllib.loads(format_scenario(simulation.scenario))["seed"] == 1
