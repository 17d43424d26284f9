"""Versions of a key as API v1 shows them, of plans and add-ons alike: found by id or by key, with v3's labels as
metadata (catalog-facts.md §1.5)."""

from __future__ import annotations

from billsync.local.catalog.versions import ACTIVE, status
from billsync.local.server.problems import not_found
from billsync.local.server.resource import Call, present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row
from billsync.local.store.times import rfc3339
from billsync.local.v1.cards import filled
from billsync.local.v1.lists import flag

NEWEST = "document ->> 'version' DESC"
MOMENTS = {"effectiveFrom": "begins_at", "effectiveTo": "ends_at", "deletedAt": "deleted_at"}


def version_view(call: Call, row: Row) -> Document:
    """Return v1's fields of any version: its id, key, metadata, status and times."""
    document = row.document
    moments = {name: getattr(row, column) for name, column in MOMENTS.items()}
    return {
        "id": row.id,
        **present(document, "key", "name", "description", "currency", "version"),
        **filled({"metadata": document.get("labels")}),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        **{name: rfc3339(moment) for name, moment in moments.items() if moment},
        "status": status(row, call.now),
    }


def find_version(call: Call, resource: str, name: str, noun: str) -> Row:
    """The version with this id, deleted or not, else the key's version in force; with `includeLatest` the key's newest
    version in any state. Raises Problem: 400 for an invalid parameter, then 404."""
    find = latest_version if flag(call.query, "includeLatest") else active_version
    row = call.store.get(resource, name) or find(call, resource, name)
    if row is None:
        raise not_found(f"{noun} not found. [idOrKey={name}]")
    return row


def latest_version(call: Call, resource: str, key: str) -> Row | None:
    return next(iter(call.store.rows(resource, "key = :key", {"key": key}, order=NEWEST, limit=1)), None)


def active_version(call: Call, resource: str, key: str) -> Row | None:
    live = call.store.rows(resource, f"key = :key AND {LIVE}", {"key": key}, order=NEWEST)
    return next((row for row in live if status(row, call.now) == ACTIVE), None)
