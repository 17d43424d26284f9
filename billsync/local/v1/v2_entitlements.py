"""Entitlements given to customers by hand, which only API v2 has; and what each allows now (customer-facts.md §15).

Their own grants, resets and history are not kept: a metered one issues its amount anew in each period.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.accounts.manual_entitlements import ENTITLEMENT, given_to, taken, usage_period
from billsync.local.catalog.features import FEATURE
from billsync.local.credits.entitlement_access import Held, entitlements
from billsync.local.server.problems import invalid, not_found, problem
from billsync.local.server.resource import V1, V2, Answer, Call, Route, created, new_row, no_content, ok, present
from billsync.local.store.documents import Document, NotJson, parse, text_of
from billsync.local.store.store import Row, changed
from billsync.local.store.times import from_micros, instant_of, micros, rfc3339
from billsync.local.store.values import double_precision
from billsync.local.v1.cards import filled
from billsync.local.v1.customers import find as find_customer
from billsync.local.v1.lists import V1List, answer_v1_list
from billsync.local.v1.requests import METADATA, TEXT
from billsync.model.duration import parse_duration
from billsync.rating.arithmetic import exactly

INTERVALS = {"DAY": "P1D", "WEEK": "P1W", "MONTH": "P1M", "YEAR": "P1Y"}
AMOUNT = {"type": "number", "minimum": 0}
PRIORITY = {"type": "integer", "minimum": 1, "maximum": 255}
PERIOD = {
    "type": "object",
    "required": ["interval"],
    "properties": {"interval": TEXT, "anchor": {"$ref": "DateTime"}},
}
ACCEPTED = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {**TEXT, "enum": ["metered", "static", "boolean"]},
        "featureId": TEXT,
        "featureKey": TEXT,
        "metadata": METADATA,
        "usagePeriod": PERIOD,
        "isSoftLimit": {"type": "boolean"},
        "preserveOverageAtReset": {"type": "boolean"},
        "issueAfterReset": AMOUNT,
        "issueAfterResetPriority": PRIORITY,
        "issue": {"type": "object", "required": ["amount"], "properties": {"amount": AMOUNT, "priority": PRIORITY}},
        "config": TEXT,
    },
}
ZERO = Decimal(0)


def create(call: Call) -> Answer:
    """One of a feature at a time, whoever gives it. Raises Problem: 400, 404, 409, or 412 for a deleted customer."""
    customer, body = customer_of(call), call.body
    feature = feature_of(call)
    document = {"feature_id": feature.id, **present(body, "type", "metadata", "config"), **metered(call, feature)}
    check_terms(document)
    key = str(feature.key)
    if key in entitlements(call.store, customer, call.now):
        mine = [row.id for row in given_to(call.store, customer.id) if row.key == key]
        raise taken(key, *mine or [customer.id])
    row = new_row(call, ENTITLEMENT, document, key=key, parent=customer.id)
    return created(view(call, call.store.insert(row)))


def feature_of(call: Call) -> Row:
    """The feature of the body, by id or by key. Raises Problem: 400 without any, 404 where it isn't there."""
    body = call.body
    if "featureId" not in body and "featureKey" not in body:
        raise invalid("either featureId or featureKey must be set")
    name = body.get("featureId") or body["featureKey"]
    row = call.store.get(FEATURE, name) if "featureId" in body else call.store.live_with_key(FEATURE, name)
    if row is None or row.deleted_at is not None:
        raise not_found(f"feature not found: {name}")
    return row


def metered(call: Call, feature: Row) -> Document:
    """What a metered entitlement counts and allows. Raises Problem (400) for a feature without a meter."""
    body = call.body
    period = counted(call, body["usagePeriod"]) if "usagePeriod" in body else {}
    if body["type"] != "metered":
        return period
    if "meter" not in feature.document:
        raise invalid(f"feature {feature.key} has no meter")
    if not period:
        raise invalid("a metered entitlement needs a usagePeriod")
    plain = {"amount": body.get("issueAfterReset"), "priority": body.get("issueAfterResetPriority")}
    issue = body.get("issue") or plain
    issued = {} if issue.get("amount") is None else issued_terms(issue)
    return {
        **period,
        **issued,
        "is_soft_limit": body.get("isSoftLimit", False),
        "preserve_overage": body.get("preserveOverageAtReset", False),
        "counted_from": micros(call.now.replace(second=0, microsecond=0)),
    }


def issued_terms(issue: Mapping[str, Any]) -> Document:
    return {"limit": double_precision(issue["amount"]), "priority": issue.get("priority") or 1}


def counted(call: Call, period: Mapping[str, Any]) -> Document:
    """The interval and the anchor, which is now unless another is given. Raises Problem (400) for no interval."""
    text = INTERVALS.get(period["interval"], period["interval"])
    length = parse_duration(text)
    if length is None or not length.in_seconds():
        raise invalid(f"invalid interval: {text[:40]}")
    anchor = instant_of(period["anchor"]) if "anchor" in period else call.now
    assert anchor is not None
    return {"interval": length.text, "anchor": micros(anchor)}


def check_terms(document: Mapping[str, Any]) -> None:
    """Raises Problem (400) for a static entitlement whose config is no text of JSON."""
    if document["type"] != "static":
        return
    try:
        parse(document.get("config", ""))
    except NotJson:
        raise invalid("a static entitlement needs a config of JSON") from None


