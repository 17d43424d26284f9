"""What an unquoted text means: null, a boolean, an exact number, or itself. Never a float, a date or a guess."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from billsync.model.value import Plain

NUMBER_LENGTH = 100
"""Digits of a number, sign and point included: far more than any server holds."""

_WORDS: dict[str, Plain] = {"": None, "~": None, "null": None, "true": True, "false": False}
_STARTS = frozenset("+-.0123456789")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_EXPONENT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:nan|NaN|NAN|inf|Inf|INF)\Z")
_AMBIGUOUS = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)\Z")


@dataclass(frozen=True, slots=True)
class Unfit:
    """A text that looks like a number and is none that could be taken; `code` and what to do about it."""

    code: str
    detail: str
    hint: str


def resolve(text: str) -> Plain | Unfit:
    """The meaning of an unquoted scalar (design.md §3).

    `no`, `on`, dates and `12:30` are texts. A number is an int or a Decimal, exactly as written; one with an
    exponent, a leading zero, an underscore, or in another base is Unfit.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS:
        return text
    return _number(text)


def _number(text: str) -> Plain | Unfit:
    whole = _WHOLE.match(text)
    if (whole or _DECIMAL.match(text)) and len(text) > NUMBER_LENGTH:
        detail = f"it has {len(text)} characters; at most {NUMBER_LENGTH} are read as a number"
        return Unfit("number-too-long", detail, "Quote it if it is a text.")
    if whole:
        return int(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    return _unfit(text) or text


def _unfit(text: str) -> Unfit | None:
    shown = shorten(text)
    if _EXPONENT.match(text):
        return Unfit("number-exponent", f"{shown} has one", "Write all digits, or quote it if it is a text.")
    if _NOT_FINITE.match(text):
        return Unfit("not-a-number", f"{shown} is not finite", "Write a number, or quote it if it is a text.")
    if _AMBIGUOUS.match(text):
        hint = "Write it in plain decimal digits, or quote it if it is a text."
        return Unfit("ambiguous-number", f"{shown} means different things to different readers of YAML", hint)
    return None


def shorten(text: str, length: int = 60) -> str:
    """The text, cut for a message."""
    return text if len(text) <= length else text[: length - 1] + "…"
