"""Attribution of usage: subjects and customers, as they belong together now (customer-facts.md §14)."""

from __future__ import annotations

from billsync.local.accounts.customer_rules import CUSTOMER, SUBJECT
from billsync.local.store.store import Row, Store


def named(store: Store, key: str) -> Row | None:
    """The customer with this key, else the one with this subject."""
    found = store.live_with_key(CUSTOMER, key)
    return found or next(iter(store.with_term(CUSTOMER, SUBJECT, key)), None)


def subjects_of(store: Store, customer_id: str) -> list[str]:
    """The key and the subject keys of a live customer, but for those that are another's key."""
    row = store.get(CUSTOMER, customer_id)
    if row is None or row.deleted_at is not None:
        return []
    names = [row.key or "", *row.document["subject_keys"]]
    return [name for name in names if (owner := named(store, name)) and owner.id == row.id]
