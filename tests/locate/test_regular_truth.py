"""Regular shots are told from tremor and noise, however loud, early or hidden in noise they are."""

from dataclasses import replace

import numpy as np
import pytest
from group_scenes import LATTICE, amplitudes_of, at, tremor_window

from tremorflow.geodesy import distances_km
from tremorflow.locate.regular import NEIGHBOUR_KM, is_regular, repeats
from tremorflow.records import Envelopes

NEAR = np.argsort(distances_km(38.0, 142.0, LATTICE.latitudes, LATTICE.longitudes))[:4]


def shots(interval_s: float, loud: float, seed: int, first_s: float = 3.0) -> np.ndarray:
    """Envelope (300 s at 1 Hz) of shots with coda at one interval, in noise whose power scatters."""
    rng = np.random.default_rng(seed)
    times = np.arange(300.0)
    late = times[:, None] - np.arange(first_s - interval_s, 300, interval_s)
    power = np.where(late > 0, np.exp(-np.maximum(late, 0) / 3.0), 0.0).sum(axis=1)
    return np.asarray(np.sqrt(rng.gamma(4.0, 0.25, 300) * (1 + loud * power)))


def window_of(rows: dict[int, np.ndarray], seed: int) -> Envelopes:
    """Noise at all stations, and these envelopes at some."""
    window = tremor_window(LATTICE, [], seed)
    values = window.values.copy()
    for station, row in rows.items():
        values[station] = row
    return replace(window, values=values)


@pytest.mark.parametrize("interval_s", [10.0, 17.5, 30.0, 55.0])
@pytest.mark.parametrize("first_s", [1.0, 7.5])
def test_shots_are_regular(interval_s, first_s):
    found = [repeats(shots(interval_s, 20.0, seed, first_s), 1.0) for seed in range(10)]
    assert np.mean(found) >= 0.9


def test_they_are_at_any_size_and_sampling_rate():
    series = shots(20.0, 20.0, 1)
    assert repeats(1e-9 * series, 1.0)
    assert repeats(np.repeat(series, 2), 2.0)


@pytest.mark.parametrize("snr", [2.0, 5.0, 20.0])
def test_tremor_is_not_regular(snr):
    source, regular = at(0.0, 0.0), []
    for seed in range(25):
        window = tremor_window(LATTICE, [source], seed, [amplitudes_of(LATTICE, source, snr)])
        regular.append(is_regular(window, NEAR))
    assert np.mean(regular) <= 0.04


def test_noise_is_not_regular():
    regular = [is_regular(tremor_window(LATTICE, [], seed), NEAR) for seed in range(25)]
    assert not any(regular)


def test_half_of_the_stations_decide():
    loud = shots(17.5, 30.0, 3)
    assert is_regular(window_of({int(NEAR[0]): loud, int(NEAR[1]): loud}, 5), NEAR)
    assert not is_regular(window_of({int(NEAR[0]): loud}, 5), NEAR)


def test_shots_that_only_a_neighbour_hears_clearly_are_regular():
    faint = [shots(17.5, 2.5, seed, 8.0) for seed in range(30)]
    assert np.mean([repeats(one, 1.0) for one in faint]) < 0.1
    member, neighbour = int(NEAR[0]), int(NEAR[1])
    together = [window_of({member: one, neighbour: shots(17.5, 30.0, 99)}, 5) for one in faint]
    assert np.mean([is_regular(window, NEAR[:1]) for window in together]) >= 0.7
    away = distances_km(
        LATTICE.latitudes[member], LATTICE.longitudes[member], LATTICE.latitudes, LATTICE.longitudes
    )
    far = int(np.flatnonzero(away > NEIGHBOUR_KM)[0])
    apart = [window_of({member: one, far: shots(17.5, 30.0, 99)}, 5) for one in faint]
    assert np.mean([is_regular(window, NEAR[:1]) for window in apart]) < 0.1


@pytest.mark.parametrize("snr", [2.0, 5.0])
def test_tremor_beside_a_station_that_hears_shots_is_not_regular(snr):
    source, regular = at(0.0, 0.0), []
    for seed in range(25):
        window = tremor_window(LATTICE, [source], seed, [amplitudes_of(LATTICE, source, snr)])
        values = window.values.copy()
        values[NEAR[3]] = shots(17.5, 30.0, seed)
        regular.append(is_regular(replace(window, values=values), NEAR[:3]))
    assert np.mean(regular) <= 0.12


@pytest.mark.parametrize("value", [np.nan, 0.0, 1.0])
def test_nothing_recorded_is_not_regular(value):
    window = tremor_window(LATTICE, [], 1)
    assert not is_regular(replace(window, values=np.full_like(window.values, value)), NEAR)


def test_stations_with_gaps_and_missing_components_are_left_out():
    loud = shots(17.5, 30.0, 3)
    window = window_of({int(NEAR[0]): loud}, 5)
    missing = np.full_like(window.values, np.nan)
    both = np.concatenate([window.values, missing], axis=1)
    assert is_regular(replace(window, values=both, components=("H1", "V")), NEAR[:1])
    gappy = window.values.copy()
    gappy[NEAR[0], :, ::3] = np.nan
    assert not is_regular(replace(window, values=gappy), NEAR[:1])
    assert not is_regular(window, NEAR[:0])
