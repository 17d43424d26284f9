"""Apps: installed from the catalogue, changed and uninstalled (catalog-facts.md §13). None does anything outside."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.local.profiles.app_catalog import DEFINITIONS, EXTERNAL, SANDBOX, STRIPE
from billsync.local.server.labels import label_issues
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import Invalid, bad_request, conflict, invalid, not_found, problem
from billsync.local.server.resource import Answer, Call, Route, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed

APP = "app"
HOOKS = ("enable_draft_sync_hook", "enable_issuing_sync_hook")
OF_TYPE = f"{LIVE} AND document ->> 'type' = :type"
USING = f"{LIVE} AND document -> 'apps' -> 'invoicing' ->> 'id' = :app"


def view(_: Call, row: Row) -> Document:
    """An app as it is read, with its entry in the catalogue."""
    shown = present(row.document, "type", "name", "description", "labels", "status", *HOOKS)
    return stamped(row, {**shown, "definition": DEFINITIONS[row.document["type"]]})


LISTING = Listing(resource=APP, view=view)


def install(call: Call) -> Answer:
    """200, not 201. The sandbox is there once; a profile is never made, since there always is a default one (§13.2)."""
    kind = call.body["type"]
    if kind == STRIPE:
        raise invalid("the key can't be checked: this server reaches no other one")
    if kind == SANDBOX and (installed := call.store.first(APP, OF_TYPE, {"type": SANDBOX})):
        raise conflict(f"sandbox app: {installed.document['name']} already exists")
    name = call.body["name"] or DEFINITIONS[kind]["name"]
    document = {"type": kind, "name": name, "description": "", "labels": {}, "status": "ready"}
    hooks = dict.fromkeys(HOOKS, False) if kind == EXTERNAL else {}
    row = call.store.insert(new_row(call, APP, document | hooks))
    return ok({"app": view(call, row), "default_for_capability_types": []})


def replace(call: Call) -> Answer:
    """A description and labels left out are cleared; another type breaks the real server (§13.3)."""
    check_labels(call.body.get("labels") or {})
    row = find(call.store, call.path["appId"])
    if row.deleted_at is not None:
        raise invalid("app is deleted")
    if call.body["type"] != row.document["type"]:
        raise problem(500) if call.faithful_faults else invalid("an app's type can't be changed")
    document = {"labels": {}, **call.body, "status": row.document["status"]}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def check_labels(labels: Mapping[str, str]) -> None:
    """Raises Problem for bad labels, in another shape than everywhere else and without a code (§13.3)."""
    if issues := list(label_issues(labels)):
        reason = "validation error: " + "\n".join(issue.message for issue in issues)
        raise bad_request(Invalid(field="labels", reason=reason, source="body"))


def delete(call: Call) -> Answer:
    """Uninstalls the app, unless a profile uses it. Deleting it again updates the time of deletion (§1.7)."""
    row = find(call.store, call.path["appId"])
    if profiles := call.store.rows("profile", USING, {"app": row.id}):
        named = ",".join(f"{profile.document['name']}[{profile.id}]" for profile in profiles)
        raise conflict(f"app is used in {len(profiles)} billing profiles: {named}")
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["appId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(store: Store, app_id: str) -> Row:
    """The app with this id, uninstalled or not. Raises Problem (404)."""
    if row := store.get(APP, app_id):
        return row
    raise not_found(f"app with id {app_id} not found in default namespace")


ROUTES = (
    Route("POST", "/openmeter/app-catalog/install", install),
    Route("GET", "/openmeter/apps", listed),
    Route("GET", "/openmeter/apps/{appId}", get),
    Route("PUT", "/openmeter/apps/{appId}", replace),
    Route("DELETE", "/openmeter/apps/{appId}", delete),
)
