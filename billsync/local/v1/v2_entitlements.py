"""Manual entitlements of customers, which only API v2 has, and the access that each gives now (customer-facts.md
§15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.manual_entitlements import ENTITLEMENT, given_to, taken
from billsync.local.catalog.features import FEATURE
from billsync.local.credits.entitlement_access import HeldEntitlement, entitlements
from billsync.local.credits.entitlement_standing import issued
from billsync.local.server.periods import period_at
from billsync.local.server.problems import invalid, not_found
from billsync.local.server.resource import V1, V2, Answer, Call, Route, created, new_row, no_content, ok, present
from billsync.local.store.documents import Document, NotJson, parse, text_of
from billsync.local.store.limits import PAST_PERIODS
from billsync.local.store.store import Row, changed
from billsync.local.store.times import from_micros, instant_of, micros
from billsync.local.v1.intervals import PERIOD, interval_of, periodic
from billsync.local.v1.lists import V1List, answer_rows, check_query
from billsync.local.v1.requests import METADATA, TEXT
from billsync.local.v1.usage_grants import AMOUNT, GRANT, PRIORITY, delete_grants, granted, kept_amount, to_minute
from billsync.local.v1.v2_entitlement_views import view
from billsync.local.v1.v2_lookups import (
    CUSTOMERS,
    OF_CUSTOMER,
    OF_FEATURE,
    ONE,
    customer_of,
    find,
    find_own,
    held_by,
)
from billsync.model.duration import Duration
from billsync.rating.arithmetic import ZERO
from billsync.rating.periods import SECOND

TYPES = ["metered", "static", "boolean"]
ACCEPTED = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {**TEXT, "enum": TYPES},
        "featureId": TEXT,
        "featureKey": TEXT,
        "metadata": METADATA,
        "usagePeriod": PERIOD,
        "isSoftLimit": {"type": "boolean"},
        "preserveOverageAtReset": {"type": "boolean"},
        "issueAfterReset": AMOUNT,
        "issueAfterResetPriority": PRIORITY,
        "issue": {"type": "object", "required": ["amount"], "properties": {"amount": AMOUNT, "priority": PRIORITY}},
        "measureUsageFrom": TEXT,
        "grants": {"type": "array", "items": GRANT},
        "config": TEXT,
    },
}


def create(call: Call) -> Answer:
    """Create an entitlement; a feature can have one at a time. Raises Problem: 400, 404, 409, or 412 for a deleted
    customer."""
    customer = customer_of(call)
    row = asked_for(call, customer)
    key = str(row.key)
    if key in entitlements(call.store, customer, call.now):
        mine = [other.id for other in given_to(call.store, customer.id) if other.key == key]
        raise taken(key, *mine or [customer.id])
    return created(view(call, stored(call, row)))


def override(call: Call) -> Answer:
    """Replace the entitlement now by another for the same feature. Raises Problem (400) for another feature, and for an
    entitlement that was created at this very moment."""
    before = find_own(call)
    row = asked_for(call, customer_of(call))
    if row.key != before.key:
        raise invalid("old and new entitlements belong to different features")
    if call.now <= before.created_at:
        raise invalid("new entitlement must be active after the old one")
    call.store.update(changed(before, call.now, ends_at=call.now))
    return ok(view(call, stored(call, row)))


def asked_for(call: Call, customer: Row) -> Row:
    """The entitlement that the body describes, not stored yet. Raises Problem: 400, 404."""
    body, feature = call.body, feature_of(call)
    document = {"feature_id": feature.id, **present(body, "type", "metadata", "config"), **metered(call, feature)}
    check_terms(document)
    return new_row(call, ENTITLEMENT, document, key=str(feature.key), parent=customer.id)


def stored(call: Call, row: Row) -> Row:
    """Store the entitlement with its first grants: the amount issued after each reset, or the grants in the body.
    Raises Problem (400) if the body has both."""
    kept, terms = call.store.insert(row), row.document
    issues = row.document["type"] == "metered" and terms.get("limit", 0) > 0
    grants = call.body.get("grants", []) if row.document["type"] == "metered" else []
    if "limit" in terms and grants:
        raise invalid("issueAfterReset and grants cannot be used together")
    first = [issued(kept, call.mint())] if issues else [granted(call, kept, grant) for grant in grants]
    for grant in first:
        call.store.insert(grant)
    return kept


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
    """Return the meter and limits of a metered entitlement. Raises Problem (400) for a feature without a meter."""
    body = call.body
    period = periodic(body["usagePeriod"], call.now) if "usagePeriod" in body else {}
    if period:
        period_at(from_micros(period["anchor"]), interval_of(period["interval"]), call.now)
    if body["type"] != "metered":
        return period
    if "meter" not in feature.document:
        raise invalid(f"feature {feature.key} has no meter")
    if not period:
        raise invalid("a metered entitlement needs a usagePeriod")
    plain = {"amount": body.get("issueAfterReset"), "priority": body.get("issueAfterResetPriority")}
    issue = body.get("issue") or plain
    return {
        **period,
        **({} if issue.get("amount") is None else issued_terms(issue)),
        "is_soft_limit": body.get("isSoftLimit", False),
        "preserve_overage": body.get("preserveOverageAtReset", False),
        "counted_from": micros(to_minute(counting_start(call, period))),
    }


def issued_terms(issue: Mapping[str, Any]) -> Document:
    return {"limit": kept_amount(issue["amount"]), "priority": issue.get("priority") or 1}


def counting_start(call: Call, period: Mapping[str, Any]) -> datetime:
    """Return the start of counting: now, the usage period around now, or any time. Raises Problem (400)."""
    match call.body.get("measureUsageFrom", "NOW"):
        case "NOW":
            return call.now
        case "CURRENT_PERIOD_START":
            return period_at(from_micros(period["anchor"]), interval_of(period["interval"]), call.now).start
        case text if (moment := instant_of(text)) is not None and moment <= call.now:
            return checked_start(call, moment, interval_of(period["interval"]))
    raise invalid("measureUsageFrom is neither a time until now nor one of NOW, CURRENT_PERIOD_START")


def checked_start(call: Call, moment: datetime, length: Duration) -> datetime:
    """Raises Problem (400) for a start so long ago that too many usage periods follow it."""
    if (call.now - moment) // SECOND > PAST_PERIODS * length.in_seconds():
        raise invalid("measureUsageFrom lies too far back for the interval")
    return moment


def check_terms(document: Mapping[str, Any]) -> None:
    """Raises Problem (400) for a static entitlement whose config isn't JSON text."""
    if document["type"] != "static":
        return
    try:
        parse(document.get("config", ""))
    except NotJson:
        raise invalid("a static entitlement needs a config of JSON") from None


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def delete(call: Call) -> Answer:
    row = find_own(call)
    delete_grants(call.store, row, call.now)
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


