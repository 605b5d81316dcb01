"""The demonstration: observed tremor, a simulated network through the full chain, a real network record.

    OUTPUT/index.html    leads to the rest, and says what is observed and what simulated
    OUTPUT/observed      two hours of Cascadia, envelopes only, located by the conventional method
    OUTPUT/simulated     half an hour of a simulated S-net: recordings, what the full chain finds in them
    OUTPUT/kilauea       two minutes of a real network: what is in the files, and a picture

It takes about half a minute of one core's time.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from tremorflow.batch.outputs import Labels, RunResult, check_folder
from tremorflow.batch.recorded_signals import open_signals
from tremorflow.batch.recordings import StoredEnvelopes
from tremorflow.batch.run import run, run_full_chain, summary_lines
from tremorflow.batch.simulate import OutputSettings, read_any_scenario, write_simulation
from tremorflow.catalog.evaluate import Evaluation, evaluate_files
from tremorflow.catalog.files import write_text
from tremorflow.figures.index_page import Part, write_index_page
from tremorflow.figures.recording import draw_recording
from tremorflow.figures.style import write_png
from tremorflow.io.archive import open_archive
from tremorflow.io.inspect import Inspection, format_inspection, inspect_archive
from tremorflow.io.stations import read_stations
from tremorflow.records import Envelopes, utc
from tremorflow.settings import Settings, make_settings, read_settings
from tremorflow.spectrogram import SpectrogramSettings, compute_spectrograms

Band = Literal["low", "high"]
Progress = Callable[[int, int], None]  # done, in all

# Published in the band of the network's own monitoring; enveloc does not say more than "low" and "high pass".
OBSERVED = (
    "Observed tremor: envelopes of 17 stations in Cascadia, 2020-05-24 02:00-04:00 UTC, from the CC0 package "
    "enveloc 1.2.0 (A. Wech). Amplitudes are not ground motion."
)
SIMULATED = (
    "Simulated: tremor, noise, ships, whales and faulty instruments are computed, nothing was recorded; "
    "only the places of the 30 stations are those of S-net. What is found here says nothing about the real "
    "S-net, of which no waveform was available to the developers."
)
KILAUEA = (
    "Observed: verticals of 14 stations of the Hawaiian Volcano Observatory (HV) at the summit of Kilauea, "
    "2018-04-28 13:07-13:09 UTC, 100 Hz, filtered by the source: the CC0 package enveloc 1.2.0 (A. Wech)."
)
ENVELOPES_ONLY = (
    "Of this time only envelopes are free to pass on, so there are no spectrograms and no probabilities: "
    "the conventional method locates it, envelope correlation over the whole network."
)
FULL_CHAIN = (
    "The recordings were written as miniSEED files and read back as an archive; classifier, groups, location "
    "and energies are those of tremorflow run, and the conventional method ran beside them for comparison."
)
NO_CLAIM = (
    "Real files, read and drawn as they are: nothing is classified or located, and nothing here is said to "
    "be tectonic tremor. Volcanoes tremble too."
)
SIMULATED_CONFIG = """\
# SIMULATED recordings. Again, with other settings: tremorflow run THIS_FILE --output ANOTHER_FOLDER

[archive]
path = "recordings/sds"
stations = "recordings/stations.xml"

[location]
depth = "fixed"
"""
DRAWN_STATION = "HV.NPT"  # nearest to where the waves come from: the clearest onset
DRAWN = SpectrogramSettings(band_hz=(1.0, 10.0), frame_s=2.0, hop_s=0.5)  # two minutes are worth fine frames


class DemoBars(NamedTuple):
    """Functions that are called with the number done and in all."""

    observed: Progress | None = None  # windows
    written: Progress | None = None  # stations of the simulated network
    classified: Progress | None = None  # station-hours
    simulated: Progress | None = None  # windows


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demonstration made; ``evaluation`` holds the full chain against the simulated truth."""

    observed: RunResult
    simulated: RunResult
    evaluation: Evaluation
    kilauea: Inspection
    index: Path


def run_demo(output: str | Path, band: Band = "low", bars: DemoBars | None = None) -> DemoResult:
    """Run all three parts into ``output``, and write the page that leads to them.

    Raises
    ------
    DataError
        The folder cannot be written, or holds the simulation of another version.
    """
    output, bars = Path(output), bars or DemoBars()
    check_folder(output)
    observed = locate_observed(output / "observed", band, bars.observed)
    simulated, evaluation = analyse_simulated(output / "simulated", bars)
    kilauea = show_kilauea(output / "kilauea")
    result = DemoResult(observed, simulated, evaluation, kilauea, output / "index.html")
    _write_index(result)
    return result


def demo_settings() -> Settings:
    """Make the settings of the observed part: a Cascadia model, depth free between 20 and 60 km."""
    return make_settings(
        {
            "velocity": {"model": "cascadia"},
            "location": {
                "depth": "free",
                "min_depth_km": 20.0,
                "max_depth_km": 60.0,
                "depth_spacing_km": 8.0,
            },
        }
    )


def read_cascadia(band: Band = "low") -> Envelopes:
    """Envelopes (17 stations, 1 component, 1 Hz) of two hours of observed tremor, in one of two bands."""
    folder = files("tremorflow.resources") / "cascadia_2020"
    with as_file(folder / "stations.csv") as path:
        network = read_stations(path).network
    with as_file(folder / "envelopes.npz") as path, np.load(path) as stored:
        values = stored[f"{band}_counts"][:, :-1] * stored[f"{band}_scales"][:, None]  # to 04:00, not beyond
    start_time = utc("2020-05-24T02:00:00Z")
    return Envelopes(network, ("H1",), values[:, None], start_time, 1.0, (2.0, 8.0), "unknown")


