"""Subjects of the older API v1: a name that usage came under, with a label for people. No other row depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.server.problems import not_found
from billsync.local.server.resource import V1, Answer, Call, Route, new_row, no_content, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, changed
from billsync.local.store.times import rfc3339
from billsync.local.v1.requests import METADATA, TEXT

SUBJECT = "v1_subject"
UPSERT = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["key"],
        "properties": {"key": {**TEXT, "minLength": 1}, "displayName": TEXT, "metadata": METADATA},
    },
}


def view(row: Row) -> Document:
    return {
        "id": row.id,
        "key": row.key,
        **present(row.document, "displayName", "metadata"),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
    }


def upsert(call: Call) -> Answer:
    """Create or update each subject; absent fields keep their values."""
    return ok([view(upserted(call, body)) for body in call.body])


def upserted(call: Call, body: Mapping[str, Any]) -> Row:
    document = present(body, "displayName", "metadata")
    row = call.store.live_with_key(SUBJECT, body["key"])
    if row is None:
        return call.store.insert(new_row(call, SUBJECT, document, key=body["key"]))
    return call.store.update(changed(row, call.now, document={**row.document, **document}))


def listed(call: Call) -> Answer:
    return ok([view(row) for row in call.store.rows(SUBJECT)])


def get(call: Call) -> Answer:
    return ok(view(find(call)))


def delete(call: Call) -> Answer:
    call.store.update(changed(find(call), call.now, deleted_at=call.now))
    return no_content()


def find(call: Call) -> Row:
    """The subject by its id or its key. Raises Problem (404)."""
    name = call.path["subjectIdOrKey"]
    row = call.store.get(SUBJECT, name)
    row = row if row is not None and row.deleted_at is None else call.store.live_with_key(SUBJECT, name)
    if row is None:
        raise not_found(f"subject not found: {name}")
    return row


ONE = "/subjects/{subjectIdOrKey}"
ANY_NAME: Mapping[str, frozenset[str] | None] = {"subjectIdOrKey": None}
ROUTES = (
    Route("POST", "/subjects", upsert, version=V1, accepts=UPSERT),
    Route("GET", "/subjects", listed, version=V1),
    Route("GET", ONE, get, ANY_NAME, version=V1),
    Route("DELETE", ONE, delete, ANY_NAME, version=V1),
)
