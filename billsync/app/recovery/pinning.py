"""Sets the billing profiles that customers of a recovery snapshot had, and the data of their apps, once the customers
are there and before anything is invoiced."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from billsync.api.documents import BILLING
from billsync.app.server.connection import Connection
from billsync.apply.execute import GOOD
from billsync.apply.patient_call import call_patiently
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.change import PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.ports import Journal, RemoteError
from billsync.model.result import Status, StepResult
from billsync.report.recovery.facts.own_billing import CUSTOMER
from billsync.report.recovery.restore.pins import Pin


@dataclass(frozen=True, slots=True)
class Pinned:
    """The number of customers whose billing was set, and of those who had it already; why it failed, by key."""

    made: int = 0
    known: int = 0
    failed: Mapping[str, str] | None = None

    @property
    def text(self) -> str:
        """The numbers as a sentence."""
        return f"Billing of customers: {self.made:,} set, {self.known:,} there already."


def pin(connection: Connection, pins: Mapping[str, Pin], journal: Journal) -> Pinned:
    """Set the billing of customers, by their keys, where it isn't there yet. Raises RemoteError."""
    rows = connection.rows(CUSTOMER)
    ids = {str(row.get("key")): str(row["id"]) for row in rows if not row.get("deleted_at")}
    there = [key for key in pins if key in ids]
    made, known, failed = 0, 0, dict[str, str]()
    answers = connection.documents(BILLING.replace(PARENT, ids[key]) for key in there)
    for key, answer in zip(there, answers, strict=True):
        if not isinstance(answer, Refused) and pins[key].holds(answer):
            known += 1
        elif reason := _set(connection, ids[key], pins[key]):
            failed[key] = reason
        else:
            journal.record("pinned", {"entity": Address(CUSTOMER, (key,)).text, "profile": pins[key].profile})
            made += 1
    return Pinned(made, known, failed)


def _set(connection: Connection, customer: str, wanted: Pin) -> str:
    """Set the billing of a customer, which may be set twice (customer-facts.md §20); why it failed."""
    try:
        answer = call_patiently(connection.remote, "PUT", BILLING.replace(PARENT, customer), wanted.body)
    except RemoteError as problem:
        return str(problem)
    return "" if answer.ok else str(answer.message or answer.status)


def until_customers(plan: PlanFile) -> PlanFile:
    """The plan file up to its last step on a customer, whatever else is before it."""
    last = max((number for number, step in enumerate(plan.steps) if step.address.kind == CUSTOMER), default=-1)
    return replace(plan, steps=plan.steps[: last + 1])


def second_part(
    plan: PlanFile, ended: Mapping[str, StepResult], unpinned: Collection[str], registry: Registry
) -> tuple[PlanFile, tuple[StepResult, ...]]:
    """The steps that are tried after the first part, and the ends of those that aren't.

    `ended` are the ends of the first part, of which none is tried again; `unpinned` the keys of customers whose billing
    couldn't be set: nothing of theirs is done, as it would be invoiced by another profile.
    """
    bad = {name for name, result in ended.items() if result.status not in GOOD}
    held: list[StepResult] = []
    for step in plan.steps:
        reason = None if step.id in ended else _held(step, bad, unpinned, registry)
        if reason is not None:
            bad.add(step.id)
            held.append(StepResult(step, Status.BLOCKED, *reason))
    rest = tuple(step for step in plan.steps if step.id not in ended and step.id not in bad)
    return replace(plan, steps=rest), tuple(held)


def _held(
    step: Step, bad: Collection[str], unpinned: Collection[str], registry: Registry
) -> tuple[str, bool, str | None] | None:
    """The reason for which a step isn't tried, as members of its result; None where it is."""
    need = next((one for one in step.needs if one in bad), None)
    if need is not None:
        return f"{need} was not done", False, need
    address, parent = step.address, registry[step.address.kind].parent
    if parent is not None and parent.kind == CUSTOMER and address.names[0] in unpinned:
        return f"the billing of customer {address.names[0]} was not set", False, None
    return None
