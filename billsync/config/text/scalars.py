"""Values of unquoted texts: null, a boolean, an exact number, or the text. Never a float, a date or a guess."""

from __future__ import annotations

import re
from decimal import Decimal

from billsync.model.frozen import dataclass
from billsync.model.limits import NUMBER_CHARACTERS, SHOWN_CHARACTERS
from billsync.model.value import Plain

_WORDS: dict[str, Plain] = {"": None, "~": None, "null": None, "true": True, "false": False}
_STARTS = frozenset("+-.0123456789")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_LONG = re.compile(r"[-+.]?[0-9][0-9_.]*(?:[eE][-+]?[0-9]+)?\Z")
"""Anything like a number, in one pass: the other forms are looked for in short texts only."""
_EXPONENT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:nan|NaN|NAN|inf|Inf|INF)\Z")
_AMBIGUOUS = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)\Z")


@dataclass(frozen=True, slots=True)
class Unfit:
    """A text that looks like a number but isn't an acceptable one; `code`, `detail` and `hint` are its diagnostic's."""

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
    if len(text) > NUMBER_CHARACTERS:
        detail = f"it has {len(text):,} characters; at most {NUMBER_CHARACTERS} are read as a number"
        return Unfit("number-too-long", detail, "Quote it if it is a text.") if _LONG.match(text) else text
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    return _unfit(text) or text


def _unfit(text: str) -> Unfit | None:
    shown = shorten(text)
    if _EXPONENT.match(text):
        return Unfit("number-exponent", f"{shown} has an exponent", "Write all digits, or quote it if it is a text.")
    if _NOT_FINITE.match(text):
        return Unfit("not-a-number", f"{shown} is not finite", "Write a number, or quote it if it is a text.")
    if _AMBIGUOUS.match(text):
        hint = "Write it in plain decimal digits, or quote it if it is a text."
        return Unfit("ambiguous-number", f"{shown} means different things to different readers of YAML", hint)
    return None


def shorten(text: str, length: int = SHOWN_CHARACTERS) -> str:
    """The text, cut for a message, with line ends and control characters as escapes."""
    cut = text if len(text) <= length else text[: length - 1] + "…"
    return cut if cut.isprintable() else "".join(map(_visible, cut))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
