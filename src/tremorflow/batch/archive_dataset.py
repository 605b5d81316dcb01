"""``tremorflow dataset archive``: a user's recordings and catalogues -> labelled windows on disk."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.batch.catalogue_labels import DEEPEST_KM, REACH_KM, Catalogues, label_network
from tremorflow.batch.classify import HOUR_S, ArchiveFeed, Span, StationFeed
from tremorflow.batch.datasets import Outcome
from tremorflow.batch.own_noise import RATE_HZ, TOGETHER, by_role, motion_at_rate
from tremorflow.batch.recordings import (
    Tally,
    choose_span,
    choose_stations,
    open_settings_archive,
    runs_of,
)
from tremorflow.catalog.earthquakes import read_earthquakes
from tremorflow.catalog.formats import read_catalog
from tremorflow.classifier.dataset import AS_RECORDED, SPLITS, DatasetWriter, WindowBatch
from tremorflow.classifier.inputs import MIN_COMPLETENESS, cut_windows, window_starts
from tremorflow.classifier.labels import (
    BOTH,
    LABEL_NAMES,
    UNSURE,
    LabelSettings,
    choose_noise,
    choose_signals,
    split_of_days,
)
from tremorflow.classifier.mixing import SCREEN_FROM_S, quiet_starts
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.io.archive import StationReading
from tremorflow.io.orientation import Orientation, read_orientations
from tremorflow.records import FloatArray, Spectrograms, seconds, timedelta
from tremorflow.settings import read_settings
from tremorflow.spectrogram import SpectrogramSettings, compute_spectrograms
from tremorflow.traveltime import read_velocity_model, station_travel_times

AROUND_S = 1800.0  # on either side of a window that its SNR refers to (DEFINITIONS.md)
POWER_STEP_S = 60.0
NS_DAY = 86400 * 10**9
NO_SPLIT = -1  # of the windows that test stations recorded on days that do not test
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LabelJob:
    """Everything that an archive's dataset follows from; the catalogues go with the stations of the feed."""

    feed: StationFeed
    span: Span
    catalogues: Catalogues
    orientations: dict[str, Orientation]
    settings: LabelSettings
    spectrogram: SpectrogramSettings
    seed: int = 1


@dataclass(slots=True)
class _Written:
    """How many windows of a label were accepted at each station and in each split."""

    counts: Counter[tuple[int, str, int]] = field(default_factory=Counter)

    def room(self, station: int, label: int, cap: int) -> int:
        """How many more of a label a station may have."""
        return cap - sum(self.counts[station, split, label] for split in SPLITS)

    def noise_wanted(self) -> dict[tuple[int, str], int]:
        """As many as the larger of the other classes: no station, and no split of it, is known by noise."""
        wanted: dict[tuple[int, str], int] = {}
        for (station, split, label), count in self.counts.items():
            if label != BOTH:
                wanted[station, split] = max(wanted.get((station, split), 0), count)
        return wanted


def write_archive_dataset(
    folder: str | Path, job: LabelJob, progress: Progress | None = None, tally: Tally | None = None
) -> Outcome:
    """Write the labelled windows of an archive: first those with signals, then as many of noise.

    Parameters
    ----------
    folder
        For the dataset.
    job
        Recordings, catalogues and rules.
    progress
        Called with the hours read and in all; twice, for signals and for noise.
    tally
        Of what was left out already.

    Raises
    ------
    DataError
        No window or no event of the catalogues lies in the span, no station is one of those that are to
        test, or the folder cannot be written.
    """
    tally = tally or Tally()
    starts = window_starts(*job.span, job.spectrogram)
    if not len(starts):
        raise DataError(
            f"from {job.span[0]} to {job.span[1]} there is no whole window of "
            f"{job.spectrogram.window_s:g} s; give longer recordings"
        )
    rng = np.random.default_rng(job.seed)
    splits, margins_s = _splits(job, starts, rng)
    starts_s = (starts - job.span[0]) / np.timedelta64(1, "s")
    labels = label_network(
        job.catalogues,
        job.feed.network,
        (job.span[0], starts_s, margins_s),
        job.spectrogram.window_s,
        job.settings,
        tally,
    )
    labels.values[:, np.isnan(margins_s)] = UNSURE
    labels.values[splits == NO_SPLIT] = UNSURE
    magnitudes = job.catalogues.earthquakes["magnitude"].to_numpy(dtype=np.float64)
    written = _Written()
    with DatasetWriter(folder, RATE_HZ, job.spectrogram, unit=None) as writer:
        reader = _HourReader(job, starts, splits, tally, written)
        signals = choose_signals(labels, magnitudes, job.settings, rng)
        reader.write(writer, signals, rng, progress)
        noise = choose_noise(labels, written.noise_wanted(), splits, rng)
        reader.write(writer, noise, rng, progress)
    counts = Counter[tuple[str, str]]()
    for (_, split, label), count in written.counts.items():
        counts[split, LABEL_NAMES[label]] += count
    return Outcome(dict(sorted(counts.items())), tally.table())


