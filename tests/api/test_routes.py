"""The routes against the vendor's OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync.api.documents import BALANCE, BILLING, CHARGES, SUBSCRIPTION_ADDONS, TRANSACTIONS
from billsync.api.generations import dated
from billsync.api.routes import routes, routes_of
from billsync.model.currencies import CODES, decimals
from tests.support.generations import GENERATIONS, document_of

SHARED = Path(__file__).resolve().parents[3] / "shared"
EVERY_ROUTE = [(name, kind) for name in GENERATIONS for kind in routes("openmeter")]


def route(name: str, kind: str) -> Any:
    return routes_of(dated(*name.split("@")))[kind]


ELSEWHERE = {("openmeter@later", "subscription"): {"timing", "starting_phase"}}
"""Fields that only another capability than creating uses, or none."""

WRITTEN = [(name, kind) for name, kind in EVERY_ROUTE if route(name, kind).create]


def operation(name: str, method: str, path: str) -> Any:
    """The document's operation for a path whose parameters may have other names."""
    wanted = ["{}" if part.startswith("{") else part for part in path.split("/")]
    for known, item in document_of(name)["paths"].items():
        if ["{}" if part.startswith("{") else part for part in known.split("/")] == wanted:
            return item.get(method.lower())
    return None


def resolved(dialect: str, node: Any) -> Any:
    while "$ref" in node:
        target = document_of(dialect)
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def properties(dialect: str, schema: Any) -> Iterator[str]:
    schema = resolved(dialect, schema)
    yield from schema.get("properties", {})
    for part in schema.get("allOf", []):
        yield from properties(dialect, part)


def body_fields(dialect: str, method: str, path: str) -> set[str]:
    body = resolved(dialect, operation(dialect, method, path)["requestBody"])
    return set(properties(dialect, body["content"]["application/json"]["schema"]))


@pytest.mark.parametrize(("dialect", "kind"), EVERY_ROUTE)
def test_every_route_is_in_the_vendors_document(dialect: str, kind: str) -> None:
    known = route(dialect, kind)
    calls = [("get", known.collection)]
    calls += [("post", known.collection)] if known.create else []
    calls += [(known.update_verb, known.item("{id}"))] if known.update else []
    calls += [("delete", known.item("{id}"))] if known.delete else []
    calls += [(form.method.lower(), form.path) for form in known.calls.values() if not form.path.startswith("/v1/")]

    missing = [call for call in calls if operation(dialect, *call) is None]

    assert missing == []


@pytest.mark.parametrize(("dialect", "kind"), WRITTEN)
def test_a_create_names_every_field_of_the_request(dialect: str, kind: str) -> None:
    known = route(dialect, kind)

    offered = body_fields(dialect, "post", known.collection)

    assert set(known.create) == offered - ELSEWHERE.get((dialect, kind), set())


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [(name, kind) for name, kind in EVERY_ROUTE if route(name, kind).update],
)
def test_an_update_sends_every_field_that_can_be_read_back(dialect: str, kind: str) -> None:
    """An update names every field of the request, except the labels of a plan, which can't be read back."""
    known = route(dialect, kind)

    offered = body_fields(dialect, known.update_verb, known.item("{id}"))

    assert set(known.update) == offered - ({"labels"} if kind == "plan" else set())


@pytest.mark.parametrize(("dialect", "kind"), EVERY_ROUTE)
def test_a_list_has_the_filters_and_the_sort_that_are_used(dialect: str, kind: str) -> None:
    known = route(dialect, kind)
    parameters = [resolved(dialect, p) for p in operation(dialect, "get", known.collection).get("parameters", [])]
    filters = next((p["schema"] for p in parameters if p["name"] == "filter"), {})

    used = {name for name in (known.key_filter, known.parent_filter, known.claim_filter) if name}

    assert used <= set(properties(dialect, filters))
    assert known.listing.sort is None or "sort" in {p["name"] for p in parameters}
    assert "page" in {p["name"] for p in parameters}


@pytest.mark.parametrize(("dialect", "kind"), EVERY_ROUTE)
def test_every_part_of_a_kind_can_be_listed_and_posted(dialect: str, kind: str) -> None:
    """Every part of a kind has a paged list, and its create sends all fields that the server keeps."""
    for part in route(dialect, kind).parts:
        offered = body_fields(dialect, "post", part.collection)

        listed = operation(dialect, "get", part.collection)

        assert set(part.create) == offered - {"labels", "description"}
        assert "page" in {resolved(dialect, parameter)["name"] for parameter in listed["parameters"]}
        assert part.titled_by in part.create


@pytest.mark.parametrize("dialect", GENERATIONS)
def test_every_document_of_a_customer_can_be_read(dialect: str) -> None:
    charges = (CHARGES,) if dated(*dialect.split("@")).can("charges") else ()
    documents = (BALANCE, BILLING, TRANSACTIONS, *charges)

    missing = [path for path in documents if operation(dialect, "get", path) is None]

    assert missing == []


@pytest.mark.parametrize("dialect", GENERATIONS)
def test_the_addons_of_a_subscription_can_be_listed(dialect: str) -> None:
    assert operation(dialect, "get", SUBSCRIPTION_ADDONS) is not None


def test_an_unknown_dialect_has_no_routes() -> None:
    with pytest.raises(KeyError):
        routes("stripe")


def test_the_decimals_of_every_currency_are_the_servers() -> None:
    vectors = SHARED / "vectors" / "currencies.jsonl"
    if not vectors.exists():
        pytest.skip("../shared/vectors is not here")
    rows = [json.loads(line) for line in vectors.read_text(encoding="utf-8").splitlines()]

    table = {code: decimals(code) for code in CODES}

    assert table == {row["code"]: row["precision"] for row in rows}


def test_a_code_that_is_no_currency_has_no_decimals() -> None:
    assert [decimals("ZZZ"), decimals("usd"), decimals("XXX")] == [None, None, None]
