"""Location of tremor by envelope correlation: envelopes + travel times -> hypocentres with errors."""

from tremorflow.locate.amplitudes import AmplitudeFit, fit_amplitudes
from tremorflow.locate.correlation import StationPairs, station_pairs
from tremorflow.locate.grid import SearchGrid, make_grid, search_grid
from tremorflow.locate.groups import locate_group
from tremorflow.locate.likelihood_map import LikelihoodMap, map_likelihood
from tremorflow.locate.regular import REGULAR_SHOTS
from tremorflow.locate.settings import LocationSettings
from tremorflow.locate.small_groups import SmallGroup, Whereabouts, locate_small_group
from tremorflow.locate.windows import (
    Hypocentre,
    WindowResult,
    error_ellipse,
    locate_window,
    locate_windows,
    window_starts,
)

__all__ = [
    "REGULAR_SHOTS",
    "AmplitudeFit",
    "Hypocentre",
    "LikelihoodMap",
    "LocationSettings",
    "SearchGrid",
    "SmallGroup",
    "StationPairs",
    "Whereabouts",
    "WindowResult",
    "error_ellipse",
    "fit_amplitudes",
    "locate_group",
    "locate_small_group",
    "locate_window",
    "locate_windows",
    "make_grid",
    "map_likelihood",
    "search_grid",
    "station_pairs",
    "window_starts",
]
