"""The loss report as the explanation of departures: which lines account for one, to the last cent where it is money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from billsync.model.recovery import Accounted, Fate
from billsync.rating.arithmetic import ZERO, negative, plus, total
from billsync.report.recovery.losses.accounting import DEBT, EVENT, UNEXPLAINED, Place

GRANT, SUBSCRIPTION, CUSTOMER = "grant", "subscription", "customer"
BILLING = "billing"
"""The code of a customer whose own billing can't be set again."""
WAITING = "waits-for-period"
"""The code of what begins with the next period (`restore --in-advance wait`)."""
UNUSED, NOT_DUE, NOT_TAKEN, INVOICED_TWICE = "fee-not-booked", "fee-not-due", "credit-not-taken", "invoiced-twice"
"""The codes of a credit for a fee in advance that the server hasn't booked yet, that is due later, that no invoice has
taken, or that an invoice for the fee hasn't."""
NOT_YET = frozenset({UNUSED, NOT_DUE, NOT_TAKEN, INVOICED_TWICE})
DOUBTS = frozenset({NOT_TAKEN, INVOICED_TWICE})
"""Those that name a departure, and explain none: the customer pays the fee twice, or may."""
BILLED_AGAIN = "billed-again"
"""The code of fees in advance that a customer pays twice, from the balance."""

CREDIT = frozenset({GRANT, DEBT, UNEXPLAINED})
OUTSIDE = "payment-open"
"""The code of a payment that isn't asked for again: the credit is there in full, and the money in no balance."""

SMALLER = "fee-smaller"
"""The code of what is left of a credit for a fee in advance, as the subscription began later than planned."""

BETWEEN, UNUSED_FEES, UNASKED, HIDDEN = "charged-between", "fee-unused", "fee-unasked", "charges-hidden"
"""The codes of fees that fell due between the snapshot and the restore, that were paid for a time in which nothing is
in force, that nobody asks for after that, and of charges that no row shows."""

EARLY, CUT, IN_FIRST_PHASE = "usage-early", "usage-cut", "usage-in-first-phase"
"""The codes of usage that counts for cards that weren't in force yet, of usage that isn't sent again, and of that which
the first phase prices in place of a later one."""

PHASE_AGAIN, PHASE_LATER, LONGER = "phase-again", "phase-later", "arrears-later"
"""The codes of a phase that lasts longer than it would have, of what that costs after the next charge, and of what fees
in arrears of longer periods than the plan's lack then."""

BY_START = frozenset({PHASE_AGAIN, "arrears-cut"})
"""Codes of subscriptions' lines whose money is as the time between the restore's decision and their start."""

DRAWN_INSTEAD = "drawn-instead"
"""The code of a grant that pays a fee in advance in the place of the credit for it, which is left instead."""

IN_BALANCE = frozenset({BILLED_AGAIN, SMALLER})
"""Codes of subscriptions' lines whose money is in the balance; that of all others is in the next charge."""

IN_NOTHING = frozenset({BETWEEN, UNUSED_FEES, UNASKED, PHASE_LATER, LONGER, IN_FIRST_PHASE})
"""Codes of subscriptions' lines whose money no server shows."""

Why = tuple[Accounted, ...]
"""The lines that account for a departure; empty where none does."""


