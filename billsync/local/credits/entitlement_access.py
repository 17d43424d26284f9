"""Access of a customer to features: entitlements of the items in force, and limits that are reached (customer-facts.md
§12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.accounts.manual_entitlements import given_to
from billsync.local.accounts.subscription_rows import items_now, running
from billsync.local.accounts.subscription_view import begin_of
from billsync.local.catalog.features import FEATURE
from billsync.local.charges.charge_costs import used
from billsync.local.credits.entitlement_standing import Standing, limited, standing_of
from billsync.local.customers.customers import find
from billsync.local.customers.customers import view as customer_view
from billsync.local.server.cursors import cursor_of
from billsync.local.server.problems import api_error
from billsync.local.server.resource import Answer, Call, Route, ok, present
from billsync.local.store.documents import Document, parse, text_of
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import from_micros, rfc3339
from billsync.local.usage.attribution import named
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO
from billsync.rating.periods import period_at

QUERY_SIZE = 100
NOTHING_USED = Standing()
Template = Mapping[str, Any]


def listed(call: Call) -> Answer:
    """By feature key. Raises Problem: 404, or 412 for a deleted customer."""
    customer = find(call.store, call.path["customerId"])
    if customer.deleted_at is not None:
        raise api_error(412, "Customer is deleted")
    held = entitlements(call.store, customer, call.now)
    return ok({"data": [access(key, entitlement) for key, entitlement in sorted(held.items())]})


@dataclass(frozen=True, slots=True)
class HeldEntitlement:
    """An entitlement that a customer has now, and its remaining balance in the running period."""

    template: Template
    standing: Standing = NOTHING_USED

    @property
    def has_access(self) -> bool:
        """Only a hard limit that is used up keeps a customer out."""
        balance = self.standing.balance
        is_limited = self.template["type"] == "metered" and not self.template.get("is_soft_limit")
        return not is_limited or balance is None or balance > ZERO


def entitlements(store: Store, customer: Row, now: datetime) -> dict[str, HeldEntitlement]:
    """Entitlements by feature key: those of items in force, and the manual ones."""
    by_hand = {str(row.key): held_by_hand(store, row, now) for row in given_to(store, customer.id)}
    return by_hand | {
        item["rate_card"]["key"]: held_by_item(store, subscription, item, now)
        for subscription in running(store, customer.id, now)
        for item in items_now(subscription, now)
        if "entitlement" in item["rate_card"]
    }


def held_by_hand(store: Store, row: Row, now: datetime) -> HeldEntitlement:
    """Return a manual entitlement in the form of a card's; a metered one without grants allows no usage."""
    document = row.document
    match document["type"]:
        case "static":
            return HeldEntitlement({"type": "static", "config": parse(document["config"])})
        case "metered":
            return HeldEntitlement(present(document, "type", "is_soft_limit"), standing_of(store, row, now))
        case kind:
            return HeldEntitlement({"type": kind})


def held_by_item(store: Store, subscription: Row, item: Document, now: datetime) -> HeldEntitlement:
    template = item["rate_card"]["entitlement"]
    limit = Decimal(template["limit"]) if template.get("limit") is not None else None
    return HeldEntitlement(template, limited(limit, used_now(store, subscription, item, now)))


def used_now(store: Store, subscription: Row, item: Document, now: datetime) -> Decimal:
    """The usage since the entitlement's period began (counted from the billing anchor), or the subscription."""
    card = item["rate_card"]
    length = parse_duration(card["entitlement"].get("usage_period", ""))
    if card["entitlement"]["type"] != "metered" or length is None or "feature" not in card:
        return ZERO
    running_period = period_at(from_micros(subscription.document["billing_anchor"]), length, now)
    period = running_period.within(begin_of(subscription).replace(microsecond=0), None)
    return used(store, card["feature"]["id"], subscription.document["customer_id"], period)


def access(key: str, held: HeldEntitlement) -> Document:
    """`config` is a text of JSON, and only there for a static entitlement."""
    kind = held.template["type"]
    shown: Document = {"type": kind, "feature_key": key, "has_access": held.has_access}
    return shown | ({"config": database_json(held.template["config"])} if kind == "static" else {})


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
    """A text with only the characters escaped that JSON requires."""
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


def feature_answers(call: Call, held: Mapping[str, HeldEntitlement]) -> Iterator[tuple[str, Document]]:
    asked = call.body.get("feature", {}).get("keys")
    keys = asked or [str(row.key) for row in call.store.rows(FEATURE, LIVE, order="key")]
    for key in keys:
        if key in held:
            yield key, {"has_access": held[key].has_access} | ({} if held[key].has_access else USED_UP)
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
