"""Simulated tremor obeys the definition of a burst and the laws it is said to follow."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tremorflow.errors import SettingsError
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.records import Network, Station, utc
from tremorflow.simulate.geometry import NetworkSettings, is_inside, network_outline, simulated_network
from tremorflow.simulate.scene import SampleGrid
from tremorflow.simulate.tremor import TremorSettings, draw_tremor

START = utc("2020-05-24T00:00:00Z")
DAY = SampleGrid(START, 86400.0, 100.0)
NETWORK = simulated_network(NetworkSettings())
EPISODE = TremorSettings(bursts_per_hour=20, rate_spread=0.5)
UNIFORM = TremorSettings(kind="uniform", n_bursts=150)
PAIRS = TremorSettings(kind="pairs", n_bursts=60, separations_km=(40.0, 100.0, 300.0))


@pytest.fixture(scope="module")
def drawn():
    return draw_tremor([EPISODE, UNIFORM, PAIRS], NETWORK, DAY, seed=5)


def since_start(times):
    return (times - START).dt.total_seconds().to_numpy()


def test_bursts_are_as_defined(drawn):
    """The LFEs of one patch with gaps < 30 s, at most 300 s, else split: found again from the LFEs alone."""
    tremor, lfe = drawn
    patches = lfe.groupby(["latitude", "longitude", "depth_km"])
    gaps = patches["time"].diff().dt.total_seconds()
    new = patches["burst_id"].shift() != lfe["burst_id"]
    assert (gaps[~new] < 30).all()
    assert (gaps[new & gaps.notna()] >= 29.6).all()  # an LFE lasts 0.3 s
    lasting = (tremor["end_time"] - tremor["start_time"]).dt.total_seconds()
    assert lasting.between(1, 300 + 1e-6).all()
    counts = lfe.groupby("burst_id").size()
    assert (counts.loc[tremor["burst_id"]].to_numpy() == tremor["n_lfe"].to_numpy()).all()
    assert tremor["n_lfe"].min() >= 2
    first, last = lfe.groupby("burst_id")["time"].min(), lfe.groupby("burst_id")["time"].max()
    assert (first.loc[tremor["burst_id"]].to_numpy() == tremor["start_time"].to_numpy()).all()
    assert (last.loc[tremor["burst_id"]].to_numpy() < tremor["end_time"].to_numpy()).all()


def test_a_long_listed_burst_is_split_and_keeps_its_energy():
    listed = TremorSettings(
        kind="bursts", bursts=((100.0, 700.0, 39.0, 143.0, 16.0, 3e5), (900.0, 60.0, 39.0, 143.0, 16.0, 1e4))
    )
    tremor, _ = draw_tremor([listed], NETWORK, DAY, seed=1)
    assert len(tremor) == 4
    assert len(set(tremor["episode_id"])) == 2
    assert tremor["energy_j"].iloc[:3].sum() == pytest.approx(3e5)
    assert since_start(tremor["end_time"])[2] == pytest.approx(800)


def test_energies_of_lfes_sum_to_their_burst_and_its_time_is_their_centroid(drawn):
    tremor, lfe = drawn
    sums = lfe.groupby("burst_id")["energy_j"].sum().loc[tremor["burst_id"]]
    np.testing.assert_allclose(sums, tremor["energy_j"], rtol=1e-9)
    weighted = pd.Series(since_start(lfe["time"]) * lfe["energy_j"]).groupby(lfe["burst_id"]).sum()
    centroid = (weighted / lfe.groupby("burst_id")["energy_j"].sum()).loc[tremor["burst_id"]]
    np.testing.assert_allclose(since_start(tremor["time"]), centroid, atol=1e-4)


def test_amplitudes_of_lfes_are_exponential():
    """Within a long burst of many LFEs the energies, relative to the burst's, have exponential roots."""
    bursts = tuple((400.0 * k, 300.0, 39.0, 143.0, 16.0, 1.0) for k in range(20))
    _, lfe = draw_tremor([TremorSettings(kind="bursts", bursts=bursts)], NETWORK, DAY, seed=3)
    amplitudes = np.sqrt(lfe["energy_j"])
    relative = amplitudes / amplitudes.groupby(lfe["burst_id"]).transform("mean")
    assert stats.kstest(relative, stats.expon.cdf).pvalue > 0.01
    intervals = lfe.groupby("burst_id")["time"].diff().dt.total_seconds().dropna()
    assert intervals.mean() == pytest.approx(2.0, rel=0.15)
    assert intervals.std() > 1.1 * intervals.mean(), "the rate waxes and wanes: more spread than Poisson"


