"""The folder of a run -> what its network could have seen: tables, arrays and pictures."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tremorflow import __version__
from tremorflow.batch.checks import span_text
from tremorflow.batch.classify import Progress
from tremorflow.batch.full_report import cells_of, rules_of
from tremorflow.batch.noise import HOUR
from tremorflow.batch.outputs import check_folder
from tremorflow.batch.signals import SignalFolder
from tremorflow.batch.why import FinishedRun
from tremorflow.capability import Capability, CapabilitySettings, map_capability
from tremorflow.capability.grid import Hour
from tremorflow.catalog.energy_grid import Cells, typical_log10_energy
from tremorflow.catalog.files import write_text
from tremorflow.energy import EnergySettings, measure_noise
from tremorflow.figures.capability import draw_capability, draw_capability_hours
from tremorflow.figures.style import write_png
from tremorflow.records import Network
from tremorflow.whole_files import whole_file


@dataclass(frozen=True, slots=True)
class CapabilityFound:
    """Capability of the network of a run, and the mask of a burst of one energy.

    ``seen`` (row, column) is of ``mask_cells``, those of the energy map of the run; ``mask_log10_energy`` is
    NaN, and nothing is seen, if no energy was given and the run has none.
    """

    capability: Capability
    network: Network
    mask_log10_energy: float
    mask_cells: Cells
    seen: NDArray[np.bool_]
    span: tuple[np.datetime64, np.datetime64]


def measure_in_run(
    run: FinishedRun,
    settings: CapabilitySettings,
    log10_energy: float | None = None,
    progress: Progress | None = None,
) -> CapabilityFound:
    """Smallest burst that the stations of a run would have found, in every hour of its span.

    Parameters
    ----------
    run
        From ``open_run``.
    settings
        Which burst, and how surely.
    log10_energy
        Of the mask; by default the median of the run's events of quality A and B.
    progress
        Called with the number of hours done and in all.

    Raises
    ------
    DataError
        The envelopes of the run are not in m/s.
    """
    network = run.signals.network
    rules = rules_of(run.settings)
    read = hour_noises(run.signals.folder, run.span, rules.energy, progress)
    found = map_capability(network, read, settings, rules)
    events = run.rules.events
    chosen = typical_log10_energy(events) if log10_energy is None else log10_energy
    cells = cells_of(network, events)
    return CapabilityFound(found, network, chosen, cells, found.seen(cells, chosen), run.span)


def hour_noises(
    folder: SignalFolder,
    span: tuple[np.datetime64, np.datetime64],
    settings: EnergySettings,
    progress: Progress | None = None,
) -> Iterator[Hour]:
    """Noise of hour after hour of a span, None where no signals are kept; hours are cut at its ends."""
    first = span[0].astype("datetime64[h]").astype("datetime64[ns]")
    count, stored = int(np.ceil((span[1] - first) / HOUR)), set(folder.hours())
    for k in range(count):
        hour, noise = first + k * HOUR, None
        if hour in stored:
            envelopes = folder.envelopes(max(hour, span[0]), min(hour + HOUR, span[1]))
            if np.isfinite(envelopes.values).any():
                noise = measure_noise(envelopes, settings)
        yield hour, noise
        if progress is not None:
            progress(k + 1, count)


def write_capability(found: CapabilityFound, output: str | Path) -> None:
    """Write tables (CSV), arrays (NPZ), what was asked (JSON) and two pictures (PNG) into a folder."""
    folder, capability = Path(output), found.capability
    check_folder(folder)
    hours = capability.by_hour()
    hours["start_time"] = hours["start_time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, table in (("hours", hours), ("cells", capability.by_cell())):
        with whole_file(folder / f"{name}.csv") as partial:
            table.to_csv(partial, index=False, float_format="%.3f")
    cells, mask = capability.cells, found.mask_cells
    with whole_file(folder / "capability.npz") as partial, partial.open("wb") as opened:
        np.savez_compressed(
            opened, start_times=capability.starts, latitudes=cells.latitudes, longitudes=cells.longitudes,
            log10_energy=capability.log10_energy.astype(np.float32), stations_alive=capability.alive,
            mask_latitudes=mask.latitudes, mask_longitudes=mask.longitudes, seen=found.seen,
        )  # fmt: skip
    known = np.isfinite(found.mask_log10_energy)
    tree = {
        "version": __version__,
        "span": span_text(found.span),
        "settings": asdict(capability.settings),
        "energy_is_relative": capability.is_relative,
        "mask_log10_energy": found.mask_log10_energy if known else None,
    }
    write_text(folder / "capability.json", json.dumps(tree, indent=1) + "\n")
    write_png(folder / "map.png", draw_capability(capability, found.network, _span_words(found)))
    write_png(folder / "hours.png", draw_capability_hours(capability))


def summary_lines(found: CapabilityFound, output: str | Path) -> list[str]:
    """Say what the network could have seen, typically and at its best and worst."""
    capability, unit = found.capability, "J, relative" if found.capability.is_relative else "J"
    hours, asked = capability.by_hour(), capability.settings
    typical = capability.typical()[capability.is_asked]
    blind = int(np.isinf(hours["median"]).sum())
    lines = [
        f"hours    {len(hours)}, with {hours['n_alive'].min()} to {hours['n_alive'].max()} stations alive",
        f"burst    of {asked.duration_s:g} s, found with a probability of {asked.probability:g}",
        f"smallest log10 energy ({unit}): {np.sort(typical)[(len(typical) - 1) // 2]:.2f} in the median "
        f"cell, {typical.min():.2f} in the best, {typical.max():.2f} in the worst, in half of the hours",
    ]
    if blind:
        lines.append(f"blind    {blind} hours, in which half of the cells would not have shown any burst")
    if np.isfinite(found.mask_log10_energy):
        cells = found.capability.seen(found.capability.cells, found.mask_log10_energy)
        lines.append(
            f"mask     a burst of log10 energy {found.mask_log10_energy:.2f} would have been found in half "
            f"of the hours in {int(cells.sum())} of {int(capability.is_asked.sum())} cells"
        )
    if capability.is_relative:
        lines.append("         relative: compare with energies of this run alone; site terms are unknown")
    return [*lines, f"written  {Path(output)}: map.png, hours.png, hours.csv, cells.csv, capability.npz"]


def _span_words(found: CapabilityFound) -> str:
    """Span of the hours in words."""
    first, last = (np.datetime_as_string(one, unit="m").replace("T", " ") for one in found.span)
    return f"{first} to {last} UTC"
