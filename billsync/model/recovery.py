"""A snapshot for recovery: the whole live state at a moment, with what changes by itself, and the fate of each row.

`Snapshot` (model/state.py) holds the rows; everything here is about what no file can declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from enum import Enum

from billsync.model.frozen import dataclass
from billsync.model.state import Snapshot
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Header:
    """The origin of a recovery snapshot. It was read from `taken_at` until `finished_at`, by the server's clock.

    `moved` says, in words, what changed on the server while it was read; nothing did where it is empty. `generation` is
    the full name of the API's generation; `has_events`: the usage events of the running periods are in it.
    """

    taken_at: datetime
    finished_at: datetime
    target: str
    dialect: str
    generation: str
    billsync: str
    moved: tuple[str, ...] = ()
    has_events: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """A customer's credits. `balances` are the server's rows by currency (customer-facts.md §8).

    `left` is the booked rest of each grant, by the grant's id, without what usage of the running period will take: 0
    once it is over, all of it while it waits for its invoice; a grant of unknown status isn't in it. `debts` is what
    was booked without credits to pay it, above zero, `unexplained` the server's balance (`settled` and `pending`) less
    the sum of `left` and plus `debts`, and `unlisted` what the server gave back (above zero) or took without a
    movement, which is in `left` already; all three by currency and without zeros.
    `owed` are the parts of debts that are for a feature, by currency and by the feature's key: the rest is for none.
    """

    balances: tuple[Fields, ...] = ()
    left: Mapping[str, Decimal] = field(default_factory=dict)
    debts: Mapping[str, Decimal] = field(default_factory=dict)
    unexplained: Mapping[str, Decimal] = field(default_factory=dict)
    unlisted: Mapping[str, Decimal] = field(default_factory=dict)
    owed: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promise:
    """The terms and dues of one subscription in force, on which a customer counts.

    `due` is the forecast of the running period by currency: everything that its end will charge. `hidden` is the part
    of it for what has changed since, which its row doesn't show, and `early` what it would be more, or
    less, for the usage that a restore sends again: cards that began later count all of it, and what an ended period of
    a card was charged for isn't sent. `addons` are quantities by key; `access` are the keys of features that the
    customer may use. What the server doesn't show is None.
    """

    plan: str
    version: int | None
    phase: str | None
    period_from: datetime | None
    period_to: datetime | None
    ends_at: datetime | None = None
    addons: Mapping[str, int] | None = None
    due: Mapping[str, Decimal] | None = None
    access: frozenset[str] | None = None
    hidden: Mapping[str, Decimal] | None = None
    early: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery snapshot in memory, without its usage events, which are read from the file one by one.

    `live` has every row of every kind as the server showed it, parts and documents included; `undeclared` are lists of
    what no file can declare, by their names (api/documents.py), each a tuple of rows or the status with which the
    server refused it. `credit` is by the customer's id, `promises` by the subscription's.
    """

    header: Header
    live: Snapshot
    undeclared: Mapping[str, tuple[Fields, ...] | int] = field(default_factory=dict)
    credit: Mapping[str, Credit] = field(default_factory=dict)
    promises: Mapping[str, Promise] = field(default_factory=dict)


class Fate(Enum):
    """The fate of a row in a restore."""

    RESTORED = "restored"
    DIFFERENT = "restored differently"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Accounted:
    """The fate of one row of a recovery snapshot.

    `what` names it for a person, `code` is a diagnostic code and `how` a sentence without its full stop that says how
    it differs, or why it is lost; both empty where it is restored. `money` is the cost to the customer (above zero) or
    to the seller (below) by currency; empty where nobody loses any, or where it can't be known and `how` says so.
    `count` is above 1 where the line is for several usage events of a customer, and 0 where it only adds money to
    another line of its row.
    """

    kind: str
    row_id: str
    what: str
    fate: Fate
    code: str = ""
    how: str = ""
    customer: str | None = None
    money: Mapping[str, Decimal] = field(default_factory=dict)
    count: int = 1
