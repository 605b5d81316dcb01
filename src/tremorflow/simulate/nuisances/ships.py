"""Passing ships: propeller lines and cavitation noise from a moving source."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tremorflow.geodesy import LocalFrame, east_north_km
from tremorflow.options import option, settings_class
from tremorflow.records import FloatArray
from tremorflow.simulate.nuisances.sources import (
    AUDIBLE_SNR,
    COMPONENT_SHARES,
    DAY_S,
    FAINT_SNR,
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
from tremorflow.simulate.scene import Motion, Scene
from tremorflow.simulate.streams import coloured_noise, design_taps, generator

REFERENCE_KM = 5.0  # slant range at which the SNR of the settings holds
LOSS_KM = 30.0  # losses at the sea floor on top of spherical spreading: a loud ship is heard to 40 km
LIFE_S = 12 * 3600.0  # a ship sails 200-500 km on one course, then turns away or stops
FADE_S = 900.0
HARMONICS = 6
LINE_SHARE, BROAD_SHARE = 0.8, 0.4  # rms of the first line, and of the cavitation in 2-8 Hz, over the level
MODULATION = 0.5  # cavitation beats with the blades
DRIFT = 0.004  # of the revolutions, rms: governor and waves


@settings_class
class ShipSettings:
    """Ships on straight courses: lines at the blade rate and its multiples, and modulated noise."""

    enabled: bool = option(True, unit="-", reason="the most frequent loud source on sea-floor stations")
    per_area: float = option(
        8.0,
        unit="1/100,000 km2",
        reason="under way at a time: one per 110 km square; a station hears one about a tenth of the time",
        ge=0,
        le=1000,
    )
    min_speed_m_s: float = option(5.0, unit="m/s", reason="10 knots: coasters, fishing vessels", gt=0)
    max_speed_m_s: float = option(12.0, unit="m/s", reason="23 knots: container ships", le=30)
    weakest_snr: float = option(
        0.5,
        unit="-",
        reason="over background rms of 2-8 Hz at 5 km: a small vessel, heard overhead only",
        gt=0,
    )
    strongest_snr: float = option(
        10.0, unit="-", reason="of the background again at 40 km: a large merchant ship", gt=0
    )

    def __post_init__(self) -> None:
        """Refuse ranges whose ends are exchanged."""
        check_order(self, "min_speed_m_s", "max_speed_m_s")
        check_order(self, "weakest_snr", "strongest_snr")


class Ship(NamedTuple):
    """One ship: at ``source`` in the middle of its course; velocity east, north (km/s).

    ``blade_hz`` is the rate of its blades; ``drift_periods_s`` and ``drift_phases`` (3,) vary it slowly.
    """

    source: Source
    velocity_km_s: tuple[float, float]
    blade_hz: float
    snr: float
    drift_periods_s: FloatArray
    drift_phases: FloatArray

    def phase(self, sent_s: FloatArray) -> FloatArray:
        """Phase of the blades (radians) when the sound was sent: the rate drifts by 0.4 %."""
        turns = 2 * np.pi * sent_s[..., None] / self.drift_periods_s + self.drift_phases
        wander_s = (np.sin(turns) * self.drift_periods_s).sum(axis=-1) * DRIFT * np.sqrt(2 / 3) / (2 * np.pi)
        return np.asarray(2 * np.pi * self.blade_hz * (sent_s + wander_s))


@dataclass(frozen=True, slots=True)
class ShipStream:
    """Ships as the stations hear them (a ``Stream``); ``site`` (station,) is how well each hears.

    Offsets (ship, station) lead from the middle of the course to the station (km).
    """

    scene: Scene
    ships: tuple[Ship, ...]
    site: FloatArray
    east_km: FloatArray
    north_km: FloatArray
    taps: NDArray[np.float32]

    def ranges_km(self, ships: NDArray[np.intp], station: int, times_s: FloatArray) -> FloatArray:
        """(ship, time) slant range to these ships, which swim at the surface."""
        middle_s = np.array([self.ships[n].source.time_s for n in ships])
        velocities = np.array([self.ships[n].velocity_km_s for n in ships]).reshape(-1, 2)
        moved_s = times_s - middle_s[:, None]
        east = self.east_km[ships, station][:, None] - velocities[:, :1] * moved_s
        north = self.north_km[ships, station][:, None] - velocities[:, 1:] * moved_s
        depth_km = -self.scene.network.stations[station].elevation_m / 1000
        return np.asarray(np.sqrt(east**2 + north**2 + depth_km**2))

    def snr(self, ships: NDArray[np.intp], station: int, times_s: FloatArray) -> FloatArray:
        """(ship, time) level over the background: 20 log r, losses, and the ends of the course."""
        range_km = self.ranges_km(ships, station, times_s)
        middle_s = np.array([self.ships[n].source.time_s for n in ships])[:, None]
        loudness = np.array([self.ships[n].snr for n in ships])[:, None] * self.site[station]
        level = loudness * REFERENCE_KM / range_km * np.exp((REFERENCE_KM - range_km) / LOSS_KM)
        to_end_s = LIFE_S / 2 - np.abs(times_s - range_km / SOUND_KM_S - middle_s)
        return np.asarray(level * np.sin(np.pi / 2 * np.clip(to_end_s / FADE_S, 0, 1)) ** 2)

    def add_to(self, motion: Motion, station: int, tile: int) -> None:
        """Add all ships that the station hears during a tile."""
        if self.site[station] <= 0:
            return
        grid = self.scene.grid
        start_s = tile * grid.tile_samples / grid.rate_hz
        knots_s = start_s + np.arange(-1.0, grid.tile_samples / grid.rate_hz + 2.0)
        loudest = self.snr(np.arange(len(self.ships)), station, knots_s[::100]).max(axis=1)
        for ship in np.flatnonzero(loudest >= FAINT_SNR):
            self._add_ship(motion, (int(ship), station, tile), knots_s)

    def _add_ship(self, motion: Motion, where: tuple[int, int, int], knots_s: FloatArray) -> None:
        """Add one ship; range and phase change slowly, so one value a second is enough."""
        ship, station, tile = where
        one, grid = self.ships[ship], self.scene.grid
        level = self.snr(np.array([ship]), station, knots_s)[0] * self.scene.noise_rms[station]
        range_km = self.ranges_km(np.array([ship]), station, knots_s)[0]
        phase = one.phase(knots_s - range_km / SOUND_KM_S)
        times_s = grid.times_s(tile)
        turn = np.interp(times_s, knots_s, phase) % (2 * np.pi)
        beat = np.empty(len(times_s), dtype=np.complex64)
        beat.real, beat.imag = np.cos(turn.astype(np.float32)), np.sin(turn.astype(np.float32))
        height = np.interp(times_s, knots_s, level).astype(np.float32)
        code = self.scene.network.codes[station]
        keys = ("nuisance", "ship", one.source.key, code)
        weights, mixing = _draw_site(self.scene.seed, keys, one.blade_hz, grid.rate_hz)
        carriers = [
            coloured_noise(self.scene.seed, (*keys, name), tile, self.taps, grid.tile_samples)
            for name in ("first", "second")
        ]
        broad = height * (1 + MODULATION * beat.real)
        for component in range(3):
            line = np.zeros(len(times_s), dtype=np.complex64)
            for weight in weights[component, ::-1]:  # Horner: sum of weight * beat**n, n = 1, 2, ...
                line = (line + weight) * beat
            noise = mixing[component, 0] * carriers[0] + mixing[component, 1] * carriers[1]
            motion[component] += height * line.real + broad * noise


def _draw_site(
    seed: int, keys: tuple[str, ...], blade_hz: float, rate_hz: float
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Complex weights (3, harmonic) of the lines, and weights (3, 2) of the two noises, at one station.

    Water and sediment pass each line and component differently. Lines above 0.8 Nyquist are left out.
    """
    rng = generator(seed, *keys, "weights")
    order = np.arange(1, HARMONICS + 1)
    size = np.exp(0.4 * rng.standard_normal((3, HARMONICS))) * COMPONENT_SHARES[:, None]
    size[:, 0] *= 1 / np.sqrt((size[:, 0] ** 2).sum())
    size *= LINE_SHARE * np.sqrt(2) * order**-0.8
    size[:, order * blade_hz > 0.4 * rate_hz] = 0.0
    weights = size * np.exp(2j * np.pi * rng.uniform(size=(3, HARMONICS)))
    angles = rng.uniform(0, 2 * np.pi, 3)
    mixing = BROAD_SHARE * COMPONENT_SHARES[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mixing /= np.sqrt(1 + MODULATION**2 / 2)
    return weights.astype(np.complex64), mixing.astype(np.float32)


def cavitation_density(frequencies_hz: FloatArray) -> FloatArray:
    """Power density of cavitation, of which 2-8 Hz hold 1: rises as f**2 to a hump at 30-50 Hz."""

    def shape(f: FloatArray) -> FloatArray:
        return f**2 / (1 + (f / 40) ** 4)

    band = np.linspace(2.0, 8.0, 61)
    return np.asarray(shape(frequencies_hz) / np.trapezoid(shape(band), band))


def draw_ships(settings: ShipSettings, scene: Scene) -> NuisancePart:
    """Draw the ships that stations on the sea floor hear."""
    heard = on_ocean_bottom(scene.network)
    reach_km = 80.0 + settings.max_speed_m_s / 1000 * LIFE_S / 2
    scatter = Scatter(settings.per_area / 1e5 * DAY_S / LIFE_S, reach_km, LIFE_S, 1)
    sources = scatter_sources(scene, "ship", heard, scatter)
    # a source's time is the middle of its course: half a life later than its start
    ships = [_draw_ship(settings, s._replace(time_s=s.time_s + LIFE_S / 2)) for s in sources]
    stream = _make_stream(scene, ships)
    first_s, last_s, loud, felt = _hear_ships(stream)
    rows = []
    for number in np.flatnonzero(loud.any(axis=1)):
        ship = ships[number]
        east, north = (v * (first_s[number] - ship.source.time_s) for v in ship.velocity_km_s)
        latitude, longitude = LocalFrame(ship.source.latitude, ship.source.longitude).to_degrees(east, north)
        place, span_s = (float(latitude), float(longitude)), (first_s[number], last_s[number])
        rows.append(truth_row(scene, "ship", span_s, place, np.flatnonzero(loud[number])))
    kept = [ships[n] for n in np.flatnonzero(felt)]
    return NuisancePart(rows, streams=(_make_stream(scene, kept),) if kept else ())


def _draw_ship(settings: ShipSettings, source: Source) -> Ship:
    """Draw course, engine and loudness: 60-120 revolutions a minute, 4-6 blades, within 5-12 Hz."""
    rng = source.rng
    speed = rng.uniform(settings.min_speed_m_s, settings.max_speed_m_s) / 1000
    heading = rng.uniform(0, 2 * np.pi)
    return Ship(
        source=source,
        velocity_km_s=(speed * np.sin(heading), speed * np.cos(heading)),
        blade_hz=float(np.clip(rng.integers(4, 7) * rng.uniform(1.0, 2.0), 5.0, 12.0)),
        snr=log_uniform(rng, settings.weakest_snr, settings.strongest_snr),
        drift_periods_s=rng.uniform(200, 1500, 3),
        drift_phases=rng.uniform(0, 2 * np.pi, 3),
    )


def _make_stream(scene: Scene, ships: list[Ship]) -> ShipStream:
    """Stream of these ships."""
    network, heard = scene.network, on_ocean_bottom(scene.network)
    offsets = [
        east_north_km(s.source.latitude, s.source.longitude, network.latitudes, network.longitudes)
        for s in ships
    ]
    east, north = np.array(offsets).reshape(len(ships), 2, len(network)).transpose(1, 0, 2)
    site = np.where(heard, site_factors(scene, "ship", 0.4), 0.0)
    taps = design_taps(cavitation_density, scene.grid.rate_hz, 1.0)
    return ShipStream(scene, tuple(ships), site, east, north, taps)


class Hearing(NamedTuple):
    """Who hears the ships: (ship,) first and last second, (ship, station) loud, (ship,) felt anywhere."""

    first_s: FloatArray
    last_s: FloatArray
    loud: NDArray[np.bool_]
    felt: NDArray[np.bool_]


def _hear_ships(stream: ShipStream) -> Hearing:
    """Stations that hear each ship during the scenario, and when, to the minute."""
    n_ships = len(stream.ships)
    times_s = np.arange(0.0, stream.scene.grid.duration_s, 60.0)
    first_s, last_s = np.full(n_ships, np.inf), np.full(n_ships, -np.inf)
    heard = np.zeros((n_ships, len(stream.site)), dtype=np.bool_)
    felt = np.zeros(n_ships, dtype=np.bool_)
    for station in np.flatnonzero(stream.site > 0):
        snr = stream.snr(np.arange(n_ships), int(station), times_s)
        felt |= (snr >= FAINT_SNR / 2).any(axis=1)  # half: it may be louder between two minutes
        loud = snr >= AUDIBLE_SNR
        heard[:, station] = loud.any(axis=1)
        first_s = np.minimum(first_s, np.where(loud, times_s, np.inf).min(axis=1))
        last_s = np.maximum(last_s, np.where(loud, times_s + 60.0, -np.inf).max(axis=1))
    return Hearing(first_s, last_s, heard, felt)
