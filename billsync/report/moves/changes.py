"""Changes and beginnings of subscriptions in a plan file, with the links that they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from billsync.core.chains import head_of
from billsync.core.index import Index, state_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Change, PlanFile, Step
from billsync.model.kind import State
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.report.billing.subscribed import moment_of

SUBSCRIPTION, CUSTOMER, PLAN = "subscription", "customer", "plan"
CHANGING = "changing"
IN_FORCE = (State.CURRENT, State.ENDING)
ANCHOR = "billing_anchor"


@dataclass(frozen=True, slots=True)
class Beginning:
    """A subscription that a run begins or changes, and the plan version that it gets."""

    address: Address
    plan: Address

    @property
    def customer(self) -> Address:
        """The customer that it belongs to."""
        return Address(CUSTOMER, self.address.parents)


@dataclass(frozen=True, slots=True)
class Changing:
    """A subscription that a run changes: the link in force, None without one, and all links of its customer so far.

    `anchor` is a declared one, from which periods will be counted; None where the link's own goes on.
    """

    address: Address
    plan: Address
    timing: str
    running: Row | None
    links: tuple[Row, ...]
    anchor: datetime | None = None


def beginnings(plan: PlanFile) -> tuple[Beginning, ...]:
    """The subscriptions that a run begins, or changes to another plan or version."""
    steps = {step.id: step for step in plan.steps}
    found = ((change, _begun_by(change, steps)) for change in _of_subscriptions(plan))
    return tuple(Beginning(change.address, _plan(step)) for change, step in found if step)


def changings(plan: PlanFile, found: Index) -> tuple[Changing, ...]:
    """The subscriptions that a run changes; `found` holds the compared rows by the addresses that the files use."""
    steps = {step.id: step for step in plan.steps}
    pairs = ((change, _begun_by(change, steps)) for change in _of_subscriptions(plan) if change.verb == CHANGING)
    return tuple(_changing(change, step, found) for change, step in pairs if step)


def _of_subscriptions(plan: PlanFile) -> Iterator[Change]:
    for change in plan.pending:
        if change.address.kind == SUBSCRIPTION and (change.action is Action.CREATE or change.verb == CHANGING):
            yield change


def _begun_by(change: Change, steps: Mapping[str, Step]) -> Step | None:
    """The step that begins a link: the last after which the subscription is pinned to a plan version."""
    pinned = [step for name in change.steps if (step := steps.get(name)) and _is_pinned(step.after.view)]
    return pinned[-1] if pinned else None


def _is_pinned(view: Fields | None) -> bool:
    return view is not None and isinstance(view.get(PLAN), Symbol)


def _plan(step: Step) -> Address:
    symbol = (step.after.view or {}).get(PLAN)
    assert isinstance(symbol, Symbol)
    return symbol.address


def _changing(change: Change, step: Step, found: Index) -> Changing:
    links = found.chains.get(Address(CUSTOMER, change.address.parents), ())
    in_force = tuple(row for row in links if state_of(KINDS[SUBSCRIPTION], row.fields) in IN_FORCE)
    body = step.call.body if isinstance(step.call.body, Mapping) else {}
    anchor = moment_of(str(body[ANCHOR])) if body.get(ANCHOR) else None
    running = head_of(KINDS[SUBSCRIPTION], in_force, change.address.key)
    return Changing(change.address, _plan(step), change.timing, running, links, anchor)
