"""Recordings -> what the chain works on: probabilities of every window and envelopes, hour by hour, kept.

An hour of a network is read once; DiET's probabilities and the envelopes come from the same samples. What
was made is kept in a folder, so that another way of grouping, or a run that was stopped, does not read the
recordings again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tremorflow.batch.classify import (
    HOUR_S,
    HourClassifier,
    HourResult,
    Progress,
    Span,
    StationFeed,
    parts_of,
    whole_hours,
)
from tremorflow.batch.recordings import Tally, ground_motion, lay_roles
from tremorflow.batch.workers import Workers
from tremorflow.classifier.weights import Weights
from tremorflow.errors import DataError
from tremorflow.io.archive import StationReading
from tremorflow.io.orientation import Orientation
from tremorflow.io.signals import Signals, read_envelopes, read_judged, write_signals
from tremorflow.preprocess import PreprocessSettings, common_unit, compute_envelopes, context_s
from tremorflow.records import (
    CLASSES,
    ROLES,
    Envelopes,
    FloatArray,
    Network,
    Probabilities,
    Waveforms,
    iso,
    seconds,
    timedelta,
)
from tremorflow.spectrogram import context_s as context_before_s

SUFFIX = ".npz"
MARK_AT = len("2020-01-01T00_")  # of a file name


class StationEnvelope(NamedTuple):
    """Envelopes (role, time) of one station over one hour, NaN where there are none, and their unit."""

    station: int
    values: FloatArray
    unit: str


class HourSignals(NamedTuple):
    """What an hour gave for some stations: probabilities with what was left out, and envelopes."""

    begin: np.datetime64
    classified: HourResult
    envelopes: list[StationEnvelope]


class EnvelopeTap:
    """Recordings on their way to the classifier, of which the envelopes are made in passing.

    The classifier is given the very samples that it would get without the tap.
    """

    def __init__(
        self,
        feed: StationFeed,
        settings: PreprocessSettings,
        orientations: dict[str, Orientation],
        *,
        full_response: bool = False,
    ) -> None:
        self._feed, self._settings, self._orientations = feed, settings, orientations
        self._full_response = full_response
        # whole seconds, so that the common sampling starts on a sample of recorders with whole rates
        self._margin_s = float(np.ceil(context_s(settings, with_response=full_response)) + 1.0)
        self.hour: np.datetime64 = np.datetime64("NaT", "ns")
        self.envelopes: list[StationEnvelope] = []
        self.tally = Tally()

    @property
    def network(self) -> Network:
        """Stations of the feed."""
        return self._feed.network

    def begin(self, hour: np.datetime64) -> None:
        """Say which hour the next recordings are of; what was made of the last one is forgotten."""
        self.hour, self.envelopes, self.tally = hour, [], Tally()

    def read(
        self, stations: Sequence[int], begin: np.datetime64, end: np.datetime64
    ) -> Iterator[StationReading]:
        """Give the waveforms of stations from begin to end, and keep their envelopes of the hour."""
        wide_begin = min(begin, self.hour - timedelta(self._margin_s))
        wide_end = max(end, self.hour + timedelta(HOUR_S + self._margin_s))
        readings = self._feed.read(stations, wide_begin, wide_end)
        for station, reading in zip(stations, readings, strict=True):
            if reading.waveforms is not None:
                self._keep(station, reading)
                reading = reading._replace(waveforms=_cut(reading.waveforms, begin, end))  # noqa: PLW2901
            yield reading

    def _keep(self, station: int, reading: StationReading) -> None:
        """Make the envelopes of a station's hour; those that cannot be are counted."""
        code, rate = self.network.codes[station], self._settings.envelope_rate_hz
        try:
            motion = ground_motion(
                reading, self._orientations, Tally(), self._settings, full_response=self._full_response
            )
            found = compute_envelopes(motion, self._settings)
        except DataError as error:
            when = iso(self.hour)
            self.tally.add(code, str(error), 1, HOUR_S, when)
            return
        values = np.full((len(ROLES), round(HOUR_S * rate)), np.nan)
        lay_roles(values, found, self.hour, (0, values.shape[-1]))
        if np.isfinite(values).any():
            self.envelopes.append(StationEnvelope(station, values, found.unit))


