"""What does not change the score: the order of rows, and where in the world the network is."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.catalog.evaluate import evaluate_catalog
from tremorflow.catalog.evaluate_report import evaluation_json
from tremorflow.catalog.evaluate_rules import EvaluationSettings
from tremorflow.geodesy import LocalFrame
from tremorflow.records import event_table
from tremorflow.truth import Truth, truth_table

START = pd.Timestamp("2017-03-01")
SPAN = (np.datetime64("2017-03-01", "ns"), np.datetime64("2017-03-01T02:00", "ns"))


def scene(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Crowded two hours: many events could be of many bursts."""
    rng = np.random.default_rng(seed)
    frame = LocalFrame(38.5, 143.0)
    tables = []
    for name, count in (("burst_id", 25), ("event_id", 30)):
        latitude, longitude = frame.to_degrees(rng.uniform(-150, 150, count), rng.uniform(-150, 150, count))
        start = START + pd.to_timedelta(rng.uniform(0, 7000, count), "s")
        length = pd.to_timedelta(rng.uniform(10, 200, count), "s")
        rows = {
            "start_time": start, "end_time": start + length, "time": start + length / 2, "latitude": latitude,
            "longitude": longitude, "depth_km": rng.uniform(5, 40, count),
            "energy_j": 10 ** rng.uniform(2, 6, count),
        }  # fmt: skip
        tables.append(pd.DataFrame({name: [f"{name[0]}{n}" for n in range(count)]} | rows))
    snr = rng.uniform(0, 6, 25)
    tremor = tables[0].assign(snr_best=snr, n_stations_snr2=(snr**2).astype(int), episode_id="e")
    return event_table(
        tables[1].assign(semi_major_km=20.0, semi_minor_km=9.0, azimuth_deg=30.0)
    ), truth_table("tremor", tremor)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_the_score(seed, shuffler) -> None:
    events, tremor = scene(seed)
    rules = EvaluationSettings()
    expected = evaluation_json(evaluate_catalog(events, Truth(tremor=tremor), rules, span=SPAN))
    rows = [shuffler.sample(range(len(table)), len(table)) for table in (events, tremor)]
    shuffled = evaluate_catalog(events.iloc[rows[0]], Truth(tremor=tremor.iloc[rows[1]]), rules, span=SPAN)
    assert evaluation_json(shuffled) == expected


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_every_event_and_every_burst_is_counted_once(seed) -> None:
    events, tremor = scene(seed)
    numbers = evaluation_json(evaluate_catalog(events, Truth(tremor=tremor), EvaluationSettings(), span=SPAN))
    counts = numbers["events"]
    assert counts["matched"] + counts["duplicates"] + counts["false"] == counts["placed"]
    assert counts["placed"] + counts["without_time_or_place"] + counts["outside_span"] == len(events)
    assert sum(numbers["bursts"][key] for key in ("matched", "missed_near_an_event", "missed_alone")) == 25
    for bins in numbers["recall_bins"].values():
        assert sum(one["recall"]["of"] for one in bins) == 25
        assert sum(one["recall"]["hits"] for one in bins) == counts["matched"]
        assert sum(one["chance"]["hits"] for one in bins) == numbers["chance_recall"]["hits"]
    false = numbers["false_per_day"]
    assert (
        sum(false[f"near_{key}"]["count"] for key in ("earthquake", "nuisance", "nothing"))
        == false["all"]["count"]
    )


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.floats(-360, 360))
def test_another_longitude_is_the_same_network(seed, turn) -> None:
    events, tremor = scene(seed)
    rules = EvaluationSettings()
    here, there = (
        evaluate_catalog(
            events.assign(longitude=(events["longitude"] + angle + 180) % 360 - 180),
            Truth(tremor=tremor.assign(longitude=(tremor["longitude"] + angle + 180) % 360 - 180)),
            rules,
            span=SPAN,
        )
        for angle in (0.0, turn)
    )
    assert here.recall == there.recall
    np.testing.assert_allclose(here.errors.location.median, there.errors.location.median)
    pairs = [
        [(one.resolved.hits, one.resolved.of, one.extra_events) for one in e.pairs] for e in (here, there)
    ]
    assert pairs[0] == pairs[1]
