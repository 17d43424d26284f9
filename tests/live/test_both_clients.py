"""Reads over libcurl end as reads over httpx do, whatever the server answers."""

from __future__ import annotations

import ssl
import subprocess
import sys
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from billsync.live.client import Client, ReadingClient, Settings
from billsync.live.lists.paging import read_list
from billsync.live.protocol.target import Target
from billsync.live.transports import over_curl
from billsync.live.transports.curl_options import CurlWay
from billsync.live.transports.fetch import Failure
from billsync.live.transports.over_curl import Lines
from billsync.live.transports.plain_body import plain_body
from billsync.live.transports.quick import quick_reads
from billsync.live.transports.ways import Ways
from billsync.model.limits import ANSWER_BYTES, READS_AT_ONCE
from billsync.model.ports import Answer, GaveUp, Get, RemoteError, TimedOut
from billsync.model.routes import ListQuery
from tests.support.clock import FakeClock
from tests.support.sockets import answering, keeping, socks, tunnel
from tests.support.tls import CERTIFICATE, answering_with_tls

pytestmark = pytest.mark.thorough

pytest.importorskip("pycurl")

PLAIN = {"BILLSYNC_PLAIN": "1"}
ROWS = (("page[size]", "5"), ("page[number]", "1"))
JSON = b"Content-Type: application/json\r\n"
BODY = b'{"data": [{"id": "1", "amount": 0.10}], "meta": {"page": {"total": 1}}}'
CHUNKED = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
PACKER = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
PACKED = PACKER.compress(BODY) + PACKER.flush()


def answer(status: bytes = b"200 OK", body: bytes = BODY, headers: bytes = JSON) -> bytes:
    head = b"HTTP/1.1 " + status + b"\r\n" + headers + b"Content-Length: %d\r\n" % len(body)
    return head + b"Connection: close\r\n\r\n" + body


KEPT = answer().replace(b"Connection: close\r\n", b"")
USUAL = {
    "a plain one": answer(),
    "without a type": answer(headers=b""),
    "with another type": answer(headers=b"Content-Type: text/plain\r\n"),
    "without a phrase": answer(b"200"),
    "in chunks": b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "until the end": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "packed": answer(body=PACKED, headers=b"Content-Encoding: gzip\r\n"),
    "packed, in other words": answer(body=PACKED, headers=b"content-encoding:  X-GZIP \r\n"),
    "said to be as it is": answer(headers=b"Content-Encoding: identity\r\n"),
    "a folded header": answer(headers=b"X-Long: a\r\n b\r\n"),
    "a key twice": answer(body=b'{"a": 1, "a": 2}'),
}
BUSY = {
    "too many requests": answer(b"429 Too Many Requests", b"{}", b"Retry-After: 3\r\n"),
    "too many requests, until": answer(b"429 No", b"{}", b"retry-after:Tue, 01 Sep 2026 00:00:05 GMT\r\n"),
    "too long a wait": answer(b"408 Request Timeout", b"<html>"),
    "an error": answer(b"500 Internal Server Error", b'{"detail": "oops"}'),
    "an empty error": answer(b"500 Internal Server Error", b"", b""),
    "busy": answer(b"503 Service Unavailable", b"<html>", b"Retry-After: 2\r\n"),
    "a gateway's wait": answer(b"504 Gateway Timeout", b"<html>"),
}
NOT_FOUND = {
    "with a reason": answer(b"404 Not Found", b'{"detail": "gone"}'),
    "packed": answer(b"404 Not Found", PACKED, JSON + b"Content-Encoding: gzip\r\n"),
    "a stranger's page": answer(b"404 Not Found", b"<html>", b"Content-Type: text/html; charset=utf-8\r\n"),
    "a stranger's text": answer(b"404 Not Found", b"404 page not found\n", b"content-type:text/plain\r\n"),
    "half of the JSON": answer(b"404 Not Found", b'{"detail'),
    "nothing": answer(b"404 Not Found", b"", b""),
    "without a type": answer(b"404 Not Found", b"gone", b""),
}
UNUSUAL = {
    "a redirect": answer(b"302 Found", b"", b"Location: https://new.example/x?secret=1\r\n"),
    "a lasting redirect": answer(b"308 Permanent Redirect", b"", b"Location: /y\r\n"),
    "no token": answer(b"401 Unauthorized", b'{"detail": "no"}'),
    "no permission": answer(b"403 Forbidden", b'{"detail": "no"}'),
    "not found, in two types": answer(b"404 Not Found", b"<html>", JSON + b"Content-Type: text/html\r\n"),
    "not found, in half": answer(b"404 Not Found", b'{"detail": "gone"}')[:-2],
    "another success": answer(b"201 Created"),
    "a part": answer(b"206 Partial Content"),
    "nothing": answer(b"204 No Content", b""),
    "an empty body": answer(body=b""),
    "HTML": answer(body=b"<html>", headers=b"Content-Type: text/html\r\n"),
    "half of the JSON": answer(body=BODY[:20]),
    "two values": answer(body=b"{} {}"),
    "no number": answer(body=b'{"a": NaN}'),
    "no UTF-8": answer(body=b'{"a": "\xff"}'),
    "half of the body": answer()[:-9],
    "half of the chunks": b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"5\r\n" + BODY[:5] + b"\r\n",
    "half of the packed": answer(body=PACKED[:-4], headers=b"Content-Encoding: gzip\r\n"),
    "not packed": answer(headers=b"Content-Encoding: gzip\r\n"),
    "packed otherwise": answer(headers=b"Content-Encoding: br\r\n"),
    "packed twice": answer(body=PACKED, headers=b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"),
    "two lengths": answer(headers=JSON + b"Content-Length: 3\r\n"),
    "a length and chunks": answer(headers=b"Transfer-Encoding: chunked\r\n"),
    "a wait before": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
    "no header": answer(headers=b"this is none\r\n"),
    "a strange header": answer(headers=b"X: \x0b\r\n"),
    "strange chunks": b"HTTP/1.1 200 OK\r\n" + CHUNKED.replace(b"chunked", b"chunked\xff") + b"2\r\n{}\r\n0\r\n\r\n",
    "a chunk too long by one": b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY) + 1, BODY),
    "a bare line end": answer(headers=b"X: y\n"),
    "not HTTP": b"this is not HTTP\r\n\r\n",
    "HTTP of old": BODY,
    "a closed connection": b"",
    "half of a line": b"HTTP/1.1 200",
}


