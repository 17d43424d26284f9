"""The times at which the changes of a plan file take effect, and the parts of it that are one wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from billsync.core.changes.planned import note, time_shown
from billsync.model.address import Address
from billsync.model.change import Change, Outcome, PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.moment import moment_text, parse_moment
from billsync.report.impact.moving import CHANGED, IMMEDIATE
from billsync.report.migration.waves import Share

FROM = "active_from"
STAYING = (Outcome.NOTE, Outcome.WAITING)
"""The outcomes of subscriptions that stay as they are; they are in no wave."""


@dataclass(frozen=True, slots=True)
class Wave:
    """The part of a migration that is carried out together: its changes and steps, and the times of their effect,
    None for one that the server doesn't show."""

    share: Share
    plan: PlanFile
    effects: Mapping[Address, datetime | None]

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


def effects(plan: PlanFile, now: datetime) -> Mapping[Address, datetime | None]:
    """The times at which pending changes take effect; None for a renewal whose time the server doesn't show."""
    steps = {step.id: step for step in plan.steps}
    return {change.address: _effect(change, steps, now) for change in plan.pending}


def _effect(change: Change, steps: Mapping[str, Step], now: datetime) -> datetime | None:
    made = [step for name in change.steps if (step := steps.get(name)) and step.verb in CHANGED]
    if change.timing == IMMEDIATE or not made:
        return now
    return parse_moment(str(made[-1].after.facts.get(FROM)))


def too_early(
    found: Mapping[Address, datetime | None], not_before: datetime | None, now: datetime
) -> tuple[Change, ...]:
    """Notes on subscriptions whose change would, or may, take effect before a date: they are left for a later run."""
    if not_before is None:
        return ()
    return tuple(
        note(address, code="later-run", reason=f"it would move at {time_text(at)}, {_before(at)}").change
        for address, at in found.items()
        if (at or now) < not_before
    )


def time_text(at: datetime | None) -> str:
    """A time of effect in words."""
    return time_shown(moment_text(at) if at else None)


def _before(at: datetime | None) -> str:
    return "before the date given" if at else "perhaps before the date given"


def wave(share: Share, plan: PlanFile, members: Sequence[Address], found: Mapping[Address, datetime | None]) -> Wave:
    """The wave of these subscriptions in their order, out of the plan file of all."""
    place = {address: number for number, address in enumerate(members)}
    own_changes = (one for one in plan.changes if one.address in place and one.outcome not in STAYING)
    changes = sorted(own_changes, key=lambda one: place[one.address])
    steps = {step.id: step for step in plan.steps}
    own = tuple(steps[name] for change in changes for name in change.steps)
    part = replace(plan, changes=tuple(changes), steps=own, guards=())
    return Wave(share, part, {at: found[at] for at in (change.address for change in part.pending)})
