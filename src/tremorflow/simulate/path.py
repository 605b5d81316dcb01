"""From the source to the rock below a station: travel times, spreading, attenuation, scattering."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from tremorflow.geodesy import east_north_km
from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray, Network
from tremorflow.simulate.source import BAND_HZ, P_OVER_S_VELOCITY, S_VELOCITY_M_S
from tremorflow.traveltime import read_velocity_model, station_travel_times
from tremorflow.traveltime.stations import StationTravelTimes

S_VELOCITY_KM_S = S_VELOCITY_M_S / 1000
# Qp / Qs: above 1 Hz crust and mantle take more from P than from S, Qs / Qp = 2 near 4 Hz (Yoshimoto et al.
# 1993, Kanto); 1.5 made P over S of LFEs and local earthquakes too large (benchmarks/science/realism.py)
P_QUALITY_RATIO = 0.5
TABLE_DEPTHS_KM = np.concatenate([np.arange(0.0, 60.0, 1.0), np.arange(60.0, 201.0, 5.0)])
MAX_DISTANCE_KM = 1400.0  # regional earthquakes 800 km from the middle of S-net, to its far end


@settings_class
class MediumSettings:
    """What waves pass on their way to the rock below a station."""

    kind: str = option(
        "layered",
        unit="-",
        reason='1-D travel times and scattering; "whole_space": straight rays, nothing else, for checks',
        pattern="^(layered|whole_space)$",
    )
    model: str = option("jma2001", unit="-", reason="made for a subduction zone; as velocity.model of a run")
    quality_factor: float = option(
        200.0, unit="-", reason="S waves in 2-8 Hz; between 85 (Takemura) and 250 (Akuhara et al. 2023)", gt=0
    )
    quality_exponent: float = option(
        0.0, unit="-", reason="Q(f) = Q (f / 4 Hz)^n; energy estimates assume a constant", ge=0, le=1
    )
    mean_free_path_km: float = option(
        14.0,
        unit="km",
        reason="S energy left in the direct pulse falls as exp(-r / l); forward scattering at 2-8 Hz takes "
        "it that soon in California, Iceland and Cascadia (benchmarks/science/realism.py: S is not linear "
        "and rises slowly); to send it back takes 50-200 km",
        gt=0,
    )
    broadening_s: float = option(
        2.3,
        unit="s",
        reason="mean delay of the scattered S at 100 km; widths of S of LFEs and earthquakes (realism.py)",
        ge=0,
    )
    broadening_exponent: float = option(
        0.2,
        unit="-",
        reason="growth of that delay with distance: S of earthquakes at 10-30 km is as wide as of LFEs at "
        "35-80 km (realism.py), as if the crust near the station did most; 1-2 in one even medium "
        "(Saito et al. 2002)",
        ge=0,
    )
    path_scatter: float = option(
        0.6,
        unit="ln",
        reason="sd between paths of the mean free path and of that delay: real S waves are far less alike "
        "than those of one medium (realism.py)",
        ge=0,
        le=2,
    )
    coda_share: float = option(
        0.15,
        unit="-",
        reason="of the scattered energy that comes from far around; decay of 1.3 dB/s in the 12 s after S of "
        "local earthquakes (realism.py)",
        ge=0,
        lt=1,
    )
    coda_quality: float = option(
        90.0, unit="-", reason="Qc at 1 Hz, growing almost as f: the coda decays alike at all f", gt=0
    )

    @property
    def coda_s(self) -> float:
        """Time (s) in which the energy of the coda falls to 1/e."""
        return float(self.coda_quality / (2 * np.pi))


class Rays(NamedTuple):
    """Direct rays from one source to all stations, each (station,)."""

    p_times_s: FloatArray
    s_times_s: FloatArray
    distances_km: FloatArray
    azimuths_deg: FloatArray
    takeoffs_deg: FloatArray


@dataclass(frozen=True, slots=True)
class Paths:
    """Rays of a medium to the stations of a network."""

    network: Network
    settings: MediumSettings
    p_times: StationTravelTimes | None
    s_times: StationTravelTimes | None

    @classmethod
    def of(cls, network: Network, settings: MediumSettings) -> Self:
        """Build the travel times; delays of the stations' sediment are not in them."""
        if settings.kind == "whole_space":
            return cls(network, settings, None, None)
        model = read_velocity_model(settings.model)
        tables = [
            station_travel_times(model, network, TABLE_DEPTHS_KM, MAX_DISTANCE_KM, phase) for phase in "PS"
        ]
        return cls(network, settings, tables[0], tables[1])

    def rays(self, latitude: float, longitude: float, depth_km: float) -> Rays:
        """Rays from a place to all stations; times are NaN beyond the reach of the tables.

        Amplitudes and directions are those of a straight ray; times are those of ``traveltime``, without
        the stations' delays.
        """
        network = self.network
        east, north = east_north_km(latitude, longitude, network.latitudes, network.longitudes)
        epicentral = np.hypot(east, north)
        up = depth_km + network.elevations_m / 1000
        distances = np.maximum(np.hypot(epicentral, up), 0.1)
        takeoffs = 180 - np.degrees(np.arctan2(epicentral, up))
        azimuths = np.degrees(np.arctan2(east, north)) % 360
        if self.p_times is None or self.s_times is None:
            s = distances / S_VELOCITY_KM_S
            return Rays(s / P_OVER_S_VELOCITY, s, distances, azimuths, takeoffs)
        p = self.p_times.times(latitude, longitude, depth_km)
        s = self.s_times.times(latitude, longitude, depth_km) - network.s_delays_s
        return Rays(p, s, distances, azimuths, takeoffs)


