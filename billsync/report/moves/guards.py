"""Guards and notes about money for changes and beginnings of subscriptions, from their facts."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import TypeVar

from billsync.model.address import Address
from billsync.model.change import Action, Change, Guard, Outcome
from billsync.model.frozen import dataclass, replace
from billsync.report.moves.amounts import amounts_text
from billsync.report.moves.collecting import BILLING_SETUP, Billing, setup_guards, unready
from billsync.report.moves.dearer import DEARER_PLAN, dearer, dearer_guards
from billsync.report.moves.ending import Ending
from billsync.report.moves.move import Move
from billsync.report.moves.quantity_notes import quantity_notes
from billsync.report.moves.real import Paid
from billsync.report.moves.recreated import RECREATED, Recreated, recreated_guards
from billsync.report.moves.settlement import Settled, settlement_notes
from billsync.report.moves.trials import TRIAL_AGAIN, trial_again, trial_guards
from billsync.report.moves.twice import (
    BILLS_TWICE,
    QuantityChange,
    billed_twice,
    credit_returned,
    quantity_billed_twice,
    twice_guards,
)

T = TypeVar("T")

DEFAULT_BILLING = "default-billing"
"""The guard of a restore against another default profile than before; its flag also lets the default one bill
customers whose own profile can't be made."""

FLAGS = (BILLING_SETUP, BILLS_TWICE, DEARER_PLAN, DEFAULT_BILLING, RECREATED, TRIAL_AGAIN)
"""The flags that let these guards pass."""


UNKNOWN: Mapping[Address, Paid] = {}
UNNAMED = {
    BILLING_SETUP: "customers of plans with prices can't be billed",
    BILLS_TWICE: "changes at once would bill running periods again",
    DEARER_PLAN: "changes would cost more",
    RECREATED: "customers that were deleted would be created again, with grants or subscriptions",
    TRIAL_AGAIN: "changes would begin trials again",
}
"""The reasons without names and amounts."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A subscription that begins, or changes, on a plan with prices: its customer's billing must be set up."""

    address: Address
    customer: Address


@dataclass(frozen=True, slots=True)
class MoveFacts:
    """The facts of a run's changes of subscriptions: the changes, ends, billing, and live settlement modes; and the
    customers that were deleted before."""

    now: datetime
    moves: tuple[Move, ...] = ()
    quantities: tuple[QuantityChange, ...] = ()
    endings: tuple[Ending, ...] = ()
    recreated: tuple[Recreated, ...] = ()
    sold: tuple[Sold, ...] = ()
    billing: Billing = field(default_factory=Billing)
    settled: tuple[Settled, ...] = ()


def move_guards(facts: MoveFacts, allow: Container[str], real: Mapping[Address, Paid] = UNKNOWN) -> tuple[Guard, ...]:
    """The guards that stop a run; `real` is, by subscription, what real usage costs before and after."""
    return tuple(guard for guard in _guards(facts, real) if guard.code not in allow)


def without_amounts(guards: Iterable[Guard]) -> tuple[Guard, ...]:
    """The guards without what only single customers pay, have or lack; equal ones are joined."""
    found: dict[str, Guard] = {}
    for guard in guards:
        known = found.get(guard.code)
        addresses = (*(known.addresses if known else ()), *guard.addresses)
        found[guard.code] = replace(guard, reason=UNNAMED[guard.code], addresses=addresses)
    return tuple(found.values())


def move_notes(facts: MoveFacts) -> tuple[Change, ...]:
    """Notes about credit that comes back, about fees of add-ons that nothing stops, and about subscriptions that keep
    another settlement mode."""
    returned = (_returned(move) for move in facts.moves if credit_returned(move))
    return (*returned, *quantity_notes(facts.quantities), *settlement_notes(facts.settled))


def _guards(facts: MoveFacts, real: Mapping[Address, Paid]) -> Iterator[Guard]:
    yield from setup_guards(_found(unready(one.address, one.customer, facts.billing) for one in facts.sold))
    again = map(quantity_billed_twice, facts.quantities)
    yield from twice_guards(_found((*map(billed_twice, facts.moves), *again)))
    yield from dearer_guards(_found(dearer(move, real.get(move.address)) for move in facts.moves))
    yield from recreated_guards(facts.recreated)
    yield from trial_guards(_found(map(trial_again, facts.moves)))


def _found(each: Iterable[T | None]) -> Iterator[T]:
    return (one for one in each if one is not None)


def _returned(move: Move) -> Change:
    amounts = amounts_text(credit_returned(move))
    reason = f"{amounts} of its fees in advance are for the time after the change, and come back as credit"
    return Change(move.address, Action.NONE, "note", Outcome.NOTE, reason=reason, code="credit-returned")
