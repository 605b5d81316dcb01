"""Probabilities in files come back as they were; damaged files are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.errors import DataError
from tremorflow.io.probabilities import (
    probability_table,
    read_probabilities,
    write_probabilities,
    write_probability_table,
)
from tremorflow.records import PROBABILITY_COLUMNS, Network, Probabilities, Station, timedelta, utc


def made(n_stations, n_windows, seed):
    rng = np.random.default_rng(seed)
    stations = [
        Station(
            "XX",
            f"S{k}",
            float(rng.uniform(-89, 89)),
            float(rng.uniform(-179, 179)),
            -100.0 * k,
            2.0 + k,
            0.1,
        )
        for k in range(n_stations)
    ]
    values = rng.dirichlet([1, 1, 1], (n_stations, n_windows)).transpose(0, 2, 1).astype(np.float32)
    completeness = rng.uniform(0, 1, (n_stations, n_windows)).astype(np.float32)
    completeness[:, ::5] = 0
    values[np.broadcast_to((completeness < 0.5)[:, None], values.shape)] = np.nan
    starts = utc("2020-05-24T00:00:00Z") + np.arange(n_windows) * timedelta(60.0)
    names = tuple((f"{k:02d}" if k else "", "HH") for k in range(n_stations))
    return Probabilities(Network(tuple(stations)), values, completeness, starts, 120.0, names, "abc123", 0.87)


@settings(max_examples=15)
@given(st.integers(0, 4), st.integers(1, 30), st.integers(0, 10**6))
def test_arrays_come_back_as_they_were(tmp_path_factory, n_stations, n_windows, seed):
    path = tmp_path_factory.mktemp("p") / "p.npz"
    given_ones = made(n_stations, n_windows, seed)
    write_probabilities(path, given_ones)
    found = read_probabilities(path)
    for name in ("values", "completeness", "start_times"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given_ones, name))
    assert found.network == given_ones.network
    assert (found.instruments, found.weights) == (given_ones.instruments, given_ones.weights)
    assert (found.threshold, found.window_s) == (given_ones.threshold, given_ones.window_s)


def test_the_table_has_a_row_for_every_window_with_a_recording(tmp_path):
    given_ones = made(3, 20, 1)
    write_probability_table(tmp_path / "p.csv", given_ones)
    rows = pd.read_csv(tmp_path / "p.csv", dtype={"location": str})
    assert list(rows.columns) == list(PROBABILITY_COLUMNS)
    assert len(rows) == (given_ones.completeness > 0).sum()
    poor = rows["completeness"] < 0.5
    assert rows.loc[poor, ["p_noise", "p_tremor", "p_earthquake"]].isna().all(axis=None)
    assert rows.loc[~poor, "p_tremor"].notna().all()
    assert rows["start_time"].iloc[0] == "2020-05-24T00:01:00Z"
    assert rows["end_time"].iloc[0] == "2020-05-24T00:03:00Z"
    judged = given_ones.completeness >= 0.5
    written = rows.loc[~poor, ["p_noise", "p_tremor", "p_earthquake"]].to_numpy(dtype=float)
    np.testing.assert_allclose(written, given_ones.values.transpose(0, 2, 1)[judged], atol=1e-4)
    assert len(written) > 3
    assert set(rows["location"].fillna("")) == {"", "01", "02"}
    assert dict(probability_table(given_ones).dtypes.astype(str))["p_tremor"] == "float64"


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "p.npz"
    write_probabilities(path, made(2, 5, 1))
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"p\.npz.*tremorflow classify"):
            read_probabilities(path)
    np.savez(path, values=np.zeros(3))
    with pytest.raises(DataError, match="does not hold"):
        read_probabilities(path)
    np.save(tmp_path / "p.npy", np.zeros(3))
    with pytest.raises(DataError, match="does not hold"):
        read_probabilities(tmp_path / "p.npy")
    with pytest.raises(DataError, match="nowhere"):
        read_probabilities(tmp_path / "nowhere.npz")


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="choose another place"):
        write_probabilities(tmp_path / "file" / "p.npz", made(1, 3, 1))


def test_arrays_that_do_not_fit_are_refused():
    good = made(2, 5, 1)
    with pytest.raises(DataError, match="do not fit"):
        Probabilities(
            good.network,
            good.values[:, :2],
            good.completeness,
            good.start_times,
            120.0,
            good.instruments,
            "",
            0.9,
        )
    with pytest.raises(DataError, match="instruments do not fit"):
        Probabilities(
            good.network, good.values, good.completeness, good.start_times, 120.0, (("", ""),), "", 0.9
        )
