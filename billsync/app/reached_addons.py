"""Which live subscriptions have an add-on that changes, and what is left or comes in its place. It rates nothing.

Only the subscription's own list says what it has: so it is asked for where the plan version offers such an add-on and
the items differ from that plan's cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billsync.app.addon_changes import AddonChange, Concerns
from billsync.app.connection import Connection
from billsync.app.meter_slices import unmetered
from billsync.app.metering import Catalog
from billsync.app.subscribers import Subscriber
from billsync.app.targets import Target
from billsync.live.paging import Refused
from billsync.model.malformed import Malformed, MalformedRow
from billsync.report.billing.attached import Attached, parse_attached
from billsync.report.billing.subscribed import Subscribed
from billsync.report.impact.addon_repricing import UNREAD, Unclear, with_new_addon
from billsync.report.impact.offers import refusals
from billsync.report.impact.reached import COMBINED, MigrationStatus, Reached

LATER = "it gets the add-on only later"
LIMITS_UNREAD = "add-ons that can't be read, so it isn't known whether the server would attach them again"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live subscription that may have add-ons that concern it.

    `target` is the plan that it is to get, and `plan` what that is for it, to which its add-ons may add a note.
    """

    subscriber: Subscriber
    before: Subscribed
    concerns: Concerns
    standing: MigrationStatus = MigrationStatus.STAYING
    target: Target | None = None
    plan: Reached | None = None


class AttachedAddons:
    """What candidates have: one list each is read."""

    def __init__(self, connection: Connection, catalog: Catalog, now: datetime) -> None:
        self._connection = connection
        self._catalog = catalog
        self._now = now

    def reached(self, one: Candidate) -> Iterator[Reached]:
        """What the changes make of a subscription: of its plan, and of each of the add-ons that it has."""
        try:
            mine = self._attached(one)
        except Refused as refused:
            yield from unread(one, f"{UNREAD} ({refused.status})")
            return
        if isinstance(mine, Malformed):
            yield from unread(one, UNREAD)
            return
        notes = self._notes(one, mine)
        limits = tuple(note for key in sorted(notes) for note in notes[key])
        if one.plan:
            yield _noted(one.plan, (*self._lost(one, mine), *limits))
        for change in one.concerns.changes:
            if has := self._in_force(mine, change):
                changed = self._changed(one, change, has)
                yield changed if change.goes else _noted(changed, notes.get(change.address.key, ()))
            elif self._is_ahead(mine, change):
                yield _told(one, change, one.before, LATER)
        if not any(self._is_ahead(mine, change) for change in one.concerns.changes):
            yield from self._together(one, mine, limits)

    def _together(self, one: Candidate, mine: Sequence[Attached], limits: tuple[str, ...]) -> Iterator[Reached]:
        """Everything that a move would mean at once, unless that is one change, or one of them can't be rated."""
        changes = [(change, has) for change in one.concerns.changes if (has := self._in_force(mine, change))]
        if len(changes) + (one.plan is not None) < 2 or (one.plan and one.plan.problem):
            return
        after, notes = (one.plan.after, one.plan.notes) if one.plan else (one.before, ())
        for change, has in changes:
            changed = self._changed(replace(one, before=after), change, has)
            if changed.problem:
                return
            after = changed.after
        notes = (*notes, *limits)
        yield Reached(*_names(one), COMBINED, one.standing, one.before, after, notes=notes, is_part=True)

    def _in_force(self, mine: Sequence[Attached], change: AddonChange) -> Sequence[Attached]:
        """What it has of an add-on that changes, if it has some of it now."""
        has = [each for each in mine if each.addon_id in change.ids]
        return has if any(each.at(self._now) for each in has) else ()

    def _is_ahead(self, mine: Sequence[Attached], change: AddonChange) -> bool:
        """Whether it will have some of it, and has none now."""
        return not self._in_force(mine, change) and any(
            each.is_ahead(self._now) for each in mine if each.addon_id in change.ids
        )

    def _attached(self, one: Candidate) -> Sequence[Attached] | Malformed:
        return parse_attached(self._connection.addons_of(one.before.id), self._catalog.features)

    def _notes(self, one: Candidate, mine: Sequence[Attached]) -> Mapping[str, tuple[str, ...]]:
        """By an add-on's key, why it could not be attached again after a move."""
        plan = one.target.address.text if one.target else ""
        found = {}
        for each in mine:
            narrowed, now = one.concerns.narrowed.get(each.addon_id), each.at(self._now)
            if narrowed and now:
                why = refusals(narrowed.new, narrowed.old, addon=narrowed.addon, plan=plan, quantity=now.quantity)
                found[narrowed.addon] = tuple(why)
        return found

    def _lost(self, one: Candidate, mine: Sequence[Attached]) -> Iterator[str]:
        """What it has that its new plan doesn't offer."""
        has = {each.addon_id for each in mine if each.at(self._now)}
        for change in one.concerns.changes:
            if one.target and change.goes and change.address.key not in one.target.offers and change.ids & has:
                yield f"{change.address.key}, which {one.target.address.text} doesn't offer: here counted on both sides"

    def _changed(self, one: Candidate, change: AddonChange, has: Sequence[Attached]) -> Reached:
        after, features = one.before, self._catalog.features
        try:
            for each in has:
                after = with_new_addon(after, each, lambda phase: change.cards(phase, features), now=self._now)
        except Unclear as unclear:
            return _told(one, change, one.before, str(unclear))
        except MalformedRow:
            return _told(one, change, one.before, UNREAD)
        return _told(one, change, after, unmetered(one.before, after, self._catalog))


def unread(one: Candidate, problem: str) -> Iterator[Reached]:
    """Where it can't be known what a candidate has: everything that may concern it, with the reason."""
    if one.plan:
        yield _noted(one.plan, (LIMITS_UNREAD,) if one.concerns.narrowed else ())
    yield from (_told(one, change, one.before, problem) for change in one.concerns.changes)


def _noted(one: Reached, notes: tuple[str, ...]) -> Reached:
    return one if one.problem else replace(one, notes=(*one.notes, *notes))


def _told(one: Candidate, change: AddonChange, after: Subscribed, problem: str) -> Reached:
    told = Reached(*_names(one), change.address.text, one.standing, one.before, after, problem)
    return replace(told, because=change.because, is_part=True)


def _names(one: Candidate) -> tuple[str, str]:
    return "/".join(one.subscriber.names), one.subscriber.names[0]
