"""What catalogues of tremor and earthquakes let the stations of a network see, and the labels that follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.batch.recordings import Tally
from tremorflow.classifier.labels import (
    Labels,
    LabelSettings,
    StationEvents,
    coda_length_s,
    is_seen,
    label_windows,
)
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.records import FloatArray, Network
from tremorflow.traveltime.stations import StationTravelTimes

DEEPEST_KM, REACH_KM = 200.0, 1000.0  # of travel times; deeper sources are put there
FAR_S_KM_S = 3.0  # beyond: S and surface waves are over by then
BEFORE_S = 10800.0  # before the span: earthquakes whose coda may last into it
AT_ONCE = 2000  # events whose travel times are computed together


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Tremor (an event table) and earthquakes (of ``read_earthquakes``), and travel times to the stations."""

    tremor: pd.DataFrame
    earthquakes: pd.DataFrame
    p_times: StationTravelTimes
    s_times: StationTravelTimes


def label_network(
    catalogues: Catalogues,
    network: Network,
    times: tuple[np.datetime64, FloatArray, FloatArray],
    window_s: float,
    settings: LabelSettings,
    tally: Tally,
) -> Labels:
    """Labels of all windows at all stations; events outside the span are counted.

    Parameters
    ----------
    catalogues
        Events and travel times.
    network
        Stations, those of the travel times.
    times
        A time, and seconds after it at which windows start (window,), and how far each may be shifted.
    window_s
        Length of a window.
    settings
        Rules.
    tally
        Counts what could not be used as it is.

    Raises
    ------
    DataError
        No event of either catalogue lies in the span.
    """
    start, starts_s, margins_s = times
    end_s = float(starts_s[-1]) + window_s
    spans_s = tremor_spans_s(catalogues.tremor, start, settings, tally)
    origins_s = seconds_after(catalogues.earthquakes["time"], start)
    around_s = settings.quiet_s + REACH_KM / FAR_S_KM_S  # what lies outside may reach into the span
    inside = (spans_s[:, 1] > -around_s) & (spans_s[:, 0] < end_s + around_s)
    near = (origins_s > -BEFORE_S) & (origins_s < end_s + around_s)
    counted = {
        "tremor": (spans_s[:, 1] > 0) & (spans_s[:, 0] < end_s),
        "earthquake": (origins_s > 0) & (origins_s < end_s),
    }
    for kind, kept in counted.items():
        if not kept.all():
            tally.add("", f"{kind} outside the span of the archive", int((~kept).sum()))
    if not any(kept.any() for kept in counted.values()):
        end = start + np.timedelta64(round(end_s), "s")
        raise DataError(
            f"no tremor and no earthquake of the catalogues lies between {start} and {end}, the span of the "
            "recordings; give catalogues of that time (in UTC)"
        )
    bursts = _Sources.of(catalogues.tremor, np.flatnonzero(inside), settings.tremor_depth_km)
    quakes = _Sources.of(catalogues.earthquakes, np.flatnonzero(near), settings.tremor_depth_km)
    made = [
        label_windows(starts_s, margins_s, window_s, seen, settings)
        for seen in _stations(catalogues, network, (bursts, spans_s), (quakes, origins_s), settings)
    ]
    return Labels(np.stack([values for values, _ in made]), np.stack([rows for _, rows in made]))


def tremor_spans_s(
    tremor: pd.DataFrame, start: np.datetime64, settings: LabelSettings, tally: Tally
) -> FloatArray:
    """(burst, 2) first and last source time of tremor, in seconds after ``start``.

    From ``start_time`` and ``end_time``; else ``duration_s``, a half-value width that is widened, from the
    ``start_time`` on, about the time, or after it (``LabelSettings.tremor_time``); else as long as
    ``LabelSettings.tremor_s`` says, which is counted, as is what is too short to label a window alone.
    """
    times_s = seconds_after(tremor["time"], start)
    first, last = (
        seconds_after(tremor[name], start) if name in tremor else np.full(len(tremor), np.nan)
        for name in ("start_time", "end_time")
    )
    lengths = _numbers(tremor, "duration_s")
    unknown = ~(np.isfinite(first) & np.isfinite(last)) & ~(lengths > 0)
    if unknown.any():
        reason = f"tremor without duration: {settings.tremor_s:g} s assumed"
        tally.add("", reason, int(unknown.sum()))
    lengths = np.where(lengths > 0, lengths * settings.tremor_widening, settings.tremor_s)
    begins = times_s - (lengths / 2 if settings.tremor_time == "centre" else 0.0)
    begins = np.where(np.isfinite(first), first, begins)
    known = np.isfinite(first) & np.isfinite(last)
    spans = np.stack([begins, np.where(known, last, begins + lengths)], axis=1)
    short = int((spans[:, 1] - spans[:, 0] < settings.cover_s).sum())
    if short:
        tally.add("", f"tremor shorter than {settings.cover_s:g} s: labels no window alone", short)
    return spans


