"""The server over a socket: clients that are slow, silent, wrong or many stop nobody else. No limit is waited for."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from billsync.local import create_app, http_server
from billsync.local.http_server import LoopbackServer
from billsync.local.store.limits import BODY_BYTES, HEADER_BYTES, IDLE_SECONDS, REQUEST_SECONDS, THREADS
from tests.local.conftest import Hands

pytestmark = pytest.mark.thorough

METERS = "/api/v3/openmeter/meters"
METER = {"key": "calls", "name": "Calls", "aggregation": "count", "event_type": "call"}
HEADERS = " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
POST = f"POST {METERS}{HEADERS}"
STALLED = {
    "nothing": "",
    "half a line": "POST /api",
    "half of the headers": f"GET {METERS} HTTP/1.1\r\nHost: local",
    "half a body": f'{POST}Content-Length: 100\r\n\r\n{{"key"',
    "no body": f"{POST}Content-Length: 100\r\n\r\n",
    "half a chunk": f"{POST}Transfer-Encoding: chunked\r\n\r\n64\r\n{{",
    "a wait for permission": f"{POST}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
    "a body with a GET": f"GET {METERS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{",
    "the clock": f"POST /local/clock{HEADERS}Content-Length: 9\r\n\r\n",
}
BROKEN = {
    "no request": ("hello\r\n\r\n", 400),
    "a length that is none": (f"{POST}Content-Length: many\r\n\r\n{{}}", 400),
    "a negative length": (f"{POST}Content-Length: -1\r\n\r\n{{}}", 400),
    "two lengths": (f"{POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}", 400),
    "a chunk of no size": (f"{POST}Transfer-Encoding: chunked\r\n\r\nZZZ\r\n", 400),
    "a chunk that goes on": (f"{POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}{{}}\r\n0\r\n\r\n", 400),
    "another encoding": (f"{POST}Transfer-Encoding: gzip\r\n\r\n", 501),
    "a header that is none": (f"GET {METERS} HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400),
    "too long a line": (f"GET /{'a' * (HEADER_BYTES - 5)}", 431),
    "too many headers": (("GET / HTTP/1.1\r\n" + "X: yz\r\n" * HEADER_BYTES)[:HEADER_BYTES], 431),
    "too large a body": (f"{POST}Content-Length: {BODY_BYTES + 1}\r\n\r\n", 413),
    "no bytes but a length": (f"{POST}Content-Length: {'9' * 400}\r\n\r\n", 413),
}


@contextmanager
def running(app: Any) -> Iterator[LoopbackServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = LoopbackServer(app, listener)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()
            server.close_all()


@pytest.fixture
def server(hands: Hands) -> Iterator[LoopbackServer]:
    app = create_app(":memory:", clock=hands, test_clock=True, own_names=("127.0.0.1", "localhost"))
    with running(app) as server:
        yield server
    app.close()


def connected(server: LoopbackServer, sent: str = "") -> socket.socket:
    """A connection on which this was sent."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(sent.encode())
    return connection


def base(server: LoopbackServer) -> str:
    return f"http://127.0.0.1:{server.port}"


def answered(server: LoopbackServer) -> int:
    return httpx.get(f"{base(server)}{METERS}", timeout=10).status_code


