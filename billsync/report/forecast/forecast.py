"""Forecasts: the cost of the running period from usage so far, the part that credits pay, and when they run out.

Left out: taxes, payment fees, credits still to be bought, and usage that has not been metered yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from billsync.model.frozen import dataclass, replace
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.errors import RatingError
from billsync.rating.lines import Totals, sum_of_totals
from billsync.rating.periods import Period
from billsync.report.billing.charges import Charge, Due, Metered, UnknownCurrency, charge, due, needed
from billsync.report.billing.subscribed import Subscribed
from billsync.report.credits.credits import Expense, held
from billsync.report.credits.settling import Settled, Settlement, settle
from billsync.report.credits.wallet import Past, Wallet
from billsync.report.forecast.restored import began
from billsync.report.forecast.running_out import Pace, ends, seen_at, short_at


@dataclass(frozen=True, slots=True)
class Outlook:
    """One currency: the amount due at the period's end, and the credits.

    `credits` is the grants' balance now, `left` their balance after paying the amount due. `short_at` is the first
    moment at which they don't cover everything at the present pace, even if later grants do; None if they last until
    `known_until`. `debt` is the amount by which `credit_only` usage has exceeded all credits until now, `debt_left` the
    debt after the amount due has been booked.
    """

    currency: str
    totals: Totals
    credits: Decimal
    left: Decimal
    debt: Decimal
    debt_left: Decimal
    short_at: datetime | None
    known_until: datetime


@dataclass(frozen=True, slots=True)
class NotEstimated:
    """A charge that is in no sum, and why."""

    key: str
    feature: str | None
    quantity: Decimal
    reason: str

    @property
    def text(self) -> str:
        """The charge, its usage and the reason, for a sentence."""
        used = f" of {self.feature}, whose usage is {decimal_text(self.quantity)}" if self.feature else ""
        return f"{self.key}{used}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The running billing period: `charged` is booked already, `due` will be at its end.

    What is due then includes fees in advance for the next period, and fees that are `late`: due already, and not booked
    yet. `not_estimated` is in no sum.
    """

    at: datetime
    plan_key: str
    mode: str
    period: Period
    charged: tuple[Charge, ...]
    due: tuple[Settled, ...]
    outlooks: tuple[Outlook, ...]
    not_estimated: tuple[NotEstimated, ...] = ()
    late: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """The inputs of a forecast. `steady` are features whose usage doesn't grow with time (unique counts, say).

    `besides` are the parts of the running period that its row doesn't show: earlier and scheduled states. `booked` are
    the periods of cards, by phase, key and start, that the server has charged; None if it doesn't say.
    """

    subscription: Subscribed
    now: datetime
    metered: Metered
    wallet: Wallet
    steady: frozenset[str] = frozenset()
    besides: tuple[Due, ...] = ()
    booked: frozenset[tuple[tuple[str, str], datetime]] | None = None


def running(subscription: Subscribed, now: datetime) -> tuple[Due, ...]:
    """Return the charges of the running period, and those due at its end. Needs a subscription that runs at `now`."""
    period = subscription.period_at(now).cut_to_seconds()
    return tuple(
        one
        for one in due(subscription, until=period.end)
        if one.at > now or period.start <= one.billed.billing_period.start < period.end
    )


def usage_needed(subscription: Subscribed, now: datetime, besides: Iterable[Due] = ()) -> frozenset[tuple[str, Period]]:
    """The features and periods whose usage so far a forecast needs."""
    return needed((*running(subscription, now), *besides))


def known_only_until(found: Forecast, moment: datetime | None) -> Forecast:
    """The forecast, with its statements on credits limited to those certain until a moment; unchanged if that is
    None."""
    return replace(found, outlooks=tuple(_until(one, moment) for one in found.outlooks)) if moment else found


def _until(outlook: Outlook, moment: datetime) -> Outlook:
    short_at = outlook.short_at if outlook.short_at and outlook.short_at <= moment else None
    return replace(outlook, short_at=short_at, known_until=min(outlook.known_until, moment))


