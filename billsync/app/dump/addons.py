"""Reads the add-ons of live subscriptions for a dump.

Every running subscription of a plan version that offers add-ons is asked: its row doesn't show those that begin later
(customer-facts.md §5.4). That is as many requests as the dump makes for grants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from billsync.app.reading.plan_shelf import PlanShelf
from billsync.app.server.connection import Connection
from billsync.core.dump.losses import Loss
from billsync.core.observed.index import Index, index, is_over
from billsync.core.observed.ownership import KEY, labels_of
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields
from billsync.report.billing.attached import Attached, parse_attached, parse_own_items
from billsync.report.dump.beyond_plan import losses_beyond_plan, unread_addons

SUBSCRIPTION, ADDONS = "subscription", "addons"


@dataclass(frozen=True, slots=True)
class WithAddons:
    """A snapshot whose running subscriptions have their add-ons in their rows, and losses where no file can declare
    what they have."""

    snapshot: Snapshot
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class _Running:
    """A running subscription, and the keys of its items that aren't its plan's. `offered`: it may have add-ons."""

    address: Address
    id: str
    items: frozenset[str]
    offered: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """The add-ons that a subscription has or had, as rows and decoded; or why they can't be read."""

    rows: tuple[Fields, ...] = ()
    addons: tuple[Attached, ...] = ()
    problem: str = ""


def with_addons(connection: Connection, snapshot: Snapshot) -> WithAddons:
    """Read the add-ons of running subscriptions. Raises RemoteError."""
    found = index(snapshot, KINDS, connection.routes)
    running = tuple(_running(found, PlanShelf(connection, snapshot, found)))
    lists = connection.addons_of_all(one.id for one in running if one.offered)
    answers = tuple(_decoded(next(lists)) if one.offered else _Answer() for one in running)
    losses = tuple(chain.from_iterable(map(_losses, running, answers)))
    rows = {one.id: answer.rows for one, answer in zip(running, answers, strict=True) if answer.rows}
    return WithAddons(_with_rows(snapshot, rows), losses)


def _losses(running: _Running, answer: _Answer) -> Iterator[Loss]:
    if answer.problem:
        yield unread_addons(running.address, answer.problem)
    else:
        yield from losses_beyond_plan(running.address, running.items, answer.addons)


def _with_rows(snapshot: Snapshot, addons: dict[str, tuple[Fields, ...]]) -> Snapshot:
    def whole(row: Row) -> Row:
        return replace(row, fields={**row.fields, ADDONS: addons[row.id]}) if row.id in addons else row

    rows = {name: tuple(map(whole, members)) for name, members in snapshot.rows.items() if name == SUBSCRIPTION}
    return replace(snapshot, rows={**snapshot.rows, **rows})


def _running(found: Index, shelf: PlanShelf) -> Iterator[_Running]:
    kind = KINDS[SUBSCRIPTION]
    for parent, rows in found.chains.items():
        for row in rows:
            plan_id = _plan_id(row.fields)
            if plan_id and not is_over(kind, row.fields):
                key = str(labels_of(row.fields).get(KEY, kind.default_key))
                address = Address(SUBSCRIPTION, (*parent.names, key))
                items = _own_items(row.fields, shelf.known_plan(plan_id))
                yield _Running(address, row.id, items, shelf.offers(plan_id) != ())


def _own_items(row: Fields, plan: Fields | None) -> frozenset[str]:
    """The subscription's items beyond its plan; empty if its plan version was deleted, or a row can't be decoded."""
    own = parse_own_items(row, plan) if plan else frozenset()
    return frozenset() if isinstance(own, Malformed) else own


def is_as_its_plan(row: Fields, plans: Mapping[str, Fields]) -> bool:
    """Whether a subscription has its plan's items alone and can have no add-ons, as far as these plans are known.

    One that is over isn't looked at.
    """
    if is_over(KINDS[SUBSCRIPTION], row):
        return True
    plan = plans.get(_plan_id(row))
    if plan is None or plan.get(ADDONS) is None or plan[ADDONS]:
        return False
    return parse_own_items(row, plan) == frozenset()


def _plan_id(row: Fields) -> str:
    return str(row.get("plan_id") or (row.get("plan") or {}).get("id") or "")


def _decoded(rows: tuple[Fields, ...] | Refused) -> _Answer:
    """The add-ons of a subscription, or why they can't be read."""
    if isinstance(rows, Refused):
        return _Answer(problem=str(rows.status))
    addons = parse_attached(rows, {})
    if isinstance(addons, Malformed):
        return _Answer(problem="not in the form of API v3")
    return _Answer(rows, addons)
