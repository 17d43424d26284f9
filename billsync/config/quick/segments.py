"""A long list at the top of a file, in segments that are read one after the other, as all at once takes much memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billsync.model.frozen import dataclass

_SIZE = 2_000_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a file that is a file by itself: some members of the list, under the list's name."""

    content: bytes
    is_last: bool


def segments(content: bytes, name: str) -> Iterator[Segment]:
    """The segments of a file that holds a list under a name at its top, or the whole of any other.

    Each but the last must hold the list alone at its end. A file is cut in front of signs of members of that list:
    where every line is simple (`lines.are_certain`), such a sign in the list's own column is nothing else.
    """
    heading = name.encode() + b":\n"
    first = re.search(rb"^%b(?:[ ]*(?:#[^\n]*)?\n)*([ ]*)- " % heading, content, re.MULTILINE)
    if first is None or b"\r" in content or len(content) <= _SIZE:
        yield Segment(content, is_last=True)
        return
    sign = b"\n" + first[1] + b"- "
    begin, prefix = 0, b""
    while (cut := content.find(sign, max(begin, first.end()) + _SIZE)) >= 0:
        yield Segment(prefix + content[begin : cut + 1], is_last=False)
        begin, prefix = cut + 1, heading
    yield Segment(prefix + content[begin:], is_last=True)
