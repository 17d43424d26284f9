"""A plan file that is run once more, or late, sells nothing again of what was cancelled since it was made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.end_state import end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

BARE = "[{key: acme, name: Acme}]"
SOLD = "[{key: acme, name: Acme, subscription: {plan: basic}}]"
AGAIN = "[{key: acme, name: Acme, subscription: {plan: basic, restart: true}}]"
RENAMED = "[{key: acme, name: Acme, subscriptions: [{key: main, plan: basic, restart: true}]}]"
MOVED = "moved: [{kind: subscription, customer: acme, from: default, to: main}]"

Meanwhile = Callable[[World, str], None]


def files(customers: str, moved: str = "") -> str:
    return f"""
_info: {{owner: payments}}
{moved}
plans:
  - key: basic
    name: Basic
    currency: USD
    billing_cadence: P1M
    phases: [{{key: default, name: Default, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}]
customers: {customers}
"""


def ran(world: World, text: str) -> None:
    assert world.run_plan_file(text).succeeded


def by_hand(world: World, text: str) -> None:
    with world.http() as http:
        wanted = {"customer": {"key": "acme"}, "plan": {"key": "basic"}}
        http.post("subscriptions", json=wanted).raise_for_status()


def cancelled(world: World) -> None:
    world.clock.advance(60)
    with world.http() as http:
        for row in http.get("subscriptions").json()["data"]:
            if row["status"] != "inactive":
                http.post(f"subscriptions/{row['id']}/cancel", json={"timing": "immediate"}).raise_for_status()
    world.clock.advance(60)


@pytest.mark.parametrize("begun", [ran, by_hand])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (files(BARE), files(SOLD)),
        (files(SOLD), files(AGAIN)),
        (files(SOLD), files(RENAMED, MOVED)),
    ],
)
def test_what_was_cancelled_since_is_not_sold_again(begun: Meanwhile, before: str, after: str) -> None:
    world = World()
    world.sync(declared(before))
    cancelled(world)
    text = world.plan_file(declared(after))
    begun(world, text)
    cancelled(world)
    sold = end_state(world).rows["subscription"]

    late = world.run_plan_file(text)

    assert [result.status.value for result in late.results] == ["stale"]
    assert end_state(world).rows["subscription"] == sold


def test_a_plan_file_that_is_run_twice_sells_once() -> None:
    world = World()
    text = world.plan_file(declared(files(SOLD)))

    ran(world, text)
    ran(world, text)

    assert end_state(world).running("acme") == 1
