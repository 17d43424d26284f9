"""The comparison of files with a server: the changes that a run would make, and the impact of new prices. Reads
only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from billsync.app.connection import Connection
from billsync.app.impact_scope import ImpactScope
from billsync.app.move_facts import read_move_facts
from billsync.app.pipeline import Comparison, compare
from billsync.app.plan_files import for_later
from billsync.app.sieving import sieved
from billsync.core.diff import Mode
from billsync.core.index import index
from billsync.core.policies import hardened, permitted
from billsync.kinds.registry import KINDS
from billsync.model.change import Change, Guard, PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.state import Desired
from billsync.report.impact.price_guards import price_guards, usage_in, without_usage
from billsync.report.moves.billing_readings import billing_readings
from billsync.report.moves.ending import with_lost_fees
from billsync.report.moves.guards import MoveFacts, move_guards, move_notes, without_amounts
from billsync.report.moves.real import real_usage

if TYPE_CHECKING:
    from billsync.report.impact.impact import Impact


@dataclass(frozen=True, slots=True)
class DiffScope:
    """Guards that may pass, the impact that is asked for, and whether customers may not be named; the command that
    would make the changes, and how long a plan file of them may be carried out (None for no plan file)."""

    allow: Mapping[str, str]
    impact: ImpactScope | None = None
    is_anonymous: bool = False
    mode: str = "sync"
    valid_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A plan file with the guards of price policies and of money, and the impact of its prices if asked for."""

    plan: PlanFile
    impact: Impact | None = None


def difference(
    connection: Connection, desired: Desired, scope: DiffScope, progress: Callable[[str], None] = lambda text: None
) -> Difference:
    """Compare as `sync` would, and estimate the impact if asked for. Raises Ended, RemoteError, RatingError."""
    mode = Mode(scope.mode, deletes=scope.mode == "sync", allow=scope.allow)
    connection, desired = sieved(connection, desired, mode)
    compared = compare(connection, desired, mode)
    found = _impact(connection, desired, compared, scope, progress)
    rows = index(compared.snapshot, KINDS, connection.routes)
    facts = read_move_facts(connection, desired, compared, rows)
    guards = price_guards(desired, compared.plan, rows, usage_in(found.verdicts) if found else {})
    moves = move_guards(facts, permitted(desired.policy, scope.allow), real_usage(found.verdicts) if found else {})
    if scope.is_anonymous:
        guards = without_usage(guards, price_guards(desired, compared.plan, rows))
        moves = without_amounts(moves)
        found = _redacted(found)
    plan = compared.plan if scope.is_anonymous else _with_lost_fees(compared.plan, facts)
    moves = hardened(desired.policy, moves)
    plan = _guarded(plan, (*guards, *moves), _notes(desired, facts))
    sold = {one.address: one.customer for one in facts.sold}
    plan = replace(plan, readings=(*plan.readings, *billing_readings(plan, sold, facts.billing)))
    return Difference(for_later(plan, connection, scope.valid_for) if scope.valid_for else plan, found)


def _impact(
    connection: Connection, desired: Desired, compared: Comparison, scope: DiffScope, progress: Callable[[str], None]
) -> Impact | None:
    """The impact, if one is asked for."""
    if scope.impact is None:
        return None
    from billsync.app.impact import impact  # a quarter of what a comparison loads

    return impact(connection, desired, compared, scope.impact, progress)


def _redacted(found: Impact | None) -> Impact | None:
    """The impact without names."""
    from billsync.report.impact.redact import redact

    return redact(found) if found else None


def intended(connection: Connection, desired: Desired, mode: Mode) -> Comparison:
    """Compare for a run in this mode, with the guards of price policies and of money. Raises RemoteError,
    RatingError."""
    connection, desired = sieved(connection, desired, mode)
    compared = compare(connection, desired, mode)
    rows = index(compared.snapshot, KINDS, connection.routes)
    facts = read_move_facts(connection, desired, compared, rows)
    guards = price_guards(desired, compared.plan, rows)
    moves = hardened(desired.policy, move_guards(facts, permitted(desired.policy, mode.allow)))
    plan = _with_lost_fees(compared.plan, facts)
    return replace(compared, plan=_guarded(plan, (*guards, *moves), _notes(desired, facts)))


def _with_lost_fees(plan: PlanFile, facts: MoveFacts) -> PlanFile:
    """The plan file, its guards against a cancel with the fees that it loses."""
    return replace(plan, guards=with_lost_fees(plan.guards, facts.endings))


def _notes(desired: Desired, facts: MoveFacts) -> tuple[Change, ...]:
    """The notes about money that belong to what this run is about."""
    return tuple(note for note in move_notes(facts) if desired.selection.includes(note.address))


def _guarded(plan: PlanFile, guards: tuple[Guard, ...], notes: tuple[Change, ...]) -> PlanFile:
    """The plan file with more guards, and with notes after all changes."""
    return replace(plan, guards=(*plan.guards, *guards), changes=(*plan.changes, *notes))
