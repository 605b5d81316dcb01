"""Bursts of known energy for the tests: envelopes by the formula, and small simulations."""

from dataclasses import replace

import numpy as np

from tremorflow.batch.simulated import SimulatedRecordings
from tremorflow.energy import EnergySettings, RadiatingSource
from tremorflow.geodesy import LocalFrame
from tremorflow.preprocess import PreprocessSettings
from tremorflow.preprocess.filters import band_taps
from tremorflow.records import Envelopes, Network, Station, timedelta, utc
from tremorflow.simulate.scenario import make_scenario
from tremorflow.simulate.synthesis import prepare_simulation

START = utc("2020-01-01T00:00:00Z")
EPICENTRE = (38.5, 143.0)
EXACT = EnergySettings(quality_error=0.0)  # simulations have the Q of the settings
COMPONENTS = ("H1", "H2", "V")
SHARES = np.array([0.43, 0.43, 0.14])  # of S energy, as settings assume


def network_at(distances_km, depth_km=10.0, amplification=1.0):
    """Stations at sea level at these hypocentral distances from a source at this depth, all around."""
    frame = LocalFrame(*EPICENTRE)
    stations = []
    for k, distance in enumerate(distances_km):
        epicentral, azimuth = np.sqrt(distance**2 - depth_km**2), 2.4 * k
        latitude, longitude = frame.to_degrees(epicentral * np.sin(azimuth), epicentral * np.cos(azimuth))
        stations.append(Station("N", f"S{k:02d}", float(latitude), float(longitude), 0.0, amplification))
    return Network(tuple(stations))


def source_of(duration_s=20.0, start_s=1800.0, depth_km=10.0, n_stations=5, s_time_s=0.0):
    start = START + timedelta(start_s)
    times = np.full(n_stations, s_time_s)
    return RadiatingSource(*EPICENTRE, depth_km, start, start + timedelta(duration_s), times)


def burst_envelopes(network, v_rms, duration_s=20.0, start_s=1800, noise=1e-9, length_s=3600):
    """Envelopes of a burst of this rms of three components (station,) over steady noise, m/s, 1 Hz."""
    power = np.full((len(network), length_s), noise**2)
    power[:, round(start_s) : round(start_s + duration_s)] += np.asarray(v_rms)[:, None] ** 2
    values = np.sqrt(power[:, None, :] * SHARES[:, None])
    return Envelopes(network, COMPONENTS, values, START, 1.0, (2.0, 8.0), "m/s")


def passed_share():
    """Share of the power of flat noise in 2-8 Hz that the band-pass of the preprocessing passes."""
    settings = PreprocessSettings()
    taps = band_taps(settings.band_hz, settings.band_order, settings.working_rate_hz)
    return float((taps**2).sum() / (2 * 6.0 / settings.working_rate_hz))


def simulated_bursts(scenario, stations=None):
    """Envelopes of a simulation, its true bursts as (energy_j, best SNR, source), true sites known."""
    simulation = prepare_simulation(make_scenario(scenario))
    with SimulatedRecordings(simulation, PreprocessSettings(components="all"), true_sites=True) as source:
        envelopes = source.read(*source.span)
    s_times = simulation.events["tremor"][0].rays[:, :, 1] + simulation.network.s_delays_s
    bursts = []
    for k, row in enumerate(simulation.truth.tremor.to_dict("records")):
        place = row["latitude"], row["longitude"], row["depth_km"]
        span = np.datetime64(row["start_time"]), np.datetime64(row["end_time"])
        best = float(np.nanmax(simulation.snr[k]))
        bursts.append((row["energy_j"], best, RadiatingSource(*place, *span, s_times[k], 0.1, 0.1)))
    return envelopes, bursts


def renamed(envelopes, **changes):
    """Envelopes whose stations all have other values of some fields."""
    stations = tuple(replace(station, **changes) for station in envelopes.network.stations)
    return replace(envelopes, network=Network(stations))
