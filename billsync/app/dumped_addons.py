"""Reads the add-ons of live subscriptions, for a dump's notes.

Every running subscription of a plan version that offers add-ons is asked: its row doesn't show those that begin later
(customer-facts.md §5.4). That is as many requests as the dump makes for grants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from billsync.app.connection import Connection
from billsync.app.plan_shelf import PlanShelf
from billsync.core.index import Index, index, is_over
from billsync.core.ownership import KEY, labels_of
from billsync.kinds.registry import KINDS
from billsync.live.paging import Refused
from billsync.live.snapshot import LISTS_AT_ONCE
from billsync.live.threads import reading_threads
from billsync.model.address import Address
from billsync.model.malformed import Malformed
from billsync.model.note import Note
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.billing.attached import Attached, parse_attached, parse_own_items
from billsync.report.dump.beyond_plan import BeyondPlan, beyond_plan, told

SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class _Running:
    """A running subscription, and the keys of its items that aren't its plan's. `offered`: it may have add-ons."""

    name: str
    id: str
    items: frozenset[str]
    offered: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """The add-ons that a subscription has or had; or why they can't be read."""

    addons: tuple[Attached, ...] = ()
    problem: str = ""


def addon_notes(connection: Connection, snapshot: Snapshot) -> tuple[Note, ...]:
    """A note for each thing that subscriptions have outside their plans. Raises RemoteError."""
    found = index(snapshot, KINDS, connection.routes)
    shelf = PlanShelf(connection, snapshot, found)
    running = tuple(_running(found, shelf))
    with reading_threads(LISTS_AT_ONCE) as threads:
        answers = tuple(threads.map(lambda one: _asked(connection, one), running))
    keys = {each.addon_id: shelf.addon_key(each.addon_id) for answer in answers for each in answer.addons}
    now = connection.clock.now()
    return told(
        BeyondPlan(one.name, problem=answer.problem)
        if answer.problem
        else beyond_plan(one.name, one.items, answer.addons, keys=keys, now=now)
        for one, answer in zip(running, answers, strict=True)
    )


def _running(found: Index, shelf: PlanShelf) -> Iterator[_Running]:
    kind = KINDS[SUBSCRIPTION]
    for parent, rows in found.chains.items():
        for row in rows:
            plan_id = _plan_id(row.fields)
            if plan_id and not is_over(kind, row.fields):
                key = str(labels_of(row.fields).get(KEY, kind.default_key))
                name = Address(SUBSCRIPTION, (*parent.names, key)).text
                items = _own_items(row.fields, shelf.known_plan(plan_id))
                yield _Running(name, row.id, items, shelf.offers(plan_id) != ())


def _own_items(row: Fields, plan: Fields | None) -> frozenset[str]:
    """The subscription's items beyond its plan; empty if its plan version was deleted, or a row can't be decoded."""
    own = parse_own_items(row, plan) if plan else frozenset()
    return frozenset() if isinstance(own, Malformed) else own


def _plan_id(row: Fields) -> str:
    return str(row.get("plan_id") or (row.get("plan") or {}).get("id") or "")


def _asked(connection: Connection, one: _Running) -> _Answer:
    """The add-ons of a subscription, or why they can't be read. Raises RemoteError."""
    if not one.offered:
        return _Answer()
    try:
        addons = parse_attached(connection.addons_of(one.id), {})
    except Refused as refused:
        return _Answer(problem=str(refused.status))
    if isinstance(addons, Malformed):
        return _Answer(problem="not in the form of API v3")
    return _Answer(addons)
