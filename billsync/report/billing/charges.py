"""The charges of a subscription: every card of every period, with its lines, before credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass, replace
from billsync.model.moment import cut_to_seconds
from billsync.rating.arithmetic import ZERO
from billsync.rating.card import Card
from billsync.rating.lines import Line, Totals, sum_of_totals
from billsync.rating.periods import Period, period_at
from billsync.rating.prices import FlatPrice
from billsync.rating.proration import Fee, charge_amount
from billsync.rating.rate import Piece, Rated, Without, rate
from billsync.rating.timeline import Billed, Subscription, timeline
from billsync.rating.usage import Usage
from billsync.report.billing.subscribed import CREDIT_ONLY, Slot, Subscribed

Metered: TypeAlias = Mapping[tuple[str, Period], Decimal]
"""Metered usage by a feature's key and a period cut to seconds; a missing entry means no usage."""


TIMELINES, PIECES = 1_024, 8_192
"""Number of timelines and rated pieces to remember: subscriptions of one plan often come one after the other."""


class UnknownCurrency(ValueError):
    """A currency of which we don't know to how many decimals the server rounds."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The cost of a card for one period. `at` is when it is due; amounts are in `currency`.

    `reference` is the server's `unique_reference_id`. `is_owed`: what credits don't cover is a debt (`credit_only`).
    """

    reference: str
    key: str
    name: str
    feature: str | None
    currency: str
    place: str
    at: datetime
    invoice_at: datetime
    service_period: Period
    full_service_period: Period
    billing_period: Period
    is_flat: bool
    is_in_advance: bool
    is_owed: bool
    quantity: Decimal
    lines: tuple[Line, ...]

    @property
    def booked_at(self) -> datetime:
        """The time of the charge's bookings; with `credit_only` a fee is booked at the start or end of its service
        period.

        Source: customer-facts.md §9.1.
        """
        if not (self.is_owed and self.is_flat):
            return self.at
        return self.service_period.start if self.is_in_advance else self.service_period.end

    @property
    def totals(self) -> Totals:
        """The sum of its lines."""
        return sum_of_totals(line.totals for line in self.lines)


@dataclass(frozen=True, slots=True)
class Due:
    """One period of one card, to be rated."""

    billed: Billed
    slot: Slot
    is_owed: bool = False

    @property
    def at(self) -> datetime:
        """Return the due time: that of its invoice; with `credit_only` a fee in advance when its period starts, usage
        at its end.

        Source: customer-facts.md §9.1. The two differ for a card that is billed more often than its plan.
        """
        if not self.is_owed:
            return self.billed.invoice_at
        if self.billed.item.is_in_advance:
            return self.billed.service_period.start
        return self.billed.invoice_at if self.billed.item.is_flat else self.billed.service_period.end

    @property
    def needs(self) -> tuple[str, Period] | None:
        """The feature and the period whose usage the charge depends on; None for a flat fee."""
        if self.billed.item.is_flat or self.slot.feature is None:
            return None
        return self.slot.feature, self.billed.service_period


def due(subscription: Subscribed, *, until: datetime) -> tuple[Due, ...]:
    """Every period of every card that is due by `until`, sorted by due time, then in the order in which credits are
    used.

    A fee in advance is not refunded when the subscription ends before its period does: it was invoiced before
    (customer-facts.md §19.1). With `credit_only` there is no invoice, and an overcharge is returned (seen on a
    recording, customer/change_money). A one-time fee in arrears without an end is never due.
    """
    found = _dues(subscription, until)
    end = subscription.timeline.active_to
    if end is None:
        return tuple(sorted(found, key=_order))
    charged = found if subscription.mode == CREDIT_ONLY else _dues(subscription.ending(None), until)
    advance = [one for one in charged if one.billed.item.is_in_advance and one.at < end]
    ended = [one for one in found if not one.billed.item.is_in_advance]
    return tuple(sorted((*ended, *advance), key=_order))


def _dues(subscription: Subscribed, until: datetime) -> list[Due]:
    is_owed = subscription.mode == CREDIT_ONLY
    periods = _timeline(subscription.timeline, _invoiced_by(subscription, until))
    found = (Due(one, subscription.slot(one.phase, one.item), is_owed) for one in periods if one.is_billable)
    return [one for one in found if one.at <= cut_to_seconds(until)]


