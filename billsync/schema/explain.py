"""Explanations of fields for people: their text, their values, and the effect of a change. Read from the tables."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.model.frozen import dataclass
from billsync.model.kind import Absent, Kind
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Field,
    FieldEffect,
    Integer,
    LabelMap,
    Lazy,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Variant,
)
from billsync.model.value import Plain, jsonable

EFFECTS: Mapping[FieldEffect, str] = {
    FieldEffect.IDENTITY: "names the entity: another value is another entity",
    FieldEffect.IN_PLACE: "is changed in place",
    FieldEffect.NEW_VERSION: "makes a new version",
    FieldEffect.IMMUTABLE: "can't be changed on a live entity",
    FieldEffect.CHANGE: "ends what runs and begins another, when `change` or a rule says",
    FieldEffect.OURS: "is billsync's own: the server doesn't have it",
    FieldEffect.ONE_WAY: "is brought about by a call of its own, which can't be undone",
    FieldEffect.ATTACHED: "is attached, changed in quantity, or detached, member by member",
}
"""The effect of changing a field, as the end of a sentence that begins with its name."""

ABSENT: Mapping[Absent, str] = {
    Absent.DEFAULT: "An absent field means its default.",
    Absent.NOT_MANAGED: "An absent field keeps its live value; `null` removes it, where the server can do that.",
}
"""The meaning of an absent field of an entity."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A kind or one of its fields. `takes` describes the form of a value; `fields` are the fields inside, with their
    descriptions.

    `default` and `example` are plain JSON values or None; `refused` is the reason why it can't be declared.
    """

    path: tuple[str, ...]
    doc: str
    takes: str
    effect: str = ""
    required: bool = False
    default: Plain = None
    example: Plain = None
    refused: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


def explain(kind: Kind, path: tuple[str, ...]) -> Explanation | None:
    """Return the explanation of a kind (an empty path) or a field of it; None if there is no such field.

    A path names fields only: `("phases", "rate_cards", "price", "tiers")`; the forms of a price are passed over.
    """
    if not path:
        doc = f"{kind.doc} {ABSENT[kind.absent]}"
        return Explanation((kind.name,), doc, "a map", example=jsonable(kind.example), fields=_inside(kind.record))
    return explain_field(kind.name, kind.record, path)


def explain_record(name: str, record: Record, example: Plain) -> Explanation:
    """The explanation of a named map inside of entities."""
    return Explanation(
        (name,), f"{record.doc} {ABSENT[Absent.DEFAULT]}", "a map", "", example=example, fields=_inside(record)
    )


def explain_field(name: str, record: Record, path: tuple[str, ...]) -> Explanation | None:
    """The explanation of a record's field, named by the path's first element; None for an unknown field."""
    found: Field | None = None
    shape: Shape = record
    for part in path:
        found = _fields_of(shape).get(part)
        if found is None:
            return None
        shape = found.shape
    return _explained((name, *path), found) if found else None


def words(item: Field) -> str:
    """Return a field's text, with the reason why it can't be removed, unless the text has it."""
    if item.clear is None or "removed" in item.doc:
        return item.doc
    return f"{item.doc} It can't be removed: {item.clear}."


def _explained(path: tuple[str, ...], item: Field) -> Explanation:
    return Explanation(
        path,
        words(item),
        takes(item.shape),
        EFFECTS[item.effect],
        item.required and not item.derived,
        jsonable(item.default),
        jsonable(item.example),
        item.refused,
        _inside(item.shape),
    )


def _inside(shape: Shape) -> tuple[tuple[str, str], ...]:
    return tuple((name, words(item)) for name, item in _fields_of(shape).items())


def _fields_of(shape: Shape) -> Mapping[str, Field]:
    """The fields that a value of the shape, or a member of it, may have; of all forms together."""
    match shape:
        case Record():
            return shape.fields
        case Variant():
            tag = Field(
                Text(choices=tuple(shape.cases)), f"Which form it has: {', '.join(shape.cases)}.", required=True
            )
            known = {name: item for case in shape.cases.values() for name, item in case.fields.items()}
            return {shape.tag: tag, **known}
        case ListOf():
            return _fields_of(shape.item)
        case MapOf():
            return _fields_of(shape.value)
    return {}


def takes(shape: Shape) -> str:
    """Return a description of the values of a shape."""
    match shape:
        case Text(choices=choices):
            return " | ".join(choices) if choices else "a text"
        case Number():
            return "an exact number, plain or quoted"
        case Integer(words=words):
            return " | ".join(("a whole number", *(str(word).lower() for word in words)))
        case Boolean():
            return "true | false"
        case Duration(choices=choices):
            return " | ".join(choices) if choices else "an ISO 8601 duration"
        case Timestamp():
            return "an RFC 3339 time"
        case Reference(kind=kind):
            return f"the key of a {kind.replace('_', ' ')}"
        case Anything():
            return "any value but null"
    return _takes_parts(shape)


def _takes_parts(shape: Shape) -> str:
    match shape:
        case Lazy():
            return takes(shape.get())
        case ListOf():
            return f"a list of: {takes(shape.item)}"
        case MapOf() | LabelMap():
            return "a map with names of your own"
        case Record(short=str(short)):
            return f"{takes(shape.fields[short].shape)} | a map"
    return "a map"
