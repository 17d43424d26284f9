"""Conditions for deleting a customer (customer-facts.md §3.6): no running subscription, entitlement or open invoice."""

from __future__ import annotations

from datetime import datetime

from billsync.local.accounts.manual_entitlements import given_to
from billsync.local.accounts.subscription_rows import SUBSCRIPTION, holds_entitlement, running
from billsync.local.accounts.subscription_view import begin_of
from billsync.local.catalog.currencies import is_fiat_form
from billsync.local.charges.books import GRANT, awaits_invoice
from billsync.local.charges.charge_rows import CREDIT_ONLY, items_of, timed
from billsync.local.charges.invoices import FINALIZATION
from billsync.local.server.problems import conflict, invalid
from billsync.local.store.store import LIVE, Row, Store
from billsync.rating.timeline import timeline

OF_CUSTOMER = f"{LIVE} AND parent = :customer"


def check_deletable(store: Store, customer: Row, now: datetime) -> None:
    """Raises Problem: 409 if the customer has an entitlement (also a manual one), else 400 for any other obstacle."""
    held = running(store, customer.id, now)
    if given_to(store, customer.id) or any(holds_entitlement(subscription, now) for subscription in held):
        raise conflict(f"customer {customer.id} has active entitlements; remove them before deleting the customer")
    if held:
        raise invalid(f"customer {customer.id} has active subscriptions; cancel them before deleting the customer")
    mine = {"customer": customer.id}
    if any(awaits_invoice(grant, now) for grant in store.rows(GRANT, OF_CUSTOMER, mine)):
        raise invalid("an invoice of credits is still in gathering state")
    for subscription in store.rows(SUBSCRIPTION, OF_CUSTOMER, mine):
        if is_gathered(subscription, now):
            raise invalid(f"an invoice of subscription {subscription.id} is still in gathering state")
        if is_collected(subscription, now):
            raise invalid(f"an invoice of subscription {subscription.id} is not in final state")


def is_gathered(subscription: Row, now: datetime) -> bool:
    """Whether fees wait for a start to come: those in advance, due with it."""
    begins_at = begin_of(subscription)
    due = timeline(timed(subscription), until=begins_at) if is_invoiced(subscription) and begins_at > now else ()
    return any(billed.is_billable for billed in due)


def is_collected(subscription: Row, now: datetime) -> bool:
    """Whether the last invoice of one that has ended waits for late usage still (§19.1)."""
    ended = subscription.ends_at
    if ended is None or not ended <= now < ended + FINALIZATION or not is_invoiced(subscription):
        return False
    return any(
        not billed.item.is_flat
        and not billed.service_period.is_empty
        and now < billed.service_period.end + FINALIZATION
        for billed in timeline(timed(subscription), until=ended)
    )


def is_invoiced(subscription: Row) -> bool:
    """Not where credits pay for everything, nor in a custom currency, which the server's sync skips."""
    currencies = (
        item["rate_card"].get("currency", subscription.document["invoice_currency"]) for item in items_of(subscription)
    )
    return subscription.document["settlement_mode"] != CREDIT_ONLY and all(map(is_fiat_form, currencies))
