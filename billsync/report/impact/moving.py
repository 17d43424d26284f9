"""Subscriptions that a run begins or changes, from its plan file: on which plan version, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Change, PlanFile, Step
from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.report.billing.subscribed import moment_of

SUBSCRIPTION, CUSTOMER, PLAN = "subscription", "customer", "plan"
BEGINNING, CHANGING, MIGRATING = "subscribing", "changing", "migrating"
"""Verbs of steps that put a subscription on a plan version: a new one, the next link, the same link."""

CHANGED = (CHANGING, MIGRATING)
IMMEDIATE, AT_RENEWAL = "immediate", "at_renewal"
ANCHOR = "billing_anchor"


@dataclass(frozen=True, slots=True)
class Begun:
    """A subscription that a run begins or changes; `plan` is the version that it gets, and `timing` the change's.

    `anchor` is a declared one, from which its periods will be counted; None where it goes on, or is the start.
    `replaces`: it begins in place of one that was scheduled and hasn't begun.
    """

    address: Address
    plan: Address
    verb: str
    timing: str = ""
    anchor: datetime | None = None
    replaces: bool = False

    @property
    def customer(self) -> Address:
        """The customer that it belongs to."""
        return Address(CUSTOMER, self.address.parents)

    @property
    def is_change(self) -> bool:
        """Whether it changes a subscription, rather than begins one."""
        return self.verb in CHANGED


def begun_by(plan: PlanFile) -> tuple[Begun, ...]:
    """The subscriptions that a run begins or changes, in the order of its changes."""
    steps = {step.id: step for step in plan.steps}
    found = (begun_of(change, steps) for change in plan.pending if change.address.kind == SUBSCRIPTION)
    return tuple(one for one in found if one is not None)


def begun_of(change: Change, steps: Mapping[str, Step]) -> Begun | None:
    """The subscription that a change of one begins or changes, by the steps of its run; None for any other change."""
    mine = [step for name in change.steps if (step := steps.get(name)) and _begins(step)]
    return _begun(change, mine[-1]) if mine else None


def starts(timing: str, renewal: datetime) -> datetime | None:
    """The moment from which a change counts; None for at once. `renewal` is the end of the running period."""
    if timing in ("", IMMEDIATE):
        return None
    return renewal if timing == AT_RENEWAL else moment_of(timing)


def _begins(step: Step) -> bool:
    return step.verb in (BEGINNING, *CHANGED) and isinstance(_view(step).get(PLAN), Symbol)


def _view(step: Step) -> Fields:
    return step.after.view or {}


def _begun(change: Change, step: Step) -> Begun:
    symbol = _view(step)[PLAN]
    assert isinstance(symbol, Symbol)
    body = step.call.body if isinstance(step.call.body, Mapping) else {}
    anchor = moment_of(str(body[ANCHOR])) if body.get(ANCHOR) else None
    replaces = step.verb == BEGINNING and change.action is Action.UPDATE
    return Begun(change.address, symbol.address, step.verb, change.timing, anchor, replaces)
