"""Fees in advance for the time after a declared end: with invoices nothing comes back (customer-facts.md §5.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from billsync.core.lifecycle.chain_steps import CANCEL
from billsync.core.observed.index import Index
from billsync.model.address import Address
from billsync.model.change import Guard, PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.moment import moment_text
from billsync.model.state import Row
from billsync.report.billing.subscribed import CREDIT_ONLY, Subscribed, parse_subscription
from billsync.report.impact.moving import IMMEDIATE, SUBSCRIPTION, starts
from billsync.report.moves.advance import Advance, Unrated, billed_ahead, billed_beyond
from billsync.report.moves.amounts import amounts_text
from billsync.report.moves.changes import running_link
from billsync.report.moves.sides import Sides


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A running subscription that a run ends, within a period or at the end of one: which link, and when."""

    address: Address
    link: Row
    timing: str


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a running link at a moment."""

    address: Address
    running: Subscribed | Malformed
    at: datetime
    is_immediate: bool


def cancelled_by(plan: PlanFile, found: Index) -> tuple[Cancelled, ...]:
    """The running subscriptions that a run would end, of those that a guard stops."""
    stopped = {address for guard in plan.guards if guard.code == CANCEL for address in guard.addresses}
    ends = (one for one in plan.pending if one.address in stopped and one.address.kind == SUBSCRIPTION)
    links = ((one, running_link(one.address, found)) for one in ends)
    return tuple(Cancelled(one.address, link, one.timing) for one, link in links if link is not None)


def endings(cancelled: Iterable[Cancelled], sides: Sides) -> tuple[Ending, ...]:
    """The ends with their moments."""
    return tuple(_ending(one, sides) for one in cancelled)


def _ending(one: Cancelled, sides: Sides) -> Ending:
    running = parse_subscription(one.link.fields, sides.features)
    renewal = running.renewal_after(sides.now) if isinstance(running, Subscribed) else sides.now
    is_immediate = one.timing == IMMEDIATE
    return Ending(one.address, running, starts(one.timing, renewal) or sides.now, is_immediate)


def lost_at_once(address: Address, sides: Sides) -> str:
    """The fees in advance that were billed for the time after an end at once, and what becomes of them; empty without
    any, or where nothing runs."""
    link = running_link(address, sides.found)
    return lost_text(_ending(Cancelled(address, link, IMMEDIATE), sides)) if link is not None else ""


def with_lost_fees(guards: Iterable[Guard], ends: Iterable[Ending]) -> tuple[Guard, ...]:
    """The guards, those against a cancel with what becomes of the fees that were billed for the time after it."""
    texts: Mapping[Address, str] = {one.address: text for one in ends if (text := lost_text(one))}
    return tuple(_with_text(guard, texts) if guard.code == CANCEL else guard for guard in guards)


def _with_text(guard: Guard, texts: Mapping[Address, str]) -> Guard:
    found = [texts[address] for address in guard.addresses if address in texts]
    return replace(guard, reason="; ".join((guard.reason, *found)))


def lost_text(end: Ending) -> str:
    """The fees in advance that were billed for the time after an end, and what becomes of them; empty without any."""
    if isinstance(end.running, Malformed):
        return f"its row doesn't show what was billed in advance ({end.running.text})" if end.is_immediate else ""
    try:
        before = (billed_ahead if end.is_immediate else billed_beyond)(end.running, end.at)
    except Unrated as unrated:
        return f"what was billed in advance for the time after it isn't known: {unrated}"
    return _text(before, end.running) if before else ""


def _text(before: Advance, running: Subscribed) -> str:
    billed, unused = amounts_text(before.amounts), amounts_text(before.unused)
    if running.mode == CREDIT_ONLY and before.unused:
        return f"of the {billed} billed in advance, {unused} are for the time after it, and come back as credit"
    lost = f"nothing comes back of the {billed} billed until {moment_text(before.until)}"
    if not running.pro_rated:
        return f"{lost}, as it is not prorated"
    return f"{lost} ({unused} of it for the time after the end)" if before.unused else lost
