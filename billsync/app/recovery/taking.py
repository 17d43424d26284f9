"""Takes a recovery snapshot: everything live, read until two readings agree.

All is read, then read again and compared. What was the same both times was so at the moment between the two readings.
What moved is read again, up to three times, and named in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from operator import attrgetter

from billsync import __version__
from billsync.api.documents import BILLING
from billsync.app.dump.losses import read_undeclared
from billsync.app.recovery.promises import lots_of_customers, promises_in, read_promise_facts
from billsync.app.recovery.taken_catalog import (
    ADDON,
    CUSTOMER,
    OFFERS,
    PLAN,
    SUBSCRIPTION,
    deleted_versions,
    plan_of,
    read_whole_catalog,
)
from billsync.app.recovery.taken_credit import CREDIT, take_credit
from billsync.app.recovery.taken_events import event_lines
from billsync.app.recovery.taken_rows import lots, take_rows
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.core.observed.index import is_over
from billsync.kinds.registry import KINDS
from billsync.live.gathering import FirstReading, Gathering, Known, Place, Reading
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.frozen import dataclass
from billsync.model.recovery import Header, Recovery
from billsync.model.state import Snapshot
from billsync.model.value import Fields, canonical
from billsync.report.recovery.snapshot.counting import counted_credit, counted_in, lacks_due
from billsync.report.recovery.snapshot.item_lines import credit_in, item_line, row_in, with_list
from billsync.report.recovery.snapshot.items import Absent, Document, Listed, PromiseOf, Unread
from billsync.report.recovery.snapshot.lines import recovery_in, whole_lines
from billsync.report.recovery.snapshot.moves import moves_said, name_of, unexplained_in

ROUNDS = 3
"""The largest number of readings of what moved."""
BILLED, ATTACHED, LIST, PROMISE = "billing", "attached", "list", "promise"
NOT_BILLED = (404, 412)
"""Statuses for a customer without billing (customer-facts.md §4.2)."""
MANY = 500
"""Add-ons of so many subscriptions, or billing of so many customers, are in memory at a time."""


def take(connection: Connection, *, has_events: bool = False) -> Recovery:
    """The recovery snapshot of a server, in memory. Raises RemoteError."""
    with Gathering() as gathering:
        return recovery_in(Taking(connection, gathering, has_events=has_events).lines())


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a snapshot to be read again: the lists or not, and what is read customer by customer."""

    lists: bool
    customers: frozenset[str]
    subscriptions: frozenset[str]


def _customer(row: Fields) -> Known:
    return Known(str(row["id"]))


def _subscription(row: Fields) -> Known:
    """A subscription with its customer, and its plan version as its mark, unless it is over."""
    mark = None if is_over(KINDS[SUBSCRIPTION], row) else plan_of(row)
    return Known(str(row["id"]), str(row["customer_id"]), mark)


