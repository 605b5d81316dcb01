"""Picture of two catalogues side by side, and the folder with everything a comparison has to say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tremorflow.catalog.compare import Comparison, comparison_summary, comparison_table
from tremorflow.catalog.files import write_text, write_whole
from tremorflow.errors import CatalogError
from tremorflow.figures import style
from tremorflow.figures.geography import MapExtent, draw_geography, extent_around
from tremorflow.figures.map import style_map_axes

COLOUR_A, COLOUR_B, COLOUR_MATCH = style.EVENT, "#0072b2", "#555555"
MOST_LINES = 5000  # more match lines than this are a blot
FEW_EVENTS = 500  # up to here the markers may be large
LARGE, SMALL = 16.0, 4.0  # of markers, square points
NARROWEST = 0.7  # width of a map over its height
BINS = 40
TIME_BINS = 80


def write_comparison(comparison: Comparison, folder: str | Path) -> None:
    """Write ``table.txt``, ``comparison.json`` and ``comparison.png`` into a folder, made if it is missing.

    Raises
    ------
    CatalogError
        The folder cannot be made or written.
    """
    target = make_folder(folder) / "comparison"
    write_score(
        target, comparison_table(comparison), comparison_summary(comparison), draw_comparison(comparison)
    )


def make_folder(folder: str | Path) -> Path:
    """Folder, made if it is missing; ``CatalogError`` if that fails."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"cannot make {folder}: {error.strerror or error}; choose another place"
        ) from error
    return folder


def write_score(target: Path, table: str, numbers: dict[str, Any], figure: Figure) -> None:
    """Write ``table.txt`` beside ``target``, and numbers and figure as ``target`` with .json and .png."""
    write_text(target.with_name("table.txt"), table)
    text = json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(target.with_suffix(".json"), text + "\n")
    picture = style.png_bytes(figure)
    write_whole(target.with_suffix(".png"), lambda temporary: temporary.write_bytes(picture))


def draw_comparison(comparison: Comparison) -> Figure:
    """Map of both catalogues with a line for each match, offsets in time and space, and events over time."""
    figure = style.new_figure(11.0, 8.5)
    axes = figure.subplot_mosaic(
        [["map", "time_s"], ["map", "offset"], ["count", "count"]],
        width_ratios=[1.35, 1.0],
        height_ratios=[1.0, 1.25, 0.75],
    )
    draw_pair_map(axes["map"], comparison)
    draw_time_offsets(axes["time_s"], comparison)
    draw_place_offsets(axes["offset"], comparison)
    draw_counts(axes["count"], comparison)
    recall, precision = comparison.recall, comparison.precision
    figure.suptitle(
        f"A {comparison.name_a}, B {comparison.name_b}: {comparison.matches} matched, "
        f"recall {recall.value:.2f} [{recall.low:.2f}, {recall.high:.2f}] "
        f"({comparison.chance_recall.value:.2f} by chance), precision {precision.value:.2f}",
        fontsize=style.TEXT_PT,
    )
    return figure


def draw_pair_map(axes: Axes, comparison: Comparison) -> None:
    """Epicentres of both catalogues, filled where matched, and a line from B to A for each match."""
    a, b = comparison.events_a, comparison.events_b
    if a.empty and b.empty:
        style.say_in_axes(axes, "no events with a place")
        return
    latitudes, longitudes = (pd.concat([a[name], b[name]]) for name in ("latitude", "longitude"))
    extent = widened(extent_around(latitudes, longitudes))
    draw_geography(axes, extent)
    style_map_axes(axes, extent)
    size = LARGE if len(a) + len(b) <= FEW_EVENTS else SMALL
    for events, colour, filled, name in ((b, COLOUR_B, "s", "B"), (a, COLOUR_A, "o", "A")):
        for state, marker, face in (
            ("alone", filled, "none"),
            ("duplicate", "P", "white"),
            ("matched", filled, colour),
        ):
            these = events[events["state"] == state]
            axes.scatter(
                extent.near(these["longitude"]), these["latitude"], s=size, marker=marker,
                linewidths=0.6, zorder=4, label=f"{name} {state}",
                facecolors=face, edgecolors=colour,
            )  # fmt: skip
    if 0 < comparison.matches <= MOST_LINES:
        lines = match_lines(comparison, extent)
        axes.add_collection(LineCollection(list(lines), colors=COLOUR_MATCH, linewidths=0.6, zorder=3))
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.legend(
        fontsize=style.SMALL_PT, loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=2, frameon=False,
        markerscale=1.0 if size > SMALL else 2.0,
    )  # fmt: skip


