"""Semi-real tremor: stacks of real low-frequency earthquakes, put together again at real or drawn times.

Green's functions, spectra, moveout and clustering in time are real; the path of every LFE of a burst is the
same, noise and sizes are simulated.
"""

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import uniform_filter1d

from tremorflow.errors import SettingsError
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Network
from tremorflow.simulate.lfe_library import (
    STACK_RATE_HZ,
    STACK_SAMPLES,
    LfeLibrary,
    SemiRealSettings,
    isolate_signals,
    read_lfe_library,
)
from tremorflow.simulate.lfe_times import drawn_lfe_times, on_stack_grid, real_lfe_times
from tremorflow.simulate.scene import SampleGrid, Scene, Transient, seconds_since
from tremorflow.simulate.source import BAND_HZ, S_VELOCITY_M_S
from tremorflow.simulate.streams import generator
from tremorflow.truth import truth_table

__all__ = ["LfeLibrary", "SemiRealSettings", "SemiRealTremor", "draw_semi_real", "read_lfe_library"]

MAX_GAP_S, MAX_BURST_S = 30.0, 300.0  # DEFINITIONS.md
SNR_WINDOW_S = 120.0  # DEFINITIONS.md
PEAK_S = 5.0  # strongest part of an LFE that ``lfe_snr`` is measured over: the S wave and its first coda
LFE_DURATION_S = 0.5  # of the source, about half a second whatever the size (Bostock et al. 2015)


