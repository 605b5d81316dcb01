import numpy as np
import pytest

from tremorflow.errors import DataError
from tremorflow.figures.envelopes import MOST_TRACES, draw_aligned_envelopes
from tremorflow.figures.style import new_figure, png_bytes
from tremorflow.records import Envelopes, Network, Station, event_table, timedelta, utc

START = utc("2020-05-24T02:00:00Z")


def simulate_section(s_times_s, distances_km, *, shift_s=0.0):
    """One burst at 100 s after the start of the window, seen later at each station by its S time."""
    s_times_s, distances_km = np.asarray(s_times_s, float), np.asarray(distances_km, float)
    network = Network(tuple(Station("XX", f"S{i}", 48.0, -123.0, 0.0) for i in range(len(s_times_s))))
    clock = np.arange(0, 300, 0.5)
    scale = np.arange(1, len(s_times_s) + 1)[:, None] * 1e-8
    values = scale * np.exp(-0.5 * ((clock - 100 - s_times_s[:, None] - shift_s) / 8) ** 2)
    times = {
        "time": START + timedelta(100),
        "start_time": START + timedelta(90),
        "end_time": START + timedelta(115),
    }
    event = event_table([{"event_id": "simulated", "latitude": 48.0, "longitude": -123.0, **times}]).iloc[0]
    return (
        Envelopes(network, ("H",), values[:, None], START, 2.0, (2.0, 8.0), "m/s"),
        s_times_s,
        distances_km,
        event,
    )


def section_axes(section, **options):
    axes = new_figure(5, 5).add_subplot()
    draw_aligned_envelopes(axes, *section, **options)
    return axes


def traces(axes):
    return {
        int(line.get_gid().split()[1]): line for line in axes.lines if str(line.get_gid()).startswith("trace")
    }


def test_peaks_of_every_station_stand_at_the_source_time():
    axes = section_axes(simulate_section([5, 12, 20.5, 31], [10, 40, 70, 110]))
    for line in traces(axes).values():
        x, y = line.get_data()
        assert x[np.argmax(y)] == pytest.approx(0, abs=0.25)  # half a sample


def test_a_wrong_location_shows_as_a_slope():
    envelopes, s_times, distances, event = simulate_section([5, 12, 20.5, 31], [10, 40, 70, 110])
    axes = section_axes((envelopes, s_times * 0.5, distances, event))
    peaks = [line.get_xdata()[np.argmax(line.get_ydata())] for _, line in sorted(traces(axes).items())]
    np.testing.assert_allclose(peaks, [2.5, 6, 10.25, 15.5], atol=0.25)


def test_traces_are_ordered_by_distance_and_named():
    axes = section_axes(simulate_section([31, 5, 12], [110, 10, 40]))
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "XX.S1  10 km",
        "XX.S2  40 km",
        "XX.S0  110 km",
    ]
    assert sorted(traces(axes)) == [0, 1, 2]


def test_every_trace_has_the_same_height():
    axes = section_axes(simulate_section([5, 12, 20], [10, 40, 70]))
    heights = [np.ptp(line.get_ydata()) for line in traces(axes).values()]
    np.testing.assert_allclose(heights, heights[0], rtol=1e-6)


def test_used_stations_are_dark_and_others_pale():
    axes = section_axes(simulate_section([5, 12], [10, 40]), used=np.array([True, False]))
    used, other = (np.mean(matplotlib_rgb(traces(axes)[i].get_color())) for i in (0, 1))
    assert used < 0.3
    assert other > 0.6


def matplotlib_rgb(colour):
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def test_of_many_stations_the_used_ones_are_kept():
    count = MOST_TRACES + 25
    distances = np.linspace(5, 300, count)
    used = np.zeros(count, dtype=bool)
    used[[0, 20, count - 1]] = True  # the farthest one too
    axes = section_axes(simulate_section(distances / 3.5, distances), used=used)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == MOST_TRACES
    assert labels[-1] == f"XX.S{count - 1}  300 km"
    assert "25 more not drawn" in axes.get_title(loc="left")


def test_gaps_dead_stations_and_unknown_times_are_shown_as_such():
    envelopes, s_times, distances, event = simulate_section([5, 12, 20, 30], [10, 40, 70, 100])
    envelopes.values[0, 0, 50:90] = np.nan
    envelopes.values[1] = np.nan
    envelopes.values[2] = 3e-8  # a flat line
    s_times[3] = np.nan
    axes = section_axes((envelopes, s_times, distances, event))
    assert sorted(traces(axes)) == [0, 2]
    assert [text.get_text() for text in axes.texts] == ["no data in this window"]
    assert np.isnan(traces(axes)[0].get_ydata()).sum() == 40
    assert png_bytes(axes.figure)


def test_arrays_that_do_not_fit_are_refused():
    envelopes, s_times, distances, event = simulate_section([5, 12], [10, 40])
    with pytest.raises(DataError, match="distances_km of shape"):
        section_axes((envelopes, s_times, distances[:1], event))


def test_dollar_in_a_code_is_text():
    envelopes, s_times, distances, event = simulate_section([5], [10])
    odd = Network((Station("X$", "_{$", 48.0, -123.0, 0.0),))
    odd_envelopes = Envelopes(odd, ("H",), envelopes.values, START, 2.0, (2.0, 8.0), "m/s")
    assert png_bytes(section_axes((odd_envelopes, s_times, distances, event)).figure)


def test_components_of_a_station_are_one_trace():
    envelopes, s_times, distances, event = simulate_section([5, 12], [10, 40])
    doubled = np.concatenate([envelopes.values, envelopes.values * np.nan], axis=1)  # the second is dead
    both = Envelopes(envelopes.network, ("E", "N"), doubled, START, 2.0, (2.0, 8.0), "m/s")
    axes = section_axes((both, s_times, distances, event))
    assert sorted(traces(axes)) == [0, 1]
    x, y = traces(axes)[0].get_data()
    assert x[np.argmax(y)] == pytest.approx(0, abs=0.25)
