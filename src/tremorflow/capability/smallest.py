"""Probability that the chain finds a burst, and the energy of the smallest one that it finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.capability.hearing import at_least, heard, response
from tremorflow.capability.settings import CapabilitySettings, ChainRules
from tremorflow.energy.noise import HourNoise
from tremorflow.energy.propagation import (
    energy_per_motion,
    hypocentral_distances_km,
    site_terms,
)
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray

WINDOW_S = 120.0  # of DiET, and of the SNR (DEFINITIONS)
STEP_S = 60.0  # between windows of DiET
LOUDEST = 32  # stations that hear a burst best are enough: a burst near the limit is heard by five or so
SITE_PAIRS, SITE_SEED = 4, 1  # of trials of unknown site terms, each with its opposite; always the same
HALVINGS = 14  # of the range of log10 energies: 13 units to 0.001


@dataclass(frozen=True, slots=True)
class Bursts:
    """Where bursts are and how long they last; every array is (burst,)."""

    latitudes: FloatArray
    longitudes: FloatArray
    depths_km: FloatArray
    durations_s: FloatArray

    def __len__(self) -> int:
        return len(self.latitudes)


def probability_found(
    noise: HourNoise,
    bursts: Bursts,
    log10_energies: FloatArray,
    settings: CapabilitySettings,
    rules: ChainRules,
) -> FloatArray:
    """Probability (burst,) that the chain finds each burst in the noise of an hour.

    Parameters
    ----------
    noise
        Of the hour.
    bursts
        Where they are.
    log10_energies : (burst,)
        Of the energy (J) of each.
    settings
        Scatter of amplitudes; their duration is that of the bursts.
    rules
        Of the chain.

    Notes
    -----
    Found means located by delays: what is flagged ``small_group`` comes on top, so that a place where nothing
    is said to be seen may still show an event. A burst is found if in one of the windows of DiET that it
    touches, each with errors of its own, as many stations as ``rules.needed_stations`` hear it so well that
    DiET gives them ``settings.sure_probability``: less is enough for a group, but few of these envelopes
    correlate. How often it does at an SNR has been measured (bench grasp); the SNR is what 1/r, Q, site term
    and noise let expect, with their scatter; unknown site terms are drawn, and stay as they are from window
    to window. A station hears no more often than the share of the hour that it recorded.
    """
    return _found(_loudest(noise, bursts, settings, rules), 10**log10_energies, settings, rules)


def smallest_energy(
    noise: HourNoise, bursts: Bursts, settings: CapabilitySettings, rules: ChainRules
) -> FloatArray:
    """log10 of the energy (burst,) in J from which on a burst at each place is found in the hour's noise.

    Parameters
    ----------
    noise, bursts, settings, rules
        As of ``probability_found``; found means ``settings.probability``.

    Returns
    -------
    Infinite where not even ``most_log10_j`` is enough, as where too few stations are alive.
    """
    audience = _loudest(noise, bursts, settings, rules)
    low = np.full(len(bursts), settings.least_log10_j)
    high = np.full(len(bursts), settings.most_log10_j)
    never = _found(audience, 10**high, settings, rules) < settings.probability
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = _found(audience, 10**middle, settings, rules) >= settings.probability
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(never, np.inf, (low + high) / 2)


@dataclass(frozen=True, slots=True)
class _Audience:
    """Stations (burst, rank) that hear each burst best: SNR^2 by one joule, share recorded, site term.

    And the number of windows (burst,) that each touches.
    """

    power_ratio: FloatArray
    recorded: FloatArray
    has_site: NDArray[np.bool_]
    windows: FloatArray


def _loudest(noise: HourNoise, bursts: Bursts, settings: CapabilitySettings, rules: ChainRules) -> _Audience:
    """Find the stations that hear each burst best.

    SNR^2 over the window that holds the burst: mean power of the burst in it over that of the noise.
    """
    network, energy = noise.network, rules.energy
    amplifications, _ = site_terms(network, energy.unknown_amplification)
    alive = noise.alive
    power = np.where(alive > 0, noise.power, np.inf)
    ratios = np.zeros((len(bursts), len(network)))
    for k in range(len(bursts)):
        place = float(bursts.latitudes[k]), float(bursts.longitudes[k])
        distances = hypocentral_distances_km(network, *place, float(bursts.depths_km[k]))
        reached = distances_km(*place, network.latitudes, network.longitudes)
        factors = energy_per_motion(distances, amplifications, noise.band_hz, energy)
        ratio = 1 / (factors * max(WINDOW_S, float(bursts.durations_s[k])) * power)
        ratios[k] = np.where(reached <= rules.location.max_station_distance_km, ratio, 0.0)
    best = np.argsort(-ratios, axis=1, kind="stable")[:, :LOUDEST]
    windows = (WINDOW_S + bursts.durations_s) / STEP_S
    loudest = np.take_along_axis(ratios, best, axis=1)
    return _Audience(loudest, alive[best], network.has_site_terms[best], windows)


def _found(
    audience: _Audience, energies_j: FloatArray, settings: CapabilitySettings, rules: ChainRules
) -> FloatArray:
    """Probability (burst,) that the chain finds bursts of these energies (burst,)."""
    if not len(energies_j):
        return np.zeros(0)
    snr = np.sqrt(audience.power_ratio * energies_j[:, None])
    needed = max(rules.association.min_probability, settings.sure_probability)
    table = response(settings.amplitude_scatter, needed, rules.association)
    missed = np.zeros(len(snr))
    trials = _unknown_sites(audience, settings)
    for site in trials:
        in_one = at_least(heard(snr * site, table) * audience.recorded, rules.needed_stations)
        missed += (1 - in_one) ** audience.windows / len(trials)
    return (1 - settings.lost) * (1 - missed)


def _unknown_sites(audience: _Audience, settings: CapabilitySettings) -> list[FloatArray]:
    """Amplitudes (burst, rank) of sites whose terms are unknown, over what they are taken for; 1 where known.

    One for each of some trials, and in a trial the same in all windows; one trial if all terms are known.
    """
    if audience.has_site.all():
        return [np.ones(audience.has_site.shape)]
    drawn = np.random.default_rng(SITE_SEED).standard_normal((SITE_PAIRS, audience.has_site.shape[1]))
    factors = 10 ** (settings.site_scatter * np.concatenate([drawn, -drawn]))
    return [np.where(audience.has_site, 1.0, factor) for factor in factors]
