"""Custom currencies: made once, and never changed or deleted (catalog-facts.md §10.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from billsync.local.catalog.cost_bases import to_come
from billsync.local.catalog.currencies import CURRENCY, custom_view
from billsync.local.catalog.rules import Finding, fault, refuse
from billsync.local.server.problems import conflict, not_found, problem
from billsync.local.server.resource import Answer, Call, Route, created, new_row, ok
from billsync.local.store.store import Row, Store

MOST_DECIMALS = 12


def create(call: Call) -> Answer:
    """Create a currency; its code can't be used again. An invalid precision breaks the real server (§17.2)."""
    body = call.body
    if call.faithful_faults and not _counts_something(body["precision"]):
        raise problem(500)
    refuse(currency_findings(body))
    if call.store.live_with_key(CURRENCY, body["code"]):
        raise conflict(f"currency with code {body['code']} already exists")
    row = new_row(call, CURRENCY, {"type": "custom", **body}, key=body["code"])
    return created(custom_view(call.store.insert(row)))


def currency_findings(body: Mapping[str, Any]) -> Iterator[Finding]:
    """Check rules beyond the schema: case counts, and inner spaces are allowed."""
    code, precision = body["code"], body["precision"]
    if "|" in code:
        yield fault(f"invalid currency code: cannot contain route delimiter: {code}")
    if code != code.strip():
        yield fault("invalid currency code: cannot begin or end with a space")
    if not _counts_something(precision) or precision > MOST_DECIMALS:
        yield fault(f"invalid precision: it must be between 0 and {MOST_DECIMALS}")


def _counts_something(precision: object) -> bool:
    """Whether a JSON number is an integer to the server, which accepts neither a point nor an exponent."""
    return isinstance(precision, int) and precision >= 0


def get(call: Call) -> Answer:
    row = find(call.store, call.path["currencyId"])
    return ok(custom_view(row) | {"cost_basis": to_come(call.store, row.id, call.now)})


def find(store: Store, currency_id: str) -> Row:
    """The custom currency with this id. Raises Problem (404), for a fiat one too: it has no id."""
    row = store.get(CURRENCY, currency_id)
    if row is None or row.document["type"] != "custom":
        raise not_found(f"currency with id {currency_id} not found")
    return row


ROUTES = (
    Route("POST", "/openmeter/currencies/custom", create),
    Route("GET", "/openmeter/currencies/custom/{currencyId}", get),
)
