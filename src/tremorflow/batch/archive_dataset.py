"""``tremorflow dataset archive``: a user's recordings and catalogues -> labelled windows on disk."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tremorflow.batch.classify import HOUR_S, PREPROCESS, ArchiveFeed, Span, StationFeed
from tremorflow.batch.own_noise import RATE_HZ, by_role
from tremorflow.batch.recordings import (
    Tally,
    choose_span,
    choose_stations,
    ground_motion,
    open_settings_archive,
    runs_of,
)
from tremorflow.catalog.earthquakes import read_earthquakes
from tremorflow.catalog.formats import read_catalog
from tremorflow.classifier.dataset import AS_RECORDED, DatasetWriter, WindowBatch
from tremorflow.classifier.inputs import cut_windows, window_starts
from tremorflow.classifier.labels import (
    LABEL_NAMES,
    Arrivals,
    Labels,
    LabelSettings,
    choose_windows,
    empty_labels,
    is_seen,
    mark_busy,
    mark_event,
    near_stations,
    split_of_days,
)
from tremorflow.classifier.mixing import quiet_starts
from tremorflow.errors import DataError
from tremorflow.geodesy import distances_km
from tremorflow.io.archive import StationReading
from tremorflow.io.index import Progress as FileProgress
from tremorflow.io.orientation import Orientation, read_orientations
from tremorflow.preprocess import resample
from tremorflow.records import FloatArray, Spectrograms, seconds, timedelta
from tremorflow.settings import read_settings
from tremorflow.spectrogram import SpectrogramSettings, compute_spectrograms
from tremorflow.traveltime import read_velocity_model, station_travel_times
from tremorflow.traveltime.stations import StationTravelTimes

STATIONS_AT_ONCE = 25  # read together: a file of many stations is opened once for them
AROUND_S = 1800.0  # on either side of a window that its SNR refers to (DEFINITIONS.md)
BEFORE_S = 60.0  # that a rise within a window is compared with
POWER_STEP_S = 60.0
EARTHQUAKE_S = 60.0  # after S in which an earthquake's coda keeps a window from being noise
DEEPEST_KM, REACH_KM = 200.0, 1000.0  # of travel times; deeper earthquakes are not used
NS_DAY = 86400 * 10**9
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LabelJob:
    """Everything that an archive's dataset follows from.

    ``tremor`` is an event table with ``start_time`` and ``end_time`` (or ``time`` and ``duration_s``),
    ``earthquakes`` a table of ``read_earthquakes``; ``p_times`` and ``s_times`` go to the stations of the
    feed.
    """

    feed: StationFeed
    span: Span
    tremor: pd.DataFrame
    earthquakes: pd.DataFrame
    p_times: StationTravelTimes
    s_times: StationTravelTimes
    orientations: dict[str, Orientation]
    settings: LabelSettings
    spectrogram: SpectrogramSettings
    seed: int = 1


class Outcome(NamedTuple):
    """Windows written by split and class, and what was left out (``recordings.SKIP_COLUMNS``)."""

    counts: dict[tuple[str, str], int]
    skips: pd.DataFrame

    def text(self) -> str:
        """Say in a few lines what was written and what was not."""
        lines = [f"{split:6s} {category:11s} {count}" for (split, category), count in self.counts.items()]
        reasons = self.skips.groupby("reason", sort=False)["count"].sum().sort_values(ascending=False)
        return "\n".join(lines + [f"skipped {count} x {reason}" for reason, count in reasons.head(8).items()])


def write_archive_dataset(folder: str | Path, job: LabelJob, progress: Progress | None = None) -> Outcome:
    """Write the labelled windows of an archive.

    Raises
    ------
    DataError
        No event of the catalogues lies in the span, or the folder cannot be written.
    """
    starts = window_starts(*job.span, job.spectrogram)
    tally = Tally()
    labels = label_windows(job, starts, tally)
    rng = np.random.default_rng(job.seed)
    chosen = choose_windows(
        labels, job.earthquakes["magnitude"].to_numpy(dtype=np.float64), job.settings, rng
    )
    days = starts.astype(np.int64) // NS_DAY
    splits = split_of_days(days, job.settings, rng)
    chosen["split"] = [splits[int(day)] for day in days[chosen["window"]]]
    tests = [_is_test(code, job.settings) for code in job.feed.network.codes]
    chosen.loc[np.array(tests)[chosen["station"]], "split"] = "test"
    chosen["hour"] = starts[chosen["window"]].astype(np.int64) // round(HOUR_S * 1e9)
    counts: Counter[tuple[str, str]] = Counter()
    hours = chosen.groupby("hour", sort=True)
    with DatasetWriter(folder, RATE_HZ, job.spectrogram, "mixed") as writer:
        for done, (_, rows) in enumerate(hours, start=1):
            for batch in _measure_hour(job, starts, rows, tally):
                writer.add(batch)
                counts.update(zip(batch.table["split"], batch.table["trace_category"], strict=True))
            if progress is not None:
                progress(done, hours.ngroups)
    return Outcome(dict(sorted(counts.items())), tally.table())


def write_labelled_archive(
    config: str | Path,
    catalogues: tuple[Path, Path],
    folder: str | Path,
    test_stations: tuple[str, ...] = (),
    seed: int = 1,
    progress: tuple[FileProgress | None, Progress | None] = (None, None),
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
    test_stations, seed
        As in ``LabelSettings`` and ``LabelJob``.
    progress
        Called with the files indexed, and the hours read.

    Raises
    ------
    TremorflowError
        Settings, archive or catalogues that do not serve.
    """
    settings = read_settings(config)
    tremor, earthquakes = read_catalog(catalogues[0]), read_earthquakes(catalogues[1])
    archive = open_settings_archive(settings.archive, progress[0])
    tally = Tally()
    network = choose_stations(archive, settings.archive, tally)
    place = settings.archive.orientations
    model = read_velocity_model(settings.velocity.model)
    depths = np.arange(0.0, DEEPEST_KM + 1, 5.0)
    p_times, s_times = (station_travel_times(model, network, depths, REACH_KM, phase) for phase in "PS")
    job = LabelJob(
        ArchiveFeed(archive, network),
        choose_span(runs_of(archive, network), settings.archive),
        tremor,
        earthquakes[earthquakes["depth_km"].between(0, DEEPEST_KM)].reset_index(drop=True),
        p_times,
        s_times,
        read_orientations(place) if place else {},
        LabelSettings(test_stations=test_stations),
        SpectrogramSettings(),
        seed,
    )
    found = write_archive_dataset(folder, job, progress[1])
    archive.close()
    return found