def forecast(basis: Basis) -> Forecast:
    """The running period from usage so far. Amounts are in each charge's currency.

    A charge that the server wouldn't rate is named, and left out of the sums.

    Sources: customer-facts.md §19.1 (booking times), §9.2 (order of credits), vectors README (amounts).
    """
    subscription, now = basis.subscription, basis.now
    estimates = [(one, _estimate(one, basis)) for one in _dues(basis)]
    left_out = tuple(one for _, one in estimates if isinstance(one, NotEstimated))
    priced = [(one, found) for one, found in estimates if isinstance(found, Charge)]
    late = tuple(found for one, found in priced if _is_late(one, found, basis))
    charges = [found for _, found in priced]
    charged = tuple(one for one in charges if one.at <= now and one not in late)
    coming = [one for one in charges if one.at > now or one in late]
    pasts = basis.wallet.pasts(one.currency for one in charges)
    settlement = settle(coming, {code: past.purse() for code, past in pasts.items()})
    return Forecast(
        at=now,
        plan_key=subscription.plan_key,
        mode=subscription.mode,
        period=subscription.period_at(now).cut_to_seconds(),
        charged=charged,
        due=settlement.settled,
        outlooks=tuple(
            _outlook(basis, code, past, settlement, is_steady=not left_out and not _falls(charges))
            for code, past in pasts.items()
        ),
        not_estimated=left_out,
        late=late,
    )


def _is_late(one: Due, found: Charge, basis: Basis) -> bool:
    """Whether a fee is due, and the server's worker hasn't booked it yet: it is counted as due then, and once."""
    if basis.booked is None or not found.is_flat or found.at > basis.now or not found.totals.amount:
        return False
    return (_place(one), found.service_period.start) not in basis.booked


def _estimate(one: Due, basis: Basis) -> Charge | NotEstimated:
    try:
        found = charge(one, basis.metered, basis.subscription)
        if found.totals.total >= ZERO:
            return found
        reason = "a negative usage makes it negative, and it isn't known what the server does with that"
    except RatingError as error:
        reason = f"the server would not rate it ({error.code})"
    except UnknownCurrency as error:
        reason = f"the decimals of the currency {error} are not known"
    quantity = basis.metered.get(one.needs, ZERO) if one.needs else ZERO
    return NotEstimated(one.billed.item.key, one.slot.feature, quantity, reason)


def _falls(charges: Iterable[Charge]) -> bool:
    """Whether corrections make some usage negative, so that the required amount may also shrink over time."""
    return any(one.quantity < ZERO for one in charges)


def _dues(basis: Basis) -> list[Due]:
    """Return the charges of the running period, in the order of credits; versions continue those in `besides`."""
    later: dict[tuple[str, str], int] = {}
    for one in basis.besides:
        later[_place(one)] = max(later.get(_place(one), 0), one.billed.version + 1)
    present = [
        replace(one, billed=replace(one.billed, version=one.billed.version + later.get(_place(one), 0)))
        for one in running(basis.subscription, basis.now)
    ]
    return sorted((*basis.besides, *present), key=_order)


def _order(one: Due) -> tuple[datetime, str, datetime]:
    return one.at, one.slot.place, one.billed.service_period.start


def _place(one: Due) -> tuple[str, str]:
    return one.billed.phase, one.billed.item.key


def _outlook(basis: Basis, currency: str, past: Past, settlement: Settlement, *, is_steady: bool) -> Outlook:
    """`is_steady`: everything is estimated and only grows, so that the end of credits can be estimated."""
    mine = [one for one in settlement.settled if one.charge.currency == currency]
    spent = past.purse(booked_by=basis.now).spent()
    now = held(past.funded, spent, basis.now)
    end = basis.subscription.period_at(basis.now).end
    after = past.purse(booked_by=end)
    for one in mine:
        after.pay(_expense(one))
    return Outlook(
        currency=currency,
        totals=sum_of_totals(one.charge.totals for one in mine),
        credits=now,
        left=held(past.funded, settlement.spent[currency], end),
        debt=spent.debt_at(basis.now),
        debt_left=after.spent().debt_at(end),
        short_at=short_at(_pace(basis), currency, past.purse(), past.funded) if now > 0 and is_steady else None,
        known_until=ends(basis.subscription, basis.now)[-1] if is_steady else basis.now,
    )


def _pace(basis: Basis) -> Pace:
    seen = seen_at(basis.now, basis.metered)
    dues = running(basis.subscription, basis.now)
    since = began(basis.subscription, basis.wallet.grants, dues, basis.now)
    return Pace(basis.subscription, basis.now, basis.metered, seen, basis.steady, basis.besides, since)


@exactly
def _expense(one: Settled) -> Expense:
    charge = one.charge
    return Expense(charge.at, sum((drawn.amount for drawn in one.drawn), one.uncovered), charge.feature, charge.is_owed)
