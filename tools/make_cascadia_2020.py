"""Make the compact copy of the CC0 envelopes of enveloc 1.2.0 that the demonstration runs on.

Usage: pip install enveloc==1.2.0; python tools/make_cascadia_2020.py

The envelopes come at 5 Hz and hold nothing above 0.4 Hz (low-passed at 0.2 Hz), so 1 Hz is enough; they are
stored as 16-bit integers, each station scaled by its own maximum.
"""

from pathlib import Path

import numpy as np
from enveloc.example_utils import example_data_dir
from obspy import UTCDateTime, read, read_inventory
from scipy.signal import butter, sosfiltfilt

TARGET = Path(__file__).parents[1] / "src/tremorflow/resources/cascadia_2020"
START = UTCDateTime(2020, 5, 24, 2)
BANDS = {"low": "cascadia_long_envelope.mseed", "high": "cascadia_long_hp_envelope.mseed"}


def main() -> None:
    """Write envelopes.npz and stations.csv into the resources of the package."""
    inventory = read_inventory(str(example_data_dir() / "cascadia_long_stations.xml"))
    arrays: dict[str, np.ndarray] = {}
    rows = []
    for band, name in BANDS.items():
        stream = sorted(read(str(example_data_dir() / name)), key=lambda trace: trace.id)
        counts, scales = [], []
        for trace in stream:
            # the file's clock differs by up to 1.6 ms between stations, a thousandth of a sample
            assert abs(trace.stats.starttime - START) < 0.01
            smooth = sosfiltfilt(butter(8, 0.42, fs=5.0, output="sos"), trace.data)[::5]
            scale = float(np.abs(smooth).max()) / 32767
            counts.append(np.round(smooth / scale).astype(np.int16))
            scales.append(scale)
            if band == "low":
                place = inventory.get_coordinates(trace.id, trace.stats.starttime)
                rows.append(
                    f"{trace.stats.network},{trace.stats.station},{place['latitude']:.5f},"
                    f"{place['longitude']:.5f},{place['elevation']:.1f}"
                )
        arrays[f"{band}_counts"] = np.array(counts)
        arrays[f"{band}_scales"] = np.array(scales)
    TARGET.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(TARGET / "envelopes.npz", **arrays)
    header = "network,station,latitude,longitude,elevation_m"
    (TARGET / "stations.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
