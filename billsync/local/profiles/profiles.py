"""Billing profiles: the billing party, the workflow and the app (catalog-facts.md §12). One of them is the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.profiles.apps import find as find_app
from billsync.local.profiles.profile_workflow import kept_workflow, workflow_faults
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import coded, problem
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed

PROFILE = "profile"
DEFAULT = f"{LIVE} AND document ->> 'default'"
PINNED = f"{LIVE} AND document ->> 'profile' = :profile"
PURPOSES = ("tax", "invoicing", "payment")
SHOWN_PARTY = ("name", "tax_id", "addresses")


def view(_: Call, row: Row) -> Document:
    return stamped(row, row.document)


LISTING = Listing(resource=PROFILE, view=view, order="created_at, seq")


def create(call: Call) -> Answer:
    check_body(call.body)
    apps = {purpose: call.body["apps"][purpose]["id"] for purpose in PURPOSES}
    for app_id in apps.values():
        find_app(call.store, app_id)
    if len(set(apps.values())) > 1:
        raise problem(400, "all apps must be the same")
    if call.body["default"]:
        demote(call)
    document = {**kept_profile(call.body), "workflow": kept_workflow(call.body["workflow"])}
    return created(view(call, call.store.insert(new_row(call, PROFILE, document))))


def check_body(body: Mapping[str, Any]) -> None:
    """Raises Problem (400) for a label, and with a detail alone for a supplier or a workflow that can't be."""
    check_labels(body.get("labels"))
    supplier = body["supplier"]
    if not supplier.get("name"):
        raise problem(400, "invalid supplier: name is required")
    if not supplier.get("addresses", {}).get("billing_address", {}).get("country"):
        raise problem(400, "invalid supplier: country is required")
    if faults := list(workflow_faults(body["workflow"])):
        raise problem(400, "invalid workflow configuration: " + "\n".join(faults))


def kept_profile(body: Mapping[str, Any]) -> Document:
    """The profile without its workflow: labels always, and a supplier's id that is never filled (§12.1)."""
    party = {name: body["supplier"][name] for name in SHOWN_PARTY if name in body["supplier"]}
    return {"labels": {}, **body, "supplier": {"id": "", **party}}


def demote(call: Call) -> None:
    """Takes the default mark from the profile that has it: a side effect on a row that the request doesn't name
    (§12.4)."""
    for row in call.store.rows(PROFILE, DEFAULT):
        call.store.update(changed(row, call.now, document={**row.document, "default": False}))


def replace(call: Call) -> Answer:
    """All is replaced by the body or the defaults; the apps, and a description left out, stay (§12.2)."""
    check_body(call.body)
    row = find(call.store, call.path["id"])
    if row.deleted_at is not None:
        raise coded(400, "profile_already_deleted", "profile already deleted", row.id)
    if row.document["default"] and not call.body["default"]:
        raise coded(400, "default_profile_cannot_be_unset", "default profile cannot be unset", row.id)
    if call.body["default"] and not row.document["default"]:
        demote(call)
    workflow = kept_workflow(call.body["workflow"], row.document["workflow"])
    document = {**row.document, **kept_profile(call.body), "workflow": workflow}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def delete(call: Call) -> Answer:
    """Neither the default profile, nor one that a customer is pinned to (§12.5)."""
    row = find(call.store, call.path["id"])
    if row.deleted_at is not None:
        return no_content()
    if row.document["default"]:
        raise coded(400, "default_profile_cannot_be_deleted", "default profile cannot be deleted", row.id)
    if call.store.first("customer_billing", PINNED, {"profile": row.id}):
        raise coded(400, "profile_referenced", "profile is referenced by customer overrides", row.id)
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["id"])))


def find(store: Store, profile_id: str) -> Row:
    """The profile with this id, deleted or not. Raises Problem (404)."""
    if row := store.get(PROFILE, profile_id):
        return row
    raise coded(404, "profile_not_found", "profile not found", profile_id)


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


ROUTES = (
    Route("POST", "/openmeter/profiles", create),
    Route("GET", "/openmeter/profiles", listed),
    Route("GET", "/openmeter/profiles/{id}", get),
    Route("PUT", "/openmeter/profiles/{id}", replace),
    Route("DELETE", "/openmeter/profiles/{id}", delete),
)
