"""Entities that are certainly as their steps were decided on, so that nothing about them has to be worked out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from billsync.apply.world import World
from billsync.core.observed.index import Index
from billsync.model.address import Address
from billsync.model.change import PlanFile, Step
from billsync.model.routes import Routes
from billsync.model.value import Fields, certainly_equal


def decided_on(plan: PlanFile, found: Index, routes: Mapping[str, Routes]) -> Mapping[Address, Fields]:
    """The rows from which the steps that delete were decided, by their entities.

    Only of entities whose row shows all that their step expects, and that no other step of the run writes to.
    """
    steps = Counter(step.address for step in plan.steps)
    return {
        step.address: found.records[step.address].fields
        for step in plan.steps
        if steps[step.address] == 1 and step.address in found.records and _is_all_in_row(step, plan, routes)
    }


def _is_all_in_row(step: Step, plan: PlanFile, routes: Mapping[str, Routes]) -> bool:
    where, before = routes[step.address.kind], step.before
    is_delete = step.after.view is None and before.view is not None
    is_own_row = not where.parts and where.hidden is None and step.address not in plan.moved
    return is_delete and is_own_row and not before.partial and not before.facts


def is_as_decided(step: Step, world: World) -> bool:
    """Whether the look-up of a step's entity shows the one row from which the step was decided, value by value.

    Then the entity is as the step expects it. False says nothing. Raises RemoteError.
    """
    known = world.decided_on.get(step.address) if world.calls_first else None
    look = world.bindings.look_of(step.address) if known is not None else None
    if look is None:
        return False
    rows = world.bindings.read_rows(look.path, look.query, look.listing)
    return len(rows) == 1 and certainly_equal(rows[0], known)
