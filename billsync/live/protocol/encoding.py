"""JSON that keeps every number exact, both ways. It must never let a binary float through."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from typing import NoReturn

from billsync.model.value import FloatFound, Plain, decimal_text


class NotJson(ValueError):
    """The bytes are not one complete JSON value."""


def decode(content: bytes) -> Plain:
    """The JSON value, with Decimal for numbers with a fraction or an exponent, and int for others. Raises NotJson."""
    is_usual = content[:1] in (b"{", b"[") and content[1:2] not in (b"", b"\0")  # most are, and looking on takes longer
    try:
        form = "utf-8" if is_usual else json.detect_encoding(content)
        return _EXACT.decode(content.decode(form, "surrogatepass"))
    except (ValueError, RecursionError, ArithmeticError) as error:  # an exponent may be too large for a Decimal
        raise NotJson(str(error)) from error


def decode_quickly(content: bytes) -> Plain:
    """As `decode`, in a quarter of the time where msgspec is loaded: it gives the same value, or an error. Loading it
    takes longer than a few answers do. Raises NotJson."""
    if sys.modules.get("msgspec") is not None:
        try:
            return _compiled()(content)
        except (ValueError, RecursionError, ArithmeticError):  # not JSON, or what only the standard library takes
            pass
    return decode(content)


@cache
def _compiled() -> Callable[[bytes], Plain]:
    import msgspec

    return msgspec.json.Decoder(float_hook=Decimal).decode


def encode(value: Plain) -> bytes:
    """The value as compact JSON in UTF-8; a Decimal is written as an exact number, without exponent.

    Raises FloatFound for a float, TypeError for a value that JSON can't hold (an unbound Symbol, for example).
    """
    return _text(value).encode()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_EXACT = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


_WORDS = {True: "true", False: "false", None: "null"}


def _text(value: Plain) -> str:
    of = type(value)
    if of is str:
        return encode_basestring(value)
    if of is dict:
        parts = [
            f"{_string(key)}:{encode_basestring(item) if type(item) is str else _text(item)}"
            for key, item in value.items()
        ]
        return "{" + ",".join(parts) + "}"
    if of is list or of is tuple:
        return "[" + ",".join([encode_basestring(item) if type(item) is str else _text(item) for item in value]) + "]"
    if of is bool or value is None:
        return _WORDS[value]
    if isinstance(value, float):
        raise FloatFound(repr(value))
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_string(key)}:{_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _string(key: object) -> str:
    if type(key) is str:
        return encode_basestring(key)
    if not isinstance(key, str):
        raise TypeError(f"a JSON member's name must be text, not {key!r}")
    return encode_basestring(key)
