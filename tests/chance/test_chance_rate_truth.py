"""What is coherent is gone after shifting, what is independent stays as often as it was."""

import numpy as np
import pandas as pd
import pytest
from chance_cases import (
    BURSTS_S,
    LOCATION,
    SOURCE,
    START,
    associate,
    bumps,
    five_bursts,
    independent,
    locating,
    probabilities_of,
    square_network,
)

from tremorflow.analysis import finish_catalog, locate_groups
from tremorflow.catalog.quality import CatalogSettings
from tremorflow.chance import ChanceSettings, mask_episodes, measure_chance_rate
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.locate import LocationSettings
from tremorflow.records import timedelta

DAY = 1440
LOOSE = LocationSettings(depth="fixed", fixed_depth_km=30.0, min_stations=4, max_sources=1)


@pytest.fixture(scope="module")
def tremor():
    """Twelve hours of sixteen stations on which five bursts are heard, by their envelopes too; simulated."""
    return five_bursts()


def test_tremor_is_found_as_recorded_and_not_after_shifting(tremor):
    probabilities, envelopes = tremor
    network = probabilities.network
    places = locating(network, envelopes)
    recorded = associate(probabilities)
    found, _ = locate_groups(envelopes, recorded, places.grid, LOCATION, "")
    for start in BURSTS_S:
        late = (found.events["time"] - pd.Timestamp(START)).dt.total_seconds() - start
        away = distances_km(*SOURCE[:2], found.events["latitude"], found.events["longitude"])
        assert ((away < 5) & late.between(0, 100).to_numpy()).any()
    kept = associate(probabilities, all_usable=False)  # so that nothing is left out before shifting
    chance = measure_chance_rate(kept, places, ChanceSettings(repeats=3)).rate
    assert chance.left_out_share == 0
    assert chance.events == 0
    assert chance.days == pytest.approx(1.5)
    assert chance.low == 0
    assert chance.high == pytest.approx(-np.log(0.025) / 1.5)  # of no event in so many days
    assert chance.least_shift_s >= 2400  # twelve hours for sixteen stations
    assert all(rate.count == 0 for rate in chance.by_quality.values())


def test_episodes_are_left_out_of_probabilities_envelopes_and_days(tremor):
    probabilities, envelopes = tremor
    recorded = associate(probabilities)
    mask = mask_episodes(recorded, ChanceSettings(margin_s=300.0))
    assert mask.all(axis=0).sum() == mask.any(axis=0).sum() == 12 * len(BURSTS_S)  # 5 + 2 + 5 windows
    chance = measure_chance_rate(recorded, locating(probabilities.network, envelopes))
    share = 12 * len(BURSTS_S) / (DAY / 2)
    assert chance.rate.left_out_share == pytest.approx(share)
    assert chance.rate.days == pytest.approx(0.5 * (1 - share))
    assert chance.rate.groups.count == 0


def test_independent_stations_give_the_rate_of_groups_that_they_have_unshifted():
    network, days = square_network(4), 4
    probabilities = probabilities_of(network, independent(network, days * DAY, 0.06, seed=2))
    recorded = associate(probabilities, all_usable=False)
    expected = len(recorded.groups) / days
    chance = measure_chance_rate(recorded, locating(network, None), ChanceSettings(repeats=2)).rate
    assert expected > 5
    error = np.sqrt(expected / days + expected / chance.days)
    assert chance.groups.value == pytest.approx(expected, abs=3 * error)
    assert chance.least_shift_s >= 6 * 3600


def test_stations_that_fail_together_make_no_group_after_shifting():
    """A third of the false alarms come at all stations at once: as recorded they are groups, shifted not."""
    network = square_network(4)
    alone = independent(network, 5 * DAY, 0.002, seed=3)
    together = np.random.default_rng(4).random(5 * DAY) < 0.01
    alone[:, together] = 0.98
    recorded = associate(probabilities_of(network, alone), all_usable=False)
    chance = measure_chance_rate(recorded, locating(network, None), ChanceSettings(repeats=2)).rate
    assert len(recorded.groups) / 5 > 10
    assert chance.groups.value < 0.1 * len(recorded.groups) / 5


@pytest.fixture(scope="module")
def noisy():
    """Two days of nine stations of which each takes bursts of its own for tremor; location is lenient."""
    network = square_network(3)
    p_tremor = independent(network, 2 * DAY, 0.1, seed=6)
    envelopes = bumps(network, p_tremor, seed=3)
    return probabilities_of(network, p_tremor), locating(network, envelopes, LOOSE)


def test_chance_events_have_grades_that_add_up_and_the_same_seed_gives_the_same(noisy):
    probabilities, places = noisy
    recorded = associate(probabilities, all_usable=False)
    first = measure_chance_rate(recorded, places, ChanceSettings(repeats=1, seed=4))
    again = measure_chance_rate(recorded, places, ChanceSettings(repeats=1, seed=4))
    other = measure_chance_rate(recorded, places, ChanceSettings(repeats=1, seed=5))
    assert first.rate == again.rate
    pd.testing.assert_frame_equal(first.events, again.events)
    assert first.rate.events == len(first.events) > 5
    assert sum(rate.count for rate in first.rate.by_quality.values()) == first.rate.events
    assert first.rate.per_day == first.rate.events / 2
    assert first.rate.low < first.rate.per_day < first.rate.high
    assert not first.events[["time", "latitude"]].equals(other.events[["time", "latitude"]])
    assert first.events["gain"].notna().all()


def test_independent_stations_give_the_rate_of_events_that_they_have_unshifted(noisy):
    probabilities, places = noisy
    recorded = associate(probabilities)
    found, _ = locate_groups(
        places.read(START, START + timedelta(2 * 86400.0)), recorded, places.grid, LOOSE, ""
    )
    expected = len(finish_catalog(found.events, CatalogSettings()))
    kept = associate(probabilities, all_usable=False)
    chance = measure_chance_rate(kept, places, ChanceSettings(repeats=2)).rate
    assert expected > 5
    assert chance.low < expected / 2 < chance.high


def test_the_order_of_stations_changes_no_number(noisy):
    probabilities, places = noisy
    order = np.random.default_rng(2).permutation(9)
    network = probabilities.network.subset(order.tolist())
    turned = probabilities_of(network, probabilities.p_tremor[order].astype(np.float64))
    whole = places.read(START, START + timedelta(2 * 86400.0))
    envelopes = type(whole)(network, ("H1",), whole.values[order], START, 1.0, (2.0, 8.0), "m/s")
    first = measure_chance_rate(associate(probabilities, all_usable=False), places)
    again = measure_chance_rate(associate(turned, all_usable=False), locating(network, envelopes, LOOSE))
    assert again.rate.groups == first.rate.groups
    assert again.rate.least_shift_s == first.rate.least_shift_s
    assert again.rate.events == first.rate.events


def test_a_gap_of_all_stations_is_no_network_day():
    network = square_network(4)
    probabilities = probabilities_of(network, np.full((16, 400), 0.001), gap_after=150)
    chance = measure_chance_rate(associate(probabilities), locating(network, None)).rate
    assert chance.days == pytest.approx(400 / DAY)


def test_what_is_not_classified_or_too_short_is_refused():
    network = square_network(4)
    with pytest.raises(DataError, match="there are none"):
        measure_chance_rate(
            associate(probabilities_of(network, np.full((16, 50), np.nan))), locating(network, None)
        )
    with pytest.raises(DataError, match="give a longer span"):
        measure_chance_rate(
            associate(probabilities_of(network, np.full((16, 30), 0.001))), locating(network, None)
        )
