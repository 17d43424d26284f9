"""Carries out the steps of a plan file, several at a time, and tells their ends in the plan file's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from billsync.apply.evidence import text_kept
from billsync.apply.lots import TOGETHER, looks_of, may_share
from billsync.apply.one_rule import GONE, run_step
from billsync.apply.schedule import Schedule
from billsync.apply.workers import Ended, OneThread, Workers, workers
from billsync.apply.world import World
from billsync.model.address import Address
from billsync.model.change import PlanFile, Step
from billsync.model.frozen import replace
from billsync.model.result import Report, Status, StepResult

GOOD = frozenset({Status.DONE, Status.ALREADY})

OnResult = Callable[[StepResult], None]


@dataclass(frozen=True, slots=True)
class Manner:
    """The number of steps at a time, whether creates may be called without a look, and the makers of workers."""

    at_once: int = 1
    calls_first: bool = True
    workers: Callable[[int], Workers] = workers


IN_TURN = Manner()
"""One step after another."""


def execute(
    plan: PlanFile, world: World, *, on_result: OnResult = lambda result: None, manner: Manner = IN_TURN
) -> Report:
    """Run the plan file's steps. A failed step blocks the steps that need it; the others continue.

    `on_result` gets the ends in the plan file's order. Errors of the server or the network are in the report, not
    raised. Whatever else is raised, no further call is made, and the steps that are under way are waited for.
    """
    running = _Running(plan, replace(world, calls_first=manner.calls_first), on_result)
    crew = manner.workers(manner.at_once)
    try:
        running.to_the_end(crew, manner.at_once)
    except BaseException:
        running.stop(crew)
        raise
    finally:
        crew.close()
    return Report(tuple(running.results[step.id] for step in plan.steps))


class _Running:
    """A run that is under way. Only the thread that began it touches this."""

    def __init__(self, plan: PlanFile, world: World, on_result: OnResult) -> None:
        self.results: dict[str, StepResult] = {}
        self._steps = plan.steps
        self._world = world
        self._on_result = on_result
        self._schedule = Schedule(plan, world.bindings.registry)
        self._following = _following(plan)
        self._gone = ""
        self._lot: list[int] = []
        self._told = 0

    def to_the_end(self, crew: Workers, at_once: int) -> None:
        """Carry out all steps. Raises what a step raises."""
        under_way = 0
        while self._told < len(self._steps):
            under_way += self._begin(crew, at_once - under_way, is_idle=not under_way)
            self._tell()
            if under_way:
                ended = crew.next_end()
                under_way -= 1
                if ended.error is not None:
                    raise ended.error
                self._keep(ended)
                self._tell()

    def stop(self, crew: Workers) -> None:
        """Wait for the steps that are under way, and tell every end that wasn't told."""
        self._world.stopping.set()
        for ended in crew.last_ends():
            self._keep(ended)
        for step in self._steps[self._told :]:
            if step.id in self.results:
                self._tell_end(self.results[step.id])

    def _begin(self, crew: Workers, room: int, *, is_idle: bool) -> int:
        """Begin steps, as many as there is room for, and return their number. Lots wait for the room that they need,
        unless nothing else is under way."""
        begun = 0
        while len(self._lot) + begun < room and (number := self._schedule.next()) is not None:
            if self._is_blocked(number):
                continue
            if isinstance(crew, OneThread) and may_share(self._steps[number], self._world):
                self._lot.append(number)
            else:
                begun += 1
                crew.start(number, partial(self._run, number, self._world))
            if len(self._lot) == TOGETHER:
                begun += self._begin_lot(crew)
        if is_idle and not begun:
            begun = self._begin_lot(crew)
        return begun

    def _begin_lot(self, crew: Workers) -> int:
        """Begin the steps of the lot after their looks, and return their number."""
        numbers, self._lot = [number for number in self._lot if not self._is_blocked(number)], []
        if numbers:
            assert isinstance(crew, OneThread)
            steps = [self._steps[number] for number in numbers]
            crew.start_together(
                lambda: replace(self._world, ahead=looks_of(steps, self._world)),
                {number: partial(self._run, number) for number in numbers},
            )
        return len(numbers)

    def _is_blocked(self, number: int) -> bool:
        """Whether a step can't begin, as something it needs wasn't done; that is its end."""
        blocked = _blocked(self._steps[number], self.results, self._gone)
        if blocked is not None:
            self._keep(Ended(number, blocked))
        return blocked is not None

    def _run(self, number: int, world: World) -> StepResult | None:
        step = self._steps[number]
        return run_step(step, world, self._following[step.id])

    def _keep(self, ended: Ended) -> None:
        self._schedule.ended(ended.number)
        if ended.result is None:
            return
        result = self._world.masking.result(ended.result)
        if result.status is Status.FAILED and result.cause == GONE:
            self._gone = self._gone or result.reason
        self.results[self._steps[ended.number].id] = result

    def _tell(self) -> None:
        """Tell the ends up to the first step that hasn't ended."""
        while self._told < len(self._steps) and (result := self.results.get(self._steps[self._told].id)):
            self._tell_end(result)
            self._told += 1

    def _tell_end(self, result: StepResult) -> None:
        self._on_result(result)
        reason = text_kept(self._world.kind(result.step), result.reason)
        self._world.record("result", {"step": result.step.id, "status": result.status.value, "reason": reason})


def _blocked(step: Step, results: Mapping[str, StepResult], gone: str) -> StepResult | None:
    for need in step.needs:
        if need in results and results[need].status not in GOOD:
            return StepResult(step, Status.BLOCKED, f"{need} was not done", cause=need)
    if gone:
        return StepResult(step, Status.BLOCKED, f"not tried: {gone}", cause=GONE)
    return None


def _following(plan: PlanFile) -> Mapping[str, tuple[Step, ...]]:
    """The later steps on the same entity, by the id of a step."""
    found: dict[str, tuple[Step, ...]] = {}
    by_address: dict[Address, tuple[Step, ...]] = {}
    for step in reversed(plan.steps):
        found[step.id] = by_address.get(step.address, ())
        by_address[step.address] = (step, *found[step.id])
    return found


GUARDED = "a guard stopped the run"


def stopped(plan: PlanFile) -> Report:
    """The report of a run that a guard stopped before its first step."""
    return Report(tuple(StepResult(step, Status.BLOCKED, GUARDED) for step in plan.steps))
