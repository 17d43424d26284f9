"""`migrate`: moves live subscriptions from a plan to another version or plan, wave by wave. It only decides here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from billsync.app.impact.facts import read_impact_facts
from billsync.app.impact.scope import ImpactScope
from billsync.app.migration.facts import MigrationFacts, read_migration_facts, read_route
from billsync.app.migration.unpublished import unpublished_change, unpublished_guard, unpublished_warning
from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.move_facts import read_move_facts
from billsync.app.planning.pipeline import Comparison, compared
from billsync.app.server.connection import Connection
from billsync.apply.execute import IN_TURN, Manner, OnResult
from billsync.core.changes.planned import note
from billsync.core.diffing.diff import Mode
from billsync.core.guards.policies import hardened, permitted
from billsync.core.observed.chain_refusals import NO_TIMING
from billsync.core.observed.index import index
from billsync.core.secrets.step_masking import UNMASKED, StepMasking
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Guard, PlanFile
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.policy import Policy
from billsync.model.ports import Journal
from billsync.model.result import StepResult
from billsync.model.state import Desired, Snapshot
from billsync.report.impact.assess import ImpactFacts, assess, subscription_ids
from billsync.report.impact.impact import Impact
from billsync.report.migration.effect import Wave, effects, too_early, wave
from billsync.report.migration.losses import losses
from billsync.report.migration.migration import Migration, wave_end
from billsync.report.migration.notices import notice_guards, notices
from billsync.report.migration.selecting import Selector
from billsync.report.migration.standing import NOT_SELECTED, Member, Route, Standing, standing
from billsync.report.migration.stopping import Condition
from billsync.report.migration.wanted import wanted
from billsync.report.migration.waves import EVERYBODY, Share, place_of, share_of
from billsync.report.moves.guards import MoveFacts, move_guards, move_notes
from billsync.schema.codes import diagnostic

MODE = "migrate"
TIMING = (
    "pass `--timing at_renewal` (it takes effect with the next period, and nothing is billed twice) or "
    "`--timing immediate`, or add a rule to `_info.transitions`"
)
"""The hint where nothing says when a subscription moves."""


@dataclass(frozen=True, slots=True)
class MigrationScope:
    """The migration that is asked for: from where to where, of whom, when, in which waves, and when it stops.

    `allow` are guards that may pass; `impact` says over how many periods the impact is estimated.
    """

    plan: str
    target: str
    version: int | None = None
    selectors: tuple[Selector, ...] = ()
    timing: str | None = None
    not_before: datetime | None = None
    shares: tuple[Share, ...] = EVERYBODY
    stop_if: tuple[Condition, ...] = ()
    allow: Mapping[str, str] = field(default_factory=dict)
    impact: ImpactScope = field(default_factory=lambda: ImpactScope("declared"))

    @property
    def names_version(self) -> bool:
        """Whether the target names the number of a version, and not the one that is active."""
        return self.target.isdecimal() or "@" in self.target


@dataclass(frozen=True, slots=True)
class _Task:
    """A migration on one server, with the live state that was read for it."""

    connection: Connection
    desired: Desired
    scope: MigrationScope
    route: Route
    facts: MigrationFacts

    def compared(self, members: Sequence[Member]) -> tuple[Desired, Comparison]:
        """The state that these members are to have, compared with the live one."""
        intent = wanted(self.desired, members, self.route, self.scope.timing)
        mode = Mode(MODE, deletes=False, allow=self.scope.allow)
        found = compared(self.connection, intent, self.facts.snapshot, mode)
        changes = tuple(replace(one, hint=TIMING) if one.code == NO_TIMING.code else one for one in found.plan.changes)
        return intent, replace(found, plan=replace(found.plan, changes=changes))

    def knowing(self, snapshot: Snapshot) -> _Task:
        """The task with more of the live state, so that nothing is read twice."""
        return replace(self, facts=replace(self.facts, snapshot=snapshot))


def plan_migration(
    connection: Connection, desired: Desired, scope: MigrationScope, progress: Callable[[str], None]
) -> Migration:
    """Read the subscriptions, decide which move in which wave, and estimate each wave's impact.

    Raises Ended for a migration that can't be, RemoteError, RatingError.
    """
    route = read_route(connection, scope.plan, scope.target, scope.version)
    progress(f"migrate: looking for the subscriptions on plan {scope.plan}")
    facts = read_migration_facts(connection, desired, route, scope.selectors)
    task = _Task(connection, desired, scope, route, facts)
    found = standing(facts.found, desired, route, scope.selectors)
    unpublished = unpublished_change(connection, desired, route.target)
    task, members, left = _chosen(task, found)
    intent, comparison = task.compared(members)
    rows = index(comparison.snapshot, KINDS, connection.routes)
    moves = read_move_facts(connection, intent, comparison, rows)
    waves = _waves(scope.shares, comparison.plan, members, moves.now)
    guards = (
        *_move_guards(desired.policy, moves, scope.allow),
        *notice_guards(waves, desired.notice, moves.now),
        *_unpublished(unpublished, scope, waves, route),
    )
    return Migration(
        route,
        scope.timing,
        scope.not_before,
        _whole(comparison.plan, (*left, *move_notes(moves)), guards),
        waves,
        _impacts(task, intent, comparison, waves, progress),
        notices(moves.moves, waves, members),
        losses(comparison.plan.changes, moves.moves),
        Counter(facts.counts) + Counter(found.counts),
        comparison.snapshot,
        (*_named_version(unpublished, scope, route), *_nobody(found, route)),
    )


def _move_guards(policy: Policy, moves: MoveFacts, allow: Mapping[str, str]) -> tuple[Guard, ...]:
    return hardened(policy, move_guards(moves, permitted(policy, allow)))


def _unpublished(change: Change | None, scope: MigrationScope, waves: Iterable[Wave], route: Route) -> Iterator[Guard]:
    """The guard against moving subscriptions to a version that the files have replaced already."""
    if change is not None and not scope.names_version and any(each.moving for each in waves):
        yield unpublished_guard(change, route.target)


def _named_version(change: Change | None, scope: MigrationScope, route: Route) -> Iterator[Diagnostic]:
    """The warning instead, where the version was named."""
    if change is not None and scope.names_version:
        yield unpublished_warning(change, route.target)


def _nobody(found: Standing, route: Route) -> Iterator[Diagnostic]:
    """The warning where the time of their start leaves out all who could move."""
    if (count := found.counts[NOT_SELECTED]) and not found.members and not found.left:
        whom = f"{count} subscription{'s' if count > 1 else ''}"
        detail = f"`--select` leaves out all {whom} on plan {route.source.key} that could move: nobody moves."
        hint = "Check the date in `started`; those that are on the target already are counted as such."
        yield diagnostic("nobody-chosen", detail, hint, severity=Severity.WARNING)


def _whole(plan: PlanFile, notes: Iterable[Change], guards: Iterable[Guard]) -> PlanFile:
    """The plan file with the guards about money and notice, and with notes on those that stay."""
    return replace(plan, guards=(*plan.guards, *guards), changes=(*plan.changes, *notes))


def _chosen(task: _Task, found: Standing) -> tuple[_Task, tuple[Member, ...], tuple[Change, ...]]:
    """The members of this run's waves, and notes on all others that were selected; the task knows what was read."""
    shares = {one.address: share_of(task.scope.shares, one.address.names[0]) for one in found.members}
    asked = tuple(one for one in found.members if shares[one.address])
    later = (_later_wave(one) for one in found.members if not shares[one.address])
    task, early = _too_early(task, asked)
    named = {change.address for change in early}
    members = tuple(one for one in asked if one.address not in named)
    return task, members, (*found.left, *early, *later)


