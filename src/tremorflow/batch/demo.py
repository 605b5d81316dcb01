"""The demonstration: two hours of observed tremor in Cascadia that come with the package."""

from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import numpy as np

from tremorflow.batch.outputs import Labels, RunResult
from tremorflow.batch.recordings import StoredEnvelopes
from tremorflow.batch.run import run
from tremorflow.io.stations import read_stations
from tremorflow.records import Envelopes, utc
from tremorflow.settings import Settings, make_settings

# Published in the band of the network's own monitoring; enveloc does not say more than "low" and "high pass".
NOTE = (
    "Observed tremor: envelopes of 17 stations in Cascadia, 2020-05-24 02:00-04:00 UTC, from the CC0 package "
    "enveloc 1.2.0 (A. Wech). Amplitudes are not ground motion."
)


def demo_settings() -> Settings:
    """Make the settings of the demonstration: a Cascadia model, depth free between 20 and 60 km."""
    return make_settings(
        {
            "velocity": {"model": "cascadia"},
            "location": {
                "depth": "free",
                "min_depth_km": 20.0,
                "max_depth_km": 60.0,
                "depth_spacing_km": 8.0,
            },
        }
    )


def read_cascadia(band: Literal["low", "high"] = "low") -> Envelopes:
    """Envelopes (17 stations, 1 component, 1 Hz) of two hours of observed tremor, in one of two bands."""
    folder = files("tremorflow.resources") / "cascadia_2020"
    with as_file(folder / "stations.csv") as path:
        network = read_stations(path).network
    with as_file(folder / "envelopes.npz") as path, np.load(path) as stored:
        values = stored[f"{band}_counts"][:, :-1] * stored[f"{band}_scales"][:, None]  # to 04:00, not beyond
    start_time = utc("2020-05-24T02:00:00Z")
    return Envelopes(network, ("H1",), values[:, None], start_time, 1.0, (2.0, 8.0), "unknown")


def run_demo(
    output: str | Path,
    band: Literal["low", "high"] = "low",
    progress: Callable[[int, int], None] | None = None,
) -> RunResult:
    """Locate the observed tremor and write catalogue, pictures and report into ``output``."""
    source = StoredEnvelopes(read_cascadia(band))
    labels = Labels("Tremor in Cascadia, 24 May 2020", NOTE)
    return run(demo_settings(), source, Path(output), labels, progress)
