"""The one neutral outline of a plan file, with its results after a run. Every format is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.model.address import Address
from billsync.model.change import Action, Change, Effect, FieldChange, Guard, Outcome, PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.result import Report, Status, StepResult
from billsync.model.since import Since
from billsync.model.value import Fields
from billsync.render.formats.words import name_of, title_of

UNKNOWN: Mapping[Address, str] = {}
TROUBLE = (Status.FAILED, Status.STALE, Status.BLOCKED)


@dataclass(frozen=True, slots=True)
class Item:
    """One change, note or refusal.

    `old` and `new` are the entity's views where the steps hold them. `status` and `trouble` are there after a run.
    `timing` says when the change of a chain takes effect: `immediate`, `at_renewal`, or a time. `since` is when the
    server last changed the entity, where that was asked for and it says so. `count` is how many changes it stands for,
    where customers aren't named. `address` is the entity's, unless names are left out.
    """

    kind: str
    name: str
    action: Action
    verb: str
    outcome: Outcome
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    hint: str = ""
    code: str = ""
    old: Fields | None = None
    new: Fields | None = None
    status: Status | None = None
    trouble: str = ""
    timing: str = ""
    effect: Effect | None = None
    staying: int | None = None
    lasting: str = ""
    since: str = ""
    count: int = 1
    address: Address | None = None

    @property
    def changed_at(self) -> str:
        """The time when the server last changed it, as a phrase; empty where that isn't known."""
        return f"last changed there at {self.since}" if self.since else ""

    @property
    def counts(self) -> bool:
        """Whether it is one of the changes that will be made, or after a run, was made."""
        return self.outcome is Outcome.PENDING and self.status not in TROUBLE


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by outcome; the first three are the changes to be made or, after a run, those made. `already` are those
    that the run found done."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    already: int = 0
    refused: int = 0
    blocked: int = 0
    waiting: int = 0
    unmanageable: int = 0
    notes: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole output of a run, in the order in which it is shown. `drift` is the number of entities that aren't as
    the files say, where that was asked; `selection` is the part of the files that the run is about, empty for all.
    `since` says of a comparison since a commit what it takes in."""

    target: str
    owner: str | None
    mode: str
    changes: tuple[Item, ...]
    told: tuple[Item, ...]
    guards: tuple[Guard, ...]
    summary: Summary
    drift: int | None = None
    selection: tuple[str, ...] = ()
    since: Since | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """Return changes first, then notes and refusals."""
        return self.changes + self.told


def outline(plan: PlanFile, report: Report | None = None, *, since: Mapping[Address, str] = UNKNOWN) -> Outline:
    """The outline of a plan file; with a report, of the run that carried it out. `since` goes to the items."""
    steps = {step.id: step for step in plan.steps}
    results = {result.step.id: result for result in report.results} if report else {}
    found = tuple((_item(change, steps, results), since.get(change.address, "")) for change in plan.changes)
    items = tuple(replace(item, since=time) if time else item for item, time in found)
    changes = tuple(item for item in items if item.outcome is Outcome.PENDING)
    told = tuple(item for item in items if item.outcome is not Outcome.PENDING)
    summary = _summary(items)
    return Outline(
        plan.target,
        plan.owner,
        plan.mode,
        changes,
        told,
        plan.guards,
        summary,
        selection=plan.selection,
        since=plan.since,
    )


def _item(change: Change, steps: Mapping[str, Step], results: Mapping[str, StepResult]) -> Item:
    own = [steps[name] for name in change.steps if name in steps]
    ended = [results[name] for name in change.steps if name in results]
    return Item(
        address=change.address,
        kind=change.address.kind,
        name=name_of(change.address),
        action=change.action,
        verb=change.verb,
        outcome=change.outcome,
        fields=change.fields,
        reason=change.reason,
        hint=change.hint,
        code=change.code,
        old=own[0].before.view or change.old if own else None,
        new=own[-1].after.view if own else None,
        status=_status(ended),
        trouble=_trouble(ended, results),
        timing=change.timing,
        effect=change.effect,
        staying=change.staying,
        lasting=change.lasting,
    )


def _status(results: Iterable[StepResult]) -> Status | None:
    """The worst that became of a change's steps."""
    found = {result.status for result in results}
    worst_first = (Status.FAILED, Status.STALE, Status.BLOCKED, Status.DONE, Status.ALREADY)
    return next((status for status in worst_first if status in found), None)


def _trouble(ended: Iterable[StepResult], results: Mapping[str, StepResult]) -> str:
    """Return the reason why a change was not carried out: the block of its first undone step, or that step's error."""
    first = next((result for result in ended if result.status in TROUBLE), None)
    if first is None:
        return ""
    cause = results.get(first.cause or "")
    return f"{title_of(cause.step.address)} was not done" if cause else first.reason


def _summary(items: Iterable[Item]) -> Summary:
    counts = dict.fromkeys(Summary.__slots__, 0)
    for item in items:
        counts[_counted_as(item)] += 1
    return Summary(**counts)


def _counted_as(item: Item) -> str:
    if item.outcome is Outcome.PENDING:
        return _BY_STATUS.get(item.status, _BY_ACTION[item.action])
    return _BY_OUTCOME[item.outcome]


_BY_ACTION = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted", Action.NONE: "notes"}
_BY_STATUS: Mapping[Status | None, str] = {
    Status.ALREADY: "already",
    Status.BLOCKED: "blocked",
    Status.FAILED: "failed",
    Status.STALE: "failed",
}
_BY_OUTCOME = {
    Outcome.REFUSED: "refused",
    Outcome.BLOCKED: "blocked",
    Outcome.WAITING: "waiting",
    Outcome.UNMANAGEABLE: "unmanageable",
    Outcome.NOTE: "notes",
}