class HourAnalyser:
    """Makes the signals of hour after hour; what processes have a copy of."""

    def __init__(
        self,
        feed: StationFeed,
        weights: Weights,
        orientations: dict[str, Orientation],
        span: Span,
        settings: PreprocessSettings,
        *,
        full_response: bool = False,
    ) -> None:
        self.settings = replace(settings, components="all")  # energy is that of all three
        self.tap = EnvelopeTap(feed, self.settings, orientations, full_response=full_response)
        self.classifier = HourClassifier(self.tap, weights, orientations, span)

    def analyse(self, stations: Sequence[int], hour: np.datetime64) -> HourSignals:
        """Signals of the hour that begins then."""
        self.tap.begin(hour)
        found = self.classifier.classify(stations, hour)
        together = Tally(dict(found.left_out))
        together.merge(self.tap.tally.rows)
        return HourSignals(hour, HourResult(found.stations, together.rows), self.tap.envelopes)


def _cut(waveforms: Waveforms, begin: np.datetime64, end: np.datetime64) -> Waveforms | None:
    """Cut samples from ``begin`` up to ``end``; None if there is none with motion."""
    rate = waveforms.sampling_rate_hz
    first, last = (int(np.ceil(seconds(time - waveforms.start_time) * rate - 1e-6)) for time in (begin, end))
    first, last = max(first, 0), min(last, waveforms.samples.shape[-1])
    if first >= last:
        return None
    samples = waveforms.samples[..., first:last]
    if not np.isfinite(samples).any():
        return None
    return replace(waveforms, samples=samples, start_time=waveforms.start_time + timedelta(first / rate))


class SignalFolder:
    """Signals of a network in a folder, one file an hour; what is there is not made again.

    Parameters
    ----------
    path
        Folder of these signals alone: its name should hold a hash of what they depend on.
    span
        Of which hours are looked at; without it, all.
    network
        The stations as they are known now, in the order of those in the files; by default those.
    """

    def __init__(self, path: Path, span: Span | None = None, network: Network | None = None) -> None:
        self.path, self._span, self._network = path, span, network

    def hours(self) -> list[np.datetime64]:
        """Hours that are there, in order."""
        return sorted(self._files())

    def marks(self) -> dict[np.datetime64, str]:
        """Tell what the recordings of each hour that is there were like."""
        return {hour: path.name[MARK_AT : -len(SUFFIX)] for hour, path in self._files().items()}

    def write(self, hour: np.datetime64, signals: Signals, mark: str = "") -> None:
        """Keep the signals of an hour in place of those there were."""
        self.path.mkdir(parents=True, exist_ok=True)
        name = np.datetime_as_string(hour, unit="h")
        path = self.path / f"{name}_{mark}{SUFFIX}"
        write_signals(path, signals)
        for other in self.path.glob(f"{name}*{SUFFIX}"):
            if other != path:
                other.unlink()

    def probabilities(self) -> Probabilities:
        """Probabilities of all hours, one after the other."""
        return self.judged()[0]

    def judged(self) -> tuple[Probabilities, Tally]:
        """Probabilities of all hours, one after the other, and what was left out in them."""
        parts, total = list[Probabilities](), Tally()
        for _, path in sorted(self._files().items()):
            found = read_judged(path)
            parts.append(found.probabilities)
            total.merge(found.left_out)
        filled = [part for part in parts if len(part.start_times)] or parts[:1]
        if not filled:
            raise DataError(f"{self.path} holds no signals; run again")
        joined = replace(
            filled[-1],
            network=self._network or filled[-1].network,
            values=np.concatenate([part.values for part in filled], axis=2),
            completeness=np.concatenate([part.completeness for part in filled], axis=1),
            start_times=np.concatenate([part.start_times for part in filled]),
        )
        return joined, total

    def envelopes(self, begin: np.datetime64, end: np.datetime64) -> Envelopes:
        """Envelopes from begin to end, NaN where nothing is there."""
        stored = self._files()
        parts = [read_envelopes(stored[hour]) for hour in whole_hours(begin, end) if hour in stored]
        if not parts:
            raise DataError(f"{self.path} holds no envelopes from {begin} to {end}")
        rate = parts[0].sampling_rate_hz
        values = np.full((*parts[0].values.shape[:2], round(seconds(end - begin) * rate)), np.nan)
        for part in parts:
            at = round(seconds(part.start_time - begin) * rate)
            low, high = max(at, 0), min(at + part.values.shape[-1], values.shape[-1])
            values[..., low:high] = part.values[..., low - at : high - at]
        unit = common_unit(part.unit for part in parts if np.isfinite(part.values).any()) or parts[0].unit
        network = self._network or parts[0].network
        return replace(parts[0], network=network, values=values, start_time=begin, unit=unit)

    def _files(self) -> dict[np.datetime64, Path]:
        """File of each hour that is there and within the span."""
        found: dict[np.datetime64, Path] = {
            np.datetime64(f"{path.name[:13]}:00", "ns"): path for path in self.path.glob(f"[!.]*{SUFFIX}")
        }
        if self._span is None:
            return found
        return {hour: found[hour] for hour in whole_hours(*self._span) if hour in found}


