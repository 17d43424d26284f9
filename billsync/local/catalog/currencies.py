"""Currencies: the built-in fiat currencies, listed together with the custom ones (catalog-facts.md §10.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from billsync.local.catalog.cost_bases import to_come
from billsync.local.server.contract import checked_items
from billsync.local.server.data_files import data
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import invalid
from billsync.local.server.resource import Answer, Call, Route
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store
from billsync.local.store.times import rfc3339

CURRENCY = "currency"
FIAT_LENGTH = 3
FIAT_FACTS = ("precision", "name", "symbol", "decimal_mark", "thousand_separator")


def is_fiat_form(code: str) -> bool:
    """Three letters name a fiat currency, known or not; anything longer a custom one."""
    return len(code) == FIAT_LENGTH


def is_known_fiat(code: str) -> bool:
    return code in data("currencies")


def fiat_precision(code: str) -> int:
    """The decimals of a known fiat currency."""
    precision: int = data("currencies")[code][0]
    return precision


def check_fiat(currency: str) -> int:
    """Return the number of decimals of a fiat currency. Raises Problem (400) for any other code."""
    if not is_known_fiat(currency):
        raise invalid(f"invalid fiat currency code: {currency}")
    return fiat_precision(currency)


def is_known(store: Store, code: str) -> bool:
    return store.live_with_key(CURRENCY, code) is not None


def plant_fiat(store: Store, *, now: datetime, mint: Callable[[], str]) -> None:
    """Stores the fiat currencies, so that one list can show both kinds."""
    for code, facts in data("currencies").items():
        shown = {name: fact for name, fact in zip(FIAT_FACTS, facts, strict=True) if fact != ""}
        document = {"type": "fiat", "code": code, **shown}
        store.insert(Row(CURRENCY, mint(), document, created_at=now, updated_at=now, key=code))


def view(call: Call, row: Row) -> Document:
    """The currency as the API shows it: fiat ones without id and times, custom ones with their cost basis on
    request."""
    if row.document["type"] != "custom":
        return row.document
    expanded = "cost_basis" in checked_items(call.operation, call.query, "expand")
    return custom_view(row) | ({"cost_basis": to_come(call.store, row.id, call.now)} if expanded else {})


def custom_view(row: Row) -> Document:
    """A custom currency as it is read: it can't change, so it has no time of that."""
    return {"id": row.id, **row.document, "created_at": rfc3339(row.created_at)}


LISTING = Listing(
    resource=CURRENCY,
    view=view,
    fields={"code": "key", "type": "document ->> 'type'"},
    sorts={"code": "key", "name": "document ->> 'name'"},
    order="key",
    size=100,
)


def listed(call: Call) -> Answer:
    checked_items(call.operation, call.query, "expand")
    return answer_list(LISTING, call)


ROUTES = (Route("GET", "/openmeter/currencies", listed),)
