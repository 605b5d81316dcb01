"""Hatching of times in which nothing was recorded, so that silence is not taken for quiet."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from tremorflow.catalog.activity import Span


def draw_gaps(axes: Axes, gaps: Sequence[Span], *, named: bool = True) -> None:
    """Hatch the gaps over the whole height of axes of time; the legend may name them once."""
    for i, (start, end) in enumerate(gaps):
        axes.axvspan(
            start, end, facecolor="#ececec", edgecolor="#a0a0a0", hatch="////", linewidth=0, zorder=0.4,  # type: ignore[arg-type]
            label="not recorded" if named and i == 0 else None, gid="gap",
        )  # fmt: skip
