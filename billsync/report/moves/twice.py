"""Changes within a billing period that bill fees in advance for a time that was billed before (customer-facts.md §5.8).

With invoices nothing of a fee comes back once its invoice is final; with credits alone the unused part does, unless the
plan isn't prorated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.report.billing.subscribed import CREDIT_ONLY, UNSHOWN, Subscribed
from billsync.report.moves.addon_fees import AddonFees, alone
from billsync.report.moves.advance import Advance, Unrated, billed_ahead, billed_at_start, billed_beyond
from billsync.report.moves.amounts import Amounts, amounts_text, together
from billsync.report.moves.finding import grouped
from billsync.report.moves.move import Move
from billsync.report.moves.terms import PlanTerms, Start, begun

BILLS_TWICE = "bills-twice"
WAY_OUT = "`change: at_renewal` bills nothing twice"
"""The way out of most changes at once."""

WAY_OUT_OF_END = "`ends: at_renewal` bills nothing twice"
"""The way out of a change that a rule makes in place of an end: the end says when."""

WAYS_OUT = (WAY_OUT, WAY_OUT_OF_END)


@dataclass(frozen=True, slots=True)
class Twice:
    """A change that bills again: `before` was billed for a time that isn't over, and `now` will be billed.

    `what` names the change, and `way_out` says how to avoid it. With a `problem`, the reason why the amounts can't be
    worked out, there are none.
    """

    address: Address
    what: str
    before: Advance | None = None
    now: Amounts = field(default_factory=dict)
    problem: str = ""
    way_out: str = WAY_OUT
    is_by_credit_alone: bool = False


@dataclass(frozen=True, slots=True)
class QuantityChange:
    """A change of the quantity of an add-on of a running subscription at a moment; a quantity of 0 detaches it.

    `old` is the last quantity before it, 0 where there was none, and `since` when that began; `until` is when it ended,
    None while it is in force.
    """

    address: Address
    running: Subscribed
    old: AddonFees
    since: datetime
    new: int
    at: datetime
    until: datetime | None = None
    is_immediate: bool = True

    @property
    def have(self) -> int:
        """The quantity right before the change."""
        return self.old.quantity if self.until is None else 0

    @property
    def what(self) -> str:
        """The change in a sentence: `from 2 to 3 of addon/seats at once`."""
        when = "at once" if self.is_immediate else "at renewal"
        return f"from {self.have} to {self.new} of addon/{self.old.addon} {when}"

    @property
    def is_by_credit_alone(self) -> bool:
        """Whether the subscription makes no invoices; what is unused of a fee then comes back as credit."""
        return self.running.mode == CREDIT_ONLY

    def before(self) -> Advance | None:
        """The fees in advance billed for the last quantity, for a time that isn't over. Raises Unrated."""
        if not self.old.quantity or self.have == self.new:
            return None
        billed = _alone(self.running, self.old, self.since)
        billed = billed.ending(cut_to_seconds(self.until)) if self.until else billed
        return (billed_ahead if self.is_immediate else billed_beyond)(billed, self.at)

    def now(self) -> Amounts:
        """The fees in advance that the new quantity is billed when it begins. Raises Unrated."""
        new = replace(self.old, quantity=self.new)
        return billed_at_start(_alone(self.running, new, self.at)) if self.new and self.new != self.have else {}


def billed_twice(move: Move) -> Twice | None:
    """The double billing of a change of plan, if there is any: with invoices, after a fee in advance for a time that
    the change cuts short. At renewal only a fee by a longer cadence than the plan's is for such a time."""
    if move.running is None or (move.is_by_credit_alone and _comes_back(move.running)):
        return None
    what = f"from {move.route} {'at once' if move.is_immediate else 'at renewal'}"
    if isinstance(move.running, Malformed):
        return _unread(move, what, move.running)
    try:
        before = _cut_short(move, move.running)
        if before is None:
            return None
        way_out = _way_out(move.running, before, move.at, _at_renewal(move)) if move.is_immediate else _later(before)
        now = _begun_amounts(move, move.running)
        return Twice(move.address, what, before, now, way_out=way_out, is_by_credit_alone=move.is_by_credit_alone)
    except Unrated as unrated:
        return Twice(move.address, what, problem=str(unrated), way_out=_unknown_way_out(move))


def _comes_back(running: Subscribed | Malformed) -> bool:
    """Whether credit comes back for the unused part of a fee that was paid from credit."""
    return isinstance(running, Malformed) or running.pro_rated


def _unknown_way_out(move: Move) -> str:
    """The way around a double billing of unknown amounts: at renewal there is no way."""
    return _at_renewal(move) if move.is_immediate else ""


def _at_renewal(move: Move) -> str:
    """The field of the subscription that makes a change take effect at renewal."""
    return WAY_OUT_OF_END if move.is_instead_of_end else WAY_OUT


def _unread(move: Move, what: str, running: Malformed) -> Twice | None:
    """The change of a link that can't be read: it may bill twice, unless its plan version shows that nothing can."""
    is_unshown = running == UNSHOWN
    if is_unshown and isinstance(move.old, PlanTerms) and not _may_be_cut_short(move, move.old):
        return None
    problem = "its row doesn't show its fees" if is_unshown else "its row can't be read"
    return Twice(move.address, what, problem=f"{problem} ({running.text})", way_out=_unknown_way_out(move))


