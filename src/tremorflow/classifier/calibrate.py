"""Calibration: logits -> probabilities that mean what they say, and the threshold of a single station."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from tremorflow.records import CLASSES, FloatArray

TREMOR = CLASSES.index("tremor")
FALSE_ALARMS = 0.005
"""Share of validation noise windows that may pass the single-station threshold (DEFINITIONS.md)."""

DEFAULT_THRESHOLD = 0.9  # where no noise was given; METHOD.md: about .85-.9
MAX_THRESHOLD = 0.999  # noise that passes even this is a matter for other stations
STIFFNESS = 0.01  # pull towards no change: a few hundred windows must not lead to wild factors


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factor and offset of each class's logit, and the single-station threshold on p_tremor."""

    factors: tuple[float, ...] = (1.0,) * len(CLASSES)
    offsets: tuple[float, ...] = (0.0,) * len(CLASSES)
    threshold: float = DEFAULT_THRESHOLD

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float32]:
        """(window, class) calibrated probabilities; NaN where the logits are."""
        scaled = logits.astype(np.float64) * np.array(self.factors) + np.array(self.offsets)
        return np.asarray(softmax(scaled, axis=1), dtype=np.float32)


def fit_calibration(
    logits: FloatArray,
    labels: NDArray[np.int64],
    threshold_windows: NDArray[np.bool_],
    target: float = FALSE_ALARMS,
) -> Calibration:
    """Calibration of windows that were not trained on.

    Parameters
    ----------
    logits, labels
        (window, class) and (window,), places in ``CLASSES``. Classes weigh the same, however many each has.
    threshold_windows
        (window,) whether a window is of the noise that the threshold is set by.
    target
        Share of noise windows that may pass the threshold.

    Notes
    -----
    Vector scaling (Guo et al. 2017): minimises the negative log likelihood with a factor and an offset per
    class; offsets sum to zero.
    """
    counts = np.bincount(labels, minlength=len(CLASSES))
    weights = (1 / np.maximum(counts, 1))[labels] / max(int(np.count_nonzero(counts)), 1)

    def loss(values: FloatArray) -> float:
        factors, offsets = np.exp(values[:3]), values[3:] - values[3:].mean()
        likelihood = log_softmax(logits * factors + offsets, axis=1)[np.arange(len(labels)), labels]
        return float(-(weights * likelihood).sum() + STIFFNESS * (values**2).sum() / 2)

    found = minimize(loss, np.zeros(6), method="L-BFGS-B").x if len(labels) else np.zeros(6)
    factors, offsets = np.exp(found[:3]), found[3:] - found[3:].mean()
    draft = Calibration(tuple(map(float, factors)), tuple(map(float, offsets)))
    p_noise = draft.probabilities(logits)[threshold_windows, TREMOR]
    return Calibration(draft.factors, draft.offsets, single_station_threshold(p_noise, target))


def single_station_threshold(p_tremor: NDArray[np.float32], target: float) -> float:
    """Smallest p_tremor, at least 0.5, that no more than ``target`` of the noise windows (window,) reach."""
    if not len(p_tremor):
        return DEFAULT_THRESHOLD
    highest = np.sort(p_tremor.astype(np.float32))[::-1]
    above = np.nextafter(highest[int(target * len(highest))], np.float32(2))  # the first that must not pass
    return float(np.clip(float(above), 0.5, MAX_THRESHOLD))


def expected_calibration_error(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], n_bins: int = 15
) -> float:
    """Mean over windows of |share right - confidence| of the likeliest class, in equal bins (Guo 2017)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    total = 0.0
    for k in np.unique(bins):
        inside = bins == k
        total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(total)
