"""Lists: pages, sorting and filters of a resource, from its declaration (catalog-facts.md §1.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

from billsync.local.server.contract import filter_kinds
from billsync.local.server.filters import Condition, Given, conditions, given_filters, items
from billsync.local.server.problems import bad_query
from billsync.local.server.resource import Answer, Call, Query, ok
from billsync.local.store.store import LIVE, Row
from billsync.local.store.times import micros
from billsync.model.frozen import dataclass

PAGE_MEMBER = re.compile(r"page\[([^\]]*)\]")
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
DEFAULT_SIZE = 20
FARTHEST = 1 << 62


@dataclass(frozen=True, slots=True)
class ComputedStatus:
    """A status computed from the time: its values, and SQL for it in which `:now` is the moment (microseconds)."""

    values: tuple[str, ...]
    expression: str
    noun: str


@dataclass(frozen=True, slots=True)
class Within:
    """A filter on other rows: SQL with `{condition}` in place of the filter's own condition on `expression`."""

    sql: str
    expression: str

    def around(self, condition: Condition) -> Condition:
        return Condition(self.sql.format(condition=condition.sql), condition.values)


@dataclass(frozen=True, slots=True)
class Listing:
    """The listing of a resource. `fields` gives SQL for each filter of the specification; `sorts` for each sort field.

    The order without `sort` is `order`, which also settles ties. `scope` narrows the list by the path, and by filters
    that `fields` doesn't have.
    """

    resource: str
    view: Callable[[Call, Row], Any]
    fields: Mapping[str, str | ComputedStatus | Within] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    order: str = "seq"
    size: int = DEFAULT_SIZE
    where: str = LIVE
    scope: Callable[[Call], Condition] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Number from 1; size 0 means every row."""

    size: int
    number: int

    def meta(self, total: int) -> dict[str, Any]:
        return {"page": {"size": self.size, "number": self.number, "total": total}}


def answer_list(listing: Listing, call: Call) -> Answer:
    """The page of the list that the query asks for."""
    page = page_of(call.query, listing.size)
    order = order_of(call.query, listing)
    where, values = _where(listing, call)
    rows, total = call.store.page(
        listing.resource,
        where,
        values,
        order=order,
        limit=page.size or -1,
        offset=min(page.size * (page.number - 1), FARTHEST),
    )
    return ok({"data": [listing.view(call, row) for row in rows], "meta": page.meta(total)})


def page_of(query: Query, default_size: int) -> Page:
    """The page in the query. Raises Problem for an invalid page."""
    given = dict(_page_members(query))
    page = Page(size=given.get("size", default_size), number=given.get("number", 1))
    shown = f"invalid page: {{PageSize:{page.size} PageNumber:{page.number}}}"
    if page.size < 0:
        raise bad_query("page", f"{shown}, pagesize cannot be negative")
    if page.number < 1:
        raise bad_query("page", f"{shown}, page has to be at least 1")
    return page


def _page_members(query: Query) -> Iterator[tuple[str, int]]:
    for name, text in query:
        if not (match := PAGE_MEMBER.match(name)):
            continue
        member = match[1]
        if member not in ("size", "number"):
            raise bad_query(f"page.{member}", f"field [{member}] is not present in destination object", "format")
        if not INTEGER.fullmatch(text):
            raise bad_query(f"page.{member}", f"expected a valid int, got {text}", "format")
        yield member, int(text)


def order_of(query: Query, listing: Listing) -> str:
    """SQL for the order that the query asks for. A list without sort fields ignores the parameter."""
    given = [text for name, text in query if name == "sort"]
    if not given or not listing.sorts:
        return listing.order
    if len(given) > 1:
        raise bad_query("sort", "repeated query parameter not allowed", "format")
    words = given[0].split()
    if not 1 <= len(words) <= 2:
        raise bad_query("sort", "invalid sort by")
    name, direction = (*words, "asc")[:2]
    if direction not in ("asc", "desc"):
        raise bad_query("sort", "sort order must be either asc or desc")
    if name not in listing.sorts:
        supported = ", ".join(listing.sorts)
        raise bad_query("sort", f'unsupported sort field "{name}", supported fields: {supported}')
    ties = "" if listing.sorts[name] == "id" else f", {listing.order}"
    return f"{listing.sorts[name]} {direction}{ties}"


def _where(listing: Listing, call: Call) -> tuple[str, dict[str, Any]]:
    kinds = filter_kinds(call.operation)
    given = given_filters(call.query, kinds) if kinds else {}
    found = [] if listing.scope is None else [listing.scope(call)]
    found += _conditions(listing, {member: given[member] for member in given if member in listing.fields}, kinds)
    values: dict[str, Any] = {"now": micros(call.now)}
    parts = [listing.where]
    for condition in found:
        names = [f"p{len(values) + place}" for place in range(len(condition.values))]
        values |= dict(zip(names, condition.values, strict=True))
        marks = iter(names)
        parts.append(re.sub(r"\?", lambda _: f":{next(marks)}", condition.sql))  # noqa: B023
    return " AND ".join(parts), values


def _conditions(listing: Listing, given: Given, kinds: Mapping[str, Any]) -> Iterator[Condition]:
    for member, operators in given.items():
        target = listing.fields[member]
        if isinstance(target, ComputedStatus):
            yield _status(f"filter[{member}]", target, operators)
            continue
        kind = kinds[member] if isinstance(kinds[member], str) else "plain"
        if isinstance(target, Within):
            yield from map(target.around, conditions(kind, target.expression, operators))
        else:
            yield from conditions(kind, target, operators)


def _status(name: str, status: ComputedStatus, operators: Mapping[str, str]) -> Condition:
    """`eq` and `oeq` are united; anything else is refused (catalog-facts.md §1.4)."""
    if "neq" in operators:
        raise bad_query(name, "only eq and oeq operators are supported for status")
    wanted = [operators["eq"]] if "eq" in operators else []
    wanted += items(operators.get("oeq", ""))
    for value in wanted:
        if value not in status.values:
            raise bad_query(name, f"validation error: invalid {status.noun} status: {value}")
    if not wanted:
        return Condition("1")
    return Condition(f"{status.expression} IN ({','.join('?' * len(wanted))})", tuple(wanted))
