"""Reads the settlement modes of the live subscriptions of plans that declare one, as far as they are few."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.app.connection import Connection
from billsync.core.index import Index, is_over
from billsync.core.read_set import subscribers_read
from billsync.kinds.registry import KINDS
from billsync.model.state import Desired, Entity, Snapshot
from billsync.model.value import Fields
from billsync.report.moves.settlement import Settled

PLAN, SUBSCRIPTION, MODE = "plan", "subscription", "settlement_mode"
FEW = 200
"""Up to this many subscriptions of a plan version are read only for this."""


def read_settled(connection: Connection, desired: Desired, snapshot: Snapshot, found: Index) -> tuple[Settled, ...]:
    """The settlement modes of live subscriptions, by declared plan. Raises RemoteError."""
    plans = [entity for entity in desired.entities if entity.address.kind == PLAN and entity.fields.get(MODE)]
    return tuple(_settled(connection, plan, snapshot, found) for plan in plans)


def _settled(connection: Connection, plan: Entity, snapshot: Snapshot, found: Index) -> Settled:
    modes: list[str] = []
    unread = 0
    for row in found.versions.get(plan.address, ()):
        count = snapshot.counts.get(subscribers_read(KINDS[SUBSCRIPTION], row.id), 0)
        rows = _known(snapshot, row.id)
        if len(rows) < count <= FEW:
            rows = _read(connection, row.id)
        modes += [str(one.get(MODE, "")) for one in rows]
        unread += max(0, count - len(rows))
    return Settled(plan.address, str(plan.fields[MODE]), tuple(modes), unread)


def _known(snapshot: Snapshot, plan_id: str) -> tuple[Fields, ...]:
    """The live subscriptions of a plan version that were read for the comparison."""
    rows = (row.fields for row in snapshot.of(SUBSCRIPTION))
    return tuple(row for row in rows if _plan_id(row) == plan_id and not is_over(KINDS[SUBSCRIPTION], row))


def _read(connection: Connection, plan_id: str) -> tuple[Fields, ...]:
    routes = connection.routes[SUBSCRIPTION]
    query = subscribers_read(KINDS[SUBSCRIPTION], plan_id).query
    rows = connection.listed(routes.collection, query, listing=routes.listing)
    return tuple(row for row in rows if not row.get("deleted_at"))


def _plan_id(row: Fields) -> str:
    """The id of a subscription's plan version, in the field of its own or in the plan's; empty if it shows none."""
    plan = row.get("plan")
    shown = (row.get("plan_id"), plan.get("id") if isinstance(plan, Mapping) else None)
    return next((one for one in shown if isinstance(one, str)), "")
