"""Two runs at once: a second client does the whole work while the first one stands between two of its calls.

Both read the files, or both have the same plan file. Nothing is granted, subscribed or published twice. Versions of
plans and add-ons have no key that the server keeps: the first client may leave a draft behind when it was overtaken
between its look and its call; then it must say so.
"""

from contextlib import suppress

import httpx
import pytest

from billsync.model.ports import RemoteError
from tests.crash.conftest import Count
from tests.crash.struck_runs import QUICK, Call, Runs, StruckRun, saved_runs, spread, struck_runs
from tests.support.crash_harness import Harness, Wire, from_files
from tests.support.faults import Deliver, Fault, Point
from tests.support.world import EXAMPLES, World, as_it_is

SIDES = ("overtaken before", "overtaken after")
LAW = "two runs at once"
RUNS = [run for run in struck_runs() if not run.saved and (run.folder.parent != EXAMPLES or run.folder.name == QUICK)]
"""The prepaid example from nothing, and every journey."""
SAVED = [run for run in struck_runs() if run.saved and run.folder.name in (QUICK, "an-edited-price")]
"""Two plan files: from nothing, and of a plan's next version."""


def marked(run: StruckRun) -> object:
    return pytest.param(run, id=str(run), marks=() if run.quick else pytest.mark.crash)


def overtaken(harness: Harness, world: World, side: str) -> Fault:
    """Another client's whole run, before the server hears the call or after it has answered."""

    def strike(request: httpx.Request, deliver: Deliver) -> httpx.Response:
        if side == "overtaken before":
            harness.attempt(harness.journey, world, as_it_is)
        response = deliver(request)
        response.read()
        if side == "overtaken after":
            harness.attempt(harness.journey, world, as_it_is)
        return response

    return Fault(side, strike)


def troubles_at(harness: Harness, point: Point, side: str) -> list[str]:
    """What is wrong after a run that was overtaken, and a run again."""
    world = harness.start.world()
    wire = Wire(overtaken(harness, world, side), point)
    said: tuple[str, ...] = ()
    with suppress(RemoteError):
        said = harness.attempt(harness.journey, world, wire.wrap)
    left_over = world.drafts()
    silent = [f"nobody spoke of {draft}" for draft in left_over if not any(draft in text for text in said)]
    if left_over and harness.attempt is not from_files:  # a plan file has no step for it: the next sync deletes it
        from_files(harness.journey, world, as_it_is)
    missed = [] if wire.transport.struck else ["the call was never made"]
    found = [*missed, *silent, *harness.troubles_of_a_run_again(world)]
    world.close()
    return [f"{side} at {point}: {trouble}" for trouble in found]


@pytest.mark.slow
@pytest.mark.parametrize("run", [marked(run) for run in (*RUNS, *SAVED)])
def test_two_runs_at_once_double_nothing(run: StruckRun, runs: Runs, count: Count) -> None:
    struck = [(call, side) for call, side in spread(runs.calls(SAVED if run.saved else RUNS), SIDES) if call.run == run]
    harness = runs.harness(run)

    troubles = [trouble for call, side in struck for trouble in troubles_at(harness, call.point, side)]

    count(LAW, struck)
    assert troubles == []
    assert {call.point for call, _ in struck} == set(harness.whole.calls)


@pytest.mark.exhaustive
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("run", dict.fromkeys((*struck_runs(), *saved_runs())), ids=str)
def test_two_runs_at_once_double_nothing_at_any_call(run: StruckRun, side: str, runs: Runs, count: Count) -> None:
    harness = runs.harness(run).unremembering
    calls: list[Call] = [call for same in runs.calls((run,)).values() for call in same]

    troubles = [trouble for call in calls for trouble in troubles_at(harness, call.point, side)]

    count(LAW, [(call, side) for call in calls])
    assert troubles == []
