"""Capabilities by generation: the dated tables, and what a served OpenAPI document says."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync.api.generations import CAPABILITIES, GENERATIONS, dated, generation_of
from billsync.api.routes import routes, routes_of
from billsync.api.served import Served, served_by
from billsync.core.views.adapted import adapted
from billsync.kinds.registry import KINDS
from billsync.model.shape import FieldEffect, Lazy, ListOf, Record, Reference, Shape, Variant, Wire
from tests.support.generations import GENERATIONS as DOCUMENTS
from tests.support.generations import document_of

pytestmark = pytest.mark.thorough

EVERY = [(name, capability) for name in DOCUMENTS for capability in CAPABILITIES]


def served(name: str) -> Served:
    found = served_by(document_of(name))
    assert found is not None
    return found


def without(name: str, path: str) -> Served:
    """What a server of a generation serves, less one path."""
    document = copy.deepcopy(document_of(name))
    del document["paths"][path]
    found = served_by(document)
    assert found is not None
    return found


def test_every_dated_generation_has_a_document() -> None:
    assert [f"{dialect}@{name}" for dialect, names in GENERATIONS.items() for name in names] == list(DOCUMENTS)


@pytest.mark.parametrize(("name", "capability"), EVERY)
def test_each_capability_has_a_form_in_the_document_or_is_none(name: str, capability: str) -> None:
    """The table's form of a capability is in the generation's document, and no form is where the table has none."""
    offered = served(name)
    shown = [form for form in CAPABILITIES[capability].forms if form.needs and all(map(offered.has, form.needs))]

    form = dated(*name.split("@")).forms.get(capability)

    assert [form] == shown[:1] if shown else form is None or not form.needs


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.startswith("openmeter")])
def test_a_servers_own_document_gives_the_dated_generation(name: str) -> None:
    found = generation_of(served(name))

    assert (found.full_name, found.forms) == (name, dated(*name.split("@")).forms)


def test_a_server_between_two_generations_is_judged_by_capability() -> None:
    between = without("openmeter@later", "/openmeter/subscriptions/{id}/unschedule")

    found = generation_of(between)

    assert found.name == "served"
    assert found.can("migrate")
    assert routes_of(found)["subscription"].calls["withdraw"].path == "/v1/subscriptions/{id}"


def test_every_call_in_the_routes_is_a_capability() -> None:
    calls = {(kind, name) for kind, known in routes("openmeter").items() for name in known.calls}

    assert calls <= {(kind, name) for name, entry in CAPABILITIES.items() for kind in entry.kinds}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_call_sends_only_fields_that_its_operation_takes(name: str) -> None:
    """The requests that make or update entities have no field that the generation's document lacks."""
    offered = served(name)
    unknown = [
        f"{verb} {path}: {field}"
        for known in routes_of(dated(*name.split("@"))).values()
        for verb, path, fields in (
            ("POST", known.collection, known.create),
            (known.update_verb, known.item("{}"), known.update),
            *(("POST", part.collection, part.create) for part in known.parts),
        )
        for field in fields
        if not offered.has(f"{verb} {path.replace('{parent}', '{}')}: {field}")
    ]

    assert unknown == []


