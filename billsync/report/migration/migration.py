"""A migration that is decided, and what has become of its waves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from billsync.model.address import Address
from billsync.model.change import Change, PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import dataclass
from billsync.model.result import Status, StepResult
from billsync.model.state import Snapshot
from billsync.report.impact.impact import Impact
from billsync.report.migration.effect import STAYING, Wave
from billsync.report.migration.notices import Notice
from billsync.report.migration.standing import Route

GOOD = (Status.DONE, Status.ALREADY)


@dataclass(frozen=True, slots=True)
class Migration:
    """The plan file of all waves with the notes on those that stay, each wave with its impact, notices, and counts.

    `timing` and `not_before` are as asked for, None without; `snapshot` is the live state that was read for it.
    `impacts` are as many as waves, or none where nothing moves; `losses` say in words what subscriptions lose.
    `findings` are warnings about what was asked for.
    """

    route: Route
    timing: str | None
    not_before: datetime | None
    plan: PlanFile
    waves: tuple[Wave, ...]
    impacts: tuple[Impact, ...]
    notices: tuple[Notice, ...]
    losses: Mapping[Address, tuple[str, ...]]
    counts: Mapping[str, int]
    snapshot: Snapshot
    findings: tuple[Diagnostic, ...] = ()

    @property
    def moving(self) -> int:
        """The number of subscriptions that move."""
        return sum(len(each.moving) for each in self.waves)

    @property
    def staying(self) -> tuple[Change, ...]:
        """The notes on selected subscriptions that no wave holds."""
        held = {change.address for each in self.waves for change in each.plan.changes}
        return tuple(one for one in self.plan.changes if one.address not in held and one.outcome in STAYING)


@dataclass(frozen=True, slots=True)
class WaveEnd:
    """Numbers of a wave's subscriptions after a run, or so far. `pending` are those whose turn has not come."""

    moved: int
    failed: int
    refused: int
    pending: int

    @property
    def state(self) -> str:
        """`done`, `failed`, `partly` (the run ended in the middle of it), or `pending`."""
        if self.failed:
            return "failed"
        if self.pending:
            return "partly" if self.moved else "pending"
        return "done"


def wave_end(one: Wave, results: Mapping[str, StepResult]) -> WaveEnd:
    """The numbers of a wave, from the results of the run's steps by their ids."""
    ends = [_end(change, results) for change in one.plan.pending]
    return WaveEnd(ends.count(_MOVED), ends.count(_FAILED), len(one.refused), ends.count(_PENDING))


_MOVED, _FAILED, _PENDING = "moved", "failed", "pending"


def _end(change: Change, results: Mapping[str, StepResult]) -> str:
    found: Iterable[StepResult | None] = [results.get(name) for name in change.steps]
    statuses = [one.status if one else None for one in found]
    if all(status in GOOD for status in statuses):
        return _MOVED
    return _PENDING if all(status is None or status in GOOD for status in statuses) else _FAILED
