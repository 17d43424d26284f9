"""Which steps may be under way together, whatever ends first."""

from __future__ import annotations

from random import Random

import pytest

from billsync.apply.schedule import Schedule
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, part_address
from billsync.model.change import Action, Call, Change, Expectation, PlanFile, Step

NOTHING = Call("POST", "/")


def step(kind: str, *names: str, needs: tuple[str, ...] = (), verb: str = "create") -> Step:
    where = Address(kind, names)
    left = Expectation(None) if verb == "delete" else Expectation({})
    return Step(f"{where.text}:{verb}", where, verb, NOTHING, Expectation(None), left, needs)


def plan(*steps: Step, deletes: tuple[Step, ...] = ()) -> PlanFile:
    changes = tuple(Change(one.address, Action.DELETE, "deleting", steps=(one.id,)) for one in deletes)
    return PlanFile("test", "payments", "sync", changes, steps)


ACME, OTHER = step("customer", "acme"), step("customer", "other")
GRANT = step("grant", "acme", "welcome", needs=(ACME.id,))
SECOND_GRANT = step("grant", "acme", "second")
SUBSCRIPTION = step("subscription", "acme", "default")
CANCEL = step("subscription", "other", "default", verb="cancel")
DRAFT = step("plan", "pro", verb="delete")
PRO = step("plan", "pro", needs=(DRAFT.id,))
CALLS, USES_CALLS = step("meter", "calls"), step("feature", "calls")
GONE = step("meter", "calls", verb="delete")


def begun(found: Schedule) -> list[int]:
    """All that may begin now."""
    numbers = []
    while (number := found.next()) is not None:
        numbers.append(number)
    return numbers


@pytest.mark.parametrize(
    ("made", "waves"),
    [
        (plan(ACME, OTHER), [[0, 1]]),
        (plan(ACME, OTHER, GRANT, SECOND_GRANT, SUBSCRIPTION), [[0, 1], [2], [3], [4]]),
        (plan(CALLS, ACME, USES_CALLS, GRANT), [[0, 1], [2], [3]]),
        (plan(GRANT, USES_CALLS), [[0, 1]]),
        (plan(ACME, CANCEL, GONE, deletes=(CANCEL,)), [[0], [1], [2]]),
        (plan(DRAFT, PRO, ACME, GONE), [[0, 2], [1], [3]]),
        (plan(step("feature", "a", needs=("not/in:it",)), ACME), [[0, 1]]),
    ],
)
def test_what_may_begin_together(made: PlanFile, waves: list[list[int]]) -> None:
    found, seen = Schedule(made, KINDS), []

    while wave := begun(found):
        seen.append(wave)
        for number in wave:
            found.ended(number)

    assert seen == waves


@pytest.mark.parametrize("seed", range(20))
def test_every_step_begins_once_after_what_it_waits_for(seed: int) -> None:
    """In any order of ends; one at a time, the order is the plan file's."""
    draw = Random(seed)
    steps: list[Step] = []
    for number in range(60):
        kind, names = draw.choice([("customer", ()), ("grant", ("c",)), ("subscription", ("d",)), ("meter", ())])
        needs = tuple(one.id for one in steps if draw.random() < 0.05)
        steps.append(step(kind, *names, f"n{number}", needs=needs, verb=draw.choice(["create", "create", "delete"])))
    made, under_way, order, at_once = plan(*steps), [], [], draw.choice([1, 4])
    found = Schedule(made, KINDS)

    while len(order) < len(steps):
        while len(under_way) < at_once and (number := found.next()) is not None:
            under_way.append(number)
        ended = under_way.pop(draw.randrange(len(under_way)))
        order.append(ended)
        found.ended(ended)

    place = {steps[number].id: at for at, number in enumerate(order)}
    assert sorted(order) == list(range(60))
    assert all(place[need] < place[one.id] for one in steps for need in one.needs)
    assert at_once > 1 or order == sorted(order)


def test_a_member_of_a_part_belongs_to_its_whole() -> None:
    member = part_address(Address("plan", ("pro",), 1), "addons", Address("addon", ("seats",), 1))
    attached = Step("attach", member, "attaching", NOTHING, Expectation(None), Expectation({}))

    found = Schedule(plan(PRO, attached), KINDS)

    assert begun(found) == [0]
