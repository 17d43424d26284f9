"""Changes of add-ons applied to a subscription that may have them, from its own list of add-ons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.report.billing.attached import Attached
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import Subscribed
from billsync.report.impact.addon_repricing import UNREAD, Unclear, with_new_addon
from billsync.report.impact.concerns import DROPPED, Concerns
from billsync.report.impact.meter_slices import unmetered
from billsync.report.impact.offers import refusals
from billsync.report.impact.price_changes import AddonChange
from billsync.report.impact.reached import COMBINED, MigrationStatus, Reached
from billsync.report.impact.subscribers import Identity
from billsync.report.impact.targets import Target

LATER = "it gets the add-on only later"
IF_IT_HAS_IT = f"if it has this one, it is {DROPPED}"
LIMITS_UNREAD = "add-ons that can't be read, so it isn't known whether the server would attach them again"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live subscription that may have add-ons that concern it.

    `target` is the plan that it will get, and `plan` the resulting concern, to which its add-ons may add a note.
    `since` is when a move takes effect, None for at once.
    """

    identity: Identity
    before: Subscribed
    concerns: Concerns
    standing: MigrationStatus = MigrationStatus.STAYING
    target: Target | None = None
    plan: Reached | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A subscription's add-ons can't be read; `why` says it for people."""

    why: str


AddonList: TypeAlias = tuple[Attached, ...] | Unread
"""The add-ons that a subscription has or had."""


def reached_with(one: Candidate, has: AddonList, catalog: Catalog, now: datetime) -> Iterator[Reached]:
    """Each change that reaches a candidate: of its plan, and of each of the add-ons that it has."""
    if isinstance(has, Unread):
        yield from unread(one, has.why)
        return
    owner = _Owner(one, has, catalog, now)
    notes = owner.notes()
    limits = tuple(note for key in sorted(notes) for note in notes[key])
    if one.plan:
        yield _noted(one.plan, (*owner.not_offered(), *limits))
    for change in one.concerns.changes:
        if owner.in_force(change):
            changed = owner.changed(change, one.before)
            yield changed if change.goes else _noted(changed, notes.get(change.address.key, ()))
        elif owner.is_ahead(change):
            yield _by(one, change, one.before, LATER)
    if not any(owner.is_ahead(change) for change in one.concerns.changes):
        yield from owner.combined(limits)


def unread(one: Candidate, problem: str) -> Iterator[Reached]:
    """All concerns that a candidate with unknown add-ons may have, with the reason.

    Whether it has an add-on that a move drops isn't known, so none is called lost.
    """
    if one.plan:
        yield _noted(one.plan, (LIMITS_UNREAD,) if one.concerns.narrowed else ())
    for change in one.concerns.changes:
        if change.because == DROPPED:
            why = problem if problem.startswith(UNREAD) else UNREAD
            yield replace(_by(one, change, one.before, f"{why}: {IF_IT_HAS_IT}"), because="")
        else:
            yield _by(one, change, one.before, problem)


@dataclass(frozen=True, slots=True)
class _Owner:
    """A candidate with the add-ons that it has or had."""

    one: Candidate
    has: Sequence[Attached]
    catalog: Catalog
    now: datetime

    def in_force(self, change: AddonChange) -> Sequence[Attached]:
        """Its attachments of an add-on that changes, if one is in force now."""
        has = [each for each in self.has if each.addon_id in change.ids]
        return has if any(each.at(self.now) for each in has) else ()

    def is_ahead(self, change: AddonChange) -> bool:
        """Whether the subscription has none of the add-on now, but will have later."""
        mine = [each for each in self.has if each.addon_id in change.ids]
        return not self.in_force(change) and any(each.is_ahead(self.now) for each in mine)

    def notes(self) -> Mapping[str, tuple[str, ...]]:
        """By an add-on's key, why it could not be attached again after a move."""
        plan = self.one.target.address.text if self.one.target else ""
        found = {}
        for each in self.has:
            narrowed, now = self.one.concerns.narrowed.get(each.addon_id), each.at(self.now)
            if narrowed and now:
                why = refusals(narrowed.new, narrowed.old, addon=narrowed.addon, plan=plan, quantity=now.quantity)
                found[narrowed.addon] = tuple(why)
        return found

    def not_offered(self) -> Iterator[str]:
        """A note for each of its add-ons that its new plan doesn't offer, or that is not attached again."""
        has = {each.addon_id for each in self.has if each.at(self.now)}
        target = self.one.target
        for change in self.one.concerns.changes:
            if target is None or not change.goes or not change.ids & has:
                continue
            if change.because == DROPPED:
                yield f"{change.address.key}, which is {DROPPED}: here counted on both sides"
            elif change.address.key not in target.offers:
                yield f"{change.address.key}, which {target.address.text} doesn't offer: here counted on both sides"

    def changed(self, change: AddonChange, before: Subscribed) -> Reached:
        """The subscription, as it is before, with the cards to come of an add-on that it has."""
        one, after = replace(self.one, before=before), before
        if isinstance(change.new, Malformed):
            return _by(one, change, before, UNREAD)
        try:
            for each in self.in_force(change):
                after = with_new_addon(after, each, change.cards, now=self.now)
        except Unclear as unclear:
            return _by(one, change, before, str(unclear))
        return _by(one, change, after, unmetered(before, after, self.catalog))

    def combined(self, limits: tuple[str, ...]) -> Iterator[Reached]:
        """Return the combined result of a move, unless it is one change, or one part can't be rated."""
        one, plan = self.one, self.one.plan
        changes = [change for change in one.concerns.changes if self.in_force(change)]
        if len(changes) + (plan is not None) < 2 or (plan and plan.problem):
            return
        after, notes = (plan.after, plan.notes) if plan else (one.before, ())
        for change in changes:
            changed = self.changed(change, after)
            if changed.problem:
                return
            after = changed.after
        notes = (*notes, *limits)
        found = Reached(*_names(one), COMBINED, one.standing, one.before, after, notes=notes, is_part=True)
        yield replace(found, since=one.since)


def _noted(one: Reached, notes: tuple[str, ...]) -> Reached:
    return one if one.problem else replace(one, notes=(*one.notes, *notes))


def _by(one: Candidate, change: AddonChange, after: Subscribed, problem: str) -> Reached:
    found = Reached(*_names(one), change.address.text, one.standing, one.before, after, problem)
    return replace(found, because=change.because, is_part=True, since=one.since)


def _names(one: Candidate) -> tuple[str, str]:
    return "/".join(one.identity.names), one.identity.names[0]
