"""The comment on a pull request: its marker, its order, and what is left out of a long one."""

from __future__ import annotations

import pytest

from billsync.render.markdown.comment import LIMIT, as_markdown, marker
from billsync.render.page.page import (
    Column,
    Decision,
    DecisionKind,
    Listing,
    Page,
    Section,
    Table,
    code,
    plain,
)
from tests.support.curves import curves_of, prices
from tests.support.subscription_rows import graduated, unit

CHART = """\
```mermaid
%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#8c959f, #0969da"}}}}%%
xychart-beta
    x-axis "api" [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
    y-axis "USD" 0 --> 40
    line [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
    line [0, 6, 12, 18, 22, 25, 28, 31, 34, 37, 40]
```

gray: old price, blue: new price · new tiers end at 10 · usage of 5 billing periods, each bar 1.5 wide: \
▅··▅··············▅█ · 1 has more usage than shown
"""


def section(name: str, rows: int, *, changes: int = 0) -> Section:
    cells = tuple((code(f"customer/{name}-{number:05}"),) for number in range(rows))
    return Section(plain(name), (Table(name, (Column("entity"),), cells),), is_fold=True, changes=changes)


def decision(number: int) -> Decision:
    return Decision(DecisionKind.REFUSED, plain(f"customer number {number} is refused, and says why at some length"))


def test_a_comment_begins_with_its_marker_and_ends_with_what_it_is_about() -> None:
    page = Page(
        "staging",
        plain("1 plan changes"),
        (Decision(DecisionKind.STOPPED, plain("2 deletes"), "deletes", plain("allow it with ") + code("--allow x")),),
        (Section(plain("One plan"), (Listing((plain("a point"), code("plan/pro@3"))),)), section("more", 1)),
        (plain("first"), plain("second")),
    )

    assert as_markdown(page) == (
        "<!-- billsync-comment: staging -->\n### billsync: 1 plan changes\n\n"
        "#### Needs a decision\n\n- **Stopped** (`deletes`): 2 deletes — allow it with `--allow x`\n\n"
        "#### One plan\n\n- a point\n- `plan/pro@3`\n\n"
        "<details><summary>more</summary>\n\n| entity |\n|---|\n| `customer/more-00000` |\n\n</details>\n\n"
        "---\n\nfirst  \nsecond\n"
    )


@pytest.mark.parametrize(("name", "shown"), [("a.b-c_1", "a.b-c_1"), ("x --> <b>", "x------b-"), ("", "default")])
def test_a_marker_is_one_comment_whatever_its_name(name: str, shown: str) -> None:
    assert marker(name) == f"<!-- billsync-comment: {shown} -->"


def test_sections_are_left_out_whole_and_named() -> None:
    """Of a page that is too long, whole sections are left out, the last ones first, and the comment says which."""
    sections = (section("first", 100), section("second", 3_000, changes=3_000), section("third", 100))
    page = Page("x", plain("3,200 changes"), (), sections, (plain("the end"),), elsewhere="changes.html")

    shown = as_markdown(page)

    assert len(shown) <= LIMIT
    assert (shown.count("first-"), shown.count("second-"), shown.count("third-")) == (100, 0, 100)
    left_out = "**Left out, as a comment can't be longer** (3,000 changes): second. All of it is in `changes.html`."
    assert left_out in shown
    assert shown.endswith("the end\n")


def test_a_comment_that_nobody_needs_says_so_where_a_bot_looks() -> None:
    assert as_markdown(Page("x", plain("no changes"), is_quiet=True)) == (
        "<!-- billsync-comment: x -->\n<!-- billsync-quiet -->\n### billsync: no changes\n"
    )


@pytest.mark.parametrize("limit", range(300, 3_000, 300))
def test_a_comment_is_never_longer_than_its_limit(limit: int) -> None:
    sections = tuple(section(f"s{number}", number) for number in range(12))
    page = Page("x", plain("headline"), tuple(map(decision, range(12))), sections, (plain("the end"),))

    assert len(as_markdown(page, limit)) <= limit


def test_only_decisions_that_dont_fit_by_themselves_are_cut() -> None:
    page = Page("x", plain("headline"), tuple(map(decision, range(2_000))), (section("first", 1),))

    shown = as_markdown(page)

    kept = shown.count("- **Refused**")
    assert LIMIT * 9 // 10 < len(shown) <= LIMIT
    assert f"- {2_000 - kept:,} more decisions: see the output of `billsync diff`." in shown


def test_a_curve_is_a_chart_that_begins_at_zero() -> None:
    old, new = prices(unit("1")), prices(graduated(("10", "2"), (None, "1")))
    (curve,) = curves_of(old, new, used=("0", "5", "28", "29", "29", "1000"))

    text = as_markdown(Page("x", plain("h"), (), (Section(plain("t"), (curve,)),)))

    assert text == f"<!-- billsync-comment: x -->\n### billsync: h\n\n#### t\n\n{CHART}"
