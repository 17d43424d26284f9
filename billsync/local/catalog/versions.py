"""Versions of one key, of plans and add-ons alike: draft, published, archived, deleted (catalog-facts.md §7.1, §7.7,
§8.2)."""

from __future__ import annotations

from datetime import datetime

from billsync.local.server.problems import invalid
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed
from billsync.local.store.times import rfc3339

DRAFT, SCHEDULED, ACTIVE, ARCHIVED = "draft", "scheduled", "active", "archived"
STATUS_SQL = (
    "CASE WHEN ends_at <= :now THEN 'archived' WHEN begins_at IS NULL THEN 'draft'"
    " WHEN begins_at > :now THEN 'scheduled' ELSE 'active' END"
)


def status(row: Row, now: datetime) -> str:
    """Computed from when the version takes effect and stops to (§7.1)."""
    if row.ends_at is not None and row.ends_at <= now:
        return ARCHIVED
    if row.begins_at is None:
        return DRAFT
    return SCHEDULED if row.begins_at > now else ACTIVE


def next_version(store: Store, resource: str, key: str, noun: str) -> int:
    """One more than any version of the key ever had. Raises Problem while there is a draft (§7.1, §8.2)."""
    versions = store.rows(resource, "key = :key", {"key": key})
    if any(row.begins_at is None and row.deleted_at is None for row in versions):
        raise invalid(f"only a single draft version is allowed for {noun}")
    return 1 + max((row.document["version"] for row in versions), default=0)


def published(call: Call, row: Row) -> Row:
    """Return the version, put in force now; the previous one is archived at the same instant (§7.7, §8.2)."""
    for other in call.store.rows(row.resource, f"key = :key AND {LIVE}", {"key": row.key}):
        if status(other, call.now) == ACTIVE:
            archived(call, other)
    return call.store.update(changed(row, call.now, begins_at=call.now))


def archived(call: Call, row: Row) -> Row:
    """The version, in force until now. No successor is needed."""
    return call.store.update(changed(row, call.now, ends_at=call.now))


def effective_period(row: Row) -> Document:
    """Return the version's effective span, as far as it is known, in its stored form."""
    period = {"effective_from": row.begins_at, "effective_to": row.ends_at}
    return {name: rfc3339(moment) for name, moment in period.items() if moment}
