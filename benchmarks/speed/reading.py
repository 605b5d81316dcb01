"""CPU seconds per station-day: miniSEED through the archive against bare decoding by pymseed and ObsPy.

    python benchmarks/speed/reading.py [--days 1] [--repeat 5]

Writes an SDS tree of one station (3 components, 100 Hz, Steim2, 512-byte records) into a temporary folder and
prints JSON. All in one process, one thread; set-up, imports and writing are not counted; medians.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pymseed

from tremorflow.io.archive import Archive, open_archive
from tremorflow.io.index import INDEX_NAME
from tremorflow.io.miniseed import forget_files
from tremorflow.io.stations import StationMetadata
from tremorflow.records import Network, Station, timedelta, utc

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import obspy

START = utc("2020-05-24T00:00:00Z")
RATE_HZ = 100.0
DAY_S = 86400.0
STATIONS = StationMetadata(Network((Station("XX", "AAA", 48.0, -123.0, 10.0),)))


def write_days(root: Path, n_days: int) -> list[Path]:
    """SDS files of noise that compresses as quiet broadband recordings do (0.8 bytes a sample)."""
    rng = np.random.default_rng(20200524)
    paths = []
    for day in range(n_days):
        start = obspy.UTCDateTime("2020-05-24") + day * DAY_S
        for component in "ENZ":
            steps = rng.normal(scale=6.0, size=round(DAY_S * RATE_HZ))
            header = {"network": "XX", "station": "AAA", "channel": f"HH{component}"}
            trace = obspy.Trace(
                np.cumsum(steps).astype(np.int32), {**header, "sampling_rate": RATE_HZ, "starttime": start}
            )
            folder = root / str(start.year) / "XX" / "AAA" / f"HH{component}.D"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"XX.AAA..HH{component}.D.{start.year}.{start.julday:03d}"
            trace.write(str(path), format="MSEED", encoding="STEIM2", reclen=512)
            paths.append(path)
    return paths


def cpu_s(work: Callable[[], object], repeat: int) -> float:
    """Median CPU time of the work, with no file of the round before in memory."""
    times = []
    for _ in range(repeat):
        forget_files()
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return statistics.median(times)


def read_spans(archive: Archive, n_spans: int, span_s: float) -> None:
    """One station, span after span, on one sampling."""
    for number in range(n_spans):
        start = START + timedelta(number * span_s)
        reading = archive.read_station("XX.AAA", start, start + timedelta(span_s))
        assert reading.waveforms is not None
        assert not np.isnan(reading.waveforms.samples[..., ::1000]).any()


def build_index(root: Path) -> None:
    (root / INDEX_NAME).unlink(missing_ok=True)
    open_archive(root, stations=STATIONS).close()


def decode_with_pymseed(paths: list[Path]) -> None:
    for path in paths:
        for trace in pymseed.MS3TraceList.from_file(str(path), unpack_data=True):
            for segment in trace:
                segment.take_np_datasamples()


def decode_with_obspy(paths: list[Path]) -> None:
    for path in paths:
        obspy.read(str(path), format="MSEED")


def measure(n_days: int, repeat: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = write_days(root, n_days)
        megabytes = sum(path.stat().st_size for path in paths) / 1e6
        archive = open_archive(root, stations=STATIONS)
        seconds = {
            "archive_day_by_day": cpu_s(lambda: read_spans(archive, n_days, DAY_S), repeat),
            "archive_hour_by_hour": cpu_s(lambda: read_spans(archive, 24 * n_days, 3600.0), repeat),
            "pymseed_decode_only": cpu_s(lambda: decode_with_pymseed(paths), repeat),
            "obspy_read_only": cpu_s(lambda: decode_with_obspy(paths), repeat),
            "index_built": cpu_s(lambda: build_index(root), repeat),
            "index_reopened": cpu_s(lambda: open_archive(root, stations=STATIONS).close(), repeat),
        }
        archive.close()
    ours_s = seconds["archive_day_by_day"]
    return {
        "benchmark": "reading",
        "station_days": n_days,
        "components": 3,
        "sampling_rate_hz": RATE_HZ,
        "megabytes": round(megabytes, 1),
        "repeat": repeat,
        "cpu_s_per_station_day": {name: round(value / n_days, 4) for name, value in seconds.items()},
        "archive_over_pymseed": round(ours_s / seconds["pymseed_decode_only"], 2),
        "archive_over_obspy": round(ours_s / seconds["obspy_read_only"], 2),
        "versions": {"obspy": obspy.__version__, "pymseed": pymseed.__version__, "numpy": np.__version__},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.days, arguments.repeat), indent=2))