def label_windows(job: LabelJob, starts: np.ndarray, tally: Tally) -> Labels:
    """Labels that the catalogues give to the windows of all stations; events outside the span are counted."""
    network, settings = job.feed.network, job.settings
    labels = empty_labels(len(network), len(starts))
    start = job.span[0]
    starts_s = (starts - start) / np.timedelta64(1, "s")
    end_s = seconds(job.span[1] - start)
    used = Counter[str]()
    for kind, table in (("tremor", job.tremor), ("earthquake", job.earthquakes)):
        for row, event in enumerate(table.to_dict("records")):
            event_s = _event_span_s(event, kind, start)
            if not (event_s[0] < end_s and event_s[1] > 0):
                tally.add("", f"{kind} outside the span of the archive", 1, 0.0, str(event["time"]))
                continue
            used[kind] += 1
            place = float(event["latitude"]), float(event["longitude"])
            near = near_stations(network, *place, settings.quiet_km)
            last_s = event_s[1] + (EARTHQUAKE_S if kind == "earthquake" else 0.0)
            mark_busy(
                labels, starts_s, job.spectrogram.window_s, (event_s[0], last_s), near, settings.quiet_s
            )
            arrivals = _arrivals(job, event, kind, event_s)
            cover_s = settings.cover_s if kind == "tremor" else 0.0
            mark_event(labels, starts_s, job.spectrogram.window_s, arrivals, kind, row, cover_s)
    if not used:
        raise DataError(
            f"no tremor and no earthquake of the catalogues lies between {job.span[0]} and {job.span[1]}, "
            "the span of the recordings; give catalogues of that time (in UTC)"
        )
    return labels


def _event_span_s(event: dict[Any, Any], kind: str, start: np.datetime64) -> tuple[float, float]:
    """First and last source time of an event, in seconds after ``start``; of an earthquake the same."""
    time_s = seconds(pd.Timestamp(event["time"]).to_datetime64() - start)
    if kind == "earthquake":
        return time_s, time_s
    if pd.notna(event.get("start_time")) and pd.notna(event.get("end_time")):
        first, last = (pd.Timestamp(event[name]).to_datetime64() for name in ("start_time", "end_time"))
        return seconds(first - start), seconds(last - start)
    half_s = float(event["duration_s"]) / 2 if pd.notna(event.get("duration_s")) else 0.0
    return time_s - half_s, time_s + half_s


