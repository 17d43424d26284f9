"""Answers that never end, or that are far longer than they look: each ends in a clear error, in virtual time."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import httpx
import pytest

from billsync.live.client import Client, Settings
from billsync.live.lists.cursors import read_forward
from billsync.live.transports import body
from billsync.live.transports.wire import DeadlineTransport
from billsync.model.limits import ANSWER_BYTES, LIST_ROWS, REQUEST_SECONDS
from billsync.model.ports import Answer, GaveUp, RemoteError, Unclear
from tests.support.clock import FakeClock
from tests.support.mock_list import TARGET, client, rows

MEGABYTE = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Endless(httpx.SyncByteStream):
    """A body without an end; `sent` counts its bytes."""

    def __init__(self, part: bytes) -> None:
        self.part = part
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += len(self.part)
            yield self.part


def packed(*, megabytes: int) -> bytes:
    """So many megabytes of JSON, packed small."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(b'{"data":["')] + [packer.compress(b"a" * MEGABYTE) for _ in range(megabytes)]
    return b"".join(parts) + packer.flush()


def test_an_answer_without_an_end_is_given_up() -> None:
    stream = Endless(b"a" * MEGABYTE)

    with pytest.raises(GaveUp) as raised:
        client(lambda request: httpx.Response(200, stream=stream)).get("/x")

    assert str(raised.value) == "GET /x: the answer is longer than 64 MiB"
    assert stream.sent == ANSWER_BYTES + MEGABYTE


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_packed_answer_is_never_unpacked_past_the_limit(method: str) -> None:
    bomb = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(packed(megabytes=70)))
    calls = [0]

    def handler(request: httpx.Request) -> httpx.Response:
        calls[0] += 1
        return bomb

    with pytest.raises(GaveUp) as raised:
        client(handler).get("/x") if method == "GET" else client(handler).call("POST", "/x", {})

    assert (str(raised.value), calls) == (f"{method} /x: the answer is longer than 64 MiB", [1])


def test_each_part_that_is_unpacked_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few packed bytes must not become a gigabyte before anybody counts."""
    monkeypatch.setattr(body, "ANSWER_BYTES", 1000)

    assert max(len(part) for part in body._unpacked("gzip", [packed(megabytes=1)])) <= 1000


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_a_packed_answer_is_read(encoding: str) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    content = packer.compress(b'{"id": "1"}') + packer.flush()

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(content))

    assert client(handler).get("/x") == Answer(200, {"id": "1"})


@pytest.mark.parametrize(
    ("encoding", "content"),
    [("gzip", b"nogzip"), ("gzip", packed(megabytes=0)[:-4]), ("br", b"x"), ("gzip, gzip", b"x")],
)
def test_an_answer_that_cannot_be_unpacked_is_lost(encoding: str, content: bytes) -> None:
    response = httpx.Response(200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(content))

    with pytest.raises(Unclear) as raised:
        client(lambda request: response).call("POST", "/x", {})

    assert str(raised.value).startswith("POST /x: the answer was lost (")


class Dripping(httpcore.NetworkStream, httpcore.NetworkBackend):
    """A network that says something, and then the same again every few virtual seconds."""

    def __init__(self, clock: FakeClock, first: bytes, again: bytes, seconds: float) -> None:
        self._clock, self._parts, self._again, self._seconds = clock, [first], again, seconds
        self.requests = 0

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.requests += 1
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._parts:
            return self._parts.pop()
        self._clock.advance(self._seconds)
        return self._again

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        return None

    def close(self) -> None:
        return None

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


DRIPS = {
    "a byte of the body": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "a chunk of the body": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a byte of the headers": (HEAD + b"X-Long: ", b"x"),
    "a header": (HEAD, b"X: y\r\n"),
    "an answer that isn't one yet": (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_drips_is_given_up_in_time(method: str, drip: str) -> None:
    clock = FakeClock()
    began = clock.now()
    network = Dripping(clock, *DRIPS[drip], seconds=5.0)
    settings = Settings(network=DeadlineTransport(clock, proxy=None, network=network))

    with pytest.raises(GaveUp) as raised:
        Client(TARGET, clock, settings).call(method, "/x")

    assert str(raised.value) == f"{method} /x: the answer took longer than 60 seconds"
    assert network.requests == 1
    assert (clock.now() - began).total_seconds() == REQUEST_SECONDS


def test_the_time_of_a_request_can_be_given() -> None:
    clock = FakeClock()
    began = clock.now()
    network = Dripping(clock, *DRIPS["a byte of the body"], seconds=5.0)
    transport = DeadlineTransport(clock, proxy=None, network=network, seconds=120)

    with pytest.raises(GaveUp) as raised:
        Client(TARGET, clock, Settings(network=transport, request_seconds=120)).get("/x")

    assert str(raised.value) == "GET /x: the answer took longer than 120 seconds"
    assert (clock.now() - began).total_seconds() == 120


def test_an_answer_that_drips_is_not_asked_for_again() -> None:
    clock = FakeClock()
    network = Dripping(clock, *DRIPS["a byte of the body"], seconds=5.0)

    with pytest.raises(GaveUp):
        Client(TARGET, clock, Settings(network=DeadlineTransport(clock, proxy=None, network=network))).get("/x")

    assert network.requests == 1


def cursors(
    data: Callable[[int], list[dict[str, object]]],
) -> tuple[Callable[[httpx.Request], httpx.Response], list[int]]:
    """A list whose every page names a page after it."""
    calls: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(1)
        page = {"size": 100, "next": f"c{len(calls)}"}
        return httpx.Response(200, json={"data": data(len(calls)), "meta": {"page": page}})

    return handler, calls


def test_cursors_that_lead_to_nothing_for_ever_end_in_a_clear_error() -> None:
    handler, calls = cursors(lambda number: [])

    with pytest.raises(RemoteError) as raised:
        read_forward(client(handler), "/x", [], size=100)

    assert str(raised.value) == "GET /x: the list doesn't end; billsync gave up after 0 rows"
    assert len(calls) == 101


def test_cursors_with_rows_for_ever_end_in_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billsync.live.lists.cursors.LIST_ROWS", 1000)
    handler, calls = cursors(lambda number: rows(100))

    with pytest.raises(RemoteError) as raised:
        read_forward(client(handler), "/x", [], size=100)

    assert str(raised.value) == "GET /x: the list doesn't end; billsync gave up after 1,100 rows"
    assert (len(calls), LIST_ROWS) == (11, 1_000_000)
