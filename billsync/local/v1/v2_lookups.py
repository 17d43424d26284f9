"""Look-ups of the customer and the entitlement in a path of API v2 (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.local.accounts.item_entitlements import OWNER, brought_to
from billsync.local.accounts.manual_entitlements import ENTITLEMENT, given_to
from billsync.local.server.problems import Problem, invalid, not_found, problem
from billsync.local.server.resource import Call
from billsync.local.store.store import Row
from billsync.local.v1.customers import find as find_customer

OF_CUSTOMER: Mapping[str, frozenset[str] | None] = {"customerIdOrKey": None}
OF_FEATURE = {**OF_CUSTOMER, "featureKey": None}
CUSTOMERS = "/customers/{customerIdOrKey}"
ONE = f"{CUSTOMERS}/entitlements/{{featureKey}}"


def customer_of(call: Call) -> Row:
    """The customer of the path. Raises Problem: 404, or 412 for a deleted one."""
    row = find_customer(call)
    if row.deleted_at is not None:
        raise problem(412, f"customer is deleted [customer.id={row.id}]")
    return row


def find(call: Call) -> Row:
    """The customer's entitlement in force by its id or its feature's key. Raises Problem (404)."""
    name = call.path["featureKey"]
    for row in held_by(call, customer_of(call)):
        if name in (row.id, row.key):
            return row
    raise unknown(name)


def held_by(call: Call, customer: Row) -> list[Row]:
    """The customer's entitlements in force: the manual ones, then those of its subscriptions."""
    return [*given_to(call.store, customer.id), *brought_to(call.store, customer.id, call.now)]


def find_own(call: Call) -> Row:
    """Like `find`, but raises Problem (403) for a subscription's entitlement, which only the subscription can
    change."""
    return check_own(find(call))


def check_own(row: Row) -> Row:
    if OWNER in row.document:
        raise problem(403, "forbidden error: entitlement is managed by subscription")
    return row


def find_any(call: Call) -> Row:
    """Like `find`, and by its id also one that another has replaced. Raises Problem (404)."""
    customer = customer_of(call)
    row = call.store.get(ENTITLEMENT, call.path["featureKey"])
    is_theirs = row is not None and row.deleted_at is None and row.parent == customer.id
    return row if row is not None and is_theirs else find(call)


def check_metered(row: Row) -> Row:
    """The entitlement. Raises Problem (400) for one that counts no usage."""
    if row.document["type"] != "metered":
        raise invalid(f"entitlement {row.id} is {row.document['type']}, not metered")
    return row


def unknown(name: str) -> Problem:
    return not_found(f"entitlement not found [idOrFeatureKey={name}]")
