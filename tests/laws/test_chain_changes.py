"""Changes of a subscription over time: what is scheduled, hastened, taken back, and ended."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.app.planning.pipeline import everything
from billsync.core.dump.dump import dump
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome
from billsync.model.state import Desired
from billsync.render.formats.yaml_text import to_yaml
from tests.support.world import BASE, World, declared

pytestmark = pytest.mark.thorough

FILES = """
_info: {{owner: payments, transitions: [{{from: paid, on_cancel: free}}]}}
plans:
  - key: free
    name: Free
    currency: USD
    billing_cadence: P1M
    phases: [{{key: d, name: D, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}]
  - key: basic
    name: Basic
    currency: USD
    billing_cadence: P1M
    phases: [{{key: d, name: D, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}]
  - key: paid
    name: Paid
    currency: USD
    billing_cadence: P1M
    phases: [{{key: d, name: D, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}]
customers:
  - {{key: acme, name: Acme Inc., {subscription}}}
"""
DAY = 86_400.0


def files(subscription: str) -> Any:
    """What a file with this subscription declares."""
    return declared(FILES.format(subscription=f"subscription: {{{subscription}}}"))


def synced(world: World, subscription: str, *allow: str) -> list[str]:
    """What a run came to: the verbs of its steps, or the codes of what stops it."""
    run = world.sync(files(subscription), allow=dict.fromkeys(allow, ""))
    stopped = [change.code for change in run.plan.changes if change.outcome is not Outcome.PENDING]
    done = [result.step.verb for result in run.report.results if result.step.address.kind == "subscription"]
    assert run.report.succeeded or run.plan.guards
    return [guard.code for guard in run.plan.guards] or [*done, *stopped]


def links(world: World) -> list[tuple[str, str]]:
    """The plan and the status of each live link, oldest first."""
    with world.http() as http:
        rows = http.get(f"{BASE}/openmeter/subscriptions", params={"page[size]": "100"}).json()["data"]
    return [(row["plan"]["key"], row["status"]) for row in rows]


def test_a_scheduled_change_that_is_declared_at_once_now_is_made_at_once() -> None:
    world = World()
    synced(world, "plan: basic")
    synced(world, "plan: paid, change: at_renewal")

    hastened = synced(world, "plan: paid, change: immediate")

    assert hastened == ["withdrawing", "changing"]
    assert links(world) == [("basic", "inactive"), ("paid", "active")]
    assert synced(world, "plan: paid, change: immediate") == []


def test_a_chain_that_differs_and_is_to_end_is_neither_changed_nor_ended() -> None:
    world = World()
    synced(world, "plan: basic")
    synced(world, "plan: paid, change: at_renewal")

    refused = synced(world, "plan: free, change: at_renewal, ends: at_renewal", "cancel")

    assert refused == ["ends-first"]
    assert links(world) == [("basic", "canceled"), ("paid", "scheduled")]


def test_a_declared_end_takes_a_scheduled_change_back() -> None:
    world = World()
    synced(world, "plan: basic")
    synced(world, "plan: paid, change: at_renewal")

    ended = synced(world, "plan: basic, ends: at_renewal", "cancel")

    assert ended == ["withdrawing"]
    assert links(world) == [("basic", "canceled")]
    assert synced(world, "plan: basic, ends: at_renewal") == []


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (
            ("plan: basic", "plan: paid, change: at_renewal"),
            "subscription/acme/default would end at 2026-10-01T00:00:00Z; the change that is scheduled is taken back",
        ),
        (
            ('plan: basic, start: "2026-09-10T00:00:00Z"',),
            "subscription/acme/default has not begun, and would never begin",
        ),
    ],
)
def test_the_guard_of_a_cancel_says_what_is_taken_back(before: tuple[str, ...], reason: str) -> None:
    world = World()
    for subscription in before:
        synced(world, subscription)

    plan = world.plan(declared(FILES.format(subscription="subscriptions: []")))

    assert [(guard.code, guard.reason) for guard in plan.guards] == [("cancel", reason)]


def test_an_end_after_the_scheduled_change_is_set_in_one_run() -> None:
    world = World()
    synced(world, "plan: basic")
    synced(world, "plan: paid, change: at_renewal")
    ends = 'plan: basic, ends: "2026-12-01T00:00:00Z"'

    ended = synced(world, ends, "cancel")

    assert ended == ["withdrawing", "cancelling"]
    assert links(world) == [("basic", "canceled")]
    assert synced(world, ends) == []


def test_a_rule_on_cancel_changes_to_its_plan_instead() -> None:
    world = World()
    synced(world, "plan: paid")

    changed = synced(world, "plan: paid, ends: at_renewal")

    assert changed == ["changing"]
    assert links(world) == [("paid", "canceled"), ("free", "scheduled")]
    world.clock.advance(32 * DAY)
    assert synced(world, "plan: paid, ends: at_renewal") == []
    assert links(world) == [("paid", "inactive"), ("free", "active")]


@pytest.mark.parametrize("ends", ["at_renewal", '"2026-10-01T00:00:00Z"'])
def test_a_new_chain_with_an_end_that_a_rule_replaces(ends: str) -> None:
    """It begins without an end, so that the next run can change it; a cancelled one could not be changed."""
    world = World()

    begun = synced(world, f"plan: paid, ends: {ends}")

    assert (begun, links(world)) == (["subscribing"], [("paid", "active")])
    assert synced(world, f"plan: paid, ends: {ends}") == ["changing"]
    assert links(world) == [("paid", "canceled"), ("free", "scheduled")]
    assert synced(world, f"plan: paid, ends: {ends}") == ["change-scheduled"]
    later = f'plan: paid, start: "2026-09-10T00:00:00Z", ends: {ends}'
    assert synced(World(), later) == ["ends-first"]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("2026-10-01T00:00:00Z", ["cancelling"]),
        ("2027-01-01T00:00:00Z", ["cancelling"]),
        ("2026-10-02T00:00:00Z", ["not-a-boundary"]),
        ("2026-08-01T00:00:00Z", ["ends-passed"]),
    ],
)
def test_an_end_must_be_the_boundary_of_a_period(ends: str, said: list[str]) -> None:
    world = World()
    synced(world, "plan: basic")

    assert synced(world, f'plan: basic, ends: "{ends}"', "cancel") == said


def test_an_end_is_moved_to_a_later_time_only_if_allowed() -> None:
    """The customer may have cancelled in a portal: a later end would bill for months that were not wanted."""
    world = World()
    synced(world, "plan: basic")
    synced(world, "plan: basic, ends: at_renewal", "cancel")
    later = 'plan: basic, ends: "2026-12-01T00:00:00Z"'

    left = synced(world, later, "cancel")

    assert (left, links(world)) == (["chain-ending"], [("basic", "canceled")])
    assert synced(world, later, "cancel", "revert") == ["resuming", "cancelling"]
    assert synced(world, later) == []
    assert synced(world, "plan: basic, ends: at_renewal", "cancel") == ["resuming", "cancelling"]


def test_a_chain_that_ended_too_early() -> None:
    """It is refused until its declared end has passed, as is one that is declared without an end."""
    world = World()
    later = 'plan: basic, ends: "2026-12-01T00:00:00Z"'
    synced(world, "plan: basic")
    synced(world, "plan: basic, ends: at_renewal", "cancel")

    world.clock.advance(32 * DAY)

    assert synced(world, later) == ["chain-ended"]
    assert synced(world, "plan: basic, ends: at_renewal") == []
    world.clock.advance(60 * DAY)
    assert synced(world, later) == []


def test_a_moved_start_is_shown_with_both_times() -> None:
    world = World()
    synced(world, 'plan: basic, start: "2026-09-10T00:00:00Z"')

    plan = world.plan(files('plan: basic, start: "2026-09-12T00:00:00Z"'))

    shown = [(field.name, field.old, field.new) for change in plan.changes for field in change.fields]
    assert shown == [("start", "2026-09-10T00:00:00Z", "2026-09-12T00:00:00Z")]


def test_a_start_that_has_just_passed_begins_now_and_is_no_difference() -> None:
    world = World()
    yesterday = 'plan: basic, start: "2026-08-31T12:00:00Z"'

    begun = synced(world, yesterday)

    assert (begun, synced(world, yesterday)) == (["subscribing"], [])
    assert synced(world, 'plan: basic, start: "2026-08-30T12:00:00Z"') == ["start-differs"]


def test_a_start_that_lies_ahead_is_scheduled_and_can_be_moved() -> None:
    world = World()
    begun = synced(world, 'plan: basic, start: "2026-09-10T00:00:00Z"')

    moved = synced(world, 'plan: basic, start: "2026-09-12T00:00:00Z"')

    assert (begun, moved) == (["subscribing"], ["withdrawing", "subscribing"])
    assert synced(world, 'plan: basic, start: "2026-09-12T00:00:00Z"') == ["begins-later"]
    world.clock.advance(12 * DAY)
    assert synced(world, 'plan: basic, start: "2026-09-12T00:00:00Z"') == []
    assert links(world) == [("basic", "active")]


def test_a_start_that_has_passed_is_refused() -> None:
    world = World()

    assert synced(world, 'plan: basic, start: "2026-08-01T00:00:00Z"') == ["start-passed"]
    assert links(world) == []


def dump_of(world: World) -> tuple[str, Desired]:
    """The dumped file of a server, and what it declares."""
    connection = world.connection()
    text = to_yaml(dump(everything(connection), KINDS, connection.routes).document)
    return text, declared(text)


@pytest.mark.parametrize(
    ("subscription", "line"),
    [
        ("plan: basic, ends: at_renewal", "ends: '2026-10-01T00:00:00Z'"),
        ('plan: basic, start: "2026-09-10T00:00:00Z"', "start: '2026-09-10T00:00:00Z'"),
    ],
)
def test_a_dump_has_the_end_and_the_start_that_lie_ahead(subscription: str, line: str) -> None:
    world = World()
    synced(world, "plan: basic" if "ends" in subscription else subscription)
    synced(world, subscription, "cancel")

    text, again = dump_of(world)

    assert line in text.replace('"', "'")
    assert world.plan(again, mode="diff").pending == ()
    fresh = World(seed=2)
    fresh.sync(again)
    assert links(fresh) == links(world)


def test_a_scheduled_subscription_of_another_plan_begins_no_earlier() -> None:
    world = World()
    synced(world, 'plan: basic, start: "2026-09-10T00:00:00Z"')

    changed = synced(world, "plan: paid")

    assert changed == ["withdrawing", "subscribing"]
    assert links(world) == [("paid", "scheduled")]
    assert synced(world, "plan: paid") == ["begins-later"]
