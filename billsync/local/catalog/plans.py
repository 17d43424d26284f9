"""Plans: versions of a key, each a draft that is published, archived and deleted (catalog-facts.md §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from billsync.local.catalog.overlay_rules import has_incompatible_addon
from billsync.local.catalog.plan_rules import (
    looked_up_findings,
    phases_findings,
    placed_cards,
    plan_findings,
    publish_findings,
    reference_findings,
    request_findings,
    structure_warnings,
)
from billsync.local.catalog.rate_cards import kept_card, read_card
from billsync.local.catalog.rules import refuse
from billsync.local.catalog.versions import (
    ACTIVE,
    ARCHIVED,
    DRAFT,
    SCHEDULED,
    STATUS_SQL,
    archived,
    effective_period,
    next_version,
    published,
    status,
)
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import ComputedStatus, Listing, answer_list
from billsync.local.server.problems import invalid, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.durations import canonical_duration
from billsync.local.store.store import Row, Store, changed
from billsync.local.store.times import rfc3339

PLAN = "plan"
STATUS = ComputedStatus(values=(DRAFT, ACTIVE, ARCHIVED, SCHEDULED), expression=STATUS_SQL, noun="plan")


def view(call: Call, row: Row) -> Document:
    """A plan as v3 shows it: without labels, with the structural findings that would stop a publish."""
    document = row.document
    shown = present(
        document, "key", "name", "description", "currency", "billing_cadence", "pro_rating_enabled", "version"
    )
    shown["settlement_mode"] = document.get("settlement_mode", "credit_then_invoice")
    shown["phases"] = [read_phase(phase) for phase in document["phases"]]
    shown["status"] = status(row, call.now)
    if errors := [finding.shown() for finding in structure_warnings(document)]:
        shown["validation_errors"] = errors
    return stamped(row, shown | effective_period(row))


def read_phase(phase: Mapping[str, Any]) -> Document:
    shown = present(phase, "key", "name", "description", "duration")
    return {**shown, "rate_cards": [read_card(card) for card in phase["rate_cards"]]}


def kept_phase(phase: Mapping[str, Any]) -> Document:
    kept = {**phase, "rate_cards": [kept_card(card) for card in phase["rate_cards"]]}
    return kept | ({"duration": canonical_duration(phase["duration"])} if "duration" in phase else {})


LISTING = Listing(
    resource=PLAN,
    view=view,
    fields={
        "key": "key",
        "name": "document ->> 'name'",
        "status": STATUS,
        "currency": "document ->> 'currency'",
    },
    sorts={
        "id": "id",
        "key": "key",
        "version": "document ->> 'version'",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
    order="id",
)


def create(call: Call) -> Answer:
    check_all_labels(call.body)
    return created(view(call, made(call, call.body)))


def made(call: Call, body: Document) -> Row:
    """The draft of this plan, stored. Raises Problem (400) when the plan breaks a rule."""
    refuse(request_findings(body["phases"]))
    refuse((*plan_findings(body["currency"], body["billing_cadence"]), *phases_findings(body["phases"])))
    version = next_version(call.store, PLAN, body["key"], noun="Plan")
    refuse(reference_findings(call.store, body["currency"], body["phases"]))
    document = kept_plan(body, version)
    row = new_row(call, PLAN, document, key=body["key"], terms=feature_terms(document["phases"]))
    return call.store.insert(row)


def kept_plan(body: Mapping[str, Any], version: int) -> Document:
    """The plan as stored; it keeps the settlement mode, for which v3 has no field (customer-facts.md §15)."""
    return {
        **body,
        "version": version,
        "billing_cadence": canonical_duration(body["billing_cadence"]),
        "phases": [kept_phase(phase) for phase in body["phases"]],
    }


def check_all_labels(body: Mapping[str, Any]) -> None:
    """Labels of the plan, its phases and their cards: written, and read by v1 alone (§1.5)."""
    check_labels(body.get("labels"))
    for phase in body["phases"]:
        check_labels(phase.get("labels"))
    for _, card in placed_cards(body["phases"]):
        check_labels(card.get("labels"))


def feature_terms(phases: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    ids = {card["feature"]["id"] for _, card in placed_cards(phases) if "feature" in card}
    return tuple(("feature", feature_id) for feature_id in sorted(ids))


def replace(call: Call) -> Answer:
    """Phases are replaced whole; a description or labels left out stay (§7.2). A deleted draft is not protected."""
    body = call.body
    check_all_labels(body)
    refuse(request_findings(body["phases"]))
    refuse(phases_findings(body["phases"]))
    refuse(looked_up_findings(call.store, body["phases"]))
    row = find(call.store, call.path["planId"])
    check_status(row, call.now, allowed=(DRAFT, SCHEDULED), verb="updated")
    refuse(reference_findings(call.store, row.document["currency"], body["phases"]))
    document = {**row.document, **body, "phases": [kept_phase(phase) for phase in body["phases"]]}
    kept = changed(row, call.now, document=document, terms=feature_terms(document["phases"]))
    return ok(view(call, call.store.update(kept)))


def check_status(row: Row, now: datetime, *, allowed: Sequence[str], verb: str) -> None:
    """Raises Problem (400, never 409) in the wrong state of the lifecycle (§7.7)."""
    if (have := status(row, now)) not in allowed:
        raise invalid(f"only Plans in [{' '.join(allowed)}] can be {verb}, but it has {have} state")


def publish(call: Call) -> Answer:
    """Put a version in force now, and archive the previous one at the same instant (§7.7)."""
    row = find(call.store, call.path["planId"])
    if row.deleted_at is not None:
        raise invalid(f"cannot publish a deleted Plan [id={row.id} deleted_at={rfc3339(row.deleted_at)}]")
    check_status(row, call.now, allowed=(DRAFT, SCHEDULED), verb="published/rescheduled")
    refuse((*publish_findings(call.store, row.document, call.now), *has_incompatible_addon(call.store, row, call.now)))
    return ok(view(call, published(call, row)))


def archive(call: Call) -> Answer:
    row = find(call.store, call.path["planId"])
    check_status(row, call.now, allowed=(ACTIVE,), verb="archived")
    return ok(view(call, archived(call, row)))


def delete(call: Call) -> Answer:
    row = find(call.store, call.path["planId"])
    check_status(row, call.now, allowed=(ARCHIVED, SCHEDULED, DRAFT), verb="deleted")
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["planId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(store: Store, plan_id: str) -> Row:
    """The version with this id, deleted or not. Raises Problem (404)."""
    if row := store.get(PLAN, plan_id):
        return row
    raise not_found(f"plan not found. [id={plan_id}]")


ROUTES = (
    Route("POST", "/openmeter/plans", create),
    Route("GET", "/openmeter/plans", listed),
    Route("GET", "/openmeter/plans/{planId}", get),
    Route("PUT", "/openmeter/plans/{planId}", replace),
    Route("DELETE", "/openmeter/plans/{planId}", delete),
    Route("POST", "/openmeter/plans/{planId}/publish", publish),
    Route("POST", "/openmeter/plans/{planId}/archive", archive),
)
