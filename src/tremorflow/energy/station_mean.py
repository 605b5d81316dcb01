"""Mean over the stations of what each says of the energy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.disturbed import log_density
from tremorflow.energy.motion import BurstMotion
from tremorflow.energy.settings import EnergySettings
from tremorflow.records import FloatArray

PRIOR_STATIONS = 4  # that the scatter expected before counts for
CLIPPED_SD = 3.0  # an energy farther than this from the median, in log10, counts as this far
SD_OF_MAD = 1.4826  # of a Gaussian
LEAST = 1e-3  # of the median: logarithms of energies that noise made negative
ROUNDS = 6  # of mean and weights, and of mean and stations: both settle in three
STEP_LOG10 = 0.05  # of trial energies: a quarter of the scatter between stations


@dataclass(frozen=True, slots=True)
class StationMean:
    """Energy by the stations together.

    ``used`` (station,) says which count; ``energies_j`` and ``weights`` are of these alone, outliers moved
    in. ``log10_error`` is the standard deviation by scatter and noise.
    """

    energy_j: float
    used: NDArray[np.bool_]
    energies_j: FloatArray
    weights: FloatArray
    log10_error: float


def mean_over_stations(
    motion: BurstMotion, factors: FloatArray, settings: EnergySettings
) -> StationMean | None:
    """Energy by all stations that should hear the burst; None if too few do.

    Parameters
    ----------
    motion : (station,)
        Integrated motion and its noise.
    factors : (station,), J s / m^2
        Energy that the source radiates for each unit of motion.

    Notes
    -----
    The mean of the energy over the focal sphere is the energy radiated, whatever the pattern; the median of S
    by a double couple is 0.08 lower in log10. A station counts if the energy found would give it
    ``min_snr``, and its weight is that of the scatter and noise that this energy would have: choosing and
    weighing by what the station itself says would favour the high ones or the low ones. The first choice is
    by the energy that agrees with most stations (``_most_likely``): of a faint burst, what disturbs a station
    far away would stand for a thousand times the energy, and a quiet one nearby denies it. Energies more than
    3 sd (by the median deviation of log10) from the median are moved in to there.
    """
    energies, noise = motion.integrals * factors, motion.noise * factors
    needed = settings.min_snr**2 * motion.background * factors
    energy_j, mean = _most_likely(energies, noise, settings), None
    for _ in range(ROUNDS):
        used = energy_j >= needed
        enough = used.sum() >= settings.min_stations and (energies[used] > 0).any()
        if not enough or (mean is not None and np.array_equal(used, mean.used)):
            break
        mean = _weighted(energies, noise, used, settings)
        energy_j = mean.energy_j
    return mean


def _most_likely(energies: FloatArray, noise: FloatArray, settings: EnergySettings) -> float:
    """Energy that stations of such energies and noise (station,) make most likely; 0 if none says anything.

    Each says it with its scatter and noise, or is disturbed (``tremorflow.disturbed``).
    """
    positive = energies[energies > 0]
    if not len(positive):
        return 0.0
    lowest, highest = np.log10(positive.min()) - 1, np.log10(positive.max()) + 1
    trials = 10 ** np.arange(lowest, highest, STEP_LOG10)[:, None]
    spread = np.hypot(settings.station_scatter * np.log(10) * trials, noise)
    size = np.maximum.reduce([np.abs(energies), noise, np.full_like(noise, positive.min())])
    likelihood = log_density(energies, trials, spread, size).sum(axis=1)
    return float(trials[np.argmax(likelihood), 0])


def _weighted(
    energies: FloatArray, noise: FloatArray, used: NDArray[np.bool_], settings: EnergySettings
) -> StationMean:
    """Robust weighted mean of the energies of some stations."""
    noise, clipped = noise[used], _without_outliers(energies[used], settings)
    scatter = settings.station_scatter * np.log(10)
    level = max(float(np.median(clipped)), float(clipped.mean()) * LEAST)
    for _ in range(ROUNDS):
        weights = 1 / ((scatter * level) ** 2 + noise**2)
        level = float(np.average(clipped, weights=weights))
    weights = weights / weights.sum()
    count = len(clipped)
    variance = float((weights * (clipped / level - 1) ** 2).sum()) * count / max(count - 1, 1)
    variance = (PRIOR_STATIONS * scatter**2 + (count - 1) * variance) / (PRIOR_STATIONS + count - 1)
    relative = np.hypot(np.sqrt(variance * (weights**2).sum()), (weights * noise).sum() / level)
    return StationMean(level, used, clipped, weights, float(relative / np.log(10)))


def _without_outliers(energies: FloatArray, settings: EnergySettings) -> FloatArray:
    """Energies with those far from the median moved in."""
    middle = float(np.median(energies))
    if middle <= 0:
        return np.maximum(energies, 0.0)
    logs = np.log10(np.maximum(energies, LEAST * middle) / middle)
    reach = CLIPPED_SD * max(SD_OF_MAD * float(np.median(np.abs(logs))), settings.station_scatter)
    return np.clip(energies, middle * 10**-reach, middle * 10**reach)
