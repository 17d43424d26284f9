"""A body in chunks, as all clients read it: sizes alone, no extensions, and nothing after the last one."""

from __future__ import annotations

import re
from collections.abc import Callable

from billsync.model.limits import ANSWER_BYTES

SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
LONGEST_SIZE = len(b"ffffffff\r\n")

More = Callable[[], bytes]
"""Gives the bytes that come next; none at the end."""


class Odd(Exception):
    """An answer that clients may read in different ways."""


class CutOff(Exception):
    """An answer ended before its end."""


class TooLong(Exception):
    """A body is longer than the limit."""


def body_of_chunks(begun: bytes, more: More) -> tuple[bytes, bytes]:
    """The body, and what came after it; `begun` came already. Raises Odd, CutOff, TooLong, and what `more` raises."""
    read, parts = bytearray(begun), list[bytes]()
    size = 0
    while True:
        while (found := SIZE.match(read)) is None:
            if len(read) >= LONGEST_SIZE:
                raise Odd
            _go_on(read, more)
        begin, length = found.end(), int(found[1], 16)
        del found  # it holds on to what was read, which can't grow meanwhile
        end = begin + length
        while len(read) < end + 2:
            check_size(size + len(read))
            _go_on(read, more)
        if read[end : end + 2] != b"\r\n":
            raise Odd
        if not length:
            return b"".join(parts), bytes(read[end + 2 :])
        parts.append(bytes(read[begin:end]))
        size += length
        check_size(size)
        del read[: end + 2]


def check_size(size: int) -> None:
    """Raise TooLong for so many bytes of a body."""
    if size > ANSWER_BYTES:
        raise TooLong


def _go_on(read: bytearray, more: More) -> None:
    part = more()
    if not part:
        raise CutOff
    read += part
