"""Fees in advance around a change: what was billed for the running period, and what is billed by a new beginning.

Amounts are charges, rated as the server rates them, before credits and taxes (customer-facts.md §5.8, §19.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from billsync.model.frozen import dataclass, replace
from billsync.model.moment import cut_to_seconds
from billsync.rating.arithmetic import ZERO, minus
from billsync.rating.errors import RatingError
from billsync.rating.periods import Period
from billsync.report.billing.charges import Due, UnknownCurrency, charge, due
from billsync.report.billing.subscribed import Subscribed
from billsync.report.moves.amounts import Amounts, Parts, by_currency, summed


@dataclass(frozen=True, slots=True)
class Advance:
    """Fees billed in advance that hold at a moment, until when, and the part of them for the time after it."""

    amounts: Amounts
    unused: Amounts
    until: datetime


class Unrated(ValueError):
    """Fees that can't be worked out; the message says why."""


def billed_ahead(subscription: Subscribed, at: datetime) -> Advance | None:
    """The fees in advance that were billed for a time that isn't over at a moment; None without any. Raises Unrated.

    One-time fees are not for a time.
    """
    return _advance(subscription, at, due(subscription, until=at))


def billed_beyond(subscription: Subscribed, at: datetime) -> Advance | None:
    """The fees in advance that will have been billed for a time after the end of a subscription at a moment; None
    without any. Raises Unrated.

    Only fees by a longer cadence than the plan's are, if it ends with a period of the plan.
    """
    end = cut_to_seconds(at)  # as invoices are dated; what begins in that second is the next link's
    return _advance(subscription, end, (one for one in due(subscription, until=end) if one.billed.invoice_at < end))


def _advance(subscription: Subscribed, at: datetime, dues: Iterable[Due]) -> Advance | None:
    dues = [
        one
        for one in dues
        if one.billed.item.is_in_advance and one.billed.item.cadence and one.billed.service_period.end > at
    ]
    amounts = _amounts(dues, subscription)
    if not amounts:
        return None
    unused = summed((one.slot.currency, _unused(one, subscription, at)) for one in dues)
    return Advance(amounts, unused, max(one.billed.service_period.end for one in dues))


def billed_at_start(subscription: Subscribed) -> Amounts:
    """The fees in advance that are billed when a subscription begins, one-time fees included. Raises Unrated."""
    return by_currency(parts_at_start(subscription))


def parts_at_start(subscription: Subscribed) -> Parts:
    """The same by feature, too. Raises Unrated."""
    dues = due(subscription, until=subscription.timeline.active_from)
    return _parts([one for one in dues if one.billed.item.is_in_advance], subscription)


def parts_ahead(subscription: Subscribed, now: datetime) -> Parts:
    """The part of them that is for periods that begin after a moment: by invoice, a card with a shorter period than its
    plan's is billed for all of its periods when the plan's begins. Raises Unrated."""
    dues = due(subscription, until=subscription.timeline.active_from)
    ahead = [one for one in dues if one.billed.item.is_in_advance and one.billed.service_period.start > now]
    return _parts(ahead, subscription)


def parts_between(subscription: Subscribed, since: datetime, until: datetime) -> Parts:
    """The fees in advance that are billed after one moment and before another. Raises Unrated."""
    dues = due(subscription, until=until)
    return _parts([one for one in dues if one.billed.item.is_in_advance and since < one.at < until], subscription)


def billed_within(subscription: Subscribed, since: datetime, until: datetime) -> Amounts:
    """Everything that is billed after one moment and until another, without usage. Raises Unrated."""
    return _amounts([one for one in due(subscription, until=until) if since < one.at <= until], subscription)


def billed_until(subscription: Subscribed, until: datetime) -> Amounts:
    """Everything that is billed by a moment, without usage. Raises Unrated."""
    return _amounts(due(subscription, until=until), subscription)


def _amounts(dues: Iterable[Due], subscription: Subscribed) -> Amounts:
    return summed((one.slot.currency, _total(one, subscription)) for one in dues)


def _parts(dues: Iterable[Due], subscription: Subscribed) -> Parts:
    return summed(((one.slot.currency, one.slot.feature or ""), _total(one, subscription)) for one in dues)


def _unused(one: Due, subscription: Subscribed, at: datetime) -> Decimal:
    """The part of a fee that isn't for the time before a moment.

    Of a fee that began in the same second as the change, nothing comes back (customer-facts.md §5.8).
    """
    start, end = one.billed.service_period.start, one.billed.service_period.end
    used = replace(one, billed=replace(one.billed, service_period=Period(start, max(start, min(at, end)))))
    if start > at:
        return _total(one, subscription)
    if cut_to_seconds(start) == cut_to_seconds(at):
        return ZERO
    return minus(_total(one, subscription), _total(used, subscription))


def _total(one: Due, subscription: Subscribed) -> Decimal:
    try:
        return charge(one, {}, subscription).totals.total
    except RatingError as error:
        raise Unrated(f"the server would not rate {one.billed.item.key} ({error.code})") from None
    except UnknownCurrency as error:
        raise Unrated(f"the decimals of the currency {error} are not known") from None
