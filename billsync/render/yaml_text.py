"""Plain values as YAML that a strict reader reads back identical. Text is quoted unless it can't be mistaken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from billsync.model.value import FloatFound, Plain, decimal_text

SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
TAKEN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def to_yaml(document: Mapping[str, Plain]) -> str:
    """The document in block style, two spaces deep, in the order of its keys; ends with a line break.

    Raises FloatFound for a float, TypeError for what a file can't hold (a Symbol).
    """
    return "\n".join(_mapping(document, "")) + "\n" if document else "{}\n"


def _mapping(value: Mapping[str, Plain], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_text(key)}:", item, indent + "  ")


def _sequence(value: list[Plain] | tuple[Plain, ...], indent: str) -> Iterator[str]:
    for item in value:
        lines = list(_block(item, indent + "  "))
        if lines:
            yield f"{indent}- {lines[0].lstrip(' ')}"
            yield from lines[1:]
        else:
            yield f"{indent}- {_scalar(item)}"


def _entry(head: str, item: Plain, indent: str) -> Iterator[str]:
    lines = list(_block(item, indent))
    yield head if lines else f"{head} {_scalar(item)}"
    yield from lines


def _block(item: Plain, indent: str) -> Iterator[str]:
    """The lines of a map or a list with members; none for anything else."""
    if isinstance(item, Mapping):
        return _mapping(item, indent)
    if isinstance(item, list | tuple):
        return _sequence(item, indent)
    return iter(())


def _scalar(value: Plain) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
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
