"""What a network recorded: a trace for each station, and the spectrogram of one of them below."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tremorflow.errors import DataError
from tremorflow.figures import style
from tremorflow.records import ROLES, SampleArray, Spectrograms, Waveforms, timedelta

TRACE_HEIGHT = 0.6  # of the largest sample, in units of the distance between traces: peaks may touch
COLOUR_QUANTILES = (0.02, 0.995)  # of the power: a dead second or a spike does not set the scale


def draw_recording(recordings: Sequence[Waveforms], spectrograms: Spectrograms | None = None) -> Figure:
    """Draw traces of all stations over time, the first at the top, and one spectrogram under them.

    Parameters
    ----------
    recordings
        One for each station, each on its own sampling: the vertical is drawn, or what there is instead,
        each scaled by its own largest sample.
    spectrograms
        Of one of the stations; without it there are traces only.

    Raises
    ------
    DataError
        No recording, or one of several stations.
    """
    if not recordings or any(len(one.network) != 1 for one in recordings):
        raise DataError("give the waveforms of at least one station, each station for itself")
    rows = 2 if spectrograms is not None else 1
    traces_in = 0.9 + 0.34 * len(recordings)
    heights = [traces_in, 2.3][:rows]
    figure = style.new_figure(9.0, sum(heights))
    panels = figure.subplots(rows, 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    _draw_traces(panels[0], recordings)
    if spectrograms is not None:
        _draw_spectrogram(panels[1], spectrograms)
    starts, ends = ([getattr(one, name) for one in recordings] for name in ("start_time", "end_time"))
    panels[0].set_xlim(style.dates_of(np.array([min(starts), max(ends)])))
    style.style_time_axis(panels[-1].xaxis)
    return figure


def _draw_traces(axes: Axes, recordings: Sequence[Waveforms]) -> None:
    """One line for each station; a station without samples, or without motion, says so."""
    style.style_axes(axes, "", "")
    places = range(len(recordings) - 1, -1, -1)
    for place, one in zip(places, recordings, strict=True):
        samples = _shown_component(one)
        centred = samples - np.nanmedian(samples) if np.isfinite(samples).any() else samples
        largest = np.nanmax(np.abs(centred)) if np.isfinite(samples).any() else np.nan
        if not largest > 0:
            words = "no motion" if largest == 0 else "no data"
            axes.text(
                0.01, place, words, transform=axes.get_yaxis_transform(),
                fontsize=style.SMALL_PT, color="#767676", ha="left", va="center",
            )  # fmt: skip
            continue
        steps = np.arange(len(samples)) * timedelta(1 / one.sampling_rate_hz)
        heights = place + TRACE_HEIGHT * centred / largest
        times = style.dates_of(one.start_time + steps)
        axes.plot(times, heights, color=style.INK, linewidth=0.5, gid=f"trace {place}")
    axes.set_yticks(list(places), [one.network.codes[0] for one in recordings])
    axes.tick_params(axis="y", labelsize=style.SMALL_PT, length=0)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)  # a code may hold a dollar sign
    axes.set_ylim(-0.8, len(recordings) - 0.2)
    title = "each trace scaled to its own largest sample; times in UTC"
    axes.set_title(title, fontsize=style.SMALL_PT, loc="left")


def _shown_component(waveforms: Waveforms) -> SampleArray:
    """(time,) samples of the vertical; of the first component that has any, if it has none."""
    order = sorted(range(len(waveforms.components)), key=lambda k: waveforms.components[k] not in ROLES["V"])
    live = [k for k in order if np.isfinite(waveforms.samples[0, k]).any()]
    return np.asarray(waveforms.samples[0, (live or order)[0]])


def _draw_spectrogram(axes: Axes, spectrograms: Spectrograms) -> None:
    """Power of the vertical, or of what there is instead, each frame about its middle."""
    style.style_axes(axes, "", "Hz")
    power = next((one for one in spectrograms.log_power[0, ::-1] if np.isfinite(one).any()), None)
    axes.set_title(
        f"{spectrograms.network.codes[0]}: spectrogram", fontsize=style.SMALL_PT, loc="left", parse_math=False
    )
    if power is None:
        style.say_in_axes(axes, "no data")
        return
    half = timedelta(spectrograms.hop_s / 2)
    middles = spectrograms.frame_times + timedelta(spectrograms.frame_s / 2)
    frequencies = spectrograms.frequencies_hz
    half_hz = np.ptp(frequencies) / max(len(frequencies) - 1, 1) / 2
    left, right = style.dates_of(np.array([middles[0] - half, middles[-1] + half]))
    low, high = np.nanquantile(power, COLOUR_QUANTILES)
    image = axes.imshow(
        power,
        extent=(left, right, frequencies[0] - half_hz, frequencies[-1] + half_hz),
        origin="lower", aspect="auto", cmap="viridis", vmin=low, vmax=high, interpolation="nearest",
    )  # fmt: skip
    bar = axes.figure.colorbar(image, ax=axes, pad=0.01, aspect=15)
    bar.set_label(f"log₁₀ power\n({spectrograms.unit}²/Hz)", fontsize=style.SMALL_PT)
    bar.ax.tick_params(labelsize=style.SMALL_PT)
