"""Customers through the older API v1: by id or by key, and with a key that may change or go (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER, check_new_key
from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.customers import customers
from billsync.local.server.problems import not_found
from billsync.local.server.resource import V1, Answer, Call, Route, created, ok
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import rfc3339
from billsync.local.v1.lists import V1List, answer_v1_list
from billsync.local.v1.requests import METADATA, NAME, TEXT
from billsync.local.v1.subscription_views import short_view
from billsync.model.frozen import replace

MEMBERS = {
    "name": "name",
    "description": "description",
    "metadata": "labels",
    "primaryEmail": "primary_email",
    "currency": "currency",
}
ADDRESS = {
    "country": "country",
    "postalCode": "postal_code",
    "state": "state",
    "city": "city",
    "line1": "line1",
    "line2": "line2",
    "phoneNumber": "phone_number",
}
BODY = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "key": {"$ref": "ExternalResourceKey"},
        "name": NAME,
        "description": TEXT,
        "metadata": METADATA,
        "primaryEmail": TEXT,
        "currency": {"$ref": "CurrencyCode"},
        "billingAddress": {"type": "object", "properties": dict.fromkeys(ADDRESS, TEXT)},
        "usageAttribution": {
            "type": "object",
            "required": ["subjectKeys"],
            "properties": {"subjectKeys": {"type": "array", "items": {"type": "string", "minLength": 1}}},
        },
    },
}


def create(call: Call) -> Answer:
    """Like v3's, with or without a key; labels are not looked at (§1.5, §3.2)."""
    return created(view(customers.made(replace(call, body=translated(call.body)), call.body.get("key"))))


def get(call: Call) -> Answer:
    return ok(view(find(call)))


LISTING = V1List(
    resource=CUSTOMER,
    view=lambda _, row: view(row),
    columns={"key": "key"},
    where="TRUE",
    orders={"id": "id", "name": "document ->> 'name'", "createdAt": "created_at"},
)


def listed(call: Call) -> Answer:
    return answer_v1_list(LISTING, call)


def change(call: Call) -> Answer:
    """Like v3's PUT; a key that is left out goes, and labels are not looked at (§1.5, §3.1)."""
    row, key = find_live(call), call.body.get("key")
    if key not in (None, row.key):
        check_new_key(call.store, key)
    return ok(view(customers.replaced(replace(call, body=translated(call.body)), row, key)))


def delete(call: Call) -> Answer:
    """Like v3's, but not of one that isn't there."""
    return customers.delete(replace(call, path={"customerId": find_live(call).id}))


def subscriptions(call: Call) -> Answer:
    """All of the customer's subscriptions; no page was asked for."""
    values = {"customer": find(call).id}
    rows = call.store.rows(SUBSCRIPTION, f"{LIVE} AND parent = :customer", values, order="begins_at, seq")
    items = [short_view(call, row) for row in rows]
    return ok({"page": 0, "pageSize": 0, "totalCount": len(items), "items": items})


def find(call: Call) -> Row:
    """The customer of the path. Raises Problem (404)."""
    return named_customer(call.store, call.path["customerIdOrKey"])


def named_customer(store: Store, name: str) -> Row:
    """The customer with this id, deleted or not, else the live one with this key. Raises Problem (404)."""
    row = store.get(CUSTOMER, name) or store.live_with_key(CUSTOMER, name)
    if row is None:
        raise not_found(f"customer with id or key {name} not found in default namespace")
    return row


def find_live(call: Call) -> Row:
    """Raises Problem (404) for a deleted one, too."""
    row = find(call)
    if row.deleted_at is not None:
        raise not_found(f"customer with id or key {row.id} not found in default namespace")
    return row


def translated(body: Mapping[str, Any]) -> Document:
    """The body in v3's words."""
    said: Document = {MEMBERS[name]: body[name] for name in MEMBERS if body.get(name) is not None}
    if "billingAddress" in body:
        said["billing_address"] = {ADDRESS[name]: value for name, value in body["billingAddress"].items()}
    if "usageAttribution" in body:
        said["usage_attribution"] = {"subject_keys": body["usageAttribution"]["subjectKeys"]}
    return said


def view(row: Row) -> Document:
    """Return the fields without empty ones, which count as absent."""
    document = row.document
    shown: Document = {name: document[member] for name, member in MEMBERS.items() if member in document}
    parts = {
        "key": row.key,
        "metadata": shown.pop("metadata"),
        "billingAddress": {
            name: part for name, key in ADDRESS.items() if (part := document["billing_address"].get(key))
        },
        "usageAttribution": {"subjectKeys": document["subject_keys"]} if document["subject_keys"] else None,
        "deletedAt": row.deleted_at and rfc3339(row.deleted_at),
    }
    return {
        "id": row.id,
        **shown,
        **{name: part for name, part in parts.items() if part},
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
    }


ONE = "/customers/{customerIdOrKey}"
BY_ANY_NAME: Mapping[str, frozenset[str] | None] = {"customerIdOrKey": None}
ROUTES = (
    Route("POST", "/customers", create, version=V1, accepts=BODY),
    Route("GET", "/customers", listed, version=V1),
    Route("GET", ONE, get, BY_ANY_NAME, version=V1),
    Route("PUT", ONE, change, BY_ANY_NAME, version=V1, accepts=BODY),
    Route("DELETE", ONE, delete, BY_ANY_NAME, version=V1),
    Route("GET", f"{ONE}/subscriptions", subscriptions, BY_ANY_NAME, version=V1),
)
