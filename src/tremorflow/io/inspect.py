"""What is in an archive, for someone who sees it for the first time: ``tremorflow inspect PATH``."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.io.archive import Archive, open_archive
from tremorflow.io.index import ChannelName, Progress
from tremorflow.io.orientation import component_of
from tremorflow.io.segments import Skip
from tremorflow.io.stations import StationMetadata
from tremorflow.records import NANOSECONDS

INSPECTION_COLUMNS = (
    "station",
    "location",
    "channels",
    "sampling_rate_hz",
    "start_time",
    "end_time",
    "recorded_s",
    "n_gaps",
    "gap_s",
    "unit",
    "has_coordinates",
)
SHOWN_REASONS = 8


@dataclass(frozen=True, slots=True)
class Inspection:
    """Contents of an archive.

    ``table`` has a row per station, location, instrument and sampling rate, with ``INSPECTION_COLUMNS``;
    gaps are those of the channel that has most, their length that of the channel that lacks most.
    """

    path: str
    table: pd.DataFrame
    formats: dict[str, int]  # files by format
    start_time: np.datetime64
    end_time: np.datetime64
    skips: tuple[Skip, ...]


class Coverage(NamedTuple):
    """How much of its span a channel has recorded."""

    recorded_s: float
    n_gaps: int
    gap_s: float


def inspect(
    path: str | os.PathLike[str],
    *,
    stations: StationMetadata | str | os.PathLike[str] | None = None,
    channel_table: str | os.PathLike[str] | None = None,
    index_folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """Contents of an archive or file; the arguments are those of ``open_archive``.

    Raises
    ------
    DataError
        The path does not exist, or nothing below it is a recording.
    """
    archive = open_archive(
        path, stations=stations, channel_table=channel_table, index_folder=index_folder, progress=progress
    )
    try:
        return inspect_archive(archive, str(path))
    finally:
        archive.close()


def inspect_archive(archive: Archive, name: str | None = None) -> Inspection:
    """Contents of an archive that is open."""
    instruments: dict[tuple[str, str, str, float], dict[ChannelName, NDArray[np.int64]]] = {}
    for (channel, rate_hz), runs in archive.runs().items():
        network, station, location, code = channel
        key = (f"{network}.{station}", location, code[:-1], rate_hz)
        instruments.setdefault(key, {})[channel] = runs
    nowhere = set(archive.without_coordinates)
    rows = []
    for key in sorted(instruments):
        station, location, _, rate_hz = key
        channels = instruments[key]
        found = [measure_coverage(runs, rate_hz) for runs in channels.values()]
        end = np.datetime64(max(int(runs[:, 1].max()) for runs in channels.values()), "ns")
        rows.append(
            (
                station,
                location,
                ",".join(sorted((channel[3] for channel in channels), key=_component_rank)),
                rate_hz,
                np.datetime64(min(int(runs[0, 0]) for runs in channels.values()), "ns"),
                end,
                max(coverage.recorded_s for coverage in found),
                max(coverage.n_gaps for coverage in found),
                max(coverage.gap_s for coverage in found),
                _unit(archive, channels, end),
                station not in nowhere,
            )
        )
    table = pd.DataFrame(rows, columns=list(INSPECTION_COLUMNS))
    return Inspection(
        name or str(archive.root), table, archive.count_formats(), *archive.time_span(), tuple(archive.skips)
    )


def format_inspection(inspection: Inspection) -> str:
    """Plain text of an inspection: what is there, a table with a line per instrument, what was left out."""
    table = inspection.table
    files = ", ".join(f"{count} {name}" for name, count in inspection.formats.items())
    lines = [
        f"{inspection.path}: {table['station'].nunique()} stations in {sum(inspection.formats.values())} "
        f"files ({files})",
        f"from {_time(inspection.start_time)} to {_time(inspection.end_time)} UTC",
        "",
    ]
    header = (
        "station",
        "loc",
        "channels",
        "Hz",
        "from",
        "to",
        "recorded",
        "gaps",
        "missing",
        "unit",
        "place",
    )
    cells = [
        (
            row.station,
            row.location or "-",
            row.channels or "-",
            f"{row.sampling_rate_hz:g}",
            _time(row.start_time),
            _time(row.end_time),
            format_duration(row.recorded_s),
            str(row.n_gaps),
            format_duration(row.gap_s) if row.gap_s else "-",
            row.unit,
            "yes" if row.has_coordinates else "NO",
        )
        for row in cast(Iterable[Any], table.itertuples())
    ]
    lines += _aligned([tuple(header), *cells], right=(3, 6, 7, 8))
    lines += ["", *_remarks(inspection)]
    return "\n".join(lines).rstrip() + "\n"


def format_duration(duration_s: float) -> str:
    """Length of time in the unit that reads best: ``0.4 s``, ``12.0 min``, ``3.5 h``, ``20.0 d``."""
    for unit, length_s in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if duration_s >= 2 * length_s:
            return f"{duration_s / length_s:.1f} {unit}"
    return f"{duration_s:.3g} s"


def measure_coverage(runs: NDArray[np.int64], rate_hz: float) -> Coverage:
    """Coverage of one channel by (run, 2) starts and ends in ns, in order of start; overlaps count once."""
    ends = np.maximum.accumulate(runs[:, 1])
    gaps_ns = runs[1:, 0] - ends[:-1]
    # Half a sample is what joins two runs; anything shorter is no gap.
    gaps_ns = gaps_ns[gaps_ns > 0.5 * NANOSECONDS / rate_hz]
    gap_s = float(gaps_ns.sum()) / NANOSECONDS
    return Coverage(float(ends[-1] - runs[0, 0]) / NANOSECONDS - gap_s, len(gaps_ns), gap_s)


def _unit(archive: Archive, channels: Iterable[ChannelName], end: np.datetime64) -> str:
    """Tell the unit that counts can be turned into, ``count`` where the sensitivity is not known."""
    units = set()
    for channel in channels:
        known = archive.metadata.find_channel(".".join(channel), end - np.timedelta64(1, "ns"))
        units.add(known.unit if known is not None and np.isfinite(known.sensitivity) else "count")
    return units.pop() if len(units) == 1 else "mixed"


def _remarks(inspection: Inspection) -> list[str]:
    table = inspection.table
    lines = []
    nowhere = sorted(table.loc[~table["has_coordinates"], "station"].unique())
    if nowhere:
        lines.append(
            f"{len(nowhere)} stations have no coordinates, so they cannot be used until a station table "
            f"gives them: {_some(nowhere)}"
        )
    counts = sorted(table.loc[table["unit"] == "count", "station"].unique())
    if counts:
        lines.append(
            f"{len(counts)} stations are in counts of unknown sensitivity (locations do not need it, "
            f"energies do): {_some(counts)}"
        )
    reasons: Counter[str] = Counter()
    files: dict[str, set[str]] = {}
    for skip in inspection.skips:
        reason = skip.reason.replace(skip.file, "the file") if skip.file else skip.reason
        reasons[reason] += skip.count
        files.setdefault(reason, set()).add(skip.file)
    if reasons:
        lines.append("Left out:")
    lines += [
        f"  {count} x {reason}, in {_some(sorted(files[reason]))}"
        for reason, count in reasons.most_common(SHOWN_REASONS)
    ]
    if len(reasons) > SHOWN_REASONS:
        lines.append(f"  and {len(reasons) - SHOWN_REASONS} reasons more")
    return lines


def _some(names: list[str], limit: int = 3) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _aligned(rows: Iterable[tuple[str, ...]], right: tuple[int, ...]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _time(time: np.datetime64 | pd.Timestamp) -> str:
    return str(pd.Timestamp(time).strftime("%Y-%m-%d %H:%M:%S"))


def _component_rank(channel: str) -> tuple[bool, str]:
    component = component_of(channel)
    return component is None, channel
