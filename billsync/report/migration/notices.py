"""Notices that a migration owes to customers, and the notice period that the files demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text
from billsync.model.value import Fields
from billsync.rating.errors import RatingError
from billsync.report.migration.effect import Wave, time_text
from billsync.report.migration.prices import fees_text, unit_prices
from billsync.report.migration.standing import Member
from billsync.report.moves.move import Move
from billsync.report.moves.terms import PhaseTerms, PlanTerms

NOTICE_PERIOD = "notice-period"
NOT_PART = "not part of it"
COLUMNS = (
    "customer",
    "name",
    "email",
    "subscription",
    "old_plan",
    "new_plan",
    "old_fees",
    "new_fees",
    "old_unit_prices",
    "new_unit_prices",
    "from",
)
"""The columns of the file of notices."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Fees of a period, and the unit prices that change, as text."""

    fees: str
    units: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One customer's notice: both plan versions with what they cost, and from when."""

    customer: str
    name: str
    email: str
    subscription: str
    old_plan: Address
    new_plan: Address
    old: Prices
    new: Prices
    since: datetime | None

    @property
    def cells(self) -> tuple[str, ...]:
        """The notice as a row of the file, in the order of its columns."""
        plans = (f"{plan.key}@{plan.version}" for plan in (self.old_plan, self.new_plan))
        prices = (self.old.fees, self.new.fees, self.old.units, self.new.units)
        since = moment_text(self.since) if self.since else ""
        return (self.customer, self.name, self.email, self.subscription, *plans, *prices, since)


def notices(moves: Iterable[Move], waves: Sequence[Wave], members: Iterable[Member]) -> tuple[Notice, ...]:
    """The notices of all that waves move, in their order."""
    customers = {member.address: member.customer.fields for member in members}
    by_address = {move.address: move for move in moves}
    found = ((at, since) for each in waves for at, since in each.effects.items())
    return tuple(_notice(by_address[at], customers[at], since) for at, since in found if at in by_address)


def _notice(move: Move, customer: Fields, since: datetime | None) -> Notice:
    old, new = _both(move)
    return Notice(
        customer=move.address.names[0],
        name=str(customer.get("name") or ""),
        email=str(customer.get("primary_email") or ""),
        subscription=move.address.key,
        old_plan=move.old_plan,
        new_plan=move.new_plan,
        old=old,
        new=new,
        since=since,
    )


def _both(move: Move) -> tuple[Prices, Prices]:
    """Both sides' prices: of the phase in force on the old plan version, and of the phases that follow on the new."""
    old, new = _in_force(move.old, move.phase), _following(move)
    units = tuple(map(unit_prices, (old, new)))
    names = sorted({*units[0], *units[1]})
    changed = [name for name in names if units[0].get(name) != units[1].get(name)]
    return _prices(old, changed, units[0]), _prices(new, changed, units[1])


def _prices(phases: Sequence[PhaseTerms], changed: Iterable[str], units: Mapping[str, str]) -> Prices:
    try:
        fees = fees_text(phases) if phases else "unknown"
    except RatingError as error:
        fees = f"unknown ({error.code})"
    return Prices(fees, " | ".join(f"{name}: {units.get(name, NOT_PART)}" for name in changed))


def _in_force(terms: object, phase: str) -> tuple[PhaseTerms, ...]:
    if not isinstance(terms, PlanTerms):
        return ()
    return tuple(one for one in terms.phases if one.key == phase) or terms.phases[-1:]


def _following(move: Move) -> tuple[PhaseTerms, ...]:
    """The phases to come on the new plan version: all, as it begins again, or from the present one on."""
    if not isinstance(move.new, PlanTerms):
        return ()
    phases = move.new.phases
    keys = [phase.key for phase in phases]
    start = keys.index(move.phase) if not move.begins_again and move.phase in keys else 0
    return phases[start:]


def notice_guards(waves: Iterable[Wave], notice: Duration | None, now: datetime) -> Iterator[Guard]:
    """A guard for each wave that takes effect before the notice period of the files is over."""
    if notice is None:
        return
    possible = notice.after(now)
    for each in waves:
        early = {address: at for address, at in each.effects.items() if (at or now) < possible}
        if early:
            first = min(early.values(), key=lambda at: at or now)
            reason = (
                f"{len(early)} of wave {each.share.name} would move before the notice period of {notice.text} is over, "
                f"the first at {time_text(first)}; the first date that is possible is "
                f"{moment_text(possible)}: `--timing at_renewal --not-before {moment_text(possible)}` leaves those "
                "that renew earlier for a later run"
            )
            yield Guard(NOTICE_PERIOD, reason, "", tuple(early))