def test_burst_sizes_follow_their_laws():
    many = TremorSettings(kind="uniform", n_bursts=1500, min_interval_s=30, burst_max_s=30)
    flat, _ = draw_tremor([many], NETWORK, DAY, seed=2)
    law = stats.uniform(3.5, 3.0)
    assert stats.kstest(np.log10(flat["energy_j"]), law.cdf).pvalue > 0.01
    curved = TremorSettings(
        kind="uniform", n_bursts=1500, min_interval_s=30, burst_max_s=30, size_law="exponential"
    )
    sizes, _ = draw_tremor([curved], NETWORK, DAY, seed=2)
    amplitudes = np.sqrt(sizes["energy_j"] / 1e5)
    low, high = 10**-0.75, 10**0.75
    assert amplitudes.between(low, high).all()
    law = stats.truncexpon(b=high - low, loc=low)
    assert stats.kstest(amplitudes, law.cdf).pvalue > 0.01
    assert stats.kstest(np.log10(sizes["energy_j"]), stats.uniform(3.5, 3.0).cdf).pvalue < 1e-6


@pytest.mark.parametrize("speed", [10.0, -25.0])
def test_an_episode_migrates_along_strike_at_its_speed(speed):
    one = TremorSettings(
        migration_km_per_day=speed, along_strike_km=80, front_km=5, bursts_per_hour=30, rate_spread=0.3
    )
    grid = SampleGrid(START, 3 * 86400.0, 25.0)
    tremor, _ = draw_tremor([one], NETWORK, grid, seed=11)
    east, north = LocalFrame(39.6, 143.2).to_km(tremor["latitude"], tremor["longitude"])
    strike = np.radians(198)
    along = east * np.sin(strike) + north * np.cos(strike)
    across = east * np.cos(strike) - north * np.sin(strike)
    fit = stats.linregress(since_start(tremor["time"]) / 86400, along)
    assert fit.slope == pytest.approx(speed, abs=max(4 * fit.stderr, 0.03 * abs(speed)))
    assert np.abs(across).max() < 12.5 + 2
    assert tremor["depth_km"].mean() == pytest.approx(16, abs=1)


def test_a_reversal_runs_back_fast():
    one = TremorSettings(
        migration_km_per_day=10, front_km=3, bursts_per_hour=60, rate_spread=0, reversals_per_day=6,
        burst_max_s=30, burst_scale_s=5, patch_spacing_km=2, along_strike_km=60,
    )  # fmt: skip
    grid = SampleGrid(START, 3 * 86400.0, 25.0)
    tremor, _ = draw_tremor([one], NETWORK, grid, seed=4)
    east, north = LocalFrame(39.6, 143.2).to_km(tremor["latitude"], tremor["longitude"])
    along = east * np.sin(np.radians(198)) + north * np.cos(np.radians(198))
    behind = 10 * since_start(tremor["time"]) / 86400 - 30 - along
    assert behind.max() > 7  # 250 km a day for an hour: up to 10 km, but for the patches' reach
    assert np.median(behind) == pytest.approx(0, abs=1.5)


def test_bursts_repeat_at_patches(drawn):
    tremor = drawn[0]
    episode = tremor[tremor["episode_id"] == "episode-0"]
    places = episode.groupby(["latitude", "longitude", "depth_km"]).size()
    assert len(episode) > 2 * len(places)
    assert len(places) > 10


def test_the_rate_of_bursts_waxes_and_wanes():
    steady = TremorSettings(rate_spread=0.0, bursts_per_hour=30, burst_max_s=30)
    tidal = TremorSettings(rate_spread=1.0, bursts_per_hour=30, burst_max_s=30)
    grid = SampleGrid(START, 2 * 86400.0, 25.0)
    hourly = []
    for one in (steady, tidal):
        times = since_start(draw_tremor([one], NETWORK, grid, seed=8)[0]["start_time"])
        hourly.append(np.histogram(times, bins=np.arange(0, 2 * 86400 + 1, 3600))[0])
    assert hourly[0].mean() == pytest.approx(30, abs=2.5)
    assert hourly[0].var() / hourly[0].mean() < 2
    assert hourly[1].var() / hourly[1].mean() > 4


def test_pairs_are_simultaneous_inside_and_as_far_apart_as_asked(drawn):
    tremor = drawn[0]
    pairs = tremor[tremor["episode_id"].str.startswith("pair-")]
    assert len(pairs) == 120
    outline = network_outline(NETWORK)
    for k, (_, pair) in enumerate(pairs.groupby("episode_id")):
        a, b = pair.iloc[0], pair.iloc[1]
        separation = distances_km(a["latitude"], a["longitude"], b["latitude"], b["longitude"])
        assert separation == pytest.approx((40, 100, 300)[k % 3], rel=1e-3)
        assert abs((a["start_time"] - b["start_time"]).total_seconds()) <= 30
        assert abs(np.log(a["energy_j"] / b["energy_j"])) <= np.log(2) + 1e-9
        assert min((x["end_time"] - x["start_time"]).total_seconds() for x in (a, b)) >= 99.99
        assert is_inside(outline, pair["latitude"], pair["longitude"]).all()


