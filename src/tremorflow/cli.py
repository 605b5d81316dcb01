"""The program ``tremorflow``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from tremorflow import __version__
from tremorflow.terminal import bars as _bars
from tremorflow.terminal import explained as _explained

app = typer.Typer(
    help="Find and locate tectonic tremor in continuous seismic recordings of a network.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

MethodOption = Annotated[
    Literal["diet-grasp", "conventional"],
    typer.Option(help="The full chain, or envelope correlation over the whole network."),
]


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo-output"),
    band: Annotated[Literal["low", "high"], typer.Option(help="Of the observed tremor.")] = "low",
) -> None:
    """Observed tremor located, a simulated network through the full chain, a real record drawn: 1 minute."""
    from tremorflow.batch.demo import DemoBars, demo_lines, run_demo

    names = ("observed: windows", "simulated: written", "simulated: classified", "simulated: windows")
    with _explained():
        with _bars(*names) as bars:
            result = run_demo(output, band, DemoBars(*bars))
        typer.echo("\n".join(demo_lines(result)))


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="Settings file (TOML); `tremorflow settings` prints one.")],
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("tremorflow-output"),
    method: MethodOption = "diet-grasp",
    processes: Annotated[int, typer.Option(min=1, help="Processes that read and classify.")] = 1,
    compare: Annotated[
        bool, typer.Option("--compare", help="Run the conventional method too, and show both.")
    ] = False,
    earthquakes: Annotated[
        Path | None, typer.Option(help="Catalogue (CSV, QuakeML): events near their arrivals are counted.")
    ] = None,
) -> None:
    """Find tremor in an archive of recordings, as a settings file says."""
    from tremorflow.batch.run import Bars, run_settings_file, summary_lines

    with _explained():
        with _bars("files", "hours", "windows") as bars:
            result = run_settings_file(
                config, output, method, processes, Bars(*bars), compare=compare, earthquakes=earthquakes
            )
        typer.echo("\n".join(summary_lines(result)))


@app.command("chance-rate")
def chance_rate(
    config: Annotated[Path, typer.Argument(help="Settings file (TOML) of the run.")],
    output: Annotated[Path, typer.Option(help="Folder of the run; its signals are used.")] = Path(
        "tremorflow-output"
    ),
    repeats: Annotated[int, typer.Option(min=1, help="How often the stations are shifted anew.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same shifts.")] = 1,
    target: Annotated[
        float | None, typer.Option(min=0, help="Chance events per day that are wanted: lists thresholds.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that read and classify.")] = 1,
    method: MethodOption = "diet-grasp",
) -> None:
    """Measure how many events a day chance gives, by shifting your stations in time."""
    from tremorflow.batch.chance_rate import measure_from_files, summary_lines
    from tremorflow.batch.run import Bars
    from tremorflow.chance import ChanceSettings

    with _explained():
        shifting = ChanceSettings(repeats=repeats, seed=seed)
        with _bars("files", "hours", "repetitions") as bars:
            found = measure_from_files(config, output, shifting, target, processes, Bars(*bars), method)
        typer.echo("\n".join(summary_lines(found)))


@app.command()
def why(
    question: Annotated[str, typer.Argument(help="Event or group of the run, or a time (UTC).")],
    run: Annotated[Path, typer.Option(help="Folder that `tremorflow run` wrote.")],
    near: Annotated[str, typer.Option(help="LAT,LON: only what sounds within 50 km of it.")] = "",
    output: Annotated[Path | None, typer.Option(help="Page (.html) or picture (.png) to write.")] = None,
) -> None:
    """Explain a detection, or why there is none: every rule on the way, with its numbers."""
    from tremorflow.batch.why import check_output, explain_in_run, open_run, write_answer
    from tremorflow.explain import text_lines

    with _explained():
        check_output(output)
        answer = explain_in_run(open_run(run), question, near)
        if output is not None:
            write_answer(answer, output)
        typer.echo("\n".join(text_lines(answer.explanation)))


@app.command()
def capability(
    run: Annotated[Path, typer.Option(help="Folder that `tremorflow run` wrote.")],
    output: Annotated[Path | None, typer.Option(help="Folder; none: capability/ in the run's.")] = None,
    duration: Annotated[float, typer.Option(min=1, help="Of the burst, in s.")] = 60.0,
    probability: Annotated[float, typer.Option(min=0.01, max=0.95, help="Of being found.")] = 0.5,
    energy: Annotated[float | None, typer.Option(help="log10 J of the mask; none: the run's median.")] = None,
) -> None:
    """Show the smallest burst that your stations would have found, hour by hour and place by place."""
    from tremorflow.batch.capability import measure_in_run, summary_lines, write_capability
    from tremorflow.batch.why import open_run
    from tremorflow.capability import CapabilitySettings

    with _explained():
        asked = CapabilitySettings(duration_s=duration, probability=probability)
        with _bars("hours") as (hours,):
            found = measure_in_run(open_run(run), asked, energy, hours)
        write_capability(found, output or run / "capability")
        typer.echo("\n".join(summary_lines(found, output or run / "capability")))


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="Folder or file of recordings.")],
    stations: Annotated[Path | None, typer.Option(help="StationXML, channel table or CSV.")] = None,
    channel_table: Annotated[Path | None, typer.Option(help="Channel table for WIN32 files.")] = None,
) -> None:
    """Show what is there: stations, rates, spans, gaps, units."""
    from tremorflow.io.inspect import format_inspection
    from tremorflow.io.inspect import inspect as look

    with _explained():
        with _bars("files") as (files,):
            found = look(path, stations=stations, channel_table=channel_table, progress=files)
        typer.echo(format_inspection(found))


@app.command()
def compare(
    catalogue: Annotated[Path, typer.Argument(help="Catalogue under test.")],
    reference: Annotated[Path, typer.Argument(help="Catalogue to hold it against.")],
    output: Annotated[Path | None, typer.Option(help="Folder for table, JSON and figure.")] = None,
) -> None:
    """Match two catalogues in time and space: recall, precision, multiples, offsets."""
    from tremorflow.catalog.compare import compare_catalogs, comparison_table
    from tremorflow.catalog.formats import read_catalog
    from tremorflow.figures.compare import write_comparison

    with _explained():
        names = (catalogue.name, reference.name)
        comparison = compare_catalogs(read_catalog(catalogue), read_catalog(reference), names=names)
        typer.echo(comparison_table(comparison))
        if output is not None:
            write_comparison(comparison, output)


@app.command()
def evaluate(
    catalogue: Annotated[Path, typer.Argument(help="Catalogue under test.")],
    truth: Annotated[Path, typer.Argument(help="Folder with tremor.csv and the other tables of truth.")],
    stations: Annotated[Path | None, typer.Option(help="StationXML, channel table or CSV.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for table, JSON and figure.")] = None,
) -> None:
    """Hold a catalogue against the truth of a simulation: recall, false events, errors, resolved pairs."""
    from tremorflow.catalog.evaluate import evaluate_files
    from tremorflow.catalog.evaluate_report import evaluation_table
    from tremorflow.figures.evaluate import write_evaluation
    from tremorflow.io.stations import read_stations

    with _explained():
        network = read_stations(stations).network if stations else None
        evaluation = evaluate_files(catalogue, truth, network)
        typer.echo(evaluation_table(evaluation))
        if output is not None:
            write_evaluation(evaluation, output)


@app.command()
def simulate(  # noqa: PLR0913, PLR0917 - a command has as many as it has options
    scenario: Annotated[str, typer.Argument(help="Name of a scenario (see --list), or a TOML file.")] = "",
    output: Annotated[Path, typer.Option(help="Folder for recordings and truth.")] = Path("simulation"),
    seed: Annotated[int | None, typer.Option(help="Instead of the scenario's.")] = None,
    rate: Annotated[float | None, typer.Option(help="Sampling rate in Hz instead of the scenario's.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds instead of the scenario's.")] = None,
    format_: Annotated[
        Literal["sds", "win32"], typer.Option("--format", help="miniSEED in SDS folders, or WIN32.")
    ] = "sds",
    stations: Annotated[Path | None, typer.Option(help="StationXML or CSV of another network.")] = None,
    library: Annotated[Path | None, typer.Option(help="Folder of LFE stacks, for semi-real tremor.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that compute.")] = 2,
    snr: Annotated[bool, typer.Option("--snr", help="Write snr.csv: each burst at each station.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Show the scenarios of the package.")] = False,
) -> None:
    """Simulate the recordings of a network whose truth is known, or go on where a run was stopped."""
    from tremorflow.batch.simulate import (
        OutputSettings,
        list_scenarios,
        read_any_scenario,
        summary_lines,
        write_simulation,
    )

    with _explained():
        if show or not scenario:
            typer.echo("\n".join(list_scenarios()))
            raise typer.Exit(0 if show else 2)
        values = {"seed": seed, "sampling_rate_hz": rate, "duration_s": duration}
        chosen = read_any_scenario(scenario, values, stations, library)
        with _bars("written") as (written,):
            settings = OutputSettings(format=format_, processes=processes, snr=snr)
            summary = write_simulation(chosen, output, settings, written)
        typer.echo("\n".join(summary_lines(summary)))


@app.command()
def classify(  # noqa: PLR0913, PLR0917 - a command has as many as it has options
    paths: Annotated[list[Path], typer.Argument(help="Folders or files of recordings.")],
    output: Annotated[Path, typer.Option(help="Table to write (CSV); arrays go beside it.")] = Path(
        "probabilities.csv"
    ),
    stations: Annotated[str, typer.Option(help="StationXML, channel table or CSV.")] = "",
    channel_table: Annotated[str, typer.Option(help="Channel table for WIN32 files.")] = "",
    orientations: Annotated[str, typer.Option(help="Rotation matrices of the sensors.")] = "",
    weights: Annotated[str, typer.Option(help="mixed, simulated, or a weight file.")] = "bundled",
    start: Annotated[str, typer.Option(help="UTC; without it, from the first recording.")] = "",
    end: Annotated[str, typer.Option(help="UTC; without it, to the last recording.")] = "",
    processes: Annotated[int, typer.Option(min=1, help="Processes that share the stations.")] = 1,
    figure: Annotated[str, typer.Option(help="Station (NETWORK.STATION) to draw, as PNG beside it.")] = "",
) -> None:
    """Tell noise, tremor and earthquakes apart at every station, window by window (DiET)."""
    from tremorflow.batch.classify_files import (
        ClassifyRequest,
        classify_files,
        draw_classified,
        summary_lines,
        write_classified,
    )

    with _explained():
        request = ClassifyRequest(
            paths, stations, channel_table, orientations, weights, start, end, processes
        )
        with _bars("files", "hours") as (files, hours):
            found = classify_files(request, files, hours)
        write_classified(found, output)
        if figure:
            draw_classified(request, found, figure, output.with_suffix(".png"))
        typer.echo("\n".join(summary_lines(found, output)))


@app.command()
def associate(
    probabilities: Annotated[Path, typer.Argument(help="What `tremorflow classify` wrote.")],
    output: Annotated[Path, typer.Option(help="Table to write (CSV).")] = Path("groups.csv"),
    method: Annotated[
        Literal["sources", "persistence", "components", "k_core", "dbscan"],
        typer.Option(help="A fit of sources; persistence of peaks; or a baseline."),
    ] = "sources",
    min_stations: Annotated[int, typer.Option(min=1, help="In a group.")] = 3,
    figure: Annotated[
        str, typer.Option(help="UTC, or 'busiest': window whose station graph is drawn, as PNG beside it.")
    ] = "",
) -> None:
    """Group the stations that hear the same tremor, window by window, and link groups into episodes."""
    from tremorflow.associate import AssociationSettings
    from tremorflow.batch.associate_files import associate_file, draw_window, summary_lines, write_groups

    with _explained():
        found = associate_file(probabilities, AssociationSettings(method=method, min_stations=min_stations))
        write_groups(found, output)
        if figure:
            draw_window(found, figure, output.with_suffix(".png"))
        typer.echo("\n".join(summary_lines(found, output)))


@app.command("site-terms")
def site_terms(
    config: Annotated[Path, typer.Argument(help="Settings file (TOML) that names archive and velocities.")],
    earthquakes: Annotated[Path, typer.Option(help="Catalogue of earthquakes (CSV or QuakeML).")],
    output: Annotated[Path, typer.Option(help="Station table to write (CSV).")] = Path("stations.csv"),
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Station that holds the scale, as N.ROCK=2.0; may be repeated. None: relative."),
    ] = None,
) -> None:
    """Estimate the site amplification of every station from S waves of your earthquakes."""
    from tremorflow.batch.site_terms import estimate_from_files, summary_lines, write_site_terms

    with _explained():
        with _bars("files", "earthquakes") as bars:
            found = estimate_from_files(config, earthquakes, reference or (), *bars)
        write_site_terms(found, output)
        typer.echo("\n".join(summary_lines(found, output)))


dataset_app = typer.Typer(
    help="Make labelled windows to train and test on (SeisBench's format).", no_args_is_help=True
)
app.add_typer(dataset_app, name="dataset")


@dataset_app.command("simulated")
def dataset_simulated(
    output: Annotated[Path, typer.Option(help="Folder for the dataset.")] = Path("dataset"),
    windows: Annotated[int, typer.Option(min=100, help="How many.")] = 10000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same windows.")] = 1,
    processes: Annotated[int, typer.Option(min=1, help="Processes that simulate.")] = 2,
) -> None:
    """Make windows by the simulator alone."""
    from tremorflow.batch.datasets import DatasetRequest, write_simulated_dataset

    with _explained():
        with _bars("windows") as (done,):
            count = write_simulated_dataset(output, DatasetRequest(windows, seed, processes), done)
        typer.echo(f"written  {count} simulated windows into {output}")


@dataset_app.command("mixed")
def dataset_mixed(  # noqa: PLR0913, PLR0917 - a command has as many as it has options
    paths: Annotated[list[Path], typer.Argument(help="Folders or files of recordings of your network.")],
    output: Annotated[Path, typer.Option(help="Folder for the dataset.")] = Path("dataset"),
    stations: Annotated[str, typer.Option(help="StationXML, channel table or CSV.")] = "",
    channel_table: Annotated[str, typer.Option(help="Channel table for WIN32 files.")] = "",
    orientations: Annotated[str, typer.Option(help="Rotation matrices of the sensors.")] = "",
    windows: Annotated[int, typer.Option(min=100, help="How many.")] = 10000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same windows.")] = 1,
    processes: Annotated[int, typer.Option(min=1, help="Processes that simulate.")] = 2,
) -> None:
    """Make windows of simulated signals in your network's own noise; no labels are needed."""
    from tremorflow.batch.classify_files import ClassifyRequest
    from tremorflow.batch.datasets import DatasetRequest, write_mixed_dataset

    with _explained():
        recordings = ClassifyRequest(paths, stations, channel_table, orientations)
        request = DatasetRequest(windows, seed, processes)
        with _bars("recordings", "windows") as bars:
            found = write_mixed_dataset(output, recordings, request, bars)
        typer.echo(found.text())
        typer.echo(f"written  {output}: simulated signals in own noise")