def _may_be_cut_short(move: Move, old: PlanTerms) -> bool:
    """Whether a plan version has fees in advance for a time that a change may cut short."""
    items = (slot.item for phase in old.phases for slot in phase.slots)
    recurring = (item for item in items if item.is_flat and item.is_in_advance and item.cadence)
    return any(move.is_immediate or item.cadence != old.cadence for item in recurring)


def _cut_short(move: Move, running: Subscribed) -> Advance | None:
    """The fees in advance for a time that isn't over when the change takes effect. Raises Unrated."""
    return (billed_ahead if move.is_immediate else billed_beyond)(running, move.at)


def _way_out(running: Subscribed, before: Advance, at: datetime, at_renewal: str = WAY_OUT) -> str:
    """The way around the double billing of a change at once: by renewal, unless a fee is paid for longer."""
    return at_renewal if before.until <= running.renewal_after(at) else _later(before)


def _later(before: Advance) -> str:
    return f"from {moment_text(before.until)} on nothing is billed twice"


def quantity_billed_twice(change: QuantityChange) -> Twice | None:
    """The double billing of a change of an add-on's quantity: the new quantity is billed in full for the rest of the
    period, also a lower one, and one after it was detached (customer-facts.md §6.3).

    At renewal only a fee by a longer cadence than the plan's is for such a time.
    """
    if change.is_by_credit_alone and _comes_back(change.running):
        return None
    try:
        before = change.before()
        if before is None:
            return None
        way_out = _way_out(change.running, before, change.at) if change.is_immediate else _later(before)
        by_credit = change.is_by_credit_alone
        return Twice(change.address, change.what, before, change.now(), way_out=way_out, is_by_credit_alone=by_credit)
    except Unrated as unrated:
        way_out = WAY_OUT if change.is_immediate else ""
        return Twice(change.address, change.what, problem=str(unrated), way_out=way_out)


def twice_guards(found: Iterable[Twice]) -> tuple[Guard, ...]:
    """A guard for all changes of the same sort, with both sums."""
    return tuple(
        Guard(BILLS_TWICE, _reason(them), f"--allow {BILLS_TWICE}", tuple(one.address for one in them))
        for them in grouped(found, _sort)
    )


def _sort(one: Twice) -> tuple[object, ...]:
    """The sort of a change: those that bill nothing twice from a date on are joined, whatever the date."""
    return one.what, one.problem, one.way_out in WAYS_OUT and one.way_out, one.is_by_credit_alone


def credit_returned(move: Move) -> Amounts:
    """The unused part of the fees in advance that comes back as credit when a change ends the running link."""
    if not move.is_by_credit_alone or not isinstance(move.running, Subscribed):
        return {}
    try:
        before = _cut_short(move, move.running)
    except Unrated:
        return {}
    return before.unused if before else {}


def _begun_amounts(move: Move, running: Subscribed) -> Amounts:
    """The amounts billed at once by the new beginning, and by the add-ons that are attached to it. Raises Unrated."""
    if not isinstance(move.new, PlanTerms):
        why = f" ({move.new.text})" if move.new else ""
        raise Unrated(f"the prices of {move.new_plan.text} can't be read{why}")
    following = begun(move.new, Start(move.at, move.anchor or running.timeline.anchor, running.mode))
    attached = (billed_at_start(_alone(following, fees, move.at)) for fees in move.addons)
    return together((billed_at_start(following), *attached))


def _alone(subscription: Subscribed, fees: AddonFees, start: datetime) -> Subscribed:
    """The subscription with the add-on's fees alone. Raises Unrated where they can't be read."""
    if isinstance(fees.cards, Malformed):
        raise Unrated(f"the prices of addon/{fees.addon} can't be read ({fees.cards.text})")
    return alone(subscription, fees, start)


def _reason(them: Sequence[Twice]) -> str:
    first, count = them[0], len(them)
    subject = f"the change {first.what}" if count == 1 else f"each of {count} changes {first.what}"
    if first.problem:
        way_out = f"; {first.way_out}" if first.way_out else ""
        return f"{subject} may bill the running period twice: {first.problem}{way_out}"
    before = [one.before for one in them if one.before]
    now = amounts_text(together(one.now for one in them))
    billed, unused = (
        amounts_text(together(each)) for each in zip(*((a.amounts, a.unused) for a in before), strict=True)
    )
    until = f" until {moment_text(before[0].until)}" if count == 1 else " for periods that aren't over"
    way_out = first.way_out if count == 1 or first.way_out in WAYS_OUT else "later changes bill nothing twice"
    in_all = "" if count == 1 else " in all"
    if first.is_by_credit_alone:
        return (
            f"{subject} bills {now}{in_all} in advance, and nothing comes back of the {billed} billed{until}, as it is "
            f"not prorated; {way_out}"
        )
    part = f" ({unused} of it for the time after the change)" if any(one.unused for one in before) else ""
    return (
        f"{subject} bills {now}{in_all} in advance, and nothing comes back of the {billed} billed{until}{part} "
        f"once that invoice is final; {way_out}"
    )
