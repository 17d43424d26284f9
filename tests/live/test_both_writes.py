"""Writes over libcurl are sent as often, and end as, writes over httpcore, whatever the server does."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest

from billsync.apply.patient_call import call_patiently
from billsync.live.client import Client, ReadingClient, Settings
from billsync.live.protocol.target import Target
from billsync.live.transports import body, plain_body, quick_writes, write_line
from billsync.live.transports.curl_options import CurlWay
from billsync.live.transports.over_core import OverCore
from billsync.live.transports.ways import Ways
from billsync.live.transports.write_line import WriteLine
from billsync.model.ports import Answer, GaveUp, RemoteError, TimedOut, Unclear, Unreachable
from tests.live.test_both_clients import PACKED, PLAIN, answer
from tests.support import lying_server
from tests.support.clock import FakeClock
from tests.support.lying_server import CLOSED, GOOD, LIES, Lie, lying
from tests.support.sockets import answering, keeping, tunnel
from tests.support.tls import CERTIFICATE, answering_with_tls

pytestmark = pytest.mark.thorough

if not hasattr(pytest.importorskip("pycurl"), "ACTIVESOCKET"):
    pytest.skip("this pycurl is too old for writes: httpcore carries them", allow_module_level=True)

BODY = {"key": "a", "name": "ü" * 40}
CALLS: tuple[tuple[str, Any], ...] = (("POST", BODY), ("POST", None), ("PUT", BODY), ("DELETE", None))
WAYS = ({}, PLAIN)
READ = answer(body=b'{"data": []}')
JSON = b"Content-Type: application/json\r\n"
ANSWERS = {
    "created": answer(b"201 Created"),
    "nothing": answer(b"204 No Content", b"", b""),
    "packed": answer(b"201 Created", PACKED, JSON + b"Content-Encoding: gzip\r\n"),
    "nothing, packed": answer(b"204 No Content", b"", b"Content-Encoding: gzip\r\n"),
    "a wait before": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"201 Created"),
    "two waits before": b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + answer(),
    "in chunks": b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.0 200 OK\r\n\r\n{}",
    "bad": answer(b"400 Bad Request", b'{"detail": "no"}'),
    "taken": answer(b"409 Conflict", b'{"detail": "conflict error: key taken"}'),
    "gone": answer(b"404 Not Found", b'{"detail": "gone"}'),
    "no token": answer(b"401 Unauthorized", b'{"detail": "no"}'),
    "a permission": answer(b"403 Forbidden", b'{"detail": "no"}'),
    "a redirect": answer(b"302 Found", b"", b"Location: https://new.example/x?secret=1\r\n"),
    "another place": answer(b"303 See Other", b"", b"Location: /y\r\n"),
    "a lasting redirect": answer(b"308 Permanent Redirect", b"", b"Location: /y\r\n"),
    "too early": answer(b"425 Too Early"),
    "expectations": answer(b"417 Expectation Failed", b'{"detail": "no"}'),
    "a proxy's token": answer(b"407 Proxy Authentication Required", b"", b"Proxy-Authenticate: Basic\r\n"),
    "an error": answer(b"500 Internal Server Error", b'{"detail": "oops"}'),
    "an empty error": answer(b"500 Internal Server Error", b"", b""),
    "a gateway": answer(b"504 Gateway Timeout", b"<html>"),
    "HTML": answer(b"200 OK", b"<html>", b"Content-Type: text/html\r\n"),
    "an empty success": answer(b"200 OK", b""),
    "half of the JSON": answer(b"201 Created", b'{"id'),
}
LOST = {
    "half of the body": answer(b"201 Created")[:-9],
    "not packed": answer(b"201 Created", headers=b"Content-Encoding: gzip\r\n"),
    "packed otherwise": answer(b"201 Created", headers=b"Content-Encoding: br\r\n"),
    "two lengths": answer(b"201 Created", headers=b"Content-Length: 3\r\n"),
    "not HTTP": b"this is not HTTP\r\n\r\n",
    "HTTP of old": b'{"id": "1"}',
    "a strange header": answer(b"201 Created", headers=b"X: \x0b\r\n"),
    "half of a line": b"HTTP/1.1 200",
}


def ended(remote: Client, method: str, path: str, value: Any) -> object:
    """How a call ends."""
    try:
        return remote.call(method, path, value)
    except RemoteError as error:
        return type(error)


@pytest.fixture(autouse=True)
def _as_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this thread write as the threads of steps do."""
    monkeypatch.setattr(quick_writes, "gets_signals", lambda: False)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for another thread."""
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.002)


def only_libcurl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request over httpcore fail."""
    monkeypatch.setattr(Ways, "exchange", None)


