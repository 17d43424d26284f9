"""The HTML page: one file, whole without a network or a script, in which no text becomes markup."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.render.html.page import as_html
from billsync.render.html.pictures import curve_picture
from billsync.render.page.page import Page, texts
from billsync.report.curves.curve import Point
from tests.render.html.pages import curve, page
from tests.support.budgets import examples

VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "&lt;b&gt;&#60;",
    "{style}{0}%s",
    "]]><!--",
)


class Seen(HTMLParser):
    """The elements and the text of a page; elements that aren't closed in order are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[(tag, tuple(name for name, _ in attrs))] += 1
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_every_text_of_the_page_is_shown() -> None:
    whole = page()

    shown = " ".join(Seen(as_html(whole)).words)

    assert [text for text in texts(whole) if text not in shown] == []


def test_the_file_needs_nothing_else_and_runs_nothing() -> None:
    seen = Seen(as_html(page()))

    assert [link for link in seen.links if not link.startswith("#")] == []
    assert [tag for tag, _ in seen.tags if tag in ("script", "link", "img", "iframe", "object", "form")] == []
    assert [name for _, names in seen.tags for name in names if name.startswith("on")] == []


def test_each_id_is_there_once_and_each_link_leads_to_one() -> None:
    seen = Seen(as_html(page()))

    assert len(seen.ids) == len(set(seen.ids))
    assert {link.removeprefix("#") for link in seen.links} <= set(seen.ids)


def test_a_table_has_headers_and_a_picture_a_title() -> None:
    text = as_html(page())

    tables, pictures = re.findall(r"<table>.*?</table>", text, re.DOTALL), re.findall(r"<svg.*?>", text)

    assert len(tables) == 5
    assert all("<caption>" in one and 'scope="col"' in one and 'scope="row"' in one for one in tables)
    assert len(pictures) == 2
    assert all('role="img"' in one and "aria-labelledby" in one for one in pictures)


@pytest.mark.parametrize("absent", ["old", "new", "usage", "steps"])
def test_a_curve_is_drawn_without_what_it_does_not_have(absent: str) -> None:
    picture = curve_picture(replace(curve(), **{absent: ()}), "x")

    assert picture.count("<path") > 1
    assert ("periods, at most 9" in picture) is (absent != "usage")


def test_both_scales_of_a_curve_are_short() -> None:
    much = tuple(Point(point.quantity * 1000, point.amount * 10**6) for point in curve().new)

    picture = curve_picture(replace(curve(), old=(), new=much, steps=(), usage=()), "x")

    assert ">120k<" in picture
    assert ">160M<" in picture


def test_a_page_without_changes_is_whole() -> None:
    text = as_html(Page("ci", page().headline, is_quiet=True))

    assert "<h1>" in text
    assert Seen(text).tags[("section", ("id",))] == 0


def test_the_same_page_gives_the_same_bytes() -> None:
    assert as_html(page()) == as_html(page())


HARMLESS = set(Seen(as_html(page())).tags)
"""The elements of a page, each with the names of its attributes."""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element(text: str) -> None:
    assert set(Seen(as_html(page(lambda _: text))).tags) <= HARMLESS


@given(st.text(max_size=30))
@settings(max_examples=examples(20))
def test_no_text_adds_an_element_or_a_character_that_nobody_sees(text: str) -> None:
    shown = as_html(page(lambda _: text))

    assert set(Seen(shown).tags) <= HARMLESS
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []


@pytest.mark.parametrize("text", ["=1+2", "+cmd", "@SUM(A1)", "-2+A3"])
def test_a_cell_that_looks_like_a_formula_is_quoted(text: str) -> None:
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", as_html(page(lambda _: text)))

    found = [cell for cell in cells if re.sub(r"<.*?>", "", cell).startswith(text)]

    assert found == []


@pytest.mark.parametrize("text", ["+138.35", "-3.50", "+138.35 (+3.9 %)", "-1,200.00 USD"])
def test_a_signed_number_in_a_cell_stays_as_it_is(text: str) -> None:
    assert f">{text}</bdi></td>" in as_html(page(lambda _: text))


def test_periods_outside_the_picture_are_counted_below_it() -> None:
    assert "Not in the picture: 2 periods with more usage." in as_html(page())
