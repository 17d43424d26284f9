"""Forms of values in JSON: one declaration writes a value, reads it again, and gives its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from billsync.model.address import Symbol, parse_address
from billsync.model.frozen import dataclass, required_fields
from billsync.model.source import Source
from billsync.model.value import FloatFound, Masked, Plain

Schema: TypeAlias = Mapping[str, Any]
SYMBOL, NUMBER, LITERAL, MASKED = "$symbol", "$number", "$literal", "$masked"
TAGS = frozenset({SYMBOL, NUMBER, LITERAL, MASKED})
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""The errors of reading JSON of another form; a damaged number is an ArithmeticError."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a value: `write` makes its JSON, `read` makes the value again, or raises one of MALFORMED."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: Schema


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a record, by the name of the value's field, with a sentence for people."""

    form: Form
    doc: str


def _of(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is not of the type {kind.__name__}")
        return value

    return read


def _as_it_is(value: Any) -> Any:
    return value


TEXT = Form(_as_it_is, _of(str), {"type": "string"})
COUNT = Form(_as_it_is, _of(int), {"type": "integer"})
FLAG = Form(_as_it_is, _of(bool), {"type": "boolean"})
ADDRESS = Form(lambda address: address.text, parse_address, {"type": "string"})


def optional(form: Form) -> Form:
    """The form of a value that may be None."""
    return Form(
        _as_it_is if form.write is _as_it_is else lambda value: None if value is None else form.write(value),
        lambda value: None if value is None else form.read(value),
        {"anyOf": [form.schema, {"type": "null"}]},
    )


def many(form: Form) -> Form:
    """The form of a tuple."""
    return Form(
        list if form.write is _as_it_is else lambda values: [form.write(value) for value in values],
        lambda values: tuple(form.read(value) for value in _of(list)(values)),
        {"type": "array", "items": form.schema},
    )


def map_of(key: Form, value: Form) -> Form:
    """The form of a mapping, sorted by its keys."""
    return Form(
        lambda pairs: dict(sorted((key.write(name), value.write(item)) for name, item in pairs.items())),
        lambda pairs: {key.read(name): value.read(item) for name, item in _of(dict)(pairs).items()},
        {"type": "object", "additionalProperties": value.schema},
    )


def choice(of: type[Enum]) -> Form:
    """The form of a member of an enumeration."""
    return Form(lambda member: member.value, of, {"enum": [member.value for member in of]})


def record(make: type, doc: str, members: Mapping[str, Member]) -> Form:
    """The form of a dataclass. A member that the JSON lacks has its default; one that the class lacks is an error."""
    needed = required_fields(make)

    def read(value: Any) -> Any:
        if unknown := _of(dict)(value).keys() - members.keys():
            raise ValueError(f"unknown member {min(unknown)!r}")
        return make(**{name: members[name].form.read(item) for name, item in value.items()})

    return Form(
        _writer({name: member.form.write for name, member in members.items()}),
        read,
        {
            "type": "object",
            "description": doc,
            "properties": {name: {**member.form.schema, "description": member.doc} for name, member in members.items()},
            "required": [name for name in members if name in needed],
            "additionalProperties": False,
        },
    )


def _writer(writes: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Writes the members of a record; it is compiled, as a run writes a step for each of its calls."""
    known = {f"write_{name}": write for name, write in writes.items()}
    parts = (
        f"{name!r}: value.{name}" if write is _as_it_is else f"{name!r}: write_{name}(value.{name})"
        for name, write in writes.items()
    )
    made: Callable[[Any], Any] = eval(f"lambda value: {{{', '.join(parts)}}}", known)
    return made


_AS_IT_IS = frozenset({str, int, bool, type(None)})


_EXACT = re.compile("-?[0-9]+([.][0-9]+)?", re.ASCII)


def _number(text: Any) -> Decimal:
    """An exact number in plain digits: an exponent could make one that fills the memory."""
    if not _EXACT.fullmatch(TEXT.read(text)):
        raise ValueError(f"{text[:40]!r} is no number in plain digits")
    return Decimal(text)


def _tagged(value: Plain) -> Any:
    """The value in JSON's types; a value of any other type becomes a map with one tagged member."""
    of = type(value)
    if of in _AS_IT_IS:
        return value
    if of is dict:
        return _tagged_map(value)
    if isinstance(value, float):
        raise FloatFound(repr(value))
    if isinstance(value, Symbol):
        return {SYMBOL: value.address.text}
    if isinstance(value, Decimal):
        return {NUMBER: format(value, "f")}
    if isinstance(value, Masked):
        return {MASKED: [value.source.form, value.source.name, value.form, value.proof]}
    if isinstance(value, Mapping):
        return _tagged_map(value)
    if isinstance(value, tuple | list):
        return [_tagged(item) for item in value]
    return value


def _tagged_map(value: Mapping[str, Plain]) -> Any:
    plain = {str(key): item if type(item) is str else _tagged(item) for key, item in value.items()}
    return plain if TAGS.isdisjoint(plain) else {LITERAL: plain}


def _untagged(value: Any) -> Plain:
    if isinstance(value, dict):
        if value.keys() == {SYMBOL}:
            return Symbol(parse_address(value[SYMBOL]))
        if value.keys() == {NUMBER}:
            return _number(value[NUMBER])
        if value.keys() == {MASKED}:
            form, name, spelling, proof = value[MASKED]
            return Masked(Source(form, name), spelling, proof)
        inner = value[LITERAL] if value.keys() == {LITERAL} else value
        return {key: _untagged(item) for key, item in inner.items()}
    if isinstance(value, list):
        return tuple(_untagged(item) for item in value)
    return value


PLAIN = Form(
    _tagged,
    _untagged,
    {
        "$comment": f"Any JSON value. {{{NUMBER}: text}} is an exact number, {{{SYMBOL}: address}} stands for the id "
        f"of an entity, {{{MASKED}: [form, name, spelling, proof]}} for a value from the environment or from another "
        f"file, and {{{LITERAL}: object}} is an object with a member of such a name."
    },
)
"""Any plain value, without loss: numbers stay exact, symbols stay symbols."""

FIELDS = Form(_tagged, lambda value: _untagged(_of(dict)(value)), {"type": "object", **PLAIN.schema})
"""The fields of an entity."""


def _as_shown(value: Any) -> Plain:
    if isinstance(value, dict):
        if value.keys() == {NUMBER}:
            return _number(value[NUMBER])
        inner = value[LITERAL] if value.keys() == {LITERAL} else value
        return {key: _as_shown(item) for key, item in inner.items()}
    return [_as_shown(item) for item in value] if isinstance(value, list) else value


SHOWN = Form(_tagged, lambda value: _as_shown(_of(dict)(value)), {"type": "object", **PLAIN.schema})
"""The fields of a server's row, with lists as they come from the server."""

PATH = Form(
    list,
    lambda value: tuple(part if type(part) is int else TEXT.read(part) for part in _of(list)(value)),
    {"type": "array", "items": {"type": ["string", "integer"]}},
)
