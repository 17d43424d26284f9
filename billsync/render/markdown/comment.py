"""A page as one comment: a hidden marker, the headline, what needs a decision, then sections as far as they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from billsync.render.markdown.blocks import section_text
from billsync.render.markdown.escape import code_span, inline
from billsync.render.page.page import Decision, Page, Section, Table, plain, text_of

LIMIT = 65_536
"""The longest comment that GitHub takes, in characters."""

NAME = re.compile(r"[^A-Za-z0-9._-]")
SHORTEST_ROW = 8
"""No row of a table has fewer characters."""

QUIET = "<!-- billsync-quiet -->"
"""The hidden second line of a comment that nobody needs: nothing changes, and nothing is to be decided."""

HERE = "the output of `billsync diff`"


def marker(name: str) -> str:
    """The hidden line by which a bot finds its comment again."""
    return f"<!-- billsync-comment: {NAME.sub('-', name) or 'default'} -->"


def as_markdown(page: Page, limit: int = LIMIT) -> str:
    """The comment, of at most `limit` characters; ends with a line break.

    Whole sections are left out before anything is cut, the last ones first, and the comment says which, and where they
    are. Only a list of decisions that is too long by itself is cut.
    """
    quiet = f"{QUIET}\n" if page.is_quiet else ""
    head = f"{marker(page.marker)}\n{quiet}### billsync: {inline(page.headline)}"
    foot = "\n\n---\n\n" + "  \n".join(map(inline, page.footer)) if page.footer else ""
    room = limit - _size(head) - _size(foot) - 1
    lines = list(_decision_lines(page.decisions))
    decided = _joined(lines)
    if _size(decided) > room:
        decided = _cut(lines, room, page)
    room -= _size(decided)
    return f"{head}{decided}{_sections(page, room)}{foot}\n"


def _size(text: str) -> int:
    """The length in UTF-16 units, which is how a forge may count characters; never less than in characters."""
    return len(text) + sum(char > "\uffff" for char in text)


def _joined(lines: Sequence[str]) -> str:
    return "\n\n#### Needs a decision\n\n" + "\n".join(lines) if lines else ""


def _decision_lines(decisions: Sequence[Decision]) -> Iterator[str]:
    for one in decisions:
        label = f"**{one.kind.value.capitalize()}**{f' ({code_span(one.code)})' if one.code else ''}"
        way_out = f" — {inline(one.way_out)}" if text_of(one.way_out) else ""
        yield f"- {label}: {inline(one.text)}{way_out}"


def _cut(lines: Sequence[str], room: int, page: Page) -> str:
    """The first decisions that fit with a line about the others; none is cut within."""
    ends = accumulate(_size(line) + 1 for line in lines)
    for count in range(min(len(lines) - 1, sum(end < room for end in ends)), 0, -1):
        rest = inline(plain(f"{len(lines) - count:,} more decisions: see {page.elsewhere or HERE}."))
        text = _joined([*lines[:count], f"- {rest}"])
        if _size(text) + _size(_notice(page.sections, page)) <= room:
            return text
    return ""


def _sections(page: Page, room: int) -> str:
    """The sections that fit, with a notice about the others; the first ones are the weightiest."""
    texts = [_section(section, room) for section in page.sections]
    if sum(map(_size, texts)) <= room:
        return "".join(texts)
    kept: list[int] = []
    for number in range(len(texts)):
        if _size(_shown(page, texts, [*kept, number])) <= room:
            kept.append(number)
    return _shown(page, texts, kept)


def _section(section: Section, room: int) -> str:
    """The section's text; blanks as long for one that has too many rows to fit, whose text would be made in vain."""
    rows = sum(len(block.rows) for block in section.blocks if isinstance(block, Table))
    return " " * (room + 1) if rows * SHORTEST_ROW > room else f"\n\n{section_text(section)}"


def _shown(page: Page, texts: Sequence[str], kept: Sequence[int]) -> str:
    left_out = [section for number, section in enumerate(page.sections) if number not in kept]
    return "".join(texts[number] for number in kept) + _notice(left_out, page)


def _notice(left_out: Sequence[Section], page: Page) -> str:
    """A line about what was left out, and where it is."""
    if not left_out:
        return ""
    changes = sum(section.changes for section in left_out)
    counted = f" ({changes:,} changes)" if changes else ""
    titles = "; ".join(text_of(section.title) for section in left_out[:10])
    rest = f"; and {len(left_out) - 10:,} more" if len(left_out) > 10 else ""
    where = inline(plain(f"All of it is in {page.elsewhere or HERE}."))
    return f"\n\n**Left out, as a comment can't be longer**{counted}: {inline(plain(titles + rest))}. {where}"
