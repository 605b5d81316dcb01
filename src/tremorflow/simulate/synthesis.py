"""The simulation itself: truth first, then the motion of any station in any tile, then what is recorded."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from tremorflow.errors import SettingsError
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Network, timedelta, utc
from tremorflow.simulate.earthquakes import draw_earthquakes
from tremorflow.simulate.geometry import simulated_network
from tremorflow.simulate.instrument import Instrument, Recorded, make_instrument
from tremorflow.simulate.noise import BackgroundNoise, background_noise
from tremorflow.simulate.nuisances import Nuisances, draw_nuisances
from tremorflow.simulate.outages import draw_outages
from tremorflow.simulate.path import TABLE_DEPTHS_KM, Paths
from tremorflow.simulate.point_sources import (
    Ground,
    PointSources,
    burst_snr,
    earthquake_sources,
    tremor_sources,
)
from tremorflow.simulate.scenario import Scenario
from tremorflow.simulate.scene import Motion, SampleGrid, Scene, Stream, Transient, Transients
from tremorflow.simulate.semireal import SemiRealTremor, draw_semi_real, read_lfe_library
from tremorflow.simulate.site import Site, draw_sites
from tremorflow.simulate.teleseisms import Teleseisms
from tremorflow.simulate.tremor import draw_tremor
from tremorflow.truth import Truth, join_truth, truth_table

PARTS = ("tremor", "earthquakes", "noise", "nuisances")
"""What motion is made of; ``Simulation.render`` gives any of them alone."""

FARTHEST_TREMOR_KM = 300.0  # from the nearest station: no tremor is seen farther away


@dataclass(frozen=True, slots=True)
class Simulation:
    """A network of which everything is known.

    ``network`` holds the true site terms and delays. ``snr`` (burst, station) is the expected SNR of every
    burst (DEFINITIONS.md). ``events`` and ``streams`` are what moves the ground, by part.
    """

    scenario: Scenario
    network: Network
    grid: SampleGrid
    sites: tuple[Site, ...]
    noise: BackgroundNoise
    instrument: Instrument
    truth: Truth
    snr: np.ndarray
    events: dict[str, tuple[Transients, ...]]
    streams: dict[str, tuple[Stream, ...]]
    _kept: dict[tuple[str, int, int, int], Transient] = field(default_factory=dict)
    _spans: dict[tuple[str, int], FloatArray] = field(default_factory=dict)

    def render(self, station: int, tile: int, parts: Collection[str] | None = None) -> Motion:
        """Ground motion (3, time) of one tile of a station: east, north, up in m/s.

        ``parts`` leaves out all but some of ``PARTS``; any subset sums with the rest to the whole, up to
        rounding. Tiles of a station in order of time are cheapest: waves that go on are kept.
        """
        motion: Motion = np.zeros((3, self.grid.tile_samples), dtype=np.float32)
        chosen = PARTS if parts is None else [part for part in PARTS if part in parts]
        for part in chosen:
            for stream in self.streams.get(part, ()):
                stream.add_to(motion, station, tile)
            for number, events in enumerate(self.events.get(part, ())):
                self._add_events(motion, events, (f"{part}{number}", station, tile))
        for old in [name for name in self._kept if name[1] != station or name[2] != tile + 1]:
            del self._kept[old]
        return motion

    def record(self, station: int, tile: int) -> Recorded:
        """Record one tile: counts and presence (3, time), in the frame of the station's sensor."""
        late = self.instrument.clock_offsets_s(station, self.grid.times_s(tile))
        if not late.any():
            return self.instrument.record(self.render(station, tile), station, tile)
        # what a late clock stamps with a time was there earlier
        around = [self.render(station, near) for near in (tile - 1, tile, tile + 1)]
        count = self.grid.tile_samples
        places = np.arange(count, 2 * count) - np.round(late * self.grid.rate_hz).astype(int)
        return self.instrument.record(np.concatenate(around, axis=1)[:, places], station, tile)

    def snr_table(self) -> pd.DataFrame:
        """SNR and S time of every burst at every station at which it is rendered."""
        rows = []
        tremor = self.truth.tremor
        starts = tremor["start_time"].to_numpy()
        sources = next((one for one in self.events["tremor"] if isinstance(one, PointSources)), None)
        for burst, name in enumerate(tremor["burst_id"]):
            if sources is None or burst >= len(sources.waves):
                break
            for station, code in enumerate(self.network.codes):
                if np.isfinite(sources.response_s[burst, station]):
                    delay_s = self.network.stations[station].s_delay_s
                    travel = timedelta(sources.rays[burst, station, 1] + delay_s)
                    snr = float(self.snr[burst, station])
                    rows.append(
                        {"burst_id": name, "station": code, "snr": snr, "s_time": starts[burst] + travel}
                    )
        return truth_table("snr", rows)

    def _add_events(self, motion: Motion, events: Transients, where: tuple[str, int, int]) -> None:
        """Add the events that move the station in this tile."""
        key, station, tile = where
        first, n_samples = tile * self.grid.tile_samples, self.grid.tile_samples
        if (key, station) not in self._spans:
            self._spans[key, station] = events.spans_s(station) * self.grid.rate_hz
        spans = self._spans[key, station]
        with np.errstate(invalid="ignore"):
            near = (spans[:, 1] > first) & (spans[:, 0] < first + n_samples)
        for event in np.flatnonzero(near):
            name = (key, station, tile, int(event))
            transient = self._kept.pop(name, None) or events.motion(int(event), station)
            begin, end = transient.first_sample, transient.first_sample + transient.motion.shape[1]
            low, high = max(begin, first), min(end, first + n_samples)
            if low < high:
                motion[:, low - first : high - first] += transient.motion[:, low - begin : high - begin]
            if end > first + n_samples:
                self._kept[(key, station, tile + 1, int(event))] = transient


