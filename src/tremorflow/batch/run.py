"""One run: from a source of envelopes to the catalogue, the pictures and the report."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tremorflow.analysis import (
    CONVENTIONAL,
    DIET_GRASP,
    Method,
    associate_windows,
    detect_tremor,
    finish_catalog,
    locate_groups,
)
from tremorflow.batch.checks import (
    Checks,
    check_lines,
    count_near_arrivals,
    estimate_chance,
    kept_conventional_chance,
    what_locates,
)
from tremorflow.batch.full_report import rules_of, with_full_chain
from tremorflow.batch.hearing import hearing_of, write_hearing
from tremorflow.batch.outputs import (
    Labels,
    RunResult,
    check_folder,
    write_detections,
    write_groups,
    write_outputs,
)
from tremorflow.batch.recorded_signals import open_signals
from tremorflow.batch.recordings import EnvelopeSource, open_recordings
from tremorflow.batch.sources import SignalSource
from tremorflow.catalog.compare import Comparison, compare_catalogs
from tremorflow.catalog.earthquakes import read_earthquakes
from tremorflow.catalog.formats import write_catalog
from tremorflow.catalog.near_earthquakes import flag_near_earthquakes
from tremorflow.detections import Detections, with_amplitude_check, with_energies
from tremorflow.errors import DataError, SettingsError
from tremorflow.io.index import Progress
from tremorflow.locate import Hypocentre, SearchGrid, search_grid, window_starts
from tremorflow.plate import PlateInterface, read_plate_interface
from tremorflow.records import event_table, join_events, seconds, timedelta
from tremorflow.settings import Settings, hash_settings, read_settings
from tremorflow.traveltime import read_velocity_model, station_travel_times

BLOCK_S = 6 * 3600.0  # of envelopes in memory at a time: 78 MB for 150 stations
SPARE_KM = 250.0  # travel times reach this much farther than the search, for pictures of far stations
DEEPEST_KM = 200.0  # of a plate interface; tremor is above 60 km


DetectsSpan = Callable[[np.datetime64, np.datetime64, Progress | None], Detections]


class Bars(NamedTuple):
    """Functions that are called with the number done and in all: of files, hours and windows."""

    files: Progress | None = None
    hours: Progress | None = None
    windows: Progress | None = None


def run_settings_file(
    path: str | Path,
    output: str | Path,
    method: Method = DIET_GRASP,
    processes: int = 1,
    bars: Bars | None = None,
    *,
    compare: bool = False,
    earthquakes: str | Path | None = None,
) -> RunResult:
    """Run that a settings file describes; results go into the folder ``output``.

    Parameters
    ----------
    path
        Settings file (TOML).
    output
        Folder; the signals of the full chain are kept in ``signals`` in it, for the next run into it.
    method
        "diet-grasp", the full chain, or "conventional", envelope correlation over the whole network.
    processes
        That read and classify, for the full chain.
    bars
        Progress.
    compare
        After the full chain, run the conventional method on the same envelopes too, and show both.
    earthquakes
        Catalogue (CSV or QuakeML) of ordinary earthquakes: events near arrivals are counted and flagged.

    Raises
    ------
    TremorflowError
        Settings, archive or output folder that do not serve; the message says what to do.
    """
    settings, bars = read_settings(path), bars or Bars()
    check_folder(Path(output))
    labels = Labels(Path(path).stem, f"Recordings read from {settings.archive.path}.")
    known = None if earthquakes is None else read_earthquakes(earthquakes)
    if method == CONVENTIONAL:
        source = open_recordings(settings, bars.files)
        return run(settings, source, Path(output), labels, bars.windows, known)
    signals = open_signals(settings, Path(output) / "signals", bars.files)
    signals.make(processes, bars.hours)
    where, windows = Path(output), bars.windows
    return run_full_chain(settings, signals, where, labels, windows, compare=compare, earthquakes=known)


def run_full_chain(
    settings: Settings,
    source: SignalSource,
    output: Path,
    labels: Labels,
    progress: Progress | None = None,
    *,
    compare: bool = False,
    earthquakes: pd.DataFrame | None = None,
) -> RunResult:
    """Tremor in all that the source has, by DiET, GrASP and the location of groups, written into ``output``.

    Parameters are those of ``run``; the signals of the source are made. ``compare`` runs the conventional
    method too.
    """
    check_folder(output)
    grid, settings_hash = prepare_grid(settings, source)
    hearing = hearing_of(source, settings)
    write_hearing(output, source.network, hearing)
    association = associate_windows(source.probabilities(), settings.association, hearing)
    fates = np.full(len(association.groups), "no_window", dtype=object)
    rules = rules_of(settings)

    def detect(begin: np.datetime64, end: np.datetime64, report: Progress | None) -> Detections:
        envelopes = source.read(begin, end)
        found, fate = locate_groups(envelopes, association, grid, settings.location, settings_hash, report)
        fates[:] = np.where((fates == "located") | (fate == ""), fates, fate)
        around = timedelta(settings.energy.background_reach_s)
        every = source.read_all(max(begin - around, source.span[0]), min(end + around, source.span[1]))
        found = with_energies(found, every, association.probabilities, rules.energy)
        return with_amplitude_check(found, every, association.probabilities, grid, settings.location)

    found = _detect_in_blocks(settings, source, output, detect, progress)
    fates[~association.usable] = "earthquake"
    write_groups(output, association.table, fates)
    locating = what_locates(source, grid, settings)
    checks = estimate_chance(output, source, association, locating, settings_hash)
    result = _result(found, settings, source, (output, DIET_GRASP, settings_hash))
    result = _checked(result, checks, earthquakes, settings)
    rival = _compare(result, settings, source, grid, progress) if compare else None
    write_outputs(
        result, settings, source, grid, labels,
        lambda content: with_full_chain(content, source, association, rival, rules),
    )  # fmt: skip
    return result


def _compare(
    result: RunResult, settings: Settings, source: EnvelopeSource, grid: SearchGrid, progress: Progress | None
) -> Comparison:
    """Compare a run with the conventional method on the same envelopes, whose catalogue is written too."""
    folder = result.output / CONVENTIONAL
    check_folder(folder)
    detect = _by_correlation(settings, source, grid, result.settings_hash)
    found = _detect_in_blocks(settings, source, folder, detect, progress)
    events = finish_catalog(found.events, settings.catalog)
    write_catalog(events, folder / "catalog.csv")
    return compare_catalogs(result.events, events, names=("the full chain", "the conventional method"))


def run(
    settings: Settings,
    source: EnvelopeSource,
    output: Path,
    labels: Labels,
    progress: Progress | None = None,
    earthquakes: pd.DataFrame | None = None,
) -> RunResult:
    """Tremor in all that the source has, by the conventional method, written into ``output``.

    Parameters
    ----------
    settings
        All settings.
    source
        Where the envelopes come from.
    output
        Folder; made if missing. Detections are written after each block of hours, so that nothing found is
        lost if a later one fails.
    labels
        Title and origin of the recordings.
    progress
        Called with the number of windows done and in all.
    earthquakes
        As ``read_earthquakes`` gives: events near their arrivals are counted and flagged.
    """
    check_folder(output)
    grid, settings_hash = prepare_grid(settings, source)
    detect = _by_correlation(settings, source, grid, settings_hash)
    found = _detect_in_blocks(settings, source, output, detect, progress)
    result = _result(found, settings, source, (output, CONVENTIONAL, settings_hash))
    known = kept_conventional_chance(output, source, settings, settings_hash)
    result = _checked(result, known, earthquakes, settings)
    write_outputs(result, settings, source, grid, labels)
    return result


def _by_correlation(
    settings: Settings, source: EnvelopeSource, grid: SearchGrid, settings_hash: str
) -> DetectsSpan:
    """Make the function that detects in a span by the conventional method."""

    def detect(begin: np.datetime64, end: np.datetime64, report: Progress | None) -> Detections:
        return detect_tremor(source.read(begin, end), grid, settings.location, settings_hash, report)

    return detect


def _detect_in_blocks(
    settings: Settings, source: EnvelopeSource, output: Path, detect: DetectsSpan, progress: Progress | None
) -> Detections:
    """Detect in all blocks of hours; what is found so far is in ``detections.csv`` after each."""
    blocks = blocks_of(*source.span, settings)
    tables, hypocentres = list[pd.DataFrame](), list[Hypocentre]()
    total, done, windows = sum(count for _, _, count in blocks), 0, Counter[str]()
    write_detections(output, event_table())  # not those of an earlier run
    for begin, end, count in blocks:
        if source.has_recordings(begin, end):
            report = None if progress is None else lambda k, _, done=done: progress(done + k, total)
            found = detect(begin, end, report)
            windows.update(found.windows)
            if len(found.events):
                tables.append(found.events)
                hypocentres.extend(found.hypocentres)
                write_detections(output, join_events(tables))
        else:
            windows["no_recording"] += count
        done += count
    return Detections(join_events(tables), tuple(hypocentres), windows)


def _result(
    found: Detections, settings: Settings, source: EnvelopeSource, how: tuple[Path, Method, str]
) -> RunResult:
    """Catalogue of the detections, with what the source read and left out; how: folder, method and hash."""
    output, method, settings_hash = how
    events = finish_catalog(found.events, settings.catalog)
    return RunResult(
        events,
        found.hypocentres,
        found.windows,
        source.skips,
        source.counts,
        source.span,
        method,
        settings_hash,
        output,
    )


def _checked(
    result: RunResult, checks: Checks, earthquakes: pd.DataFrame | None, settings: Settings
) -> RunResult:
    """Add the checks to a result, and the flags of events near arrivals if there are earthquakes."""
    if earthquakes is None:
        return replace(result, checks=checks)
    near = count_near_arrivals(result.events, earthquakes, settings.velocity)
    events = flag_near_earthquakes(result.events, near)
    return replace(result, events=events, checks=replace(checks, near=near))


def prepare_grid(settings: Settings, source: EnvelopeSource) -> tuple[SearchGrid, str]:
    """Search grid with its travel times, and the hash of the settings and of what their files hold."""
    velocity, location, network = settings.velocity, settings.location, source.network
    model = read_velocity_model(velocity.model)
    contents = [*source.contents, np.stack([model.depths_km, model.vp_km_s, model.vs_km_s]).tobytes()]
    interface: PlateInterface | None = None
    deepest_km = {"free": location.max_depth_km, "fixed": location.fixed_depth_km}.get(location.depth, 0.0)
    if location.depth == "interface":
        if not velocity.plate_interface:
            raise SettingsError(
                'location.depth = "interface" needs velocity.plate_interface: the path of a grid file'
            )
        interface = read_plate_interface(velocity.plate_interface)
        contents += [
            array.tobytes() for array in (interface.latitudes, interface.longitudes, interface.depths_km)
        ]
        deepest_km = min(float(np.nanmax(interface.depths_km)), DEEPEST_KM)
    depths = np.arange(0.0, deepest_km + 2 * velocity.depth_step_km, velocity.depth_step_km)
    farthest_km = max(location.max_station_distance_km, location.max_pair_distance_km) + SPARE_KM
    travel_times = station_travel_times(model, network, depths, farthest_km)
    return search_grid(network, travel_times, location, interface), hash_settings(settings, *contents)


def blocks_of(
    start_time: np.datetime64, end_time: np.datetime64, settings: Settings
) -> list[tuple[np.datetime64, np.datetime64, int]]:
    """Start and end of blocks of envelopes whose windows are, together, those of the whole span."""
    location = settings.location
    starts = window_starts(start_time, end_time, location)
    per_block = max(1, int(BLOCK_S / location.step_s))
    blocks = []
    for first in range(0, len(starts), per_block):
        part = starts[first : first + per_block]
        blocks.append((part[0], part[-1] + timedelta(location.window_s), len(part)))
    if not blocks:
        raise DataError(
            f"the recordings from {start_time} to {end_time} are {seconds(end_time - start_time):g} s long, "
            f"too short for a window of location.window_s = {location.window_s} s that starts at a whole "
            f"multiple of location.step_s = {location.step_s}; lower these, or give more"
        )
    return blocks


def summary_lines(result: RunResult) -> list[str]:
    """Say in a few lines what a run read, skipped and found."""
    counts = result.counts
    hours = seconds(result.span[1] - result.span[0]) / 3600
    files = ", ".join(f"{value} {key[6:]}" for key, value in counts.items() if key.startswith("files_"))
    lines = [
        f"read     {counts['stations']} stations, {counts['station_hours']} station-hours in {hours:.2f} h"
        + (f" ({files} files)" if files else "")
    ]
    if len(result.skips):
        by_reason = result.skips.groupby("reason", sort=False)["count"].sum().sort_values(ascending=False)
        lines += [f"skipped  {count} x {reason}" for reason, count in by_reason.head(5).items()]
        if len(by_reason) > 5:
            lines.append(f"         and {len(by_reason) - 5} more reasons: see skips.csv")
    else:
        lines.append("skipped  nothing")
    ends = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in result.windows.most_common())
    lines.append(f"windows  {sum(result.windows.values())}: {ends}")
    grades = result.events["quality"].value_counts()
    shares = ", ".join(f"{int(grades.get(grade, 0))} {grade}" for grade in "ABC")
    lines.append(f"found    {len(result.events)} events (quality {shares})")
    lines += check_lines(result.checks)
    lines.append(f"written  {result.output}/catalog.csv and report.html")
    return lines
