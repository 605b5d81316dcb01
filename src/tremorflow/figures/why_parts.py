"""Parts of the picture that says why there is a detection, or none."""

import numpy as np
from matplotlib.axes import Axes

from tremorflow.analysis import Association
from tremorflow.explain import Evidence, Explanation, Step, clock, place_words, stamp
from tremorflow.figures import style
from tremorflow.figures.envelopes import draw_aligned_envelopes
from tremorflow.figures.station_graph import draw_graph_axes

PASSED, FAILED, OPEN, NOT_REACHED = "#009e73", "#d55e00", "#b5b5b5", "#767676"
TREMOR, EARTHQUAKE, NOISE = "#0072b2", "#cc79a7", "#dddddd"
MOST_BARS = 12


def draw_window_graph(axes: Axes, explanation: Explanation, association: Association) -> None:
    """Station graph of the window in question; a ring around the place that is asked about."""
    focus = next(one for one in explanation.groupings if one.window == explanation.focus)
    p_tremor = association.probabilities.p_tremor
    place = explanation.asked.place
    also = () if place is None else (place,)
    extent = draw_graph_axes(axes, p_tremor, association.groups, focus.window, association.graph, also)
    if focus.groups:
        axes.scatter(
            [], [], marker="*", s=160, c="white", edgecolors=style.INK, label="where a group points to"
        )
    sources = [source.place for story in explanation.locatings for source in story.sources]
    if sources:
        latitudes, longitudes = np.array(sources).T
        axes.scatter(
            extent.near(longitudes), latitudes, marker="P", s=110, c="#56b4e9", edgecolors="black",
            linewidths=1.0, zorder=6.5, gid="sources", label="located source",
        )  # fmt: skip
    if place is not None:
        is_event = bool(explanation.asked.event_id)
        axes.scatter(
            extent.near(np.array(place[1])), place[0], marker="o", s=420, facecolors="none",
            edgecolors="black", linewidths=2.6, zorder=7, gid="asked",
            label="the event" if is_event else "the place in question",
        )  # fmt: skip
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=3, fontsize=style.SMALL_PT)
    count = len(focus.groups)
    end = f"{count} group{'' if count == 1 else 's'}" if count else f"no group: {focus.verdict.rule}"
    axes.set_title(
        f"What DiET heard {stamp(focus.start_time)} to {clock(focus.end_time)} UTC\n{end}",
        fontsize=style.TEXT_PT, color=style.INK if count else FAILED, loc="left",
    )  # fmt: skip


def draw_section(axes: Axes, explanation: Explanation, evidence: Evidence) -> None:
    """Aligned envelopes, under a title that says for which place."""
    draw_aligned_envelopes(
        axes, evidence.window, evidence.s_times_s, evidence.distances_km, evidence.event, used=evidence.used
    )
    where = place_words(evidence.place)
    if evidence.likelihood is not None:
        lines = [f"Envelopes less their S times from the located source, {where}", axes.get_title(loc="left")]
    else:
        asked = any(story.stations for story in explanation.locatings)
        low, high = evidence.window.band_hz
        lines = [f"Envelopes less their S times, as if from {where} (nothing was located)"]
        lines.append(
            f"{low:g}-{high:g} Hz; dark: stations {'that were correlated' if asked else 'within reach'}"
        )
        axes.set_xlabel("seconds from the time in question, S travel time taken off")
    axes.set_title("\n".join(lines), fontsize=style.SMALL_PT, color=style.INK, loc="left")


def draw_steps(axes: Axes, found: tuple[Step, ...]) -> None:
    """Draw the steps from the first above to the last below, each with a mark of its own form."""
    forms = {True: ("o", PASSED), False: ("X", FAILED), None: ("o", OPEN)}
    for place, step in enumerate(found):
        form, colour = forms[step.passed]
        axes.scatter(
            0, -place, marker=form, s=110, zorder=3, edgecolors=colour,
            facecolors="white" if step.passed is None else colour,
        )  # fmt: skip
        text = step.name + (f": {step.numbers}" if step.numbers else "")
        axes.text(
            0.12, -place, text + ("  - stopped here" if step.passed is False else ""), va="center",
            fontsize=style.TEXT_PT, color=NOT_REACHED if step.passed is None else style.INK,
            fontweight="bold" if step.passed is False else "normal",
        )  # fmt: skip
    axes.plot([0, 0], [0, 1 - len(found)], color=OPEN, linewidth=1.5, zorder=1)
    axes.set_xlim(-0.15, 2.9)
    axes.set_ylim(-len(found) + 0.4, 0.6)
    axes.set_title("How far it came", fontsize=style.TEXT_PT, color=style.INK, loc="left")
    axes.set_axis_off()


def draw_probabilities(axes: Axes, explanation: Explanation, min_probability: float) -> None:
    """Bars of the three probabilities at the surest stations, the surest above."""
    shown = [one for one in explanation.stations if np.isfinite(one.p_tremor)][:MOST_BARS]
    rows = -np.arange(len(shown))
    left = np.zeros(len(shown))
    parts = (("tremor", TREMOR), ("earthquake", EARTHQUAKE), ("noise", NOISE))
    for name, colour in parts:
        width = np.array([getattr(one, f"p_{name}") for one in shown])
        axes.barh(rows, width, left=left, color=colour, label=name, height=0.75)
        left = left + width
    axes.axvline(min_probability, color=style.INK, linestyle="--", linewidth=1.2)
    names = [
        one.code + (f"  {one.distance_km:.0f} km" if np.isfinite(one.distance_km) else "") for one in shown
    ]
    style.style_axes(axes, f"probability; dashed: association.min_probability = {min_probability:g}", "")
    axes.set_yticks(rows, names, fontsize=style.SMALL_PT)
    axes.set_xlim(0, 1)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=style.SMALL_PT, frameon=False
    )
