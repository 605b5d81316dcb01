"""Colours of events by energy, time or depth, and the bar that says what they mean."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tremorflow.catalog.energy_grid import energies_are_relative, known_energies
from tremorflow.errors import CatalogError
from tremorflow.figures import style

FloatArray = NDArray[np.float64]

COLOUR_MAPS = {"time": "viridis", "depth": "cividis_r", "energy": "viridis_r"}  # the more, the darker
EXTENSIONS = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
MANY = 200  # from here on the outermost 1 % at either end do not stretch the scale of energies
NARROWEST_DECADES = 1.0  # of a scale of energies, so that errors of location are not painted as contrast


@dataclass(frozen=True, slots=True)
class EventColours:
    """Values of events (event,), NaN where unknown, with the scale and the words for them."""

    by: str
    values: FloatArray
    limits: tuple[float, float]
    label: str

    @property
    def scale(self) -> ScalarMappable:
        """Colours between the limits, pale grey for what is not a number."""
        scale = ScalarMappable(Normalize(*self.limits), COLOUR_MAPS[self.by])
        scale.cmap = scale.cmap.with_extremes(bad=style.PALE)
        return scale

    @property
    def rgba(self) -> FloatArray:
        """(event, 4) red, green, blue and opacity; pale grey where the value is unknown."""
        return np.asarray(self.scale.to_rgba(self.values), dtype=np.float64)

    @property
    def has_contrast(self) -> bool:
        """Whether the scale is worth a bar: some value is known, and it spans more than one."""
        return bool(np.isfinite(self.values).any() and self.limits[0] != self.limits[1])


def colour_events(events: pd.DataFrame, by: str | None = None) -> EventColours:
    """Colours of the events by "energy", "time" or "depth"; by default energy if any is known, else time.

    Raises
    ------
    CatalogError
        ``by`` is something else.
    """
    chosen = by or ("energy" if np.isfinite(known_energies(events)).any() else "time")
    if chosen not in COLOUR_MAPS:
        raise CatalogError(f"colour_by={chosen!r} is unknown; use one of {list(COLOUR_MAPS)}")
    if chosen == "energy":
        values = np.log10(known_energies(events))
        return EventColours(
            chosen, values, energy_limits(values), energy_label(energies_are_relative(events))
        )
    if chosen == "time":
        values, label = style.dates_of(events["time"].to_numpy()), "time (UTC)"
    else:
        values, label = events["depth_km"].to_numpy(dtype=np.float64), "depth (km)"
    known = values[np.isfinite(values)]
    limits = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    return EventColours(chosen, values, limits, label)


def energy_limits(log_energies: FloatArray) -> tuple[float, float]:
    """Lower and upper end of a scale: a decade apart or more, the outermost 1 % of many values left out."""
    known = log_energies[np.isfinite(log_energies)]
    outer = (1.0, 99.0) if known.size >= MANY else (0.0, 100.0)
    low, high = np.percentile(known, outer).tolist() if known.size else (0.0, 0.0)
    pad = max(0.0, NARROWEST_DECADES - (high - low)) / 2
    return low - pad, high + pad


def energy_label(is_relative: bool, what: str = "radiated energy") -> str:
    """Words beside a scale of energies; relative ones are comparable with each other, not absolute."""
    return f"log₁₀ {what} (J, relative)" if is_relative else f"log₁₀ {what} (J)"


def name_unknown(axes: Axes, colours: EventColours) -> None:
    """Give the legend a line for the events whose value is unknown, if there are any."""
    unknown = int(np.isnan(colours.values).sum())
    if unknown:
        axes.scatter([], [], c=style.PALE, s=30, label=f"pale: {colours.by} unknown ({unknown})")


def draw_colour_bar(axes: Axes, colours: EventColours) -> None:
    """Colour bar beside the axes, as high as they are; arrows where values lie outside of it."""
    known, (low, high) = colours.values[np.isfinite(colours.values)], colours.limits
    beyond = (bool((known < low).any()), bool((known > high).any()))
    bar = axes.figure.colorbar(
        colours.scale, cax=axes.inset_axes((1.03, 0.0, 0.035, 1.0)), extend=EXTENSIONS[beyond]
    )
    if colours.by == "time":
        style.style_time_axis(bar.ax.yaxis)
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    if colours.by == "depth":
        bar.ax.invert_yaxis()  # depth grows downwards
    bar.ax.tick_params(labelsize=style.SMALL_PT)
    bar.set_label(colours.label, fontsize=style.TEXT_PT)
