"""``tremorflow classify``: paths in, a table of probabilities and its arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tremorflow.batch.classify import (
    ArchiveFeed,
    Classified,
    Progress,
    classify_recordings,
    read_spectrograms,
)
from tremorflow.batch.recordings import Tally
from tremorflow.classifier.weights import read_weights
from tremorflow.errors import DataError
from tremorflow.figures.spectrograms import draw_station
from tremorflow.figures.style import write_png
from tremorflow.io.archive import Archive, open_archive
from tremorflow.io.index import Progress as FileProgress
from tremorflow.io.orientation import read_orientations
from tremorflow.io.probabilities import write_probabilities, write_probability_table
from tremorflow.io.stations import read_stations
from tremorflow.records import CLASSES, Network, Probabilities, Station, seconds, timedelta, utc


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """What to classify. Empty texts: not given.

    ``stations`` is StationXML, a channel table or CSV; ``weights`` a bundled name or a file; ``start`` and
    ``end`` are times in UTC.
    """

    paths: Sequence[str | Path]
    stations: str = ""
    channel_table: str = ""
    orientations: str = ""
    weights: str = "bundled"
    start: str = ""
    end: str = ""
    processes: int = 1


def classify_files(
    request: ClassifyRequest, file_progress: FileProgress | None = None, progress: Progress | None = None
) -> Classified:
    """Probabilities of everything below some paths.

    Stations without coordinates are classified too: only their place is unknown.

    Raises
    ------
    DataError
        Nothing there to read, or nothing in the span.
    ModelError
        Weights that do not serve.
    """
    weights = read_weights(request.weights)
    orientations = read_orientations(request.orientations) if request.orientations else {}
    archive, unplaced = open_placed(request, file_progress)
    span = request_span(archive, request)
    found = classify_recordings(
        ArchiveFeed(archive, archive.network),
        weights,
        span,
        orientations=orientations,
        processes=request.processes,
        progress=progress,
    )
    before = Tally()
    before.add_skips(archive.skips)
    archive.close()
    reason = "no coordinates: classified, but left out of the arrays; add it to the station table"
    for code in unplaced:
        before.add(code, reason)
    tables = [part for part in (before.table(), found.skips) if len(part)]
    return Classified(found.probabilities, pd.concat(tables, ignore_index=True) if tables else found.skips)


def open_placed(
    request: ClassifyRequest, progress: FileProgress | None = None
) -> tuple[Archive, tuple[str, ...]]:
    """Archive in which every station has a place, and the codes of those for which it is made up (0, 0)."""
    metadata = read_stations(request.stations) if request.stations else None
    table = request.channel_table or None
    archive = open_archive(request.paths, stations=metadata, channel_table=table, progress=progress)
    unplaced = archive.without_coordinates
    if not unplaced:
        return archive, ()
    names = [code.rpartition(".") for code in unplaced]
    made_up = tuple(Station(network, station, 0.0, 0.0, 0.0) for network, _, station in names)
    known = archive.metadata
    archive.close()
    filled = replace(known, network=Network((*known.network.stations, *made_up)))
    return open_archive(request.paths, stations=filled, channel_table=table), unplaced


def write_classified(found: Classified, output: str | Path) -> tuple[Path, Path]:
    """Write the table as CSV, and the arrays beside it as ``.npz`` (stations with coordinates alone)."""
    table, arrays = Path(output), Path(output).with_suffix(".npz")
    write_probability_table(table, found.probabilities)
    write_probabilities(arrays, placed(found.probabilities))
    return table, arrays


def placed(probabilities: Probabilities) -> Probabilities:
    """Those of the stations that stand somewhere."""
    stations = probabilities.network.stations
    rows = [k for k, one in enumerate(stations) if (one.latitude, one.longitude) != (0.0, 0.0)]
    return replace(
        probabilities,
        network=probabilities.network.subset(rows),
        values=probabilities.values[rows],
        completeness=probabilities.completeness[rows],
        instruments=tuple(probabilities.instruments[k] for k in rows),
    )


def draw_classified(request: ClassifyRequest, found: Classified, code: str, path: Path) -> None:
    """Draw the spectrograms of one station with its probabilities under them, as PNG.

    Raises
    ------
    DataError
        A station that was not classified, or one without recordings.
    """
    codes = found.probabilities.network.codes
    if code not in codes:
        raise DataError(f"station {code} was not classified; there are {', '.join(codes[:20])}")
    settings = read_weights(request.weights).spectrogram
    archive, _ = open_placed(request)
    starts = found.probabilities.start_times
    span = starts[0], starts[-1] + timedelta(settings.window_s)
    orientations = read_orientations(request.orientations) if request.orientations else {}
    row = codes.index(code)
    spectrograms = read_spectrograms(ArchiveFeed(archive, archive.network), row, span, settings, orientations)
    archive.close()
    if spectrograms is None:
        raise DataError(f"station {code} has no recording from {span[0]} to {span[1]}; nothing can be drawn")
    write_png(path, draw_station(spectrograms, found.probabilities))


def summary_lines(found: Classified, output: Path) -> list[str]:
    """Say in a few lines what was classified and how it came out."""
    result = found.probabilities
    judged = np.isfinite(result.values[:, 0])
    n_judged = int(judged.sum())
    hours = seconds(result.start_times[-1] - result.start_times[0]) / 3600
    live = int(judged.any(axis=1).sum())
    lines = [
        f"classified  {n_judged} windows of {result.window_s:g} s at {live} of {len(result.network)} "
        f"stations over {hours:.1f} h, with the weights {result.weights}"
    ]
    likeliest = np.nan_to_num(result.values, nan=-1.0).argmax(axis=1)
    for k, name in enumerate(CLASSES):
        count = int(((likeliest == k) & judged).sum())
        lines.append(
            f"{name:11s} {count} windows ({count / max(n_judged, 1):.1%}), by the largest probability"
        )
    sure = int((result.p_tremor >= result.threshold).sum())
    lines.append(
        f"sure tremor {sure} windows, p_tremor >= {result.threshold:.2f} (threshold of a single station)"
    )
    unused = int((~judged & (result.completeness > 0)).sum())
    if unused:
        lines.append(f"not judged  {unused} windows, less than half recorded")
    by_reason = found.skips.groupby("reason", sort=False)["count"].sum().sort_values(ascending=False)
    lines += [f"skipped     {count} x {reason}" for reason, count in by_reason.head(5).items()]
    lines.append(f"written     {output}, and {output.with_suffix('.npz').name} for the chain")
    return lines


def request_span(archive: Archive, request: ClassifyRequest) -> tuple[np.datetime64, np.datetime64]:
    """Span that was asked for, as far as there are recordings."""
    first, last = archive.time_span()
    start = max(utc(request.start), first) if request.start else first
    end = min(utc(request.end), last) if request.end else last
    if start >= end:
        raise DataError(
            f"no recording between start = {request.start or 'first'} and end = {request.end or 'last'}: the "
            f"archive has {first} to {last}; correct them"
        )
    return start, end
