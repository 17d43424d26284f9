"""The comparison of files with a server: the changes that a run would make, and the impact of new prices. Reads
only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from billsync.app.impact.scope import ImpactScope
from billsync.app.planning.pipeline import Comparison, compare
from billsync.app.reading.settlement import read_settled
from billsync.app.server.connection import Connection
from billsync.app.sieving.sieving import sieved
from billsync.core.changes.moved import with_moved
from billsync.core.diffing.diff import Mode
from billsync.core.observed.index import index
from billsync.core.observed.without_files import worded_for
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.state import Desired
from billsync.report.moves.settlement import settlement_notes

if TYPE_CHECKING:
    from billsync.app.sieving.sieve import Making
    from billsync.report.impact.impact import Impact


@dataclass(frozen=True, slots=True)
class DiffScope:
    """Guards that may pass, the impact that is asked for, and whether customers may not be named; the command that
    would make the changes, and how long a plan file of them may be carried out (None for no plan file). `command` is
    one that reads no files, empty for all others."""

    allow: Mapping[str, str]
    impact: ImpactScope | None = None
    is_anonymous: bool = False
    mode: str = "sync"
    valid_for: timedelta | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A plan file with the guards of price policies and of money, and the impact of its prices if asked for."""

    plan: PlanFile
    impact: Impact | None = None


def difference(
    connection: Connection, desired: Desired, scope: DiffScope, progress: Callable[[str], None] = lambda text: None
) -> Difference:
    """Compare as `sync` would, and estimate the impact if asked for. Raises Ended, RemoteError, RatingError."""
    connection, desired = sifted(connection, desired, scope)
    compared = compare(connection, desired, _mode(scope))
    plan, found = _judged(connection, desired, compared, scope, progress)
    plan = worded_for(plan, scope.command)
    if scope.valid_for is None:
        return Difference(plan, found)
    from billsync.app.planning.plan_files import for_later  # all of a run, which a comparison doesn't need

    return Difference(for_later(plan, connection, scope.valid_for), found)


def sifted(connection: Connection, desired: Desired, scope: DiffScope) -> tuple[Connection, Desired]:
    """The connection with the lists that a comparison reads first, and the desired state without what is certainly
    equal: a caller that goes on with these two forgets most of what the files declare. Raises RemoteError."""
    return sieved(connection, desired, _mode(scope), _making if scope.impact else None)


def _mode(scope: DiffScope) -> Mode:
    return Mode(scope.mode, deletes=scope.mode == "sync", allow=scope.allow)


def _making() -> Making:
    """An impact needs the cards of subscriptions, also where they are equal. Raises ImportError without msgspec."""
    from billsync.app.impact.alike_links import AlikeLinks

    return "subscription", AlikeLinks().of


def _judged(
    connection: Connection, desired: Desired, compared: Comparison, scope: DiffScope, progress: Callable[[str], None]
) -> tuple[PlanFile, Impact | None]:
    if scope.impact is None and _is_idle(compared.plan):
        return _with_notes(connection, desired, compared), None
    from billsync.app.comparing.money_guards import guarded  # a tenth of what a comparison takes to start

    return guarded(connection, desired, compared, scope.allow, scope.impact, progress, is_anonymous=scope.is_anonymous)


def intended(connection: Connection, desired: Desired, mode: Mode) -> Comparison:
    """Compare for a run in this mode, with the guards of price policies and of money. Raises RemoteError,
    RatingError."""
    connection, desired = sieved(connection, desired, mode)
    compared = compare(connection, desired, mode)
    if _is_idle(compared.plan):
        return replace(compared, plan=worded_for(_with_notes(connection, desired, compared), mode.command))
    from billsync.app.comparing.money_guards import guarded_run

    return replace(compared, plan=worded_for(guarded_run(connection, desired, compared, mode.allow), mode.command))


def _is_idle(plan: PlanFile) -> bool:
    """Whether nothing would be done, so that no guard of money can stop it."""
    return not (plan.steps or plan.pending)


def _with_notes(connection: Connection, desired: Desired, compared: Comparison) -> PlanFile:
    """The plan file of a run that does nothing, with the notes about money. Raises RemoteError."""
    plan = compared.plan
    rows = with_moved(index(compared.snapshot, KINDS, connection.routes), desired.moved, KINDS)
    notes = settlement_notes(read_settled(connection, desired, compared.snapshot, rows))
    return replace(plan, changes=(*plan.changes, *(one for one in notes if desired.selection.includes(one.address))))
