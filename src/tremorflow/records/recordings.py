"""What is recorded and what is made of it: segments, channels, waveforms, envelopes, spectrograms."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.records.stations import FloatArray, Network
from tremorflow.records.times import seconds, timedelta

SampleArray = NDArray[np.float32] | NDArray[np.float64]

ROLES = {"H1": "E1XR", "H2": "N2YT", "V": "ZU3"}
"""First and second horizontal and vertical, by any name that a component may have."""


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


@dataclass(frozen=True, slots=True)
class Spectrograms:
    """Short-time power spectra of a network on one common sampling, NaN where samples are missing.

    ``log_power`` is (station, component, frequency, time): log10 of the power density in ``unit`` squared per
    Hz, of the components H1, H2, V (``ROLES``). Frame ``k`` is that of the ``frame_s`` seconds from
    ``start_time + k hop_s`` on.
    """

    network: Network
    log_power: NDArray[np.float32]
    frequencies_hz: FloatArray
    start_time: np.datetime64
    frame_s: float
    hop_s: float
    unit: str

    def __post_init__(self) -> None:
        expected = (len(self.network), len(ROLES), len(self.frequencies_hz))
        if self.log_power.ndim != 4 or self.log_power.shape[:3] != expected:
            raise DataError(
                f"log_power of shape {self.log_power.shape} does not fit {expected} (station, component, "
                "frequency)"
            )

    @property
    def frame_times(self) -> NDArray[np.datetime64]:
        """(time,) start of every frame."""
        steps = np.arange(self.log_power.shape[-1]) * timedelta(self.hop_s)
        return np.asarray(self.start_time.astype("datetime64[ns]") + steps)


def check_rate(sampling_rate_hz: float) -> None:
    """Raise ``DataError`` unless the sampling rate is a positive finite number."""
    if not (np.isfinite(sampling_rate_hz) and sampling_rate_hz > 0):
        raise DataError(f"sampling rate {sampling_rate_hz} Hz is impossible; it must be positive")
