"""Background noise of every station: a spectrum between Peterson's models that varies slowly in time."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray, Network, Station, seconds
from tremorflow.simulate.noise_models import peterson_db
from tremorflow.simulate.scene import OCEAN_BOTTOM_M, TILE_S, Motion, SampleGrid
from tremorflow.simulate.streams import design_taps, generator, slow_variation

FILTER_S = 40.0  # resolves 0.025 Hz, a tenth of the width of the microseism peak
LONGEST_PERIOD_S = 33.0  # longer periods are left out: no seismometer of a tremor network records them well
DAY_S = 86400.0
# Per decade, on top of the models: both rise towards 10 Hz more than one station does. In Puerto Rico and
# California 8-15 Hz is 0-14 dB (median 6) below 2-4 Hz in velocity; at the sea floor (XS.S10D) 14-25 dB. On
# land 2-3 Hz holds 35 % of the power of 2-8 Hz, 6-8 Hz 11 % (benchmarks/science/realism.py, half "a").
LAND_SLOPE_DB, OCEAN_SLOPE_DB = -13.0, -12.0
# sd of the level of a component about that of its station: E and N of Puerto Rico's stations differ by
# 2-2.3 dB (realism.py); on the sea floor horizontals scatter by their excess already
LAND_COMPONENT_DB, OCEAN_COMPONENT_DB = 2.0, 1.0
PARTS = ("swell", "ground", "cultural", "gusts")


@settings_class
class NoiseSettings:
    """Background noise; switched off, the ground is silent but for events."""

    enabled: bool = option(True, unit="-", reason="no station is silent")
    ocean_level: tuple[float, float] = option(
        (0.4, 0.75),
        unit="-",
        reason="share of the way, in dB, from the low- to the high-noise model: the sea floor is noisier "
        "than rock on land; 0.75 leaves a quarter for lines, gusts and horizontals",
    )
    land_level: tuple[float, float] = option(
        (0.15, 0.55), unit="-", reason="as ocean_level: from a vault or borehole to a site beside a road"
    )
    spectral_scatter_db: float = option(
        4.0,
        unit="dB",
        reason="sd of the slope per decade and of broad bumps: no two stations have one spectrum, or a "
        "classifier learns the shape (a first experiment did)",
        ge=0,
    )
    horizontal_excess_db: float = option(
        6.0,
        unit="dB",
        reason="horizontals over the vertical at the sea floor (currents, soft sediment); +-3 dB by station",
        ge=0,
    )
    swell_db: float = option(
        4.0,
        unit="dB",
        reason="sd of the microseism over hours, common to all stations: storms change it by 10-20 dB",
        ge=0,
    )
    drift_db: float = option(
        2.5,
        unit="dB",
        reason="sd of the level above 1 Hz over seconds, minutes and hours, a third of its power each; three "
        "hours in Puerto Rico without events: interquartile range 2-3.5 dB of the 60-s power in 2-8 Hz, and "
        "components that swell together within seconds",
        ge=0,
    )
    day_night_db: float = option(
        10.0,
        unit="dB",
        reason="mean rise in 1-15 Hz from night to day on land by traffic and works; CI.CCA and CI.HEC have "
        "12 and 16 dB in 2-8 Hz over a day. Drawn by station from a tenth to twice of it",
        ge=0,
    )
    peaked_share: float = option(
        0.15,
        unit="-",
        reason="share of stations with stationary lines in 2-7 Hz, as PR15 in Puerto Rico at 2.5-3 Hz; of "
        "its windows up to 47 % were taken for tremor",
        ge=0,
        le=1,
    )
    gusty_share: float = option(
        0.2,
        unit="-",
        reason="share of stations where wind or vehicles swell the noise for 20-60 s, as a tremor does",
        ge=0,
        le=1,
    )

    def __post_init__(self) -> None:
        """Refuse ranges of the level that are not ranges within the models."""
        for name in ("ocean_level", "land_level"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 1:
                raise ValueError(f"{name} = {(low, high)}: needs 0 <= low <= high <= 1")


class _Line(NamedTuple):
    """Peak of a spectrum: centre and width (Hz), height over the background (power, by component)."""

    centre_hz: float
    width_hz: float
    height: FloatArray


class _StationNoise(NamedTuple):
    """What is drawn once for a station."""

    level: float  # share of the way between the models
    slope_db: float  # per decade, about 4 Hz
    bumps: FloatArray  # (bump, 2) amplitude in dB and phase of broad undulations
    excess_db: FloatArray  # (3,) of the components
    lines: tuple[_Line, ...]
    day_amplitude: float  # of the cultural part at its height, over the background
    gust: tuple[float, float, float, float] | None  # duration (s), band (Hz), amplitude over the background


class BackgroundNoise:
    """Stream of background noise; made by ``background_noise``.

    Notes
    -----
    One white noise per component passes through a filter per part (swell below 1 Hz, ground above it,
    cultural noise, gusts), and the parts are added with slowly varying gains g. So the power density at any
    time is (sum of g A)**2 with A the amplitudes of ``amplitudes``. The gains are common to the components.
    """

    def __init__(self, settings: NoiseSettings, network: Network, grid: SampleGrid, seed: int) -> None:
        self.settings, self.network, self.grid, self.seed = settings, network, grid, seed
        self._drawn = [_draw_station(settings, station, seed) for station in network.stations]
        self._filters: dict[int, NDArray[np.complex64]] = {}
        day_start = grid.start_time.astype("datetime64[D]").astype("datetime64[ns]")
        self._time_of_day_s = seconds(grid.start_time - day_start)

    def add_to(self, motion: Motion, station: int, tile: int) -> None:
        """Add the noise of one tile to ``motion`` (3, ``tile_samples``), in place."""
        if not self.settings.enabled:
            return
        count, reach = self.grid.tile_samples, 2 * (self._n_taps() // 2)
        white = np.concatenate(
            [
                self._white(station, "tail", tile - 1, reach),
                self._white(station, "body", tile, count - reach),
                self._white(station, "tail", tile, reach),
            ],
            axis=1,
        )
        length = fft.next_fast_len(count + reach, real=True)
        spectrum = fft.rfft(white, length)
        seconds_of_tile = np.arange(int(TILE_S) + 1.0)
        gains = self.gains(station, tile * TILE_S + seconds_of_tile).astype(np.float32)
        times = np.arange(count) / self.grid.rate_hz
        for response, gain in zip(self._filter(station, length), gains, strict=True):
            if gain.any():
                part = fft.irfft(spectrum * response, length)[:, reach : reach + count]
                # Straight lines between whole seconds: the ends of tiles are whole seconds.
                part *= np.interp(times, seconds_of_tile, gain).astype(np.float32)
                motion += part

    def gains(self, station: int, times_s: FloatArray) -> FloatArray:
        """(part, time) gains of the ``PARTS`` at times (s since the start of the scenario), of any order."""
        drawn, place, settings = self._drawn[station], self.network.stations[station], self.settings
        code, gains = place.code, np.zeros((len(PARTS), len(times_s)))

        def varying(name: str, knot_s: float, *owner: str) -> FloatArray:
            return slow_variation(self.seed, ("noise", name, *owner), times_s, knot_s)

        swell = 0.95 * varying("swell", 10800.0) + 0.31 * varying("own swell", 10800.0, code)
        gains[0] = 10 ** (settings.swell_db * swell / 20)
        knots_s = (("seconds", 20.0), ("minutes", 150.0), ("hours", 7200.0))
        drift = sum(varying(name, knot_s, code) for name, knot_s in knots_s) / np.sqrt(3)
        gains[1] = 10 ** (settings.drift_db * drift / 20)
        if drawn.day_amplitude:
            hour = (self._time_of_day_s + times_s) / 3600 + place.longitude / 15
            gains[2] = drawn.day_amplitude * (1 + np.cos(2 * np.pi * (hour - 13) / 24)) / 2
        if drawn.gust:
            gains[3] = drawn.gust[3] * np.exp(varying("gusts", drawn.gust[0], code))
        return gains

    def amplitudes(self, station: int, frequencies_hz: FloatArray) -> FloatArray:
        """(part, component, frequency) amplitudes in (m/s)/sqrt(Hz), to be added with the ``gains``."""
        drawn = self._drawn[station]
        low, high = peterson_db(frequencies_hz)
        decades = np.log10(frequencies_hz / 4)
        shape_db = drawn.slope_db * np.clip(decades, -0.6, 1.5)  # from 1 Hz on: swell has its own level
        for number, (height_db, phase) in enumerate(drawn.bumps, start=1):
            shape_db = shape_db + height_db * np.sin(2 * np.pi * number * decades / 2 + phase)
        level_db = (low + drawn.level * (high - low) + shape_db) + drawn.excess_db[:, None]
        for line in drawn.lines:
            peak = np.exp(-0.5 * ((frequencies_hz - line.centre_hz) / line.width_hz) ** 2)
            level_db = level_db + 10 * np.log10(1 + line.height[:, None] * peak)
        amplitude = 10 ** (np.clip(level_db, low + 1, high - 1) / 20) / (2 * np.pi * frequencies_hz)
        amplitude *= self._passed(frequencies_hz)
        swell = 1 - _rise(frequencies_hz, 1.0)
        gust = drawn.gust[1:3] if drawn.gust else (2.0, 8.0)
        shares = (swell, 1 - swell, _band(frequencies_hz, 1.0, 15.0), _band(frequencies_hz, *gust))
        return np.stack([amplitude * share for share in shares])

    def band_rms_at(
        self, station: int, times_s: FloatArray, low_hz: float = 2.0, high_hz: float = 8.0
    ) -> FloatArray:
        """(time,) rms in the band at these times (s), the three components together, in m/s."""
        if not self.settings.enabled:
            return np.zeros(len(times_s))
        frequencies_hz = np.linspace(low_hz, high_hz, 300)
        amplitudes = self.amplitudes(station, frequencies_hz)
        products = np.einsum("pcf,qcf->pqf", amplitudes, amplitudes)
        powers = np.trapezoid(products, frequencies_hz)
        gains = self.gains(station, times_s)
        return np.asarray(np.sqrt(((powers @ gains) * gains).sum(axis=0)))

    def band_rms(self, low_hz: float = 2.0, high_hz: float = 8.0) -> FloatArray:
        """(station,) median over the scenario (its first day at most) of ``band_rms_at``, in m/s."""
        times_s = np.arange(0.0, min(self.grid.duration_s, DAY_S), 30.0)
        stations = range(len(self.network))
        return np.array([np.median(self.band_rms_at(k, times_s, low_hz, high_hz)) for k in stations])

    def _passed(self, frequencies_hz: FloatArray) -> FloatArray:
        """Amplitude that is left by the anti-alias filter (from 0.8 of Nyquist on) and of long periods."""
        place = np.clip((frequencies_hz / (self.grid.rate_hz / 2) - 0.8) / 0.2, 0, 1)
        long_period = 1 / np.sqrt(1 + (frequencies_hz * LONGEST_PERIOD_S) ** -8.0)
        return np.asarray(np.cos(np.pi / 2 * place) ** 2 * long_period)

    def _n_taps(self) -> int:
        return round(FILTER_S * self.grid.rate_hz) | 1

    def _white(self, station: int, piece: str, tile: int, count: int) -> Motion:
        """(3, time) white noise; a tile is a body and a tail, so that the next one draws the tail alone."""
        code = self.network.stations[station].code
        made = generator(self.seed, "noise", code, piece, tile)
        return made.standard_normal((3, count), dtype=np.float32)

    def _filter(self, station: int, length: int) -> NDArray[np.complex64]:
        """(part, component, frequency) responses; those of the last few stations are kept."""
        if station not in self._filters:
            rate_hz = self.grid.rate_hz
            found: list[FloatArray] = []

            def density(part: int, component: int, frequencies_hz: FloatArray) -> FloatArray:
                if not found:  # all parts at once; design_taps asks for the same frequencies every time
                    found.append(self.amplitudes(station, frequencies_hz) ** 2)
                return np.asarray(found[0][part, component])

            taps = [
                [design_taps(partial(density, p, c), rate_hz, FILTER_S) for c in range(3)]
                for p in range(len(PARTS))
            ]
            while len(self._filters) >= 4:  # 3 MB each at 100 Hz
                self._filters.pop(next(iter(self._filters)))
            self._filters[station] = np.asarray(fft.rfft(np.array(taps), length))
        return self._filters[station]


def background_noise(
    settings: NoiseSettings, network: Network, grid: SampleGrid, seed: int
) -> BackgroundNoise:
    """Make the background noise of a network: a ``Stream`` of its motion, and its rms in a band."""
    return BackgroundNoise(settings, network, grid, seed)


def at_ocean_bottom(station: Station) -> bool:
    """Whether the station stands on the sea floor."""
    return station.elevation_m < OCEAN_BOTTOM_M


def _draw_station(settings: NoiseSettings, station: Station, seed: int) -> _StationNoise:
    """Draw what a station's noise is like; the number of draws is the same for any settings."""
    rng = generator(seed, "noise", station.code)
    wet = at_ocean_bottom(station)
    level = rng.uniform(*(settings.ocean_level if wet else settings.land_level))
    scatter_db = settings.spectral_scatter_db
    slope_db = (OCEAN_SLOPE_DB if wet else LAND_SLOPE_DB) + scatter_db * rng.standard_normal()
    bumps = np.column_stack([scatter_db / 2 * rng.standard_normal(3), rng.uniform(0, 2 * np.pi, 3)])
    excess_db = rng.standard_normal(3) * (scatter_db > 0) * (OCEAN_COMPONENT_DB if wet else LAND_COMPONENT_DB)
    more_db = settings.horizontal_excess_db * rng.uniform(0.5, 1.5)
    excess_db[:2] += more_db if wet else 0.0
    day_db = settings.day_night_db * rng.uniform(0.1, 2.0)
    peaked, gusty = rng.uniform(size=2) < (settings.peaked_share, settings.gusty_share)
    lines = tuple(_draw_line(rng) for _ in range(2))[: rng.integers(1, 3)]
    low_hz = np.exp(rng.uniform(np.log(1.0), np.log(3.0)))
    gust = (rng.uniform(20.0, 60.0), low_hz, low_hz * rng.uniform(2, 6), rng.uniform(0.5, 2.0))
    return _StationNoise(
        level,
        slope_db,
        bumps,
        excess_db,
        lines if peaked else (),
        0.0 if wet else 10 ** (day_db / 20) - 1,
        gust if gusty else None,
    )


def _draw_line(rng: np.random.Generator) -> _Line:
    """Peak in 2-7 Hz, 3-15 % wide, 6-18 dB high, unlike on the components."""
    centre_hz = np.exp(rng.uniform(np.log(2.0), np.log(7.0)))
    height_db = rng.uniform(6, 18) + rng.uniform(-5, 0, 3)
    return _Line(centre_hz, centre_hz * rng.uniform(0.03, 0.15) / 2, 10 ** (height_db / 10))


def _rise(frequencies_hz: FloatArray, centre_hz: float) -> FloatArray:
    """Smooth rise from 0 to 1 over the octave around a frequency."""
    octaves = np.clip(np.log2(frequencies_hz / centre_hz) + 0.5, 0, 1)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * octaves))


def _band(frequencies_hz: FloatArray, low_hz: float, high_hz: float) -> FloatArray:
    """1 within a band, 0 half an octave outside of it."""
    return _rise(frequencies_hz, low_hz / np.sqrt(2)) * (1 - _rise(frequencies_hz, high_hz * np.sqrt(2)))
