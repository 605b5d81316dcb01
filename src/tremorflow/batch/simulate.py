"""A simulation written as an archive with its truth: in processes, resumable, whole or visibly not.

    FOLDER/sds/YEAR/NET/STA/CHAN.D/...  or  FOLDER/win32/DAY/....cnt and channels.ch
    FOLDER/sds/.N.S001.2020-01-01.clipping.json            what clipped in one task, if anything did
    FOLDER/stations.xml, stations.csv, orientations.csv    what users of the network know
    FOLDER/tremor.csv, lfe.csv, earthquakes.csv, nuisances.csv, outages.csv, stations_truth.csv
    FOLDER/scenario.toml                                   as used
    FOLDER/simulation.json                                 written last: without it, it is not whole

While it is made, ``simulation.json.part`` says whose folder it is.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tremorflow import __version__
from tremorflow.batch.outputs import check_folder
from tremorflow.batch.simulated import without_site_terms
from tremorflow.batch.simulated_archive import (
    check_sds,
    check_win32,
    list_channels,
    list_days,
    list_orientations,
    make_channel_table,
    read_clipping,
    write_minutes,
    write_station_day,
)
from tremorflow.batch.workers import Task, Workers
from tremorflow.errors import DataError
from tremorflow.io.channel_table import write_channel_table
from tremorflow.io.miniseed_write import MiniseedSettings
from tremorflow.io.stations import read_stations, write_stations_csv
from tremorflow.io.stationxml_write import write_orientations, write_stationxml
from tremorflow.options import option, settings_class
from tremorflow.records import Network
from tremorflow.truth import Truth, join_truth, truth_table, write_truth, write_truth_table

if TYPE_CHECKING:
    from tremorflow.simulate.scenario import Scenario
    from tremorflow.simulate.synthesis import Simulation

WHOLE, BEGUN = "simulation.json", "simulation.json.part"
Progress = Callable[[int, int], None]  # done, in all


@settings_class
class OutputSettings:
    """How a simulation is written."""

    format: Literal["sds", "win32"] = option(
        "sds", unit="-", reason="miniSEED is what most archives outside Japan hold"
    )
    processes: int = option(
        2, unit="-", reason="cores of the smallest machine it is made for; each takes about 0.5 GB", ge=1
    )
    miniseed: MiniseedSettings = MiniseedSettings()
    snr: bool = option(False, unit="-", reason="a row per burst and station: the largest of the tables")


class Origin(NamedTuple):
    """Where a simulation comes from: ``settings_hash`` of everything that changes a sample or a row."""

    name: str
    seed: int
    settings_hash: str
    scenario_toml: str


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What was written into a folder."""

    folder: Path
    about: dict[str, Any]
    was_whole: bool  # before this call, which then wrote nothing


def write_simulation(
    scenario: "Scenario",
    folder: str | Path,
    settings: OutputSettings | None = None,
    progress: Progress | None = None,
) -> SimulationSummary:
    """Simulate a scenario and write what its network records, with the truth, into ``folder``.

    Run again with the same scenario it goes on where it was stopped. Parameters and errors are those of
    ``write_recordings``; what cannot be written is refused before anything is computed.
    """
    from tremorflow.simulate.scenario import format_scenario, hash_scenario
    from tremorflow.simulate.synthesis import prepare_simulation

    folder, settings = Path(folder), settings or OutputSettings()
    given = read_given_network(scenario)
    digest = hashlib.sha256(f"{hash_scenario(scenario)} {given!r}".encode()).hexdigest()[:12]
    origin = Origin(scenario.name, scenario.seed, digest, format_scenario(scenario))
    check_folder(folder)
    claim_folder(folder, _identify(origin, settings))
    return write_recordings(prepare_simulation(scenario, given), folder, origin, settings, progress)


def read_given_network(scenario: "Scenario") -> Network | None:
    """Network of the station table that a scenario names, to be passed to ``prepare_simulation``."""
    place = scenario.network.stations
    return read_stations(place).network if place else None


def read_any_scenario(
    name: str, values: dict[str, Any], stations: Path | None = None, library: Path | None = None
) -> "Scenario":
    """Scenario of a name or file with some top-level values, station table and LFE library replaced.

    Paths become absolute: they are the same from any folder that the run is resumed in.
    """
    from tremorflow.simulate.scenario import read_scenario

    scenario = read_scenario(name, **values)
    if stations is not None:
        scenario = replace(scenario, network=replace(scenario.network, stations=str(stations.resolve())))
    if library is not None:
        scenario = replace(scenario, semi_real=replace(scenario.semi_real, library=str(library.resolve())))
    return scenario


