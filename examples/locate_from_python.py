"""Locate tremor from Python, step by step: the bundled two hours, or an archive of your own.

python examples/locate_from_python.py                          the bundled tremor
python examples/locate_from_python.py CONFIG.toml              the archive that a settings file names
"""

import sys

import numpy as np

import tremorflow
from tremorflow.batch.demo import demo_settings, read_cascadia
from tremorflow.batch.recordings import open_recordings


def main() -> None:
    """Locate, and print the catalogue."""
    if len(sys.argv) > 1:
        settings = tremorflow.read_settings(sys.argv[1])
        recordings = open_recordings(settings)
        envelopes = recordings.read(*recordings.span)  # all at once: keep the span to hours
    else:
        settings = demo_settings()
        envelopes = read_cascadia("low")

    model = tremorflow.read_velocity_model(settings.velocity.model)
    depths_km = np.arange(0.0, settings.location.max_depth_km + 2)
    travel_times = tremorflow.station_travel_times(model, envelopes.network, depths_km, 400.0)
    grid = tremorflow.search_grid(envelopes.network, travel_times, settings.location)

    found = tremorflow.detect_tremor(envelopes, grid, settings.location, settings_hash="")
    events = tremorflow.finish_catalog(found.events, settings.catalog)

    print(f"{sum(found.windows.values())} windows: {dict(found.windows)}")
    print(events[["time", "latitude", "longitude", "depth_km", "semi_major_km", "quality"]].to_string())


if __name__ == "__main__":
    main()
