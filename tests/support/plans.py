"""A plan file with one of everything, and a report of running it, for tests of the formats."""

from decimal import Decimal

from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Call, Change, Expectation, FieldChange, Guard, Outcome, PlanFile, Step
from billsync.model.result import Report, Status, StepResult

METER = Address("meter", ("api_requests",))
CUSTOMER = Address("customer", ("acme",))
PLAN = Address("plan", ("pro",), 3)
GRANT = Address("grant", ("acme", "welcome"))
OLD = Address("feature", ("old",))


def step(address: Address, name: str, *, old: object = None, new: object = None, needs: tuple[str, ...] = ()) -> Step:
    call = Call("POST", "/things", {"amount": "1"})
    return Step(f"{address.text}:{name}", address, name, call, Expectation(old), Expectation(new), needs)


STEPS = (
    step(METER, "create", new={"key": "api_requests", "limit": Decimal("1.50")}),
    step(PLAN, "create", new={"key": "pro"}),
    step(PLAN, "publish", old={"key": "pro"}, new={"key": "pro", "meter": Symbol(METER)}),
    step(CUSTOMER, "update", old={"name": "Acme"}, new={"name": "Acme Inc."}),
    step(GRANT, "create", new={"amount": "500"}, needs=(f"{CUSTOMER.text}:update",)),
    step(OLD, "delete", old={"key": "old"}),
)
PENDING = (
    Change(METER, Action.CREATE, "creating", steps=(STEPS[0].id,)),
    Change(PLAN, Action.CREATE, "publishing", steps=(STEPS[1].id, STEPS[2].id), reason="2 subscriptions stay on pro@2"),
    Change(
        CUSTOMER,
        Action.UPDATE,
        "updating",
        fields=(
            FieldChange(("name",), "Acme", "Acme Inc."),
            FieldChange(("usage_attribution", "subject_keys"), None, ["a", "b c"]),
            FieldChange(("labels", "team"), "billing", None),
        ),
        steps=(STEPS[3].id,),
    ),
    Change(GRANT, Action.CREATE, "granting", steps=(STEPS[4].id,)),
    Change(OLD, Action.DELETE, "archiving", steps=(STEPS[5].id,)),
)
TOLD = (
    Change(
        Address("feature", ("tokens",)),
        Action.UPDATE,
        "updating",
        Outcome.REFUSED,
        (FieldChange(("name",), "Tokens", "AI tokens"),),
        "it is not owned",
        "list it under `adopted`",
        "not-owned",
    ),
    Change(Address("customer", ("gone",)), Action.DELETE, "deleting", Outcome.WAITING, reason="until it ends"),
    Change(Address("grant", ("acme", "kept")), Action.NONE, "note", Outcome.NOTE, reason="left alone\x1b[31m"),
)
GUARD = Guard("deletes", "12 deletes exceed the limit of 10", "--allow deletes=12", (OLD,))


def plan_file(*, guards: tuple[Guard, ...] = ()) -> PlanFile:
    """The plan file."""
    return PlanFile("local:x.db", "payments", "sync", PENDING + TOLD, STEPS, guards)


def broken_report() -> Report:
    """A run in which one step failed, one was blocked by it, and one had been done before."""
    return Report(
        (
            StepResult(STEPS[0], Status.ALREADY),
            StepResult(STEPS[1], Status.DONE, wrote=True),
            StepResult(STEPS[2], Status.DONE, wrote=True),
            StepResult(STEPS[3], Status.FAILED, "409 Conflict: taken", wrote=True),
            StepResult(STEPS[4], Status.BLOCKED, cause=STEPS[3].id),
            StepResult(STEPS[5], Status.DONE, wrote=True),
        )
    )
