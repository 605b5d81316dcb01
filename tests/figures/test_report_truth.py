"""What a report must say and hold; the pages here are simulated."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_page import Page

from tremorflow.errors import CatalogError, DataError
from tremorflow.figures.report import EventEvidence, ReportContent, render_report, write_report
from tremorflow.figures.report_tables import MOST_EVENT_ROWS
from tremorflow.records import Envelopes, Network, Station, event_table, utc


def report_content(case, **changes) -> ReportContent:
    events = changes.get("events", case.events)
    evidence = EventEvidence(
        case.events["event_id"][0],
        case.envelopes,
        case.s_times_s,
        case.distances_km,
        case.used,
        case.latitudes,
        case.longitudes,
        case.likelihood,
    )
    content = ReportContent(
        title="Tremor of a simulated network",
        provenance_note="Simulated: nothing on this page was observed.",
        network=case.network,
        span=(utc("2020-05-24T02:00:00Z"), utc("2020-05-24T04:00:00Z")),
        method="envelope_correlation",
        events=events,
        skips=pd.DataFrame(
            [
                {"station": "XX.S02", "reason": "gap", "count": 13, "seconds": 1950.0, "example": "02:10"},
                {"station": "XX.S09", "reason": "clipped", "count": 4, "seconds": 600.0, "example": "03:20"},
            ]
        ),
        evidence=() if events.empty else (evidence,),
        settings_rows=[("locate.min_pairs", "16", "pairs"), ("preprocess.low_hz", "2.0", "Hz")],
        counts={"windows analysed": 1047, "station-hours read": 31.4},
        version="9.8.7",
        settings_hash="0123456789ab",
    )
    return replace(content, **changes)


@pytest.fixture(scope="module")
def cascadia_text(cascadia) -> str:
    return render_report(report_content(cascadia))


def test_page_is_whole_html(cascadia_text):
    assert cascadia_text.startswith("<!DOCTYPE html>")
    tags = Page(cascadia_text).tags
    assert tags.count("html") == tags.count("head") == tags.count("body") == tags.count("title") == 1
    assert tags.count("h1") == 1


def test_nothing_is_fetched_from_outside(cascadia_text):
    for address in Page(cascadia_text).addresses:
        assert address.startswith(("data:image/png;base64,", "https://doi.org/10."))
    assert not re.search(r"@import|url\(|<link|fetch\(|XMLHttpRequest|<script[^>]*src", cascadia_text)


def test_every_picture_has_a_description_and_its_size(cascadia_text):
    images = Page(cascadia_text).images
    assert len(images) == 4  # map, time-latitude, likelihood, envelopes
    for image in images:
        assert len(image["alt"]) > 20
        assert int(image["width"]) > 300
        assert int(image["height"]) > 200


def test_page_says_what_a_colleague_asks(cascadia_text):
    text = Page(cascadia_text).text
    for words in (
        "Simulated: nothing on this page was observed.",
        "17 stations, 2020-05-24 02:00:00 to 2020-05-24 04:00:00 UTC (2 h)",
        "1,047",
        "31.4",
        "independent re-implementation from public descriptions",
        "10.1186/s40623-019-1022-x",
        "locate.min_pairs",
        "version 9.8.7",
        "0123456789ab",
        "17 skips",
        "clipped",
        "does not tell tremor from local earthquakes",
    ):
        assert words in text, words


def test_every_event_is_listed_with_its_errors(cascadia, cascadia_text):
    text = Page(cascadia_text).text
    for event in cascadia.events.itertuples():
        row = text[text.rindex(event.event_id) :][:200]
        for number in (event.latitude, event.longitude):
            assert f"{number:.3f}" in row
        for number in (event.semi_major_km, event.semi_minor_km, event.depth_error_km):
            assert f"{number:.1f}" in row


def test_long_tables_are_cut_and_say_so(cascadia):
    count = MOST_EVENT_ROWS + 30
    many = pd.concat([cascadia.events] * 12, ignore_index=True).head(count)
    many["event_id"] = [f"simulated-{i:04d}" for i in range(count)]
    page = render_report(report_content(cascadia, events=many, evidence=()))
    assert all(f"simulated-{i:04d}" in page for i in range(MOST_EVENT_ROWS))
    assert f"simulated-{MOST_EVENT_ROWS:04d}" not in page
    assert f"The first {MOST_EVENT_ROWS} of {count} events" in page


def test_no_event_is_said_plainly(cascadia):
    page = Page(render_report(report_content(cascadia, events=event_table())))
    assert "No event was located" in page.text
    assert "does not show that there was no tremor" in page.text
    assert len(page.images) == 1


def test_nothing_read_at_all_still_gives_a_page(cascadia):
    empty = report_content(
        cascadia, events=event_table(), network=Network(()), settings_rows=[],
        skips=pd.DataFrame(columns=["station", "reason", "count", "seconds", "example"]), counts={},
    )  # fmt: skip
    assert "Nothing was skipped." in Page(render_report(empty)).text


def test_hostile_names_stay_text(cascadia):
    evil = '<script>alert("1")</script>&amp;\'$_{'
    stations = tuple(replace(station) for station in cascadia.network.stations[1:])
    network = Network((Station("XX", evil, 48.0, -123.0, 0.0), *stations))
    envelopes = Envelopes(
        network, ("H",), cascadia.envelopes.values, cascadia.envelopes.start_time, 1.0, (2.0, 8.0), "m/s"
    )
    events = cascadia.events.copy()
    events.loc[0, ["event_id", "flags"]] = [evil, evil]
    content = report_content(cascadia, network=network, events=events)
    evidence = replace(content.evidence[0], event_id=evil, envelopes=envelopes)
    skips = pd.DataFrame(
        [{"station": evil, "reason": evil, "count": 1, "seconds": np.nan, "example": "here"}]
    )
    content = replace(
        content, title=evil, provenance_note=evil, method=evil, evidence=(evidence,), skips=skips,
        settings_rows=[(evil, evil, evil)], counts={evil: evil}, version=evil, settings_hash=evil,
    )  # fmt: skip
    text = render_report(content)
    page = Page(text)
    assert page.tags.count("script") == 1
    assert '<script>alert("1")' not in text
    assert evil in page.text


def test_file_is_small_and_can_be_read_again(cascadia, tmp_path):
    path = tmp_path / "report.html"
    write_report(path, report_content(cascadia, settings_rows=[("archive.folder", "odd\udcff", "-")]))
    assert path.stat().st_size < 5e6
    assert "simulated-0000" in path.read_text(encoding="utf-8")


def test_large_network_is_below_5_mb(japan_trench):
    content = report_content(japan_trench, span=(utc("2018-09-02T10:00:00Z"), utc("2018-09-02T12:00:00Z")))
    text = render_report(replace(content, evidence=content.evidence * 5))
    assert len(text) < 5e6
    assert len(Page(text).images) == 3 + 2 * 3  # map, close-up, time-latitude; three events in full
    assert "The first 3 of 5 are shown." in text


def test_same_content_gives_the_same_page_also_in_threads(cascadia, cascadia_text):
    with ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(lambda _: render_report(report_content(cascadia)), range(3)))
    assert pages == [cascadia_text] * 3


def test_missing_numbers_are_empty_cells(cascadia):
    events = cascadia.events.copy()
    events[["semi_major_km", "depth_km", "depth_error_km", "correlation"]] = np.nan
    events["n_stations"] = pd.NA
    text = Page(render_report(report_content(cascadia, events=events))).text
    assert not re.search(r"\b(nan|NaN|NaT|None|<NA>)\b", text)


def test_evidence_of_an_unknown_event_is_refused(cascadia):
    content = report_content(cascadia)
    with pytest.raises(CatalogError, match="nobody"):
        render_report(replace(content, evidence=(replace(content.evidence[0], event_id="nobody"),)))


def test_folder_that_is_not_there_is_named(cascadia, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        write_report(tmp_path / "nowhere" / "report.html", report_content(cascadia, events=event_table()))
