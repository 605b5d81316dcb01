"""Mean over the stations of what each says of the energy."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.disturbed import DISTURBED, DISTURBED_RANGE
from tremorflow.energy.motion import BurstMotion
from tremorflow.energy.settings import EnergySettings
from tremorflow.records import FloatArray

PRIOR_STATIONS = 4  # that the scatter expected before counts for
CLIPPED_SD = 3.0  # an energy farther than this from the median, in log10, counts as this far
SD_OF_MAD = 1.4826  # of a Gaussian
LEAST = 1e-3  # of the median: logarithms of energies that noise made negative
ROUNDS = 6  # of mean and weights, and of mean and stations: both settle in three
MISSING = 0.05  # share of stations that record too little: in a node of the radiation, wrong site terms
MISSING_DECADES = 0.4  # by which they do, on average
LEAST_NOISE = 1e-3  # of the background: noise that happens to be steady
STEP_LOG10 = 0.05  # of trial energies: a quarter of the scatter between stations

NoMean = Literal["too_few_stations", "stations_disagree"]


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
    motion: BurstMotion, factors: FloatArray, scatter: FloatArray, settings: EnergySettings
) -> StationMean | NoMean:
    """Energy by all stations that should hear the burst, or why there is none.

    Parameters
    ----------
    motion : (station,)
        Integrated motion and its noise.
    factors : (station,), J s / m^2
        Energy that the source radiates for each unit of motion.
    scatter : (station,)
        Standard deviation of log10 of what each says of the energy, as expected before one sees it.

    Notes
    -----
    The mean of the energy over the focal sphere is the energy radiated, whatever the pattern; the median of S
    by a double couple is 0.08 lower in log10. A station counts if the energy found would give it
    ``min_snr``, and its weight is that of the scatter and noise that this energy would have: choosing and
    weighing by what the station itself says would favour the high ones or the low ones. The first choice is
    by the energy that agrees with most stations (``_most_likely``), and stations that record something else
    on top of it are left out: of a faint burst, what disturbs a station far away would stand for a thousand
    times the energy, and a quiet one nearby denies it. Two that say little outweigh up to four that say a
    thousand times as much. Unless ``min_stations`` agree, nothing tells which is right. Energies more than 3
    sd (by the median deviation of log10) from the median are moved in to there.
    """
    energies, noise = motion.integrals * factors, motion.noise * factors
    needed = settings.min_snr**2 * motion.background * factors
    readings = _Readings(energies, np.maximum(noise, LEAST_NOISE * motion.background * factors), scatter)
    energy_j = _most_likely(readings)
    agrees, disturbed = _agreement(readings, energy_j)
    mean: StationMean | NoMean = "too_few_stations"
    for _ in range(ROUNDS):
        heard = energy_j >= needed
        used = heard & ~disturbed
        enough = heard.sum() >= settings.min_stations and (energies[used] > 0).any()
        if not enough or (used & agrees).sum() < settings.min_stations:
            return "stations_disagree" if enough and isinstance(mean, str) else mean
        if isinstance(mean, StationMean) and np.array_equal(used, mean.used):
            break
        mean = _weighted(energies, noise, scatter, used)
        energy_j = mean.energy_j
    return mean


class _Readings(NamedTuple):
    """What each station (station,) says of the energy in J, the noise of that, the scatter of its log10."""

    energies: FloatArray
    noise: FloatArray
    scatter: FloatArray

    def densities(self, energy_j: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        """Density (..., station) if the energy is that: of the burst and noise alone, and of something else.

        The error of a reading grows with the energy, ``sigma^2 = (s E)^2 + noise^2``; in the integral of
        dE / sigma, ``asinh(s E / noise) / s``, a logarithm where the burst is strong, it is always the same.
        Densities are per decade of that. Something else that is recorded adds any amount to what comes of
        the burst; less is recorded in a node of the radiation, or if a site term is wrong.
        """
        relative = self.scatter * np.log(10)
        found, expected = (
            np.arcsinh(relative * one / self.noise) / np.log(10) for one in (self.energies, energy_j)
        )
        more = found - expected
        own = np.exp(-0.5 * (more / self.scatter) ** 2) / (np.sqrt(2 * np.pi) * self.scatter)
        missing = MISSING / MISSING_DECADES * np.exp(np.minimum(more, 0) / MISSING_DECADES)
        other = np.where(more > 0, DISTURBED / np.log10(DISTURBED_RANGE), missing)
        return np.asarray((1 - DISTURBED - MISSING) * own), np.asarray(other)


def _most_likely(readings: _Readings) -> float:
    """Energy that the stations make most likely; 0 if none says anything."""
    positive = readings.energies[readings.energies > 0]
    if not len(positive):
        return 0.0
    lowest, highest = np.log10(positive.min()) - 1, np.log10(positive.max()) + 1
    trials = 10 ** np.arange(lowest, highest, STEP_LOG10)[:, None]
    own, other = readings.densities(trials)
    return float(trials[np.argmax(np.log(own + other).sum(axis=1)), 0])


def _agreement(readings: _Readings, energy_j: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(station,) which agree with an energy, and which record something else on top of it."""
    own, other = readings.densities(energy_j)
    return own >= other, (own < other) & (readings.energies > energy_j)


def _weighted(
    energies: FloatArray, noise: FloatArray, scatter: FloatArray, used: NDArray[np.bool_]
) -> StationMean:
    """Robust weighted mean of the energies of some stations."""
    noise, clipped = noise[used], _without_outliers(energies[used], scatter[used])
    relative = scatter[used] * np.log(10)
    level = max(float(np.median(clipped)), float(clipped.mean()) * LEAST)
    for _ in range(ROUNDS):
        weights = 1 / ((relative * level) ** 2 + noise**2)
        level = float(np.average(clipped, weights=weights))
    weights = weights / weights.sum()
    count = len(clipped)
    variance = float((weights * (clipped / level - 1) ** 2).sum()) * count / max(count - 1, 1)
    expected = float((weights * relative**2).sum())
    variance = (PRIOR_STATIONS * expected + (count - 1) * variance) / (PRIOR_STATIONS + count - 1)
    error = np.hypot(np.sqrt(variance * (weights**2).sum()), (weights * noise).sum() / level)
    return StationMean(level, used, clipped, weights, float(error / np.log(10)))


def _without_outliers(energies: FloatArray, scatter: FloatArray) -> FloatArray:
    """Energies with those far from the median moved in."""
    middle = float(np.median(energies))
    if middle <= 0:
        return np.maximum(energies, 0.0)
    logs = np.log10(np.maximum(energies, LEAST * middle) / middle)
    reach = CLIPPED_SD * max(SD_OF_MAD * float(np.median(np.abs(logs))), float(scatter.max()))
    return np.clip(energies, middle * 10**-reach, middle * 10**reach)
