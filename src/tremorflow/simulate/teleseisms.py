"""Distant earthquakes: P waves that pass the whole network within a minute, and coda for tens of minutes."""

from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import fft
from scipy.interpolate import CubicSpline

from tremorflow.records import FloatArray, seconds
from tremorflow.simulate.earthquake_settings import EarthquakeSettings
from tremorflow.simulate.scene import Scene, Transient
from tremorflow.simulate.source import corner_frequency_hz, moment_nm
from tremorflow.simulate.streams import generator

TABLE_DEGREES = np.arange(25.0, 96.0, 5.0)
P_TIMES_S = (
    *(320.7, 365.5, 409.2, 451.4, 492.1, 530.9, 568.0, 603.2, 636.7, 668.3, 698.1, 726.0, 752.0, 776.1),
    799.1,
)
"""IASP91 (Kennett & Engdahl 1991), source 33 km deep, at ``TABLE_DEGREES``."""
PP_TIMES_S = (
    *(354.6, 422.8, 486.8, 543.8, 597.6, 646.1, 691.3, 735.8, 779.7, 823.1, 865.8, 907.7, 948.8, 989.0),
    1028.4,
)

NEAREST_DEG, FARTHEST_DEG = 30.0, 90.0  # nearer: the upper mantle's several P; farther: the core's shadow

KM_PER_DEGREE = 111.19

BEFORE_S = 3600.0
"""The coda of teleseisms that began this long before the start is still in the recording."""

INNER_RATE_HZ = 12.0
"""Everything is made at this rate, up to ``HIGHEST_HZ``, and then interpolated: the same at any rate."""

HIGHEST_HZ = 5.5

LEAD_S = 4.0
"""Quiet before the P arrival, in which the interpolation settles."""

PP_SHARE = 0.5
"""Amplitude of PP over that of P in this band: it passes the absorbing upper mantle twice more."""

CODA_SHARE = 0.15
"""Rms of the coda at its beginning over the peak of P."""

S_OVER_P_DELAY = 8.0
"""Sediment delays S so many times as much as P: 1.8 and 0.3 km/s in it, 6 and 3.5 km/s in rock."""

SURFACE_P_KM_S = 5.8
"""P velocity that sets the angle of incidence."""


def draw_teleseisms(
    settings: EarthquakeSettings, middle: tuple[float, float], duration_s: float, seed: int
) -> pd.DataFrame:
    """Rows (``time_s``, place, ``magnitude``, ``kind``) of teleseisms 30-90 degrees from ``middle``.

    Uniform over that part of the Earth, which has its earthquakes in belts: so directions are too even.
    Depths are 10 to 100 km. P of all of them arrives in the middle before the end; those that began up to
    an hour before the start are in.
    """
    rng = generator(seed, "teleseisms")
    count = int(rng.poisson(settings.teleseisms_per_day * (duration_s + BEFORE_S) / 86400))
    cosines = np.cos(np.radians((NEAREST_DEG, FARTHEST_DEG)))
    distances = np.arccos(rng.uniform(cosines[1], cosines[0], count))
    latitudes, longitudes = _travelled(middle, distances, rng.uniform(0, 2 * np.pi, count))
    arrivals_s = rng.uniform(-BEFORE_S, duration_s, count)
    whole = 1 - 10 ** (
        -settings.b_value * (settings.teleseism_magnitude_max - settings.teleseism_magnitude_min)
    )
    steps = -np.log10(1 - rng.uniform(0, 1, count) * whole) / settings.b_value
    return pd.DataFrame(
        {
            "time_s": arrivals_s - p_time_s(np.degrees(distances)),
            "latitude": latitudes,
            "longitude": longitudes,
            "depth_km": np.minimum(10.0 + rng.exponential(25.0, count), 100.0),
            "magnitude": settings.teleseism_magnitude_min + steps,
            "kind": "teleseism",
        }
    )


