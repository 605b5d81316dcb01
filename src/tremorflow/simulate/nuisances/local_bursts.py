"""Short bursts that one sea-floor station alone records: animals, gas and sediment at the sensor."""

from typing import NamedTuple

import numpy as np

from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.single_station import SingleStationEvents, draw_times
from tremorflow.simulate.nuisances.sources import (
    DAY_S,
    NuisancePart,
    check_order,
    log_uniform,
    on_ocean_bottom,
    truth_row,
)
from tremorflow.simulate.scene import Motion, Scene
from tremorflow.simulate.streams import generator

LENGTH_S = (0.5, 4.0)
FREQUENCY_HZ = (4.0, 20.0)
RISE_S = 0.05


@settings_class
class LocalBurstSettings:
    """Damped oscillations of 0.5-4 s at 4-20 Hz, without any moveout."""

    enabled: bool = option(True, unit="-", reason="short-duration events are on nearly every OBS record")
    rate_per_day: float = option(
        24.0, unit="1/day", reason="of one station; reports reach from a few to hundreds a day", ge=0, le=5000
    )
    weakest_snr: float = option(2.0, unit="-", reason="peak over background rms of 2-8 Hz: just seen", gt=0)
    strongest_snr: float = option(30.0, unit="-", reason="as strong as local earthquakes of M 2", gt=0)

    def __post_init__(self) -> None:
        """Refuse a range whose ends are exchanged."""
        check_order(self, "weakest_snr", "strongest_snr")


class LocalBurst(NamedTuple):
    """One burst: station, start and length (s), frequency (Hz), peak (m/s), direction (3,), decay (s)."""

    station: int
    start_s: float
    length_s: float
    frequency_hz: float
    peak_m_s: float
    direction: FloatArray
    decay_s: float

    def motion(self, after_s: FloatArray, rate_hz: float) -> Motion:
        """(3, time) damped oscillation; nothing where its frequency is above 0.8 Nyquist."""
        if self.frequency_hz > 0.4 * rate_hz:
            return np.zeros((3, len(after_s)), dtype=np.float32)
        rise = np.sin(np.pi / 2 * np.clip(after_s / RISE_S, 0, 1)) ** 2
        fall = np.exp(-after_s / self.decay_s) * np.clip(
            (self.length_s - after_s) / (0.2 * self.length_s), 0, 1
        )
        wave = self.peak_m_s * rise * fall * np.sin(2 * np.pi * self.frequency_hz * after_s)
        return np.asarray(self.direction[:, None] * wave, dtype=np.float32)


def draw_local_bursts(settings: LocalBurstSettings, scene: Scene) -> NuisancePart:
    """Draw the bursts of every station on the sea floor."""
    bursts: list[LocalBurst] = []
    for station in np.flatnonzero(on_ocean_bottom(scene.network)):
        code = scene.network.codes[station]
        rng = generator(scene.seed, "nuisance", "local_burst", code)
        for start_s in draw_times(rng, settings.rate_per_day / DAY_S, scene.grid.duration_s, LENGTH_S[1]):
            length_s, direction = log_uniform(rng, *LENGTH_S), rng.standard_normal(3)
            peak = log_uniform(rng, settings.weakest_snr, settings.strongest_snr)
            bursts.append(
                LocalBurst(
                    station=int(station),
                    start_s=start_s,
                    length_s=length_s,
                    frequency_hz=log_uniform(rng, *FREQUENCY_HZ),
                    peak_m_s=peak * scene.noise_rms[station],
                    direction=direction / np.sqrt((direction**2).sum()),
                    decay_s=length_s / rng.uniform(3, 6),
                )
            )
    rows = []
    for burst in bursts:
        place = scene.network.stations[burst.station]
        span_s = (burst.start_s, burst.start_s + burst.length_s)
        rows.append(
            truth_row(scene, "local_burst", span_s, (place.latitude, place.longitude), [burst.station])
        )
    return NuisancePart(rows, transients=(SingleStationEvents(scene, tuple(bursts)),) if bursts else ())