def rest(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


# Stalled clients


@pytest.mark.parametrize("sent", STALLED.values(), ids=STALLED)
def test_a_client_that_stalls_stops_nobody_else(server: LoopbackServer, sent: str) -> None:
    stalled = [connected(server, sent) for _ in range(2 * THREADS)]

    try:
        assert answered(server) == 200
        assert httpx.post(f"{base(server)}{METERS}", json=METER, timeout=10).status_code == 201
    finally:
        for connection in stalled:
            connection.close()


def test_clients_that_never_read_their_answers_stop_nobody_else() -> None:
    large = b"x" * 8_000_000

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [large if environ["PATH_INFO"] == "/large" else b"small"]

    with running(app) as server:
        request = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
        deaf = [connected(server, request) for _ in range(THREADS + 1)]
        answer = httpx.get(f"{base(server)}/small", timeout=10)
        for connection in deaf:
            connection.close()

    assert answer.text == "small"


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(
    server: LoopbackServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for sent in STALLED.values():
        connected(server, sent).close()

    assert answered(server) == 200
    assert capfd.readouterr() == ("", "")


# Time


def waited_for(server: LoopbackServer, connections: int) -> list[Any]:
    """The server's own side of so many connections, once they all have arrived."""
    while len(server.active_channels) < connections:
        time.sleep(0.001)
    return list(server.active_channels.values())


@pytest.mark.parametrize("sent", ["", "POST /api", f"{POST}Content-Length: 100\r\n\r\n{{"])
def test_a_request_that_is_not_there_in_time_is_cut_off(server: LoopbackServer, sent: str) -> None:
    with closing(connected(server, sent)) as connection:
        waited_for(server, 1)

        server.maintenance(time.time() + REQUEST_SECONDS + 1)
        server.pull_trigger()

        assert rest(connection) == b""


def test_a_client_that_drips_is_cut_off_all_the_same(server: LoopbackServer) -> None:
    with closing(connected(server, POST)) as connection:
        (channel,) = waited_for(server, 1)
        while channel.request is None:
            time.sleep(0.001)
        began = channel.last_activity
        connection.sendall(b"X: y\r\n")

        assert channel.is_overdue(began + REQUEST_SECONDS - 1) is False
        assert channel.is_overdue(began + REQUEST_SECONDS + 1) is True


def test_a_connection_may_stand_unused_for_a_while(server: LoopbackServer) -> None:
    with httpx.Client(base_url=base(server)) as client:
        client.get(METERS)
        (channel,) = waited_for(server, 1)
        while channel.requests:
            time.sleep(0.001)

        assert channel.is_overdue(channel.last_activity + REQUEST_SECONDS + 1) is False
        assert channel.is_overdue(channel.last_activity + IDLE_SECONDS + 1) is True


# Wrong clients


@pytest.mark.parametrize(("sent", "status"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_request_is_refused_as_the_api_refuses(
    server: LoopbackServer, capfd: pytest.CaptureFixture[str], sent: str, status: int
) -> None:
    with closing(connected(server, sent)) as connection:
        head, _, body = rest(connection).decode().partition("\r\n\r\n")

    assert head.startswith((f"HTTP/1.1 {status} ", f"HTTP/1.0 {status} "))
    assert "application/problem+json" in head
    assert f'"status":{status}' in body
    assert answered(server) == 200
    assert capfd.readouterr() == ("", "")


def test_bytes_after_a_body_are_no_part_of_it(server: LoopbackServer) -> None:
    sent = f"{POST}Content-Length: 2\r\n\r\n{{}}and more\r\n\r\n"

    with closing(connected(server, sent)) as connection:
        statuses = re.findall(r"HTTP/1\.[01] ([0-9]+)", rest(connection).decode())

    assert statuses == ["400", "400"]


def test_a_chunked_body_is_read_whole(server: LoopbackServer) -> None:
    chunks = ('{"key": "calls", "name": "Calls", ', '"aggregation": "count", "event_type": "call"}', "")
    sent = "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks)

    with closing(
        connected(server, f"{POST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{sent}")
    ) as connection:
        assert rest(connection).startswith(b"HTTP/1.1 201 ")


# Many clients


def test_many_clients_at_once_are_all_answered(server: LoopbackServer) -> None:
    def made(number: int) -> int:
        with httpx.Client(base_url=base(server), timeout=30, verify=False) as client:
            client.get(METERS)
            return client.post(METERS, json={**METER, "key": f"m{number}"}).status_code

    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(made, range(40)))

    assert statuses == [201] * 40
    assert httpx.get(f"{base(server)}{METERS}").json()["meta"]["page"]["total"] == 40


def test_a_connection_is_used_again(server: LoopbackServer) -> None:
    with httpx.Client(base_url=base(server)) as client:
        answers = [client.get(METERS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "close" not in {answer.headers.get("connection", "") for answer in answers}


def test_with_too_many_connections_the_quietest_makes_room(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "CONNECTIONS", 3)
    first = connected(server, "POST /api")
    waited_for(server, 1)
    others = [connected(server) for _ in range(8)]

    try:
        assert answered(server) == 200
        assert rest(first) == b""
    finally:
        for connection in (first, *others):
            connection.close()