def _travelled(
    start: tuple[float, float], distances: FloatArray, azimuths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes (deg) of points on a sphere, from distances and azimuths in radians."""
    phi = np.radians(start[0])
    sine = np.sin(phi) * np.cos(distances) + np.cos(phi) * np.sin(distances) * np.cos(azimuths)
    across = np.sin(azimuths) * np.sin(distances) * np.cos(phi)
    step = np.degrees(np.arctan2(across, np.cos(distances) - np.sin(phi) * sine))
    return np.degrees(np.arcsin(sine)), (start[1] + step + 180) % 360 - 180


def p_time_s(degrees: FloatArray, derivative: int = 0) -> FloatArray:
    """Travel time (s) of P at distances in degrees, or its slope (s/deg) for ``derivative`` 1."""
    return np.asarray(CubicSpline(TABLE_DEGREES, P_TIMES_S)(degrees, derivative))


def peak_velocity_m_s(magnitude: float, degrees: float) -> float:
    """Peak ground velocity of P around 1 Hz from moment magnitude and distance.

    Notes
    -----
    mb = log10(A/T) + Q, A in micrometres, v = 2 pi A/T; Q of Gutenberg & Richter (1956) for shallow sources
    as a line, 6.6 at 30 and 7.0 at 90 degrees (their table scatters by 0.2 around it). mb from Mw after
    Scordilis (2006), Mw = 0.85 mb + 1.03 up to mb 6.2; beyond, where mb saturates, by a third of Mw.
    """
    linear = (magnitude - 1.03) / 0.85
    mb = linear if linear <= 6.2 else 6.2 + 0.33 * (magnitude - 6.3)
    correction = 6.6 + 0.4 * (degrees - 30) / 60
    return float(2 * np.pi * 10 ** (mb - correction) * 1e-6)


def coda_length_s(magnitude: float) -> float:
    """How long a teleseism shakes a station: 10 minutes at M 5.5 to 40 at M 8 and more.

    Whole minutes, so that every sampling rate has the same frequencies.
    """
    return float(np.clip(60 * round(10 + 12 * (magnitude - 5.5)), 600, 2400))


def teleseism_corner_hz(magnitude: float) -> float:
    """Corner frequency (Hz) of Brune (1970) for 3 MPa; its inverse is a duration."""
    return corner_frequency_hz(moment_nm(magnitude), 3.0)


class Teleseisms:
    """Motion of a network by teleseisms (implements ``Transients``).

    A P wave and PP that are the same at all stations but for their arrival, and a coda that differs from
    station to station and component to component, of the same spectrum. S is left out: its attenuation is
    about four times that of P and leaves nothing above 0.5 Hz.

    Parameters
    ----------
    scene
        Network, grid and seed.
    table
        Truth of earthquakes; rows of other kinds than teleseism are passed over, and event numbers count
        the teleseisms alone.
    settings
        Range of attenuation.
    """

    def __init__(self, scene: Scene, table: pd.DataFrame, settings: EarthquakeSettings) -> None:
        self.scene = scene
        self.table = table[(table["kind"] == "teleseism").to_numpy(dtype=bool)].reset_index(drop=True)
        self.settings = settings
        network = scene.network
        places = self.table[["latitude", "longitude"]].to_numpy(np.float64)
        self._degrees, self._directions = _great_circle(
            places[:, :1], places[:, 1:], network.latitudes, network.longitudes
        )
        start = scene.grid.start_time
        self._origins_s = np.array(
            [seconds(t - start) for t in self.table["time"].to_numpy("datetime64[ns]")]
        )
        self._magnitudes = self.table["magnitude"].to_numpy(np.float64)
        self._lengths_s = np.array([coda_length_s(m) for m in self._magnitudes])
        self._wavelet = lru_cache(maxsize=32)(self._make_wavelet)

    def arrival_s(self, event: int, station: int) -> float:
        """Second after the start of the scenario at which P arrives."""
        delay_s = self.scene.network.stations[station].s_delay_s / S_OVER_P_DELAY
        return float(self._origins_s[event] + p_time_s(self._degrees[event, station])) + delay_s

    def spans_s(self, station: int) -> FloatArray:
        """(event, 2) first and last second of each teleseism; NaN if below a twentieth of the noise."""
        spans = np.full((len(self.table), 2), np.nan)
        for event, length_s in enumerate(self._lengths_s):
            peak = peak_velocity_m_s(self._magnitudes[event], self._degrees[event, station])
            if peak >= self.scene.noise_rms[station] / 20:
                first_s = self.arrival_s(event, station) - LEAD_S
                spans[event] = first_s - 1, first_s + length_s + 1
        return spans

    def motion(self, event: int, station: int) -> Transient:
        """Motion (3, n) of the station from ``LEAD_S`` before P to the end of the coda, m/s."""
        rate_hz, length_s = self.scene.grid.rate_hz, self._lengths_s[event]
        degrees = self._degrees[event, station]
        onset_s = self.arrival_s(event, station) - LEAD_S
        first = int(np.floor(onset_s * rate_hz))
        pp_s = float(CubicSpline(TABLE_DEGREES, PP_TIMES_S)(degrees) - p_time_s(degrees))
        wavelet, shape, frequencies_hz, peak = self._wavelet(event)
        size = peak_velocity_m_s(self._magnitudes[event], degrees)
        turn = -2j * np.pi * frequencies_hz
        arriving = wavelet * (np.exp(turn * LEAD_S) + PP_SHARE * np.exp(turn * (LEAD_S + pp_s)))
        # sin of the angle of incidence from the slowness, at most what the table holds
        sine = SURFACE_P_KM_S * float(p_time_s(degrees, 1)) / KM_PER_DEGREE
        direction = self._directions[event, station]
        polarity = np.array([np.sin(direction) * sine, np.cos(direction) * sine, np.sqrt(1 - sine**2)])
        spectra = polarity[:, None] * arriving * (size / peak)
        spectra += self._coda(event, station, shape) * (size * CODA_SHARE)
        spectra *= np.exp(turn * (onset_s - first / rate_hz))
        n_samples = round(length_s * rate_hz)
        whole = np.zeros((3, n_samples // 2 + 1), dtype=np.complex64)
        whole[:, : spectra.shape[1]] = spectra * (rate_hz / INNER_RATE_HZ)
        motion = np.asarray(fft.irfft(whole, n_samples, axis=-1), dtype=np.float32)
        fade = round(20 * rate_hz)
        motion[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        return Transient(first, motion)

    def _make_wavelet(self, event: int) -> tuple[NDArray[np.complex128], FloatArray, FloatArray, float]:
        """Spectrum of P starting at 0, its smooth shape, frequencies (Hz), and its peak in 0.5-2 Hz.

        An omega-square source, attenuated by exp(-pi f t*), its phases random
        within an envelope as long as the source, then decaying over the depth phases.
        """
        rng = generator(self.scene.seed, "teleseism", self.table["event_id"].iloc[event])
        n_inner = round(self._lengths_s[event] * INNER_RATE_HZ)
        frequencies_hz = fft.rfftfreq(n_inner, 1 / INNER_RATE_HZ)
        kept = frequencies_hz <= HIGHEST_HZ
        corner_hz = teleseism_corner_hz(self._magnitudes[event])
        t_star_s = rng.uniform(self.settings.t_star_min_s, self.settings.t_star_max_s)
        shape = frequencies_hz / (1 + (frequencies_hz / corner_hz) ** 2)
        shape *= np.exp(-np.pi * frequencies_hz * t_star_s) * (frequencies_hz > 0.02)
        shape *= np.clip((HIGHEST_HZ - frequencies_hz) / 0.5, 0, 1)
        times_s = np.arange(n_inner) / INNER_RATE_HZ
        source_s = 1 / corner_hz
        envelope = np.minimum(times_s / 0.5, 1) * np.exp(-np.maximum(times_s - source_s, 0) / 6.0)
        noise = fft.irfft(fft.rfft(rng.standard_normal(n_inner)) * shape, n_inner) * envelope
        spectrum = fft.rfft(noise)
        band = (frequencies_hz >= 0.5) & (frequencies_hz <= 2)
        peak = float(np.abs(fft.irfft(spectrum * band, n_inner)).max())
        level = np.sqrt(2 * np.sum(np.where(band, shape, 0) ** 2) / n_inner)  # rms of its white noise there
        return spectrum[kept], shape / level, frequencies_hz[kept], peak

    def _coda(self, event: int, station: int, shape: FloatArray) -> NDArray[np.complex128]:
        """(3, frequency) spectrum of the coda, of rms 1 in 0.5-2 Hz where it begins, after ``LEAD_S``."""
        code, name = self.scene.network.codes[station], self.table["event_id"].iloc[event]
        n_inner = round(self._lengths_s[event] * INNER_RATE_HZ)
        rng = generator(self.scene.seed, "teleseism", name, "coda", code)
        white = fft.rfft(rng.standard_normal((3, n_inner), dtype=np.float32), axis=-1)
        since_s = np.arange(n_inner) / INNER_RATE_HZ - LEAD_S
        decay_s = self._lengths_s[event] / 5  # amplitude falls to 0.7 % at the end
        rise_s = 10 + 1 / teleseism_corner_hz(self._magnitudes[event])  # after the direct waves
        envelope = np.where(since_s > 0, np.minimum(since_s / rise_s, 1) * np.exp(-since_s / decay_s), 0)
        coda = fft.irfft(white * shape, n_inner, axis=-1) * envelope
        frequencies_hz = fft.rfftfreq(n_inner, 1 / INNER_RATE_HZ)
        return np.asarray(fft.rfft(coda, axis=-1)[:, frequencies_hz <= HIGHEST_HZ])


def _great_circle(
    latitudes: FloatArray, longitudes: FloatArray, to_latitudes: FloatArray, to_longitudes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Distance (event, station) in degrees, and direction of travel there (radians from north)."""
    a, b = np.radians(latitudes), np.radians(to_latitudes)
    step = np.radians(to_longitudes - longitudes)
    cosine = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(step)
    back = np.arctan2(-np.sin(step) * np.cos(a), np.cos(b) * np.sin(a) - np.sin(b) * np.cos(a) * np.cos(step))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1))), back + np.pi