def widened(extent: MapExtent) -> MapExtent:
    """Extent at least ``NARROWEST`` times as wide as it is high, so that a long coast fills its panel."""
    stretch = np.cos(np.radians(extent.latitude))
    pad = (NARROWEST * (extent.north - extent.south) / stretch - (extent.east - extent.west)) / 2
    pad = max(0.0, float(pad))
    return MapExtent(extent.west - pad, extent.east + pad, extent.south, extent.north)


def match_lines(comparison: Comparison, extent: MapExtent) -> NDArray[np.float64]:
    """(match, 2, 2) longitude and latitude of B and of A for each match."""
    ends = []
    for events, rows in ((comparison.events_b, "row_b"), (comparison.events_a, "row_a")):
        matched = events.iloc[comparison.pairs[rows].to_numpy()]
        ends.append(np.column_stack([extent.near(matched["longitude"]), matched["latitude"]]))
    return np.stack(ends, axis=1)


def draw_time_offsets(axes: Axes, comparison: Comparison) -> None:
    """Histogram of the times of A minus those of B."""
    style.style_axes(axes, "time, A - B (s)", "pairs")
    if not comparison.matches:
        style.say_in_axes(axes, "no matches")
        return
    axes.hist(comparison.pairs["time_s"], bins=BINS, color=COLOUR_MATCH)
    median = comparison.offsets.time_s.median
    axes.axvline(median, color=COLOUR_A, linewidth=1.2)
    axes.set_title(
        f"median {median:.1f} s, MAD {comparison.offsets.time_s.mad:.1f} s", fontsize=style.SMALL_PT
    )


def draw_place_offsets(axes: Axes, comparison: Comparison) -> None:
    """Epicentres of A as seen from B, and how many pairs lie how far apart."""
    style.style_axes(axes, "distance (km)", "pairs")
    if not comparison.matches:
        style.say_in_axes(axes, "no matches")
        return
    pairs, offsets = comparison.pairs, comparison.offsets
    edges = np.linspace(0.0, comparison.max_distance_km, BINS + 1)
    axes.hist(pairs["distance_km"], bins=list(edges), color=COLOUR_MATCH)
    axes.axvline(offsets.distance_km.median, color=COLOUR_A, linewidth=1.2)
    axes.set_title(f"median {offsets.distance_km.median:.1f} km", fontsize=style.SMALL_PT)
    inset = axes.inset_axes((0.56, 0.36, 0.42, 0.6))
    inset.scatter(pairs["east_km"], pairs["north_km"], s=2.0, color=COLOUR_MATCH, linewidths=0)
    inset.plot(offsets.east_km.median, offsets.north_km.median, "+", color=COLOUR_A, markersize=10)
    reach = comparison.max_distance_km
    inset.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    inset.set_xlabel("east (km)", fontsize=style.SMALL_PT, labelpad=1)
    inset.set_ylabel("north (km)", fontsize=style.SMALL_PT, labelpad=1)
    inset.tick_params(labelsize=style.SMALL_PT - 1)


def draw_counts(axes: Axes, comparison: Comparison) -> None:
    """Events over time in each catalogue, and those that both have."""
    style.style_axes(axes, "", "events")
    a, b = comparison.events_a, comparison.events_b
    if a.empty and b.empty:
        style.say_in_axes(axes, "no events with a time")
        return
    series = (
        ("A", COLOUR_A, a["time"]),
        ("B", COLOUR_B, b["time"]),
        ("both", COLOUR_MATCH, b["time"][b["state"] == "matched"]),
    )
    numbers = [style.dates_of(times.to_numpy()) for _, _, times in series]
    known = np.concatenate(numbers)
    edges = np.linspace(known.min(), max(known.max(), known.min() + 1 / 24), TIME_BINS + 1)
    for (name, colour, _), values in zip(series, numbers, strict=True):
        axes.hist(
            values, bins=list(edges), label=name, color=colour,
            histtype="stepfilled" if name == "both" else "step", alpha=0.5 if name == "both" else 1.0,
        )  # fmt: skip
    style.style_time_axis(axes.xaxis)
    axes.legend(fontsize=style.SMALL_PT, loc="upper right", ncols=3)
