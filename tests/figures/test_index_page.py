"""The page that leads to several results is whole, and says of each what it is."""

import pytest
from report_page import Page

from tremorflow.errors import CatalogError
from tremorflow.figures.index_page import Part, write_index_page

PART = Part(
    "made-up",
    "Simulated: a <made-up> part",
    "Nothing of this was observed.",
    ("Two events are located.",),
    (("Report", "a/report.html"),),
    ("a/map.png", "Map.", "A caption."),
)


def test_page_is_whole_and_says_what_each_part_is(tmp_path):
    path = tmp_path / "index.html"
    write_index_page(path, "A & B", "Two parts.", (PART, PART._replace(name="other")))
    page = Page(path.read_text(encoding="utf-8"))
    assert "A & B Two parts." in page.text
    assert page.text.count("Simulated: a <made-up> part Nothing of this was observed. Two events") == 2
    assert page.addresses.count("a/report.html") == 2
    assert [image["alt"] for image in page.images] == ["Map.", "Map."]


def test_page_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(CatalogError, match="choose a folder that exists"):
        write_index_page(tmp_path / "nowhere" / "index.html", "T", "L", (PART,))
