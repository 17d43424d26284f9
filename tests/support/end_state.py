"""All that a server shows, in words that two servers share, so that two of them can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

import httpx

from billsync.api.documents import BALANCE, TRANSACTIONS
from billsync.api.routes import routes
from billsync.kinds.registry import KINDS
from billsync.model.routes import Part
from billsync.model.value import decimal_text
from tests.support.world import World, rows_of

ROUTES = routes("openmeter")
API = "/openmeter/"
ULID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SUPERSEDED = KINDS["subscription"].successor
SERVERS_OWN = frozenset({"id", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class EndState:
    """All rows that a server shows, in words that two servers share: no ids, no times.

    `balances` hold what is left to each customer, by currency, and `given` what each has been given; `charges` and
    `bookings` the number of charges and of rows in the ledger, by customer.
    """

    rows: Mapping[str, tuple[Any, ...]]
    balances: Mapping[str, Mapping[str, str]]
    charges: Mapping[str, int] = field(default_factory=dict)
    bookings: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def running(self, customer: str) -> int:
        """How many chains of subscriptions of a customer are in force or will be: a link that is followed by another
        one is no chain of its own."""
        named = f"customer/{customer}"
        rows = (row for row in self.rows["subscription"] if row["customer_id"] == named)
        return sum(row["status"] != "inactive" and SUPERSEDED not in row["labels"] for row in rows)

    def in_force(self, customer: str) -> int:
        """How many subscriptions of a customer are in force."""
        named, rows = f"customer/{customer}", self.rows["subscription"]
        return sum(row["customer_id"] == named and row["status"] in ("active", "canceled") for row in rows)

    def versions(self, plan: str, kind: str = "plan") -> int:
        """How many versions of a plan, or of an add-on, there are."""
        return sum(1 for row in self.rows[kind] if row["key"] == plan)


def end_state(world: World) -> EndState:
    """What the server shows now, read without billsync."""
    with world.http() as http:
        return end_state_of(http)


def end_state_of(http: httpx.Client) -> EndState:
    """What a server shows now, of every registered kind and its parts; `http` has the API's base."""
    found = {kind: rows_of(http, path_of(ROUTES[kind].collection)) for kind in KINDS if KINDS[kind].parent is None}
    found |= {kind: list(_children(http, kind, found)) for kind in KINDS if kind not in found}
    found |= {part_name(kind, part): list(_parts(http, part, found[kind], kind)) for kind, part in all_parts()}
    names = dict(_names(found))
    rows = {
        kind: tuple(sorted((_worded(_shared(row), names) for row in rows), key=repr)) for kind, rows in found.items()
    }
    customers = {customer["key"]: customer["id"] for customer in found["customer"]}
    charges = {key: len(_listed(http, f"customers/{server_id}/charges")) for key, server_id in customers.items()}
    balances = {key: _balance(http, server_id) for key, server_id in customers.items()}
    ledgers = {key: _listed(http, path_of(TRANSACTIONS, server_id)) for key, server_id in customers.items()}
    return EndState(
        rows,
        balances,
        charges,
        {key: len(ledger) for key, ledger in ledgers.items()},
        {key: _given(balances[key], ledger) for key, ledger in ledgers.items()},
    )


def path_of(collection: str, parent: str = "") -> str:
    """The path of a collection below the API's base."""
    return collection.removeprefix(API).replace("{parent}", parent)


def all_parts() -> Iterator[tuple[str, Part]]:
    """Every part of every registered kind, and what is attached to its entities."""
    for kind in KINDS:
        yield from ((kind, part) for part in ROUTES[kind].parts)
        if (attachments := ROUTES[kind].attachments) is not None:
            yield kind, attachments.part


def part_name(kind: str, part: Part) -> str:
    """The name under which an EndState has the rows of a part."""
    return f"{kind}_{part.titled_by}"


def _children(http: httpx.Client, kind: str, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Any]:
    """The rows of a kind that has a parent: one list of all, or one below each parent."""
    parent, collection = KINDS[kind].parent, ROUTES[kind].collection
    assert parent is not None
    if "{parent}" not in collection:
        yield from rows_of(http, path_of(collection))
        return
    for above in found[parent.kind]:
        yield from ({parent.kind: above["id"], **row} for row in rows_of(http, path_of(collection, above["id"])))


def _parts(http: httpx.Client, part: Part, rows: Sequence[Mapping[str, Any]], kind: str) -> Iterator[Any]:
    for above in rows:
        found = rows_of(http, path_of(part.collection, above["id"]))
        yield from ({kind: above["id"], **(_over_time(row) if "timeline" in row else row)} for row in found)


def _over_time(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is attached to a subscription, with its quantities over time: each change of one is billed."""
    quantities = [quantity for quantity, _ in groupby(segment["quantity"] for segment in row["timeline"])]
    return {"addon": row["addon"]["id"], "labels": row["labels"], "quantity": row["quantity"], "over time": quantities}


def _balance(http: httpx.Client, customer_id: str) -> dict[str, str]:
    answer = http.get(path_of(BALANCE, customer_id))
    answer.raise_for_status()
    return {row["currency"]: row["settled"] for row in answer.json()["balances"]}


def _given(balance: Mapping[str, str], ledger: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The balance by currency, with what was consumed added to it."""
    given = {currency: Decimal(amount) for currency, amount in balance.items()}
    for row in ledger:
        if row["type"] == "consumed":
            given[row["currency"]] -= Decimal(row["amount"])
    return {currency: decimal_text(amount) for currency, amount in given.items()}


def _listed(http: httpx.Client, path: str) -> Sequence[Mapping[str, Any]]:
    """The rows of a list; an empty list of charges is null (customer-facts.md §11)."""
    answer = http.get(path, params={"page[size]": "100"})
    answer.raise_for_status()
    rows: Sequence[Mapping[str, Any]] = answer.json()["data"] or ()
    return rows


def _names(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        for row in found[kind]:
            version = f"@{row['version']}" if "version" in row else ""
            if KINDS[kind].parent is None:
                yield row["id"], f"{kind}/{row[KINDS[kind].key]}{version}"


def _shared(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sorted(row.items()) if name not in SERVERS_OWN}


def _worded(value: Any, names: Mapping[str, str]) -> Any:
    """The value with ids by name and times as one word."""
    if isinstance(value, dict):
        return {name: _worded(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [_worded(item, names) for item in value]
    if isinstance(value, str):
        return names.get(value) or TIME.sub("<time>", ULID.sub("<id>", value))
    return value
