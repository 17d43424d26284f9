"""What the running period will cost from usage so far, what credits pay, and when they run out. An estimate.

Left out: taxes, payment fees, credits still to be bought, and usage that has not been metered yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.moment import cut_to_seconds
from billsync.rating.arithmetic import ZERO, divided, exactly
from billsync.rating.lines import Totals, sum_of_totals
from billsync.rating.periods import Period
from billsync.rating.rate import Without
from billsync.report.charges import Charge, Due, Metered, charge, due, needed
from billsync.report.credits import Expense, held, spend
from billsync.report.settling import Settled, Settlement, settle
from billsync.report.subscribed import Subscribed
from billsync.report.wallet import Wallet

PERIODS_AHEAD = 12
SECOND = timedelta(seconds=1)
OPEN = frozenset({Without.MINIMUM})
"""A minimum is due at a period's end only (customer-facts.md §19.1)."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """One currency: what is due at the period's end, and the credits around it.

    `credits` is what grants hold now, `left` what they hold once what is due has been paid. `short_at` is when they
    first don't cover everything at the present pace, though later ones may; None if they last until `known_until`.
    `debt` is what `credit_only` usage took beyond all credits until now, `debt_left` what that will be once what is
    due has been booked.
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
class Forecast:
    """The running billing period: `charged` is booked already, `due` will be at its end.

    What is due then includes fees in advance for the next period.
    """

    at: datetime
    plan_key: str
    mode: str
    period: Period
    charged: tuple[Charge, ...]
    due: tuple[Settled, ...]
    outlooks: tuple[Outlook, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a forecast is made from. `steady` are features whose usage doesn't grow with time (unique counts, say).

    `earlier` is what the subscription had in the running period and has no more.
    """

    subscription: Subscribed
    now: datetime
    metered: Metered
    wallet: Wallet
    steady: frozenset[str] = frozenset()
    earlier: tuple[Due, ...] = ()


def running(subscription: Subscribed, now: datetime) -> tuple[Due, ...]:
    """What belongs to the running period, and what is due at its end. Needs a subscription that runs at `now`."""
    period = subscription.period_at(now).cut_to_seconds()
    return tuple(
        one
        for one in due(subscription, until=period.end)
        if one.at > now or period.start <= one.billed.billing_period.start < period.end
    )


def usage_needed(subscription: Subscribed, now: datetime, earlier: Iterable[Due] = ()) -> frozenset[tuple[str, Period]]:
    """The features and periods whose usage so far a forecast needs."""
    return needed((*running(subscription, now), *earlier))


def forecast(basis: Basis) -> Forecast:
    """The running period from usage so far. Amounts are in each charge's currency. Raises RatingError.

    Sources: customer-facts.md §19.1 (what is booked when), §9.2 (order of credits), vectors README (amounts).
    """
    subscription, now = basis.subscription, basis.now
    charges = [charge(one, basis.metered, subscription) for one in _dues(basis)]
    charged = tuple(one for one in charges if one.at <= now)
    coming = [one for one in charges if one.at > now]
    settlement = settle(coming, basis.wallet.funded(), history=basis.wallet.history())
    return Forecast(
        at=now,
        plan_key=subscription.plan_key,
        mode=subscription.mode,
        period=subscription.period_at(now).cut_to_seconds(),
        charged=charged,
        due=settlement.settled,
        outlooks=tuple(_outlook(basis, code, settlement) for code in _currencies(basis, charges)),
    )


def _dues(basis: Basis) -> list[Due]:
    """What belongs to the running period, in the order of credits; versions go on from those that were earlier."""
    later: dict[tuple[str, str], int] = {}
    for one in basis.earlier:
        later[_place(one)] = max(later.get(_place(one), 0), one.billed.version + 1)
    present = [
        replace(one, billed=replace(one.billed, version=one.billed.version + later.get(_place(one), 0)))
        for one in running(basis.subscription, basis.now)
    ]
    return sorted((*basis.earlier, *present), key=lambda one: (one.at, one.slot.place))


def _place(one: Due) -> tuple[str, str]:
    return one.billed.phase, one.billed.item.key


def _currencies(basis: Basis, charges: Iterable[Charge]) -> list[str]:
    return sorted({one.currency for one in charges} | basis.wallet.funded().keys())


def _outlook(basis: Basis, currency: str, settlement: Settlement) -> Outlook:
    totals = sum_of_totals(one.charge.totals for one in settlement.settled if one.charge.currency == currency)
    funded = basis.wallet.funded().get(currency, ())
    history = basis.wallet.history().get(currency, ())
    spent = spend([one for one in funded if one.at <= basis.now], history)
    now = held(funded, spent, basis.now)
    end = basis.subscription.period_at(basis.now).end
    coming = [_expense(one) for one in settlement.settled if one.charge.currency == currency]
    after = spend([one for one in funded if one.at <= end], [*history, *coming])
    return Outlook(
        currency=currency,
        totals=totals,
        credits=now,
        left=held(funded, settlement.spent.get(currency, after), end),
        debt=spent.debt_at(basis.now),
        debt_left=after.debt_at(end),
        short_at=_short_at(basis, currency) if now > 0 else None,
        known_until=_ends(basis)[-1],
    )


@exactly
def _expense(one: Settled) -> Expense:
    charge = one.charge
    return Expense(charge.at, sum((drawn.amount for drawn in one.drawn), one.uncovered), charge.feature, charge.is_owed)


def _expenses(basis: Basis, currency: str, moment: datetime) -> list[Expense]:
    """All that will have been booked from now until a moment, at the present pace; what is open then counts too."""
    subscription = basis.subscription
    following = cut_to_seconds(subscription.period_at(moment).end)
    found = []
    for one in (*due(subscription, until=max(following, moment)), *basis.earlier):
        billed = one.billed
        is_open = one.needs is not None and billed.service_period.start < moment
        is_counted = one.at > basis.now and (one.at <= moment or is_open)
        if is_counted and one.slot.currency == currency:
            at = min(one.at, moment)
            without = frozenset() if one.at <= moment else OPEN
            rated = charge(one, _at_pace(basis, one, at), subscription, without=without)
            found.append(Expense(at, rated.totals.total, rated.feature, is_owed=True))
    return sorted(found, key=lambda expense: expense.at)


@exactly
def _at_pace(basis: Basis, one: Due, moment: datetime) -> Metered:
    """What will have been metered by a moment if usage goes on as it did in the running period so far."""
    if one.needs is None:
        return {}
    feature, period = one.needs
    if period.end <= basis.now and one.needs in basis.metered:
        return basis.metered
    seen = next((pair for pair in basis.metered if pair[0] == feature and pair[1].holds(basis.now)), None)
    if seen is None:
        return {one.needs: basis.metered.get(one.needs, ZERO)}
    quantity = basis.metered[seen]
    if feature in basis.steady:
        return {one.needs: quantity}
    elapsed = max(Decimal((basis.now - seen[1].start) // SECOND), Decimal(1))
    seconds = Decimal((min(moment, period.end) - period.start) // SECOND)
    return {one.needs: divided(quantity * seconds, elapsed)}


def _short_at(basis: Basis, currency: str) -> datetime | None:
    """The first second at which credits don't cover everything, at the present pace."""
    start = basis.now
    if _is_short(basis, currency, start):
        return start
    for moment in _turns(basis, currency):
        if _is_short(basis, currency, moment):
            return _first_short(basis, currency, start, moment)
        start = moment
    return None


def _turns(basis: Basis, currency: str) -> list[datetime]:
    """Moments between which what is needed only grows and credits stay as they are.

    The second after each period, the last one before more credits count, and where some expire.
    """
    ends = [end + SECOND for end in _ends(basis)]
    grants = basis.wallet.funded().get(currency, ())
    starts = [one.grant.effective_at - SECOND for one in grants]
    expiries = [one.grant.expires_at for one in grants if one.grant.expires_at]
    return sorted({moment for moment in (*ends, *starts, *expiries) if basis.now < moment <= ends[-1]})


def _ends(basis: Basis) -> list[datetime]:
    """The ends of the running period and of those after it."""
    moment, ends = basis.now, []
    for _ in range(PERIODS_AHEAD):
        period = basis.subscription.period_at(moment)
        if period.end <= moment:
            break
        moment = period.end
        ends.append(cut_to_seconds(moment))
    return ends or [basis.now]


def _first_short(basis: Basis, currency: str, fine: datetime, short: datetime) -> datetime:
    """Between a moment at which credits suffice and one at which they don't: halved until a second is left."""
    while short - fine > SECOND:
        middle = fine + (short - fine) // 2
        if _is_short(basis, currency, middle):
            short = middle
        else:
            fine = middle
    return cut_to_seconds(short)


def _is_short(basis: Basis, currency: str, moment: datetime) -> bool:
    funded = basis.wallet.funded().get(currency, ())
    history = basis.wallet.history().get(currency, ())
    steps = spend(funded, [*history, *_expenses(basis, currency, moment)]).steps[len(history) :]
    return any(step.shortfall > 0 for step in steps)
