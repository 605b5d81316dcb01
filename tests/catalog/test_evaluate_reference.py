"""Catalogues with known faults against a known truth, scored by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from typer.testing import CliRunner

from tremorflow.catalog.evaluate import Evaluation, evaluate_catalog, read_span
from tremorflow.catalog.evaluate_report import evaluation_json, evaluation_table
from tremorflow.catalog.evaluate_rules import EvaluationSettings
from tremorflow.catalog.evaluate_scores import bias, poisson_rate
from tremorflow.catalog.formats import write_catalog
from tremorflow.cli import app
from tremorflow.errors import CatalogError, DataError
from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network, Station, event_table
from tremorflow.truth import Truth, truth_table, write_truth

START = pd.Timestamp("2017-03-01T00:00:00")
DAY = (np.datetime64("2017-03-01", "ns"), np.datetime64("2017-03-02", "ns"))
FRAME = LocalFrame(38.5, 143.0)
RULES = EvaluationSettings()


def places(east_km: object, north_km: object) -> dict[str, object]:
    latitudes, longitudes = FRAME.to_degrees(east_km, north_km)
    return {"latitude": latitudes, "longitude": longitudes}


def bursts(
    seconds: list[float], east: list[float], length_s: float = 60.0, **columns: object
) -> pd.DataFrame:
    """Truth: bursts of this length whose centroid is half way, on a line from west to east."""
    starts = START + pd.to_timedelta(np.asarray(seconds, float), "s")
    rows = {
        "burst_id": [f"b{number}" for number in range(len(seconds))],
        "episode_id": "episode-1",
        "start_time": starts,
        "end_time": starts + pd.Timedelta(length_s, "s"),
        "time": starts + pd.Timedelta(length_s / 2, "s"),
        "depth_km": 16.0,
        "energy_j": 1e4,
        "n_stations_snr2": 4,
        "snr_best": 2.5,
        **places(east, np.zeros(len(seconds))),
    }
    return truth_table("tremor", pd.DataFrame(rows | columns))


def perfect(tremor: pd.DataFrame) -> pd.DataFrame:
    """Catalogue that says exactly what the truth says."""
    columns = ["time", "start_time", "end_time", "latitude", "longitude", "depth_km", "energy_j"]
    return event_table(tremor[columns].assign(event_id=tremor["burst_id"].str.replace("b", "e")))


def moved(events: pd.DataFrame, east_km: float = 0.0, later_s: float = 0.0) -> pd.DataFrame:
    east, north = FRAME.to_km(events["latitude"], events["longitude"])
    shifted = events.assign(**places(east + east_km, north))
    for name in ("time", "start_time", "end_time"):
        shifted[name] += pd.Timedelta(later_s, "s")
    return shifted


def score(events: pd.DataFrame, tremor: pd.DataFrame, **tables: pd.DataFrame) -> Evaluation:
    return evaluate_catalog(events, Truth(tremor=tremor, **tables), RULES, span=DAY)


SPREAD = bursts([3600, 10000, 20000, 40000], [0, 30, -30, 60])


def test_a_perfect_catalogue_has_everything_and_nothing_else() -> None:
    result = score(perfect(SPREAD), SPREAD)
    assert (result.recall.value, result.precision.value, result.false.all.value) == (1.0, 1.0, 0.0)
    assert (result.duplicates_per_match, result.chance_recall.value) == (0.0, 0.0)
    assert result.errors.location.p90 == pytest.approx(0, abs=1e-9)
    assert (result.errors.energy_log10.median, result.errors.time_s.sd) == (0.0, 0.0)


def test_a_catalogue_six_hours_late_finds_nothing() -> None:
    result = score(moved(perfect(SPREAD), later_s=21600), SPREAD)
    assert (result.recall.hits, result.false.all.count) == (0, 4)
    # 6 h later and wrapped within the day: three of four times are 12 h off, none is right
    assert result.chance_recall.hits == 0
    six_hours_early = score(moved(perfect(SPREAD), later_s=-21600)[2:], SPREAD)
    assert (six_hours_early.recall.hits, six_hours_early.chance_recall.hits) == (0, 1)


def test_the_shifted_copy_is_wrapped_inside_the_span() -> None:
    tremor = bursts(
        [1800, 66600], [0, 0]
    )  # the second, at 18:30, comes to 0:30 of the next day: to the first
    result = score(perfect(tremor)[1:], tremor)
    assert (result.chance_shift_s, result.chance_recall.hits) == (21600, 1)
    assert result.recall_above_chance == 0.0
    assert score(moved(perfect(tremor)[1:], later_s=-400), tremor).chance_recall.hits == 0


def test_a_span_shorter_than_the_shift_is_shifted_by_its_half() -> None:
    hour = (DAY[0], DAY[0] + np.timedelta64(3600, "s"))
    tremor = bursts([300, 2100, 3000], [0, 0, 0])
    result = evaluate_catalog(perfect(tremor), Truth(tremor=tremor), RULES, span=hour)
    # not a whole turn, which would find all: 300 <-> 2100 s are half an hour apart, 3000 s has no partner
    assert (result.chance_shift_s, result.chance_recall.hits) == (1800, 2)
    minutes = (DAY[0], DAY[0] + np.timedelta64(240, "s"))
    one = bursts([60], [0])  # moved by half of four minutes it is still inside the gate
    short = evaluate_catalog(perfect(one), Truth(tremor=one), RULES, span=minutes)
    assert short.recall.hits == 1
    assert np.isnan(short.chance_recall.value)
    assert evaluation_json(short)["chance_recall"]["value"] is None


def test_doubled_events_are_duplicates_not_false() -> None:
    once = perfect(SPREAD)
    result = score(pd.concat([once, moved(once, 5.0).assign(event_id="again")]), SPREAD)
    assert (result.recall.value, result.duplicates_per_match, result.false.all.count) == (1.0, 1.0, 0)
    assert (result.precision.value, result.precision_without_duplicates.value) == (0.5, 1.0)
    assert result.errors.location.median == pytest.approx(0, abs=1e-9)


def test_sixty_km_are_outside_the_gate_and_inside_the_wide_one() -> None:
    result = score(moved(perfect(SPREAD), east_km=60.0), SPREAD)
    assert (result.recall.hits, result.false.all.count) == (0, 4)
    assert result.errors.location.n == 0
    assert result.errors_wide.location.n == 4
    assert result.errors_wide.location.median == pytest.approx(60, abs=0.5)
    assert result.errors_wide.east_km.median == pytest.approx(60, abs=0.5)


def test_an_empty_catalogue_misses_everything() -> None:
    result = score(event_table(), SPREAD)
    assert (result.recall.value, result.false.all.value) == (0.0, 0.0)
    assert result.false.all.high == pytest.approx(3.689, abs=1e-3)  # the "rule of three", exact, 97.5 %
    assert np.isnan(result.precision.value)
    assert "recall" in evaluation_table(result)
    json.dumps(evaluation_json(result), allow_nan=False)


def test_without_tremor_there_is_no_recall_but_a_false_rate() -> None:
    result = score(perfect(SPREAD), truth_table("tremor"))
    assert np.isnan(result.recall.value)
    assert evaluation_json(result)["recall"]["value"] is None
    assert (result.precision.value, result.false.all.value) == (0.0, 4.0)
    nothing = evaluate_catalog(event_table(), Truth(), RULES)
    assert nothing.days == 0
    assert evaluation_json(nothing)["false_per_day"]["all"]["value"] is None
    assert "nothing to count" in evaluation_table(nothing)


def test_what_cannot_be_placed_or_is_outside_is_counted_and_left_out() -> None:
    events = perfect(SPREAD)
    events.loc[0, "latitude"] = np.nan
    events.loc[1, "time"] = pd.NaT
    events.loc[2, ["time", "start_time", "end_time"]] = START + pd.Timedelta(2, "D")
    result = score(events, SPREAD)
    assert (result.unlocated, result.events_outside, result.recall.hits) == (2, 1, 1)
    assert (result.precision.value, result.false.all.count) == (1.0, 0)
    half = evaluate_catalog(
        perfect(SPREAD), Truth(tremor=SPREAD), RULES, span=(DAY[0], DAY[0] + np.timedelta64(5, "h"))
    )
    assert (half.bursts_outside, half.events_outside, half.recall.of) == (2, 2, 2)


def test_intervals_of_rates_are_those_of_a_poisson_count() -> None:
    rate = poisson_rate(7, 2.0)
    assert rate.value == 3.5
    assert rate.low == pytest.approx(chi2.ppf(0.025, 14) / 4)
    assert rate.high == pytest.approx(chi2.ppf(0.975, 16) / 4)
    assert poisson_rate(0, 10.0).low == 0.0


def test_recall_is_split_by_stations_snr_energy_and_region() -> None:
    tremor = bursts(
        [1000, 5000, 10000, 20000, 30000],
        [0, 10, 20, 150, 0],
        n_stations_snr2=[0, 2, 3, 10, 5],
        snr_best=[0.4, 1.0, 2.0, 40.0, 2.9],
        energy_j=[1e3, 2e3, 1e4, np.nan, 9e4],
    )
    stations = [Station("X", name, *FRAME.to_degrees(e, n), 0.0) for name, e, n in CORNERS]
    result = evaluate_catalog(
        perfect(tremor)[2:4], Truth(tremor=tremor), RULES, Network(tuple(stations)), DAY
    )
    counted = {
        key: {one.label: (one.recall.hits, one.recall.of) for one in bins if one.recall.of}
        for key, bins in result.recall_bins.items()
    }
    assert counted["n_stations_snr2"] == {"0": (0, 1), "1-2": (0, 1), "3-5": (1, 2), "10+": (1, 1)}
    assert counted["snr_best"] == {"0 to 0.5": (0, 1), "1 to 1.5": (0, 1), "2 to 3": (1, 2), "10+": (1, 1)}
    assert counted["log10_energy_j"] == {
        "3 to 3.5": (0, 2), "4 to 4.5": (1, 1), "4.5 to 5": (0, 1), "unknown": (1, 1),
    }  # fmt: skip
    assert counted["region"] == {"inside the network": (1, 4), "outside the network": (1, 1)}
    by_latitude = evaluate_catalog(perfect(tremor), Truth(tremor=tremor), RULES, span=DAY)
    assert [one.label for one in by_latitude.recall_bins["region"]] == ["latitude +38"]
    line = Network(tuple(stations[:2]))
    assert "latitude +38" in evaluation_table(
        evaluate_catalog(perfect(tremor), Truth(tremor=tremor), RULES, line, DAY)
    )


CORNERS = (("A", -100.0, -100.0), ("B", 100.0, -100.0), ("C", 100.0, 100.0), ("D", -100.0, 100.0))


def test_energy_ten_times_too_large_is_one_in_log10() -> None:
    events = perfect(SPREAD)
    events["energy_j"] *= [10.0, 10.0, 100.0, 1.0]
    events["energy_log10_error"] = [1.1, 1.1, 1.1, np.nan]
    events["energy_is_relative"] = pd.array([True, False, pd.NA, False], dtype="boolean")
    errors = score(events, SPREAD).errors
    assert errors.energy_log10.n == 4
    assert errors.energy_log10.median == pytest.approx(1.0)
    assert errors.energy_log10.mad == pytest.approx(0.5)
    assert errors.energy_log10.sd == pytest.approx(np.sqrt(2 / 3))
    assert (errors.energy.share.hits, errors.energy.share.of) == (2, 3)
    assert errors.energies_relative == 1
    without = score(perfect(SPREAD).drop(columns="energy_j"), SPREAD).errors
    assert (without.energy_log10.n, without.energy.share.of) == (0, 0)


@pytest.mark.parametrize("stated", [1.0, 0.5])
def test_gaussian_errors_are_inside_their_ellipses_at_68_percent(stated: float) -> None:
    """Errors of 9 km along 30 degrees from north, 3 km across; half axes stated times too small."""
    count, rng = 4000, np.random.default_rng(11)
    tremor = bursts(list(20.0 * np.arange(count)), [0.0] * count, length_s=1.0)
    # one place, one burst every 20 s: set far apart, so that each event can only be its own burst's
    far = np.arange(count) % 8 * 200.0
    tremor = tremor.assign(**places(np.zeros(count), far - 800))
    along, across, azimuth = 9 * rng.normal(size=count), 3 * rng.normal(size=count), np.radians(30)
    east = along * np.sin(azimuth) + across * np.cos(azimuth)
    north = along * np.cos(azimuth) - across * np.sin(azimuth)
    events = perfect(tremor).assign(**places(east, far - 800 + north))
    events["depth_km"] += rng.normal(0, 5, count)
    sigma = {"semi_major_km": 9.0, "semi_minor_km": 3.0}
    events = events.assign(**{name: 1.51 * stated * one for name, one in sigma.items()})
    events = events.assign(azimuth_deg=30.0, depth_error_km=5.0 * stated)
    settings = EvaluationSettings(max_time_s=5.0)
    errors = evaluate_catalog(events, Truth(tremor=tremor), settings, span=DAY).errors
    expected = 0.68 if stated == 1 else 1 - np.exp(-((1.51 * 0.5) ** 2) / 2)
    assert errors.ellipse.share.low < expected < errors.ellipse.share.high
    assert errors.ellipse.scale == pytest.approx(1 / stated, rel=0.05)
    assert errors.depth.scale == pytest.approx(1 / stated, rel=0.05)
    if stated == 1:
        assert errors.depth.share.low < 0.6827 < errors.depth.share.high
    assert errors.depth_km.sd == pytest.approx(5, rel=0.05)


def test_the_ellipse_is_turned_by_its_azimuth_from_north() -> None:
    tremor = bursts([1000, 20000], [0, 0])
    events = moved(perfect(tremor), east_km=10.0).assign(semi_major_km=12.0, semi_minor_km=5.0)
    # the truth is 10 km west: inside an ellipse that lies along east, outside one along north
    result = score(events.assign(azimuth_deg=[90.0, 0.0]), tremor)
    assert (result.errors.ellipse.share.hits, result.errors.ellipse.share.of) == (1, 2)


def pair_truth(overlap_s: float, episode: str) -> pd.DataFrame:
    return bursts(
        [1000, 1060 - overlap_s, 30000, 30000], [0, 100, 0, 200], episode_id=[episode] * 2 + ["x", "y"]
    )


def test_pairs_are_resolved_when_both_bursts_have_their_own_near_event() -> None:
    tremor = pair_truth(40, "swarm")
    events = perfect(tremor)
    both = {one.low_km: one for one in score(events, tremor).pairs}
    assert (both[80.0].resolved.hits, both[80.0].resolved.of) == (1, 1)
    assert (both[175.0].resolved.hits, both[175.0].resolved.of) == (1, 1)
    assert sum(one.resolved.of for one in both.values()) == 2
    # 40 km off: matched, but too far to say that the pair is resolved; and the fourth missed
    worse = pd.concat([events[:1], moved(events[1:2], east_km=-40.0), events[2:3]])
    half = {one.low_km: one for one in score(worse, tremor).pairs}
    assert (half[80.0].resolved.hits, half[80.0].one_found, half[80.0].extra_events) == (0, 1, 1)
    assert (half[175.0].resolved.hits, half[175.0].one_found, half[175.0].none_found) == (0, 1, 0)
    none = {one.low_km: one for one in score(events[:2], tremor).pairs}
    assert (none[175.0].none_found, none[175.0].resolved.of) == (1, 1)
    ghost = pd.concat([events, moved(events[:1], east_km=50.5).assign(event_id="ghost")])
    assert {one.low_km: one.extra_events for one in score(ghost, tremor).pairs}[80.0] == 1


@pytest.mark.parametrize(
    ("overlap_s", "episode", "counted"), [(29, "swarm", 0), (31, "swarm", 1), (5, "pair-1", 1)]
)
def test_pairs_overlap_by_half_unless_they_are_meant_as_pairs(
    overlap_s: float, episode: str, counted: int
) -> None:
    tremor = pair_truth(overlap_s, episode)
    found = {one.low_km: one.resolved.of for one in score(perfect(tremor), tremor).pairs}
    assert found[80.0] == counted


def test_false_events_are_told_by_what_they_are_near() -> None:
    earthquake = {
        "event_id": "q",
        "time": START + pd.Timedelta(1000, "s"),
        "depth_km": 30.0,
        "magnitude": 3.0,
    }
    earthquakes = truth_table("earthquakes", pd.DataFrame([earthquake | places(0.0, 0.0)]))
    nuisances = truth_table(
        "nuisances",
        [
            {"kind": "ship", "start_time": START, "end_time": START + pd.Timedelta(8640, "s")},
            {"kind": "spike", "start_time": START + pd.Timedelta(7000, "s")},
        ],
    )
    # 70 km: 20 s of moveout. Windows: 990 to 1140 s there; at 110 km it is too far
    rows = [(70, 985), (70, 995), (70, 1130), (70, 1135), (70, 1145), (110, 1050), (0, 7000), (0, 20000)]
    events = event_table(
        [
            {"event_id": str(second), "time": START + pd.Timedelta(second, "s"), **places(float(east), 0.0)}
            for east, second in rows
        ]
    )
    false = score(events, truth_table("tremor"), earthquakes=earthquakes, nuisances=nuisances).false
    counts = (false.near_earthquake.count, false.near_nuisance.count, false.near_nothing.count)
    assert counts == (3, 4, 1)
    assert false.nuisance_kinds == {"ship": 7}  # a spike is at one station, whatever is listed
    assert false.nuisance_cover == pytest.approx((8640 + 30) / 86400)


# three stations around the origin, two 80 km north of it, and three around a place 400 km to the east
SPREAD_STATIONS = {
    "A": (0, 0), "B": (20, 0), "C": (0, 20), "D": (-20, 80), "E": (20, 80),
    "F": (400, 0), "G": (420, 0), "H": (400, 20),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "heard", "near_here", "near_there", "known_anywhere"),
    [
        ("ship", "X.A;X.B;X.C", 1, 0, True),
        ("ship", "X.A;X.B", 0, 0, False),  # two stations make no event
        ("ship", "X.A;X.B;X.A", 0, 0, False),  # nor does one that is listed twice
        ("t_phase", "X.A;X.B;X.F;X.G", 0, 0, True),  # two near each event
        ("t_phase", "X.A; X.B;X.C;X.F;X.G;X.H", 1, 1, True),
        ("whale", "X.A;X.B;Y.C", 0, 0, True),  # Y.C is not in the station table
        ("t_phase", None, 1, 1, True),  # all within reach
        ("local_burst", None, 0, 0, False),
        ("clipping", "X.A", 0, 0, False),
    ],
)
def test_only_a_nuisance_at_three_stations_around_it_explains_an_event(
    kind: str, heard: str | None, near_here: int, near_there: int, known_anywhere: bool
) -> None:
    nuisances = truth_table(
        "nuisances",
        [{"kind": kind, "start_time": START, "end_time": START + pd.Timedelta(8610, "s"), "stations": heard}],
    )
    stations = [
        Station("X", name, *FRAME.to_degrees(e, n), -2000.0) for name, (e, n) in SPREAD_STATIONS.items()
    ]
    for east, expected in ((0.0, near_here), (400.0, near_there), (200.0, 0)):
        event = event_table([{"event_id": "e", "time": START + pd.Timedelta(4000, "s"), **places(east, 0.0)}])
        truth = Truth(nuisances=nuisances)
        false = evaluate_catalog(event, truth, RULES, Network(tuple(stations)), DAY).false
        assert (false.near_nuisance.count, false.near_nothing.count) == (expected, 1 - expected)
        assert false.nuisance_kinds == ({kind: 1} if expected else {})
        assert false.nuisance_cover == pytest.approx(0.1 if known_anywhere else 0.0)
        anywhere = evaluate_catalog(event, truth, RULES, span=DAY).false
        assert anywhere.near_nuisance.count == known_anywhere


def test_impossible_input_is_refused() -> None:
    lost = SPREAD.assign(latitude=[38.0, np.nan, 38.0, 38.0])
    with pytest.raises(CatalogError, match=r"burst b1 \(row 2 of tremor.csv\)"):
        score(perfect(SPREAD), lost)
    with pytest.raises(CatalogError, match="has no length"):
        evaluate_catalog(event_table(), Truth(), RULES, span=(DAY[1], DAY[0]))
    with pytest.raises(ValueError, match="wide_distance_km = 40"):
        EvaluationSettings(wide_distance_km=40.0)


def test_the_median_absolute_deviation_is_not_scaled() -> None:
    known = bias(np.array([1.0, 2.0, 3.0, np.nan, 10.0]))
    assert (known.n, known.median, known.mad) == (4, 2.5, 1.0)
    assert np.isnan(bias(np.array([1.0])).sd)


def test_the_program_reads_catalogue_truth_and_span(tmp_path) -> None:
    write_truth(tmp_path, Truth(tremor=SPREAD))
    write_catalog(perfect(SPREAD), tmp_path / "catalog.csv")
    arguments = ["evaluate", str(tmp_path / "catalog.csv"), str(tmp_path), "--output", str(tmp_path / "out")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    first = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert first["span"]["days"] == pytest.approx((40060 - 3600) / 86400)
    (tmp_path / "simulation.json").write_text('{"start": "2017-03-01T00:00:00Z", "duration_s": 172800}')
    told = CliRunner().invoke(app, arguments)
    assert "(2.000 days)" in told.output
    second = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert (second["recall"]["value"], second["settings"]["max_distance_km"]) == (1.0, 50.0)
    assert "6" in second["rules"]["chance"]
    (tmp_path / "simulation.json").write_text('{"start": "2017-03-01T00:00:00Z"}')
    with pytest.raises(DataError, match="duration_s"):
        read_span(tmp_path)
    assert CliRunner().invoke(app, arguments).exit_code == 1
