"""Operations on subscriptions of the older API v1 only: a future start, a custom plan, migrating, deleting (§15).

Sections are those of customer-facts.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from billsync.local.accounts.subscription_rows import SUBSCRIPTION, not_ended
from billsync.local.accounts.subscription_view import CANCELED, SCHEDULED
from billsync.local.catalog import plans
from billsync.local.catalog.versions import ACTIVE, ARCHIVED, status
from billsync.local.server.problems import Invalid, bad_request, invalid, not_found
from billsync.local.server.resource import V1, Answer, Call, Route, created, no_content, ok, present
from billsync.local.store.store import LIVE, Row, Store, changed
from billsync.local.store.times import instant_of
from billsync.local.subscriptions.subscription_changes import check_start, check_transition, end, inherited, succeeded
from billsync.local.subscriptions.subscription_start import Terms, subscribe
from billsync.local.subscriptions.subscriptions import check_modes, check_not_deleted, find, named_customer
from billsync.local.v1.plans import custom_plan
from billsync.local.v1.representable import check_representable
from billsync.local.v1.requests import CUSTOM_PLAN, METADATA, TEXT, TIMING
from billsync.local.v1.subscription_views import full_view, short_view
from billsync.model.frozen import replace

TERMS = {
    "timing": TIMING,
    "name": TEXT,
    "description": TEXT,
    "startingPhase": TEXT,
    "metadata": METADATA,
    "settlementMode": {"$ref": "BillingSettlementMode"},
    "costBasisMode": {"$ref": "BillingSubscriptionCostBasisMode"},
    "billingAnchor": {"$ref": "DateTime"},
    "plan": {"type": "object", "required": ["key"], "properties": {"key": TEXT, "version": {"type": "integer"}}},
    "customPlan": CUSTOM_PLAN,
}
BESIDE_OWN_PLAN = ("customPlan", "customerId", "customerKey", "timing", "billingAnchor")
CREATION = {"type": "object", "properties": {"customerId": {"$ref": "ULID"}, "customerKey": TEXT, **TERMS}}
CHANGE = {"type": "object", "required": ["timing"], "properties": TERMS}
MIGRATION = {
    "type": "object",
    "properties": {"targetVersion": {"type": "integer", "minimum": 1}, "timing": TIMING, "startingPhase": TEXT},
}
ONE = "/subscriptions/{subscriptionId}"


def create(call: Call) -> Answer:
    """Starts now, or at any later time (§15)."""
    call = heard(call)
    body = call.body
    customer = named_customer(call.store, customer_reference(body))
    plan = sold_plan(call)
    check_not_deleted(customer)
    start = start_of(call)
    check_start(call, start)
    own = translated(call)
    check_modes(own.body)
    terms = replace(own_terms(body, plan, start), anchor=anchor_of(body) or start, labels=body.get("metadata") or {})
    return created(short_view(call, subscribe(own, customer, plan, terms)))


def change(call: Call) -> Answer:
    """Like v3's, with a name and a first phase of its own (§5.8, §15)."""
    call = heard(call)
    plan = sold_plan(call)
    row, own = find(call), translated(call)
    check_modes(own.body)
    return successors(own, row, plan, partial(changed_terms, row, call.body, plan))


def migrate(call: Call) -> Answer:
    """Migrate a subscription to a newer version of its plan, with that version's settlement mode (§5.10)."""
    row = find(call)
    plan = newer_version(call, row)
    check_phase(plan, call.body.get("startingPhase"))
    own = translated(call, cost_basis_mode=row.document["cost_basis_mode"])
    return successors(own, row, plan, lambda start: replace(inherited(row, {}, start), first_phase=first_phase(call)))


def successors(call: Call, row: Row, plan: Row, terms: Callable[[datetime], Terms]) -> Answer:
    current, following = succeeded(call, row, plan, terms)
    return ok({"current": short_view(call, current), "next": full_view(call, following)})


def delete(call: Call) -> Answer:
    """Only one that has not started; the one before it loses its link and stays as it is (§5.8)."""
    row = find(call)
    check_transition(row, call.now, verb="delete", allowed=SCHEDULED)
    call.store.update(changed(row, call.now, deleted_at=call.now))
    before = call.store.get(SUBSCRIPTION, row.document.get("previous_id", ""))
    if before is not None:
        call.store.update(unlinked(before))
    return no_content()


def get(call: Call) -> Answer:
    return ok(full_view(call, find(call)))


def restore(call: Call) -> Answer:
    """Continue a cancelled subscription; the one scheduled after it is deleted (§5.8)."""
    row = find(call)
    check_transition(row, call.now, verb="continue", allowed=CANCELED)
    return ok(short_view(call, restored(call, row)))


def restored(call: Call, row: Row) -> Row:
    """Store and return a cancelled subscription that goes on, with the one scheduled after it deleted."""
    for following in not_ended(call.store, row.document["customer_id"], call.now):
        if following.id != row.id:
            call.store.update(changed(following, call.now, deleted_at=call.now))
    return end(call, unlinked(row), None)


def unlinked(row: Row) -> Row:
    """The subscription without the link to one that replaces it."""
    document = {name: value for name, value in row.document.items() if name != "superseding_id"}
    return replace(row, document=document)


