"""A server that shows something else than it holds: its answers are rewritten, and what is written to it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from billsync.api.generations import CAPABILITIES
from billsync.core.observed.index import status_of
from billsync.model.kind import Kind
from billsync.model.shape import Field, FieldEffect, Lazy, ListOf, MapOf, Record, Shape, Text, Variant

Rewrite = Callable[[Any], Any]
"""An answer's body -> the body that is shown instead."""

Place = tuple[str | int, ...]
FUTURE = "from_the_future"
TAKEN_SOMEWHERE = frozenset(path for capability in CAPABILITIES.values() for path in capability.takes.values())
"""Fields that some generation of the API takes, and others don't."""
CATALOG = """\
_info: {owner: payments}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features:
  - {key: calls, name: Calls, meter: calls}
  - {key: support, name: Support}
tax_codes: [{key: vat, name: VAT}]
addons:
  - {key: extra, name: Extra, currency: USD, instance_type: single,
     rate_cards: [{feature: support, price: {type: flat, amount: "5"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "1"},
      tax_config: {code: vat}}]}],
     addons: [{addon: extra}]}
"""
"""A catalog with a row of every kind, to which a test adds its customers."""


@dataclass(slots=True)
class NewerServer(httpx.BaseTransport):
    """A transport whose answers to reads are rewritten. `writes` are the calls that weren't reads."""

    inner: httpx.BaseTransport
    rewrite: Rewrite
    writes: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the server, rewritten if it is one to a read."""
        response = self.inner.handle_request(request)
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.url.path}")
            return response
        response.read()
        if response.status_code != 200:
            return response
        return httpx.Response(200, json=self.rewrite(json.loads(response.content)))


@dataclass(slots=True)
class Newer:
    """Wraps each transport of a world in a server that shows other rows; `writes` are all that were made."""

    rewrite: Rewrite
    writes: list[str] = field(default_factory=list)

    def __call__(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        """The transport with this before it."""
        return NewerServer(inner, self.rewrite, self.writes)


def showing(server_id: str, place: Place, value: Any) -> Newer:
    """Servers that show a row with another value at a place."""
    return Newer(lambda body: _each_row(body, lambda row: [_with(row, place, value)] if _is(row, server_id) else [row]))


def twice(server_id: str, other_id: str, **more: Any) -> Newer:
    """Servers that show a row once more, under another id."""
    return Newer(
        lambda body: _each_row(
            body, lambda row: [row, {**row, "id": other_id, **more}] if _is(row, server_id) else [row]
        )
    )


def _is(row: Any, server_id: str) -> bool:
    return isinstance(row, dict) and row.get("id") == server_id


def _each_row(body: Any, change: Callable[[Any], list[Any]]) -> Any:
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        return body
    shown = [seen for row in body["data"] for seen in change(row)]
    if "meta" not in body:
        return {"data": shown}
    page = body["meta"]["page"]
    total = page["total"] + len(shown) - len(body["data"])
    return {"data": shown, "meta": {"page": {**page, "total": total}}}


def _with(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    copy = list(value) if isinstance(value, list) else dict(value)
    inner = copy.get(place[0]) if isinstance(copy, dict) else copy[int(place[0])]
    copy[place[0]] = _with(inner, place[1:], new)  # type: ignore[index, call-overload]
    return copy


def choices_in(kind: Kind, row: Mapping[str, Any]) -> Iterator[Place]:
    """Every place of a row at which a kind knows only some values: its status, choices, and the tags of variants."""
    if kind.status is not None:
        assert status_of(kind, row) in kind.statuses
        yield (kind.status,)
    yield from _chosen(kind.record, row, ())


def _chosen(shape: Shape, value: Any, place: Place) -> Iterator[Place]:
    match shape:
        case Lazy():
            yield from _chosen(shape.get(), value, place)
        case Text(choices=choices) if choices:
            yield place
        case Record():
            yield from _fields(shape, value, place)
        case Variant(tag=tag, cases=cases):
            yield (*place, tag)
            yield from _fields(cases[value[tag]], value, place)
        case ListOf(item=item):
            for index, member in enumerate(value):
                yield from _chosen(item, member, (*place, index))
        case MapOf(value=item):
            for name, member in value.items():
                yield from _chosen(item, member, (*place, name))


def _fields(record: Record, row: Mapping[str, Any], place: Place) -> Iterator[Place]:
    for name, known in record.fields.items():
        wire = known.wire or name
        if _is_shown(name, known) and row.get(wire) is not None:
            yield from _chosen(known.shape, row[wire], (*place, wire))


def _is_shown(name: str, known: Field) -> bool:
    """Whether rows may have a field: not one that can't be declared, or that only says what is to be done. A field that
    is ours alone on one server may be another's own."""
    if known.refused is not None or known.effect is FieldEffect.ONE_WAY:
        return False
    return known.effect is not FieldEffect.OURS or name in TAKEN_SOMEWHERE


def all_choices(kind: Kind) -> frozenset[str]:
    """The names of all such places that rows of a kind can have, without the indexes of lists."""
    status = {kind.status} if kind.status else set()
    return frozenset(status | {".".join(path) for path in _possible(kind.record, (), frozenset())})


def _possible(shape: Shape, path: tuple[str, ...], seen: frozenset[str]) -> Iterator[tuple[str, ...]]:
    match shape:
        case Lazy(name=name) if name not in seen:
            yield from _possible(shape.get(), path, seen | {name})
        case Text(choices=choices) if choices:
            yield path
        case Record(fields=fields):
            for name, known in fields.items():
                if _is_shown(name, known):
                    yield from _possible(known.shape, (*path, known.wire or name), seen)
        case Variant(tag=tag, cases=cases):
            yield (*path, tag)
            for case in cases.values():
                yield from _possible(case, path, seen)
        case ListOf(item=item) | MapOf(value=item):
            yield from _possible(item, path, seen)


def name_of(place: Place) -> str:
    """A place without the indexes of lists."""
    return ".".join(part for part in place if isinstance(part, str))
