"""A page that leads to the results of several runs, and says what each of them is."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tremorflow.catalog.files import write_text
from tremorflow.figures import report_html as html


class Part(NamedTuple):
    """One set of results: what it is, what was found, and where it lies; paths are relative to the page."""

    name: str
    heading: str
    origin: str  # where the recordings come from: observed or simulated, in a sentence
    words: Sequence[str]
    links: Sequence[tuple[str, str]]  # text and path
    picture: tuple[str, str, str]  # path, alternative text, caption


def write_index_page(path: Path, title: str, lead: str, parts: Sequence[Part]) -> None:
    """Write the page.

    Raises
    ------
    CatalogError
        The file cannot be written.
    """
    header = f"<header>\n{html.heading(1, title)}\n{html.paragraph(lead, 'lead')}\n</header>"
    sections = (_section(part) for part in parts)
    write_text(path, html.page(title, "\n".join([header, *sections])))


def _section(part: Part) -> str:
    return html.section(
        part.name,
        part.heading,
        html.paragraph(part.origin, "note"),
        *(html.paragraph(text) for text in part.words),
        html.link_list(part.links),
        html.linked_picture(*part.picture),
    )