@pytest.mark.parametrize("environment", WAYS)
@pytest.mark.parametrize(("method", "value"), CALLS)
@pytest.mark.parametrize("lie", LIES)
def test_a_write_whose_answer_is_lost_is_sent_once(
    lie: Lie, method: str, value: Any, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a connection that was used before: there libcurl would send it again by itself."""
    with lying(lie) as (base, seen), Client(Target(base), FakeClock(), Settings(environment=environment)) as remote:
        assert remote.get("/x").ok
        if not environment:
            only_libcurl(monkeypatch)
        outcomes = [ended(remote, method, path, value) for path in ("/a", "/lie", "/b", "/c")]

    good = Answer(201, {"id": "1"})
    assert outcomes == [good, Unclear, good, good]
    assert seen == ["GET /x", f"{method} /a", f"{method} /lie", f"{method} /b", f"{method} /c"]


@pytest.mark.parametrize("environment", WAYS)
def test_a_write_over_a_new_connection_is_sent_once_too(environment: dict[str, str]) -> None:
    with (
        lying(lying_server.close) as (base, seen),
        Client(Target(base), FakeClock(), Settings(environment=environment)) as remote,
    ):
        remote.get("/x")
        assert ended(remote, "DELETE", "/lie", None) is Unclear

    assert seen == ["GET /x", "DELETE /lie"]


@pytest.mark.parametrize("environment", WAYS)
@pytest.mark.parametrize(("method", "value"), CALLS)
def test_a_connection_closed_meanwhile_costs_nothing(
    method: str, value: Any, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may close what it doesn't need any more, without a word, at any time."""
    with (
        lying(lying_server.close, closes_idle=True) as (base, seen),
        Client(Target(base), FakeClock(), Settings(environment=environment)) as remote,
    ):
        remote.get("/x")
        if not environment:
            only_libcurl(monkeypatch)
        for path in ("/a", "/b", "/c"):
            wait_until(lambda: seen[-1] == CLOSED)
            assert remote.call(method, path, value).ok

    assert [each for each in seen if each != CLOSED] == ["GET /x", f"{method} /a", f"{method} /b", f"{method} /c"]


@pytest.mark.parametrize("extra", [GOOD, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"x"])
def test_what_a_server_says_unasked_answers_no_write(extra: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    said = answer(b"201 Created", b'{"id":"2"}').replace(b"Connection: close\r\n", b"")
    with keeping(READ.replace(b"Connection: close\r\n", b"")) as (base, _):
        remote = Client(Target(base), FakeClock(), Settings())
        remote.get("/x")
    with keeping(said + extra) as (base, seen), remote:
        remote._target = Target(base)
        only_libcurl(monkeypatch)
        outcomes = [ended(remote, "POST", "/a", BODY) for _ in range(3)]

    assert outcomes == [Answer(201, {"id": "2"})] * 3
    assert len(seen) == 3
    assert len({connection for connection, _ in seen}) == 3


@pytest.mark.parametrize("case", ANSWERS)
def test_each_answer_to_a_write_is_told_alike(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for environment in (PLAIN, {}):
        clock = FakeClock()
        with answering([READ, ANSWERS[case]]) as (base, seen):
            with Client(Target(base), clock, Settings(environment=environment)) as remote:
                remote.get("/x")
                if not environment:
                    only_libcurl(monkeypatch)
                try:
                    outcome: object = remote.call("POST", "/x", BODY)
                except RemoteError as error:
                    outcome = type(error), str(error).replace(base, "BASE")
            found.append((outcome, len(seen), clock.slept))

    assert found[0] == found[1]
    assert found[0][1] == 2


@pytest.mark.parametrize("case", LOST)
def test_an_answer_that_is_none_leaves_a_write_unclear(case: str) -> None:
    """After an odd one, the full client makes the other calls."""
    for environment in WAYS:
        with answering([READ, LOST[case], GOOD]) as (base, seen):
            with Client(Target(base), FakeClock(), Settings(environment=environment)) as remote:
                remote.get("/x")
                assert ended(remote, "POST", "/x", BODY) is Unclear
                assert ended(remote, "POST", "/x", BODY) == Answer(201, {"id": "1"})
            assert len(seen) == 3


@pytest.mark.parametrize("environment", WAYS)
def test_a_write_waits_for_a_busy_server(environment: dict[str, str]) -> None:
    clock = FakeClock()
    busy = answer(b"429 Too Many Requests", b"{}", b"Retry-After: 3\r\n")
    with (
        answering([READ, busy, busy, GOOD]) as (base, seen),
        Client(Target(base), clock, Settings(environment=environment)) as remote,
    ):
        remote.get("/x")
        assert call_patiently(remote, "PUT", "/x", BODY) == Answer(201, {"id": "1"})

    assert (clock.slept, len(seen)) == ([3.0, 3.0], 4)


@pytest.mark.parametrize("environment", WAYS)
def test_a_write_is_sent_exactly_as_it_is_given(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    for each in (PLAIN, environment):
        settings = Settings(token="kpat_1", headers={"X-Team": "a:b"}, environment=each)
        with keeping(GOOD.replace(b"201 Created", b"200 OK")) as (base, seen):
            base = base.replace("http://127.0.0.1", "http://localhost")
            with Client(Target(base), FakeClock(), settings) as remote:
                remote.get("/x")
                for method, value in (*CALLS, *reversed(CALLS), ("POST", {"a": "x" * 2_000_000})):
                    remote.call(method, "/a-b_c.d~/01HX", value)
        sent.append([_told(request) for _, request in seen[1:]])

    assert sent[0] == sent[1]


def _told(request: bytes) -> tuple[bytes, list[bytes], bytes]:
    head, _, content = request.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    return line, sorted(field.lower() for field in fields if not field.startswith(b"Host:")), content


@pytest.mark.parametrize(("seconds", "kind"), [("request", GaveUp), ("answer", TimedOut)])
def test_a_write_that_takes_too_long_is_unclear(seconds: str, kind: type[Unclear]) -> None:
    settings = Settings(**{f"{seconds}_seconds": 0.4})  # type: ignore[arg-type]
    with lying(lying_server.be_silent) as (base, seen), Client(Target(base), FakeClock(), settings) as remote:
        remote.get("/x")
        assert ended(remote, "DELETE", "/lie", None) is kind

    assert seen == ["GET /x", "DELETE /lie"]


def test_a_server_that_went_away_is_unreachable_in_the_same_words() -> None:
    told = []
    for environment in (PLAIN, {}):
        with answering([READ]) as (base, _):
            remote = Client(Target(base), FakeClock(), Settings(environment=environment))
            remote.get("/x")
        with remote, pytest.raises(Unreachable) as raised:
            remote.call("POST", "/x", BODY)
        told.append(str(raised.value).replace(base, "BASE"))

    assert told[0] == told[1]


def test_an_answer_past_the_limit_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for where in (write_line, plain_body, body):
        monkeypatch.setattr(where, "ANSWER_BYTES", 50)
    for headers, content in ((b"", b"a" * 100), (b"Content-Encoding: gzip\r\n", PACKED)):
        for environment in WAYS:
            with answering([READ, answer(b"201 Created", content, headers)]) as (base, seen):
                with Client(Target(base), FakeClock(), Settings(environment=environment)) as remote:
                    remote.get("/x")
                    assert ended(remote, "POST", "/x", BODY) is GaveUp
                assert len(seen) == 2


@pytest.mark.parametrize("path", ["/a b", "/a/../b", "/a//b", "/ü", "/a%2Fb", "/."])
def test_an_odd_path_is_written_by_the_full_client(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteLine, "send", None)

    with answering([READ, GOOD]) as (base, _), Client(Target(base), FakeClock(), Settings()) as remote:
        remote.get("/x")
        assert remote.call("POST", path, BODY).ok


def test_a_server_not_read_over_libcurl_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteLine, "send", None)

    with (
        answering([answer(b"206 Partial Content")] * 2 + [GOOD]) as (base, _),
        Client(Target(base), FakeClock(), Settings()) as remote,
    ):
        remote.get("/x")
        assert remote.call("POST", "/x", BODY).ok
        assert remote.call("POST", "/x", BODY).ok


def test_the_thread_that_is_interrupted_writes_over_the_full_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt within a call back from libcurl would be lost, and the run would go on."""
    monkeypatch.undo()
    sent = []
    monkeypatch.setattr(WriteLine, "send", lambda self, *given: sent.append(threading.current_thread()))

    with answering([READ, GOOD]) as (base, _), Client(Target(base), FakeClock(), Settings()) as remote:
        remote.get("/x")
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(remote.call, "POST", "/x", BODY).result().ok
        assert remote.call("POST", "/x", BODY).ok

    assert len(sent) == 1
    assert sent[0] is not threading.main_thread()


def test_certificates_of_ones_own_are_trusted_for_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    trust = ssl.create_default_context(cafile=str(CERTIFICATE))
    with answering_with_tls([READ]) as (base, seen), Client(Target(base), FakeClock(), Settings(trust=trust)) as remote:
        remote.get("/x")
        remote.get("/x")
        only_libcurl(monkeypatch)
        assert remote.call("POST", "/x", BODY).ok
    assert len(seen) == 3


def test_a_write_through_a_tunnel_is_sent_once() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with tunnel(GOOD, context) as (proxy, seen):
        line = WriteLine(CurlWay(["Authorization: kpat_1"], proxy, ("anna", "s:1"), str(CERTIFICATE), 5.0, 5.0, 5.0))
        answers = [
            line.send("POST", "https://127.0.0.1:1/a", b"{}"),
            line.send("DELETE", "https://127.0.0.1:1/b", None),
        ]
        line.close()

    assert [each and each.status for each in answers] == [201, 201]
    connect, *requests = seen
    assert [request.split(b"\r\n")[0] for request in requests] == [b"POST /a HTTP/1.1", b"DELETE /b HTTP/1.1"]
    assert b"kpat_1" not in connect


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_write_leaves_a_line_that_works(kind: type[BaseException]) -> None:
    with lying(lying_server.be_silent) as (base, seen), Client(Target(base), FakeClock(), Settings()) as remote:
        remote.get("/x")
        remote.call("POST", "/a", BODY)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(write_line, "wait_for_bytes", lambda multi: (_ for _ in ()).throw(kind()))
            with pytest.raises(kind):
                remote.call("POST", "/lie", BODY)
        assert remote.call("POST", "/b", BODY).ok

    assert [each for each in seen if each.startswith("POST")].count("POST /lie") <= 1


def test_a_client_that_only_reads_has_no_way_to_write() -> None:
    with answering([READ]) as (base, _), ReadingClient(Target(base), FakeClock(), Settings()) as reader:
        reader.get("/x")
        assert reader._ways._quick_writes() is None


@pytest.mark.parametrize("name", ["PREREQFUNCTION", "PREREQFUNC_ABORT", "ACTIVESOCKET"])
def test_old_libraries_leave_writes_to_the_full_client(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a question before each sending, libcurl isn't asked to write."""
    import pycurl

    asked = []
    monkeypatch.delattr(pycurl, name)
    monkeypatch.setattr(OverCore, "send", lambda self, *given: asked.append(given[0]))
    with answering([READ]) as (base, _), Client(Target(base), FakeClock(), Settings()) as remote:
        remote.get("/x")
        remote._ways.send("POST", f"{base}/x", (), b"{}")

    assert asked == ["POST"]


@pytest.mark.parametrize("lie", LIES)
def test_writes_of_tasks_in_one_thread_are_sent_once_too(lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost answer is that of its own task; the others go on."""
    paths = ("/a", "/lie", "/b", "/c")
    with lying(lie) as (base, seen), Client(Target(base), FakeClock(), Settings()) as remote:
        assert remote.get("/x").ok
        fibers = remote.fibers()
        if fibers is None:
            pytest.skip("greenlet is not installed")
        only_libcurl(monkeypatch)
        ends: SimpleQueue[tuple[str, object]] = SimpleQueue()
        for path in paths:
            fibers.begin(lambda path=path: ends.put((path, ended(remote, "POST", path, BODY))))  # type: ignore[misc]
        outcomes = dict(ends.get(timeout=10) for _ in paths)
        fibers.close()

    good = Answer(201, {"id": "1"})
    assert outcomes == {"/a": good, "/lie": Unclear, "/b": good, "/c": good}
    assert sorted(seen) == ["GET /x", *(f"POST {path}" for path in sorted(paths))]