def seconds_after(times: "pd.Series[Any]", start: np.datetime64) -> FloatArray:
    """Count seconds from one time to others; NaN where there is none."""
    return np.asarray((times - pd.Timestamp(start)) / pd.Timedelta(1, "s"), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Sources:
    """Places of some rows of a catalogue."""

    rows: NDArray[np.int64]
    latitudes: FloatArray
    longitudes: FloatArray
    depths_km: FloatArray
    magnitudes: FloatArray

    @classmethod
    def of(cls, table: pd.DataFrame, rows: NDArray[np.int64], unknown_depth_km: float) -> "_Sources":
        part = table.iloc[rows]
        depths = np.nan_to_num(_numbers(part, "depth_km"), nan=unknown_depth_km)
        latitudes, longitudes = _numbers(part, "latitude"), _numbers(part, "longitude")
        depths = np.clip(depths, 0.0, DEEPEST_KM)
        return cls(rows, latitudes, longitudes, depths, _numbers(part, "magnitude"))

    def travel_s(self, times: StationTravelTimes) -> FloatArray:
        """(station, source) travel times; NaN out of reach."""
        parts = [np.empty((len(times.network), 0))]
        for k in range(0, len(self.rows), AT_ONCE):
            part = slice(k, k + AT_ONCE)
            parts.append(times.times(self.latitudes[part], self.longitudes[part], self.depths_km[part]))
        return np.concatenate(parts, axis=1)


def _stations(
    catalogues: Catalogues,
    network: Network,
    tremor: tuple[_Sources, FloatArray],
    earthquakes: tuple[_Sources, FloatArray],
    settings: LabelSettings,
) -> Iterator[StationEvents]:
    """Events of one station after the other."""
    bursts, quakes = tremor[0], earthquakes[0]
    spans_s, origins_s = tremor[1][bursts.rows], earthquakes[1][quakes.rows]
    tremor_s = bursts.travel_s(catalogues.s_times)
    p_s, s_s = quakes.travel_s(catalogues.p_times), quakes.travel_s(catalogues.s_times)
    for k, station in enumerate(network.stations):
        place = station.latitude, station.longitude
        apart = distances_km(*place, bursts.latitudes, bursts.longitudes)
        arrivals = spans_s + tremor_s[k][:, None]
        seen = (apart <= settings.tremor_distance_km) & np.isfinite(tremor_s[k])
        quiet = apart <= settings.quiet_km
        away = distances_km(*place, quakes.latitudes, quakes.longitudes)
        shaken = is_seen(quakes.magnitudes, away)
        onsets = np.stack([p_s[k], s_s[k]])[:, shaken] + origins_s[shaken]
        rows = np.tile(quakes.rows[shaken], 2)
        order = np.argsort(onsets.ravel(), kind="stable")
        order = order[: int(np.isfinite(onsets).sum())]  # NaN, out of reach, are last
        over_s = np.fmax(away / FAR_S_KM_S, np.nan_to_num(p_s[k]) + coda_length_s(quakes.magnitudes))
        shaken_s = np.stack([origins_s, origins_s + over_s], axis=1)[shaken]
        close = np.stack([origins_s, origins_s + away / FAR_S_KM_S], axis=1)[away <= settings.quiet_km]
        busy = np.concatenate([spans_s[quiet], arrivals[seen], shaken_s, close])
        yield StationEvents(
            arrivals[seen],
            bursts.rows[seen],
            arrivals[quiet & ~seen & np.isfinite(tremor_s[k])],
            onsets.ravel()[order],
            rows[order],
            shaken_s,
            busy + np.array([-settings.quiet_s, settings.quiet_s]),
        )


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    if name not in table:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64, na_value=np.nan)
