"""What chance alone gives: the chain on stations that are shifted in time against each other."""

from tremorflow.chance.rate import ChanceMeasurement, ChanceRate, Locating, measure_chance_rate
from tremorflow.chance.settings import ChanceSettings
from tremorflow.chance.shifted import mask_episodes
from tremorflow.chance.shifts import Shifts, choose_shifts
from tremorflow.chance.thresholds import Threshold, choose_thresholds, with_gains

__all__ = [
    "ChanceMeasurement",
    "ChanceRate",
    "ChanceSettings",
    "Locating",
    "Shifts",
    "Threshold",
    "choose_shifts",
    "choose_thresholds",
    "mask_episodes",
    "measure_chance_rate",
    "with_gains",
]
