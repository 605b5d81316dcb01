"""Networks put together in memory from real recordings, for benchmarks of the whole chain.

Noise is real and of the test split (``tools/shared_data.py``): Puerto Rico (three components) at three of
four stations, one component of California HEC or undervolc UV10 at the rest. A station keeps one recording,
cut into pieces of 15 to 30 minutes at random times and joined over 2 s; two stations that share a recording
never hear the same 10 minutes at once. Every recording is scaled to one median level in 2-8 Hz, so that SNR
follows from the motion alone. Whatever else the recordings hold, local earthquakes and traffic, stays in.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import shared_data
from shared_data import at_rate

from tremorflow.analysis import Association, associate_windows, finish_catalog, locate_groups
from tremorflow.batch.run import prepare_grid
from tremorflow.batch.signals import HourAnalyser, SignalFolder, make_signals
from tremorflow.classifier.mixing import band_passed
from tremorflow.classifier.weights import read_weights
from tremorflow.geodesy import distances_km
from tremorflow.io.archive import StationReading
from tremorflow.preprocess import select_horizontals
from tremorflow.records import CLASSES, Channel, Network, Waveforms, seconds, timedelta
from tremorflow.settings import Settings

RATE_HZ = 25.0
HOUR = 3600.0
NOISE_M_S = 3e-8  # root-sum-square of the components in 2-8 Hz, median: quiet land
PIECE_S = (900.0, 1800.0)
LONGEST = 0.4  # of a recording, a piece: longer ones leave no room for other stations
APART_S = 600.0
JOIN_S = 2.0
SHARE_THREE = 0.75  # of stations that record three components, as in the benchmark of single windows
SHARE_THREE_TRAINING = 0.25  # there are 45 minutes of two such stations
SNR_WINDOW_S, SNR_STEP_S = 120.0, 30.0
ACTIVE_S = 300.0
MIN_LFES, MIN_STATIONS, MIN_SNR = 3, 6, 2.0  # of an active window (DEFINITIONS.md)
RIGHT_KM, MATCH_S = 10.0, 150.0
CHANNELS = ("HHE", "HHN", "HHZ")


# --- noise --------------------------------------------------------------------------------------------------


class NoiseBank:
    """Real noise of one use, at one rate and level, cut for stations of a network."""

    def __init__(self, use: str) -> None:
        self.share_three = SHARE_THREE if use == "test" else SHARE_THREE_TRAINING
        found = [*shared_data.puerto_rico(), *shared_data.single_component()]
        self.three: list[np.ndarray] = []
        self.one: list[np.ndarray] = []
        for one in found:
            if one.use == use and one.source not in ("Darfield", "teleseism"):
                samples = allowed(at_rate(one, RATE_HZ), one.spans_s)
                kind = self.three if one.source == "Puerto Rico" else self.one
                kind += [scaled(part) for part in samples]

    def draw(self, count: int, length_s: float, rng: np.random.Generator) -> np.ndarray:
        """(station, 3, time) noise of a network, NaN in components that are not recorded."""
        total = round(length_s * RATE_HZ)
        samples = np.full((count, 3, total), np.nan, dtype=np.float32)
        used: list[tuple[int, int, int, int]] = []  # recording, first and last sample, lag into the recording
        three = rng.permutation(np.arange(count) < round(self.share_three * count))
        for station in range(count):
            kind = self.three if three[station] else self.one
            for _ in range(200):
                recording = kind[rng.integers(len(kind))]
                pieces = draw_pieces(id(recording), recording.shape[1], total, used, rng)
                if pieces is not None:
                    break
            else:
                raise RuntimeError(f"no {length_s:g} s of noise for {count} stations")
            used += pieces
            samples[station] = joined(recording, pieces)
        return samples


def allowed(samples: np.ndarray, spans_s: Sequence[tuple[float, float]]) -> list[np.ndarray]:
    """Stretches of a recording that its use allows, of a quarter of an hour or more."""
    spans: list[tuple[float, float]] = []
    for begin, end in spans_s:
        if spans and spans[-1][1] == begin:
            begin = spans.pop()[0]  # noqa: PLW2901
        spans.append((begin, end))
    ends = [[round(min(t * RATE_HZ, samples.shape[1])) for t in span] for span in spans]
    return [samples[:, first:last] for first, last in ends if last - first >= PIECE_S[0] * RATE_HZ]


def scaled(samples: np.ndarray) -> np.ndarray:
    """(3, time) at the reference level."""
    power = window_power(samples, SNR_WINDOW_S)
    return (samples * (NOISE_M_S / np.sqrt(np.median(power)))).astype(np.float32)


def draw_pieces(
    name: int, available: int, total: int, used: list[tuple[int, int, int, int]], rng: np.random.Generator
) -> list[tuple[int, int, int, int]] | None:
    """Pieces that fill ``total`` samples and keep 10 minutes from those others have of the same recording."""
    pieces: list[tuple[int, int, int, int]] = []
    first, join = 0, round(JOIN_S * RATE_HZ)
    whole = available >= total + join
    while first < total:
        for _ in range(60):
            length = total if whole else round(min(rng.uniform(*PIECE_S) * RATE_HZ, LONGEST * available))
            length = min(length, total - first, available - join)
            place = int(rng.integers(0, available - length - join + 1))
            one = (name, first, first + length, place - first)
            if not any(clashes(one, other) for other in used):
                break
        else:
            return None
        pieces.append(one)
        first += length
    return pieces


def clashes(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether two pieces let two stations hear nearly the same at once."""
    at_once = one[1] < other[2] and other[1] < one[2]
    return one[0] == other[0] and at_once and abs(one[3] - other[3]) < APART_S * RATE_HZ