class Taking:
    """One snapshot while it is taken. What is read is kept in an empty gathering. In memory is the catalog, what moved,
    and no more than a lot of anything else."""

    def __init__(self, connection: Connection, gathering: Gathering, *, has_events: bool = False) -> None:
        self._connection = connection
        self._found = gathering
        self._catalog = Snapshot()
        self._attached: frozenset[str] = frozenset()
        self._may_bill = False
        self._is_billing_shown = True
        self._moves: dict[str, str] = {}
        self._promised: tuple[datetime, datetime]
        self._has_events = has_events
        self._began = self._now()
        self._finished = self._began
        self.counts: Counter[str] = Counter()
        self.unexplained: list[str] = []
        self.without_due = 0

    @property
    def header(self) -> Header:
        """The origin of the snapshot, with what moved so far."""
        return Header(
            taken_at=self._began,
            finished_at=self._finished,
            target=self._connection.target,
            dialect=self._connection.dialect,
            generation=self._connection.generation.full_name,
            billsync=__version__,
            moved=tuple(sorted(f"{name} {verb}" for name, verb in self._moves.items())),
            has_events=self._has_events,
        )

    def lines(self) -> Iterator[bytes]:
        """The lines of the snapshot's file: everything is read before the first one, but for usage events.

        Raises RemoteError.
        """
        self._read_until_steady()
        yield from whole_lines(self.header, self._counted(), self._end)

    def _end(self) -> Header:
        self._finished = self._now()
        return self.header

    def _counted(self) -> Iterator[bytes]:
        """The lines of all items; their rows are counted, and customers whose credit can't be explained are named."""
        for line in chain(self._lines(), self._events() if self._has_events else ()):
            self.counts.update(counted_in(line))
            self.without_due += lacks_due(line)
            if (credit := credit_in(line)) is not None:
                self.counts.update(counted_credit(credit.credit))
                self.unexplained += unexplained_in(credit, self._found.get)
            yield line

    def _now(self) -> datetime:
        return servers_now_by_anybody(self._connection, Snapshot())

    def _read_until_steady(self) -> None:
        """Read everything, and again what moved. Raises RemoteError."""
        self._read(None, FirstReading(self._found))
        self._promises()
        part: _Part | None = None
        for left in reversed(range(ROUNDS)):
            moved = self._read(part, Reading(self._found))
            self._moves |= moves_said(self._found.get, moved, is_last=not left)
            if not moved:
                return
            part = self._around(moved)
            if part.lists or part.subscriptions:
                self._promises()

    def _read(self, part: _Part | None, found: Reading) -> Mapping[Place, bytes]:
        """Read a part, or everything; what came, went or changed, with its content before."""
        if part is None or part.lists:
            take_rows(self._connection, SUBSCRIPTION, found, _subscription)
            self._read_catalog(found)
            take_rows(self._connection, CUSTOMER, found, _customer)
            found.keep_only(CREDIT, self._found.holding(CUSTOMER))
            found.keep_only(BILLED, self._found.holding(CUSTOMER))
            self._read_lists(found)
        take_credit(self._connection, self._customers(part), self._features(), found)
        self._read_billing(self._customers(part), found)
        self._read_addons(part, found)
        return found.moved

    def _customers(self, part: _Part | None) -> Iterator[str]:
        return (name for name in self._found.listed(CUSTOMER) if part is None or name in part.customers)

    def _around(self, moved: Mapping[Place, bytes]) -> _Part:
        """The part that moved, with all that belongs to it."""
        subscriptions = {name for sort, name in moved if sort in (SUBSCRIPTION, ATTACHED)}
        customers = {name for sort, name in moved if sort in (CUSTOMER, CREDIT, BILLED)}
        customers |= {self._found.owner(SUBSCRIPTION, name) for name in subscriptions}
        lists = any(sort not in (CREDIT, BILLED, ATTACHED) or not self._found.get(sort, name) for sort, name in moved)
        return _Part(lists, frozenset(customers), frozenset(subscriptions))

    def _read_catalog(self, found: Reading) -> None:
        used = {known.mark for known in self._found.known(SUBSCRIPTION) if known.mark}
        self._catalog = read_whole_catalog(self._connection, used, self._attached)
        for rows in self._catalog.rows.values():
            for row in rows:
                found.put(row.kind, Known(row.id), item_line(row))
        for kind in self._connection.routes:
            if kind not in (CUSTOMER, SUBSCRIPTION):
                found.keep_only(kind, {row.id for row in self._catalog.of(kind)})

    def _features(self) -> Mapping[str, str]:
        return {row.id: str(row.fields.get("key")) for row in self._catalog.of("feature")}

    def _read_lists(self, found: Reading) -> None:
        lists = read_undeclared(self._connection)
        self._may_bill = lists.may_bill
        self._is_billing_shown = not lists.refused
        for name, rows in lists.rows.items():
            found.put(LIST, Known(name), item_line(Listed(name, rows)))
        for name, status in lists.refused.items():
            found.put(LIST, Known(name), item_line(Listed(name, refused=status)))

    def _read_billing(self, customers: Iterable[str], found: Reading) -> None:
        """Read the billing of customers, where any can have other than the default (customer-facts.md §4.1).

        Where the server refuses to list profiles, say, which the snapshot names, it may refuse this, too.
        """
        for lot in lots(customers if self._may_bill else (), MANY):
            paths = [BILLING.replace(PARENT, name) for name in lot]
            for name, path, answer in zip(lot, paths, self._connection.documents(paths), strict=True):
                if not isinstance(answer, Refused):
                    found.put(BILLED, Known(name), item_line(Document(path, answer)))
                elif answer.status in NOT_BILLED or not self._is_billing_shown:
                    found.drop(BILLED, name)
                else:
                    raise answer

    def _read_addons(self, part: _Part | None, found: Reading) -> None:
        """Read the add-ons of running subscriptions whose plan versions offer any, or aren't known."""
        offers = {row.id: row.fields.get(OFFERS) for row in self._catalog.of(PLAN)}
        asked = (
            one.name
            for one in self._found.known(SUBSCRIPTION)
            if one.mark is not None and offers.get(one.mark) != [] and (part is None or one.name in part.subscriptions)
        )
        attached = set(self._attached)
        for lot in lots(asked, MANY):
            for name, rows in zip(lot, self._connection.addons_of_all(lot), strict=True):
                if isinstance(rows, Refused):
                    raise rows
                found.put(ATTACHED, Known(name), item_line(Listed(OFFERS, rows)), steady=_steady(rows))
                attached |= {str(row["addon"]["id"]) for row in rows}
        found.keep_only(ATTACHED, self._found.holding(SUBSCRIPTION))
        self._attached = frozenset(attached)
        for row in deleted_versions(self._connection, ADDON, self._catalog, self._attached):
            found.put(ADDON, Known(row.id), item_line(row))

    def _promises(self) -> None:
        before = self._now()
        facts = read_promise_facts(self._connection)
        for name in self._found.names(PROMISE):
            self._found.drop(PROMISE, name)
        for lot in self._subscriptions():
            rows = (row_in(self._line_of(one.name)).fields for one in lot)
            for name, promise in promises_in(self._connection, facts, rows):
                self._found.put(PROMISE, Known(name), item_line(PromiseOf(name, promise)))
        self._promised = before, self._now()

    def _subscriptions(self) -> Iterator[Iterable[Known]]:
        """All subscriptions in lots: each has those of some customers, in the customers' order."""
        return lots_of_customers(self._found.by_owner(SUBSCRIPTION), attrgetter("owner"))

    def _line_of(self, subscription: str) -> bytes:
        """The line of a subscription, with its add-ons."""
        return with_list(self._found.get(SUBSCRIPTION, subscription), self._found.get(ATTACHED, subscription))

    def _lines(self) -> Iterator[bytes]:
        """The lines of everything but the usage events."""
        yield from (item_line(Unread(kind, why)) for kind, why in sorted(self._catalog.unread.items()))
        yield from (item_line(Absent(kind)) for kind in sorted(self._catalog.absent))
        for kind in self._connection.routes:
            if kind == CUSTOMER:
                yield from (self._found.get(kind, name) for name in self._found.listed(kind))
            elif kind != SUBSCRIPTION:
                yield from self._found.all(kind)
        for content in self._found.all(CREDIT):
            yield from content.splitlines(keepends=True)
        yield from self._found.all(BILLED)
        yield from map(self._line_of, self._found.listed(SUBSCRIPTION))
        yield from filter(None, (self._found.get(PROMISE, name) for name in self._found.listed(SUBSCRIPTION)))
        yield from self._found.all(LIST)

    def _events(self) -> Iterator[bytes]:
        """The lines of the usage events of running periods, up to the time at which the dues were read."""
        rows = (
            (row_in(self._found.get(SUBSCRIPTION, one.name)).fields for one in lot if one.mark is not None)
            for lot in self._subscriptions()
        )
        moved = event_lines(self._connection, rows, self._catalog, self._promised)
        for customer, between in (yield from moved):
            name = name_of(CUSTOMER, customer, self._found.get(CUSTOMER, customer), self._found.get)
            self._moves[f"the usage of {name}"] = f"went on while its dues were read, by {between} events"


def _steady(rows: Iterable[Fields]) -> bytes:
    """Add-ons without the time of the answer (customer-facts.md §6.1)."""
    return canonical([{name: value for name, value in row.items() if name != "quantity_at"} for row in rows])
