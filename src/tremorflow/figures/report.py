"""One self-contained HTML page for a run: what was read, what was found, and how far to trust it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tremorflow.catalog.activity import Activity, Span
from tremorflow.catalog.compare import Comparison
from tremorflow.catalog.energy_grid import EnergyGrid
from tremorflow.errors import CatalogError, DataError
from tremorflow.figures import report_html as html
from tremorflow.figures.envelopes import MOST_TRACES, draw_aligned_envelopes
from tremorflow.figures.geography import MapExtent, extent_around
from tremorflow.figures.likelihood import draw_likelihood_map
from tremorflow.figures.map import draw_map
from tremorflow.figures.report_full_chain import (
    activity_section,
    along_strike_picture,
    colour_sentence,
    comparison_section,
    energy_limits_of,
    energy_section,
    energy_words,
)
from tremorflow.figures.report_tables import events_section, skips_section, stations_section
from tremorflow.figures.report_text import (
    CITATION,
    ENVELOPE_CORRELATION,
    LIMITS,
    NOTHING_FOUND,
    REFERENCES,
)
from tremorflow.figures.space_time import draw_time_latitude
from tremorflow.figures.style import new_figure
from tremorflow.geodesy import km_per_degree
from tremorflow.records import Envelopes, Network, seconds

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MOST_EVIDENCE = 3  # events shown in full; each costs about 0.4 MB
CLOSE_UP_SHARE = 0.4  # a second map if the events fill less than this of the height and width of the first


@dataclass(frozen=True, slots=True)
class EventEvidence:
    """What one event rests on: the envelopes of its window and the likelihood of its epicentre.

    ``s_times_s``, ``distances_km`` and ``used`` are (station,); ``likelihood`` is (latitude, longitude), not
    its logarithm, on the ascending nodes ``latitudes`` and ``longitudes`` (deg).
    """

    event_id: str
    envelopes: Envelopes
    s_times_s: FloatArray
    distances_km: FloatArray
    used: BoolArray
    latitudes: FloatArray
    longitudes: FloatArray
    likelihood: FloatArray


class HeardPicture(NamedTuple):
    """One picture with what it shows, in a sentence for those who cannot see it, and its caption."""

    figure: Figure
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class ReportContent:
    """All that a report says.

    Attributes
    ----------
    title
        Heading of the page.
    provenance_note
        Where the recordings come from; must say so if any of them are simulated or semi-real.
    network, span
        Stations, and start and end of what was analysed (UTC).
    method
        Name of the method, as in the catalogue.
    events
        Event table (``records.EVENT_COLUMNS``).
    skips
        What was left out: columns station, reason, count, seconds, example.
    evidence
        The events to show in full, best first.
    settings_rows
        Key, value and unit of every setting in force.
    counts
        Further key numbers, label to value.
    version, settings_hash
        Of tremorflow, and of the settings.
    method_text, references, limits
        Paragraphs on the method, papers with their DOI, and limits; by default those of the conventional
        envelope correlation. Limits of the energies are added if the events have any.
    strike_deg
        Direction (clockwise from north) of a plot of distance along strike against time, in place of that of
        latitude.
    recorded
        Times in which the network recorded; others are hatched in that plot. By default the whole span.
    activity, energies, comparison
        Counts over time, energy by cells, and this catalogue (A) against another of the same recordings (B);
        each gets a section of its own, and none if it is None.
    heard
        Pictures of what the stations said of an event: spectrograms, probabilities, the station graph.
    """

    title: str
    provenance_note: str
    network: Network
    span: tuple[np.datetime64, np.datetime64]
    method: str
    events: pd.DataFrame
    skips: pd.DataFrame
    evidence: tuple[EventEvidence, ...]
    settings_rows: list[tuple[str, str, str]]
    counts: Mapping[str, int | float | str]
    version: str
    settings_hash: str
    method_text: tuple[str, ...] = field(default=ENVELOPE_CORRELATION)
    references: tuple[tuple[str, str], ...] = field(default=REFERENCES)
    limits: tuple[str, ...] = field(default=LIMITS)
    strike_deg: float | None = None
    recorded: tuple[Span, ...] | None = None
    activity: Activity | None = None
    energies: EnergyGrid | None = None
    comparison: Comparison | None = None
    heard: tuple[HeardPicture, ...] = ()


def write_report(path: Path, content: ReportContent) -> None:
    """Write the report as one HTML file, with no file, script or font from outside.

    Raises
    ------
    CatalogError
        Evidence names an event that is not in the table.
    DataError
        The file cannot be written.
    """
    text = render_report(content)
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")  # odd file names among the skips
    except OSError as error:
        raise DataError(
            f"cannot write report {path}: {error.strerror}; name a folder you may write"
        ) from error


def render_report(content: ReportContent) -> str:
    """Report as the text of one HTML page; the same content gives the same page."""
    parts = [
        header(content),
        map_section(content),
        *full_chain_sections(content),
        *([] if content.events.empty else [evidence_section(content), events_section(content.events)]),
        skips_section(content.skips),
        method_section(content),
        html.section("limits", "Limits", html.bullet_list(content.limits + energy_limits_of(content.events))),
        stations_section(content.network),
        settings_section(content),
        citation_section(content),
    ]
    return html.page(content.title, "\n".join(parts))


def header(content: ReportContent) -> str:
    """Title, provenance, what was analysed, and the key numbers."""
    start, end = content.span
    hours = seconds(end - start) / 3600
    analysed = (
        f"{len(content.network)} stations, {html.utc_time(start)} to {html.utc_time(end)} UTC "
        f"({hours:.4g} h), method {content.method}."
    )
    quality = content.events["quality"].value_counts()
    numbers = [("events located", str(len(content.events)))]
    numbers += [(f"of quality {grade}", str(quality.get(grade, 0))) for grade in "ABC"]
    numbers += [(label, html.shown_number(value)) for label, value in content.counts.items()]
    return "\n".join(
        [
            "<header>",
            html.heading(1, content.title),
            html.paragraph(content.provenance_note, "note"),
            html.paragraph(analysed, "lead"),
            html.number_cards(numbers),
            "</header>",
        ]
    )


def map_section(content: ReportContent) -> str:
    """Draw the maps and the time-latitude plot; a plain sentence if there is no event."""
    events, network = content.events, content.network
    if events.empty:
        alt = f"Map of the {len(network)} stations; no event was located."
        pictures = [picture_of_map(content, None, alt)] if len(network) else []
        return html.section("where", "No event was located", html.paragraph(NOTHING_FOUND), *pictures)
    alt = f"Map of {len(network)} stations and {len(events)} located events with their error ellipses."
    parts = [picture_of_map(content, None, alt)]
    close_up = close_up_extent(events, network)
    if close_up is not None:
        parts.append(picture_of_map(content, close_up, "Close-up of the located events and nearby stations."))
    parts.append(space_time_picture(content))
    return html.section("where", "Where and when", *parts)


def space_time_picture(content: ReportContent) -> str:
    """Distance along strike against time, if a direction is given, else latitude."""
    events = content.events
    if content.strike_deg is not None:
        return along_strike_picture(
            events, content.network, content.span, azimuth_deg=content.strike_deg, recorded=content.recorded
        )
    figure = new_figure(6.4, 3.4)
    draw_time_latitude(figure.add_subplot(), events, span=content.span)
    low, high = events["latitude"].min(), events["latitude"].max()
    return html.picture(
        figure,
        f"Latitude of the {len(events)} events against time, between {low:.2f} and {high:.2f} degrees.",
        "Latitude against time. Upright bars: north-south reach of the 68 % error ellipse; level bars: "
        "duration.",
    )


def full_chain_sections(content: ReportContent) -> list[str]:
    """Sections on activity, energy and another catalogue, each if there is something to say."""
    sections = []
    if content.heard:
        pictures = [html.picture(one.figure, one.alt, one.caption) for one in content.heard]
        sections.append(html.section("heard", "What the stations heard", *pictures))
    if content.activity is not None:
        sections.append(activity_section(content.activity))
    if content.energies is not None:
        sections.append(energy_section(content.energies, content.network))
    if content.comparison is not None:
        sections.append(comparison_section(content.comparison, content.network, content.span))
    return sections


def picture_of_map(content: ReportContent, extent: MapExtent | None, alt: str) -> str:
    """Map of the network and the events, whole or in the extent."""
    figure = new_figure(6.4, 7.0)
    draw_map(figure.add_subplot(), content.events, content.network, extent=extent)
    caption = "Stations" if content.events.empty else "Stations and events with 68 % error ellipses to scale"
    caption = f"Close-up. {caption}" if extent else caption
    return html.picture(
        figure,
        alt,
        f"{caption}.{colour_sentence(content.events)} Coast: Natural Earth (public domain); trench: USGS "
        "Slab2 (CC0).",
    )


def close_up_extent(events: pd.DataFrame, network: Network) -> MapExtent | None:
    """Extent around the events if they are a small part of the map of the whole network, else None."""
    places = events[["latitude", "longitude"]].to_numpy(dtype=np.float64)
    whole = extent_around(
        np.concatenate([network.latitudes, places[:, 0]]), np.concatenate([network.longitudes, places[:, 1]])
    )
    height_km = np.ptp(places[:, 0]) * float(km_per_degree(places[:, 0].mean())[0])
    near = extent_around(places[:, 0], places[:, 1], smallest_km=max(100.0, height_km))
    is_small = near.north - near.south < CLOSE_UP_SHARE * (whole.north - whole.south)
    is_narrow = near.east - near.west < CLOSE_UP_SHARE * (whole.east - whole.west)
    return near if is_small and is_narrow else None


def evidence_section(content: ReportContent) -> str:
    """Likelihood map and aligned envelopes of the events to be shown in full."""
    shown = content.evidence[:MOST_EVIDENCE]
    if not shown:
        return ""
    parts = [part for evidence in shown for part in evidence_parts(evidence, content.events)]
    if len(content.evidence) > len(shown):
        parts.insert(0, html.paragraph(f"The first {len(shown)} of {len(content.evidence)} are shown."))
    return html.section("evidence", "What the best-located events rest on", *parts)


def evidence_parts(evidence: EventEvidence, events: pd.DataFrame) -> list[str]:
    """Heading, sentence and two pictures of one event."""
    rows = events[events["event_id"] == evidence.event_id]
    if rows.empty:
        raise CatalogError(f"evidence is for event {evidence.event_id!r}, which is not in the event table")
    event = rows.iloc[0]
    place = f"{event['latitude']:.3f}°, {event['longitude']:.3f}°"
    map_figure = new_figure(5.4, 5.6)
    draw_likelihood_map(
        map_figure.add_subplot(),
        evidence.latitudes,
        evidence.longitudes,
        evidence.likelihood,
        event,
        evidence.envelopes.network,
    )
    traces = min(int(np.isfinite(evidence.s_times_s).sum()), MOST_TRACES)
    section_figure = new_figure(5.4, 1.6 + 0.22 * max(traces, 4))
    draw_aligned_envelopes(
        section_figure.add_subplot(),
        evidence.envelopes,
        evidence.s_times_s,
        evidence.distances_km,
        event,
        used=evidence.used,
    )
    return [
        html.heading(3, evidence.event_id),
        html.paragraph(event_sentence(event)),
        '<div class="pair">',
        html.picture(
            map_figure,
            f"Map of the likelihood of the epicentre, largest near {place}.",
            "Likelihood of the epicentre, the contour that holds 68 % of it, and the error ellipse.",
        ),
        html.picture(
            section_figure,
            f"Envelopes of {traces} stations by distance, each shifted by its S time from {place}.",
            "Envelopes, each scaled to its own range and drawn earlier by its S time, nearest station at the "
            "bottom. If the location is right, one burst stands above another. Yellow: the event.",
        ),
        "</div>",
    ]


def event_sentence(event: pd.Series) -> str:
    """Time, place, errors and support of one event in one sentence; what is missing is left out."""
    words = [
        f"{html.utc_time(event['time'])} UTC",
        f"{event['latitude']:.3f}°, {event['longitude']:.3f}°",
    ]
    if pd.notna(event["depth_km"]):
        error = "" if pd.isna(event["depth_error_km"]) else f" ± {event['depth_error_km']:.1f} km"
        words.append(f"depth {event['depth_km']:.1f} km{error}")
    if pd.notna(event["semi_major_km"]):
        words.append(
            f"68 % error ellipse {event['semi_major_km']:.1f} × {event['semi_minor_km']:.1f} km, "
            f"azimuth {event['azimuth_deg']:.0f}°"
        )
    if pd.notna(event["n_stations"]):
        words.append(f"{event['n_stations']} stations")
    if pd.notna(event["correlation"]):
        words.append(f"mean correlation {event['correlation']:.2f}")
    if pd.notna(event.get("energy_j")):
        words.append(energy_words(event))
    return "; ".join(words) + "."


def method_section(content: ReportContent) -> str:
    """How the events were found, with references."""
    paragraphs = (html.paragraph(text) for text in content.method_text)
    return html.section("method", "Method", *paragraphs, html.reference_list(content.references))


def settings_section(content: ReportContent) -> str:
    """Every setting that was in force."""
    headings = [html.Heading("setting"), html.Heading("value"), html.Heading("unit")]
    caption = f"tremorflow {content.version}, settings hash {content.settings_hash}."
    return html.section("settings", "Settings in force", html.table(headings, content.settings_rows, caption))


def citation_section(content: ReportContent) -> str:
    """How to cite the run."""
    program = f"tremorflow, version {content.version}, settings {content.settings_hash}."
    return html.section("cite", "How to cite", html.paragraph(CITATION), html.paragraph(program))
