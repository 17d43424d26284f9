"""Law 10: text, JSON, Markdown and HTML name the same changes, with the same effects."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Change, Effect, FieldChange, Outcome, PlanFile
from billsync.render.formats.look import PLAIN
from billsync.render.html.page import as_html
from billsync.render.markdown.comment import as_markdown
from billsync.render.page.compose import page_of
from billsync.render.plan.outline import Outline, outline
from billsync.render.plan.structured import as_json
from billsync.render.plan.text import as_text
from tests.render.markdown.forge import Shown
from tests.support.budgets import examples

VERBS = ("creating", "updating", "publishing a new version of", "archiving", "granting")
TOLD = {Outcome.REFUSED: "refused", Outcome.BLOCKED: "blocked", Outcome.WAITING: "waiting",
        Outcome.UNMANAGEABLE: "can't be managed here", Outcome.NOTE: "note"}  # fmt: skip
KEYS = st.text("abcdefgh_-", min_size=1, max_size=6)
NAMES = st.lists(KEYS, min_size=1, max_size=2).map(tuple)
ADDRESSES = st.builds(Address, st.sampled_from(sorted(KINDS)), NAMES, st.none() | st.integers(0, 9))
FIELDS = st.lists(st.builds(FieldChange, st.tuples(KEYS), KEYS, KEYS), max_size=2).map(tuple)
PENDING = st.builds(
    Change,
    ADDRESSES,
    st.sampled_from([Action.CREATE, Action.UPDATE, Action.DELETE]),
    st.sampled_from(VERBS),
    fields=FIELDS,
    effect=st.sampled_from(Effect),
    staying=st.none() | st.integers(1, 9),
)
OTHERS = st.builds(
    Change,
    ADDRESSES,
    st.just(Action.NONE),
    st.just("note"),
    st.sampled_from(list(TOLD)),
    reason=st.sampled_from(["because", "why not"]),
    code=st.just("a-code"),
)
CHANGES = st.lists(PENDING | OTHERS, max_size=16, unique_by=lambda change: change.address).map(tuple)

Named = tuple[str, str]


def in_text(shown: Outline) -> tuple[Counter[Named], Counter[Named]]:
    lines = as_text(shown, replace(PLAIN, names_all=True)).splitlines()
    changes = (re.fullmatch(rf"(?:{'|'.join(VERBS)}) ([a-z_]+) (\S+)(?: \(.*\))?", line) for line in lines)
    told = (re.match(rf"(?:{'|'.join(TOLD.values())})\[a-code\]: ([a-z_]+) (\S+): ", line) for line in lines)
    both = (Counter((one[1], one[2]) for one in found if one) for found in (changes, told))
    return next(both), next(both)


def in_json(shown: Outline) -> tuple[Counter[Named], Counter[Named]]:
    document = json.loads(as_json(shown))
    changes = (item for list_ in document["changes"].values() for item in list_)
    return Counter((one["kind"], one["name"]) for one in changes), Counter(
        (t["kind"], t["name"]) for t in document["told"]
    )


def in_tables(rows: list[list[str]]) -> tuple[Counter[Named], Counter[Named]]:
    """The entities in the tables of changes, and in those of what is refused, waits, or is noted."""
    cells = [[cell.strip() for cell in row] for row in rows]
    changes = Counter(_named(row[1]) for row in cells if row[0] in VERBS)
    told = Counter(_named(row[0]) for row in cells if len(row) == 3 and "/" in row[0] and row[0] not in VERBS)
    return changes, told


def _named(address: str) -> Named:
    kind, _, name = address.partition("/")
    return kind, name


class Rows(HTMLParser):
    """The rows of an HTML page's tables, and all of its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[list[str]] = []
        self.text = ""
        self.is_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
            self.is_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.is_cell = self.is_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.is_cell:
            self.cells[-1][-1] += data


@settings(max_examples=examples(40))
@given(CHANGES)
def test_all_formats_name_the_same_changes_with_the_same_effects(changes: tuple[Change, ...]) -> None:
    """All formats name the same changes; JSON, Markdown and HTML also say the same effect of each."""
    shown = outline(PlanFile("local:", "payments", "diff", changes, ()))
    page = page_of(shown)
    text = as_markdown(page)
    tables = {"markdown": Shown(text).cells, "html": Rows(as_html(page)).cells}
    expected = tuple(
        Counter(_named(c.address.text) for c in changes if (c.outcome is Outcome.PENDING) is wanted)
        for wanted in (True, False)
    )

    assert in_text(shown) == expected
    assert in_json(shown) == expected
    assert {name: in_tables(cells) for name, cells in tables.items()} == dict.fromkeys(tables, expected)
    assert {name: effects_in(cells) for name, cells in tables.items()} == dict.fromkeys(tables, effects_in_json(shown))
    assert as_markdown(page_of(shown)) == text


def effects_in(rows: list[list[str]]) -> Counter[tuple[str, str, str]]:
    """The effect of each change in the tables of a page."""
    return Counter(
        (*_named(row[1].strip()), row[2].partition(":")[0].strip()) for row in rows if row[0].strip() in VERBS
    )


def effects_in_json(shown: Outline) -> Counter[tuple[str, str, str]]:
    changes = (item for list_ in json.loads(as_json(shown))["changes"].values() for item in list_)
    return Counter((item["kind"], item["name"], item["effect"]) for item in changes)
