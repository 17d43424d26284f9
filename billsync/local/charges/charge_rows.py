"""The charges that a subscription's items make, period by period, as they are stored (customer-facts.md §11, §19).

Costs and payments are worked out in `settling`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from billsync.local.accounts.subscription_view import aligned_period, begin_of
from billsync.local.catalog.currencies import fiat_precision, is_fiat_form
from billsync.local.catalog.features import FEATURE
from billsync.local.server.resource import present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import from_micros, rfc3339
from billsync.model.duration import Duration, parse_duration
from billsync.model.moment import cut_to_seconds
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import EXACT, rounded
from billsync.rating.card import card_of
from billsync.rating.periods import Period
from billsync.rating.proration import charge_amount
from billsync.rating.timeline import Billed, Item, Phase, Subscription, timeline

CHARGE = "charge"
FLAT, USAGE = "flat_fee", "usage_based"
CREATED, ACTIVE, FINAL = "created", "active", "final"
WAITING = "active.realization.waiting_for_collection"
"""The status of a fee on an invoice that waits for usage (§11)."""
CREDIT_ONLY = "credit_only"
MICROS = Decimal(1).scaleb(-6, EXACT)
Card = Mapping[str, Any]


def due_charges(store: Store, subscription: Row, now: datetime) -> Iterator[Document]:
    """A document for each charge up to the end of the billing period around now, in the server's order (§19).

    A subscription that is priced in a custom currency makes none: the server's sync skips it.
    """
    cards = [item["rate_card"] for item in items_of(subscription)]
    if not all(is_fiat_form(card["currency"]) for card in cards if "currency" in card):
        return
    until = aligned_period(subscription, min(now, subscription.ends_at or now)).end
    terms: dict[str, Document] = {}
    for billed in timeline(timed(subscription), until=until):
        if billed.is_billable:
            phase, item = place_of(subscription, billed)
            if item["id"] not in terms:
                terms[item["id"]] = item_terms(store, subscription, phase, item)
            yield terms[item["id"]] | period_terms(subscription, billed, item["rate_card"])


def begun(document: Document) -> Document:
    """A new charge: a fee waits for its invoice, usage paid by credits for its period."""
    waits = {}
    if document["type"] == FLAT:
        waits = {"advance_after": document["invoice_at"]}
    elif document["settlement_mode"] == CREDIT_ONLY:
        waits = {"advance_after": document["service_period"]["from"]}
    return {**document, "status": CREATED, **waits, "runs": 0}


def is_invoiced(document: Document) -> bool:
    """Whether an invoice asks for a charge of a subscription: credits pay for as much as they can (§19.1)."""
    return bool(document["settlement_mode"] != CREDIT_ONLY and document["lifecycle_controller"] == "system")


def timed(subscription: Row) -> Subscription:
    """The subscription as rating sees it. Its phases are kept with their starts: the lengths are those in between."""
    document = subscription.document
    phases = document["phases"]
    lengths = [
        Duration(seconds=(following["begins_at"] - phase["begins_at"]) * MICROS)
        for phase, following in pairwise(phases)
    ]
    return Subscription(
        active_from=begin_of(subscription),
        active_to=subscription.ends_at,
        anchor=from_micros(document["billing_anchor"]),
        cadence=parse_duration(document["billing_cadence"]) or Duration(),
        phases=tuple(
            Phase(phase["key"], length, tuple(timed_item(item, phase) for item in phase["items"]))
            for phase, length in zip(phases, [*lengths, None], strict=True)
        ),
    )


def timed_item(item: Document, phase: Document) -> Item:
    """An item without a cadence, or with an empty one, is billed once."""
    card = item["rate_card"]
    cadence = parse_duration(card.get("billing_cadence", "P0D"))
    return Item(
        key=card["key"],
        card=card_of(card),
        cadence=None if cadence == Duration() else cadence,
        from_offset=offset(item, phase, "begins_at"),
        to_offset=offset(item, phase, "ends_at"),
    )


def offset(item: Document, phase: Document, bound: str) -> Duration | None:
    """Return the distances of the item's start and end from its phase's start, where they differ from the phase's."""
    return Duration(seconds=(item[bound] - phase["begins_at"]) * MICROS) if bound in item else None


def items_of(subscription: Row) -> Iterator[Document]:
    return (item for phase in subscription.document["phases"] for item in phase["items"])


