"""The blocks of a page as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from billsync.render.formats.words import ABSENT
from billsync.render.html.markup import cell, joined, line
from billsync.render.html.pictures import bars_picture, curve_picture
from billsync.render.page.amounts import money, often, signed
from billsync.render.page.page import (
    Bars,
    Block,
    Column,
    Fields,
    Listing,
    Paragraph,
    Table,
    Text,
    code,
    fields_table,
    plain,
)
from billsync.report.curves.curve import Bin, PriceCurve

CURVE_COLUMNS = (Column("quantity", is_number=True), Column("before", is_number=True), Column("after", is_number=True))
USAGE_COLUMNS = (Column("from", is_number=True), Column("to", is_number=True), Column("periods", is_number=True))
BAR_COLUMNS = (Column("who"), Column("change", is_number=True))
TOO_FEW = "too few to show"


def block(shown: Block, name: str) -> Markup:
    """A block as HTML; `name` is an id that no other block of the page has."""
    match shown:
        case Paragraph(lines):
            return joined(Markup("<p>{}</p>").format(line(text)) for text in lines)
        case Listing(points):
            return Markup("<ul>{}</ul>").format(Markup("").join(_point(point) for point in points))
        case Table():
            return table(shown)
        case Fields():
            return table(fields_table(shown))
        case PriceCurve():
            return _curve(shown, name)
        case Bars():
            return _bars(shown, name)


def table(shown: Table) -> Markup:
    """A table with a caption and headers; one that is too wide scrolls by itself."""
    heads = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_kind(column), column.title) for column in shown.columns
    )
    rows = joined(_row(row, shown.columns) for row in shown.rows)
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}">\n<table>\n<caption>{}</caption>\n'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>\n</div>"
    ).format(*(line(plain(shown.caption)).striptags(),), line(plain(shown.caption)), heads, rows)


def _row(cells: Sequence[Text], columns: Sequence[Column]) -> Markup:
    first, *others = zip(cells, columns, strict=True)
    head = Markup('<th scope="row"{}>{}</th>').format(_kind(first[1]), cell(first[0]))
    rest = (Markup("<td{}>{}</td>").format(_kind(column), cell(text)) for text, column in others)
    return Markup("<tr>{}{}</tr>").format(head, Markup("").join(rest))


def _kind(column: Column) -> Markup:
    return Markup(' class="number"') if column.is_number else Markup("")


def _point(text: Text) -> Markup:
    return Markup("<li>{}</li>").format(line(text))


def _curve(curve: PriceCurve, name: str) -> Markup:
    title = f"{curve.title}: {curve.currency}{often(curve.cadence)}, by the quantity of {curve.unit}"
    numbers = [table(Table("The cost by the quantity", CURVE_COLUMNS, tuple(_costs(curve))))]
    if curve.usage:
        numbers.append(table(Table("Billing periods by their usage", USAGE_COLUMNS, tuple(_ranges(curve.usage)))))
    if curve.beyond:
        numbers.append(Markup("<p>Not in the picture: {} periods with more usage.</p>").format(f"{curve.beyond:,}"))
    if curve.steps:
        ends = ", ".join(f"{step.quantity:,f} ({_where(step.in_old, step.in_new)})" for step in curve.steps)
        numbers.append(Markup("<p>Tiers end at: {}</p>").format(ends))
    return _figure(title, curve_picture(curve, name), numbers)


def _where(in_old: bool, in_new: bool) -> str:
    return "before and after" if in_old and in_new else "before" if in_old else "after"


def _costs(curve: PriceCurve) -> Iterable[tuple[Text, ...]]:
    before, after = ({point.quantity: point.amount for point in side} for side in (curve.old, curve.new))
    for quantity in sorted({*before, *after}):
        sides = (money(side[quantity], curve.currency) if quantity in side else ABSENT for side in (before, after))
        yield (plain(f"{quantity:,f}"), *map(plain, sides))


def _ranges(usage: Sequence[Bin]) -> Iterable[tuple[Text, ...]]:
    for one in usage:
        count = TOO_FEW if one.count is None else str(one.count)
        yield plain(f"{one.start:,f}"), plain(f"{one.end:,f}"), plain(count)


def _bars(bars: Bars, name: str) -> Markup:
    rows = tuple((code(bar.label), plain(signed(bar.amount, bars.currency))) for bar in bars.bars)
    numbers = [table(Table(bars.title, BAR_COLUMNS, rows))]
    if bars.left_out:
        numbers.append(Markup("<p>{} between these are not shown.</p>").format(f"{bars.left_out:,}"))
    return _figure(bars.title, bars_picture(bars, name), numbers)


def _figure(title: str, picture: Markup, numbers: Iterable[Markup]) -> Markup:
    shown = line(plain(title))
    return Markup(
        '<figure>\n<figcaption>{}</figcaption>\n<div class="scroll" tabindex="0" role="region" aria-label="{}">\n{}\n'
        "</div>\n<details><summary>The numbers of this picture</summary>\n{}\n</details>\n</figure>"
    ).format(shown, shown.striptags(), picture, joined(numbers))
