"""Small pieces of HTML for the report; every text is escaped here, and nowhere else."""

import base64
import struct
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from numbers import Integral
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from tremorflow.figures.style import png_bytes


class Heading(NamedTuple):
    """Heading of a column of a table, and whether the column holds numbers."""

    text: str
    is_number: bool = False


def paragraph(text: str, kind: str = "") -> str:
    """Paragraph of plain text."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def heading(level: int, text: str) -> str:
    """Heading of this level."""
    return f"<h{level}>{escape(text)}</h{level}>"


def reference_list(references: Iterable[tuple[str, str]]) -> str:
    """Papers, each with a link to its DOI; the only links that leave the page."""
    papers = (
        f'<li>{escape(text)}, <a href="https://doi.org/{escape(doi)}">doi:{escape(doi)}</a>.</li>'
        for text, doi in references
    )
    return "<ul>\n" + "\n".join(papers) + "\n</ul>"


def link_list(links: Iterable[tuple[str, str]]) -> str:
    """Bulleted list of links to files beside the page, each a text and a relative path."""
    items = (f'<li><a href="{escape(path)}">{escape(text)}</a></li>' for text, path in links)
    return "<ul>\n" + "\n".join(items) + "\n</ul>"


def linked_picture(path: str, alt: str, caption: str) -> str:
    """Picture that lies beside the page, by its relative path, at half the width of the page."""
    return (
        f'<figure>\n<a href="{escape(path)}"><img src="{escape(path)}" width="560" alt="{escape(alt)}"></a>\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )


def bullet_list(texts: Iterable[str]) -> str:
    """Bulleted list of plain texts."""
    return "<ul>\n" + "\n".join(f"<li>{escape(text)}</li>" for text in texts) + "\n</ul>"


def section(name: str, heading: str, *parts: str) -> str:
    """Section with a heading; ``name`` is its anchor."""
    return f'<section id="{escape(name)}">\n<h2>{escape(heading)}</h2>\n' + "\n".join(parts) + "\n</section>"


def number_cards(numbers: Iterable[tuple[str, str]]) -> str:
    """Key numbers, each a label and a value, as cards."""
    cards = (f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in numbers)
    return '<dl class="numbers">\n' + "\n".join(cards) + "\n</dl>"


def picture(figure: Figure, alt: str, caption: str) -> str:
    """Figure of a PNG image inside the page, with its size, so that the page does not jump."""
    image = png_bytes(figure)
    width, height = struct.unpack(">II", image[16:24])  # PNG: IHDR is always the first chunk
    source = f"data:image/png;base64,{base64.b64encode(image).decode('ascii')}"
    return (
        f'<figure>\n<img src="{source}" width="{width}" height="{height}" alt="{escape(alt)}">\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )


def table(
    headings: Sequence[Heading], rows: Iterable[Sequence[str]], caption: str, *, sortable: bool = False
) -> str:
    """Table of plain texts; columns of numbers are set to the right."""
    kinds = ["number" if heading.is_number else "" for heading in headings]
    names = [escape(heading.text) for heading in headings]
    reach = ' tabindex="0"' if sortable else ""  # the script sorts by the heading pressed
    head = "".join(
        f'<th scope="col"{reach}{class_of(kind)}>{name}</th>' for name, kind in zip(names, kinds, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{class_of(kind)}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<p class="soft">{escape(caption)}</p>\n'
        f'<div class="scroll">\n<table{class_of("sortable" if sortable else "")}>\n'
        f"<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def class_of(kind: str) -> str:
    """Attribute ``class``, if there is one."""
    return f' class="{kind}"' if kind else ""


def page(title: str, body: str) -> str:
    """Whole HTML5 page; style and script are inside, so that one file is all."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="tremorflow">\n<title>{escape(title)}</title>\n'
        f"<style>\n{read_resource('report.css')}</style>\n</head>\n<body>\n{body}\n"
        f"<script>\n{read_resource('report.js')}</script>\n</body>\n</html>\n"
    )


def read_resource(name: str) -> str:
    """Text of a bundled file of the report."""
    return resources.files("tremorflow").joinpath("resources", "report", name).read_text(encoding="utf-8")


def decimals(value: object, places: int) -> str:
    """Write a number with this many decimals; nothing for a missing one."""
    return "" if pd.isna(value) else f"{float(value):.{places}f}"  # type: ignore[arg-type, call-overload]


def utc_time(value: object) -> str:
    """Write a time to the second, without the zone; nothing for a missing one."""
    return "" if pd.isna(value) else pd.Timestamp(value).round("s").strftime("%Y-%m-%d %H:%M:%S")  # type: ignore[arg-type, call-overload]


def shown_number(value: float | str) -> str:
    """Count as printed: thousands apart, other numbers with four digits."""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, Integral) else f"{value:,.4g}"
