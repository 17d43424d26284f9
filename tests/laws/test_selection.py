"""The law of selections: a part of a difference is what the whole says of that part, and deletes nothing outside."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.core.declared.selecting import selected
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Outcome, PlanFile
from billsync.model.selection import Selection
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG, states
from tests.support.stayers import no_fewer_stay, without_stayers
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

several = settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
GLOBS = ("plan/*", "subscription/*", "*/acme", "*/acme/*", "customer/*", "grant/*", "feature/calls")


def pattern(text: str) -> tuple[str, str]:
    kind, _, names = text.partition("/")
    return kind, names


def lines(plan: PlanFile) -> dict[Address, Change]:
    """The changes that would be made, by what they change; who stays depends on what else is done."""
    pending = (change for change in plan.changes if change.outcome is Outcome.PENDING)
    return {change.address: change for change in without_stayers(pending)}


def goes(change: Change, here: frozenset[Address]) -> bool:
    """Whether a change deletes or ends something that is no longer declared."""
    return change.address.unversioned() not in here


@several
@given(states(), states(), st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2, unique=True))
def test_a_part_of_a_difference_is_what_the_whole_says_of_it(before: Desired, after: Desired, globs: list[str]) -> None:
    """The changes of a selection are the whole difference's; all of the chosen ones are there, unless they have to
    wait for a delete outside; nothing outside is deleted; and no step needs one that is left out."""
    world = World()
    world.sync(before, allow=EVERY_FLAG)
    part = selected(after, Selection(tuple(map(pattern, globs))), KINDS)
    here = frozenset(entity.address for entity in after.entities)

    whole, plan = (world.plan(desired, allow=EVERY_FLAG) for desired in (after, part))

    found, expected = lines(plan), lines(whole)
    assert no_fewer_stay(plan, whole)
    assert {address: found[address] for address in found} == {address: expected[address] for address in found}
    held = {change.address for change in plan.changes if change.outcome in (Outcome.BLOCKED, Outcome.WAITING)}
    chosen = {address for address in expected if part.selection.includes(address)}
    assert chosen - held <= found.keys()
    going = [change.address for change in found.values() if goes(change, here)]
    assert all(part.selection.chooses(a) or part.selection.chooses(Address("customer", a.parents)) for a in going)
    assert {need for step in plan.steps for need in step.needs} <= {step.id for step in plan.steps}


@several
@given(states(), states(), st.sampled_from(GLOBS))
def test_part_after_part_leads_to_the_whole(before: Desired, after: Desired, glob: str) -> None:
    """A run of a part makes all its calls, and with a run of the whole after it, nothing is left to do."""
    world = World()
    world.sync(before, allow=EVERY_FLAG)

    part = world.sync(selected(after, Selection((pattern(glob),)), KINDS), allow=EVERY_FLAG)
    rest = world.sync(after, allow=EVERY_FLAG)

    assert [result.reason for run in (part, rest) for result in run.report.results if result.reason] == []
    assert lines(world.plan(after, allow=EVERY_FLAG)) == {}


LABELLED = Selection(labels={"team": "payments"})


@several
@given(states(), states())
def test_only_what_carries_the_labels_is_deleted(before: Desired, after: Desired) -> None:
    """With labels of a selection, what was made without them stays, and what was made with them goes."""
    plain, labelled = World(), World()
    plain.sync(before, allow=EVERY_FLAG)
    labelled.sync(selected(before, LABELLED, KINDS), allow=EVERY_FLAG)
    part = selected(after, LABELLED, KINDS)

    without, with_labels = (world.plan(part, allow=EVERY_FLAG) for world in (plain, labelled))
    whole = plain.plan(after, allow=EVERY_FLAG)

    here = frozenset(entity.address for entity in after.entities)
    gone = {address for address, change in lines(whole).items() if goes(change, here)}
    assert [change for change in lines(without).values() if goes(change, here)] == []
    assert {a for a, change in lines(with_labels).items() if goes(change, here)} == gone


HELD = """\
_info: {owner: payments}
customers: [{key: %s, name: N, usage_attribution: {subject_keys: [acme-prod]}}]
"""


def test_a_change_that_waits_for_a_delete_outside_is_blocked() -> None:
    """A subject key that an undeclared customer holds is free only once that one is deleted."""
    world = World()
    world.sync(declared(HELD % "old"))
    after = declared(HELD % "new")

    plans = {
        chosen: world.plan(selected(after, Selection(tuple(map(pattern, chosen))), KINDS), allow=EVERY_FLAG)
        for chosen in (("customer/new",), ("customer/new", "customer/old"))
    }

    (alone,) = plans["customer/new",].changes
    assert (alone.address.text, alone.outcome, alone.code) == ("customer/new", Outcome.BLOCKED, "unselected")
    assert alone.hint == "select it, too: --select customer/old"
    both = {change.address.text for change in plans["customer/new", "customer/old"].pending}
    assert both == {"customer/new", "customer/old"}
