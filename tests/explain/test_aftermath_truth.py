"""What an explanation says of a source that the catalogue does not have is what the run did with it."""

from typing import cast

import pandas as pd
import pytest

from tremorflow.catalog.quality import CatalogSettings, control_quality
from tremorflow.explain import Rules
from tremorflow.explain.aftermath import tell_source
from tremorflow.locate import Hypocentre, LocationSettings
from tremorflow.records import event_table

START = pd.Timestamp("2020-05-24T02:00:00")
HYPOCENTRE = cast(Hypocentre, None)  # a story hands it on unread


def located(event_id: str, window_s: int, burst_s: tuple[int, int], n_pairs: int) -> dict[str, object]:
    """Event off Sanriku of a 300-s window, with a burst, both in s after START."""
    window, (first, last) = START + pd.Timedelta(window_s, "s"), burst_s
    return {
        "event_id": event_id,
        "time": window + pd.Timedelta(150, "s"),
        "latitude": 39.0,
        "longitude": 143.0,
        "window_start": window,
        "window_end": window + pd.Timedelta(300, "s"),
        "start_time": START + pd.Timedelta(first, "s"),
        "end_time": START + pd.Timedelta(last, "s"),
        "n_stations": 7,
        "n_pairs": n_pairs,
        "correlation": 0.5,
        "semi_major_km": 5.0,
        "flags": "",
    }


@pytest.mark.parametrize(("duplicate_gap_s", "rule"), [(30.0, "kept"), (60.0, "duplicate")])
def test_a_source_is_told_as_merged_where_the_run_merges_it(duplicate_gap_s: float, rule: str) -> None:
    """Two bursts of one place, 45 s apart, in windows that overlap."""
    settings = CatalogSettings(duplicate_gap_s=duplicate_gap_s)
    both = event_table([located("better", 0, (20, 180), 20), located("worse", 150, (225, 400), 10)])
    kept = control_quality(both, settings)
    story = tell_source(both.iloc[1], HYPOCENTRE, Rules(LocationSettings(), settings, "none", kept))
    assert story.outcome.rule == rule
    assert story.event_id == ("worse" if rule == "kept" else "better")
