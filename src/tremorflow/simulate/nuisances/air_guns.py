"""Air guns: survey vessels that shoot every 10-60 s for hours."""

import numpy as np
from numpy.random import Generator
from scipy import fft

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.pulses import (
    PulsePath,
    PulseStream,
    PulseTrain,
    hear_train,
    pulse_ranges_km,
)
from tremorflow.simulate.nuisances.sources import (
    SOUND_KM_S,
    NuisancePart,
    Scatter,
    Source,
    check_order,
    log_uniform,
    on_ocean_bottom,
    scatter_sources,
    site_factors,
    truth_row,
)
from tremorflow.simulate.scene import Scene
from tremorflow.simulate.streams import generator

WATER = PulsePath(speed_km_s=SOUND_KM_S, share=1.0, reference_km=20.0, decay_km=80.0)
"""Through the water: of the background again at 100-200 km."""
CRUST = PulsePath(speed_km_s=6.0, share=0.12, reference_km=20.0, decay_km=120.0)
"""Refracted in the crust, converted at the sea floor: some 20 dB weaker, before the water wave."""

VESSEL_KM_S = 0.0022  # 4-5 knots, with a streamer behind
LENGTH_S = 12.0  # three to twelve water multiples at 1-6 km of depth
JITTER_S = 0.01  # shots are fired by position: rms of the interval


@settings_class
class AirGunSettings:
    """Impulses of 5-60 Hz with reverberation of the water, at regular intervals, from a slow vessel."""

    enabled: bool = option(True, unit="-", reason="surveys shoot on every margin that has a network")
    surveys_per_day: float = option(
        0.03,
        unit="1/day/100,000 km2",
        reason="a line of shots every five days within the reach of a network as large as S-net",
        ge=0,
        le=100,
    )
    min_interval_s: float = option(10.0, unit="s", reason="reflection surveys: 25-50 m at 2.2 m/s", ge=5)
    max_interval_s: float = option(60.0, unit="s", reason="refraction surveys with sea-floor sensors", le=600)
    min_duration_h: float = option(4.0, unit="h", reason="a line of 30 km at 2.2 m/s", gt=0)
    max_duration_h: float = option(12.0, unit="h", reason="a line of 100 km at 2.2 m/s", le=240)
    weakest_snr: float = option(
        3.0, unit="-", reason="peak over background rms of 2-8 Hz at 20 km: a small array", gt=0
    )
    strongest_snr: float = option(
        30.0, unit="-", reason="a large array is seen to 100-200 km, which 30 at 20 km gives", gt=0
    )

    def __post_init__(self) -> None:
        """Refuse ranges whose ends are exchanged."""
        check_order(self, "min_interval_s", "max_interval_s")
        check_order(self, "min_duration_h", "max_duration_h")
        check_order(self, "weakest_snr", "strongest_snr")


def draw_air_guns(settings: AirGunSettings, scene: Scene) -> NuisancePart:
    """Draw the surveys that stations on the sea floor hear."""
    heard = on_ocean_bottom(scene.network)
    before_s = settings.max_duration_h * 3600 + 200 / SOUND_KM_S
    scatter = Scatter(settings.surveys_per_day / 1e5, 250.0 + before_s * VESSEL_KM_S, before_s, 1)
    site = np.where(heard, site_factors(scene, "air_gun", 0.4), 0.0)
    trains, rows = [], []
    for source in scatter_sources(scene, "air_gun", heard, scatter):
        reception = hear_train(scene, draw_survey(settings, source, site), WATER, LENGTH_S)
        if reception.train.snr.any():
            trains.append(reception.train)
        if len(reception.stations):
            place = (source.latitude, source.longitude)
            rows.append(truth_row(scene, "air_gun", reception.span_s, place, reception.stations))
    if not trains:
        return NuisancePart([])

    def template(train: PulseTrain, station: int, path: int, times_s: FloatArray) -> FloatArray:
        return _shot(scene, train, station, path, times_s)

    return NuisancePart(
        rows, streams=(PulseStream(scene, tuple(trains), (WATER, CRUST), template, LENGTH_S),)
    )


