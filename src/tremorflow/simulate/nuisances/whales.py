"""Whale calls: 20-Hz pulses of fin whales and long tones of blue whales near a few stations."""

import numpy as np

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.air_guns import below_nyquist
from tremorflow.simulate.nuisances.pulses import PulsePath, PulseStream, PulseTrain, hear_train
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

WATER = PulsePath(speed_km_s=SOUND_KM_S, share=1.0, reference_km=5.0, decay_km=20.0)
"""Of the background again at 5-30 km on sea-floor seismometers, for an SNR of 1-20 at 5 km."""

BOUT_S = (3600.0, 6 * 3600.0)  # singing goes on for hours
FIN_SWEEP_HZ = (28.0, 16.0)  # downswept pulse (Weirathmueller et al. 2013: 20-Hz pulses, 189 dB)
FIN_LENGTH_S = 1.0
FIN_INTERVAL_S = (10.0, 25.0)
FIN_SONG_S, FIN_REST_S = 900.0, 120.0  # breathing at the surface
BLUE_TONE_HZ = (8.5, 17.0)  # lowest and highest of the populations' tones
BLUE_LENGTH_S = (10.0, 20.0)
BLUE_INTERVAL_S = (60.0, 120.0)
SWIM_KM_S = 0.0015
ECHO = -0.4  # surface and sea floor once more, with the sign of the surface
ECHOES = 2


@settings_class
class WhaleSettings:
    """Calls that repeat for hours and are seen at one to a few stations."""

    enabled: bool = option(True, unit="-", reason="fin whales call within 30 km of most sea-floor stations")
    fin_bouts_per_day: float = option(
        20.0,
        unit="1/day/100,000 km2",
        reason="a station hears one 5 % of the time; in season it may be nearly always",
        ge=0,
        le=10000,
    )
    blue_bouts_per_day: float = option(
        5.0, unit="1/day/100,000 km2", reason="rarer than fin whales by a factor of 4 or more", ge=0, le=10000
    )
    weakest_snr: float = option(
        1.0, unit="-", reason="amplitude over background rms of 2-8 Hz at 5 km: seen to 8 km", gt=0
    )
    strongest_snr: float = option(
        15.0, unit="-", reason="seen to 30 km; 10 times the background above the singer", gt=0
    )

    def __post_init__(self) -> None:
        """Refuse a range whose ends are exchanged."""
        check_order(self, "weakest_snr", "strongest_snr")


def draw_whales(settings: WhaleSettings, scene: Scene) -> NuisancePart:
    """Draw the bouts of calls that stations on the sea floor hear.

    Rows do not depend on the sampling rate: at 25 Hz fin whales are in the truth and not in the samples.
    """
    heard = on_ocean_bottom(scene.network)
    site = np.where(heard, site_factors(scene, "whale", 0.3), 0.0)
    rows, trains = [], []
    for name, rate in (("fin", settings.fin_bouts_per_day), ("blue", settings.blue_bouts_per_day)):
        scatter = Scatter(rate / 1e5, 60.0 + BOUT_S[1] * SWIM_KM_S, BOUT_S[1] + 60, 1)
        for source in scatter_sources(scene, f"{name}_whale", heard, scatter):
            train = draw_bout(settings, source._replace(key=f"{name}/{source.key}"), site)
            reception = hear_train(scene, train, WATER, BLUE_LENGTH_S[1])
            if reception.train.snr.any():
                trains.append(reception.train)
            if len(reception.stations):
                place = (source.latitude, source.longitude)
                rows.append(truth_row(scene, "whale", reception.span_s, place, reception.stations))
    if not trains:
        return NuisancePart([])

    def template(train: PulseTrain, station: int, _path: int, times_s: FloatArray) -> FloatArray:
        return _heard_call(scene, train, station, times_s)

    length_s = BLUE_LENGTH_S[1] + 10.0
    fin = tuple(train for train in trains if train.source.key.startswith("fin"))
    blue = tuple(train for train in trains if not train.source.key.startswith("fin"))
    if scene.grid.rate_hz / 2 * 0.8 <= FIN_SWEEP_HZ[1]:
        fin = ()
    streams = [(fin, FIN_LENGTH_S + 10.0), (blue, length_s)]
    return NuisancePart(
        rows, streams=tuple(PulseStream(scene, one, (WATER,), template, s) for one, s in streams if one)
    )


