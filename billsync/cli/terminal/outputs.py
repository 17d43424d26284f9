"""The result of a command as one value, and the table of the formats that are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from billsync.model.frozen import dataclass, replace
from billsync.render.formats.look import PLAIN, Look

if TYPE_CHECKING:  # `billsync --help` loads no model
    from billsync.model.change import PlanFile
    from billsync.model.diagnostic import Diagnostic
    from billsync.render.page.page import Page, Section
    from billsync.render.plan.outline import Outline
    from billsync.report.impact.impact import Impact

STDOUT = "-"


def _nothing(look: Look) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class PageChoices:
    """The options of pages: the name in a comment's marker, personal data, and the files with the whole result."""

    comment_id: str = ""
    shows_personal_data: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a command: the changes of a plan file in outline, and what belongs to them.

    `above` is text over the changes; `parts` are more members of the JSON object, and `sections` stand in the place of
    the text in pages. `was_shown`: the person at the
    terminal has seen the changes, so that text on stdout only tells what became of them. `choices` are those of pages.
    `is_detailed`: the JSON has every line of the impact.
    """

    plan: PlanFile
    outline: Outline
    findings: tuple[Diagnostic, ...] = ()
    impact: Impact | None = None
    above: Callable[[Look], str] = _nothing
    parts: Mapping[str, Any] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    was_shown: bool = False
    choices: PageChoices = PageChoices()
    is_detailed: bool = False


Renderer = Callable[[Result, Look], Iterable[str]]


def _text(result: Result, look: Look) -> Iterable[str]:
    from billsync.render.plan.text import as_text, end_as_text

    above = result.above(look)
    changes = (end_as_text if result.was_shown else as_text)(result.outline, look)
    return ((f"{above}\n" if above else "") + changes + _prices(result, look),)


def _prices(result: Result, look: Look) -> str:
    if result.impact is None:
        return ""
    from billsync.render.impact.text import impact_text

    return f"\n{impact_text(result.impact, width=look.width)}"


def _json(result: Result, look: Look) -> Iterable[str]:
    from billsync.render.impact.object import detailed_impact_object, impact_object
    from billsync.render.plan.structured import as_json_chunks

    shown = detailed_impact_object if result.is_detailed else impact_object
    prices = {"impact": shown(result.impact)} if result.impact else {}
    return as_json_chunks(result.outline, result.findings, {**prices, **result.parts})


def _page(result: Result) -> Page:
    from billsync.render.page.compose import PageOptions, page_of
    from billsync.report.curves.curves import curves

    chosen = result.choices
    options = PageOptions(chosen.comment_id, chosen.shows_personal_data, " and ".join(chosen.files))
    prices = curves(result.plan, result.impact)
    above = "" if result.sections else result.above(PLAIN)
    lines = [line.strip() for line in above.splitlines() if line.strip()]
    page = page_of(result.outline, result.impact, prices, options, result.findings, lines)
    return replace(page, sections=(*result.sections, *page.sections))


def _markdown(result: Result, look: Look) -> Iterable[str]:
    from billsync.render.markdown.comment import as_markdown

    return (as_markdown(_page(result)),)


def _html(result: Result, look: Look) -> Iterable[str]:
    from billsync.render.html.page import as_html

    return (as_html(_page(result)),)


def _plan(result: Result, look: Look) -> Iterable[str]:
    from billsync.core.plan_file import to_json

    return (to_json(result.plan),)


RENDERERS: Mapping[str, Renderer] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
}
"""The formats of results. A new format is a line here; the options take their choices from it."""

PLAN = "plan"
FILES: Mapping[str, Renderer] = {**RENDERERS, PLAN: _plan}
"""The formats of files: also the plan file, of commands that show what they would do."""
