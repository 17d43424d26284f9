"""Stored subscriptions: look-ups that several resources need. It makes and changes none."""

from __future__ import annotations

from datetime import datetime

from billsync.local.accounts.item_versions import is_in_force
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import micros

SUBSCRIPTION = "subscription"
OF_CUSTOMER = f"{LIVE} AND parent = :customer"
RUNNING = f"{OF_CUSTOMER} AND begins_at <= :now AND (ends_at IS NULL OR ends_at > :now)"
NOT_ENDED = f"{OF_CUSTOMER} AND (ends_at IS NULL OR ends_at > :now)"


def running(store: Store, customer_id: str, now: datetime) -> list[Row]:
    """The customer's subscriptions that have begun and not ended."""
    return store.rows(SUBSCRIPTION, RUNNING, {"customer": customer_id, "now": micros(now)})


def not_ended(store: Store, customer_id: str, now: datetime) -> list[Row]:
    """The customer's subscriptions that run now or will, earliest first."""
    values = {"customer": customer_id, "now": micros(now)}
    return store.rows(SUBSCRIPTION, NOT_ENDED, values, order="begins_at, seq")


def holds_entitlement(row: Row, now: datetime) -> bool:
    """Whether an item that is in force now carries an entitlement."""
    return any("entitlement" in item["rate_card"] for item in items_now(row, now))


def items_now(row: Row, now: datetime) -> list[Document]:
    """The items that are in force at the moment; none before the start and after the end."""
    ended = row.ends_at is not None and row.ends_at <= now
    begun = [phase for phase in row.document["phases"] if phase["begins_at"] <= micros(now)]
    return [] if ended or not begun else [item for item in begun[-1]["items"] if is_in_force(item, now)]
