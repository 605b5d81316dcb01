"""Events per day or hour by quality, and the energy radiated until then."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tremorflow.catalog.activity import GRADES, Activity
from tremorflow.figures import style
from tremorflow.figures.gaps import draw_gaps

GRADE_COLOURS = {"A": "#0b4f79", "B": "#56b4e9", "C": "#f2c744", "": "#999999"}  # dark to pale also in grey
MOST_BARS = 150  # beyond, bars touch: a space between them would be below a pixel
BAR_WIDTH = 0.86  # of a bin


def draw_activity(activity: Activity) -> Figure:
    """Bars of the events in each bin, stacked by quality, over a line of the energy radiated until then.

    Notes
    -----
    A bin without events is zero; hatched times were not recorded or not analysed. The energy is that of the
    events of quality A and B, as on the map of energy.
    """
    figure = style.new_figure(8.0, 5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1.0])
    draw_counts(above, activity)
    draw_energy_sum(below, activity)
    below.set_xlim(*style.dates_of(activity.edges[[0, -1]]).tolist())
    style.style_time_axis(below.xaxis)
    return figure


def draw_counts(axes: Axes, activity: Activity) -> None:
    """Bars of the events in each bin, stacked by quality, the best at the bottom."""
    style.style_axes(axes, "", "events per UTC day" if activity.is_daily else "events per hour")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=style.GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    edges = style.dates_of(activity.edges)
    widths, middles = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    share = BAR_WIDTH if len(middles) <= MOST_BARS else 1.0
    floor = np.zeros(len(middles))
    for grade, counts in zip(GRADES, activity.counts, strict=True):
        if counts.any():
            axes.bar(
                middles, counts, widths * share, floor, color=GRADE_COLOURS[grade], linewidth=0, zorder=2,
                label=f"quality {grade} ({counts.sum()})" if grade else f"events ({counts.sum()})",
            )  # fmt: skip
            floor += counts
    axes.set_ylim(0, max(1.0, 1.06 * float(floor.max())))
    draw_gaps(axes, activity.gaps)
    if not floor.any():
        style.say_in_axes(axes, "no event was located")
    if activity.left_out:
        axes.plot([], [], " ", label=f"(outside these times: {activity.left_out})")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, fontsize=style.SMALL_PT, frameon=False,
            borderaxespad=0.2, handlelength=1.4, columnspacing=1.2,
        )  # fmt: skip


def draw_energy_sum(axes: Axes, activity: Activity) -> None:
    """Staircase of the energy radiated until each time."""
    unit = "J, relative" if activity.is_relative else "J"
    style.style_axes(axes, "time (UTC)", f"energy of A and B\nsince the start ({unit})")
    axes.grid(axis="y", color=style.GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    draw_gaps(axes, activity.gaps, named=False)
    if not activity.energy_sum_j.size:
        axes.set_yticks([])
        style.say_in_axes(axes, "no event of quality A or B has an energy")
        return
    times = np.concatenate([activity.edges[:1], activity.energy_times, activity.edges[-1:]])
    sums = np.concatenate([[0.0], activity.energy_sum_j, activity.energy_sum_j[-1:]])
    axes.plot(
        style.dates_of(times), sums, drawstyle="steps-post", color=style.EVENT, linewidth=1.6, gid="energy"
    )
    axes.set_ylim(0, 1.08 * float(sums[-1]))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
    axes.yaxis.get_offset_text().set_fontsize(style.SMALL_PT)
