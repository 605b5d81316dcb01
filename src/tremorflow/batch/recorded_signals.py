"""Signals of an archive as a source: made hour by hour where they are not kept from an earlier run."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow import __version__
from tremorflow.batch.classify import HOUR_S, ArchiveFeed, Progress, read_spectrograms
from tremorflow.batch.recordings import RecordedEnvelopes, Tally, open_settings_archive
from tremorflow.batch.signals import HourAnalyser, SignalFolder, make_signals
from tremorflow.classifier.weights import Weights, read_weights
from tremorflow.io.index import Progress as FileProgress
from tremorflow.preprocess import select_horizontals
from tremorflow.records import NANOSECONDS, Envelopes, Network, Probabilities, Spectrograms
from tremorflow.settings import Settings
from tremorflow.spectrogram import context_s

NEIGHBOURHOOD_S = 120.0  # before and after an hour: filters reach that far at most


class RecordedSignals:
    """Probabilities and envelopes of an archive, kept in a folder; an ``EnvelopeSource``.

    Parameters
    ----------
    recordings
        Of the archive, with its network and span.
    settings
        All settings; those of reading, preprocessing and classifying say which kept signals serve.
    folder
        Where signals are kept, in a folder of their own for each such choice.
    """

    def __init__(self, recordings: RecordedEnvelopes, settings: Settings, folder: Path) -> None:
        self._recordings, self._settings = recordings, settings
        self.weights: Weights = read_weights(settings.classifier.weights)
        self.network: Network = recordings.network
        self.span = recordings.span
        self.folder = SignalFolder(folder / self._name(), self.span, self.network)
        self._judged: tuple[Probabilities, Tally] | None = None

    @property
    def recordings(self) -> RecordedEnvelopes:
        """What the signals are made of."""
        return self._recordings

    def make(self, processes: int = 1, progress: Progress | None = None) -> None:
        """Make the signals that are not kept, or that were made of other recordings."""
        feed = ArchiveFeed(self._recordings.archive, self.network)
        work = HourAnalyser(
            feed,
            self.weights,
            self._recordings.orientations,
            self.span,
            self._settings.preprocess,
            full_response=self._settings.archive.remove_response,
        )
        make_signals(self.folder, work, processes, progress, self._mark())
        self._judged = None

    @property
    def skips(self) -> pd.DataFrame:
        """What was left out."""
        total = Tally()
        total.merge(self._read_judged()[1].rows)
        total.merge(self._recordings.tally.rows)
        return total.table()

    @property
    def counts(self) -> dict[str, int | float | str]:
        """Files by format, stations with recordings, and hours that were classified."""
        completeness = self.probabilities().completeness
        hours = float(completeness.sum()) * self.weights.spectrogram.step_s / 3600
        files = {name: n for name, n in self._recordings.counts.items() if name.startswith("files_")}
        heard = int(completeness.any(axis=1).sum())
        return {**files, "stations": heard, "station_hours": round(hours, 2)}

    @property
    def contents(self) -> list[bytes]:
        """Bytes of the stations, the orientations, and the weights."""
        return [*self._recordings.contents, self.weights.hash.encode()]

    def has_recordings(self, start_time: np.datetime64, end_time: np.datetime64) -> bool:
        """Whether any of the stations recorded anything between start and end."""
        return self._recordings.has_recordings(start_time, end_time)

    def read(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Envelopes of the components that are correlated."""
        found = self.read_all(start_time, end_time)
        return select_horizontals(found) if self._settings.preprocess.components == "horizontal" else found

    def read_all(self, start_time: np.datetime64, end_time: np.datetime64) -> Envelopes:
        """Envelopes of all components."""
        return self.folder.envelopes(start_time, end_time)

    def probabilities(self) -> Probabilities:
        """Probabilities of all windows of the span."""
        return self._read_judged()[0]

    def spectrograms(self, station: int, begin: np.datetime64, end: np.datetime64) -> Spectrograms | None:
        """Spectrograms of one station (row of the network), from its recordings; None if there are none."""
        feed = ArchiveFeed(self._recordings.archive, self.network)
        turned = self._recordings.orientations
        return read_spectrograms(feed, station, (begin, end), self.weights.spectrogram, turned)

    def _read_judged(self) -> tuple[Probabilities, Tally]:
        """Read probabilities and what was left out, once."""
        if self._judged is None:
            self._judged = self.folder.judged()
        return self._judged

    def _name(self) -> str:
        """Name for the signals of these settings: a hash of all that changes them but the recordings."""
        remove = self._settings.archive.remove_response
        turned = {code: str(found) for code, found in self._recordings.orientations.items()}
        choices = [asdict(self._settings.preprocess), self.weights.hash, remove, self.network.codes, turned]
        text = json.dumps([__version__, *choices], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _mark(self) -> Callable[[np.datetime64], str]:
        """Make the function that says which recordings, and how much of an hour, its signals are made of."""
        runs = self._recordings.runs
        first, last = (int(time.astype("datetime64[ns]").astype(np.int64)) for time in self.span)
        before_s = context_s(self.weights.spectrogram) + self.weights.spectrogram.window_s

        def mark(hour: np.datetime64) -> str:
            start = int(hour.astype("datetime64[ns]").astype(np.int64))
            begin = start - round((before_s + NEIGHBOURHOOD_S) * NANOSECONDS)
            end = start + round((HOUR_S + NEIGHBOURHOOD_S) * NANOSECONDS)
            near = runs[(runs[:, 0] < end) & (runs[:, 1] > begin)].clip(begin, end)
            within = [max(first, begin), min(last, start + round(HOUR_S * NANOSECONDS))]
            ordered = near[np.lexsort(near.T)]
            return hashlib.sha256(ordered.tobytes() + np.array(within).tobytes()).hexdigest()[:8]

        return mark


def open_signals(settings: Settings, folder: Path, progress: FileProgress | None = None) -> RecordedSignals:
    """Archive that the settings name, as a source of signals that are kept in ``folder``.

    Raises
    ------
    DataError
        No path given, no archive there, no station with coordinates, or nothing in the span.
    ModelError
        Weights that do not serve.
    """
    recordings = RecordedEnvelopes(open_settings_archive(settings.archive, progress), settings)
    return RecordedSignals(recordings, settings, folder)
