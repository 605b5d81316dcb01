"""Picture of a catalogue against the truth, and the folder with everything an evaluation has to say."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tremorflow.catalog.compare import Comparison
from tremorflow.catalog.evaluate import Evaluation
from tremorflow.catalog.evaluate_recall import RecallBin
from tremorflow.catalog.evaluate_report import evaluation_json, evaluation_table, number
from tremorflow.counting import Fraction
from tremorflow.figures import style
from tremorflow.figures.compare import make_folder, widened, write_score
from tremorflow.figures.geography import draw_geography, extent_around
from tremorflow.figures.map import style_map_axes

FOUND, MISSED, FALSE, CHANCE = "#0072b2", "#555555", style.EVENT, "#999999"
HALF, NONE = "#e69f00", "#cccccc"
SMALLEST, LARGEST = 5.0, 24.0  # of markers, square points
FEW = 300  # markers up to here may be large
BINS = 25


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> None:
    """Write ``table.txt``, ``evaluation.json`` and ``evaluation.png`` into a folder, made if it is missing.

    Raises
    ------
    CatalogError
        The folder cannot be made or written.
    """
    target = make_folder(folder) / "evaluation"
    write_score(
        target, evaluation_table(evaluation), evaluation_json(evaluation), draw_evaluation(evaluation)
    )


def draw_evaluation(evaluation: Evaluation) -> Figure:
    """Map of what was found, recall by SNR and stations, errors, coverage, pairs, and false events."""
    e = evaluation
    figure = style.new_figure(14.0, 9.0)
    axes = figure.subplot_mosaic(
        [["map", "snr", "stations"], ["map", "location", "coverage"], ["map", "pairs", "false"]],
        width_ratios=[1.15, 1.0, 1.0],
    )
    draw_found_map(axes["map"], e.comparison)
    draw_recall(axes["snr"], e.recall_bins["snr_best"], "best SNR of a station")
    draw_recall(axes["stations"], e.recall_bins["n_stations_snr2"], "stations with SNR of 2 or more")
    draw_location_errors(axes["location"], e)
    draw_coverage(axes["coverage"], e)
    draw_pairs(axes["pairs"], e)
    draw_false(axes["false"], e)
    rate = e.false.all
    figure.suptitle(
        f"{e.name} against the truth: recall {_with_interval(e.recall)} "
        f"({number(e.chance_recall.value, 2)} by chance), precision {number(e.precision.value, 2)} "
        f"({number(e.precision_without_duplicates.value, 2)} without duplicates), "
        f"{number(rate.value, 1)} [{number(rate.low, 1)}, {number(rate.high, 1)}] "
        "false a day",
        fontsize=style.TEXT_PT,
    )
    return figure


def draw_found_map(axes: Axes, comparison: Comparison) -> None:
    """Epicentres of the bursts, filled if found, and of the false events."""
    events, bursts = comparison.events_a, comparison.events_b
    false = events[events["state"] == "alone"]
    if bursts.empty and false.empty:
        style.say_in_axes(axes, "no bursts and no false events")
        return
    latitudes, longitudes = (pd.concat([bursts[name], false[name]]) for name in ("latitude", "longitude"))
    extent = widened(extent_around(latitudes, longitudes))
    draw_geography(axes, extent)
    style_map_axes(axes, extent)
    size = LARGEST if len(bursts) + len(false) <= FEW else SMALLEST
    found = bursts["state"] == "matched"
    for table, marker, face, edge, name in (
        (bursts[~found], "o", "none", MISSED, "burst missed"),
        (bursts[found], "o", FOUND, FOUND, "burst found"),
        (false, "x", FALSE, None, "false event"),
    ):
        axes.scatter(
            extent.near(table["longitude"]), table["latitude"], s=size, marker=marker, linewidths=0.8,
            facecolors=face, edgecolors=edge, zorder=4, label=f"{name} ({len(table)})",
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.legend(
        fontsize=style.SMALL_PT, loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=3, frameon=False,
        markerscale=1.0 if size > SMALLEST else 2.0, handletextpad=0.2, columnspacing=1.0,
    )  # fmt: skip


def draw_recall(axes: Axes, bins: Sequence[RecallBin], label: str) -> None:
    """Recall in each bin with its interval, what chance gives, and how many bursts there are."""
    style.style_axes(axes, label, "recall")
    if not any(one.recall.of for one in bins):
        style.say_in_axes(axes, "no bursts")
        return
    places = np.arange(len(bins))
    axes.plot(places, [one.chance.value for one in bins], "_", color=CHANCE, markersize=14, label="by chance")
    _draw_shares(axes, [one.recall for one in bins], FOUND, "found")
    _count_on_top(axes, [one.recall.of for one in bins])
    axes.set_xticks(places, [one.label.replace(" to ", "-") for one in bins], fontsize=style.SMALL_PT)
    axes.legend(fontsize=style.SMALL_PT, loc="best", frameon=False)


def draw_location_errors(axes: Axes, evaluation: Evaluation) -> None:
    """Histogram of the distances between events and truth in the wide gate, those inside the gate filled."""
    style.style_axes(axes, "distance from the truth (km)", "matched events")
    wide, narrow = evaluation.wide.pairs["distance_km"], evaluation.comparison.pairs["distance_km"]
    if wide.empty:
        style.say_in_axes(axes, "no matches")
        return
    edges = list(np.linspace(0, evaluation.settings.wide_distance_km, BINS + 1))
    axes.hist(narrow, bins=edges, color=FOUND, label=_quantiles(evaluation, wide=False))
    axes.hist(
        wide, bins=edges, color=FALSE, histtype="step", linewidth=1.2, label=_quantiles(evaluation, wide=True)
    )
    axes.axvline(evaluation.settings.max_distance_km, color=CHANCE, linestyle="--", linewidth=1.0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.legend(
        fontsize=style.SMALL_PT, loc="upper right", frameon=False, title="gate: median, 68 %, 90 %",
        title_fontsize=style.SMALL_PT,
    )  # fmt: skip


def draw_coverage(axes: Axes, evaluation: Evaluation) -> None:
    """Share of truths inside the stated error bars, against the 68 % that they claim."""
    style.style_axes(axes, "", "truths within the error bars")
    narrow, wide = evaluation.errors, evaluation.errors_wide
    names = ["ellipse", "depth", "energy"]
    shares = [[getattr(errors, name).share for name in names] for errors in (narrow, wide)]
    if not any(one.of for one in shares[0] + shares[1]):
        style.say_in_axes(axes, "no error bars to check")
        return
    axes.axhline(0.68, color=CHANCE, linestyle="--", linewidth=1.0)
    _draw_shares(axes, shares[0], FOUND, f"{narrow.max_distance_km:g} km gate", -0.1)
    _draw_shares(axes, shares[1], FALSE, f"{wide.max_distance_km:g} km gate", 0.1)
    _count_on_top(axes, [one.of for one in shares[0]])
    labels = [
        f"{name}\nx {number(getattr(narrow, name).scale, 2)} for 68 %" if share.of else name
        for name, share in zip(names, shares[0], strict=True)
    ]
    axes.set_xticks(range(len(names)), labels, fontsize=style.SMALL_PT)
    axes.legend(fontsize=style.SMALL_PT, loc="lower right", frameon=False)


def draw_pairs(axes: Axes, evaluation: Evaluation) -> None:
    """Simultaneous bursts: both found, one, or none, against how far apart they are."""
    style.style_axes(axes, "simultaneous bursts, km apart", "share of pairs")
    pairs = evaluation.pairs
    counts = np.array([one.resolved.of for one in pairs])
    if not counts.any():
        style.say_in_axes(axes, "no simultaneous bursts")
        return
    places, below = np.arange(len(pairs)), np.zeros(len(pairs))
    numbers = (
        ("both found", FOUND, [one.resolved.hits for one in pairs]),
        ("one", HALF, [one.one_found for one in pairs]),
        ("none", NONE, [one.none_found for one in pairs]),
    )
    for name, colour, hits in numbers:
        height = np.array(hits) / np.maximum(counts, 1)
        axes.bar(places, height, bottom=below, color=colour, width=0.7, label=name)
        below += height
    _draw_shares(axes, [one.resolved for one in pairs], style.INK, None)
    _count_on_top(axes, [int(count) for count in counts])
    axes.set_xticks(places, [f"{one.low_km:g}-{one.high_km:g}" for one in pairs], fontsize=style.SMALL_PT)
    axes.legend(
        fontsize=style.SMALL_PT, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3, frameon=False
    )


def draw_false(axes: Axes, evaluation: Evaluation) -> None:
    """Draw the false events per day by what they are near, with their Poisson intervals."""
    style.style_axes(axes, "", "false events per day")
    false = evaluation.false
    rates = [false.near_earthquake, false.near_nuisance, false.near_nothing]
    if not evaluation.days > 0:
        style.say_in_axes(axes, "no time to count in")
        return
    values = np.array([rate.value for rate in rates])
    bars = np.array([[r.value - r.low for r in rates], [r.high - r.value for r in rates]])
    axes.bar(range(3), values, color=FALSE, width=0.6)
    axes.errorbar(range(3), values, yerr=bars, fmt="none", ecolor=style.INK, capsize=3, linewidth=1.0)
    cover = f"\n(cover {false.nuisance_cover:.0%} of time)" if false.nuisance_cover > 0 else ""
    labels = ["near an\nearthquake", f"in a nuisance{cover}", "near\nnothing"]
    axes.set_xticks(range(3), labels, fontsize=style.SMALL_PT)
    axes.set_ylim(bottom=0)


def _draw_shares(
    axes: Axes, shares: Sequence[Fraction], colour: str, label: str | None, aside: float = 0.0
) -> None:
    """Points with Wilson intervals at 0, 1, 2, ...; nothing where there is nothing to count."""
    shown = [(place + aside, one) for place, one in enumerate(shares) if one.of]
    values = np.array([one.value for _, one in shown])
    bars = np.array([[one.value - one.low for _, one in shown], [one.high - one.value for _, one in shown]])
    axes.errorbar(
        [place for place, _ in shown], values, yerr=np.maximum(bars, 0), fmt="o", color=colour,
        markersize=4.5, capsize=3, linewidth=1.2, label=label, zorder=4,
    )  # fmt: skip
    axes.set_ylim(0, 1.12)
    axes.set_xlim(-0.6, len(shares) - 0.4)


def _count_on_top(axes: Axes, counts: Sequence[int]) -> None:
    for place, count in enumerate(counts):
        axes.text(place, 1.11, str(count), ha="center", va="top", fontsize=style.SMALL_PT - 1, color=MISSED)


def _quantiles(evaluation: Evaluation, wide: bool) -> str:
    errors = evaluation.errors_wide if wide else evaluation.errors
    where = errors.location
    values = ", ".join(number(one, 0) for one in (where.median, where.p68, where.p90))
    return f"{errors.max_distance_km:g} km: {values} km ({where.n})"


def _with_interval(share: Fraction) -> str:
    return f"{number(share.value, 2)} [{number(share.low, 2)}, {number(share.high, 2)}]"
