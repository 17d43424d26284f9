"""Add-on versions attached to a plan version: they come, change and go while it is a draft (catalog-facts.md §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.catalog import addons, plans
from billsync.local.catalog.assignments import PLAN_ADDON, assignment
from billsync.local.catalog.overlay_rules import Overlay, currency_findings, overlay_findings, worth_findings
from billsync.local.catalog.rules import refuse
from billsync.local.catalog.versions import ACTIVE, DRAFT, SCHEDULED, status
from billsync.local.server.filters import Condition
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import conflict, invalid, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store, changed
from billsync.local.store.times import rfc3339
from billsync.model.frozen import replace


def view(call: Call, row: Row) -> Document:
    """An assignment as it is read: no name, labels always, and why the plan could not be published with it (§9.1)."""
    shown = {"name": "", **present(row.document, "addon", "from_plan_phase", "max_quantity", "labels")}
    if errors := [finding.shown() for finding in overlay_findings(overlay_of(call, row))]:
        shown["validation_errors"] = errors
    return stamped(row, shown)


def overlay_of(call: Call, row: Row) -> Overlay:
    plan = plans.find(call.store, row.parent or "")
    addon = addons.find(call.store, row.document["addon"]["id"])
    return Overlay(plan, addon, row.document, call.now)


LISTING = Listing(
    resource=PLAN_ADDON,
    view=view,
    order="id",
    scope=lambda call: Condition("parent = ?", (call.path["planId"],)),
)


def create(call: Call) -> Answer:
    """A pair is attached once, in whatever state both are; labels are looked at and dropped (§9.1, §9.3)."""
    body, plan_id = call.body, call.path["planId"]
    check_labels(body.get("labels"))
    addon_id = body["addon"]["id"]
    if assignment(call.store, plan_id, addon_id):
        raise conflict(f"plan add-on assignment already exists [plan.id={plan_id} addon.id={addon_id}]")
    plan = plans.find(call.store, plan_id)
    check_plan(call, plan)
    addon = addons.find(call.store, addon_id)
    check_addon(call, addon)
    document = {"addon": {"id": addon_id}, **settings(body), "labels": {}}
    overlay = Overlay(plan, addon, document, call.now)
    refuse(currency_findings(overlay))
    refuse(worth_findings(call.store, overlay))
    row = new_row(call, PLAN_ADDON, document, key=addon_id, parent=plan_id)
    return created(view(call, call.store.insert(row)))


def settings(body: Mapping[str, Any]) -> Document:
    return present(body, "from_plan_phase", "max_quantity")


def check_plan(call: Call, plan: Row) -> None:
    check_state(call, plan, "plan", DRAFT, SCHEDULED)


def check_addon(call: Call, addon: Row) -> None:
    check_state(call, addon, "add-on", ACTIVE)


def check_state(call: Call, row: Row, noun: str, *allowed: str) -> None:
    """Raises Problem (400) for a version that is deleted or in another state (§9.3)."""
    if row.deleted_at is not None:
        raise invalid(f"{noun} is deleted [deletedAt={rfc3339(row.deleted_at)}]")
    if (have := status(row, call.now)) not in allowed:
        raise invalid(f"invalid {have} status, allowed statuses: [{' '.join(allowed)}]")


def change(call: Call) -> Answer:
    """A quantity left out is cleared, labels left out stay; anything incompatible is refused now (§9.1, §9.3)."""
    body = call.body
    check_labels(body.get("labels"))
    row = find(call.store, call.path["planAddonId"])
    overlay = overlay_of(call, row)
    check_plan(call, overlay.plan)
    document = {"addon": row.document["addon"], "labels": body.get("labels", row.document["labels"]), **settings(body)}
    wanted = replace(overlay, assignment=document)
    refuse(overlay_findings(wanted))
    refuse(worth_findings(call.store, wanted))
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def delete(call: Call) -> Answer:
    row = find(call.store, call.path["planAddonId"])
    if row.deleted_at is None:
        check_plan(call, plans.find(call.store, row.parent or ""))
        call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["planAddonId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(store: Store, assignment_id: str) -> Row:
    """The assignment with this id, deleted or not, whatever plan the path names (§9.2). Raises Problem (404)."""
    if row := store.get(PLAN_ADDON, assignment_id):
        return row
    raise not_found(f"plan add-on assignment not found [id={assignment_id}]")


ROUTES = (
    Route("POST", "/openmeter/plans/{planId}/addons", create),
    Route("GET", "/openmeter/plans/{planId}/addons", listed),
    Route("GET", "/openmeter/plans/{planId}/addons/{planAddonId}", get),
    Route("PUT", "/openmeter/plans/{planId}/addons/{planAddonId}", change),
    Route("DELETE", "/openmeter/plans/{planId}/addons/{planAddonId}", delete),
)
