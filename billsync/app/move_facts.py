"""Reads the facts of a run's changes of subscriptions: plan versions, add-ons, the server's time, and billing.

A run that begins and changes no subscription needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from billsync.app.billing_facts import read_billing
from billsync.app.connection import Connection
from billsync.app.pipeline import Comparison
from billsync.app.plan_shelf import PlanShelf
from billsync.app.server_time import servers_now_by_anybody
from billsync.app.settlement_facts import read_settled
from billsync.core.index import index
from billsync.core.moved import with_moved
from billsync.kinds.registry import KINDS
from billsync.live.paging import Refused
from billsync.live.snapshot import LISTS_AT_ONCE
from billsync.live.threads import reading_threads
from billsync.model.address import Address
from billsync.model.malformed import Malformed
from billsync.model.state import Desired
from billsync.report.billing.attached import parse_attached
from billsync.report.impact.addon_repricing import UNREAD
from billsync.report.moves.changes import Changing, beginnings, changings
from billsync.report.moves.guards import MoveFacts, Sold
from billsync.report.moves.lost import Attachments, addons_declared
from billsync.report.moves.sides import Sides, moves_in, plan_id_of
from billsync.report.moves.terms import PlanTerms


def read_move_facts(connection: Connection, desired: Desired, compared: Comparison) -> MoveFacts:
    """Read everything that the guards of changes and beginnings of subscriptions need. Raises RemoteError."""
    begun = beginnings(compared.plan)
    found = with_moved(index(compared.snapshot, KINDS, connection.routes), desired.moved, KINDS)
    settled = read_settled(connection, desired, compared.snapshot, found)
    if not begun:
        return MoveFacts(connection.clock.now(), settled=settled)
    changing = changings(compared.plan, found)
    now = servers_now_by_anybody(connection, compared.snapshot) if changing else connection.clock.now()
    shelf = PlanShelf(connection, compared.snapshot, found)
    plans = {plan_id: shelf.plan(plan_id) for one in changing if one.running and (plan_id := plan_id_of(one.running))}
    sides = Sides(now, found, {entity.address: entity for entity in desired.entities}, plans)
    terms = {plan: sides.terms(plan) for plan in {one.plan for one in begun}}
    priced = [one for one in begun if isinstance(made := terms[one.plan], PlanTerms) and made.is_billable]
    return MoveFacts(
        now=now,
        moves=moves_in(changing, sides),
        attachments=_attachments(connection, desired, changing, sides.features, shelf),
        sold=tuple(Sold(one.address, one.customer) for one in priced),
        billing=read_billing(connection, found, {one.customer for one in priced}),
        settled=settled,
    )


def _attachments(
    connection: Connection,
    desired: Desired,
    changing: Iterable[Changing],
    features: Mapping[str, str],
    shelf: PlanShelf,
) -> Mapping[Address, Attachments]:
    """The add-ons of each link that ends, one request each, and those that are attached again: the declared ones."""
    running = {one.address: one.running.id for one in changing if one.running}
    with reading_threads(LISTS_AT_ONCE) as threads:
        read = threads.map(lambda server_id: _attached(connection, server_id, features), running.values())
        found = dict(zip(running, read, strict=True))
    kept = {entity.address: addons_declared(entity) for entity in desired.entities if entity.address in running}
    return {
        address: replace(
            one,
            keys={each.addon_id: shelf.addon_key(each.addon_id) for each in one.has},
            kept=kept.get(address, frozenset()),
        )
        for address, one in found.items()
    }


def _attached(connection: Connection, server_id: str, features: Mapping[str, str]) -> Attachments:
    try:
        has = parse_attached(connection.addons_of(server_id), features)
    except Refused as refused:
        return Attachments(problem=f"{UNREAD} ({refused.status})")
    return Attachments(problem=f"{UNREAD} ({has.text})") if isinstance(has, Malformed) else Attachments(has)
