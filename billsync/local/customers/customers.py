"""Customers (customer-facts.md §3). Their subscriptions are in `subscriptions/`, their grants in `credits/`."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.local.accounts.customer_rules import (
    CUSTOMER,
    check_currency,
    check_key_overlap,
    check_locked_subjects,
    check_named,
    check_new_key,
    check_subjects,
    sent_subjects,
    subject_terms,
    subjects_taken,
)
from billsync.local.charges.settling import settle
from billsync.local.customers.customer_deletion import check_deletable
from billsync.local.server.labels import check_labels, visible
from billsync.local.server.listing import Listing, Within, answer_list
from billsync.local.server.problems import api_error, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store, changed

KEPT_WHEN_OMITTED = ("primary_email", "currency")
REPLACED = ("name", "description", "labels", "primary_email", "currency")
SHOWN = ("key", *REPLACED)

DEFAULT_PROFILE = "(SELECT p.id FROM entity p WHERE p.resource = 'profile' AND p.document ->> 'default')"
EFFECTIVE_PROFILE = (
    "COALESCE((SELECT b.document ->> 'profile' FROM entity b WHERE b.resource = 'customer_billing'"
    " AND b.deleted_at IS NULL"
    f" AND b.parent = entity.id), {DEFAULT_PROFILE})"
)
BY_SUBJECT = "seq IN (SELECT t.seq FROM term t WHERE t.resource = 'customer' AND t.name = 'subject' AND {condition})"
BY_PLAN = (
    "id IN (SELECT s.parent FROM entity s WHERE s.resource = 'subscription' AND s.deleted_at IS NULL"
    " AND s.begins_at <= :now AND (s.ends_at IS NULL OR s.ends_at > :now) AND {condition})"
)


def view(_: Call, row: Row) -> Document:
    """A customer as the API shows it, without empty fields (§3.1)."""
    shown = present(row.document, *SHOWN) | {"labels": visible(row.document["labels"])}
    if row.document["billing_address"]:
        shown["billing_address"] = row.document["billing_address"]
    if row.document["subject_keys"]:
        shown["usage_attribution"] = {"subject_keys": row.document["subject_keys"]}
    return stamped(row, shown)


LISTING = Listing(
    resource=CUSTOMER,
    view=view,
    fields={
        "key": "key",
        "name": "document ->> 'name'",
        "primary_email": "document ->> 'primary_email'",
        "usage_attribution_subject_key": Within(BY_SUBJECT, "t.value"),
        "plan_key": Within(BY_PLAN, "s.document -> 'plan' ->> 'key'"),
        "billing_profile_id": EFFECTIVE_PROFILE,
    },
    sorts={"id": "id", "created_at": "created_at", "name": "document ->> 'name'"},
    order="document ->> 'name', seq",
)


def create(call: Call) -> Answer:
    check_labels(call.body.get("labels"))
    return created(view(call, made(call, call.body["key"])))


def made(call: Call, key: str | None) -> Row:
    """The customer of the body with this key, or none, stored. Raises Problem (§3.2)."""
    body, store = call.body, call.store
    check_currency(body)
    subjects = sent_subjects(body) or []
    check_named(key, subjects)
    if key is not None:
        check_new_key(store, key)
    if len(set(subjects)) < len(subjects):
        raise subjects_taken(subjects)
    check_subjects(store, subjects)
    document = {"labels": {}, "billing_address": {}, **present(body, *SHOWN, "billing_address"), "key": key or ""}
    return store.insert(customer_row(call, document, subjects, key))


def customer_row(call: Call, document: Document, subjects: Sequence[str], key: str | None) -> Row:
    """A new customer, found by its key and by each of its subject keys."""
    document = {**document, "subject_keys": sorted(subjects)}
    return new_row(call, CUSTOMER, document, key=key, terms=subject_terms(subjects))


def replace(call: Call) -> Answer:
    """Clear fields that are left out, except the e-mail and the currency; an address is merged (§3.3)."""
    check_labels(call.body.get("labels"))
    row = find_for_write(call)
    return ok(view(call, replaced(call, row, row.key)))


def replaced(call: Call, row: Row, key: str | None) -> Row:
    """Store the customer with this key (or none) and a v3 request's fields, and return it.

    Amounts due are settled first, with the customer's old subjects. Raises Problem (§3.2, §3.3).
    """
    body, store = call.body, call.store
    check_currency(body)
    subjects = sent_subjects(body)
    check_named(key, subjects or [])
    if subjects is not None:
        check_locked_subjects(store, row, subjects, call.now)
    settle(call, row.id)
    check_key_overlap(store, key or "", row)
    check_subjects(store, subjects or [], row)
    document = {
        "key": key or "",
        "labels": {},
        **present(row.document, *KEPT_WHEN_OMITTED),
        **present(body, *REPLACED),
        "billing_address": merged_address(row, body),
        "subject_keys": sorted(set(subjects or [])),
    }
    terms = subject_terms(document["subject_keys"])
    return store.update(changed(row, call.now, key=key, document=document, terms=terms))


def merged_address(row: Row, body: Document) -> Document:
    """Cleared when it is left out; else each part that is left out stays."""
    address = body.get("billing_address")
    return {} if address is None else {**row.document["billing_address"], **address}


def delete(call: Call) -> Answer:
    """Delete a customer; a customer that doesn't exist is not an error (§3.6)."""
    row = call.store.get(CUSTOMER, call.path["customerId"])
    if row is not None and row.deleted_at is None:
        check_deletable(call.store, row, call.now)
        settle(call, row.id)
        call.store.update(changed(row, call.now, deleted_at=call.now, terms=()))
    return no_content()


def get(call: Call) -> Answer:
    return ok(view(call, find(call.store, call.path["customerId"])))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(store: Store, customer_id: str) -> Row:
    """The customer, deleted or not. Raises Problem (404)."""
    if row := store.get(CUSTOMER, customer_id):
        return row
    raise not_found(f"there is no customer with the id {customer_id}")


def find_for_write(call: Call) -> Row:
    """The customer of the path. Raises Problem: 404, or 410 once it is deleted."""
    row = find(call.store, call.path["customerId"])
    if row.deleted_at is not None:
        raise api_error(410, "The requested resource is no longer available")
    return row


def fill_currency(call: Call, row: Row, currency: str) -> None:
    """Sets the billing currency of a customer that has none yet (§3.5)."""
    if "currency" not in row.document:
        call.store.update(changed(row, call.now, document={**row.document, "currency": currency}))


ROUTES = (
    Route("POST", "/openmeter/customers", create),
    Route("GET", "/openmeter/customers", listed),
    Route("GET", "/openmeter/customers/{customerId}", get),
    Route("PUT", "/openmeter/customers/{customerId}", replace),
    Route("DELETE", "/openmeter/customers/{customerId}", delete),
)