def attenuation(
    frequencies_hz: FloatArray, distance_km: float, settings: MediumSettings, phase: str
) -> FloatArray:
    """Amplitude left after the way, exp(-pi f r / (Q v)); (frequency,).

    Zero phase: the pulse broadens to both sides, by less than 0.1 s at the distances where tremor is seen.
    """
    quality = settings.quality_factor * np.maximum(frequencies_hz / 4, 0.25) ** settings.quality_exponent
    velocity = S_VELOCITY_KM_S
    if phase == "P":
        quality, velocity = quality * P_QUALITY_RATIO, velocity * float(P_OVER_S_VELOCITY)
    result: FloatArray = np.exp(-np.pi * frequencies_hz * distance_km / (quality * velocity))
    return result


def band_transmission(
    distances_km: ArrayLike, settings: MediumSettings, weights: ArrayLike | None = None
) -> FloatArray:
    """Share of S energy in 2-8 Hz that attenuation leaves, at any array of distances.

    ``weights`` (25,) is the source's energy spectrum S(f) at ``band_frequencies_hz()``, flat if not given:
    the integral of S(f) exp(-2 pi f r / (Q beta)) over that of S(f) (DEFINITIONS.md).
    """
    frequencies = band_frequencies_hz()
    weight = np.ones(len(frequencies)) if weights is None else np.asarray(weights, dtype=np.float64)
    quality = settings.quality_factor * (frequencies / 4) ** settings.quality_exponent
    rate = 2 * np.pi * frequencies / (quality * S_VELOCITY_KM_S)
    left = np.exp(-np.asarray(distances_km, dtype=np.float64)[..., None] * rate)
    return np.asarray((left * weight).sum(axis=-1) / weight.sum())


def band_frequencies_hz() -> FloatArray:
    """(25,) middle frequencies of equal parts of 2-8 Hz, for integrals over the band."""
    step = (BAND_HZ[1] - BAND_HZ[0]) / 25
    return np.asarray(BAND_HZ[0] + step * (np.arange(25) + 0.5), dtype=np.float64)


def direct_share(distance_km: float, settings: MediumSettings) -> float:
    """Share of the S energy that arrives unscattered."""
    if settings.kind == "whole_space":
        return 1.0
    return float(np.exp(-distance_km / settings.mean_free_path_km))


def scattering_response(
    distance_km: float,
    n_samples: int,
    rate_hz: float,
    settings: MediumSettings,
    rng: Generator,
    stretch: float = 1.0,
) -> NDArray[np.float32]:
    """(time,) white random response of expected energy 1: the scattered part of one component of S.

    Notes
    -----
    The power follows a forward lobe, t exp(-t / t0), whose mean delay 2 t0 grows with distance (Saito et al.
    2002 in its simplest form), and a coda exp(-t / tc) / (t + 1 s) from farther around. What the window
    cuts off is given to what remains: the sum of squares has expectation 1. ``stretch`` multiplies the mean
    delay of this path.
    """
    times = (np.arange(n_samples) + 0.5) / rate_hz
    mean_delay = settings.broadening_s * (distance_km / 100) ** settings.broadening_exponent * stretch
    t0 = max(mean_delay / 2, 0.5 / rate_hz)
    forward = times * np.exp(-times / t0)
    coda = np.exp(-times / settings.coda_s) / (times + 1.0) * (1 - np.exp(-times / t0))
    power = (1 - settings.coda_share) * forward / forward.sum() + settings.coda_share * coda / coda.sum()
    noise = rng.standard_normal(n_samples, dtype=np.float32)
    return np.asarray(noise * np.sqrt(power), dtype=np.float32)
