"""The blocks of a page as lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from billsync.rating.arithmetic import divided, exactly, magnitude
from billsync.render.markdown.chart import chart, legend
from billsync.render.markdown.escape import cell, code_span, html, inline, number_cell
from billsync.render.page.amounts import signed
from billsync.render.page.page import (
    Bars,
    Block,
    Column,
    Fields,
    Listing,
    Paragraph,
    Section,
    Table,
    Text,
    code,
    fields_table,
    plain,
    strong,
)
from billsync.report.curves.curve import PriceCurve

BAR = 20
"""The length of the longest bar, in characters."""


def section_text(section: Section) -> str:
    """The section with its title; a fold opens with a click."""
    body = "\n\n".join("\n".join(_block(block)) for block in section.blocks)
    if section.is_fold:
        return f"<details><summary>{html(section.title)}</summary>\n\n{body}\n\n</details>"
    return f"#### {inline(section.title)}\n\n{body}"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(lines):
            yield "  \n".join(map(inline, lines))
        case Listing(points):
            yield from (f"- {inline(point)}" for point in points)
        case Table():
            yield from (f"{code_span(block.entity)}:", "") if block.entity else ()
            yield from _table(block.columns, block.rows)
        case Fields():
            yield from _fields(block)
        case PriceCurve():
            yield from (*chart(block), "", inline(plain(legend(block))))
        case Bars():
            yield from _bars(block)


def _table(columns: Iterable[Column], rows: Iterable[tuple[Text, ...]]) -> Iterator[str]:
    columns = tuple(columns)
    yield _row(inline(plain(column.title)) for column in columns)
    yield f"|{'|'.join('--:' if column.is_number else '---' for column in columns)}|"
    for row in rows:
        yield _row(
            number_cell(text) if column.is_number else cell(text) for column, text in zip(columns, row, strict=True)
        )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _fields(block: Fields) -> Iterator[str]:
    yield f"{code_span(block.entity)}:"
    yield ""
    table = fields_table(block)
    yield from _table(table.columns, table.rows)


def _bars(block: Bars) -> Iterator[str]:
    """A table with a bar in each row, as long as its amount against the largest."""
    most = max((magnitude(bar.amount) for bar in block.bars), default=Decimal(0)) or Decimal(1)
    yield inline(strong(block.title))
    yield ""
    rows = (
        (code(bar.label), plain(signed(bar.amount, block.currency)), plain(_bar(bar.amount, most)))
        for bar in block.bars
    )
    yield from _table((Column("subscription"), Column("change", is_number=True), Column("")), rows)
    if block.left_out:
        yield ""
        yield inline(plain(f"{block.left_out:,} between these are left out here."))


@exactly
def _bar(amount: Decimal, most: Decimal) -> str:
    length = int(divided(magnitude(amount) * BAR, most))
    return ("█" if amount > 0 else "░") * (max(length, 1) if amount else 0)
