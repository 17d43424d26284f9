"""When credits run out as the rules read: everything is rated and paid again for each moment. An oracle for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.moment import cut_to_seconds
from billsync.rating.arithmetic import ZERO, divided, exactly
from billsync.rating.rate import Without
from billsync.report.billing.charges import Due, Metered, charge, due
from billsync.report.credits.credits import Expense
from billsync.report.forecast.forecast import Basis
from tests.support.spending_oracle import spend_plainly

PERIODS_AHEAD = 12
SECOND = timedelta(seconds=1)
OPEN = frozenset({Without.MINIMUM})


def short_at_plainly(basis: Basis, currency: str) -> datetime | None:
    """The first second at which credits don't cover everything, at the present pace."""
    start = basis.now
    if _is_short(basis, currency, start):
        return start
    for moment in _turns(basis, currency):
        if _is_short(basis, currency, moment):
            return _first_short(basis, currency, start, moment)
        start = moment
    return None


def _expenses(basis: Basis, currency: str, moment: datetime) -> list[Expense]:
    """All that will have been booked from now until a moment, at the present pace; what is open then counts too."""
    subscription = basis.subscription
    following = cut_to_seconds(subscription.period_at(moment).end)
    found = []
    for one in (*due(subscription, until=max(following, moment)), *basis.besides):
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
    steps = spend_plainly(funded, [*history, *_expenses(basis, currency, moment)]).steps[len(history) :]
    return any(step.shortfall > 0 for step in steps)
