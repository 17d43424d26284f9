"""Rules for names and subjects of customers (customer-facts.md §3.2, §3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billsync.local.accounts.subscription_rows import running
from billsync.local.catalog.currencies import check_fiat
from billsync.local.server.problems import Problem, conflict, invalid
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store

CUSTOMER = "customer"
SUBJECT = "subject"


def sent_subjects(body: Document) -> list[str] | None:
    """The subject keys of a request as they were sent; None when they were left out."""
    attribution = body.get("usage_attribution")
    return None if attribution is None else list(attribution["subject_keys"])


def subject_terms(subjects: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((SUBJECT, subject) for subject in subjects)


def check_currency(body: Document) -> None:
    if "currency" in body:
        check_fiat(body["currency"])


def check_new_key(store: Store, key: str) -> None:
    """Raises Problem (409) when the key names a customer, or is an id or a subject of one (§3.2)."""
    if store.live_with_key(CUSTOMER, key):
        raise conflict(f'key "{key}" is already used by another customer')
    if store.get(CUSTOMER, key):
        raise conflict(f"key {key} overlaps with the id of another customer")
    check_key_overlap(store, key)


def check_named(key: str | None, subjects: Sequence[str]) -> None:
    """Raises Problem (400) for a customer without a key or a subject for events to match (§3.2)."""
    if key is None and not subjects:
        raise invalid("either key or usageAttribution.subjectKeys must be provided")


def check_key_overlap(store: Store, key: str, own: Row | None = None) -> None:
    """Raises Problem (409) when the key is a subject of another customer."""
    for other in store.with_term(CUSTOMER, SUBJECT, key):
        if own is None or other.id != own.id:
            raise conflict(f"key {key} overlaps with a subject of another customer: {other.id}")


def check_subjects(store: Store, subjects: Sequence[str], own: Row | None = None) -> None:
    """Raises Problem (409) when a subject belongs to another customer."""
    for subject in subjects:
        if any(own is None or other.id != own.id for other in store.with_term(CUSTOMER, SUBJECT, subject)):
            raise subjects_taken(subjects)


def subjects_taken(subjects: Sequence[str]) -> Problem:
    return conflict(f"one or more subject keys of {', '.join(subjects)} belong to a different customer")


def check_locked_subjects(store: Store, row: Row, subjects: Sequence[str], now: datetime) -> None:
    """Raises Problem (400) for other subjects, or another order of them, while a subscription runs (§3.3)."""
    if list(subjects) != row.document["subject_keys"] and running(store, row.id, now):
        raise invalid("cannot change subject keys for customer with active subscriptions")
