"""The nouns: stations, networks, waveforms, envelopes and the columns of the event table.

Arrays are ordered (station, component, time), absent axes dropped. Missing samples are NaN. Depth is
positive down from sea level, time is UTC ``datetime64[ns]``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.errors import CatalogError, DataError

FloatArray = NDArray[np.float64]
SampleArray = NDArray[np.float32] | NDArray[np.float64]

NANOSECONDS = 1_000_000_000


def utc(text: str) -> np.datetime64:
    """Time from an ISO 8601 text, UTC unless it names another zone, as ``datetime64[ns]``."""
    try:
        stamp = pd.Timestamp(text)
    except ValueError as error:
        raise DataError(f"{text!r} is not a time; write it like 2020-05-24T02:00:00Z") from error
    if pd.isna(stamp):
        raise DataError(f"{text!r} is not a time; write it like 2020-05-24T02:00:00Z")
    if stamp.tzinfo is not None:
        stamp = stamp.tz_convert("UTC").tz_localize(None)
    return stamp.as_unit("ns").to_datetime64()


def seconds(duration: np.timedelta64) -> float:
    """Length of a ``timedelta64`` in seconds."""
    return float(duration / np.timedelta64(1, "ns")) / NANOSECONDS


def timedelta(duration_s: float) -> np.timedelta64:
    """``timedelta64[ns]`` of a number of seconds, rounded to the nanosecond."""
    return np.timedelta64(round(duration_s * NANOSECONDS), "ns")


@dataclass(frozen=True, slots=True)
class Station:
    """A place where the ground is recorded.

    ``elevation_m`` is above sea level, so minus the water depth at the sea floor.
    ``site_amplification`` is the recorded S amplitude over that in an infinite medium (bare rock 2, NaN if
    unknown). ``s_delay_s`` is how much later than the velocity model says an S wave arrives.
    """

    network: str
    station: str
    latitude: float
    longitude: float
    elevation_m: float
    site_amplification: float = float("nan")
    s_delay_s: float = 0.0

    def __post_init__(self) -> None:
        place = (self.latitude, self.longitude, self.elevation_m, self.s_delay_s)
        if not np.all(np.isfinite(place)) or abs(self.latitude) > 90 or abs(self.longitude) > 360:
            raise DataError(
                f"station {self.code}: latitude, longitude, elevation_m, s_delay_s = {place} is not a place; "
                "correct the station table"
            )
        object.__setattr__(self, "longitude", (self.longitude + 180) % 360 - 180)  # also of tables in 0..360

    @property
    def code(self) -> str:
        """Network and station code joined by a dot, as in ``UW.GNW``."""
        return f"{self.network}.{self.station}"


@dataclass(frozen=True, slots=True)
class Network:
    """Stations in a fixed order; every array with a station axis follows it."""

    stations: tuple[Station, ...]

    def __post_init__(self) -> None:
        codes = self.codes
        if len(set(codes)) != len(codes):
            twice = sorted({code for code in codes if codes.count(code) > 1})
            raise DataError(f"stations {twice} are listed more than once; keep one row of each")

    def __len__(self) -> int:
        return len(self.stations)

    @property
    def codes(self) -> tuple[str, ...]:
        """Station codes ``NETWORK.STATION``."""
        return tuple(station.code for station in self.stations)

    @property
    def latitudes(self) -> FloatArray:
        """(station,) degrees."""
        return np.array([station.latitude for station in self.stations], dtype=np.float64)

    @property
    def longitudes(self) -> FloatArray:
        """(station,) degrees."""
        return np.array([station.longitude for station in self.stations], dtype=np.float64)

    @property
    def elevations_m(self) -> FloatArray:
        """(station,) metres above sea level."""
        return np.array([station.elevation_m for station in self.stations], dtype=np.float64)

    @property
    def s_delays_s(self) -> FloatArray:
        """(station,) seconds added to the S time of the velocity model."""
        return np.array([station.s_delay_s for station in self.stations], dtype=np.float64)

    def subset(self, indices: Iterable[int]) -> "Network":
        """Network of the stations at these places, in this order."""
        return Network(tuple(self.stations[int(i)] for i in indices))

    def find(self, code: str) -> Station:
        """Station with this code; ``DataError`` if there is none."""
        for station in self.stations:
            if station.code == code:
                return station
        raise DataError(f"station {code} is not in the station table; add a row for it")


@dataclass(frozen=True, slots=True)
class Segment:
    """An unbroken run of samples of one channel, as a file holds it (in counts, or as ``unit`` says)."""

    network: str
    station: str
    location: str
    channel: str
    start_time: np.datetime64
    sampling_rate_hz: float
    samples: NDArray[np.generic]  # (time,)
    unit: str = "count"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sampling_rate_hz) and self.sampling_rate_hz > 0):
            raise DataError(
                f"{self.code}: sampling rate {self.sampling_rate_hz} Hz is impossible; skip the file"
            )

    @property
    def code(self) -> str:
        """``NETWORK.STATION.LOCATION.CHANNEL``."""
        return f"{self.network}.{self.station}.{self.location}.{self.channel}"

    @property
    def end_time(self) -> np.datetime64:
        """Time one sample interval after the last sample."""
        return self.start_time + timedelta(len(self.samples) / self.sampling_rate_hz)


@dataclass(frozen=True, slots=True)
class Channel:
    """What a recorder's channel measures, and how its counts become ground motion.

    ``sensitivity`` is in counts per ``unit`` ("m/s", "m", "m/s**2"), NaN if unknown. ``azimuth_deg`` is
    clockwise from north and ``dip_deg`` down from horizontal (SEED), NaN if unknown. ``response`` is ObsPy's
    ``Response`` when the full one is known.
    """

    network: str
    station: str
    location: str
    channel: str
    component: str
    sensitivity: float = float("nan")
    unit: str = "m/s"
    azimuth_deg: float = float("nan")
    dip_deg: float = float("nan")
    response: Any = None

    @property
    def code(self) -> str:
        """``NETWORK.STATION.LOCATION.CHANNEL``."""
        return f"{self.network}.{self.station}.{self.location}.{self.channel}"


@dataclass(frozen=True, slots=True)
class Waveforms:
    """Recordings of stations on one common sampling, NaN where nothing was recorded.

    ``samples`` is (station, component, time) in ``unit`` ("m/s" or "count").
    """

    network: Network
    components: tuple[str, ...]
    samples: SampleArray
    start_time: np.datetime64
    sampling_rate_hz: float
    unit: str

    def __post_init__(self) -> None:
        expected = (len(self.network), len(self.components))
        if self.samples.ndim != 3 or self.samples.shape[:2] != expected:
            raise DataError(
                f"samples of shape {self.samples.shape} do not fit {expected} (station, component)"
            )
        check_rate(self.sampling_rate_hz)

    @property
    def end_time(self) -> np.datetime64:
        """Time one sample interval after the last sample."""
        return self.start_time + timedelta(self.samples.shape[-1] / self.sampling_rate_hz)


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Smoothed amplitude envelopes of a network on one common sampling, NaN where nothing was recorded.

    ``values`` is (station, component, time), in ``unit``; ``band_hz`` is the band that was passed before.
    """

    network: Network
    components: tuple[str, ...]
    values: FloatArray
    start_time: np.datetime64
    sampling_rate_hz: float
    band_hz: tuple[float, float]
    unit: str

    def __post_init__(self) -> None:
        expected = (len(self.network), len(self.components))
        if self.values.ndim != 3 or self.values.shape[:2] != expected:
            raise DataError(f"values of shape {self.values.shape} do not fit {expected} (station, component)")
        check_rate(self.sampling_rate_hz)

    @property
    def end_time(self) -> np.datetime64:
        """Time one sample interval after the last sample."""
        return self.start_time + timedelta(self.values.shape[-1] / self.sampling_rate_hz)

    def window(self, start_time: np.datetime64, length_s: float) -> "Envelopes":
        """Cut of ``length_s`` seconds from the sample nearest to ``start_time``; must lie inside."""
        first = round(seconds(start_time - self.start_time) * self.sampling_rate_hz)
        count = round(length_s * self.sampling_rate_hz)
        if first < 0 or first + count > self.values.shape[-1]:
            raise DataError(
                f"window of {length_s} s at {start_time} is outside the envelopes "
                f"({self.start_time} to {self.end_time})"
            )
        return Envelopes(
            self.network,
            self.components,
            self.values[..., first : first + count],
            self.start_time + timedelta(first / self.sampling_rate_hz),
            self.sampling_rate_hz,
            self.band_hz,
            self.unit,
        )

    def by_station(self) -> FloatArray:
        """(station, time) root mean square over the components that are there; NaN where none is."""
        present = np.isfinite(self.values)
        power = np.where(present, self.values, 0.0) ** 2
        count = present.sum(axis=1)
        return np.where(count > 0, np.sqrt(power.sum(axis=1) / np.maximum(count, 1)), np.nan)


