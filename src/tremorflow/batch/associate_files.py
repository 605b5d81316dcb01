"""Probabilities of a file -> groups and episodes in a file, and the graph of a window as a picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.associate import (
    AssociationSettings,
    Groups,
    associate_stations,
    earthquake_excess,
    group_table,
    learn_hearing,
    station_graph,
)
from tremorflow.errors import DataError
from tremorflow.figures.station_graph import draw_station_graph
from tremorflow.figures.style import write_png
from tremorflow.io.probabilities import groups_text, read_probabilities, replacing
from tremorflow.records import Probabilities, utc


@dataclass(frozen=True, slots=True)
class Associated:
    """What was associated: the probabilities, their groups, and the table of these."""

    probabilities: Probabilities
    groups: Groups
    table: pd.DataFrame
    settings: AssociationSettings


def associate_file(path: str | Path, settings: AssociationSettings) -> Associated:
    """Associate the probabilities that ``tremorflow classify`` wrote as arrays (.npz).

    Raises
    ------
    DataError
        A file that cannot be read, or one whose stations have no places.
    """
    source = Path(path).with_suffix(".npz")  # the table beside it has no coordinates
    probabilities = read_probabilities(source)
    if not len(probabilities.network):
        raise DataError(
            f"{source} has no station with coordinates; run `tremorflow classify` with --stations"
        )
    hearing = learn_hearing(probabilities, settings)
    groups = associate_stations(probabilities.p_tremor, probabilities.network, settings, hearing)
    excess = earthquake_excess(groups, probabilities, settings)
    return Associated(probabilities, groups, group_table(groups, excess, probabilities, settings), settings)


def write_groups(found: Associated, output: Path) -> None:
    """Write the table as CSV, times in ISO 8601 with Z; ``DataError`` if that fails."""
    with replacing(output) as partial:
        partial.write_text(groups_text(found.table), encoding="utf-8", newline="")


def draw_window(found: Associated, time: str, path: Path) -> None:
    """Draw the station graph of the window that begins last before a time, as PNG.

    ``time`` is UTC, or "busiest": the window with most stations in groups.
    """
    starts = found.probabilities.start_times
    if time == "busiest":
        window = int((found.groups.labels >= 0).sum(axis=0).argmax())
    else:
        window = int(np.searchsorted(starts, utc(time), side="right")) - 1
        if window < 0:
            raise DataError(f"no window before {time}; the probabilities begin at {starts[0]}Z")
    stamp = np.datetime_as_string(starts[window], unit="s").replace("T", " ")
    count = int((found.groups.windows == window).sum())
    title = f"{stamp} UTC, {count} group{'' if count == 1 else 's'} ({found.settings.method})"
    graph = station_graph(found.probabilities.network, found.settings)
    write_png(path, draw_station_graph(found.probabilities.p_tremor, found.groups, window, graph, title))


def summary_lines(found: Associated, output: Path) -> list[str]:
    """Say in a few lines what was associated and how it came out."""
    windows, groups = len(found.probabilities.start_times), found.groups
    with_groups = len(np.unique(groups.windows))
    several = int((np.bincount(groups.windows, minlength=1) > 1).sum())
    sizes = found.table["n_stations"]
    lines = [
        f"associated  {windows} windows of {len(found.probabilities.network)} stations "
        f"by {found.settings.method}",
        f"groups      {len(groups)} in {with_groups} windows; {several} windows have more than one",
        f"episodes    {found.table['episode_id'].nunique()}",
    ]
    if len(groups):
        lines.append(f"stations    {int(sizes.min())} to {int(sizes.max())} in a group")
    return [*lines, f"written     {output}"]
