"""Look of the pictures: colours, sizes, and figures that need no screen and share no state.

Figures are made with their own Agg canvas, never through ``pyplot``, so threads may draw at the same time.
Colours are those of Okabe & Ito (2008) and of viridis and cividis, which colour-blind readers tell apart.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from tremorflow.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAND, SEA, COAST = "#efeae0", "#f4f8fb", "#857d70"
INK, PALE, GRID = "#222222", "#b5b5b5", "#dddddd"
STATION, TRENCH, EVENT, BURST = "#000000", "#8c4a8c", "#d55e00", "#f0e442"

TEXT_PT, SMALL_PT = 10.0, 8.5
DOTS_PER_INCH = 150  # sharp at the width of a page; a map stays near 200 kB


def new_figure(width_in: float, height_in: float) -> Figure:
    """Empty figure of this size (inches) with its own canvas, laid out so that no label is cut."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def png_bytes(figure: Figure) -> bytes:
    """Picture as the bytes of a PNG file."""
    buffer = BytesIO()
    figure.savefig(
        buffer,
        format="png",
        dpi=DOTS_PER_INCH,
        bbox_inches="tight",
        pad_inches=0.08,
        metadata={"Software": "tremorflow"},
    )
    return buffer.getvalue()


def write_png(path: Path, figure: Figure) -> None:
    """Write the picture as a PNG file.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    try:
        path.write_bytes(png_bytes(figure))
    except OSError as error:
        raise DataError(
            f"cannot write picture {path}: {error.strerror}; name a folder you may write"
        ) from error


def style_axes(axes: "Axes", x_label: str, y_label: str) -> None:
    """Label the axes and give them the common look."""
    axes.set_xlabel(x_label, fontsize=TEXT_PT, color=INK)
    axes.set_ylabel(y_label, fontsize=TEXT_PT, color=INK)
    axes.tick_params(labelsize=TEXT_PT, colors=INK, length=3)
    for spine in axes.spines.values():
        spine.set_color("#666666")
        spine.set_linewidth(0.8)


def style_time_axis(axis: Axis) -> None:
    """Show an axis of times (UTC) with as few words as its span needs."""
    locator = mdates.AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axis.set_major_locator(locator)
    axis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axis.get_offset_text().set_fontsize(SMALL_PT)


def dates_of(times: ArrayLike) -> NDArray[np.float64]:
    """Count times (UTC) in days, as matplotlib does."""
    return np.asarray(mdates.date2num(times), dtype=np.float64)  # type: ignore[no-untyped-call]


def say_in_axes(axes: "Axes", text: str) -> None:
    """Write a sentence in the middle of axes that have nothing to show."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center",
        fontsize=TEXT_PT, color=INK, bbox={"facecolor": "white", "edgecolor": PALE, "alpha": 0.9},
    )  # fmt: skip
