"""Add-ons: versions of a key, each a draft that is published, archived and deleted (catalog-facts.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.catalog.addon_rules import (
    cards_findings,
    invalid_status,
    lacks_cadence,
    looked_up_findings,
    publish_findings,
    reference_findings,
    request_findings,
    shown_finding,
    structure_warnings,
)
from billsync.local.catalog.assignments import is_assigned
from billsync.local.catalog.card_references import unknown_fiat
from billsync.local.catalog.rate_cards import kept_card
from billsync.local.catalog.rules import refuse
from billsync.local.catalog.versions import (
    ACTIVE,
    ARCHIVED,
    DRAFT,
    STATUS_SQL,
    archived,
    effective_period,
    next_version,
    published,
    status,
)
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import ComputedStatus, Listing, answer_list
from billsync.local.server.problems import invalid, not_found, problem
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store, changed

ADDON = "addon"
STATUS = ComputedStatus(values=(DRAFT, ACTIVE, ARCHIVED), expression=STATUS_SQL, noun="addon")


def view(call: Call, row: Row) -> Document:
    """An add-on as it is read: its labels and its cards' too, and `null` for no cards at all (§8.1)."""
    document = row.document
    shown = present(
        document, "key", "name", "description", "labels", "currency", "instance_type", "version", "rate_cards"
    )
    shown["rate_cards"] = document["rate_cards"] or None
    shown["status"] = status(row, call.now)
    if errors := [shown_finding(finding) for finding in structure_warnings(document)]:
        shown["validation_errors"] = errors
    return stamped(row, shown | effective_period(row))


LISTING = Listing(
    resource=ADDON,
    view=view,
    fields={
        "id": "id",
        "key": "key",
        "name": "document ->> 'name'",
        "status": STATUS,
        "currency": "document ->> 'currency'",
    },
    sorts={
        "id": "id",
        "key": "key",
        "version": "document ->> 'version'",
        "name": "document ->> 'name'",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
    order="id",
)


def create(call: Call) -> Answer:
    body = call.body
    check_request(call)
    refuse((*unknown_fiat(body["currency"]), *cards_findings(body["rate_cards"])))
    version = next_version(call.store, ADDON, body["key"], noun="add-on")
    refuse(reference_findings(call.store, body["currency"], body["rate_cards"]))
    document = {"labels": {}, **body, "version": version, "rate_cards": kept_cards(body)}
    return created(view(call, call.store.insert(new_row(call, ADDON, document, key=body["key"]))))


def check_request(call: Call) -> None:
    """Raises Problem for errors found before any add-on is looked up; a usage card that never recurs breaks the real
    server (§7.3)."""
    cards = call.body["rate_cards"]
    check_labels(call.body.get("labels"))
    for card in cards:
        check_labels(card.get("labels"))
    if call.faithful_faults and any(map(lacks_cadence, cards)):
        raise problem(500)
    refuse(request_findings(cards))


def kept_cards(body: Mapping[str, Any]) -> list[Document]:
    """The cards as an add-on keeps and shows them: with labels, be there any or not (§1.5)."""
    return [{"labels": {}, **kept_card(card)} for card in body["rate_cards"]]


def replace(call: Call) -> Answer:
    """Cards and labels are replaced whole; a description left out stays (§8.1). A deleted draft is not protected."""
    body = call.body
    check_request(call)
    refuse(cards_findings(body["rate_cards"]))
    refuse(looked_up_findings(call.store, body["rate_cards"]))
    row = find(call.store, call.path["addonId"])
    check_status(row, call, DRAFT)
    refuse(reference_findings(call.store, row.document["currency"], body["rate_cards"]))
    document = {**row.document, "labels": {}, **body, "rate_cards": kept_cards(body)}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def check_status(row: Row, call: Call, *allowed: str) -> None:
    """Raises Problem (400, with a code) in the wrong state of the lifecycle (§8.2)."""
    if status(row, call.now) not in allowed:
        refuse([invalid_status()])


def publish(call: Call) -> Answer:
    """Put a version in force now, and archive the previous one at the same instant (§8.2)."""
    row = find(call.store, call.path["addonId"])
    check_not_deleted(row, "publish")
    refuse(publish_findings(call.store, row.document, status(row, call.now)))
    return ok(view(call, published(call, row)))


def check_not_deleted(row: Row, verb: str) -> None:
    """Raises Problem (400) for a deleted version, which can't change its state (§8.2)."""
    if row.deleted_at is not None:
        raise invalid(f"cannot {verb} a deleted add-on")


def archive(call: Call) -> Answer:
    row = find(call.store, call.path["addonId"])
    check_not_deleted(row, "archive")
    check_status(row, call, ACTIVE)
    return ok(view(call, archived(call, row)))


def delete(call: Call) -> Answer:
    """Any live assignment holds an add-on, whatever the plan's state; only then its own state counts (§8.2)."""
    row = find(call.store, call.path["addonId"])
    if row.deleted_at is not None:
        return no_content()
    if is_assigned(call.store, row.id):
        raise invalid(f"failed to delete add-on [id={row.id} key={row.key}]: add-on has active assignments")
    check_status(row, call, DRAFT, ARCHIVED)
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["addonId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(store: Store, addon_id: str) -> Row:
    """The version with this id, deleted or not. Raises Problem (404)."""
    if row := store.get(ADDON, addon_id):
        return row
    raise not_found(f"add-on not found. [id={addon_id}]")


ROUTES = (
    Route("POST", "/openmeter/addons", create),
    Route("GET", "/openmeter/addons", listed),
    Route("GET", "/openmeter/addons/{addonId}", get),
    Route("PUT", "/openmeter/addons/{addonId}", replace),
    Route("DELETE", "/openmeter/addons/{addonId}", delete),
    Route("POST", "/openmeter/addons/{addonId}/publish", publish),
    Route("POST", "/openmeter/addons/{addonId}/archive", archive),
)
