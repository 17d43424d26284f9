"""The parts of a customer's credit: the rest of each grant, and debts. Two of them that are wrong by the same amount
leave the balance as it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal

from billsync.core.observed.index import state_of
from billsync.kinds.registry import KINDS
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.recovery import Credit, Recovery
from billsync.model.state import Row
from billsync.rating.arithmetic import ZERO, minus, negative, plus, total
from billsync.report.billing.subscribed import moment_of
from billsync.report.recovery.facts.restored_keys import key_of
from billsync.report.recovery.facts.standing import CUSTOMER, GRANT

GONE = (State.OVER, State.TAKEN_BACK)
NEVER = datetime.max.replace(tzinfo=UTC)
LAST = 1000
"""The last priority, of grants that show none."""
Sums = Mapping[str, Decimal]
"""Amounts by currency."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest of a grant. `spent` is what was taken of it, `features` are those that it is restricted to; `is_fee`: a
    restore gave it for fees in advance that are billed again."""

    row_id: str
    currency: str
    left: Decimal
    spent: Decimal = ZERO
    ends: datetime = NEVER
    features: frozenset[str] = frozenset()
    is_fee: bool = False
    priority: int = LAST

    def is_drawn_before(self, fee: Rest) -> bool:
        """Whether it is drawn before a later credit for a fee in advance, which is left instead, and nobody loses by
        that but what the loss report names: it ends earlier, and pays for the same (customer-facts.md §9.2)."""
        is_for_it = fee.features <= self.features if fee.features else not self.features
        return is_for_it and self.currency == fee.currency and self.priority <= fee.priority and self.ends <= fee.ends


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a customer's credit: rests by the grant's key, and debts by currency.

    In currencies that are `unknown`, the rest of some grant, or the debt, isn't known. `paid` is the amount that
    subscriptions took for themselves, up to that of the credits for their fees in advance.
    """

    rests: Mapping[str, Rest] = field(default_factory=dict)
    debts: Sums = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    paid: Sums = field(default_factory=dict)

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of all parts."""
        return tuple(sorted({one.currency for one in self.rests.values()} | self.debts.keys() | self.unknown))

    def fees(self, currency: str) -> tuple[Rest, ...]:
        """The credits for fees in advance in a currency."""
        return tuple(one for one in self.rests.values() if one.is_fee and one.currency == currency)


@dataclass(frozen=True, slots=True)
class Credits:
    """The parts of the credit of customers, by the customer's key: of a snapshot, and of a server.

    Of those who are `proved`, the rows of grants alone show that all is as it was, if the balance is.
    """

    want: Mapping[str, Parts] = field(default_factory=dict)
    have: Mapping[str, Parts] = field(default_factory=dict)
    proved: frozenset[str] = frozenset()


def parts_by_customer(recovery: Recovery) -> Mapping[str, Parts]:
    """The parts of the credit of each customer in a snapshot, by the customer's key."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in recovery.live.of(GRANT):
        rows[str(row.parent_id)].append(row)
    found: dict[str, Parts] = {}
    for customer in recovery.live.of(CUSTOMER):
        if key := customer.fields.get("key"):
            found[str(key)] = parts_of(rows.get(customer.id, ()), recovery.credit.get(customer.id, Credit()))
    return found


def parts_of(rows: Iterable[Row], credit: Credit, fees: Collection[str] = (), paid: Sums | None = None) -> Parts:
    """The parts of a customer's credit; `fees` are the ids of the grants for fees in advance."""
    rests: dict[str, Rest] = {}
    unknown = set(credit.unexplained)
    for row in rows:
        left, currency = credit.left.get(row.id), str(row.fields["currency"])
        if left is None:
            unknown.add(currency)
            continue
        spent = minus(Decimal(str(row.fields["amount"])), left) if row.id in fees else ZERO
        ends = moment_of(row.fields["expires_at"]) if row.fields.get("expires_at") else NEVER
        features = frozenset(map(str, (row.fields.get("filters") or {}).get("features") or ()))
        priority = int(row.fields.get("priority") or LAST)
        rests[key_of(row)] = Rest(row.id, currency, left, spent, ends, features, row.id in fees, priority)
    return Parts(rests, credit.debts, frozenset(unknown), paid or {})


def rows_prove(want: Parts, rows: Iterable[Row]) -> bool:
    """Whether a customer's rows of grants alone show that all parts are as they were, if its balance is.

    Each grant in force is one of the snapshot, with what was left of it, or the very same; then nothing can have been
    taken from one without a lower balance.
    """
    alive = {key_of(row): row for row in rows if state_of(KINDS[GRANT], row.fields) not in GONE}
    wanted = {key for key, rest in want.rests.items() if rest.left}
    is_known = not want.debts and not want.unknown and wanted <= alive.keys() <= want.rests.keys()
    return is_known and all(_is_as_it_was(want.rests[key], row) for key, row in alive.items())


def _is_as_it_was(want: Rest, row: Row) -> bool:
    return row.id == want.row_id or Decimal(str(row.fields["amount"])) == want.left


def unused(want: Parts, have: Parts, currency: str) -> Decimal:
    """The rest of a customer's credits for fees in advance, with what they paid of debts, less what other grants paid
    in their place."""
    rest = plus(total(one.left for one in have.fees(currency)), paid_of_debts(want, have, currency))
    return minus(rest, total(stand_ins(want, have, currency).values()))


def paid_of_debts(want: Parts, have: Parts, currency: str) -> Decimal:
    """The amount that credits for fees in advance paid of a debt, above these fees: more of them was given."""
    less = minus(want.debts.get(currency, ZERO), have.debts.get(currency, ZERO))
    return max(min(less, not_by_fees(have, currency)), ZERO)


def not_by_fees(have: Parts, currency: str) -> Decimal:
    """The amount of credits for fees in advance that is gone without these fees having taken it."""
    return minus(total(one.spent for one in have.fees(currency)), have.paid.get(currency, ZERO))


def stand_ins(want: Parts, have: Parts, currency: str) -> Sums:
    """By key, what grants paid of fees in advance in place of the credits for these, which are left instead."""
    rest, found = negative(not_by_fees(have, currency)), dict[str, Decimal]()
    for fee in have.fees(currency):
        room = min(rest, fee.left)
        for key in [key for key, one in want.rests.items() if one.is_drawn_before(fee)]:
            gone = minus(minus(want.rests[key].left, left_of(have, key)), found.get(key, ZERO))
            if (taken := min(gone, room)) > ZERO:
                found[key] = plus(found.get(key, ZERO), taken)
                room, rest = minus(room, taken), minus(rest, taken)
    return found


def left_of(parts: Parts, key: str) -> Decimal:
    """The rest of a grant; nothing of one that isn't there."""
    return parts.rests[key].left if key in parts.rests else ZERO