@dataset_app.command("archive")
def dataset_archive(  # noqa: PLR0913, PLR0917 - a command has as many as it has options
    config: Annotated[Path, typer.Argument(help="Settings file (TOML) that names archive and velocities.")],
    tremor: Annotated[Path, typer.Option(help="Catalogue of tremor.")],
    earthquakes: Annotated[Path, typer.Option(help="Catalogue of earthquakes (CSV or QuakeML).")],
    output: Annotated[Path, typer.Option(help="Folder for the dataset.")] = Path("dataset"),
    test_stations: Annotated[
        list[str] | None, typer.Option(help="Codes, or how they begin, that only test.")
    ] = None,
    tremor_time: Annotated[
        Literal["centre", "start"],
        typer.Option(help="What the times of the tremor catalogue are; of PNSN: start."),
    ] = "centre",
    cap: Annotated[int, typer.Option(min=1, help="Windows of each class at each station.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same choice of windows.")] = 1,
) -> None:
    """Make windows of your own recordings, labelled by your catalogues."""
    from tremorflow.batch.archive_dataset import write_labelled_archive
    from tremorflow.classifier.labels import LabelSettings

    with _explained():
        rules = LabelSettings(test_stations=tuple(test_stations or ()), tremor_time=tremor_time, cap=cap)
        with _bars("files", "hours") as bars:
            found = write_labelled_archive(config, (tremor, earthquakes), output, rules, seed, bars)
        typer.echo(found.text())
        typer.echo(f"written  {output}")