def draw_semi_real(
    settings: SemiRealSettings, library: LfeLibrary, network: Network, grid: SampleGrid, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw bursts and LFEs: the truth tables ``tremor`` and ``lfe``, energies NaN.

    Parameters
    ----------
    settings
        With ``times``, the LFEs are the real ones from ``real_start`` on; without, each family has its own
        rate, log-normal and slowly varying.
    library
        Families that may be active.
    network
        Stations of the scenario; one at least must be in the library.
    grid
        Span; source times fall on multiples of 1/20 s after its start, the sampling of the stacks.
    seed
        Sizes and drawn times follow from it.

    Raises
    ------
    SettingsError
        A bad file of times, or a network without any station of the library.

    Notes
    -----
    All LFEs of a burst have one template, the first that detected one of them (drawn times: any of the
    family). Its name ends the ``burst_id``.
    """
    if not set(network.codes) & set(library.network.codes):
        raise SettingsError(
            f"semi_real.library: none of its stations ({', '.join(library.network.codes[:5])}, ...) is in "
            'the network of the scenario; use network.name = "cascadia" or your table of these stations'
        )
    lfes = (
        real_lfe_times(settings, library, grid)
        if settings.times
        else drawn_lfe_times(settings, library, grid, seed)
    )
    bursts, members = [], []
    for family in sorted(set(library.families)):
        times, templates = lfes.get(family, (np.zeros(0), np.zeros(0, dtype=np.intp)))
        for first, last in split_bursts(times):
            template = int(templates[first])
            name = f"semi-{round(times[first] * STACK_RATE_HZ):08d}|{library.templates[template]}"
            sizes = lfe_sizes(seed, name, last - first, settings)
            place = {
                "burst_id": name,
                "latitude": library.latitudes[template],
                "longitude": library.longitudes[template],
                "depth_km": library.depths_km[template],
            }
            bursts.append(place | _burst_times(times[first:last], sizes, grid))
            members += [place | {"time": grid.utc(float(time))} for time in times[first:last]]
    tremor = truth_table("tremor", bursts).sort_values("start_time", kind="stable", ignore_index=True)
    lfe = truth_table("lfe", members).sort_values("time", kind="stable", ignore_index=True)
    return tremor, lfe


def split_bursts(times_s: FloatArray) -> list[tuple[int, int]]:
    """Begin and end (exclusive) of the bursts in ascending times: gaps < 30 s, at most 300 s."""
    bursts, first = [], 0
    for k in range(1, len(times_s) + 1):
        over = k == len(times_s) or times_s[k] - times_s[k - 1] >= MAX_GAP_S
        if over or times_s[k] + LFE_DURATION_S - times_s[first] > MAX_BURST_S:
            bursts.append((first, k))
            first = k
    return bursts


def lfe_sizes(seed: int, burst_id: str, n_lfe: int, settings: SemiRealSettings) -> FloatArray:
    """(LFE,) amplitudes of the LFEs of a burst in units of the noise at the best station.

    Notes
    -----
    Exponential, as amplitudes of tremor are (Watanabe et al. 2007), around a mean that is log-uniform in
    ``lfe_snr``, one for the burst.
    """
    rng = generator(seed, "semi_real", "sizes", burst_id)
    mean = np.exp(rng.uniform(*np.log(settings.lfe_snr)))
    return np.asarray(mean * rng.exponential(size=n_lfe))


class SemiRealTremor:
    """Bursts of semi-real tremor as ``Transients``: one event is one burst.

    Parameters
    ----------
    scene
        Network, grid and background; stations that the library does not have are not moved.
    library
        Stacks.
    tremor, lfe
        Truth tables of ``draw_semi_real``.
    settings
        Amplitudes and weakest stack.
    """

    def __init__(
        self,
        scene: Scene,
        library: LfeLibrary,
        tremor: pd.DataFrame,
        lfe: pd.DataFrame,
        settings: SemiRealSettings,
    ) -> None:
        self.scene = scene
        self.library = library
        self.settings = settings
        self._signals = isolate_signals(library.waveforms, library.p_times_s, settings.min_stack_snr)
        codes = library.network.codes
        self._rows = [codes.index(code) if code in codes else -1 for code in scene.network.codes]
        groups = {str(name): rows["time"] for name, rows in lfe.groupby("burst_id", sort=False)}
        self._templates = [library.templates.index(_template_of(str(name))) for name in tremor["burst_id"]]
        self._times = [seconds_since(groups[name], scene.grid.start_time) for name in tremor["burst_id"]]
        self._sizes = [
            lfe_sizes(scene.seed, name, len(times), settings)
            for name, times in zip(tremor["burst_id"], self._times, strict=True)
        ]

    def spans_s(self, station: int) -> FloatArray:
        """(event, 2) first and last second of each burst; NaN where the library has no stack."""
        row = self._rows[station]
        spans = np.full((len(self._times), 2), np.nan)
        for event, (template, times) in enumerate(zip(self._templates, self._times, strict=True)):
            if row >= 0 and np.isfinite(self._signals[template, row, 0, 0]):
                lag = -self.library.origins_s[template]
                spans[event] = times[0] + lag, times[-1] + lag + STACK_SAMPLES / STACK_RATE_HZ
        return spans

    def motion(self, event: int, station: int) -> Transient:
        """Sum of the stacks at the times of the LFEs, in m/s at the rate of the grid."""
        row, template = self._rows[station], self._templates[event]
        times = self._times[event] - on_stack_grid(self.library.origins_s[template])
        rate = Fraction(self.scene.grid.rate_hz).limit_denominator(1000)
        start_s = int(np.floor(times[0] / rate.denominator)) * rate.denominator  # on both samplings
        places = np.round((times - start_s) * STACK_RATE_HZ).astype(int)
        train = np.bincount(places, weights=self._sizes[event])
        n_stack = len(train) + STACK_SAMPLES - 1
        length_s = -(-n_stack // (int(STACK_RATE_HZ) * rate.denominator)) * rate.denominator
        n_in = fft_length_s(length_s, rate.denominator) * int(STACK_RATE_HZ)
        n_out = int(n_in * rate / int(STACK_RATE_HZ))
        spectrum = fft.rfft(train, n_in) * fft.rfft(self._signals[template, row], n_in)
        scale = self._scales[template, row] * self._units(row, station) * n_out / n_in
        motion = fft.irfft(scale * spectrum, n_out)[:, : int(length_s * rate)]
        return Transient(int(start_s * rate), np.asarray(motion, dtype=np.float32))

    def snr(self) -> FloatArray:
        """(burst, station) expected SNR in 2-8 Hz over the best 120 s (DEFINITIONS.md), NaN if not moved.

        LFEs are taken as uncorrelated: their energies add.
        """
        energies = self._scales**2 * band_power(self._signals).sum(axis=-1) / STACK_RATE_HZ
        result = np.full((len(self._times), len(self._rows)), np.nan)
        for event, (times, sizes) in enumerate(zip(self._times, self._sizes, strict=True)):
            total = np.concatenate([[0.0], np.cumsum(sizes**2)])
            ends = np.searchsorted(times, times + SNR_WINDOW_S, side="right")
            best = (total[ends] - total[:-1]).max()
            for station, row in enumerate(self._rows):
                noise = self.scene.noise_rms[station]
                if row >= 0 and noise > 0:
                    power = best * energies[self._templates[event], row] / SNR_WINDOW_S
                    result[event, station] = np.sqrt(power) * self._units(row, station) / noise
        return result

    def _units(self, row: int, station: int) -> float:
        """Noise (m/s) that amplitudes of a station refer to."""
        if self.settings.amplitude == "model":
            return self.settings.reference_noise_m_s
        return float(self.scene.noise_rms[station])

    @cached_property
    def _scales(self) -> FloatArray:
        """(template, station of the library) factor that makes the LFE 1 at the best station, 2-8 Hz.

        The best of the library, not of the scenario: leaving stations out changes no other.
        """
        mean = uniform_filter1d(band_power(self._signals), round(PEAK_S * STACK_RATE_HZ), mode="constant")
        peak = np.sqrt(mean.max(axis=-1))
        if self.settings.amplitude == "stack":
            best = np.max(np.nan_to_num(peak), axis=1, keepdims=True)
            return np.asarray(np.where(np.isfinite(peak), 1 / np.where(best > 0, best, 1), np.nan))
        library = self.library
        epicentral = distances_km(
            library.latitudes[:, None],
            library.longitudes[:, None],
            library.network.latitudes,
            library.network.longitudes,
        )
        distance = np.hypot(epicentral, library.depths_km[:, None])
        decay = np.exp(-np.pi * 4.0 * distance / (self.settings.quality_factor * S_VELOCITY_M_S / 1000))
        expected = decay / distance
        known = np.where(np.isfinite(peak), expected, 0).max(axis=1, keepdims=True)
        return np.asarray(expected / np.where(known > 0, known, 1) / peak)


def band_power(stacks: NDArray[np.float32]) -> FloatArray:
    """(..., time) sum of the squares of the components in 2-8 Hz, of stacks (..., 3, time) at 20 Hz."""
    length = fft.next_fast_len(stacks.shape[-1], real=True)
    frequencies = fft.rfftfreq(length, 1 / STACK_RATE_HZ)
    inside = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    passed = fft.irfft(fft.rfft(stacks, length) * inside, length)[..., : stacks.shape[-1]]
    return np.asarray((passed.astype(np.float64) ** 2).sum(axis=-2))


def fft_length_s(length_s: int, step_s: int) -> int:
    """Seconds, a multiple of ``step_s``, of which 20 Hz samples are a fast length for the FFT."""
    return fft.next_fast_len(length_s // step_s, real=True) * step_s


def _burst_times(times_s: FloatArray, sizes: FloatArray, grid: SampleGrid) -> dict[str, Any]:
    """Describe when a burst happens, for its row of the truth."""
    centre = float(np.average(times_s, weights=sizes**2))
    return {
        "episode_id": "semi-real",
        "start_time": grid.utc(float(times_s[0])),
        "end_time": grid.utc(float(times_s[-1]) + LFE_DURATION_S),
        "time": grid.utc(centre),
        "n_lfe": len(times_s),
    }


def _template_of(burst_id: str) -> str:
    return burst_id.split("|", 1)[1]
