"""What a network could have seen: noise of its stations, hour by hour -> the smallest burst it would find."""

from tremorflow.capability.grid import Capability, map_capability
from tremorflow.capability.settings import CapabilitySettings, ChainRules
from tremorflow.capability.smallest import Bursts, probability_found, smallest_energy

__all__ = [
    "Bursts",
    "Capability",
    "CapabilitySettings",
    "ChainRules",
    "map_capability",
    "probability_found",
    "smallest_energy",
]
