"""Shapes without parts → JSON Schema (2020-12). Ranges of numbers that are written as text are checked elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billsync.kinds.forms import EXACT
from billsync.model import duration, moment
from billsync.model.limits import NUMBER_CHARACTERS
from billsync.model.shape import Anything, Boolean, Duration, Integer, Number, Reference, Shape, Text, Timestamp
from billsync.schema.texts import TEXT

_LENGTH = {"maxLength": NUMBER_CHARACTERS}
"""For texts of any length that are numbers in some way."""


def leaf_schema(shape: Shape) -> dict[str, Any]:
    """The schema of a value without parts."""
    match shape:
        case Text():
            return _text(shape)
        case Number():
            return {"type": ["string", "number"], "pattern": EXACT, **_LENGTH, **_range(shape)}
        case Integer():
            return _whole(shape)
        case Boolean():
            return {"type": "boolean"}
        case Duration(choices=choices):
            known = {"examples": list(choices)} if choices else {}
            return {"type": "string", "pattern": duration.PATTERN, **_LENGTH, **known}
        case Timestamp(words=words):
            time = {"type": "string", "pattern": moment.PATTERN, **_LENGTH}
            return {"anyOf": [{"enum": list(words)}, time]} if words else time
        case Reference():
            return {**TEXT}
        case Anything():
            return {"type": ["object", "array", "string", "number", "boolean"]}
    raise TypeError(f"{shape!r} has parts")


def _text(shape: Text) -> dict[str, Any]:
    if shape.choices:
        return {"type": "string", "enum": list(shape.choices)}
    limits = {"minLength": shape.minimum or None, "maxLength": shape.maximum, "pattern": shape.pattern}
    return {"type": "string", **{name: limit for name, limit in limits.items() if limit is not None}}


def _whole(shape: Integer) -> dict[str, Any]:
    limits = {"minimum": shape.minimum, "maximum": shape.maximum}
    number = {"type": "integer", **{name: limit for name, limit in limits.items() if limit is not None}}
    return {"anyOf": [number, {"enum": list(shape.words)}]} if shape.words else number


def _range(shape: Number) -> dict[str, Any]:
    limits = {"minimum": shape.minimum, "exclusiveMinimum": shape.above, "maximum": shape.maximum}
    return {name: _plain(limit) for name, limit in limits.items() if limit is not None}


def _plain(limit: Decimal) -> int:
    """A limit as a whole number: none of the API's has a fraction."""
    if limit != limit.to_integral_value():
        raise ValueError(f"a limit with a fraction: {limit}")
    return int(limit)


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with null as one more value."""
    kinds = schema.get("type")
    if kinds is None or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}
