"""Documents as JSON text, a piece at a time, so that a long list needs no memory for its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, TypeVar, overload

from billsync.model.value import json_line

Row = TypeVar("Row")
CHUNK = 65_536


class Lines(Sequence[Any]):
    """A long list of a document: each row is formed when it is written, on a line of its own."""

    def __init__(self, rows: Sequence[Row], form: Callable[[Row], Any]) -> None:
        self._rows = rows
        self._form = form

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Lines(self._rows[index], self._form)
        return self._form(self._rows[index])


def json_text(document: Any) -> str:
    """The document with two spaces for each level; ends with a line break."""
    return "".join(json_chunks(document))


def json_chunks(document: Any) -> Iterator[str]:
    """The document with two spaces for each level, and a line break at its end, in chunks that are worth writing."""
    held: list[str] = []
    size = 0
    for piece in chain(_pieces(document, "\n"), "\n"):
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def _pieces(value: Any, line: str) -> Iterator[str]:
    """The value's text; `line` begins a line at its level."""
    if isinstance(value, Lines):
        yield from _inside("[]", ([json_line(row)] for row in value), line)
    elif isinstance(value, Mapping):
        members = (chain((f"{json_line(name)}: ",), _pieces(item, line + "  ")) for name, item in value.items())
        yield from _inside("{}", members, line)
    elif isinstance(value, list | tuple):
        yield from _inside("[]", (_pieces(item, line + "  ") for item in value), line)
    else:
        yield format(value, "f") if isinstance(value, Decimal) else json_line(value)


def _inside(brackets: str, items: Iterable[Iterable[str]], line: str) -> Iterator[str]:
    between = brackets[0]
    for item in items:
        yield f"{between}{line}  "
        yield from item
        between = ","
    yield brackets if between != "," else f"{line}{brackets[1]}"
