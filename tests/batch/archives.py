"""What the tests know about a simulated archive."""

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
