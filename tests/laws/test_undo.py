"""An undo of any run ends, and begins no subscription and grants no credit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.app.undo.undo import find_undo, mode_of
from billsync.apply.journal import FileJournal
from billsync.cli.terminal.journaling import facts_at_begin
from billsync.core.diffing.diff import Mode
from billsync.core.taking_back.journal import journaled
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG, states
from tests.support.world import World

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
