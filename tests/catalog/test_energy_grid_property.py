"""Sums of energy over cells: nothing is lost, nothing is counted twice, and no place is special."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremorflow.catalog.energy_grid import (
    Cells,
    EnergyGrid,
    cells_around,
    energies_are_relative,
    known_energies,
    sum_energy,
)
from tremorflow.errors import CatalogError
from tremorflow.records import event_table


def events_at(latitudes, longitudes, energies, **columns) -> pd.DataFrame:
    table = {"latitude": latitudes, "longitude": longitudes, "energy_j": energies, "quality": "A"}
    return event_table(pd.DataFrame(table | columns))


def drawn_events(seed: int, count: int, middle=(39.0, 143.5), reach: float = 2.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    longitudes = (middle[1] + rng.uniform(-reach, reach, count) + 180) % 360 - 180
    return events_at(
        middle[0] + rng.uniform(-reach, reach, count), longitudes, 10 ** rng.uniform(3, 8, count)
    )


@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([0.05, 0.1, 0.37, 1.0]))
def test_energy_of_all_cells_is_that_of_all_events(seed, count, cell_deg):
    events = drawn_events(seed, count)
    grid = sum_energy(events, cells_around(events["latitude"], events["longitude"], cell_deg))
    assert grid.outside == grid.without_energy == 0
    assert grid.counts.sum() == count
    assert grid.energy_j.sum() == pytest.approx(events["energy_j"].sum(), rel=1e-12)


@given(st.integers(0, 10_000), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_energy_is_conserved_wherever_the_edges_are(seed, north, east):
    events = drawn_events(seed, 40)
    cells = Cells(37.0 + north - 0.1, 141.5 + east - 0.1, 42, 42)
    grid = sum_energy(events, cells)
    assert grid.counts.sum() + grid.outside == 40
    if not grid.outside:
        assert grid.energy_j.sum() == pytest.approx(events["energy_j"].sum(), rel=1e-12)


@given(st.integers(0, 10_000), st.integers(-20, 20), st.integers(-20, 20))
def test_shift_of_edges_by_whole_cells_shifts_the_sums(seed, rows, columns):
    events = drawn_events(seed, 30)
    wide = sum_energy(events, Cells(34.0, 138.0, 100, 110, 0.1))
    moved = sum_energy(events, Cells(34.0 + 0.1 * rows, 138.0 + 0.1 * columns, 100, 110, 0.1))
    expected = np.roll(wide.energy_j, (-rows, -columns), axis=(0, 1))
    np.testing.assert_allclose(moved.energy_j, expected, rtol=1e-12)


@given(st.integers(0, 10_000), st.sampled_from([-180.0, 179.95, 0.0, 123.4]))
def test_longitudes_are_the_same_after_a_turn(seed, middle):
    events = drawn_events(seed, 30, (-18.0, middle), reach=1.0)
    cells = cells_around(events["latitude"], events["longitude"])
    assert cells.columns <= 21
    grid = sum_energy(events, cells)
    assert grid.outside == 0
    turned = Cells(cells.south, cells.west + 360, cells.rows, cells.columns)
    np.testing.assert_array_equal(sum_energy(events, turned).counts, grid.counts)
    np.testing.assert_allclose(np.diff(cells.longitude_edges), 0.1, atol=1e-9)


def test_cell_holds_its_south_and_west_edge_in_spite_of_rounding():
    values = np.arange(380, 400) / 10  # 39.3 / 0.1 is 392.99999999999994
    cells = Cells(38.0, 38.0, 20, 20)
    np.testing.assert_array_equal(cells.find(values, np.full(20, 38.0)), 20 * np.arange(20))
    np.testing.assert_array_equal(cells.find(np.full(20, 38.0), values), np.arange(20))
    around = cells_around(values, values)
    assert (around.rows, around.columns) == (20, 20)
    assert around.south == pytest.approx(38.0)
    assert cells.find([37.99, 40.0, 38.0, np.nan], [38.0, 38.0, 40.0, 38.0]).tolist() == [-1] * 4


def test_energies_fall_into_the_cells_of_their_places():
    events = events_at([38.05, 38.07, 38.15, 38.05], [143.05, 143.01, 143.05, 143.19], [1.0, 2.0, 4.0, 8.0])
    grid = sum_energy(events, Cells(38.0, 143.0, 2, 2))
    np.testing.assert_array_equal(grid.energy_j, [[3.0, 8.0], [4.0, 0.0]])
    np.testing.assert_array_equal(grid.counts, [[2, 1], [1, 0]])


def test_only_a_and_b_with_an_energy_are_summed():
    energies = [1.0, 2.0, 4.0, np.nan, -1.0, 0.0, np.inf, 8.0]
    events = events_at(38.05, 143.05, energies, quality=["A", "B", "C", "A", "A", "B", "A", None])
    grid = sum_energy(events, Cells(38.0, 143.0, 1, 1))
    assert (grid.energy_j[0, 0], grid.counts[0, 0], grid.without_energy) == (3.0, 2, 4)
    assert sum_energy(events, grid.cells, qualities=("C",)).energy_j[0, 0] == 4.0


def test_no_event_and_no_energy_give_zeros():
    cells = Cells(38.0, 143.0, 3, 2)
    for events in (event_table(), event_table([{"quality": "A", "latitude": 38.05, "longitude": 143.05}])):
        grid = sum_energy(events, cells)
        assert not grid.energy_j.any()
        assert not grid.counts.any()
        assert not grid.is_relative
        assert grid.without_energy == len(events)


@pytest.mark.parametrize(
    ("flags", "relative"),
    [([False, False], False), ([False, True], True), ([False, None], True), (None, True)],
)
def test_one_relative_energy_makes_the_sum_relative(flags, relative):
    columns = {} if flags is None else {"energy_is_relative": pd.array(flags, dtype="boolean")}
    events = events_at([38.05, 38.05], 143.05, [1.0, 2.0], **columns)
    assert energies_are_relative(events) is relative
    assert sum_energy(events, Cells(38.0, 143.0, 1, 1)).is_relative is relative


def test_relative_flag_of_an_event_without_energy_says_nothing():
    events = events_at([38.05, 38.05], 143.05, [1.0, np.nan], energy_is_relative=[False, True])
    assert not energies_are_relative(events)
    assert np.isnan(known_energies(event_table([{}]))).all()


def test_what_is_no_grid_is_refused():
    for wrong in ((0, 1, 0.1), (1, 0, 0.1), (1, 1, 0.0), (1, 3601, 0.1)):
        with pytest.raises(CatalogError, match="no grid"):
            Cells(0.0, 0.0, *wrong)
    for places in ([], [np.nan]):
        with pytest.raises(CatalogError, match="no grid"):
            cells_around(places, places)
    cells = Cells(0.0, 0.0, 2, 2)
    with pytest.raises(CatalogError, match="seen of shape"):
        sum_energy(event_table(), cells, seen=np.ones((2, 3), dtype=bool))
    with pytest.raises(CatalogError, match="counts of shape"):
        EnergyGrid(cells, np.zeros((2, 2)), np.zeros((1, 2), dtype=int), False, 0, 0, ("A",))
