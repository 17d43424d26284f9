"""The page: what a person who approves a change sees, as pure values. Markdown and HTML are made from it.

Texts may hold anything that a name or a server can say: a renderer escapes every one of them. They are masked, and
without personal data unless that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from billsync.model.change import Effect
from billsync.model.frozen import dataclass
from billsync.render.formats.words import ABSENT
from billsync.report.curves.curve import PriceCurve


class Style(Enum):
    """The look of a piece of text."""

    PLAIN = "plain"
    STRONG = "strong"
    CODE = "code"  # a name or a value, as it is


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style."""

    text: str
    style: Style = Style.PLAIN


Text: TypeAlias = tuple[Span, ...]
"""One line of text."""


def plain(text: str) -> Text:
    """A sentence."""
    return (Span(text),)


def strong(text: str) -> Text:
    """A sentence that stands out."""
    return (Span(text, Style.STRONG),)


def code(text: str) -> Text:
    """A name or a value."""
    return (Span(text, Style.CODE),)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some lines of text, one below the other."""

    lines: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of points."""

    points: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; a column of numbers stands to the right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header, whose rows have as many cells as it has columns; `caption` says what it shows.

    `entity` is the one that it is about, where its section has several; a page without captions names it.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    entity: str = ""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field that differs; an absent side is None."""

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields in which an entity changes."""

    entity: str
    rows: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One subscription, or a group of them, and how much more is paid; below zero if less."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bars:
    """Customers who pay more and less: the largest increase first, the largest decrease last.

    `left_out` counts those between whose bars aren't shown.
    """

    title: str
    currency: str
    bars: tuple[Bar, ...]
    left_out: int = 0


Block: TypeAlias = Paragraph | Listing | Table | Fields | PriceCurve | Bars


class DecisionKind(Enum):
    """The reasons why a person has to decide, the most urgent first."""

    STOPPED = "stopped"  # a guard or a mistake stops the run
    FAILED = "failed"  # a run could not make the change
    REFUSED = "refused"
    BLOCKED = "blocked"
    IRREVERSIBLE = "irreversible"
    GRANDFATHERED = "grandfathered"


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that needs a decision: why, the code that `billsync explain` takes, and what to do."""

    kind: DecisionKind
    text: Text
    code: str = ""
    way_out: Text = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a title; a fold is closed until it is opened.

    `changes` counts the changes that it names. `effects` are theirs, for a mark beside the title.
    """

    title: Text
    blocks: tuple[Block, ...]
    is_fold: bool = False
    changes: int = 0
    effects: frozenset[Effect] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page: a line of totals and money, then what needs a decision, then sections, the weightiest first.

    `marker` names the page among others of the same pull request. `elsewhere` says where the whole result is.
    `is_quiet`: nothing changes, and nothing is to be decided.
    """

    marker: str
    headline: Text
    decisions: tuple[Decision, ...] = ()
    sections: tuple[Section, ...] = ()
    footer: tuple[Text, ...] = ()
    elsewhere: str = ""
    is_quiet: bool = False


def fields_table(fields: Fields) -> Table:
    """The fields of an entity as a table."""
    columns = (Column("field"), Column("before"), Column("after"))
    rows = ((code(row.path), _side(row.old), _side(row.new)) for row in fields.rows)
    return Table(fields.entity, columns, tuple(rows))


def _side(value: str | None) -> Text:
    return plain(ABSENT) if value is None else code(value)


def text_of(text: Text) -> str:
    """The text without its styles."""
    return "".join(span.text for span in text)


def texts(page: Page) -> Iterator[str]:
    """Every text of a page, for checks of what it says."""
    yield text_of(page.headline)
    for decision in page.decisions:
        yield from (text_of(decision.text), decision.code, text_of(decision.way_out))
    for section in page.sections:
        yield text_of(section.title)
        for block in section.blocks:
            yield from _block_texts(block)
    yield from map(text_of, page.footer)


def _block_texts(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(lines):
            yield from map(text_of, lines)
        case Listing(points):
            yield from map(text_of, points)
        case Table(caption, columns, rows):
            yield from (caption, *(column.title for column in columns))
            yield from (text_of(cell) for row in rows for cell in row)
        case Fields(entity, rows):
            yield entity
            yield from (part for row in rows for part in (row.path, row.old, row.new) if part)
        case PriceCurve():
            yield from (block.title, block.unit, block.currency)
        case Bars():
            yield from (block.title, block.currency, *(bar.label for bar in block.bars))
