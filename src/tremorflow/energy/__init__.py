"""Radiated energy: envelopes and a located burst -> energy with its error; earthquakes -> site terms."""

from tremorflow.energy.estimate import Energy, RadiatingSource, energy_magnitude, estimate_energy
from tremorflow.energy.noise import HourNoise, measure_noise, typical_noise
from tremorflow.energy.settings import EnergySettings
from tremorflow.energy.site_settings import SiteTermSettings
from tremorflow.energy.site_terms import ShakenStations, SiteTerms, measure_earthquake, solve_site_terms

__all__ = [
    "Energy",
    "EnergySettings",
    "HourNoise",
    "RadiatingSource",
    "ShakenStations",
    "SiteTermSettings",
    "SiteTerms",
    "energy_magnitude",
    "estimate_energy",
    "measure_earthquake",
    "measure_noise",
    "solve_site_terms",
    "typical_noise",
]