def ended(
    answers: list[bytes], environment: dict[str, str], query: tuple[tuple[str, str], ...]
) -> tuple[object, int, list[float]]:
    """How a read ends, with the number of its requests, and the waits between them."""
    clock = FakeClock()
    with answering(answers) as (base, seen):
        with Client(Target(base), clock, Settings(token="kpat_1", environment=environment)) as remote:
            try:
                outcome: object = remote.get("/x", query)
            except RemoteError as error:
                outcome = type(error), str(error).replace(base, "BASE")
        return outcome, len(seen), clock.slept


@pytest.mark.parametrize("case", USUAL)
def test_a_plain_success_is_taken_as_it_is(case: str) -> None:
    expected = ended([USUAL[case]], PLAIN, ROWS)

    assert isinstance(expected[0], Answer)
    assert ended([USUAL[case]], {}, ROWS) == expected


@pytest.mark.parametrize("query", [(), ROWS])
@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_is_not_found_is_told_alike(case: str, query: tuple[tuple[str, str], ...]) -> None:
    assert ended([NOT_FOUND[case]], {}, query) == ended([NOT_FOUND[case]], PLAIN, query)


@pytest.mark.parametrize("query", [(), ROWS])
@pytest.mark.parametrize("case", UNUSUAL)
def test_anything_else_is_asked_for_again(case: str, query: tuple[tuple[str, str], ...]) -> None:
    expected, requests, waits = ended([UNUSUAL[case]], PLAIN, query)

    assert ended([UNUSUAL[case]], {}, query) == (expected, requests + 1, waits)


@pytest.mark.parametrize("case", BUSY)
def test_a_busy_server_is_waited_for_and_asked_as_often(case: str) -> None:
    assert ended([BUSY[case]], {}, ()) == ended([BUSY[case]], PLAIN, ())


@pytest.mark.parametrize("case", ["too long a wait", "a gateway's wait"])
def test_a_page_that_a_gateway_gave_up_is_asked_for_once(case: str) -> None:
    (kind, _), requests, _ = ended([BUSY[case]], {}, ROWS)

    assert (kind, requests) == (TimedOut, 1)


def test_reads_that_were_refused_together_wait_once() -> None:
    clock = FakeClock()
    answers = [BUSY["too many requests"]] * 3 + [answer()]
    with answering(answers) as (base, seen), Client(Target(base), clock, Settings()) as remote:
        outcomes = list(remote.stream([Get("/x")] * 6, at_once=3))

    assert [type(outcome) for outcome in outcomes] == [Answer] * 6
    assert (len(seen), clock.slept) == (9, [3.0])


def waited(base: str, environment: dict[str, str], **seconds: float) -> type[BaseException]:
    """The error of a page that never ends."""
    with (
        Client(Target(base), FakeClock(), Settings(environment=environment, **seconds)) as remote,
        pytest.raises(RemoteError) as raised,
    ):
        remote.get("/x", ROWS)
    return raised.type


