"""Which API a server speaks: by its address, by what it serves of itself, and by what it answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from billsync.api.served import Served
from billsync.app.server.generation import Found, NoMemory, find_generation
from billsync.live.client import Client, Settings
from billsync.live.openapi_document import read_served
from billsync.live.protocol.target import Target
from billsync.local.server.editions import AUGUST, LATER
from billsync.local.server.openapi import openapi_document
from billsync.model.ports import RemoteError
from tests.support.clock import FakeClock

TARGET = Target("https://billing.example/api/v3")
LOCAL = Target("http://127.0.0.1:8888/api/v3")
ROOT = "/api/v3"
DOCUMENT, INVOICES, METERS = f"{ROOT}/openapi.json", f"{ROOT}/openmeter/billing/invoices", f"{ROOT}/openmeter/meters"
CURRENCIES = f"{ROOT}/openmeter/currencies"
PAGE = {"data": [], "meta": {"page": {"number": 1, "size": 1, "total": 0}}}


def server(answers: dict[str, Any], target: Target = TARGET) -> tuple[Client, list[str]]:
    """A server with these bodies, or responses, at its paths and 404 elsewhere; and the paths that are asked for."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        found = answers.get(request.url.path)
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(404, json={"detail": "?"}) if found is None else httpx.Response(200, json=found)

    return Client(target, FakeClock(), Settings(transport=httpx.MockTransport(answer))), asked


def found(answers: dict[str, Any], *, target: Target = TARGET, given: str | None = None) -> Found:
    return find_generation(target, server(answers, target)[0], given, NoMemory())


def named(answers: dict[str, Any], **more: Any) -> tuple[str, bool]:
    each = found(answers, **more)
    return each.generation.full_name, each.is_assumed


class Remembered(NoMemory):
    """A memory of one server."""

    def __init__(self) -> None:
        self.known: dict[str, Served] = {}

    def recall(self, target: str) -> Served | None:
        return self.known.get(target)

    def keep(self, target: str, served: Served) -> None:
        self.known[target] = served


@pytest.mark.parametrize(("edition", "name"), [(AUGUST, "openmeter@2026-08"), (LATER, "openmeter@later")])
def test_a_server_that_serves_its_document_is_what_it_says(edition: Any, name: str) -> None:
    assert named({DOCUMENT: openapi_document(edition)}) == (name, False)


def test_a_server_that_hides_its_document_is_taken_as_august_2026() -> None:
    assert named({INVOICES: PAGE}) == ("openmeter@2026-08", True)


def test_konnect_behind_another_domain_is_konnect_also_with_currencies() -> None:
    """A list of currencies is no proof of OpenMeter, as Konnect is getting one."""
    assert named({CURRENCIES: PAGE, METERS: PAGE}) == ("konnect@1.1", False)


def test_a_document_without_invoices_does_not_make_a_server_openmeter() -> None:
    document = {"paths": {"/openmeter/meters": {"get": {}}}}

    assert named({DOCUMENT: document, METERS: PAGE}) == ("konnect@1.1", False)


@pytest.mark.parametrize(
    ("given", "name"),
    [("konnect", "konnect@1.1"), ("konnect@1.2", "konnect@1.2"), ("openmeter@later", "openmeter@later")],
)
def test_what_is_given_is_not_asked_for(given: str, name: str) -> None:
    remote, asked = server({})

    each = find_generation(TARGET, remote, given, NoMemory())

    assert (each.generation.full_name, each.is_assumed, asked) == (name, False, [])


def test_openmeter_by_name_is_still_asked_what_it_takes() -> None:
    assert named({DOCUMENT: openapi_document(LATER)}, given="openmeter") == ("openmeter@later", False)


def test_the_address_of_konnect_is_enough() -> None:
    target = Target("https://eu.api.konghq.com/v3", dialect="konnect")

    assert named({}, target=target) == ("konnect@1.1", False)


@pytest.mark.parametrize("given", [None, "openmeter"])
def test_a_server_that_cannot_say_it_now_is_never_assumed(given: str | None) -> None:
    with pytest.raises(RemoteError) as raised:
        found({DOCUMENT: httpx.Response(500, json={"detail": "out of order"})}, given=given)

    assert str(raised.value) == "GET /openapi.json: 500 Internal Server Error: out of order"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(403, json={"detail": "no"}),
        httpx.Response(404, text="nothing"),
        httpx.Response(405, json={}),
        httpx.Response(501, json={}),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json={"openapi": "3.0.0", "paths": {"/pets": {"get": {}}}}),
    ],
)
def test_another_answer_is_no_document(answer: httpx.Response) -> None:
    assert read_served(server({DOCUMENT: answer})[0]) is None


def test_a_server_that_answers_nothing_of_the_api_is_a_clear_error() -> None:
    with pytest.raises(RemoteError) as raised:
        found({})

    assert str(raised.value) == "https://billing.example/api/v3 does not answer like an API v3 server: 404 Not Found: ?"


def test_what_a_server_said_is_asked_for_once() -> None:
    remote, asked = server({DOCUMENT: openapi_document(LATER)})
    memory = Remembered()

    names = [find_generation(TARGET, remote, None, memory).generation.full_name for _ in range(2)]

    assert (names, asked) == (["openmeter@later"] * 2, [DOCUMENT])


def test_a_server_on_this_machine_is_asked_each_time() -> None:
    remote, asked = server({DOCUMENT: openapi_document(LATER)}, LOCAL)
    memory = Remembered()

    for _ in range(2):
        find_generation(LOCAL, remote, None, memory)

    assert (memory.known, asked) == ({}, [DOCUMENT] * 2)
