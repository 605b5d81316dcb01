"""Picture of a network's recordings, measured on what was drawn; every trace here is made up."""

import matplotlib.dates as mdates
import numpy as np
import pytest

from tremorflow.errors import DataError
from tremorflow.figures.recording import TRACE_HEIGHT, draw_recording
from tremorflow.figures.style import png_bytes
from tremorflow.records import Network, Spectrograms, Station, Waveforms, timedelta, utc

START = utc("2024-03-01T00:00:00Z")


def made_up(name: str, samples: np.ndarray, *, rate_hz=10.0, components=("Z",), late_s=0.0) -> Waveforms:
    network = Network((Station("XX", name, 38.0, 142.0, 0.0),))
    start = START + timedelta(late_s)
    return Waveforms(network, components, np.atleast_2d(samples)[None], start, rate_hz, "count")


def wave(count: int = 600, size: float = 1.0) -> np.ndarray:
    return size * np.sin(np.arange(count) / 3) * np.hanning(count)


def lines(figure) -> dict[int, np.ndarray]:
    """Heights of the traces by their places, from below."""
    axes = figure.axes[0]
    drawn = {line.get_gid(): line.get_ydata() for line in axes.get_lines() if line.get_gid()}
    return {int(gid.removeprefix("trace ")): heights for gid, heights in drawn.items()}


def made_up_spectrograms(power: np.ndarray) -> Spectrograms:
    network = Network((Station("XX", "A", 38.0, 142.0, 0.0),))
    return Spectrograms(network, power.astype(np.float32), np.arange(1.0, 6.0), START, 4.0, 1.0, "count")


def test_each_station_has_a_trace_of_the_same_height_the_first_at_the_top():
    figure = draw_recording([made_up("A", wave(size=1e-3)), made_up("B", wave(size=50) + 7000)])
    names = figure.axes[0].get_yticklabels()
    labels = {label.get_text(): place for place, label in zip((1, 0), names, strict=True)}
    assert labels == {"XX.A": 1, "XX.B": 0}
    for place, heights in lines(figure).items():
        assert np.abs(heights - place).max() == pytest.approx(TRACE_HEIGHT)


def test_gaps_stay_gaps_and_dead_stations_say_so():
    broken = wave()
    broken[100:150] = np.nan
    dead, flat = np.full(600, np.nan), np.full(600, 12.0)
    figure = draw_recording([made_up("GAP", broken), made_up("DEAD", dead), made_up("FLAT", flat)])
    drawn = lines(figure)
    assert list(drawn) == [2]
    assert np.isnan(drawn[2]).sum() == 50
    words = {round(text.get_position()[1]): text.get_text() for text in figure.axes[0].texts}
    assert words == {1: "no data", 0: "no motion"}
    assert png_bytes(figure)


def test_one_station_and_no_station():
    assert list(lines(draw_recording([made_up("A", wave())]))) == [0]
    with pytest.raises(DataError, match="at least one station"):
        draw_recording([])


def test_stations_of_other_rates_and_starts_share_the_time():
    figure = draw_recording([made_up("A", wave()), made_up("B", wave(2400), rate_hz=20.0, late_s=30)])
    left, right = (mdates.num2date(value) for value in figure.axes[0].get_xlim())
    assert (right - left).total_seconds() == pytest.approx(150, abs=0.01)


def test_vertical_is_drawn_and_what_there_is_where_it_is_missing():
    three = np.stack([wave(), wave() * np.nan, -wave()])
    codes = ("E", "N", "Z")
    without = three.copy()
    without[2] = np.nan
    figure = draw_recording([made_up("A", three, components=codes), made_up("B", without, components=codes)])
    drawn = lines(figure)
    np.testing.assert_allclose(drawn[1] - 1, -drawn[0], atol=1e-9)


def test_frames_of_the_spectrogram_lie_about_their_middles():
    power = np.full((1, 3, 5, 100), np.nan)
    power[0, 2] = np.random.default_rng(1).normal(size=(5, 100))
    figure = draw_recording([made_up("A", wave(1100))], made_up_spectrograms(power))
    left, right, low, high = figure.axes[1].get_images()[0].get_extent()
    start = mdates.date2num(START)
    assert ((left - start) * 86400, (right - start) * 86400) == pytest.approx((1.5, 101.5), abs=0.01)
    assert (low, high) == (0.5, 5.5)
    assert "XX.A" in figure.axes[1].get_title(loc="left")


def test_spectrogram_without_any_power_says_so():
    figure = draw_recording([made_up("A", wave())], made_up_spectrograms(np.full((1, 3, 5, 60), np.nan)))
    assert [text.get_text() for text in figure.axes[1].texts] == ["no data"]
    assert png_bytes(figure)
