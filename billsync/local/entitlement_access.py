"""What a customer may use: the entitlements of the items in force (customer-facts.md §12). It counts no usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.attribution import named
from billsync.local.cursors import cursor_of
from billsync.local.customers import find
from billsync.local.customers import view as customer_view
from billsync.local.documents import Document, text_of
from billsync.local.features import FEATURE
from billsync.local.problems import api_error
from billsync.local.resource import Answer, Call, Route, ok
from billsync.local.store import LIVE, Row, Store
from billsync.local.subscription_rows import items_now, running
from billsync.local.times import rfc3339

QUERY_SIZE = 100
Template = Mapping[str, Any]


def listed(call: Call) -> Answer:
    """By feature key. Raises Problem: 404, or 412 for a deleted customer."""
    customer = find(call.store, call.path["customerId"])
    if customer.deleted_at is not None:
        raise api_error(412, "Customer is deleted")
    held = entitlements(call.store, customer, call.now)
    return ok({"data": [access(key, template) for key, template in sorted(held.items())]})


def entitlements(store: Store, customer: Row, now: datetime) -> dict[str, Template]:
    """Feature key → template, of every item that is in force."""
    return {
        item["rate_card"]["key"]: item["rate_card"]["entitlement"]
        for subscription in running(store, customer.id, now)
        for item in items_now(subscription, now)
        if "entitlement" in item["rate_card"]
    }


def access(key: str, template: Template) -> Document:
    """`config` is a text of JSON, and only there for a static entitlement."""
    shown: Document = {"type": template["type"], "feature_key": key, "has_access": has_access(template)}
    return shown | ({"config": database_json(template["config"])} if template["type"] == "static" else {})


def has_access(template: Template) -> bool:
    """Nothing is used yet: only a hard limit of 0 keeps a customer out."""
    return template["type"] != "metered" or bool(template.get("is_soft_limit")) or template.get("limit") != 0


def database_json(value: Any) -> str:
    """JSON as the real server's database writes it: shorter names first, a blank after comma and colon."""
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        members = (f"{database_json(name)}: {database_json(value[name])}" for name in names)
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(database_json, value)) + "]"
    if isinstance(value, str):
        return text_of(value) if value.isascii() else f'"{escaped(value)}"'
    return f"{value:f}" if isinstance(value, Decimal) else text_of(value)


def escaped(text: str) -> str:
    """A text with only what JSON must escape escaped."""
    return "".join(char if char.isprintable() and char not in '"\\' else text_of(char)[1:-1] for char in text)


def query(call: Call) -> Answer:
    """The access of several customers, named by key or subject, to some features or all (§12)."""
    wanted = call.body["customer"]["keys"]
    found: dict[str, tuple[Row, list[str]]] = {}
    unknown = []
    for key in dict.fromkeys(wanted):
        if row := named(call.store, key):
            found.setdefault(row.id, (row, []))[1].append(key)
        else:
            unknown.append({"customer": key, "code": "customer_not_found", "message": "customer not found"})
    entries = sorted(found.values(), key=lambda entry: (entry[0].created_at, entry[0].id))
    page: Document = {"size": QUERY_SIZE, "next": None, "previous": None}
    if entries:
        page |= {"first": cursor(entries[0][0]), "last": cursor(entries[-1][0])}
    return ok({"data": [entry_of(call, *entry) for entry in entries], "errors": unknown, "meta": {"page": page}})


def cursor(row: Row) -> str:
    return cursor_of((rfc3339(row.created_at.replace(microsecond=0)), row.id))


def entry_of(call: Call, customer: Row, matched: list[str]) -> Document:
    held = entitlements(call.store, customer, call.now)
    return {
        "customer": customer_view(call, customer),
        "matched": matched,
        "features": dict(feature_answers(call, held)),
        "updated_at": rfc3339(call.now),
    }


def feature_answers(call: Call, held: Mapping[str, Template]) -> Iterator[tuple[str, Document]]:
    asked = call.body.get("feature", {}).get("keys")
    keys = asked or [str(row.key) for row in call.store.rows(FEATURE, LIVE, order="key")]
    for key in keys:
        if key in held:
            yield key, {"has_access": has_access(held[key])} | ({} if has_access(held[key]) else USED_UP)
        else:
            yield key, {"has_access": False, "reason": UNKNOWN if is_unknown(call.store, key) else UNAVAILABLE}


def is_unknown(store: Store, key: str) -> bool:
    return store.live_with_key(FEATURE, key) is None


UNKNOWN = {"code": "feature_not_found", "message": "feature is not found"}
UNAVAILABLE = {"code": "feature_unavailable", "message": "feature is not available for the customer"}
USED_UP = {"reason": {"code": "usage_limit_reached", "message": "the usage limit is reached"}}
ROUTES = (
    Route("GET", "/openmeter/customers/{customerId}/entitlement-access", listed),
    Route("POST", "/openmeter/entitlement-access/query", query),
)
