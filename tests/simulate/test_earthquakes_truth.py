"""Simulated earthquakes follow the laws of size, of aftershocks and of place that they are said to follow."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tremorflow.geodesy import distances_km
from tremorflow.records import utc
from tremorflow.simulate.earthquakes import EarthquakeSettings, draw_earthquakes
from tremorflow.simulate.geometry import NetworkSettings, simulated_network
from tremorflow.simulate.scene import SampleGrid

START = utc("2020-05-24T00:00:00Z")
NETWORK = simulated_network(NetworkSettings())
SMALL = simulated_network(NetworkSettings(select=("N.S3",)))


def grid(days, rate_hz=100.0):
    return SampleGrid(START, days * 86400.0, rate_hz)


def since_start(table):
    return (table["time"] - START).dt.total_seconds().to_numpy()


@pytest.fixture(scope="module")
def ten_days():
    return draw_earthquakes(EarthquakeSettings(), NETWORK, grid(10), seed=2)


@pytest.mark.parametrize("b_value", [0.8, 1.2])
def test_gutenberg_richter_is_recovered(b_value):
    settings = EarthquakeSettings(
        b_value=b_value, rate_per_day=4904, aftershocks=False, magnitude_max=9, regional_per_day=0,
        teleseisms_per_day=0,
    )  # fmt: skip
    magnitudes = draw_earthquakes(settings, SMALL, grid(1), seed=4)["magnitude"]
    assert len(magnitudes) == pytest.approx(3000 * (1 + 600 / 86400), abs=4 * 3000**0.5)
    estimate = np.log10(np.e) / (magnitudes.mean() - 1.5)  # Aki (1965)
    assert estimate == pytest.approx(b_value, abs=3 * b_value / len(magnitudes) ** 0.5)


ONE_EACH = {  # as many aftershocks as mainshocks, all of M 3, within some 0.3 km
    "magnitude_min": 3.0, "magnitude_max": 3.01, "bath_difference": 0.0, "clustered_share": 0.0,
    "regional_per_day": 0.0, "teleseisms_per_day": 0.0,
}  # fmt: skip


def test_aftershocks_decay_by_omori():
    """Times after the mainshock, found again from the places alone, follow (t + c)**-1.1."""
    table = draw_earthquakes(EarthquakeSettings(rate_per_day=654, **ONE_EACH), SMALL, grid(3), seed=7)
    main, after = table[table["kind"] != "aftershock"], table[table["kind"] == "aftershock"]
    near = distances_km(
        after["latitude"].to_numpy()[:, None], after["longitude"].to_numpy()[:, None],
        main["latitude"].to_numpy(), main["longitude"].to_numpy(),
    )  # fmt: skip
    lag = since_start(after)[:, None] - since_start(main)[None, :]
    own = (near < 1.2) & (lag > 0) & (since_start(main) < 2 * 86400)
    lags = (lag * own).sum(axis=1)[own.sum(axis=1) == 1]
    lags = lags[lags < 86400]  # seen whole for each of these mainshocks
    grown = ((lags + 864) ** -0.1 - 864**-0.1) / ((86400 + 864) ** -0.1 - 864**-0.1)
    assert len(lags) > 300
    assert stats.kstest(grown, "uniform").pvalue > 0.01
    assert stats.kstest(lags / 86400, "uniform").pvalue < 1e-6


@pytest.mark.parametrize(("difference", "each"), [(0.0, 1.0), (0.3, 0.5)])
def test_baths_law_counts_the_aftershocks(difference, each):
    """One as large as the mainshock less the difference; with b = 1, half of one 0.3 above that."""
    options = ONE_EACH | {"bath_difference": difference, "omori_c_s": 1.0, "omori_p": 2.0}  # all at once
    table = draw_earthquakes(EarthquakeSettings(rate_per_day=4904, **options), SMALL, grid(1), seed=9)
    after = (table["kind"] == "aftershock").sum()
    assert after / (len(table) - after) == pytest.approx(each, rel=0.08)


def test_aftershocks_are_not_larger_than_their_mainshock_and_near_it():
    settings = EarthquakeSettings(rate_per_day=490, regional_per_day=0, teleseisms_per_day=0)
    table = draw_earthquakes(settings, SMALL, grid(5), seed=4)
    after = table[table["kind"] == "aftershock"]
    assert after["magnitude"].max() <= table[table["kind"] != "aftershock"]["magnitude"].max()
    assert len(after) > 100


def test_aftershocks_of_yesterdays_mainshocks_are_there():
    """In half an hour: of the aftershocks of the day before, 0.67 of all those of 30 days are counted."""
    table = draw_earthquakes(EarthquakeSettings(rate_per_day=32691, **ONE_EACH), SMALL, grid(0.02), seed=3)
    after = (table["kind"] == "aftershock").sum()
    assert after / (len(table) - after) == pytest.approx(0.67, abs=0.1)


def test_default_rate_is_that_of_ne_japan(ten_days):
    """About 260 M >= 1.5 a day around S-net; the lists see 30 M >= 5 a year, which b = 1 makes 260."""
    near = ~ten_days["kind"].isin(["regional", "teleseism"])
    assert near.sum() / 10 == pytest.approx(230, abs=70)
    assert set(ten_days["kind"]) == {"interface", "slab", "crust", "aftershock", "regional", "teleseism"}
    counts = ten_days["kind"].value_counts()
    main = counts[["interface", "slab", "crust"]]
    assert main["interface"] / main.sum() == pytest.approx(0.5, abs=0.05)
    assert main["slab"] / main.sum() == pytest.approx(0.3, abs=0.05)


def test_kinds_are_where_they_belong(ten_days):
    """The interface dips 10 degrees to the west-north-west; slab events are below it, crustal ones above."""

    def depth_at(kind, longitudes):
        rows = ten_days[(ten_days["kind"] == kind) & ten_days["longitude"].between(*longitudes)]
        rows = rows[rows["latitude"].between(37, 40)]
        return rows["depth_km"].mean()

    west, east = (141.0, 142.3), (143.0, 144.5)
    assert depth_at("interface", west) > depth_at("interface", east) + 10
    for area in (west, east):
        assert depth_at("crust", area) < depth_at("interface", area) < depth_at("slab", area)


def test_no_source_is_in_the_water(ten_days):
    near = ten_days[~ten_days["kind"].isin(["regional", "teleseism"])]
    distances = distances_km(
        NETWORK.latitudes[:, None], NETWORK.longitudes[:, None],
        near["latitude"].to_numpy(), near["longitude"].to_numpy(),
    )  # fmt: skip
    floor_km = -NETWORK.elevations_m[np.argmin(distances, axis=0)] / 1000
    assert (near["depth_km"].to_numpy() >= floor_km + 1.99).all()
    assert near["depth_km"].max() <= 100


def test_regional_ones_are_large_and_in_their_ring():
    settings = EarthquakeSettings(rate_per_day=0, regional_per_day=100, teleseisms_per_day=0)
    table = draw_earthquakes(settings, SMALL, grid(2), seed=1)
    assert (table["kind"] == "regional").all()
    assert table["magnitude"].min() >= 4
    middle = SMALL.latitudes.mean(), SMALL.longitudes.mean()
    distance = distances_km(*middle, table["latitude"], table["longitude"])
    assert 200 < distance.min() < distance.max() < 900
    assert np.median(distance) == pytest.approx(np.sqrt((300**2 + 800**2) / 2), rel=0.1), "uniform over area"


def test_places_draw_earthquakes_to_the_tremor():
    settings = EarthquakeSettings(
        places=((39.6, 143.2),), clustered_share=1.0, aftershocks=False, regional_per_day=0,
        teleseisms_per_day=0,
    )  # fmt: skip
    table = draw_earthquakes(settings, NETWORK, grid(1), seed=1)
    distance = distances_km(39.6, 143.2, table["latitude"], table["longitude"])
    assert np.sqrt(np.mean(distance**2) / 2) == pytest.approx(10, rel=0.15)


def test_the_coda_of_ten_minutes_before_is_in(ten_days):
    times = since_start(ten_days[ten_days["kind"] != "teleseism"])
    assert -600 <= times.min() < 0
    assert since_start(ten_days).max() < 10 * 86400
    assert ten_days["time"].is_monotonic_increasing
    assert ten_days["event_id"].is_unique


def test_same_seed_same_table_and_hours_are_the_same_in_any_scenario(ten_days):
    again = draw_earthquakes(EarthquakeSettings(), NETWORK, grid(10, 25.0), seed=2)
    pd.testing.assert_frame_equal(again, ten_days)
    near_only = EarthquakeSettings(teleseisms_per_day=0)
    long, short = (draw_earthquakes(near_only, NETWORK, grid(days), seed=2) for days in (1.0, 0.25))
    pd.testing.assert_frame_equal(long.iloc[: len(short)], short)
    assert len(draw_earthquakes(EarthquakeSettings(enabled=False), NETWORK, grid(1), seed=2)) == 0
    assert len(draw_earthquakes(EarthquakeSettings(), NETWORK, grid(10), seed=3)) != len(ten_days)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"rate_per_day": -1.0}, "rate_per_day"),
        ({"magnitude_min": 6.0, "magnitude_max": 5.0}, "magnitude_min"),
        ({"share_interface": 0.0, "share_slab": 0.0, "share_crust": 0.0}, "share_interface"),
        ({"regional_far_km": 200.0}, "regional_near_km"),
        ({"places": ((99.0, 0.0),)}, "places"),
    ],
)
def test_impossible_settings_are_refused_with_the_key(options, key):
    with pytest.raises(ValueError, match=key):
        EarthquakeSettings(**options)
