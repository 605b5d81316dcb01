"""CPU seconds from miniSEED files to probabilities for one station-day, stage by stage, and memory.

    python benchmarks/speed/classify.py [--repeat 3]

Writes SDS trees of 3 components at 100 Hz (Steim2, 512-byte records) of noise into a temporary folder: one
station and one day, two days, and two stations. All on one thread; imports, reading the weights and writing
are not counted; medians. ``whole`` is what ``tremorflow classify`` does between opening the archive and
writing the table, the hour before the day included as far as there is one; ``decode_only`` is what pymseed
takes to decode the same files and do nothing with them. Memory is the peak of a process of its own, libraries
included. Ends with one JSON object.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from reading import START, cpu_s, decode_with_pymseed, write_days

from tremorflow.batch.classify import ArchiveFeed, classify_recordings, whole_hours
from tremorflow.batch.recordings import Tally, ground_motion
from tremorflow.classifier.infer import Classifier
from tremorflow.classifier.inputs import cut_windows, window_starts
from tremorflow.classifier.weights import read_weights
from tremorflow.io.archive import open_archive
from tremorflow.io.stations import StationMetadata
from tremorflow.preprocess import PreprocessSettings
from tremorflow.records import Network, Station, timedelta
from tremorflow.spectrogram import compute_spectrograms

DAY_S = 86400.0
BAR_CPU_S, BAR_MB = 1.7, 500
CODES = ("AAA", "BBB")
NETWORK = Network(tuple(Station("XX", name, 48.0, -123.0, 10.0) for name in CODES))


def make_feed(root: Path) -> ArchiveFeed:
    archive = open_archive(root, stations=StationMetadata(NETWORK))
    return ArchiveFeed(archive, archive.network)


def stages(feed: ArchiveFeed, repeat: int) -> dict[str, float]:
    """CPU seconds of each stage for the day of the first station, hour by hour as it is done."""
    weights = read_weights()
    settings, classifier = weights.spectrogram, Classifier(weights)
    hours = whole_hours(START, START + timedelta(DAY_S))
    spans = [(hour - timedelta(1.0), hour + timedelta(3605.0)) for hour in hours]
    readings = [next(feed.read([0], *span)) for span in spans]
    motions = [ground_motion(one, {}, Tally(), PreprocessSettings()) for one in readings]
    spectrograms = [compute_spectrograms(one, settings) for one in motions]
    log_power = np.concatenate([one.log_power[..., :3600] for one in spectrograms], axis=-1)
    day = spectrograms[0].__class__(
        *(
            NETWORK.subset([0]),
            log_power,
            settings.frequencies_hz,
            spectrograms[0].start_time,
            4.0,
            1.0,
            "count",
        )
    )
    starts = window_starts(START, START + timedelta(DAY_S), settings)
    spectra = cut_windows(day, starts, settings)
    return {
        "read": cpu_s(lambda: [next(feed.read([0], *span)) for span in spans], repeat),
        "bad_samples_and_units": cpu_s(
            lambda: [ground_motion(one, {}, Tally(), PreprocessSettings()) for one in readings], repeat
        ),
        "spectrograms": cpu_s(lambda: [compute_spectrograms(one, settings) for one in motions], repeat),
        "windows_and_background": cpu_s(lambda: cut_windows(day, starts, settings), repeat),
        "network": cpu_s(lambda: classifier.classify(spectra), repeat),
    }


def whole(feed: ArchiveFeed, days: int) -> None:
    """Everything, as ``tremorflow classify`` does it."""
    found = classify_recordings(feed, read_weights(), (START, START + timedelta(days * DAY_S)))
    assert np.isfinite(found.probabilities.values).all()


def write_second_station(root: Path) -> None:
    """Copy of the first station's files under another name."""
    for path in sorted(root.glob("*/XX/AAA/*/*")):
        target = Path(str(path).replace("AAA", "BBB"))
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        records = [bytearray(content[k : k + 512]) for k in range(0, len(content), 512)]
        for record in records:
            record[8:13] = b"BBB  "
        target.write_bytes(b"".join(records))


def peak_mb(root: Path) -> float:
    """Peak memory of a fresh process that classifies the day (Linux: VmHWM, which no parent adds to)."""
    code = f"import classify, pathlib; classify.whole(classify.make_feed(pathlib.Path({str(root)!r})), 1); "
    code += "print(next(x for x in open('/proc/self/status') if x.startswith('VmHWM')).split()[1])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    return float(run.stdout.split()[-1]) / 1024


def measure(repeat: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        roots = {name: Path(folder) / name for name in ("one", "days", "stations")}
        files = write_days(roots["one"], 1)
        write_days(roots["days"], 2)
        write_days(roots["stations"], 1)
        write_second_station(roots["stations"])
        feeds = {name: make_feed(root) for name, root in roots.items()}
        whole(feeds["one"], 1)  # travel times, sessions and files are warm
        parts = stages(feeds["one"], repeat)
        total = {
            "one": cpu_s(lambda: whole(feeds["one"], 1), repeat),
            "days": cpu_s(lambda: whole(feeds["days"], 2), repeat),
            "stations": cpu_s(lambda: whole(feeds["stations"], 1), repeat),
        }
        decode = cpu_s(lambda: decode_with_pymseed(files), repeat)
        memory = peak_mb(roots["one"])
    return {
        "data": "made noise, 3 components, 100 Hz, miniSEED",
        "weights": read_weights().hash,
        "cpu_s_per_station_day": {name: round(value, 3) for name, value in parts.items()},
        "cpu_s_whole": round(total["one"], 3),
        "cpu_s_decode_only": round(decode, 3),
        "whole_over_decode": round(total["one"] / decode, 1),
        "two_days_over_one": round(total["days"] / total["one"], 2),
        "two_stations_over_one": round(total["stations"] / total["one"], 2),
        "peak_mb": round(memory),
        "bar_cpu_s": BAR_CPU_S,
        "bar_mb": BAR_MB,
        "bar_reached": bool(total["one"] <= BAR_CPU_S and memory <= BAR_MB),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().repeat), indent=2))
