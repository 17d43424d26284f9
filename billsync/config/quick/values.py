"""Bytes of a file → its values by compiled parsers, where the full reader certainly gives the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache, partial

from billsync.config.quick.lines import are_certain
from billsync.model.limits import VALUES
from billsync.model.ports import ParsedMemory
from billsync.model.value import Plain

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
"""U+0080 to U+009F: control characters, and one that ends a line for some readers."""
_ODD = tuple(char.encode() for char in "\u2028\u2029\ufeff\ufffe\uffff")
"""Further characters that end a line for some readers, and others that no text may hold."""
_NO_NUMBERS = (b'.nan"', b'.inf"')
"""Ends of words for numbers that are none: the parser writes them also in the place of keys that look like them."""
_ROOM = (4, 16)
"""Bytes of JSON for each byte of YAML: hardly a file takes more than the first. The parser writes into room that it is
given, as it never frees what it makes room for itself."""


class Doubtful(Exception):
    """It isn't certain that the full reader gives the same."""


def quick_values(content: bytes, memory: ParsedMemory | None = None) -> Plain:
    """The values of a YAML file; raises Doubtful where the full reader is to read it.

    What was read is written again and compared with what the parser says: so no key stands twice in a map, and nothing
    got lost. Then the memory keeps it.
    """
    known = memory.recall(content) if memory else None
    try:
        if known is not None:
            return decoded(known)
        values = _certain_values(certain_text(content))
        if memory:
            memory.keep(content, json_writer()(values))
    except (ValueError, TypeError, RuntimeError) as error:
        raise Doubtful from error
    return values


def certain_text(content: bytes) -> str:
    """The text of a file that isn't too long and has no characters that readers take differently. Its lines end in one
    way.

    Raises Doubtful, UnicodeDecodeError.
    """
    content = content.removeprefix(_BYTE_ORDER_MARK).replace(b"\r\n", b"\n")
    if _has_odd_characters(content) or most_values(content) > VALUES:
        raise Doubtful
    return content.decode("utf-8")


def decoded(parsed: bytes | str) -> Plain:
    """The values in JSON, with exact numbers. Raises ValueError."""
    return _decoder()(parsed)


def _certain_values(text: str) -> Plain:
    if not are_certain(text):
        raise Doubtful
    parsed = _parser()(text.encode())
    values = decoded(parsed)
    if any(word in parsed for word in _NO_NUMBERS) or not _is_complete(values, parsed):
        raise Doubtful
    return values


def _has_odd_characters(content: bytes) -> bool:
    if content.isascii():
        return False
    return _CONTROLS.search(content) is not None or any(char[:1] in content and char in content for char in _ODD)


def most_values(content: bytes) -> int:
    """A bound for the number of values in a file whose lines are simple: each has a byte, and most are counted."""
    return len(content) if len(content) <= VALUES else 2 + sum(map(content.count, (b"\n", b"- ", b",", b"[", b"{")))


@lru_cache
def _parser() -> Callable[[bytes], bytes]:
    import ryml

    def parse(content: bytes) -> bytes:
        try:
            tree = ryml.parse_in_arena(content)
            for times in _ROOM:
                with suppress(IndexError):
                    return bytes(ryml.emit_json_in_place(tree, bytearray(times * len(content))))
        except Exception as error:  # its exceptions have changed with its versions
            raise Doubtful from error
        raise Doubtful

    return parse


@lru_cache
def _decoder() -> Callable[[bytes | str], Plain]:
    import msgspec

    return msgspec.json.Decoder(float_hook=_exact).decode


def _exact(text: str) -> Decimal:
    if "e" in text or "E" in text:
        raise ValueError(text)
    return Decimal(text)


def _is_complete(values: Plain, parsed: bytes) -> bool:
    """Whether values, written as JSON, are what the parser wrote, but for white space."""
    import orjson

    written = json_writer(orjson.OPT_INDENT_2)(values)
    return written == parsed.rstrip() or _squeezed(written) == _squeezed(parsed)


@lru_cache
def json_writer(options: int = 0) -> Callable[[Plain], bytes]:
    """Return a function that writes values as JSON, numbers as they stand in their file."""
    import orjson

    return partial(orjson.dumps, option=options, default=_fragment)


def _squeezed(content: bytes) -> bytes:
    return content.translate(None, b" \n")


def _fragment(value: object) -> object:
    import orjson

    if type(value) is Decimal:
        return orjson.Fragment(format(value, "f"))
    raise TypeError(value)
