"""The sections of a page that name every change, by kind, with its effect and its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from billsync.model.change import Action, FieldChange, Outcome
from billsync.model.value import Fields as View
from billsync.render.formats.words import shown
from billsync.render.page.decisions import named
from billsync.render.page.headline import counted
from billsync.render.page.page import Block, Column, FieldRow, Fields, Section, Table, Text, code, fields_table, plain
from billsync.render.plan.effects import effect_text
from billsync.render.plan.nouns import nouns
from billsync.render.plan.outline import Item, Outline
from billsync.render.plan.price_card import card_rows
from billsync.render.plan.text import ENDS, when_text

LEFT_OUT = "(personal data left out)"
APART = 3
"""The number of entities with a table of fields each; more are in one table."""

FEW = 10
"""The number of changes that are shown without a fold."""

Personal = Mapping[str, Collection[str]]
"""The personal fields by kind."""


def change_sections(outline: Outline, personal: Personal, *, has_more: bool) -> tuple[Section, ...]:
    """A section for each kind that changes; folded where the page has more to show, or they are many."""
    is_fold = has_more or len(outline.changes) > FEW
    kinds = dict.fromkeys(item.kind for item in outline.changes)
    return tuple(_section(kind, [i for i in outline.changes if i.kind == kind], personal, is_fold) for kind in kinds)


def told_sections(outline: Outline, personal: Personal) -> tuple[Section, ...]:
    """A section for each outcome of what won't be changed: refused, blocked, waiting, unmanageable, and notes."""
    sections = (
        (title, [item for item in outline.told if item.outcome is outcome]) for outcome, title in _TITLES.items()
    )
    return tuple(_told_section(title, items, personal) for title, items in sections if items)


_TITLES = {
    Outcome.REFUSED: "Refused",
    Outcome.BLOCKED: "Blocked",
    Outcome.WAITING: "Waiting",
    Outcome.UNMANAGEABLE: "Can't be managed here",
    Outcome.NOTE: "Notes",
}


def _told_section(word: str, items: list[Item], personal: Personal) -> Section:
    title = f"{word}: {sum(item.count for item in items):,}"
    rows = tuple((code(named(item)), plain(_said(item)), plain(item.hint)) for item in items)
    columns = (Column("entity"), Column("effect" if effect_text(items[0]) else "because"), Column("what to do"))
    return Section(plain(title), (Table(title, columns, rows), *_fields(items, personal)), is_fold=True)


def _said(item: Item) -> str:
    """The effect or the reason, and the time of the last change where it is known."""
    return "; ".join(filter(None, (effect_text(item) or item.reason, item.changed_at)))


def _section(kind: str, items: list[Item], personal: Personal, is_fold: bool) -> Section:
    return Section(
        plain(_title(items)),
        (_table(kind, items), *_fields(items, personal), *_prices_of(items)),
        is_fold=is_fold,
        changes=sum(item.count for item in items),
        effects=frozenset(item.effect for item in items if item.effect),
    )


def _title(items: Iterable[Item]) -> str:
    text = ", ".join(counted(items))
    return f"{text[:1].upper()}{text[1:]}"


def _table(kind: str, items: list[Item]) -> Table:
    """Every change of a kind with its verb and effect; after a run, with what became of it."""
    columns = (Column("change"), Column("entity"), Column("effect"))
    return Table(f"changes of {nouns(kind)}", columns, tuple(_row(item) for item in items))


def _row(item: Item) -> tuple[Text, ...]:
    end = ": ".join(part for part in (ENDS[item.status] if item.status else "", item.trouble) if part)
    notes = [part for part in (end or effect_text(item), item.reason, item.changed_at) if part]
    return plain(f"{item.verb}{when_text(item.timing)}"), code(named(item)), plain("; ".join(notes))


def _fields(items: Iterable[Item], personal: Personal) -> Iterable[Block]:
    """The fields of each change; in one table where there are many."""
    changed = [
        Fields(named(item), tuple(_field(field, personal.get(item.kind, ())) for field in item.fields))
        for item in items
        if item.fields
    ]
    return changed if len(changed) <= APART else (_fields_together(changed),)


def _prices_of(items: Iterable[Item]) -> Iterator[Block]:
    for item in items:
        if item.action is Action.CREATE and item.new:
            yield from _prices(named(item), item.new)


def _fields_together(changed: list[Fields]) -> Table:
    columns = (Column("entity"), Column("field"), Column("before"), Column("after"))
    rows = ((code(one.entity), *cells) for one in changed for cells in fields_table(one).rows)
    return Table("fields that change", columns, tuple(rows))


def _field(field: FieldChange, hidden: Collection[str]) -> FieldRow:
    is_hidden = bool(field.path) and str(field.path[0]) in hidden
    old, new = (None if side is None else LEFT_OUT if is_hidden else shown(side) for side in (field.old, field.new))
    return FieldRow(field.name, old, new)


def _prices(name: str, view: View) -> Iterator[Block]:
    """The prices of a new entity; the column of phases only where there are several."""
    rows = list(card_rows(view))
    first = 0 if len({phase for phase, _, _ in rows}) > 1 else 1
    columns = (Column("phase"), Column("rate card"), Column("price"))[first:]
    cells = tuple((code(phase), code(key), plain(terms))[first:] for phase, key, terms in rows)
    yield from (Table(f"prices of {name}", columns, cells, name),) if rows else ()
