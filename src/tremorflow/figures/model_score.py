"""Picture of how well a classifier does: confusion, curves, calibration, by SNR, distance and station."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tremorflow.classifier.score import Bin, ModelScore, score_json, score_table
from tremorflow.counting import Fraction
from tremorflow.figures import style
from tremorflow.figures.compare import make_folder, write_score
from tremorflow.records import CLASSES

COLOURS = {"noise": "#666666", "tremor": "#d55e00", "earthquake": "#0072b2"}
MAX_STATIONS = 25  # the worst ones; more labels cannot be read


def write_model_score(score: ModelScore, folder: str | Path, title: str) -> None:
    """Write ``model.json``, ``model.png`` and ``table.txt`` into a folder, made if missing.

    Raises
    ------
    CatalogError
        The folder cannot be made or written.
    """
    target = make_folder(folder) / "model"
    write_score(target, score_table(score), score_json(score), draw_model_score(score, title))


def draw_model_score(score: ModelScore, title: str) -> Figure:
    """Confusion matrix, ROC, reliability, p and recall of tremor against SNR and distance, stations."""
    figure = style.new_figure(13.0, 7.5)
    axes = figure.subplot_mosaic([["confusion", "roc", "reliability"], ["snr", "distance", "stations"]])
    draw_confusion(axes["confusion"], score)
    draw_roc(axes["roc"], score)
    draw_reliability(axes["reliability"], score)
    draw_bins(axes["snr"], score.by_snr, "SNR of the tremor at the station")
    draw_bins(axes["distance"], score.by_distance, "epicentral distance (km)")
    draw_stations(axes["stations"], score.by_station)
    figure.suptitle(title, fontsize=style.TEXT_PT)
    return figure


def draw_confusion(axes: Axes, score: ModelScore) -> None:
    """Share of each label that went to each class, and how many windows."""
    totals = np.maximum(score.confusion.sum(axis=1, keepdims=True), 1)
    shares = score.confusion / totals
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for row, column in np.ndindex(*shares.shape):
        colour = "black" if shares[row, column] > 0.6 else "white"
        text = f"{shares[row, column]:.1%}\n{score.confusion[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=style.SMALL_PT)
    places = range(len(CLASSES))
    axes.set_xticks(places, CLASSES)
    axes.set_yticks(places, CLASSES)
    style.style_axes(axes, f"called (balanced accuracy {score.balanced_accuracy:.3f})", "label")


def draw_roc(axes: Axes, score: ModelScore) -> None:
    """Draw the true against the false share of tremor, false on a logarithmic axis: below 1 % counts."""
    style.style_axes(axes, "share of other windows called tremor", "share of tremor windows called so")
    if not np.isfinite(score.auc):
        style.say_in_axes(axes, "needs tremor and other windows")
        return
    false = np.maximum(score.roc[0], 1e-4)
    axes.plot(false, score.roc[1], color=COLOURS["tremor"], label=f"area {score.auc:.4f}")
    point = (max(score.threshold_false.value, 1e-4), score.threshold_recall.value)
    label = f"single-station threshold {score.threshold:.2f} (false: of noise)"
    axes.plot(*point, "o", color=style.INK, label=label)
    axes.set_xscale("log")
    axes.set_xlim(1e-4, 1)
    axes.set_ylim(0, 1.02)
    axes.legend(fontsize=style.SMALL_PT, loc="lower right", frameon=False)


def draw_reliability(axes: Axes, score: ModelScore) -> None:
    """Share that was right against the confidence: on the diagonal probabilities mean what they say."""
    style.style_axes(axes, "confidence (largest probability)", "share right")
    axes.plot([0, 1], [0, 1], color=style.PALE, linewidth=1)
    bins = [one for one in score.reliability if one.count]
    centres = np.array([one.mean_p for one in bins])
    _draw_shares(axes, centres, [one.right for one in bins], style.INK)
    for centre, one in zip(centres, bins, strict=True):
        axes.annotate(str(one.count), (centre, one.right.value), (4, -11), textcoords="offset points",
                      fontsize=style.SMALL_PT - 1.5, color="#666666")  # fmt: skip
    axes.set_title(f"calibration error {score.calibration_error:.3f}", fontsize=style.SMALL_PT)
    axes.set_xlim(0.3, 1.01)
    axes.set_ylim(0.0, 1.02)


def draw_bins(axes: Axes, bins: Sequence[Bin], label: str) -> None:
    """Recall of tremor and mean of p_tremor in each bin."""
    style.style_axes(axes, label, "tremor windows")
    if not bins:
        style.say_in_axes(axes, "not known of these windows")
        return
    places = np.arange(len(bins), dtype=np.float64)
    _draw_shares(axes, places, [one.right for one in bins], COLOURS["tremor"], "called tremor")
    axes.plot(
        places, [one.mean_p for one in bins], "_", color=style.INK, markersize=14, label="mean p_tremor"
    )
    names = [f"{one.low:g}-{one.high:g}" if np.isfinite(one.high) else f">{one.low:g}" for one in bins]
    axes.set_xticks(places, names, fontsize=style.SMALL_PT)
    axes.set_ylim(0, 1.02)
    axes.legend(fontsize=style.SMALL_PT, loc="best", frameon=False)


def draw_stations(axes: Axes, shares: dict[str, Fraction]) -> None:
    """Share right at each station, the worst first."""
    style.style_axes(axes, "share of windows called right", "")
    if not shares:
        style.say_in_axes(axes, "no station has 20 windows")
        return
    shown = dict(list(shares.items())[:MAX_STATIONS])
    places = np.arange(len(shown), dtype=np.float64)[::-1]
    values = np.array([one.value for one in shown.values()])
    errors = np.array([[one.value - one.low, one.high - one.value] for one in shown.values()]).T
    axes.errorbar(values, places, xerr=errors, fmt="o", color=style.INK, markersize=3, linewidth=0.8)
    axes.set_yticks(places, list(shown), fontsize=style.SMALL_PT - 1.5)
    axes.set_title(f"{len(shown)} of {len(shares)} stations, the worst first", fontsize=style.SMALL_PT)


def _draw_shares(
    axes: Axes, places: np.ndarray, shares: Sequence[Fraction], colour: str, label: str | None = None
) -> None:
    values = np.array([one.value for one in shares])
    errors = np.array([[one.value - one.low, one.high - one.value] for one in shares]).T
    axes.errorbar(places, values, yerr=errors, fmt="o", color=colour, markersize=4, linewidth=1, label=label)