@app.command()
def train(  # noqa: PLR0913, PLR0917 - a command has as many as it has options
    datasets: Annotated[list[Path], typer.Argument(help="Folders of datasets.")],
    output: Annotated[Path, typer.Option(help="Weight file to write.")] = Path("weights.zip"),
    start: Annotated[
        str, typer.Option("--from", help="bundled, simulated or a weight file to go on from.")
    ] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Rounds over all windows.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="A sixth of it suits `--from`.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same data: same weights.")] = 1,
    name: Annotated[str, typer.Option(help="Name that the weights are shown under.")] = "",
    profile: Annotated[
        Literal["default", "nakano", "jinde"],
        typer.Option(help="Ours, or a stand-in for a published design."),
    ] = "default",
) -> None:
    """Train the classifier on datasets, or go on from weights; a stopped training goes on where it was."""
    from tremorflow.batch.training import TrainRequest, train_weights

    with _explained():
        request = TrainRequest(start, name, profile, epochs, learning_rate, seed)
        with _bars("windows", "batches") as bars:
            train_weights(datasets, output, request, typer.echo, bars)


@app.command()
def adapt(  # noqa: PLR0913, PLR0917 - a command has as many as it has options
    paths: Annotated[list[Path], typer.Argument(help="Folders or files of recordings of your network.")],
    output: Annotated[Path, typer.Option(help="Weight file to write.")] = Path("weights.zip"),
    stations: Annotated[str, typer.Option(help="StationXML, channel table or CSV.")] = "",
    channel_table: Annotated[str, typer.Option(help="Channel table for WIN32 files.")] = "",
    orientations: Annotated[str, typer.Option(help="Rotation matrices of the sensors.")] = "",
    start: Annotated[str, typer.Option("--from", help="mixed, simulated, or a weight file.")] = "bundled",
    windows: Annotated[int, typer.Option(min=100, help="To train on, half of them own noise.")] = 6000,
    pieces: Annotated[int, typer.Option(min=1, help="Pieces of two hours, at each station.")] = 3,
    processes: Annotated[int, typer.Option(min=1, help="Processes that simulate.")] = 2,
) -> None:
    """Teach weights the noise of your network, without labels: fewer false alarms there."""
    from tremorflow.batch.adapt import AdaptRequest, adapt_weights
    from tremorflow.batch.classify_files import ClassifyRequest

    with _explained():
        recordings = ClassifyRequest(paths, stations, channel_table, orientations, start, processes=processes)
        with _bars("recordings", "batches") as bars:
            adapt_weights(recordings, output, AdaptRequest(windows, pieces), typer.echo, bars)


