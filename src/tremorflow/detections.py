"""What the windows gave, and what is measured of each source once it is located: energy, amplitudes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.quality import with_word
from tremorflow.energy import EnergySettings, RadiatingSource, estimate_energy
from tremorflow.geodesy import distances_km
from tremorflow.locate import Hypocentre, LocationSettings, SearchGrid, fit_amplitudes
from tremorflow.records import CLASSES, NO_ENERGY, Envelopes, Probabilities, event_table, seconds, timedelta

ENERGY_CELLS = ("energy_j", "energy_log10_error", "energy_is_relative", "me", "flags")
EARTHQUAKE_HEARD = 0.5  # probability at which a station's motion is not tremor alone
MOST_EARTHQUAKE_SHARE = -0.1  # of a source that is tremor: from two simulated days (seeds of development)
NEAREST_KM = 10.0  # depth at least, so that no station alone decides
HELD, HELD_BY = 0.5, 0.7  # of a source, of what the best window holds; and of the stations that the best has


@dataclass(frozen=True, slots=True)
class Detections:
    """What the windows gave: one event and hypocentre per source, and how the windows ended.

    ``events`` (event table) and ``hypocentres`` are row by row the same, before duplicates are merged.
    """

    events: pd.DataFrame
    hypocentres: tuple[Hypocentre, ...]
    windows: Counter[str]


def earthquake_share(hypocentre: Hypocentre, probabilities: Probabilities) -> float:
    """Mean p_earthquake less mean p_tremor of the stations that located a source, the nearer the more.

    Notes
    -----
    The coda of an earthquake may sound like tremor far away; where the envelopes point to, it does not. Hence
    stations count as amplitudes do, by one over their distance. Of the windows that hold the source that one
    is asked in which they say most of tremor: another holds, at times, an earthquake of a minute before or
    after, too. Windows that hold only the end of the source are not asked.
    """
    stations, source, place = hypocentre.fit.stations, hypocentre.source, hypocentre.fit.place
    network, times_s = probabilities.network, place.s_times_s[stations]
    at = network.latitudes[stations], network.longitudes[stations]
    away = np.hypot(distances_km(place.latitude, place.longitude, *at), max(place.depth_km, NEAREST_KM))
    latest = source.end_time + timedelta(times_s.max(initial=0.0))
    near = probabilities.windows_touching(source.start_time, latest)
    says = probabilities.values[stations, :, near]
    starts = probabilities.start_times[near]
    arrive = np.array([timedelta(float(time_s)) for time_s in times_s])[:, None]
    first = np.maximum(starts, source.start_time + arrive)
    last = np.minimum(starts + timedelta(probabilities.window_s), source.end_time + arrive)
    held = np.where(np.isfinite(says[:, 0]), (last - first) / timedelta(1.0), 0.0)
    asked = (held > 0) & (held >= HELD * held.max(axis=1, initial=0.0, keepdims=True))
    count = asked.sum(axis=0)
    whole = (count > 0) & (count >= HELD_BY * count.max(initial=0))
    if not whole.any():
        return -1.0
    weights = asked[:, whole] / away[:, None]
    excess = says[:, CLASSES.index("earthquake")] - says[:, CLASSES.index("tremor")]
    mean = (weights * np.nan_to_num(excess[:, whole])).sum(axis=0) / weights.sum(axis=0)
    return float(mean.min())


def with_energies(
    found: Detections, envelopes: Envelopes, probabilities: Probabilities, settings: EnergySettings
) -> Detections:
    """Add to detections the energy that each radiated, with its error, or the word for why it is not known.

    Parameters
    ----------
    found
        Located.
    envelopes : (station, component, time)
        All components, and as far as recorded 30 min before and after each, for the background.
    probabilities
        Stations that hear an earthquake meanwhile are not used.
    settings
        Of the energy.
    """
    events, columns = found.events, list[dict[str, object]]()
    heard = _with_stations(found.hypocentres, probabilities)
    for flags, (source, stations) in zip(events["flags"], heard, strict=True):
        energy = estimate_energy(envelopes, source, stations, settings)
        known = np.isfinite(energy.energy_j)
        columns.append(
            {
                "energy_j": energy.energy_j,
                "energy_log10_error": energy.log10_error,
                "energy_is_relative": energy.is_relative,
                "me": energy.me,
                "flags": flags if known else with_word(flags, f"{NO_ENERGY}{energy.flags[0]}", present=True),
            }
        )
    table = pd.DataFrame(columns, columns=list(ENERGY_CELLS), index=events.index)
    return Detections(event_table(events.assign(**table)), found.hypocentres, found.windows)


def with_amplitude_check(
    found: Detections,
    envelopes: Envelopes,
    probabilities: Probabilities,
    grid: SearchGrid,
    settings: LocationSettings,
) -> Detections:
    """Add to detections how far from each the amplitudes alone point to (``fit_amplitudes``), in km.

    Parameters are those of ``with_energies``, and the grid and settings of the location.
    """
    offsets = np.full(len(found.hypocentres), np.nan)
    heard = _with_stations(found.hypocentres, probabilities)
    for k, (hypocentre, (_, stations)) in enumerate(zip(found.hypocentres, heard, strict=True)):
        length_s = seconds(hypocentre.window_end - hypocentre.window_start)
        window = envelopes.window(hypocentre.window_start, length_s)
        fit = fit_amplitudes(window, hypocentre, stations, grid, settings)
        if fit is not None:
            place = hypocentre.fit.place
            offsets[k] = distances_km(place.latitude, place.longitude, fit.latitude, fit.longitude)
    return Detections(
        event_table(found.events.assign(amplitude_km=offsets)), found.hypocentres, found.windows
    )


def _with_stations(
    hypocentres: tuple[Hypocentre, ...], probabilities: Probabilities
) -> Iterator[tuple[RadiatingSource, NDArray[np.intp]]]:
    """Give each source with its undisturbed stations: not those nearer to another of the same window."""
    sources = [_radiating(hypocentre) for hypocentre in hypocentres]
    by_window: dict[np.datetime64, list[RadiatingSource]] = {}
    for source, hypocentre in zip(sources, hypocentres, strict=True):
        by_window.setdefault(hypocentre.window_start, []).append(source)
    for source, hypocentre in zip(sources, hypocentres, strict=True):
        others = [one for one in by_window[hypocentre.window_start] if one is not source]
        yield source, _undisturbed(source, others, probabilities)


def _radiating(hypocentre: Hypocentre) -> RadiatingSource:
    """Source of a hypocentre, as the energy takes it."""
    place, sigma_km = hypocentre.fit.place, np.sqrt(np.diag(hypocentre.fit.covariance_km2))
    return RadiatingSource(
        place.latitude,
        place.longitude,
        place.depth_km,
        hypocentre.source.start_time,
        hypocentre.source.end_time,
        place.s_times_s,
        float(np.hypot(*sigma_km[:2]) / np.sqrt(2)),
        float(sigma_km[2]),
    )


def _undisturbed(
    source: RadiatingSource, others: list[RadiatingSource], probabilities: Probabilities
) -> NDArray[np.intp]:
    """Stations (n,) that are nearer to a source than to any other, and hear no earthquake meanwhile."""
    network = probabilities.network
    at = network.latitudes, network.longitudes
    away = [distances_km(one.latitude, one.longitude, *at) for one in (source, *others)]
    stations = np.flatnonzero(np.argmin(away, axis=0) == 0)
    meanwhile = probabilities.windows_touching(source.start_time, source.end_time)
    says = probabilities.values[stations, CLASSES.index("earthquake"), meanwhile]
    return np.asarray(stations[~(np.nan_to_num(says) >= EARTHQUAKE_HEARD).any(axis=1)])