@lru_cache(maxsize=TIMELINES)
def _timeline(subscription: Subscription, until: datetime) -> tuple[Billed, ...]:
    """Subscriptions that begin alike, with equal cards, have one timeline: it is worked out once."""
    return timeline(subscription, until=until)


def _invoiced_by(subscription: Subscribed, moment: datetime) -> datetime:
    """The end of the billing period around a moment, by which amounts due at that moment are invoiced."""
    timed = subscription.timeline
    return period_at(timed.anchor, timed.cadence, moment).end


def _order(one: Due) -> tuple[datetime, str, int]:
    return one.at, one.slot.place, one.billed.index


def needed(dues: Iterable[Due]) -> frozenset[tuple[str, Period]]:
    """The usage that has to be known to rate them."""
    return frozenset(need for one in dues if (need := one.needs))


def charge(
    one: Due, metered: Metered, subscription: Subscribed, *, without: frozenset[Without] = frozenset()
) -> Charge:
    """The charge of one period of one card, rated as a whole. Raises RatingError, UnknownCurrency.

    Source: vectors README, Rule: order, proration.jsonl, Rule: Charge.
    """
    billed, slot = one.billed, one.slot
    quantity = quantity_of(one, metered)
    rated = _rated(one, quantity, pro_rated=subscription.pro_rated, without=without)
    return Charge(
        reference=f"{subscription.id}/{billed.unique_id}",
        key=billed.item.key,
        name=billed.item.card.name,
        feature=slot.feature,
        currency=slot.currency,
        place=slot.place,
        at=one.at,
        invoice_at=billed.invoice_at,
        service_period=billed.service_period,
        full_service_period=billed.full_service_period,
        billing_period=billed.billing_period,
        is_flat=billed.item.is_flat,
        is_in_advance=billed.item.is_in_advance,
        is_owed=one.is_owed,
        quantity=quantity,
        lines=rated.lines,
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """All that the amount of a due depends on, but for the quantity: dues with equal ones cost the same."""

    card: Card
    fee: Fee | None
    full_period: Period
    currency: str
    needs: tuple[str, Period] | None

    def amount(self, quantity: Decimal) -> Decimal:
        """The total of the charge. Raises RatingError, UnknownCurrency.

        It isn't remembered: of many subscriptions, few have used the same quantity.
        """
        piece = Piece(self.full_period, Usage(quantity))
        rated = _rate(self.card, self.fee, piece, _decimals(self.currency), frozenset())
        return sum_of_totals(line.totals for line in rated.lines).total


def terms(one: Due, *, pro_rated: bool) -> Terms:
    """The terms of one period of one card of a subscription whose fees are pro-rated or not."""
    billed = one.billed
    return Terms(
        billed.item.card, billed.fee(pro_rated=pro_rated), billed.full_service_period, one.slot.currency, one.needs
    )


def amount(one: Due, metered: Metered, subscription: Subscribed) -> Decimal:
    """The total of the charge of one period of one card. Raises RatingError, UnknownCurrency."""
    return terms(one, pro_rated=subscription.pro_rated).amount(quantity_of(one, metered))


def quantity_of(one: Due, metered: Metered) -> Decimal:
    """The usage of a charge; 0 for a flat fee."""
    return metered.get(one.needs, ZERO) if one.needs else ZERO


def _rated(one: Due, quantity: Decimal, *, pro_rated: bool, without: frozenset[Without]) -> Rated:
    piece = Piece(one.billed.full_service_period, Usage(quantity))
    fee, places = one.billed.fee(pro_rated=pro_rated), _decimals(one.slot.currency)
    return _known_rate(one.billed.item.card, fee, piece, places, without)


def _decimals(currency: str) -> int:
    places = decimals(currency)
    if places is None:
        raise UnknownCurrency(currency)
    return places


@lru_cache(maxsize=PIECES)
def _known_rate(card: Card, fee: Fee | None, piece: Piece, places: int, without: frozenset[Without]) -> Rated:
    """Rate a due period, cached: equal cards with equal quantities give equal results."""
    return _rate(card, fee, piece, places, without)


def _rate(card: Card, fee: Fee | None, piece: Piece, places: int, without: frozenset[Without]) -> Rated:
    if fee is not None:
        card = replace(card, price=FlatPrice(charge_amount(fee, decimals=places)))
    return rate(card, piece, decimals=places, without=without)