def locate_observed(folder: Path, band: Band = "low", progress: Progress | None = None) -> RunResult:
    """Locate the observed tremor by the conventional method, and write all results into ``folder``."""
    source = StoredEnvelopes(read_cascadia(band))
    labels = Labels("Observed tremor in Cascadia, 24 May 2020", f"{OBSERVED} {ENVELOPES_ONLY}")
    return run(demo_settings(), source, folder, labels, progress)


def analyse_simulated(folder: Path, bars: DemoBars | None = None) -> tuple[RunResult, Evaluation]:
    """Write the recordings of a simulated network, and run the full chain on the files, against their truth.

    Run again into the same folder, it goes on with the recordings and the signals that are there.
    """
    bars, scenario = bars or DemoBars(), read_any_scenario("snet-half-hour", {"sampling_rate_hz": 25.0})
    cores = OutputSettings().processes
    write_simulation(scenario, folder / "recordings", OutputSettings(processes=cores), bars.written)
    write_text(folder / "config.toml", SIMULATED_CONFIG)
    settings = read_settings(folder / "config.toml")
    signals = open_signals(settings, folder / "signals")
    signals.make(cores, bars.classified)
    labels = Labels("Simulated S-net: half an hour, three bursts of simulated tremor", SIMULATED)
    result = run_full_chain(settings, signals, folder, labels, bars.simulated, compare=True)
    return result, evaluate_files(folder / "catalog.csv", folder / "recordings")


def show_kilauea(folder: Path) -> Inspection:
    """Read the real network record as an archive; write what is in it, and its picture."""
    check_folder(folder)
    place, recordings = files("tremorflow.resources") / "kilauea_2018", folder / "recordings"
    recordings.mkdir(exist_ok=True)
    for name, where in (("stations.csv", folder), ("waveforms.mseed", recordings)):
        with as_file(place / name) as path:
            shutil.copyfile(path, where / name)
    archive = open_archive(recordings, stations=folder / "stations.csv")
    try:
        inspection = inspect_archive(archive, str(recordings))
        southward = sorted(archive.network.stations, key=lambda station: -station.latitude)
        codes = [station.code for station in southward]
        readings = archive.read_stations(codes, *archive.time_span())
        waveforms = {code: found.waveforms for code, found in zip(codes, readings, strict=True)}
    finally:
        archive.close()
    drawn = {code: one for code, one in waveforms.items() if one is not None}
    spectrograms = compute_spectrograms(drawn[DRAWN_STATION], DRAWN)
    write_png(folder / "recording.png", draw_recording(list(drawn.values()), spectrograms))
    write_text(folder / "inspection.txt", format_inspection(inspection) + "\n")
    return inspection


def demo_lines(result: DemoResult) -> list[str]:
    """Say in some lines what each part is, and what it found."""
    stations = result.kilauea.table["station"].nunique()
    kilauea = result.index.parent / "kilauea"
    return [
        "OBSERVED   two hours of tremor in Cascadia; envelopes only, so by the conventional method",
        *_indented(summary_lines(result.observed)),
        "SIMULATED  half an hour of 30 stations at places of S-net, two of them dead, through the full chain",
        *_indented(summary_lines(result.simulated)),
        f"  truth    {_found_words(result.evaluation)}",
        "OBSERVED   two minutes at the volcano Kilauea: real files, read and drawn, nothing detected",
        f"  read     {stations} stations (1 miniseed file)",
        f"  written  {kilauea}/inspection.txt and recording.png",
        "",
        f"open       {result.index}",
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _found_words(evaluation: Evaluation) -> str:
    """Say how many of the simulated bursts are in the catalogue, and how far off."""
    recall, events = evaluation.recall, evaluation.comparison.events_a
    where = f" (median distance {evaluation.errors.location.median:.1f} km)" if recall.hits else ""
    false = int((events["state"] == "alone").sum())
    return f"{recall.hits} of {recall.of} simulated bursts found{where}, {false} false events"


def _write_index(result: DemoResult) -> None:
    """Write the page that leads to the three parts."""
    map_caption = "Triangles: stations; dots: events, with 68 % error ellipses."
    stations = result.kilauea.table["station"].nunique()
    parts = (
        Part(
            "observed",
            "Observed: tremor in Cascadia",
            OBSERVED,
            (ENVELOPES_ONLY, f"{len(result.observed.events)} events are located."),
            (("Report", "observed/report.html"), ("Catalogue (CSV)", "observed/catalog.csv")),
            ("observed/map.png", "Map of the observed events in Cascadia.", map_caption),
        ),
        Part(
            "simulated",
            "Simulated: half an hour of S-net",
            SIMULATED,
            (FULL_CHAIN, f"{_found_words(result.evaluation)}."),
            (
                ("Report: map, spectrograms, groups, comparison", "simulated/report.html"),
                ("Catalogue (CSV)", "simulated/catalog.csv"),
                ("What was simulated: the bursts of tremor (CSV)", "simulated/recordings/tremor.csv"),
            ),
            ("simulated/map.png", "Map of the events found in simulated recordings.", map_caption),
        ),
        Part(
            "kilauea",
            "Observed: ground motion at a volcano",
            KILAUEA,
            (NO_CLAIM,),
            (("What is in the files", "kilauea/inspection.txt"), ("Stations (CSV)", "kilauea/stations.csv")),
            (
                "kilauea/recording.png",
                f"Traces of {stations} stations at Kilauea, and a spectrogram of one.",
                f"Traces of {stations} verticals from north (top) to south, and a spectrogram of station "
                f"{DRAWN_STATION}.",
            ),
        ),
    )
    lead = "Three sets of recordings, two observed and one simulated; each says which it is."
    write_index_page(result.index, "tremorflow: the demonstration", lead, parts)
