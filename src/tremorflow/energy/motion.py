"""Motion of the stations by one burst: squared velocity integrated over it, noise taken off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.energy.settings import EnergySettings
from tremorflow.records import ROLES, Envelopes, FloatArray, seconds

LEAST_SHARE = 0.4  # of S energy that the components present must hold: one horizontal, not a vertical alone
WHOLE_MEAN = 0.75  # of a mean of the background must be recorded
SPREAD_PERCENTILE = 20.0  # above that of the background: their difference gives the spread of the noise ...
SPREAD_IN_SD = 0.757  # ... of which, for a Gaussian, 10th and 30th percentile are this many sd apart
BELOW_MEAN_IN_SD = 1.28  # that the 10th percentile lies below the mean


@dataclass(frozen=True, slots=True)
class BurstMotion:
    """What stations recorded of a burst; each array is (station,), in the order of ``stations``.

    ``integrals`` (m^2/s) are of squared S velocity of the three components over the burst, noise taken off;
    NaN where the burst is not recorded. ``noise`` (m^2/s) is the standard deviation of that by noise,
    ``background`` (m^2/s) the integral over the quiet background alone. ``is_cut`` where the envelopes end
    within the burst, ``has_vertical`` where no share had to be assumed.
    """

    stations: NDArray[np.intp]
    integrals: FloatArray
    noise: FloatArray
    background: FloatArray
    is_cut: NDArray[np.bool_]
    has_vertical: NDArray[np.bool_]

    def subset(self, chosen: NDArray[np.bool_]) -> "BurstMotion":
        """Of some of the stations."""
        return BurstMotion(
            self.stations[chosen],
            self.integrals[chosen],
            self.noise[chosen],
            self.background[chosen],
            self.is_cut[chosen],
            self.has_vertical[chosen],
        )


def burst_motion(
    envelopes: Envelopes,
    stations: NDArray[np.intp],
    spans: tuple[NDArray[np.datetime64], NDArray[np.datetime64]],
    settings: EnergySettings,
) -> BurstMotion:
    """Integrated squared velocity of a burst at stations, noise taken off.

    Parameters
    ----------
    envelopes : (station, component, time), m/s
        Around the burst, as far as recorded 30 min to both sides, for the background.
    stations : (n,)
        Rows of the envelopes.
    spans : (n,), (n,)
        First and last time of the burst at each of these stations.

    Notes
    -----
    Background is the 10th percentile of the 120-s mean power (DEFINITIONS). Noise is on average 1.28 standard
    deviations above it, and that mean is what is taken off: noise may change by as much as itself within an
    hour. The deviation is taken from the lower part of the means, which bursts touch least, and is never more
    than the background.
    """
    rows = [
        _one_station(envelopes, int(station), _sample_span(envelopes, begin, end), settings)
        for station, begin, end in zip(stations, *spans, strict=True)
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
    integrals, noise, background = table[:, :3].T
    return BurstMotion(stations, integrals, noise, background, table[:, 3] > 0, table[:, 4] > 0)


def _sample_span(envelopes: Envelopes, begin: np.datetime64, end: np.datetime64) -> tuple[int, int]:
    """First sample of a span, and one after its last."""
    rate = envelopes.sampling_rate_hz
    first = int(np.floor(seconds(begin - envelopes.start_time) * rate))
    return first, int(np.ceil(seconds(end - envelopes.start_time) * rate)) + 1


def _one_station(
    envelopes: Envelopes, station: int, span: tuple[int, int], settings: EnergySettings
) -> tuple[float, float, float, bool, bool]:
    """Integral, its noise, background, whether the ends cut it, whether it has a vertical."""
    first, last = span
    count = envelopes.values.shape[-1]
    nothing = (np.nan, np.nan, np.nan)
    if first < 0 or last > count:
        return *nothing, bool(np.isfinite(envelopes.values[station]).any()), True
    present = np.isfinite(envelopes.values[station, :, first:last]).mean(axis=-1) >= settings.min_completeness
    shares = np.array([component_share(name, settings) for name in envelopes.components]) * present
    has_vertical = bool(shares[[name == "V" for name in envelopes.components]].sum() > 0)
    if shares.sum() < LEAST_SHARE:
        return *nothing, False, True
    rate = envelopes.sampling_rate_hz
    reach = round(settings.background_reach_s * rate)
    begin = max(first - reach, 0)
    around = envelopes.values[station, shares > 0, begin : last + reach]
    power = (around**2).sum(axis=0) / shares.sum()
    level, spread = background_power(power, rate, settings)
    length_s = (last - first) / rate
    mean = float(np.nanmean(power[first - begin : last - begin]))
    expected = level + BELOW_MEAN_IN_SD * spread
    return (mean - expected) * length_s, spread * length_s, level * length_s, False, has_vertical


def component_share(component: str, settings: EnergySettings) -> float:
    """Share of the S energy that a component holds on average; 0 for one of unknown direction."""
    if component not in ROLES:
        return 0.0
    return settings.vertical_share if component == "V" else (1 - settings.vertical_share) / 2


def background_power(power: FloatArray, rate_hz: float, settings: EnergySettings) -> tuple[float, float]:
    """Level of the background power, and its standard deviation; NaN without one whole mean."""
    length = max(1, round(settings.background_mean_s * rate_hz))
    if len(power) < length:
        return np.nan, np.nan
    present = np.isfinite(power)
    sums = np.concatenate([[0.0], np.cumsum(np.where(present, power, 0.0))])
    counts = np.concatenate([[0], np.cumsum(present)])
    recorded = counts[length:] - counts[:-length]
    whole = recorded >= WHOLE_MEAN * length
    if not whole.any():
        return np.nan, np.nan
    means = (sums[length:] - sums[:-length])[whole] / recorded[whole]
    low = settings.background_percentile
    level, higher = np.percentile(means, [low, low + SPREAD_PERCENTILE])
    return float(level), min(float(higher - level) / SPREAD_IN_SD, float(level))