def list_scenarios() -> list[str]:
    """Lines with name and description of the scenarios that travel with the package."""
    from tremorflow.simulate.scenario import NAMED, read_scenario

    width = max(len(name) for name in NAMED)
    return [f"{name:{width}}  {read_scenario(name).description}" for name in NAMED]


def write_recordings(
    simulation: "Simulation",
    folder: str | Path,
    origin: Origin,
    settings: OutputSettings | None = None,
    progress: Progress | None = None,
) -> SimulationSummary:
    """Write what a simulated network recorded, and the truth, into ``folder``; go on where a run was stopped.

    Parameters
    ----------
    simulation
        What ``prepare_simulation`` gives.
    folder
        Made if missing; empty, or with the same simulation, whole or not.
    origin
        Name, seed and hash; files that are whole count as done if the folder has the same hash.
    settings
        Format, processes.
    progress
        Called with the number of station-days (of WIN32: tiles of 10 min) done and in all.

    Raises
    ------
    DataError
        The folder cannot be written, is not empty or holds another simulation, or there is no room. Files
        that are finished stay, the others are removed at the next try.
    SettingsError
        The format cannot hold the simulation.
    """
    folder, settings = Path(folder), settings or OutputSettings()
    (check_sds if settings.format == "sds" else check_win32)(simulation)
    check_folder(folder)
    about = _describe(simulation, origin, settings)
    claim_folder(folder, about)
    whole = _read_about(folder / WHOLE)
    archive = folder / settings.format
    if whole is not None and _measure(archive) == (whole["files"], whole["bytes"]):
        (folder / BEGUN).unlink(missing_ok=True)  # of a run that was stopped at its very end
        if settings.snr and not (folder / "snr.csv").exists():
            _write_or_refuse(folder, lambda: write_truth_table(folder / "snr.csv", simulation.snr_table()))
        return SimulationSummary(folder, whole, was_whole=True)
    _write_about(folder / BEGUN, about)
    (folder / WHOLE).unlink(missing_ok=True)
    for pattern in (".*.part", ".*.partial"):  # of a run that was stopped
        for path in folder.rglob(pattern):
            path.unlink(missing_ok=True)
    _write_archive(simulation, archive, settings, progress)
    truth = _add_clipping(simulation, archive)
    _write_or_refuse(folder, lambda: _write_tables(simulation, truth, folder, origin, settings))
    files, size = _measure(archive)
    about |= {"rows": _count_rows(truth), "files": files, "bytes": size}
    _write_about(folder / WHOLE, about)
    (folder / BEGUN).unlink()
    return SimulationSummary(folder, about, was_whole=False)


def claim_folder(folder: Path, about: dict[str, Any]) -> None:
    """Refuse a folder that holds anything but this simulation, whole or begun.

    Raises
    ------
    DataError
        The folder holds another simulation, or other files and no simulation.
    """
    found = _read_about(folder / WHOLE) or _read_about(folder / BEGUN)
    if found is None:
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if others:
            raise DataError(
                f"{folder} holds {', '.join(others[:3])}{' ...' if others[3:] else ''} and no simulation; "
                "choose an empty folder, so that simulated and real recordings are not mixed"
            )
    elif found.get("hash") != about["hash"]:
        theirs, ours = (
            f"{one.get('name')}, seed {one.get('seed')}, {one.get('format')}, version {one.get('version')}, "
            f"hash {one.get('hash')}"
            for one in (found, about)
        )
        raise DataError(
            f"{folder} holds another simulation ({theirs}) than this ({ours}); choose another folder, "
            "or remove this one"
        )


def summary_lines(summary: SimulationSummary) -> list[str]:
    """Say in a few lines what was simulated and where it is."""
    about = summary.about
    rows = ", ".join(f"{count} {name}" for name, count in about["rows"].items())
    state = "whole already, nothing to do" if summary.was_whole else "written"
    size = f"{about['files']} files, {about['bytes'] / 1e6:.1f} MB"
    return [
        f"simulated  {about['name']}, seed {about['seed']}: {about['stations']} stations, "
        f"{about['duration_s'] / 3600:g} h from {about['start']} at {about['sampling_rate_hz']:g} Hz",
        f"truth      {rows}",
        f"{state:9}  {summary.folder / about['format']}: {size}",
    ]