def _splits(
    job: LabelJob, starts: NDArray[np.datetime64], rng: np.random.Generator
) -> tuple[NDArray[np.int8], FloatArray]:
    """(station, window) place in ``SPLITS``, and (window,) how far training may shift; NaN over midnight.

    Stations that test do so on the days that test: what they recorded on others, other stations train on.
    Without such days they test on all.
    """
    settings = job.settings
    numbers = starts.astype(np.int64)
    moved = job.catalogues.tremor["time"].to_numpy(dtype="datetime64[ns]").astype(np.int64) // NS_DAY
    by_day = split_of_days(numbers // NS_DAY, moved, settings, rng)
    of_day = np.array([SPLITS.index(by_day[day]) for day in (numbers // NS_DAY).tolist()], dtype=np.int8)
    splits = np.tile(of_day, (len(job.feed.network), 1))
    tests = _test_stations(job.feed.network.codes, settings)
    test = SPLITS.index("test")
    splits[tests] = np.where((of_day == test) | (not (of_day == test).any()), test, NO_SPLIT)
    margin_ns = round(settings.margin_s * 1e9)
    begins, ends = numbers - margin_ns, numbers + margin_ns + round(job.spectrogram.window_s * 1e9)
    margins_s = np.where(of_day == SPLITS.index("train"), settings.margin_s, 0.0)
    return splits, np.where(begins // NS_DAY == (ends - 1) // NS_DAY, margins_s, np.nan)


def write_labelled_archive(
    config: str | Path,
    catalogues: tuple[Path, Path],
    folder: str | Path,
    settings: LabelSettings | None = None,
    seed: int = 1,
    progress: Sequence[Progress | None] = (None, None),
) -> Outcome:
    """Write the dataset of the archive that a settings file names.

    Parameters
    ----------
    config
        Settings file; its sections ``archive`` and ``velocity`` count.
    catalogues
        Of tremor (any format of ``read_catalog``) and of earthquakes (``read_earthquakes``).
    folder
        For the dataset.
    settings, seed
        As in ``LabelJob``.
    progress
        Called with the files indexed, and the hours read.

    Raises
    ------
    TremorflowError
        Settings, archive or catalogues that do not serve.
    """
    given = read_settings(config)
    tables = read_catalog(catalogues[0]), read_earthquakes(catalogues[1])
    archive = open_settings_archive(given.archive, progress[0])
    tally = Tally()
    network = choose_stations(archive, given.archive, tally)
    place = given.archive.orientations
    model = read_velocity_model(given.velocity.model)
    depths = np.arange(0.0, DEEPEST_KM + 1, 5.0)
    p_times, s_times = (station_travel_times(model, network, depths, REACH_KM, phase) for phase in "PS")
    job = LabelJob(
        ArchiveFeed(archive, network),
        choose_span(runs_of(archive, network), given.archive),
        Catalogues(*tables, p_times, s_times),
        read_orientations(place) if place else {},
        settings or LabelSettings(),
        SpectrogramSettings(),
        seed,
    )
    found = write_archive_dataset(folder, job, progress[1], tally)
    archive.close()
    return found


class _HourReader:
    """Reads the hours in which chosen windows lie, and writes those windows that bear their label out."""

    def __init__(
        self,
        job: LabelJob,
        starts: NDArray[np.datetime64],
        splits: NDArray[np.int8],
        tally: Tally,
        written: _Written,
    ) -> None:
        self._job, self._starts, self._splits = job, starts, splits
        self._tally, self._written = tally, written

    def write(
        self,
        writer: DatasetWriter,
        chosen: pd.DataFrame,
        rng: np.random.Generator,
        progress: Progress | None,
    ) -> None:
        """Write windows hour by hour, in random order: what the cap leaves out is no season."""
        hours = self._starts[chosen["window"]].astype(np.int64) // round(HOUR_S * 1e9)
        order = [int(hour) for hour in rng.permutation(np.unique(hours))]
        rows_of = chosen.groupby(hours).indices
        for done, hour in enumerate(order, start=1):
            rows = self._within_cap(chosen.iloc[rows_of[hour]])
            if len(rows):
                for batch in self._read_hour(hour, rows):
                    writer.add(batch)
            if progress is not None:
                progress(done, len(order))

    def _within_cap(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Leave out rows of stations that have enough windows of their label."""
        rank = rows.groupby(["station", "label"]).cumcount()
        pairs = rows[["station", "label"]].itertuples(index=False)
        room = [self._written.room(int(k), int(label), self._job.settings.cap) for k, label in pairs]
        return rows[rank < room]

    def _read_hour(self, hour: int, rows: pd.DataFrame) -> Iterator[WindowBatch]:
        """Windows of one hour that stand out as they should, cut with their margins."""
        job = self._job
        begin = np.datetime64(hour * round(HOUR_S * 1e9), "ns")
        margin_s = max(AROUND_S, job.settings.margin_s) + job.spectrogram.window_s
        span = begin - timedelta(job.spectrogram.background_s), begin + timedelta(HOUR_S + margin_s)
        stations = [int(k) for k in np.unique(rows["station"])]
        for first in range(0, len(stations), TOGETHER):
            group = stations[first : first + TOGETHER]
            for station, reading in zip(group, job.feed.read(group, *span), strict=True):
                batch = self._read_station(rows[rows["station"] == station], reading)
                if batch is not None:
                    yield batch

    def _read_station(self, rows: pd.DataFrame, reading: StationReading) -> WindowBatch | None:
        """Windows of one station in one hour; None if there are none."""
        job = self._job
        station = int(rows["station"].iloc[0])
        code = job.feed.network.codes[station]
        wanted = self._starts[rows["window"]]
        self._tally.add_skips(reading.skips)
        if reading.waveforms is None:
            self._tally.add(code, "no recording", len(rows), 0.0, str(wanted[0]))
            return None
        try:
            moved = motion_at_rate(reading, job.orientations, self._tally, code)
            spectrograms = compute_spectrograms(moved, job.spectrogram)
        except DataError as error:
            self._tally.add(code, str(error), len(rows), 0.0, str(wanted[0]))
            return None
        spectra = cut_windows(spectrograms, wanted, job.spectrogram)
        snr = measure_snr(spectrograms, wanted, job.spectrogram)
        whole = by_role(moved)
        noise = (rows["label"] == 0).to_numpy()
        quiet = np.ones(len(rows), dtype=np.bool_)
        quiet[noise] = [_is_quiet(whole, moved.start_time, start, job) for start in wanted[noise]]
        kept = self._accepted(rows, snr, spectra.completeness, quiet, code)
        if not kept.any():
            return None
        samples = np.stack([_cut(whole, moved.start_time, start, job, 0.0) for start in wanted[kept]])
        table = self._describe(rows[kept], snr[kept], spectra.context[kept]).assign(trace_unit=moved.unit)
        return WindowBatch(samples, spectra.background[kept], table)

    def _accepted(
        self,
        rows: pd.DataFrame,
        snr: FloatArray,
        completeness: NDArray[np.float32],
        quiet: NDArray[np.bool_],
        code: str,
    ) -> NDArray[np.bool_]:
        """(row,) whether the recording bears the label out; what it does not is counted.

        ``quiet`` (row,) counts for noise alone.
        """
        settings = self._job.settings
        lowest = {1: settings.tremor_snr, 2: settings.earthquake_snr, BOTH: settings.tremor_snr, 0: 0.0}
        kept = np.zeros(len(rows), dtype=np.bool_)
        for k, (station, window, label) in enumerate(
            rows[["station", "window", "label"]].itertuples(index=False)
        ):
            name = LABEL_NAMES[label]
            if completeness[k] < MIN_COMPLETENESS:
                self._tally.add(code, f"{name} window less than half recorded")
            elif label != 0 and not snr[k] >= lowest[label]:
                self._tally.add(code, f"{name} window with SNR below {lowest[label]:g}")
            elif label == 0 and not quiet[k]:
                self._tally.add(code, "noise window with a sharp rise that no catalogue explains")
            else:
                kept[k] = True
                self._written.counts[station, SPLITS[self._splits[station, window]], label] += 1
        return kept

    def _describe(self, rows: pd.DataFrame, snr: FloatArray, context: NDArray[np.float32]) -> pd.DataFrame:
        """Rows of the dataset's table."""
        job, found = self._job, []
        for k, row in enumerate(rows.to_dict("records")):
            station, label = job.feed.network.stations[row["station"]], int(row["label"])
            start = self._starts[row["window"]]
            table = {1: job.catalogues.tremor, 2: job.catalogues.earthquakes}.get(label)
            event = table.iloc[row["event"]] if table is not None else None
            apart = np.nan
            if event is not None:
                place = float(event["latitude"]), float(event["longitude"])
                apart = float(distances_km(*place, station.latitude, station.longitude))
            found.append(
                {
                    "trace_category": LABEL_NAMES[label],
                    "split": SPLITS[self._splits[row["station"], row["window"]]],
                    "station_network_code": station.network,
                    "station_code": station.station,
                    "trace_start_time": f"{start - timedelta(job.settings.margin_s)}Z",
                    "trace_snr": snr[k] if label else np.nan,
                    "trace_kind": AS_RECORDED if label == 0 else LABEL_NAMES[label],
                    "trace_origin": "archive",
                    "trace_group": str(start.astype("datetime64[D]")),
                    "trace_context": float(context[k]),
                    "path_ep_distance_km": apart,
                    "source_magnitude": float(event["magnitude"])
                    if label == 2 and event is not None
                    else np.nan,
                    "station_latitude_deg": station.latitude,
                    "station_longitude_deg": station.longitude,
                    "station_elevation_m": station.elevation_m,
                }
            )
        return pd.DataFrame(found)


def measure_snr(spectrograms: Spectrograms, starts: np.ndarray, settings: SpectrogramSettings) -> FloatArray:
    """(window,) SNR of DEFINITIONS.md: sqrt(power / background power - 1) in 2-8 Hz.

    The background is the 10th percentile of the power of windows within half an hour, of the components of
    which the window holds half or more; NaN if unknown.
    """
    inside = (spectrograms.frequencies_hz >= 2) & (spectrograms.frequencies_hz <= 8)
    power = (10.0 ** spectrograms.log_power[0, :, inside].astype(np.float64)).sum(axis=0)  # (component, time)
    length, step = round(settings.window_s / settings.hop_s), round(POWER_STEP_S / settings.hop_s)
    first = (starts - spectrograms.start_time) / np.timedelta64(1, "s") / settings.hop_s
    reach = round(AROUND_S / settings.hop_s)
    snr = np.full(len(starts), np.nan)
    for k, place in enumerate(np.round(first).astype(int)):
        own = power[:, max(place, 0) : max(place + length, 0)]
        live = np.isfinite(own).sum(axis=1) >= length / 2
        if not live.any():
            continue
        frames = power[live].sum(axis=0)
        means = [
            np.nanmean(part)
            for at in range(place - reach, place + reach + 1, step)
            if at >= 0 and at + length <= len(frames) and np.isfinite(part := frames[at : at + length]).any()
        ]
        here = frames[max(place, 0) : place + length]
        if means and np.isfinite(here).any():
            snr[k] = np.sqrt(max(0.0, float(np.nanmean(here)) / float(np.percentile(means, 10)) - 1))
    return snr


def _cut(
    whole: NDArray[np.float32], begin: np.datetime64, start: np.datetime64, job: LabelJob, before_s: float
) -> NDArray[np.float32]:
    """(3, time) a window, its margins and ``before_s``, of a recording from ``begin`` on; NaN beyond it."""
    margin_s = job.settings.margin_s
    count = round((job.spectrogram.window_s + 2 * margin_s + before_s) * RATE_HZ)
    first = round(seconds(start - timedelta(margin_s + before_s) - begin) * RATE_HZ)
    cut = np.full((len(whole), count), np.nan, dtype=np.float32)
    low, high = max(first, 0), min(first + count, whole.shape[1])
    if low < high:
        cut[:, low - first : high - first] = whole[:, low:high]
    return cut


def _is_quiet(whole: NDArray[np.float32], begin: np.datetime64, start: np.datetime64, job: LabelJob) -> bool:
    """Whether nothing rises in a window and its margins as an earthquake does.

    Gaps are allowed, as in the other classes; every stretch between them is looked at from its
    ``SCREEN_FROM_S`` on.
    """
    samples = _cut(whole, begin, start, job, SCREEN_FROM_S)
    live = samples[np.isfinite(samples).any(axis=1)]
    edges = np.flatnonzero(np.diff(np.isfinite(live).all(axis=0), prepend=False, append=False))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        rest_s = (last - first) / RATE_HZ - SCREEN_FROM_S
        if rest_s >= 1 and not len(quiet_starts(live[:, first:last], RATE_HZ, rest_s)):
            return False
    return True


def _test_stations(codes: Sequence[str], settings: LabelSettings) -> NDArray[np.bool_]:
    """(station,) whether it only tests."""
    for name in settings.test_stations:
        if not any(code.startswith(name) for code in codes):
            raise DataError(
                f"test_stations: no station begins with {name!r}; give codes like {', '.join(codes[:3])}"
            )
    return np.array([code.startswith(settings.test_stations) for code in codes])
