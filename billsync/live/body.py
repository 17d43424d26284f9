"""Reads the body of an answer, unpacked, up to a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from billsync.live.exchange import TooLong
from billsync.model.limits import ANSWER_BYTES

PACKED = ("gzip", "x-gzip")
WITH_GZIP_HEADER = zlib.MAX_WBITS | 16
PLAIN = ("", "identity")
BROKEN = "the compressed answer can't be decompressed"


def read_body(response: httpx.Response) -> bytes:
    """The whole body. Raises TooLong; httpx.DecodingError for one that can't be unpacked; httpx.TransportError."""
    if response.is_stream_consumed:
        return response.content  # a transport that stands in for the network has read it
    body = bytearray()
    for part in _unpacked(response):
        body += part
        if len(body) > ANSWER_BYTES:
            raise TooLong
    return bytes(body)


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """The parts of the body; each is at most as long as the limit, however well it was packed."""
    assert isinstance(response.stream, httpx.SyncByteStream)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in PLAIN:
        yield from response.stream
        return
    if encoding not in PACKED:
        raise httpx.DecodingError("its compression was not requested", request=response.request)
    unpack = zlib.decompressobj(WITH_GZIP_HEADER)
    is_empty = True
    try:
        for packed in response.stream:
            is_empty = is_empty and not packed
            while packed:
                yield unpack.decompress(packed, ANSWER_BYTES)
                packed = unpack.unconsumed_tail
        yield unpack.flush()
    except zlib.error as error:
        raise httpx.DecodingError(BROKEN, request=response.request) from error
    if not unpack.eof and not is_empty:
        raise httpx.DecodingError(BROKEN, request=response.request)
