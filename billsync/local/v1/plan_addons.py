"""Add-ons attached to a plan, in the words of API v1, with the labels that only a PUT keeps (catalog-facts.md §9.1)."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.local.catalog import addons
from billsync.local.catalog.assignments import PLAN_ADDON
from billsync.local.catalog.overlay_rules import overlay_findings
from billsync.local.catalog.plan_addons import overlay_of
from billsync.local.server.problems import not_found
from billsync.local.server.resource import V1, Answer, Call, Route, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row
from billsync.local.store.times import rfc3339
from billsync.local.v1.cards import filled
from billsync.local.v1.lists import ORDERS, V1List, answer_v1_list

ANY_NAME: Mapping[str, frozenset[str] | None] = {"planId": None, "planAddonId": None}
OF_PLAN = "parent IN (SELECT id FROM entity AS plan WHERE plan.resource = 'plan' AND :plan IN (plan.id, plan.key))"
ADDON_COLUMN = (
    "(SELECT addon.{column} FROM entity AS addon WHERE addon.resource = 'addon' AND addon.id = "
    "entity.document ->> '$.addon.id')"
)


def view(call: Call, row: Row) -> Document:
    """An assignment: it is named by its add-on, and has no id of its own in v1."""
    document = row.document
    addon = addons.find(call.store, document["addon"]["id"])
    errors = [finding.shown() for finding in overlay_findings(overlay_of(call, row))]
    deleted = {"deletedAt": rfc3339(row.deleted_at)} if row.deleted_at else {}
    quantity = {"maxQuantity": document["max_quantity"]} if "max_quantity" in document else {}
    return {
        "addon": {
            "id": addon.id,
            **present(addon.document, "key", "name", "version"),
            "instanceType": addon.document["instance_type"],
        },
        "fromPlanPhase": document["from_plan_phase"],
        **quantity,
        **filled({"metadata": document["labels"]}),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        **deleted,
        "validationErrors": errors or None,
    }


LISTING = V1List(
    resource=PLAN_ADDON,
    view=view,
    columns={"id": ADDON_COLUMN.format(column="id"), "key": ADDON_COLUMN.format(column="key")},
    where=OF_PLAN,
    orders={**ORDERS, "version": ADDON_COLUMN.format(column="document ->> 'version'")},
)


def listed(call: Call) -> Answer:
    """Those of every version of the plan, where it is named by its key; of no plan, none."""
    return answer_v1_list(LISTING, call, {"plan": call.path["planId"]})


def get(call: Call) -> Answer:
    """By the add-on's id or key. Raises Problem (404)."""
    plan, addon = call.path["planId"], call.path["planAddonId"]
    named = f"{LIVE} AND {OF_PLAN} AND :addon IN ({LISTING.columns['id']}, {LISTING.columns['key']})"
    rows = call.store.rows(PLAN_ADDON, named, {"plan": plan, "addon": addon}, order="id DESC", limit=1)
    if not rows:
        raise not_found(f"plan add-on assignment not found [plan={plan} addon={addon}]")
    return ok(view(call, rows[0]))


ROUTES = (
    Route("GET", "/plans/{planId}/addons", listed, {"planId": None}, version=V1),
    Route("GET", "/plans/{planId}/addons/{planAddonId}", get, ANY_NAME, version=V1),
)
