"""Values and names as a person reads them, on one line and without anything that could fool a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from billsync.model.address import Address, Symbol
from billsync.model.note import Note
from billsync.model.value import Masked, Plain, decimal_text

PLAIN_TEXT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+@/-]*", re.ASCII)
ABSENT = "(none)"


def name_of(address: Address) -> str:
    """The names of an entity, with its version: `acme/welcome`, `pro@3`."""
    return visible("/".join(address.names) + (f"@{address.version}" if address.version is not None else ""))


def title_of(address: Address) -> str:
    """An entity for a sentence: `plan pro@3`."""
    return f"{address.kind} {name_of(address)}"


def shown(value: Plain) -> str:
    """A field's value: plain words bare, other text quoted, lists and maps as compact JSON."""
    if value is None:
        return ABSENT
    if isinstance(value, Masked):
        return visible(value.text)
    if isinstance(value, str) and PLAIN_TEXT.fullmatch(value):
        return value
    return visible(json.dumps(readable(value), ensure_ascii=False))


def readable(value: Plain) -> Plain:
    """The value in the types that `json` writes: exact numbers as text, references as `plan/pro@3`.

    A masked value is the words `(from env NAME)`.
    """
    if isinstance(value, Symbol):
        return value.address.text
    if isinstance(value, Masked):
        return value.text
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Mapping):
        return {str(key): readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [readable(item) for item in value]
    return value


def noted(note: Note) -> str:
    """A note on one line, with the code that `billsync explain` takes."""
    return f"note[{note.code}]: {visible(note.text)}"


def visible(text: str) -> str:
    """The text with every character that can't be seen written as its escape."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def with_sign(amount: Decimal) -> str:
    """The exact amount, with its sign unless it is zero."""
    return ("+" if amount > 0 else "") + decimal_text(amount)