def test_uniform_bursts_keep_their_distance_in_time_and_stay_inside(drawn):
    tremor = drawn[0]
    alone = tremor[tremor["episode_id"].str.startswith("uniform")]
    assert len(alone) == 150, "none is dropped"
    quiet = (alone["start_time"].iloc[1:].to_numpy() - alone["end_time"].iloc[:-1].to_numpy()) / 1e9
    assert quiet.astype(float).min() >= 300 - 1e-3
    assert is_inside(network_outline(NETWORK), alone["latitude"], alone["longitude"]).all()


def test_everything_is_inside_the_scenario_and_in_order(drawn):
    tremor, lfe = drawn
    assert since_start(tremor["start_time"]).min() >= 0
    assert since_start(tremor["end_time"]).max() <= 86400
    assert tremor["start_time"].is_monotonic_increasing
    assert lfe["time"].is_monotonic_increasing
    assert tremor["burst_id"].is_unique


def test_same_seed_same_tables_whatever_the_sampling_rate(drawn):
    again = draw_tremor([EPISODE, UNIFORM, PAIRS], NETWORK, SampleGrid(START, 86400.0, 25.0), seed=5)
    pd.testing.assert_frame_equal(again[0], drawn[0])
    pd.testing.assert_frame_equal(again[1], drawn[1])
    other = draw_tremor([EPISODE], NETWORK, DAY, seed=6)[0]
    assert not np.isin(other["energy_j"], drawn[0]["energy_j"]).any()


def test_no_settings_no_tremor():
    tremor, lfe = draw_tremor([], NETWORK, DAY, seed=1)
    assert len(tremor) == len(lfe) == 0
    quiet = draw_tremor([TremorSettings(kind="uniform", n_bursts=0)], NETWORK, DAY, seed=1)
    assert len(quiet[0]) == len(quiet[1]) == 0


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"start_s": 90000.0}, r"tremor\[1\].start_s"),
        ({"duration_s": 90000.0}, r"tremor\[1\].duration_s"),
        ({"duration_s": 80000.0, "along_strike_km": 5}, r"tremor\[1\].duration_s.*along_strike_km"),
        ({"kind": "uniform", "n_bursts": 1000}, r"tremor\[1\].n_bursts"),
        ({"kind": "pairs", "n_bursts": 2, "separations_km": (3000.0,)}, r"tremor\[1\].separations_km"),
        ({"kind": "bursts", "bursts": ((86390.0, 60.0, 39, 143, 16, 1e4),)}, r"tremor\[1\].bursts\[0\]"),
        (
            {"kind": "bursts", "bursts": ((0.0, 60.0, 39, 143, 16, 1e4), (70.0, 60.0, 39, 143, 16, 1e4))},
            r"tremor\[1\].bursts\[1\].*bursts\[0\]",
        ),
    ],
)
def test_sources_without_room_are_refused_with_the_key(options, key):
    with pytest.raises(SettingsError, match=key):
        draw_tremor([EPISODE, TremorSettings(**options)], NETWORK, DAY, seed=1)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"log10_energy_min": 7.0}, "log10_energy_min"),
        ({"kind": "bursts", "bursts": ((0.0, 60.0, 39, 143, 16, -1e4),)}, r"bursts\[0\]"),
        ({"separation_min_km": 400.0}, "separation_min_km"),
        ({"polygon": ((39.0, 143.0), (39.0, 144.0))}, "polygon"),
        ({"kind": "swarm"}, "kind"),
        ({"width_km": -1.0}, "width_km"),
    ],
)
def test_impossible_settings_are_refused_with_the_key(options, key):
    with pytest.raises(ValueError, match=key):
        TremorSettings(**options)


def test_a_network_without_inside_needs_a_polygon():
    two = Network((Station("XX", "A", 39, 143, 0), Station("XX", "B", 39.2, 143, 0)))
    with pytest.raises(SettingsError, match=r"tremor\[0\].polygon"):
        draw_tremor([UNIFORM], two, DAY, seed=1)
    corners = ((38.9, 142.9), (38.9, 143.4), (39.4, 143.1))
    given = TremorSettings(kind="uniform", n_bursts=20, polygon=corners)
    tremor, _ = draw_tremor([given], two, DAY, seed=1)
    assert is_inside(np.array(corners), tremor["latitude"], tremor["longitude"]).all()