def joined(recording: np.ndarray, pieces: list[tuple[int, int, int, int]]) -> np.ndarray:
    """(3, time) pieces one after the other, the next fading in as the last fades out."""
    join = round(JOIN_S * RATE_HZ)
    out = np.zeros((3, pieces[-1][2] + join), dtype=np.float32)
    rise = np.sin(0.5 * np.pi * np.arange(join) / join).astype(np.float32)
    for k, (_, first, last, lag) in enumerate(pieces):
        part = recording[:, first + lag : last + lag + join].copy()
        if k:
            part[:, :join] *= rise
        part[:, -join:] *= rise[::-1]
        out[:, first : last + join] += part
    return out[:, : pieces[-1][2]]


def window_power(samples: np.ndarray, step_s: float) -> np.ndarray:
    """(window,) sum over the components that are there of the power in 2-8 Hz, windows of 120 s."""
    live = np.isfinite(samples).all(axis=1)
    power = (band_passed(samples[live], RATE_HZ) ** 2).sum(axis=0)
    total = np.concatenate([[0.0], np.cumsum(power)])
    count, step = round(SNR_WINDOW_S * RATE_HZ), round(step_s * RATE_HZ)
    firsts = np.arange(0, len(power) - count + 1, step)
    return (total[firsts + count] - total[firsts]) / count


# --- a network and what the chain says of it ----------------------------------------------------------------


