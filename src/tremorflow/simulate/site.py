"""The ground under each station: a layer of sediment on rock, and water above it."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray, Network
from tremorflow.simulate.scene import OCEAN_BOTTOM_M
from tremorflow.simulate.source import BAND_HZ
from tremorflow.simulate.streams import generator

ROCK_S_KM_S = 3.0  # below the sediment; with ROCK_P_KM_S the ratio 1.75
ROCK_P_KM_S = 5.25
ROCK_DENSITY = 2.6  # g/cm3
WATER_KM_S = 1.5

Range = tuple[float, float]


@settings_class
class SiteSettings:
    """What is drawn, station by station, for the ground below. Ranges are (lowest, highest)."""

    kind: str = option(
        "sediment",
        unit="-",
        reason='a layer on rock; "none": no effect of the ground, for checks of energy',
        pattern="^(sediment|none)$",
    )
    ocean_amplification: Range = option(
        (4.0, 40.0),
        unit="-",
        reason="of S, log-uniform; DONET 5-40 (Takemura et al.), S-net 10-50 (Dhakal 2023)",
    )
    land_amplification: Range = option((1.5, 6.0), unit="-", reason="of S, log-uniform; bare rock is 2")
    ocean_s_delay_s: Range = option(
        (0.2, 1.5), unit="s", reason="S through the sediment, one way: soft layers of 0.1-1 km"
    )
    land_s_delay_s: Range = option((0.02, 0.25), unit="s", reason="soil and weathered rock of 10 m to 1 km")
    sediment_s_km_s: Range = option(
        (0.25, 0.8), unit="km/s", reason="S velocity of marine sediment of up to 1 km"
    )
    sediment_p_km_s: Range = option((1.6, 2.2), unit="km/s", reason="P velocity of the same, near water")
    land_s_km_s: Range = option(
        (0.7, 1.8),
        unit="km/s",
        reason="S velocity of weathered rock and stiff soil: softer layers ring more than the stations of "
        "California, Iceland and Chile do (roughness of their spectra, benchmarks/science/realism.py)",
    )
    land_p_over_s: Range = option((1.7, 2.2), unit="-", reason="P over S velocity of the same, above water")
    land_quality: Range = option(
        (8.0, 30.0), unit="-", reason="Q of S in the same: as for its velocity, resonances are low and wide"
    )
    land_conversion: Range = option(
        (0.3, 1.2),
        unit="-",
        reason="as conversion: P of earthquakes on land moves the horizontals as much as the vertical, by "
        "conversion, slanting rays and topography (energy ratio 1, a factor 2 to both sides, realism.py)",
    )
    sediment_quality: Range = option((15.0, 60.0), unit="-", reason="Q of S in soft sediment")
    conversion: Range = option(
        (0.05, 0.25), unit="-", reason="amplitude of S over incident P behind the base of the sediment"
    )
    vertical_share: Range = option(
        (0.06, 0.25), unit="-", reason="of S energy on the vertical: rays are steep in sediment"
    )
    land_vertical_share: Range = option(
        (0.06, 0.22),
        unit="-",
        reason="of S energy on the vertical: horizontals hold 5 times as much in California and Iceland",
    )
    water_reflection: Range = option(
        (0.1, 0.45), unit="-", reason="of P at the soft sea floor: multiples in the water"
    )
    kappa_s: Range = option((0.01, 0.05), unit="s", reason="near-surface loss exp(-pi kappa f), both phases")

    def __post_init__(self) -> None:
        """Refuse ranges out of order."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, tuple) and not 0 < value[0] <= value[1]:
                raise ValueError(f"{name} = {value}: needs 0 < lowest <= highest")


@dataclass(frozen=True, slots=True)
class Site:
    """Ground under one station. ``amplification`` is the site term S_k of DEFINITIONS.md (of 2-8 Hz)."""

    amplification: float = 1.0
    layered: bool = False
    thickness_km: float = 0.0
    s_km_s: float = ROCK_S_KM_S
    p_km_s: float = ROCK_P_KM_S
    quality: float = 100.0
    conversion: float = 0.0
    vertical_share: float = 0.0
    water_km: float = 0.0
    water_reflection: float = 0.0
    kappa_s: float = 0.0

    @property
    def s_delay_s(self) -> float:
        """How much later S arrives than through rock."""
        return self.thickness_km * (1 / self.s_km_s - 1 / ROCK_S_KM_S)

    @property
    def p_delay_s(self) -> float:
        """How much later P arrives than through rock."""
        return self.thickness_km * (1 / self.p_km_s - 1 / ROCK_P_KM_S)


class SiteResponse(NamedTuple):
    """Recorded motion over that in an infinite medium, each (frequency,) complex.

    Times count from the arrival through rock: the delay of the sediment is in the phase.
    """

    s_horizontal: NDArray[np.complex64]
    s_vertical: NDArray[np.complex64]
    p_vertical: NDArray[np.complex64]
    p_horizontal: NDArray[np.complex64]


