"""What amplitudes say of a place: the truth is likely, one wild station decides nothing."""

from dataclasses import replace

import numpy as np
from group_scenes import LATTICE, SETTINGS, amplitudes_of, at, grid_of, tremor_window

from tremorflow.geodesy import LocalFrame, distances_km
from tremorflow.locate import Whereabouts, locate_small_group, station_pairs
from tremorflow.locate.amplitudes import amplitude_likelihood
from tremorflow.locate.source_time import SourceTime
from tremorflow.records import Envelopes, Network, timedelta

SITES = 10 ** np.random.default_rng(1).normal(0.5, 0.3, len(LATTICE))
KNOWN = Network(
    tuple(
        replace(station, site_amplification=float(site))
        for station, site in zip(LATTICE.stations, SITES, strict=True)
    )
)
GRID = replace(grid_of(LATTICE), network=KNOWN)
NEAR = np.flatnonzero(distances_km(*at(0.0, 0.0)[:2], GRID.node_latitudes, GRID.node_longitudes) <= 90)


def window_of(source, seed: int, snr_30_km: float = 3.0) -> Envelopes:
    """Burst whose amplitudes, and the noise, the ground under each station raises."""
    window = tremor_window(LATTICE, [source], seed, [amplitudes_of(LATTICE, source, snr_30_km)])
    return replace(window, network=KNOWN, unit="m/s", values=window.values * SITES[:, None, None])


def likelihood(window: Envelopes, grid=GRID) -> np.ndarray | None:
    """Of the nodes near the middle, the time of the burst known about."""
    begin, end = (window.start_time + timedelta(time_s) for time_s in (75.0, 195.0))
    source = SourceTime(begin, begin, end, 60.0, False)
    return amplitude_likelihood(window, source, NEAR, grid, SETTINGS)


def error_km(source, log_likelihood: np.ndarray) -> float:
    """Of the mean of the nodes by their likelihood."""
    weights = np.exp(log_likelihood - log_likelihood.max())
    frame = LocalFrame(source[0], source[1])
    east, north = frame.to_km(GRID.node_latitudes[NEAR], GRID.node_longitudes[NEAR])
    return float(np.hypot(np.average(east, weights=weights), np.average(north, weights=weights)))


def test_amplitudes_point_to_the_source():
    sources = [at(12.0 * k - 30.0, 5.0 * k - 12.0) for k in range(6)]
    found = [error_km(one, likelihood(window_of(one, k))) for k, one in enumerate(sources)]
    assert np.median(found) < 10.0  # a third of a station spacing
    assert max(found) < 20.0


def test_units_do_not_matter():
    window = window_of(at(5.0, 5.0), 3)
    other = replace(window, values=window.values * 1e-9)
    one, two = likelihood(window), likelihood(other)
    np.testing.assert_allclose(two - two.max(), one - one.max(), atol=1e-6)


def test_one_wild_station_draws_nothing_to_it():
    """Something a hundred times as loud as the burst, while it lasts, at a station 60 km away."""
    source = at(0.0, 0.0)
    window = window_of(source, 4)
    wild = int(np.argmin(distances_km(*at(60.0, 0.0)[:2], LATTICE.latitudes, LATTICE.longitudes)))
    values = window.values.copy()
    values[wild, :, 100:200] += 100.0 * values[wild].max()
    assert error_km(source, likelihood(replace(window, values=values))) < 10.0


def test_silence_of_near_stations_keeps_a_burst_away():
    """Noise at every station: places beside them are less likely than places between them."""
    log_likelihood = likelihood(window_of(at(0.0, 0.0), 5, snr_30_km=1e-6))
    network = distances_km(
        GRID.node_latitudes[NEAR, None],
        GRID.node_longitudes[NEAR, None],
        LATTICE.latitudes,
        LATTICE.longitudes,
    )
    away = network.min(axis=1)
    assert log_likelihood[away < 5.0].mean() < log_likelihood[away > 18.0].mean()


def test_without_ground_motion_or_site_terms_amplitudes_say_nothing():
    window = window_of(at(0.0, 0.0), 6)
    assert likelihood(replace(window, unit="count")) is None
    assert likelihood(window, replace(GRID, network=LATTICE)) is None
    assert likelihood(replace(window, values=np.full_like(window.values, np.nan))) is None


def test_a_pair_is_placed_better_with_site_terms():
    """Probabilities say where to 25 km, a pair gives a hyperbola; others hear little."""
    pairs, errors = station_pairs(GRID, SETTINGS), {True: [], False: []}
    rng = np.random.default_rng(2)
    for seed in range(25):
        source = at(*rng.uniform(-40, 40, 2))
        aside = LocalFrame(source[0], source[1]).to_degrees(*rng.normal(0, 25.0, 2))
        away = distances_km(*aside, GRID.node_latitudes, GRID.node_longitudes)
        nodes = np.flatnonzero(away <= 100.0)
        known = Whereabouts(nodes, -0.5 * (away[nodes] / 25.0) ** 2, np.zeros(0, dtype=np.intp), 0.0, 0.0)
        nearest = distances_km(source[0], source[1], LATTICE.latitudes, LATTICE.longitudes)
        stations = np.sort(np.argsort(nearest, kind="stable")[:2])
        window = window_of(source, seed, 2.0)
        for sites, grid in ((True, GRID), (False, replace(GRID, network=LATTICE))):
            found = locate_small_group(window, stations, known, grid, pairs, SETTINGS).hypocentre
            place = found.fit.place if found is not None else None
            errors[sites].append(
                np.nan if place is None else distances_km(place.latitude, place.longitude, *source[:2])
            )
    assert np.isfinite(errors[True]).sum() >= 15
    assert np.nanmedian(errors[True]) < 0.8 * np.nanmedian(errors[False])
