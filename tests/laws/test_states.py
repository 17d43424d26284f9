"""Laws 1, 2, 4 and 8 over generated configurations, from an empty server and from one state to another."""

from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings

from billsync.core.plan_file import from_json, to_json
from billsync.model.address import symbols_in, symbols_in_path
from billsync.model.change import Action, PlanFile, Step
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG, states
from tests.support.faults import FaultyTransport
from tests.support.world import World

several = settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def too_early(plan: PlanFile) -> Iterator[str]:
    """Steps that come before one that they need, or before what they refer to is made."""
    made_by = {step.address: step.id for step in plan.steps if step.after.view is not None}
    done: set[str] = set()
    everything = {step.id for step in plan.steps}
    for step in plan.steps:
        missing = {made_by[address] for address in referred(step) if address in made_by} | set(step.needs)
        own = {other.id for other in plan.steps if other.address == step.address}
        yield from (f"{step.id} before {need}" for need in sorted((missing & everything) - done - own))
        yield from (f"{step.id} before {need}" for need in step.needs if need in own and need not in done)
        done.add(step.id)


def referred(step: Step) -> Iterator[object]:
    yield from symbols_in(step.call.body)
    yield from symbols_in_path(step.call.path)


@several
@given(states())
def test_a_second_sync_finds_no_difference_and_writes_nothing(state: Desired) -> None:
    """After a sync there is no difference, and a second sync writes nothing."""
    world, wires = World(), []

    def counted(inner: object) -> FaultyTransport:
        wires.append(FaultyTransport(inner))  # type: ignore[arg-type]
        return wires[-1]

    first = world.sync(state)
    second = world.sync(state, wrap=counted)

    assert [result.reason for result in first.report.results if result.reason] == []
    assert (second.plan.pending, second.plan.steps) == ((), ())
    assert wires[0].writes == ()


@several
@given(states(), states())
def test_from_one_state_to_another_and_then_nothing(before: Desired, after: Desired) -> None:
    world = World()
    world.sync(before)

    run = world.sync(after, allow=EVERY_FLAG)
    again = world.plan(after, allow=EVERY_FLAG)

    assert [result.reason for result in run.report.results if result.reason] == []
    assert (again.pending, again.steps) == ((), ())


@several
@given(states(), states())
def test_no_step_comes_before_one_that_it_needs(before: Desired, after: Desired) -> None:
    world = World()
    first = world.plan(before)
    world.sync(before)

    second = world.plan(after, allow=EVERY_FLAG)

    assert [*too_early(first), *too_early(second)] == []


@several
@given(states(), states())
def test_a_plan_file_survives_json(before: Desired, after: Desired) -> None:
    world = World()
    first = world.plan(before)
    world.sync(before)

    second = world.plan(after, allow=EVERY_FLAG)

    assert (from_json(to_json(first)), from_json(to_json(second))) == (first, second)
    assert to_json(from_json(to_json(second))) == to_json(second)


@several
@given(states(), states())
def test_apply_never_deletes(before: Desired, after: Desired) -> None:
    world = World()
    world.sync(before)

    plan = world.plan(after, mode="apply", deletes=False)

    assert [change.address.text for change in plan.changes if change.action is Action.DELETE] == []
    assert [step.id for step in plan.steps if step.call.method == "DELETE" or step.call.path.endswith("/archive")] == []
