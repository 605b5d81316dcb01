"""What the tests know about simulated archives."""

from dataclasses import dataclass
from pathlib import Path

from tremorflow.records import Network


@dataclass(frozen=True)
class SimulatedArchive:
    folder: Path
    network: Network
    latitude: float
    longitude: float
    depth_km: float


SNET_CONFIG = """
[archive]
path = "recordings/sds"
stations = "recordings/stations.xml"
index_folder = "index"
[location]
depth = "fixed"
{more}
"""
"""Settings of a run on the half hour of a simulated S-net, and what else they should hold."""


def with_settings(where: Path) -> Path:
    """Add to a folder with the recordings of that half hour an empty index and the settings of a run."""
    (where / "index").mkdir()
    (where / "config.toml").write_text(SNET_CONFIG.format(more=""), encoding="utf-8")
    return where
