"""Radiated energy and site terms on a simulated part of S-net, at true places and times.

    python benchmarks/science/energy.py [--seeds 6] [--hours 6] [--first-seed 1]

Everything is simulated: 28 stations (N.S4), layered medium with scattering, sediment, double couples,
earthquakes and nuisances as in the scenario `weak`; bursts of 10^3.5 to 10^6.5 J. Place and time of each
burst are the true ones: errors of location come on top, but for the case in which the epicentre is moved at
random. Scored are bursts with SNR >= 2 at one station at least that the scenario's end does not cut: log10
of energy found over true. Q, the loss near the surface and the share of the vertical are set to about what
the simulation has, which no one knows of a real network. `error without that of Q` is the stated error with
`quality_error` = 0, and it is this one whose coverage is given.
Site terms are estimated, as `tremorflow site-terms` does, from the earthquakes of a simulation of three hours
with a hundred times as many of M 2.2-4.5 as usual, whose catalogue is exact; the energies by them are
relative, so that only their scatter within a network counts, and `no site terms` takes the sea floor for
rock. Ends with one JSON object.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from tremorflow.batch.recordings import StoredEnvelopes
from tremorflow.batch.simulated import SimulatedRecordings
from tremorflow.batch.site_terms import SiteTermsFound, estimate_site_terms
from tremorflow.energy import EnergySettings, RadiatingSource, estimate_energy
from tremorflow.io.stations import with_site_terms
from tremorflow.preprocess import PreprocessSettings
from tremorflow.records import Envelopes, Network, timedelta
from tremorflow.simulate.scenario import make_scenario
from tremorflow.simulate.synthesis import Simulation, prepare_simulation
from tremorflow.traveltime import read_velocity_model

STATIONS = ("N.S4",)
BURSTS_PER_HOUR = 8
MOVED_KM = 5.0
PULSE_LATE_S, PULSE_SD_S = 2.0, 2.5  # of an LFE in an envelope below 0.2 Hz, scattered
END_S = 60.0  # bursts that end later are cut
EXACT = EnergySettings(quality_error=0.0)
TREMOR = {"kind": "uniform", "log10_energy_min": 3.5, "log10_energy_max": 6.5, "min_interval_s": 330.0}
MANY_EARTHQUAKES = {
    "rate_per_day": 740.0,
    "magnitude_min": 2.2,
    "magnitude_max": 4.5,
    "aftershocks": False,
    "clustered_share": 0.3,
}


Row = tuple[float, float, float, float, int]


class Burst(NamedTuple):
    """Name, energy, best SNR and source of a burst."""

    name: str
    energy_j: float
    snr: float
    source: RadiatingSource


def simulate(seed: int, hours: float, **changes: object) -> tuple[Simulation, Envelopes]:
    """Simulation of so many hours and its envelopes, with the true site terms."""
    tree = {
        "seed": seed,
        "duration_s": hours * 3600,
        "sampling_rate_hz": 25.0,
        "network": {"name": "snet", "select": STATIONS},
    }
    simulation = prepare_simulation(make_scenario(tree | changes))
    settings = PreprocessSettings(components="all")
    with SimulatedRecordings(simulation, settings, true_sites=True) as source:
        return simulation, source.read(*source.span)


def true_sources(simulation: Simulation, end: np.datetime64) -> list[Burst]:
    """Each burst that is whole and heard."""
    s_times = simulation.events["tremor"][0].rays[:, :, 1] + simulation.network.s_delays_s
    found = []
    for k, row in enumerate(simulation.truth.tremor.to_dict("records")):
        span = np.datetime64(row["start_time"]), np.datetime64(row["end_time"])
        best = float(np.nanmax(simulation.snr[k]))
        if best >= 2 and span[1] < end - timedelta(END_S):
            place = row["latitude"], row["longitude"], row["depth_km"]
            source = RadiatingSource(*place, *span, s_times[k], 0.0, 0.0)
            found.append(Burst(row["burst_id"], row["energy_j"], best, source))
    return found


def quarter_level(source: RadiatingSource, lfe: pd.DataFrame) -> RadiatingSource:
    """Source from where its power passes a quarter of the peak to where it falls below, as locations say."""
    lags = (lfe["time"].to_numpy() - source.start_time) / np.timedelta64(1, "s")
    times = np.arange(-30.0, source.duration_s + 40.0)
    pulses = np.exp(-0.5 * ((times[:, None] - lags - PULSE_LATE_S) / PULSE_SD_S) ** 2)
    power = (lfe["energy_j"].to_numpy() * pulses).sum(axis=1)
    inside = np.flatnonzero(power >= 0.25 * power.max())
    runs = np.split(inside, np.flatnonzero(np.diff(inside) > 30) + 1)
    run = next(run for run in runs if power.argmax() in run)
    span = [source.start_time + timedelta(float(times[at])) for at in (run[0], run[-1])]
    return replace(source, start_time=span[0], end_time=span[1])


def moved(source: RadiatingSource, rng: np.random.Generator) -> RadiatingSource:
    """Source whose epicentre is wrong by ``MOVED_KM`` along each axis, and says so."""
    north, east = MOVED_KM * rng.standard_normal(2) / 111.2
    return replace(
        source,
        latitude=source.latitude + north,
        longitude=source.longitude + east / np.cos(np.radians(source.latitude)),
        epicentre_error_km=MOVED_KM,
    )


def cases_of(envelopes: Envelopes, terms: Network) -> dict[str, Envelopes]:
    """Envelopes by what is known of the stations and recorded by them."""
    unknown = tuple(replace(one, site_amplification=float("nan")) for one in envelopes.network.stations)
    return {
        "site terms known": envelopes,
        "horizontals alone": replace(
            envelopes, components=envelopes.components[:2], values=envelopes.values[:, :2]
        ),
        "epicentre off by 5 km": envelopes,
        "start and end at a quarter of the peak": envelopes,
        "site terms estimated": replace(envelopes, network=with_site_terms(envelopes.network, terms)),
        "no site terms": replace(envelopes, network=Network(unknown)),
    }


def estimates(
    sources: list[Burst], envelopes: Envelopes, case: str, seed: int, lfe: dict[str, pd.DataFrame]
) -> list[Row]:
    """Log10 of found over true, error without and with that of Q, best SNR and seed, burst by burst."""
    rng, stations, rows = np.random.default_rng(seed), range(len(envelopes.network)), []
    for burst, energy_j, best, source in sources:
        there = moved(source, rng) if "off" in case else source
        there = quarter_level(source, lfe[burst]) if "quarter" in case else there
        found = estimate_energy(envelopes, there, stations, EXACT)
        whole = estimate_energy(envelopes, there, stations, EnergySettings())
        rows.append((np.log10(found.energy_j / energy_j), found.log10_error, whole.log10_error, best, seed))
    return rows


def score(rows: list[Row]) -> dict[str, object]:
    """Summary of the estimates of one case."""
    table = np.array(rows)
    known = np.isfinite(table[:, 0])
    errors, stated, whole, _, seeds = table[known].T
    middle = float(np.median(errors))
    centred = errors - [np.median(errors[seeds == seed]) for seed in seeds]
    return {
        "bursts": len(known),
        "without an energy": int((~known).sum()),
        "median log10": round(middle, 3),
        "sd log10": round(float(errors.std()), 3),
        "robust sd": round(1.4826 * float(np.median(np.abs(errors - middle))), 3),
        "robust sd within a network": round(1.4826 * float(np.median(np.abs(centred))), 3),
        "within a factor 2": round(float(np.mean(np.abs(errors) < np.log10(2))), 3),
        "error without that of Q": round(float(np.median(stated)), 3),
        "within it": round(float(np.mean(np.abs(errors) < stated)), 3),
        "within twice it": round(float(np.mean(np.abs(errors) < 2 * stated)), 3),
        "error with that of Q": round(float(np.median(whole)), 3),
    }


def score_sites(found: list[SiteTermsFound], truth: list[Network]) -> dict[str, object]:
    """Site terms found against the true ones, each set centred; log10."""
    errors, sigma, correlation = [], [], []
    for one, true in zip(found, truth, strict=True):
        values = np.log10(one.network.site_amplifications)
        known = np.isfinite(values)
        expected = np.log10(true.site_amplifications)[known]
        values = values[known]
        errors.append(values - values.mean() - expected + expected.mean())
        sigma.append(one.terms.log_sigma[known] / np.log(10))
        correlation.append(float(np.corrcoef(values, expected)[0, 1]))
    error, stated = np.concatenate(errors), np.concatenate(sigma)
    return {
        "scenarios": len(found),
        "earthquakes used": sum(one.n_earthquakes for one in found),
        "stations": len(error),
        "without a term": sum(len(one.network) for one in found) - len(error),
        "correlation, least": round(min(correlation), 3),
        "rms log10": round(float(np.sqrt(np.mean(error**2))), 3),
        "stated error": round(float(np.median(stated)), 3),
        "within it": round(float(np.mean(np.abs(error) < stated)), 3),
        "within twice it": round(float(np.mean(np.abs(error) < 2 * stated)), 3),
        "Q found (true 200)": [round(one.terms.quality_factor) for one in found],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--first-seed", type=int, default=1)
    given = parser.parse_args()
    rows: dict[str, list[Row]] = {}
    found, truth = [], []
    model = read_velocity_model("jma2001")
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        started = time.time()
        simulation, recorded = simulate(seed, 3.0, earthquakes=MANY_EARTHQUAKES)
        found.append(estimate_site_terms(StoredEnvelopes(recorded), simulation.truth.earthquakes, model))
        truth.append(simulation.network)
        tremor = [TREMOR | {"n_bursts": int(BURSTS_PER_HOUR * given.hours)}]
        simulation, envelopes = simulate(seed, given.hours, tremor=tremor)  # the same sites: same seed
        sources = true_sources(simulation, envelopes.end_time)
        lfe = dict(iter(simulation.truth.lfe.groupby("burst_id")))
        for case, these in cases_of(envelopes, found[-1].network).items():
            rows.setdefault(case, []).extend(estimates(sources, these, case, seed, lfe))
        print(
            f"seed {seed}: {len(sources)} bursts, {time.time() - started:.0f} s", file=sys.stderr, flush=True
        )
    known = rows["site terms known"]
    steps = {"2-4": (2, 4), "4-10": (4, 10), "above 10": (10, np.inf)}
    result = {
        "benchmark": "energy",
        "simulated": True,
        "first seed": given.first_seed,
        "seeds": given.seeds,
        "hours of each": given.hours,
        "energies": {case: score(one) for case, one in rows.items()},
        "site terms known, by SNR at the best station": {
            name: score([row for row in known if low <= row[3] < high])
            for name, (low, high) in steps.items()
            if any(low <= row[3] < high for row in known)
        },
        "site terms": score_sites(found, truth),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