def check_rate(sampling_rate_hz: float) -> None:
    """Raise ``DataError`` unless the sampling rate is a positive finite number."""
    if not (np.isfinite(sampling_rate_hz) and sampling_rate_hz > 0):
        raise DataError(f"sampling rate {sampling_rate_hz} Hz is impossible; it must be positive")


class Column(NamedTuple):
    """One column of a table: pandas dtype, unit and meaning."""

    dtype: str
    unit: str
    meaning: str


TIME = "datetime64[ns]"

EVENT_COLUMNS: dict[str, Column] = {
    "event_id": Column("string", "-", "name that never changes, from the time and a counter"),
    "time": Column(TIME, "UTC", "source time of the centroid of the envelope's energy"),
    "start_time": Column(TIME, "UTC", "source time at which the burst rises"),
    "end_time": Column(TIME, "UTC", "source time at which the burst ends"),
    "latitude": Column("float64", "deg", "epicentre, north positive"),
    "longitude": Column("float64", "deg", "epicentre, east positive"),
    "depth_km": Column("float64", "km", "below sea level"),
    "semi_major_km": Column(
        "float64", "km", "half axis of the 68 % error ellipse in two dimensions (1.51 sigma)"
    ),
    "semi_minor_km": Column("float64", "km", "other half axis"),
    "azimuth_deg": Column("float64", "deg", "direction of the major axis, clockwise from north"),
    "depth_error_km": Column("float64", "km", "one standard deviation; NaN if the depth was not solved for"),
    "duration_s": Column("float64", "s", "half-value width of the power radiated, around its maximum"),
    "n_stations": Column("Int64", "-", "stations used"),
    "n_pairs": Column("Int64", "-", "station pairs used"),
    "correlation": Column("float64", "-", "mean correlation of the pairs used, at the lags of the location"),
    "quality": Column("string", "-", "A, B or C"),
    "flags": Column(
        "string",
        "-",
        "words joined by ';': grid_edge, depth_limit, window_edge, several_maxima, azimuthal_gap, isolated",
    ),
    "method": Column("string", "-", "chain that found it"),
    "version": Column("string", "-", "of tremorflow"),
    "settings_hash": Column("string", "-", "of all settings that were in force"),
    "window_start": Column(TIME, "UTC", "first sample of the window it was found in"),
    "window_end": Column(TIME, "UTC", "end of that window"),
}

