"""Location of tremor by envelope correlation: envelopes + travel times -> hypocentres with errors."""

from tremorflow.locate.correlation import StationPairs, station_pairs
from tremorflow.locate.grid import SearchGrid, make_grid, search_grid
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.windows import Hypocentre, WindowResult, error_ellipse, locate_window, locate_windows

__all__ = [
    "Hypocentre",
    "LocationSettings",
    "SearchGrid",
    "StationPairs",
    "WindowResult",
    "error_ellipse",
    "locate_window",
    "locate_windows",
    "make_grid",
    "search_grid",
    "station_pairs",
]
