import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tremorflow.catalog.quality import (
    CatalogSettings,
    control_quality,
    describe_rules,
    flag_isolated,
    grade,
    merge_duplicates,
    words,
)
from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.records import event_table

ORIGIN = pd.Timestamp("2020-05-24T02:00:00")
FRAME = LocalFrame(39.0, 143.0)


def located(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Events of ``s`` (start of a 300-s window), ``east`` and ``north`` (km), and columns as they are."""
    made = []
    for number, row in enumerate(rows):
        rest = {name: value for name, value in row.items() if name not in ("s", "east", "north")}
        latitude, longitude = FRAME.to_degrees(row.get("east", 0.0), row.get("north", 0.0))
        start = ORIGIN + pd.Timedelta(row.get("s", 0), "s")
        made.append(
            {
                "event_id": f"e{number}",
                "time": start + pd.Timedelta(150, "s"),
                "latitude": float(latitude),
                "longitude": float(longitude),
                "window_start": start,
                "window_end": start + pd.Timedelta(300, "s"),
                "n_pairs": 10,
                "correlation": 0.5,
                "flags": "",
            }
            | rest
        )
    return event_table(made)


def names(events: pd.DataFrame) -> list[str]:
    return events["event_id"].tolist()


def test_of_two_windows_the_one_with_more_pairs_stays() -> None:
    events = located([{"s": 0, "n_pairs": 12}, {"s": 150, "n_pairs": 20, "east": 20}])
    assert names(merge_duplicates(events)) == ["e1"]


def test_with_equal_pairs_the_higher_correlation_stays() -> None:
    assert names(merge_duplicates(located([{"correlation": 0.7}, {"s": 150, "correlation": 0.6}]))) == ["e0"]


@pytest.mark.parametrize("other", [{"s": 300}, {"s": 150, "east": 31}], ids=["touching windows", "31 km"])
def test_what_is_not_close_is_no_duplicate(other: dict[str, object]) -> None:
    assert names(merge_duplicates(located([{}, other]))) == ["e0", "e1"]


def test_a_chain_of_windows_keeps_every_second_burst() -> None:
    # 0-300, 150-450, 300-600, 450-750: the best two of the chain that do not overlap stay
    pairs = [20, 10, 19, 9]
    events = located([{"s": 150 * k, "n_pairs": n} for k, n in enumerate(pairs)])
    assert names(merge_duplicates(events)) == ["e0", "e2"]


def burst(window_s: float, begin_s: float, end_s: float, **columns: object) -> dict[str, object]:
    """Event whose burst lasts from begin to end, seconds after the origin, in a window of its own."""
    begin, end = (ORIGIN + pd.Timedelta(second, "s") for second in (begin_s, end_s))
    return {"s": window_s, "time": begin + (end - begin) / 2, "start_time": begin, "end_time": end} | columns


@pytest.mark.parametrize(("begin_s", "left"), [(70, ["e0"]), (99, ["e0"]), (131, ["e0", "e1"])])
def test_bursts_minutes_apart_at_one_place_are_two(begin_s: float, left: list[str]) -> None:
    events = located([burst(0, 40, 100, n_pairs=20), burst(0 if begin_s < 99 else 50, begin_s, 160)])
    assert names(merge_duplicates(events)) == left


def test_what_stays_is_in_order_of_time() -> None:
    assert names(merge_duplicates(located([{"s": 900, "n_pairs": 30}, {"s": 0}, {"s": 450}]))) == [
        "e1",
        "e2",
        "e0",
    ]


def test_bursts_serve_where_windows_are_missing() -> None:
    events = located([{}, {"s": 150}]).assign(window_start=pd.NaT, window_end=pd.NaT)
    assert len(merge_duplicates(events)) == 2
    events = events.assign(start_time=events["time"], end_time=events["time"] + pd.Timedelta(200, "s"))
    assert len(merge_duplicates(event_table(events))) == 1


def test_three_neighbours_keep_an_event_from_being_isolated() -> None:
    swarm = [{"s": 3600 * k, "east": 5 * k} for k in range(4)]
    assert [words(flags) for flags in flag_isolated(located(swarm))["flags"]] == [[], [], [], []]
    assert set(flag_isolated(located(swarm[:3]))["flags"]) == {"isolated"}


def test_the_cylinder_has_the_size_it_says() -> None:
    here = [{"s": 0}, {"s": 0}, {"s": 0}]
    for place, isolated in (
        ({"s": 12 * 3600}, False),
        ({"s": 12 * 3600 + 1}, True),
        ({"s": 12 * 3600, "east": 19.9}, False),  # the far edge of the cylinder, where balls do not reach
        ({"s": 0, "north": 20.1}, True),
    ):
        flags = flag_isolated(located([*here, place]))["flags"]
        assert (flags[3] == "isolated") == isolated, place
        assert len(flags) == 4


def test_other_flags_stay_and_old_verdicts_go() -> None:
    events = located(
        [{"flags": "grid_edge;isolated"} for _ in range(4)] + [{"s": 10**6, "flags": "grid_edge"}]
    )
    assert flag_isolated(events)["flags"].tolist() == ["grid_edge"] * 4 + ["grid_edge;isolated"]


@pytest.mark.parametrize(
    ("columns", "letter"),
    [
        ({"n_stations": 6, "semi_major_km": 4.9}, "A"),
        ({"n_stations": 5, "semi_major_km": 4.9}, "B"),
        ({"n_stations": 6, "semi_major_km": 5.0}, "B"),
        ({"n_stations": 6, "semi_major_km": 4.9, "flags": "azimuthal_gap"}, "B"),
        ({"n_stations": 6, "semi_major_km": 4.9, "flags": "grid_edge;azimuthal_gap"}, "B"),
        ({"n_stations": 60, "semi_major_km": 15.0}, "C"),
        ({"n_stations": 60}, "C"),
        ({"semi_major_km": 1.0}, "B"),
    ],
)
def test_letters_are_those_of_the_method(columns: dict[str, object], letter: str) -> None:
    assert grade(located([columns]))["quality"][0] == letter


def test_rules_switched_off_leave_events_alone() -> None:
    events = located([{}, {"s": 150}])
    off = CatalogSettings(merge_duplicates=False, flag_isolated=False)
    assert_frame_equal(control_quality(events, off).drop(columns="quality"), events.drop(columns="quality"))
    assert names(control_quality(events, CatalogSettings())) == ["e0"]
    numbers = describe_rules(off)["numbers"]
    assert numbers["merge_duplicates"] is False
    assert numbers["isolated_distance_km"] == 20.0


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "s": st.integers(0, 20).map(lambda k: 4000 * k // 3),
            "east": st.integers(0, 4).map(lambda k: 9.0 * k),
            "n_pairs": st.none() | st.integers(3, 5),
            "correlation": st.none() | st.sampled_from([0.5, 0.6]),
            "semi_major_km": st.none() | st.sampled_from([3.0, 12.0, 40.0]),
            "n_stations": st.none() | st.integers(3, 8),
            "flags": st.sampled_from(["", "isolated", "azimuthal_gap", "grid_edge;isolated"]),
        }
    ),
    max_size=12,
).map(located)


@settings(max_examples=12)
@given(ROWS, st.randoms(use_true_random=False))
def test_rules_do_not_see_the_order_of_rows(events: pd.DataFrame, shuffler: "np.random.Generator") -> None:
    rows = list(range(len(events)))
    shuffler.shuffle(rows)
    rules = CatalogSettings()
    shuffled = events.iloc[rows].reset_index(drop=True)
    assert_frame_equal(control_quality(events, rules), control_quality(shuffled, rules))


@settings(max_examples=12)
@given(ROWS)
def test_each_rule_applied_twice_gives_what_it_gave_once(events: pd.DataFrame) -> None:
    for rule in (merge_duplicates, flag_isolated, grade):
        once = rule(events)
        assert_frame_equal(rule(once), once)


@settings(max_examples=12)
@given(ROWS)
def test_what_stays_has_no_duplicates_and_what_goes_had_a_better_one(events: pd.DataFrame) -> None:
    kept = merge_duplicates(events)
    gone = events[~events["event_id"].isin(kept["event_id"])]

    def twins(event: pd.Series) -> pd.DataFrame:
        overlap = (kept["window_start"] < event["window_end"]) & (event["window_start"] < kept["window_end"])
        near = distances_km(event["latitude"], event["longitude"], kept["latitude"], kept["longitude"]) < 30
        return kept[overlap & near & (kept["event_id"] != event["event_id"])]

    assert all(twins(event).empty for _, event in kept.iterrows())
    for _, event in gone.iterrows():
        assert (
            twins(event)["n_pairs"].fillna(-1) >= (-1 if event["n_pairs"] is pd.NA else event["n_pairs"])
        ).any()


@settings(max_examples=12)
@given(ROWS)
def test_isolation_is_what_counting_every_pair_says(events: pd.DataFrame) -> None:
    flags = flag_isolated(events, 3, 4.0, 20.0)["flags"]
    for row, event in events.iterrows():
        near = (
            distances_km(event["latitude"], event["longitude"], events["latitude"], events["longitude"]) <= 20
        )
        soon = (events["time"] - event["time"]).abs() <= pd.Timedelta(4, "h")
        assert ("isolated" in words(flags[row])) == ((near & soon).sum() < 3)


def test_an_event_that_delays_located_is_kept_before_a_small_group_with_more_pairs():
    at = {"time": np.datetime64("2020-01-01T00:02", "ns"), "latitude": 39.0, "longitude": 143.0}
    at |= {"n_stations": 6, "semi_major_km": 4.0}
    window = {"window_start": at["time"], "window_end": at["time"] + np.timedelta64(300, "s")}
    rows = [
        {**at, **window, "n_pairs": 6, "correlation": 0.6, "flags": ""},
        {**at, **window, "n_pairs": 9, "correlation": 0.8, "flags": "window_edge;small_group"},
    ]  # fmt: skip
    for order in (rows, rows[::-1]):
        kept = control_quality(event_table(order), CatalogSettings())
        assert kept["n_pairs"].tolist() == [6]
        assert kept["quality"].tolist() == ["A"]
    alone = control_quality(event_table(rows[1:]), CatalogSettings())
    assert alone["quality"].tolist() == ["C"]
