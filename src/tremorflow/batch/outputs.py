"""Everything that a run leaves in its folder."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow import __version__
from tremorflow.analysis import Method
from tremorflow.batch.checks import Checks, check_counts, check_limits, checks_tree
from tremorflow.batch.recordings import EnvelopeSource
from tremorflow.catalog.files import write_text
from tremorflow.catalog.formats import write_catalog
from tremorflow.catalog.quality import describe_rules
from tremorflow.errors import DataError
from tremorflow.figures.map import draw_map
from tremorflow.figures.report import EventEvidence, ReportContent, write_report
from tremorflow.figures.space_time import draw_time_latitude
from tremorflow.figures.style import new_figure, write_png
from tremorflow.geodesy import distances_km
from tremorflow.io.probabilities import groups_text
from tremorflow.locate import Hypocentre, SearchGrid, map_likelihood
from tremorflow.settings import Settings, format_settings, list_settings

CATALOG_FILES = ("catalog.csv", "catalog.parquet", "catalog.xml", "catalog.geojson", "catalog.sloweq.csv")
SHOWN_EVENTS = 2  # in full in the report: the best located ones; each costs 0.4 MB


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run read, left out and found."""

    events: pd.DataFrame
    hypocentres: tuple[Hypocentre, ...]
    windows: Counter[str]
    skips: pd.DataFrame
    counts: Mapping[str, int | float | str]
    span: tuple[np.datetime64, np.datetime64]
    method: Method
    settings_hash: str
    output: Path
    checks: Checks = field(default_factory=Checks)


@dataclass(frozen=True, slots=True)
class Labels:
    """How a run is named, and where its recordings come from, in the words of the report."""

    title: str
    provenance_note: str


def check_folder(folder: Path) -> None:
    """Make the output folder, and refuse one that cannot be written, before hours of work are lost in it.

    Raises
    ------
    DataError
        The folder cannot be made, or a file cannot be written into it.
    """
    trial = folder / ".trial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.write_bytes(b"tremorflow")
        trial.unlink()
    except OSError as error:
        raise DataError(
            f"cannot write into the output folder {folder} ({error.strerror}); choose another"
        ) from error


def write_detections(folder: Path, detections: pd.DataFrame) -> None:
    """Write all detections so far, before duplicates are merged, to ``detections.csv``."""
    write_catalog(detections, folder / "detections.csv")


def write_groups(folder: Path, groups: pd.DataFrame, fates: NDArray[np.object_]) -> None:
    """Write all groups with their fates (group,), and those without a location into a table of their own."""
    table = groups.assign(fate=fates)
    write_text(folder / "groups.csv", groups_text(table))
    write_text(folder / "not_located.csv", groups_text(table[table["fate"] != "located"]))


def write_outputs(
    result: RunResult,
    settings: Settings,
    source: EnvelopeSource,
    grid: SearchGrid,
    labels: Labels,
    complete: Callable[[ReportContent], ReportContent] | None = None,
) -> None:
    """Catalogue in every format, skips, settings, pictures and the report, into the folder of the run.

    ``complete`` adds to the report what the method has to say besides.
    """
    folder = result.output
    provenance = {
        "method": result.method,
        "version": __version__,
        "settings_hash": result.settings_hash,
        "span": [f"{np.datetime_as_string(time)}Z" for time in result.span],
        "recordings": labels.provenance_note,
        "rules": describe_rules(settings.catalog),
        "windows": dict(result.windows),
        "read": dict(result.counts),
        **checks_tree(result.checks),
    }
    for name in CATALOG_FILES:
        write_catalog(result.events, folder / name, provenance if name == "catalog.csv" else None)
    write_text(folder / "skips.csv", result.skips.to_csv(index=False))
    write_text(folder / "settings.toml", format_settings(settings))
    write_text(folder / "run.json", json.dumps(provenance, indent=1, ensure_ascii=False) + "\n")
    figure = new_figure(8.0, 8.0)
    axes = figure.subplots()
    draw_map(axes, result.events, source.network)
    axes.set_title(labels.title, parse_math=False)  # a picture that is passed on alone says what it is of
    write_png(folder / "map.png", figure)
    figure = new_figure(9.0, 5.0)
    axes = figure.subplots()
    draw_time_latitude(axes, result.events, span=result.span)
    axes.set_title(labels.title, parse_math=False)
    write_png(folder / "time_latitude.png", figure)
    content = ReportContent(
        title=labels.title,
        provenance_note=labels.provenance_note,
        network=source.network,
        span=result.span,
        method=result.method,
        events=result.events,
        skips=result.skips,
        evidence=gather_evidence(result, settings, source, grid),
        settings_rows=[(row.key, str(row.value), row.unit) for row in list_settings(settings)],
        counts={f"windows {reason.replace('_', ' ')}": count for reason, count in result.windows.items()}
        | check_counts(result.checks),
        version=__version__,
        settings_hash=result.settings_hash,
    )
    content = complete(content) if complete else content
    content = replace(content, limits=content.limits + check_limits(result.checks))
    write_report(folder / "report.html", content)


def gather_evidence(
    result: RunResult, settings: Settings, source: EnvelopeSource, grid: SearchGrid
) -> tuple[EventEvidence, ...]:
    """Envelopes and likelihood map of the best located events: in company, by grade, pairs, correlation."""
    by_place = {
        (found.window_start, found.fit.place.latitude, found.fit.place.longitude): found
        for found in result.hypocentres
    }
    alone = result.events["flags"].fillna("").str.contains("isolated")
    ranked = result.events.assign(alone=alone).sort_values(
        ["alone", "quality", "n_pairs", "correlation"],
        ascending=[True, True, False, False],
        ignore_index=True,
    )
    evidence = []
    best = ranked.head(SHOWN_EVENTS)
    keys = zip(best["window_start"].to_numpy(), best["latitude"], best["longitude"], strict=True)
    for event_id, key in zip(best["event_id"], keys, strict=True):
        found = by_place[key]
        window = source.read(found.window_start, found.window_end)
        likelihood = map_likelihood(window, found, grid, settings.location)
        used = np.isin(np.arange(len(source.network)), found.fit.stations)
        place, network = found.fit.place, source.network
        evidence.append(
            EventEvidence(
                str(event_id),
                window,
                place.s_times_s,
                distances_km(place.latitude, place.longitude, network.latitudes, network.longitudes),
                used,
                likelihood.latitudes,
                likelihood.longitudes,
                likelihood.values,
            )
        )
    return tuple(evidence)
