"""Two catalogues of one run side by side: what both have, what each has alone, and when."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tremorflow.catalog.activity import Span, count_activity
from tremorflow.catalog.compare import Comparison
from tremorflow.figures import style
from tremorflow.figures.compare import COLOUR_A, COLOUR_B, COLOUR_MATCH, FEW_EVENTS, LARGE, SMALL
from tremorflow.figures.geography import MapExtent, draw_geography, extent_around
from tremorflow.figures.map import draw_scale_bar, style_map_axes
from tremorflow.records import Network

LANE_HEIGHT = 0.11  # of the height of the maps
PALE_DOTS = "#9a9a9a"


def draw_found_by(comparison: Comparison, network: Network, span: Span) -> Figure:
    """Two maps side by side of catalogue A and B, and when both, only A and only B have events.

    Parameters
    ----------
    comparison
        Of the catalogue of the run, as A, with that of the conventional method, as B.
    network
        Stations to draw.
    span
        Start and end of what was analysed.

    Notes
    -----
    A duplicate lies inside the gate of an event of the other catalogue that has another match: it is of a
    burst that both have, so it is neither in both nor alone, and not in the strip.
    """
    figure = style.new_figure(8.5, 9.0)
    lanes = ("both", "only a", "only b")
    rows: list[Any] = [["a", "b"], *([lane, lane] for lane in lanes)]
    axes = figure.subplot_mosaic(rows, height_ratios=[1.0] + [LANE_HEIGHT] * len(lanes))
    a, b = comparison.events_a, comparison.events_b
    extent = _shared_extent(a, b, network)
    for key, events, name, colour in (
        ("a", a, comparison.name_a, COLOUR_A),
        ("b", b, comparison.name_b, COLOUR_B),
    ):
        axes[key].set_title(f"{name}: {len(events)} events", fontsize=style.TEXT_PT, color=style.INK)
        if extent is None:
            style.say_in_axes(axes[key], "no station and no event with a place")
        else:
            size = LARGE if len(a) + len(b) <= FEW_EVENTS else SMALL
            _draw_states(axes[key], events, network, extent, (colour, size))
    _draw_lanes(
        [axes[lane] for lane in lanes],
        {
            "by both": (b[b["state"] == "matched"], COLOUR_MATCH),
            f"only by {comparison.name_a}": (a[a["state"] == "alone"], COLOUR_A),
            f"only by {comparison.name_b}": (b[b["state"] == "alone"], COLOUR_B),
        },
        span,
    )
    return figure


def _shared_extent(a: pd.DataFrame, b: pd.DataFrame, network: Network) -> MapExtent | None:
    """Extent of all stations and events; None if there is none."""
    latitudes = np.concatenate([network.latitudes, a["latitude"], b["latitude"]])
    longitudes = np.concatenate([network.longitudes, a["longitude"], b["longitude"]])
    return extent_around(latitudes, longitudes) if latitudes.size else None


def _draw_states(
    axes: Axes, events: pd.DataFrame, network: Network, extent: MapExtent, look: tuple[str, float]
) -> None:
    """Epicentres of one catalogue: grey where the other has them too, in colour (look) where it has not."""
    colour, size = look
    draw_geography(axes, extent)
    style_map_axes(axes, extent)
    axes.scatter(
        extent.near(network.longitudes), network.latitudes, marker="^", s=12, facecolors="none", zorder=2.8,
        edgecolors=style.STATION, linewidths=0.5, label=f"station ({len(network)})", gid="stations",
    )  # fmt: skip
    looks = {"matched": ("found by both", "o", PALE_DOTS), "alone": ("only here", "o", colour)}
    looks["duplicate"] = ("again, of a burst of both", "x", PALE_DOTS)
    counts = {state: int((events["state"] == state).sum()) for state in looks}
    ranked = sorted(looks, key=lambda state: -counts[state])  # the rarer on top
    for state, (name, marker, face) in looks.items():
        these = events[events["state"] == state]
        axes.scatter(
            extent.near(these["longitude"]), these["latitude"], marker=marker, s=size, c=face, linewidths=0.4,
            edgecolors=None if marker == "x" else style.INK, zorder=3 + 0.1 * ranked.index(state),
            label=f"{name} ({counts[state]})", gid=state,
        )  # fmt: skip
    draw_scale_bar(axes, extent)
    axes.legend(
        fontsize=style.SMALL_PT, loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=2, frameon=False,
        handletextpad=0.2, columnspacing=0.8, markerscale=1.0 if size > SMALL else 2.0,
    )  # fmt: skip


def _draw_lanes(lanes: list[Axes], contents: dict[str, tuple[pd.DataFrame, str]], span: Span) -> None:
    """Bars of counts over time on one scale, a lane for each name with its events and colour."""
    counted = [count_activity(events, span) for events, _ in contents.values()]
    sums = [activity.counts.sum(axis=0) for activity in counted]
    edges = style.dates_of(counted[0].edges)
    top = max(1.0, 1.1 * max(int(counts.max()) for counts in sums))
    for axes, counts, (name, (events, colour)) in zip(lanes, sums, contents.items(), strict=True):
        style.style_axes(axes, "", "")
        axes.stairs(counts, edges, fill=True, color=colour, linewidth=0, gid="counts")
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, top))
        axes.yaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 5, 10]))
        axes.tick_params(axis="y", labelsize=style.SMALL_PT)
        axes.tick_params(labelbottom=axes is lanes[-1])
        axes.set_title(f"{name} ({len(events)})", fontsize=style.SMALL_PT, color=style.INK, loc="left", pad=2)
        style.style_time_axis(axes.xaxis)
    step = "per UTC day" if counted[0].is_daily else "per hour"
    lanes[0].set_title(f"events {step}", fontsize=style.SMALL_PT, color=style.INK, loc="right", pad=2)
    lanes[-1].set_xlabel("time (UTC)", fontsize=style.TEXT_PT)
    for axes in lanes[:-1]:
        axes.xaxis.get_offset_text().set_visible(False)
