"""Record section: the envelopes behind one event, lined up at their S times."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tremorflow.errors import DataError
from tremorflow.figures import style
from tremorflow.records import Envelopes, seconds

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_TRACES = 30  # more cannot be told apart on one page
TRACE_HEIGHT = 1.4  # in units of the distance between traces, so that neighbours overlap a little


def draw_aligned_envelopes(
    axes: Axes,
    envelopes: Envelopes,
    s_times_s: FloatArray,
    distances_km: FloatArray,
    event: pd.Series,
    *,
    used: BoolArray | None = None,
) -> None:
    """Normalised envelopes of one window, each earlier by its S time, the nearest station at the bottom.

    Where the location is right, one burst stands under another at every station.

    Parameters
    ----------
    axes
        Empty axes.
    envelopes
        The window in which the event was found; components of a station are drawn as one.
    s_times_s : (station,), s
        S travel times from the event; a station with NaN is not drawn.
    distances_km : (station,), km
        Epicentral distances.
    event
        Row of the event table; zero is its ``time``, and its burst is shaded.
    used : (station,)
        Stations that the location rests on: dark, the others pale. By default all.

    Raises
    ------
    DataError
        An array does not fit the number of stations.
    """
    used = np.ones(len(envelopes.network), dtype=bool) if used is None else used
    for name, array in (("s_times_s", s_times_s), ("distances_km", distances_km), ("used", used)):
        if array.shape != (len(envelopes.network),):
            raise DataError(f"{name} of shape {array.shape} does not fit {len(envelopes.network)} stations")
    values = envelopes.by_station()
    origin = envelopes.start_time if pd.isna(event["time"]) else event["time"].to_datetime64()
    clock = np.arange(values.shape[-1]) / envelopes.sampling_rate_hz
    clock = clock + seconds(envelopes.start_time - origin)
    order = traces_to_draw(s_times_s, distances_km, used)
    for place, i in enumerate(order):
        draw_trace(axes, clock - s_times_s[i], values[i], place, used[i])
    shade_burst(axes, event, origin)
    style.style_axes(axes, "seconds from the source time of the event", "")
    axes.axvline(0, color=style.EVENT, linewidth=1.0, zorder=1)
    axes.set_yticks(
        range(len(order)), [f"{envelopes.network.codes[i]}  {distances_km[i]:.0f} km" for i in order]
    )
    axes.tick_params(axis="y", labelsize=style.SMALL_PT, length=0)
    for label, i in zip(axes.get_yticklabels(), order, strict=True):
        label.set_color(style.INK if used[i] else "#767676")
        label.set_parse_math(False)  # a code may hold a dollar sign
    axes.set_ylim(-0.4, max(len(order), 1) - 1 + TRACE_HEIGHT + 0.1)
    if order.size:
        axes.set_xlim(clock[0] - np.max(s_times_s[order]), clock[-1] - np.min(s_times_s[order]))
    axes.set_title(
        section_title(envelopes, order, used), fontsize=style.SMALL_PT, color=style.INK, loc="left"
    )


def traces_to_draw(s_times_s: FloatArray, distances_km: FloatArray, used: BoolArray) -> NDArray[np.intp]:
    """Stations from near to far; of too many the used ones and then the nearest."""
    known = np.flatnonzero(np.isfinite(s_times_s))
    ranked = known[np.lexsort((distances_km[known], ~used[known]))][:MOST_TRACES]
    return ranked[np.argsort(distances_km[ranked], kind="stable")]


def draw_trace(axes: Axes, clock: FloatArray, values: FloatArray, place: int, is_used: bool) -> None:
    """One envelope between its smallest and largest value, standing on its place."""
    if not np.isfinite(values).any():
        axes.text(
            0.02, place, "no data in this window", transform=axes.get_yaxis_transform(),
            fontsize=style.SMALL_PT, color="#767676", ha="left", va="center",
        )  # fmt: skip
        return
    low, high = np.nanmin(values), np.nanmax(values)
    height = (values - low) / (high - low) if high > low else np.zeros_like(values)
    axes.plot(
        clock, place + TRACE_HEIGHT * height, color=style.INK if is_used else style.PALE,
        linewidth=1.2 if is_used else 0.9, zorder=3, gid=f"trace {place}",
    )  # fmt: skip


def shade_burst(axes: Axes, event: pd.Series, origin: np.datetime64) -> None:
    """Shade from the start to the end of the event."""
    if pd.isna(event["start_time"]) or pd.isna(event["end_time"]):
        return
    start, end = (seconds(event[name].to_datetime64() - origin) for name in ("start_time", "end_time"))
    axes.axvspan(start, end, color=style.BURST, alpha=0.35, linewidth=0, zorder=0.5)


def section_title(envelopes: Envelopes, order: NDArray[np.intp], used: BoolArray) -> str:
    """Say what the section shows, in one line."""
    low, high = envelopes.band_hz
    shown = used[order].sum()
    words = [f"{low:g}-{high:g} Hz", f"dark: {shown} used"]
    if len(order) > shown:
        words.append(f"pale: {len(order) - shown} not used")
    if len(envelopes.network) > len(order):
        words.append(f"{len(envelopes.network) - len(order)} more not drawn")
    return "; ".join(words)
