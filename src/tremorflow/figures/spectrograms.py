"""Spectrograms of a station's three components with the probabilities over time under them.

The picture of Fig. 1a of Sagae et al. (2025).
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from tremorflow.figures import style
from tremorflow.figures.model_score import COLOURS
from tremorflow.records import CLASSES, ROLES, Probabilities, Spectrograms, timedelta

NAMES = {"H1": "first horizontal", "H2": "second horizontal", "V": "vertical"}
RANGE_DECADES = (-0.7, 2.3)  # of power about the quiet level at each frequency
QUIET = 0.2  # quantile that is the quiet level
MAX_COLUMNS = 2000  # of pixels: longer spans are averaged


def draw_station(spectrograms: Spectrograms, probabilities: Probabilities) -> Figure:
    """Three spectrograms, in decades over the quiet level, and p of every class at the middle of its window.

    Parameters
    ----------
    spectrograms
        Of one station.
    probabilities
        Of a network that has it; windows outside the spectrograms are left out.
    """
    code = spectrograms.network.codes[0]
    station = probabilities.network.codes.index(code)
    figure = style.new_figure(10.0, 6.5)
    axes = figure.subplots(4, 1, sharex=True, height_ratios=[1, 1, 1, 1.1])
    image = None
    for row, (role, one) in enumerate(zip(ROLES, axes[:3], strict=True)):
        image = draw_spectrogram(one, spectrograms, row) or image
        one.set_title(NAMES[role], fontsize=style.SMALL_PT, loc="left", pad=2)
    if image is not None:
        bar = figure.colorbar(image, ax=list(axes[:3]), pad=0.01, aspect=30)
        bar.set_label("decades of power over the quiet level", fontsize=style.SMALL_PT)
        bar.ax.tick_params(labelsize=style.SMALL_PT)
    draw_probabilities(axes[3], probabilities, station)
    times = style.dates_of(spectrograms.frame_times)
    axes[3].set_xlim(times[0], times[-1])
    style.style_time_axis(axes[3].xaxis)
    figure.suptitle(f"{code}: spectrograms and probabilities (UTC)", fontsize=style.TEXT_PT)
    return figure


def draw_spectrogram(axes: Axes, spectrograms: Spectrograms, row: int) -> AxesImage | None:
    """One component; says so if there is none."""
    style.style_axes(axes, "", "Hz")
    power = _thinned(spectrograms.log_power[0, row])
    if not np.isfinite(power).any():
        style.say_in_axes(axes, "not recorded")
        return None
    quiet = np.nanquantile(power, QUIET, axis=1, keepdims=True)
    times = style.dates_of(spectrograms.frame_times)
    low, high = spectrograms.frequencies_hz[[0, -1]]
    return axes.imshow(
        power - quiet,
        extent=(float(times[0]), float(times[-1]), float(low), float(high)),
        origin="lower",
        aspect="auto",
        cmap="viridis",
        vmin=RANGE_DECADES[0],
        vmax=RANGE_DECADES[1],
        interpolation="nearest",
    )


def draw_probabilities(axes: Axes, probabilities: Probabilities, station: int) -> None:
    """Lines of p over time, and the threshold of a single station."""
    style.style_axes(axes, "", "probability")
    middles = style.dates_of(probabilities.start_times + timedelta(probabilities.window_s / 2))
    for k, name in enumerate(CLASSES):
        axes.plot(middles, probabilities.values[station, k], color=COLOURS[name], linewidth=1.2, label=name)
    axes.axhline(probabilities.threshold, color=COLOURS["tremor"], linewidth=0.8, linestyle=":")
    axes.set_ylim(-0.02, 1.02)
    axes.legend(fontsize=style.SMALL_PT, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.18), frameon=False)


def _thinned(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frequency, time) means of so many frames that a column remains a pixel."""
    step = -(-power.shape[1] // MAX_COLUMNS)
    if step == 1:
        return power
    whole = power[:, : power.shape[1] // step * step].reshape(len(power), -1, step)
    present = np.isfinite(whole)
    total = np.where(present, whole, 0).sum(axis=-1)
    count = present.sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float32)
