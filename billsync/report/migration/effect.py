"""The times at which the changes of a plan file take effect, and the parts of it that are one wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billsync.core.planned import note
from billsync.model.address import Address
from billsync.model.change import Change, Outcome, PlanFile, Step
from billsync.model.moment import moment_text, parse_moment
from billsync.report.impact.moving import CHANGED, IMMEDIATE
from billsync.report.migration.waves import Share

FROM = "active_from"
STAYING = (Outcome.NOTE, Outcome.WAITING)
"""The outcomes of subscriptions that stay as they are; they are in no wave."""


@dataclass(frozen=True, slots=True)
class Wave:
    """The part of a migration that is carried out together: its changes and steps, and the times of their effect."""

    share: Share
    plan: PlanFile
    effects: Mapping[Address, datetime]

    @property
    def moving(self) -> tuple[Address, ...]:
        """The subscriptions that move."""
        return tuple(change.address for change in self.plan.pending)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The changes that can't be made."""
        return tuple(change for change in self.plan.changes if not change.is_pending)

    @property
    def size(self) -> int:
        """The number of its subscriptions."""
        return len(self.plan.changes)


def effects(plan: PlanFile, now: datetime) -> Mapping[Address, datetime]:
    """The times at which pending changes take effect; now, where that isn't known."""
    steps = {step.id: step for step in plan.steps}
    return {change.address: _effect(change, steps, now) for change in plan.pending}


def _effect(change: Change, steps: Mapping[str, Step], now: datetime) -> datetime:
    made = [step for name in change.steps if (step := steps.get(name)) and step.verb in CHANGED]
    if change.timing == IMMEDIATE or not made:
        return now
    return parse_moment(str(made[-1].after.facts.get(FROM))) or now


def too_early(found: Mapping[Address, datetime], not_before: datetime | None) -> tuple[Change, ...]:
    """Notes on subscriptions whose change would take effect before a date: they are left for a later run."""
    if not_before is None:
        return ()
    return tuple(
        note(address, code="later-run", reason=f"it would move at {moment_text(at)}, before the date given").change
        for address, at in found.items()
        if at < not_before
    )


def wave(share: Share, plan: PlanFile, members: Sequence[Address], found: Mapping[Address, datetime]) -> Wave:
    """The wave of these subscriptions in their order, out of the plan file of all."""
    place = {address: number for number, address in enumerate(members)}
    own_changes = (one for one in plan.changes if one.address in place and one.outcome not in STAYING)
    changes = sorted(own_changes, key=lambda one: place[one.address])
    steps = {step.id: step for step in plan.steps}
    own = tuple(steps[name] for change in changes for name in change.steps)
    part = replace(plan, changes=tuple(changes), steps=own, guards=())
    return Wave(share, part, {at: found[at] for at in (change.address for change in part.pending)})
