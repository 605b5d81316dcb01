"""Events near predicted arrivals: the gates are where they are said to be, and chance is told apart."""

import numpy as np
import pandas as pd
import pytest

from tremorflow.catalog.near_earthquakes import (
    ArrivalSettings,
    find_near_earthquakes,
    flag_near_earthquakes,
)
from tremorflow.geodesy import LocalFrame
from tremorflow.records import event_table

ORIGIN = pd.Timestamp("2024-03-01T12:00:00")
PLACE = (38.0, 142.0, 30.0)


def straight(distance_km, depth_km, phase):
    """Travel time of a uniform earth: P 6 km/s, S 3 km/s."""
    return np.hypot(distance_km, depth_km) / {"P": 6.0, "S": 3.0}[phase]


def earthquake_table(*rows):
    return pd.DataFrame(rows, columns=["time", "latitude", "longitude", "depth_km"])


def event_at(name, after_s, north_km):
    latitude, longitude = LocalFrame(*PLACE[:2]).to_degrees(0.0, north_km)
    time = ORIGIN + pd.Timedelta(seconds=after_s)
    return {"event_id": name, "time": time, "latitude": float(latitude), "longitude": float(longitude)}


ONE = earthquake_table((ORIGIN, *PLACE))


@pytest.mark.parametrize(
    ("after_s", "north_km", "near"),
    [  # 40 km away and 30 km deep: P after 8.33 s, S after 16.67 s
        (-51.0, 40.0, True),
        (-52.0, 40.0, False),
        (76.0, 40.0, True),
        (77.5, 40.0, False),
        (20.0, 99.5, True),
        (20.0, 100.5, False),
    ],
)
def test_the_gates_are_a_minute_from_p_and_s_and_a_hundred_km(after_s, north_km, near):
    events = event_table([event_at("a", after_s, north_km)])
    found = find_near_earthquakes(events, ONE, straight)
    assert found.count == int(near)
    assert found.event_ids == (("a",) if near else ())
    assert (found.of, found.earthquakes, found.by_chance) == (1, 1, 0.0)


def test_chance_is_counted_with_earthquakes_shifted_by_six_hours():
    events = event_table([event_at("a", 10, 0), event_at("b", 6 * 3600 + 10, 0), event_at("c", 12 * 3600, 0)])
    found = find_near_earthquakes(events, ONE, straight)
    assert found.event_ids == ("a",)
    assert found.by_chance == 0.5  # one of them with a shift forward, none with one backward


def test_events_at_random_are_near_as_often_as_chance_says():
    rng = np.random.default_rng(1)
    times = ORIGIN + pd.to_timedelta(rng.uniform(0, 86400, 400), unit="s")
    earthquakes = earthquake_table(*((time, *PLACE) for time in times[:100]))
    rows = [event_at(str(k), (time - ORIGIN).total_seconds(), 20.0) for k, time in enumerate(times[100:])]
    found = find_near_earthquakes(event_table(rows), earthquakes, straight)
    assert found.count == pytest.approx(found.by_chance, abs=3 * np.sqrt(found.by_chance) + 15)
    assert found.count > 20


def test_the_word_is_set_once_and_taken_from_others():
    rows = [
        event_at("a", 10, 0) | {"flags": "isolated"},
        event_at("b", 5000, 0) | {"flags": "near_earthquake"},
    ]
    events = event_table(rows)
    found = find_near_earthquakes(events, ONE, straight)
    once = flag_near_earthquakes(events, found)
    assert list(once["flags"]) == ["isolated;near_earthquake", ""]
    pd.testing.assert_frame_equal(flag_near_earthquakes(once, found), once)


def test_the_order_of_rows_and_a_common_shift_change_nothing():
    rng = np.random.default_rng(2)
    rows = [event_at(str(k), rng.uniform(-200, 200), rng.uniform(-150, 150)) for k in range(60)]
    first = find_near_earthquakes(event_table(rows), ONE, straight)
    again = find_near_earthquakes(event_table(rows[::-1]), ONE, straight)
    assert set(first.event_ids) == set(again.event_ids)
    later = event_table(rows)
    later["time"] += pd.Timedelta(days=3)
    moved = find_near_earthquakes(later, ONE.assign(time=ORIGIN + pd.Timedelta(days=3)), straight)
    assert moved == first


def test_nothing_is_near_nothing():
    assert find_near_earthquakes(event_table(), ONE, straight).count == 0
    lost = event_table([{"event_id": "a", "time": ORIGIN}])
    assert find_near_earthquakes(lost, ONE, straight).count == 0
    some = event_table([event_at("a", 0, 0)])
    assert find_near_earthquakes(some, earthquake_table(), straight).count == 0
    narrow = find_near_earthquakes(some, ONE, straight, ArrivalSettings(gate_s=1.0))
    assert narrow.count == 0  # P comes after 5 s
    blind = find_near_earthquakes(some, ONE, lambda d, z, phase: np.full(len(d), np.nan))
    assert blind.count == 0
