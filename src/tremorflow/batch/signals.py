"""Recordings -> what the chain works on: probabilities of every window and envelopes, hour by hour, kept.

An hour of a network is read once; DiET's probabilities and the envelopes come from the same samples. What
was made is kept in a folder, so that another way of grouping, or a run that was stopped, does not read the
recordings again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tremorflow.batch.classify import HOUR_S, HourClassifier, HourResult, Span, StationFeed
from tremorflow.batch.recordings import Tally, ground_motion
from tremorflow.classifier.weights import Weights
from tremorflow.errors import DataError
from tremorflow.io.archive import StationReading
from tremorflow.io.orientation import Orientation
from tremorflow.preprocess import PreprocessSettings, compute_envelopes, context_s
from tremorflow.records import ROLES, Envelopes, FloatArray, Network, Waveforms, seconds, timedelta


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
            when = f"{np.datetime_as_string(self.hour, unit='s')}Z"
            self.tally.add(code, str(error), 1, HOUR_S, when)
            return
        values = np.full((len(ROLES), round(HOUR_S * rate)), np.nan)
        at = round(seconds(found.start_time - self.hour) * rate)
        low, high = max(at, 0), min(at + found.values.shape[-1], values.shape[-1])
        for k, role in enumerate(found.components):
            values[list(ROLES).index(role), low:high] = found.values[0, k, low - at : high - at]
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
        every = replace(settings, components="all")  # energy is that of all three
        self.tap = EnvelopeTap(feed, every, orientations, full_response=full_response)
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


def join_envelope_hours(
    network: Network, hour: np.datetime64, parts: Sequence[StationEnvelope], settings: PreprocessSettings
) -> Envelopes:
    """Envelopes (station, role, time) of a network over an hour, NaN where a station has none."""
    rate = settings.envelope_rate_hz
    values = np.full((len(network), len(ROLES), round(HOUR_S * rate)), np.nan)
    for part in parts:
        values[part.station] = part.values
    units = {part.unit for part in parts}
    unit = units.pop() if len(units) == 1 else ("mixed" if units else "m/s")
    return Envelopes(network, tuple(ROLES), values, hour, rate, settings.band_hz, unit)
