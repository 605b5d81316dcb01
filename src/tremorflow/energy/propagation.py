"""From the motion of a station back to the source: spreading, attenuation over the band, site terms."""

import numpy as np
from numpy.typing import NDArray

from tremorflow.energy.settings import EnergySettings
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Network

N_FREQUENCIES = 400  # of the integrals over the band


def hypocentral_distances_km(
    network: Network, latitude: float, longitude: float, depth_km: float
) -> FloatArray:
    """Length of the straight way from a source to each station (station,), its elevation included, in km."""
    epicentral = distances_km(latitude, longitude, network.latitudes, network.longitudes)
    return np.asarray(np.maximum(np.hypot(epicentral, depth_km + network.elevations_m / 1000), 0.1))


def band_transmission(
    distances_km: FloatArray, band_hz: tuple[float, float], quality_factor: float, settings: EnergySettings
) -> FloatArray:
    """Share of the source's energy in the band that reaches each distance and passes the band-pass.

    Parameters
    ----------
    distances_km : (station,)
        Hypocentral.
    band_hz
        Band of the envelopes.
    quality_factor
        Q of S, the same at all frequencies of the band.

    Notes
    -----
    Integral of S(f) H(f)^2 G(f) exp(-2 pi f r / (Q beta)) over that of S(f) within the band (DEFINITIONS),
    with S(f) = 1 / (1 + (corner / f)^2) and H the amplitude response of the preprocessing, a Butterworth
    band-pass forth and back: at order 4 it passes 0.90 of a flat spectrum. G is the loss near the surface,
    exp(-2 pi f t), divided by its mean over the band, which belongs to the site term: it favours low
    frequencies, as attenuation does, and leaving it out makes energies off Japan 0.1 too high in log10.
    """
    low, high = band_hz
    edges = np.linspace(low / 4, 2 * high, N_FREQUENCIES + 1)
    frequencies = (edges[1:] + edges[:-1]) / 2
    step = edges[1] - edges[0]
    distorted = (frequencies**2 - low * high) / (frequencies * (high - low))
    passed = _source_spectrum(frequencies, settings) / (1 + distorted ** (2 * settings.band_order)) ** 2
    inside = low + (high - low) * (np.arange(N_FREQUENCIES) + 0.5) / N_FREQUENCIES
    passed = passed * _site_shape(frequencies, settings) / _site_shape(inside, settings).mean()
    rates = 2 * np.pi * frequencies / (quality_factor * settings.s_speed_m_s / 1000)
    left = np.exp(-np.asarray(distances_km)[..., None] * rates)
    radiated = _source_spectrum(inside, settings).mean() * (high - low)
    return np.asarray((left * passed).sum(axis=-1) * step / radiated)


def energy_per_motion(
    distances_km: FloatArray,
    amplifications: FloatArray,
    band_hz: tuple[float, float],
    settings: EnergySettings,
    quality_factor: float | None = None,
) -> FloatArray:
    """Energy (J) radiated for each m^2/s of integrated squared S velocity at the stations (station,).

    Notes
    -----
    4 pi rho beta r^2 / (S_k^2 transmission), for radiation alike in all directions (METHOD.md section 5).
    """
    quality = settings.quality_factor if quality_factor is None else quality_factor
    spread = 4 * np.pi * settings.density_kg_m3 * settings.s_speed_m_s * (1000 * distances_km) ** 2
    return np.asarray(
        spread / (amplifications**2 * band_transmission(distances_km, band_hz, quality, settings))
    )


def site_terms(network: Network, unknown: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Site amplification of each station, and whether it is known in absolute terms; both (station,)."""
    relative = np.array([station.site_is_relative for station in network.stations], dtype=np.bool_)
    known = network.has_site_terms
    return np.where(known, network.site_amplifications, unknown), known & ~relative


def _source_spectrum(frequencies_hz: FloatArray, settings: EnergySettings) -> FloatArray:
    """Energy spectrum of tremor, 1 well above the corner."""
    return np.asarray(1 / (1 + (settings.corner_hz / frequencies_hz) ** 2))


def _site_shape(frequencies_hz: FloatArray, settings: EnergySettings) -> FloatArray:
    """Energy that the ground below a station leaves, against frequency."""
    return np.asarray(np.exp(-2 * np.pi * frequencies_hz * settings.site_loss_s))