def test_a_page_that_takes_too_long_is_asked_for_once() -> None:
    """A silent server: the whole may take 0.3 seconds, or each silence a second."""
    with keeping(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n {") as (base, seen):
        assert waited(base, {}, request_seconds=0.3) is GaveUp
        assert waited(base, {}, answer_seconds=0.3) is TimedOut
        assert len(seen) == 2


@pytest.mark.parametrize("body", [b"a" * 1001, PACKED])
def test_a_body_past_the_limit_is_given_up_at_once(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_curl, "ANSWER_BYTES", 1000 if len(body) > 1000 else 50)
    headers = b"" if len(body) > 1000 else b"Content-Encoding: gzip\r\n"

    outcome, requests, _ = ended([answer(body=body, headers=headers)], {}, ())

    assert outcome == (GaveUp, f"GET /x: the answer is longer than {ANSWER_BYTES // 2**20} MiB")
    assert requests == 1


def test_each_sends_the_same_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor the files of libcurl's users change that."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login anna password secret\n")
    (tmp_path / ".curlrc").write_text('user-agent = "another"\nheader = "X-Other: 1"\n')
    query = (("filter[key][eq]", "a b&c/ü~*'"), ("sort", "id desc"))
    requests = []
    for environment in (PLAIN, {}):
        with answering([answer()]) as (base, seen):
            base = base.replace("http://127.0.0.1", "http://localhost")
            settings = Settings(token="kpat_1", headers={"X-Team": "a:b", "User-Agent": "me"}, environment=environment)
            with Client(Target(base), FakeClock(), settings) as remote:
                remote.get("/a-b_c.d~/01HX", query)
            line, *headers = seen[0].decode().rstrip().split("\r\n")
            requests.append((line, sorted(header.lower() for header in headers if not header.startswith("Host: "))))

    assert requests[0] == requests[1]
    assert "authorization: bearer kpat_1" in requests[1][1]


@pytest.mark.parametrize("path", ["/a b", "/a/../b", "/a//b", "/ü", "/a?b=1", "/a%2Fb", "/a#b", "/.", "/a/."])
def test_an_odd_path_is_left_to_the_full_client(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lines, "_go_on", None)

    with answering([answer()]) as (base, _), Client(Target(base), FakeClock(), Settings()) as remote:
        assert remote.get(path).ok


def test_libcurl_is_given_up_where_it_gets_nothing() -> None:
    odd = answer(headers=b"Content-Length: %d\r\n" % len(BODY))
    with answering([odd]) as (base, seen), Client(Target(base), FakeClock(), Settings()) as remote:
        outcomes = list(remote.stream([Get("/x")] * 20, at_once=1))

    assert len(outcomes) == 20
    assert len(seen) == 28


@pytest.mark.parametrize("environment", [{}, PLAIN])
def test_no_cookie_is_sent_back(environment: dict[str, str]) -> None:
    cookies = b"Set-Cookie: a=b; Path=/\r\nSet-Cookie: c=\x84\r\n"
    settings = Settings(environment=environment)
    with answering([answer(headers=cookies)]) as (base, seen), Client(Target(base), FakeClock(), settings) as remote:
        assert remote.get("/x") == remote.get("/x")

    assert len(seen) == 2
    assert b"Cookie" not in seen[1]


def test_connections_are_kept_and_few() -> None:
    with keeping(KEPT) as (base, seen), Client(Target(base), FakeClock(), Settings()) as remote:
        gets = [Get(f"/x/{number}") for number in range(100)]
        outcomes = list(remote.stream(gets, at_once=50))
        asked = {request.split()[1] for _, request in seen}
        for outcome in remote.stream(gets, at_once=50):
            assert outcome == remote.get("/y")  # also while as many as may be are under way
        unread = remote.stream(gets, at_once=50)
        next(unread)
    unread.close()

    assert outcomes == [outcomes[0]] * 100
    assert len(asked) == 100
    assert len({connection for connection, _ in seen}) <= READS_AT_ONCE


def test_each_thread_reads_over_libcurl() -> None:
    """Each has a connection of its own, as libcurl's can't be shared; an unusual answer is asked for twice, as ever."""
    with (
        keeping(answer(b"206 Partial Content")) as (base, seen),
        Client(Target(base), FakeClock(), Settings()) as remote,
        ThreadPoolExecutor(4) as threads,
    ):
        outcomes = list(threads.map(lambda number: remote.get(f"/x/{number}"), range(8)))

    assert len(outcomes) == 8
    assert Counter(request.split()[1] for _, request in seen) == {
        f"/api/v3/x/{number}".encode(): 2 for number in range(8)
    }


def test_a_list_is_read_over_few_connections() -> None:
    with keeping(KEPT) as (base, seen), ReadingClient(Target(base), FakeClock(), Settings()) as remote:
        assert len(read_list(remote, "/x", [], ListQuery("id", 5), FakeClock())) == 1

    assert len(seen) == 1


def test_httpx_is_not_loaded_for_plain_successes() -> None:
    """It takes longer to load than a small run does."""
    program = (
        "import sys; from billsync.live.client import *; from billsync.live.protocol.target import Target; "
        "from billsync.live.lists.streams import read_documents; "
        "client = Client(Target(sys.argv[1]), None, Settings()); "
        "assert len(list(read_documents(client, ['/a', '/b']))) == 2; client.close(); "
        "print({'httpx', 'ssl', 'concurrent.futures'} & sys.modules.keys())"
    )
    with keeping(KEPT) as (base, _):
        ran = subprocess.run([sys.executable, "-c", program, base], capture_output=True, text=True, check=False)

    assert (ran.stdout.strip(), ran.stderr) == ("set()", "")


def test_only_gets_to_http_servers_can_be_made(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("{}")
    lines = Lines(CurlWay([], None, None, None, 1.0, 1.0, 1.0), at_most=1)

    (fetch,) = lines.fetch([f"file://{secret}"], 1)

    assert (fetch.content, fetch.failure) == (None, Failure.UNUSUAL)
    lines.close()


def test_certificates_of_ones_own_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By libcurl after httpx has trusted them."""
    trust = ssl.create_default_context(cafile=str(CERTIFICATE))
    with answering_with_tls([answer()]) as (base, seen):
        with Client(Target(base), FakeClock(), Settings(trust=trust)) as remote:
            first = remote.get("/x")
            monkeypatch.setattr(Ways, "exchange", None)
            assert remote.get("/x") == first
        assert len(seen) == 2


def test_a_certificate_that_nobody_knows_is_refused() -> None:
    with answering_with_tls([answer()]) as (base, seen):
        lines = Lines(CurlWay([], None, None, None, 1.0, 1.0, 1.0), at_most=1)
        (fetch,) = lines.fetch([f"{base}/x"], 1)
        lines.close()

    assert (fetch.failure, seen) == (Failure.UNUSUAL, [])


@pytest.mark.parametrize("environment", [{}, PLAIN])
def test_a_socks_proxy_gets_the_name_of_the_server(environment: dict[str, str]) -> None:
    with socks(answer()) as (proxy, asked):
        settings = Settings(environment={"ALL_PROXY": proxy, **environment})
        with Client(Target("http://billing.invalid/api/v3"), FakeClock(), settings) as remote:
            assert remote.get("/x").ok

    assert asked == [b"billing.invalid:80"]


def test_a_proxy_of_a_tunnel_gets_no_header_of_the_requests() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with tunnel(KEPT, context) as (proxy, seen):
        headers, login = ["Authorization: Bearer kpat_1", "User-Agent: me"], ("anna", "s:1")
        lines = Lines(CurlWay(headers, proxy, login, str(CERTIFICATE), 5.0, 5.0, 5.0), at_most=1)
        contents = [fetch.content for fetch in lines.fetch(["https://127.0.0.1:1/x", "https://127.0.0.1:1/y"], 1)]
        lines.close()

    assert contents == [BODY, BODY]
    connect, *requests = [request.decode().split("\r\n") for request in seen]
    assert [line for line in connect if line and not line.startswith(("Host:", "Proxy-Connection:"))] == [
        "CONNECT 127.0.0.1:1 HTTP/1.1",
        "Proxy-Authorization: Basic YW5uYTpzOjE=",
    ]
    assert [request[0] for request in requests] == ["GET /x HTTP/1.1", "GET /y HTTP/1.1"]
    assert all("Authorization: Bearer kpat_1" in request for request in requests)


@pytest.mark.parametrize(
    ("base", "environment", "is_used"),
    [
        ("http://127.0.0.1:1", {}, True),
        ("http://127.0.0.1:1", PLAIN, False),
        ("https://billing.example", {"HTTPS_PROXY": "http://anna:s%3A1@proxy.example"}, True),
        ("https://billing.example", {"HTTPS_PROXY": "http://anna:s%C3%BC@proxy.example"}, False),
        ("https://billing.example", {"HTTPS_PROXY": "https://proxy.example"}, False),
    ],
)
def test_libcurl_is_used_where_it_does_all_alike(base: str, environment: dict[str, str], is_used: bool) -> None:
    assert (quick_reads(Target(base), Settings(environment=environment)) is not None) == is_used


def test_a_head_of_another_form_is_no_plain_success() -> None:
    assert plain_body(b"HTTP/1.1 200 OK\r\n\r\n", BODY) == BODY
    assert plain_body(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nX: a trailer\r\n", BODY) is Failure.UNUSUAL