def draw_survey(settings: AirGunSettings, source: Source, site: FloatArray) -> PulseTrain:
    """Draw the shots of one survey line; ``site`` (station,) is how well each hears."""
    rng = source.rng
    interval_s = log_uniform(rng, settings.min_interval_s, settings.max_interval_s)
    duration_s = 3600 * rng.uniform(settings.min_duration_h, settings.max_duration_h)
    heading = rng.uniform(0, 2 * np.pi)
    snr = log_uniform(rng, settings.weakest_snr, settings.strongest_snr)
    times_s = source.time_s + np.arange(0.0, duration_s, interval_s)
    times_s += JITTER_S * rng.standard_normal(len(times_s))
    velocity = (VESSEL_KM_S * np.sin(heading), VESSEL_KM_S * np.cos(heading))
    return PulseTrain(source, times_s, velocity, snr * site)


def _shot(scene: Scene, train: PulseTrain, station: int, path: int, times_s: FloatArray) -> FloatArray:
    """(3, time) motion by one shot, of peak 1: pulse, multiples in the water, scattered tail.

    The band narrows with distance (60 Hz near, 12 Hz beyond 150 km), the tail lengthens: the sound spreads
    over the modes of the water.
    """
    n_samples = len(times_s)
    frequencies_hz = fft.rfftfreq(n_samples, times_s[1])
    range_km = float(np.median(pulse_ranges_km(scene, train, station)))
    corner_hz = max(60.0 * np.exp(-range_km / 90.0), 12.0) * (1.0 if path == 0 else 0.4)
    spectrum = (frequencies_hz / 6) ** 2 / (1 + (frequencies_hz / 6) ** 2)
    spectrum = spectrum / (1 + (frequencies_hz / corner_hz) ** 2)
    spectrum *= below_nyquist(frequencies_hz, scene.grid.rate_hz)
    code = scene.network.codes[station]
    rng = generator(scene.seed, "nuisance", "air_gun", train.source.key, code, path)
    echo_s = 2 * -scene.network.stations[station].elevation_m / 1000 / SOUND_KM_S
    tail = _tail(rng, times_s, echo_s, 0.4 + range_km / 60)
    lead = np.exp(-2j * np.pi * frequencies_hz * 0.3)  # room for the first half of the zero-phase pulse
    pulse = fft.irfft(fft.rfft(tail, axis=-1) * spectrum * lead, n_samples)
    pulse *= np.clip((times_s[-1] - times_s) / 1.0, 0, 1)  # ends softly
    return np.asarray(pulse / np.sqrt((pulse**2).sum(axis=0).max()))


def _tail(rng: Generator, times_s: FloatArray, echo_s: float, decay_s: float) -> FloatArray:
    """(3, time) impulse response: direct wave, its multiples, and scattered waves after each of them.

    Sea floor and surface reflect about half of the amplitude, the surface with the opposite sign.
    """
    n_samples, step_s = len(times_s), times_s[1]
    weights = np.array([0.5, 0.5, 1.0]) * rng.choice([-1.0, 1.0], 3)
    scattered = rng.standard_normal((3, n_samples)) * np.exp(-times_s / decay_s)
    scattered *= 0.25 * np.sqrt(
        step_s / decay_s
    )  # a sixteenth of the energy of an impulse, whatever the rate
    once = scattered
    once[:, 0] += weights
    response = np.zeros((3, n_samples))
    for order in range(12):
        place = round(order * echo_s / step_s)
        if place >= n_samples:
            break
        response[:, place:] += (-0.5) ** order * once[:, : n_samples - place]
    return response


def below_nyquist(frequencies_hz: FloatArray, rate_hz: float) -> FloatArray:
    """Gate that is 1 up to 0.7 of the Nyquist frequency and 0 from 0.8 of it on."""
    part = np.clip((0.8 - frequencies_hz / (rate_hz / 2)) / 0.1, 0, 1)
    return np.asarray(np.sin(np.pi / 2 * part) ** 2)
