"""Energy of a located burst: motion of the stations, brought back to the source and averaged."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tremorflow.energy.motion import burst_motion
from tremorflow.energy.propagation import energy_per_motion, hypocentral_distances_km, site_terms
from tremorflow.energy.settings import EnergySettings
from tremorflow.energy.station_mean import StationMean, mean_over_stations
from tremorflow.geodesy import LocalFrame
from tremorflow.records import Envelopes, FloatArray, seconds, timedelta


@dataclass(frozen=True, slots=True)
class RadiatingSource:
    """A located burst: where, from when to when at the source, and when S arrives.

    ``s_times_s`` (station,) are S travel times with the delays of the stations, NaN where unknown. Errors are
    standard deviations, ``epicentre_error_km`` along each axis; NaN takes those of the settings.
    """

    latitude: float
    longitude: float
    depth_km: float
    start_time: np.datetime64
    end_time: np.datetime64
    s_times_s: FloatArray
    epicentre_error_km: float = np.nan
    depth_error_km: float = np.nan

    @property
    def duration_s(self) -> float:
        """Length of the burst at the source."""
        return seconds(self.end_time - self.start_time)


@dataclass(frozen=True, slots=True)
class Energy:
    """Radiated S energy of a burst in the band of its envelopes; NaN with a flag where there is none.

    ``log10_error`` is one standard deviation of log10 ``energy_j``; ``rate_w`` is the energy over
    ``duration_s``, the whole length of the burst. ``is_relative`` says that energies may be compared with
    each other, not with joules. ``flags`` are ``not_velocity``, ``no_station``, ``no_recording``,
    ``cut_by_ends``, ``too_few_stations``, ``stations_disagree``, ``site_unknown``, ``no_vertical``.
    """

    energy_j: float
    log10_error: float
    duration_s: float
    rate_w: float
    me: float
    n_stations: int
    is_relative: bool
    flags: tuple[str, ...]


def estimate_energy(
    envelopes: Envelopes, source: RadiatingSource, stations: ArrayLike, settings: EnergySettings
) -> Energy:
    """Energy that a burst radiated as S waves in the band of the envelopes, with its error.

    Parameters
    ----------
    envelopes : (station, component, time), m/s
        Of the burst and, as far as recorded, 30 min before and after it, for the background.
    source
        Where and when it was.
    stations : (n,)
        Rows of the network that may be used: those that recorded nothing else at the time.
    settings
        Medium, limits, errors.

    Returns
    -------
    Energy
        ``is_relative`` if the site term of any station used is unknown, or relative itself.

    Notes
    -----
    E = 4 pi rho beta r^2 * integral of v^2 dt / (S_k^2 transmission), v of three components, noise
    taken off, from the first S to ``tail_s`` after the last: scattered S are part of what was radiated.
    Stations are averaged in energy (``mean_over_stations``). The error holds the scatter of the stations,
    noise, Q, depth, epicentre, and what all share (``model_error``), but not the scale of relative energies.
    """
    if envelopes.unit != "m/s":
        return _undefined(source, ("not_velocity",))
    chosen = _stations_within_reach(envelopes, source, stations, settings)
    if not len(chosen):
        return _undefined(source, ("no_station",))
    motion = burst_motion(envelopes, chosen, _spans(source, chosen, settings), settings)
    flags: tuple[str, ...] = ("cut_by_ends",) if motion.is_cut.any() else ()
    motion = motion.subset(np.isfinite(motion.integrals) & (motion.background > 0))
    if not len(motion.stations):
        return _undefined(source, (*flags, "no_recording"))
    factors = _factors(envelopes, source, motion.stations, settings)
    scatter = _expected_scatter(envelopes, motion.stations, settings)
    mean = mean_over_stations(motion, factors, scatter, settings)
    if not isinstance(mean, StationMean):
        return _undefined(source, (*flags, mean))
    used = motion.subset(mean.used)
    is_relative = not site_terms(envelopes.network, 1.0)[1][used.stations].all()
    flags += ("site_unknown",) * is_relative + ("no_vertical",) * (not used.has_vertical.all())
    share_error = settings.vertical_share_error / (1 - settings.vertical_share) / np.log(10)
    errors = [
        mean.log10_error,
        settings.model_error,
        share_error * float(np.mean(~used.has_vertical)),
        *_common_errors(envelopes, source, used.stations, mean, settings),
    ]
    energy, duration_s = mean.energy_j, source.duration_s
    return Energy(
        energy,
        float(np.sqrt(np.sum(np.square(errors)))),
        duration_s,
        energy / duration_s if duration_s > 0 else np.nan,
        energy_magnitude(energy),
        len(used.stations),
        is_relative,
        flags,
    )


def energy_magnitude(energy_j: float) -> float:
    """Energy magnitude Me = (log10 E - 4.4) / 1.5 of an energy in J."""
    return float((np.log10(energy_j) - 4.4) / 1.5)


def _undefined(source: RadiatingSource, flags: tuple[str, ...]) -> Energy:
    """Say that the energy of a burst cannot be told."""
    return Energy(np.nan, np.nan, source.duration_s, np.nan, np.nan, 0, True, flags)


def _stations_within_reach(
    envelopes: Envelopes, source: RadiatingSource, stations: ArrayLike, settings: EnergySettings
) -> NDArray[np.intp]:
    """Rows of those stations that are near enough and have an S time, in order of the network.

    If fewer than ``wanted_stations`` are, the nearest that are not farther than ``farthest_km`` fill up.
    """
    chosen = np.unique(np.asarray(stations, dtype=np.intp))
    chosen = chosen[np.isfinite(source.s_times_s[chosen])]
    place = source.latitude, source.longitude, source.depth_km
    away = hypocentral_distances_km(envelopes.network, *place)[chosen]
    nearest = np.argsort(np.argsort(away, kind="stable"), kind="stable") < settings.wanted_stations
    near = (away <= settings.max_distance_km) | (nearest & (away <= settings.farthest_km))
    return np.asarray(chosen[near])


def _spans(
    source: RadiatingSource, stations: NDArray[np.intp], settings: EnergySettings
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """First and last time (station,) at which each station may record the burst."""
    times = source.s_times_s[stations]
    begins = [source.start_time + timedelta(float(time) - settings.lead_s) for time in times]
    ends = [source.end_time + timedelta(float(time) + settings.tail_s) for time in times]
    return np.array(begins, dtype="datetime64[ns]"), np.array(ends, dtype="datetime64[ns]")


def _factors(
    envelopes: Envelopes,
    source: RadiatingSource,
    stations: NDArray[np.intp],
    settings: EnergySettings,
    quality_factor: float | None = None,
) -> FloatArray:
    """Energy (J) for each m^2/s at the stations (station,), if the source is there and Q is that."""
    network = envelopes.network.subset(stations)
    distances = hypocentral_distances_km(network, source.latitude, source.longitude, source.depth_km)
    amplifications, _ = site_terms(network, settings.unknown_amplification)
    return energy_per_motion(distances, amplifications, envelopes.band_hz, settings, quality_factor)


def _expected_scatter(
    envelopes: Envelopes, stations: NDArray[np.intp], settings: EnergySettings
) -> FloatArray:
    """Find the standard deviation of log10 of what each station (station,) says, with that of its site."""
    unknown = ~envelopes.network.has_site_terms[stations]
    return np.asarray(np.hypot(settings.station_scatter, unknown * settings.unknown_site_scatter))


def _common_errors(
    envelopes: Envelopes,
    source: RadiatingSource,
    stations: NDArray[np.intp],
    mean: StationMean,
    settings: EnergySettings,
) -> list[float]:
    """Find the standard deviations of log10 E by Q, depth and epicentre, which shift all stations together.

    Each is moved by one standard deviation to both sides and the weighted mean is taken anew.
    """
    factors_here = _factors(envelopes, source, stations, settings)

    def shift(other: RadiatingSource, quality_factor: float) -> float:
        factors = _factors(envelopes, other, stations, settings, quality_factor) / factors_here
        return float(np.log10(np.average(mean.energies_j * factors, weights=mean.weights) / mean.energy_j))

    quality, relative = settings.quality_factor, settings.quality_error
    depth_km = _given_or(source.depth_error_km, settings.depth_error_km)
    aside_km = _given_or(source.epicentre_error_km, settings.epicentre_error_km)
    deeper = [replace(source, depth_km=source.depth_km + step) for step in (-depth_km, depth_km)]
    frame = LocalFrame(source.latitude, source.longitude)
    steps = [(aside_km, 0.0), (-aside_km, 0.0), (0.0, aside_km), (0.0, -aside_km)]
    aside = [_moved(source, *frame.to_degrees(*step)) for step in steps]
    return [
        float(np.sqrt(np.mean([shift(source, quality * (1 + sign * relative)) ** 2 for sign in (-1, 1)]))),
        float(np.sqrt(np.mean([shift(one, quality) ** 2 for one in deeper]))),
        float(np.sqrt(2 * np.mean([shift(one, quality) ** 2 for one in aside]))),  # two axes
    ]


def _given_or(value: float, default: float) -> float:
    """Value, or the default if it is NaN."""
    return value if np.isfinite(value) else default


def _moved(source: RadiatingSource, latitude: ArrayLike, longitude: ArrayLike) -> RadiatingSource:
    """Source at another epicentre."""
    return replace(source, latitude=float(np.asarray(latitude)), longitude=float(np.asarray(longitude)))
