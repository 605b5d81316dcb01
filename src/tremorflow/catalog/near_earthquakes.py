"""Events of a catalogue that lie near arrivals predicted from a catalogue of earthquakes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.catalog.closeness import nanoseconds, pairs_within
from tremorflow.catalog.quality import with_word
from tremorflow.geodesy import distances_km
from tremorflow.options import option, settings_class
from tremorflow.records import NANOSECONDS

NEAR_EARTHQUAKE = "near_earthquake"
SLOWEST_KM_S = 0.5  # no S wave takes longer; only bounds which pairs are looked at

FloatArray = NDArray[np.float64]
TravelTime = Callable[[FloatArray, FloatArray, str], FloatArray]
"""Travel time (s) to the surface from epicentral distances (km) and depths (km), of "P" or "S"."""


@settings_class
class ArrivalSettings:
    """What counts as near an arrival."""

    gate_s: float = option(60.0, unit="s", reason="before P or after S at the event's epicentre", gt=0)
    distance_km: float = option(
        100.0, unit="km", reason="between the epicentres: twice the matching gate of DEFINITIONS", gt=0
    )
    shift_h: float = option(6.0, unit="h", reason="of the copies that tell chance, as in compare", gt=0)


@dataclass(frozen=True, slots=True)
class NearEarthquakes:
    """Number of events near predicted arrivals, out of how many, and how many would be by chance.

    ``by_chance`` is the mean number with the earthquakes shifted by ``shift_h`` to either side. ``event_ids``
    names the events. An event near an arrival need not be the earthquake: tremor goes on when the earth
    shakes.
    """

    count: int
    of: int
    by_chance: float
    event_ids: tuple[str, ...]
    earthquakes: int
    gate_s: float
    distance_km: float
    shift_h: float


def find_near_earthquakes(
    events: pd.DataFrame,
    earthquakes: pd.DataFrame,
    travel_time_s: TravelTime,
    settings: ArrivalSettings | None = None,
) -> NearEarthquakes:
    """Events that are near an arrival of an earthquake.

    Parameters
    ----------
    events
        Event table; those without time or place are near nothing.
    earthquakes
        As ``read_earthquakes`` gives: ``time``, ``latitude``, ``longitude``, ``depth_km``.
    travel_time_s
        Of P and S; NaN where a wave does not arrive.
    settings
        The gates.

    Notes
    -----
    An event is near an earthquake whose epicentre is within ``distance_km`` of its own, if its time is from
    ``gate_s`` before P to ``gate_s`` after S at the event's epicentre.
    """
    settings = settings or ArrivalSettings()
    near = _near(events, earthquakes, 0.0, travel_time_s, settings)
    shifted = [_near(events, earthquakes, h, travel_time_s, settings) for h in (-1, 1)]
    names = tuple(str(name) for name in events["event_id"].to_numpy()[near])
    return NearEarthquakes(
        count=int(near.sum()),
        of=len(events),
        by_chance=float(np.mean([one.sum() for one in shifted])),
        event_ids=names,
        earthquakes=len(earthquakes),
        gate_s=settings.gate_s,
        distance_km=settings.distance_km,
        shift_h=settings.shift_h,
    )


def flag_near_earthquakes(events: pd.DataFrame, found: NearEarthquakes) -> pd.DataFrame:
    """Event table with the word ``near_earthquake`` in the flags of these events; nothing is removed."""
    chosen = events["event_id"].isin(found.event_ids)
    flags = [
        with_word(text, NEAR_EARTHQUAKE, flag) for text, flag in zip(events["flags"], chosen, strict=True)
    ]
    return events.assign(flags=pd.array(flags, dtype="string"))


def _near(
    events: pd.DataFrame,
    earthquakes: pd.DataFrame,
    turns: float,
    travel_time_s: TravelTime,
    settings: ArrivalSettings,
) -> NDArray[np.bool_]:
    """Whether events (event,) are near an earthquake; earthquakes are shifted by so many ``shift_h``."""
    placed = events[["time", "latitude", "longitude"]].notna().all(axis=1).to_numpy()
    rows = np.flatnonzero(placed)
    times = nanoseconds(events["time"])[rows]
    origins = nanoseconds(earthquakes["time"]) + round(turns * settings.shift_h * 3600 * NANOSECONDS)
    latest_s = settings.gate_s + (settings.distance_km + earthquakes["depth_km"].max()) / SLOWEST_KM_S
    i, j = pairs_within(times, origins, latest_s if len(earthquakes) else 0.0)
    here = events[["latitude", "longitude"]].to_numpy(dtype=np.float64)[rows][i]
    there = earthquakes[["latitude", "longitude", "depth_km"]].to_numpy(dtype=np.float64)[j]
    apart = distances_km(here[:, 0], here[:, 1], there[:, 0], there[:, 1])
    close = apart <= settings.distance_km
    i, j, apart, depth = i[close], j[close], apart[close], np.maximum(there[close, 2], 0.0)
    late = (times[i] - origins[j]) / NANOSECONDS
    first, last = (travel_time_s(apart, depth, phase) for phase in ("P", "S"))
    inside = (late >= first - settings.gate_s) & (late <= last + settings.gate_s)
    near = np.zeros(len(events), dtype=bool)
    near[rows[i[inside]]] = True
    return near