def prepare_simulation(scenario: Scenario, given: Network | None = None) -> Simulation:
    """Draw the truth of a scenario, and get ready to render it.

    Parameters
    ----------
    scenario
        What is there.
    given
        Stations to use instead of the scenario's named geometry (a user's own table, already read).

    Raises
    ------
    SettingsError
        A source outside the velocity model, an unknown station, overlapping outages: with the key named.
    """
    bare = simulated_network(scenario.network, given)
    sites = draw_sites(bare, scenario.site, scenario.seed)
    network = Network(
        tuple(
            replace(station, site_amplification=site.amplification, s_delay_s=round(site.s_delay_s, 4))
            for station, site in zip(bare.stations, sites, strict=True)
        )
    )
    grid = SampleGrid(utc(scenario.start), scenario.duration_s, scenario.sampling_rate_hz)
    noise = background_noise(scenario.noise, network, grid, scenario.seed)
    scene = Scene(network, grid, scenario.seed, noise.band_rms())
    outages = draw_outages(scenario.outages, scenario.instrument, network, grid, scenario.seed)
    instrument = make_instrument(scenario.instrument, network, grid, scenario.seed, outages)
    sources = _draw_sources(scenario, scene, sites)
    nuisances = draw_nuisances(scenario.nuisances, scene)
    glitches = truth_table("nuisances", instrument.nuisance_rows())
    truth = replace(
        sources.truth, nuisances=join_truth("nuisances", [nuisances.table, glitches]), outages=outages
    )
    return Simulation(
        scenario,
        network,
        grid,
        sites,
        noise,
        instrument,
        truth,
        sources.snr,
        {"tremor": sources.tremor, "earthquakes": sources.earthquakes, "nuisances": nuisances.transients},
        _streams(scenario, noise, nuisances),
    )


@dataclass(frozen=True, slots=True)
class _Sources:
    """Drawn sources and their truth."""

    truth: Truth
    snr: np.ndarray
    tremor: tuple[Transients, ...]
    earthquakes: tuple[Transients, ...]


def _draw_sources(scenario: Scenario, scene: Scene, sites: tuple[Site, ...]) -> _Sources:
    """Tremor and earthquakes, with the expected SNR of the bursts."""
    network, grid, seed = scene.network, scene.grid, scene.seed
    ground = Ground(scene, Paths.of(network, scenario.medium), sites, scenario.source)
    tremor, lfe = draw_tremor(scenario.tremor, network, grid, seed)
    _check_reach(tremor, network)
    bursts = tremor_sources(tremor, lfe, ground)
    snr = burst_snr(bursts, lfe, tremor, scene)
    parts: list[Transients] = [bursts]
    if scenario.semi_real.library:
        library = read_lfe_library(scenario.semi_real.library, scenario.semi_real)
        more, more_lfe = draw_semi_real(scenario.semi_real, library, network, grid, seed)
        semi_real = SemiRealTremor(scene, library, more, more_lfe, scenario.semi_real)
        parts.append(semi_real)
        snr = np.concatenate([snr, semi_real.snr()])
        tremor = join_truth("tremor", [tremor, more])
        lfe = join_truth("lfe", [lfe, more_lfe])
    heard = np.nan_to_num(snr, nan=0.0)
    tremor["n_stations_snr2"] = pd.array((heard >= 2).sum(axis=1), dtype="Int64")
    tremor["snr_best"] = heard.max(axis=1, initial=0.0)
    earthquakes = draw_earthquakes(scenario.earthquakes, network, grid, seed)
    far = (earthquakes["kind"] == "teleseism").to_numpy(dtype=bool)
    near_table, far_table = earthquakes[~far].reset_index(drop=True), earthquakes[far].reset_index(drop=True)
    shaking: tuple[Transients, ...] = (
        earthquake_sources(near_table, ground),
        Teleseisms(scene, far_table, scenario.earthquakes),
    )
    truth = Truth(tremor=tremor, lfe=lfe, earthquakes=earthquakes)
    return _Sources(truth, snr, tuple(parts), shaking)


def _check_reach(tremor: pd.DataFrame, network: Network) -> None:
    """Refuse sources that the velocity model does not hold, or that no station can see."""
    for row in tremor.to_dict("records"):
        name, depth_km = row["burst_id"], row["depth_km"]
        if not 0 <= depth_km <= TABLE_DEPTHS_KM[-1]:
            raise SettingsError(
                f"tremor.depth_km = {depth_km:g} (burst {name}) is outside the velocity model, "
                f"0 to {TABLE_DEPTHS_KM[-1]:g} km; move the source"
            )
        place = row["latitude"], row["longitude"]
        nearest_km = float(distances_km(*place, network.latitudes, network.longitudes).min())
        if nearest_km > FARTHEST_TREMOR_KM:
            raise SettingsError(
                f"tremor.latitude, longitude = {place[0]:.3f}, {place[1]:.3f} (burst {name}) is "
                f"{nearest_km:.0f} km from the nearest station; move the source to the network, within "
                f"{FARTHEST_TREMOR_KM:g} km"
            )


def _streams(
    scenario: Scenario, noise: BackgroundNoise, nuisances: Nuisances
) -> dict[str, tuple[Stream, ...]]:
    """Motion without beginning and end, by part."""
    background: tuple[Stream, ...] = (noise,) if scenario.noise.enabled else ()
    return {"noise": background, "nuisances": nuisances.streams}