class Explanations:
    """The lines of a loss report that aren't simply restored, by place and by customer."""

    def __init__(self, accounts: Iterable[Accounted]) -> None:
        self._by_place: dict[Place, Accounted] = {}
        self._by_customer: dict[str, list[Accounted]] = defaultdict(list)
        for one in accounts:
            if one.fate is not Fate.RESTORED:
                if one.count:
                    self._by_place[one.kind, one.row_id] = one
                self._by_customer[one.customer or ""].append(one)

    def of(self, *places: Place) -> Why:
        """The lines of these rows."""
        return tuple(self._by_place[place] for place in places if place in self._by_place)

    def billing(self, customer_id: str) -> Why:
        """The line of a customer whose own billing can't be set again."""
        return tuple(one for one in self.of((CUSTOMER, customer_id)) if one.code == BILLING)

    def lost(self, kind: str, row_id: str) -> Why:
        """The line of a row that is lost, or that isn't in force yet."""
        return tuple(one for one in self.of((kind, row_id)) if one.fate is Fate.LOST or one.code == WAITING)

    def waiting(self, customer: str) -> Why:
        """The lines about what a customer has from a later moment on."""
        return tuple(one for one in self._by_customer[customer] if one.code == WAITING)

    def of_usage(self, customer: str) -> Why:
        """The lines about a customer's usage, on which access may depend."""
        return tuple(one for one in self._by_customer[customer] if one.kind == EVENT)

    def of_fees(self, customer: str, currency: str) -> Why:
        """The lines about what is left of credits for a customer's fees in advance."""
        codes = {SMALLER, *NOT_YET}
        return tuple(one for one in self._by_customer[customer] if one.code in codes and currency in one.money)

    def paid_twice(self, customer: str, currency: str) -> Decimal:
        """The fees that a customer pays twice, from the balance."""
        lines = (one for one in self._by_customer[customer] if one.code == BILLED_AGAIN)
        return total(one.money.get(currency, ZERO) for one in lines)

    def of_credit(self, customer: str, currency: str, difference: Decimal) -> Why:
        """The lines that account for a balance that is higher by `difference`: its customers lose what they lack."""
        lines = tuple(one for one in self._by_customer[customer] if _is_in_balance(one))
        credit = tuple(one for one in lines if one.code not in NOT_YET)
        found = _adding_up((credit, *((one,) for one in credit)), currency, negative(difference))
        if found or difference < ZERO:
            return found or _unknown(credit)
        return _unused(lines, currency, difference)

    def of_due(self, customer: str, subscription_id: str, currency: str, difference: Decimal) -> Why:
        """The lines that account for a charge that is higher by `difference`, which its customer loses."""
        lines = self._by_customer[customer]
        mine = (one for one in lines if one.row_id == subscription_id and one.code not in IN_NOTHING)
        own = tuple(one for one in mine if not _is_in_balance(one))
        return _adding_up((own, *((one,) for one in own)), currency, difference)


def adds_up(lines: Iterable[Accounted], currency: str, more: Decimal) -> bool:
    """Whether lines say that a customer has exactly so much more."""
    return total(one.money.get(currency, ZERO) for one in lines) == negative(more)


def accounts_for(lines: Why, currency: str, more: Decimal) -> bool:
    """Whether lines account for what a customer has more of one thing. What is lost without anybody knowing how much
    it was accounts for any lack."""
    if any(line.code in DOUBTS for line in lines):
        return False
    return (bool(lines) and adds_up(lines, currency, more)) or (more < ZERO and bool(_unknown(lines)))


def _is_in_balance(one: Accounted) -> bool:
    return (one.kind in CREDIT and one.code not in (OUTSIDE, DRAWN_INSTEAD)) or one.code in IN_BALANCE


def _unused(lines: Iterable[Accounted], currency: str, difference: Decimal) -> Why:
    """The lines that account for a higher balance where as much of the credits for fees in advance may be unused."""
    about = tuple(one for one in lines if currency in one.money)
    unused = negative(total(one.money[currency] for one in about if one.code in NOT_YET))
    more = plus(difference, total(one.money[currency] for one in about if one.code not in NOT_YET))
    return about if unused and ZERO < more <= unused else ()


def _unknown(lines: Iterable[Accounted]) -> Why:
    """The lines of what is lost without anybody knowing how much it was."""
    return tuple(one for one in lines if one.fate is Fate.LOST and not one.money)


def _adding_up(choices: Iterable[Why], currency: str, wanted: Decimal) -> Why:
    """The first choice of lines whose money is exactly what is wanted; a difference of nothing needs a line alone."""
    for lines in choices:
        if lines and total(one.money.get(currency, ZERO) for one in lines) == wanted:
            return tuple(one for one in lines if currency in one.money or not wanted)
    return ()