LISTING = V1List(
    resource=ENTITLEMENT,
    view=view,
    columns={},
    where="TRUE",
    orders={"id": "id", "createdAt": "created_at", "updatedAt": "updated_at"},
    default=("createdAt", "ASC"),
)


def listed(call: Call) -> Answer:
    """The entitlements in force, including those of subscriptions."""
    check_query(LISTING, call.query)
    return answer_rows(LISTING, call, held_by(call, customer_of(call)))


def value(call: Call) -> Answer:
    """Return the customer's access to a feature; none without an entitlement."""
    customer = customer_of(call)
    name = call.path["featureKey"]
    by_id = call.store.get(ENTITLEMENT, name)
    key = by_id.key if by_id is not None and by_id.parent == customer.id else name
    held = entitlements(call.store, customer, call.now)
    return ok(allowed(held[key]) if key in held else {"hasAccess": False})


def access(call: Call) -> Answer:
    """The customer's access to every feature for which it has an entitlement."""
    held = entitlements(call.store, customer_of(call), call.now)
    return ok({"entitlements": {key: allowed(held[key]) for key in sorted(held)}})


def allowed(held: HeldEntitlement) -> Document:
    kind = held.template["type"]
    shown: Document = {"hasAccess": held.has_access}
    if kind == "static":
        return {**shown, "config": text_of(held.template["config"])}
    if kind != "metered":
        return shown
    standing = held.standing
    return {
        **shown,
        "balance": standing.balance or ZERO,
        "usage": standing.used,
        "overage": standing.overage,
        "totalAvailableGrantAmount": standing.available,
    }


ROUTES = (
    Route("POST", f"{CUSTOMERS}/entitlements", create, OF_CUSTOMER, version=V2, accepts=ACCEPTED),
    Route("GET", f"{CUSTOMERS}/entitlements", listed, OF_CUSTOMER, version=V2),
    Route("GET", ONE, get, OF_FEATURE, version=V2),
    Route("DELETE", ONE, delete, OF_FEATURE, version=V2),
    Route("PUT", f"{ONE}/override", override, OF_FEATURE, version=V2, accepts=ACCEPTED),
    Route("GET", f"{ONE}/value", value, OF_FEATURE, version=V2),
    Route("GET", f"{ONE}/value", value, OF_FEATURE, version=V1),
    Route("GET", f"{CUSTOMERS}/access", access, OF_CUSTOMER, version=V1),
)
