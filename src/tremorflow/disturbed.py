"""Likelihood of measurements of which some are of something else."""

import numpy as np

from tremorflow.records import FloatArray

DISTURBED = 0.1  # share of stations that record something else meanwhile: cars, ships, other bursts
DISTURBED_RANGE = 1e4  # of what this something may amount to, each decade alike


def log_density(
    values: FloatArray, expected: FloatArray | float, spread: FloatArray, size: FloatArray
) -> FloatArray:
    """Log density of values that are as expected, with a Gaussian spread, or else anything at all.

    All arrays broadcast. ``size`` is that of each value: its amount, or its error where that is larger.
    """
    own = np.exp(-0.5 * ((values - expected) / spread) ** 2) / (np.sqrt(2 * np.pi) * spread)
    other = 1 / (size * np.log(DISTURBED_RANGE))
    return np.asarray(np.log((1 - DISTURBED) * own + DISTURBED * other))
