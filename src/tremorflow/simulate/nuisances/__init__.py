"""Nuisances: what a network records that is neither tremor nor earthquake nor background."""

from tremorflow.simulate.nuisances.draw import Nuisances, draw_nuisances
from tremorflow.simulate.nuisances.settings import NuisanceSettings

__all__ = ["NuisanceSettings", "Nuisances", "draw_nuisances"]