def _arrivals(job: LabelJob, event: dict[Any, Any], kind: str, event_s: tuple[float, float]) -> Arrivals:
    """When an event is seen: S of tremor from its first to its last, P and S of an earthquake."""
    network = job.feed.network
    place = [[float(event[name])] for name in ("latitude", "longitude", "depth_km")]
    s_times = job.s_times.times(*place)[:, 0]
    distances = distances_km(place[0][0], place[1][0], network.latitudes, network.longitudes)
    if kind == "tremor":
        seen = distances <= job.settings.tremor_distance_km
        first, last = event_s[0] + s_times, event_s[1] + s_times
    else:
        seen = is_seen(np.full(len(network), float(event["magnitude"])), distances)
        first, last = event_s[0] + job.p_times.times(*place)[:, 0], event_s[0] + s_times
    return Arrivals(np.where(seen, first, np.nan), np.where(seen, last, np.nan), distances)


def _measure_hour(
    job: LabelJob, starts: np.ndarray, rows: pd.DataFrame, tally: Tally
) -> Iterator[WindowBatch]:
    """Windows of one hour that stand out as they should, cut with their margins."""
    begin = np.datetime64(int(rows["hour"].iloc[0]) * round(HOUR_S * 1e9), "ns")
    margin_s = max(AROUND_S, job.settings.margin_s) + job.spectrogram.window_s
    span = begin - timedelta(job.spectrogram.background_s), begin + timedelta(HOUR_S + margin_s)
    stations = [int(k) for k in np.unique(rows["station"])]
    for first in range(0, len(stations), STATIONS_AT_ONCE):
        group = stations[first : first + STATIONS_AT_ONCE]
        for station, reading in zip(group, job.feed.read(group, *span), strict=True):
            mine = rows[rows["station"] == station]
            batch = _measure_station(job, starts, mine, reading, tally)
            if batch is not None:
                yield batch


def _measure_station(
    job: LabelJob, starts: np.ndarray, rows: pd.DataFrame, reading: StationReading, tally: Tally
) -> WindowBatch | None:
    """Windows of one station in one hour; None if there are none."""
    code = job.feed.network.codes[int(rows["station"].iloc[0])]
    when = str(starts[int(rows["window"].iloc[0])])
    for skip in reading.skips:
        tally.add_skip(skip)
    if reading.waveforms is None:
        tally.add(code, "no recording", len(rows), 0.0, when)
        return None
    try:
        moved = resample(ground_motion(reading, job.orientations, tally, PREPROCESS), RATE_HZ)
        spectrograms = compute_spectrograms(moved, job.spectrogram)
    except DataError as error:
        tally.add(code, str(error), len(rows), 0.0, when)
        return None
    wanted = starts[rows["window"]]
    spectra = cut_windows(spectrograms, wanted, job.spectrogram)
    snr = measure_snr(spectrograms, wanted, job.spectrogram)
    whole = by_role(moved)
    samples = np.stack([_cut(whole, moved.start_time, start, job) for start in wanted])
    kept = _accepted(job, rows, snr, spectra.completeness, samples, code, tally)
    if not kept.any():
        return None
    table = _describe(job, rows[kept], wanted[kept], snr[kept], spectra.context[kept])
    return WindowBatch(samples[kept], spectra.background[kept], table)


def measure_snr(spectrograms: Spectrograms, starts: np.ndarray, settings: SpectrogramSettings) -> FloatArray:
    """(window,) SNR of DEFINITIONS.md: sqrt(power / background power - 1) in 2-8 Hz.

    The background is the 10th percentile of the power of windows within half an hour; NaN if unknown.
    """
    inside = (spectrograms.frequencies_hz >= 2) & (spectrograms.frequencies_hz <= 8)
    power = (10.0 ** spectrograms.log_power[0, :, inside].astype(np.float64)).sum(axis=0)  # (component, time)
    live = np.isfinite(power).mean(axis=-1) > 0
    frames = power[live].sum(axis=0) if live.any() else np.full(power.shape[-1], np.nan)
    length, step = round(settings.window_s / settings.hop_s), round(POWER_STEP_S / settings.hop_s)
    first = (starts - spectrograms.start_time) / np.timedelta64(1, "s") / settings.hop_s
    reach = round(AROUND_S / settings.hop_s)
    snr = np.full(len(starts), np.nan)
    for k, place in enumerate(np.round(first).astype(int)):
        means = [
            np.nanmean(part)
            for at in range(place - reach, place + reach + 1, step)
            if at >= 0 and at + length <= len(frames) and np.isfinite(part := frames[at : at + length]).any()
        ]
        own = frames[max(place, 0) : place + length]
        if means and np.isfinite(own).any():
            snr[k] = np.sqrt(max(0.0, float(np.nanmean(own)) / float(np.percentile(means, 10)) - 1))
    return snr


