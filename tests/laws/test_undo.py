"""An undo of any run ends, and begins no subscription and grants no credit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from hypothesis import given, settings

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.app.undo.undo import find_undo, mode_of
from billsync.apply.journal import FileJournal
from billsync.cli.terminal.journaling import facts_at_begin
from billsync.core.diffing.diff import Mode
from billsync.core.taking_back.journal import Journaled, journaled
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.state import Desired, Snapshot
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG, states
from tests.support.faults import Killed
from tests.support.world import NoJournal, World, Wrap, as_it_is, declared, rows_of

pytestmark = pytest.mark.thorough

SYNC = Mode("sync", True, EVERY_FLAG)


@contextmanager
def a_world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def run(world: World, desired: Desired, mode: Mode) -> tuple[PlanFile, str]:
    """One run, with its journal."""
    world.clock.sleep(60)
    connection = world.connection()
    found = compare(connection, desired, mode)
    assert not found.plan.guards
    facts: Mapping[str, str | None] = {"target": found.plan.target, "owner": found.plan.owner, "mode": found.plan.mode}
    with TemporaryDirectory() as folder:
        with FileJournal(Path(folder), clock=world.clock, facts=facts) as journal:
            journal.record("begin", facts_at_begin(found.plan))
            carry_out(connection, found.plan, journal=journal, known=found.snapshot)
        return found.plan, "".join(path.read_text() for path in Path(folder).iterdir())


@settings(max_examples=examples(4), deadline=None)
@given(states(), states())
def test_an_undo_settles_and_begins_nothing_again(before: Desired, after: Desired) -> None:
    """What waits for something to end goes in a second undo; a third has nothing to do."""
    with a_world() as world:
        run(world, before, SYNC)
        earlier = journaled(run(world, after, SYNC)[1], KINDS)

        plans = []
        for _ in range(3):
            desired = find_undo(world.connection(), earlier, EVERY_FLAG).desired
            plans.append(run(world, desired, mode_of(EVERY_FLAG))[0])

    verbs = {step.verb for plan in plans for step in plan.steps}
    assert not verbs & {"granting", "subscribing"}
    assert plans[-1].steps == ()


SHOP = """\
_info: {owner: us}
addons:
- {key: seats, name: S, currency: USD, instance_type: multiple, rate_cards: [
    {key: seats, name: S, price: {type: flat, amount: "5"}, billing_cadence: P1M}]}
plans:
- {key: small, name: P, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, addons: [{addon: seats}],
    phases: [{key: d, name: D, rate_cards: [{key: fee, name: F, price: {type: flat, amount: "1"}}]}]}
- {key: large, name: Q, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, addons: [{addon: seats}],
    phases: [{key: d, name: D, rate_cards: [{key: fee, name: F, price: {type: flat, amount: "2"}}]}]}
customers:
- {key: acme, name: A, usage_attribution: {subject_keys: [a]}, subscription: {%s, addons: [{addon: seats}]}}
"""


class DiesAtWrite(httpx.BaseTransport):
    """A way to the server of a process that dies at the write of a number, before or after the server acts."""

    def __init__(self, inner: httpx.BaseTransport, number: int, *, is_after: bool) -> None:
        self._inner, self._left, self._is_after = inner, number, is_after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self._inner.handle_request(request)
        self._left -= 1
        if self._left < 0 and not self._is_after:
            raise Killed
        response = self._inner.handle_request(request)
        if self._left < 0:
            response.read()
            raise Killed
        return response


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_undo_of_an_end_and_a_plan_that_dies_is_gone_on_with(number: int, is_after: bool) -> None:
    """The plan, what is attached, and the end are three calls; the next undo makes those that are left."""
    with a_world() as world:
        run(world, declared(SHOP % "plan: small"), SYNC)
        run(world, declared(SHOP % "plan: small, ends: at_renewal"), SYNC)
        earlier = journaled(run(world, declared(SHOP % "plan: large, change: immediate"), SYNC)[1], KINDS)

        with pytest.raises(Killed):
            undo_over(world, earlier, partial(DiesAtWrite, number=number, is_after=is_after))
        again, third = undo_over(world, earlier), undo_over(world, earlier)
        with world.http() as http:
            links = [row for row in rows_of(http, "/subscriptions") if row["status"] != "inactive"]
            plans = {row["id"]: row["key"] for row in rows_of(http, "/plans")}
            attached = [
                row["quantity"] for link in links for row in rows_of(http, f"/subscriptions/{link['id']}/addons")
            ]

    made = ["changing", "attaching", "cancelling"]
    assert [step.verb for step in again.steps] == made[number + is_after :]
    assert third.steps == ()
    assert [(plans[row["plan"]["id"]], row["active_to"][:10]) for row in links] == [("small", "2026-10-01")]
    assert attached == [1]


def undo_over(world: World, earlier: Journaled, wrap: Wrap = as_it_is) -> PlanFile:
    """An undo, over a way to the server."""
    world.clock.sleep(60)
    connection = world.connection(wrap)
    found = find_undo(connection, earlier, EVERY_FLAG)
    plan = compare(connection, found.desired, mode_of(EVERY_FLAG)).plan
    carry_out(connection, plan, journal=NoJournal(), known=Snapshot())
    return plan
