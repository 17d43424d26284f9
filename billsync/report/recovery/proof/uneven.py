"""Parts of a customer's credit that aren't as they were, which may cancel out in its balance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO, minus, negative, plus, total
from billsync.report.recovery.facts.standing import GRANT
from billsync.report.recovery.losses.accounting import DEBT, money_id
from billsync.report.recovery.losses.explaining import Explanations, Why, accounts_for, adds_up
from billsync.report.recovery.proof.parts import Parts, left_of, not_by_fees, paid_of_debts, stand_ins, unused

OWED = "debt"
FOR_FEES, TAKEN = "credit for fees billed again", "credit for fees billed again, taken by these"


@dataclass(frozen=True, slots=True)
class Uneven:
    """A part of a credit: what the snapshot has of it, and the server. `more` is what the customer has more there;
    `why` are the lines that name it."""

    part: str
    want: Decimal
    have: Decimal
    more: Decimal
    why: Why = ()


def uneven(name: str, row_id: str, want: Parts, have: Parts, currency: str, why: Explanations) -> Iterator[Uneven]:
    """Yield the parts of a customer's credit in a currency that aren't as they were, and for which no line accounts."""
    others = [*_grants(want, have, currency, why), *_debts(row_id, want, have, currency, why)]
    is_only_less = all(one.more < ZERO for one in others)
    if not is_only_less or total(one.more for one in others) != negative(why.paid_twice(name, currency)):
        yield from others
    rest, lines = unused(want, have, currency), why.of_fees(name, currency)
    if rest and not accounts_for(lines, currency, rest):
        yield Uneven(FOR_FEES, ZERO, rest, rest, lines if adds_up(lines, currency, rest) else ())
    elsewhere = minus(not_by_fees(have, currency), paid_of_debts(want, have, currency))
    if elsewhere > ZERO:
        yield Uneven(TAKEN, elsewhere, ZERO, negative(elsewhere))


def _grants(want: Parts, have: Parts, currency: str, why: Explanations) -> Iterator[Uneven]:
    standing_in = stand_ins(want, have, currency)
    for key in sorted(want.rests.keys() | have.rests.keys()):
        known = want.rests.get(key) or have.rests[key]
        if known.currency != currency or known.is_fee:
            continue
        wanted, had = left_of(want, key), left_of(have, key)
        more = minus(had, minus(wanted, standing_in.get(key, ZERO)))
        lines = why.of((GRANT, known.row_id)) if key in want.rests else ()
        if more and not accounts_for(lines, currency, more):
            yield Uneven(key, wanted, had, more)


def _debts(row_id: str, want: Parts, have: Parts, currency: str, why: Explanations) -> Iterator[Uneven]:
    owed = want.debts.get(currency, ZERO)
    owes = plus(have.debts.get(currency, ZERO), paid_of_debts(want, have, currency))
    lines = why.of((DEBT, money_id(row_id, currency)))
    if owed != owes and not accounts_for(lines, currency, minus(owed, owes)):
        yield Uneven(OWED, owed, owes, minus(owed, owes))
