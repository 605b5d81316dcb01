import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest

from tremorflow.figures.space_time import draw_time_latitude
from tremorflow.figures.style import new_figure, png_bytes
from tremorflow.records import event_table, timedelta, utc


def time_axes(events, **options):
    axes = new_figure(6, 3).add_subplot()
    draw_time_latitude(axes, events, **options)
    return axes


def event_at(azimuth_deg: float, **changes):
    row = {"time": utc("2020-05-24T02:00:00Z"), "latitude": 48.0, "longitude": -123.0}
    row |= {"semi_major_km": 22.24, "semi_minor_km": 11.12, "azimuth_deg": azimuth_deg}
    return event_table([row | changes])


def reach(axes) -> float:
    (bar,) = next(lines for lines in axes.collections if lines.get_gid() is None).get_segments()
    return float(np.ptp(bar[:, 1]) / 2)


def test_events_stand_at_their_time_and_latitude(cascadia):
    axes = time_axes(cascadia.events)
    points = next(points for points in axes.collections if points.get_gid() == "events").get_offsets()
    np.testing.assert_allclose(points[:, 1], cascadia.events["latitude"])
    np.testing.assert_allclose(points[:, 0], mdates.date2num(cascadia.events["time"].to_numpy()))


@pytest.mark.parametrize(("azimuth_deg", "half_deg"), [(0, 0.2), (180, 0.2), (90, 0.1), (45, 0.1581)])
def test_bar_is_the_north_south_reach_of_the_ellipse(azimuth_deg, half_deg):
    # one degree of latitude is 111.2 km here; at 45 degrees the reach is sqrt((a2 + b2) / 2)
    assert reach(time_axes(event_at(azimuth_deg))) == pytest.approx(half_deg, rel=0.005)


def test_span_is_shown_even_where_nothing_was_found():
    span = (utc("2020-05-24T02:00:00Z"), utc("2020-05-24T04:00:00Z"))
    for events in (event_at(0), event_table()):
        west, east = time_axes(events, span=span).get_xlim()
        assert west <= mdates.date2num(span[0]) < mdates.date2num(span[1]) <= east
        assert east - west < 1.1 * (2 / 24)


def test_no_event_is_said():
    assert [text.get_text() for text in time_axes(event_table()).texts] == ["no event was located"]


def test_missing_errors_and_ends_can_be_painted(cascadia):
    events = cascadia.events.copy()
    events.loc[0, ["semi_major_km", "azimuth_deg"]] = np.nan
    events.loc[1, "end_time"] = pd.NaT
    assert png_bytes(time_axes(events).figure)
    assert png_bytes(time_axes(events.iloc[:1], span=None).figure)


def test_across_the_antimeridian_colours_do_not_jump():
    events = pd.concat(
        [
            event_at(0, longitude=x, time=utc("2020-05-24T02:00:00Z") + timedelta(60 * i))
            for i, x in enumerate((179.8, 179.9, -179.9, -179.8))
        ]
    )
    axes = time_axes(events)
    bar = axes.child_axes[0]
    low, high = bar.get_ylim()
    assert high - low == pytest.approx(0.4, abs=1e-6)
