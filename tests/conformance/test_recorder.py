"""The recorder lets right traffic pass and names what is wrong."""

import json
from typing import Any

import httpx
import pytest

from tests.conformance.scenario import RECORDED, Exchange, scenarios_in
from tests.support.openapi import blanked, document_path
from tests.support.recorder import WRONG_ON_PURPOSE, Recorder, RecordingTransport, recorded, recorder

pytestmark = pytest.mark.skipif(document_path() is None, reason="the vendor's document isn't beside this clone")
URL = "http://local/api/v3/openmeter"
CUSTOMER = {
    "id": "01M7YR405SPX10QM08CSH38W52",
    "key": "acme",
    "name": "Acme",
    "labels": {},
    "created_at": "2026-11-21T10:00:00Z",
    "updated_at": "2026-11-21T10:00:00Z",
}
PAGE = {"data": [CUSTOMER], "meta": {"page": {"number": 1, "size": 20, "total": 1}}}


def answered(status: int, body: Any) -> httpx.Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return httpx.Response(status, headers={"content-type": kind}, content=json.dumps(body))


def faults(request: httpx.Request, response: httpx.Response) -> list[str]:
    notes = recorder()
    notes.note(request, response)
    return [line.strip() for fault in notes.faults for line in fault.splitlines()[1:]]


def test_a_right_request_and_response_pass() -> None:
    request = httpx.Request("GET", f"{URL}/customers", params={"page[size]": "20", "filter[key][eq]": "acme"})

    assert faults(request, answered(200, PAGE)) == []


def test_an_unknown_path_is_named() -> None:
    request = httpx.Request("GET", f"{URL}/custmers")

    assert faults(request, answered(404, {})) == ["request: the document has no GET /api/v3/openmeter/custmers"]


def test_an_unknown_query_parameter_and_a_wrong_one_are_named() -> None:
    request = httpx.Request("GET", f"{URL}/customers", params={"pages": "1", "page[size]": "many"})

    assert faults(request, answered(200, PAGE)) == [
        "request: no query parameter 'pages'",
        "request: query page.size: 'many' is not of type 'integer'",
    ]


def test_a_wrong_request_body_is_named() -> None:
    request = httpx.Request("POST", f"{URL}/customers", json={"key": "acme", "name": 1})

    assert faults(request, answered(201, CUSTOMER)) == ["request: name: 1 is not of type 'string'"]


def test_the_response_to_a_request_wrong_on_purpose_is_checked() -> None:
    """A request that is wrong on purpose passes, but its response is checked."""
    request = httpx.Request("POST", f"{URL}/customers", json={}, headers={WRONG_ON_PURPOSE: "test"})
    nameless = {key: value for key, value in CUSTOMER.items() if key != "name"}

    assert faults(request, answered(201, nameless)) == ["response: body: 'name' is a required property"]


def test_only_requests_in_a_wrong_on_purpose_block_are_exempt() -> None:
    """Requests within a `wrong_on_purpose` block are exempt, and later requests are not."""
    request = httpx.Request("POST", f"{URL}/customers", json={})
    notes = recorder()

    with notes.wrong_on_purpose():
        notes.note(request, answered(201, CUSTOMER))
    before = list(notes.faults)
    notes.note(request, answered(201, CUSTOMER))

    assert before == []
    assert len(notes.faults) == 1


RIGHT_BODY = {"key": "acme", "name": "Acme"}
WRONG_BODY = {"key": "acme", "name": 1}
FORM = "application/x-www-form-urlencoded"


def creation(sent: Any = RIGHT_BODY, url: str = f"{URL}/customers", kind: str = "application/json") -> httpx.Request:
    return httpx.Request("POST", url, content=json.dumps(sent), headers={"content-type": kind})


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (creation(WRONG_BODY), answered(201, CUSTOMER)),
        (creation(url=f"{URL}/customers?page=1"), answered(201, CUSTOMER)),
        (creation(url=f"{URL}/customer"), answered(201, CUSTOMER)),
        (creation(kind=FORM), answered(201, CUSTOMER)),
        (creation(), answered(200, CUSTOMER)),
        (creation(), answered(201, {**CUSTOMER, "id": "acme"})),
        (creation(), answered(201, {**CUSTOMER, "created_at": "2026-02-31T10:00:00Z"})),
        (creation(), httpx.Response(201, headers={"content-type": FORM}, content=json.dumps(CUSTOMER))),
    ],
    ids=["body", "query", "path", "type", "status", "id", "time", "answer's type"],
)
def test_a_wrong_exchange_is_named_though_a_right_one_is_known(sent: httpx.Request, got: httpx.Response) -> None:
    """What is wrong in one place is found after an exchange that was right, and is found again when it comes again."""
    right = faults(creation(), answered(201, CUSTOMER))

    first, second = faults(sent, got), faults(sent, got)

    assert (right, bool(first), first == second) == ([], True, True)


