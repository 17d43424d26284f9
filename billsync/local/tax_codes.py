"""Tax codes and the organisation's default ones, as a fresh server has them (catalog-facts.md §6). Read only."""

from __future__ import annotations

from billsync.local.documents import Document
from billsync.local.listing import Listing, answer_list
from billsync.local.problems import Issue, bad_query, broken_rules
from billsync.local.resource import Answer, Call, Route, ok, present, stamped
from billsync.local.store import LIVE, Row

TAX_CODE = "tax_code"
DEFAULTS = "default_tax_codes"
BOOLEANS = ("true", "false")


def view(_: Call, row: Row) -> Document:
    """A tax code as it is read; one that the system manages says so in a label."""
    shown = present(row.document, "key", "name", "description", "app_mappings")
    system = {"openmeter_managed_by": "system"} if row.document.get("system") else {}
    return stamped(row, {**shown, "labels": {**row.document["labels"], **system}})


LISTING = Listing(resource=TAX_CODE, view=view)


def get(call: Call) -> Answer:
    code_id = call.path["taxCodeId"]
    row = call.store.get(TAX_CODE, code_id)
    if row is None or row.deleted_at is not None:
        raise broken_rules([unknown(code_id)], status=404)
    return ok(view(call, row))


def unknown(code_id: str) -> Issue:
    return Issue(code="tax_code_not_found", message="tax code not found", field="$.id", extra=(("id", code_id),))


def listed(call: Call) -> Answer:
    for name, text in call.query:
        if name == "include_deleted" and text not in BOOLEANS:
            raise bad_query(name, f'invalid boolean "{text}"', "format")
    return answer_list(LISTING, call)


def get_defaults(call: Call) -> Answer:
    row = call.store.first(DEFAULTS, LIVE, {})
    if row is None:
        raise broken_rules([Issue("organization_default_tax_codes_not_found", "not found")], status=404)
    shown = stamped(row, present(row.document, "invoicing_tax_code", "credit_grant_tax_code"))
    return ok({name: value for name, value in shown.items() if name != "id"})


ROUTES = (
    Route("GET", "/openmeter/tax-codes", listed),
    Route("GET", "/openmeter/tax-codes/{taxCodeId}", get),
    Route("GET", "/openmeter/defaults/tax-codes", get_defaults),
)
