"""Sections of the report that a run of the full chain has: activity, energy, and what others found."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tremorflow.catalog.activity import Activity, Span
from tremorflow.catalog.compare import Comparison
from tremorflow.catalog.energy_grid import EnergyGrid, energies_are_relative, known_energies
from tremorflow.figures import report_html as html
from tremorflow.figures.activity import draw_activity
from tremorflow.figures.along_strike import direction_name, draw_along_strike
from tremorflow.figures.energy_map import FEWEST, draw_energy_map
from tremorflow.figures.found_by import draw_found_by
from tremorflow.figures.style import new_figure
from tremorflow.records import Network

ENERGY_LIMITS = (
    "Energies are those of S waves between 2 and 8 Hz only, with the attenuation that the settings say. They "
    "rest on the site terms of the stations, whose square they carry: on soft sea floor that is an order of "
    "magnitude or more.",
)
RELATIVE_LIMITS = (
    "Relative energies compare the events of this run with each other. They are no absolute number of "
    "joules, and not to be compared with those of another network or another study, until the site terms are "
    "tied to a rock station or to earthquakes of known energy.",
)


def along_strike_picture(
    events: pd.DataFrame,
    network: Network,
    span: Span,
    *,
    azimuth_deg: float,
    recorded: Sequence[Span] | None = None,
) -> str:
    """Picture of distance along strike against time."""
    figure = new_figure(8.0, 4.6)
    draw_along_strike(
        figure.add_subplot(), events, network, azimuth_deg=azimuth_deg, span=span, recorded=recorded
    )
    direction = direction_name(azimuth_deg)
    return html.picture(
        figure,
        f"Distance of the {len(events)} events along {direction} against time.",
        f"Distance along {direction} against time, from the station farthest back. Ticks at the right edge: "
        "stations. Upright bars: reach of the 68 % error ellipse in that direction; level bars: duration; "
        f"both are left out if the events are many.{colour_sentence(events)}",
    )


def colour_sentence(events: pd.DataFrame) -> str:
    """Say what the colours mean where they are energies; nothing without energies."""
    if not np.isfinite(known_energies(events)).any():
        return ""
    kind = "relative radiated energy" if energies_are_relative(events) else "radiated energy"
    return f" Colour: {kind}, on a logarithmic scale."


def energy_limits_of(events: pd.DataFrame) -> tuple[str, ...]:
    """Limits that go with the energies of a table; none without energies."""
    if not np.isfinite(known_energies(events)).any():
        return ()
    return ENERGY_LIMITS + (RELATIVE_LIMITS if energies_are_relative(events) else ())


def energy_words(event: pd.Series) -> str:
    """Energy of one event in words, with its error if there is one."""
    flag = event.get("energy_is_relative")
    kind = " (relative)" if pd.isna(flag) or bool(flag) else ""
    error = html.decimals(event.get("energy_log10_error"), 2)
    return f"radiated energy {event['energy_j']:.2g} J{kind}" + (f", ± {error} in log₁₀" if error else "")


def activity_section(activity: Activity) -> str:
    """Bars of counts per day or hour, and the energy radiated until then."""
    count, step = int(activity.counts.sum()), "UTC day" if activity.is_daily else "hour"
    caption = (
        f"Above: events per {step}, stacked by quality; no bar: no event. Hatched: not recorded or not "
        "analysed, which is not the same as quiet. Below: radiated energy of the events of quality A and B, "
        "added up."
    )
    if activity.is_relative:
        caption += " The energies are relative: they compare the events of this run with each other."
    alt = f"Bars of {count} events per {step} by quality, and the energy radiated until then."
    return html.section("activity", "How much, and when", html.picture(draw_activity(activity), alt, caption))


def energy_section(energies: EnergyGrid, network: Network) -> str:
    """Map of the energy by cells."""
    figure = new_figure(6.4, 7.0)
    draw_energy_map(figure.add_subplot(), energies, network)
    size, kinds = f"{energies.cells.cell_deg:g}°", " and ".join(energies.qualities)
    caption = (
        f"Radiated energy in cells of {size}, summed over the events of quality {kinds} that have one, on a "
        f"logarithmic scale. Dots: fewer than {FEWEST} events. Blank: no event."
    )
    if energies.seen is None:
        caption += " Where no tremor is shown, it may also be that the network could not see it."
    else:
        caption += (
            " Grey: cells in which the typical event of this run would not have been found in half of the "
            "hours looked at; there blank says nothing."
        )
    if energies.is_relative:
        caption += " The energies are relative: they compare cells with each other."
    alt = (
        f"Map of radiated energy in {int((energies.counts >= FEWEST).sum())} cells of {size} with at least "
        f"{FEWEST} events, on a logarithmic scale."
    )
    return html.section("energy", "Where the energy was radiated", html.picture(figure, alt, caption))


def comparison_section(comparison: Comparison, network: Network, span: Span) -> str:
    """Numbers and pictures of two catalogues of the same recordings."""
    a, b = comparison.events_a, comparison.events_b
    alone_a, alone_b = (int((events["state"] == "alone").sum()) for events in (a, b))
    numbers = (
        f"Of the same recordings {comparison.name_a} has {len(a)} events with a place and "
        f"{comparison.name_b} has {len(b)}. One to one, within {comparison.max_time_s:g} s (or overlapping) "
        f"and {comparison.max_distance_km:g} km, {comparison.matches} are in both; {alone_a} are only in "
        f"{comparison.name_a}, {alone_b} only in {comparison.name_b}. A copy of the one shifted by six hours "
        f"matches {comparison.chance_matches}, by chance."
    )
    warning = (
        "More events are not in themselves a better catalogue: an event that one method alone has may be "
        "tremor that the other missed, or false. Which of them, only a truth or a third catalogue can tell."
    )
    caption = (
        "Grey: found by both. In colour: found by this one only. Crosses: further events of a burst that "
        "both have. Below, when: events that both have, and those of one only, on one scale."
    )
    alt = (
        f"Maps of {len(a)} events of {comparison.name_a} and {len(b)} of {comparison.name_b}, with their "
        "times below."
    )
    picture = html.picture(draw_found_by(comparison, network, span), alt, caption)
    heading = f"Compared with {comparison.name_b}"
    return html.section("comparison", heading, html.paragraph(numbers), html.paragraph(warning), picture)
