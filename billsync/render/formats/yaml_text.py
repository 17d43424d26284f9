"""Plain values as YAML that a strict reader reads back identical. Text is quoted unless it can't be mistaken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from textwrap import wrap
from types import MappingProxyType
from typing import TypeAlias

from billsync.model.kind import Path
from billsync.model.value import FloatFound, Masked, Plain, decimal_text

Comments: TypeAlias = Mapping[Path, tuple[str, ...]]
"""Sentences by the path of what they stand above."""

NONE: Comments = MappingProxyType({})
TAKEN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


WIDTH = 110
MOST_TEXTS = 5_000


def to_yaml(document: Mapping[str, Plain], comments: Comments = NONE) -> str:
    """The document in block style, two spaces deep, in the order of its keys; ends with a line break.

    `comments` stand above what their path names, `()` at the top. Raises FloatFound for a float, TypeError for what a
    file can't hold (a Symbol).
    """
    text = _Text(comments)
    text.comment((), "")
    text.mapping(document, () if text.commented else None, "")
    if not document:
        text.lines.append("{}")
    return "\n".join(text.lines) + "\n"


_LISTS = (list, tuple)


class _Text:
    """The lines so far. A path is None where no comment stands at or below it, so that none is looked up there."""

    def __init__(self, comments: Comments) -> None:
        self.lines: list[str] = []
        self.commented = {path[:length] for path in comments for length in range(1, len(path) + 1)}
        self._comments = comments

    def comment(self, path: Path, indent: str) -> None:
        """The comment lines above what a path names."""
        for text in self._comments.get(path, ()):
            self.lines += [f"{indent}# {line}" for line in _wrapped(_printable(text))]

    def mapping(self, value: Mapping[str, Plain], path: Path | None, indent: str) -> None:
        """A map's members, each in its line or block."""
        lines, within = self.lines, indent + "  "
        for key, item in value.items():
            inner = None if path is None else self._member(path, key, indent)
            if type(item) is str:
                lines.append(f"{indent}{_text(key)}: {_text(item)}")
                continue
            place = len(lines)
            lines.append(f"{indent}{_text(key)}:")
            if not self._block(item, inner, within):
                lines[place] += f" {_scalar(item)}"

    def _sequence(self, value: list[Plain] | tuple[Plain, ...], path: Path | None, indent: str) -> None:
        lines, within = self.lines, indent + "  "
        for number, item in enumerate(value):
            inner = None if path is None else self._member(path, number, indent)
            if type(item) is str:
                lines.append(f"{indent}- {_text(item)}")
                continue
            place = len(lines)
            if self._block(item, inner, within):
                lines[place] = f"{indent}- {lines[place].lstrip(' ')}"
            else:
                lines.append(f"{indent}- {_scalar(item)}")

    def _member(self, path: Path, name: str | int, indent: str) -> Path | None:
        """A member's path, with the comment above it."""
        if (*path, name) not in self.commented:
            return None
        self.comment((*path, name), indent)
        return (*path, name)

    def _block(self, item: Plain, path: Path | None, indent: str) -> bool:
        """The lines of a map or a list with members. False, and none, for anything else."""
        if not item or type(item) is str:
            return False
        if type(item) is dict:
            self.mapping(item, path, indent)
        elif isinstance(item, _LISTS):
            self._sequence(item, path, indent)
        elif isinstance(item, Mapping):
            self.mapping(item, path, indent)
        else:
            return False
        return True


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


def _wrapped(text: str) -> list[str]:
    """The lines of a comment, as `textwrap` makes them of words with one space between two."""
    if not text or "  " in text or text.strip(" ") != text:
        return wrap(text, WIDTH, break_long_words=False) or [""]
    lines, begin = [], 0
    while len(text) - begin > WIDTH:
        end = text.rfind(" ", begin, begin + WIDTH + 1)
        if end < 0 or "-" in text[end + 1 :].partition(" ")[0]:  # it may be parted there
            return wrap(text, WIDTH, break_long_words=False)
        lines.append(text[begin:end])
        begin = end + 1
    return [*lines, text[begin:]]


class _Texts(dict[str, str]):
    """Texts as they are written, of which the first ones are remembered."""

    def __missing__(self, text: str) -> str:
        written = text if _is_safe(text) else _printable(encode_basestring(text))
        if len(self) < MOST_TEXTS:
            self[text] = written
        return written


def _is_safe(text: str) -> bool:
    """Whether it is of ASCII letters, digits, hyphens and underscores, begins with neither digit nor hyphen, and is no
    other value; without a regular expression, in half of its time."""
    is_word = text.isascii() and text.replace("-", "_").isidentifier() and text[0] != "-"
    return is_word and text.lower() not in TAKEN


_text = _Texts().__getitem__


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
