#!/usr/bin/env python3
"""Writes the pages of docs/ that are made from the code: all fields, all codes, and the API's coverage.

Usage: generate_docs.py [DIRECTORY], else docs/.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from api_coverage import coverage

from billsync.kinds.ratecard import RATE_CARD
from billsync.kinds.registry import KINDS
from billsync.model.codes.code import Chapter, Code
from billsync.model.diagnostic import sentence
from billsync.model.kind import Absent, Kind
from billsync.model.shape import (
    Field,
    FieldEffect,
    ListOf,
    MapOf,
    Record,
    Shape,
    Text,
    Variant,
)
from billsync.render.formats.words import shown
from billsync.schema.codes import chapters
from billsync.schema.explain import ABSENT, EFFECTS, takes, words

OUTPUT = Path(__file__).resolve().parents[1] / "docs"
HEAD = """# All fields

Made from the kinds by `scripts/generate_docs.py`; `billsync explain KIND.FIELD` says the same in a terminal.
How files are written, and what an absent field means, is in [file-format.md](file-format.md).

`phases[].key` is the field `key` of each member of the list `phases`, and `dimensions.*` is each value of a map.
Fields that only some forms of a map have name these forms in brackets. The last column says what becomes of a changed
field once the entity is on a server.
"""


ERRORS = """# All codes

Made from the codes by `scripts/generate_docs.py`; `billsync explain CODE` says the same in a terminal.

Every message has a code that never changes, so that scripts can rely on it: in brackets after `error`, `warning` or
`note`, and as `code` in JSON. The sentence beside it is fixed, too; what follows names the values, and what to do.
Exit codes are in [runs.md](runs.md#exit-codes).
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One field at its path; `forms` are the forms that have it, where a map has several."""

    path: str
    field: Field
    forms: tuple[str, ...] = ()


def reference() -> str:
    """The whole page."""
    sections = (section(kind) for kind in KINDS.values())
    return "\n".join([HEAD, *sections, card_section()])


def section(kind: Kind) -> str:
    """One kind: what it is, where it stands, and its fields."""
    return f"## {kind.name}\n\n{kind.doc} {ABSENT[kind.absent]}\n\n{nesting(kind)}{table(kind.record)}"


def card_section() -> str:
    """Rate cards: no kind of their own, and too long for the plan's table."""
    where = "In a phase of a plan, or in the map `rate_cards`, from where a phase takes it with `use: NAME`."
    return f"## rate card\n\n{RATE_CARD.doc} {ABSENT[Absent.DEFAULT]}\n\n{where}\n\n{table(RATE_CARD)}"


def table(record: Record) -> str:
    """All fields of a record, in its order."""
    rows = [row(line) for line in joined(lines(record, ""))]
    return "\n".join(["| field | what it is | value | when it changes, it … |", "|---|---|---|---|", *rows]) + "\n"


def nesting(kind: Kind) -> str:
    """The places where the kind's entities may stand."""
    if kind.parent is None:
        return f"In the list `{kind.collection}`.\n\n"
    names = " or ".join(f"`{name}`" for name in (kind.parent.one, kind.parent.many) if name)
    owner = kind.parent.kind
    return f"Inside a {owner}, as {names}, or in the list `{kind.collection}` with `{owner}: KEY`.\n\n"


def lines(
    shape: Shape, path: str, forms: tuple[str, ...] = (), effect: FieldEffect = FieldEffect.IN_PLACE
) -> Iterator[Line]:
    """Every field below a shape, in the order of the records; a rate card has a table of its own."""
    match shape:
        case Record(fields=fields) if not (path and shape is RATE_CARD):
            for name, field in fields.items():
                here = f"{path}.{name}" if path else name
                yield Line(here, field, forms)
                yield from lines(field.shape, here, forms, field.effect)
        case Variant(tag=tag, cases=cases):
            yield Line(f"{path}.{tag}", Field(Text(choices=tuple(cases)), shape.doc, effect, required=True), forms)
            for case, record in cases.items():
                yield from lines(record, path, (case,))
        case ListOf(item=item):
            yield from lines(item, f"{path}[]", forms, effect)
        case MapOf(value=value):
            yield from lines(value, f"{path}.*", forms, effect)


def joined(found: Iterable[Line]) -> Iterator[Line]:
    """Each path once, with all the forms that have it, and what it is in each if that differs."""
    by_path: dict[str, list[Line]] = {}
    for line in found:
        by_path.setdefault(line.path, []).append(line)
    for path, same in by_path.items():
        forms = tuple(form for line in same for form in line.forms)
        docs = dict.fromkeys(line.field.doc for line in same)
        yield Line(path, replace(same[0].field, doc=" Or: ".join(docs)), forms)


def row(line: Line) -> str:
    """A line of the table."""
    forms = f" ({', '.join(line.forms)})" if line.forms else ""
    effect = "–" if line.field.refused else EFFECTS[line.field.effect]
    return f"| `{line.path}`{forms} | {said(line.field)} | {value(line.field)} | {effect} |"


def said(field: Field) -> str:
    """The field's text; why a value is refused; why one can't be removed, if the text doesn't speak of that."""
    if field.refused:
        return f"Refused: {field.refused}."
    return words(field)


def value(field: Field) -> str:
    """The values that may stand there, and the one that stands there if none does."""
    if field.refused:
        return "–"
    needed = ", required" if field.required and not field.derived else ""
    default = f", else `{shown(field.default)}`" if field.default is not None else ""
    return takes(field.shape).replace(" | ", " or ") + needed + default


def errors() -> str:
    """The page of all codes."""
    return "\n".join([ERRORS, *(chapter_section(chapter) for chapter in chapters(KINDS))])


def chapter_section(chapter: Chapter) -> str:
    """One chapter: when its codes are met, and each of them."""
    pages = (code_section(chapter, code) for code in chapter.codes)
    return "\n".join([f"## {chapter.title}\n\n{chapter.intro}\n", *pages])


def code_section(chapter: Chapter, code: Code) -> str:
    """One code: its summary, what it means and what to do, and an example."""
    summary = sentence(code.summary)
    return f"### `{code.name}`\n\n**{summary}** {code.doc}\n\n```\n{chapter.example(code)}\n```\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    for name, page in {"fields.md": reference, "errors.md": errors, "api-coverage.md": coverage}.items():
        (target / name).write_text(page(), encoding="utf-8")
