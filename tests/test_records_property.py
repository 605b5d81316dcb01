"""Records check themselves when made, and cutting them is cutting: no sample moves or changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremorflow.errors import CatalogError, DataError
from tremorflow.records import (
    EVENT_COLUMNS,
    FULL_CHAIN_COLUMNS,
    Envelopes,
    Network,
    Segment,
    Station,
    Waveforms,
    event_table,
    seconds,
    timedelta,
    utc,
)

START = utc("2020-05-24T02:00:00Z")


def network(count: int) -> Network:
    return Network(tuple(Station("XX", f"S{k}", 40.0 + k / 100, 142.0, -1000.0) for k in range(count)))


def envelopes(values: np.ndarray, rate_hz: float = 1.0) -> Envelopes:
    names = ("H1", "H2", "V")[: values.shape[1]]
    return Envelopes(network(len(values)), names, values, START, rate_hz, (2.0, 8.0), "m/s")


def ramp(n_stations: int, n_components: int, n_times: int) -> np.ndarray:
    """Values that are all different, so that a sample in a wrong place is seen."""
    shape = (n_stations, n_components, n_times)
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


@given(
    rate_hz=st.sampled_from([0.5, 1.0, 2.0, 5.0, 20.0]),
    outer=st.tuples(st.integers(0, 100), st.integers(60, 120)),
    inner=st.tuples(st.integers(0, 30), st.integers(1, 30)),
)
def test_a_window_of_a_window_is_the_window(rate_hz, outer, inner):
    whole = envelopes(ramp(2, 2, 240), rate_hz)
    outer_start = whole.start_time + timedelta(outer[0] / rate_hz)
    inner_start = outer_start + timedelta(inner[0] / rate_hz)
    twice = whole.window(outer_start, outer[1] / rate_hz).window(inner_start, inner[1] / rate_hz)
    once = whole.window(inner_start, inner[1] / rate_hz)
    first = outer[0] + inner[0]
    assert np.array_equal(twice.values, whole.values[..., first : first + inner[1]])
    assert np.array_equal(once.values, twice.values)
    assert once.start_time == twice.start_time == inner_start
    assert once.end_time == twice.end_time


def test_the_window_of_everything_is_everything():
    whole = envelopes(ramp(3, 1, 50), 2.0)
    same = whole.window(whole.start_time, 25.0)
    assert np.array_equal(same.values, whole.values)
    assert (same.start_time, same.end_time) == (whole.start_time, whole.end_time)


def test_a_window_starts_at_the_sample_nearest_to_what_was_asked():
    for asked_s in (9.6, 10.4):
        cut = envelopes(ramp(1, 1, 60)).window(START + timedelta(asked_s), 5.0)
        assert cut.start_time == START + timedelta(10.0)
        assert cut.values.ravel().tolist() == [10, 11, 12, 13, 14]


@pytest.mark.parametrize(("begin_s", "length_s"), [(-1.0, 10.0), (55.0, 10.0), (0.0, 61.0), (100.0, 1.0)])
def test_a_window_beyond_the_ends_is_refused(begin_s, length_s):
    with pytest.raises(DataError, match="outside the envelopes"):
        envelopes(ramp(1, 1, 60)).window(START + timedelta(begin_s), length_s)


def test_gaps_stay_gaps_in_windows():
    values = ramp(2, 2, 60)
    values[1, 0, 20:30] = np.nan
    cut = envelopes(values).window(START + timedelta(15.0), 10.0)
    assert np.isnan(cut.values[1, 0]).tolist() == [False] * 5 + [True] * 5
    assert np.isfinite(cut.values[0]).all()


def test_station_amplitude_is_the_root_mean_square_of_what_is_there():
    values = np.array([[[3.0, 3.0, np.nan], [4.0, np.nan, np.nan]]])
    found = envelopes(values).by_station()
    assert found.shape == (1, 3)
    assert found[0, :2] == pytest.approx([np.sqrt(12.5), 3.0])
    assert np.isnan(found[0, 2])


@given(scale=st.floats(1e-12, 1e6), seed=st.integers(0, 99))
def test_station_amplitude_scales_and_forgets_the_order_of_components(scale, seed):
    values = np.abs(np.random.default_rng(seed).normal(size=(3, 3, 8)))
    plain = envelopes(values).by_station()
    assert envelopes(scale * values).by_station() == pytest.approx(scale * plain, rel=1e-12)
    assert envelopes(values[:, ::-1]).by_station() == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("shape", [(2, 60), (3, 1, 60), (2, 2, 60), (2, 1, 60, 1)])
def test_arrays_that_do_not_fit_the_network_are_refused(shape):
    with pytest.raises(DataError, match="do not fit"):
        Envelopes(network(2), ("H1",), np.zeros(shape), START, 1.0, (2.0, 8.0), "m/s")
    with pytest.raises(DataError, match="do not fit"):
        Waveforms(network(2), ("Z",), np.zeros(shape), START, 100.0, "m/s")


@pytest.mark.parametrize("rate_hz", [0.0, -100.0, np.nan, np.inf])
def test_impossible_sampling_rates_are_refused(rate_hz):
    with pytest.raises(DataError, match="Hz is impossible"):
        Waveforms(network(1), ("Z",), np.zeros((1, 1, 5)), START, rate_hz, "m/s")
    with pytest.raises(DataError, match="Hz is impossible"):
        Envelopes(network(1), ("H1",), np.zeros((1, 1, 5)), START, rate_hz, (2.0, 8.0), "m/s")
    with pytest.raises(DataError, match=r"XX\.S0\.\.HHZ.*Hz is impossible"):
        Segment("XX", "S0", "", "HHZ", START, rate_hz, np.zeros(5))


@given(count=st.integers(0, 10**7), rate_hz=st.sampled_from([1.0, 20.0, 100.0, 250.0, 1000.0]))
def test_a_recording_ends_one_interval_after_its_last_sample(count, rate_hz):
    samples = np.broadcast_to(np.float32(0), (count,))
    segment = Segment("XX", "S0", "", "HHZ", START, rate_hz, samples)
    assert seconds(segment.end_time - START) == pytest.approx(count / rate_hz, abs=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"latitude": 91.0},
        {"latitude": -90.5},
        {"longitude": 361.0},
        {"latitude": np.nan},
        {"longitude": np.inf},
        {"elevation_m": np.nan},
        {"s_delay_s": np.nan},
    ],
    ids=str,
)
def test_a_station_without_a_place_is_refused_by_name(changes):
    place = {"latitude": 38.0, "longitude": 143.0, "elevation_m": -3000.0} | changes
    with pytest.raises(DataError, match=r"station N\.S1N01"):
        Station("N", "S1N01", **place)


def test_a_network_refuses_two_stations_of_one_code_and_names_them():
    twice = Station("XX", "B", 1.0, 2.0, 0.0)
    with pytest.raises(DataError, match=r"XX\.B"):
        Network((twice, Station("XX", "A", 1.0, 2.0, 0.0), twice))
    assert len(Network((twice, Station("YY", "B", 1.0, 2.0, 0.0)))) == 2


@given(st.lists(st.integers(0, 9), unique=True))
def test_a_subset_has_its_stations_in_the_order_asked_for(indices):
    whole = network(10)
    part = whole.subset(indices)
    assert part.codes == tuple(whole.codes[k] for k in indices)
    assert part.latitudes.tolist() == whole.latitudes[indices].tolist()


def test_a_station_is_found_by_its_code_or_the_code_is_named():
    assert network(3).find("XX.S2") is not None
    with pytest.raises(DataError, match=r"XX\.S9"):
        network(3).find("XX.S9")


SAME_INSTANT = [
    "2020-05-24T02:00:00Z",
    "2020-05-24T02:00:00",
    "2020-05-24 02:00",
    "2020-05-24T11:00:00+09:00",
    "2020-05-23T19:00:00-07:00",
    "2020-05-24T02:00:00.000000000Z",
]


@pytest.mark.parametrize("text", SAME_INSTANT)
def test_times_of_any_zone_are_utc(text):
    assert utc(text) == np.datetime64("2020-05-24T02:00:00", "ns")
    assert utc(text).dtype == np.dtype("datetime64[ns]")


@pytest.mark.parametrize("text", ["", "yesterday evening", "2020-13-01", "2020-05-24T25:00", "NaT"])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(DataError, match="2020-05-24T02:00:00Z"):
        utc(text)


@given(st.integers(-(10**17), 10**17))
def test_durations_keep_their_nanoseconds(nanoseconds):
    duration = np.timedelta64(nanoseconds, "ns")
    assert abs(timedelta(seconds(duration)) - duration) <= np.timedelta64(16, "ns")  # of three years


def test_an_event_table_has_the_declared_columns_whatever_is_given():
    for rows in ([], [{"latitude": 38.0}], pd.DataFrame({"n_pairs": [3], "event_id": ["a"]})):
        table = event_table(rows)
        assert {name: str(table[name].dtype) for name in table} == {
            name: column.dtype for name, column in EVENT_COLUMNS.items()
        }


def test_missing_values_are_missing_and_no_zeros():
    (row,) = event_table([{"latitude": 38.0}]).to_dict("records")
    assert row.pop("latitude") == 38.0
    assert all(pd.isna(value) for value in row.values())


def test_columns_of_the_full_chain_appear_only_where_given():
    assert "energy_j" not in event_table([{"latitude": 38.0}])
    assert str(event_table([{"energy_j": 1e5}])["energy_j"].dtype) == FULL_CHAIN_COLUMNS["energy_j"].dtype


def test_an_event_table_made_twice_is_the_same():
    table = event_table([{"time": START, "latitude": 38.0, "n_pairs": 12, "flags": "isolated"}])
    pd.testing.assert_frame_equal(event_table(table), table)


@pytest.mark.parametrize(
    ("row", "word"),
    [({"lattitude": 38.0}, "lattitude"), ({"latitude": "north"}, "latitude"), ({"n_pairs": 1.5}, "n_pairs")],
)
def test_unknown_columns_and_wrong_values_are_refused_by_name(row, word):
    with pytest.raises(CatalogError, match=word):
        event_table([row])


def test_every_column_says_its_unit_and_meaning():
    for name, column in (EVENT_COLUMNS | FULL_CHAIN_COLUMNS).items():
        assert column.unit, name
        assert len(column.meaning) > 5, name
