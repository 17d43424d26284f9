"""Plain values as YAML that a strict reader reads back identical. Text is quoted unless it can't be mistaken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from textwrap import wrap
from types import MappingProxyType
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.model.kind import Path
from billsync.model.value import FloatFound, Masked, Plain, decimal_text

SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
Comments: TypeAlias = Mapping[Path, tuple[str, ...]]
"""Sentences by the path of what they stand above."""

NONE: Comments = MappingProxyType({})
TAKEN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


WIDTH = 110


def to_yaml(document: Mapping[str, Plain], comments: Comments = NONE) -> str:
    """The document in block style, two spaces deep, in the order of its keys; ends with a line break.

    `comments` stand above what their path names, `()` at the top. Raises FloatFound for a float, TypeError for what a
    file can't hold (a Symbol).
    """
    lines = [*_comment(comments, (), ""), *(_mapping(document, _Place((), "", comments)) if document else ["{}"])]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of a value: its path, its indent, and the comments of the whole document."""

    path: Path
    indent: str
    comments: Comments

    def at(self, name: str | int) -> _Place:
        """A member's place."""
        return _Place((*self.path, name), self.indent + "  ", self.comments)

    def said(self, name: str | int) -> Iterator[str]:
        """The comment lines above a member."""
        return _comment(self.comments, (*self.path, name), self.indent)


def _comment(comments: Comments, path: Path, indent: str) -> Iterator[str]:
    for text in comments.get(path, ()):
        clean = "".join(char if char.isprintable() else _escape(char) for char in text)
        yield from (f"{indent}# {line}" for line in wrap(clean, WIDTH, break_long_words=False) or [""])


def _mapping(value: Mapping[str, Plain], place: _Place) -> Iterator[str]:
    for key, item in value.items():
        yield from place.said(key)
        yield from _entry(f"{place.indent}{_text(key)}:", item, place.at(key))


def _sequence(value: list[Plain] | tuple[Plain, ...], place: _Place) -> Iterator[str]:
    for number, item in enumerate(value):
        yield from place.said(number)
        lines = list(_block(item, place.at(number)))
        if lines:
            yield f"{place.indent}- {lines[0].lstrip(' ')}"
            yield from lines[1:]
        else:
            yield f"{place.indent}- {_scalar(item)}"


def _entry(head: str, item: Plain, place: _Place) -> Iterator[str]:
    lines = list(_block(item, place))
    yield head if lines else f"{head} {_scalar(item)}"
    yield from lines


def _block(item: Plain, place: _Place) -> Iterator[str]:
    """The lines of a map or a list with members; none for anything else."""
    if isinstance(item, Mapping):
        return _mapping(item, place)
    if isinstance(item, list | tuple):
        return _sequence(item, place)
    return iter(())


def _scalar(value: Plain) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Masked):
        return f"{value.source.tag} {_text(value.source.name)}"
    if isinstance(value, float):
        raise FloatFound(repr(value))
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    raise TypeError(f"a file can't hold {value!r}")


def _text(text: str) -> str:
    if SAFE.fullmatch(text) and text.lower() not in TAKEN:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(char) for char in quoted)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
