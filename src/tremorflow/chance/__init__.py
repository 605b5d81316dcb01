"""What chance alone gives: the chain on stations that are shifted in time against each other."""

from tremorflow.chance.conventional import ConventionalChance, measure_conventional_chance
from tremorflow.chance.rate import ChanceMeasurement, ChanceRate, Locating, measure_chance_rate
from tremorflow.chance.settings import ChanceSettings
from tremorflow.chance.shifted import mask_episodes
from tremorflow.chance.shifts import Shifts, choose_shifts
from tremorflow.chance.thresholds import Threshold, choose_thresholds, with_gains

__all__ = [
    "ChanceMeasurement",
    "ChanceRate",
    "ChanceSettings",
    "ConventionalChance",
    "Locating",
    "Shifts",
    "Threshold",
    "choose_shifts",
    "choose_thresholds",
    "mask_episodes",
    "measure_chance_rate",
    "measure_conventional_chance",
    "with_gains",
]
