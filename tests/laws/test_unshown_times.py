"""Konnect shows neither when a subscription began nor when it ends: its state decides, and no message says None."""

from __future__ import annotations

import pytest

from billsync.local.server.editions import KONNECT
from billsync.model.change import Outcome, PlanFile
from tests.laws.test_chain_changes import FILES, files, synced
from tests.support.world import World, declared

pytestmark = [pytest.mark.thorough, pytest.mark.generation("konnect@1.1")]

UNSHOWN = "a time that this server doesn't show"


@pytest.fixture
def world() -> World:
    return World(edition=KONNECT)


def told(plan: PlanFile) -> list[str]:
    """The codes and reasons of what a run doesn't do, and of what stops it."""
    outcomes = [f"{one.code}: {one.reason}" for one in plan.changes if one.outcome is not Outcome.PENDING]
    return [*outcomes, *(f"{guard.code}: {guard.reason}" for guard in plan.guards)]


def test_an_end_at_renewal_is_set_once(world: World) -> None:
    synced(world, "plan: basic")

    plan = world.plan(files("plan: basic, ends: at_renewal"))
    ended = synced(world, "plan: basic, ends: at_renewal", "cancel")

    (change,) = plan.changes
    assert [(field.name, field.old, field.new) for field in change.fields] == [("ends", None, "at_renewal")]
    assert told(plan) == ["cancel: subscription/acme/default would end at its renewal"]
    assert ended == ["cancelling"]
    assert synced(world, "plan: basic, ends: at_renewal") == []


def test_an_end_that_is_not_declared_is_noted_without_its_time(world: World) -> None:
    synced(world, "plan: basic")
    synced(world, "plan: basic, ends: at_renewal", "cancel")

    plan = world.plan(files("plan: basic"))

    assert told(plan) == [
        f"chain-ending: it is declared, but ends at {UNSHOWN}: it was cancelled, here or elsewhere; left alone"
    ]


@pytest.mark.parametrize("before", ["plan: basic", ""])
def test_an_end_at_a_time_can_not_be_compared_and_is_not_set(world: World, before: str) -> None:
    if before:
        synced(world, before)

    ended = synced(world, 'plan: basic, ends: "2026-10-01T00:00:00Z"', "cancel")

    assert ended == ["unmanageable"]


def test_a_change_at_a_time_can_not_be_compared_and_is_not_made(world: World) -> None:
    """A rule has the subscription change to another plan where it is declared to end."""
    synced(world, "plan: paid")

    changed = synced(world, 'plan: paid, ends: "2026-10-01T00:00:00Z"')

    assert changed == ["unmanageable"]


def test_a_scheduled_change_waits_for_a_time_that_is_not_shown(world: World) -> None:
    synced(world, "plan: basic")
    synced(world, "plan: paid, change: at_renewal")

    waiting = world.plan(files("plan: paid, change: at_renewal"))
    other = world.plan(files("plan: basic, change: at_renewal"))

    assert told(waiting) == [f"change-scheduled: the change to plan/paid@1 takes effect at {UNSHOWN}"]
    assert told(other) == [
        f"cant-withdraw: what is scheduled for {UNSHOWN} differs, and this server's API can't take back a scheduled "
        "subscription"
    ]


def test_what_is_no_longer_declared_ends_at_a_time_that_is_not_shown(world: World) -> None:
    synced(world, "plan: basic")
    none = declared(FILES.format(subscription="subscriptions: []"))
    world.sync(none, allow={"cancel": ""})

    assert told(world.plan(none)) == [f"ends: it is no longer declared, and ends at {UNSHOWN}"]
