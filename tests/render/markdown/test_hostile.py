"""Whatever a name or a value holds is shown as it is: GitHub's own renderer makes nothing else of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.render.formats.words import visible
from billsync.render.markdown.comment import as_markdown
from tests.render.html.pages import page
from tests.render.markdown.forge import LINKED, Shown
from tests.support.budgets import examples

SNIPPETS = (
    *("|", "||", "`", "``", "```\n", "\\", "\\|", "\n", "\r\n", "\n\n", "\t", "    ", " ", "(", ")", "]"),
    *("<b>", "</details>", "<script>alert(1)</script>", "-->", "<!--", "<img src=x>", "</code>", "&lt;", "&#64;"),
    *("@team", "@org/team", "#1", "!1", "$1", "~bug", "GH-1", "owner/repo#1", "deadbeef1", "a@b.example", "JIRA-12"),
    *(
        "http://evil.example",
        "www.evil.example",
        "javascript:x",
        "mailto:a@b.example",
        "[x](http://e.example)",
        "![x](y)",
    ),
    *(
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "**x**",
        "__x__",
        "~~x~~",
        "$x$",
        ":smile:",
        "# x",
        "> x",
        "- x",
        "1. ",
        "1) x",
        "---",
    ),
    *("===", "\u202e", "\u200f", "\u2066", "\ufeff", "\x1b[31m", "\x00", "\x85", "\u2028", "word", "7", "é", "漢"),
)
HOSTILE = st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=6).map("".join) | st.text(max_size=20)
HOSTILE = HOSTILE.filter(lambda text: bool(text.strip(" ")))
HARMLESS = Shown(as_markdown(page(lambda text: "x"))).tags


@settings(max_examples=examples(80))
@given(HOSTILE)
def test_a_hostile_text_changes_nothing_but_the_words(text: str) -> None:
    shown = Shown(as_markdown(page(lambda _: text)))

    assert shown.tags == HARMLESS
    assert [word for word in shown.words if LINKED.search(word)] == []
    assert all(char.isprintable() or char == "\n" for char in "".join(shown.text))


@settings(max_examples=examples(30))
@given(HOSTILE)
def test_a_name_in_a_table_is_readable_and_no_formula(text: str) -> None:
    rows = Shown(as_markdown(page(lambda _: text))).cells

    (cell,) = {row[0] for row in rows[1:3]}
    name = visible(text).strip(" ")
    assert name in (shown := cell.strip(" ").replace("\\x5c|", "\\|"), shown.removeprefix("'").strip(" "))
    assert not cell.lstrip().startswith(("=", "@")) or not name
