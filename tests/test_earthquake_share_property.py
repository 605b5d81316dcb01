"""Whether a located source is tremor to the stations that located it, the near ones first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tremorflow.detections import MOST_EARTHQUAKE_SHARE, earthquake_share
from tremorflow.locate import Hypocentre
from tremorflow.locate.hypocentre import Delays, Fit, Place
from tremorflow.locate.source_time import SourceTime
from tremorflow.records import CLASSES, Network, Probabilities, Station, timedelta

START = np.datetime64("2020-01-01", "ns")
AWAY_DEG = (0.1, 0.3, 0.6, 0.9)  # 10 to 80 km
NETWORK = Network(tuple(Station("XX", f"S{k}", 38.0, 142.0 + x, 0.0) for k, x in enumerate(AWAY_DEG)))
S_TIMES_S = np.array([5.0, 10.0, 18.0, 25.0])
QUAKE, TREMOR = 1.0, -1.0


def said(*windows: tuple[float, ...]) -> Probabilities:
    """Probabilities of windows each minute: p_earthquake less p_tremor of each station."""
    excess = np.array(windows, dtype=np.float64).T
    values = np.empty((len(NETWORK), len(CLASSES), len(windows)), dtype=np.float32)
    values[:, CLASSES.index("earthquake")] = (1 + excess) / 2
    values[:, CLASSES.index("tremor")] = (1 - excess) / 2
    values[:, CLASSES.index("noise")] = np.where(np.isfinite(excess), 0.0, np.nan)
    starts = START + np.arange(len(windows)) * timedelta(60.0)
    recorded = np.isfinite(excess).astype(np.float32)
    return Probabilities(NETWORK, values, recorded, starts, 120.0, (("", "HH"),) * 4, "made up", 0.5)


def source(start_s: float, end_s: float, stations: tuple[int, ...] = (0, 1, 2, 3)) -> Hypocentre:
    """Source west of all stations, located by some of them."""
    none, begin, end = np.zeros(len(stations)), START + timedelta(start_s), START + timedelta(end_s)
    place = Place(38.0, 142.0, 16.0, S_TIMES_S, np.zeros((4, 3)))
    fit = Fit(place, np.array(stations), Delays(none, none, none + 0.9), np.eye(3), 1.0, 1.0)
    when = SourceTime(begin, begin, end, end_s - start_s, False)
    return Hypocentre(fit, when, 0.8, 6, 100.0, (), START, START + timedelta(300.0))


def share(windows: tuple[tuple[float, ...], ...], start_s: float, end_s: float) -> float:
    return earthquake_share(source(start_s, end_s), said(*windows))


@pytest.mark.parametrize("excess", [QUAKE, 0.4, 0.0, -0.4, TREMOR])
def test_where_all_say_the_same_it_is_that(excess):
    assert share(((excess,) * 4,) * 3, 70.0, 90.0) == pytest.approx(excess, abs=1e-6)


def test_the_coda_of_an_earthquake_is_no_tremor_far_away():
    """What the two nearest stations call an earthquake is one, whatever the far ones take it for."""
    near = (QUAKE, QUAKE, TREMOR, TREMOR)
    assert share((near,) * 3, 70.0, 90.0) > 0
    assert share((tuple(-x for x in near),) * 3, 70.0, 90.0) < MOST_EARTHQUAKE_SHARE


def test_an_earthquake_that_another_window_holds_too_is_another():
    """Windows at 0 and 60 s hold the source; the second also holds what came a minute later."""
    assert share(((TREMOR,) * 4, (QUAKE,) * 4, (QUAKE,) * 4), 65.0, 85.0) == pytest.approx(TREMOR)
    assert share(((QUAKE,) * 4, (QUAKE,) * 4, (TREMOR,) * 4), 65.0, 85.0) == pytest.approx(QUAKE)


def test_a_window_that_holds_only_the_end_is_not_asked():
    """The third begins when most of it is over, and hears but its coda."""
    windows = ((QUAKE,) * 4, (QUAKE,) * 4, (TREMOR,) * 4)
    assert share(windows, 65.0, 118.0) == pytest.approx(QUAKE)


def test_stations_that_did_not_locate_it_or_recorded_nothing_have_no_say():
    windows = ((TREMOR, np.nan, TREMOR, QUAKE),) * 3
    assert earthquake_share(source(70.0, 90.0, (0, 1, 2)), said(*windows)) == pytest.approx(TREMOR)
    silent = ((np.nan,) * 4,) * 3
    assert earthquake_share(source(70.0, 90.0), said(*silent)) == -1.0


@given(
    hnp.arrays(np.float64, (4, 4), elements=st.floats(-1, 1) | st.just(np.nan)),
    st.floats(0, 150),
    st.floats(1, 100),
    st.permutations(range(4)),
)
def test_it_is_one_of_what_is_said_and_no_order_of_stations_matters(excess, start_s, length_s, order):
    found = said(*excess)
    one = earthquake_share(source(start_s, start_s + length_s), found)
    known = excess[np.isfinite(excess)]
    assert one == -1.0 or known.min() - 1e-6 <= one <= known.max() + 1e-6
    other = earthquake_share(source(start_s, start_s + length_s, tuple(order)), found)
    assert other == pytest.approx(one, abs=1e-6)
