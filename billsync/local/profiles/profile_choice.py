"""The profile that bills a customer: the one it is pinned to, else the default one (customer-facts.md §4)."""

from __future__ import annotations

from billsync.local.profiles.profiles import DEFAULT, PROFILE
from billsync.local.server.problems import coded
from billsync.local.store.store import LIVE, Row, Store

PIN = "customer_billing"


def pinned(store: Store, customer_id: str) -> Row | None:
    return store.first(PIN, f"{LIVE} AND parent = :customer", {"customer": customer_id})


def effective_profile(store: Store, customer_id: str) -> str:
    """The id of the profile that bills the customer. Raises Problem (404) without a profile."""
    row = pinned(store, customer_id)
    return default_profile(store) if row is None else str(row.document["profile"])


def default_profile(store: Store) -> str:
    """The id of the profile for customers without a pin. Raises Problem (404) without a default profile."""
    row = store.first(PROFILE, DEFAULT, {})
    if row is None:
        raise coded(404, "default_profile_not_found", "default profile not found", "")
    return row.id
