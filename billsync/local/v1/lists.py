"""Lists of the older API v1: `page` and `pageSize`, `order` and `orderBy`, repeated parameters as alternatives, and
items together with their total."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from billsync.local.server.filters import BOOLEANS
from billsync.local.server.problems import bad_query
from billsync.local.server.resource import Answer, Call, Query, ok
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row
from billsync.local.store.times import micros
from billsync.model.frozen import dataclass

WHOLE = re.compile(r"[0-9]{1,9}")
KEY_VERSION = re.compile(r"keyVersion\[([^\[\]]*)\](?:\[[0-9]*\])?")
DEFAULT_SIZE, LARGEST_SIZE = 100, 1000
FARTHEST = 10**9
ORDERS = {
    "id": "id",
    "key": "key",
    "version": "document ->> 'version'",
    "created_at": "created_at",
    "updated_at": "updated_at",
}
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statuses:
    """The statuses by which a list can be narrowed: SQL for a row's own (`:now` is the moment), and those that are
    listed when none is asked for."""

    expression: str
    values: Sequence[str]
    default: Sequence[str]


@dataclass(frozen=True, slots=True)
class V1List:
    """The listing of a resource in v1.

    `columns` gives SQL for each parameter that selects rows: a row is listed if any of them selects it and `where`
    holds. `default` is the default order. A listing that `is_plain` answers a bare array, cut by `limit` and `offset`,
    unless the query asks for a page.
    """

    resource: str
    view: Callable[[Call, Row], Document]
    columns: Mapping[str, str]
    where: str
    orders: Mapping[str, str]
    statuses: Statuses | None = None
    default: tuple[str, str] = ("id", "DESC")
    is_plain: bool = False


def answer_v1_list(listing: V1List, call: Call, scope: Values | None = None) -> Answer:
    """The page that the query asks for; `scope` are the values for `where`. Raises Problem (400) for an invalid page,
    order or status."""
    query = call.query
    page, size = page_asked(query)
    order = order_of(query, listing)
    values: Values = {"now": micros(call.now), **(scope or {})}
    where = " AND ".join([listing.where, *conditions(listing, query, values)])
    if is_array(listing, query):
        return ok([listing.view(call, row) for row in plain_rows(listing, call, where, values, order)])
    rows, total = call.store.page(listing.resource, where, values, order=order, limit=size, offset=size * (page - 1))
    items = [listing.view(call, row) for row in rows]
    return ok({"page": page, "pageSize": size, "totalCount": total, "items": items})


def answer_rows(listing: V1List, call: Call, rows: Sequence[Row]) -> Answer:
    """The page of rows that are at hand; the columns of the list's orders are theirs. Raises Problem (400)."""
    page, size = page_asked(call.query)
    column, _, direction = order_of(call.query, listing).split(", ")[0].rpartition(" ")
    ordered = sorted(rows, key=attrgetter(column, "id"), reverse=direction == "DESC")
    if is_array(listing, call.query):
        limit, offset = stretch_asked(call.query)
        return ok([listing.view(call, row) for row in ordered[offset : offset + limit]])
    items = [listing.view(call, row) for row in ordered[size * (page - 1) : size * page]]
    return ok({"page": page, "pageSize": size, "totalCount": len(ordered), "items": items})


def is_array(listing: V1List, query: Query) -> bool:
    """Whether a plain list is asked for without a page."""
    return listing.is_plain and single(query, "page") is None and single(query, "pageSize") is None


def stretch_asked(query: Query) -> tuple[int, int]:
    """The number of rows of an array, and of rows skipped before them."""
    return whole(query, "limit", DEFAULT_SIZE, LARGEST_SIZE), whole(query, "offset", 0, FARTHEST, least=0)


def check_query(listing: V1List, query: Query) -> None:
    """Raises Problem (400) for an invalid page or order, before anything is looked up."""
    page_asked(query)
    order_of(query, listing)


def page_asked(query: Query) -> tuple[int, int]:
    """The page's number and its size."""
    return whole(query, "page", 1, FARTHEST), whole(query, "pageSize", DEFAULT_SIZE, LARGEST_SIZE)


def plain_rows(listing: V1List, call: Call, where: str, values: Values, order: str) -> list[Row]:
    limit, offset = stretch_asked(call.query)
    return call.store.page(listing.resource, where, values, order=order, limit=limit, offset=offset)[0]


def conditions(listing: V1List, query: Query, values: Values) -> Iterator[str]:
    """SQL conditions for the query; their values are added to `values`."""
    if not flag(query, "includeDeleted"):
        yield LIVE
    if named := list(alternatives(listing, query, values)):
        yield f"({' OR '.join(named)})"
    if listing.statuses is not None:
        yield status_condition(listing.statuses, query, values)


def alternatives(listing: V1List, query: Query, values: Values) -> Iterator[str]:
    for name, column in listing.columns.items():
        if given := texts(query, name):
            yield f"{column} IN ({marks(given, values)})"
    if "key" in listing.columns:
        for name, text in query:
            if match := KEY_VERSION.fullmatch(name):
                key, version = marks([match[1]], values), marks([number(name, text, FARTHEST)], values)
                yield f"({listing.columns['key']} = {key} AND {listing.orders['version']} = {version})"


def status_condition(statuses: Statuses, query: Query, values: Values) -> str:
    given = texts(query, "status")
    for text in given:
        if text not in statuses.values:
            raise bad_query("status", f"value is not one of the allowed values {list(statuses.values)}", "enum")
    return f"{statuses.expression} IN ({marks(given or statuses.default, values)})"


def marks(given: Sequence[Any], values: Values) -> str:
    """SQL with a named parameter for each value; the values are added to `values`."""
    names = [f"v{len(values) + place}" for place in range(len(given))]
    values |= dict(zip(names, given, strict=True))
    return ", ".join(f":{name}" for name in names)


def order_of(query: Query, listing: V1List) -> str:
    """The list's own order, unless another one is asked for."""
    orders, (usual, usual_direction) = listing.orders, listing.default
    name = single(query, "orderBy") or usual
    direction = single(query, "order") or usual_direction
    if name not in orders:
        raise bad_query("orderBy", f"value is not one of the allowed values {list(orders)}", "enum")
    if direction not in ("ASC", "DESC"):
        raise bad_query("order", "value is not one of the allowed values [ASC DESC]", "enum")
    return f"{orders[name]} {direction}, id {direction}"


def whole(query: Query, name: str, default: int, most: int, *, least: int = 1) -> int:
    text = single(query, name)
    return default if text is None else number(name, text, most, least=least)


def number(name: str, text: str, most: int, *, least: int = 1) -> int:
    """Raises Problem (400) for anything but a whole number from `least` to `most`."""
    if not WHOLE.fullmatch(text):
        raise bad_query(name, f"an invalid integer: {text[:40]}", "type")
    if not least <= int(text) <= most:
        rule = "minimum" if int(text) < least else "maximum"
        raise bad_query(name, f"number must be from {least} to {most}", rule)
    return int(text)


def flag(query: Query, name: str) -> bool:
    """Raises Problem (400) for anything but a boolean."""
    text = single(query, name)
    if text is None:
        return False
    if text not in BOOLEANS:
        raise bad_query(name, f"an invalid boolean: {text[:40]}", "type")
    return BOOLEANS[text]


def single(query: Query, name: str) -> str | None:
    return next((text for member, text in query if member == name), None)


def texts(query: Query, name: str) -> list[str]:
    """The values of a parameter that may be repeated."""
    return [text for member, text in query if member == name]