def view(call: Call, row: Row) -> Document:
    document, customer = row.document, call.store.get(CUSTOMER, row.parent or "")
    ended = {"deletedAt": rfc3339(row.deleted_at)} if row.deleted_at else {}
    key = {"customerKey": customer.key} if customer and customer.key else {}
    return {
        "id": row.id,
        **present(document, "type", "config"),
        "customerId": row.parent,
        **key,
        "featureId": document["feature_id"],
        "featureKey": row.key,
        **filled({"metadata": document.get("metadata")}),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        **ended,
        "activeFrom": rfc3339(row.created_at),
        **shown_period(call, row),
        **(shown_meter(document) if document["type"] == "metered" else {}),
    }


def shown_period(call: Call, row: Row) -> Document:
    period = usage_period(row, call.now)
    if period is None:
        return {}
    text, anchor = row.document["interval"], rfc3339(from_micros(row.document["anchor"]))
    named = next((name for name, interval in INTERVALS.items() if interval == text), text)
    return {
        "usagePeriod": {"anchor": anchor, "interval": named, "intervalISO": text},
        "currentUsagePeriod": {"from": rfc3339(period.start), "to": rfc3339(period.end)},
    }


def shown_meter(document: Mapping[str, Any]) -> Document:
    start = rfc3339(from_micros(document["counted_from"]))
    issue = {}
    if "limit" in document:
        amount, priority = document["limit"], document["priority"]
        issue = {
            "issueAfterReset": amount,
            "issueAfterResetPriority": priority,
            "issue": {"amount": amount, "priority": priority},
        }
    return {
        "isSoftLimit": document["is_soft_limit"],
        "preserveOverageAtReset": document["preserve_overage"],
        **issue,
        "lastReset": start,
        "measureUsageFrom": start,
    }


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def delete(call: Call) -> Answer:
    row = find(call)
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


LISTING = V1List(
    resource=ENTITLEMENT,
    view=view,
    columns={},
    where="parent = :customer",
    orders={"id": "id", "createdAt": "created_at", "updatedAt": "updated_at"},
)


def listed(call: Call) -> Answer:
    """Those by hand alone: those of subscriptions are items of theirs here."""
    return answer_v1_list(LISTING, call, {"customer": customer_of(call).id})


def value(call: Call) -> Answer:
    """What the customer may still use of a feature; nothing of what it has no entitlement for."""
    customer = customer_of(call)
    name = call.path["featureKey"]
    by_id = call.store.get(ENTITLEMENT, name)
    key = by_id.key if by_id is not None and by_id.parent == customer.id else name
    held = entitlements(call.store, customer, call.now)
    return ok(allowed(held[key]) if key in held else {"hasAccess": False})


def access(call: Call) -> Answer:
    """The same for every feature that the customer has an entitlement for."""
    held = entitlements(call.store, customer_of(call), call.now)
    return ok({"entitlements": {key: allowed(held[key]) for key in sorted(held)}})


@exactly
def allowed(held: Held) -> Document:
    kind = held.template["type"]
    shown: Document = {"hasAccess": held.has_access}
    if kind == "static":
        return {**shown, "config": text_of(held.template["config"])}
    if kind != "metered":
        return shown
    limit = Decimal(held.template.get("limit") or 0)
    return {
        **shown,
        "balance": max(limit - held.used, ZERO),
        "usage": held.used,
        "overage": max(held.used - limit, ZERO),
        "totalAvailableGrantAmount": limit,
    }


def customer_of(call: Call) -> Row:
    """The customer of the path. Raises Problem: 404, or 412 for a deleted one."""
    row = find_customer(call)
    if row.deleted_at is not None:
        raise problem(412, f"customer is deleted [customer.id={row.id}]")
    return row


def find(call: Call) -> Row:
    """The customer's entitlement by its id or its feature's key. Raises Problem (404)."""
    name = call.path["featureKey"]
    for row in given_to(call.store, customer_of(call).id):
        if name in (row.id, row.key):
            return row
    raise not_found(f"entitlement not found [idOrFeatureKey={name}]")


OF_CUSTOMER: Mapping[str, frozenset[str] | None] = {"customerIdOrKey": None}
OF_FEATURE = {**OF_CUSTOMER, "featureKey": None}
CUSTOMERS = "/customers/{customerIdOrKey}"
ONE = f"{CUSTOMERS}/entitlements/{{featureKey}}"
ROUTES = (
    Route("POST", f"{CUSTOMERS}/entitlements", create, OF_CUSTOMER, version=V2, accepts=ACCEPTED),
    Route("GET", f"{CUSTOMERS}/entitlements", listed, OF_CUSTOMER, version=V2),
    Route("GET", ONE, get, OF_FEATURE, version=V2),
    Route("DELETE", ONE, delete, OF_FEATURE, version=V2),
    Route("GET", f"{ONE}/value", value, OF_FEATURE, version=V2),
    Route("GET", f"{ONE}/value", value, OF_FEATURE, version=V1),
    Route("GET", f"{CUSTOMERS}/access", access, OF_CUSTOMER, version=V1),
)
