"""Tax codes, and the organisation's default ones (catalog-facts.md §6). None is ever deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from billsync.local.catalog.rules import Finding, critical, refuse
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import Issue, api_error, bad_query, broken_rules, conflict, invalid
from billsync.local.server.resource import Answer, Call, Route, created, new_row, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed

TAX_CODE = "tax_code"
DEFAULTS = "default_tax_codes"
PURPOSES = ("invoicing_tax_code", "credit_grant_tax_code")
BOOLEANS = ("true", "false")
STRIPE_CODE = re.compile(r"txcd_[0-9]{8}")


def view(_: Call, row: Row) -> Document:
    """A tax code as it is read; one that the system manages says so in a label."""
    shown = present(row.document, "key", "name", "description", "app_mappings")
    system = {"openmeter_managed_by": "system"} if row.document.get("system") else {}
    return stamped(row, {**shown, "labels": {**row.document["labels"], **system}})


LISTING = Listing(resource=TAX_CODE, view=view)


def create(call: Call) -> Answer:
    body = call.body
    check_labels(body.get("labels"))
    refuse(mapping_findings(body["app_mappings"]))
    if call.store.live_with_key(TAX_CODE, body["key"]):
        raise conflict("tax code with the same key already exists")
    row = new_row(call, TAX_CODE, {"labels": {}, **body}, key=body["key"])
    return created(view(call, call.store.insert(row)))


def mapping_findings(mappings: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    """One code for each app, and for Stripe one of its form (§6.2)."""
    place = ".app_mappings"
    if len({mapping["app_type"] for mapping in mappings}) < len(mappings):
        yield critical("app_types_must_be_unique", "app types must be unique", place)
    for mapping in mappings:
        if not mapping["tax_code"]:
            yield critical("tax_code_empty", "tax code cannot be empty", place)
        if mapping["app_type"] == "stripe" and not STRIPE_CODE.fullmatch(mapping["tax_code"]):
            text = "stripe tax code must be in the format of txcd_12345678"
            yield critical("tax_code_stripe_invalid", text, place)


def replace(call: Call) -> Answer:
    """Mappings and labels are replaced whole, a description left out stays; the system's own can't change (§6.1)."""
    check_labels(call.body.get("labels"))
    refuse(mapping_findings(call.body["app_mappings"]))
    row = find(call.store, call.path["taxCodeId"])
    if row.document.get("system"):
        text = "tax code is managed by the system and cannot be modified or deleted"
        raise broken_rules([Issue("tax_code_managed_by_system", text)], status=409)
    kept = changed(row, call.now, document={**row.document, "labels": {}, **call.body})
    return ok(view(call, call.store.update(kept)))


def delete(_: Call) -> Answer:
    """Never, be there such a code or not. Raises Problem (403)."""
    raise api_error(403, "Deleting tax codes is not allowed")


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["taxCodeId"])))


def find(store: Store, code_id: str) -> Row:
    """The tax code with this id. Raises Problem (404, with a code)."""
    row = store.get(TAX_CODE, code_id)
    if row is None:
        raise broken_rules([unknown(code_id)], status=404)
    return row


def unknown(code_id: str) -> Issue:
    return Issue(code="tax_code_not_found", message="tax code not found", field="$.id", extra=(("id", code_id),))


def listed(call: Call) -> Answer:
    for name, text in call.query:
        if name == "include_deleted" and text not in BOOLEANS:
            raise bad_query(name, f'invalid boolean "{text}"', "format")
    return answer_list(LISTING, call)


def get_defaults(call: Call) -> Answer:
    return ok(defaults_view(defaults(call.store)))


def put_defaults(call: Call) -> Answer:
    """Both codes at once, though the schema says that either may be left out (§6.3)."""
    for name in PURPOSES:
        if name not in call.body:
            raise invalid(f"{name}.id is required")
    for name in PURPOSES:
        find(call.store, call.body[name]["id"])
    row = defaults(call.store)
    return ok(defaults_view(call.store.update(changed(row, call.now, document=dict(call.body)))))


def defaults(store: Store) -> Row:
    """The one row of the default codes. Raises Problem (404) where it was never made."""
    if row := store.first(DEFAULTS, LIVE, {}):
        return row
    raise broken_rules([Issue("organization_default_tax_codes_not_found", "not found")], status=404)


def defaults_view(row: Row) -> Document:
    """The default codes as they are read: without an id."""
    shown = stamped(row, present(row.document, *PURPOSES))
    return {name: value for name, value in shown.items() if name != "id"}


ROUTES = (
    Route("POST", "/openmeter/tax-codes", create),
    Route("GET", "/openmeter/tax-codes", listed),
    Route("GET", "/openmeter/tax-codes/{taxCodeId}", get),
    Route("PUT", "/openmeter/tax-codes/{taxCodeId}", replace),
    Route("DELETE", "/openmeter/tax-codes/{taxCodeId}", delete),
    Route("GET", "/openmeter/defaults/tax-codes", get_defaults),
    Route("PUT", "/openmeter/defaults/tax-codes", put_defaults),
)