def _identify(origin: Origin, settings: OutputSettings) -> dict[str, Any]:
    """Make what tells one simulation from another: ``hash`` covers all that changes a file."""
    output = [settings.format, settings.miniseed.encoding, settings.miniseed.record_bytes, __version__]
    digest = hashlib.sha256(json.dumps([origin.settings_hash, output]).encode())
    return {
        "name": origin.name,
        "simulated": True,
        "seed": origin.seed,
        "hash": digest.hexdigest()[:16],
        "version": __version__,
        "format": settings.format,
    }


def _describe(simulation: "Simulation", origin: Origin, settings: OutputSettings) -> dict[str, Any]:
    """Make what ``simulation.json`` says, but for the files."""
    grid = simulation.grid
    return _identify(origin, settings) | {
        "start": f"{grid.start_time.astype('datetime64[ms]')}Z",
        "duration_s": grid.duration_s,
        "sampling_rate_hz": grid.rate_hz,
        "stations": len(simulation.network),
        "rows": _count_rows(simulation.truth),
    }


def _count_rows(truth: Truth) -> dict[str, int]:
    return {one.name: len(getattr(truth, one.name)) for one in fields(Truth)}


def _add_clipping(simulation: "Simulation", archive: Path) -> Truth:
    """Make the whole truth: with what clipped, which is known once all is recorded."""
    truth = simulation.truth
    clipping = truth_table("nuisances", read_clipping(simulation, archive))
    return replace(truth, nuisances=join_truth("nuisances", [truth.nuisances, clipping]))


def _write_archive(
    simulation: "Simulation", archive: Path, settings: OutputSettings, progress: Progress | None
) -> None:
    """Write the recordings; each worker has its own stations (SDS) or run of tiles (WIN32)."""
    n_stations, n_tiles = len(simulation.network), simulation.grid.n_tiles
    pieces = n_stations if settings.format == "sds" else n_tiles
    with Workers(simulation, min(settings.processes, pieces)) as workers:
        shares: list[list[Task]]
        if settings.format == "sds":
            function: Callable[..., int] = write_station_day
            days, stations = list_days(simulation.grid), range(n_stations)
            shares = [
                [
                    (one, day, archive, settings.miniseed)
                    for one in stations[k :: workers.count]
                    for day in days
                ]
                for k in range(workers.count)
            ]
        else:
            function, table = write_minutes, make_channel_table(simulation)
            ends = [n_tiles * k // workers.count for k in range(workers.count + 1)]
            shares = [[(tile, archive, table) for tile in range(*ab)] for ab in pairwise(ends)]
        total = sum(len(share) for share in shares)
        for done, _ in enumerate(workers.run(function, shares), start=1):
            if progress is not None:
                progress(done, total)


def _write_tables(
    simulation: "Simulation", truth: Truth, folder: Path, origin: Origin, settings: OutputSettings
) -> None:
    """Write stations, instruments and truth."""
    network, grid = simulation.network, simulation.grid
    known = without_site_terms(network)
    channels, orientations = list_channels(simulation), list_orientations(simulation)
    write_stationxml(folder / "stations.xml", known, channels, grid.rate_hz, grid.start_time)
    write_stations_csv(folder / "stations.csv", known)
    write_stations_csv(folder / "stations_truth.csv", network)
    if orientations:
        write_orientations(folder / "orientations.csv", orientations)
    if settings.format == "win32":
        write_channel_table(folder / "win32" / "channels.ch", make_channel_table(simulation))
    (folder / "scenario.toml").write_text(origin.scenario_toml, encoding="utf-8")
    write_truth(folder, truth)
    if settings.snr:
        write_truth_table(folder / "snr.csv", simulation.snr_table())


def _measure(archive: Path) -> tuple[int, int]:
    """Count files and bytes of an archive; hidden ones (unfinished files, an index) do not count."""
    sizes = [path.stat().st_size for path in archive.rglob("[!.]*") if path.is_file()]
    return len(sizes), sum(sizes)


def _read_about(path: Path) -> dict[str, Any] | None:
    """Content of ``simulation.json`` or of its forerunner; None if it is not there."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}); choose another folder, or remove this one"
        ) from error
    if not isinstance(about, dict):
        raise DataError(f"{path} is not that of a simulation; choose another folder, or remove this one")
    return about


def _write_about(path: Path, about: dict[str, Any]) -> None:
    def write() -> None:
        partial = path.with_name(f".{path.name}.part")
        partial.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)

    _write_or_refuse(path, write)


def _write_or_refuse(path: Path, write: Callable[[], None]) -> None:
    """Turn what the system says of a full disk or a lost permission into a ``DataError``."""
    try:
        write()
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}); make room and run the same command again, what is "
            "finished is kept"
        ) from error
