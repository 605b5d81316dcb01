"""What a classifier says of every station and window: probabilities of noise, tremor and earthquake."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.records.stations import Network
from tremorflow.records.tables import TIME, Column
from tremorflow.records.times import timedelta

CLASSES = ("noise", "tremor", "earthquake")
"""Order of the classes in every array."""

PROBABILITY_COLUMNS: dict[str, Column] = {
    "network": Column("string", "-", "network code"),
    "station": Column("string", "-", "station code"),
    "location": Column("string", "-", "location code of the instrument"),
    "band": Column("string", "-", "channel code of the instrument without its last letter, as in HH"),
    "start_time": Column(TIME, "UTC", "first sample of the window"),
    "end_time": Column(TIME, "UTC", "end of the window"),
    "p_noise": Column("float64", "-", "calibrated probability; empty if completeness is below 0.5"),
    "p_tremor": Column("float64", "-", "the same, of tremor"),
    "p_earthquake": Column("float64", "-", "the same, of an earthquake"),
    "completeness": Column("float64", "-", "share of the window recorded on the component that has most"),
}


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Calibrated probabilities of the windows of a network.

    ``values`` is (station, class, window) in the order of ``CLASSES``, NaN where a window could not be
    judged; ``completeness`` (station, window) is the share that was recorded. ``instruments`` (station,)
    holds location code and band of the channels used, as in ``("00", "HH")``. ``start_times`` is (window,).
    ``weights`` names the weights (their hash) and ``threshold`` is that of a single station.
    """

    network: Network
    values: NDArray[np.float32]
    completeness: NDArray[np.float32]
    start_times: NDArray[np.datetime64]
    window_s: float
    instruments: tuple[tuple[str, str], ...]
    weights: str
    threshold: float

    def __post_init__(self) -> None:
        count, windows = len(self.network), len(self.start_times)
        expected = (count, len(CLASSES), windows)
        if self.values.shape != expected or self.completeness.shape != (count, windows):
            raise DataError(
                f"values {self.values.shape} and completeness {self.completeness.shape} do not fit "
                f"{count} stations and {windows} windows"
            )
        if len(self.instruments) != count:
            raise DataError(f"{len(self.instruments)} instruments do not fit {count} stations")

    @property
    def p_tremor(self) -> NDArray[np.float32]:
        """(station, window) probability of tremor."""
        return self.values[:, CLASSES.index("tremor")]

    def windows_within(self, start: np.datetime64, length_s: float) -> range:
        """Windows that lie within a span."""
        last = start + timedelta(length_s - self.window_s)
        begin = int(np.searchsorted(self.start_times, start, side="left"))
        return range(begin, int(np.searchsorted(self.start_times, last, side="right")))

    def windows_touching(self, begin: np.datetime64, end: np.datetime64) -> slice:
        """Windows that share more than an end point with a span."""
        first = np.searchsorted(self.start_times, begin - timedelta(self.window_s), side="right")
        return slice(int(first), int(np.searchsorted(self.start_times, end)))