def test_a_request_that_was_wrong_on_purpose_is_wrong_without_that() -> None:
    notes = recorder()
    with notes.wrong_on_purpose():
        notes.note(creation(WRONG_BODY), answered(201, CUSTOMER))

    notes.note(creation(WRONG_BODY), answered(201, CUSTOMER))

    assert len(notes.faults) == 1


def test_an_undeclared_status_is_named() -> None:
    request = httpx.Request("GET", f"{URL}/customers")

    assert faults(request, answered(418, {})) == ["response: status 418 isn't declared for GET /openmeter/customers"]


def test_an_error_of_neither_shape_is_named() -> None:
    request = httpx.Request("GET", f"{URL}/customers")
    body = {"type": "about:blank", "status": 400, "title": "Bad Request", "error": "x"}

    assert faults(request, answered(400, body)) == [
        "response: an error has no instance",
        "response: an error has an unknown member error",
    ]


def test_check_raises_with_the_exchange_in_its_first_line() -> None:
    request = httpx.Request("GET", f"{URL}/customers?size=1")

    with pytest.raises(AssertionError) as raised:
        recorder().check(request, answered(200, PAGE))

    assert str(raised.value) == ("GET /api/v3/openmeter/customers?size=1  -> 200\n  request: no query parameter 'size'")


def test_a_recorder_without_a_document_finds_nothing() -> None:
    notes = Recorder()

    notes.note(httpx.Request("GET", f"{URL}/custmers"), answered(418, {}))

    assert notes.faults == []


def test_a_recording_transport_notes_what_passes_through() -> None:
    notes = recorder()
    inner = httpx.MockTransport(lambda request: answered(200, {"data": []}))

    with httpx.Client(transport=RecordingTransport(inner, notes)) as client:
        client.get(f"{URL}/customers", headers={WRONG_ON_PURPOSE: "test"})

    assert [fault.splitlines()[1:] for fault in notes.faults] == [["  response: body: 'meta' is a required property"]]


def test_a_recorded_application_answers_as_it_does_and_is_noted() -> None:
    notes = recorder()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("202 Accepted", [("content-type", "text/plain")])
        return [environ["wsgi.input"].read()]

    with httpx.Client(transport=httpx.WSGITransport(app=recorded(app, notes))) as client:
        answer = client.post("http://local/api/v3/other", content=b"body")

    assert (answer.status_code, answer.content) == (202, b"body")
    assert notes.faults == []


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings aren't beside this clone")
def test_the_recorded_traffic_of_the_real_server_passes() -> None:
    notes = recorder()

    for scenario in scenarios_in(RECORDED):
        for exchange in scenario.exchanges():
            notes.note(*as_http(exchange))

    assert notes.faults == []


def as_http(exchange: Exchange) -> tuple[httpx.Request, httpx.Response]:
    """A recorded exchange as httpx has it; its request is exempt where the server refuses or ignores things."""
    sent, got = exchange.request, exchange.response
    headers = {"content-type": sent.content_type or "application/json"} if sent.has_body else {}
    if got.status >= 400 or sent.method == "GET" or sent.path.endswith("/unschedule-cancelation"):
        headers[WRONG_ON_PURPOSE] = "recorded"
    body = sent.body if isinstance(sent.body, str) else json.dumps(sent.body)
    content = body.encode() if sent.has_body else None
    url = f"http://local{sent.path}"
    request = httpx.Request(sent.method, url, params=sent.query or None, headers=headers, content=content)
    answer = b"" if got.body is None else json.dumps(got.body).encode()
    return request, httpx.Response(got.status, headers={"content-type": got.content_type}, content=answer)


ID, OTHER, TIME = "01JZZZZZZZZZZZZZZZZZZZZZZZ", "01JYYYYYYYYYYYYYYYYYYYYYYY", "2026-02-03T04:05:06.7Z"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([ID, TIME], [OTHER, "2027-11-28T23:59:59Z"], True),
        ([ID, OTHER], [ID, ID], False),
        (ID, ID[:-1], False),
        (TIME, "2026-02-31T04:05:06.7Z", False),
        (TIME, "2026-02-03 04:05:06.7Z", False),
        ({"id": ID}, {"id": f"{ID} and more"}, False),
        ({"id": ID}, {"name": ID}, False),
    ],
)
def test_values_share_a_verdict_if_they_differ_in_the_ids_and_times_alone(
    one: object, other: object, same: bool
) -> None:
    assert (blanked(json.dumps(one)) == blanked(json.dumps(other))) is same