def draw_sites(network: Network, settings: SiteSettings, seed: int) -> tuple[Site, ...]:
    """Ground under each station, the same for a station whatever others there are.

    A ``site_amplification`` and an ``s_delay_s`` other than 0 that the station table gives are kept; without
    sediment there is no delay.
    """
    sites = []
    for station in network.stations:
        site = Site()
        if settings.kind == "sediment":
            site = draw_site(settings, station.elevation_m, generator(seed, "site", station.code))
            if station.s_delay_s > 0:
                site = replace(site, thickness_km=station.s_delay_s / (1 / site.s_km_s - 1 / ROCK_S_KM_S))
        if np.isfinite(station.site_amplification):
            site = replace(site, amplification=station.site_amplification)
        sites.append(site)
    return tuple(sites)


def draw_site(settings: SiteSettings, elevation_m: float, rng: Generator) -> Site:
    """Draw the ground under one station, on the sea floor or on land by its elevation."""
    ocean = elevation_m < OCEAN_BOTTOM_M
    s_km_s = _log_uniform(settings.sediment_s_km_s if ocean else settings.land_s_km_s, rng)
    delay_s = _log_uniform(settings.ocean_s_delay_s if ocean else settings.land_s_delay_s, rng)
    return Site(
        amplification=_log_uniform(
            settings.ocean_amplification if ocean else settings.land_amplification, rng
        ),
        layered=True,
        thickness_km=delay_s / (1 / s_km_s - 1 / ROCK_S_KM_S),
        s_km_s=s_km_s,
        p_km_s=rng.uniform(*settings.sediment_p_km_s)
        if ocean
        else s_km_s * rng.uniform(*settings.land_p_over_s),
        quality=_log_uniform(settings.sediment_quality if ocean else settings.land_quality, rng),
        conversion=rng.uniform(*(settings.conversion if ocean else settings.land_conversion)),
        vertical_share=rng.uniform(*(settings.vertical_share if ocean else settings.land_vertical_share)),
        water_km=-elevation_m / 1000 if ocean else 0.0,
        water_reflection=rng.uniform(*settings.water_reflection) if ocean else 0.0,
        kappa_s=rng.uniform(*settings.kappa_s),
    )


def site_response(site: Site, frequencies_hz: FloatArray) -> SiteResponse:
    """Response of the ground to S and P from below.

    Notes
    -----
    A lossy layer over a half-space, vertical incidence: surface over outcrop motion
    1 / (cos kh + i a sin kh), with impedance ratio a (Haskell 1953): resonances at (2n + 1) v / 4h and
    reverberation in one. S is scaled so that the energy of flat S in 2-8 Hz, all components, grows by
    ``amplification`` squared. P converts to S at the base of the sediment and S to P.
    """
    if not site.layered:
        one = np.full(len(frequencies_hz), site.amplification, dtype=np.complex64)
        return SiteResponse(one, 0 * one, one, 0 * one)
    s_layer = _layer(site, frequencies_hz, site.s_km_s, ROCK_S_KM_S, site.quality)
    p_layer = _layer(site, frequencies_hz, site.p_km_s, ROCK_P_KM_S, 2 * site.quality)
    if site.water_km > 0:  # reflected at the surface with the opposite sign, weakly at the sea floor
        p_layer = p_layer / (
            1 + site.water_reflection * np.exp(-4j * np.pi * frequencies_hz * site.water_km / WATER_KM_S)
        )
    kappa = np.exp(-np.pi * site.kappa_s * frequencies_hz)
    inside = (frequencies_hz >= BAND_HZ[0]) & (frequencies_hz <= BAND_HZ[1])
    s_layer, p_layer = kappa * s_layer, kappa * p_layer
    s_gain = site.amplification / np.sqrt(np.mean(np.abs(s_layer[inside]) ** 2))
    unit_p = p_layer / np.sqrt(np.mean(np.abs(p_layer[inside]) ** 2))
    p_amplification = 2 * np.sqrt(site.amplification / 2)  # the contrast of P velocities is that much less
    horizontal, vertical = np.sqrt(1 - site.vertical_share), np.sqrt(site.vertical_share)
    return SiteResponse(
        np.asarray(horizontal * s_gain * s_layer, dtype=np.complex64),
        np.asarray(vertical * site.amplification * unit_p, dtype=np.complex64),
        np.asarray(p_amplification * unit_p, dtype=np.complex64),
        np.asarray(site.conversion * s_gain * s_layer, dtype=np.complex64),
    )


def _layer(
    site: Site, frequencies_hz: FloatArray, velocity: float, rock_velocity: float, quality: float
) -> NDArray[np.complex128]:
    """Surface over outcrop motion of the layer, less the time that rock would have taken."""
    slow = velocity * (1 + 0.5j / quality)
    phase = 2 * np.pi * frequencies_hz * site.thickness_km / slow
    density = 1.74 * velocity**0.25 if velocity > 1.5 else 1.8  # Gardner et al. (1974); soft: 1.8 g/cm3
    contrast = density * slow / (ROCK_DENSITY * rock_velocity)
    response = 1 / (np.cos(phase) + 1j * contrast * np.sin(phase))
    return np.asarray(response * np.exp(2j * np.pi * frequencies_hz * site.thickness_km / rock_velocity))


def _log_uniform(limits: Range, rng: Generator) -> float:
    return float(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]))))
