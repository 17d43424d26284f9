"""The replay finds what it must find: each answer here is wrong, or other but right, in one place."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.bindings import Bindings, Clockwork
from tests.conformance.compare import Comparison
from tests.conformance.replay import ErrorBodies, Replay
from tests.conformance.scenario import Scenario

FIRST, SECOND = "01M7YR405SPX10QM08CSH38W52", "01M7YR407BVW9Z0JP5WQV2DDYA"
OTHER_FIRST, OTHER_SECOND = "01N0000000000000000000000A", "01N0000000000000000000000B"
STARTED = "2026-11-21T10:00:00.384911Z"


def thing(identifier: str, name: str) -> dict[str, Any]:
    return {"id": identifier, "name": name, "created_at": STARTED, "count": 2}


def recorded(method: str, path: str, status: int, body: Any, **more: Any) -> dict[str, Any]:
    request = {"method": method, "path": path} | more.pop("request", {})
    kind = "application/json" if status < 300 else "application/problem+json"
    answer = {"status": status, "content_type": kind, "body": body}
    return {"at": "2026-11-21T10:00:00.380Z", "request": request, "response": answer} | more


RECORDING = (
    recorded("POST", "/things", 201, thing(FIRST, "a"), request={"body": {"name": "a"}}),
    recorded("POST", "/things", 201, thing(SECOND, "b"), request={"body": {"name": "b"}}),
    recorded("GET", "/things", 200, {"data": [thing(SECOND, "b"), thing(FIRST, "a")]}, unordered=["data"]),
    recorded(
        "POST",
        f"/things/{FIRST}/run",
        200,
        {
            "from": "2027-01-31T00:00:00Z",
            "to": "2027-02-28T00:00:00Z",
            "seen_at": STARTED,
            "of": f"{FIRST}/v[0]",
        },
        request={
            "body": {"from": "2027-01-31T00:00:00Z", "every": "P1M", "since": STARTED},
            "query": {"page[after]": "x"},
        },
    ),
    recorded(
        "POST",
        "/things",
        400,
        {
            "status": 400,
            "detail": "no name",
            "invalid_parameters": [{"field": "name", "rule": "required", "reason": "is missing", "source": ""}],
        },
        request={"body": {}},
    ),
    recorded("GET", "/things", 200, {"data": [], "meta": {"page": {"next": "abc", "size": 1}}}),
    recorded("POST", "/things", 500, {"status": 500}, request={"body": {"count": -1}}),
)


@pytest.fixture
def replayed(tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    """Replays the recording against a server that answers as recorded but for one change."""

    def run(number: int, change: Callable[[dict[str, Any]], Any], **options: Any) -> tuple[str, ...]:
        lines = [{"scenario": "made"}, *({"n": n, **line} for n, line in enumerate(RECORDING))]
        path = tmp_path / "made.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        answers = [copy.deepcopy(line["response"]) for line in RECORDING]
        change(answers[number])
        client = httpx.Client(transport=httpx.MockTransport(served(answers)), base_url="http://local")
        return Replay(client, **options).run(Scenario("made", path))

    return run


def served(answers: list[dict[str, Any]]) -> Callable[[httpx.Request], httpx.Response]:
    """The answers in order; setting the clock always works."""
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/local/clock":
            return httpx.Response(200, json={})
        found = next(left)
        headers = {"content-type": found["content_type"]}
        return httpx.Response(found["status"], headers=headers, content=json.dumps(found["body"]))

    return answer


def unchanged(answer: dict[str, Any]) -> None:
    """The recorded answer."""


def test_a_server_that_answers_as_recorded_is_equal(replayed: Callable[..., tuple[str, ...]]) -> None:
    assert replayed(0, unchanged) == ()


WRONG: dict[str, tuple[int, Callable[[dict[str, Any]], Any], str]] = {
    "a wrong text": (
        0,
        lambda answer: answer["body"].update(name="z"),
        '#0 POST /things $.name: recorded "a", replayed "z"',
    ),
    "a missing member": (
        0,
        lambda answer: answer["body"].pop("count"),
        "#0 POST /things $.count: recorded 2, replayed nothing",
    ),
    "an extra member": (
        0,
        lambda answer: answer["body"].update(more=None),
        "#0 POST /things $.more: recorded nothing, replayed null",
    ),
    "a number as a text": (
        0,
        lambda answer: answer["body"].update(count="2"),
        '#0 POST /things $.count: recorded 2, replayed "2"',
    ),
    "a time a minute off": (
        0,
        lambda answer: answer["body"].update(created_at="2026-11-21T10:01:00.384911Z"),
        f'#0 POST /things $.created_at: recorded "{STARTED}", replayed "2026-11-21T10:01:00.384911Z"',
    ),
    "a sent time a second off": (
        3,
        lambda answer: answer["body"].update({"from": "2027-01-31T00:00:01Z"}),
        f'#3 POST /things/{FIRST}/run $.from: recorded "2027-01-31T00:00:00Z", replayed "2027-01-31T00:00:01Z"',
    ),
    "a period's end a second off": (
        3,
        lambda answer: answer["body"].update(to="2027-02-28T00:00:01Z"),
        f'#3 POST /things/{FIRST}/run $.to: recorded "2027-02-28T00:00:00Z", replayed "2027-02-28T00:00:01Z"',
    ),
    "another id than before": (
        3,
        lambda answer: answer["body"].update(of=f"{OTHER_FIRST}/v[0]"),
        f'#3 POST /things/{FIRST}/run $.of: recorded "{FIRST}/v[0]", replayed "{OTHER_FIRST}/v[0]"',
    ),
    "one id for two things": (
        1,
        lambda answer: answer["body"].update(id=FIRST),
        f'#1 POST /things $.id: recorded "{SECOND}", replayed "{FIRST}"',
    ),
    "a member of a list too few": (
        2,
        lambda answer: answer["body"]["data"].pop(),
        "#2 GET /things $.data: recorded 2 members, replayed 1 members",
    ),
    "another rule in an error": (
        4,
        lambda answer: answer["body"]["invalid_parameters"][0].update(rule="pattern"),
        '#4 POST /things $.invalid_parameters.0.rule: recorded "required", replayed "pattern"',
    ),
    "an error without its sentence": (
        4,
        lambda answer: answer["body"].pop("detail"),
        '#4 POST /things $.detail: recorded "no name", replayed nothing',
    ),
    "a cursor where none belongs": (
        5,
        lambda answer: answer["body"]["meta"]["page"].update(next=None),
        '#5 GET /things $.meta.page.next: recorded "abc", replayed null',
    ),
    "a fault answered with success": (
        6,
        lambda answer: answer.update(status=201),
        '#6 POST /things status: recorded "4xx", replayed 201',
    ),
}


@pytest.mark.parametrize(("number", "change", "line"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_reported(
    replayed: Callable[..., tuple[str, ...]],
    number: int,
    change: Callable[[dict[str, Any]], Any],
    line: str,
) -> None:
    assert line in replayed(number, change)


def test_a_wrong_status_shows_the_whole_answer(replayed: Callable[..., tuple[str, ...]]) -> None:
    differences = replayed(5, lambda answer: answer.update(status=404, body="gone"))

    assert differences == (
        "#5 GET /things status: recorded 200, replayed 404",
        '#5 GET /things body: recorded {"data": [], "meta": {"page": {"next": "abc", "size": 1}}}, replayed "gone"',
    )


RIGHT: dict[str, tuple[int, Callable[[dict[str, Any]], Any]]] = {
    "a time seconds off": (1, lambda answer: answer["body"].update(created_at="2026-11-21T10:00:02Z")),
    "another order of a list without one": (2, lambda answer: answer["body"]["data"].reverse()),
    "another wording": (4, lambda answer: answer["body"].update(detail="the name is missing")),
    "another cursor": (5, lambda answer: answer["body"]["meta"]["page"].update(next="xyz")),
    "a fault answered with a refusal": (6, lambda answer: answer.update(status=400)),
}


@pytest.mark.parametrize(("number", "change"), RIGHT.values(), ids=RIGHT)
def test_what_may_be_otherwise_is_not_reported(
    replayed: Callable[..., tuple[str, ...]], number: int, change: Callable[[dict[str, Any]], Any]
) -> None:
    assert replayed(number, change) == ()


@pytest.mark.parametrize("text", ["2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.123456789+02:00"])
def test_equal_times_with_nine_digits_are_equal(text: str) -> None:
    """Whatever was sent at that microsecond, and with any zone."""
    clockwork = Clockwork()
    clockwork.begin("2026-11-21T10:00:00.380Z")
    clockwork.send(["2026-11-21T10:00:00.123456Z"], ["2026-11-21T10:00:04.5Z"])

    assert list(Comparison(Bindings(), clockwork).differences(text, text)) == []


def test_an_errors_body_may_be_left_out_of_the_comparison(replayed: Callable[..., tuple[str, ...]]) -> None:
    def without_body(answer: dict[str, Any]) -> None:
        answer["body"] = {}

    assert replayed(4, without_body, errors=ErrorBodies.STATUS_AND_TYPE) == ()


def test_ids_and_times_that_were_answered_are_sent_back_as_answered(tmp_path: Path) -> None:
    sent: list[httpx.Request] = []
    other_time = "2026-11-21T10:00:01.5Z"
    text = json.dumps([line["response"] for line in RECORDING])
    for old, new in ((FIRST, OTHER_FIRST), (SECOND, OTHER_SECOND), (STARTED, other_time)):
        text = text.replace(old, new)
    answer = served(json.loads(text))
    path = tmp_path / "made.jsonl"
    path.write_text("\n".join(["{}", *(json.dumps({"n": n, **line}) for n, line in enumerate(RECORDING))]))

    def noting(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer(request)

    client = httpx.Client(transport=httpx.MockTransport(noting), base_url="http://local")
    differences = Replay(client).run(Scenario("made", path))

    run = next(request for request in sent if request.url.path.endswith("/run"))
    assert differences == ()
    assert run.url.path == f"/things/{OTHER_FIRST}/run"
    assert json.loads(run.content)["since"] == other_time