def heard(call: Call) -> Call:
    """With a plan of its own, everything else but the customer, the time and the anchor goes unheard."""
    body = call.body
    return replace(call, body=present(body, *BESIDE_OWN_PLAN)) if "customPlan" in body else call


def translated(call: Call, **more: Any) -> Call:
    """The call, with its body in v3's form."""
    body = call.body
    said = {"timing": body.get("timing", "immediate"), "cost_basis_mode": body.get("costBasisMode", "dynamic")}
    if "settlementMode" in body:
        said["settlement_mode"] = body["settlementMode"]
    return replace(call, body={**said, **more})


def customer_reference(body: Mapping[str, Any]) -> dict[str, str]:
    """The id wins. Raises Problem (400) when neither is given."""
    for name, member in (("customerId", "id"), ("customerKey", "key")):
        if name in body:
            return {member: body[name]}
    raise bad_request(Invalid("customerId", "one of customerId or customerKey is required", "required"))


def sold_plan(call: Call) -> Row:
    """The active version of the plan, whatever version is asked for, or the subscription's own plan (§15)."""
    body = call.body
    if "customPlan" in body:
        return custom_plan(call, body["customPlan"])
    if "plan" not in body:
        raise bad_request(Invalid("plan", "one of plan or customPlan is required", "required"))
    versions = plan_versions(call.store, body["plan"]["key"])
    active = [row for row in versions if status(row, call.now) == ACTIVE]
    if not active:
        raise not_found(f"plan not found. [key={body['plan']['key']}]")
    check_phase(active[0], body.get("startingPhase"))
    return active[0]


def plan_versions(store: Store, key: str) -> list[Row]:
    return store.rows(plans.PLAN, f"key = :key AND {LIVE}", {"key": key})


def newer_version(call: Call, row: Row) -> Row:
    """Raises Problem: 400 without a plan, for no higher version or a draft; 404 for one that isn't there (§5.10)."""
    plan = row.document.get("plan")
    if plan is None:
        raise invalid(f"subscription {row.id} has no plan, cannot be migrated")
    versions = plan_versions(call.store, plan["key"])
    target = call.body.get("targetVersion")
    if target is None:
        found = [version for version in versions if status(version, call.now) == ACTIVE]
    else:
        found = [version for version in versions if version.document["version"] == target]
        if not found:
            raise not_found(f"plan {plan['key']} with version {target} not found")
    if not found or found[0].document["version"] <= plan["version"]:
        raise invalid(f"subscription {row.id} is already at version {plan['version']}")
    if status(found[0], call.now) not in (ACTIVE, ARCHIVED):
        raise invalid(f"plan {plan['key']}@{found[0].document['version']} is not active or archived")
    check_plan(found[0])
    return found[0]


def check_plan(plan: Row) -> None:
    """Raises Problem (400) for a plan with a card that only API v3 can show (§15)."""
    for phase in plan.document["phases"]:
        for card in phase["rate_cards"]:
            check_representable(card)


def check_phase(plan: Row, key: str | None) -> None:
    """Raises Problem (400) for a first phase that the plan hasn't; None is the plan's own."""
    if key is not None and key not in [phase["key"] for phase in plan.document["phases"]]:
        raise invalid(f"starting phase {key} not found in plan {plan.key}@{plan.document['version']}")


def start_of(call: Call) -> datetime:
    """The start in the request, now by default. Raises Problem (400) for the next billing cycle, as a new subscription
    has none."""
    timing = call.body.get("timing", "immediate")
    if timing == "immediate":
        return call.now
    moment = instant_of(timing)
    if moment is None:
        raise invalid(f"unsupported enum value: {timing}")
    return moment


def own_terms(body: Mapping[str, Any], plan: Row, start: datetime) -> Terms:
    """The plan's name unless another is given."""
    extra = {"description": body["description"]} if "description" in body else {}
    name = body.get("name") or plan.document["name"]
    return Terms(start, name, start, {}, extra, body.get("startingPhase"))


def changed_terms(row: Row, body: Mapping[str, Any], plan: Row, start: datetime) -> Terms:
    """Anchor and labels stay as they are unless others are given."""
    before = inherited(row, {}, start)
    terms = own_terms(body, plan, start)
    labels = body.get("metadata")
    return replace(
        terms,
        anchor=anchor_of(body) or before.anchor,
        labels=before.labels if labels is None else labels,
        extra={**before.extra, **terms.extra},
    )


def anchor_of(body: Mapping[str, Any]) -> datetime | None:
    return instant_of(body["billingAnchor"]) if "billingAnchor" in body else None


def first_phase(call: Call) -> str | None:
    found: str | None = call.body.get("startingPhase")
    return found


ROUTES = (
    Route("POST", "/subscriptions", create, version=V1, accepts=CREATION),
    Route("GET", ONE, get, version=V1),
    Route("DELETE", ONE, delete, version=V1),
    Route("POST", f"{ONE}/change", change, version=V1, accepts=CHANGE),
    Route("POST", f"{ONE}/restore", restore, version=V1),
    Route("POST", f"{ONE}/migrate", migrate, version=V1, accepts=MIGRATION),
)
