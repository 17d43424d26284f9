"""Adoption on each edition of the API: of a server that somebody made by hand, one run marks what it can."""

import pytest

from billsync.app.adoption.adopt import find_adoption, find_needless
from billsync.core.taking_back.adoption import adopting, without
from billsync.kinds.registry import KINDS
from billsync.local.server.editions import AUGUST, EDITIONS, Edition
from tests.support.brownfield import FILES, make_by_hand
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough


def case(edition: Edition) -> object:
    """An edition, whose traffic is checked against the document of its generation."""
    name = f"{edition.dialect}@{edition.generation}"
    return pytest.param(edition, id=name, marks=() if edition is AUGUST else pytest.mark.generation(name))


@pytest.mark.parametrize("edition", [case(edition) for edition in EDITIONS])
def test_after_adoption_a_second_run_has_no_steps(edition: Edition) -> None:
    """Of every kind; nor has one without the entries of `adopted` that labels have replaced."""
    world = World(edition=edition)
    with world.http() as http:
        make_by_hand(http)
    desired = declared(FILES)

    found = find_adoption(world.connection(), desired)
    adopted = adopting(desired, found.adopted)
    marked, settled = world.sync(adopted), world.sync(adopted)
    needless = find_needless(world.connection(), adopted).needless
    pruned = world.sync(without(adopted, needless))

    assert {address.kind for address in found.adopted} == set(KINDS)
    assert marked.plan.changes == found.plan.changes
    assert {step.address.kind for step in marked.plan.steps} == {entry.kind for entry in needless}
    assert (settled.plan.steps, pruned.plan.steps) == ((), ())
    world.close()
