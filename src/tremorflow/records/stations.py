"""Where the ground is recorded: stations and networks of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Station:
    """A place where the ground is recorded.

    ``elevation_m`` is above sea level, so minus the water depth at the sea floor.
    ``site_amplification`` is the recorded S amplitude over that in an infinite medium (bare rock 2, NaN if
    unknown). ``s_delay_s`` is how much later than the velocity model says an S wave arrives.
    ``site_is_relative`` says that the amplification is known only beside those of the other stations.
    """

    network: str
    station: str
    latitude: float
    longitude: float
    elevation_m: float
    site_amplification: float = float("nan")
    s_delay_s: float = 0.0
    site_is_relative: bool = False

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

    @property
    def site_amplifications(self) -> FloatArray:
        """(station,) recorded S amplitude over that in an infinite medium, NaN where it is not known."""
        return np.array([station.site_amplification for station in self.stations], dtype=np.float64)

    @property
    def has_site_terms(self) -> NDArray[np.bool_]:
        """(station,) whether there is a site term, be it relative to the others."""
        given = self.site_amplifications
        return np.asarray(np.isfinite(given) & (given > 0))

    def subset(self, indices: Iterable[int]) -> "Network":
        """Network of the stations at these places, in this order."""
        return Network(tuple(self.stations[int(i)] for i in indices))

    def find(self, code: str) -> Station:
        """Station with this code; ``DataError`` if there is none."""
        for station in self.stations:
            if station.code == code:
                return station
        raise DataError(f"station {code} is not in the station table; add a row for it")
