"""The credit of each customer for a recovery snapshot: its grants, its balance, and what is left of each grant.

The movements are read anew only where the balance or the grants moved: whatever is consumed, comes, expires or is
voided moves one of them (customer-facts.md §8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from billsync.api.documents import BALANCE, TRANSACTIONS
from billsync.app.recovery.taken_rows import lots
from billsync.app.server.connection import ReadingConnection
from billsync.core.observed.row_validation import malformed
from billsync.live.gathering import Known, Reading
from billsync.live.lists.cursors import read_all_forward
from billsync.live.lists.paging import Refused
from billsync.live.lists.streams import read_lists
from billsync.live.snapshot import PARENT
from billsync.model.frozen import dataclass
from billsync.model.ports import RemoteError
from billsync.model.recovery import Credit
from billsync.model.state import Row
from billsync.model.value import Fields, canonical
from billsync.report.credits.ledger import Statement
from billsync.report.recovery.facts.left import GRANT, credit_of, unreadable_credit
from billsync.report.recovery.snapshot.item_lines import item_line
from billsync.report.recovery.snapshot.items import CreditOf

T = TypeVar("T")

CREDIT = "credit"
LOT = 500
"""Customers whose credit is in memory at a time."""
GONE, DISABLED = (404, 412), 501
"""Statuses for a customer that isn't there any more, and for a server without credits (customer-facts.md §7, §12)."""
CONSUMED = (("filter[type]", "consumed"),)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The credit of a customer as the server shows it."""

    customer: str
    balance: Fields
    grants: tuple[Fields, ...]

    @property
    def steady(self) -> bytes:
        """The part that doesn't move by itself: not `live`, nor the time of the answer (customer-facts.md §8)."""
        balances = [(row["currency"], row["settled"], row["pending"]) for row in self.balance["balances"]]
        return canonical([sorted(balances), sorted(self.grants, key=lambda row: str(row["id"]))])

    @property
    def may_have_movements(self) -> bool:
        """Whether anything was ever booked: otherwise there is no balance (customer-facts.md §8)."""
        return bool(self.grants or self.balance["balances"])


def take_credit(
    connection: ReadingConnection, customers: Iterable[str], features: Mapping[str, str], reading: Reading
) -> None:
    """Read the credit of these customers. Raises RemoteError."""
    for lot in lots(customers, LOT):
        shown = _shown(connection, lot)
        for name in lot:
            if name not in shown:
                reading.drop(CREDIT, name)
        fresh = [one for one in shown.values() if not reading.has(CREDIT, one.customer, one.steady)]
        for one, credit in zip(fresh, _credits(connection, fresh, features), strict=True):
            reading.put(CREDIT, Known(one.customer), _lines(one, credit), steady=one.steady)


def _shown(connection: ReadingConnection, customers: Sequence[str]) -> Mapping[str, _Shown]:
    """By customer, without those that are gone, and without all where the server has no credits."""
    grants = tuple(read_grants(connection, customers))
    balances = connection.documents(BALANCE.replace(PARENT, name) for name in customers)
    found: dict[str, _Shown] = {}
    for name, rows, balance in zip(customers, grants, balances, strict=True):
        if not is_lacking(rows) and not is_lacking(balance):
            found[name] = _Shown(name, _whole(balance), checked_grants(connection, _whole(rows)))
    return found


def read_grants(connection: ReadingConnection, customers: Iterable[str]) -> Iterator[tuple[Fields, ...] | Refused]:
    """The rows of the grants of each customer, or the refusal; in order. Raises RemoteError."""
    where = connection.routes[GRANT]
    paths = (where.collection.replace(PARENT, name) for name in customers)
    return read_lists(connection.remote, paths, (), where.listing, connection.clock)


def is_lacking(answer: object) -> bool:
    """Whether a customer is gone, or the server has no credits."""
    return isinstance(answer, Refused) and answer.status in (*GONE, DISABLED)


def _whole(answer: T | Refused) -> T:
    if isinstance(answer, Refused):
        raise answer
    return answer


def checked_grants(connection: ReadingConnection, rows: tuple[Fields, ...]) -> tuple[Fields, ...]:
    """The rows of a customer's grants that aren't deleted. Raises RemoteError for one that isn't as the API has it."""
    for row in rows:
        if fault := malformed(connection.kinds[GRANT], row, connection.routes[GRANT]):
            raise RemoteError(f"{connection.target}: unexpected response: a {GRANT} shows {fault}")
    return tuple(row for row in rows if not row.get("deleted_at"))


def _credits(connection: ReadingConnection, shown: Sequence[_Shown], features: Mapping[str, str]) -> Iterable[Credit]:
    """The credit of each. Only consumed credits are asked for: the list of all movements may be broken (§9.2)."""
    movements = read_consumed(connection, [one.customer for one in shown if one.may_have_movements])
    for one in shown:
        consumed = next(movements) if one.may_have_movements else ()
        if isinstance(consumed, Refused):
            yield unreadable_credit(one.balance)
        else:
            yield credit_of(Statement(one.balance, consumed, one.grants), features)


def read_consumed(connection: ReadingConnection, customers: Iterable[str]) -> Iterator[tuple[Fields, ...] | Refused]:
    """The rows of consumed credits of each customer, or the refusal; in order. Raises RemoteError."""
    paths = (TRANSACTIONS.replace(PARENT, name) for name in customers)
    return read_all_forward(connection.remote, paths, CONSUMED)


def _lines(one: _Shown, credit: Credit) -> bytes:
    rows = (Row(GRANT, str(row["id"]), row, one.customer) for row in one.grants)
    return b"".join([*map(item_line, rows), item_line(CreditOf(one.customer, credit))])
