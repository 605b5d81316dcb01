"""Map of the likelihood of one event's epicentre."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.figures import style
from tremorflow.figures.geography import MapExtent, draw_geography, extent_around
from tremorflow.figures.map import (
    ErrorEllipse,
    draw_legend,
    draw_scale_bar,
    draw_stations,
    ellipse_outline,
    style_map_axes,
)
from tremorflow.records import Network

FloatArray = NDArray[np.float64]

HELD = 0.68  # share of the probability inside the contour, as in the error ellipse
SMALLEST_MAP_KM = 120.0  # so that the stations around the event are seen
FAINTEST = 0.01  # of the maximum; below it the map shows through


def draw_likelihood_map(
    axes: Axes,
    latitudes: FloatArray,
    longitudes: FloatArray,
    likelihood: FloatArray,
    event: pd.Series,
    network: Network,
) -> None:
    """Shaded likelihood with the contour that holds 68 % of it, the error ellipse and the stations.

    Parameters
    ----------
    axes
        Empty axes.
    latitudes : (latitude,), deg
        Ascending, evenly spaced.
    longitudes : (longitude,), deg
        Ascending, evenly spaced; may pass 180.
    likelihood : (latitude, longitude)
        Not its logarithm; of any unit, NaN where it was not evaluated.
    event
        Row of the event table.
    network
        Stations to draw.

    Raises
    ------
    DataError
        The arrays do not fit each other, or the likelihood is negative or nowhere positive.
    """
    check_likelihood(latitudes, longitudes, likelihood)
    relative = np.nan_to_num(likelihood / np.nanmax(likelihood), nan=0.0)
    rows, columns = np.nonzero(relative >= FAINTEST)
    shown = extent_around(
        np.append(latitudes[rows], event["latitude"]), np.append(longitudes[columns], event["longitude"]),
        smallest_km=SMALLEST_MAP_KM,
    )  # fmt: skip
    draw_geography(axes, shown)
    style_map_axes(axes, shown)
    eastings = longitudes + round((shown.longitude - float(np.mean(longitudes))) / 360) * 360.0
    shading = axes.pcolormesh(
        eastings, latitudes, np.ma.masked_less(relative, FAINTEST), cmap="viridis_r", vmin=0, vmax=1,
        shading="nearest", zorder=2, rasterized=True,
    )  # fmt: skip
    level = level_that_holds(relative, latitudes, HELD)
    if np.count_nonzero(relative >= level) > 1:
        axes.contour(eastings, latitudes, relative, levels=[level], colors="black", linewidths=1.4, zorder=3)
        axes.plot([], [], color="black", linewidth=1.4, label=f"holds {100 * HELD:.0f} % of it")
    else:
        axes.plot([], [], " ", label=f"({100 * HELD:.0f} % lies within one node)")
    draw_event(axes, event, shown)
    draw_stations(axes, network, shown)
    bar = axes.figure.colorbar(shading, cax=axes.inset_axes((1.03, 0.0, 0.035, 1.0)))
    bar.ax.tick_params(labelsize=style.SMALL_PT)
    bar.set_label("likelihood / its maximum", fontsize=style.TEXT_PT)
    axes.set_xlim(shown.west, shown.east)
    axes.set_ylim(shown.south, shown.north)
    draw_scale_bar(axes, shown)
    draw_legend(axes)


def draw_event(axes: Axes, event: pd.Series, extent: MapExtent) -> None:
    """Epicentre as a cross, with its error ellipse if it has one."""
    axes.plot(
        extent.near(event["longitude"]), event["latitude"], "+", color=style.EVENT, markersize=11,
        markeredgewidth=2, zorder=6, label="epicentre", linestyle="none",
    )  # fmt: skip
    ellipse = ErrorEllipse(*(float(event[name]) for name in ErrorEllipse._fields))
    if np.all(np.isfinite(ellipse)):
        outline = PolyCollection(
            [ellipse_outline(ellipse, extent)], facecolors="none", edgecolors=style.EVENT, linewidths=1.8,
            linestyles="--", zorder=5.5, gid="ellipse", label="68 % error ellipse",
        )  # fmt: skip
        axes.add_collection(outline, autolim=False)


def level_that_holds(relative: FloatArray, latitudes: FloatArray, share: float) -> float:
    """Value above which nodes hold this share of the sum over the area, which shrinks as cos(latitude)."""
    weight = relative * np.cos(np.radians(latitudes))[:, None]
    order = np.argsort(relative, axis=None)[::-1]
    held = np.cumsum(weight.ravel()[order]) / weight.sum()
    return float(relative.ravel()[order][np.searchsorted(held, share)])


def check_likelihood(latitudes: FloatArray, longitudes: FloatArray, likelihood: FloatArray) -> None:
    """Raise ``DataError`` unless the nodes and their likelihood can be drawn."""
    if likelihood.shape != (len(latitudes), len(longitudes)) or min(likelihood.shape, default=0) < 2:
        raise DataError(
            f"likelihood of shape {likelihood.shape} does not fit {len(latitudes)} latitudes and "
            f"{len(longitudes)} longitudes, at least two each"
        )
    known = likelihood[np.isfinite(likelihood)]
    if known.size == 0 or known.min() < 0 or known.max() <= 0:
        raise DataError(
            "likelihood must be positive somewhere and negative nowhere; give it, not its logarithm"
        )
