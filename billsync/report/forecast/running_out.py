"""The end of credits if usage goes on at its pace, searched from one purse.

Final bookings are rated and paid once; each query adds only the charges open at its moment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds
from billsync.rating.arithmetic import ZERO, divided, exactly
from billsync.rating.periods import Period
from billsync.rating.rate import Without
from billsync.report.billing.charges import Due, Metered, charge, due
from billsync.report.billing.subscribed import Subscribed
from billsync.report.credits.credits import Expense, Funding, Purse
from billsync.report.forecast.restored import Began

PERIODS_AHEAD = 12
SECOND = timedelta(seconds=1)
OPEN = frozenset({Without.MINIMUM})
"""A minimum is due at a period's end only (customer-facts.md §19.1)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The course of usage from `now`. `seen` is the usage of a feature in its running period, with that period.

    `steady` are features whose usage doesn't grow with time; `besides` are the parts that its row doesn't show. `began`
    is since when usage has come that a restore dated at the start of its period.
    """

    subscription: Subscribed
    now: datetime
    metered: Metered
    seen: Mapping[str, tuple[Period, Decimal]]
    steady: frozenset[str]
    besides: tuple[Due, ...]
    began: Began

    @exactly
    def metered_by(self, moment: datetime, one: Due) -> Metered:
        """Return the usage by a moment at the pace of the running period so far."""
        if one.needs is None:
            return {}
        feature, period = one.needs
        if period.end <= self.now and one.needs in self.metered:
            return self.metered
        if feature not in self.seen:
            return {one.needs: self.metered.get(one.needs, ZERO)}
        running, quantity = self.seen[feature]
        if feature in self.steady:
            return {one.needs: quantity}
        since, start = self.began.get((feature, running), running.start), self.began.get(one.needs, period.start)
        elapsed = max(Decimal((self.now - since) // SECOND), Decimal(1))
        seconds = Decimal((min(moment, period.end) - start) // SECOND)
        return {one.needs: divided(quantity * seconds, elapsed)}


def seen_at(now: datetime, metered: Metered) -> dict[str, tuple[Period, Decimal]]:
    """Return the usage of each feature in the first period that contains the moment, with that period."""
    seen: dict[str, tuple[Period, Decimal]] = {}
    for (feature, period), quantity in metered.items():
        if period.holds(now):
            seen.setdefault(feature, (period, quantity))
    return seen


def ends(subscription: Subscribed, now: datetime) -> list[datetime]:
    """The ends of the running period and of those after it; `now` if it has none."""
    moment, found = now, []
    for _ in range(PERIODS_AHEAD):
        period = subscription.period_at(moment)
        if period.end <= moment:
            break
        moment = period.end
        found.append(cut_to_seconds(moment))
    return found or [now]


def short_at(going: Pace, currency: str, purse: Purse, funded: Sequence[Funding]) -> datetime | None:
    """The first second at which a purse doesn't cover everything, at this pace; None if it lasts.

    The purse, which has paid all bookings until now, isn't changed. Raises RatingError.
    """
    turns = _turns(going, funded)
    coming = _Coming(going, currency, until=max(turns, default=going.now))
    covered = coming.covered(_Covered(going.now, purse), going.now)
    if covered is None:
        return going.now
    for moment in turns:
        following = coming.covered(covered, moment)
        if following is None:
            return _first_short(coming, covered, moment)
        covered = following
    return None


def _turns(going: Pace, funded: Iterable[Funding]) -> list[datetime]:
    """Moments between which the required amount only grows and the grants stay the same.

    They are the second after each period, the last second before more credits start, and the expiry of credits.
    """
    known = ends(going.subscription, going.now)
    found = {end + SECOND for end in known}
    for one in funded:
        found.add(one.grant.effective_at - SECOND)
        found.add(one.grant.expires_at or going.now)
    return sorted(moment for moment in found if going.now < moment <= known[-1] + SECOND)


@dataclass(frozen=True, slots=True)
class _Covered:
    """A moment until which credits suffice, and the purse after all bookings by then."""

    moment: datetime
    purse: Purse


def _first_short(coming: _Coming, covered: _Covered, short: datetime) -> datetime:
    """Between a moment at which credits suffice and one at which they don't: halved until a second is left."""
    while short - covered.moment > SECOND:
        middle = covered.moment + (short - covered.moment) // 2
        following = coming.covered(covered, middle)
        if following is None:
            short = middle
        else:
            covered = following
    return cut_to_seconds(short)


class _Coming:
    """Return the bookings in a currency after now, in order, until the period around a moment ends."""

    def __init__(self, going: Pace, currency: str, *, until: datetime) -> None:
        self._going = going
        dues = due(going.subscription, until=self._known_at(until))
        self._dues, self._besides = (
            [one for one in some if one.at > going.now and one.slot.currency == currency]
            for some in (dues, going.besides)
        )
        self._all = sorted((*self._dues, *self._besides), key=_time)
        self._booked: dict[int, Expense] = {}

    def covered(self, before: _Covered, moment: datetime) -> _Covered | None:
        """The state at a later moment, counting charges that are open then; None if credits don't cover it."""
        purse = before.purse.copy()
        if any(purse.pay(expense).shortfall > 0 for expense in self._booked_between(before.moment, moment)):
            return None
        trial = purse.copy()
        if any(trial.pay(expense).shortfall > 0 for expense in self._open_at(moment)):
            return None
        return _Covered(moment, purse)

    def _booked_between(self, start: datetime, end: datetime) -> list[Expense]:
        """Return the bookings after the start and not after the end; each is rated once."""
        places = range(bisect_right(self._all, start, key=_time), bisect_right(self._all, end, key=_time))
        for place in places:
            if place not in self._booked:
                one = self._all[place]
                self._booked[place] = self._expense(one, one.at, frozenset())
        return [self._booked[place] for place in places]

    def _open_at(self, moment: datetime) -> list[Expense]:
        """Usage that has begun and will be booked later, at the period's end at the latest."""
        last = bisect_right(self._dues, self._known_at(moment), key=_time)
        coming = self._dues[bisect_right(self._dues, moment, key=_time) : last]
        return [
            self._expense(one, moment, OPEN)
            for one in (*coming, *self._besides)
            if one.at > moment and one.needs is not None and one.billed.service_period.start < moment
        ]

    def _known_at(self, moment: datetime) -> datetime:
        return max(cut_to_seconds(self._going.subscription.period_at(moment).end), moment)

    def _expense(self, one: Due, moment: datetime, without: frozenset[Without]) -> Expense:
        metered = self._going.metered_by(moment, one)
        rated = charge(one, metered, self._going.subscription, without=without)
        return Expense(moment, rated.totals.total, rated.feature, is_owed=True)


def _time(one: Due) -> datetime:
    return one.at
