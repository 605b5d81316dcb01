"""Pictures of a full-chain run, measured on what was drawn; every catalogue here is made up."""

from dataclasses import replace

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from tremorflow.catalog.activity import DAY, HOUR, count_activity
from tremorflow.catalog.compare import compare_catalogs
from tremorflow.catalog.energy_grid import Cells, cells_around, sum_energy
from tremorflow.figures import style
from tremorflow.figures.activity import draw_activity
from tremorflow.figures.along_strike import direction_name, draw_along_strike
from tremorflow.figures.energy_map import draw_energy_map
from tremorflow.figures.event_colours import colour_events, energy_label
from tremorflow.figures.found_by import draw_found_by
from tremorflow.figures.map import draw_map
from tremorflow.geodesy import LocalFrame
from tremorflow.records import Network, Station, event_table, timedelta, utc
from tremorflow.simulate.geometry import NetworkSettings, simulated_network

START = utc("2024-03-01T00:00:00Z")
SPAN = (START, START + 10 * DAY)
KINDS = ("none", "unknown", "some", "all")


@pytest.fixture(scope="module")
def snet() -> Network:
    return simulated_network(NetworkSettings())


def made_up(count: int, energies: str = "all", seed: int = 3) -> pd.DataFrame:
    """Events off Sanriku, with energies of ``KINDS``."""
    rng = np.random.default_rng(seed)
    times = [START + timedelta(t) for t in rng.uniform(0, 10 * 86400, count)]
    table = pd.DataFrame({"time": times}, index=range(count)).assign(
        event_id=[f"made-up-{i}" for i in range(count)],
        latitude=rng.normal(39.5, 0.4, count), longitude=rng.normal(143.3, 0.2, count), depth_km=20.0,
        semi_major_km=6.0, semi_minor_km=3.0, azimuth_deg=30.0, quality=rng.choice(["A", "B", "C"], count),
    )  # fmt: skip
    if energies != "none":
        values = 10 ** rng.uniform(3, 7, count)
        values[: {"all": 0, "some": count // 3, "unknown": count}[energies]] = np.nan
        table = table.assign(energy_j=values, energy_is_relative=True)
    return event_table(table)


def drawn(axes, gid):
    return [artist for artist in axes.get_children() if artist.get_gid() == gid]


def legend_of(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def bar_label(axes) -> str | None:
    return axes.child_axes[0].get_ylabel() if axes.child_axes else None


@pytest.mark.parametrize("energies", KINDS)
@pytest.mark.parametrize("count", [0, 1, 30, 700])
def test_every_picture_can_be_painted(snet, count, energies):
    events = made_up(count, energies)
    figure = style.new_figure(24, 8)
    axes = figure.subplots(1, 3)
    draw_map(axes[0], events, snet)
    draw_along_strike(axes[1], events, snet, span=SPAN, recorded=[(START, START + 2 * DAY)])
    draw_energy_map(axes[2], sum_energy(events, cells_around(snet.latitudes, snet.longitudes)), snet)
    comparison = compare_catalogs(events, made_up(count // 2, energies, seed=4), names=("this", "that"))
    for painted in (
        figure,
        draw_activity(count_activity(events, SPAN)),
        draw_found_by(comparison, snet, SPAN),
    ):
        assert style.png_bytes(painted).startswith(b"\x89PNG")


def test_nothing_at_all_can_be_painted():
    nobody = Network(())
    axes = style.new_figure(4, 4).add_subplot()
    draw_along_strike(axes, event_table(), nobody)
    assert style.png_bytes(axes.figure)
    comparison = compare_catalogs(event_table(), event_table())
    assert style.png_bytes(draw_found_by(comparison, nobody, SPAN))


def test_energy_is_the_colour_if_any_is_known(snet):
    for energies, by in (("none", "time"), ("unknown", "time"), ("some", "energy"), ("all", "energy")):
        assert colour_events(made_up(9, energies)).by == by
    axes = style.new_figure(6, 6).add_subplot()
    draw_map(axes, made_up(30, "some"), snet)
    assert bar_label(axes) == "log₁₀ radiated energy (J, relative)"
    assert "pale: energy unknown (10)" in legend_of(axes)


def test_label_says_relative_only_where_it_is():
    events = made_up(5).assign(energy_is_relative=pd.array([False] * 5, dtype="boolean"))
    assert colour_events(events).label == energy_label(False) == "log₁₀ radiated energy (J)"
    assert colour_events(made_up(5)).label == energy_label(True)


def test_ten_times_the_energy_is_one_decade_of_the_scale_and_darker():
    events = made_up(3).assign(energy_j=[1e4, 1e5, np.nan])
    colours = colour_events(events)
    np.testing.assert_allclose(colours.values[:2], [4.0, 5.0])
    weak, strong, unknown = colours.rgba
    assert strong[:3].sum() < weak[:3].sum()
    np.testing.assert_allclose(unknown, to_rgba(style.PALE))


def test_scale_is_a_decade_wide_at_least_and_ignores_a_stray_of_many():
    low, high = colour_events(made_up(1).assign(energy_j=1e5)).limits
    assert (low, high) == pytest.approx((4.5, 5.5))
    events = made_up(1000)
    events.loc[0, "energy_j"] = 1e20
    colours = colour_events(events)
    assert colours.limits[1] < 7.1
    assert colours.has_contrast


def test_events_stand_at_their_distance_along_strike():
    latitudes, longitudes = LocalFrame(39.0, 143.0).to_degrees([0.0, 50.0, 100.0], [0.0, 86.6, 173.2])
    places = zip(latitudes, longitudes, strict=True)
    stations = [Station("XX", f"S{i}", y, x, 0.0) for i, (y, x) in enumerate(places)]
    network = Network(tuple(stations[::-1]))  # a line of 200 km towards N30E
    middle = LocalFrame(39.0, 143.0).to_degrees(50.0, 86.6)
    across = LocalFrame(*map(float, middle)).to_degrees(17.32, -10.0)  # 20 km across strike
    events = event_table(
        [
            {"time": START, "latitude": y, "longitude": x, "quality": "A", "semi_major_km": 8.0,
             "semi_minor_km": 2.0, "azimuth_deg": 30.0}
            for y, x in (middle, across)
        ]
    )  # fmt: skip
    axes = style.new_figure(6, 4).add_subplot()
    draw_along_strike(axes, events, network, span=SPAN)
    np.testing.assert_allclose(drawn(axes, "events A")[0].get_offsets()[:, 1], [100.0, 100.0], atol=0.3)
    np.testing.assert_allclose(np.sort(drawn(axes, "stations")[0].get_ydata()), [0, 100, 200], atol=0.3)
    assert axes.get_ylabel() == "distance along N30°E (km)"
    bars = axes.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([np.ptp(bar[:, 1]) for bar in bars], 16.0, atol=1e-6)


def test_given_direction_is_taken(snet):
    events = made_up(20)
    axes = style.new_figure(6, 4).add_subplot()
    draw_along_strike(axes, events, snet, azimuth_deg=0.0)
    offsets = np.concatenate([dots.get_offsets() for g in "ABC" for dots in drawn(axes, f"events {g}")])
    order = np.argsort(offsets[:, 0])
    by_time = events.sort_values("time")["latitude"].to_numpy()
    assert np.corrcoef(offsets[order, 1], by_time)[0, 1] > 0.9999


def test_directions_are_named():
    names = [direction_name(azimuth) for azimuth in (0, 20.4, 90, 270, 340, 200, 150)]
    assert names == ["N0°E", "N20°E", "N90°E", "N90°W", "N20°W", "S20°W", "S30°E"]


def test_what_was_not_recorded_is_hatched(snet):
    recorded = [(START, START + 3 * DAY), (START + 5 * DAY, SPAN[1])]
    axes = style.new_figure(6, 4).add_subplot()
    draw_along_strike(axes, made_up(5), snet, span=SPAN, recorded=recorded)
    above, below = draw_activity(count_activity(made_up(5), SPAN, recorded)).axes
    for one in (axes, above, below):
        (gap,) = drawn(one, "gap")
        ends = gap.get_extents().transformed(one.transData.inverted()).intervalx
        np.testing.assert_allclose(ends, mdates.date2num([START + 3 * DAY, START + 5 * DAY]), atol=1e-6)
        assert gap.get_hatch()
    assert "not recorded" in legend_of(above)


def test_bars_are_stacked_and_their_sum_is_all_events():
    events = made_up(50)
    activity = count_activity(events, SPAN)
    above, below = draw_activity(activity).axes
    assert above.get_ylabel() == "events per UTC day"
    tops = np.zeros(len(activity.edges) - 1)
    for bars in above.containers:
        np.testing.assert_allclose([bar.get_y() for bar in bars], tops)
        tops += [bar.get_height() for bar in bars]
    assert tops.sum() == 50
    energy = drawn(below, "energy")[0].get_ydata()
    trusted = events.loc[events["quality"].isin(["A", "B"]), "energy_j"].sum()
    assert energy[0] == 0
    assert energy[-1] == pytest.approx(trusted)
    assert "J, relative" in below.get_ylabel()
    short = draw_activity(count_activity(events, (START, START + 2 * DAY - HOUR)))
    assert short.axes[0].get_ylabel() == "events per hour"
    assert f"(outside these times: {(events['time'] >= START + 2 * DAY).sum()})" in legend_of(short.axes[0])


def energy_axes(events, cells, network, **options):
    axes = style.new_figure(6, 6).add_subplot()
    draw_energy_map(axes, sum_energy(events, cells, **options), network)
    return axes


def test_only_cells_with_three_events_have_a_colour(snet):
    places = [(39.05, 143.05)] * 3 + [(39.15, 143.05)] * 2 + [(39.15, 143.15)]
    events = made_up(6).assign(quality="A", energy_j=[1e4, 2e4, 7e4, 1e6, 1e6, 1e6])
    events[["latitude", "longitude"]] = places
    axes = energy_axes(events, Cells(39.0, 143.0, 3, 3), snet)
    painted = drawn(axes, "energy")[0].get_array()
    assert painted.mask.sum() == 8
    assert painted[0, 0] == pytest.approx(5.0)
    np.testing.assert_allclose(drawn(axes, "few")[0].get_offsets(), [[143.05, 39.15], [143.15, 39.15]])
    assert bar_label(axes) == "log₁₀ energy per 0.1° cell (J, relative)"


def test_unseen_cells_are_grey_but_not_those_with_an_event(snet):
    events = made_up(3).assign(quality="A", latitude=39.05, longitude=143.05)
    seen = np.array([[False, False], [True, False]])
    axes = energy_axes(events, Cells(39.0, 143.0, 2, 2), snet, seen=seen)
    grey = ~drawn(axes, "unseen")[0].get_array().mask
    np.testing.assert_array_equal(grey, [[False, True], [False, True]])
    assert "could not see" in legend_of(axes)
    assert not drawn(energy_axes(events, Cells(39.0, 143.0, 2, 2), snet), "unseen")


def test_energy_map_says_what_it_lacks(snet):
    cells = Cells(39.0, 143.0, 2, 2)
    assert energy_axes(event_table(), cells, snet).get_title() == "no event has an energy"
    one = made_up(2, "some").assign(quality="A", latitude=39.05, longitude=143.05)
    assert energy_axes(one, cells, snet).get_title() == "no cell has 3 events with an energy"
    axes = energy_axes(made_up(9, "some").assign(quality="A", latitude=50.0), cells, snet)
    assert {"(no energy: 3 events)", "(outside the cells: 6 events)"} <= set(legend_of(axes))


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_energy_map_across_the_antimeridian_is_small_and_whole(turn):
    stations = ((-17.5, 179.0), (-16.5, -179.5))
    network = Network(tuple(Station("XX", f"S{i}", y, x, 0.0) for i, (y, x) in enumerate(stations)))
    events = made_up(6).assign(quality="A", latitude=-17.05, longitude=[179.95] * 3 + [-179.95] * 3)
    cells = cells_around(events["latitude"], events["longitude"])
    axes = energy_axes(events, replace(cells, west=cells.west + turn), network)
    west, east = axes.get_xlim()
    assert east - west < 3
    mesh = drawn(axes, "energy")[0]
    corners = mesh.get_coordinates()[..., 0]
    assert west < corners.min() < corners.max() < east
    assert mesh.get_array().mask.sum() == 0


def test_found_by_both_or_one_is_what_the_matching_says(snet):
    both = made_up(12).assign(quality="A")
    alone = made_up(5, seed=8).assign(latitude=36.5, longitude=142.0)
    that = both.head(8).assign(latitude=both["latitude"].head(8) + 0.05)
    that = pd.concat([that, made_up(2, seed=9).assign(latitude=34.5, longitude=141.0)], ignore_index=True)
    comparison = compare_catalogs(pd.concat([both, alone], ignore_index=True), that, names=("new", "old"))
    figure = draw_found_by(comparison, snet, SPAN)
    a, b, *lanes = figure.axes
    assert comparison.matches == 8
    for axes, events in ((a, comparison.events_a), (b, comparison.events_b)):
        for state in ("matched", "duplicate", "alone"):
            offsets = drawn(axes, state)[0].get_offsets()
            np.testing.assert_allclose(offsets[:, 1], events.loc[events["state"] == state, "latitude"])
    totals = [drawn(lane, "counts")[0].get_data().values.sum() for lane in lanes]
    assert totals == [8, (comparison.events_a["state"] == "alone").sum(), 2]
    titles = [lane.get_title(loc="left") for lane in lanes]
    assert titles == ["by both (8)", f"only by new ({totals[1]:.0f})", "only by old (2)"]
    assert (a.get_xlim(), a.get_ylim()) == (b.get_xlim(), b.get_ylim())
