"""The page of a comparison or a run: made from the one outline that every format is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.model.change import Outcome
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import dataclass
from billsync.render.page.changes import change_sections, told_sections
from billsync.render.page.decisions import decisions
from billsync.render.page.headline import headline_text
from billsync.render.page.impact_sections import (
    curve_sections,
    estimate_lines,
    line_sections,
    money_section,
    people_sections,
)
from billsync.render.page.page import Page, Paragraph, Section, Text, code, plain
from billsync.render.page.personal import personal_fields, without_personal_data
from billsync.render.plan.outline import Outline
from billsync.render.plan.since import since_text
from billsync.report.curves.curve import PriceCurve
from billsync.report.impact.impact import Impact


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The name of the page, whether it may show personal data, and where the whole result is."""

    marker: str = ""
    shows_personal_data: bool = False
    elsewhere: str = ""


BY_DEFAULT = PageOptions()
NOT_UNDONE = "not-undone"
"""The code of the warnings that a page has, too: whoever approves an undo has to know what lasts."""


def page_of(
    outline: Outline,
    impact: Impact | None = None,
    curves: Sequence[PriceCurve] = (),
    options: PageOptions = BY_DEFAULT,
    findings: Sequence[Diagnostic] = (),
    above: Sequence[str] = (),
) -> Page:
    """The page, without personal data unless the options say so; `above` are lines of a command's own output."""
    hidden = {} if options.shows_personal_data else personal_fields()
    decided = decisions(outline, findings)
    page = Page(
        marker=options.marker,
        headline=plain(headline_text(outline, impact)),
        decisions=decided,
        sections=(
            *_about(outline, (*above, *_lasting(findings))),
            *(money_section(impact) if impact else ()),
            *curve_sections(curves),
            *change_sections(outline, hidden, has_more=impact is not None),
            *(line_sections(impact) if impact else ()),
            *(people_sections(impact) if impact else ()),
            *told_sections(outline, hidden),
        ),
        footer=_footer(outline, impact),
        elsewhere=options.elsewhere,
        is_quiet=not outline.changes and not decided and _has_only_notes(outline),
    )
    return page if options.shows_personal_data else without_personal_data(page, outline)


def _about(outline: Outline, above: Sequence[str]) -> tuple[Section, ...]:
    """The lines of the command, and the part of the files that it is about."""
    lines = (*map(plain, above), *_selected(outline))
    return (Section(plain("About this run"), (Paragraph(lines),)),) if lines else ()


def _lasting(findings: Iterable[Diagnostic]) -> Iterator[str]:
    """The lines about what an undo can't take back."""
    return (f"Not taken back: {one.detail}" for one in findings if one.code == NOT_UNDONE)


def _selected(outline: Outline) -> tuple[Text, ...]:
    if outline.since:
        return (plain(f"Since {since_text(outline.since)}"),)
    return (plain("A part of the files: ") + code(", ".join(outline.selection)),) if outline.selection else ()


def _has_only_notes(outline: Outline) -> bool:
    return all(item.outcome is Outcome.NOTE for item in outline.told)


def _footer(outline: Outline, impact: Impact | None) -> tuple[Text, ...]:
    """The target and the owner, and what the numbers are."""
    owner = plain(", owner ") + code(outline.owner) if outline.owner else ()
    place = plain("Compared with ") + code(outline.target) + owner
    return (place, *(estimate_lines(impact) if impact else ()))
