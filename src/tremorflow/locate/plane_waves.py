"""Waves that cross the network rather than spread in it: T phases, and body waves from far away."""

from typing import NamedTuple

import numpy as np

from tremorflow.geodesy import LocalFrame
from tremorflow.locate.correlation import interpolate_gains
from tremorflow.locate.hypocentre import Fit
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.windows import Scene

SLOWEST_KM_S = 1.2  # T phases run at the speed of sound in water, 1.5 km/s
STEPS = 20  # of slowness to either side: 0.04 s/km, a second of lag over a pair 25 km apart


class PlaneWave(NamedTuple):
    """The plane wave that explains a window best: its apparent velocity, and log likelihood."""

    velocity_km_s: float
    likelihood: float


def fit_plane_wave(scene: Scene) -> PlaneWave:
    """Fit one plane wave to the correlations of a window's pairs.

    Notes
    -----
    The lag of a pair is the slowness times the vector between its stations; slownesses are those of a grid
    up to 1 / 1.2 km/s. Envelopes are 5 s wide: finer steps would change no correlation.
    """
    network = scene.grid.network
    frame = LocalFrame(float(network.latitudes.mean()), float(network.longitudes.mean()))
    east, north = frame.to_km(network.latitudes, scene.grid.unwrap(network.longitudes))
    axis = np.linspace(-1, 1, 2 * STEPS + 1) / SLOWEST_KM_S
    along, across = (part.ravel() for part in np.meshgrid(axis, axis))
    times = np.outer(east, along) + np.outer(north, across)
    gains = interpolate_gains(scene.correlations, scene.active, times)
    best = int(np.argmax(gains))
    slowness = float(np.hypot(along[best], across[best]))
    return PlaneWave(1 / slowness if slowness > 0 else np.inf, float(gains[best]))


def crosses_network(fit: Fit, scene: Scene, settings: LocationSettings) -> bool:
    """Whether a plane wave that is no local S wave explains a window better than a source in the network."""
    wave = fit_plane_wave(scene)
    is_local = settings.slowest_km_s <= wave.velocity_km_s <= settings.fastest_km_s
    return not is_local and wave.likelihood > settings.plane_wave_ratio * fit.likelihood
