import json
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec

import httpx
import pytest

from billsync.apply.patient_call import call_patiently
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.model.ports import Answer, RemoteError, Unclear, Unreachable
from tests.support.clock import FakeClock
from tests.support.mock_list import TARGET, client
from tests.support.sockets import answering, free_port

HTML = httpx.Response(200, headers={"Content-Type": "text/html; charset=utf-8"}, content=b"<html>hello</html>")
NOT_THE_API = "this is not an API v3 server (it answered HTML): is the base https://billing.example/api/v3 right?"


def served(*responses: httpx.Response) -> tuple[Callable[[httpx.Request], httpx.Response], list[httpx.Request]]:
    """A handler that gives one response after the other, the last one for ever, and the requests it saw."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        response = responses[min(len(seen), len(responses)) - 1]
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    return handler, seen


def broken(error: type[httpx.TransportError], times: int) -> Callable[[httpx.Request], httpx.Response]:
    """A handler that fails so many times, and then answers an empty object."""
    left = [times]

    def handler(request: httpx.Request) -> httpx.Response:
        if left[0]:
            left[0] -= 1
            raise error("boom", request=request)
        return httpx.Response(200, json={})

    return handler


def test_a_body_goes_out_exact_and_an_answer_comes_in_exact() -> None:
    handler, seen = served(httpx.Response(201, content=b'{"limit": 0.1, "n": 3}'))

    answer = client(handler).call("POST", "/boxes", {"limit": Decimal("0.10")})

    assert answer == Answer(201, {"limit": Decimal("0.1"), "n": 3})
    assert seen[0].content == b'{"limit":0.1}'
    assert seen[0].headers["Content-Type"] == "application/json"
    assert str(seen[0].url) == "https://billing.example/api/v3/boxes"


def test_a_call_without_a_body_sends_none() -> None:
    handler, seen = served(httpx.Response(200, json={"id": "1"}))

    client(handler).call("POST", "/boxes/1/close")

    assert seen[0].content == b""
    assert "Content-Type" not in seen[0].headers


def test_a_delete_is_answered_without_a_body() -> None:
    handler, _ = served(httpx.Response(204))

    assert client(handler).call("DELETE", "/boxes/1") == Answer(204)


def test_a_query_keeps_its_brackets_values_and_order() -> None:
    handler, seen = served(httpx.Response(200, json={}))

    client(handler).get("/boxes", [("filter[key][eq]", "a b&c"), ("sort", "id desc")])

    assert list(seen[0].url.params.multi_items()) == [("filter[key][eq]", "a b&c"), ("sort", "id desc")]


def test_an_error_answer_comes_back_with_a_readable_message() -> None:
    handler, seen = served(httpx.Response(409, json={"detail": "conflict error: key taken"}))

    answer = client(handler).call("POST", "/boxes", {})

    assert answer == Answer(409, {"detail": "conflict error: key taken"}, "409 Conflict: conflict error: key taken")
    assert len(seen) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_is_never_repeated_after_a_server_error(status: int) -> None:
    handler, seen = served(httpx.Response(status, headers={"Retry-After": "1"}, content=b"<html>oops</html>"))

    answer = client(handler).call("POST", "/boxes", {})

    assert (answer.status, answer.body, answer.unclear, len(seen)) == (status, None, True, 1)


def test_an_empty_500_and_an_empty_501_are_answers() -> None:
    handler, _ = served(httpx.Response(500), httpx.Response(501))
    remote = client(handler)

    first, second = remote.call("POST", "/x", {}), remote.call("POST", "/x", {})

    assert first == Answer(500, None, "500 Internal Server Error")
    assert second == Answer(501, None, "501 Not Implemented")


def test_a_write_waits_for_a_429_and_is_then_made() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "3"}, json={"detail": "slow down"})
    handler, seen = served(busy, busy, httpx.Response(201, json={"id": "1"}))
    clock = FakeClock()

    answer = call_patiently(client(handler, clock), "POST", "/boxes", {})

    assert answer == Answer(201, {"id": "1"})
    assert (clock.slept, len(seen)) == ([3.0, 3.0], 3)


class Interposing(FakeClock):
    """A clock in whose first sleep something else is done."""

    meanwhile: Callable[[], object] | None = None

    def sleep(self, seconds: float) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().sleep(seconds)


def test_all_requests_keep_to_the_pause_that_one_was_asked_for() -> None:
    """What another thread sends meanwhile waits, too."""
    clock, began, at = Interposing(), FakeClock().now(), []
    handler, _ = served(httpx.Response(429, headers={"Retry-After": "3"}), httpx.Response(200, json={}))

    def noted(request: httpx.Request) -> httpx.Response:
        at.append((request.url.path, (clock.now() - began).total_seconds()))
        return handler(request)

    remote = Client(TARGET, clock, Settings(transport=httpx.MockTransport(noted)))
    clock.meanwhile = lambda: call_patiently(remote, "POST", "/b")
    call_patiently(remote, "POST", "/a")

    assert [(path.rpartition("/")[2], seconds) for path, seconds in at] == [("a", 0.0), ("b", 3.0), ("a", 6.0)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_429_for_ever_ends_in_a_clear_error(method: str) -> None:
    handler, seen = served(httpx.Response(429, json={}))
    remote = client(handler)

    with pytest.raises(Unreachable) as raised:
        remote.get("/x") if method == "GET" else call_patiently(remote, method, "/x")

    assert str(raised.value) == f"{method} /x: the server answered 429 (too many requests) 8 times; try later"
    assert len(seen) == 8


def test_a_read_is_repeated_on_passing_errors_with_growing_waits() -> None:
    handler, seen = served(
        httpx.Response(503, headers={"Retry-After": "Tue, 01 Sep 2026 00:00:05 GMT"}),
        httpx.Response(502, content=b"<html>"),
        httpx.Response(200, json={"data": []}),
    )
    clock = FakeClock()

    answer = client(handler, clock).get("/x")

    assert answer == Answer(200, {"data": []})
    assert (clock.slept, len(seen)) == ([5.0, 0.5], 3)


def test_a_read_gives_a_lasting_server_error_back() -> None:
    handler, seen = served(httpx.Response(500, json={"title": "Internal Server Error"}))

    answer = client(handler).get("/x")

    assert (answer.status, answer.message, len(seen)) == (500, "500 Internal Server Error: Internal Server Error", 4)


def test_an_html_answer_to_a_read_asks_whether_the_base_is_right() -> None:
    handler, _ = served(HTML)

    with pytest.raises(RemoteError) as raised:
        client(handler).get("/x")

    assert str(raised.value) == f"GET /x: 200: {NOT_THE_API}"


def test_an_html_404_to_a_read_never_passes_for_an_absent_entity() -> None:
    handler, _ = served(httpx.Response(404, headers={"Content-Type": "text/html"}, content=b"<html>nginx</html>"))

    with pytest.raises(RemoteError) as raised:
        client(handler).get("/x")

    assert str(raised.value) == f"GET /x: 404: {NOT_THE_API}"


def test_an_html_success_to_a_write_is_unclear() -> None:
    handler, seen = served(HTML)

    with pytest.raises(Unclear) as raised:
        client(handler).call("PUT", "/x", {})

    assert str(raised.value) == f"PUT /x: 200: {NOT_THE_API}"
    assert len(seen) == 1


def test_half_of_a_json_answer_to_a_write_is_unclear() -> None:
    half = httpx.Response(201, headers={"Content-Type": "application/json"}, content=b'{"id": "01')
    handler, _ = served(half)

    with pytest.raises(Unclear) as raised:
        client(handler).call("POST", "/x", {})

    assert str(raised.value) == "POST /x: the answer (201) was cut off: it is not complete JSON"


def test_an_empty_201_is_unclear() -> None:
    handler, _ = served(httpx.Response(201))

    with pytest.raises(Unclear):
        client(handler).call("POST", "/x", {})


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError])
def test_a_lost_answer_to_a_write_is_unclear(error: type[httpx.TransportError]) -> None:
    with pytest.raises(Unclear) as raised:
        client(broken(error, 1)).call("POST", "/x", {})

    assert str(raised.value) == "POST /x: the answer was lost (boom)"


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError])
def test_a_write_that_was_never_sent_is_unreachable(error: type[httpx.TransportError]) -> None:
    with pytest.raises(Unreachable) as raised:
        client(broken(error, 1)).call("POST", "/x", {})

    assert str(raised.value) == "https://billing.example/api/v3 can't be reached: boom"


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError])
def test_a_read_survives_three_broken_connections_but_not_four(error: type[httpx.TransportError]) -> None:
    survived = client(broken(error, 3)).get("/x")
    with pytest.raises(RemoteError):
        client(broken(error, 4)).get("/x")

    assert survived == Answer(200, {})


def test_a_redirect_is_not_followed_and_names_the_new_place() -> None:
    handler, seen = served(httpx.Response(308, headers={"Location": "https://new.example/api/v3/x?secret=1"}))

    with pytest.raises(Unreachable) as raised:
        client(handler).call("POST", "/x", {})

    message = "POST /x: the server redirects to https://new.example/api/v3/x: use that base URL"
    assert (str(raised.value), len(seen)) == (message, 1)


def test_see_other_after_a_write_is_unclear() -> None:
    handler, _ = served(httpx.Response(303, headers={"Location": "/y"}))

    with pytest.raises(Unclear):
        client(handler).call("POST", "/x", {})


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "GET /x: the server asks for a token, and none was given (401 Unauthorized: no)"),
        ("kpat_1", "GET /x: the server refused the token (401 Unauthorized: no)"),
    ],
)
def test_a_401_says_what_is_missing(token: str | None, message: str) -> None:
    handler, _ = served(httpx.Response(401, json={"detail": "no"}))
    remote = Client(TARGET, FakeClock(), Settings(token=token, transport=httpx.MockTransport(handler)))

    with pytest.raises(Unreachable) as raised:
        remote.get("/x")

    assert str(raised.value) == message


def test_the_token_is_sent_and_stands_in_no_message() -> None:
    handler, seen = served(httpx.Response(403, json={"detail": "token kpat_secret has no access"}))
    settings = Settings(token="kpat_secret", transport=httpx.MockTransport(handler))

    answer = Client(TARGET, FakeClock(), settings).call("POST", "/x", {})

    assert seen[0].headers["Authorization"] == "Bearer kpat_secret"
    assert answer.message == "403 Forbidden: token *** has no access"
    assert "kpat_secret" not in repr(settings)


def test_a_token_over_plain_http_needs_a_word() -> None:
    target = Target("http://billing.example/api/v3")

    with pytest.raises(ValueError):
        Client(target, FakeClock(), Settings(token="kpat_1"))

    Client(target, FakeClock(), Settings(token="kpat_1", insecure_token=True)).close()


def test_a_ca_bundle_that_is_missing_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")

    with pytest.raises(Unreachable):
        Client(TARGET, FakeClock(), Settings())


def test_a_port_without_a_server_is_unreachable() -> None:
    target = Target(f"http://127.0.0.1:{free_port()}/api/v3")

    with Client(target, FakeClock(), Settings()) as remote, pytest.raises(Unreachable):
        remote.call("POST", "/x", {})


HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 201 Cre",
        HEAD + b"Content-Length: 50\r\n\r\n" + b'{"id": "01',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + b'{"id"',
        HEAD + b"Connection: close\r\n\r\n" + b'{"id": "01',
        b"this is not HTTP\r\n\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_a_connection_that_breaks_during_a_write_is_unclear(answer: bytes) -> None:
    with answering([answer]) as (base, seen), Client(Target(base), FakeClock(), Settings()) as remote:
        with pytest.raises(Unclear):
            remote.call("POST", "/x", {"amount": "1"})

        assert len(seen) == 1


@pytest.mark.parametrize(
    ("environment", "lost"), [({"BILLSYNC_PLAIN": "1"}, [b""]), ({}, [b"", b""] if find_spec("pycurl") else [b""])]
)
def test_a_read_gets_over_a_broken_connection(environment: dict[str, str], lost: list[bytes]) -> None:
    """The first request over libcurl is one more: httpx then begins anew, with all its tries."""
    body = json.dumps({"data": []}).encode()
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body
    clock = FakeClock()

    with (
        answering([*lost, whole[:-3], whole]) as (base, seen),
        Client(Target(base), clock, Settings(environment=environment)) as remote,
    ):
        answer = remote.get("/x")

    assert (answer, len(seen), clock.slept) == (Answer(200, {"data": []}), len(lost) + 2, [0.25, 0.5])


def test_a_silent_server_times_out() -> None:
    settings = Settings(answer_seconds=0.05)
    with (
        answering([b"HTTP/1.1 100 Continue\r\n\r\n"]) as (base, _),
        Client(Target(base), FakeClock(), settings) as remote,
        pytest.raises(Unclear),
    ):
        remote.call("POST", "/x", {})


def test_an_address_with_brackets_can_be_this_machine() -> None:
    Client(Target("http://[::1]:8888/api/v3"), FakeClock(), Settings(token="kpat_1")).close()