def draw_bout(settings: WhaleSettings, source: Source, site: FloatArray) -> PulseTrain:
    """Draw the calls of one whale; ``site`` (station,) is how well each station hears."""
    rng, fin = source.rng, source.key.startswith("fin")
    interval_s = rng.uniform(*(FIN_INTERVAL_S if fin else BLUE_INTERVAL_S))
    n_calls = int(rng.uniform(*BOUT_S) / interval_s)
    steps_s = interval_s * (1 + 0.03 * rng.standard_normal(n_calls))
    heading = rng.uniform(0, 2 * np.pi)
    snr = log_uniform(rng, settings.weakest_snr, settings.strongest_snr)
    times_s = source.time_s + np.cumsum(steps_s)
    if fin:
        times_s = times_s[(times_s - source.time_s) % (FIN_SONG_S + FIN_REST_S) < FIN_SONG_S]
    velocity = (SWIM_KM_S * np.sin(heading), SWIM_KM_S * np.cos(heading))
    return PulseTrain(source, times_s, velocity, snr * site)


def fin_call(times_s: FloatArray, rate_hz: float) -> FloatArray:
    """Pulse of 1 s that sweeps down from 28 to 16 Hz; silent above 0.8 of the Nyquist frequency."""
    part = np.clip(times_s / FIN_LENGTH_S, 0, 1)
    high, low = FIN_SWEEP_HZ
    frequency_hz = high + (low - high) * part
    phase = 2 * np.pi * FIN_LENGTH_S * (high * part + (low - high) * part**2 / 2)
    return np.asarray(np.sin(np.pi * part) ** 2 * below_nyquist(frequency_hz, rate_hz) * np.sin(phase))


def blue_call(times_s: FloatArray, rate_hz: float, tone_hz: float, length_s: float) -> FloatArray:
    """Tone that glides down by 3 %, with ends of 1 s; silent above 0.8 of the Nyquist frequency."""
    after_s = np.clip(times_s, 0, length_s)
    frequency_hz = tone_hz * (1 - 0.03 * after_s / length_s)
    phase = 2 * np.pi * tone_hz * (after_s - 0.015 * after_s**2 / length_s)
    ends = np.clip(np.minimum(after_s, length_s - after_s) / 1.0, 0, 1)
    return np.asarray(np.sin(np.pi / 2 * ends) ** 2 * below_nyquist(frequency_hz, rate_hz) * np.sin(phase))


def _heard_call(scene: Scene, train: PulseTrain, station: int, times_s: FloatArray) -> FloatArray:
    """(3, time) motion of the station by one call and its echoes, of height about 1."""
    depth_km = -scene.network.stations[station].elevation_m / 1000
    own = generator(scene.seed, "nuisance", "whale", train.source.key)
    tone_hz, length_s = own.uniform(*BLUE_TONE_HZ), own.uniform(*BLUE_LENGTH_S)
    here = generator(scene.seed, "nuisance", "whale", train.source.key, scene.network.codes[station])
    angle, incidence = here.uniform(0, 2 * np.pi), here.uniform(0.3, 1.2)
    call = np.zeros(len(times_s))
    for order in range(ECHOES + 1):
        after_s = times_s - order * 2 * depth_km / SOUND_KM_S
        if train.source.key.startswith("fin"):
            call += ECHO**order * fin_call(after_s, scene.grid.rate_hz)
        else:
            call += ECHO**order * blue_call(after_s, scene.grid.rate_hz, tone_hz, length_s)
    direction = np.array(
        [np.sin(incidence) * np.sin(angle), np.sin(incidence) * np.cos(angle), np.cos(incidence)]
    )
    return np.asarray(direction[:, None] * call * np.clip((times_s[-1] - times_s) / 1.0, 0, 1))
