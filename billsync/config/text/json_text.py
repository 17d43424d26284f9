"""JSON text -> nodes with positions, by the same builder and limits as YAML. Numbers stay exact; nothing recurses."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import Enum, auto

from billsync.config.text.builder import Limits, NodeBuilder
from billsync.config.text.scalars import shorten
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass

_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<mark>[\[\]{},:])|(?P<text>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.]))|(?P<word>true|false|null)\b|(?P<end>\Z))"
)
_BLANK = re.compile(r"[ \t\r\n]*")
_WORDS = {"true": True, "false": False, "null": None}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Want(Enum):
    """The tokens that may come next."""

    VALUE = auto()
    ITEM_OR_END = auto()
    KEY = auto()
    KEY_OR_END = auto()
    COLON = auto()
    COMMA_OR_END = auto()
    NOTHING = auto()


_EXPECTED = {
    _Want.VALUE: "a value",
    _Want.ITEM_OR_END: "a value or `]`",
    _Want.KEY: "a key in double quotes",
    _Want.KEY_OR_END: "a key in double quotes or `}`",
    _Want.COLON: "`:`",
    _Want.COMMA_OR_END: "`,` or the closing bracket",
    _Want.NOTHING: "the end of the file",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: Position


def read_json(text: str, file: str, limits: Limits) -> NodeBuilder:
    """The one value in the text, and its errors."""
    reader = _JsonReader(NodeBuilder(limits))
    for token in _tokens(text, file):
        if reader.done or not reader.take(token):
            break
    return reader.builder


def _tokens(text: str, file: str) -> Iterator[_Token]:
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]

    def place(offset: int) -> Position:
        line = bisect_right(lines, offset)
        return Position(file, line, offset - lines[line - 1] + 1)

    offset = 0
    while match := _TOKEN.match(text, offset):
        kind = match.lastgroup or "end"
        yield _Token(kind, match.group(kind), place(match.start(kind)))
        if kind == "end":
            return
        offset = match.end()
    offset = _BLANK.match(text, offset).end()  # type: ignore[union-attr]
    yield _Token("unknown", text[offset : offset + 20].split("\n")[0], place(offset))


class _JsonReader:
    """JSON's grammar as a machine with a stack."""

    def __init__(self, builder: NodeBuilder) -> None:
        self.builder = builder
        self.done = False
        self._want = _Want.VALUE
        self._open: list[str] = []

    def take(self, token: _Token) -> bool:
        """Feed one token; False when it doesn't fit, or a limit is reached."""
        if token.kind == "end" and self._want is _Want.NOTHING:
            self.done = True
        elif token.kind == "mark" and self._fits_mark(token.text):
            self._mark(token)
        elif token.kind == "text" and self._want in (_Want.KEY, _Want.KEY_OR_END):
            self._text(token)
            self._want = _Want.COLON
        elif token.kind in ("text", "number", "word") and self._want in (_Want.VALUE, _Want.ITEM_OR_END):
            self._scalar(token)
            self._after_value()
        else:
            self._refuse(token)
        return not self.builder.stopped

    def _fits_mark(self, mark: str) -> bool:
        want = self._want
        if mark in "[{":
            return want in (_Want.VALUE, _Want.ITEM_OR_END)
        if mark == ":":
            return want is _Want.COLON
        if mark == ",":
            return want is _Want.COMMA_OR_END
        closes = bool(self._open) and self._open[-1] + mark in ("[]", "{}")
        return closes and want in (_Want.COMMA_OR_END, _Want.ITEM_OR_END if mark == "]" else _Want.KEY_OR_END)

    def _mark(self, token: _Token) -> None:
        mark = token.text
        if mark in "[{":
            self._open.append(mark)
            self.builder.open(token.place, is_map=mark == "{")
            self._want = _Want.KEY_OR_END if mark == "{" else _Want.ITEM_OR_END
        elif mark == ":":
            self._want = _Want.VALUE
        elif mark == ",":
            self._want = _Want.KEY if self._open[-1] == "{" else _Want.VALUE
        else:
            self._open.pop()
            self.builder.close()
            self._after_value()

    def _after_value(self) -> None:
        self._want = _Want.COMMA_OR_END if self._open else _Want.NOTHING

    def _scalar(self, token: _Token) -> None:
        if token.kind == "text":
            self._text(token)
        elif token.kind == "number":
            self.builder.plain_scalar(token.text, token.place)
        else:
            self.builder.constant(_WORDS[token.text], token.text, token.place)

    def _text(self, token: _Token) -> None:
        try:
            text = json.loads(token.text)
        except ValueError:
            self.builder.report("not-json", token.place, "this text has an escape that JSON doesn't know")
            text = token.text[1:-1]
        if _LONE_SURROGATE.search(text):
            self.builder.report("forbidden-character", token.place, "half a surrogate pair is escaped in this text")
            text = _LONE_SURROGATE.sub("\ufffd", text)
        self.builder.quoted_scalar(text, token.place)

    def _refuse(self, token: _Token) -> None:
        found = f"`{shorten(token.text, 20)}`" if token.text else "the end of the file"
        self.builder.report("not-json", token.place, f"expected {_EXPECTED[self._want]}, found {found}")
        self.builder.stopped = True
