"""Radiated energy: envelopes and a located burst -> energy with its error; earthquakes -> site terms."""

from tremorflow.energy.estimate import Energy, RadiatingSource, energy_magnitude, estimate_energy
from tremorflow.energy.settings import EnergySettings

__all__ = [
    "Energy",
    "EnergySettings",
    "RadiatingSource",
    "energy_magnitude",
    "estimate_energy",
]