@dataclass
class MadeNetwork:
    """Noise and motion (station, 3, time) of a network, in m/s; a ``StationFeed``."""

    network: Network
    start: np.datetime64
    noise: np.ndarray
    motion: np.ndarray
    channels: tuple[tuple[Channel, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.channels = tuple(
            tuple(Channel(s.network, s.station, "", code, code[-1], 1.0) for code in CHANNELS)
            for s in self.network.stations
        )

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        return self.start, self.start + timedelta(self.noise.shape[-1] / RATE_HZ)

    @property
    def contents(self) -> list[bytes]:
        return [repr(self.network).encode()]

    def read(
        self, stations: Sequence[int], begin: np.datetime64, end: np.datetime64
    ) -> Iterator[StationReading]:
        """Give the recordings of stations between two times."""
        first, last = (int(np.ceil(seconds(t - self.start) * RATE_HZ - 1e-6)) for t in (begin, end))
        first, last = max(first, 0), min(last, self.noise.shape[-1])
        for station in stations:
            waveforms = None
            if first < last:
                samples = self.noise[station, :, first:last] + self.motion[station, :, first:last]
                at = self.start + timedelta(first / RATE_HZ)
                one = Network((self.network.stations[station],))
                waveforms = Waveforms(one, ("E", "N", "Z"), samples[None], at, RATE_HZ, "m/s")
            yield StationReading(waveforms, self.channels[station], [])

    def add(self, station: int, first: int, motion: np.ndarray) -> None:
        """Add motion (3, n) from a sample on; what lies outside is cut."""
        low, high = max(first, 0), min(first + motion.shape[1], self.motion.shape[-1])
        if low < high:
            self.motion[station, :, low:high] += motion[:, low - first : high - first]


def empty_network(
    network: Network, start: np.datetime64, length_s: float, bank: NoiseBank, rng: np.random.Generator
) -> MadeNetwork:
    """Network that records noise alone."""
    noise = bank.draw(len(network), length_s, rng)
    return MadeNetwork(network, start, noise, np.zeros_like(noise))


def snr_windows(noise: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """(station, window) SNR of 120 s (DEFINITIONS.md: motion alone over noise alone), every 30 s."""
    rows = []
    for one, signal in zip(noise, motion, strict=True):
        live = np.isfinite(one).all(axis=1)
        rows.append(np.sqrt(window_power(signal[live], SNR_STEP_S) / window_power(one[live], SNR_STEP_S)))
    return np.array(rows)


def best_snr(snr: np.ndarray, first_s: float, length_s: float = ACTIVE_S) -> np.ndarray:
    """(station,) highest SNR of the windows of 120 s that lie within a longer one."""
    first = int(np.ceil(first_s / SNR_STEP_S))
    last = int((first_s + length_s - SNR_WINDOW_S) / SNR_STEP_S)
    return snr[:, first : last + 1].max(axis=1)


@dataclass(frozen=True)
class Found:
    """What the chain made of a network: the catalogue, the events before it, and the groups."""

    events: pd.DataFrame
    detections: pd.DataFrame
    association: Association
    fates: np.ndarray


def run_chain(made: MadeNetwork, settings: Settings) -> Found:
    """DiET with the bundled weights, GrASP and the location of groups, on all of a network's hours."""
    work = HourAnalyser(made, read_weights(), {}, made.span, settings.preprocess)
    with tempfile.TemporaryDirectory() as path:
        folder = SignalFolder(Path(path))
        make_signals(folder, work)
        probabilities, envelopes = folder.probabilities(), folder.envelopes(*made.span)
    grid, settings_hash = prepare_grid(settings, made)
    association = associate_windows(probabilities, settings.association)
    detections, fates = locate_groups(
        select_horizontals(envelopes), association, grid, settings.location, settings_hash
    )
    fates[~association.usable] = "earthquake"
    events = finish_catalog(detections.events, settings.catalog)
    return Found(events, detections.events, association, fates)


def velocity_settings(model: str) -> Settings:
    """Default settings with another velocity model."""
    settings = Settings()
    return replace(settings, velocity=replace(settings.velocity, model=model))


# --- scoring ------------------------------------------------------------------------------------------------


def active_windows(made: MadeNetwork, motion: np.ndarray, lfe: pd.DataFrame) -> pd.DataFrame:
    """Five-minute windows with LFEs: how many, of which places, stations with SNR 2, and whether active.

    ``time`` is the mean of the LFEs'.
    """
    snr = snr_windows(made.noise, motion)
    begin_s = seconds_after(made.start, lfe)
    rows = []
    for number in np.unique(begin_s // ACTIVE_S).astype(int):
        inside = begin_s // ACTIVE_S == number
        best = best_snr(snr, number * ACTIVE_S)
        heard = int((best >= MIN_SNR).sum())
        rows.append(
            {
                "start": made.start + timedelta(number * ACTIVE_S),
                "time": made.start + timedelta(float(begin_s[inside].mean())),
                "n_lfe": int(inside.sum()),
                "heard": heard,
                "active": bool(inside.sum() >= MIN_LFES and heard >= MIN_STATIONS),
                "places": np.unique(lfe.loc[inside, ["latitude", "longitude"]].to_numpy(float), axis=0),
            }
        )
    return pd.DataFrame(rows, columns=["start", "time", "n_lfe", "heard", "active", "places"])


def judge_windows(windows: pd.DataFrame, found: Found) -> pd.DataFrame:
    """The windows with what was found: ``right`` by the catalogue, and stricter and looser readings of it.

    An event is of a window if its time is within 150 s of that of the LFEs in it, or its burst overlaps it
    (the matching of DEFINITIONS.md). ``right_inside`` asks that the burst overlaps the window;
    ``right_unmerged`` asks so too, before duplicates are merged: of overlapping windows the catalogue keeps
    one event.
    """
    rows = []
    for one in windows.itertuples():
        start = np.datetime64(one.start)
        span = start, start + timedelta(ACTIVE_S)
        inside = overlap(found.events, *span)
        mine = found.events[inside | near(found.events, one.time)]
        rows.append(
            {
                "events": len(mine),
                "nearest_km": nearest_km(mine, one.places),
                "right": nearest_km(mine, one.places) <= RIGHT_KM,
                "right_inside": nearest_km(found.events[inside], one.places) <= RIGHT_KM,
                "right_unmerged": nearest_km(found.detections[overlap(found.detections, *span)], one.places)
                <= RIGHT_KM,
            }
        )
    columns = ["events", "nearest_km", "right", "right_inside", "right_unmerged"]
    return pd.concat([windows.reset_index(drop=True), pd.DataFrame(rows, columns=columns)], axis=1)


def called_tremor(made: MadeNetwork, motion: np.ndarray, found: Found) -> np.ndarray:
    """(station, 2) windows of 120 s with SNR 2, and those of them that DiET calls tremor (argmax)."""
    snr, probabilities = snr_windows(made.noise, motion), found.association.probabilities
    begin_s = (probabilities.start_times - made.start) / np.timedelta64(1, "s")
    loud = snr[:, np.round(begin_s / SNR_STEP_S).astype(int)] >= MIN_SNR
    known = np.isfinite(probabilities.values).all(axis=1)
    tremor = np.nan_to_num(probabilities.values).argmax(axis=1) == CLASSES.index("tremor")
    return np.stack([(loud & known).sum(axis=1), (loud & known & tremor).sum(axis=1)], axis=1)


def nearest_km(events: pd.DataFrame, places: np.ndarray) -> float:
    """Distance of the nearest event from any of some places; infinite without any."""
    nearest = np.inf
    for latitude, longitude in places:
        away = distances_km(
            latitude, longitude, events["latitude"].to_numpy(), events["longitude"].to_numpy()
        )
        nearest = min(nearest, float(np.min(away, initial=np.inf)))
    return nearest


def overlap(events: pd.DataFrame, begin: np.datetime64, end: np.datetime64) -> np.ndarray:
    """Whether bursts overlap a span, or their time lies in it."""
    start, stop, time = (utc_times(events, name) for name in ("start_time", "end_time", "time"))
    return ((start < end) & (stop >= begin)) | ((time >= begin) & (time < end))


def near(events: pd.DataFrame, time: np.datetime64) -> np.ndarray:
    """Whether events are within the matching's 150 s of a time."""
    return np.abs(utc_times(events, "time") - np.datetime64(time)) <= timedelta(MATCH_S)


def seconds_after(start: np.datetime64, table: pd.DataFrame) -> np.ndarray:
    """(row,) seconds of the times of a table after a time."""
    return np.array([seconds(np.datetime64(t) - start) for t in table["time"]], dtype=float)


def utc_times(events: pd.DataFrame, name: str) -> np.ndarray:
    """Column of times, in UTC, as ``datetime64[ns]``."""
    column = pd.to_datetime(events[name], utc=True).dt.tz_localize(None)
    return column.to_numpy().astype("datetime64[ns]")
