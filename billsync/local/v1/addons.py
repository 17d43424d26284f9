"""Add-ons in the words of API v1, with their labels as metadata (catalog-facts.md §1.5)."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.local.catalog import addons
from billsync.local.catalog.addon_rules import structure_warnings
from billsync.local.catalog.versions import ACTIVE, ARCHIVED, DRAFT, STATUS_SQL
from billsync.local.server.resource import V1, Answer, Call, Route, ok
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.v1.cards import shown_card
from billsync.local.v1.lists import ORDERS, Statuses, V1List, answer_v1_list
from billsync.local.v1.representable import ADDON_IS_SHOWN, check_shown
from billsync.local.v1.versions import find_version, version_view

KEY_OR_ID: Mapping[str, frozenset[str] | None] = {"addonIdOrKey": None}


def get(call: Call) -> Answer:
    """The add-on with this id, deleted or not, or the key's version in force. Raises Problem (400) for an add-on that
    only v3 can show."""
    row = find_version(call, addons.ADDON, call.path["addonIdOrKey"], noun="add-on")
    check_shown(row.document, *row.document["rate_cards"])
    return ok(view(call, row))


def view(call: Call, row: Row) -> Document:
    document = row.document
    errors = [finding.shown() for finding in structure_warnings(document)]
    return {
        **version_view(call, row),
        "instanceType": document["instance_type"],
        "validationErrors": errors or None,
        "rateCards": [shown_card(call.store, card) for card in document["rate_cards"]],
    }


LISTING = V1List(
    resource=addons.ADDON,
    view=view,
    columns={"id": "id", "key": "key", "currency": "document ->> 'currency'"},
    where=ADDON_IS_SHOWN,
    orders=ORDERS,
    statuses=Statuses(STATUS_SQL, (DRAFT, ACTIVE, ARCHIVED), default=(ACTIVE,)),
)


def listed(call: Call) -> Answer:
    return answer_v1_list(LISTING, call)


ROUTES = (
    Route("GET", "/addons", listed, version=V1),
    Route("GET", "/addons/{addonIdOrKey}", get, KEY_OR_ID, version=V1),
)
