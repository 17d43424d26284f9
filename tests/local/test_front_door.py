"""Other sites (DNS rebinding, cross-site POSTs), and bodies that are none, are refused before anything is looked at."""

from io import BytesIO
from typing import Any

import httpx
import pytest

from billsync.local import create_app
from billsync.local.app import LocalServer
from billsync.local.store.limits import BODY_BYTES, NESTED_VALUES
from tests.local.conftest import Hands
from tests.support.recorder import Recorder

OWN = frozenset(("127.0.0.1", "localhost"))
JSON = {"Content-Type": "application/json"}
METER = {"key": "calls", "name": "Calls", "aggregation": "count", "event_type": "call"}
PLAN = {"key": "own", "name": "Own", "currency": "USD", "billingCadence": "P1M"}
PHASES = {"phases": [{"key": "main", "name": "Main", "duration": None, "rateCards": []}]}
DOORS: tuple[tuple[str, Any], ...] = (
    ("/api/v3/openmeter/meters", METER),
    ("/api/v1/plans", PLAN | PHASES),
    ("/local/clock", {"now": "2030-01-01T00:00:00Z"}),
)
FOREIGN = (
    "evil.example",
    "evil.example:8888",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1, evil.example",
    "127.0.0.1:x",
    "10.0.0.1",
    "0.0.0.0",
    "[::1]",
    "",
)
OTHER_FORMS = (
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/json",
    "application/xml",
    "application/jsonx",
    "json",
    "text/plain, application/json",
    None,
)
EVENTS = ("application/cloudevents+json", "application/cloudevents-batch+json", "application/json")
HUGE = ("1e999999999", "-1e999999999", "1e-999999999", "-0", "1e1", "9" * 4000, "0." + "1" * 4000)


@pytest.fixture
def app(hands: Hands) -> LocalServer:
    return create_app(":memory:", clock=hands, test_clock=True, own_names=OWN)


@pytest.fixture
def served(app: LocalServer, openapi: Recorder) -> httpx.Client:
    """A client that sends what is wrong, on purpose."""
    openapi.exempt = True
    return httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://127.0.0.1:8888")


def rows(app: LocalServer) -> tuple[int, int, str]:
    """How many meters and plans there are, and the time: none of it may change."""
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://localhost") as client:
        meters = client.get("/api/v3/openmeter/meters").json()["meta"]["page"]["total"]
        plans = client.get("/api/v3/openmeter/plans").json()["meta"]["page"]["total"]
        return meters, plans, client.get("/local/clock").json()["now"]


def nothing(app: LocalServer) -> bool:
    return rows(app) == (0, 0, "2026-09-01T12:00:00Z")


# Hosts


