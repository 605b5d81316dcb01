"""What the report of a full-chain run says and shows; every catalogue here is made up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_page import Page

from tremorflow.catalog.activity import DAY, count_activity
from tremorflow.catalog.compare import compare_catalogs
from tremorflow.catalog.energy_grid import cells_around, sum_energy
from tremorflow.figures.report import ReportContent, event_sentence, render_report
from tremorflow.figures.report_full_chain import ENERGY_LIMITS, RELATIVE_LIMITS
from tremorflow.figures.report_text import LIMITS
from tremorflow.records import Network, event_table, utc

SPAN = (utc("2020-05-24T00:00:00Z"), utc("2020-05-29T00:00:00Z"))
SECTIONS = ('id="where"', 'id="activity"', 'id="energy"', 'id="comparison"', 'id="events"', 'id="method"')


def full_content(network: Network, events: pd.DataFrame, **changes) -> ReportContent:
    cells = cells_around(network.latitudes, network.longitudes)
    content = ReportContent(
        title="Made up", provenance_note="Simulated: nothing here was observed.", network=network, span=SPAN,
        method="full chain", events=events, skips=pd.DataFrame(), evidence=(), settings_rows=[], counts={},
        version="9.8.7", settings_hash="0123456789ab", method_text=("Made up.",),
        references=(("Somebody (2025), A paper", "10.1000/made-up"),), limits=("It is made up.",),
        strike_deg=45.0, recorded=((SPAN[0], SPAN[0] + 2 * DAY),),
        activity=count_activity(events, SPAN, [(SPAN[0], SPAN[0] + 2 * DAY)]),
        energies=sum_energy(events, cells, seen=np.ones((cells.rows, cells.columns), dtype=bool)),
        comparison=compare_catalogs(events, events.iloc[::2], names=("the full chain", "the conventional")),
    )  # fmt: skip
    return replace(content, **changes)


@pytest.fixture(scope="module")
def with_energy(cascadia) -> pd.DataFrame:
    energies = 10.0 ** np.linspace(3, 6, len(cascadia.events))
    extra = {"energy_j": energies, "energy_log10_error": 0.21, "energy_is_relative": True, "me": 0.4}
    return event_table(cascadia.events.assign(**extra))


@pytest.fixture(scope="module")
def page(cascadia, with_energy) -> Page:
    return Page(render_report(full_content(cascadia.network, with_energy)))


def test_sections_stand_in_order(cascadia, with_energy):
    text = render_report(full_content(cascadia.network, with_energy))
    places = [text.index(name) for name in SECTIONS]
    assert places == sorted(places)
    assert len(Page(text).images) == 5  # map, along strike, activity, energy, comparison
    assert all(len(image["alt"]) > 20 for image in Page(text).images)


def test_captions_say_what_the_pictures_are(page):
    for words in (
        "Distance along N45°E against time",
        "Colour: relative radiated energy, on a logarithmic scale.",
        "Hatched: not recorded or not analysed, which is not the same as quiet.",
        "Grey: cells in which the typical event of this run would not have been found",
        "The energies are relative: they compare cells with each other.",
        "the full chain has 24 events with a place and the conventional has 12",
        "12 are in both; 0 are only in the full chain, 0 only in the conventional",
        "More events are not in themselves a better catalogue",
        "Somebody (2025), A paper",
        "It is made up.",
        ENERGY_LIMITS[0],
        RELATIVE_LIMITS[0],
    ):
        assert words in page.text, words
    assert LIMITS[0] not in page.text
    assert "Latitude against time" not in page.text


def test_energies_stand_in_the_table(page, with_energy):
    last = with_energy.iloc[-1]
    row = page.text[page.text.rindex(last["event_id"]) :][:200]
    assert "6.00 0.21 0.4" in row


def test_energies_that_are_absolute_are_not_called_relative(cascadia, with_energy):
    absolute = with_energy.assign(energy_is_relative=pd.array([False] * len(with_energy), dtype="boolean"))
    text = Page(render_report(full_content(cascadia.network, absolute))).text
    assert ENERGY_LIMITS[0] in text
    assert "relative" not in text.lower()
    assert event_sentence(absolute.iloc[0]).endswith("radiated energy 1e+03 J, ± 0.21 in log₁₀.")
    assert "1e+03 J (relative)" in event_sentence(with_energy.iloc[0])


def test_conventional_report_has_none_of_it(cascadia):
    content = full_content(
        cascadia.network, cascadia.events, strike_deg=None, activity=None, energies=None, comparison=None,
        limits=LIMITS,
    )  # fmt: skip
    page = Page(render_report(content))
    assert len(page.images) == 2
    for word in ("energy", "Compared with"):
        assert word not in page.text.replace("not a measure of released energy", "")


@pytest.mark.parametrize("kind", ["empty", "one", "unknown energies"])
def test_small_and_dark_catalogues_have_a_page(cascadia, with_energy, kind):
    unknown = with_energy.assign(energy_j=np.nan)
    events = {"empty": event_table(), "one": with_energy.head(1), "unknown energies": unknown}[kind]
    page = Page(render_report(full_content(cascadia.network, events)))
    assert len(page.images) == (4 if kind == "empty" else 5)
    assert not any(word in page.text for word in ("nan", "NaN", "NaT", "<NA>"))
    assert (RELATIVE_LIMITS[0] in page.text) == (kind == "one")
