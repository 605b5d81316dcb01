"""How well probabilities agree with labels: confusion, precision, recall, curves, calibration."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.classifier.calibrate import TREMOR, expected_calibration_error
from tremorflow.counting import Fraction, fraction
from tremorflow.records import CLASSES, FloatArray

SNR_EDGES = (0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, np.inf)
DISTANCE_EDGES_KM = (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 80.0, 100.0, np.inf)
CONFIDENCE_EDGES = tuple(np.linspace(0, 1, 11))
MIN_AT_STATION = 20  # windows of a station that a row of its own is worth


@dataclass(frozen=True, slots=True)
class Bin:
    """Windows between two edges: how many, the mean of p_tremor, and the share called right."""

    low: float
    high: float
    count: int
    mean_p: float
    right: Fraction


@dataclass(frozen=True, slots=True)
class ModelScore:
    """Scores of a classifier on labelled windows.

    ``confusion`` (label, guess) counts; ``recall`` and ``precision`` by class, at the largest probability;
    ``roc`` holds false and true shares of tremor against the rest, ``reliability`` bins of the confidence of
    the largest probability; ``by_snr``, ``by_distance`` and ``by_station`` are of tremor windows (all windows
    for stations). ``threshold_recall`` and ``threshold_false`` are at the single-station threshold.
    """

    n_windows: int
    confusion: NDArray[np.int64]
    recall: dict[str, Fraction]
    precision: dict[str, Fraction]
    balanced_accuracy: float
    calibration_error: float
    threshold: float
    threshold_recall: Fraction
    threshold_false: Fraction
    roc: FloatArray
    auc: float
    reliability: tuple[Bin, ...]
    by_snr: tuple[Bin, ...]
    by_distance: tuple[Bin, ...]
    by_station: dict[str, Fraction]


def score_model(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.int64],
    threshold: float,
    *,
    snr: FloatArray | None = None,
    distances_km: FloatArray | None = None,
    stations: Sequence[str] = (),
) -> ModelScore:
    """Scores of windows of the classes.

    Parameters
    ----------
    probabilities : (window, class)
        Calibrated; windows with NaN are not scored.
    labels : (window,)
        Places in ``CLASSES``; others are not scored.
    threshold
        On p_tremor, of a single station.
    snr, distances_km, stations
        Of each window, where known.
    """
    scored = np.isfinite(probabilities).all(axis=1) & (labels >= 0) & (labels < len(CLASSES))
    values, truth = probabilities[scored], labels[scored]
    guesses = values.argmax(axis=1)
    confusion = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
    np.add.at(confusion, (truth, guesses), 1)
    hits = np.diag(confusion)
    recall = {name: fraction(int(hits[k]), int(confusion[k].sum())) for k, name in enumerate(CLASSES)}
    precision = {name: fraction(int(hits[k]), int(confusion[:, k].sum())) for k, name in enumerate(CLASSES)}
    p_tremor, tremor = values[:, TREMOR], truth == TREMOR
    roc, auc = _roc(p_tremor, tremor)
    unknown = np.full(len(labels), np.nan)
    known_snr = (unknown if snr is None else snr)[scored][tremor]
    known_km = (unknown if distances_km is None else distances_km)[scored][tremor]
    right = guesses == truth
    confidence = values.max(axis=1)
    noise = truth == CLASSES.index("noise")
    return ModelScore(
        n_windows=len(truth),
        confusion=confusion,
        recall=recall,
        precision=precision,
        balanced_accuracy=float(np.mean([one.value for one in recall.values()])),
        calibration_error=expected_calibration_error(values, truth) if len(truth) else float("nan"),
        threshold=threshold,
        threshold_recall=fraction(int((p_tremor[tremor] >= threshold).sum()), int(tremor.sum())),
        threshold_false=fraction(int((p_tremor[noise] >= threshold).sum()), int(noise.sum())),
        roc=roc,
        auc=auc,
        reliability=_bins(confidence, confidence, right, CONFIDENCE_EDGES),
        by_snr=_bins(known_snr, p_tremor[tremor], right[tremor], SNR_EDGES),
        by_distance=_bins(known_km, p_tremor[tremor], right[tremor], DISTANCE_EDGES_KM),
        by_station=_by_station(np.array(stations, dtype=str)[scored] if len(stations) else None, right),
    )


def score_json(score: ModelScore) -> dict[str, Any]:
    """Score as JSON takes it: NaN and infinity become null."""
    tree = asdict(score)
    tree["confusion"] = {
        name: dict(zip(CLASSES, map(int, row), strict=True))
        for name, row in zip(CLASSES, score.confusion, strict=True)
    }
    tree["roc"] = {"false": score.roc[0].round(5).tolist(), "true": score.roc[1].round(5).tolist()}
    plain: dict[str, Any] = _plain(tree)
    return plain


def score_table(score: ModelScore) -> str:
    """Score as a few lines of text."""
    lines = [
        f"{score.n_windows} windows: balanced accuracy {score.balanced_accuracy:.3f}, calibration error "
        f"{score.calibration_error:.3f}, area under the ROC of tremor {score.auc:.4f}",
        "",
        f"{'':12s}"
        + "".join(f"{name:>12s}" for name in CLASSES)
        + "   recall (95 %)         precision (95 %)",
    ]
    for name, row in zip(CLASSES, score.confusion, strict=True):
        recall, precision = score.recall[name], score.precision[name]
        lines.append(
            f"{name:12s}"
            + "".join(f"{count:12d}" for count in row)
            + f"   {recall.value:.3f} ({recall.low:.3f}-{recall.high:.3f})"
            + f"   {precision.value:.3f} ({precision.low:.3f}-{precision.high:.3f})"
        )
    passed, false = score.threshold_recall, score.threshold_false
    lines += [
        "",
        f"at the single-station threshold {score.threshold:.3f}: {passed.value:.3f} of tremor "
        f"({passed.low:.3f}-{passed.high:.3f}), {false.value:.4f} of noise "
        f"({false.low:.4f}-{false.high:.4f})",
    ]
    return "\n".join(lines)


def _roc(p_tremor: NDArray[np.floating], tremor: NDArray[np.bool_]) -> tuple[FloatArray, float]:
    """(2, point) false and true shares as the threshold falls, at most 200 points, and the area below."""
    n_true, n_false = int(tremor.sum()), int((~tremor).sum())
    if not n_true or not n_false:
        return np.full((2, 2), np.nan), float("nan")
    order = np.argsort(-p_tremor, kind="stable")
    last = np.append(np.flatnonzero(np.diff(p_tremor[order])), len(order) - 1)  # equal p pass together
    true = np.append(0, np.cumsum(tremor[order])[last]) / n_true
    false = np.append(0, np.cumsum(~tremor[order])[last]) / n_false
    area = float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2))
    keep = np.unique(np.linspace(0, len(true) - 1, min(len(true), 200)).astype(int))
    return np.stack([false[keep], true[keep]]), area


def _bins(
    values: NDArray[np.floating], p: NDArray[np.floating], right: NDArray[np.bool_], edges: Sequence[float]
) -> tuple[Bin, ...]:
    """Windows by a quantity; bins without any are left out, the last edge belongs to the last bin."""
    made = []
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = (values >= low) & ((values < high) | (number == len(edges) - 2) & (values == high))
        count = int(inside.sum())
        if count:
            mean_p = float(p[inside].mean())
            made.append(
                Bin(float(low), float(high), count, mean_p, fraction(int(right[inside].sum()), count))
            )
    return tuple(made)


def _by_station(stations: NDArray[np.str_] | None, right: NDArray[np.bool_]) -> dict[str, Fraction]:
    """Share called right at every station with enough windows, the worst first."""
    if stations is None:
        return {}
    found = (
        pd.DataFrame({"station": stations, "right": right}).groupby("station")["right"].agg(["sum", "size"])
    )
    known = found[found["size"] >= MIN_AT_STATION]
    shares = {str(name): fraction(int(row["sum"]), int(row["size"])) for name, row in known.iterrows()}
    return dict(sorted(shares.items(), key=lambda item: item[1].value))


def _plain(value: Any) -> Any:
    """Value without anything that JSON does not have."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
