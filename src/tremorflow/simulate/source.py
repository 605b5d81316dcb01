"""Far-field source of earthquakes and low-frequency earthquakes: spectra, energy, radiation pattern."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray

DENSITY_KG_M3 = 2700.0
S_VELOCITY_M_S = 3500.0
"""Medium that energy and site terms refer to (DEFINITIONS.md), also in layered models."""

P_OVER_S_VELOCITY = np.sqrt(3.0)
BAND_HZ = (2.0, 8.0)
MEAN_S_RADIATION = np.sqrt(2 / 5)
"""Root mean square of the S radiation pattern over the focal sphere (Aki & Richards 2002, section 9.1.3)."""

MEAN_P_RADIATION = np.sqrt(4 / 15)
"""The same of P (Aki & Richards 2002, section 9.1.3)."""

ComplexArray = NDArray[np.complex128]


@settings_class
class SourceSettings:
    """How sources radiate."""

    radiation: str = option(
        "double_couple",
        unit="-",
        reason='shear slip; "isotropic" radiates alike in all directions, for checks of energy',
        pattern="^(double_couple|isotropic)$",
    )
    radiation_strength: float = option(
        0.4,
        unit="-",
        reason="share of the energy that keeps the pattern: scattering smears it above 2 Hz (Takemura 2009)",
        ge=0,
        le=1,
    )
    strike_deg: float = option(
        200.0, unit="deg", reason="of the plate interface off Sanriku; faults of tremor", ge=-360, le=360
    )
    dip_deg: float = option(
        15.0, unit="deg", reason="plate interface at 16 km below the trench slope", ge=0, le=90
    )
    lfe_corner_hz: tuple[float, float] = option(
        (1.0, 3.0), unit="Hz", reason="corner of LFEs, nearly the same for all sizes (Bostock et al. 2015)"
    )
    stress_drop_mpa: float = option(
        3.0, unit="MPa", reason="median of ordinary earthquakes (Allmann & Shearer 2009: 4 MPa)", gt=0
    )
    stress_drop_scatter: float = option(
        0.35, unit="log10", reason="spread between earthquakes, a factor 2.2 (Allmann & Shearer 2009)", ge=0
    )

    def __post_init__(self) -> None:
        """Refuse corners that are out of order."""
        low, high = self.lfe_corner_hz
        if not 0 < low <= high:
            raise ValueError(f"lfe_corner_hz = {self.lfe_corner_hz}: needs 0 < low <= high")


class Mechanism(NamedTuple):
    """Fault plane and slip in degrees (Aki & Richards 2002)."""

    strike_deg: float
    dip_deg: float
    rake_deg: float


def velocity_spectrum(frequencies_hz: FloatArray, corner_hz: float, falloff: int) -> ComplexArray:
    """Far-field velocity of a unit moment against frequency: i w / (1 + i f / fc)^n.

    ``falloff`` n is 2 for earthquakes (omega-square) and 1 for tremor, whose moment-rate spectrum goes as
    1 / f and whose velocity is flat above the corner (Ide et al. 2007). The pulse is causal.
    """
    ratio = 1j * frequencies_hz / corner_hz
    return np.asarray(2j * np.pi * frequencies_hz / (1 + ratio) ** falloff)


def band_energy(spectrum: ComplexArray, frequencies_hz: FloatArray) -> float:
    """Radiated S energy (J) in 2-8 Hz of a source velocity function with this spectrum.

    Parameters
    ----------
    spectrum : (frequency,), m^2
        Fourier integral of the source velocity function q (m^2/s): isotropic S velocity at distance r is
        q(t - r / beta) / r. Frequencies are evenly spaced.

    Notes
    -----
    E = 4 pi rho beta * integral of q^2 dt, by Parseval over the band (METHOD.md section 5).
    """
    inside = (frequencies_hz >= BAND_HZ[0]) & (frequencies_hz < BAND_HZ[1])
    power = np.sum(np.abs(spectrum[inside]) ** 2) * 2 * (frequencies_hz[1] - frequencies_hz[0])
    return float(4 * np.pi * DENSITY_KG_M3 * S_VELOCITY_M_S * power)


def moment_nm(magnitude: float) -> float:
    """Seismic moment (N m) of a moment magnitude (Hanks & Kanamori 1979)."""
    return float(10 ** (1.5 * magnitude + 9.05))


def corner_frequency_hz(moment: float, stress_drop_mpa: float) -> float:
    """S corner frequency of a circular crack: 0.37 beta (16 stress drop / 7 moment)^(1/3) (Brune 1970)."""
    return float(0.37 * S_VELOCITY_M_S * (16 * stress_drop_mpa * 1e6 / (7 * moment)) ** (1 / 3))


def earthquake_spectrum(frequencies_hz: FloatArray, moment: float, corner_hz: float) -> ComplexArray:
    """(frequency,) Fourier integral (m^2) of the source velocity function of an earthquake, mean S.

    Multiply by the station's radiation coefficient over ``MEAN_S_RADIATION``.
    """
    scale = MEAN_S_RADIATION / (4 * np.pi * DENSITY_KG_M3 * S_VELOCITY_M_S**3)
    return np.asarray(moment * scale * velocity_spectrum(frequencies_hz, corner_hz, 2))


def p_over_s() -> float:
    """P over S velocity amplitude of the same source: (beta / alpha)^3 times the ratio of mean radiation."""
    return float(P_OVER_S_VELOCITY**-3 * MEAN_P_RADIATION / MEAN_S_RADIATION)


def radiation_pattern(
    mechanism: Mechanism, azimuths_deg: FloatArray, takeoffs_deg: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P, SV and SH radiation coefficients of a double couple.

    Parameters
    ----------
    mechanism
        Strike, dip and rake.
    azimuths_deg, takeoffs_deg
        Direction in which the ray leaves: clockwise from north, and up from straight down.

    Notes
    -----
    Aki & Richards (2002), equations 4.89-4.91.
    """
    strike, dip, rake = np.radians(mechanism)
    phi, i = np.radians(azimuths_deg) - strike, np.radians(takeoffs_deg)
    sin_r, cos_r = np.sin(rake), np.cos(rake)
    p = (
        cos_r * np.sin(dip) * np.sin(i) ** 2 * np.sin(2 * phi)
        - cos_r * np.cos(dip) * np.sin(2 * i) * np.cos(phi)
        + sin_r * np.sin(2 * dip) * (np.cos(i) ** 2 - np.sin(i) ** 2 * np.sin(phi) ** 2)
        + sin_r * np.cos(2 * dip) * np.sin(2 * i) * np.sin(phi)
    )
    sv = (
        sin_r * np.cos(2 * dip) * np.cos(2 * i) * np.sin(phi)
        - cos_r * np.cos(dip) * np.cos(2 * i) * np.cos(phi)
        + 0.5 * cos_r * np.sin(dip) * np.sin(2 * i) * np.sin(2 * phi)
        - 0.5 * sin_r * np.sin(2 * dip) * np.sin(2 * i) * (1 + np.sin(phi) ** 2)
    )
    sh = (
        cos_r * np.cos(dip) * np.cos(i) * np.sin(phi)
        + cos_r * np.sin(dip) * np.sin(i) * np.cos(2 * phi)
        + sin_r * np.cos(2 * dip) * np.cos(i) * np.cos(phi)
        - 0.5 * sin_r * np.sin(2 * dip) * np.sin(i) * np.sin(2 * phi)
    )
    return p, sv, sh
