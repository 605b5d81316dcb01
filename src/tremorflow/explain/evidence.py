"""What an explanation can be seen by: envelopes aligned at the S times of a place, and its likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tremorflow.explain.story import Explanation, LocatingStory, Place, Rules, SourceStory
from tremorflow.geodesy import distances_km
from tremorflow.locate import LikelihoodMap, SearchGrid, map_likelihood
from tremorflow.records import Envelopes, FloatArray, seconds


@dataclass(frozen=True, slots=True)
class Evidence:
    """Envelopes of a window with the S times (station,) of ``place``; ``used`` (station,) were asked or used.

    ``event`` is a row of the event table: of the source, or of a place that was not located, with no more
    than time and place. ``likelihood`` is that of a located source alone.
    """

    window: Envelopes
    place: Place
    s_times_s: FloatArray
    distances_km: FloatArray
    used: NDArray[np.bool_]
    event: pd.Series
    likelihood: LikelihoodMap | None


def gather_evidence(
    explanation: Explanation, windows: Sequence[Envelopes], grid: SearchGrid, rules: Rules
) -> Evidence | None:
    """Evidence of an explanation: of the source in question, else of where its stations point to."""
    if not windows or explanation.place is None:
        return None
    sources = [(story, one) for story in explanation.locatings for one in story.sources]
    meant = [pair for pair in sources if pair[1].event_id in explanation.event_ids]
    if meant:
        kept = [pair for pair in meant if pair[1].outcome.rule == "kept"]
        return _of_source(*(kept or meant)[0], windows, grid, rules)
    return _of_place(explanation, windows, grid, rules)


def _of_source(
    story: LocatingStory, source: SourceStory, windows: Sequence[Envelopes], grid: SearchGrid, rules: Rules
) -> Evidence:
    """Evidence of a located source."""
    window = next(one for one in windows if one.start_time == story.start_time)
    place, network = source.hypocentre.fit.place, grid.network
    return Evidence(
        window,
        source.place,
        place.s_times_s,
        distances_km(place.latitude, place.longitude, network.latitudes, network.longitudes),
        np.isin(np.arange(len(network)), source.hypocentre.fit.stations),
        source.row,
        map_likelihood(window, source.hypocentre, grid, rules.location),
    )


def _window_to_show(
    explanation: Explanation, windows: Sequence[Envelopes], window_s: float
) -> tuple[Envelopes, LocatingStory | None]:
    """Window in which the groups in question were to be located, and its story; else that around the time."""
    names = {
        group.group_id
        for one in explanation.groupings
        if one.window == explanation.focus
        for group in one.groups
    }
    stories = [one for one in explanation.locatings if names & set(one.group_ids)]
    if stories:
        story = max(stories, key=lambda one: (one.best_place is not None, one.n_correlated))
        return next(one for one in windows if one.start_time == story.start_time), story
    middle = [abs(seconds(explanation.asked.time - one.start_time) - window_s / 2) for one in windows]
    return windows[int(np.argmin(middle))], None


def _of_place(
    explanation: Explanation, windows: Sequence[Envelopes], grid: SearchGrid, rules: Rules
) -> Evidence:
    """Evidence of a place where nothing was located: as if a source sounded there, at the assumed depth.

    Where pairs correlated, but too few agreed, it is the place where most did.
    """
    time, network = explanation.asked.time, grid.network
    window, story = _window_to_show(explanation, windows, rules.location.window_s)
    place = (story.best_place if story else None) or explanation.place or (0.0, 0.0)
    asked = set(story.stations) if story else set()
    depth_km = grid.depth_at(*grid.clip(*place), rules.location.fixed_depth_km)
    away = distances_km(*place, network.latitudes, network.longitudes)
    event = pd.Series(
        {
            "time": pd.Timestamp(time),
            "start_time": pd.NaT,
            "end_time": pd.NaT,
            "latitude": place[0],
            "longitude": place[1],
        }
    )
    times = np.asarray(grid.travel_times.times(*place, depth_km), dtype=np.float64).reshape(-1)
    near = away <= rules.location.max_station_distance_km
    used = np.isin(np.array(network.codes), list(asked)) if asked else near
    return Evidence(window, place, np.where(near, times, np.nan), away, used, event, None)
