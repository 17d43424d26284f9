"""The items of a recovery snapshot, each of which is a line of its file: from a snapshot in memory, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from billsync.model.frozen import dataclass, replace
from billsync.model.recovery import Credit, Header, Promise, Recovery
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.snapshot.sharing import Sharing


@dataclass(frozen=True, slots=True)
class Document:
    """A document that isn't a row, such as a customer's billing, by its path."""

    path: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of what no file can declare: its rows, or the status with which the server refused it."""

    name: str
    rows: tuple[Fields, ...] | None = None
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """The reason why labels that rows of a kind hide could not be read."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A kind whose list the server doesn't have."""

    kind: str


@dataclass(frozen=True, slots=True)
class CreditOf:
    """The credit of a customer, by its id."""

    customer: str
    credit: Credit


@dataclass(frozen=True, slots=True)
class PromiseOf:
    """The promise of a subscription, by its id."""

    subscription: str
    promise: Promise


@dataclass(frozen=True, slots=True)
class Event:
    """A usage event of a running period, as the server shows it. `customer` is its customer's id."""

    customer: str
    row: Fields


Members: TypeAlias = Mapping[str, tuple[str, ...]]
"""By kind, the names of members of its rows."""

EVERYTHING: Members = {}

Item: TypeAlias = Row | Document | Listed | Unread | Absent | CreditOf | PromiseOf | Event


def items_of(recovery: Recovery) -> Iterator[Item]:
    """Everything in a recovery snapshot, but for its header."""
    live = recovery.live
    yield from (Unread(kind, why) for kind, why in live.unread.items())
    yield from (Absent(kind) for kind in sorted(live.absent))
    yield from (row for rows in live.rows.values() for row in rows)
    yield from (Document(path, fields) for path, fields in live.documents.items())
    for name, listed in recovery.undeclared.items():
        yield Listed(name, refused=listed) if isinstance(listed, int) else Listed(name, listed)
    yield from (CreditOf(customer, credit) for customer, credit in recovery.credit.items())
    yield from (PromiseOf(subscription, promise) for subscription, promise in recovery.promises.items())


def kept(row: Fields, names: Iterable[str]) -> Fields:
    """The members of a row that have these names."""
    return {name: row[name] for name in names if name in row}


class Gathered:
    """The items of a file as they come in, with their equal parts kept once. Of rows of the kinds in `members`, only
    these members are kept."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self._sharing = Sharing()
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._documents: dict[str, Fields] = {}
        self._unread: dict[str, str] = {}
        self._absent: set[str] = set()
        self._undeclared: dict[str, tuple[Fields, ...] | int] = {}
        self._credit: dict[str, Credit] = {}
        self._promises: dict[str, Promise] = {}

    def take(self, item: Item) -> None:
        """Add an item. Raises TypeError for a usage event."""
        match item:
            case Row():
                self._rows[item.kind].append(self._sharing.row(self._kept(item)))
            case Document():
                self._documents[item.path] = item.fields
            case Listed():
                self._undeclared[item.name] = (item.rows or ()) if item.refused is None else item.refused
            case Unread():
                self._unread[item.kind] = item.why
            case Absent():
                self._absent.add(item.kind)
            case CreditOf():
                self._credit[item.customer] = self._sharing.credit(item.credit)
            case PromiseOf():
                self._promises[item.subscription] = self._sharing.promise(item.promise)
            case Event():
                raise TypeError("usage events aren't held in memory")

    def _kept(self, row: Row) -> Row:
        names = self.members.get(row.kind)
        return row if names is None else replace(row, fields=kept(row.fields, names))

    def whole(self, header: Header) -> Recovery:
        """Everything that came, as one value."""
        rows = {kind: tuple(found) for kind, found in self._rows.items()}
        live = Snapshot(rows, {}, self._documents, header.taken_at, unread=self._unread, absent=frozenset(self._absent))
        return Recovery(header, live, self._undeclared, self._credit, self._promises)
