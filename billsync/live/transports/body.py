"""Reads the body of an answer, unpacked, up to a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from billsync.live.protocol.exchange import Failed, TooLong
from billsync.model.limits import ANSWER_BYTES

PACKED = ("gzip", "x-gzip")
WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
PLAIN = ("", "identity")
BROKEN = "the compressed answer can't be decompressed"


def read_body(encoding: str, parts: Iterable[bytes]) -> bytes:
    """The whole body, from its parts as they are sent. Raises TooLong, and Failed for one that can't be unpacked."""
    body = bytearray()
    for part in _unpacked(encoding.strip().lower(), parts):
        body += part
        if len(body) > ANSWER_BYTES:
            raise TooLong
    return bytes(body)


def _unpacked(encoding: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts of the body; each is at most as long as the limit, however well it was packed."""
    if encoding in PLAIN:
        yield from parts
        return
    if encoding not in PACKED:
        raise Failed("its compression was not requested")
    unpack = zlib.decompressobj(WITH_GZIP_HEADER)
    is_empty = True
    try:
        for packed in parts:
            is_empty = is_empty and not packed
            while packed:
                yield unpack.decompress(packed, ANSWER_BYTES)
                packed = unpack.unconsumed_tail
        yield unpack.flush()
    except zlib.error as error:
        raise Failed(BROKEN) from error
    if not unpack.eof and not is_empty:
        raise Failed(BROKEN)