def _cut(whole: np.ndarray, begin: np.datetime64, start: np.datetime64, job: LabelJob) -> np.ndarray:
    """(3, time) a window and its margins, of a recording from ``begin`` on; NaN where it has none."""
    margin_s = job.settings.margin_s
    count = round((job.spectrogram.window_s + 2 * margin_s) * RATE_HZ)
    first = round(seconds(start - timedelta(margin_s) - begin) * RATE_HZ)
    cut = np.full((len(whole), count), np.nan, dtype=np.float32)
    low, high = max(first, 0), min(first + count, whole.shape[1])
    if low < high:
        cut[:, low - first : high - first] = whole[:, low:high]
    return cut


def _accepted(
    job: LabelJob,
    rows: pd.DataFrame,
    snr: FloatArray,
    completeness: np.ndarray,
    samples: np.ndarray,
    code: str,
    tally: Tally,
) -> np.ndarray:
    """(row,) whether the recording bears the label out; what it does not is counted."""
    settings = job.settings
    lowest = {1: settings.tremor_snr, 2: settings.earthquake_snr, 3: settings.tremor_snr, 0: 0.0}
    kept = np.zeros(len(rows), dtype=bool)
    for k, label in enumerate(rows["label"]):
        name = LABEL_NAMES[label]
        if completeness[k] < 0.5:
            tally.add(code, f"{name} window less than half recorded")
        elif label != 0 and not snr[k] >= lowest[int(label)]:
            tally.add(code, f"{name} window with SNR below {lowest[int(label)]:g}")
        elif label == 0 and not _is_quiet(samples[k], job):
            tally.add(code, "noise window with a sharp rise that no catalogue explains")
        else:
            kept[k] = True
    return kept


def _is_quiet(samples: np.ndarray, job: LabelJob) -> bool:
    """Whether nothing rises in a window as an earthquake does; gaps are allowed."""
    return bool(len(quiet_starts(np.nan_to_num(samples), RATE_HZ, samples.shape[1] / RATE_HZ)))


def _describe(
    job: LabelJob, rows: pd.DataFrame, starts: np.ndarray, snr: FloatArray, context: np.ndarray
) -> pd.DataFrame:
    """Rows of the dataset's table."""
    stations = job.feed.network.stations
    found = []
    for k, row in enumerate(rows.to_dict("records")):
        station, label = stations[row["station"]], int(row["label"])
        table = {1: job.tremor, 2: job.earthquakes}.get(label)
        event = table.iloc[row["event"]] if table is not None else None
        apart = np.nan
        if event is not None:
            place = float(event["latitude"]), float(event["longitude"])
            apart = float(distances_km(*place, station.latitude, station.longitude))
        found.append(
            {
                "trace_category": LABEL_NAMES[label],
                "split": row["split"],
                "station_network_code": station.network,
                "station_code": station.station,
                "trace_start_time": f"{starts[k] - timedelta(job.settings.margin_s)}Z",
                "trace_snr": snr[k] if label else np.nan,
                "trace_kind": AS_RECORDED if label == 0 else LABEL_NAMES[label],
                "trace_origin": "archive",
                "trace_group": str(starts[k].astype("datetime64[D]")),
                "trace_context": float(context[k]),
                "path_ep_distance_km": apart,
                "source_magnitude": float(event["magnitude"]) if label == 2 and event is not None else np.nan,
                "station_latitude_deg": station.latitude,
                "station_longitude_deg": station.longitude,
                "station_elevation_m": station.elevation_m,
            }
        )
    return pd.DataFrame(found)


def _is_test(code: str, settings: LabelSettings) -> bool:
    return any(code.startswith(name) for name in settings.test_stations)
