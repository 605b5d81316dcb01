"""Small scenes with known sources, for the tests of the simulator."""

from dataclasses import dataclass

import numpy as np

from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network, Station, utc
from tremorflow.simulate.path import MediumSettings, Paths
from tremorflow.simulate.point_sources import Ground, PointSources, tremor_sources
from tremorflow.simulate.scene import SampleGrid, Scene
from tremorflow.simulate.site import SiteSettings, draw_sites
from tremorflow.simulate.source import SourceSettings
from tremorflow.truth import truth_table

EPICENTRE = (38.5, 143.0)


@dataclass(frozen=True)
class Setting:
    """What differs between the scenes."""

    medium: str = "layered"
    radiation: str = "double_couple"
    site: str = "sediment"
    rate_hz: float = 25.0
    seed: int = 7
    energy_j: float = 1e5
    duration_s: float = 60.0
    depth_km: float = 16.0
    n_lfe: int = 40
    quality_factor: float = 200.0


def ring_network(distances_km, elevation_m=-2000.0, seed=0):
    """Stations at these distances from the epicentre, in random directions."""
    rng = np.random.default_rng(seed)
    frame = LocalFrame(*EPICENTRE)
    stations = []
    for k, (distance, azimuth) in enumerate(
        zip(distances_km, rng.uniform(0, 2 * np.pi, len(distances_km)), strict=True)
    ):
        latitude, longitude = frame.to_degrees(distance * np.sin(azimuth), distance * np.cos(azimuth))
        stations.append(Station("N", f"S{k:02d}", float(latitude), float(longitude), elevation_m))
    return Network(tuple(stations))


def one_burst(network, setting=Setting(), place=EPICENTRE) -> tuple[PointSources, Ground]:
    """A burst of LFEs 100 s after the start, in a scene without noise."""
    rng = np.random.default_rng(setting.seed)
    grid = SampleGrid(utc("2020-01-01T00:00:00Z"), 3600.0, setting.rate_hz)
    scene = Scene(network, grid, setting.seed, np.zeros(len(network)))
    medium = MediumSettings(kind=setting.medium, quality_factor=setting.quality_factor)
    sites = draw_sites(network, SiteSettings(kind=setting.site), setting.seed)
    ground = Ground(scene, Paths.of(network, medium), sites, SourceSettings(radiation=setting.radiation))
    times = 100.0 + np.sort(rng.uniform(0, setting.duration_s, setting.n_lfe))
    energies = rng.exponential(1.0, setting.n_lfe) ** 2
    energies *= setting.energy_j / energies.sum()
    where = {"latitude": place[0], "longitude": place[1], "depth_km": setting.depth_km}
    lfe = truth_table(
        "lfe",
        [
            {"burst_id": "b", "time": grid.utc(t), "energy_j": e, **where}
            for t, e in zip(times, energies, strict=True)
        ],
    )
    tremor = truth_table("tremor", [{"burst_id": "b", "energy_j": setting.energy_j, **where}])
    return tremor_sources(tremor, lfe, ground), ground


def band_integral(motion, rate_hz, low_hz=2.0, high_hz=8.0):
    """Integral over time of squared motion in a band, components summed (m^2/s)."""
    spectrum = np.fft.rfft(np.asarray(motion, dtype=np.float64))
    frequencies = np.fft.rfftfreq(motion.shape[-1], 1 / rate_hz)
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    return 2 * np.sum(np.abs(spectrum[:, inside]) ** 2) / motion.shape[-1] / rate_hz
