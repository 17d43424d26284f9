"""JSON in and out without losing a digit: a number with a point or an exponent is a Decimal, never a float."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

Document = dict[str, Any]


class NotJson(ValueError):
    """The text is not JSON; the message says where."""


def parse(text: str) -> Any:
    """The first JSON value of the text; the rest is ignored, as on the real server (catalog-facts.md §1.2).

    Raises NotJson, also for extreme nesting or numbers with too many digits.
    """
    try:
        value, _ = _DECODER.raw_decode(text.lstrip(" \t\r\n"))
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None
    return value


def text_of(value: Any) -> str:
    """The value as compact JSON. The C encoder does it, unless a Decimal is inside."""
    try:
        return _COMPACT(value)
    except TypeError:
        return _exact(value)


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_exact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_exact, value)) + "]"
    return json.dumps(value)


def number_text(number: Decimal) -> str:
    """The number without an exponent where that is short, as JSON readers expect."""
    return f"{number:f}" if -20 < number.adjusted() < 30 else f"{number:e}"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
