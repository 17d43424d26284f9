"""Entitlements of all customers in the older APIs: listed, and found by their ids (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.accounts.item_entitlements import brought_as, brought_by_all, is_in_force
from billsync.local.accounts.manual_entitlements import ENTITLEMENT
from billsync.local.server.problems import bad_query
from billsync.local.server.resource import V1, V2, Answer, Call, Route, ok
from billsync.local.store.store import LIVE, Row
from billsync.local.usage.attribution import named
from billsync.local.v1.lists import answer_rows, flag, texts
from billsync.local.v1.v2_entitlement_views import v1_view, view
from billsync.local.v1.v2_entitlements import LISTING, TYPES
from billsync.local.v1.v2_lookups import unknown
from billsync.model.frozen import replace


def listed_all(call: Call) -> Answer:
    """Those of every customer, also those that are not in force any more, or not yet; filters narrow them."""
    keys = texts(call.query, "customerKeys")
    named_by_key = {row.id for key in keys if (row := call.store.live_with_key(CUSTOMER, key))}
    ids = set(texts(call.query, "customerIds"))
    asked = [customers for given, customers in ((keys, named_by_key), (ids, ids)) if given]
    return answer_rows(LISTING, call, matching(call, set.intersection(*asked) if asked else None))


def listed_by_v1(call: Call) -> Answer:
    """The list in v1's form; `subject` narrows it to those customers."""
    subjects = texts(call.query, "subject")
    customers = {row.id for subject in subjects if (row := named(call.store, subject))}
    listing = replace(LISTING, view=v1_view, is_plain=True)
    return answer_rows(listing, call, matching(call, customers if subjects else None))


def matching(call: Call, customers: set[str] | None) -> list[Row]:
    """The rows that meet every filter; a filter's values are alternatives, and None stands for all customers. Raises
    Problem (400) for an unknown type."""
    features, types = texts(call.query, "feature"), texts(call.query, "entitlementType")
    check_types(types)
    in_force = flag(call.query, "excludeInactive")
    stored = call.store.rows(ENTITLEMENT, "TRUE" if flag(call.query, "includeDeleted") else LIVE)
    return [
        row
        for row in (*stored, *brought_by_all(call.store))
        if (customers is None or row.parent in customers)
        and (not features or row.key in features or row.document["feature_id"] in features)
        and (not types or row.document["type"] in types)
        and (not in_force or is_in_force(row, call.now))
    ]


def check_types(types: Sequence[str]) -> None:
    for kind in types:
        if kind not in TYPES:
            raise bad_query("entitlementType", f"value is not one of the allowed values {TYPES}", "enum")


def get_by_id(call: Call) -> Answer:
    return ok(view(call, by_id(call)))


def get_by_v1(call: Call) -> Answer:
    return ok(v1_view(call, by_id(call)))


def by_id(call: Call) -> Row:
    """Raises Problem (404), for a deleted one, too."""
    name = call.path["entitlementId"]
    row = call.store.get(ENTITLEMENT, name) or brought_as(call.store, name)
    if row is None or row.deleted_at is not None:
        raise unknown(name)
    return row


ROUTES = (
    Route("GET", "/entitlements", listed_all, version=V2),
    Route("GET", "/entitlements", listed_by_v1, version=V1),
    Route("GET", "/entitlements/{entitlementId}", get_by_id, version=V2),
    Route("GET", "/entitlements/{entitlementId}", get_by_v1, version=V1),
)
