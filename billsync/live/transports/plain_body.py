"""The body of an answer whose head is plain in every way: well formed, and framed and packed as all clients read it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from billsync.model.frozen import dataclass
from billsync.model.limits import ANSWER_BYTES


class Failure(Enum):
    """The reason why a GET has no plain answer."""

    UNUSUAL = "anything that isn't named here"
    SILENT = "no byte came for too long"
    OVERDUE = "the whole took too long"
    TOO_LONG = "the body is longer than the limit"


FIELD = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n"


def _block(statuses: bytes) -> bytes:
    return rb"HTTP/1\.[01] (?:%b)(?: [\t -~\x80-\xff]*)?\r\n(?:%b)*\r\n" % (statuses, FIELD)


HEAD = re.compile(_block(b"200|404"))
"""One block of headers of a plain answer, all of it well formed."""
FINAL = re.compile(_block(b"[2-5][0-9][0-9]"))
"""The same of an answer with whatever status."""
INTERIM = re.compile(rb"(?:%b)*" % _block(b"10[02-9]"))
"""The blocks that may come before it."""
SAID = re.compile(rb"\r\n(content-length|transfer-encoding|content-encoding):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.I)
"""The headers that say where a body ends and how it is packed."""
WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
CHUNKED = [(b"transfer-encoding", b"chunked")]
PACKED: tuple[list[bytes], ...] = ([b"gzip"], [b"x-gzip"])
PACKINGS: tuple[list[bytes], ...] = (*PACKED, [b""], [b"identity"], [])


def plain_body(head: bytes, body: bytes) -> bytes | Failure:
    """The body of a plain answer, unpacked; or the reason why it is none."""
    return _body(head, body, HEAD)


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The headers of an answer, and its body, unpacked."""

    headers: Sequence[tuple[bytes, bytes]]
    content: bytes


def final_answer(head: bytes, body: bytes) -> FinalAnswer | Failure:
    """An answer with whatever status that all clients read alike; or the reason why it is none."""
    interim = INTERIM.match(head)
    head = head[interim.end() :] if interim else head
    content = _body(head, body, FINAL)
    if isinstance(content, Failure):
        return content
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:-2]]
    return FinalAnswer([(name, value.strip(b" \t")) for name, _, value in lines], content)


def _body(head: bytes, body: bytes, form: re.Pattern[bytes]) -> bytes | Failure:
    framing = _framing(head, form)
    if framing is None:
        return Failure.UNUSUAL
    if framing.is_chunked and body.endswith(b"\r"):  # of the line end after a chunk whose length is one too many
        return Failure.UNUSUAL
    return _unpacked(body) if framing.is_packed and body else body


@dataclass(frozen=True, slots=True)
class _Framing:
    """The form of a body, as its head says."""

    is_chunked: bool
    is_packed: bool


@lru_cache(maxsize=256)
def _framing(head: bytes, form: re.Pattern[bytes]) -> _Framing | None:
    """The form of the body after this head, as many answers have it; None for one that isn't plain."""
    if form.fullmatch(head) is None:
        return None
    said = [(name.lower(), value.lower()) for name, value in SAID.findall(head)]
    ends = [(name, value) for name, value in said if name != b"content-encoding"]
    packings = [value for name, value in said if name == b"content-encoding"]
    if len(ends) > 1 or packings not in PACKINGS:
        return None
    if ends and ends != CHUNKED and not ends[0][1].isdigit():
        return None
    return _Framing(ends == CHUNKED, packings in PACKED)


def _unpacked(body: bytes) -> bytes | Failure:
    unpack = zlib.decompressobj(WITH_GZIP_HEADER)
    try:
        content = unpack.decompress(body, ANSWER_BYTES + 1)
    except zlib.error:
        return Failure.UNUSUAL
    if len(content) > ANSWER_BYTES:
        return Failure.TOO_LONG
    return content if unpack.eof and not unpack.unused_data else Failure.UNUSUAL
