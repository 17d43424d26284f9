"""The subscribers that changes of prices reach, with their old and their new cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from sys import intern

from billsync.core.observed.index import version_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.state import Row
from billsync.report.billing.alike import ByIdentity
from billsync.report.billing.subscribed import UNSHOWN, Subscribed, unreadable
from billsync.report.impact.concerns import Concerns, concerns_at, may_have_any, with_dropped
from billsync.report.impact.live import Live
from billsync.report.impact.meter_slices import other_cadences, unmetered
from billsync.report.impact.moving import starts
from billsync.report.impact.price_changes import PLAN, PriceChanges
from billsync.report.impact.reached import MigrationStatus, Reached
from billsync.report.impact.reached_addons import Candidate, unread
from billsync.report.impact.repricing import PlanCards, Repriced, repriced
from billsync.report.impact.subscribers import Identity, Subscriber, addons_declared
from billsync.report.impact.targets import Target

NO_PLAN = "its present plan can't be read"


def reach(changes: PriceChanges, live: Live) -> Iterator[Reached | Candidate]:
    """Each subscriber that a change reaches, with its new cards, or may reach, as a candidate."""
    known = _Known(changes, live)
    for one in live.subscribers:
        yield from _reached(one, known)


@dataclass(frozen=True, slots=True)
class _Known:
    """Both sides' facts that are equal for many subscribers, computed once."""

    changes: PriceChanges
    live: Live
    targets: dict[str, Target | None] = field(default_factory=dict)
    by_version: dict[tuple[str, Address | None], Concerns] = field(default_factory=dict)
    by_cards: ByIdentity[tuple[Repriced, str]] = field(default_factory=ByIdentity)

    def target(self, one: Identity) -> Target | None:
        """The plan version that a subscriber will get, or None if it keeps its version."""
        row = self.changes.version_meant(one)
        if row and row.id not in self.targets:
            self.targets[row.id] = live_target(row, self.live)
        return (self.targets[row.id] if row else None) or self.changes.plan_meant(one)

    def repriced(self, before: Subscribed, target: Target, own: PlanCards) -> tuple[Repriced, str]:
        """A subscription with the target's cards, but for its ids, and why both sides can't be compared, if so."""

        def work_out() -> tuple[Repriced, str]:
            after = repriced(before, target.cards, own)
            sides = before, after.subscribed
            return after, other_cadences(*sides) or unmetered(*sides, self.live.catalog)

        return self.by_cards.of((before.timeline, before.slots, target.cards, own), work_out)

    def concerns(self, one: Subscriber, target: Target | None) -> Concerns:
        """The concerns of a subscriber that will get a target."""
        plan_id = one.identity.plan_id
        if not plan_id or not (self.changes.addons or target) or not may_have_any(one, self.live):
            return Concerns()
        place = plan_id, target.address if target else None
        if place not in self.by_version:
            self.by_version[place] = concerns_at(plan_id, target, self.changes, self.live)
        return self.by_version[place]


def live_target(plan: Row, live: Live) -> Target | None:
    """A plan version that is live; None if its cards can't be rated."""
    cards = live.cards_of(plan.id)
    if cards is None:
        return None
    offers = live.offers_of(plan.id)
    return Target(
        Address(PLAN, (str(plan.fields["key"]),), version_of(plan)),
        cards,
        str(plan.fields["billing_cadence"]),
        {live.addon_keys[server_id]: offered for server_id, offered in offers.items()},
        {live.addon_keys[server_id]: server_id for server_id in offers},
    )


def _reached(one: Subscriber, known: _Known) -> Iterator[Reached | Candidate]:
    target = known.target(one.identity)
    concerns = _concerns(one, target, known)
    if target is None and not concerns:
        return
    if isinstance(one.subscribed, Malformed):
        yield from _unread(one, target, concerns, _why_unread(one.subscribed), known)
        return
    now, before = known.live.now, one.subscribed
    if before.period_at(now).holds(now):
        plan = _by_plan(one.identity, before, target, known) if target else None
        if concerns:
            status = known.changes.status(one.identity, target) if target else MigrationStatus.STAYING
            since = plan.since if plan else None
            yield Candidate(one.identity, before, concerns, status, target, plan, since)
        elif plan:
            yield plan


def _why_unread(found: Malformed) -> str:
    if found == UNSHOWN:
        return "this server shows neither its phases nor its start, so that what it pays isn't known"
    return f"its row can't be read ({found.text})"


def _concerns(one: Subscriber, target: Target | None, known: _Known) -> Concerns:
    """The concerns of a subscriber; with what its move drops, if this run makes it."""
    identity, concerns = one.identity, known.concerns(one, target)
    is_moving = target is not None and known.changes.status(identity, target) is MigrationStatus.MOVING
    if not is_moving or not known.changes.drops_addons(identity) or not may_have_any(one, known.live):
        return concerns
    return with_dropped(concerns, identity.plan_id, addons_declared(identity), known.live)


def _unread(
    one: Subscriber, target: Target | None, concerns: Concerns, problem: str, known: _Known
) -> Iterator[Reached]:
    nothing = unreadable(one.identity.id, one.identity.customer_id, known.live.now)
    if target:
        yield _by(one.identity, target, MigrationStatus.STAYING, nothing, problem)
    yield from unread(Candidate(one.identity, nothing, concerns), problem)


def _by_plan(one: Identity, before: Subscribed, target: Target, known: _Known) -> Reached:
    status, own = known.changes.status(one, target), known.live.cards_of(one.plan_id)
    if own is None:
        return _by(one, target, status, before, NO_PLAN)
    after, problem = known.repriced(before, target, own)
    return Reached(
        "/".join(one.names),
        one.names[0],
        intern(target.address.text),  # one text for all who reach it
        status,
        before,
        after.subscribed,
        problem,
        () if problem else after.notes,
        since=_since(one, before, status, known),
    )


def _since(one: Identity, before: Subscribed, status: MigrationStatus, known: _Known) -> datetime | None:
    """The moment from which a move of this run counts; None for at once, and where nothing moves."""
    moving = known.changes.moving(one) if status is MigrationStatus.MOVING else None
    return starts(moving.timing, before.renewal_after(known.live.now)) if moving else None


def _by(one: Identity, target: Target, status: MigrationStatus, before: Subscribed, problem: str) -> Reached:
    return Reached("/".join(one.names), one.names[0], intern(target.address.text), status, before, before, problem)