def _later_wave(member: Member) -> Change:
    reason = "it is in none of the waves of this run: left for a later one"
    return note(member.address, code="later-wave", reason=reason).change


def _too_early(task: _Task, members: Sequence[Member]) -> tuple[_Task, tuple[Change, ...]]:
    """Notes on the members that would move before the date that was given."""
    if task.scope.not_before is None or not members:
        return task, ()
    _, found = task.compared(members)
    now = task.connection.clock.now()
    early = too_early(effects(found.plan, now), task.scope.not_before, now)
    return task.knowing(found.snapshot), early


def _waves(shares: Iterable[Share], plan: PlanFile, members: Sequence[Member], now: datetime) -> tuple[Wave, ...]:
    """The waves in their order, each with its part of the plan file, in the order of the customers' places."""
    found = effects(plan, now)
    parts: dict[Share | None, list[Member]] = {share: [] for share in shares}
    for member in members:
        parts[share_of(tuple(filter(None, parts)), member.address.names[0])].append(member)
    return tuple(wave(share, plan, _in_place(them), found) for share, them in parts.items() if share)


def _in_place(members: Iterable[Member]) -> tuple[Address, ...]:
    ordered = sorted(members, key=lambda one: (place_of(one.address.names[0]), one.address.order))
    return tuple(one.address for one in ordered)


def _impacts(
    task: _Task, intent: Desired, comparison: Comparison, waves: Sequence[Wave], progress: Callable[[str], None]
) -> tuple[Impact, ...]:
    """The impact of each wave, from one reading; none where nothing moves."""
    if not comparison.plan.steps:
        return ()
    facts = read_impact_facts(task.connection, intent, comparison, task.scope.impact, progress)
    return tuple(_impact(facts, each) for each in waves)


def _impact(facts: ImpactFacts, one: Wave) -> Impact:
    """The impact of a wave; of a sample, the part that lies in it."""
    names = {"/".join(address.names) for address in one.moving}
    cases = tuple(case for case in facts.cases if case.reached.name in names)
    reached = len(subscription_ids(case.reached for case in cases))
    count = len(one.moving) if facts.is_sample else reached
    return assess(replace(facts, cases=cases, looked=replace(facts.looked, reached=count)))


def carry_out_waves(
    connection: Connection,
    migration: Migration,
    stop_if: Sequence[Condition],
    *,
    journal: Journal,
    may_begin: Callable[[Wave], bool],
    on_result: OnResult,
    masking: StepMasking = UNMASKED,
    manner: Manner = IN_TURN,
) -> str:
    """Run the waves one after another, each by the one rule of every step.

    Returns the reason why it stopped before the last wave; empty if all were run. Errors of the server are in the
    results.
    """
    results: dict[str, StepResult] = {}

    def keep(result: StepResult) -> None:
        results[result.step.id] = result
        on_result(result)

    for number, each in enumerate(migration.waves, 1):
        if each.moving and not may_begin(each):
            return f"wave {each.share.name} was declined"
        journal.record("wave", {"wave": each.share.name, "steps": len(each.plan.steps)})
        known = migration.snapshot
        carry_out(connection, each.plan, journal=journal, known=known, on_result=keep, masking=masking, manner=manner)
        end = wave_end(each, results)
        met = [one for one in stop_if if one.holds(failed=end.failed, refused=end.refused, size=each.size)]
        if met and number < len(migration.waves):
            return f"{met[0].text} holds after wave {each.share.name}"
    return ""