def make_signals(
    folder: SignalFolder,
    work: HourAnalyser,
    processes: int = 1,
    progress: Progress | None = None,
    mark: Callable[[np.datetime64], str] | None = None,
) -> None:
    """Make the signals of all hours of a span that the folder lacks.

    Parameters
    ----------
    folder
        Keeps them; an hour is there whole or not at all.
    work
        From ``HourAnalyser``.
    processes
        Processes that share the stations; the signals do not depend on it.
    progress
        Called with the number of hours (times processes) done and in all.
    mark
        Says what the recordings of an hour are like; signals of other recordings are made again.
    """
    span, stored = work.classifier.span, folder.marks()
    wanted = {hour: "" if mark is None else mark(hour) for hour in whole_hours(*span)}
    missing = {hour for hour, name in wanted.items() if stored.get(hour) != name}
    hours = _with_hours_before(missing, work)
    stations = range(len(work.tap.network))
    with Workers(work, min(processes, len(stations))) as workers:
        shares = [
            [(part, hour) for hour in hours for part in parts_of(tuple(stations)[k :: workers.count])]
            for k in range(workers.count)
        ]
        total = sum(map(len, shares))
        waiting: dict[np.datetime64, list[HourSignals]] = {hour: [] for hour in hours}
        per_hour = total // max(len(hours), 1)
        for done, found in enumerate(workers.run(HourAnalyser.analyse, shares), start=1):
            waiting[found.begin].append(found)
            if len(waiting[found.begin]) == per_hour:
                parts = waiting.pop(found.begin)
                if found.begin in missing:
                    folder.write(found.begin, _join_hour(parts, work), wanted[found.begin])
            if progress is not None:
                progress(done, total)


def _with_hours_before(missing: set[np.datetime64], work: HourAnalyser) -> list[np.datetime64]:
    """Hours that are missing, and those before them that tell the background, in order."""
    before_s = context_before_s(work.classifier.weights.spectrogram)
    wanted = set(missing)
    for hour in missing:
        wanted.update(whole_hours(hour - timedelta(before_s), hour))
    return sorted(wanted)


def _join_hour(parts: Sequence[HourSignals], work: HourAnalyser) -> Signals:
    """Signals of a whole network in an hour, of those of its stations."""
    network, weights, hour = work.tap.network, work.classifier.weights, parts[0].begin
    ends = work.classifier.starts + timedelta(weights.spectrogram.window_s)
    first, last = np.searchsorted(ends, [hour, hour + timedelta(HOUR_S)], side="right")
    values = np.full((len(network), len(CLASSES), last - first), np.nan, dtype=np.float32)
    completeness = np.zeros((len(network), last - first), dtype=np.float32)
    instruments, tally = [("", "")] * len(network), Tally()
    for part in parts:
        tally.merge(part.classified.left_out)
        for one in part.classified.stations:
            values[one.station], completeness[one.station] = one.values, one.completeness
            instruments[one.station] = one.instrument
    envelopes = _join_envelopes(network, hour, [one for part in parts for one in part.envelopes], work)
    probabilities = Probabilities(
        network,
        values,
        completeness,
        work.classifier.starts[first:last],
        weights.spectrogram.window_s,
        tuple(instruments),
        weights.hash,
        weights.calibration.threshold,
    )
    return Signals(probabilities, envelopes, tally.rows)


def _join_envelopes(
    network: Network, hour: np.datetime64, parts: Sequence[StationEnvelope], work: HourAnalyser
) -> Envelopes:
    """Envelopes (station, role, time) of a network over an hour, NaN where a station has none."""
    settings = work.settings
    rate = settings.envelope_rate_hz
    values = np.full((len(network), len(ROLES), round(HOUR_S * rate)), np.nan)
    for part in parts:
        values[part.station] = part.values
    unit = common_unit(part.unit for part in parts) or "m/s"
    return Envelopes(network, tuple(ROLES), values, hour, rate, settings.band_hz, unit)
