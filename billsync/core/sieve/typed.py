"""Types of live rows for a compiled decoder: a row that fits its type has no value that billsync doesn't know.

A type is made of the shape of a kind's field and of the API's promise, and takes less than both: what it doesn't take
is in doubt, and not yet wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import GenericAlias
from typing import Annotated, Any, Literal, Optional

import msgspec

from billsync.api import promises
from billsync.api.promises import Promise
from billsync.model.shape import (
    Boolean,
    Duration,
    Field,
    FieldEffect,
    Integer,
    LabelMap,
    ListOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Wire,
)
from billsync.model.walk import resolved

EVERY = "*"

_DAYS = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_CLOCK = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z"
A_MOMENT = rf"(?:20[0-9]{{2}}-{_DAYS}|20(?:[02468][048]|[13579][26])-02-29){_CLOCK}"
_A_MOMENT = Annotated[str, msgspec.Meta(pattern=rf"\A{A_MOMENT}\Z")]
_A_NUMBER = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,30}(?:\.[0-9]{1,30})?\Z")]
_A_DURATION = Annotated[str, msgspec.Meta(pattern=r"\AP(?:[0-9]{1,4}[YMWD]|T[0-9]{1,6}[HMS])\Z")]
_LABELS = dict[str, str]
TEXTS = (str, Optional[str])  # noqa: UP045 (types are values here)
"""The types of any text."""
MOMENTS = (_A_MOMENT, Optional[_A_MOMENT])  # noqa: UP045
"""The types of times."""
NEVER = Literal["\N{NULL}"]
"""The type of a field that rows must not have, not even as null."""

_WORDS: Mapping[str, Any] = {
    promises.TEXT: str,
    promises.MOMENT: _A_MOMENT,
    promises.AMOUNT: _A_NUMBER,
    promises.WHOLE: int,
    promises.BOOLEAN: bool,
}


class Uncompiled(Exception):
    """A shape for which there is no type that certainly takes no more than the full code."""


def is_read(field: Field) -> bool:
    """Whether the full code checks a field of a row. It looks at one of billsync's own where that has a closed list."""
    if field.refused is not None or field.effect in (FieldEffect.ONE_WAY, FieldEffect.ATTACHED):
        return False
    return field.effect is not FieldEffect.OURS or (isinstance(field.shape, Text) and bool(field.shape.choices))


def is_compared(field: Field) -> bool:
    """Whether a field is in a view."""
    return field.refused is None and field.effect not in (
        FieldEffect.OURS,
        FieldEffect.ONE_WAY,
        FieldEffect.ATTACHED,
    )


def is_required(field: Field) -> bool:
    """Whether every row shows a field."""
    return field.required and is_read(field) and not field.unshown and field.effect is not FieldEffect.IDENTITY


def attribute(name: str) -> str:
    """The attribute of a typed row that holds a field."""
    return f"f_{name}"


def optional(form: Any) -> Any:
    """The type, or null."""
    return Optional[form]  # noqa: UP045 (the type is a value here)


def list_of(form: Any) -> Any:
    """The type of lists of a type."""
    return GenericAlias(list, (form,))


def type_of(shape: Shape, promise: Promise | None = None) -> Any:
    """The type of a field's values, none of which is null. Raises Uncompiled."""
    shape = resolved(shape)
    match shape, promise:
        case Text(choices=()), promises.MOMENT | promises.AMOUNT:
            return promised(promise)
        case Text(choices=choices), None | promises.TEXT:
            return Literal[tuple(choices)] if choices else str
        case Number(wire=Wire.TEXT), None | promises.TEXT | promises.AMOUNT:
            return _A_NUMBER
        case Integer(words=()), None | promises.WHOLE:
            return int
        case Boolean(), None | promises.BOOLEAN:
            return bool
        case Duration(), None | promises.TEXT:
            return _A_DURATION
        case Timestamp(), None | promises.TEXT | promises.MOMENT:
            return _A_MOMENT
        case LabelMap(), None | {"*": promises.TEXT}:
            return _LABELS
        case Reference(wire=Wire.TEXT | Wire.BARE), None | promises.TEXT:
            return str
        case Reference(wire=Wire.ID), None:
            return msgspec.defstruct("Referred", [("id", str)], gc=False)
        case ListOf(key=None), None | (_,):
            return list_of(type_of(shape.item, promise[0] if promise else None))
        case Record(rules=(), exactly_one=False), None | Mapping():
            return _record(shape, promise if isinstance(promise, Mapping) else {})
    raise Uncompiled(f"{type(shape).__name__} with {promise}")


def _record(record: Record, promise: Mapping[str, Promise]) -> Any:
    if EVERY in promise:
        raise Uncompiled("a record that is promised as a map")
    told = {name.removesuffix("?"): (of, name.endswith("?")) for name, of in promise.items()}
    fields: list[tuple[str, Any, Any]] = []
    wires: dict[str, str] = {}
    for name, field in record.fields.items():
        if not is_read(field):
            continue
        wire = field.wire or name
        of, may_lack = told.pop(wire, (None, True))
        form = type_of(field.shape, of)
        is_needed = is_required(field) or not may_lack
        fields.append(
            (attribute(name), form if is_needed else optional(form), msgspec.NODEFAULT if is_needed else None)
        )
        wires[attribute(name)] = wire
    rest = _promised_fields({name + "?" * lacks: of for name, (of, lacks) in told.items()})
    return struct("Part", (*fields, *rest[0]), {**wires, **rest[1]})


def promised(promise: Promise) -> Any:
    """The type of values that keep a promise. Raises Uncompiled."""
    match promise:
        case str():
            if promise == promises.ANYTHING:
                return msgspec.Raw
            return _WORDS[promise]
        case tuple():
            return list_of(promised(promise[0]))
        case _ if EVERY in promise:
            return GenericAlias(dict, (str, promised(promise[EVERY])))
    return struct("Promised", *_promised_fields(promise))


def _promised_fields(promise: Mapping[str, Promise]) -> tuple[list[tuple[str, Any, Any]], dict[str, str]]:
    fields: list[tuple[str, Any, Any]] = []
    wires: dict[str, str] = {}
    for told, of in promise.items():
        name = told.removesuffix("?")
        form = promised(of)
        may_lack = told.endswith("?")
        if of == promises.ANYTHING and not may_lack:
            raise Uncompiled("a field that must be there, of any type")
        fields.append((f"p_{name}", optional(form) if may_lack else form, None if may_lack else msgspec.NODEFAULT))
        wires[f"p_{name}"] = name
    return fields, wires


def struct(name: str, fields: Any, wires: Mapping[str, str]) -> Any:
    """A type for a map with these fields; others in it are passed over. Raises Uncompiled where two have one name."""
    if len(set(wires.values())) != len(wires):
        raise Uncompiled("two fields with one name")
    return msgspec.defstruct(name, list(fields), rename=dict(wires), kw_only=True, gc=False)