FULL_CHAIN_COLUMNS: dict[str, Column] = {
    "p_group": Column("float64", "-", "probability of the station group"),
    "group_id": Column("string", "-", "station group"),
    "episode_id": Column("string", "-", "episode"),
    "energy_j": Column("float64", "J", "radiated S energy, 2-8 Hz, whole burst"),
    "energy_log10_error": Column("float64", "-", "one standard deviation of log10 energy_j"),
    "energy_is_relative": Column("boolean", "-", "true until site terms are tied to a known source"),
    "me": Column("float64", "-", "energy magnitude, (log10 E - 4.4) / 1.5"),
}


def event_table(rows: Sequence[dict[str, object]] | pd.DataFrame = ()) -> pd.DataFrame:
    """Event table with the declared columns and dtypes from rows that may lack some of them.

    Parameters
    ----------
    rows
        Dictionaries or a table with any of ``EVENT_COLUMNS`` and ``FULL_CHAIN_COLUMNS``; what is missing
        becomes NaN (NaT, <NA>). Columns of the full chain appear only if ``rows`` has them.

    Raises
    ------
    CatalogError
        An unknown column, or values that do not fit the column's type.
    """
    table = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    known = EVENT_COLUMNS | FULL_CHAIN_COLUMNS
    unknown = [str(name) for name in table.columns if name not in known]
    if unknown:
        raise CatalogError(f"unknown event columns {unknown}; known are {list(known)}")
    wanted = list(EVENT_COLUMNS) + [name for name in FULL_CHAIN_COLUMNS if name in table.columns]
    columns = {}
    for name, column in table.reindex(columns=wanted).items():
        dtype: Any = known[str(name)].dtype
        try:
            columns[name] = column.astype(dtype)
        except (TypeError, ValueError) as error:
            raise CatalogError(f"event column {name} does not fit {dtype}: {error}") from error
    return pd.DataFrame(columns, columns=wanted).reset_index(drop=True)
