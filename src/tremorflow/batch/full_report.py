"""What the report of a full chain says besides: what the stations heard, energy, activity, the rival."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tremorflow.analysis import Association, energy_in_band
from tremorflow.batch.noise import HOUR, sample_noise
from tremorflow.batch.sources import SignalSource
from tremorflow.capability import CapabilitySettings, ChainRules, map_capability
from tremorflow.catalog.activity import Span, count_activity
from tremorflow.catalog.compare import Comparison
from tremorflow.catalog.energy_grid import BoolArray, Cells, cells_around, sum_energy, typical_log10_energy
from tremorflow.catalog.quality import words
from tremorflow.figures.report import HeardPicture, ReportContent
from tremorflow.figures.report_text import FULL_CHAIN, FULL_CHAIN_LIMITS, FULL_CHAIN_REFERENCES
from tremorflow.figures.spectrograms import draw_station
from tremorflow.figures.station_graph import draw_station_graph
from tremorflow.geodesy import long_axis_deg
from tremorflow.records import NO_ENERGY, Network, Probabilities, timedelta
from tremorflow.settings import Settings

REPORT_HOURS = 6  # day and night: ten seconds on 150 stations
AROUND_S = 600.0  # before and after an event that is shown: ten windows' steps, and the quiet beside it


def with_full_chain(
    content: ReportContent,
    source: SignalSource,
    association: Association,
    comparison: Comparison | None,
    rules: ChainRules,
) -> ReportContent:
    """Content of a report with all that the full chain has to say."""
    events, network = content.events, content.network
    recorded = recorded_spans(association.probabilities)
    has_energy = "energy_j" in events and events["energy_j"].notna().any()
    cells = cells_of(network, events)
    seen = seen_in_cells(source, events, cells, rules) if has_energy else None
    return replace(
        content,
        method_text=FULL_CHAIN,
        references=FULL_CHAIN_REFERENCES,
        limits=FULL_CHAIN_LIMITS,
        strike_deg=long_axis_deg(network.latitudes, network.longitudes),
        recorded=recorded,
        activity=count_activity(events, content.span, recorded),
        energies=sum_energy(events, cells, seen=seen) if has_energy else None,
        comparison=comparison,
        heard=heard_pictures(events, source, association),
    )


def rules_of(settings: Settings) -> ChainRules:
    """Rules of the chain in a run, the energy's band-pass as the preprocessing's."""
    energy = energy_in_band(settings.energy, settings.preprocess)
    return ChainRules(settings.association, settings.location, energy)


def cells_of(network: Network, events: pd.DataFrame) -> Cells:
    """Cells of the energy map of a run: around its stations and events."""
    return cells_around(
        np.concatenate([network.latitudes, events["latitude"].to_numpy()]),
        np.concatenate([network.longitudes, events["longitude"].to_numpy()]),
    )


def seen_in_cells(
    source: SignalSource, events: pd.DataFrame, cells: Cells, rules: ChainRules
) -> BoolArray | None:
    """Cells (row, column) in which the typical event of a run is found; None if that cannot be told.

    Notes
    -----
    Of ``REPORT_HOURS`` hours spread over the span: a map of each takes a second on 150 stations, and what a
    network sees changes little from hour to hour. `tremorflow capability` takes all hours.
    """
    typical = typical_log10_energy(events)
    if not np.isfinite(typical):
        return None
    first, last = source.span
    count = max(int((last - first) / HOUR), 1)
    hours = sample_noise(source, count, REPORT_HOURS, rules.energy)
    if hours is None:
        return None
    settings = CapabilitySettings(duration_s=max(float(events["duration_s"].median()), 1.0))
    return map_capability(source.network, hours, settings, rules).seen(cells, typical)


def recorded_spans(probabilities: Probabilities) -> tuple[Span, ...]:
    """Spans in which any station was recorded, from the windows that have any samples."""
    present = (probabilities.completeness > 0).any(axis=0)
    starts = probabilities.start_times[present]
    if not len(starts):
        return ()
    length = timedelta(probabilities.window_s)
    breaks = np.flatnonzero(np.diff(starts) > length)
    firsts, lasts = starts[np.append(0, breaks + 1)], starts[np.append(breaks, len(starts) - 1)]
    return tuple((first, last + length) for first, last in zip(firsts, lasts, strict=True))


def clearest_event(events: pd.DataFrame) -> pd.Series:
    """Event that most pairs locate, of those without a flag that doubts their place if there are any."""
    doubted = np.array(
        [any(not word.startswith(NO_ENERGY) for word in words(flags)) for flags in events["flags"]]
    )
    chosen: pd.Series = events.iloc[np.lexsort((-events["n_pairs"].to_numpy(dtype=np.int64), doubted))[0]]
    return chosen


def heard_pictures(
    events: pd.DataFrame, source: SignalSource, association: Association
) -> tuple[HeardPicture, ...]:
    """Spectrogram of the surest station and station graph, of the event that most pairs locate."""
    if events.empty:
        return ()
    event = clearest_event(events)
    groups, probabilities = association.groups, association.probabilities
    number = int(np.flatnonzero(association.table["group_id"] == event["group_id"])[0])
    window = int(groups.windows[number])
    stamp = f"{np.datetime_as_string(probabilities.start_times[window], unit='s').replace('T', ' ')} UTC"
    figure = draw_station_graph(probabilities.p_tremor, groups, window, association.graph, stamp)
    count = int((groups.windows == window).sum())
    graph = HeardPicture(
        figure,
        f"Map of the stations with the probability of tremor at {stamp}, and {count} groups.",
        f"Station graph of event {event['event_id']} (window of {probabilities.window_s:g} s from {stamp}): "
        "stations by their probability of tremor, lines join neighbours of one group, stars show where a "
        "group points to before it is located.",
    )
    return (*_spectrogram(event, source, association, number), graph)


def _spectrogram(
    event: pd.Series, source: SignalSource, association: Association, number: int
) -> Sequence[HeardPicture]:
    """Spectrogram of the station of a group that is surest, around an event; none without recordings."""
    probabilities = association.probabilities
    window = association.groups.windows[number]
    members = np.flatnonzero(association.groups.labels[:, window] == number)
    station = int(members[np.argmax(probabilities.p_tremor[members, window])])
    middle = event["time"].to_datetime64()
    first, last = source.span
    begin, end = max(middle - timedelta(AROUND_S), first), min(middle + timedelta(AROUND_S), last)
    spectrograms = source.spectrograms(station, begin, end)
    if spectrograms is None:
        return ()
    code = probabilities.network.codes[station]
    return (
        HeardPicture(
            draw_station(spectrograms, probabilities),
            f"Spectrograms of {code} around event {event['event_id']}, and its probabilities.",
            f"Station {code} around event {event['event_id']}: spectrograms of its components, and what the "
            "network (DiET) says of each window of 120 s, drawn at its middle. Dotted: threshold of a single "
            "station.",
        ),
    )
