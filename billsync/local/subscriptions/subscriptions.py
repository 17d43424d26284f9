"""Subscriptions: created from a plan version, read and listed (customer-facts.md §5). `subscription_changes` ends
them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.accounts.subscription_view import view
from billsync.local.catalog import plans
from billsync.local.catalog.versions import ACTIVE, status
from billsync.local.customers.customers import find as find_customer
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import ComputedStatus, Listing, answer_list
from billsync.local.server.problems import Invalid, bad_request, invalid, not_found, problem
from billsync.local.server.resource import Answer, Call, Route, created, ok
from billsync.local.store.store import Row, Store
from billsync.local.store.times import instant_of
from billsync.local.subscriptions.subscription_start import Terms, subscribe

STATUS = ComputedStatus(
    values=("active", "canceled", "inactive", "scheduled"),
    expression=(
        "CASE WHEN begins_at > :now THEN 'scheduled' WHEN ends_at IS NULL THEN 'active'"
        " WHEN ends_at > :now THEN 'canceled' ELSE 'inactive' END"
    ),
    noun="subscription",
)
LISTING = Listing(
    resource=SUBSCRIPTION,
    view=view,
    fields={
        "id": "id",
        "customer_id": "parent",
        "plan_id": "document -> 'plan' ->> 'id'",
        "plan_key": "document -> 'plan' ->> 'key'",
        "status": STATUS,
    },
    sorts={"id": "id", "active_from": "begins_at", "active_to": "COALESCE(ends_at, 9223372036854775807)"},
    order="begins_at, seq",
)


def create(call: Call) -> Answer:
    """Start a subscription now (§5.3). All references are looked up before the entities behind them are checked."""
    body = call.body
    check_choice("customer", body["customer"], ("id", "key"))
    customer = named_customer(call.store, body["customer"])
    check_choice("plan", body["plan"], ("id", "key"))
    plan = named_plan(call.store, body["plan"])
    check_labels(body.get("labels"))
    check_sold(plan, call.now)
    check_not_deleted(customer)
    check_modes(body)
    anchor = instant_of(body["billing_anchor"]) if "billing_anchor" in body else None
    name = f"{plan.key} v{plan.document['version']}"
    terms = Terms(call.now, name, anchor or call.now, body.get("labels") or {}, {})
    return created(view(call, subscribe(call, customer, plan, terms)))


def check_choice(name: str, given: Mapping[str, Any], members: tuple[str, ...]) -> None:
    """Raises Problem (400, shape A) when none of the members is there."""
    if not any(member in given for member in members):
        reason = f"one of {' or '.join(f'{name}.{member}' for member in members)} is required"
        raise bad_request(*(Invalid(f"{name}.{member}", reason, "required", "body") for member in members))


def named_customer(store: Store, given: Mapping[str, Any]) -> Row:
    """The customer that the id names, deleted or not, else the live one of the key. Raises Problem (404)."""
    if "id" not in given:
        row = store.live_with_key(CUSTOMER, given["key"])
        if row is None:
            raise not_found(f"there is no customer with the key {given['key']}")
        return row
    return find_customer(store, given["id"])


def check_not_deleted(customer: Row) -> None:
    """Raises Problem (412) for a customer that is deleted."""
    if customer.deleted_at is not None:
        raise problem(412, f"precondition failed error: customer {customer.id} is deleted")


def named_plan(store: Store, given: Mapping[str, Any]) -> Row:
    """The plan version that the id names, else the key, whatever its state. Raises Problem (404)."""
    return plans.find(store, given["id"]) if "id" in given else plan_with_key(store, given)


def check_sold(plan: Row, now: datetime) -> None:
    """Check that the plan version is active and not deleted; raises Problem (400)."""
    name = f"plan {plan.key}@{plan.document['version']}"
    if plan.deleted_at is not None:
        raise invalid(f"{name} is deleted")
    if status(plan, now) != ACTIVE:
        raise invalid(f"{name} is not active")


def plan_with_key(store: Store, given: Mapping[str, Any]) -> Row:
    """The version asked for, else the highest one whatever its status; deleted ones count. Raises Problem (404)."""
    rows = store.rows(plans.PLAN, "key = :key", {"key": given["key"]})
    version = given.get("version")
    found = [row for row in rows if version in (None, row.document["version"])]
    if not found:
        raise not_found(f"plan not found. [key={given['key']}]")
    return max(found, key=lambda row: int(row.document["version"]))


def check_modes(body: Mapping[str, Any]) -> None:
    """Raises Problem (400) for two modes together on which the real server fails (§5.3)."""
    if body.get("settlement_mode") == "credit_only" and body.get("cost_basis_mode") == "pinned":
        raise invalid("cost bases can't be pinned where nothing is invoiced")


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(call: Call) -> Row:
    """The subscription of the path. Raises Problem (404), also when it was deleted."""
    row = call.store.get(SUBSCRIPTION, call.path["subscriptionId"])
    if row is None or row.deleted_at is not None:
        raise not_found(f"subscription {call.path['subscriptionId']} not found")
    return row


ROUTES = (
    Route("POST", "/openmeter/subscriptions", create),
    Route("GET", "/openmeter/subscriptions", listed),
    Route("GET", "/openmeter/subscriptions/{subscriptionId}", get),
)