def sendable(shape: Shape, path: str = "", seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The dotted names that a request body made from a shape may have; list members are passed over."""
    match shape:
        case Lazy(name=name) if name not in seen:
            yield from sendable(shape.get(), path, seen | {name})
        case Record(fields=fields):
            for name, known in fields.items():
                if known.refused is None and known.effect not in (
                    FieldEffect.OURS,
                    FieldEffect.ONE_WAY,
                    FieldEffect.ATTACHED,
                ):
                    yield f"{path}{known.wire or name}"
                    yield from sendable(known.shape, f"{path}{known.wire or name}.", seen)
        case Variant(tag=tag, cases=cases):
            yield f"{path}{tag}"
            for case in cases.values():
                yield from sendable(case, path, seen)
        case ListOf(item=item):
            yield from sendable(item, path, seen)
        case Reference(wire=Wire.ID):
            yield f"{path}id"


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_that_can_be_declared_is_taken_or_refused(name: str, kind: str) -> None:
    """Each field that a file can declare, at any depth, is in the request of each generation, or is refused there."""
    generation, known = dated(*name.split("@")), routes_of(dated(*name.split("@")))[kind]
    collection = known.collection.replace("{parent}", "{}")
    parts = {part.field for part in known.parts}
    record = adapted(KINDS, routes_of(generation))[kind].record

    unknown = [
        field
        for field in sendable(record)
        if field.partition(".")[0] in known.create and field.partition(".")[0] not in parts
        if not served(name).has(f"POST {collection}: {field}") and field not in generation.missing.get(kind, ())
    ]

    assert unknown == []


CALLED = {
    "cancel": {"timing"},
    "change": {"customer", "plan", "timing", "labels", "settlement_mode", "billing_anchor"},
    "begin_later": {"customer", "plan", "timing", "labels", "settlement_mode", "billing_anchor"},
    "migrate": {"timing", "target_version"},
    "attach": {"addon", "quantity", "timing", "labels"},
    "set_quantity": {"quantity", "timing"},
    "settle": {"status"},
}
"""The fields that the calls of API v3 on one entity are sent."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_call_on_an_entity_takes_what_it_is_sent(name: str) -> None:
    offered = served(name)
    calls = {call: form for known in routes_of(dated(*name.split("@"))).values() for call, form in known.calls.items()}

    unknown = [
        f"{call}: {field}"
        for call, form in calls.items()
        if not form.path.startswith("/v1/")
        for field in sorted(CALLED.get(call, ()))
        if not offered.has(f"{form.method} {re.sub(r'{[a-z]+}', '{}', form.path)}: {field}")
    ]

    assert unknown == []


@pytest.mark.parametrize("document", [None, [], "text", {}, {"paths": None}, {"paths": {"/pets": {"get": {}}}}])
def test_what_is_no_document_of_this_api_says_nothing(document: Any) -> None:
    assert served_by(document) is None


def test_a_schema_that_contains_itself_is_read_once() -> None:
    node = {"type": "object", "properties": {"name": {}, "node": {"$ref": "#/components/schemas/Node"}}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    document = {"paths": {"/openmeter/x": {"post": {"requestBody": body}}}, "components": {"schemas": {"Node": node}}}

    found = served_by(document)

    assert found == Served({"POST /openmeter/x": frozenset({"name", "node"})})


@pytest.mark.parametrize("reference", ["#/nowhere", "elsewhere.yaml#/X", "#/components/schemas/Loop", 7, None])
def test_a_reference_that_leads_nowhere_has_no_fields(reference: Any) -> None:
    loop = {"$ref": "#/components/schemas/Loop"}
    body = {"content": {"application/json": {"schema": {"$ref": reference}}}}
    document = {"paths": {"/openmeter/x": {"post": {"requestBody": body}}}, "components": {"schemas": {"Loop": loop}}}

    assert served_by(document) == Served({"POST /openmeter/x": frozenset()})


def test_unknown_names_are_errors() -> None:
    for ask in (lambda: dated("stripe"), lambda: dated("konnect", "later"), lambda: dated("konnect").can("fly")):
        with pytest.raises(KeyError):
            ask()


def test_the_page_of_generations_says_what_the_tables_say() -> None:
    """Each row of the page names capabilities, and in which generations there is a form of them."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "generations.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    said = {
        (name, capability): cell.strip() != "\u2013"
        for label, *cells in rows
        for capability in re.findall(r"`([\w.]+)`", label.partition(":")[0])
        for name, cell in zip(DOCUMENTS, cells, strict=True)
    }

    assert said == {(name, capability): dated(*name.split("@")).can(capability) for name, capability in EVERY}