@pytest.mark.parametrize("host", ["127.0.0.1:8888", "127.0.0.1", "localhost", "LocalHost:8888"])
def test_the_server_answers_under_its_own_names(served: httpx.Client, host: str) -> None:
    answer = served.get("/api/v3/openmeter/meters", headers={"Host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize(("path", "body"), DOORS)
def test_another_name_is_refused_at_every_door(
    served: httpx.Client, app: LocalServer, host: str, path: str, body: Any
) -> None:
    answers = [
        served.get(path, headers={"Host": host}),
        served.post(path, json=body, headers={"Host": host}),
    ]

    assert [answer.status_code for answer in answers] == [421, 421]
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert nothing(app)


def test_a_request_without_any_name_is_refused(app: LocalServer) -> None:
    told: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/v3/openmeter/meters", "SERVER_NAME": "127.0.0.1"}
    environ |= {"SERVER_PORT": "8888", "wsgi.url_scheme": "http", "wsgi.input": BytesIO()}  # type: ignore[dict-item]

    app(environ, lambda status, headers: told.append(status))

    assert told[0].startswith("421")


def test_in_process_there_is_no_name_to_check(hands: Hands) -> None:
    app = create_app(":memory:", clock=hands)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://whatever") as client:
        assert client.get("/api/v3/openmeter/meters").status_code == 200


# Origins


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8888"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8888"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("path", "body"), DOORS)
def test_a_page_of_another_site_reaches_nothing(
    served: httpx.Client, app: LocalServer, headers: dict[str, str], path: str, body: Any
) -> None:
    answers = [served.get(path, headers=headers), served.post(path, json=body, headers=headers)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert nothing(app)


def test_the_servers_own_pages_and_plain_clients_are_answered(served: httpx.Client) -> None:
    for headers in (
        {},
        {"Origin": "http://127.0.0.1:8888"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert served.get("/api/v3/openmeter/meters", headers=headers).status_code == 200


def test_no_page_of_another_site_is_told_that_it_may_ask(served: httpx.Client) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}

    answer = served.options("/api/v3/openmeter/meters", headers=asked)

    assert answer.status_code == 403
    assert [name for name in answer.headers if name.startswith("access-control")] == []


# Forms of bodies


@pytest.mark.parametrize("form", OTHER_FORMS)
@pytest.mark.parametrize(("path", "body"), DOORS)
def test_a_body_that_is_not_called_json_is_refused_at_every_door(
    served: httpx.Client, app: LocalServer, form: str | None, path: str, body: Any
) -> None:
    request = served.build_request("POST", path, json=body)
    del request.headers["Content-Type"]
    if form is not None:
        request.headers["Content-Type"] = form

    answer = served.send(request)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert nothing(app)


def test_an_empty_form_publishes_nothing(served: httpx.Client) -> None:
    phases = [{"key": "main", "name": "Main", "rate_cards": [{"key": "fee", "name": "Fee", "price": {"type": "free"}}]}]
    body = {"key": "p", "name": "P", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    plan = served.post("/api/v3/openmeter/plans", json=body).json()["id"]
    path = f"/api/v3/openmeter/plans/{plan}/publish"

    form = served.post(path, headers={"Content-Type": "application/x-www-form-urlencoded"})
    bare = served.post(path)

    assert (form.status_code, bare.status_code, bare.json()["status"]) == (400, 200, "active")


@pytest.mark.parametrize("form", ["application/json", "application/JSON; charset=utf-8"])
@pytest.mark.parametrize(("path", "body"), DOORS)
def test_json_is_taken_at_every_door(served: httpx.Client, form: str, path: str, body: Any) -> None:
    assert served.post(path, json=body, headers={"Content-Type": form}).is_success


@pytest.mark.parametrize(
    "kind", ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"]
)
def test_events_are_taken_in_each_of_their_forms(served: httpx.Client, kind: str) -> None:
    event = {"id": "1", "source": "test", "specversion": "1.0", "type": "call", "subject": "acme"}
    body: Any = [event] if "batch" in kind else event

    answer = served.post("/api/v3/openmeter/events", json=body, headers={"Content-Type": kind})

    assert answer.status_code == 202


# Broken bodies


BROKEN = {
    "nothing": b"",
    "half an object": b'{"key": "calls"',
    "no UTF-8": b'{"key": "calls", "name": "\xff"}',
    "half a character": b'{"key": "calls", "name": "\xe2\x82',
    "UTF-16": '{"key": "calls"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"key": "calls"}',
    "no number": b'{"key": NaN}',
    "no end": b'{"key": -Infinity}',
    "a number of many digits": b'{"key": ' + b"9" * 100_000 + b"}",
    "lists in each other": b"[" * 200_000,
    "closed lists in each other": b"[" * 900 + b"]" * 900,
    "objects in each other": b'{"a":' * 200_000,
    "lists deep in a member": b'{"key": ' + b"[" * (NESTED_VALUES + 1) + b"]" * (NESTED_VALUES + 1) + b"}",
    "a zero byte": b"\0",
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("path", [path for path, _ in DOORS])
def test_a_broken_body_is_refused_at_every_door(
    served: httpx.Client, app: LocalServer, path: str, content: bytes
) -> None:
    answer = served.post(path, content=content, headers=JSON)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert nothing(app)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x"])
def test_a_compressed_body_is_refused(served: httpx.Client, app: LocalServer, encoding: str) -> None:
    for path, body in DOORS:
        answer = served.post(path, json=body, headers={"Content-Encoding": encoding})

        assert answer.status_code == 400
    assert nothing(app)


@pytest.mark.parametrize("text", ['{"key":"a","key":"calls"}', '{"key":"calls"} and more'])
def test_what_the_real_server_reads_on_is_read_on(served: httpx.Client, text: str) -> None:
    """A repeated member: the last wins; what follows the value is ignored (catalog-facts.md §1.2)."""
    content = text.replace("{", '{"name":"N","aggregation":"count","event_type":"e",').encode()

    answer = served.post("/api/v3/openmeter/meters", content=content, headers=JSON)

    assert (answer.status_code, answer.json()["key"]) == (201, "calls")


def test_a_body_that_is_as_deep_as_allowed_is_read(served: httpx.Client) -> None:
    deep: Any = "x"
    for _ in range(NESTED_VALUES - 2):
        deep = [deep]
    event = {"id": "1", "source": "t", "specversion": "1.0", "type": "call", "subject": "acme", "data": {"deep": deep}}

    answer = served.post(
        "/api/v3/openmeter/events", json=event, headers={"Content-Type": "application/cloudevents+json"}
    )

    assert answer.status_code == 202
    assert served.get("/api/v3/openmeter/events").status_code == 200


def test_a_body_that_is_too_large_is_not_read(served: httpx.Client, app: LocalServer) -> None:
    answer = served.post("/api/v3/openmeter/meters", content=b" " * (BODY_BYTES + 1), headers=JSON)

    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert nothing(app)


def test_a_body_that_breaks_off_is_refused(app: LocalServer) -> None:
    told: list[str] = []
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/plans", "HTTP_HOST": "localhost"}
    environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "100", "wsgi.input": BytesIO(b"{")}
    environ |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}

    app(environ, lambda status, headers: told.append(status))

    assert told[0].startswith("400")


# Numbers beyond all measure


@pytest.mark.parametrize(
    "number", ["1e999999999", "-1e999999999", "1e-999999999", "-0", "1e1", "9" * 4000, "0." + "1" * 4000]
)
def test_a_huge_number_anywhere_never_breaks_the_server(served: httpx.Client, number: str) -> None:
    card = '"rate_cards":[{"key":"c","name":"C","billing_cadence":"P1M","price":{"type":"unit","amount":"1"},%s}]'
    plan = '{"key":"p","name":"P","currency":"USD","billing_cadence":"P1M","phases":[{"key":"m","name":"M",%s}]}'
    bodies = {
        "/api/v3/openmeter/plans": plan % card % f'"discounts":{{"percentage":{number}}}',
        "/api/v3/openmeter/plans?": plan % card % f'"entitlement":{{"type":"metered","limit":{number}}}',
        "/api/v3/openmeter/currencies/custom": (
            f'{{"code":"COINS","name":"C","precision":{number},"decimal_mark":".","thousand_separator":","}}'
        ),
        "/api/v3/openmeter/events": (
            f'{{"id":"1","source":"t","specversion":"1.0","type":"call","subject":"a","data":{{"n":{number}}}}}'
        ),
        "/local/clock": f'{{"now":{number}}}',
    }
    for path, content in bodies.items():
        kind = "application/cloudevents+json" if path.endswith("events") else "application/json"

        answer = served.post(path, content=content.encode(), headers={"Content-Type": kind})

        assert answer.status_code in (201, 202, 400), (path, answer.text)
    for path in ("meters", "plans", "events", "currencies"):
        assert served.get(f"/api/v3/openmeter/{path}").status_code == 200
