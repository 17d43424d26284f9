"""Files that change at random from run to run, while somebody meddles: every run carries out all that it planned.

After each run nothing is pending, nothing failed at the server, and nothing is refused that was not refused before.
"""

from __future__ import annotations

from io import StringIO
from random import Random

import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.pipeline import compare
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.core.guards.guards import flags
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome, PlanFile
from billsync.model.result import Report
from billsync.model.state import Desired
from tests.e2e.somebody_else import meddle
from tests.e2e.walks import document
from tests.support.world import NoJournal, World

pytestmark = pytest.mark.thorough

STEPS = 8
QUICK = range(3)
ALL = range(3, 24)
ALLOW = {**dict.fromkeys(flags(KINDS), ""), "deletes": "1000"}
MODES = (Mode("sync", True, ALLOW), Mode("sync", True, ALLOW), Mode("apply", False, ALLOW))


@pytest.mark.parametrize("seed", [*QUICK, *(pytest.param(seed, marks=pytest.mark.slow) for seed in ALL)])
def test_every_run_of_a_random_walk_does_all_it_planned(seed: int) -> None:
    random, world = Random(seed), World(seed=seed)
    for step in range(STEPS):
        desired, diagnostics = load(["-"], registry=KINDS, stdin=StringIO(document(random)))
        with world.http() as http:
            meddle(random, http)
        world.clock.advance(random.choice((3_600.0, 20 * 86_400.0)))
        mode = random.choice(MODES)

        plan, report, again = walked(world, desired, mode)

        assert diagnostics == ()
        assert (step, failures(report)) == (step, [])
        assert (step, [change.address.text for change in again.pending]) == (step, [])
        assert (step, refusals(again) - refusals(plan)) == (step, set())
    world.close()


def walked(world: World, desired: Desired, mode: Mode) -> tuple[PlanFile, Report, PlanFile]:
    """A run, and the comparison after it."""
    connection = world.connection()
    comparison = compare(connection, desired, mode)
    assert not comparison.plan.guards
    report = carry_out(connection, comparison.plan, journal=NoJournal(), known=comparison.snapshot)
    return comparison.plan, report, compare(world.connection(), desired, mode).plan


def failures(report: Report) -> list[str]:
    """The steps that was not done, with the reason."""
    ends = (result for result in report.results if result.status.value not in ("done", "already"))
    return [f"{result.step.id} {result.status.value}: {result.reason}" for result in ends]


def refusals(plan: PlanFile) -> set[tuple[str, str]]:
    """What is refused, and with which code."""
    return {(change.address.text, change.code) for change in plan.changes if change.outcome is Outcome.REFUSED}
