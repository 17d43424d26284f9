"""A drill: a recovery snapshot is restored into a server whose clock moves, and compared before and after a renewal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from billsync.api.documents import CHARGES
from billsync.app.recovery.credit_parts import read_credits
from billsync.app.recovery.promises import SUBSCRIPTION
from billsync.app.recovery.verifying import read_standing, with_compensations
from billsync.app.server.connection import BY_CREATION, Connection
from billsync.live.lists.paging import Refused
from billsync.live.lists.streams import read_lists
from billsync.live.snapshot import PARENT
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.model.malformed import MalformedRow
from billsync.model.moment import parse_moment
from billsync.model.ports import Clock, RemoteError
from billsync.model.recovery import Accounted, Recovery
from billsync.rating.periods import period_at
from billsync.report.recovery.losses.accounting import LossReport, loss_report
from billsync.report.recovery.proof.charged import charged
from billsync.report.recovery.proof.departures import Proof
from billsync.report.recovery.proof.renewal import renewal_proof

PLAN = "plan"
COLLECTED = timedelta(hours=1, minutes=2)
"""After so long, the server has collected a period's late usage and finished its invoice (customer-facts.md §19.1)."""


class MovableClock(Clock, Protocol):
    """A clock that a drill sets."""

    def move_to(self, moment: datetime) -> None:
        """Set it; never back."""


@dataclass(frozen=True, slots=True)
class Drill:
    """The result of a drill. `renewed_at` is the time to which the clock was moved; None without subscriptions."""

    losses: LossReport
    proof: Proof
    restored_at: datetime
    renewed_at: datetime | None


def drill(
    connection: Connection,
    recovery: Recovery,
    restore: Callable[[], tuple[Accounted, ...]],
    clock: MovableClock,
    progress: Callable[[str], None] = lambda text: None,
) -> Drill:
    """Restore, verify, move the clock past the next renewal of every subscription, and verify again.

    Raises RemoteError, and what `restore` raises.
    """
    progress("drill: restoring")
    accounts = restore()
    progress("drill: verifying")
    restored = read_standing(connection)
    credit = read_credits(connection, recovery, restored)
    lines = with_compensations(connection, recovery, restored, credit, accounts)
    if ends := [*_ends(recovery, restored)]:
        clock.move_to(max(ends) + COLLECTED)
    progress("drill: verifying after the next renewal")
    renewed = read_standing(connection)
    billed = _charged(connection, restored)
    proof = renewal_proof(
        recovery, restored, billed, renewed, lines, kinds=connection.kinds, routes=connection.routes, credit=credit
    )
    return Drill(loss_report(accounts), proof, restored.header.taken_at, clock.now() if ends else None)


def _ends(recovery: Recovery, restored: Recovery) -> Iterator[datetime]:
    """The ends of the running periods: of subscriptions in force, and of those that wait for them here."""
    yield from (one.period_to for one in restored.promises.values() if one.period_to)
    at = restored.header.taken_at
    yield from (one.period_to for one in recovery.promises.values() if one.period_to and one.period_to > at)
    yield from _unshown_ends(recovery, at)


def _unshown_ends(recovery: Recovery, at: datetime) -> Iterator[datetime]:
    """The ends of the periods that no server shows (Konnect, of plans with phases), by anchor and cadence."""
    cadences = {row.id: parse_duration(str(row.fields.get("billing_cadence"))) for row in recovery.live.of(PLAN)}
    for row in recovery.live.of(SUBSCRIPTION):
        promise, cadence = recovery.promises.get(row.id), cadences.get(str(row.fields.get("plan_id")))
        anchor = parse_moment(str(row.fields.get("billing_anchor")))
        if promise is not None and promise.period_to is None and cadence and anchor:
            yield period_at(anchor, cadence, at).end


def _charged(connection: Connection, restored: Recovery) -> Mapping[str, Mapping[str, Decimal]]:
    """The charges of each subscription up to the end of the period that ran after the restore.

    Those whose charges the server doesn't list are left out.
    """
    owners = {row.id: str(row.fields["customer_id"]) for row in restored.live.of(SUBSCRIPTION)}
    running = {name: one for name, one in restored.promises.items() if one.period_to and name in owners}
    customers = tuple(dict.fromkeys(owners[name] for name in running))
    lists = read_lists(
        connection.remote, (CHARGES.replace(PARENT, one) for one in customers), (), BY_CREATION, connection.clock
    )
    rows = {one: found for one, found in zip(customers, lists, strict=True) if not isinstance(found, Refused)}
    after = restored.header.taken_at
    try:
        return {
            name: charged(rows[owners[name]], name, after=after, until=one.period_to)
            for name, one in running.items()
            if one.period_to and owners[name] in rows
        }
    except MalformedRow as fault:
        raise RemoteError(f"unexpected response: a charge shows {fault.malformed.text}") from fault
