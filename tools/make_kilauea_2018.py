"""Take the CC0 waveforms of enveloc 1.2.0 that the demonstration reads and draws into the package.

Usage: pip install enveloc==1.2.0; python tools/make_kilauea_2018.py

The miniSEED file is copied as it is; of the StationXML only the places are kept, in a table.
"""

import shutil
from pathlib import Path

from enveloc.example_utils import example_data_dir
from obspy import read, read_inventory

TARGET = Path(__file__).parents[1] / "src/tremorflow/resources/kilauea_2018"


def main() -> None:
    """Write waveforms.mseed and stations.csv into the resources of the package."""
    recordings = example_data_dir() / "kilauea_short_filtered.mseed"
    inventory = read_inventory(str(example_data_dir() / "kilauea_short_stations.xml"))
    rows = ["network,station,latitude,longitude,elevation_m"]
    for trace in sorted(read(str(recordings)), key=lambda trace: trace.id):
        place = inventory.get_coordinates(trace.id, trace.stats.starttime)
        rows.append(
            f"{trace.stats.network},{trace.stats.station},{place['latitude']:.5f},"
            f"{place['longitude']:.5f},{place['elevation']:.1f}"
        )
    TARGET.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(recordings, TARGET / "waveforms.mseed")
    (TARGET / "stations.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
