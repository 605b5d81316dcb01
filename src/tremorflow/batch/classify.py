"""Recordings -> probabilities of every station and window, hour by hour, stations beside each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.batch.recordings import Tally, ground_motion
from tremorflow.batch.workers import Workers
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.inputs import cut_windows, window_starts
from tremorflow.classifier.weights import Weights
from tremorflow.errors import DataError
from tremorflow.io.archive import Archive, StationReading
from tremorflow.io.orientation import Orientation
from tremorflow.preprocess import PreprocessSettings
from tremorflow.records import (
    CLASSES,
    NANOSECONDS,
    Network,
    Probabilities,
    Spectrograms,
    iso,
    timedelta,
)
from tremorflow.spectrogram import MARGIN_S, SpectrogramSettings, compute_spectrograms, context_s

PREPROCESS = PreprocessSettings(band_hz=(1.5, 8.0))  # of which channels of acceleration become velocity
STATIONS_AT_ONCE = 50  # read together: half of 500 MB at 100 Hz, and a file of many is opened once for them
HOUR_S = 3600.0  # read at a time, from whole hours on: what counts as clipped is seen in the same hours
Progress = Callable[[int, int], None]
Span = tuple[np.datetime64, np.datetime64]


class StationFeed(Protocol):
    """Something that gives the recordings of stations for any span."""

    @property
    def network(self) -> Network:
        """Stations, in the order of the probabilities."""

    def read(
        self, stations: Sequence[int], begin: np.datetime64, end: np.datetime64
    ) -> Iterator[StationReading]:
        """Waveforms of stations (rows of the network), one after the other, and what was left out."""


@dataclass(frozen=True, slots=True)
class ArchiveFeed:
    """Stations of an archive."""

    archive: Archive
    network: Network

    def read(
        self, stations: Sequence[int], begin: np.datetime64, end: np.datetime64
    ) -> Iterator[StationReading]:
        """Waveforms of stations from the archive."""
        return self.archive.read_stations([self.network.codes[k] for k in stations], begin, end)


class StationHour(NamedTuple):
    """What an hour adds for one station: probabilities (class, window) of the windows that end in it."""

    station: int
    first_window: int
    values: NDArray[np.float32]
    completeness: NDArray[np.float32]
    instrument: tuple[str, str]


class Classified(NamedTuple):
    """Probabilities of a network, and what was left out (``recordings.SKIP_COLUMNS``)."""

    probabilities: Probabilities
    skips: pd.DataFrame


class HourResult(NamedTuple):
    """What an hour gave for some stations, and what was left out in it."""

    stations: list[StationHour]
    left_out: dict[tuple[str, str], list[float | str]]


class _Hour(NamedTuple):
    """Spectrograms of an hour, and what they were recorded by."""

    spectrograms: Spectrograms
    instrument: tuple[str, str]


class SpectrogramHours:
    """Spectrograms of stations, hour after hour; keeps those that windows and backgrounds still need.

    Hours must be asked for in order. An hour is always read whole, whatever span is wanted, so that its
    spectrograms are the same to the last bit.
    """

    def __init__(
        self, feed: StationFeed, settings: SpectrogramSettings, orientations: dict[str, Orientation]
    ) -> None:
        self.feed, self.settings, self.orientations = feed, settings, orientations
        self.tally = Tally()
        self._kept: dict[int, list[_Hour]] = {}

    def read(
        self, stations: Sequence[int], begin: np.datetime64
    ) -> Iterator[tuple[int, Spectrograms | None, tuple[str, str]]]:
        """Row, spectrograms of the hour and the time before, and instrument of each station.

        The spectrograms are None for a station that has none in all that time.
        """
        settings = self.settings
        oldest = begin - timedelta(context_s(settings) + settings.window_s)
        for station, found, instrument in self.read_alone(stations, begin):
            kept = [one for one in self._kept.get(station, []) if one.spectrograms.frame_times[-1] > oldest]
            if found is not None:
                kept = [*self._alike(kept, found, instrument, begin), _Hour(found, instrument)]
            self._kept[station] = kept
            parts = [one.spectrograms for one in kept]
            yield station, join_spectrograms(parts, settings) if parts else None, instrument

    def read_alone(
        self, stations: Sequence[int], begin: np.datetime64
    ) -> Iterator[tuple[int, Spectrograms | None, tuple[str, str]]]:
        """As ``read``, of the hour alone; nothing is kept, and any hour may be asked for."""
        after_s = np.ceil(self.settings.frame_s + MARGIN_S)
        span = begin - timedelta(np.ceil(MARGIN_S)), begin + timedelta(HOUR_S + after_s)
        for station, reading in zip(stations, self.feed.read(stations, *span), strict=True):
            yield station, self._spectrograms(reading, begin), _instrument(reading)

    def _alike(
        self, kept: list["_Hour"], found: Spectrograms, instrument: tuple[str, str], begin: np.datetime64
    ) -> list["_Hour"]:
        """Hours before that tell a level: of the same unit, and in counts of the same instrument."""
        alike = [
            one
            for one in kept
            if one.spectrograms.unit == found.unit and (found.unit != "count" or one.instrument == instrument)
        ]
        if len(alike) < len(kept):
            when = iso(begin)
            reason = "another unit or instrument than in the hour before: no background from there"
            self.tally.add(found.network.codes[0], reason, 1, 0.0, when)
        return alike

    def _spectrograms(self, reading: StationReading, begin: np.datetime64) -> Spectrograms | None:
        """Spectrograms of the frames that start within the hour; None, and counted, if there are none."""
        self.tally.add_skips(reading.skips)
        if reading.waveforms is None:
            return None
        code = reading.waveforms.network.codes[0]
        when = iso(begin)
        try:
            whole = compute_spectrograms(
                ground_motion(reading, self.orientations, self.tally, PREPROCESS), self.settings
            )
        except DataError as error:
            self.tally.add(code, str(error), 1, HOUR_S, when)
            return None
        inside = (whole.frame_times >= begin) & (whole.frame_times < begin + timedelta(HOUR_S))
        log_power = whole.log_power[..., inside]
        if not np.isfinite(log_power).any():
            self.tally.add(code, "no frame without a gap or with any motion", 1, HOUR_S, when)
            return None
        start = whole.frame_times[inside][0]
        return Spectrograms(
            *(whole.network, log_power, whole.frequencies_hz, start, whole.frame_s, whole.hop_s, whole.unit)
        )


class HourClassifier:
    """Classifies hour after hour; what processes have a copy of."""

    def __init__(
        self, feed: StationFeed, weights: Weights, orientations: dict[str, Orientation], span: Span
    ) -> None:
        self.weights, self.span = weights, span
        self.hours = SpectrogramHours(feed, weights.spectrogram, orientations)
        self.starts = window_starts(*span, weights.spectrogram)
        self._classifier: Classifier | None = None

    def classify(self, stations: Sequence[int], begin: np.datetime64) -> HourResult:
        """Probabilities of the windows that end within the hour from ``begin`` on."""
        if self._classifier is None:  # of this process: sessions cannot be sent to another
            self._classifier = Classifier(self.weights)
        ends = self.starts + timedelta(self.weights.spectrogram.window_s)
        first, last = np.searchsorted(ends, [begin, begin + timedelta(HOUR_S)], side="right")
        found = []
        self.hours.tally = Tally()
        for station, spectrograms, instrument in self.hours.read(stations, begin):
            if spectrograms is None or first == last:
                continue
            spectra = cut_windows(spectrograms, self.starts[first:last], self.weights.spectrogram)
            if spectra.completeness.any():
                values = self._classifier.classify(spectra).T
                found.append(StationHour(station, int(first), values, spectra.completeness, instrument))
        return HourResult(found, self.hours.tally.rows)


def classify_recordings(
    feed: StationFeed,
    weights: Weights,
    span: Span,
    *,
    orientations: dict[str, Orientation] | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Classified:
    """Probabilities of noise, tremor and earthquake of all stations and windows of a span.

    Parameters
    ----------
    feed
        Where recordings come from; also those of the hour before the span are read, as background.
    weights
        Network, and the spectrograms it takes.
    span
        Start and end; windows start at whole multiples of the step since 1970 and lie within it.
    orientations
        Rotation matrices by station code, of sensors whose metadata have no azimuths.
    processes
        Processes that share the stations; the probabilities do not depend on it.
    progress
        Called with the number of hours (times groups of stations) done and in all.

    Returns
    -------
    Classified. A station that cannot be used has probabilities NaN and completeness 0, and its reason in
    ``skips``; the others are not touched by it.
    """
    network, settings = feed.network, weights.spectrogram
    work = HourClassifier(feed, weights, orientations or {}, span)
    n_windows = len(work.starts)
    if not n_windows:
        raise DataError(
            f"from {span[0]} to {span[1]} there is no whole window of {settings.window_s:g} s that starts at "
            f"a multiple of {settings.step_s:g} s; give more"
        )
    values = np.full((len(network), len(CLASSES), n_windows), np.nan, dtype=np.float32)
    completeness = np.zeros((len(network), n_windows), dtype=np.float32)
    instruments = [("", "")] * len(network)
    tally = Tally()
    hours = whole_hours(span[0] - timedelta(context_s(settings)), span[1])
    with Workers(work, min(processes, len(network))) as workers:
        groups = [tuple(range(len(network)))[k :: workers.count] for k in range(workers.count)]
        shares = [[(part, hour) for hour in hours for part in parts_of(group)] for group in groups]
        total = sum(map(len, shares))
        for done, result in enumerate(workers.run(HourClassifier.classify, shares), start=1):
            tally.merge(result.left_out)
            for part in result.stations:
                windows = slice(part.first_window, part.first_window + part.values.shape[1])
                values[part.station, :, windows] = part.values
                completeness[part.station, windows] = part.completeness
                if part.instrument != ("", ""):
                    instruments[part.station] = part.instrument
            if progress is not None:
                progress(done, total)
    for code, share in zip(network.codes, completeness, strict=True):
        if not share.any():
            tally.add(code, "no recording that can be used in the span")
    probabilities = Probabilities(
        network,
        values,
        completeness,
        work.starts,
        settings.window_s,
        tuple(instruments),
        weights.hash,
        weights.calibration.threshold,
    )
    return Classified(probabilities, tally.table())


def parts_of(stations: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Stations in groups that are read together, alike in size."""
    count = -(-len(stations) // STATIONS_AT_ONCE)
    return [stations[k::count] for k in range(count)]


def read_spectrograms(
    feed: StationFeed,
    station: int,
    span: Span,
    settings: SpectrogramSettings,
    orientations: dict[str, Orientation],
) -> Spectrograms | None:
    """Spectrograms of one station over a span, as they are classified; None without any recording in it.

    Hours in another unit than the last are left out.
    """
    hours = SpectrogramHours(feed, settings, orientations)
    parts = []
    for begin in whole_hours(*span):
        parts += [found for _, found, _ in hours.read_alone([station], begin) if found is not None]
    if not parts:
        return None
    whole = join_spectrograms([one for one in parts if one.unit == parts[-1].unit], settings)
    inside = (whole.frame_times >= span[0]) & (whole.frame_times < span[1])
    if not np.isfinite(whole.log_power[..., inside]).any():
        return None
    return replace(whole, log_power=whole.log_power[..., inside], start_time=whole.frame_times[inside][0])


def whole_hours(start_time: np.datetime64, end_time: np.datetime64) -> list[np.datetime64]:
    """List the starts of the hours that a span touches."""
    start, end = (int(t.astype("datetime64[ns]").astype(np.int64)) for t in (start_time, end_time))
    hour_ns = round(HOUR_S * NANOSECONDS)
    return [np.datetime64(k, "ns") for k in range(start // hour_ns * hour_ns, end, hour_ns)]


def join_spectrograms(parts: Sequence[Spectrograms], settings: SpectrogramSettings) -> Spectrograms:
    """Spectrograms of one station in a row, NaN in between where there are none."""
    begin, hop_ns = parts[0].start_time, round(settings.hop_s * NANOSECONDS)
    places = [round((part.start_time - begin) / np.timedelta64(hop_ns, "ns")) for part in parts]
    length = places[-1] + parts[-1].log_power.shape[-1]
    log_power = np.full((*parts[0].log_power.shape[:-1], length), np.nan, dtype=np.float32)
    for place, part in zip(places, parts, strict=True):
        log_power[..., place : place + part.log_power.shape[-1]] = part.log_power
    return replace(parts[0], log_power=log_power)


def _instrument(reading: StationReading) -> tuple[str, str]:
    """Location code and band of the channels that were read."""
    if not reading.channels:
        return "", ""
    channel = reading.channels[0]
    return channel.location, channel.channel[:-1]
