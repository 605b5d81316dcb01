"""Files in every format, written by ObsPy, pymseed or our own WIN32 writer, to be read back by ours."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymseed

from tremorflow.io.channel_table import ChannelRow, ChannelTable
from tremorflow.io.win32 import write_win32
from tremorflow.records import Segment, utc

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import obspy

START = utc("2020-05-24T02:00:00Z")
TABLE = ChannelTable(
    tuple(
        ChannelRow(number, 1, 0, f"XX.{station}", name, latitude=48.0, longitude=-123.0, elevation_m=10.0)
        for number, (station, name) in enumerate(
            [(station, name) for station in ("AAA", "BBB") for name in "ENU"], start=0x1000
        )
    )
)


def make_segment(
    *,
    station: str = "AAA",
    channel: str = "HHZ",
    location: str = "",
    start: np.datetime64 = START,
    length_s: float = 60.0,
    rate_hz: float = 100.0,
    seed: int = 0,
    dtype: str = "int32",
) -> Segment:
    """Random walk that is the same for the same seed wherever it is cut."""
    rng = np.random.default_rng(seed)
    samples = np.cumsum(rng.integers(-90, 91, round(length_s * rate_hz))).astype(dtype)
    return Segment("XX", station, location, channel, start, rate_hz, samples)


def stream(segments: Sequence[Segment]) -> "obspy.Stream":
    return obspy.Stream(
        [
            obspy.Trace(
                np.ascontiguousarray(segment.samples),
                {
                    "network": segment.network,
                    "station": segment.station,
                    "location": segment.location,
                    "channel": segment.channel,
                    "sampling_rate": segment.sampling_rate_hz,
                    "starttime": obspy.UTCDateTime(ns=int(segment.start_time.astype("int64"))),
                },
            )
            for segment in segments
        ]
    )


def write_with_obspy(path: Path, segments: Sequence[Segment], name: str, **options: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream(segments).write(str(path), format=name, **options)


def write_miniseed3(path: Path, segments: Sequence[Segment]) -> None:
    traces = pymseed.MS3TraceList()
    for segment in segments:
        traces.add_data(
            sourceid=pymseed.nslc2sourceid(
                segment.network, segment.station, segment.location, segment.channel
            ),
            data_samples=segment.samples,
            sample_type="i",
            sample_rate=segment.sampling_rate_hz,
            starttime=int(segment.start_time.astype("int64")),
        )
    traces.to_file(str(path), format_version=3, max_record_length=512, overwrite=True)


@dataclass(frozen=True)
class Written:
    """A way to write segments, and what of them the format can hold."""

    name: str
    format: str  # key of FORMATS
    write: Callable[[Path, Sequence[Segment]], None]
    dtype: str = "int32"
    channels: tuple[str, ...] = ("HHE", "HHN", "HHZ")
    with_gaps: bool = True
    detects_damage: bool = False
    table: ChannelTable | None = None


def _miniseed(encoding: str, dtype: str, **more: bool) -> Written:
    def write(path: Path, segments: Sequence[Segment]) -> None:
        write_with_obspy(path, segments, "MSEED", encoding=encoding, reclen=512)

    return Written(f"miniseed-{encoding.lower()}", "miniseed", write, dtype, **more)


WRITTEN = (
    _miniseed("STEIM1", "int32", detects_damage=True),
    _miniseed("STEIM2", "int32", detects_damage=True),
    _miniseed("INT32", "int32"),
    _miniseed("FLOAT32", "float32"),
    _miniseed("FLOAT64", "float64"),
    Written("miniseed-3", "miniseed", write_miniseed3, detects_damage=True),
    Written(
        "sac",
        "sac",
        lambda path, segments: write_with_obspy(path, segments, "SAC"),
        "float32",
        ("HHZ",),
        with_gaps=False,
    ),
    Written("slist", "obspy", lambda path, segments: write_with_obspy(path, segments, "SLIST")),
    Written("tspair", "obspy", lambda path, segments: write_with_obspy(path, segments, "TSPAIR")),
    Written(
        "win32",
        "win32",
        lambda path, segments: write_win32(path, segments, TABLE),
        channels=("E", "N", "U"),
        table=TABLE,
    ),
)
BY_NAME = {written.name: written for written in WRITTEN}


def write_sds(root: Path, segments: Sequence[Segment]) -> list[Path]:
    """SDS tree with a file per station, channel and day; a segment over midnight is cut there."""
    paths = []
    for segment in segments:
        for day in np.unique(_days(segment)):
            of_day = _days(segment) == day
            first = int(np.argmax(of_day))
            start = segment.start_time + np.timedelta64(round(first / segment.sampling_rate_hz * 1e9), "ns")
            date = obspy.UTCDateTime(str(day))
            name = (
                f"{segment.network}.{segment.station}.{segment.location}.{segment.channel}.D."
                f"{date.year}.{date.julday:03d}"
            )
            path = root / str(date.year) / segment.network / segment.station / f"{segment.channel}.D" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            part = Segment(
                segment.network,
                segment.station,
                segment.location,
                segment.channel,
                start,
                segment.sampling_rate_hz,
                segment.samples[of_day],
            )
            before = path.read_bytes() if path.exists() else b""
            write_with_obspy(path, [part], "MSEED", encoding="STEIM2", reclen=512)
            path.write_bytes(before + path.read_bytes())
            paths.append(path)
    return paths


def _days(segment: Segment) -> np.ndarray:
    times = np.arange(len(segment.samples)) / segment.sampling_rate_hz
    return (segment.start_time + (times * 1e9).round().astype("timedelta64[ns]")).astype("datetime64[D]")
