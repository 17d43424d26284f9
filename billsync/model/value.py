"""Plain values (what YAML, JSON and views are made of) and their canonical bytes. No float is ever a value."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias

from billsync.model.address import Symbol
from billsync.model.frozen import dataclass
from billsync.model.source import Source

Plain: TypeAlias = Any
"""None, bool, int, Decimal, str, Symbol, Masked, tuple/list of Plain, or a Mapping from str to Plain. No float."""

Fields: TypeAlias = Mapping[str, Plain]
"""The fields of one entity, by name."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Stands for a value that came from a source: what is shown names the source, and never the value.

    `form` names the spelling of the source's text that was replaced (`core.secrets.masking`), so that the value can be
    put back exactly. `proof` is a keyed digest of a value that isn't the source's present one, such as an older secret.
    """

    source: Source
    form: str = "text"
    proof: str = ""

    @property
    def text(self) -> str:
        """The words in the value's place: `(from env STRIPE_ID)`."""
        return f"(from {self.source.text})"

    def __str__(self) -> str:
        return self.text


def leaves(value: Plain) -> Iterator[Plain]:
    """Every part of a value that is neither a map nor a list, in its order."""
    if isinstance(value, str):  # most are: asking whether each is a Mapping takes longer than all the rest
        yield value
        return
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield value
        return
    for item in value:
        yield from leaves(item)


def add_texts(value: Plain, wanted: Container[str], found: set[str]) -> None:
    """Add every text in a value that is wanted to those found, names of members left out."""
    if isinstance(value, str):
        if value in wanted:
            found.add(value)
        return
    if type(value) is dict or isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        if type(item) is not str:
            add_texts(item, wanted, found)
        elif item in wanted:
            found.add(item)


def with_leaves(value: Plain, change: Callable[[Plain], Plain]) -> Plain:
    """The value with every part changed that is neither a map nor a list."""
    if isinstance(value, Mapping):
        return {name: with_leaves(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(with_leaves(item, change) for item in value)
    return change(value)


class Written(dict[str, Any]):
    """A map that is already in the types that `json` writes."""


_AS_IT_IS = frozenset({str, int, bool, type(None)})
_WRITTEN = _AS_IT_IS | {Written}


class FloatFound(TypeError):
    """A binary float got into a value: a bug, as every number is exact from parse to wire."""


def decimal_text(number: Decimal) -> str:
    """The number without exponent, trailing zeros or a negative zero, as the server writes it.

    Source: catalog-facts.md §1.6.
    """
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def jsonable(value: Plain) -> Any:
    """The value in the types that `json` writes.

    A Decimal becomes its text, a tuple a list, a Symbol `{"$symbol": address}`, a Masked `{"$masked": source}`. For
    people and digests: a plan file is written without loss elsewhere. Raises FloatFound for a float.
    """
    of = type(value)
    if of in _WRITTEN:  # most values: asking whether each is a Mapping takes longer than all the rest
        return value
    if of is dict:
        return {str(key): item if type(item) is str else jsonable(item) for key, item in value.items()}
    if of is list or of is tuple:
        return [item if type(item) is str else jsonable(item) for item in value]
    if isinstance(value, float):
        raise FloatFound(repr(value))
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Symbol):
        return {"$symbol": value.address.text}
    if isinstance(value, Masked):
        return {"$masked": value.source.text}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [jsonable(item) for item in value]
    return value


_ON_ONE_LINE = json.JSONEncoder(ensure_ascii=False)
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def json_line(value: Any) -> str:
    """JSON on one line, readable as it is, with an escape for each character that can't be seen.

    A terminal, too, can show it: a name may hold the beginning of a control sequence.
    """
    return _visible(_ON_ONE_LINE.encode(value))


def json_line_quickly(value: Any) -> str:
    """As `json_line`, of what `jsonable` made, in a third of the time where msgspec is loaded."""
    if sys.modules.get("msgspec") is not None:
        try:
            return _visible(_compiled()(value))
        except (ValueError, TypeError, RecursionError, ArithmeticError):  # half of a character, for example
            pass
    return json_line(value)


@cache
def _compiled() -> Callable[[Any], str]:
    from msgspec import json

    encode, spaced = json.Encoder().encode, json.format
    return lambda value: spaced(encode(value), indent=0).decode()


def _visible(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    """JSON's escape of a character: two halves for one beyond the first plane."""
    return json.dumps(char)[1:-1]


def is_text(text: str) -> bool:
    """Whether the text can be sent as UTF-8; an argument in another encoding than the locale's can't."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def canonical(value: Plain) -> bytes:
    """The value's canonical JSON: sorted keys, no white space, UTF-8. Equal values have equal bytes."""
    return _CANONICAL.encode(jsonable(value)).encode()


def certainly_equal(one: Plain, other: Plain) -> bool:
    """Whether two values certainly have the same canonical JSON; False says nothing."""
    of = type(one)
    if of is not type(other):
        return False
    if of is dict:
        if one.keys() != other.keys():
            return False
        for name, item in one.items():  # most are texts: a call for each takes longer than all the rest
            same = other[name]
            if type(item) is str is type(same):
                if item != same:
                    return False
            elif not certainly_equal(item, same):
                return False
        return True
    if of is tuple or of is list:
        return len(one) == len(other) and all(map(certainly_equal, one, other))
    return (of in _AS_IT_IS or of is Decimal or of is Symbol) and bool(one == other)


def digest(value: Plain) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
