"""`ping`: what a server can do, what a token may not read, and what this billsync doesn't know of an API."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.api.generations import CAPABILITIES, dated, generation_of
from billsync.api.served import served_by
from billsync.app.server.connection import Connection
from billsync.app.server.pinging import ping
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.local.server.editions import AUGUST, LATER
from billsync.local.server.openapi import openapi_document
from billsync.model.pinged import MissingRight, Unlisted
from billsync.model.ports import RemoteError
from billsync.render.ping import ping_json, ping_text
from tests.support.clock import FakeClock
from tests.support.command import Shell

LOCAL = ("--server", "local:")
PAGE = {"data": [], "meta": {"page": {"number": 1, "size": 20, "total": 0}}}
FORBIDDEN = httpx.Response(403, json={"status": 403, "title": "Forbidden", "detail": "no"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shell(folder: Path) -> Shell:
    return Shell()


def connected(answers: dict[str, httpx.Response], document: Any = None) -> Connection:
    """A server whose lists are empty, but for these answers, and which serves this document."""

    def answer(request: httpx.Request) -> httpx.Response:
        return answers.get(request.url.path.rpartition("/")[2]) or httpx.Response(200, json=PAGE)

    target, clock = Target("https://billing.example/api/v3"), FakeClock()
    client = Client(target, clock, Settings(transport=httpx.MockTransport(answer)))
    served = served_by(document)
    found = generation_of(served) if served else dated("konnect")
    return Connection(client, clock, target.name, found.dialect, found)


def newer() -> Any:
    """The document of a server with an operation and a field that nobody knows yet."""
    document = deepcopy(openapi_document(LATER))
    document["paths"]["/openmeter/plans/{planId}/rehearse"] = {"post": {}}
    document["components"]["schemas"]["CreatePlanRequest"]["properties"]["trial"] = {"type": "string"}
    return document


@pytest.mark.parametrize("form", ["", "?generation=later", "?dialect=konnect", "?generation=1.2"])
def test_ping_says_what_the_server_can_do(shell: Shell, form: str) -> None:
    ran = shell.run("ping", "--server", f"local:x.db{form}", "--format", "json")

    found = json.loads(ran.out)
    expected = dated(found["dialect"], found["generation"])
    assert found["capabilities"] == {name: expected.can(name) for name in CAPABILITIES}
    assert (ran.code, found["assumed"], found["missing_rights"], found["absent"]) == (0, False, [], [])


def test_ping_is_a_few_lines_for_people(shell: Shell) -> None:
    lines = shell.run("ping", "--server", "local:x.db?dialect=konnect").out.splitlines()

    can = [name for name in sorted(CAPABILITIES) if dated("konnect").can(name)]
    assert lines == [
        "local:x.db?dialect=konnect answers, and speaks the dialect konnect, generation 1.1.",
        f"It can: {', '.join(can)}.",
        f"It can't: {', '.join(name for name in sorted(CAPABILITIES) if name not in can)}.",
    ]


def test_a_right_that_the_token_lacks_is_named_with_its_roles() -> None:
    found = ping(connected({"plans": FORBIDDEN}), names_unlisted=False)

    roles = ("Metering & Billing Viewer", "Product Catalog Viewer")
    assert found.missing == (MissingRight("GET /openmeter/plans", roles),)
    assert f"The token may not GET /openmeter/plans: it needs {' or '.join(roles)}.\n" in ping_text(found)
    assert json.loads(ping_json(found))["missing_rights"] == [{"call": "GET /openmeter/plans", "roles": list(roles)}]


def test_a_list_that_the_server_does_not_have_is_named() -> None:
    found = ping(connected({"tax-codes": httpx.Response(404, json={"detail": "?"})}), names_unlisted=False)

    assert found.absent == ("tax_code",)
    assert "It has no list of: tax_code.\n" in ping_text(found)


def test_a_token_that_may_read_nothing_is_an_error() -> None:
    names = ("meters", "features", "tax-codes", "addons", "plans", "customers", "subscriptions")

    with pytest.raises(RemoteError, match="GET /openmeter/meters: 403 Forbidden: no; the token lacks a permission"):
        ping(connected(dict.fromkeys(names, FORBIDDEN)), names_unlisted=False)


def test_a_server_that_fails_is_an_error() -> None:
    with pytest.raises(RemoteError, match="GET /openmeter/plans: 500"):
        ping(connected({"plans": httpx.Response(500, json={"detail": "?"})}), names_unlisted=False)


def test_what_billsync_does_not_know_of_an_api_is_listed() -> None:
    """An operation, a request's field and a row's field that are in no table."""
    row = {
        "id": "1",
        "key": "pro",
        "name": "Pro",
        "version": 1,
        "status": "active",
        "phases": [{"key": "a", "tags": 1}],
    }
    page = httpx.Response(200, json={"data": [row], "meta": PAGE["meta"]})

    found = ping(connected({"plans": page}, newer()), names_unlisted=True).unlisted

    assert found == Unlisted(
        ("POST /openmeter/plans/{}/rehearse",), {"POST /openmeter/plans": ("trial",)}, {"plan": ("phases.tags",)}
    )
    assert found.lines == (
        "POST /openmeter/plans/{}/rehearse",
        "POST /openmeter/plans: trial",
        "rows of plan: phases.tags",
    )


@pytest.mark.parametrize("edition", [AUGUST, LATER], ids=lambda each: each.generation)
def test_billsync_knows_both_generations_of_openmeter(edition: Any) -> None:
    assert ping(connected({}, openapi_document(edition)), names_unlisted=True).unlisted == Unlisted()


def test_the_exit_code_tells_a_nightly_job_of_news(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = shell.run("ping", *LOCAL, "--api", "--exit-code")
    monkeypatch.setattr("billsync.local.registry.openapi_document", lambda edition: newer())
    news = [shell.run("ping", *LOCAL, "--api", *more) for more in ((), ("--exit-code",))]

    assert (quiet.code, quiet.out.splitlines()[-1]) == (0, "billsync knows all operations and fields that it serves.")
    assert [ran.code for ran in news] == [0, 2]
    assert news[0].out.splitlines()[-3:] == [
        "billsync doesn't know these operations and fields:",
        "  POST /openmeter/plans/{}/rehearse",
        "  POST /openmeter/plans: trial",
    ]


def test_a_server_that_says_nothing_of_itself_cannot_be_compared(shell: Shell) -> None:
    ran = shell.run("ping", "--server", "local:x.db?dialect=konnect", "--api")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-openapi]: the server serves no document to compare")