def place_of(subscription: Row, billed: Billed) -> tuple[Document, Document]:
    """The stored phase and item of a period."""
    phase = next(phase for phase in subscription.document["phases"] if phase["key"] == billed.phase)
    versions = [item for item in phase["items"] if item["rate_card"]["key"] == billed.item.key]
    return phase, versions[billed.version]


def item_terms(store: Store, subscription: Row, phase: Document, item: Document) -> Document:
    """Return the fields that all charges of an item share, in their first stored form."""
    document, card = subscription.document, item["rate_card"]
    return {
        "name": card["name"],
        **present(card, "description", "discounts", "price"),
        "currency": card["currency"],
        "customer": {"id": document["customer_id"]},
        **feature_of(store, card),
        "settlement_mode": document["settlement_mode"],
        "lifecycle_controller": "system",
        "subscription": {"id": subscription.id, "phase": {"id": phase["id"], "item": {"id": item["id"]}}},
        "tax_config": tax_config(store, charged_tax(card)),
        "labels": {},
        "card": present(card, "name", "price", "payment_term", "discounts", "commitments", "unit_config"),
        "order": card["key"],
    }


def period_terms(subscription: Row, billed: Billed, card: Card) -> Document:
    """Return the fields of a charge that depend on its period."""
    periods = {
        "service_period": billed.service_period,
        "full_service_period": billed.full_service_period,
        "billing_period": billed.billing_period,
    }
    return {
        **(flat_terms(subscription.document, billed, card) if billed.item.is_flat else {"type": USAGE}),
        "invoice_at": rfc3339(billed.invoice_at),
        **{name: shown_period(period) for name, period in periods.items()},
        "closes": rfc3339(exact_end(subscription, billed.service_period.end)),
        "unique_reference_id": f"{subscription.id}/{billed.unique_id}",
    }


def exact_end(subscription: Row, end: datetime) -> datetime:
    """The moment that a period's end was cut from: the subscription's, a phase's, an item's, or a boundary's."""
    phases = (phase["begins_at"] for phase in subscription.document["phases"])
    items = (item["ends_at"] for item in items_of(subscription) if "ends_at" in item)
    moments = (subscription.ends_at, *map(from_micros, (*phases, *items)))
    known = [moment for moment in moments if moment and cut_to_seconds(moment) == end]
    anchor = from_micros(subscription.document["billing_anchor"])
    return min(known, default=end.replace(microsecond=anchor.microsecond))


def flat_terms(document: Document, billed: Billed, card: Card) -> Document:
    """Return the fields of a flat fee; its amount is prorated to its part of the full period (vectors README,
    proration)."""
    pro_rated = document["pro_rating_enabled"]
    fee = billed.fee(pro_rated=pro_rated)
    assert fee is not None
    decimals = fiat_precision(card["currency"])
    amount = charge_amount(fee, decimals=decimals)
    return {
        "type": FLAT,
        "price": {"type": "flat", "amount": decimal_text(rounded(fee.amount, decimals))},
        "payment_term": card["payment_term"],
        "proration_configuration": {"mode": "prorate_prices" if pro_rated else "no_proration"},
        "amount_after_proration": {"amount": decimal_text(amount), "currency": ""},
    }


def feature_of(store: Store, card: Card) -> Document:
    """The feature's id and key, where the card has one."""
    if "feature" not in card:
        return {}
    row = store.get(FEATURE, card["feature"]["id"])
    return {"feature_id": card["feature"]["id"], "feature_key": card["key"] if row is None else row.key}


def charged_tax(card: Card) -> Document:
    """The tax of a card, as a charge says it: another member names the code."""
    given = card.get("tax_config", {})
    return present(given, "behavior") | ({"tax_code": given["code"]} if given else {})


def tax_config(store: Store, given: Mapping[str, Any]) -> Document:
    """The tax code given, else the organisation's for invoices."""
    code = given.get("tax_code", {}).get("id")
    if code is None:
        defaults = store.first("default_tax_codes", LIVE, {})
        code = defaults.document["invoicing_tax_code"]["id"] if defaults else None
    named = {} if code is None else {"tax_code": {"id": code}, "tax_code_id": code}
    return {**present(given, "behavior"), **named}


def shown_period(period: Period) -> Document:
    return {"from": rfc3339(period.start), "to": rfc3339(period.end)}