@app.command("evaluate-model")
def evaluate_model(
    datasets: Annotated[list[Path], typer.Argument(help="Folders of datasets.")],
    weights: Annotated[str, typer.Option(help="mixed, simulated, or a weight file.")] = "bundled",
    split: Annotated[Literal["test", "dev", "train"], typer.Option(help="Which windows.")] = "test",
    output: Annotated[Path | None, typer.Option(help="Folder for table, JSON and figure.")] = None,
) -> None:
    """Score weights on labelled windows: confusion, precision, recall, ROC, calibration."""
    from tremorflow.batch.evaluate_model import evaluate_weights
    from tremorflow.classifier.score import score_table
    from tremorflow.classifier.weights import read_weights
    from tremorflow.figures.model_score import write_model_score

    with _explained():
        found = read_weights(weights)
        with _bars("windows") as (done,):
            score = evaluate_weights(found, datasets, split, done)
        typer.echo(score_table(score))
        if output is not None:
            names = ", ".join(folder.name for folder in datasets)
            write_model_score(
                score, output, f"weights {found.card.get('name', '')} {found.hash} on {names}, {split}"
            )


@app.command()
def weights(
    name: Annotated[str, typer.Argument(help="mixed, simulated, or a weight file.")] = "bundled",
) -> None:
    """Show what weights are: hash, threshold, data, scores, licences."""
    from tremorflow.classifier.weights import format_card, read_weights

    with _explained():
        typer.echo(format_card(read_weights(name)))


@app.command()
def settings(
    config: Annotated[
        Path | None, typer.Argument(help="Settings file to check and complete; none: defaults.")
    ] = None,
) -> None:
    """Print every setting with its value, unit and the reason for its default, as a settings file."""
    from tremorflow.settings import Settings, format_settings, read_settings

    with _explained():
        typer.echo(format_settings(read_settings(config) if config else Settings()), nl=False)


def _version(show: bool) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find and locate tectonic tremor in continuous seismic recordings of a network."""


if __name__ == "__main__":
    sys.exit(app())
