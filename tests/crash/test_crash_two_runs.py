"""Two runs at once: a second client does the whole work while the first one stands between two of its calls, or both go
on by turns, call by call.

Both read the files, or both have the same plan file. Nothing is granted, subscribed or published twice, and no draft is
left over: versions of plans and add-ons have no key that the server keeps, so that a client that was overtaken between
its look and its call takes back what it made.
"""

from contextlib import suppress
from dataclasses import replace

import httpx
import pytest

from billsync.apply import one_rule
from billsync.model.ports import RemoteError
from tests.crash.conftest import Count
from tests.crash.struck_runs import QUICK, Call, Runs, StruckRun, saved_runs, spread, struck_runs
from tests.support.crash_harness import Harness, Wire
from tests.support.faults import Deliver, Fault, Point
from tests.support.seeded import Seeded, Switching
from tests.support.world import EXAMPLES, World, as_it_is

SIDES = ("overtaken before", "overtaken after")
LAW = "two runs at once"
SEEDS = range(40)
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
    with suppress(RemoteError):
        harness.attempt(harness.journey, world, wire.wrap)
    missed = [] if wire.transport.struck else ["the call was never made"]
    found = [*missed, *troubles_after(harness, world)]
    return [f"{side} at {point}: {trouble}" for trouble in found]


def troubles_after(harness: Harness, world: World) -> list[str]:
    """The drafts that are left over, and what is wrong after a run again."""
    left_over = [f"{draft} is left over" for draft in world.drafts()]
    found = [*left_over, *harness.troubles_of_a_run_again(world)]
    world.close()
    return found


def troubles_by_turns(harness: Harness, clients: Seeded) -> list[str]:
    """What is wrong after two runs of which now one and now the other goes on."""
    world = harness.start.world()
    for number in range(2):
        clients.start(number, lambda: harness.attempt(harness.journey, world, as_it_is))
    ends = list(clients.last_ends())
    failed = [f"run {end.number}: {end.error!r}" for end in ends if end.error is not None]
    said = [f"run {end.number}: {text}" for end in ends if end.error is None for text in end.result]
    return [*failed, *said, *troubles_after(harness, world)]


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


@pytest.mark.slow
@pytest.mark.parametrize("run", SAVED, ids=str)
def test_two_runs_of_one_plan_file_by_turns_double_nothing(run: StruckRun, runs: Runs) -> None:
    harness = runs.harness(run)

    troubles = {seed: troubles_by_turns(harness, Seeded(seed)) for seed in SEEDS}

    assert {seed: found for seed, found in troubles.items() if found} == {}


@pytest.mark.slow
def test_without_giving_way_a_draft_is_left_over(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = replace(runs.harness(SAVED[0]))
    monkeypatch.setattr(one_rule, "gave_way", lambda step, made, world: False)

    troubles = (trouble for seed in SEEDS for trouble in troubles_by_turns(harness, Seeded(seed)))

    assert any(trouble.endswith("is left over") for trouble in troubles)


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", SAVED, ids=str)
def test_two_runs_of_one_plan_file_double_nothing_at_any_change(run: StruckRun, runs: Runs) -> None:
    """The first stands still after any of its requests and answers, and goes on after any of the second one's."""
    harness = runs.harness(run).unremembering
    stops = range(2 * len(harness.whole.calls) + 1)

    troubles = {(i, j): troubles_by_turns(harness, Switching(i, j)) for i in stops for j in stops}

    assert {place: found for place, found in troubles.items() if found} == {}
