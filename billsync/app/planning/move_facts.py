"""Reads the facts of a run's changes of subscriptions: plan versions, the server's time, and billing.

A run that begins, changes and ends no subscription, and creates no customer with money, needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.app.planning.pipeline import Comparison
from billsync.app.reading.billing import read_billing
from billsync.app.reading.deleted_customers import read_deleted
from billsync.app.reading.plan_shelf import PlanShelf
from billsync.app.reading.settlement import read_settled
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.core.changes.moved import with_moved
from billsync.core.observed.index import Index
from billsync.kinds.registry import KINDS
from billsync.model.state import Desired
from billsync.model.value import Fields
from billsync.report.impact.moving import PLAN, begun_by
from billsync.report.moves.changes import changings
from billsync.report.moves.ending import cancelled_by, endings
from billsync.report.moves.guards import MoveFacts, Sold
from billsync.report.moves.plan_ids import plan_id_of
from billsync.report.moves.quantities import quantities_set, quantity_changes
from billsync.report.moves.reattached import with_reattached
from billsync.report.moves.recreated import recreated
from billsync.report.moves.sides import FEATURE, Sides, moves_in
from billsync.report.moves.terms import PlanTerms


def read_move_facts(connection: Connection, desired: Desired, compared: Comparison, rows: Index) -> MoveFacts:
    """Read everything that the guards of changes and beginnings of subscriptions need; `rows` are those that were
    compared. Raises RemoteError."""
    begun = begun_by(compared.plan)
    found = with_moved(rows, desired.moved, KINDS)
    settled = read_settled(connection, desired, compared.snapshot, found)
    set_now = quantities_set(compared.plan, found)
    cancelled = cancelled_by(compared.plan, found)
    deleted = read_deleted(connection, desired, compared.plan)
    if not (begun or set_now or cancelled or deleted):
        return MoveFacts(connection.clock.now(), settled=settled)
    changing = changings(begun, found)
    is_asked = bool(changing or set_now or cancelled)
    now = servers_now_by_anybody(connection, compared.snapshot) if is_asked else connection.clock.now()
    shelf = PlanShelf(connection, compared.snapshot, found)
    pinned = {plan_id_of(one.before.fields) for one in changing if one.before}
    plans = {plan_id: shelf.plan(plan_id) for plan_id in sorted(pinned) if plan_id}
    named = _features(connection, found, plans.values()) if is_asked else {}
    sides = Sides(now, found, {entity.address: entity for entity in desired.entities}, plans, named)
    terms = {plan: sides.terms(plan) for plan in {one.plan for one in begun}}
    priced = [one for one in begun if isinstance(made := terms[one.plan], PlanTerms) and made.is_billable]
    return MoveFacts(
        now=now,
        moves=with_reattached(moves_in(changing, sides), compared.plan, sides),
        quantities=quantity_changes(set_now, sides),
        endings=endings(cancelled, sides),
        recreated=recreated(deleted, compared.plan, desired, sides),
        sold=tuple(Sold(one.address, one.customer) for one in priced),
        billing=read_billing(connection, found, {one.customer for one in priced}),
        settled=settled,
    )


def _features(connection: Connection, found: Index, plans: Iterable[Fields | None]) -> Mapping[str, str]:
    """The keys of all features by their ids, where plan versions show one that no file declares. Raises RemoteError."""
    compared = (row.fields for rows in found.versions.values() for row in rows if row.kind == PLAN)
    shown = {server_id for plan in (*compared, *plans) if plan for server_id in _feature_ids(plan)}
    if shown <= found.names.keys():
        return {}
    return {str(row["id"]): str(row["key"]) for row in connection.rows(FEATURE)}


def _feature_ids(plan: Fields) -> Iterable[str]:
    cards = (card for phase in plan.get("phases") or () for card in phase.get("rate_cards") or ())
    return (str(card["feature"]["id"]) for card in cards if card.get("feature"))
