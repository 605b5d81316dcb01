"""The answer to why there is a detection, or none: as one page, or as one picture."""

from html import escape
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tremorflow import __version__
from tremorflow.analysis import Association
from tremorflow.explain import Evidence, Explanation, Step, conclusion, headline, place_words, steps
from tremorflow.figures import report_html as html
from tremorflow.figures import style
from tremorflow.figures.likelihood import draw_likelihood_map
from tremorflow.figures.why_parts import (
    FAILED,
    draw_probabilities,
    draw_section,
    draw_steps,
    draw_window_graph,
)
from tremorflow.figures.why_tables import groupings_table, locatings_part, stations_table

MARKS = {True: "passed", False: "stopped here", None: "not reached"}


def render_why(explanation: Explanation, evidence: Evidence | None, association: Association) -> str:
    """Page of an explanation, with its pictures inside."""
    title = headline(explanation)
    body = [
        f"<h1>{escape(title)}</h1>",
        html.paragraph(conclusion(explanation), "lead" if explanation.is_accepted else "note lead"),
        html.section("steps", "How far it came", _steps_picture(steps(explanation))),
        html.section("pictures", "What there is to see", *_pictures(explanation, evidence, association)),
        html.section("stations", "What the stations said", stations_table(explanation)),
        html.section("windows", "Windows of DiET and their groups", groupings_table(explanation)),
        html.section("location", "Windows of the location", locatings_part(explanation)),
        f"<footer>{html.paragraph(f'tremorflow {__version__}', 'soft')}</footer>",
    ]
    return html.page(title, "\n".join(body))


def draw_why(explanation: Explanation, evidence: Evidence | None, association: Association) -> Figure:
    """One picture of an explanation: the answer, the steps, the graph, the envelopes and the likelihood."""
    figure = style.new_figure(17.0, 11.0)
    figure.suptitle(
        f"{headline(explanation)}\n{fill(conclusion(explanation), 185)}",
        fontsize=12, color=style.INK if explanation.is_accepted else FAILED, x=0.01, ha="left",
    )  # fmt: skip
    grid = figure.add_gridspec(2, 3, width_ratios=(1.05, 1.15, 1.0), height_ratios=(0.55, 1.0))
    graph, section = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 1])
    draw_steps(figure.add_subplot(grid[0, 2]), steps(explanation))
    last = figure.add_subplot(grid[1, 2])
    if explanation.focus is None:
        _say_nothing(graph, "no window was judged at this time")
    else:
        draw_window_graph(graph, explanation, association)
    if evidence is None:
        _say_nothing(section, "no envelopes to show")
    else:
        draw_section(section, explanation, evidence)
    if evidence is not None and evidence.likelihood is not None:
        _draw_likelihood(last, evidence)
    elif explanation.stations:
        draw_probabilities(last, explanation, association.settings.min_probability)
    else:
        last.set_axis_off()
    return figure


def _pictures(explanation: Explanation, evidence: Evidence | None, association: Association) -> list[str]:
    """Pictures of the page, each with what it shows."""
    pictures = []
    if explanation.focus is not None:
        figure = style.new_figure(7.0, 8.0)
        draw_window_graph(figure.add_subplot(), explanation, association)
        caption = (
            "What each station said of the window: the larger and darker the dot, the surer of tremor. Lines "
            "join the stations of a group."
        )
        pictures.append(html.picture(figure, "Map of the stations and the groups of a window.", caption))
    if evidence is not None:
        pictures += _evidence_pictures(explanation, evidence)
    if explanation.stations:
        figure = style.new_figure(6.5, 5.0)
        draw_probabilities(figure.add_subplot(), explanation, association.settings.min_probability)
        caption = "Probabilities of the surest stations. Dashed: association.min_probability."
        pictures.append(html.picture(figure, "Bars of the probabilities by station.", caption))
    return [f'<div class="pair">\n{"".join(pictures)}\n</div>']


def _evidence_pictures(explanation: Explanation, evidence: Evidence) -> list[str]:
    """Envelopes and likelihood, for the page."""
    figure = style.new_figure(7.5, 8.0)
    draw_section(figure.add_subplot(), explanation, evidence)
    caption = (
        "Envelopes, each moved earlier by the S time from the place, the nearest station at the bottom. If "
        "tremor comes from there, its bursts stand under each other."
    )
    pictures = [html.picture(figure, "Envelopes aligned at their S times.", caption)]
    if evidence.likelihood is not None:
        figure = style.new_figure(6.5, 5.5)
        _draw_likelihood(figure.add_subplot(), evidence)
        alt = f"Map of the likelihood of the epicentre around {place_words(evidence.place)}."
        pictures.append(html.picture(figure, alt, "Where the source may lie, by the pairs that located it."))
    return pictures


def _draw_likelihood(axes: Axes, evidence: Evidence) -> None:
    """Likelihood of the located source, if there is one."""
    if evidence.likelihood is not None:
        found = evidence.likelihood
        draw_likelihood_map(
            axes, found.latitudes, found.longitudes, found.values, evidence.event, evidence.window.network
        )


def _steps_picture(found: tuple[Step, ...]) -> str:
    """Draw the steps; the description of the picture says the same."""
    figure = style.new_figure(6.0, 2.8)
    draw_steps(figure.add_subplot(), found)
    words = "; ".join(f"{one.name} ({MARKS[one.passed]}) {one.numbers}".strip() for one in found)
    return html.picture(
        figure, f"Steps: {words}.", "From what the stations say to an event of the catalogue."
    )


def _say_nothing(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    style.say_in_axes(axes, text)
