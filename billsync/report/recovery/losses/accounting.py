"""The loss report of a restore: the fate of every row of a recovery snapshot, counted, with the money that it costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.state import Row
from billsync.rating.arithmetic import ZERO, negative, plus

Place: TypeAlias = tuple[str, str]
"""A kind, or another sort of thing, and the id of a row of it."""

DEBT, UNEXPLAINED, EVENT = "debt", "unexplained credit", "usage event"
REFUSED = "list"
"""The sort of a list that the server refused to show; its name is the id."""
CUSTOMER, CUSTOMER_ID = "customer", "customer_id"


@dataclass(frozen=True, slots=True)
class Money:
    """Losses in one currency, both above zero: `customers` is what customers lose, `seller` what the seller loses."""

    customers: Decimal = ZERO
    seller: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class LossReport:
    """The loss report. `counts` are rows by kind and fate; `lines` name each row that isn't simply restored."""

    counts: Mapping[str, Mapping[Fate, int]]
    money: Mapping[str, Money]
    lines: tuple[Accounted, ...]

    @property
    def totals(self) -> Mapping[Fate, int]:
        """All rows by fate."""
        return {fate: sum(of_kind.get(fate, 0) for of_kind in self.counts.values()) for fate in Fate}


def places(recovery: Recovery) -> Iterator[Place]:
    """The places of a recovery snapshot that have to be accounted for, but for usage events.

    They are each row of each kind, each row of the lists that no file can declare or the list's refusal, and each debt
    and unexplained amount of credit.
    """
    yield from ((row.kind, row.id) for rows in recovery.live.rows.values() for row in rows)
    for name, listed in recovery.undeclared.items():
        if isinstance(listed, int):
            yield REFUSED, name
        else:
            yield from ((name, str(row.get("id", number))) for number, row in enumerate(listed))
    for customer, credit in recovery.credit.items():
        yield from ((DEBT, money_id(customer, currency)) for currency in credit.debts)
        yield from ((UNEXPLAINED, money_id(customer, currency)) for currency in credit.unexplained)


def money_id(customer_id: str, currency: str) -> str:
    """The id of a debt or an unexplained amount, which are no rows of the server."""
    return f"{customer_id}/{currency}"


def complete(recovery: Recovery, accounts: Iterable[Accounted], *, events: int = 0) -> tuple[str, ...]:
    """The faults of an account: places without a fate or with several, and rows of a customer that don't name it.

    Empty where every row of the snapshot has exactly one fate, so that the counts add up. `events` is the number of
    usage events in the file, of which many may share a line (`Accounted.count`). A line that counts nothing adds its
    money to another one's.
    """
    given = tuple(accounts)
    have = Counter((one.kind, one.row_id) for one in given if one.kind != EVENT and one.count)
    want, owned = Counter(places(recovery)), _owned(recovery)
    counted = sum(one.count for one in given if one.kind == EVENT)
    faults = [
        *(f"{kind} {row_id} has no fate" for kind, row_id in sorted(want.keys() - have.keys())),
        *(f"{kind} {row_id} isn't in the snapshot" for kind, row_id in sorted(have.keys() - want.keys())),
        *(f"{kind} {row_id} has {have[kind, row_id]} fates" for kind, row_id in _several(have, want)),
        *(f"{one.what} doesn't name its customer" for one in given if not one.customer and _place(one) in owned),
    ]
    if counted != events:
        faults.append(f"{counted} usage events have a fate, and the snapshot has {events}")
    return tuple(faults)


def _several(have: Counter[Place], want: Counter[Place]) -> list[Place]:
    return sorted(place for place, count in have.items() if place in want and count != want[place])


def _place(one: Accounted) -> Place:
    return one.kind, one.row_id


def _owned(recovery: Recovery) -> frozenset[Place]:
    """The places that belong to a customer."""
    customers = {row.id for row in recovery.live.of(CUSTOMER)}
    rows = (row for of_kind in recovery.live.rows.values() for row in of_kind)
    found = {(row.kind, row.id) for row in rows if row.id in customers or _owner(row) in customers}
    debts = {place for place in places(recovery) if place[0] in (DEBT, UNEXPLAINED)}
    return frozenset(found | debts)


def _owner(row: Row) -> str | None:
    return row.parent_id or row.fields.get(CUSTOMER_ID)


def loss_report(accounts: Iterable[Accounted]) -> LossReport:
    """The report of accounts: restored rows are counted alone, all others have a line, by customer."""
    given = tuple(accounts)
    counts: dict[str, dict[Fate, int]] = defaultdict(dict)
    for one in (one for one in given if one.count):
        counts[one.kind][one.fate] = counts[one.kind].get(one.fate, 0) + one.count
    lines = sorted((one for one in given if one.fate is not Fate.RESTORED), key=_order)
    return LossReport(dict(sorted(counts.items())), money(given), tuple(lines))


def _order(one: Accounted) -> tuple[bool, str, str, str, bool, str]:
    """Rows without a customer first, then by customer; what only adds to a row comes after it."""
    return one.customer is not None, one.customer or "", one.kind, one.what, not one.count, one.row_id


def money(accounts: Iterable[Accounted]) -> Mapping[str, Money]:
    """The losses of customers and of the seller, by currency, never offset against each other."""
    found: dict[str, Money] = {}
    for one in accounts:
        for currency, amount in one.money.items():
            have = found.get(currency, Money())
            lost = max(amount, ZERO), max(negative(amount), ZERO)
            found[currency] = Money(plus(have.customers, lost[0]), plus(have.seller, lost[1]))
    return dict(sorted(found.items()))
