"""Reads the settlement modes of the live subscriptions of plans that declare one, as far as they are few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from billsync.app.server.connection import Connection
from billsync.core.changes.read_set import subscribers_read
from billsync.core.observed.index import Index, is_over, version_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.state import Desired, Entity, Row, Snapshot
from billsync.model.value import Fields
from billsync.report.moves.plan_ids import plan_id_of
from billsync.report.moves.settlement import Settled

PLAN, SUBSCRIPTION, MODE = "plan", "subscription", "settlement_mode"
Known: TypeAlias = Mapping[str, Sequence[Fields]]

FEW = 200
"""Up to this many subscriptions of a plan version are read only for this."""


def read_settled(connection: Connection, desired: Desired, snapshot: Snapshot, found: Index) -> tuple[Settled, ...]:
    """The settlement modes of live subscriptions, by declared plan that the run is about. Raises RemoteError."""
    selection = desired.selection
    declared = (entity for entity in desired.entities if entity.address.kind == PLAN and entity.fields.get(MODE))
    plans = [entity for entity in declared if selection.includes(entity.address)]
    known = _by_plan(snapshot) if plans else {}
    passed = desired.passed.pinned
    return tuple(
        _settled(connection, plan, found.versions.get(plan.address, ()), snapshot, known, passed) for plan in plans
    )


def _by_plan(snapshot: Snapshot) -> Known:
    """The live subscriptions that were read for the comparison, by the ids of their plan versions."""
    rows: dict[str, list[Fields]] = defaultdict(list)
    for row in snapshot.of(SUBSCRIPTION):
        if not is_over(KINDS[SUBSCRIPTION], row.fields):
            rows[plan_id_of(row.fields)].append(row.fields)
    return rows


def _settled(
    connection: Connection,
    plan: Entity,
    versions: Iterable[Row],
    snapshot: Snapshot,
    known: Known,
    passed: Mapping[Address, int],
) -> Settled:
    """The modes of a plan's subscriptions: those of rows, and as many of the declared mode as were passed."""
    modes: list[str] = []
    unread = 0
    for row in versions:
        count = snapshot.counts.get(subscribers_read(KINDS[SUBSCRIPTION], row.id), 0)
        rows, equal = known.get(row.id, ()), passed.get(plan.address.at(version_of(row)), 0)
        if len(rows) + equal < count <= FEW:
            rows, equal = _read(connection, row.id), 0
        modes += [*(str(one.get(MODE, "")) for one in rows), *(equal * [str(plan.fields[MODE])])]
        unread += max(0, count - len(rows) - equal)
    return Settled(plan.address, str(plan.fields[MODE]), tuple(modes), unread)


def _read(connection: Connection, plan_id: str) -> Sequence[Fields]:
    routes = connection.routes[SUBSCRIPTION]
    query = subscribers_read(KINDS[SUBSCRIPTION], plan_id).query
    rows = connection.listed(routes.collection, query, listing=routes.listing)
    return tuple(row for row in rows if not row.get("deleted_at"))
