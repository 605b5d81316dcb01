"""Power as the sum of sources: what holds whatever is recorded, and what is left when one is taken out."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from group_scenes import LATTICE, SETTINGS, amplitudes_of, at, grid_of, tremor_window
from hypothesis import given, settings
from hypothesis import strategies as st
from location_scenes import network_at

from tremorflow.geodesy import distances_km
from tremorflow.locate import station_pairs
from tremorflow.locate.correlation import correlate_pairs, normalise_envelopes, pairs_among
from tremorflow.locate.groups import _best_source
from tremorflow.locate.hypocentre import Delays, Fit, place_at
from tremorflow.locate.power import PowerModel, model_power
from tremorflow.locate.windows import make_scene
from tremorflow.records import Envelopes, Network

ALL = np.arange(len(LATTICE))
EAST, NORTH = np.meshgrid(np.arange(9) * 30.0 - 120.0, np.arange(5) * 30.0 - 60.0)  # of the lattice
PLACES = (at(-50.0, 5.0), at(50.0, -5.0))


def fit_at(place: tuple[float, float, float], network: Network, within_km: float = 90.0) -> Fit:
    """A source that all stations within a distance hear, without delays."""
    away = distances_km(place[0], place[1], network.latitudes, network.longitudes)
    stations = np.flatnonzero(away < within_km)
    count = len(stations)
    delays = Delays(np.zeros(count), np.full(count, 0.1), np.full(count, 0.9))
    return Fit(place_at(*place, grid_of(network)), stations, delays, np.eye(3), 1.0, 1.0)


@lru_cache(maxsize=4)
def two(seed: int) -> Envelopes:
    return tremor_window(LATTICE, PLACES, seed)


def modelled(window: Envelopes) -> PowerModel:
    recorded = np.isfinite(window.values).any(axis=(1, 2))
    fits = [heard_by(fit_at(place, window.network), recorded) for place in PLACES]
    return model_power(window, fits, ALL, grid_of(window.network), SETTINGS)


def heard_by(fit: Fit, recorded: np.ndarray) -> Fit:
    """The same of those stations that recorded: a located source has no others."""
    kept = recorded[fit.stations]
    delays = Delays(*(getattr(fit.delays, name)[kept] for name in ("seconds", "sigma_s", "correlation")))
    return replace(fit, stations=fit.stations[kept], delays=delays)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**31), gaps=st.sampled_from([0.0, 0.1, 0.6]), unit=st.sampled_from(["m/s", "count"])
)
def test_power_is_never_negative(seed: int, gaps: float, unit: str) -> None:
    rng = np.random.default_rng(seed)
    values = two(seed % 2).values * rng.lognormal(0, 1, (len(LATTICE), 1, 1))
    values[rng.random(values.shape) < gaps] = np.nan
    values[rng.random(len(LATTICE)) < 0.1] = rng.choice([0.0, np.nan])
    model = modelled(replace(two(seed % 2), values=values, unit=unit))
    recorded = np.isfinite(values[:, 0])
    assert (model.background[recorded.any(axis=1)] >= 0).all()
    for part in model.parts:
        assert (part >= 0).all()
    for kept in (None, 0, 1):
        assert (model.without(kept)[recorded] >= 0).all()
        assert np.isfinite(model.log_excess(kept)[recorded]).all()
        assert np.isnan(model.log_excess(kept)[~recorded]).all()


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_is_the_other_source(seed, kept):
    """Its power at its stations is that which it has when it sounds alone."""
    window = two(seed)
    other = 1 - kept
    near = fit_at(PLACES[kept], LATTICE, 45.0).stations
    model = modelled(window)
    left = (model.without(kept) - model.background)[near]
    alone = model_power(
        replace(window, values=np.sqrt(np.maximum(model.power - model.parts[other], 0))[:, None]),
        [fit_at(PLACES[kept], LATTICE)],
        ALL,
        grid_of(LATTICE),
        SETTINGS,
    ).parts[0][near]
    assert left.sum() == pytest.approx(alone.sum(), rel=0.2)
    own = amplitudes_of(LATTICE, PLACES[kept], 10.0)[near] ** 2 * 100.0  # over its 100 s
    assert left.sum(axis=1) == pytest.approx(own, rel=0.6)
    assert np.median(left.sum(axis=1) / own) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("seed", range(3))
def test_a_source_out_of_the_window_is_found_in_what_it_left(seed):
    grid = grid_of(LATTICE)
    window = two(seed)
    model = model_power(window, [fit_at(PLACES[0], LATTICE)], ALL, grid, SETTINGS)
    series = replace(window, values=model.log_excess()[:, None])
    scene = make_scene(window, series, grid, station_pairs(grid, SETTINGS), SETTINGS)
    assert not isinstance(scene, str)
    found = _best_source(scene, [], SETTINGS)
    assert found is not None
    place = found[0].place
    assert distances_km(place.latitude, place.longitude, *PLACES[1][:2]) < 6.0


@pytest.mark.parametrize("seed", range(4))
def test_a_loud_source_taken_out_leaves_nothing_that_points_to_it(seed):
    """Though smoothing rings to zero before its onset, at every station a travel time later."""
    grid, place = grid_of(LATTICE), at(-20.0, 5.0)
    window = tremor_window(LATTICE, [place], seed, [amplitudes_of(LATTICE, place, 60.0)])
    fit = fit_at(place, LATTICE)
    pairs = pairs_among(station_pairs(grid, SETTINGS), fit.stations)
    lags = fit.place.s_times_s[pairs.second] - fit.place.s_times_s[pairs.first]
    model = model_power(window, [fit], ALL, grid, SETTINGS)
    alike = []
    for series in (window.values, model.log_excess()[:, None]):
        normalised = normalise_envelopes(replace(window, values=series), SETTINGS.min_completeness)
        correlations = correlate_pairs(normalised, window.sampling_rate_hz, pairs, SETTINGS.pair_sigma_s)
        alike.append(correlations.at(np.arange(len(pairs)), lags).mean())
    assert alike[0] > 0.9
    assert alike[1] < 0.3


def test_stations_that_were_not_asked_or_are_out_of_reach_have_no_part():
    far = network_at(np.append(EAST.ravel(), 900.0), np.append(NORTH.ravel(), 0.0))
    values = np.concatenate([two(0).values, two(0).values[:1]])
    window = replace(two(0), network=far, values=values)
    asked = np.append(np.arange(0, len(LATTICE), 2), len(LATTICE))
    model = model_power(window, [fit_at(PLACES[0], far)], asked, grid_of(far), SETTINGS)
    silent = np.append(np.arange(1, len(LATTICE), 2), len(LATTICE))
    assert (model.parts[0][silent] == 0).all()
    assert model.parts[0][fit_at(PLACES[0], far, 40.0).stations].sum() > 0
    np.testing.assert_array_equal(model.without()[silent], model.power[silent])


@settings(max_examples=8, deadline=None)
@given(power_of_two=st.integers(-40, 20))
def test_a_gain_of_all_stations_scales_the_power_and_no_more(power_of_two: int) -> None:
    gain = 2.0**power_of_two
    one, other = modelled(two(0)), modelled(replace(two(0), values=two(0).values * gain))
    for a, b in zip(one.parts, other.parts, strict=True):
        np.testing.assert_allclose(b, a * gain**2, rtol=1e-6, atol=1e-9 * a.max() * gain**2)
    np.testing.assert_allclose(other.log_excess(), one.log_excess(), atol=1e-5)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_order_of_stations_does_not_matter(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(LATTICE))
    shuffled = replace(two(0), network=LATTICE.subset(order), values=two(0).values[order])
    one, other = modelled(two(0)), modelled(shuffled)
    np.testing.assert_allclose(other.background, one.background[order], rtol=1e-6)
    for a, b in zip(one.parts, other.parts, strict=True):
        np.testing.assert_allclose(b, a[order], rtol=1e-6, atol=1e-9 * a.max())


def test_a_station_takes_no_more_than_its_distance_allows():
    """One station a hundred times too loud in power, in ground motion: the rest is not this source's."""
    window = tremor_window(LATTICE, PLACES[:1], 4)
    fit = fit_at(PLACES[0], LATTICE)
    loud = int(fit.stations[0])
    values = window.values.copy()
    values[loud] *= 10.0
    shares = []
    for unit in ("m/s", "count"):
        changed = replace(window, values=values, unit=unit)
        model = model_power(changed, [fit], ALL, grid_of(LATTICE), SETTINGS)
        shares.append(model.parts[0][loud].sum() / (model.power - model.background)[loud].sum())
    assert shares[0] < 0.15
    assert shares[1] > 0.7
