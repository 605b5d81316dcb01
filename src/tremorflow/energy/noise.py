"""Noise of the stations in an hour, from the envelopes that the chain keeps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tremorflow.energy.motion import BELOW_MEAN_IN_SD, LEAST_SHARE, background_power, component_share
from tremorflow.energy.settings import EnergySettings
from tremorflow.errors import DataError
from tremorflow.records import Envelopes, FloatArray, Network


@dataclass(frozen=True, slots=True)
class HourNoise:
    """Noise of a network in an hour.

    ``power`` (station,) in m2/s2 is that of the three components in the band, NaN where a station is not
    alive; ``recorded`` (station,) is the share of the hour that it recorded.
    """

    network: Network
    power: FloatArray
    recorded: FloatArray
    band_hz: tuple[float, float]

    def __post_init__(self) -> None:
        expected = (len(self.network),)
        if self.power.shape != expected or self.recorded.shape != expected:
            raise DataError(
                f"noise of shape {self.power.shape} and {self.recorded.shape} does not fit "
                f"{expected} (station)"
            )

    @property
    def alive(self) -> FloatArray:
        """(station,) share of the hour in which a station would hear something; 0 where it is dead."""
        return np.where(np.isfinite(self.power) & (self.power > 0), self.recorded, 0.0)


def measure_noise(envelopes: Envelopes, settings: EnergySettings) -> HourNoise:
    """Noise of each station over the span of the envelopes, an hour as a rule.

    Parameters
    ----------
    envelopes : (station, component, time), m/s
        All components of an hour.
    settings
        How the background is taken.

    Raises
    ------
    DataError
        The envelopes are not in m/s: no energy follows from counts.

    Notes
    -----
    Background: 10th percentile of the 120-s mean power (DEFINITIONS), and 1.28 standard deviations to the
    mean of the noise, as where energies are estimated (``energy.motion``). A missing component is filled in
    by the share of S energy that it holds on average.
    """
    if envelopes.unit != "m/s":
        raise DataError(
            f"envelopes at {envelopes.start_time} are in {envelopes.unit}, and energies need m/s; give "
            "stations with their response (StationXML, channel table)"
        )
    power, recorded = np.full(len(envelopes.network), np.nan), np.zeros(len(envelopes.network))
    shares = np.array([component_share(name, settings) for name in envelopes.components])
    for station, values in enumerate(envelopes.values):
        present = (shares > 0) & np.isfinite(values).any(axis=-1)
        if shares[present].sum() < LEAST_SHARE:
            continue
        summed = (values[present] ** 2).sum(axis=0) / shares[present].sum()
        recorded[station] = np.isfinite(summed).mean()
        level, spread = background_power(summed, envelopes.sampling_rate_hz, settings)
        power[station] = level + BELOW_MEAN_IN_SD * spread
    return HourNoise(envelopes.network, power, recorded, envelopes.band_hz)


def typical_noise(hours: Sequence[HourNoise]) -> FloatArray:
    """Amplitude (station,) in m/s of the noise in the middle one of some hours, NaN where there is none."""
    power = np.stack([np.where(one.alive > 0, one.power, np.nan) for one in hours])
    known = np.isfinite(power).any(axis=0)
    amplitude = np.full(power.shape[1], np.nan)
    amplitude[known] = np.sqrt(np.nanmedian(power[:, known], axis=0))
    return amplitude
