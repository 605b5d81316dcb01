"""Tables of the report: the events with their errors, and what was skipped."""

import numpy as np
import pandas as pd

from tremorflow.catalog.energy_grid import energies_are_relative, known_energies
from tremorflow.figures import report_html as html
from tremorflow.records import Network

MOST_EVENT_ROWS = 200  # the catalogue itself holds all; a longer table is not read
MOST_SKIP_ROWS = 200

EVENT_HEADINGS = [
    html.Heading("event"), html.Heading("time (UTC)"), html.Heading("quality"),
    html.Heading("lat. (°N)", True), html.Heading("lon. (°E)", True),
    html.Heading("depth (km)", True), html.Heading("± (km)", True),
    html.Heading("long half axis (km)", True), html.Heading("short half axis (km)", True),
    html.Heading("azi\u00admuth (°)", True), html.Heading("length (s)", True),
    html.Heading("sta\u00adtions", True), html.Heading("pairs", True),
    html.Heading("corre\u00adlation", True), html.Heading("flags"),
]  # fmt: skip

ENERGY_HEADINGS = [
    html.Heading("log₁₀ energy", True), html.Heading("± (log₁₀)", True), html.Heading("Me", True),
]  # fmt: skip


def events_section(events: pd.DataFrame) -> str:
    """Table of the first events with their errors."""
    shown = events.head(MOST_EVENT_ROWS)
    caption = f"All {len(events)} events."
    if len(events) > len(shown):
        caption = f"The first {len(shown)} of {len(events)} events; the catalogue files hold all."
    caption += (
        " Press a heading to sort. ±: standard deviation of the depth, empty if it was not solved for. Half "
        "axes and azimuth (from north through east) are those of the 68 % error ellipse. Length: duration of "
        "the burst."
    )
    rows = [event_cells(event) for _, event in shown.iterrows()]
    headings = EVENT_HEADINGS
    if np.isfinite(known_energies(events)).any():
        headings = [*headings[:-1], *ENERGY_HEADINGS, headings[-1]]
        rows = [
            [*cells[:-1], *energy_cells(event), cells[-1]]
            for cells, (_, event) in zip(rows, shown.iterrows(), strict=True)
        ]
        caption += " Energy: logarithm of the radiated energy in J, with its standard deviation"
        caption += (
            ", relative; Me: energy magnitude." if energies_are_relative(events) else "; Me: magnitude."
        )
    return html.section("events", "Events", html.table(headings, rows, caption, sortable=True))


def event_cells(event: pd.Series) -> list[str]:
    """Cells of one event, in the order of ``EVENT_HEADINGS``."""
    numbers = [
        ("latitude", 3), ("longitude", 3), ("depth_km", 1), ("depth_error_km", 1), ("semi_major_km", 1),
        ("semi_minor_km", 1), ("azimuth_deg", 0), ("duration_s", 0), ("n_stations", 0), ("n_pairs", 0),
        ("correlation", 2),
    ]  # fmt: skip
    words = ["" if pd.isna(event[name]) else str(event[name]) for name in ("event_id", "quality", "flags")]
    cells = [html.decimals(event[name], places) for name, places in numbers]
    return [words[0], html.utc_time(event["time"]), words[1], *cells, words[2].replace(";", "; ")]


def energy_cells(event: pd.Series) -> list[str]:
    """Cells of one event, in the order of ``ENERGY_HEADINGS``; empty where there is no energy."""
    energy = event["energy_j"]
    log_energy = np.log10(energy) if pd.notna(energy) and energy > 0 else np.nan
    return [
        html.decimals(log_energy, 2),
        html.decimals(event.get("energy_log10_error"), 2),
        html.decimals(event.get("me"), 1),
    ]


def stations_section(network: Network) -> str:
    """Table of the stations and where they stand."""
    headings = [
        html.Heading("station"), html.Heading("latitude (°N)", True), html.Heading("longitude (°E)", True),
        html.Heading("elevation (m)", True), html.Heading("S delay (s)", True),
    ]  # fmt: skip
    rows = [
        [
            station.code, html.decimals(station.latitude, 4), html.decimals(station.longitude, 4),
            html.decimals(station.elevation_m, 0), html.decimals(station.s_delay_s, 2),
        ]
        for station in network.stations
    ]  # fmt: skip
    caption = f"{len(network)} stations. The S delay is added to the S time of the velocity model."
    return html.section("stations", "Stations", html.table(headings, rows, caption, sortable=True))


def skips_section(skips: pd.DataFrame) -> str:
    """Table of what was skipped and why."""
    if skips.empty:
        return html.section("skipped", "What was skipped", html.paragraph("Nothing was skipped."))
    shown = skips.head(MOST_SKIP_ROWS)
    rows = [
        [
            str(row["station"]), str(row["reason"]), html.decimals(row["count"], 0),
            html.decimals(row["seconds"], 0), "" if pd.isna(row["example"]) else str(row["example"]),
        ]
        for _, row in shown.iterrows()
    ]  # fmt: skip
    caption = (
        f"{html.shown_number(int(skips['count'].sum()))} skips in {len(skips)} kinds of station and reason."
    )
    if len(skips) > len(shown):
        caption += f" The first {len(shown)} are listed."
    headings = [
        html.Heading("station"), html.Heading("reason"), html.Heading("count", True),
        html.Heading("seconds", True), html.Heading("example"),
    ]  # fmt: skip
    return html.section("skipped", "What was skipped", html.table(headings, rows, caption, sortable=True))
