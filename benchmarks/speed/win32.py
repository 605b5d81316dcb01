"""CPU time of WIN32 for one station-day: three components at 100 Hz, 86,400 one-second blocks.

Prints one line of JSON. The bar of the project is one CPU-second to read the day.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tremorflow.io.win32 import read_win32, scan_win32, write_win32
from tremorflow.records import Segment, utc

SECONDS = 86_400
RATE_HZ = 100
REPEATS = 5
BAR_S = 1.0


def station_day(seed: int) -> list[Segment]:
    """Noise whose steps look like Hi-net's (median 10 to 35 counts), with bursts that need wider samples."""
    rng = np.random.default_rng(seed)
    n = SECONDS * RATE_HZ
    segments = []
    for channel in range(3):
        noise = np.convolve(rng.normal(size=n + 2), np.ones(3), mode="valid") * 14
        bursts = np.repeat(rng.random(SECONDS // 10) < 0.1, 10 * RATE_HZ)
        samples = np.where(bursts, 50 * noise, noise).astype(np.int32)
        segments.append(
            Segment("WIN32", f"{0x3E83 + channel:04X}", "0101", "", utc("2020-01-01"), RATE_HZ, samples)
        )
    return segments


def cpu_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return statistics.median(times)


def main() -> None:
    segments = station_day(seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.cnt"
        before = time.process_time()
        write_win32(path, segments)
        write_s = time.process_time() - before
        reading = read_win32(path)
        same = [np.array_equal(a.samples, b.samples) for a, b in zip(segments, reading.segments, strict=True)]
        scan_s, read_s = cpu_s(lambda: scan_win32(path)), cpu_s(lambda: read_win32(path))
        result = {
            "benchmark": "win32_station_day",
            "seed": 1,
            "repeats": REPEATS,
            "bytes": path.stat().st_size,
            "samples": sum(len(segment.samples) for segment in segments),
            "bit_exact": all(same),
            "scan_cpu_s": round(scan_s, 3),
            "read_cpu_s": round(read_s, 3),
            "write_cpu_s": round(write_s, 3),
            "bar_cpu_s": BAR_S,
            "reached": read_s <= BAR_S,
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
