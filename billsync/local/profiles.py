"""Billing profiles, as a fresh server has them (catalog-facts.md §12). Read only."""

from __future__ import annotations

from billsync.local.documents import Document
from billsync.local.listing import Listing, answer_list
from billsync.local.problems import problem
from billsync.local.resource import Answer, Call, Route, ok, stamped
from billsync.local.store import Row

PROFILE = "profile"
NOT_FOUND = {"code": "profile_not_found", "message": "profile not found", "severity": "critical"}


def view(_: Call, row: Row) -> Document:
    return stamped(row, row.document)


LISTING = Listing(resource=PROFILE, view=view, order="created_at, seq")


def get(call: Call) -> Answer:
    """A profile, deleted or not. Its errors have flat extensions beside a detail (§12.5)."""
    row = call.store.get(PROFILE, call.path["id"])
    if row is None:
        raise problem(404, f"profile not found [id={call.path['id']}]", NOT_FOUND)
    return ok(view(call, row))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


ROUTES = (
    Route("GET", "/openmeter/profiles", listed),
    Route("GET", "/openmeter/profiles/{id}", get),
)
