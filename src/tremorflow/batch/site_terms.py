"""Site terms of a network from recordings of earthquakes: an archive and a catalogue -> a station table."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.batch.recordings import EnvelopeSource, open_recordings
from tremorflow.catalog.earthquakes import read_earthquakes
from tremorflow.energy import (
    EnergySettings,
    ShakenStations,
    SiteTerms,
    SiteTermSettings,
    measure_earthquake,
    solve_site_terms,
)
from tremorflow.energy.propagation import hypocentral_distances_km
from tremorflow.errors import DataError
from tremorflow.io.index import Progress
from tremorflow.io.stations import OPTIONAL_COLUMNS, RELATIVE_COLUMN, STATION_COLUMNS
from tremorflow.records import FloatArray, Network, timedelta
from tremorflow.settings import read_settings
from tremorflow.traveltime import VelocityModel, read_velocity_model, station_travel_times
from tremorflow.whole_files import whole_file

Report = Callable[[int, int], None]
COLUMNS = (*STATION_COLUMNS, *OPTIONAL_COLUMNS, RELATIVE_COLUMN, "site_log10_sigma", "n_earthquakes")
DEPTH_STEP_KM = 2.0  # of the travel times: windows of 16 s need no better
SPARE_S = 10.0  # read beyond the last S window


@dataclass(frozen=True, slots=True)
class SiteTermsFound:
    """Network with the site terms filled in, the terms with their errors, and what they were made from."""

    network: Network
    terms: SiteTerms
    n_earthquakes: int
    n_amplitudes: int
    is_relative: bool


def estimate_from_files(
    config: str | Path,
    earthquakes: str | Path,
    references: Sequence[str] = (),
    index_progress: Progress | None = None,
    progress: Report | None = None,
) -> SiteTermsFound:
    """Site terms of the stations of an archive, from the earthquakes of a catalogue that it recorded.

    Parameters
    ----------
    config
        Settings file (TOML) that names archive, stations and velocity model.
    earthquakes
        Catalogue, CSV or QuakeML.
    references
        Codes of stations whose mean holds the scale, as ``N.S4N05`` or, with the amplification that is known
        of it, ``N.S4N05=2.0``. If it is known of all of them, here or from the station table, the result is
        absolute; otherwise it is relative.
    index_progress, progress
        Called with the number of files, and of earthquakes, done and in all.

    Raises
    ------
    TremorflowError
        Settings, archive or catalogue that do not serve; the message says what to do.
    """
    settings = read_settings(config)
    settings = replace(settings, preprocess=replace(settings.preprocess, components="all"))
    source = open_recordings(settings, index_progress)
    model = read_velocity_model(settings.velocity.model)
    return estimate_site_terms(source, read_earthquakes(earthquakes), model, references, progress=progress)


def estimate_site_terms(
    source: EnvelopeSource,
    earthquakes: pd.DataFrame,
    model: VelocityModel,
    references: Sequence[str] = (),
    settings: SiteTermSettings | None = None,
    progress: Report | None = None,
) -> SiteTermsFound:
    """Site terms of the stations of a source of envelopes; ``earthquakes`` as ``read_earthquakes`` gives."""
    settings = settings or SiteTermSettings()
    held, known = _held_stations(source.network, references)
    chosen = choose_earthquakes(earthquakes, source, settings)
    if chosen.empty:
        raise DataError(
            f"none of {len(earthquakes)} earthquakes has a magnitude of {settings.min_magnitude:g}-"
            f"{settings.max_magnitude:g}, lies within {settings.max_distance_km:g} km of "
            f"{settings.min_stations} stations, and in the recorded time; give another catalogue"
        )
    shaken = measure_earthquakes(source, chosen, model, settings, progress)
    is_relative = not len(held) or not np.isfinite(known).all()
    if not is_relative:
        level = float(np.exp(np.log(known).mean()))
        settings = replace(settings, reference_amplification=level)
    terms = solve_site_terms(shaken, len(source.network), held, settings, EnergySettings())
    stations = tuple(
        replace(station, site_amplification=float(value), site_is_relative=is_relative and bool(value > 0))
        for station, value in zip(source.network.stations, terms.amplifications, strict=True)
    )
    n_used = len(np.unique(shaken.earthquakes))
    return SiteTermsFound(Network(stations), terms, n_used, len(shaken.stations), is_relative)


def choose_earthquakes(
    earthquakes: pd.DataFrame, source: EnvelopeSource, settings: SiteTermSettings
) -> pd.DataFrame:
    """Earthquakes of the right size, near enough to enough stations, recorded, and apart from larger ones."""
    times = earthquakes["time"].to_numpy()
    sizes = earthquakes["magnitude"].to_numpy()
    places = earthquakes[["latitude", "longitude", "depth_km"]].to_numpy(dtype=np.float64)
    begin, end = source.span
    fits = (sizes >= settings.min_magnitude) & (sizes <= settings.max_magnitude)
    fits &= (times >= begin) & (times < end)
    for k in np.flatnonzero(fits):
        near = np.abs((times - times[k]) / np.timedelta64(1, "s")) < settings.apart_s
        distances = hypocentral_distances_km(source.network, *places[k])
        reached = (distances >= settings.min_distance_km) & (distances <= settings.max_distance_km)
        fits[k] = not (near & (sizes > sizes[k])).any() and reached.sum() >= settings.min_stations
    return earthquakes[fits].nlargest(settings.max_earthquakes, "magnitude").sort_values("time")


def measure_earthquakes(
    source: EnvelopeSource,
    earthquakes: pd.DataFrame,
    model: VelocityModel,
    settings: SiteTermSettings,
    progress: Report | None = None,
) -> ShakenStations:
    """S amplitudes of all earthquakes at all stations that recorded them well."""
    deepest = float(earthquakes["depth_km"].max())
    depths = np.arange(0.0, deepest + 2 * DEPTH_STEP_KM, DEPTH_STEP_KM)
    travel_times = station_travel_times(model, source.network, depths, settings.max_distance_km + 20)
    parts = []
    for number, row in enumerate(earthquakes.to_dict("records")):
        place = float(row["latitude"]), float(row["longitude"]), max(float(row["depth_km"]), 0.0)
        s_times = travel_times.times(*place)
        time = np.datetime64(row["time"])
        envelopes = source.read(*_span(time, s_times, source, settings))
        if envelopes.unit != "m/s" and np.isfinite(envelopes.values).any():
            raise DataError(
                f"recordings are in {envelopes.unit!r}, not m/s: sensitivities are unknown, and site terms "
                "would be those of the recorders; give a StationXML or a channel table with sensitivities"
            )
        parts.append(measure_earthquake(envelopes, time, place, s_times, settings))
        if progress is not None:
            progress(number + 1, len(earthquakes))
    return ShakenStations.joined(parts)


def write_site_terms(found: SiteTermsFound, output: Path) -> None:
    """Write the stations as CSV that ``read_stations`` reads back; ``DataError`` if that fails."""
    terms = found.terms
    try:
        with whole_file(output) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for k, station in enumerate(found.network.stations):
                place = [getattr(station, name) for name in STATION_COLUMNS]
                known = np.isfinite(terms.amplifications[k])
                amplification = f"{terms.amplifications[k]:.4g}" if known else ""
                sigma = f"{terms.log_sigma[k] / np.log(10):.3f}" if known else ""
                relative = str(station.site_is_relative).lower()
                row = [amplification, station.s_delay_s, relative, sigma, int(terms.n_earthquakes[k])]
                writer.writerow([*place, *row])
    except OSError as error:
        raise DataError(
            f"stations cannot be written to {output} ({error.strerror}); choose another folder"
        ) from error


def summary_lines(found: SiteTermsFound, output: Path) -> list[str]:
    """Say in a few lines what was found."""
    terms = found.terms
    solved = np.isfinite(terms.amplifications)
    low, high = terms.amplifications[solved].min(), terms.amplifications[solved].max()
    sigma = float(np.median(terms.log_sigma[solved])) / np.log(10)
    quality = f"{terms.quality_factor:.0f}, a factor {np.exp(terms.quality_log_sigma):.2f} to both sides"
    kind = "relative: energies compare, but are not joules" if found.is_relative else "absolute"
    return [
        f"used     {found.n_amplitudes} S amplitudes of {found.n_earthquakes} earthquakes",
        f"found    site terms of {solved.sum()} of {len(solved)} stations, {low:.1f} to {high:.1f}; median "
        f"error {sigma:.2f} in log10",
        f"Q        {quality}",
        f"scale    {kind}",
        f"written  {output}",
    ]


def _held_stations(network: Network, references: Sequence[str]) -> tuple[NDArray[np.intp], FloatArray]:
    """Places of the reference stations and their amplifications, NaN where these are not known."""
    places, known = [], []
    for reference in references:
        code, _, given = reference.partition("=")
        station = network.find(code.strip())
        try:
            value = float(given) if given else station.site_amplification
        except ValueError:
            value = -1.0
        if value <= 0:
            raise DataError(f"reference {reference!r} must be a code, or as {station.code}=2.0, above 0")
        places.append(network.codes.index(station.code))
        known.append(np.nan if station.site_is_relative and not given else value)
    return np.array(places, dtype=np.intp), np.array(known, dtype=np.float64)


def _span(
    time: np.datetime64, s_times_s: FloatArray, source: EnvelopeSource, settings: SiteTermSettings
) -> tuple[np.datetime64, np.datetime64]:
    """Whole seconds to read for an earthquake: its background, and S to the farthest station."""
    last_s = float(np.nanmax(s_times_s, initial=0.0)) + settings.tail_s + SPARE_S
    begin = (time - timedelta(settings.background_s)).astype("datetime64[s]").astype("datetime64[ns]")
    end = (time + timedelta(last_s)).astype("datetime64[s]").astype("datetime64[ns]")
    return max(begin, source.span[0]), min(end, source.span[1])
