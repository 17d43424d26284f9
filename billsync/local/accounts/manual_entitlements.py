"""Manual entitlements: granted to a customer directly, in addition to its subscriptions' (customer-facts.md §5.3, §15).

Look-ups for several resources.
"""

from __future__ import annotations

from collections.abc import Iterable

from billsync.local.server.problems import Problem, problem
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store

ENTITLEMENT = "entitlement"
ACTIVE = f"{LIVE} AND ends_at IS NULL"


def given_to(store: Store, customer_id: str) -> list[Row]:
    """The customer's manual entitlements in force, oldest first; each row's key is its feature's key."""
    return store.rows(ENTITLEMENT, f"{ACTIVE} AND parent = :customer", {"customer": customer_id})


def check_not_given(store: Store, customer_id: str, phases: Iterable[Document]) -> None:
    """Raises Problem (409) if a phase has an entitlement for a feature for which the customer has a manual one."""
    by_hand = {row.key: row for row in given_to(store, customer_id)}
    for phase in phases:
        for item in phase["items"]:
            card = item["rate_card"]
            if "entitlement" in card and card["key"] in by_hand:
                raise taken(card["key"], by_hand[card["key"]].id)


def taken(key: str, entitlement_id: str) -> Problem:
    text = f"conflict error: entitlement with id {entitlement_id} already exists for feature {key}"
    return problem(409, text, {"conflictingEntityId": entitlement_id})
