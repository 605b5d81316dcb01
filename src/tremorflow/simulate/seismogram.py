"""Ground motion of a station by a source: P, S, converted and scattered waves."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from tremorflow.records import FloatArray, Network
from tremorflow.simulate.path import MediumSettings, attenuation, direct_share, scattering_response
from tremorflow.simulate.scene import Transient
from tremorflow.simulate.site import Site, SiteResponse, site_response
from tremorflow.simulate.streams import generator

LEAD_S = 1.0  # before the P wave: attenuation without phase reaches that far forward
REVERBERATION_S = 12.0  # after the last arrival: multiples in sediment and water die out
TAPER_S = 2.0
P_BROADENING = 0.4  # delay of scattered P over that of S: forward scattering of the faster wave

Spectrum = NDArray[np.complex64]
FrequencySpectrum = Callable[[FloatArray], NDArray[np.complex64] | NDArray[np.complex128]]


class SourceWave(NamedTuple):
    """What a point source sends out: spectra (m^2) of its source velocity functions from ``origin_s`` on.

    ``duration_s`` is how long it acts; ``place`` names where, so that sources at one place share their paths.
    """

    origin_s: float
    duration_s: float
    s_spectrum: FrequencySpectrum
    p_spectrum: FrequencySpectrum
    place: str


class StationRay(NamedTuple):
    """Direct ray of one source at one station; radiation relative to its mean over the focal sphere."""

    p_time_s: float
    s_time_s: float
    distance_km: float
    azimuth_deg: float
    p: float
    sv: float
    sh: float


class Renderer:
    """Turn sources into motion of the stations of a network, at one sampling rate.

    Parameters
    ----------
    network, sites
        Stations and the ground below each.
    medium
        Path from source to station.
    rate_hz
        Sampling rate.
    seed
        Scattering is drawn from it, from the place of the source and from the code of the station.
    """

    def __init__(
        self, network: Network, sites: tuple[Site, ...], medium: MediumSettings, rate_hz: float, seed: int
    ) -> None:
        self.codes = network.codes
        self.sites = sites
        self.medium = medium
        self.rate_hz = rate_hz
        self.seed = seed
        self._response = lru_cache(maxsize=64)(self._make_response)

    def motion(self, station: int, ray: StationRay, wave: SourceWave, response_s: float) -> Transient:
        """Motion of a station, all of it: ``response_s`` of scattered waves follow each phase.

        Returns
        -------
        Transient whose motion (3, time) is east, north, up in m/s, tapered at the end.
        """
        rate = self.rate_hz
        first = int(np.floor((wave.origin_s + ray.p_time_s - LEAD_S) * rate))
        lag_s = ray.s_time_s - ray.p_time_s
        length_s = 2 * LEAD_S + lag_s + wave.duration_s + response_s + REVERBERATION_S
        n_samples = round(length_s * rate)
        n_fft = fast_length(n_samples)
        frequencies = spectrum_frequencies(n_fft, rate)
        ground = self._response(station, n_fft)
        responses = self._scattered(station, ray, wave.place, round(response_s * rate), n_fft)
        start_s = wave.origin_s - first / rate
        p = wave.p_spectrum(frequencies) * attenuation(frequencies, ray.distance_km, self.medium, "P")
        s = wave.s_spectrum(frequencies) * attenuation(frequencies, ray.distance_km, self.medium, "S")
        p = p * _delay(frequencies, start_s + ray.p_time_s) * _roll_off(n_fft, rate)
        s = s * _delay(frequencies, start_s + ray.s_time_s) * _roll_off(n_fft, rate)
        scale = rate / (ray.distance_km * 1000)  # of the Fourier integral at distance r, to samples
        motion = _combine(
            ground, responses, np.asarray(np.stack([p, s]) * scale, dtype=np.complex64), ray.azimuth_deg
        )
        samples = np.asarray(fft.irfft(motion, n_fft)[:, :n_samples], dtype=np.float32)
        n_taper = min(round(TAPER_S * rate), n_samples)
        samples[:, n_samples - n_taper :] *= 0.5 + 0.5 * np.cos(
            np.linspace(0, np.pi, n_taper, dtype=np.float32)
        )
        return Transient(first, samples)

    def _make_response(self, station: int, n_fft: int) -> SiteResponse:
        return site_response(self.sites[station], spectrum_frequencies(n_fft, self.rate_hz))

    def _scattered(
        self, station: int, ray: StationRay, place: str, n_response: int, n_fft: int
    ) -> NDArray[np.complex64]:
        """(6, frequency) responses of unit energy: S along the ray, across it and up; P up, along, across."""
        keys = ("scattering", place, self.codes[station])
        varied = generator(self.seed, *keys).standard_normal(2)
        shorter, slower = np.exp(self.medium.path_scatter * varied)
        share = direct_share(ray.distance_km * shorter, self.medium)
        weights = np.sqrt(share) * np.array([ray.sv, ray.sh, np.hypot(ray.sv, ray.sh), ray.p, ray.p, 0.0])
        responses = np.zeros((6, max(n_response, 1)), dtype=np.float32)
        if share < 1:
            diffuse = np.sqrt(1 - share) * np.sqrt([0.5, 0.5, 1.0, 1.0, 0.5, 0.5])
            for k, weight in enumerate(diffuse):
                distance_km = ray.distance_km * (P_BROADENING if k > 2 else 1.0)
                rng = generator(self.seed, *keys, k)  # its own: a longer train begins as a shorter one
                one = scattering_response(
                    distance_km, n_response, self.rate_hz, self.medium, rng, float(slower)
                )
                responses[k] = weight * one
        responses[:, 0] += weights.astype(np.float32)
        return np.asarray(fft.rfft(responses, n_fft))


def _combine(
    ground: SiteResponse, responses: NDArray[np.complex64], phases: NDArray[np.complex64], azimuth_deg: float
) -> NDArray[np.complex64]:
    """(3, frequency) east, north, up from the responses of P and S and what the ground does to each."""
    p, s = phases
    s_ground, converted = s * ground.s_horizontal, p * ground.p_horizontal
    along = s_ground * responses[0] + converted * responses[4]
    across = s_ground * responses[1] + converted * responses[5]
    up = s * ground.s_vertical * responses[2] + p * ground.p_vertical * responses[3]
    sin, cos = np.float32(np.sin(np.radians(azimuth_deg))), np.float32(np.cos(np.radians(azimuth_deg)))
    return np.stack([along * sin + across * cos, along * cos - across * sin, up])


def fast_length(n_samples: int) -> int:
    """Length for the FFT, from a ladder of few steps, so that what belongs to a length can be kept."""
    power = max(8, int(np.ceil(np.log2(n_samples))))
    for part in (9 / 16, 5 / 8, 3 / 4, 1.0):
        if n_samples <= part * 2**power:
            return int(part * 2**power)
    raise AssertionError("a power of two above the length exists")


@lru_cache(maxsize=32)
def spectrum_frequencies(n_fft: int, rate_hz: float) -> FloatArray:
    """(frequency,) Hz."""
    return np.asarray(fft.rfftfreq(n_fft, 1 / rate_hz))


@lru_cache(maxsize=32)
def _roll_off(n_fft: int, rate_hz: float) -> NDArray[np.float32]:
    """Anti-alias filter of a recorder: 1 up to 0.8 of half the rate, then a cosine to 0."""
    share = spectrum_frequencies(n_fft, rate_hz) / (rate_hz / 2)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip((share - 0.8) / 0.2, 0, 1)), dtype=np.float32)


def _delay(frequencies_hz: FloatArray, time_s: float) -> NDArray[np.complex64]:
    return np.asarray(np.exp(-2j * np.pi * frequencies_hz * time_s), dtype=np.complex64)
