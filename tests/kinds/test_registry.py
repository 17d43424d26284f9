"""The tables against the routes, and against the vendor's document: every field of every request is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from billsync.api.routes import routes
from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind
from billsync.model.patterns import END
from billsync.model.shape import (
    Anything,
    Field,
    FieldEffect,
    Integer,
    Lazy,
    ListOf,
    MapOf,
    Record,
    Reference,
    Shape,
    Text,
    Variant,
    Wire,
)

SHARED = Path(__file__).resolve().parents[3] / "shared"
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
HIDDEN = {
    "plan": {
        "addons.name", "addons.description", "addons.labels",  # dropped by the server
    },
    "feature": {
        *(f"unit_cost.pricing{part}" for part in (
            "", ".input_per_token", ".output_per_token", ".cache_read_per_token", ".cache_write_per_token",
            ".reasoning_per_token",
        )),  # only ever read
    },
    "subscription": {
        "customer", "customer.id", "customer.key",  # the parent
        "plan.key", "plan.version",  # the id is always sent
    },
}  # fmt: skip
RESPELLED = {"grant": {"expires_at"}}
"""Fields that no request has: they are sent as another one."""

DEEPEST = 9


def is_sent(item: Field) -> bool:
    return item.effect not in (FieldEffect.OURS, FieldEffect.ONE_WAY, FieldEffect.ATTACHED) and item.refused is None


@EVERY_KIND
def test_a_kind_has_the_fields_that_its_requests_have(kind: Kind) -> None:
    known = routes("openmeter")[kind.name]
    sent = {name for name, item in kind.record.fields.items() if is_sent(item)}
    parent = {kind.parent.kind} if kind.parent else set()

    assert {*known.create, *(part.field for part in known.parts)} - parent == sent - RESPELLED.get(kind.name, set())
    assert set(known.update) <= sent


@EVERY_KIND
def test_what_an_update_does_not_take_is_not_changed_in_place(kind: Kind) -> None:
    known = routes("openmeter")[kind.name]

    in_place = {
        name for name, item in kind.record.fields.items() if item.effect is FieldEffect.IN_PLACE and is_sent(item)
    }

    assert in_place <= set(known.update)


@EVERY_KIND
def test_an_entity_is_named_by_one_field(kind: Kind) -> None:
    naming = [name for name, item in kind.record.fields.items() if item.effect is FieldEffect.IDENTITY]

    assert naming == ([] if kind.default_key else [kind.key])


@EVERY_KIND
def test_what_a_kind_refers_to_is_created_before_it(kind: Kind) -> None:
    order = list(KINDS)
    referred = {*references(kind.record, 0), *(kind.after), *([kind.parent.kind] if kind.parent else [])}

    later = {name for name in referred if name in order and order.index(name) >= order.index(kind.name)}

    assert later == set()


def references(shape: Shape, depth: int) -> Iterator[str]:
    if isinstance(shape, Reference):
        yield shape.kind
    for _, inner in children(shape, depth):
        yield from references(inner, depth + 1)


def children(shape: Shape, depth: int) -> Iterator[tuple[str, Shape]]:
    """The API's names inside of a shape; lists, tables and forms add none."""
    match shape:
        case Record():
            for name, item in shape.fields.items():
                if is_sent(item):
                    yield item.wire or name, item.shape
        case Variant():
            for case in shape.cases.values():
                yield from children(case, depth)
            yield shape.tag, Text(choices=tuple(shape.cases))
        case ListOf():
            yield "", shape.item
        case MapOf():
            yield "", shape.value
        case Lazy() if depth < DEEPEST:
            yield "", shape.get()
        case Reference(wire=Wire.ID):
            yield "id", Text()


def our_paths(shape: Shape, path: str = "", depth: int = 0) -> Iterator[tuple[str, Shape]]:
    for name, inner in children(shape, depth):
        inner_path = ".".join(part for part in (path, name) if part)
        yield inner_path, inner
        if depth < DEEPEST:
            yield from our_paths(inner, inner_path, depth + 1)


@cache
def openapi() -> Any:
    found = sorted((SHARED / "openapi").glob("openmeter-v3-*.yaml"))
    if not found:
        pytest.skip("../shared/openapi is not here")
    with found[-1].open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=yaml.CSafeLoader)


def resolved(node: Any) -> Any:
    while "$ref" in node:
        target = openapi()
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def their_paths(schema: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    schema = resolved(schema)
    yield path, schema
    inner = [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    for part in inner if depth < 2 * DEEPEST else ():
        yield from their_paths(part, path, depth + 1)
    for name, part in schema.get("properties", {}).items() if depth < 2 * DEEPEST else ():
        yield from their_paths(part, ".".join(piece for piece in (path, name) if piece), depth + 1)


def request(collection: str) -> Any:
    paths = openapi()["paths"]
    named = next(path for path in paths if re.sub(r"{\w+}", "{parent}", path) == collection)
    return resolved(paths[named]["post"]["requestBody"])["content"]["application/json"]["schema"]


def all_their_paths(kind: Kind) -> Iterator[tuple[str, Any]]:
    """Those of the create, and those of what is posted below it."""
    known = routes("openmeter")[kind.name]
    yield from their_paths(request(known.collection))
    for part in known.parts:
        yield from their_paths(request(part.collection), part.field)


def unfolded(paths: set[str]) -> set[str]:
    """Paths without conditions inside of conditions, which go on for ever."""
    return {path for path in paths if path.count(".and") + path.count(".or") < 2}


@EVERY_KIND
def test_a_kind_has_every_field_of_the_vendors_request_at_every_depth(kind: Kind) -> None:
    theirs = {path for path, _ in all_their_paths(kind) if path}

    ours = {path for path, _ in our_paths(kind.record) if path} - RESPELLED.get(kind.name, set())

    assert unfolded(ours) == unfolded(theirs - HIDDEN.get(kind.name, set()))


@EVERY_KIND
def test_a_kinds_choices_and_limits_are_the_vendors(kind: Kind) -> None:
    theirs: dict[str, set[Any]] = {}
    for path, schema in all_their_paths(kind):
        theirs.setdefault(path, set()).update(facts(schema))

    differing = {
        path: (mine, theirs[path])
        for path, shape in our_paths(kind.record)
        if path in theirs and not (mine := set(our_facts(shape))) <= theirs[path]
    }

    assert differing == {}


def facts(schema: Any) -> Iterator[tuple[str, Any]]:
    yield from (
        (name, schema[name]) for name in ("maxLength", "pattern", "minimum", "maximum", "maxItems") if name in schema
    )
    yield from (("choice", choice) for choice in schema.get("enum", []))


def our_facts(shape: Shape) -> Iterator[tuple[str, Any]]:
    if isinstance(shape, Text):
        yield from (("choice", choice) for choice in shape.choices)
        yield from ([("maxLength", shape.maximum)] if shape.maximum else [])
        yield from ([("pattern", shape.pattern.replace(END, "$"))] if shape.pattern else [])
    if isinstance(shape, ListOf) and shape.maximum:
        yield "maxItems", shape.maximum
    if isinstance(shape, Integer) and shape.maximum == 1000:
        yield from (("minimum", shape.minimum), ("maximum", shape.maximum))


def test_a_free_value_is_only_where_the_vendor_takes_anything() -> None:
    free = [path for path, shape in our_paths(KINDS["plan"].record) if isinstance(shape, Anything)]

    assert free == ["phases.rate_cards.entitlement.config"]
