"""Parameters are checked before anything is looked up: what they say wrong is a 400, whatever the path names."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from billsync.local.registry import ROUTES
from billsync.local.server.data_files import data
from billsync.local.server.resource import V1
from tests.support.recorder import Recorder

NOBODY = "01J00000000000000000000000"
WRONG: dict[str, tuple[str, ...]] = {
    "page": ("page[size]=x", "page[nope]=1", "page[number]=0", "page[after]=!!", "page[before]=!!"),
    "sort": ("sort=nope", "sort=id sideways"),
    "timestamp": ("timestamp=yesterday", "timestamp="),
    "expand": ("expand=nope",),
    "include_deleted": ("include_deleted=perhaps",),
}
V1_WRONG = ("page=x", "pageSize=0", "order=up", "orderBy=nope", "includeDeleted=perhaps")


def wrong(name: str, facts: Any) -> Iterator[str]:
    """Queries that say something wrong with a parameter."""
    if name != "filter":
        yield from WRONG[name]
        return
    yield "filter[nope]=x"
    yield from (f"filter[{member}][nope]=x" for member in facts["members"])


def cases() -> list[str]:
    """The address of every GET with every wrong parameter it can have; nothing that its path names is there."""
    found = []
    for operation, facts in data("requests")["operations"].items():
        method, _, path = operation.partition(" ")
        if method == "GET":
            gone = re.sub(r"\{\w+\}", NOBODY, path)
            found += [
                f"/api/v3{gone}?{said}" for name, each in facts.get("query", {}).items() for said in wrong(name, each)
            ]
    return found


def v1_lists() -> list[str]:
    lists = ("/plans", "/addons", f"/plans/{NOBODY}/addons")
    one = [f"/api/v1{path}/{NOBODY}?includeLatest=perhaps" for path in lists[:2]]
    return [f"/api/v1{path}?{said}" for path in lists for said in V1_WRONG] + one


@pytest.mark.parametrize("address", [*cases(), *v1_lists()])
def test_a_wrong_parameter_is_told_although_nothing_is_there(
    server: httpx.Client, openapi: Recorder, address: str
) -> None:
    with openapi.wrong_on_purpose():
        answer = server.get(f"http://local{address}")

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_every_get_of_the_document_with_parameters_has_a_route_here() -> None:
    """Else the answer above could not be asked for."""
    routed = {route.operation for route in ROUTES if route.version != V1}

    assert [
        name for name, facts in data("requests")["operations"].items() if "query" in facts and name not in routed
    ] == []
