"""The guards of price policies and of money for the changes of a run, and their impact if it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from billsync.app.impact.scope import ImpactScope
from billsync.app.planning.move_facts import read_move_facts
from billsync.app.planning.pipeline import Comparison
from billsync.app.server.connection import Connection
from billsync.core.guards.policies import hardened, permitted
from billsync.core.observed.index import index
from billsync.kinds.registry import KINDS
from billsync.model.change import Change, Guard, PlanFile
from billsync.model.frozen import replace
from billsync.model.state import Desired
from billsync.report.impact.price_guards import price_guards, usage_in, without_usage
from billsync.report.moves.billing_readings import billing_readings
from billsync.report.moves.ending import with_lost_fees
from billsync.report.moves.guards import MoveFacts, move_guards, move_notes, without_amounts
from billsync.report.moves.lasting import with_lasting_fees
from billsync.report.moves.real import real_usage

if TYPE_CHECKING:
    from billsync.report.impact.impact import Impact


def guarded(
    connection: Connection,
    desired: Desired,
    compared: Comparison,
    allow: Mapping[str, str],
    impact: ImpactScope | None,
    progress: Callable[[str], None],
    *,
    is_anonymous: bool,
) -> tuple[PlanFile, Impact | None]:
    """The plan file with its guards, notes and readings, and the impact. Raises RemoteError, RatingError."""
    found = _impact(connection, desired, compared, impact, progress)
    rows = index(compared.snapshot, KINDS, connection.routes)
    facts = read_move_facts(connection, desired, compared, rows)
    used = usage_in(found.verdicts) if found and desired.prices else {}
    guards = price_guards(desired, compared.plan, rows, used)
    moves = move_guards(facts, permitted(desired.policy, allow), real_usage(found.verdicts) if found else {})
    if is_anonymous:
        guards = without_usage(guards, price_guards(desired, compared.plan, rows))
        moves = without_amounts(moves)
        found = _redacted(found)
    plan = compared.plan if is_anonymous else _with_lost_fees(compared.plan, facts)
    plan = with_lasting_fees(plan, rows, facts.now, is_anonymous=is_anonymous)
    moves = hardened(desired.policy, moves)
    plan = _with_guards(plan, (*guards, *moves), _notes(desired, facts))
    sold = {one.address: one.customer for one in facts.sold}
    return replace(plan, readings=(*plan.readings, *billing_readings(plan, sold, facts.billing))), found


def guarded_run(connection: Connection, desired: Desired, compared: Comparison, allow: Mapping[str, str]) -> PlanFile:
    """The plan file with its guards and notes, for a run that follows at once. Raises RemoteError, RatingError."""
    rows = index(compared.snapshot, KINDS, connection.routes)
    facts = read_move_facts(connection, desired, compared, rows)
    guards = price_guards(desired, compared.plan, rows)
    moves = hardened(desired.policy, move_guards(facts, permitted(desired.policy, allow)))
    plan = with_lasting_fees(_with_lost_fees(compared.plan, facts), rows, facts.now)
    return _with_guards(plan, (*guards, *moves), _notes(desired, facts))


def _impact(
    connection: Connection,
    desired: Desired,
    compared: Comparison,
    scope: ImpactScope | None,
    progress: Callable[[str], None],
) -> Impact | None:
    """The impact, if one is asked for."""
    if scope is None:
        return None
    from billsync.app.impact.impact import impact  # a quarter of what a comparison loads

    return impact(connection, desired, compared, scope, progress)


def _redacted(found: Impact | None) -> Impact | None:
    """The impact without names."""
    from billsync.report.impact.redact import redact

    return redact(found) if found else None


def _with_lost_fees(plan: PlanFile, facts: MoveFacts) -> PlanFile:
    """The plan file, its guards against a cancel with the fees that it loses."""
    return replace(plan, guards=with_lost_fees(plan.guards, facts.endings))


def _notes(desired: Desired, facts: MoveFacts) -> tuple[Change, ...]:
    """The notes about money that belong to what this run is about."""
    return tuple(note for note in move_notes(facts) if desired.selection.includes(note.address))


def _with_guards(plan: PlanFile, guards: tuple[Guard, ...], notes: tuple[Change, ...]) -> PlanFile:
    """The plan file with more guards, and with notes after all changes."""
    return replace(plan, guards=(*plan.guards, *guards), changes=(*plan.changes, *notes))
