"""Waves that cross the network are no sources in it; sources in it and beside it are no such waves."""

from dataclasses import replace

import numpy as np
import pytest
from group_scenes import LATTICE, SIMULATED, at, locate_all, tremor_window

from tremorflow.geodesy import LocalFrame
from tremorflow.records import Envelopes, timedelta
from tremorflow.simulate import TremorBurst, draw_burst_power, simulate_envelopes


def crossing(velocity_km_s: float, azimuth_deg: float, seed: int) -> Envelopes:
    """300 s in which a swell of 60 s crosses the lattice, equally loud everywhere."""
    frame = LocalFrame(float(LATTICE.latitudes.mean()), float(LATTICE.longitudes.mean()))
    east, north = frame.to_km(LATTICE.latitudes, LATTICE.longitudes)
    azimuth, rng = np.radians(azimuth_deg), np.random.default_rng(seed)
    delays = (east * np.sin(azimuth) + north * np.cos(azimuth)) / velocity_km_s
    power = draw_burst_power(420.0, 150.0, 60.0, rng)
    burst = TremorBurst(power, delays - delays.min() + 5.0, np.full(len(LATTICE), 5.0))
    whole = simulate_envelopes(LATTICE, [burst], 420.0, SIMULATED, rng)
    return replace(whole, unit="m/s").window(whole.start_time + timedelta(60.0), 300.0)


@pytest.mark.parametrize("velocity_km_s", [1.5, 12.0, 30.0])
@pytest.mark.parametrize("azimuth_deg", [10.0, 100.0, 215.0])
def test_a_wave_that_crosses_the_network_is_refused(velocity_km_s: float, azimuth_deg: float) -> None:
    result = locate_all(crossing(velocity_km_s, azimuth_deg, round(azimuth_deg)))
    assert not result.hypocentres
    assert result.reason in {"plane_wave", "no_agreement_of_stations"}


def test_a_fast_wave_is_refused_for_what_it_is() -> None:
    assert locate_all(crossing(12.0, 45.0, 3)).reason == "plane_wave"


@pytest.mark.parametrize("place", [(0.0, 0.0), (60.0, -40.0), (-150.0, 20.0), (100.0, 95.0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_sources_in_the_network_and_beside_it_are_not(place: tuple[float, float], seed: int) -> None:
    result = locate_all(tremor_window(LATTICE, [at(*place)], seed))
    assert result.reason == "located"
